"""Ranges far inside large deflated members: from access points, which the first
pass leaves behind."""

import os
import random
import struct
import subprocess
import threading
import zlib

import pytest

import archives
import harness
import sozips

MIB = 1 << 20
SIZE = 7 * MIB + 12345


@pytest.fixture(scope="module")
def text():
    return archives.text(SIZE, seed=5)


@pytest.fixture(scope="module")
def prepared(module_tmp, text):
    return archives.write(
        module_tmp / "large", {"build.log": text, "next.txt": "next"})


@pytest.fixture
def large(root, serve, prepared):
    os.link(prepared, root / "x.wwz")
    return serve("--threads", "4")


def ask_range(client, first, last, path="/x.wwz/build.log"):
    return client.ask(path, headers=[("Range", f"bytes={first}-{last}")])


def check_range(client, text, first, last):
    got = ask_range(client, first, last)
    assert got.status == 206, f"{first}-{last}: {got}"
    assert got.body == text[first : last + 1], f"{first}-{last}: other bytes"


@pytest.mark.threads
def test_random_ranges(large, text):
    """Eight readers from the first moment on, before there are points."""
    faults = []

    def read(seed):
        chance = random.Random(seed)
        try:
            with large.client() as client:
                for _ in range(12):
                    first = chance.randrange(len(text))
                    size = chance.choice([1, 100, 65536, 3 * MIB])
                    check_range(
                        client, text, first,
                        min(first + size, len(text)) - 1)
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)

    readers = [threading.Thread(target=read, args=[i]) for i in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert not faults, faults[0]


def test_several_ranges(large, text):
    """Of one request, with a gap of megabytes between."""
    with large.client() as client:
        for _ in range(2):
            got = client.ask("/x.wwz/build.log", headers=[
                ("Range", f"bytes=0-9,{5 * MIB}-{5 * MIB + 9},-10")])
            assert got.status == 206, got
            for part in (text[:10], text[5 * MIB : 5 * MIB + 10], text[-10:]):
                assert b"\r\n\r\n" + part + b"\r\n--" in got.body


def test_whole_after_ranges(large, text):
    """What is sent whole begins at the beginning, and is checked."""
    with large.client() as client:
        check_range(client, text, SIZE - 100, SIZE - 1)
        assert client.ask("/x.wwz/build.log").body == text


def test_reader_that_leaves(large, text):
    """A pass that was given up leaves what it has found."""
    with large.client() as client:
        client.send(client.request("/x.wwz/build.log"))
        client.receive(2 * MIB)
    with large.client() as client:
        check_range(client, text, SIZE - 100, SIZE - 1)
        check_range(client, text, 3 * MIB, 3 * MIB + 100)


def test_replaced(root, large, text):
    """Points go with the archive that they were made of."""
    with large.client() as client:
        check_range(client, text, SIZE - 100, SIZE - 1)
        other = text[::-1]
        archives.write(root / "new", {"build.log": other})
        (root / "new").rename(root / "x.wwz")
        check_range(client, other, SIZE - 100, SIZE - 1)
        check_range(client, other, 4 * MIB, 4 * MIB + 100)


def test_damaged(root, serve, text):
    """Bytes before the damage are sent, none behind it; none at all once it is
    known."""
    archives.write(root / "x.wwz", {"build.log": text})
    at = archives.data_offset(root / "x.wwz", "build.log")
    packed = len(archives.raw_deflate(text))
    with open(root / "x.wwz", "r+b") as file:
        file.seek(at + packed * 3 // 4)
        file.write(b"\xff" * 64)
    responder = serve()
    responder.allow("^warn member-damaged ")
    with responder.client() as client:
        check_range(client, text, 3 * MIB, 3 * MIB + 100)
    with responder.client() as client:
        client.send(client.request(
            "/x.wwz/build.log", headers=[("Range", "bytes=-100")]))
        got = client.read_response()
        assert got is None or not got.ended, got
    with responder.client() as client:
        got = client.ask("/x.wwz/build.log",
                         headers=[("Range", "bytes=3145728-3145828")])
        assert got.status == 500, got


def test_memory(root, serve, text):
    """With little memory there are no points, and the bytes are right."""
    archives.write(root / "x.wwz", {"build.log": text})
    responder = serve("--max-memory", "20K")
    with responder.client() as client:
        for first in (SIZE - 100, 3 * MIB, 5 * MIB, 0):
            check_range(client, text, first, first + 99)


PIECE = 16 * MIB
PIECES = 260


@pytest.mark.skipif(
    harness.SANITIZED, reason="4 GiB take a sanitizer minutes")
def test_beyond_4_gib(root, serve):
    """One deflate stream, the same piece again and again, which is small."""
    piece = archives.text(1 << 13, seed=9) * (PIECE >> 13)
    size = PIECE * PIECES
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    end = b"\x03\x00"
    crc = 0
    for _ in range(PIECES):
        crc = zlib.crc32(piece, crc)
    write_huge(root / "x.wwz", packed, PIECES, end, size, crc)
    responder = serve()
    with responder.client() as client:
        reads = []
        for first in (size - 100, size - PIECE - 50, (1 << 32) - 50, 12345):
            before = responder.bytes_read()
            got = ask_range(client, first, first + 99)
            reads.append(responder.bytes_read() - before)
            want = (piece * 2)[first % PIECE :][:100]
            assert got.status == 206, got
            assert got.body == want, f"{first}: other bytes"
        assert sum(reads[1:]) * 20 < reads[0], reads


def write_huge(path, packed, count, end, size, crc):
    """A zip64 archive of one member, packed count times and end."""
    name = b"build.log"
    total = len(packed) * count + len(end)
    extra = struct.pack("<HHQQ", 1, 16, size, total)
    common = struct.pack(
        "<HHHHHIIIHH", 45, 0, 8, 0, 0x5221, crc, 0xFFFFFFFF, 0xFFFFFFFF,
        len(name), len(extra))
    with open(path, "wb") as file:
        file.write(b"PK\3\4" + common + name + extra)
        for _ in range(count):
            file.write(packed)
        file.write(end)
        start = file.tell()
        file.write(b"PK\1\2" + struct.pack("<H", 45) + common)
        file.write(struct.pack("<HHHII", 0, 0, 0, 0, 0) + name + extra)
        length = file.tell() - start
        file.write(
            b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, length, start, 0))


def sozip_root(root, text, **options):
    sozips.write(root / "x.wwz", "build.log", text, **options)


def check_reads_little(root, serve, text):
    """The first touch reads nothing of what lies between: it is spoilt."""
    at = archives.data_offset(root / "x.wwz", "build.log")
    with open(root / "x.wwz", "r+b") as file:
        file.seek(at + 100_000)
        file.write(b"\xff" * 1000)
    responder = serve()
    with responder.client() as client:
        for first in (SIZE - 100, 3 * MIB, 5 * MIB + 7, 600_000):
            check_range(client, text, first, min(first + 70_000, SIZE) - 1)


def test_index_in_the_archive(root, serve, text):
    sozip_root(root, text)
    check_reads_little(root, serve, text)


@pytest.mark.parametrize("descriptor", [False, True])
def test_index_and_points(root, serve, text, descriptor):
    """Ranges, whole, and lines go well together."""
    sozip_root(root, text, descriptor=descriptor)
    responder = serve()
    with responder.client() as client:
        check_range(client, text, SIZE - 100, SIZE - 1)
        assert client.ask("/x.wwz/build.log").body == text
        check_range(client, text, 3 * MIB, 3 * MIB + 100)
        got = client.ask("/x.wwz/build.log/-wwz-log?tail=1")
        assert got.status == 200
        assert b">Lines 1 to 1 of 1," in got.body


WRONG_INDEXES = {
    "one byte off": lambda o: [n + 1 for n in o],
    "all the same": lambda o: [o[0]] * len(o),
    "backwards": lambda o: o[::-1],
    "zero": lambda o: [0] * len(o),
    "huge": lambda o: [(1 << 64) - 1] * len(o),
    "behind the data": lambda o: [*o[:-1], o[-1] + (1 << 20)],
    "in the middle of chunks": lambda o: [n + 500 for n in o],
    "shifted by a chunk": lambda o: [*o[1:], o[-1] + 5],
    "too few": lambda o: o[:-3],
    "none": lambda o: [],
    "each second one wrong": lambda o: [
        n + (i % 2) * 3 for i, n in enumerate(o)],
}


@pytest.mark.parametrize("name", WRONG_INDEXES)
def test_wrong_index(root, serve, text, name):
    """Right bytes, from the beginning if need be."""
    sozip_root(root, text, change=WRONG_INDEXES[name])
    responder = serve()
    with responder.client() as client:
        for first in (SIZE - 100, 3 * MIB, 5 * MIB + 7, 600_000):
            check_range(client, text, first, min(first + 70_000, SIZE) - 1)


def test_index_of_our_packer(tmp, root, serve, text):
    """What `wwz pack` made seekable."""
    (tmp / "tree").mkdir()
    (tmp / "tree/build.log").write_bytes(text)
    subprocess.run(
        [harness.WWZ, "pack", "-q", tmp / "tree", root / "x.wwz"],
        check=True)
    check_reads_little(root, serve, text)
