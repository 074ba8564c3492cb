"""What any part of a large deflated log costs: the first touch, the end, places
at random, pages of lines, searches and jumps to errors; without an index in the
archive, and with one."""

import pathlib
import random
import statistics
import struct
import time
import zlib

import harness
import sozips
from cost import memory
from material import MANY
from report import number, table


MIB = 1 << 20
PIECE = 32 * MIB  # made and compressed once, and repeated
SMALL = 4 * MIB
PART = 64 * 1024
TIMES = 100
PASSES = 3  # of what goes through the whole log
NAME = b"build.log"


def lines(size, seed=1):
    """A log of so many bytes."""
    chance = random.Random(seed)
    words = ("build", "linking", "CC", "src/main.c", "warning:", "ok", "test",
             "passed", "in", "ms", "core", "module", "[info]", "running")
    some = "".join(
        f"2026-11-22T22:{i // 60 % 60:02}:{i % 60:02}.{i % 997:03}Z "
        f"{' '.join(chance.choices(words, k=chance.randint(4, 14)))} "
        f"{chance.getrandbits(64):x}\n" for i in range(min(size, PIECE) // 80 + 1)).encode()
    return (some * (size // len(some) + 1))[:size]


def write(path, piece, count, indexed):
    """An archive with a log of count pieces; its size, and that of its data."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed, starts = bytearray(), []
    for at in range(0, len(piece), sozips.CHUNK):
        starts.append(len(packed))
        packed += packer.compress(piece[at : at + sozips.CHUNK])
        packed += packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(count):
        crc = zlib.crc32(piece, crc)
    size, total = len(piece) * count, len(packed) * count + 2
    extra = struct.pack("<HHQQ", 1, 16, size, total)
    common = struct.pack(
        "<HHHHHIIIHH", 45, 0, 8, 0, 0x5B76, crc, 0xFFFFFFFF, 0xFFFFFFFF,
        len(NAME), len(extra)) + NAME + extra
    offsets = [len(packed) * i + at for i in range(count) for at in starts]
    with open(path, "wb") as file:
        file.write(b"PK\3\4" + common)
        for _ in range(count):
            file.write(packed)
        file.write(b"\3\0")
        if indexed:
            file.write(sozips.index(NAME, size, total, offsets[1:]))
        start = file.tell()
        file.write(b"PK\1\2" + struct.pack("<H", 45) + common[:-len(NAME + extra)]
                   + struct.pack("<HHHII", 0, 0, 0, 0, 0) + NAME + extra)
        length = file.tell() - start
        file.write(struct.pack(
            "<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, length, start, 0))
    return size, total


def asked(client, path, first, want):
    """How many ms a part takes; it is what it should be."""
    begun = time.monotonic()
    got = client.ask(path, headers=[
        ("Range", f"bytes={first}-{first + len(want) - 1}")])
    took = (time.monotonic() - begun) * 1000
    assert (got.status, got.body) == (206, want), f"{path} at {first}"
    return took


def paged(client, path, query, status=200, holds=b""):
    """How many ms a page of the log takes, or what leads to one."""
    begun = time.monotonic()
    got = client.ask(f"{path}/-wwz-log{query}")
    took = (time.monotonic() - begun) * 1000
    assert got.status == status and got.ended and holds in got.body, query
    return took


def inflated(path, size):
    """How many ms zlib takes for the whole log, as far as it is deflated."""
    unpacker = zlib.decompressobj(-15)
    done = 0
    begun = time.monotonic()
    with open(path, "rb") as file:
        file.seek(30 + len(NAME) + 20)
        while not unpacker.eof:
            done += len(unpacker.decompress(file.read(PART)))
    assert done == size
    return (time.monotonic() - begun) * 1000


def spread(values):
    values = sorted(values)
    return [number(statistics.median(values)),
            number(values[len(values) * 9 // 10]), number(values[-1])]


def measure(tmp, name, piece, count, indexed):
    root = tmp / f"log-{name}"
    root.mkdir()
    size, total = write(root / "x.wwz", piece, count, indexed)
    path, chance = "/x.wwz/build.log", random.Random(2)
    rows = []

    def add(what, *values):
        rows.append([name, what, *spread(values)])

    def at_random():
        first = chance.randrange(size - PART)
        want = (piece[first % len(piece) :] + piece)[:PART]
        return asked(client, path, first, want)

    command = [harness.WWZ, "serve", "--listen", f"unix:{root}/sock",
               "--root", root]
    with harness.running(harness.Process(
            name, root, command, root / "sock")) as process:
        process.allow("^warn running-as-root")
        with harness.FastCgi(root / "sock", root, 120) as client:
            end = size - PART
            add("first touch: the last 64 KiB",
                asked(client, path, end, piece[-PART:]))
            add("the last 64 KiB", *(asked(client, path, end, piece[-PART:])
                                     for _ in range(TIMES)))
            add("64 KiB at random", *(at_random() for _ in range(TIMES)))
            add("first page of lines, the last 2,000",
                paged(client, path, "?tail=2000"))
            total_lines = piece.count(b"\n") * count
            add("2,000 lines at random", *(
                paged(client, path, f"?from={chance.randrange(total_lines)}")
                for _ in range(TIMES)))
            add("search, 2,000 matches from the first line on", *(
                paged(client, path, "?q=warning&context=0",
                      holds=b"The first 2000 lines match")
                for _ in range(TIMES)))
            add("search, no match in the whole log", *(
                paged(client, path, "?q=no+such+text", holds=b">0 lines match")
                for _ in range(PASSES)))
            add("the same for a regular expression", *(
                paged(client, path, "?q=^no+such&re=1", holds=b">0 lines match")
                for _ in range(PASSES)))
            add("first jump to the last error, when there is none",
                paged(client, path, "?error=last", 303))
            add("the same once more", *(
                paged(client, path, "?error=last", 303) for _ in range(TIMES)))
            add("jump to the first error, when there is none", *(
                paged(client, path, "?error=first", 303) for _ in range(PASSES)))
            add("for comparison: zlib alone, the whole log", *(
                inflated(root / "x.wwz", size) for _ in range(PASSES)))
        resident = [memory(process.pid, kind) / 1024
                    for kind in ("VmHWM", "RssAnon")]
    return rows, size, total, resident


def log(running, page):
    whole = running.material.many == MANY
    piece = lines((PIECE if whole else SMALL) - 1) + b"\n"
    count = 32 if whole else 2
    rows, notes = [], []
    for name, indexed in (("without an index", False), ("with SOZip", True)):
        more, size, total, resident = measure(
            pathlib.Path(running.tmp), name.replace(" ", "-"), piece, count,
            indexed)
        rows += [[name, *row[1:]] for row in more]
        notes.append(f"{name}: at most {number(resident[0])} MiB resident, "
                     f"{number(resident[1])} not of files")
    page.add(
        f"A log of {number(size / MIB)} MiB, deflated to {number(total / MIB)}",
        table(["archive", "what", "ms, median", "9 of 10", "worst"], rows)
        + "\n\n" + "; ".join(notes) + ".")
