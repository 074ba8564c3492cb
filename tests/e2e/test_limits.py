"""Descriptors, memory and archives that run out: requests fail with 503 or 500
at worst, the responder lives, and all is well again afterwards."""

import contextlib
import gzip
import json
import mmap
import os
import re
import resource
import socket
import struct

import pytest

import archives
import bombs
import faults
import harness
from faults import MEMBERS, REQUESTS, fault_of, plain, renew

MIB = 1 << 20


def peak(responder):
    """The most memory that it had at a time."""
    status = (harness.pathlib.Path("/proc") / str(responder.pid) / "status")
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) * 1024


def write_numbered(root, count):
    for number in range(count):
        archives.write(root / f"{number}.wwz", {"a.txt": str(number)})


def check_numbered(responder, count):
    """All of them are there."""
    with responder.client() as client:
        for number in range(count):
            got = client.ask(f"/{number}.wwz/a.txt")
            assert (got.status, got.body) == (200, str(number).encode()), (
                f"{number}: {got}")


ARCHIVES = 60


@pytest.fixture
def poor(root, serve):
    """A responder of 40 descriptors, and more archives than that."""
    write_numbered(root, ARCHIVES)
    return serve(
        "--threads", "2",
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (40, 40)))


@pytest.mark.threads
def test_more_archives_than_descriptors(poor):
    """Those of archives that nobody uses are taken for the next one."""
    for _ in range(2):
        check_numbered(poor, ARCHIVES)
    assert poor.descriptors() <= 40


@pytest.mark.threads
def test_more_peers_than_descriptors(poor):
    """As many as fit are served, 503 at worst; the others have their turn when
    those have gone."""
    poor.allow("^error accept-failed .*[Tt]oo many open files")
    poor.allow("^warn archive-unavailable ")
    check_numbered(poor, ARCHIVES)
    statuses = set()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(poor.client()) for _ in range(100)]
        for number, client in enumerate(clients):
            client.send(client.request(f"/{number % ARCHIVES}.wwz/a.txt"))
        for client in clients[:20]:
            got = client.read_response()
            statuses.add(got.status)
            for number in range(5):
                statuses.add(client.ask(f"/{number}.wwz/a.txt").status)
        assert statuses <= {200, 503}, statuses
        for client in clients[:60]:
            client.close()
        for number, client in enumerate(clients[80:], 80):
            clients[number - 20].close()
            got = client.read_response()
            assert got.status in (200, 503), f"{number}: {got}"
    check_numbered(poor, ARCHIVES)
    lines = len(poor.lines())
    assert lines < 500, f"{lines} lines in the log"


@pytest.mark.threads
def test_peers_leave_room_again(poor):
    """A quarter of the descriptors stays for archives, each time that more peers
    come than there is room for."""
    for _ in range(2):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(poor.client()) for _ in range(100)]
            for client in clients:
                client.send(client.request("/0.wwz/a.txt"))
            for client in clients[:20]:
                assert client.read_response().status == 200
            assert poor.descriptors() <= 36
        harness.wait_until(poor.at_rest, "they have gone")


@pytest.mark.threads
def test_few_archives(root, serve):
    """--max-archives 2: what is in use stays open, all else is closed."""
    content = archives.noise(2 * MIB)
    for number in range(20):
        archives.write(root / f"{number}.wwz", {
            "a.txt": str(number),
            "big.bin": (content + b"%d" % number, archives.STORED)})
    responder = serve("--max-archives", "2", "--threads", "2")
    with responder.client() as client:
        assert client.ask("/0.wwz/a.txt").status == 200
        before = responder.descriptors()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(responder.client()) for _ in range(20)]
        for number, client in enumerate(clients):
            client.send(client.request(f"/{number}.wwz/big.bin"))
        starts = [client.read_record()[2] for client in clients]
        check_numbered(responder, 20)
        for number, client in enumerate(clients):
            got = client.read_response(start=starts[number])
            assert got.ended and got.body == content + b"%d" % number, got
    harness.wait_until(
        lambda: responder.descriptors() <= before + 2, "files are closed")


@pytest.mark.skipif(os.geteuid() != 0, reason="root reads everything")
def test_failures_push_out_nothing(root, serve):
    """A thousand names that may not be opened close no archive that is."""
    write_numbered(root, 2)
    locked = root / "locked"
    locked.mkdir(mode=0o700)
    responder = serve("--max-archives", "2", "--threads", "2")
    responder.expect("^warn archive-forbidden .*locked", times=1000)
    maps = harness.pathlib.Path(f"/proc/{responder.pid}/maps")

    def mapped():
        return [line for line in maps.read_text().splitlines()
                if ".wwz" in line]

    check_numbered(responder, 2)
    before = mapped()
    assert len(before) == 2, before
    with responder.client() as client:
        for n in range(1000):
            assert client.ask(f"/locked/{n}.wwz/a.txt").status == 403
    # The same mappings: none was closed, and opened again.
    assert mapped() == before
    check_numbered(responder, 2)


@pytest.mark.threads
def test_little_memory(root, serve):
    """--max-memory bounds what the indexes take together: 20 of 4 MB each."""
    bombs.write_many(root / "0.wwz", [b"%d" % i for i in range(60_000)])
    for number in range(1, 20):
        os.link(root / "0.wwz", root / f"{number}.wwz")
    responder = serve("--max-memory", "8M", "--threads", "2")
    with responder.client() as client:
        assert client.ask("/0.wwz/59999").status == 200
        before = peak(responder)
        for _ in range(2):
            for number in range(20):
                got = client.ask(f"/{number}.wwz/59999")
                assert got.status == 200, f"{number}: {got}"
    grown = peak(responder) - before
    room = 512 if harness.SANITIZED else 24
    assert grown < room * MIB, f"{grown / MIB:.0f} MiB more"


@pytest.mark.threads
def test_large_directory(root, serve):
    """One that needs more than half of --max-memory is refused before it is
    read."""
    bombs.write_wide(root / "wide.wwz", 300)
    assert (root / "wide.wwz").stat().st_blocks * 512 < 32 * MIB
    archives.write(root / "good.wwz", {"a.txt": "good"})
    responder = serve("--threads", "2")
    responder.expect("^warn archive-too-large .*wide.wwz.*half of --max-mem")
    with responder.client() as client:
        assert client.ask("/good.wwz/a.txt").body == b"good"
        before = peak(responder)
        assert client.ask("/wide.wwz/a.bin").status == 500
        assert client.ask("/good.wwz/a.txt").body == b"good"
    grown = peak(responder) - before
    assert grown < 8 * MIB, f"{grown / MIB:.0f} MiB more"


@pytest.mark.parametrize(
    "method, mib", [(archives.BZIP2, 64), (archives.ZSTD, 256)])
def test_memory_of_rare_methods(root, serve, method, mib):
    """What is unpacked is not kept, however large."""
    bombs.write_rare_bomb(root / "x.wwz", method, mib)
    assert (root / "x.wwz").stat().st_size < 64 << 10
    archives.write(root / "good.wwz", {"a.txt": "good"})
    responder = serve("--threads", "2")
    with responder.client() as client:
        assert client.ask("/good.wwz/a.txt").body == b"good"
        before = peak(responder)
        got = client.ask("/x.wwz/zeros.bin")
        assert (got.status, len(got.body)) == (200, mib * MIB)
        assert got.body.count(0) == len(got.body)
    grown = peak(responder) - before
    room = 64 if harness.SANITIZED else 16
    assert grown < room * MIB, f"{grown / MIB:.0f} MiB more"


def counter(client, name):
    got = client.ask("/good.wwz/-wwz-status?format=json")
    return json.loads(got.body)[name]


def opened(client):
    """How many archives were opened, so far."""
    return counter(client, "archives_opened")


@pytest.mark.threads
def test_slow_readers_share(root, serve):
    """What slow readers hold is read once, counts, and is not closed for
    others, who are told to come again."""
    for name in ("one", "two", "three"):
        bombs.write_wide(root / f"{name}.wwz", 20)
    archives.write(root / "good.wwz", {"a.txt": "good"})
    responder = serve("--threads", "2", "--status", "--max-memory", "48M")
    with responder.client() as client, contextlib.ExitStack() as stack:
        assert client.ask("/good.wwz/a.txt").body == b"good"
        before, count = peak(responder), opened(client)
        slow = [stack.enter_context(responder.client()) for _ in range(10)]
        for number, reader in enumerate(slow):
            name = ("one", "two")[number % 2]
            reader.send(reader.request(f"/{name}.wwz/a.bin"))
            reader.read_record()
        responder.expect("^warn archive-unavailable .*three.wwz"
                         ".*all of --max-memory is in use", None)
        assert client.ask("/three.wwz/a.bin").status == 503
        assert client.ask("/one.wwz/a.bin", "HEAD").status == 200
        assert opened(client) == count + 2
        # Only archives that are being read are in the way of others.
        for reader in slow:
            reader.close()
        harness.wait_until(
            lambda: client.ask("/three.wwz/a.bin", "HEAD").status == 200,
            "three.wwz finds room")
        assert client.ask("/good.wwz/a.txt").body == b"good"
    grown = peak(responder) - before
    room = 512 if harness.SANITIZED else 64
    assert grown < room * MIB, f"{grown / MIB:.0f} MiB more"


def write_names(path, count):
    """So many names in one directory, without bytes behind them."""
    bombs.write_many(path, [b"%06d" % number for number in range(count)])


def begin_slowly(stack, responder, path, headers, count):
    """So many requests whose answers nobody reads beyond the head: the
    statuses, and their clients."""
    clients, statuses = [], []
    for _ in range(count):
        client = stack.enter_context(responder.client())
        # A small buffer: the response is not over when the head is here.
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(client.request(path, headers=headers, keep=False))
        kind = harness.STDERR
        while kind == harness.STDERR:
            kind, _, head = client.read_record()
        statuses.append(harness.parse_cgi(head).status)
        clients.append(client)
    return clients, statuses


HELD = {
    # The request, and how much memory one answer holds, at least and at most.
    "bzip2": ("/x.wwz/b.bin", 3 * MIB, 5 * MIB),
    "deflate": ("/x.wwz/d.bin", 100 << 10, 300 << 10),
    "by-size": ("/names.wwz/?sort=size", 1 * MIB, 3 * MIB),
    "log": ("/x.wwz/-wwz-log/d.log?from=1&lines=100000", 1 * MIB, 2 * MIB),
    "log-gz": ("/x.wwz/-wwz-log/e.log.gz?from=1&lines=100000", 1 * MIB,
               2 * MIB),
}


@pytest.mark.threads
@pytest.mark.parametrize("kind", HELD)
def test_responses_under_way_count(root, serve, kind):
    """What slow readers hold counts against half of --max-memory: one more
    is told to come again, and finds room when they have gone."""
    path, least, most = HELD[kind]
    # In lines, since the page of a log that is one line is over when it is made.
    text = b"\n".join(re.findall(rb"(?s).{1,149}", archives.text(3 * MIB)))
    archives.write(root / "x.wwz", {
        "b.bin": (archives.noise(3 * MIB), archives.BZIP2),
        "d.bin": archives.noise(3 * MIB), "d.log": text,
        "e.log.gz": (gzip.compress(text, 1), archives.STORED),
        "a.txt": "small", "small.bz2": ("small", archives.BZIP2)})
    write_names(root / "names.wwz", 65_000)
    archives.write(root / "good.wwz", {"a.txt": "other"})
    responder = serve("--threads", "2", "--max-memory", "40M", "--status")
    responder.expect("^warn memory-in-use .*(x|names).wwz.* half of --max-mem",
                     None)
    count = 20 * MIB // least + 2
    gzipped = [("Accept-Encoding", "gzip")]
    with responder.client() as client, contextlib.ExitStack() as stack:
        # The first time it is looked through, which takes a decoder.
        assert client.ask("/x.wwz/d.bin", headers=gzipped).status == 200
        clients, statuses = begin_slowly(stack, responder, path, (), count)
        held = statuses.count(200)
        assert set(statuses) == {200, 503}, statuses
        assert 20 * MIB // most - 1 <= held < count, held
        # Small answers, and data sent as they are stored, need none, and
        # archives have their own half.
        assert client.ask("/x.wwz/a.txt").body == b"small"
        assert client.ask("/x.wwz/small.bz2").body == b"small"
        assert client.ask("/good.wwz/a.txt").body == b"other"
        lent = counter(client, "memory_lent")
        assert held * least <= lent <= 20 * MIB, lent
        assert client.ask("/x.wwz/d.bin", headers=gzipped).status == 200
        for one in clients:
            one.close()
        harness.wait_until(lambda: client.ask(path).status == 200,
                           "there is room")
        harness.wait_until(lambda: counter(client, "memory_lent") == 0,
                           "it is given back")


@pytest.mark.threads
def test_one_response_always(root, serve):
    """With less --max-memory than a response needs there is one at a time."""
    archives.write(root / "x.wwz", {
        "b.bin": (archives.noise(3 * MIB), archives.BZIP2)})
    responder = serve("--threads", "2", "--max-memory", "20K")
    responder.expect("^warn memory-in-use .*x.wwz", None)
    with contextlib.ExitStack() as stack:
        clients, statuses = begin_slowly(
            stack, responder, "/x.wwz/b.bin", (), 3)
        assert statuses == [200, 503, 503]
        clients[0].close()
        client = stack.enter_context(responder.client())
        harness.wait_until(lambda: client.ask("/x.wwz/b.bin").status == 200,
                           "there is room")


class Control:
    """Tells failmalloc.c when to fail."""

    def __init__(self, path):
        path.write_bytes(bytes(12))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 12)

    def fail(self, call, all_of_them):
        struct.pack_into("iii", self.map, 0, call, all_of_them, 0)

    def over(self):
        """Fail no more; how many calls did."""
        _, _, failed = struct.unpack("iii", self.map[:12])
        self.fail(0, 0)
        return failed


@pytest.fixture(scope="module")
def failmalloc(module_tmp):
    return faults.library("failmalloc", module_tmp)


@pytest.fixture
def starved(tmp, root, serve, failmalloc):
    """A responder that can be made to run out of memory: and the control."""
    archives.write(root / "x.wwz", MEMBERS)
    control = Control(tmp / "control")
    responder = serve(
        "--threads", "1",
        env={**os.environ, "LD_PRELOAD": str(failmalloc),
             "FAILMALLOC": str(tmp / "control")})
    responder.allow("^(error|warn|info) ")
    return responder, control


@pytest.mark.skipif(
    harness.SANITIZED, reason="a sanitizer has an allocator of its own")
@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("all_of_them", [0, 1], ids=["once", "from-then-on"])
def test_memory_runs_out(root, starved, name, all_of_them):
    """The n-th call for memory fails, for every n that a request makes, the
    opening of the archive included: what is answered is right, cut, an error
    or nothing, and the next request is answered as if nothing had been."""
    responder, control = starved
    path, fields = REQUESTS[name]
    with responder.client() as client:
        wanted = client.ask(f"/x.wwz/{path}", headers=fields)
    call, failed = 0, 1
    while failed:
        call += 1
        renew(root)
        with responder.client() as client:
            # The connection's own memory is there already.
            assert client.ask("/none.wwz/", "HEAD").status == 404
            control.fail(call, all_of_them)
            client.send(client.request(
                f"/x.wwz/{path}", headers=fields, keep=False))
            try:
                got = client.read_response()
            except TimeoutError:
                got = "a connection that hangs"
            failed = control.over()
        what = f"{name}, call {call}"
        assert responder.process.poll() is None, f"{what}: it is dead"
        fault = fault_of(got, wanted)
        assert not fault, f"{what}: {fault}"
        with responder.client() as client:
            got = client.ask(f"/x.wwz/{path}", headers=fields)
            assert got.status == wanted.status, f"after {what}: {got}"
            assert plain(got) == plain(wanted), f"after {what}: {got}"
    assert call > 3, "nothing wanted memory"


@pytest.mark.skipif(
    harness.SANITIZED, reason="a sanitizer has an allocator of its own")
def test_memory_runs_out_for_connections(starved):
    """A connection that there is no memory for is closed."""
    responder, control = starved
    with responder.client() as client:
        assert client.ask("/x.wwz/a.txt").status == 200
    for call in range(1, 12):
        control.fail(call, 1)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            with responder.client() as client:
                client.send(client.request("/x.wwz/a.txt", keep=False))
                got = client.read_response()
                assert got is None or got.status in (200, 500, 503), got
        control.over()
        assert responder.process.poll() is None, f"call {call}: it is dead"
        with responder.client() as client:
            assert client.ask("/x.wwz/a.txt").body == b"small"


def size_of(responder):
    """Bytes of data that it has, when one request was answered."""
    with responder.client() as client:
        assert client.ask("/x.wwz/a.txt").body == b"small"
    status = harness.pathlib.Path("/proc") / str(responder.pid) / "status"
    return int(re.search(r"VmData:\s+(\d+)", status.read_text())[1]) * 1024


def hold(stack, responder, size, count):
    """count requests with so many bytes of parameters that lack their last
    byte: what each client, and its last byte, and those that are refused."""
    held, refused = [], []
    for _ in range(count):
        client = stack.enter_context(responder.client())
        whole = client.request(
            "/x.wwz/a.txt", headers=[("A", "a" * (size - 1000))])
        # A connection for which there is no memory at all is closed.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.send(whole[:-1])
        held.append((client, whole[-1:]))
    harness.wait_until(responder.at_rest, "everything has been read")
    for client, _ in held:
        client.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            with contextlib.suppress(ConnectionResetError):
                client.socket.recv(1, socket.MSG_PEEK)
            refused.append(client)
        client.socket.settimeout(harness.PATIENCE)
    return [one for one in held if one[0] not in refused], refused


def finish(held, refused):
    """Half requests get their answer when they are whole."""
    for client in refused:
        got = client.read_response()
        assert got is None or got.status == 503, got
    for client, rest in held:
        client.send(rest)
        got = client.read_response()
        assert got.status in (200, 503), got


@pytest.mark.skipif(
    harness.SANITIZED, reason="a sanitizer needs memory of its own")
def test_memory_runs_out_for_parameters(root, serve):
    """More half requests than there is memory for."""
    archives.write(root / "x.wwz", {"a.txt": "small"})
    needed = size_of(serve("--threads", "1"))
    responder = serve(
        "--threads", "1",
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_DATA, (needed, needed)))
    responder.allow("^(error|warn|info) ")
    with contextlib.ExitStack() as stack:
        held, refused = hold(stack, responder, 60_000, 40)
        assert held and refused, f"{len(held)} held, {len(refused)} refused"
        finish(held, refused)
    with responder.client() as client:
        assert client.ask("/x.wwz/a.txt").body == b"small"


def test_half_requests_share_memory(root, serve):
    """All half requests together have 64 MiB and what each connection has."""
    archives.write(root / "x.wwz", {"a.txt": "small"})
    responder = serve("--threads", "2")
    responder.allow("^warn no-memory ")
    before = peak(responder)
    with contextlib.ExitStack() as stack:
        held, refused = hold(stack, responder, 65_000, 1200)
        assert 900 < len(held) < 1150, f"{len(held)} held"
        assert len(held) + len(refused) == 1200
        with responder.client() as client:
            assert client.ask("/x.wwz/a.txt").body == b"small"
        if not harness.SANITIZED:
            assert peak(responder) - before < 100 << 20
        finish(held, refused)
    with responder.client() as client:
        assert client.ask("/x.wwz/a.txt").body == b"small"
