"""What other programs make of zip files, and what is odd about some: each
member comes out as the program that made it would give it."""

import email.utils
import gzip
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import time
import zipfile
import zlib

import pytest

import archives

def check_members(client, url, path, only=None):
    """Each member of the archive at path as the client gets it below url, as
    identity and as gzip, against what zipfile reads.  How many there are."""
    count = 0
    with zipfile.ZipFile(path) as z:
        last = {info.filename: info for info in z.infolist()}
        for name, info in last.items():
            if info.is_dir() or (only and name not in only):
                continue
            count += 1
            content = z.read(info)
            deflated = info.compress_type == zipfile.ZIP_DEFLATED
            for accept in ("identity", "gzip"):
                got = client.ask(
                    f"{url}/{archives.url(name)}",
                    headers=[("Accept-Encoding", accept)],
                )
                coding = "gzip" if accept == "gzip" and deflated else None
                what = f"{name}, {accept}: {got}"
                assert got.status == 200, what
                assert got.get("Content-Encoding") == coding, what
                assert got.get("Content-Length") == str(len(got.body)), what
                body = gzip.decompress(got.body) if coding else got.body
                assert body == content, what
    return count


def unzip(path, name):
    """A member as Info-ZIP's unzip gives it."""
    return subprocess.run(
        ["unzip", "-p", path, name], stdout=subprocess.PIPE, check=True
    ).stdout


def run(command, cwd, **options):
    subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        check=True,
        stdout=subprocess.DEVNULL,
        **options,
    )


TREE = {
    "index.html": b"<!doctype html><title>t</title>" + archives.text(5000),
    "empty.txt": b"",
    "one byte.txt": b"1",
    "sub/deep/er/page.html": archives.text(300_000, 1),
    "sub/noise.bin": archives.noise(200_000, 2),
    "sub/zeros.bin": bytes(1_000_000),
    "per%cent+plus;semi.css": archives.text(700, 3),
}


@pytest.fixture
def tree(tmp):
    top = tmp / "tree"
    for name, content in TREE.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    return top


def pack_zip(*options):
    return lambda tree, path: run(["zip", "-qr", *options, path, "."], tree)


def pack_zip_pipe(tree, path):
    """To a pipe: sizes and CRC only in data descriptors."""
    with open(path, "wb") as out:
        zip_ = subprocess.Popen(
            ["zip", "-qr", "-", "."], cwd=tree, stdout=subprocess.PIPE
        )
        shutil.copyfileobj(zip_.stdout, out)
        zip_.stdout.close()
        assert zip_.wait() == 0


def pack_python(method=zipfile.ZIP_DEFLATED):
    return lambda tree, path: archives.write(path, TREE, method)


def pack_python_zip64(tree, path):
    """Each member with zip64 sizes in its local header."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in TREE.items():
            with z.open(name, "w", force_zip64=True) as member:
                member.write(content)


class Pipe:
    """A file that cannot seek, nor tell where it is."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


def pack_python_pipe(tree, path):
    pipe = Pipe(path)
    archives.write(pipe, TREE)
    pipe.file.close()


def pack_stub(tree, path):
    """A shell script before the archive: all offsets are too small."""
    plain = path.with_suffix(".zip")
    archives.write(plain, TREE)
    path.write_bytes(b"#!/bin/sh\nexit 1\n" * 99 + plain.read_bytes())


def pack_stub_adjusted(tree, path):
    """The same, with offsets that zip has mended."""
    pack_stub(tree, path)
    renamed = path.with_suffix(".exe")
    path.rename(renamed)
    run(["zip", "-qA", renamed], tree)
    renamed.rename(path)


def pack_comment(tree, path):
    archives.write(path, TREE, comment=b"comment " * 8191 + b"the end")


def pack_7z(*options):
    return lambda tree, path: run(
        ["7z", "a", "-tzip", *options, path, "."], tree
    )


MAKERS = {
    "zip": pack_zip(),
    "zip without extra fields": pack_zip("-X"),
    "zip stored": pack_zip("-0"),
    "zip at its best": pack_zip("-9"),
    "zip with bzip2": pack_zip("-Z", "bzip2"),
    "zip with zip64": pack_zip("-fz"),
    "zip with descriptors": pack_zip("-fd"),
    "zip to a pipe": pack_zip_pipe,
    "python": pack_python(),
    "python stored": pack_python(zipfile.ZIP_STORED),
    "python bzip2": pack_python(zipfile.ZIP_BZIP2),
    "python zip64": pack_python_zip64,
    "python to a pipe": pack_python_pipe,
    "7z": pack_7z(),
    "7z at its best": pack_7z("-mx=9"),
    "7z bzip2": pack_7z("-mm=BZip2"),
    "bsdtar": lambda tree, path: run(
        ["bsdtar", "--format", "zip", "-cf", path, "."], tree
    ),
    "jar": lambda tree, path: run(["jar", "cf", path, "."], tree),
    "script in front": pack_stub,
    "script in front, adjusted": pack_stub_adjusted,
    "comment of 65,535 bytes": pack_comment,
}


@pytest.mark.parametrize("maker", MAKERS)
def test_made_by(tmp, root, tree, serve, maker):
    path = root / "x.wwz"
    made = tmp / "x.zip"
    MAKERS[maker](tree, made)
    made.rename(path)
    with serve().client() as client:
        count = check_members(client, "/x.wwz", path)
        assert count >= len(TREE), f"{maker} packed {count} files"
        for name, content in TREE.items():
            got = client.ask(f"/x.wwz/{archives.url(name)}")
            assert (got.status, got.body) == (200, content), f"{name}: {got}"


def test_comment_with_signatures(root, serve):
    """A comment that is full of what looks like end records; zipfile itself
    is deceived by it."""
    comment = b"PK\5\6" * 16383 + b"end"
    archives.write(root / "x.wwz", TREE, comment=comment)
    with serve().client() as client:
        for name, content in TREE.items():
            got = client.ask(f"/x.wwz/{archives.url(name)}")
            assert (got.status, got.body) == (200, content), f"{name}: {got}"


# Files of Debian packages; any file of each kind will do.
REAL = {
    ".jar": ("/usr/share/java", "libcommons-lang3-java"),
    ".odt": ("/usr/share/docutils", "docutils-common"),
    ".epub": ("/usr/share/developers-reference", "developers-reference"),
    ".whl": ("/usr/share/python-wheels", "python3-pip-whl"),
}


@pytest.mark.parametrize("suffix", REAL)
def test_real(root, serve, suffix):
    folder, package = REAL[suffix]
    found = sorted(
        (path for path in pathlib.Path(folder).rglob("*" + suffix)),
        key=lambda path: path.stat().st_size,
    )
    assert found, f"no *{suffix} below {folder}: install {package}"
    path = root / "x.wwz"
    shutil.copy(found[-1], path)
    with serve().client() as client:
        assert check_members(client, "/x.wwz", path) > 0
        with zipfile.ZipFile(path) as z:
            names = [i.filename for i in z.infolist() if not i.is_dir()]
        for name in names[:: len(names) // 10 + 1]:
            got = client.ask(f"/x.wwz/{archives.url(name)}")
            assert got.body == unzip(path, name), name


def test_from_standard_input(root, serve):
    """A member that zip read from a pipe, written to a pipe, named "-"."""
    path = root / "x.wwz"
    with open(path, "wb") as out:
        zip_ = subprocess.Popen(
            ["zip", "-q", "-", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        content, _ = zip_.communicate(TREE["sub/deep/er/page.html"])
        out.write(content)
    with serve().client() as client:
        assert check_members(client, "/x.wwz", path) == 1


def test_70000_members(root, serve):
    """More than the end record's 16 bits count."""
    path = root / "x.wwz"
    names = [f"m/{number:05}.txt" for number in range(70_000)]
    archives.write(path, ((name, name) for name in names), archives.STORED)
    with serve().client() as client:
        for name in (*names[::7000], names[65535], names[65536], names[-1]):
            got = client.ask(f"/x.wwz/{name}")
            assert (got.status, got.body) == (200, name.encode()), got
        assert client.ask("/x.wwz/m/70000.txt").status == 404
        listing = client.ask("/x.wwz/m/-wwz-index")
        assert listing.status == 200, listing
        listed = set(re.findall(r"\d{5}\.txt", listing.body.decode()))
        missing = sorted({name[2:] for name in names} - listed)
        assert not missing, f"{len(missing)} are not listed: {missing[:5]}"


HOLE = (1 << 32) + (1 << 20)


def write_big(path):
    """A stored member of more than 4 GiB, and two beyond it."""
    crc, zeros = 0, bytes(1 << 20)
    for _ in range(HOLE >> 20):
        crc = zlib.crc32(zeros, crc)
    with open(path, "wb") as file:
        with zipfile.ZipFile(file, "w") as z:
            info = zipfile.ZipInfo("hole.bin", archives.DATE)
            info.CRC = crc
            info.file_size = info.compress_size = HOLE
            info.header_offset = 0
            file.write(info.FileHeader(zip64=True))
            file.seek(HOLE, os.SEEK_CUR)
            z.filelist.append(info)
            z.NameToInfo[info.filename] = info
            z.start_dir = file.tell()
            z._didModify = True
            z.writestr("beyond.txt", TREE["index.html"])
            z.writestr("deflated.txt", TREE["index.html"], archives.DEFLATED)
    sparse = os.stat(path).st_blocks < 1 << 16
    assert sparse, f"{path.parent} is on a file system without sparse files"
    return path


def test_over_4_gib(root, serve):
    path = write_big(root / "x.wwz")
    with serve().client() as client:
        assert check_members(
            client, "/x.wwz", path, ["beyond.txt", "deflated.txt"]
        ) == 2
        got = client.ask("/x.wwz/hole.bin", "HEAD")
        assert (got.status, got.get("Content-Length"), got.body) == (
            200,
            str(HOLE),
            b"",
        ), got
        first, last = (1 << 32) - 5, (1 << 32) + 5
        got = client.ask(
            "/x.wwz/hole.bin", headers=[("Range", f"bytes={first}-{last}")]
        )
        assert (got.status, got.get("Content-Range"), got.body) == (
            206,
            f"bytes {first}-{last}/{HOLE}",
            bytes(11),
        ), got
        whole = path.stat().st_size
        got = client.ask(
            "/x.wwz/-wwz-archive", headers=[("Range", "bytes=-22")]
        )
        assert (got.status, got.get("Content-Range")) == (
            206,
            f"bytes {whole - 22}-{whole - 1}/{whole}",
        ), got
        assert got.body.startswith(b"PK\5\6"), got


def test_behind_4_gib(root, serve):
    """Other data of more than 4 GiB in front of all members."""
    path = root / "x.wwz"
    with open(path, "wb") as file:
        file.seek(HOLE)
        archives.write(file, TREE)
    with serve().client() as client:
        assert check_members(client, "/x.wwz", path) == len(TREE)


# The name in the archive (its bytes, its UTF-8 flag), and the paths by which
# the member is found.
NAMES = [
    ("caf\u00e9.txt".encode(), True, ["caf%C3%A9.txt", "caf\xc3\xa9.txt"]),
    ("caf\u00e9.txt".encode(), False, ["caf%C3%A9.txt"]),
    (b"caf\x82.txt", False, ["caf%82.txt", "caf%C3%A9.txt"]),
    (b"\xe1\xe1/\xb3", False, ["%E1%E1/%B3", "%C3%9F%C3%9F/%E2%94%82"]),
    ("\u65e5\u672c.txt".encode(), True, ["%E6%97%A5%E6%9C%AC.txt"]),
    (b"a\\b.txt", False, ["a%5Cb.txt", "a\\b.txt"]),
    (b"a?b#c.txt", False, ["a%3Fb%23c.txt"]),
    (b"100%.txt", False, ["100%25.txt"]),
    (b"%41.txt", False, ["%2541.txt"]),
]


@pytest.mark.parametrize(
    "name, flag, paths", NAMES, ids=[f"{n[0]}-{n[1]}" for n in NAMES]
)
def test_names(root, serve, name, flag, paths):
    path = root / "x.wwz"
    stand_in = "Q" * len(name)
    archives.write(path, {stand_in: "found", "A.txt": "another"})
    if flag:
        archives.patch(path, stand_in, "flags", 0x800)
    archives.rename(path, stand_in.encode(), name)
    with serve().client() as client:
        for url in paths:
            got = client.ask(f"/x.wwz/{url}")
            assert (got.status, got.body) == (200, b"found"), f"{url}: {got}"


# Names that no request may reach, next to one that is served all the same.
UNREACHABLE = [
    (b"../up.txt", ["../up.txt", "..%2Fup.txt", "up.txt"]),
    (b"a/../../up.txt", ["a/../../up.txt"]),
    (b"a/../in.txt", ["a/../in.txt", "in.txt"]),
    (b"//abs.txt", ["//abs.txt", "%2F%2Fabs.txt", "abs.txt"]),
    (b"nu\0l.txt", ["nu%00l.txt", "nu"]),
    (b"ctr\x01.txt", ["ctr%01.txt"]),
    (b"new\nline.txt", ["new%0Aline.txt"]),
]


@pytest.mark.parametrize(
    "name, paths", UNREACHABLE, ids=[repr(n[0]) for n in UNREACHABLE]
)
def test_unreachable_names(root, serve, name, paths):
    path = root / "x.wwz"
    stand_in = "Q" * len(name)
    archives.write(path, {stand_in: "secret", "fine.txt": "fine"})
    archives.rename(path, stand_in.encode(), name)
    responder = serve()
    responder.allow("^(info|warn) ")
    with responder.client() as client:
        for url in paths:
            got = client.ask(f"/x.wwz/{url}")
            assert got.status in (400, 404), f"{url}: {got}"
            assert b"secret" not in got.body, f"{url}: {got}"
        got = client.ask("/x.wwz/fine.txt")
        assert (got.status, got.body) == (200, b"fine"), got
        listing = client.ask("/x.wwz/-wwz-index")
        assert listing.status == 200, listing
        assert b"fine.txt" in listing.body
        for part in (b"up.txt", b"in.txt", b"abs.txt", b"l.txt<", b"line.txt"):
            assert part not in listing.body, part


# Zone in which zip runs, options, and the time that must come out, of a file
# of 2020-07-01T12:34:57Z.  DOS times have no zone and even seconds only; zip
# rounds up.  The rule of the zone is written out, for a machine without tzdata.
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"
TIMES = [
    ("UTC", [], "2020-07-01T12:34:57Z"),
    (NEW_YORK, [], "2020-07-01T12:34:57Z"),
    ("UTC", ["-X"], "2020-07-01T12:34:58Z"),
    (NEW_YORK, ["-X"], "2020-07-01T08:34:58Z"),
]


@pytest.mark.parametrize("zone, options, wanted", TIMES)
def test_times(tmp, root, serve, zone, options, wanted):
    file = tmp / "a.txt"
    file.write_text("a")
    os.utime(file, (1593606897, 1593606897))
    run(
        ["zip", "-q", *options, root / "x.wwz", "a.txt"],
        tmp,
        env={**os.environ, "TZ": zone},
    )
    with serve().client() as client:
        listing = client.ask("/x.wwz/-wwz-index?format=json").body
        (entry,) = json.loads(listing)["entries"]
        assert entry["modified"] == wanted, f"{zone} {options}: {entry}"


def shown_times(client, query=""):
    """Name and time of each member, as JSON and as HTML show them, in the
    order of the query."""
    page = client.ask(f"/x.wwz/-wwz-index?format=json{query}").body
    shown = [(entry["name"], entry["modified"])
             for entry in json.loads(page)["entries"]]
    page = client.ask(f"/x.wwz/-wwz-index?{query}").body.decode()
    assert re.findall('<bdi>(.*?)</bdi>.*? datetime="(.*?)"', page) == shown
    return shown


def test_times_of_ntfs(tmp, root, serve):
    """7-Zip's, in units of 100 ns; they are not local ones."""
    file = tmp / "a.txt"
    file.write_text("a")
    os.utime(file, (1593606897, 1593606897))
    run(["7z", "a", "-tzip", "-mtc=on", root / "x.zip", "a.txt"], tmp,
        env={**os.environ, "TZ": NEW_YORK})
    (root / "x.zip").rename(root / "x.wwz")
    (info,) = zipfile.ZipFile(root / "x.wwz").infolist()
    assert info.extra[:2] == b"\x0a\0", info.extra
    with serve().client() as client:
        assert shown_times(client) == [("a.txt", "2020-07-01T12:34:57Z")]


def test_local_time_ahead(root, serve):
    """East of Greenwich a DOS time is later than the archive that it is in:
    the archive's is shown, and sorted by.  A time in UTC is believed."""
    early, late = zipfile.ZipInfo("early"), zipfile.ZipInfo("late")
    early.date_time = (2020, 7, 1, 12, 0, 0)
    late.date_time = (2020, 7, 1, 14, 34, 56)
    exact = zipfile.ZipInfo("exact", late.date_time)
    exact.extra = struct.pack("<HHBI", 0x5455, 5, 1, 1593606900)
    with zipfile.ZipFile(root / "x.wwz", "w") as z:
        for info in (exact, late, early):
            z.writestr(info, info.filename)
    os.utime(root / "x.wwz", (1593606897, 1593606897))
    with serve().client() as client:
        assert shown_times(client, "&sort=time") == [
            ("early", "2020-07-01T12:00:00Z"),
            ("late", "2020-07-01T12:34:57Z"),
            ("exact", "2020-07-01T12:35:00Z"),
        ]


def test_time_to_come(root, serve):
    archives.write(root / "x.wwz", {"a.txt": "a"})
    os.utime(root / "x.wwz", (4070908800, 4070908800))
    with serve().client() as client:
        before = time.time()
        got = client.ask("/x.wwz/a.txt").get("Last-Modified")
        then = email.utils.parsedate_to_datetime(got).timestamp()
        # It has whole seconds, of a clock that may be a little late.
        assert before - 2 < then <= time.time(), got


def test_duplicate_name(root, serve):
    members = [("a.txt", "first"), ("b.txt", "b"), ("a.txt", "last")]
    archives.write(root / "x.wwz", members)
    with serve().client() as client:
        got = client.ask("/x.wwz/a.txt")
        assert (got.status, got.body) == (200, b"last"), got


def write_libzips(path, content, method):
    if method == archives.ZSTD:
        write_zstd(path, content)
    else:
        archives.write(path, {"a.txt": (content, method)})


@pytest.mark.parametrize("method", [archives.BZIP2, archives.ZSTD])
def test_range_of_a_rare_method(root, serve, method):
    """One without access points: from the start to where the range is."""
    content = archives.text(130_000)
    write_libzips(root / "x.wwz", content, method)
    with serve().client() as client:
        got = client.ask(
            "/x.wwz/a.txt", headers=[("Range", "bytes=100000-100099")]
        )
        assert (got.status, got.body) == (206, content[100000:100100]), got
        got = client.ask("/x.wwz/a.txt", "HEAD")
        assert (got.status, got.get("Content-Length")) == (200, "130000"), got
        assert client.ask("/x.wwz/a.txt").body == content


def write_zstd(path, content):
    """A member by method 93, made from a stored one."""
    frame = archives.zstd(content)
    archives.write(path, {"a.txt": frame}, archives.STORED)
    archives.patch(path, "a.txt", "method", 93)
    archives.patch(path, "a.txt", "size", len(content))
    archives.patch(path, "a.txt", "crc", zlib.crc32(content))
    return frame


def test_zstandard(root, serve):
    """Sent as it lies to who accepts it."""
    content = archives.text(5000)
    frame = write_zstd(root / "x.wwz", content)
    responder = serve()
    with responder.client() as client:
        got = client.ask(
            "/x.wwz/a.txt", headers=[("Accept-Encoding", "gzip, zstd")]
        )
        assert (got.status, got.get("Content-Encoding"), got.body) == (
            200,
            "zstd",
            frame,
        ), got
        assert got.get("Content-Length") == str(len(frame)), got
        got = client.ask("/x.wwz/a.txt")
        assert (got.status, got.body) == (200, content), got


def test_siblings(root, serve):
    """a.css.br and a.css.gz are representations of a.css."""
    plain = archives.text(3000)
    coded = gzip.compress(plain, mtime=0)
    brotli = subprocess.run(
        ["brotli", "-c"], input=plain, check=True, capture_output=True).stdout
    archives.write(
        root / "x.wwz",
        {
            "a.css": plain,
            "a.css.br": (brotli, archives.STORED),
            "a.css.gz": (coded, archives.STORED),
        },
    )
    wanted = {
        "br": ("br", brotli),
        "gzip, br": ("br", brotli),
        "identity": (None, plain),
        "br;q=0.5, identity;q=0.1": ("br", brotli),
    }
    with serve().client() as client:
        for accept, (coding, body) in wanted.items():
            got = client.ask(
                "/x.wwz/a.css", headers=[("Accept-Encoding", accept)]
            )
            assert (got.status, got.get("Content-Encoding"), got.body) == (
                200,
                coding,
                body,
            ), f"{accept}: {got}"
            assert got.get("Vary") == "Accept-Encoding", got
            assert got.get("Content-Type") == "text/css; charset=utf-8", got
        got = client.ask("/x.wwz/a.css", headers=[("Accept-Encoding", "gzip")])
        assert got.get("Content-Encoding") == "gzip", got
        assert gzip.decompress(got.body) == plain
