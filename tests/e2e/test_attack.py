"""Archives and peers that want time and memory: both stay bounded, and others
are served meanwhile."""

import bz2
import contextlib
import itertools
import json
import os
import random
import select
import socket
import zlib

import pytest

import archives
import bombs
import harness

TWO_THREADS = ["--threads", "2"]

MIB = 1 << 20

# The most that memory may grow, whatever is requested; a sanitizer keeps freed
# memory.
ROOM = (512 if harness.SANITIZED else 64) * MIB


def peak(responder):
    """The most memory that it had at a time."""
    with open(f"/proc/{responder.pid}/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


@contextlib.contextmanager
def bounded(responder, room=ROOM):
    """Its memory does not grow by more than room."""
    before = peak(responder)
    yield
    grown = peak(responder) - before
    assert grown <= room, f"{grown / MIB:.0f} MiB more than before"


def comes_to_rest(responder):
    harness.wait_until(responder.at_rest, "it has nothing to do")


# What a decoder reads at a time; of a bomb that becomes 64 MiB.
INPUT = 64 << 10


def little_work(responder, peers, before=None):
    """From now on, and until there is nothing left to do, no more is inflated than
    is under way at a time for so many peers: input is read at most twice for each.
    A bomb is as long as 160 of these.  before: so much had been read."""
    if before is None:
        before = responder.bytes_read()
    comes_to_rest(responder)
    read = responder.bytes_read() - before
    assert read < 2 * INPUT * peers, f"{read} bytes for {peers}"


def find_tag(responder):
    """The bomb's tag is made of samples of 1 MiB, once for each thread that asks
    first."""
    with responder.client() as client:
        assert client.ask("/x.wwz/zeros.bin", method="HEAD").status == 200


def answers(responder, path="/good.wwz/a.txt", count=5):
    """It does, whatever else is asked of it."""
    for _ in range(count):
        with responder.client() as client:
            got = client.ask(path, keep=False)
        assert got.status == 200, got


def drain(client, check=None):
    """Read an answer and forget it: its head, and how long the body was."""
    head, size, ended = b"", 0, False
    while not ended and (got := client.read_record()) is not None:
        kind, _, content = got
        if kind == harness.STDOUT and b"\r\n\r\n" not in head:
            head += content
            size = len(head.partition(b"\r\n\r\n")[2])
        elif kind == harness.STDOUT:
            size += len(content)
        ended = kind == harness.END
    return harness.parse_cgi(head), size, ended


@pytest.fixture
def good(root):
    archives.write(root / "good.wwz", {"a.txt": "good"})


@pytest.fixture
def responder(serve, good):
    return serve(*TWO_THREADS)


def test_bomb_is_made_on_the_way(root, responder):
    """All of it is sent, in memory that does not depend on its size."""
    crc = 0
    for _ in range(100):
        crc = zlib.crc32(bytes(MIB), crc)
    bombs.write_bomb(root / "x.wwz", 100, crc)
    assert (root / "x.wwz").stat().st_size < 150_000
    with bounded(responder), responder.client() as client:
        client.send(client.request("/x.wwz/zeros.bin"))
        head, size, ended = drain(client)
        assert (head.status, size, ended) == (200, 100 * MIB, True), head
    with bounded(responder), responder.client() as client:
        head = client.ask("/x.wwz/zeros.bin",
                          headers=[("Accept-Encoding", "gzip")])
        assert len(head.body) < 150_000, head


@pytest.mark.parametrize("size", [(1 << 64) - 1, 1 << 63])
def test_sizes_whose_sum_is_small(root, responder, size):
    """Two parts of a content so large that their sum begins anew at 0."""
    content = random.Random(1).randbytes(200_000)
    data = bz2.compress(content)
    about = (b"a.bin", 12, zlib.crc32(content), len(data), size)
    front = bombs.header(*about) + data
    directory = bombs.entry(*about, 0)
    (root / "x.wwz").write_bytes(
        front + directory + bombs.end(1, len(directory), len(front)))
    responder.expect("member-damaged .*larger than any file")
    with responder.client() as client:
        got = client.ask("/x.wwz/a.bin", headers=[("Range", "bytes=0-9,11-")])
    assert got.status == 500, got
    answers(responder)


BIG = 10_000  # MiB, of an archive of 10 MB


@pytest.fixture(scope="module")
def big_bomb(module_tmp):
    path = module_tmp / "bomb"
    bombs.write_bomb(path, BIG)
    assert path.stat().st_size < 11_000_000
    return path


def has_all(client):
    """The answer to its one request lies there to the end."""
    with contextlib.suppress(BlockingIOError):
        came = client.socket.recv(
            4 * MIB, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return came[-16:-8] == harness.record(harness.END, 1, bytes(8))[:8]
    return False


RANGES = {
    "all of it": None,
    "the last byte": "bytes=-1",
    "a large end": "bytes=5000000000-",
    "many places": "bytes=" + ",".join(
        f"{9_000_000_000 + at * 1000}-{9_000_000_000 + at * 1000 + 1}"
        for at in range(20)),
    "beyond 64 KiB": "bytes=9000000000-9000100000",
}


@pytest.mark.parametrize("part", RANGES)
def test_bomb_holds_no_thread(root, responder, big_bomb, part):
    """Whatever part of it is asked for, others are served, and when those who
    asked have gone, the work is over."""
    os.link(big_bomb, root / "x.wwz")
    find_tag(responder)
    headers = [("Range", RANGES[part])] if RANGES[part] else []
    clients = []
    with bounded(responder), contextlib.ExitStack() as stack:
        for _ in range(6):
            client = stack.enter_context(responder.client())
            client.send(client.request("/x.wwz/zeros.bin", headers=headers))
            clients.append(client)
        for client in clients:
            harness.wait_until(
                lambda c=client: harness.taken(c), "the request is taken")
        answers(responder)
        assert not [c for c in clients if has_all(c)], "they were first"
        for client in clients:
            client.close()
        little_work(responder, len(clients))


@pytest.mark.parametrize("over", ["unix", "tcp"])
def test_bomb_for_a_peer_that_has_gone(root, serve, good, big_bomb, over):
    """It has read all that was sent, so nothing but its end can be heard."""
    os.link(big_bomb, root / "x.wwz")
    listen = f"127.0.0.1:{harness.free_port()}" if over == "tcp" else None
    responder = serve(*TWO_THREADS, listen=listen)
    with responder.client() as client:
        client.send(client.request(
            "/x.wwz/zeros.bin", headers=[("Range", "bytes=-1")]))
        kind, _, content = client.read_record()
        assert kind == harness.STDOUT and content.endswith(b"\r\n\r\n")
    little_work(responder, 1)
    answers(responder)


def test_bomb_for_peers_that_do_not_read(root, responder, big_bomb):
    """Nothing is made that nobody takes."""
    os.link(big_bomb, root / "x.wwz")
    find_tag(responder)
    before = responder.bytes_read()
    with bounded(responder), contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(responder.client())
            client.send(client.request("/x.wwz/zeros.bin"))
            harness.wait_until(
                lambda: harness.taken(client), "the request is taken")
        little_work(responder, 20, before)
        answers(responder)


def test_quoted_bomb(root, responder):
    """10 MB that claim terabytes: listed, begun and given up."""
    path = root / "x.wwz"
    total = bombs.write_quoted(path, 20_000, 5_000)
    assert path.stat().st_size < 11_000_000 and total > 90 << 40
    with bounded(responder):
        with responder.client() as client:
            got = client.ask("/x.wwz/-wwz-index?format=json")
            sizes = [row["size"] for row in json.loads(got.body)["entries"]]
            assert sum(sizes) == total, f"{sum(sizes)}, not {total}"
        for number in (0, 1, 10_000, 19_999):
            with responder.client() as client:
                name = f"/x.wwz/{number:06d}.bin"
                client.send(client.request(name))
                kind, _, content = client.read_record()
                assert kind == harness.STDOUT and b"200" not in content[:20]
                client.receive(MIB)
        answers(responder)
    comes_to_rest(responder)


# So few that they are ready long before, however slow the way to them is.
LONG, HOT = 20, 8


def want_last_bytes(stack, responder, paths):
    """A connection for each path, from clients of as many addresses."""
    clients = []
    for number, path in enumerate(paths):
        client = stack.enter_context(responder.client())
        client.send(client.request(
            path, headers=[("Range", "bytes=-1")],
            REMOTE_ADDR=f"192.0.2.{number}"))
        clients.append(client)
    return clients


def answered(clients):
    """How many of them have an answer."""
    return len(select.select([c.socket for c in clients], [], [], 0)[0])


@pytest.mark.parametrize("method", [archives.BZIP2, archives.DEFLATED])
def test_last_bytes(root, serve, method):
    """A byte at the end of large members, of many archives: pages that cost
    nothing are answered long before, and when nobody waits for the byte any
    more nothing is done for it."""
    mib = 3 if method == archives.BZIP2 else 40
    content = archives.text(MIB) * mib
    archives.write(root / "0.wwz", {"m.bin": content}, method)
    for number in range(1, LONG):
        os.link(root / "0.wwz", root / f"{number}.wwz")
    archives.write(root / "good.wwz", {"a.txt": "good"})
    responder = serve(*TWO_THREADS)
    paths = [f"/{number}.wwz/m.bin" for number in range(LONG)]
    with contextlib.ExitStack() as stack:
        clients = want_last_bytes(stack, responder, paths)
        with responder.client() as client:
            for _ in range(HOT):
                assert client.ask("/good.wwz/a.txt").body == b"good"
        done = answered(clients)
        assert done < LONG / 2, f"{done} were answered before"
        for other in clients[1:]:
            other.close()
        got = clients[0].read_response()
        assert (got.status, got.body) == (206, content[-1:]), got
    comes_to_rest(responder)


@pytest.mark.parametrize("method", [archives.BZIP2, archives.DEFLATED])
def test_last_byte_of_one(root, serve, method):
    """Those who want a byte at the end of one member share the search for it,
    and so does who comes later."""
    content = archives.text(MIB) * (4 if method == archives.BZIP2 else 40)
    archives.write(root / "x.wwz", {"m.bin": content}, method)
    size = (root / "x.wwz").stat().st_size
    responder = serve(*TWO_THREADS)
    with contextlib.ExitStack() as stack:
        before = responder.bytes_read()
        clients = want_last_bytes(stack, responder, ["/x.wwz/m.bin"] * LONG)
        for client in clients:
            got = client.read_response()
            assert (got.status, got.body) == (206, content[-1:]), got
        for client in want_last_bytes(stack, responder, ["/x.wwz/m.bin"] * 3):
            assert client.read_response().body == content[-1:]
    read = responder.bytes_read() - before
    # A request is small compared with it.
    assert size <= read < 2 * size + 100_000, f"{read} of {size} bytes"


MILLION = 1_000_000


@pytest.fixture(scope="module")
def million(module_tmp):
    """A responder, and an archive that it has not opened yet."""
    root = module_tmp / "www"
    root.mkdir()
    bombs.write_many(root / "x.wwz", [b"d/%07d" % i for i in range(MILLION)])
    archives.write(root / "good.wwz", {"a.txt": "good"})
    responder = harness.Responder(module_tmp, root, *TWO_THREADS)
    with harness.running(responder):
        yield responder


def misses(client, form):
    """A request for one name after another that is not there."""
    numbers = itertools.count(1, 9999)
    def ask():
        assert client.ask(form.format(next(numbers))).status == 404
    return ask


def test_million_members(million):
    """Opened and listed without squares of their number (which would take
    hours), names looked up as in a small archive, in memory in proportion: 16 bytes a member beyond the directory's copy, and nothing for a listing
    but its order."""
    index = (million.root / "x.wwz").stat().st_size + 16 * MILLION
    with bounded(million, index + ROOM):
        with million.client() as client:
            assert client.ask("/x.wwz/d/0999999").status == 200
        # The first name that is missing wants the names in order.
        with million.client() as client:
            client.send(client.request("/x.wwz/missing"))
            answers(million)
            assert client.read_response().status == 404
        with million.client() as client:
            for missing in ["d/{:07d}.css", "d/{:07d}/", "d{}/"]:
                dear = harness.ratio(
                    misses(client, "/x.wwz/" + missing),
                    misses(client, "/good.wwz/" + missing))
                assert dear < 20, f"{missing}: {dear:.0f} times"
        with million.client() as client:
            client.send(client.request("/x.wwz/d/?sort=size&order=desc"))
            answers(million, count=2)
            head, size, ended = drain(client)
            assert head.status == 200 and ended, head
            assert size > 100 * MILLION, f"{size} bytes"


def test_million_rows_for_nobody(million):
    for _ in range(5):
        with million.client() as client:
            client.send(client.request("/x.wwz/d/?sort=size"))
            client.read_record()
    comes_to_rest(million)
    answers(million)


def test_million_rows_for_slow_peers(million):
    """Those that do not read hold no more than their connection."""
    with million.client() as client:
        assert client.ask("/x.wwz/missing").status == 404
    with bounded(million), contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(million.client())
            client.send(client.request("/x.wwz/d/"))
            client.read_record()
        answers(million)


def test_common_prefixes(root, responder):
    """200,000 names of which only the last bytes differ."""
    prefix = b"same/" * 50
    bombs.write_many(
        root / "x.wwz", [prefix + b"%06d" % i for i in range(200_000)])
    size = (root / "x.wwz").stat().st_size
    directory = prefix.decode().rstrip("/")
    with bounded(responder, size + 16 * 200_000 + ROOM):
        with responder.client() as client:
            assert client.ask(f"/x.wwz/{directory}/199999").status == 200
        with responder.client() as client:
            client.send(client.request(f"/x.wwz/{directory}/?format=json"))
            head, size, ended = drain(client)
            assert head.status == 404 or ended, head
            client.send(client.request(
                f"/x.wwz/{directory}/-wwz-index?format=json"))
            head, size, ended = drain(client)
            assert (head.status, ended) == (200, True), head


def test_long_names(root, responder):
    """Names of 65,535 bytes, which differ in the last one: listed; one that
    fits a request is served."""
    long = b"n" * 65_534
    names = [long + b"%c" % byte for byte in range(97, 123)]
    bombs.write_many(root / "x.wwz", [*names, b"m" * 20_000])
    with bounded(responder), responder.client() as client:
        assert client.ask("/x.wwz/" + "m" * 20_000).status == 200
        got = client.ask("/x.wwz/?format=json")
        shown = [row["name"] for row in json.loads(got.body)["entries"]]
        assert shown == ["m" * 20_000, *(name.decode() for name in names)]
        client.send(client.request("/x.wwz/" + names[0].decode()))
        got = client.read_response()
        assert got.status == 431, got


def test_deep_directories(root, responder):
    """As deep as a request can say, the listing is in proportion to that."""
    deep = "a/" * 14_000
    bombs.write_many(root / "x.wwz", [deep.encode() + b"f"])
    with bounded(responder), contextlib.ExitStack() as stack:
        for path in (f"{deep}-wwz-index", deep, f"{deep}?format=json"):
            client = stack.enter_context(responder.client())
            client.send(client.request(
                f"/x.wwz/{path}", REQUEST_URI="", SCRIPT_NAME="",
                QUERY_STRING=path.partition("?")[2]))
            head, size, ended = drain(client)
            assert (head.status, ended) == (200, True), head
            assert size < 4 * MIB, f"{size} bytes for {len(path)}"


@pytest.mark.parametrize("count", [65_535, 65_536, 65_537])
def test_count_modulo_65536(root, responder, count):
    """An end record of 16 bits counts modulo 65,536: all members are there,
    as most writers without zip64 mean it."""
    bombs.write_many(
        root / "x.wwz", [b"%d" % i for i in range(count)], zip64=False)
    with responder.client() as client:
        got = client.ask("/x.wwz/?format=json")
        assert len(json.loads(got.body)["entries"]) == count, got
        assert client.ask(f"/x.wwz/{count - 1}").status == 200


def test_repeated_fields(root, serve):
    """A field that is sent again and again, to peers that then do not read,
    takes memory in proportion to what was sent."""
    archives.write(
        root / "x.wwz",
        {"a.bin": (archives.noise(8 * MIB), archives.STORED)})
    archives.write(root / "good.wwz", {"a.txt": "good"})
    responder = serve(*TWO_THREADS)
    fields = [("Range", "x")] * 4_000
    with bounded(responder), contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(responder.client())
            client.send(client.request("/x.wwz/a.bin", headers=fields))
            kind, _, content = client.read_record()
            assert b"Status" not in content[:200], content[:200]
        answers(responder)


def half_parameters():
    begin = harness.record(harness.BEGIN, 1, bytes([0, 1, 1]) + bytes(5))
    return begin + harness.record(harness.PARAMS, 1, b"x" * 60_000)


def small_records():
    begin = harness.record(harness.BEGIN, 1, bytes([0, 1, 1]) + bytes(5))
    one = harness.record(harness.PARAMS, 1, b"\1", pad=255)
    return begin + one * 1_000


def unknown_records():
    return harness.record(42, 0, b"x" * 65_000) * 100


def other_requests():
    """Records of requests that were never begun."""
    return harness.record(harness.STDIN, 7, b"x" * 65_000) * 100


def long_parameter():
    """One whose length is announced as 2 GiB."""
    begin = harness.record(harness.BEGIN, 1, bytes([0, 1, 1]) + bytes(5))
    content = b"\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 1_000
    return begin + harness.stream(harness.PARAMS, 1, content) + harness.record(
        harness.STDIN, 1)


def megabytes():
    begin = harness.record(harness.BEGIN, 1, bytes([0, 1, 1]) + bytes(5))
    return begin + harness.record(harness.PARAMS, 1, b"x" * 65_000) * 100


@pytest.mark.parametrize(
    "what", [half_parameters, small_records, unknown_records, other_requests,
             long_parameter, megabytes], ids=lambda what: what.__name__)
def test_peers_that_send_nonsense(responder, what):
    """A hundred of them cost no more than their connections."""
    responder.allow("^(info|warn) ")
    data = what()
    with bounded(responder), contextlib.ExitStack() as stack:
        for _ in range(100):
            client = stack.enter_context(responder.client())
            client.socket.setblocking(False)
            with contextlib.suppress(OSError):
                client.socket.send(data)
        answers(responder)
    answers(responder)
    harness.wait_until(
        lambda: responder.descriptors() < 40, "connections are closed")
