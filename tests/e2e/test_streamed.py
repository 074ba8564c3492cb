"""Archives of writers that stream, cut numbers off, or leave bytes behind."""

import bz2
import json
import os
import struct
import subprocess
import zipfile
import zlib

import pytest

import archives
import harness
from test_members import check_members

TEXT = archives.text(5000)
ONES32, ONES64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
WRAP = 1 << 32


PACK = {archives.DEFLATED: archives.raw_deflate, archives.BZIP2: bz2.compress}


def member(name, offset, *, streamed=False, method=archives.DEFLATED):
    """The local header and data, and the entry of the directory."""
    data = PACK[method](TEXT)
    fields = struct.pack("<2HI", 0, 0x5264, zlib.crc32(TEXT))
    sizes = struct.pack("<2I", len(data), len(TEXT))
    flags = 8 if streamed else 0
    extra = struct.pack("<2H2Q", 1, 16, ONES64, ONES64) if streamed else b""
    local = b"PK\3\4" + struct.pack("<3H", 45, flags, method)
    local += fields + (struct.pack("<2I", ONES32, ONES32) if streamed
                       else sizes)
    local += struct.pack("<2H", len(name), len(extra)) + name + extra + data
    if streamed:
        local += b"PK\7\x08" + struct.pack(
            "<I2Q", zlib.crc32(TEXT), len(data), len(TEXT))
    entry = b"PK\1\2" + struct.pack("<4H", 0x314, 45, flags, method)
    entry += fields + sizes + struct.pack(
        "<5H2I", len(name), 0, 0, 0, 0, 0o100644 << 16, offset % WRAP) + name
    return local, entry


def end_record(count, size, offset):
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size,
                       offset % WRAP, 0)


def streamed(path):
    """As SharpZipLib up to 1.3.3 writes it."""
    first, one = member(b"a.txt", 0, streamed=True)
    second, two = member(b"d/b.txt", len(first), streamed=True)
    path.write_bytes(first + second + one + two + end_record(
        2, len(one + two), len(first + second)))


def wrapped(path, far=WRAP + 5000):
    """As macOS's Archive Utility writes it, with a hole for large members."""
    first, one = member(b"a.txt", 0)
    second, two = member(b"d/b.txt", far)
    third, three = member(b"d/c.txt", far + WRAP, method=archives.BZIP2)
    with open(path, "wb") as file:
        file.write(first)
        file.seek(far)
        file.write(second)
        file.seek(far + WRAP)
        file.write(third + one + two + three)
        file.write(end_record(3, len(one + two + three),
                              far + WRAP + len(third)))


def behind(path, more=b"\r\n"):
    archives.write(path, {"a.txt": TEXT, "d/b.txt": TEXT})
    with open(path, "ab") as file:
        file.write(more)


def installer(path):
    """A program that unpacks itself, and a stray newline."""
    archives.write(path, {"a.txt": TEXT, "d/b.txt": TEXT})
    path.write_bytes(b"#!/bin/sh\nexec unzip $0\n" + path.read_bytes() + b"\n")


KINDS = {
    "installer": (installer, "bytes-behind"),
    "streamed": (streamed, None),
    "wrapped": (wrapped, "offsets-wrap"),
    "newline": (behind, "bytes-behind"),
    "64 KiB": (lambda path: behind(path, archives.noise(65536)),
               "bytes-behind"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_read(tmp, kind):
    """Both codings, ranges, listing, check and explain."""
    make, word = KINDS[kind]
    root = tmp / "www"
    root.mkdir()
    make(root / "a.wwz")
    archives.age(root / "a.wwz")
    with harness.running(harness.Responder(tmp, root)) as responder:
        with responder.client() as client:
            names = ["a.txt", "d/b.txt"] + ["d/c.txt"] * (kind == "wrapped")
            for name in names:
                for accept in ("identity", "gzip"):
                    got = client.ask(
                        f"/a.wwz/{name}", headers=[("Accept-Encoding", accept)])
                    body = got.body
                    if got.get("Content-Encoding") == "gzip":
                        body = zlib.decompress(body, 31)
                    assert got.status == 200 and body == TEXT, got
                got = client.ask(
                    f"/a.wwz/{name}", headers=[("Range", "bytes=4000-4009")])
                assert got.status == 206 and got.body == TEXT[4000:4010]
            listing = client.ask("/a.wwz/d/-wwz-index?format=json")
            shown = [e["name"] for e in json.loads(listing.body)["entries"]]
            assert shown == [name[2:] for name in names[1:]]
    done = subprocess.run([harness.WWZ, "check", "--json", root / "a.wwz"],
                          check=False, capture_output=True, text=True)
    assert done.returncode == 0, done
    assert word is None or f'"{word}"' in done.stdout, done
    done = subprocess.run(
        [harness.WWZ, "explain", "--root", root, "/a.wwz/a.txt"],
        check=False, capture_output=True, text=True)
    assert done.returncode == 0 and "200" in done.stdout, done


def test_too_many_bytes_behind(tmp):
    root = tmp / "www"
    root.mkdir()
    behind(root / "a.wwz", bytes(65537))
    archives.age(root / "a.wwz")
    with harness.running(harness.Responder(tmp, root)) as responder:
        responder.journal.expect("warn archive-damaged .*no end record")
        with responder.client() as client:
            assert client.ask("/a.wwz/a.txt").status == 500


def test_inner_archive_of_a_cut_one(tmp):
    """A file that was cut behind an archive inside is not that archive."""
    root = tmp / "www"
    root.mkdir()
    archives.write(root / "inner.zip", {"a.txt": b"inner"})
    archives.write(root / "a.wwz", {
        "inner.zip": ((root / "inner.zip").read_bytes(), archives.STORED),
        "a.txt": (archives.noise(5000), archives.STORED)})
    os.truncate(root / "a.wwz", 4000)
    archives.age(root / "a.wwz")
    with harness.running(harness.Responder(tmp, root)) as responder:
        responder.journal.expect("warn archive-damaged .*a member of another one, which has no end")
        with responder.client() as client:
            assert client.ask("/a.wwz/a.txt").status == 500


def test_count_modulo(tmp):
    """The end record counts modulo 65,536 beside a zip64 record."""
    root = tmp / "www"
    root.mkdir()
    path = root / "a.wwz"
    with zipfile.ZipFile(path, "w") as z:
        for number in range(65540):
            z.writestr(zipfile.ZipInfo(f"{number}"), b"")
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\5\6")
    assert struct.unpack_from("<2H", data, at + 8) == (0xFFFF, 0xFFFF)
    struct.pack_into("<2H", data, at + 8, 4, 4)
    path.write_bytes(data)
    archives.age(path)
    with harness.running(harness.Responder(tmp, root)) as responder:
        with responder.client() as client:
            assert check_members(client, "/a.wwz", path, {"65539"}) == 1


def test_deflate64(tmp):
    """Who packed it is told how to pack it."""
    path = harness.TOP / "testdata/hostile/method-deflate64.wwz"
    done = subprocess.run([harness.WWZ, "check", path], check=False,
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert "Deflate64" in done.stdout and "repack it" in done.stdout, done


def test_compare_libzip(tmp):
    """scripts/compare-libzip is content with what both read alike, and fails
    for a difference that it does not explain."""
    script = harness.TOP / "scripts/compare-libzip"
    streamed(tmp / "a.zip")
    archives.write(tmp / "b.zip", {"b.txt": TEXT, "empty": b""})
    done = subprocess.run([script, tmp], check=False, capture_output=True,
                          text=True)
    assert done.returncode == 0, done
    assert "2 archives, 2 read alike" in done.stdout
    (tmp / "c.zip").write_bytes(
        (harness.TOP / "testdata/hostile/a3-name.wwz").read_bytes())
    done = subprocess.run([script, tmp], check=False, capture_output=True,
                          text=True)
    assert done.returncode == 1, done
    assert "c.zip: only libzip reads 1 of 2\n    NOT EXPLAINED" in done.stdout
