"""`wwz pack`: what it writes, seen by those who read zip files."""

import os
import resource
import socket
import stat
import struct
import subprocess
import time
import zipfile

import pytest

import archives
import faults
import harness

DAY = 1_600_000_000  # a time long ago, an even second


def pack(*arguments, patience=harness.PATIENCE, **options):
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run(
        [harness.WWZ, "pack", *arguments],
        capture_output=True,
        timeout=patience,
        **options,
    )


def packed(*arguments, **options):
    """Pack, which must go well; what it says."""
    got = pack(*arguments, **options)
    assert (got.returncode, got.stderr) == (0, b""), got
    return got.stdout.decode()


def plant(top, files, when=DAY):
    """Files below top: name to content, None for an empty directory."""
    for name, content in files.items():
        path = os.path.join(os.fsencode(top), os.fsencode(name))
        if content is None:
            os.makedirs(path)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        os.utime(path, (when, when))
    return top


def leftovers(directory):
    return [name for name in os.listdir(directory) if name.endswith(".part")]


FILES = {
    "index.html": b"<p>start</p>" * 99,
    "a/b/c.txt": archives.text(5000),
    "a/empty": b"",
    "a/hollow": None,
    "a/one": b"1",
    "a.b": archives.text(200),
    "noise": archives.noise(3000),
    "large-noise": archives.noise(70_000),
    "larger-noise": archives.noise(300_000),
    "huge-noise": archives.noise((1 << 20) + 5),
    "big.log": archives.text(3_000_001),
    "caf\u00e9.txt": b"utf-8" * 50,
    "back\\slash": b"a byte like others",
    b"caf\xe9.html": b"<p>latin-1</p>" * 9,
}


@pytest.fixture
def tree(tmp):
    return plant(tmp / "tree", FILES)


def contents(top):
    """What lies below top: name to content, None for directories."""
    found = {}
    top = os.fsencode(top)
    for path, directories, files in os.walk(top):
        for name in directories:
            full = os.path.join(path, name)
            if not os.listdir(full):
                found[os.path.relpath(full, top)] = None
        for name in files:
            full = os.path.join(path, name)
            with open(full, "rb") as file:
                found[os.path.relpath(full, top)] = file.read()
    return found


READERS = {
    "unzip": ["unzip", "-q", "{file}", "-d", "{to}"],
    "bsdtar": ["bsdtar", "-xf", "{file}", "-C", "{to}"],
    "7z": ["7z", "x", "-bd", "-y", "-o{to}", "{file}"],
}


def read_back(reader, file, to):
    to.mkdir()
    if reader == "python":
        with zipfile.ZipFile(file) as z:
            assert z.testzip() is None
            return {
                info.orig_filename.encode(
                    "utf-8" if info.flag_bits & 0x800 else "cp437"
                ): z.read(info)
                for info in z.infolist()
                if not info.is_dir()
            }
    command = [word.format(file=file, to=to) for word in READERS[reader]]
    got = subprocess.run(
        command, capture_output=True, timeout=harness.PATIENCE,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    assert got.returncode == 0, got
    assert b"arning" not in got.stdout + got.stderr, got
    return contents(to)


# Tools that write names in another form than the file system has.
OWN_WAYS = {
    "python": {b"a/hollow"},
    "7z": {b"back\\slash", b"caf\xe9.html"},
    "unzip": {b"caf\xe9.html"},
    "bsdtar": {b"back\\slash"},
}


@pytest.mark.parametrize("reader", OWN_WAYS)
@pytest.mark.parametrize("again", [False, True])
def test_readers(tmp, tree, reader, again):
    """Every byte of every member, also of an archive packed again, with gaps in
    it."""
    file = tmp / "x.wwz"
    packed(tree, file)
    if again:
        plant(tree, {"a.b": b"another" * 9, "new": b"new" * 99}, DAY + 8)
        os.unlink(tree / "noise")
        assert " 2 packed, 12 kept, 1 removed" in packed(tree, file)
    want = contents(tree)
    got = read_back(reader, file, tmp / "out")
    for name in set(want) - OWN_WAYS[reader]:
        assert got.get(name, 0) == want[name], name
    assert len(got) == len(want) - (reader == "python")


def test_served(serve, root, tree):
    """Every member, under its own name, by the responder."""
    packed(tree, root / "x.wwz")
    responder = serve("--root", root)
    with responder.client() as client:
        for name, content in contents(tree).items():
            if content is None:
                name += b"/"
            url = "/x.wwz/" + archives.url(name)
            got = client.ask(url)
            assert got.status == 200, (url, got)
            if content is not None:
                assert got.body == content, url
        cp437 = client.ask("/x.wwz/" + archives.url("caf\u0398.html"))
        assert cp437.status == 200, cp437


@pytest.mark.threads
def test_name_of_the_archive(tmp):
    """Without one it is the directory's, beside it."""
    plant(tmp / "a.b", {"c.txt": b"text" * 99})
    packed("a.b", "other.wwz", cwd=tmp)
    wanted = (tmp / "other.wwz").read_bytes()
    for words in (["a.b"], ["a.b//"], ["./a.b"], [tmp / "a.b"],
                  ["a.b", "-o", "a.b.wwz"], ["--output=a.b.wwz", "a.b"]):
        packed("-q", *words, cwd=tmp)
        assert (tmp / "a.b.wwz").read_bytes() == wanted, words
        (tmp / "a.b.wwz").unlink()
    assert sorted(os.listdir(tmp)) == ["a.b", "other.wwz"]


def test_verbose(tmp):
    """What is packed, and what became of it; not what is kept."""
    site = plant(tmp / "site", {
        "a.txt": b"text" * 1000, "b.bin": archives.noise(5000), "empty": b""})
    archive = tmp / "site.wwz"
    lines = packed("-v", site).splitlines()
    with zipfile.ZipFile(archive) as z:
        member = z.getinfo("a.txt")
        part = f"{100 * member.compress_size / member.file_size:.0f} %"
    assert lines[:3] == [
        f"a.txt: deflated to {part}", "b.bin: stored", "empty: stored"], lines
    plant(site, {"empty": b"not any more"}, DAY + 2)
    assert packed("-qv", site) == "empty: stored\n"
    assert packed("-qv", site) == ""
    # A name forges no line, and sends a terminal nothing.
    plant(site, {"a\\b\u202e": b"x", os.fsdecode(b"\xff"): b"x"}, DAY + 2)
    assert packed("-qv", site) == (
        "a\\x5Cb\\xE2\\x80\\xAE: stored\n\\xFF: stored\n")


def test_same_bytes(tmp):
    """Whatever the order of directory entries, the time zone, the number of
    threads, the umask."""
    one = plant(tmp / "one", FILES)
    two = plant(tmp / "two", dict(reversed(FILES.items())))
    os.utime(two / "a/hollow", (DAY, DAY))
    packed(one, tmp / "one.wwz")
    want = (tmp / "one.wwz").read_bytes()
    ways = [
        ([], {"TZ": "Asia/Tokyo"}, 0o022),
        (["--threads", "1"], {"TZ": "EST5EDT,M3.2.0,M11.1.0"}, 0o077),
        (["--threads", "5"], {"LC_ALL": "C.UTF-8"}, 0o000),
    ]
    for number, (options, environment, umask) in enumerate(ways):
        file = tmp / f"two-{number}.wwz"
        packed(*options, two, file, umask=umask, env=os.environ | environment)
        assert file.read_bytes() == want, ways[number]
        assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~umask


@pytest.mark.threads
def test_few_descriptors(tmp, tree):
    """With many threads more files are open ahead than the soft limit allows,
    which is raised."""
    plant(tree, {f"many/{i}": b"%d" % i for i in range(99)})
    packed("--threads", "16", tree, tmp / "x.wwz", preexec_fn=lambda:
           resource.setrlimit(resource.RLIMIT_NOFILE, (
               40, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))


def local(data, info):
    """A member's local header: its extra fields, and where its data are."""
    name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
    start = info.header_offset + 30 + name
    fields = {}
    at = start
    while at < start + extra:
        kind, size = struct.unpack_from("<HH", data, at)
        fields[kind] = data[at + 4 : at + 4 + size]
        at += 4 + size
    assert at == start + extra
    return fields, at


def test_checked(tmp, tree):
    """`wwz check` has nothing to say but that one name is not UTF-8."""
    os.unlink(tree / "big.log")  # Brotli takes its time
    packed("--precompress", "br,zstd", tree, tmp / "x.wwz")
    got = subprocess.run(
        [harness.WWZ, "check", tmp / "x.wwz"], capture_output=True)
    assert (got.returncode, got.stderr) == (0, b""), got
    advice, summary = got.stdout.splitlines()
    assert b": advice: names that are not UTF-8: 1; " in advice, got
    assert summary.startswith(b"1 archive, "), got
    assert summary.endswith(b": 0 errors, 1 advice"), got


def test_layout(tmp, tree):
    """Names in order, fixed attributes, times, methods, alignment."""
    file = tmp / "x.wwz"
    packed(tree, file)
    data = file.read_bytes()
    with zipfile.ZipFile(file) as z:
        members = {info.orig_filename: info for info in z.infolist()}
    names = [
        info.orig_filename.encode("utf-8" if info.flag_bits else "cp437")
        for info in members.values()
    ]
    assert names == sorted(names)
    assert b"PK\6\6" not in data, "zip64 where it is not needed"
    for name, info in members.items():
        fields, start = local(data, info)
        stored = info.compress_type == archives.STORED
        assert info.compress_type in (archives.STORED, archives.DEFLATED)
        mode = 0o040755 << 16 | 0x10 if name.endswith("/") else 0o100644 << 16
        assert info.external_attr == mode, name
        assert info.create_system == 3, name
        assert info.date_time == time.gmtime(DAY)[:6], name
        assert fields[0x5455] == struct.pack("<BI", 1, DAY), name
        if stored:
            align = 1 if info.file_size == 0 else 4
            align = 4096 if info.file_size >= 65536 else align
            assert start % align == 0, name
        assert stored == (
            "noise" in name or info.file_size < 65 or "back" in name
        ), name
        if not stored:
            saved = info.file_size - info.compress_size
            assert saved >= 64 and saved >= info.file_size // 50, name
    assert members["caf\u00e9.txt"].flag_bits == 0x800
    assert members["index.html"].flag_bits == 0


SAVING = [
    (3200, 40, False),
    (3200, 60, False),
    (3200, 150, True),
    (100_000, 1500, False),
    (100_000, 2500, True),
]


@pytest.mark.parametrize("noise, zeros, deflated", SAVING)
def test_method(tmp, noise, zeros, deflated):
    """Deflated when that saves 2 % and 64 bytes: noise does not shrink, zeros
    cost next to nothing."""
    plant(tmp / "t", {"f": archives.noise(noise) + bytes(zeros)})
    packed(tmp / "t", tmp / "x.wwz")
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        got = z.getinfo("f").compress_type
    assert got == (archives.DEFLATED if deflated else archives.STORED)


def test_large_that_does_not_save(tmp):
    """A file whose first bytes deceive is stored in the end, and leaves
    nothing behind."""
    content = bytes(16 << 10) + archives.noise(3 << 20)
    plant(tmp / "t", {"f": content, "g": b"after" * 99})
    packed(tmp / "t", tmp / "x.wwz")
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        info = z.getinfo("f")
        assert info.compress_type == archives.STORED
        assert z.read("f") == content and z.read("g") == b"after" * 99
    fields, start = local((tmp / "x.wwz").read_bytes(), info)
    assert start % 4096 == 0


TIMES = [
    (0, (1980, 1, 1, 0, 0, 0), True),
    (-5, (1980, 1, 1, 0, 0, 0), True),
    (1_600_000_001, (2020, 9, 13, 12, 26, 40), True),
    ((1 << 31) - 1, (2038, 1, 19, 3, 14, 6), True),
    (1 << 31, (2038, 1, 19, 3, 14, 8), False),
    (9_000_000_000, (2107, 12, 31, 23, 59, 58), False),
]


@pytest.mark.parametrize("when, date, extended", TIMES)
def test_times(tmp, when, date, extended):
    """In both forms, as far as they go; and packing again knows them."""
    plant(tmp / "t", {"f": b"x"}, when)
    if os.stat(tmp / "t/f").st_mtime != when:
        pytest.fail("this file system does not keep such times")
    packed(tmp / "t", tmp / "x.wwz")
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        info = z.getinfo("f")
    fields, _ = local((tmp / "x.wwz").read_bytes(), info)
    assert info.date_time == date
    want = {0x5455: struct.pack("<Bi", 1, when)} if extended else {}
    fields.pop(0xD935, None)
    assert fields == want
    assert packed(tmp / "t", tmp / "x.wwz").endswith(": unchanged\n")


def test_links_inside(tmp):
    """They are what they point to: files and directories, by whatever path."""
    tree = plant(tmp / "t", {"a/f": b"content", "b/g": b"other"})
    os.symlink("../b/g", tree / "a/file")
    os.symlink("b", tree / "directory")
    os.symlink(tree / "a", tree / "absolute")
    os.symlink("../t/b/g", tree / "round-about")
    os.link(tree / "b/g", tree / "hard")
    packed(tree, tmp / "x.wwz")
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        got = {name: z.read(name) for name in z.namelist()}
    assert got == {
        "a/f": b"content", "a/file": b"other",
        "absolute/f": b"content", "absolute/file": b"other",
        "b/g": b"other", "directory/g": b"other",
        "hard": b"other", "round-about": b"other",
    }


def test_links_without_openat2(tmp, tree):
    """Linux before 5.6, or a filter that forbids it: the same archive."""
    (tree / "b").mkdir()
    (tree / "b/g").write_bytes(b"other")
    os.symlink("b", tree / "directory")
    os.symlink("../b/g", tree / "b/file")
    packed(tree, tmp / "x.wwz")
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", tmp / "trace", "-e", "trace=openat2",
         "-e", "inject=openat2:error=ENOSYS", harness.WWZ, "pack", "-q", tree,
         tmp / "y.wwz"], env=harness.traceable())
    assert done.returncode == 0, done
    assert "ENOSYS" in (tmp / "trace").read_text()
    assert (tmp / "x.wwz").read_bytes() == (tmp / "y.wwz").read_bytes()
    with zipfile.ZipFile(tmp / "y.wwz") as z:
        assert {"directory/g", "b/file"} <= set(z.namelist())


def test_nothing(tmp):
    """An empty directory makes an empty archive."""
    (tmp / "t").mkdir()
    assert "0 members" in packed(tmp / "t", tmp / "x.wwz")
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        assert z.namelist() == []
    assert packed(tmp / "t", tmp / "x.wwz").endswith(": unchanged\n")


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


REFUSED = {
    "link-out": (lambda p: os.symlink("../..", p), "leads out"),
    "link-etc": (lambda p: os.symlink("/etc/passwd", p), "leads out"),
    "link-beside": (lambda p: os.symlink("../../tree-2", p), "leads out"),
    "dangling": (lambda p: os.symlink("nothing", p), "to nothing"),
    "itself": (lambda p: os.symlink("itself", p), "symbolic links"),
    "loop": (lambda p: os.symlink("..", p), "above itself"),
    "fifo": (os.mkfifo, "neither a file"),
    "socket": (make_socket, "neither a file"),
    "new\nline": (lambda p: p.write_bytes(b""), "control characters"),
    "delete\x7f": (lambda p: p.write_bytes(b""), "control characters"),
    "-wwz-index": (lambda p: p.write_bytes(b""), "belong to the server"),
    "-wwz-log/f": (lambda p: plant(p.parent, {"f": b""}), "belong to the server"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp, name):
    """What cannot become a member is named; the archive stays as it was."""
    tree = plant(tmp / "tree", {"sub/f": b"x"})
    plant(tmp / "tree-2", {"f": b"x"})
    file = tmp / "x.wwz"
    file.write_bytes(b"old")
    make, why = REFUSED[name]
    make(tree / "sub" / name)
    got = pack(tree, file)
    assert (got.returncode, got.stdout) == (1, b""), got
    error = got.stderr.decode()
    shown = name.replace("\n", "\\x0a").replace("\x7f", "\\x7f")
    assert error.startswith(f"wwz: {tree}/sub/{shown}: "), error
    assert why in error and error.count("\n") == 1, error
    assert file.read_bytes() == b"old" and not leftovers(tmp)


@harness.only_root("makes devices")
def test_device(tmp):
    tree = plant(tmp / "t", {"f": b"x"})
    os.mknod(tree / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    got = pack(tree, tmp / "x.wwz")
    assert got.returncode == 1, got
    assert f"wwz: {tree}/null: neither a file" in got.stderr.decode(), got


@pytest.mark.parametrize(
    "tree, file, named",
    [("none", "x.wwz", "none"), ("f", "x.wwz", "f"),
     ("t", "t", "t"), ("t", "none/x.wwz", "none/"),
     ("t", "f/x.wwz", "f/x.wwz")],
)
def test_bad_arguments(tmp, tree, file, named):
    plant(tmp / "t", {"g": b"x"})
    plant(tmp, {"f": b"x"})
    got = pack(tree, file, cwd=tmp)
    assert (got.returncode, got.stdout) == (1, b""), got
    assert got.stderr.startswith(b"wwz: " + named.encode()), got


@pytest.fixture(scope="module")
def failsys(module_tmp):
    return faults.library("failsys", module_tmp)


class Held:
    """`wwz pack` with one thread, that waits where it first reads a file's
    content until it may go on."""

    def __init__(self, failsys, control, *arguments, before=(), **options):
        self.control = faults.Faults(control, failsys, ["pread"])
        self.control.fail("pread", "HELD", first=1)
        self.process = subprocess.Popen(
            [*before, harness.WWZ, "pack", "--threads", "1", *arguments],
            env=self.control.environment, stdin=subprocess.DEVNULL, **options)
        harness.wait_until(lambda: self.control.counts("pread")[1] or
                           self.process.poll() is not None, "a file is read")

    def go_on(self):
        """What it says."""
        self.control.over("pread")
        return self.process.communicate(timeout=harness.PATIENCE)


def test_changing(tmp, failsys):
    """A file that changes meanwhile is an error, and no archive."""
    out = tmp / "out"
    out.mkdir()
    tree = plant(tmp / "t", {"busy": archives.text(100_000), "z": b"z" * 99})
    packing = Held(failsys, tmp / "control", tree, out / "x.wwz",
                   stderr=subprocess.PIPE)
    with open(tree / "busy", "r+b") as file:
        file.write(b"x")
    _, error = packing.go_on()
    assert packing.process.returncode == 1, error
    assert error == b"wwz: busy: it changed while it was packed\n"
    assert os.listdir(out) == []


def test_archive_in_its_own_tree(tmp):
    """It is left out, by whatever name."""
    plant(tmp, {"a": b"a" * 99})
    for _ in range(2):
        packed(".", "x.wwz", cwd=tmp)
        os.utime(tmp / "a", (DAY + 10, DAY + 10))
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        assert z.namelist() == ["a"]


def test_link_to_the_archive(tmp, tree):
    """A link stays one; what it leads to is replaced, with its mode."""
    old = tmp / "x-1.wwz"
    old.write_bytes(b"old")
    old.chmod(0o640)
    os.symlink("x-1.wwz", tmp / "x.wwz")
    packed(tree, tmp / "x.wwz")
    assert os.readlink(tmp / "x.wwz") == "x-1.wwz"
    assert zipfile.is_zipfile(old)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_link_to_nothing(tmp, tree):
    """It is not replaced, and what it leads to cannot be."""
    os.symlink("none.wwz", tmp / "x.wwz")
    got = pack(tree, tmp / "x.wwz")
    assert (got.returncode, got.stdout) == (1, b""), got
    assert got.stderr == (
        f"wwz: {tmp}/x.wwz: a symbolic link to nothing\n".encode()), got
    assert os.readlink(tmp / "x.wwz") == "none.wwz"


@harness.only_root("gives files away")
def test_owner_stays(tmp, tree):
    (tmp / "x.wwz").write_bytes(b"old")
    os.chown(tmp / "x.wwz", 65534, 65534)
    packed(tree, tmp / "x.wwz")
    got = (tmp / "x.wwz").stat()
    assert (got.st_uid, got.st_gid) == (65534, 65534)


@harness.only_root("gives files away")
def test_owner_unknown(tmp, tree):
    """In a namespace without that user the archive is packed all the same."""
    tmp.chmod(0o777)
    file = tmp / "x.wwz"
    file.write_bytes(b"old")
    file.chmod(0o644)
    os.chown(file, 12345, 12345)
    subprocess.run(["unshare", "-Ur", harness.WWZ, "pack", "-q", tree, file],
                   check=True)
    assert zipfile.is_zipfile(file)
