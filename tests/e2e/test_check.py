"""`wwz check`: what it finds in archives, and that it is what the server
does."""

import io
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import urllib.parse
import zipfile
import zlib

import pytest

import archives
import bombs
import harness
import sozips
import test_hostile

ADVICE, ERROR = "advice", "error"


def check(*arguments, cwd=None):
    got = subprocess.run(
        [harness.WWZ, "check", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, cwd=cwd,
        timeout=harness.PATIENCE)
    assert got.stderr == b"", got.stderr.decode(errors="replace")
    return got.returncode, got.stdout.decode()


def findings(path):
    """(member or None, level, word, what) of each, and the exit status."""
    status, out = check("--json", path)
    *found, summary = [json.loads(line) for line in out.splitlines()]
    for one in found:
        assert one["archive"] == str(path), one
    levels = [one["level"] for one in found]
    assert summary["archives"] == 1, summary
    assert summary["errors"] == levels.count(ERROR), summary
    assert summary["advice"] == levels.count(ADVICE), summary
    assert status == (1 if ERROR in levels else 0), (status, found)
    return [
        (one.get("member"), one["level"], one["word"], one["what"])
        for one in found
    ]


def words(path):
    """(member, word) of each finding, without those on times."""
    return [
        (member, word)
        for member, _, word, _ in findings(path) if word != "local-times"
    ]


# Hostile archives whose members are all served, with the findings about them;
# there are none about the others that are served.
SERVED = {
    "a4-directory-with-data": "name-unreachable",
    "a4-symbolic-link": "link-outside",
    "b1-duplicate": "name-duplicate",
    "b1-duplicate-dot": "name-duplicate",
    "b2-control": "name-unreachable",
    "b2-nul": "name-unreachable",
    "b3-absolute": "name-unreachable",
    "b3-climbs": "name-unreachable",
    "b3-climbs-back": "name-unreachable",
    "b3-climbs-far": "name-unreachable",
    "b3-dot-at-end": "name-unreachable",
    "b3-dot-in-front": "name-duplicate",
    "b3-dot-inside": "name-unreachable",
    "b3-double-slash": "name-unreachable",
    "c1-member-in-member": "overlap",
    "name-dots": "name-unreachable",
    "name-empty": "name-unreachable",
    "name-pseudo": "name-unreachable",
    "name-slash": "name-unreachable",
    "overlap-next": "overlap",
    "overlap-quoted": "overlap",
}


def refusals(name):
    """(member or None, word, why) of what the server refuses."""
    if name in test_hostile.DAMAGED:
        return [(None, "archive-damaged", test_hostile.DAMAGED[name])]
    return [
        (ask.path, ask.word, ask.why)
        for ask in test_hostile.ROWS[name]
        if ask.word in ("member-damaged", "member-unsupported")
        and (ask.status in (500, 501)
             or isinstance(ask, test_hostile.Spoilt))
    ]


@pytest.mark.parametrize("name", test_hostile.NAMES)
def test_hostile_as_served(tmp, name):
    """What the server refuses is an error, for the same reason."""
    path = tmp / f"{name}.wwz"
    shutil.copy(test_hostile.HOSTILE / path.name, path)
    archives.age(path)
    found = findings(path)
    wanted = refusals(name)
    for member, word, why in wanted:
        why = why.replace("method=", "method ")
        assert any(
            one[:3] == (member, ERROR, word) and re.search(why, one[3])
            for one in found
        ), f"no {member}, {word}, {why!r} in {found}"
    errors = {word for _, level, word, _ in found if level == ERROR}
    if name in SERVED:
        assert SERVED[name] in errors, found
    elif not wanted:
        assert not errors, found


def test_right(tmp):
    """No errors, no advice: an archive as Info-ZIP's zip makes it."""
    (tmp / "d").mkdir()
    (tmp / "d/a.txt").write_bytes(archives.text(5000))
    (tmp / "b.bin").write_bytes(archives.noise(5000))
    (tmp / "é.txt").write_bytes(b"")
    subprocess.run(
        ["zip", "-qr", "x.wwz", "d", "b.bin", "é.txt"], cwd=tmp, check=True)
    assert check("x.wwz", cwd=tmp) == (
        0, "1 archive, 4 members: 0 errors, 0 advice\n")
    assert check("--quiet", "x.wwz", cwd=tmp) == (0, "")
    assert check("-q", "--json", "x.wwz", cwd=tmp) == (0, "")
    assert check("--json", "x.wwz", "x.wwz", cwd=tmp) == (
        0, '{"archives":2,"members":8,"errors":0,"advice":0}\n')


def test_lines(tmp):
    """Text and JSON, archive after archive; one that is missing is an error
    and no obstacle."""
    archives.write(tmp / "a.wwz", {
        "x": "new", "s": (archives.text(3000), archives.STORED)})
    archives.write(tmp / "b.wwz", [("//x", "1"), ("y", "2")])
    times = "files: what the packer's clock showed is taken for UTC"
    assert check("a.wwz", "no.wwz", "b.wwz", cwd=tmp) == (1, (
        "a.wwz: s: advice: stored, but deflate would make it smaller\n"
        f"a.wwz: advice: no time in UTC in 2 of 2 {times}\n"
        "no.wwz: error: No such file or directory\n"
        "b.wwz: //x: error: no request can reach it: the name holds an empty "
        "component\n"
        f"b.wwz: advice: no time in UTC in 2 of 2 {times}\n"
        "3 archives, 4 members: 2 errors, 3 advice\n"))


def test_no_archives(tmp):
    """Whatever cannot be opened is an error; a link is followed."""
    archives.write(tmp / "right", {"a": ""})
    (tmp / "link").symlink_to("right")
    (tmp / "text").write_text("no archive\n" * 9)
    archives.age(tmp / "text")
    os.mkfifo(tmp / "fifo")
    for name, word in {
        "right": None, "link": None, "text": "archive-damaged",
        "fifo": "archive-no-file", "/": "archive-no-file",
        ".": "archive-no-file", "none/x": "archive-unreadable",
    }.items():
        got = words(tmp / name)
        assert got == ([(None, word)] if word else []), name


HOSTILE_NAME = "\x1b]0;owned\7\x9b2J\u202etxt\\\n.html"


def test_names_are_escaped(tmp):
    """Neither a terminal nor a reader of lines is misled, whether a name is a
    member's or the archive's."""
    path = tmp / (HOSTILE_NAME + ".wwz")
    archives.write(path, {HOSTILE_NAME: "x", "//bcd": "y"})
    archives.rename(path, b"//bcd", b"//\xfe\x80d")
    for option in ([], ["--json"]):
        status, out = check(*option, path)
        assert status == 1, out
        # Some versions of libzip do not open an archive with such a name.
        lines = [line for line in out.split("\n")
                 if "libzip does not: " not in line]
        assert len(lines) == 6, out
        assert all(line.isprintable() for line in lines), repr(out)
    members = [member for member, level, _, _ in findings(path)
               if level == ERROR]
    assert members == [HOSTILE_NAME, "//\ufffd\ufffdd"]


def seven_zip(*options):
    def make(path, source):
        subprocess.run(["7z", "a", "-tzip", *options, path, source],
                       check=True, capture_output=True)
    return make


def zstandard(path, source):
    content = source.read_bytes()
    archives.write(path, {source.name: (archives.zstd(content), 0)})
    archives.patch(path, source.name, "method", 93)
    archives.patch(path, source.name, "size", len(content))
    archives.patch(path, source.name, "crc", zlib.crc32(content))


@pytest.mark.parametrize(
    "make, word",
    [
        (seven_zip("-psecret"), "member-unsupported"),
        (seven_zip("-psecret", "-mem=AES256"), "member-unsupported"),
        (seven_zip("-mm=Copy"), "compressible"),
        (seven_zip("-mm=Deflate"), None),
        (seven_zip("-mm=Deflate64"), "member-unsupported"),
        (seven_zip("-mm=BZip2"), None),
        (seven_zip("-mm=LZMA"), "member-unsupported"),
        (seven_zip("-mm=PPMd"), "member-unsupported"),
        (zstandard, None),
    ],
    ids=["encrypted", "aes", "stored", "deflate", "deflate64", "bzip2", "lzma",
         "ppmd", "zstd"],
)
def test_methods(tmp, serve, root, make, word):
    """What 7z writes; the server agrees."""
    source = tmp / "a.txt"
    source.write_bytes(archives.text(20000))
    path = root / "x.wwz"
    # 7z adds a suffix to a name that has none it knows.
    make(tmp / "x.zip", source)
    (tmp / "x.zip").rename(path)
    assert words(path) == ([("a.txt", word)] if word else [])
    responder = serve()
    if word == "member-unsupported":
        responder.expect("^warn member-unsupported ")
    with responder.client() as client:
        got = client.ask("/x.wwz/a.txt")
        assert got.status == (501 if word == "member-unsupported" else 200)


def test_every_member_is_read(tmp):
    """One byte turned over in each of them: a CRC-32 apart, and libzip says
    the same."""
    path = tmp / "x.wwz"
    contents = {
        "deflated": archives.text(200000),
        "stored": (archives.noise(200000), archives.STORED),
        "bzip2": (archives.text(200000), archives.BZIP2),
        "empty": b"", "right": b"right",
    }
    archives.write(path, contents)
    data = bytearray(path.read_bytes())
    for name in ("deflated", "stored", "bzip2"):
        data[archives.data_offset(path, name) + 20000] ^= 0x40
    path.write_bytes(data)
    assert words(path) == [
        (name, "member-damaged") for name in ("deflated", "stored", "bzip2")]


def test_second_opinion(tmp):
    """Bytes behind a deflate stream: libzip reads the content as well.  Bytes
    in front of an archive: it does not open it."""
    path = tmp / "x.wwz"
    shutil.copy(test_hostile.HOSTILE / "deflate-bytes-behind.wwz", path)
    assert words(path) == [("a.txt", "member-odd")]
    shutil.copy(test_hostile.HOSTILE / "c4-front.wwz", path)
    assert words(path) == [(None, "libzip-disagrees")]


@pytest.mark.parametrize(
    "content, word",
    [
        (b"", None),
        (b"a" * 72, None),
        (b"a" * 200, "compressible"),
        (archives.text(1_000_000), "compressible"),
        (archives.noise(1_000_000), None),
        # A part from the middle decides.
        (archives.noise(500_000) + bytes(100_000) + archives.noise(400_000),
         "compressible"),
    ],
    ids=["empty", "tiny", "small", "text", "noise", "middle"],
)
def test_compressible(tmp, content, word):
    path = tmp / "x.wwz"
    archives.write(path, {"a": content}, method=archives.STORED)
    assert words(path) == ([("a", word)] if word else [])


@pytest.mark.parametrize("names, found", [
    (["assets/index-BkX3s9Qz.js", "assets/index-BkXsqQzz.css",
      "assets/logo-QqWwEeRr.svg", "assets/other.css"],
     "2, the first is assets/index-BkXsqQzz.css"),
    (["z.js", "a/app.3f2a9c1b.js", "a/QqWwEeRr.js", "a/x-QqWwEeRr.js"],
     "1, the first is a/x-QqWwEeRr.js"),
    (["a-BkX3s9Qz.js", "assets/index-BkXsqQzz.js", "b-BkX3s9Qz.js"], None),
    (["index-BkXsqQzz.js", "app-UserList.js"], None),
    (["index-BkX3s9Qz.js", "index-BkXsqQzz.html", "index.js"], None),
])
def test_hashes(tmp, names, found):
    """Those that --immutable does not recognise, beside those that it does."""
    path = archives.write(tmp / "x.zip", {name: b"a" for name in names})
    what = [what for *_, word, what in findings(path) if word == "names-hash"]
    assert [line.rpartition(": ")[2] for line in what] == ([found] if found else [])


MIB = 1 << 20


@pytest.mark.parametrize("size, word", [
    (MIB, None), (MIB + 1, "not-seekable"),
])
def test_not_seekable(tmp, size, word):
    path = tmp / "x.wwz"
    archives.write(path, {"a": archives.text(size)})
    assert words(path) == ([("a", word)] if word else [])


def moved(offsets):
    return [offsets[0] + 1, *offsets[1:]]


def swapped(offsets):
    return [offsets[1], offsets[0], *offsets[2:]]


@pytest.mark.parametrize(
    "options, word",
    [
        ({}, None),
        ({"chunk": 4096}, None),
        ({"chunk": 100_000}, None),
        ({"descriptor": True}, None),
        ({"change": moved}, "index-damaged"),
        ({"change": swapped}, "index-damaged"),
        ({"change": lambda offsets: offsets[:-1]}, "index-damaged"),
        ({"change": lambda offsets: [*offsets[:-1], 1 << 60]},
         "index-damaged"),
    ],
    ids=["right", "small", "large", "descriptor", "moved", "swapped", "short",
         "beyond"],
)
def test_seekable(tmp, options, word):
    """With an index that is right there is nothing to say."""
    path = tmp / "x.wwz"
    content = archives.text(2 * MIB + 17)
    sozips.write(path, "d/a.bin", content, **options)
    assert zipfile.ZipFile(path).read("d/a.bin") == content
    assert words(path) == ([("d/a.bin", word)] if word else [])
    assert not [what for *_, what in findings(path) if "null" in what]


# The specification's own example (annex H): chunks of 2 bytes, "foo".
EXAMPLE = bytes.fromhex(
    "504b0304140000000800a87d25562165738c100000000300000003000000"
    "666f6f" "4acb07" "000000ffff" "000000ffff" "cb0700"
    "504b0304140000000000a87d25566cc8fe5628000000280000000e000000"
    "2e666f6f2e736f7a69702e696478"
    "01000000000000000200000008000000"
    "030000000000000010000000000000000d00000000000000"
    "504b01020000140000000800a87d25562165738c10000000030000000300"
    "00000000000000000000000000000000" "666f6f"
    "504b050600000000010001003100000085000000" "0000")


def test_example_of_the_specification(tmp):
    path = tmp / "foo.wwz"
    path.write_bytes(EXAMPLE)
    assert words(path) == []
    path.write_bytes(EXAMPLE.replace(b"\r\0\0\0\0\0\0\0", b"\x0c" + bytes(7)))
    assert words(path) == [("foo", "index-damaged")]


def stamped(extra):
    info = zipfile.ZipInfo("a", archives.DATE)
    info.extra = extra
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(info, b"x")
        z.writestr(zipfile.ZipInfo("none", (1980, 1, 1, 0, 0, 0)), b"y")
    return out.getvalue()


@pytest.mark.parametrize(
    "extra, local",
    [
        (b"", True),
        (struct.pack("<HHBI", 0x5455, 5, 1, 1), False),
        # An access time only; NTFS's times, and none of them.
        (struct.pack("<HHBI", 0x5455, 5, 2, 1), True),
        (struct.pack("<HHIHHQQQ", 10, 32, 0, 1, 24, 10**17, 1, 1), False),
        (struct.pack("<HHIHHQQQ", 10, 32, 0, 1, 24, 0, 0, 0), True),
    ],
    ids=["none", "modified", "accessed", "ntfs", "no-ntfs"],
)
def test_times(tmp, extra, local):
    """A time without a zone is told of; one that is none is not."""
    path = tmp / "x.wwz"
    path.write_bytes(stamped(extra))
    assert [one[2:] for one in findings(path)] == ([(
        "local-times", "no time in UTC in 1 of 2 files: what the "
        "packer's clock showed is taken for UTC")] if local else [])


def offered(client, name, query):
    """Whether links of listings lead to the member."""
    at = "/x.wwz/-wwz-index/"
    for part in re.findall("[^/]+/?", name):
        page = urllib.parse.unquote(client.ask(at + query).body.decode())
        if part not in re.findall(r'href"?[=:]"([^"]*)"', page):
            return False
        at += part
    return True


@pytest.mark.parametrize("name, own", [
    ("-wwz-index", True), ("d/-wwz-index", True), ("-wwz-archive", True),
    ("d/-wwz-archive", False), ("-wwz-other", False), ("d-wwz-index", False),
    ("-wwz-index/a", True), ("d/-wwz-index/a", False),
    ("-wwz-archive.zip", True), ("-wwz-status", True), ("d/-wwz-log", True),
    ("-wwz-log", False), ("d/-wwz-log/a", True), ("-wwz-log/a", True),
])
def test_own_names(root, serve, name, own):
    """The responder's own names: the server shows something else there, and
    listings do not offer it."""
    archives.write(root / "x.wwz", {name: "mine", "z": "other"})
    wanted = [(name, "name-unreachable")] if own else []
    assert words(root / "x.wwz") == wanted
    with serve().client() as client:
        got = client.ask(f"/x.wwz/{name}")
        assert (got.body != b"mine") == own, got
        for query in "", "?format=json", "?sort=size", "?sort=name&order=desc":
            assert offered(client, "z", query)
            assert offered(client, name, query) != own, query


def test_only_about_files(tmp):
    """A link's text is no text file, and the archive's top no file; a local
    header may differ from the directory in the CRC-32 alone."""
    path = tmp / "x.wwz"
    with zipfile.ZipFile(path, "w") as z:
        for name, content, mode in [
                ("caf\xe9/a.txt", "a" * 9, 0o100644),
                ("l.txt", "caf\xe9/a.txt".encode("latin-1"), 0o120777),
                ("big", ("x" * 3000 + "/") * 1, 0o120777),
                ("/", "", 0o40755), ("./", "", 0o40755), ("/./", "", 0o40755)]:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = mode << 16
            z.writestr(info, content)
    assert words(path) == [
        ("l.txt", "link-broken"), ("big", "link-broken")]
    archives.patch(path, "big", "crc", 1, central=False)
    assert words(path) == [
        ("l.txt", "link-broken"), ("big", "header-differs"),
        ("big", "link-broken")]


def test_one(tmp):
    """One of a thing is no plural."""
    path = tmp / "x.wwz"
    archives.write(path, {"a": "1"})
    path.write_bytes(path.read_bytes() + b"x")
    (tmp / "1.wwz").write_bytes(b"1")
    archives.age(tmp / "1.wwz")
    assert check("x.wwz", "1.wwz", cwd=tmp) == (1, (
        "x.wwz: advice: behind the archive, and ignored: 1 byte\n"
        "x.wwz: advice: no time in UTC in 1 of 1 file: what the packer's clock "
        "showed is taken for UTC\n"
        "1.wwz: error: no end record in the last 1 byte of 1\n"
        "2 archives, 1 member: 1 error, 2 advice\n"))


def test_bomb_of_members_that_quote(tmp):
    """100,000 TiB claimed: told who overlaps, and ready in no time."""
    path = tmp / "x.wwz"
    bombs.write_quoted(path, 1000, 16)
    found = [one for one in findings(path) if one[1] == ERROR]
    overlaps = [what for _, _, word, what in found if word == "overlap"]
    assert len(overlaps) == 999, len(overlaps)
    assert re.search(r"starts at offset \d+ within 000000.bin, which starts at"
                     r" 0; its content was not read", overlaps[0]), overlaps[0]


def test_bomb_that_says_it_is_small(tmp):
    """32 GiB behind 1,000 bytes: neither reader goes on to their end."""
    data = bombs.zeros(32 << 10)
    about = (b"a.txt", archives.DEFLATED, 1, len(data), 1000)
    front, directory = bombs.header(*about) + data, bombs.entry(*about, 0)
    path = tmp / "x.wwz"
    path.write_bytes(
        front + directory + bombs.end(1, len(directory), len(front)))
    assert words(path) == [("a.txt", "member-damaged")]


def test_members_that_share_a_header(tmp):
    path = tmp / "x.wwz"
    archives.write(path, {"a": "same", "b": "other"})
    data = bytearray(path.read_bytes())
    (a, local, _), (b, _, _) = archives.headers(data)
    data[b : b + 46] = data[a : a + 46]
    data[b + 46 : b + 47] = b"a"
    path.write_bytes(data)
    assert words(path) == [("a", "name-duplicate"), ("a", "overlap")]


def test_many_members(tmp):
    path = tmp / "x.wwz"
    about = [(b"%06d" % number, 0, 0, 0, 0) for number in range(100_000)]
    front = [bombs.header(*one) for one in about]
    directory = b"".join(
        bombs.entry(*one, number * len(front[0]))
        for number, one in enumerate(about))
    front = b"".join(front)
    path.write_bytes(front + directory + bombs.end(
        len(about), len(directory), len(front)))
    status, out = check(path)
    assert status == 0 and "100000 members: 0 errors" in out, out


def peak(path):
    """KiB of memory that it took to look at path."""
    process = subprocess.Popen(
        [harness.WWZ, "check", path], stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_maxrss


def test_memory(tmp):
    """A large member takes what a small one takes."""
    bombs.write_bomb(tmp / "small", 1)
    bombs.write_bomb(tmp / "large", 64)
    more = peak(tmp / "large") - peak(tmp / "small")
    assert more < 16 * 1024, f"{more} KiB more"


REAL = [
    "/usr/share/java/commons-lang3.jar",
    "/usr/share/python-wheels",
]


def test_real_ones():
    """Archives of Debian packages: no errors; whatever they lack is advice."""
    files = []
    for name in REAL:
        if os.path.isdir(name):
            files += sorted(
                os.path.join(name, file) for file in os.listdir(name))
        else:
            files.append(name)
    assert len(files) > 2, files
    status, out = check(*files)
    assert status == 0, out
    assert f"{len(files)} archives, " in out and ": 0 errors, " in out, out


def on_terminal(*arguments):
    """What comes on standard output, a pipe, and on standard error, a
    terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [harness.WWZ, "check", *arguments], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:  # how Linux tells of the end
        pass
    os.close(master)
    out, _ = process.communicate(timeout=harness.PATIENCE)
    return process.returncode, out.decode(), shown.decode()


def test_progress(tmp):
    """On a terminal only, gone at the end, and not with --quiet."""
    path = tmp / "x.wwz"
    # It takes several times as long as 100 ms, between which it is shown.
    bombs.write_bomb(path, 128)
    status, out, shown = on_terminal(path)
    assert status == 1 and "zeros.bin: error: CRC-32" in out, out
    assert "\x1b" not in out and "of 256 MiB" in shown, shown
    assert shown.endswith("\r\x1b[K"), shown[-200:]
    status, out, shown = on_terminal("--quiet", path)
    assert (status, shown) == (1, ""), shown
    assert out.count("\n") == 2, out


def test_output_that_cannot_be_written(tmp):
    archives.write(tmp / "x.wwz", {"a": ""})
    with open("/dev/full", "w") as full:
        got = subprocess.run([harness.WWZ, "check", tmp / "x.wwz"],
                             stdout=full, timeout=harness.PATIENCE)
    assert got.returncode == 1


def test_file_that_becomes_shorter(tmp):
    """Cut off while it is read: an error, not the end of the process."""
    path, size = tmp / "x.wwz", 1 << 36  # so much is not read before that
    about = (b"zeros", 0, 0, size, size)
    front, directory = bombs.header(*about), bombs.entry(*about, 0)
    with open(path, "wb") as file:
        file.write(front)
        file.seek(size, os.SEEK_CUR)
        file.write(directory)
        file.write(bombs.end(1, len(directory), len(front) + size))
    process = subprocess.Popen(
        [harness.WWZ, "check", path], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    with open(f"/proc/{process.pid}/maps") as maps:
        def is_open():
            maps.seek(0)
            return str(path) in maps.read()
        harness.wait_until(is_open, "the archive is open")
    os.truncate(path, 1000)
    out, _ = process.communicate(timeout=harness.PATIENCE)
    assert process.returncode == 1, (process.returncode, out)
    assert "has become shorter" in out or "ends at offset" in out, out


PAGE = harness.TOP / "deploy/man/wwz-check.1"


def test_manual_page_is_clean():
    got = subprocess.run(["mandoc", "-Tlint", PAGE], capture_output=True,
                         text=True)
    # Other pages are looked up where they are installed.
    faults = [line for line in (got.stdout + got.stderr).splitlines()
              if str(PAGE) in line and "manual not found" not in line]
    assert not faults, faults


def test_manual_page_tells_true(tmp):
    """Each example gives what it says, from a small site."""
    _, _, examples = PAGE.read_text().partition("\n.Sh EXAMPLES\n")
    examples, _, _ = examples.partition("\n.Sh ")
    blocks = re.findall(r"(?s)\.Bd [^\n]*\n(.*?)\.Ed", examples)
    assert len(blocks) == 4, blocks
    (tmp / "site/css").mkdir(parents=True)
    (tmp / "site/css/a.css").write_text("p { margin: 0 }\n")
    (tmp / "site/index.html").write_text("<p>site</p>\n")
    (tmp / "site/log.txt").write_bytes(archives.text(5000))
    for block in blocks:
        commands = re.findall(r"(?m)^\$ (.*)$", block)
        wanted = re.sub(r"(?m)^\$ .*\n", "", block)
        got = subprocess.run(
            ["bash", "-c", "\n".join(commands)], cwd=tmp, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": f"{harness.WWZ.parent}:/usr/bin:/bin"})
        assert got.stdout == wanted, f"{commands}: {got.stdout}"


def test_manual_page_names_all_words():
    """Each word that a finding may have, and no other."""
    told = set(re.findall(r"[a-z]+-[a-z]+(?:-[a-z]+)*|compressible|overlap",
                          " ".join(re.findall(r"(?m)^\.It Cm (.*)$",
                                              PAGE.read_text()))))
    source = "".join(
        (harness.TOP / "src/check" / name).read_text()
        for name in ("check.c", "checkname.c"))
    mine = set(re.findall(
        r'(?:tell_(?:error|advice)\(c|advise\(report), "([^"]+)"', source))
    source = (harness.TOP / "src/check/links.c").read_text()
    mine |= set(re.findall(r'"(href-[a-z]+)"', source))
    theirs = {
        "archive-damaged", "archive-incomplete", "archive-missing",
        "archive-no-file", "archive-forbidden", "archive-unreadable",
        "archive-too-large", "archive-unavailable", "member-damaged",
        "member-odd", "member-unsupported",
    }
    assert told == mine | theirs


@pytest.mark.parametrize("arguments", [
    [], ["--json"], ["--no-such", "x.wwz"], ["--json=1", "x.wwz"],
    ["--root", "/", "x.wwz"],
], ids=" ".join)
def test_refused(arguments):
    got = subprocess.run([harness.WWZ, "check", *arguments],
                         capture_output=True, timeout=harness.PATIENCE)
    assert (got.returncode, got.stdout) == (2, b""), got
    assert got.stderr.startswith(b"wwz: "), got
    assert got.stderr.count(b"\n") == 1, got
