"""`wwz pack` onto an archive that is there, and what interrupts it."""

import os
import pathlib
import pty
import random
import re
import signal
import struct
import subprocess
import tempfile
import time
import zipfile

import pytest

import archives
import harness
from test_pack import (
    DAY, Held, contents, failsys, leftovers, pack, packed, plant)

SITE = {f"page-{i:02d}.html": archives.text(3000, seed=i) for i in range(40)}


def members(file):
    """Name to the bytes of local header, name, extra field and data, and where
    they are."""
    data = file.read_bytes()
    found = {}
    with zipfile.ZipFile(file) as z:
        for info in z.infolist():
            at = info.header_offset
            name, extra = struct.unpack_from("<HH", data, at + 26)
            end = at + 30 + name + extra + info.compress_size
            found[info.filename] = (at, data[at:end])
    return found


def check(tree, file):
    """The archive holds what the tree does, for readers of all kinds."""
    with zipfile.ZipFile(file) as z:
        assert z.testzip() is None
        got = {name.encode(): z.read(name) for name in z.namelist()}
        assert z.namelist() == sorted(z.namelist())
    assert got == contents(tree)
    for command in (["unzip", "-tqq"], ["7z", "t"], ["bsdtar", "-tf"]):
        tested = subprocess.run([*command, file], capture_output=True)
        assert tested.returncode == 0, tested
    judged = subprocess.run([harness.WWZ, "check", file], capture_output=True)
    assert judged.stdout.endswith(b": 0 errors, 0 advice\n"), judged
    assert (judged.returncode, judged.stderr) == (0, b""), judged


@pytest.fixture
def site(tmp):
    """A tree, and the archive that was made of it a while ago."""
    plant(tmp / "t", SITE)
    packed(tmp / "t", tmp / "x.wwz")
    return tmp / "t", tmp / "x.wwz"


def test_keeps_what_did_not_change(site):
    """Byte for byte where it was; the new behind it; the removed gone."""
    tree, file = site
    before = members(file)
    secret = before["page-07.html"][1]
    plant(tree, {"page-03.html": b"changed" * 99, "new": b"new" * 99}, DAY + 2)
    os.unlink(tree / "page-07.html")
    assert "2 packed, 38 kept, 1 removed" in packed(tree, file)
    after = members(file)
    for name in set(before) - {"page-03.html", "page-07.html"}:
        assert after[name] == before[name], name
    last = max(at for at, _ in before.values())
    assert after["page-03.html"][0] > last and after["new"][0] > last
    assert secret[-500:] not in file.read_bytes()
    check(tree, file)


def test_renamed_from_cp437(tmp):
    """The name in UTF-8 finds the old member, too, but it is another one's."""
    plant(tmp / "t", {b"\x81ber.txt": SITE["page-01.html"], "other": b"o"})
    packed(tmp / "t", tmp / "x.wwz")
    os.rename(os.fsencode(tmp / "t") + b"/\x81ber.txt", tmp / "t/\u00fcber.txt")
    plant(tmp / "t", {"new": b"n"})
    assert "2 packed, 1 kept, 1 removed" in packed(tmp / "t", tmp / "x.wwz")
    check(tmp / "t", tmp / "x.wwz")


def test_unchanged_is_left_alone(site):
    tree, file = site
    before = file.stat()
    assert packed(tree, file).endswith(": unchanged\n")
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (
        before.st_ino, before.st_mtime_ns)


def test_last_place_is_used_again(site):
    """What is edited over and over does not make the archive grow."""
    tree, file = site
    sizes = set()
    for i in range(5):
        plant(tree, {"page-20.html": archives.text(3000, seed=99)},
              DAY + 2 + 2 * i)
        assert "1 packed, 39 kept, 0 removed" in packed(tree, file)
        sizes.add(file.stat().st_size)
    assert len(sizes) == 1, sizes
    check(tree, file)


def test_a_fifth_dead_is_too_much(site):
    """Then all is packed anew, which gives the bytes of a fresh archive."""
    tree, file = site
    for i in range(0, 7):
        os.unlink(tree / f"page-{i:02d}.html")
    assert "0 packed, 33 kept, 7 removed" in packed(tree, file)
    check(tree, file)
    for i in range(7, 10):
        os.unlink(tree / f"page-{i:02d}.html")
    assert "30 packed, 0 kept" in packed(tree, file)
    packed(tree, file.with_name("fresh.wwz"))
    assert file.read_bytes() == file.with_name("fresh.wwz").read_bytes()


def test_fresh(site):
    tree, file = site
    plant(tree, {"page-00.html": b"changed" * 99}, DAY + 2)
    assert "1 packed, 39 kept" in packed(tree, file)
    assert "40 packed, 0 kept" in packed("--fresh", tree, file)
    packed(tree, file.with_name("fresh.wwz"))
    assert file.read_bytes() == file.with_name("fresh.wwz").read_bytes()


@pytest.mark.parametrize(
    "options", [["--seekable", "all"], ["--seekable", "2M"],
                ["--precompress", "br"]],
)
def test_other_options_pack_anew(site, options):
    tree, file = site
    got = packed(*options, tree, file)
    assert " 0 kept, 0 removed" in got, got
    assert packed(*options, tree, file).endswith(": unchanged\n")


def test_same_size_and_second(site):
    """What was edited in the second in which the archive was begun is told by
    its content."""
    tree, file = site
    now = int(file.stat().st_mtime)
    for content in (b"first", b"other"):
        plant(tree, {"edited": content}, now)
        os.utime(file, (now, now))
        packed(tree, file)
        with zipfile.ZipFile(file) as z:
            assert z.read("edited") == content
        os.utime(file, (now, now))


def test_same_size_and_time(site):
    """A file that was replaced by one with the same time, as from a package
    whose files all have one, is told by its content."""
    tree, file = site
    plant(tree, {"page-11.html": SITE["page-11.html"][::-1]})
    assert "1 packed, 39 kept" in packed(tree, file)
    check(tree, file)


def test_checksum(site):
    """Contents decide when that is asked for; else times, of an archive that
    is said to be younger than its files."""
    tree, file = site
    content = SITE["page-11.html"]
    plant(tree, {"page-11.html": content[::-1]})
    os.utime(file, (2 << 30, 2 << 30))
    assert packed(tree, file).endswith(": unchanged\n")
    assert "1 packed, 39 kept" in packed("--checksum", tree, file)
    check(tree, file)


def test_checksum_of_new_times(site):
    """A site that was built anew, with one page that differs: the others stay,
    with their old times."""
    tree, file = site
    before = members(file)
    new = SITE | {"page-30.html": SITE["page-30.html"][::-1]}
    plant(tree, new, DAY + 100)
    assert "1 packed, 39 kept" in packed("--checksum", tree, file)
    check(tree, file)
    after = members(file)
    assert after["page-31.html"] == before["page-31.html"]
    assert struct.pack("<BI", 1, DAY + 100) in after["page-30.html"][1]


def foreign(tree, file):
    subprocess.run(["zip", "-qr", file, "."], cwd=tree, check=True)


def no_zip(tree, file):
    file.write_bytes(b"PK\3\4 no more than that")


def cut(tree, file):
    packed(tree, file)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def empty(tree, file):
    file.write_bytes(b"")


@pytest.mark.parametrize("make", [foreign, no_zip, cut, empty])
def test_unusable_old_archive(tmp, make):
    """One that pack did not write, or that is damaged, is replaced."""
    tree = plant(tmp / "t", SITE)
    file = tmp / "x.wwz"
    make(tree, file.with_name("x.zip"))
    os.replace(file.with_name("x.zip"), file)
    assert "40 packed, 0 kept" in packed(tree, file)
    check(tree, file)


def test_damaged_member(site):
    """It is found when the archive is read back, and all is packed anew."""
    tree, file = site
    for change in ({}, {"new": b"n"}):
        data = bytearray(file.read_bytes())
        data[archives.data_offset(file, "page-05.html") + 99] ^= 1
        file.write_bytes(data)
        plant(tree, change)
        got = pack(tree, file)
        assert got.returncode == 0, got
        assert got.stderr.startswith(b"wwz: page-05.html: "), got
        assert got.stderr.endswith(b"; packing everything anew\n"), got
        assert b" 0 kept" in got.stdout, got
        check(tree, file)


def test_local_header_that_differs(site):
    """That member is packed again."""
    tree, file = site
    archives.patch(file, "page-05.html", "size", 1, central=False)
    plant(tree, {"new": b"n"})
    assert "2 packed, 39 kept" in packed(tree, file)
    check(tree, file)


@pytest.mark.parametrize("at", [4, 6, 10, 14])
def test_local_header_of_another(site, at):
    """Only what pack would write is kept: "version needed", flags, time and
    CRC-32 of a local header no reader here looks at, but others do."""
    tree, file = site
    data = bytearray(file.read_bytes())
    data[members(file)["page-05.html"][0] + at] ^= 1
    file.write_bytes(data)
    plant(tree, {"new": b"n"})
    assert "2 packed, 39 kept" in packed(tree, file)
    check(tree, file)


@pytest.mark.parametrize("at", [4, 6, 8, 36, 38])
def test_directory_of_another(site, at):
    """The members stay, their directory is written again."""
    tree, file = site
    whole = file.read_bytes()
    data = bytearray(whole)
    data[data.index(b"PK\1\2") + at] ^= 1
    file.write_bytes(data)
    assert "0 packed, 40 kept, 0 removed" in packed(tree, file)
    assert file.read_bytes() == whole
    assert packed(tree, file).endswith(": unchanged\n")


@pytest.mark.parametrize("at", [4, 10, 22])
def test_index_of_another(tmp, at):
    """The header of a SOZip index, likewise."""
    tree, file = plant(tmp / "t", {"a": archives.text(1 << 20) * 2}), tmp / "x"
    packed(tree, file)
    whole = file.read_bytes()
    data = bytearray(whole)
    data[data.index(b".a.sozip.idx") - 30 + at] ^= 1
    file.write_bytes(data)
    assert "1 packed, 0 kept" in packed(tree, file)
    assert file.read_bytes() == whole


def started(tmp, file, before=()):
    """Packing, under way: the temporary file is there and has something.  It
    would take days: a hole of a TiB."""
    tree = plant(tmp / "slow", {"hole": b""})
    os.truncate(tree / "hole", 1 << 40)
    process = subprocess.Popen(
        [*before, harness.WWZ, "pack", "--threads", "1", tree, file],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )

    def writes():
        assert process.poll() is None, process.stderr.read()
        names = leftovers(file.parent)
        return names and os.stat(file.parent / names[0]).st_size > 0

    harness.wait_until(writes, "a temporary file")
    return process


def test_killed(tmp):
    """kill -9: the old archive is whole; the next run clears the rest away,
    unless someone is still at it."""
    file = tmp / "x.wwz"
    file.write_bytes(b"old")
    other = plant(tmp / "small", SITE)
    process = started(tmp, file)
    packed(other, file)
    assert len(leftovers(tmp)) == 1, "a file that is written was taken away"
    want = file.read_bytes()
    process.kill()
    process.wait()
    process.stderr.close()
    assert process.returncode == -signal.SIGKILL
    assert file.read_bytes() == want and len(leftovers(tmp)) == 1
    packed(other, tmp / "y.wwz")
    assert len(leftovers(tmp)) == 1, "that was another archive's"
    packed(other, file)
    assert not leftovers(tmp)


def test_killed_over_a_read_only_archive(tmp):
    """What is left has its mode, and is cleared away by who may not write to
    files of that mode."""
    tree, file = plant(tmp / "t", SITE), tmp / "x.wwz"
    file.write_bytes(b"old")
    file.chmod(0o444)
    subject = ["setpriv", "--bounding-set=-dac_override"]
    subject = subject if os.geteuid() == 0 else []
    process = started(tmp, file, subject)
    process.kill()
    process.wait()
    process.stderr.close()
    assert len(leftovers(tmp)) == 1
    subprocess.run([*subject, harness.WWZ, "pack", "-q", tree, file],
                   check=True)
    assert not leftovers(tmp)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted(tmp, number):
    """It ends by the signal, and leaves nothing behind."""
    file = tmp / "x.wwz"
    file.write_bytes(b"old")
    process = started(tmp, file)
    process.send_signal(number)
    _, error = process.communicate(timeout=harness.PATIENCE)
    assert (process.returncode, error) == (-number, b"")
    assert file.read_bytes() == b"old" and not leftovers(tmp)


def test_not_interrupted(tmp, failsys):
    """By what it was started to ignore, as nohup does."""
    tree, file = plant(tmp / "t", SITE), tmp / "x.wwz"
    packing = Held(failsys, tmp / "control", tree, file, stderr=subprocess.PIPE,
                   stdout=subprocess.DEVNULL,
                   before=["env", "--ignore-signal=HUP"])
    packing.process.send_signal(signal.SIGHUP)
    _, error = packing.go_on()
    assert (packing.process.returncode, error) == (0, b"")
    assert zipfile.is_zipfile(file)


@harness.only_root("mounts file systems")
def test_full_disk(tmp):
    """A clear error; the old archive stays, and nothing beside it."""
    disk = tmp / "disk"
    disk.mkdir()
    tree = plant(tmp / "t", {f"{i}": archives.noise(90_000, i)
                             for i in range(9)})
    plant(tmp / "small", SITE)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "none", disk], check=True)
    try:
        packed(tmp / "small", disk / "x.wwz")
        want = (disk / "x.wwz").read_bytes()
        got = pack(tree, disk / "x.wwz")
        assert (got.returncode, got.stdout) == (1, b""), got
        assert got.stderr == (
            f"wwz: {disk}/x.wwz: No space left on device\n".encode()), got
        assert (disk / "x.wwz").read_bytes() == want
        assert os.listdir(disk) == ["x.wwz"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_progress(tmp, failsys):
    """On a terminal a line that comes and goes, of what takes more than 0.1 s;
    in a pipe nothing."""
    tree = plant(tmp / "t", {f"{i}": archives.text(2 << 20) for i in range(4)})
    for options, shown in (([], True), (["--quiet"], False)):
        master, slave = pty.openpty()
        packing = Held(failsys, tmp / "control", *options, tree, tmp / "x.wwz",
                       stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        time.sleep(0.2)
        line, _ = packing.go_on()
        said = b""
        while True:
            try:
                said += os.read(master, 4096)
            except OSError:  # the other side is closed
                break
        os.close(master)
        assert packing.process.returncode == 0
        (tmp / "x.wwz").unlink()
        drawn = re.search(rb"/4 files, \S+ [KM]iB of 8\.0 MiB", said)
        assert (drawn is not None) == shown, said
        assert (said == b"") == (not shown), said
        assert (line == b"") == (not shown), line
        if shown:
            assert said.endswith(b"\r\x1b[K"), said
            drawn = rb"\x1b\[\?7l[^\r\x1b]+\x1b\[K\x1b\[\?7h"  # not wrapped
            assert re.fullmatch(rb"(\r(%b|\x1b\[K))+" % drawn, said), said
            assert b"4 members, " in line and line.count(b"\n") == 1, line


# An archive of 66,000 members, and one of 4 GiB, take some time under a
# sanitizer, which sees nothing new there.
large = pytest.mark.skipif(
    harness.SANITIZED, reason="too large for a sanitizer")


@pytest.fixture
def memory():
    """A directory that costs no disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as path:
        yield pathlib.Path(path)


@large
def test_many(memory):
    """66,000 files: zip64 for their number alone."""
    tree = memory / "t"
    for i in range(100):
        (tree / f"{i:02d}").mkdir(parents=True)
    for i in range(66_000):
        with open(tree / f"{i % 100:02d}" / f"{i}.txt", "wb") as file:
            file.write(b"%d" % i)
    file = memory / "x.wwz"
    packed(tree, file)
    assert b"PK\6\6" in file.read_bytes()
    with zipfile.ZipFile(file) as z:
        names = z.namelist()
        assert len(names) == 66_000 and names == sorted(names)
        for i in random.Random(1).sample(range(66_000), 100):
            assert z.read(f"{i % 100:02d}/{i}.txt") == b"%d" % i
    for command in (["unzip", "-tqq"], ["7z", "t"]):
        tested = subprocess.run([*command, file], capture_output=True)
        assert tested.returncode == 0, tested
    (tree / "42/42.txt").write_bytes(b"edited")
    assert "1 packed, 65999 kept" in packed(tree, file)


@large
def test_beyond_4_gib(tmp):
    """A sparse file: zip64 for its size, in little memory."""
    size = (4 << 30) + 1
    (tmp / "t").mkdir()
    with open(tmp / "t/sparse", "wb") as file:
        file.truncate(size)
        file.seek(3 << 30)
        file.write(b"here")
    got = subprocess.run(
        ["sh", "-c", 'ulimit -v 400000; exec "$0" "$@"', harness.WWZ, "pack",
         "-q", "--threads", "2", tmp / "t", tmp / "x.wwz"])
    assert got.returncode == 0
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        info = z.getinfo("sparse")
        assert info.file_size == size and info.compress_size < 16 << 20
    listed = subprocess.run(
        ["bsdtar", "-tvf", tmp / "x.wwz"], capture_output=True, text=True)
    assert listed.returncode == 0 and f" {size} " in listed.stdout, listed
