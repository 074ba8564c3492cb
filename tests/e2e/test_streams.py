"""Nothing goes out as gzip, and ends as if it were complete, that is not one
whole deflate stream of the content that the directory describes."""

import contextlib
import gzip
import json
import shutil
import struct
import subprocess
import threading
import zlib

import pytest

import archives
import harness

SMALL = archives.text(5000)
# Longer than a member that is looked through before the answer, and sent in
# several slices.
LARGE = archives.noise(1_400_000) + archives.text(600_000)
GZIP = [("Accept-Encoding", "gzip")]
ONLY_GZIP = [("Accept-Encoding", "gzip, *;q=0")]


def archive(path, content, data, crc=None, size=None, method=8):
    """One member by this method, a.txt, with these data."""
    name = b"a.txt"
    fields = (
        20, 0, method, 0, 0x5264, zlib.crc32(content) if crc is None else crc,
        len(data), len(content) if size is None else size, len(name), 0)
    local = b"PK\3\4" + struct.pack("<5H3I2H", *fields) + name + data
    entry = struct.pack("<4sH5H3I2H", b"PK\1\2", 0x314, *fields)
    entry += struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, 0) + name
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry),
                      len(local), 0)
    path.write_bytes(local + entry + end)
    archives.age(path)


# The content is right, but no gzip file can be made of the data.
ODD = {
    "behind": lambda content: {"data": archives.raw_deflate(content) + b"more"},
    "no-end": lambda content: {"data": unended(content)},
    "two": lambda content: {
        "data": archives.raw_deflate(content) + archives.raw_deflate(b"")},
}

# The content is not what the directory says.
DAMAGED = {
    "crc": lambda content: {"data": archives.raw_deflate(content), "crc": 1},
    "short": lambda content: {
        "data": archives.raw_deflate(content), "size": len(content) + 1},
    "long": lambda content: {
        "data": archives.raw_deflate(content), "size": len(content) - 1,
        "crc": zlib.crc32(content[:-1])},
    "cut": lambda content: {"data": archives.raw_deflate(content)[:-40]},
    "bits": lambda content: {"data": flipped(archives.raw_deflate(content))},
}


def unended(content):
    """All bytes, flushed, but no last block."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(content) + deflate.flush(zlib.Z_SYNC_FLUSH)


def flipped(data):
    at = len(data) * 3 // 4
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:]


def is_whole_gzip(body, content):
    try:
        return gzip.decompress(body) == content
    except (OSError, EOFError, zlib.error):
        return False


@pytest.fixture
def responder(tmp):
    root = tmp / "www"
    root.mkdir()
    with harness.running(harness.Responder(tmp, root)) as one:
        yield one


def ask(responder, headers, method="GET"):
    with responder.client() as client:
        return client.ask("/a.wwz/a.txt", method, headers, keep=False)


@pytest.mark.parametrize("kind", ODD)
def test_small_odd(responder, kind):
    """The first answer, and each later one, is identity."""
    archive(responder.root / "a.wwz", SMALL, **ODD[kind](SMALL))
    responder.journal.expect("info member-odd .*member=a.txt ")
    for method in ("HEAD", "GET", "GET"):
        got = ask(responder, GZIP, method)
        assert got.status == 200 and got.get("Content-Encoding") is None
        assert got.get("Content-Length") == str(len(SMALL))
        assert method == "HEAD" or (got.body == SMALL and got.ended)
    assert ask(responder, ONLY_GZIP).status == 406
    part = ask(responder, [*GZIP, ("Range", "bytes=4990-")])
    assert part.status == 206 and part.body == SMALL[4990:]


@pytest.mark.parametrize("kind", ODD)
def test_large_odd(responder, kind):
    """The first answer as gzip is cut before its end, later ones are identity."""
    archive(responder.root / "a.wwz", LARGE, **ODD[kind](LARGE))
    responder.journal.expect("info member-odd .*member=a.txt ")
    responder.journal.expect("warn response-cut .*not seen to be a whole stream")
    got = ask(responder, GZIP)
    assert got.get("Content-Encoding") == "gzip"
    assert got.cut and not got.ended and len(got.body) > 1_000_000
    for headers in (GZIP, [("Accept-Encoding", "identity")]):
        got = ask(responder, headers)
        assert got.status == 200 and got.get("Content-Encoding") is None
        assert got.body == LARGE and got.ended


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("accept", ["gzip", "identity"])
def test_small_damaged(responder, kind, accept):
    """500, in both codings, each time and for HEAD, with a line that says why."""
    archive(responder.root / "a.wwz", SMALL, **DAMAGED[kind](SMALL))
    responder.journal.expect("warn member-damaged .*member=a.txt ", times=4)
    for method in "GET", "GET", "HEAD":
        got = ask(responder, [("Accept-Encoding", accept)], method)
        assert got.status == 500 and got.ended
    part = ask(responder, [("Range", "bytes=0-9")])
    assert part.status == 500 and b"<!DOCTYPE" in part.body


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("accept", ["gzip", "identity"])
def test_large_damaged(responder, kind, accept):
    """Cut, in both codings, with a line that says why; then 500."""
    archive(responder.root / "a.wwz", LARGE, **DAMAGED[kind](LARGE))
    responder.journal.expect("warn member-damaged .*member=a.txt ", times=4)
    responder.journal.allow("warn response-cut ")
    got = ask(responder, [("Accept-Encoding", accept)])
    assert got.status == 200 and got.cut and not got.ended
    assert not is_whole_gzip(got.body, LARGE)
    responder.journal.expect("warn member-damaged .*found .* before", times=3)
    for method in "HEAD", "GET", "HEAD":
        got = ask(responder, [("Accept-Encoding", accept)], method)
        assert got.status == 500 and got.ended


def test_large_right(responder):
    """Whole, part by part, and whole again: the parts of the first answer wait
    for the same look through the data."""
    archive(responder.root / "a.wwz", LARGE, archives.raw_deflate(LARGE))
    head = ask(responder, GZIP, "HEAD")
    tag, size = head.get("ETag"), int(head.get("Content-Length"))
    last = ask(responder, [
        *GZIP, ("Range", f"bytes={size - 100}-"), ("If-Range", tag)])
    assert last.status == 206
    for _ in range(2):
        got = ask(responder, GZIP)
        assert got.ended and is_whole_gzip(got.body, LARGE)
        assert got.get("ETag") == tag and got.body[-100:] == last.body
    parts = ask(responder, [
        *GZIP, ("Range", f"bytes=0-9,{size - 8}-"), ("If-Range", tag)])
    assert parts.status == 206 and got.body[:10] in parts.body


@pytest.mark.parametrize("part", ["-1", "0-10", "5-700000", "0-"])
def test_part_of_damaged(responder, part):
    """No part that was asked for first is finished either."""
    archive(responder.root / "a.wwz", LARGE, archives.raw_deflate(LARGE), 1)
    responder.journal.expect("warn member-damaged .*CRC-32")
    responder.journal.expect("warn response-cut ")
    tag = ask(responder, GZIP, "HEAD").get("ETag")
    got = ask(responder, [*GZIP, ("Range", f"bytes={part}"), ("If-Range", tag)])
    assert got.status == 206 and got.cut and not got.ended


def stored_blocks(content, first):
    """Two blocks at least, of other bytes for another first, but as many."""
    cuts = [0, *range(first, len(content), 40_000), len(content)]
    blocks = [content[a:b] for a, b in zip(cuts, cuts[1:])]
    return b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), ~len(block) & 0xFFFF)
        + block for block in blocks)


@pytest.mark.parametrize("size", [1, 100_000, 5_000_000])
def test_tag_of_other_bytes(responder, size):
    """Two encoders make other bytes of the same number: the tags differ, so that
    nobody joins them, whatever was asked before.  The same bytes in another
    archive have the same tag."""
    content, path = archives.noise(size + 1), responder.root / "a.wwz"
    one, other = (stored_blocks(content, first) for first in
                  ((30_000, 25_000) if size > 1 else (0, 1)))
    assert len(one) == len(other) and one != other
    tags = []
    for data, asked in (one, []), (other, [("If-None-Match", '"x"')]), (
            one, [("Accept-Encoding", "identity")]):
        archive(path, content, data)
        ask(responder, asked, "HEAD")
        head = ask(responder, GZIP, "HEAD")
        tags.append(head.get("ETag"))
        assert ask(responder, [*GZIP, ("If-None-Match", tags[-1])]).status == 304
        for tag in dict.fromkeys(tags):
            got = ask(responder, [
                *GZIP, ("Range", "bytes=10-"), ("If-Range", tag)])
            assert got.status == (206 if tag == tags[-1] else 200)
            assert got.get("ETag") == tags[-1]
            assert got.body[-8 - len(data):-8] == data
    assert tags[0] == tags[2] != tags[1]


def test_tag_of_other_archive(responder):
    """The same directory, size and date, and other bytes."""
    path, tags = responder.root / "a.wwz", []
    for first in 30_000, 25_000, 30_000:
        content = archives.noise(100_000)
        if path.exists():
            archives.wait_for_tick(path)
        archive(path, content, stored_blocks(content, first))
        archives.stamp(path)
        with responder.client() as client:
            got = client.ask("/a.wwz/-wwz-archive")
        assert got.body == path.read_bytes()
        tags.append(got.get("ETag"))
    assert tags[0] == tags[2] != tags[1]


def bad_streams(pack, content):
    """Files that no browser reads to their end as this coding."""
    whole = pack(content)
    middle = len(whole) // 2
    return {
        "cut": whole[:middle],
        "end cut off": whole[:-3],
        "bit": whole[:middle] + bytes([whole[middle] ^ 0x10])
        + whole[middle + 1:],
        "behind": whole + b"more",
        "twice": whole + whole,
    }


def tool(*command):
    return lambda data: subprocess.run(
        command, input=data, check=True, capture_output=True).stdout


# What packs, and what unpacks, a file with this suffix.
TOOLS = {
    "gz": (gzip.compress, gzip.decompress),
    "zst": (tool("zstd", "-cq"), tool("zstd", "-dcq")),
    "br": (tool("brotli", "-cq", "3"), tool("brotli", "-dc")),
}
CODING = {"gz": "gzip", "zst": "zstd", "br": "br"}


@pytest.mark.parametrize("outer", [archives.STORED, archives.DEFLATED])
@pytest.mark.parametrize("suffix", TOOLS)
def test_bad_files(responder, suffix, outer):
    """A packed file, or a sibling, that is no whole stream, is sent as a file, or
    not at all."""
    pack, unpack = TOOLS[suffix]
    accept = [("Accept-Encoding", CODING[suffix])]
    bad = bad_streams(pack, SMALL)
    whole = {"whole": pack(SMALL)}
    if suffix == "zst":
        whole["twice"] = bad.pop("twice")
    if suffix == "br":
        del bad["bit"]  # no checksum
    members = {}
    for kind, data in (bad | whole).items():
        members |= {f"{kind}.js.{suffix}": (data, outer),
                    f"{kind}.css.{suffix}": (data, outer),
                    f"{kind}.css": (SMALL, archives.STORED)}
    archives.write(responder.root / "a.wwz", members)
    archives.age(responder.root / "a.wwz")
    # What the first bytes show already is not looked through.
    responder.journal.expect("info member-odd .*behind.js", times=1)
    responder.journal.expect("info member-odd ", times=None)
    responder.journal.allow("warn member-damaged ")
    with responder.client() as client:
        for method in "HEAD", "GET", "GET":
            for kind, data in (bad | whole).items():
                got = client.ask(f"/a.wwz/{archives.url(kind)}.js.{suffix}",
                                 method, accept)
                coding = got.get("Content-Encoding")
                assert coding == (CODING[suffix] if kind in whole else None)
                assert method == "HEAD" or got.body == data, kind
                got = client.ask(
                    f"/a.wwz/{archives.url(kind)}.css", method, accept)
                assert got.status == 200
                coding = got.get("Content-Encoding")
                assert coding == (CODING[suffix] if kind in whole else None)
                assert method == "HEAD" or got.body == (
                    data if kind in whole else SMALL), kind
    assert unpack(whole["whole"]) == SMALL
    done = subprocess.run(
        [harness.WWZ, "check", "--json", responder.root / "a.wwz"],
        check=False, capture_output=True, text=True)
    told = {line["member"] for line in map(json.loads, done.stdout.splitlines())
            if line.get("word") == "coding-wrong"}
    assert told == {f"{kind}.{end}.{suffix}" for kind in bad
                    for end in ("js", "css")}, done


@pytest.mark.parametrize("outer", [archives.STORED, archives.DEFLATED])
@pytest.mark.parametrize("suffix", TOOLS)
@pytest.mark.parametrize("part", [None, "bytes=0-", "bytes=-1", "bytes=70000-"])
def test_large_bad_file(responder, suffix, outer, part):
    """The first answer is cut, the later ones are right."""
    data = bad_streams(TOOLS[suffix][0], LARGE)["behind"]
    archives.write(responder.root / "a.wwz", {
        f"a.js.{suffix}": (data, outer), f"b.css.{suffix}": (data, outer),
        "b.css": (SMALL, archives.STORED)})
    archives.age(responder.root / "a.wwz")
    responder.journal.expect("info member-odd ", times=2)
    responder.journal.expect("warn response-cut ", times=2)
    headers = [("Accept-Encoding", CODING[suffix])]
    for name, content in (f"a.js.{suffix}", data), ("b.css", SMALL):
        def get(*more, path=f"/a.wwz/{name}"):
            with responder.client() as client:
                return client.ask(path, headers=[*headers, *more], keep=False)
        with responder.client() as client:
            tag = client.ask(f"/a.wwz/{name}", "HEAD", headers).get("ETag")
        ranged = [("Range", part), ("If-Range", tag)] if part else []
        got = get(*ranged)
        assert got.status == (206 if part else 200) and got.cut
        assert got.get("Content-Encoding") == CODING[suffix]
        for _ in range(2):
            got = get()
            assert got.status == 200 and got.get("Content-Encoding") is None
            assert got.body == content


@pytest.mark.parametrize("outer", [archives.STORED, archives.DEFLATED])
@pytest.mark.parametrize("suffix", TOOLS)
def test_large_good_file(responder, suffix, outer):
    pack, unpack = TOOLS[suffix]
    data = pack(LARGE)
    archives.write(responder.root / "a.wwz", {
        f"a.js.{suffix}": (data, outer), f"b.css.{suffix}": (data, outer),
        "b.css": (SMALL, archives.STORED)})
    archives.age(responder.root / "a.wwz")
    headers = [("Accept-Encoding", CODING[suffix])]
    with responder.client() as client:
        for name in [f"a.js.{suffix}", "b.css"] * 2:
            got = client.ask(f"/a.wwz/{name}", headers=headers)
            assert got.get("Content-Encoding") == CODING[suffix]
            assert got.body == data and unpack(got.body) == LARGE


def test_bomb(responder):
    """A small file of much content is sent at once, and seen to its end once."""
    data = gzip.compress(bytes(50_000_000))
    assert len(data) < 1 << 20
    archives.write(responder.root / "a.wwz", {
        "a.js.gz": (data, archives.STORED)})
    archives.age(responder.root / "a.wwz")
    with responder.client() as client:
        for _ in range(2):
            got = client.ask("/a.wwz/a.js.gz", headers=GZIP)
            assert got.get("Content-Encoding") == "gzip" and got.body == data


def test_damaged_beside_a_sibling(responder):
    """What is wrong is refused, and the sibling is sent."""
    archives.write(responder.root / "a.wwz", {
        "a.css": (SMALL, archives.STORED),
        "a.css.gz": (gzip.compress(SMALL), archives.STORED)})
    archives.patch(responder.root / "a.wwz", "a.css", "crc", 1)
    archives.age(responder.root / "a.wwz")
    responder.journal.expect("warn member-damaged ", times=2)
    with responder.client() as client:
        for accept, status in (("gzip", 200), ("identity", 500), ("gzip", 200),
                               ("identity", 500)):
            got = client.ask(
                "/a.wwz/a.css", headers=[("Accept-Encoding", accept)])
            assert got.status == status, got


def test_many_at_once(responder):
    """Ten first requests; each is whole or, in the other archive, cut."""
    archive(responder.root / "a.wwz", LARGE, archives.raw_deflate(LARGE))
    answers = []

    def get():
        answers.append(ask(responder, GZIP))

    def all_at_once():
        threads = [threading.Thread(target=get) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    all_at_once()
    assert len(answers) == 10
    assert all(is_whole_gzip(got.body, LARGE) for got in answers)
    answers.clear()
    responder.journal.allow("warn (member-damaged .*(CRC-32|before)|response-cut)")
    archive(responder.root / "b.wwz", LARGE, archives.raw_deflate(LARGE), 1)
    (responder.root / "b.wwz").rename(responder.root / "a.wwz")
    all_at_once()
    assert len(answers) == 10
    assert all(got.status == 500 or (got.cut and not got.ended)
               for got in answers)


def test_behind_nginx(tmp):
    """A browser's view: what is damaged never comes as a complete answer."""
    root = tmp / "www"
    root.mkdir()
    archive(root / "a.wwz", SMALL, **ODD["behind"](SMALL))
    archive(root / "b.wwz", LARGE, **DAMAGED["crc"](LARGE))
    with harness.served(tmp, root) as (responder, nginx):
        responder.journal.expect("info member-odd ")
        responder.journal.expect("warn member-damaged ")
        responder.journal.expect("warn response-cut ")
        nginx.journal.allow("upstream|response-cut|member-")
        with contextlib.closing(nginx.client()) as client:
            got = client.ask("/a.wwz/a.txt", headers=GZIP)
            assert got.status == 200 and got.body == SMALL
        with contextlib.closing(nginx.client()) as client:
            assert client.ask("/b.wwz/a.txt", headers=GZIP).cut


def test_sibling_that_is_none(responder):
    """a.css.gz that is no gzip file is no form of a.css, but a file."""
    page = b"<!DOCTYPE html><title>Not Found</title>"
    archives.write(responder.root / "a.wwz", {
        "a.css": SMALL, "a.css.gz": page, "b.css": SMALL,
        "b.css.gz": gzip.compress(SMALL)}, archives.STORED)
    archives.age(responder.root / "a.wwz")
    with responder.client() as client:
        for _ in range(2):
            for method in ("HEAD", "GET"):
                got = client.ask("/a.wwz/a.css", method, GZIP)
                assert got.get("Content-Encoding") is None
                assert got.get("Content-Length") == str(len(SMALL))
            assert got.status == 200 and got.body == SMALL
            got = client.ask("/a.wwz/a.css.gz", headers=GZIP)
            assert got.status == 200 and got.body == page
            got = client.ask("/a.wwz/b.css", headers=GZIP)
            assert got.get("Content-Encoding") == "gzip"
            assert gzip.decompress(got.body) == SMALL


@pytest.mark.parametrize("kind", ODD)
def test_check_and_explain(tmp, kind):
    """An author is told, and it is no error."""
    path = tmp / "a.wwz"
    archive(path, SMALL, **ODD[kind](SMALL))
    done = subprocess.run([harness.WWZ, "check", path], check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done
    assert "never as gzip" in done.stdout and "libzip" not in done.stdout
    done = subprocess.run(
        [harness.WWZ, "explain", "--root", tmp, "--header",
         "Accept-Encoding: gzip", "/a.wwz/a.txt"],
        check=False, capture_output=True, text=True)
    assert "Content-Encoding" not in done.stdout, done
    assert "member-odd" in done.stdout + done.stderr, done


# A frame that is to be skipped, as seekable files have one at their end.
SKIPPED = b"\x5e\x2a\x4d\x18\4\0\0\0seek"


def zstd_members(content):
    """What a member by method 93 holds: its data, whether they are right as
    content coding, and other fields.  None: the content is wrong."""
    frame = TOOLS["zst"][0](content)
    half = len(content) // 2
    return {
        "right": (frame, True, {}),
        "two": (TOOLS["zst"][0](content[:half]) + TOOLS["zst"][0](
            content[half:]), True, {}),
        "skipped": (SKIPPED + frame + SKIPPED, True, {}),
        "behind": (frame + b"more", False, {}),
        "much behind": (frame + bytes(200_000), False, {}),
        "no checksum": (frame[:-4], False, {}),
        "checksum": (frame[:-1] + bytes([frame[-1] ^ 1]), None, {}),
        "cut": (frame[:len(frame) // 2], None, {}),
        "crc": (frame, None, {"crc": 1}),
        "short": (frame, None, {"size": len(content) + 1}),
        "long": (frame, None, {"size": len(content) - 1}),
        "garbage": (b"more" + frame, None, {}),
        "none": (b"", None, {}),
    }


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_zstd_members(responder, content):
    """Looked through as deflated ones are; odd data go out as identity only."""
    responder.journal.allow("info member-odd |warn (member-damaged|response-cut)")
    made = zstd_members(content)
    for kind, (data, _, fields) in made.items():
        archive(responder.root / f"{kind}.wwz", content, data, method=93,
                **fields)
    for kind, (data, fits, _) in made.items():
        url = f"/{archives.url(kind)}.wwz/a.txt"
        for times in range(2):
            for accept in "zstd", "identity":
                with responder.client() as client:
                    got = client.ask(
                        url, headers=[("Accept-Encoding", accept)], keep=False)
                if fits is None:
                    assert got.status == 500 or got.cut, (kind, got)
                elif accept == "zstd" and fits:
                    assert got.get("Content-Encoding") == "zstd"
                    assert (got.status, got.body) == (200, data), (kind, got)
                elif got.cut:
                    # The verdict on a large member comes with its end.
                    assert (content, accept, times) == (LARGE, "zstd", 0), kind
                else:
                    assert got.get("Content-Encoding") is None, kind
                    assert (got.status, got.body) == (200, content), (kind, got)


def test_wide_zstd_member(responder):
    """Browsers have a window of 8 MiB."""
    content = bytes(20 << 20)
    data = tool("zstd", "-cq", "--long=27")(content)
    archive(responder.root / "a.wwz", content, data, method=93)
    responder.journal.expect("info member-odd .*window", times=1)
    with responder.client() as client:
        assert client.ask("/a.wwz/a.txt").body == content
        got = client.ask("/a.wwz/a.txt", headers=[("Accept-Encoding", "zstd")])
        assert got.get("Content-Encoding") is None and got.body == content


def test_pages_that_nobody_has_read(responder):
    """To read such pages a thread gives up its post, within its turn, too: what is
    left of its work then is not forgotten, though nothing else happens."""
    content = archives.text(100_000) * 60  # many times what a turn takes
    archives.write(responder.root / "0.wwz", {"a.txt": content})
    for i in range(1, 12):
        shutil.copy(responder.root / "0.wwz", responder.root / f"{i}.wwz")
    answers = set()
    for i in range(12):
        with responder.client() as client:
            answers.add(client.ask(f"/{i}.wwz/a.txt", headers=GZIP).body)
    (answer,) = answers
    assert gzip.decompress(answer) == content
