"""Sets of ranges: by chance, and as other servers test them, each read by a
reader of Range (RFC 9110, 14.2) that has nothing in common with the program."""

import contextlib
import email.parser
import email.policy
import gzip
import random
import re

import pytest

import archives
import harness
import sozips

MIB = 1 << 20
LARGE = archives.text(3 * MIB + 77, 1)
COSTLY = MIB  # one that is inflated gives parts only in the order they lie in
PARTS_MAX = 32  # README: more than that, joined, are answered with the whole

# The content of each, and how it lies in its archive.
CONTENT = {
    "stored.bin": (archives.noise(5000, 2), archives.STORED),
    "deflated.bin": (archives.text(5000, 3), archives.DEFLATED),
    "bzip2.bin": (archives.text(300_000, 4), archives.BZIP2),
    "empty.bin": (b"", archives.STORED),
    "one.bin": (b"1", archives.STORED),
    "large.bin": (LARGE, archives.DEFLATED),
}
IDENTITY, GZIP = [], [("Accept-Encoding", "gzip, identity;q=0")]
REPRESENTATIONS = {
    "stored": ("/x.wwz/stored.bin", IDENTITY),
    "deflated": ("/x.wwz/deflated.bin", IDENTITY),
    "gzip": ("/x.wwz/deflated.bin", GZIP),
    "bzip2": ("/x.wwz/bzip2.bin", IDENTITY),
    "seekable": ("/s.wwz/seekable.bin", IDENTITY),
    "empty": ("/x.wwz/empty.bin", IDENTITY),
    "one byte": ("/x.wwz/one.bin", IDENTITY),
    "large": ("/x.wwz/large.bin", IDENTITY),
}
SETS = 120


def steps(starts):
    """Ranges of two bytes."""
    return "bytes=" + ",".join(f"{n}-{n + 1}" for n in starts)


def single(places):
    """Ranges of one byte."""
    return ",".join(f"{n}-{n}" for n in places)


# From other servers' own tests: the size of the body, Range, and the first and
# last bytes of the parts, or the status.  Comments name the cases where a server
# differs from the standard or from wwz.
TABLES = {
    "Go": [
        (11, "bytes=0-4", [(0, 4)]),
        (11, "bytes=2-", [(2, 10)]),
        (11, "bytes=-5", [(6, 10)]),
        (11, "bytes=3-7", [(3, 7)]),
        (11, "bytes=20-", 416),
        (11, "bytes=0-0,-2", [(0, 0), (9, 10)]),
        (11, "bytes=0-1,5-8", [(0, 1), (5, 8)]),
        (11, "bytes=0-1,5-", [(0, 1), (5, 10)]),
        (11, "bytes=5-1000", [(5, 10)]),
        (11, "bytes=0-,1-,2-,3-,4-", [(0, 10)]),  # Go: 200, more than there is
        (11, "bytes=0-9", [(0, 9)]),
        (11, "bytes=0-10", [(0, 10)]),
        (11, "bytes=0-11", [(0, 10)]),
    ],
    "Tomcat": [
        # Tomcat answers 416 to a field that is not a range; the standard allows
        # ignoring it.
        (957, "bytes", 200),
        (957, "bytes=", 200),
        (957, "unknown", 200),
        (957, "unknown=", 200),
        (957, "bytes=-", 200),
        (957, "bytes=10-b", 200),
        (957, "bytes=b-10", 200),
        (957, "bytes 1-10", 200),
        (957, "bytes1-10", 200),
        (957, "bytes10-", 200),
        (957, "bytes-10", 200),
        (957, "bytes=1000-2000", 416),
        (957, "unknown=1-2", 200),
        (957, "bytesX=1-2", 200),
        (957, "Xbytes=1-2", 200),
        (957, "bytes=0-9", [(0, 9)]),
        (957, "bytes=0-9,10-10", [(0, 10)]),  # Tomcat: two parts
        (957, "bytes=-100", [(857, 956)]),
        (957, "bytes=100-", [(100, 956)]),
        (957, "bytes=0-1000", [(0, 956)]),
        (957, "bytes=-1000", [(0, 956)]),
    ],
    "Jetty": [
        # Jetty answers 416 to a field that is not a range, and only Jetty takes
        # spaces inside.
        (200, "bytes=a-b", 200),
        (200, "byte=10-3", 200),
        (200, "onceuponatime=5-10", 200),
        (200, "bytes=300-310", 416),
        (50, "bytes=5-20,35-65", [(5, 20), (35, 49)]),
        (50, "bytes=5-20,35-65,-5", [(5, 20), (35, 49)]),
        (200, "bytes=5-20,15-25", [(5, 25)]),
        (200, "bytes=5-10,15-20", [(5, 10), (15, 20)]),
        (200, "bytes=5-10,15-20" + ",5-10,15-20" + 6 * ",5-10",
         [(5, 10), (15, 20)]),
        (200, "bytes=5-15,20-30,10-25", [(5, 30)]),
        (200, "bytes=20-30,5-15,0-5,25-35", [(20, 35), (0, 15)]),
        (200, "bytes=90-100, 10-20, 30-40, -161", [(30, 199), (10, 20)]),
        (500, "bytes=50-", [(50, 499)]),
        (200, "bytes=5-10", [(5, 10)]),
        (200, "bytes=-5", [(195, 199)]),
        (120, "bytes=50-150", [(50, 119)]),
        (120, "bytes=50-", [(50, 119)]),
        (120, "bytes= 1 - 50", 200),
        (500, "bytes=1-50,1-b,a-50", 200),
        (500, "bytes=a-b", 200),
        (500, "bytes=", 200),
        (500, "bytes=0F-FF", 200),
        (500, "bytes=1-50\t90-101\t200-250", 200),
        (500, "bytes=1-50;90-101;200-250", 200),
        (500, "bytes=50-1", 200),
        (500, "bytes=1--20", 200),
        (500, "bytes=1---", 200),
        (500, "bytes=050-001", 200),
    ],
    "lighttpd": [
        # After ten parts, lighttpd drops those that are out of order.
        (1, "bytes=0-0", [(0, 0)]),
        (2, "bytes=0-1", [(0, 1)]),
        (1000, steps(range(12)), [(0, 12)]),
        (1000, steps([*range(1, 9), 0]), [(0, 9)]),
        (1000, steps(range(9, -1, -1)), [(0, 10)]),
        (1000, steps(range(10, -1, -1)), [(0, 11)]),
        (1000, steps([*range(1, 12), 0]), [(0, 12)]),
        (10_000, "bytes=0-1," + single(range(100, 1200, 100)),
         [(0, 1), *((n, n) for n in range(100, 1200, 100))]),
        (10_000, f"bytes={single(range(100, 1200, 100))},0-100",
         [(0, 100), *((n, n) for n in range(200, 1200, 100))]),
    ],
    "send": [
        (9, "bytes=0-4", [(0, 4)]),
        (9, "items=0-4", 200),
        (9, "bytes=0-0", [(0, 0)]),
        (9, "bytes=2-5", [(2, 5)]),
        (9, "bytes=-3", [(6, 8)]),
        (9, "bytes=3-", [(3, 8)]),
        (9, "bytes=2-3", [(2, 3)]),
        (9, "bytes=2-50", [(2, 8)]),
        (9, "bytes=9-50", 416),
        (9, "asdf", 200),
        (9, "bytes=1-1,3-", [(1, 1), (3, 8)]),  # send: 200, no parts
        (9, "bytes=1-2,3-5", [(1, 5)]),
    ],
    "nginx": [
        # nginx answers 416 to a field that is not a range, and parts that touch
        # one by one.
        (1000, "bytes=0-8", [(0, 8)]),
        (1000, "bytes=-10", [(990, 999)]),
        (1000, "bytes=990-", [(990, 999)]),
        (1000, "bytes=990-1990", [(990, 999)]),
        (1000, "bytes=0-9, -10, 10-19", [(0, 19), (990, 999)]),
        (1000, "bytes=0-9, -10, 100000-, 10-19", [(0, 19), (990, 999)]),
        (1000, "bytes=0-9, -10", [(0, 9), (990, 999)]),
        (1000, "bytes=0-9, -10, 10000-", [(0, 9), (990, 999)]),
        (1000, "bytes=100000-", 416),
        (1000, "bytes=alpha", 200),
        (1000, "bytes=10-alpha", 200),
        (1000, "bytes=10", 200),
        (1000, "bytes=10-11 12-", 200),
        (1000, "bytes=0-10001", [(0, 999)]),
        (1000, "bytes=0-10001, 0-0", [(0, 999)]),  # nginx: 200
        # range_clearing
        (8, "bytes=0-4", [(0, 4)]),
        (8, "bytes=0-2,4-", [(0, 2), (4, 7)]),
        (8, "bytes=1000-", 416),
    ],
    # wwz's promises about many parts, and the largest numbers.
    "many": [
        (10_000, f"bytes={single(range(0, 64, 2))}",
         [(n, n) for n in range(0, 64, 2)]),
        (10_000, f"bytes={single(range(0, 66, 2))}", 200),
        (10_000, f"bytes={single(range(1000))}", [(0, 999)]),
        (10_000, f"bytes={single(range(0, 2000, 2))}", 200),
        (10_000, "bytes=" + 1000 * "-1,", [(9999, 9999)]),
        (10_000, f"bytes={single(range(20_000, 21_000))}", 416),
        (10_000, f"bytes={2**64 - 1}-{2**64}", 416),
        (10_000, f"bytes=9999-{2**64}", [(9999, 9999)]),
        (10_000, f"bytes=-{10**40}", [(0, 9999)]),
    ],
}
SIZES = {size for rows in TABLES.values() for size, *_ in rows}


@pytest.fixture(scope="module")
def servers(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    archives.write(root / "x.wwz", CONTENT)
    archives.write(root / "tables.wwz", {
        f"{size}.bin": (archives.noise(size, size), archives.STORED)
        for size in SIZES})
    sozips.write(root / "s.wwz", "seekable.bin", LARGE)
    with harness.served(module_tmp, root) as served:
        yield served


@pytest.fixture
def client(servers):
    client = servers[1].client()
    yield client
    client.close()


def content_of(path):
    name = path.rpartition("/")[2]
    return LARGE if name == "seekable.bin" else CONTENT[name][0]


def read(field, size):
    """Sets of byte positions that the field asks for, in its order; None when
    it is no list of byte ranges."""
    unit, equals, listed = field.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    spans = []
    for part in filter(None, (part.strip(" \t") for part in listed.split(","))):
        match = re.fullmatch("([0-9]*)-([0-9]*)", part)
        if match is None or part == "-":
            return None
        # No body is so large that a larger position would be another.
        first, last = (min(int(word), 2**64 - 1) if word else None
                       for word in match.groups())
        if first is None:
            spans.append(range(max(0, size - last), size))
        elif last is None:
            spans.append(range(first, size))
        elif last < first:
            return None
        else:
            spans.append(range(first, min(last + 1, size)))
    return spans or None


def join(spans):
    """Those that overlap or are adjacent as one, where the first of them
    stood; and how many there were at most while the list was read."""
    groups, most = [], 0
    for span in filter(None, spans):
        touching = [at for at, group in enumerate(groups)
                    if group.start <= span.stop and span.start <= group.stop]
        all_of_it = [groups[at] for at in touching] + [span]
        one = range(min(part.start for part in all_of_it),
                    max(part.stop for part in all_of_it))
        if touching:
            groups[touching[0]] = one
            for at in reversed(touching[1:]):
                del groups[at]
        else:
            groups.append(one)
        most = max(most, len(groups))
    return groups, most


def wanted(field, size):
    """200, 416, or the parts of 206."""
    spans = read(field, size)
    if spans is None:
        return 200
    parts, most = join(spans)
    if not parts:
        # The end of an empty body can be sent: it is the whole.
        return 200 if size == 0 and any(
            re.fullmatch(r"\s*-0*[1-9]\d*\s*", part)
            for part in field.partition("=")[2].split(",")) else 416
    return 200 if most > PARTS_MAX else parts


def parts_of(got):
    """(Content-Range, bytes) of each part of an answer with several."""
    kind = got.get("Content-Type")
    head = f"MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        head + got.body)
    assert message.get_content_type() == "multipart/byteranges", got
    assert not message.defects, message.defects
    return [(part["Content-Range"], part.get_payload(decode=True))
            for part in message.iter_parts()]


def check(got, field, form, costly=False):
    """got is the answer to field of these bytes."""
    size = len(form)
    want = wanted(field, size)
    if costly and isinstance(want, list) and want != sorted(
            want, key=lambda part: part.start):
        want = 200
    if want == 200:
        whole = got.body == form  # pytest would look for the difference
        assert got.status == 200 and whole, f"{field}: {got}"
        assert got.get("Content-Range") is None, f"{field}: {got}"
    elif want == 416:
        assert got.status == 416, f"{field}: {got}"
        assert got.get("Content-Range") == f"bytes */{size}", f"{field}: {got}"
    else:
        assert got.status == 206, f"{field}: {got}"
        parts = [(got.get("Content-Range"), got.body)]
        if len(want) > 1:
            parts = parts_of(got)
        same = parts == [
            (f"bytes {part.start}-{part.stop - 1}/{size}",
             form[part.start : part.stop]) for part in want]
        assert same, f"{field}: {got}"
    if got.status in (200, 206):
        assert got.get("Content-Length") == str(len(got.body)), got


def position(chance, size):
    return chance.choice([
        0, 1, size - 1, size, size + 1, 2**63, 2**64, 10**30,
        chance.randrange(size + 2), chance.randrange(size + 2)])


def part(chance, size):
    """One range, mostly small, sometimes past the end, sometimes nonsense."""
    first = max(0, position(chance, size))
    last = first + chance.choice([0, 1, 10, 100, 3000])
    return chance.choice([
        f"{first}-{last}", f"{first}-{last}", f"{first}-{last}",
        f"{first}-{max(0, position(chance, size))}",
        f"{first}-", f"-{max(0, position(chance, size))}",
        f"-{chance.randrange(50)}", f"00{first}-00{last}",
        chance.choice(["", " ", f"\t{first}-{last} "]),
        chance.choice(["-", "x", f"{last + 1}-{first}", f"{first}--{last}"])
        if chance.random() < 0.1 else f"{first}-{last}"])


def random_sets(seed, size):
    chance = random.Random(seed)
    for _ in range(SETS):
        parts = [part(chance, size)
                 for _ in range(chance.choice([1, 1, 2, 3, 8, 40]))]
        yield chance.choice(["bytes", "bytes", "Bytes", "bytes "]) + "=" \
            + chance.choice([",", ", ", " ,\t"]).join(parts)


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_by_chance(client, name):
    path, fields = REPRESENTATIONS[name]
    form = content_of(path)
    if fields is GZIP:
        got = client.ask(path, headers=GZIP)
        assert gzip.decompress(got.body) == form, got
        form = got.body
    for field in random_sets(name, len(form)):
        got = client.ask(path, headers=[*fields, ("Range", field)])
        check(got, field, form, len(form) > COSTLY)


@pytest.mark.parametrize("server, row", [
    (server, row) for server, rows in TABLES.items() for row in rows],
    ids=lambda word: word if isinstance(word, str) else word[1][:30])
def test_tables(servers, server, row):
    size, field, want = row
    # Front ends take no field of more than 8 KiB.
    with contextlib.closing(servers[server != "many"].client()) as client:
        got = client.ask(f"/tables.wwz/{size}.bin", headers=[("Range", field)])
    opinion = wanted(field, size)
    if isinstance(want, list):
        opinion = [(part.start, part.stop - 1) for part in opinion]
    assert opinion == want
    check(got, field, archives.noise(size, size))
