"""Connections: many, idle, slow, half open, broken; and the ways in which the
responder gets a socket and ends."""

import os
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

import pytest

import archives
import bombs
import harness

BIG = archives.noise(8 << 20)
SITE = {
    "a.txt": b"answer",
    "b.txt": archives.text(50_000),
    "big.bin": (BIG, archives.STORED),
    "zeros.bin": bytes(8 << 20),
}

# How long a request may take, whatever the other peers do.


@pytest.fixture(scope="module")
def prepared(module_tmp):
    return archives.write(module_tmp / "original", SITE)


@pytest.fixture
def root(tmp, prepared):
    path = tmp / "www"
    path.mkdir()
    os.link(prepared, path / "x.wwz")
    return path


def answers(responder, count=10):
    """New connections are answered."""
    for _ in range(count):
        with responder.client() as client:
            got = client.ask("/x.wwz/a.txt", keep=False)
        assert (got.status, got.body) == (200, b"answer"), got


class Crowd:
    """Clients that are closed together."""

    def __init__(self, responder, count):
        self.clients = [responder.client() for _ in range(count)]

    def __enter__(self):
        return self.clients

    def __exit__(self, *_):
        for client in self.clients:
            client.close()


@pytest.mark.threads
def test_idle_connections(serve):
    """A thousand that had an answer and keep the connection."""
    responder = serve("--threads", "2")
    with Crowd(responder, 1000) as clients:
        for client in clients:
            assert client.ask("/x.wwz/a.txt").body == b"answer"
        answers(responder)
        for client in clients[::10]:
            assert client.ask("/x.wwz/a.txt").body == b"answer"
    answers(responder)


@pytest.mark.threads
def test_silent_connections(serve):
    """A thousand that never said anything."""
    responder = serve("--threads", "2")
    with Crowd(responder, 1000):
        answers(responder)


@pytest.mark.threads
def test_half_requests(serve):
    """Two hundred that stop in the middle, each at another byte; they get
    their answer when the rest comes."""
    responder = serve("--threads", "2")
    with Crowd(responder, 200) as clients:
        whole = clients[0].request("/x.wwz/a.txt", body=b"body", keep=False)
        cuts = [1 + (len(whole) - 2) * i // 200 for i in range(200)]
        for client, cut in zip(clients, cuts):
            client.send(whole[:cut])
        answers(responder)
        for client, cut in list(zip(clients, cuts))[::10]:
            client.send(whole[cut:])
            got = client.read_response()
            assert (got.status, got.body) == (200, b"answer"), f"{cut}: {got}"
    answers(responder)


@pytest.mark.threads
def test_peers_that_read_nothing(serve):
    responder = serve("--threads", "2")
    with Crowd(responder, 200) as clients:
        for number, client in enumerate(clients):
            name = "zeros" if number % 2 else "big"
            client.send(client.request(f"/x.wwz/{name}.bin"))
        # Until each answer has begun, this is work and not waiting.
        for client in clients:
            assert client.socket.recv(1, socket.MSG_PEEK)
        answers(responder)
        got = clients[0].read_response()
        assert got.ended and got.body == BIG, got
    answers(responder)


@pytest.mark.threads
@pytest.mark.parametrize("over, size", [("unix", 8), ("tcp", 1)])
def test_small_writes(serve, over, size):
    """A request that comes a few bytes at a time."""
    listen = f"127.0.0.1:{harness.free_port()}" if over == "tcp" else None
    responder = serve("--threads", "2", listen=listen)
    with responder.client() as client:
        if over == "tcp":
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole = client.request("/x.wwz/a.txt", body=b"body")
        for i in range(0, len(whole), size):
            client.send(whole[i : i + size])
            if i % 50 == 0:
                harness.wait_until(responder.at_rest, "it has seen that")
        assert client.read_response().body == b"answer"
        assert client.ask("/x.wwz/a.txt").body == b"answer"


def record_cuts(whole):
    """Where a stream may be cut: around each record's header and its end."""
    at = 0
    while at < len(whole):
        size, pad = struct.unpack_from(">HB", whole, at + 4)
        yield from (at + 1, at + 7, at + 8, at + 8 + size // 2)
        at += 8 + size + pad
        yield at - 1


def test_cut_record(serve):
    """A peer that stops sending in the middle of a record, and closes its side:
    no answer, and nothing else happens."""
    responder = serve()
    with responder.client() as client:
        asked = harness.pairs([("FCGI_MPXS_CONNS", "")])
        question = harness.record(harness.GET_VALUES, 0, asked, 5)
        request = client.request("/x.wwz/a.txt", body=b"body")
    for whole in (question, request):
        for cut in sorted(set(record_cuts(whole)) - {len(whole)}):
            with responder.client() as client:
                client.send(whole[:cut])
                client.socket.shutdown(socket.SHUT_WR)
                assert client.receive(1) is None, f"an answer to {cut} bytes"
    answers(responder, 3)


@pytest.mark.parametrize("kind", ["question", "parameters", "body"])
def test_last_byte_is_late(serve, kind):
    """Nothing is made of a record before its last byte has come, though the
    connection was looked at in between."""
    responder = serve()
    with responder.client() as client:
        asked = harness.pairs([("FCGI_MPXS_CONNS", "")])
        whole = {
            "question": harness.record(harness.GET_VALUES, 0, asked, 0),
            "parameters": client.request("/x.wwz/a.txt")[:-16],
            "body": client.request("/x.wwz/a.txt", body=b"body"),
        }[kind]
        client.send(whole[:-1])
        answers(responder, 3)
        client.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.socket.recv(1)
        client.socket.settimeout(harness.PATIENCE)
        client.send(whole[-1:])
        if kind == "question":
            number, _, content = client.read_record()
            assert number == harness.GET_VALUES_RESULT
            assert harness.unpairs(content) == {"FCGI_MPXS_CONNS": "0"}
        else:
            if kind == "parameters":
                client.send(client.request("/x.wwz/a.txt")[-16:])
            assert client.read_response().body == b"answer"


@pytest.mark.parametrize("over", ["unix", "tcp"])
def test_largest_request_byte_by_byte(serve, over):
    """64 KiB of parameters and 64 KiB of body in as many writes."""
    listen = f"127.0.0.1:{harness.free_port()}" if over == "tcp" else None
    responder = serve(listen=listen)
    with responder.client() as client:
        if over == "tcp":
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fields = [("X-Filler", "f" * 1000)] * 63
        whole = client.request("/x.wwz/a.txt", headers=fields, body=bytes(1 << 16))
        for i in range(len(whole)):
            client.send(whole[i : i + 1])
        got = client.read_response()
        assert (got.status, got.body) == (200, b"answer"), got
        assert client.ask("/x.wwz/a.txt").body == b"answer"


HUGE = b"\xff\xff\xff\xff"
WRONG_PAIRS = {
    # Lengths whose sum is 0, or little, in 31 or 32 bits.
    "wraps": HUGE + b"\x80\0\0\1" + b"ab",
    "both huge": HUGE * 2,
    "name of 2 GiB": HUGE + b"\1a",
    "value of 2 GiB": b"\1" + HUGE + b"a",
    "one byte missing": b"\4\4NAMEVAL",
    "half a length": b"\1\1ab\x80\0",
    "a length alone": b"\7",
}


@pytest.mark.parametrize("kind", WRONG_PAIRS)
@pytest.mark.parametrize("where", ["parameters", "question"])
def test_wrong_lengths(serve, kind, where):
    """Lengths that promise more than there is end the connection, in one record
    or in several, and leave a line in the log."""
    responder = serve()
    responder.allow("^warn bad-request ")
    content = WRONG_PAIRS[kind]
    begin = harness.record(harness.BEGIN, 1, b"\0\1\1" + bytes(5))
    for size in (1, 3, 0xFFFF):
        if where == "parameters":
            stream = begin + harness.stream(harness.PARAMS, 1, content, size)
            stream += harness.record(harness.STDIN, 1)
        else:
            stream = harness.record(harness.GET_VALUES, 0, content)
        with responder.client() as client:
            client.send(stream)
            assert client.receive(1) is None
    answers(responder, 3)
    lines = [line for line in responder.lines() if "bad-request" in line]
    assert len(lines) == 3, lines


def test_hostile_values(serve):
    """Questions after names that are none of ours, many and long, and after
    ours again and again: a reply of one record that has each once at most."""
    responder = serve()
    ours = ["FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"]
    names = {
        "formats": ["%n%s" * 30, "%s" * 60],
        "long": ["A" * 65000],
        "almost": ["XFCGI_MPXS_CONNS", "FCGI_MPXS_CONNSX", "FCGI_MPXS_CONN", ""],
        "control characters": ["\0\n\r" * 40, "FCGI_MPXS_CONNS\0"],
        "again": ours * 1000,
    }
    with responder.client() as client:
        for kind, asked in names.items():
            content = harness.pairs((name, "v") for name in asked)
            client.send(harness.record(harness.GET_VALUES, 0, content))
            number, _, content = client.read_record()
            assert number == harness.GET_VALUES_RESULT
            values = harness.unpairs(content)
            assert set(values) == set(asked) & set(ours), f"{kind}: {values}"
            assert len(content) <= 120, f"{kind}: {len(content)} bytes"
        assert client.ask("/x.wwz/a.txt").body == b"answer"


def at_a_pace(attempt):
    """Do attempt(pause), where pause is shorter than a --timeout of 1 second; a
    failure counts when this side was not late, then or in the end."""
    for _ in range(10):
        late, last = False, time.monotonic()

        def look():
            nonlocal late, last
            late |= time.monotonic() - last > 0.9
            last = time.monotonic()

        def pause():
            time.sleep(0.25)
            look()

        try:
            return attempt(pause)
        except (AssertionError, AttributeError, OSError):  # None is no answer
            look()
            if not late:
                raise
    raise AssertionError("this side is late each time")


@pytest.mark.parametrize("over", ["unix", "tcp"])
def test_slow_reader(serve, over):
    """One that takes a little again and again is no reader that is stuck, though
    all that it takes for several times --timeout lay in the socket before."""
    listen = f"127.0.0.1:{harness.free_port()}" if over == "tcp" else None
    responder = serve("--timeout", "1", listen=listen)
    responder.allow("^info peer-timeout ")

    def read(pause):
        with responder.client() as client:
            client.send(client.request("/x.wwz/big.bin"))
            start = b""
            for _ in range(9):
                pause()
                start += client.socket.recv(48 << 10)
            # These bytes belong to records: put them back in front.
            rest = client.socket
            client.socket = Replayed(start, rest)
            got = client.read_response()
            client.socket = rest
            assert got.ended and got.body == BIG, got

    at_a_pace(read)


class Replayed:
    """A socket of which something was received already."""

    def __init__(self, start, rest):
        self.start = start
        self.rest = rest

    def recv(self, size):
        if not self.start:
            return self.rest.recv(size)
        part, self.start = self.start[:size], self.start[size:]
        return part


def test_slow_request(serve):
    """A request of which bytes come all the time may take longer than --timeout
    in all; so may what is drained behind a refusal."""
    responder = serve("--timeout", "1")
    responder.allow("^info peer-timeout ")

    def send(pause):
        with responder.client() as slow, responder.client() as drained:
            whole = slow.request("/x.wwz/a.txt", body=b"body")
            refused = drained.request("/x.wwz/a.txt", body=bytes(70_000))
            drained.send(refused[:-8])
            assert drained.read_response().status == 413
            step = len(whole) // 7 + 1
            for i in range(0, len(whole), step):
                pause()
                slow.send(whole[i : i + step])
                drained.send(bytes(1000))
            assert slow.read_response().body == b"answer"
            # And no longer than that if nothing comes.
            harness.wait_until(
                lambda: any("peer-timeout" in line
                            for line in responder.lines()),
                "what does not come is not waited for",
            )

    at_a_pace(send)


def test_timeout(serve):
    """A request that does not get whole, or an answer that is not taken, ends
    after --timeout; others live on."""
    responder = serve("--timeout", "1")
    responder.allow("^info peer-timeout ")
    answers(responder, 3)
    harness.wait_until(responder.at_rest, "it has closed these")
    before = responder.descriptors()
    with responder.client() as half, responder.client() as deaf:
        half.send(half.request("/x.wwz/a.txt")[:100])
        deaf.send(deaf.request("/x.wwz/big.bin"))
        assert half.receive(1) is None, "an answer to half a request"
        harness.wait_until(
            lambda: responder.descriptors() == before, "both are given up")
        got = deaf.read_response()
        assert got.cut and not got.ended, got
    answers(responder, 3)


def test_timeout_alone(serve):
    """Nobody else's bytes wake the one that looks at the time."""
    responder = serve("--timeout", "1")
    responder.expect("^info peer-timeout ")
    with responder.client() as half:
        half.send(half.request("/x.wwz/a.txt")[:100])
        assert half.receive(1) is None, "an answer to half a request"


def test_timeout_beside_one_that_goes(serve):
    """One that was waited for before, and is not now, takes nobody along."""
    responder = serve("--timeout", "1")
    responder.expect("^info peer-timeout ", None)

    def send(pause):
        with responder.client() as half, responder.client() as slow:
            request = slow.request("/x.wwz/a.txt")
            slow.send(request[:100])
            pause()
            slow.send(request[100:])
            assert slow.read_response().body == b"answer"
            half.send(half.request("/x.wwz/a.txt")[:100])
            pause()
            slow.close()
            assert half.receive(1) is None, "an answer to half a request"

    at_a_pace(send)


def test_keep_alive(serve):
    """A hundred requests over one connection, of different kinds."""
    responder = serve()
    with responder.client() as client:
        for i in range(100):
            number = i % 7 + 1
            name, content = [
                ("a.txt", b"answer"),
                ("b.txt", SITE["b.txt"]),
                ("none", None),
            ][i % 3]
            method = "HEAD" if i % 5 == 4 else "GET"
            got = client.ask(f"/x.wwz/{name}", method, number=number)
            assert got.ended
            assert got.status == (200 if content else 404), got
            if method == "HEAD":
                assert got.body == b"", got
            elif content:
                assert got.body == content, got


def test_close_when_not_kept(serve):
    with serve("--timeout", "1000").client() as client:
        client.send(client.request("/x.wwz/b.txt", keep=False))
        got = client.read_response()
        assert got.ended and got.body == SITE["b.txt"], got
        assert client.receive(1) is None


def test_next_request_is_there_already(serve):
    """No front end may send a second request before the first is answered, as
    FCGI_MPXS_CONNS is 0: one that does gets both answers, one after the
    other."""
    with serve().client() as client:
        client.send(
            client.request("/x.wwz/a.txt", number=1)
            + client.request("/x.wwz/b.txt", number=2)
        )
        assert client.read_response(number=1).body == b"answer"
        assert client.read_response(number=2).body == SITE["b.txt"]


def test_small_records(serve):
    """Parameters and body in records of a few bytes, padded oddly."""
    with serve().client() as client:
        begin = struct.pack(">HB5x", harness.RESPONDER, harness.KEEP)
        content = harness.pairs(
            harness.parameters(client.root, "/x.wwz/a.txt", body=b"body")
        )
        client.send(
            harness.record(harness.BEGIN, 1, begin)
            + b"".join(
                harness.record(harness.PARAMS, 1, content[i : i + 7], i % 256)
                for i in range(0, len(content), 7)
            )
            + harness.record(harness.PARAMS, 1)
            + harness.stream(harness.STDIN, 1, b"body", 1)
        )
        assert client.read_response().body == b"answer"


@pytest.mark.parametrize("pad", [0, 1, 8])
@pytest.mark.parametrize(
    "names",
    [
        ["FCGI_MPXS_CONNS"],
        ["FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"],
        ["SOMETHING_ELSE"],
    ],
)
def test_get_values(serve, names, pad):
    with serve().client() as client:
        asked = harness.pairs((name, "") for name in names)
        client.send(harness.record(harness.GET_VALUES, 0, asked, pad))
        kind, number, content = client.read_record()
        assert (kind, number) == (harness.GET_VALUES_RESULT, 0)
        values = harness.unpairs(content)
        if "FCGI_MPXS_CONNS" in names:
            assert values.get("FCGI_MPXS_CONNS") == "0", values
        assert set(values) <= set(names), values
        assert all(value.isdigit() for value in values.values()), values
        assert client.ask("/x.wwz/a.txt").body == b"answer"


def test_unknown_record(serve):
    with serve().client() as client:
        client.send(harness.record(99, 0, b"what?"))
        kind, number, content = client.read_record()
        assert (kind, number) == (harness.UNKNOWN_TYPE, 0)
        assert content[0] == 99, content
        assert client.ask("/x.wwz/a.txt").body == b"answer"


def test_another_role(serve):
    """An authorizer or a filter it is not: FCGI_UNKNOWN_ROLE, or the end of
    the connection."""
    responder = serve()
    responder.allow("^(info|warn) ")
    for role in (2, 3, 77):
        with responder.client() as client:
            whole = bytearray(client.request("/x.wwz/a.txt"))
            struct.pack_into(">H", whole, 8, role)
            client.send(bytes(whole))
            while (got := client.read_record()) is not None:
                kind, _, content = got
                if kind == harness.END:
                    assert content[4] == 3, got
                else:
                    assert got == (harness.STDOUT, 1, b""), got
    answers(responder, 3)


GARBAGE = {
    "http": b"GET /x.wwz/a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "version 2": b"\2" + harness.record(harness.BEGIN, 1, bytes(8))[1:],
    "zeros": bytes(5000),
    "ones": b"\xff" * 5000,
    "noise": archives.noise(100_000, 7),
    "parameters first": harness.stream(harness.PARAMS, 1, bytes(20)),
    "begin too short": harness.record(harness.BEGIN, 1, b"\0\1"),
    "begin twice": harness.record(harness.BEGIN, 1, b"\0\1\1" + bytes(5)) * 2,
    "names past the end": (
        harness.record(harness.BEGIN, 1, b"\0\1\1" + bytes(5))
        + harness.stream(harness.PARAMS, 1, b"\x8f\xff\xff\xff\x8f\xff\xff\xff")
        + harness.record(harness.STDIN, 1)
    ),
    "no parameters": (
        harness.record(harness.BEGIN, 1, b"\0\1\1" + bytes(5))
        + harness.record(harness.PARAMS, 1)
        + harness.record(harness.STDIN, 1)
    ),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage(serve, kind):
    """Any end of it will do, but not of the process."""
    responder = serve("--timeout", "1")
    responder.allow("^(info|warn) ")
    with responder.client() as client:
        try:
            client.send(GARBAGE[kind])
            client.socket.shutdown(socket.SHUT_WR)
            while client.receive(1) is not None:
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass
    answers(responder, 3)


def test_other_protocols(serve):
    """HTTP is told what this is; all leave a line that says what came."""
    port = harness.free_port()
    responder = serve(listen=f"127.0.0.1:{port}")
    responder.expect("^warn bad-request .*the peer speaks HTTP, not FastCGI", 1)
    responder.expect("^warn bad-request .*the peer speaks TLS, not FastCGI", 1)
    responder.expect("^warn bad-request .*not a FastCGI request", 2)
    got = subprocess.run(["curl", "-si", f"http://127.0.0.1:{port}/x.wwz/"],
                         capture_output=True, text=True)
    head, _, body = got.stdout.partition("\n\n")
    assert (got.returncode, head.split()[:2]) == (0, ["HTTP/1.1", "400"]), got
    assert "speaks FastCGI, not HTTP" in body, got
    got = subprocess.run(["curl", "-s", f"https://127.0.0.1:{port}/"],
                         capture_output=True)
    assert (got.returncode, got.stdout) == (35, b""), got
    for start in (b"SSH-2.0-OpenSSH_9.2\r\n", b"\n"):
        with responder.client() as client:
            client.send(start)
            assert client.receive(1) is None


@pytest.mark.parametrize("size", [1, 1 << 10, (1 << 16) - 1, 1 << 16])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_body(serve, method, size):
    """Read and thrown away; the next request is not misread."""
    with serve().client() as client:
        # Its content looks like requests.
        body = (client.request("/x.wwz/b.txt") * (size // 100 + 1))[:size]
        for _ in range(3):
            got = client.ask("/x.wwz/a.txt", method, body=body)
            assert got.ended
            assert got.status == (200 if method == "GET" else 405), got
            assert client.ask("/x.wwz/b.txt").body == SITE["b.txt"]


@pytest.mark.parametrize("size", [(1 << 16) + 1, 1 << 20])
def test_body_too_large(serve, size):
    """413, also when the peer writes all before it reads."""
    responder = serve()
    for _ in range(10):
        with responder.client() as client:
            whole = client.request("/x.wwz/a.txt", "POST", body=bytes(size))

            def send():
                try:
                    client.send(whole)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            sender = threading.Thread(target=send)
            sender.start()
            got = client.read_response("POST")
            sender.join()
            assert got is not None and got.status == 413, got
    answers(responder, 3)


# What a front end writes when it does not know how long a chunked body is: None is
# no parameter, and -1 is Caddy's.
UNKNOWN = ["", None, "-1"]


@pytest.mark.parametrize("length", UNKNOWN)
def test_body_of_unknown_length(serve, length):
    """What counts is how much comes, and a kept connection goes on."""
    with serve().client() as client:
        for method, status in [("GET", 200), ("POST", 405)]:
            for size in (0, 5, 1 << 16):
                got = client.ask("/x.wwz/a.txt", method, body=bytes(size),
                                 CONTENT_LENGTH=length)
                assert (got.status, got.ended) == (status, True), got


@pytest.mark.parametrize("length", UNKNOWN)
def test_body_too_large_but_not_announced(serve, length):
    responder = serve()
    with responder.client() as client:
        client.send(client.request("/x.wwz/a.txt", "POST",
                                   body=bytes(100_000), CONTENT_LENGTH=length))
        got = client.read_response("POST")
        assert got is not None and got.status == 413, got


@pytest.mark.parametrize(
    "size, status", [(1 << 10, 405), (60_000, 405), (1 << 20, 413)]
)
def test_body_through_nginx(serve, front, size, status):
    nginx = front(serve())
    nginx.allow("client intended to send too large body")
    for _ in range(5):
        client = nginx.client()
        got = client.ask("/x.wwz/a.txt", "POST", body=bytes(size))
        assert got.status == status, got
        client.close()


def test_large_body_past_nginx(serve, front, monkeypatch):
    """An nginx that lets it through: 413 from the responder, not 502."""
    shipped = harness.shipped

    def changed(name, changes):
        text = shipped(name, changes)
        return text.replace(
            "client_max_body_size 64k;", "client_max_body_size 8m;"
        )

    monkeypatch.setattr(harness, "shipped", changed)
    nginx = front(serve())
    nginx.allow("a client request body is buffered to a temporary file")
    for size in (100_000, 1 << 20, 4 << 20):
        for _ in range(5):
            client = nginx.client()
            got = client.ask("/x.wwz/a.txt", "POST", body=bytes(size))
            assert got.status == 413, f"{size} bytes: {got}"
            client.close()


@pytest.mark.parametrize("size", [60_000, 67_000, 1 << 20])
def test_large_parameters(serve, size):
    """Up to 64 KiB are read; more is refused in one way or another, at once,
    and harms nobody."""
    responder = serve("--timeout", "1000")
    if size > 1 << 16:
        responder.allow("^(info|warn) ")
    with responder.client() as client:
        fields = [("X-Filler", "f" * 1000)] * (size // 1000)
        try:
            client.send(client.request("/x.wwz/a.txt", headers=fields))
        except (BrokenPipeError, ConnectionResetError):
            pass
        got = client.read_response()
    if size < 1 << 16:
        assert got.body == b"answer", got
    else:
        assert got is None or got.status in (400, 413, 414, 431), got
    answers(responder, 3)


@pytest.mark.threads
@pytest.mark.parametrize("over", ["unix", "tcp"])
def test_resets(serve, over):
    """Peers that go away: before, within and after a request, and while the
    answer comes.  Nothing of that is worth a log line."""
    listen = f"127.0.0.1:{harness.free_port()}" if over == "tcp" else None
    responder = serve("--threads", "2", listen=listen)
    for i in range(200):
        client = responder.client()
        if over == "tcp":
            client.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        name = ("big.bin", "zeros.bin", "b.txt")[i % 3]
        whole = client.request(f"/x.wwz/{name}", keep=i % 2 == 0)
        client.send(whole[: [0, 20, len(whole) - 1, len(whole)][i % 4]])
        if i % 5 == 0 and i % 4 == 3:
            client.receive(100_000)
        client.close()
    answers(responder)
    harness.wait_until(
        lambda: responder.descriptors() < 40, "connections are closed"
    )


def test_half_closed_peer(serve):
    """A peer that says it will send no more still gets its answer."""
    with serve().client() as client:
        client.send(client.request("/x.wwz/big.bin", keep=False))
        client.socket.shutdown(socket.SHUT_WR)
        got = client.read_response()
        assert got is not None and got.body == BIG, got


def end_of(client):
    """What comes up to the END record: bytes of STDOUT, and the application's
    status; the connection is at its end if the latter is None."""
    size = 0
    while (got := client.read_record()) is not None:
        if got[0] == harness.END:
            status, protocol_status = struct.unpack(">IB3x", got[2])
            assert protocol_status == 0
            return size, status
        size += len(got[2])
    return size, None


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("cut", [8, 24, 32])
def test_aborted_before_its_end(serve, keep, cut):
    """FCGI_ABORT_REQUEST ends a request that is coming in with an END record
    that is no success; a connection that is kept serves the next one, another
    one is closed."""
    with serve().client() as client:
        whole = client.request("/x.wwz/a.txt", body=b"body", keep=keep)
        for _ in range(3 if keep else 1):
            client.send(whole[:-cut] + harness.record(harness.ABORT, 1, pad=8))
            assert end_of(client) == (0, 1)
        if keep:
            assert client.ask("/x.wwz/a.txt").body == b"answer"
        else:
            assert client.read_record() is None


@pytest.mark.parametrize("keep", [True, False])
def test_aborted_during_the_answer(serve, keep):
    """The answer ends early, and not as one that is complete."""
    with serve().client() as client:
        client.send(client.request("/x.wwz/big.bin", keep=keep))
        _, _, content = client.read_record()
        client.send(harness.record(harness.ABORT, 1))
        size, status = end_of(client)
        assert status == 1
        # A socket holds up to 2 MiB, and a turn that has begun is as large.
        assert len(content) + size < len(BIG)
        if keep:
            assert client.ask("/x.wwz/a.txt").body == b"answer"
        else:
            assert client.read_record() is None


@pytest.mark.parametrize("at_once", [True, False])
def test_aborted_long_work(root, serve, at_once):
    """The search for the last byte of a large member is given up."""
    bombs.write_bomb(root / "bomb.wwz", 10_000)
    with serve().client() as client:
        abort = harness.record(harness.ABORT, 1)
        request = client.request(
            "/bomb.wwz/zeros.bin", headers=[("Range", "bytes=-1")])
        client.send(request + abort if at_once else request)
        if not at_once:
            client.send(abort)
        # The head may be out before the work begins.
        size, status = end_of(client)
        assert status == 1 and size < 1000
        assert client.ask("/x.wwz/a.txt").body == b"answer"


def test_abort_between_requests(serve):
    """nginx never sends one, but the protocol allows it to cross the END."""
    with serve().client() as client:
        assert client.ask("/x.wwz/a.txt").body == b"answer"
        client.send(harness.record(harness.ABORT, 1))
        assert client.ask("/x.wwz/b.txt").body == SITE["b.txt"]


@pytest.mark.threads
@pytest.mark.parametrize("number", ["TERM", "INT", "USR1"])
def test_end_finishes_what_is_under_way(serve, number):
    responder = serve("--threads", "2", "--grace", "1000")
    with responder.client() as slow, Crowd(responder, 20) as idle:
        for client in idle[:10]:
            assert client.ask("/x.wwz/a.txt").body == b"answer"
        slow.send(slow.request("/x.wwz/big.bin"))
        _, _, start = slow.read_record()
        responder.process.send_signal(getattr(signal, f"SIG{number}"))
        harness.wait_until(
            lambda: not harness.connectable(responder.address),
            "no new connections",
        )
        for client in idle:
            assert client.receive(1) is None
        assert responder.process.poll() is None, "ended in mid-response"
        got = slow.read_response(start=start)
        assert got.ended and got.body == BIG, got
        responder.finish()


def test_end_does_not_wait_for_ever(serve):
    """--grace bounds how long a peer that does not read is waited for."""
    hasty, patient = serve("--grace", "1"), serve("--grace", "1000")
    hasty.allow("^(info|warn) ")
    with hasty.client() as one, patient.client() as other:
        for deaf in one, other:
            deaf.send(deaf.request("/x.wwz/big.bin"))
            deaf.read_record()
        patient.process.terminate()
        hasty.process.terminate()
        hasty.finish()
        assert patient.process.poll() is None
    patient.finish()


def test_end_with_idle_connections(serve):
    responder = serve("--grace", "1000")
    with Crowd(responder, 50) as clients:
        for client in clients[:25]:
            client.ask("/x.wwz/a.txt")
        responder.process.terminate()
        responder.finish()


def test_end_while_starting(tmp, root):
    """A TERM at any moment of the start is heard."""
    for i in range(60):
        path = tmp / f"start{i}"
        command = [harness.WWZ, "serve", *harness.AS_USER, "--root", root]
        with subprocess.Popen(
            [*command, "--listen", f"unix:{path}"], stdin=subprocess.DEVNULL
        ) as process:
            if i % 2:
                harness.wait_until(path.exists, "the socket is there")
            else:
                time.sleep(i / 5000)
            process.terminate()
            try:
                status = process.wait(harness.PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert status in (0, -signal.SIGTERM), status


def test_hangup_drops_idle_archives(root, serve):
    responder = serve()
    with responder.client() as client:
        client.ask("/x.wwz/a.txt")
        harness.wait_until(responder.at_rest, "it has closed what waited for it")
        before = responder.descriptors()
        for i in range(10):
            archives.write(root / f"{i}.wwz", {"a.txt": str(i)})
            client.ask(f"/{i}.wwz/a.txt")
        assert responder.descriptors() >= before + 10
        responder.process.send_signal(signal.SIGHUP)
        harness.wait_until(
            lambda: responder.descriptors() <= before, "archives are closed"
        )
        assert client.ask("/3.wwz/a.txt").body == b"3"


def listening(path, backlog=64):
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(path))
    s.listen(backlog)
    return s


@pytest.mark.parametrize("words", [[], ["serve"]])
def test_descriptor_0(tmp, root, serve, words):
    """As mod_fcgid, lighttpd and spawn-fcgi start it."""
    address = tmp / "zero"
    with listening(address) as s:
        responder = serve(
            command=[harness.WWZ, *words, *harness.AS_USER, "--root", root],
            address=address,
            stdin=s,
        )
    answers(responder, 3)


def test_descriptor_0_tcp(root, serve):
    with socket.create_server(("127.0.0.1", 0)) as s:
        responder = serve(
            command=[harness.WWZ, *harness.AS_USER, "--root", root],
            address=s.getsockname(),
            stdin=s,
        )
    answers(responder, 3)


def test_descriptor_0_without_root(tmp, root, serve):
    """mod_fcgid starts it without arguments: the root is the request's."""
    address = tmp / "zero"
    archives.write(tmp / "outside.wwz", SITE)
    with listening(address) as s:
        responder = serve(
            command=[harness.WWZ], address=address, stdin=s, env={}
        )
    if os.geteuid() == 0:
        responder.expect("^warn running-as-root ")
    answers(responder, 3)
    responder.expect("^(info|warn) .*outside\\.wwz")
    with responder.client() as client:
        got = client.ask(
            "/x.wwz/a.txt", SCRIPT_FILENAME=f"{tmp}/outside.wwz"
        )
        assert got.status in (400, 403, 404), got


@pytest.mark.parametrize("count", [1, 2])
def test_listen_fds(tmp, root, serve, count):
    """As systemd starts it, with one socket or several."""
    sockets = [listening(tmp / f"fd{i}") for i in range(count)]
    command = [harness.WWZ, "serve", *harness.AS_USER, "--root", root]
    with harness.handed_over(command, *sockets) as options:
        responder = serve(address=tmp / "fd0", **options)
    for s in sockets:
        s.close()
    for i in range(count):
        responder.address = tmp / f"fd{i}"
        answers(responder, 3)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_tcp(serve, host):
    family = socket.AF_INET6 if "[" in host else socket.AF_INET
    responder = serve(listen=f"{host}:{harness.free_port(family)}")
    answers(responder, 3)
    with responder.client() as client:
        assert client.ask("/x.wwz/big.bin").body == BIG


def refused(*arguments):
    """The responder does not start; what it says, in one line."""
    done = subprocess.run(
        [harness.WWZ, "serve", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=harness.PATIENCE,
    )
    assert done.returncode not in (0, None), done
    assert done.returncode > 0, f"died of signal {-done.returncode}"
    assert done.stdout == "", done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_not_for_everyone(root, host):
    """FastCGI has no authentication."""
    family = socket.AF_INET6 if "[" in host else socket.AF_INET
    port = harness.free_port(family)
    told = refused("--listen", f"{host}:{port}", "--root", str(root))
    assert "--allow-remote" in told, told


def test_port_in_use(root):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
        refused("--listen", f"127.0.0.1:{port}", "--root", str(root))


def test_stale_socket(tmp, serve):
    """What a killed responder left behind is no obstacle."""
    path = tmp / "stale"
    listening(path).close()
    assert path.exists() and not harness.connectable(path)
    answers(serve(listen=f"unix:{path}"), 3)


def test_live_socket(tmp, root, serve):
    """A second responder does not take the socket from the first."""
    path = tmp / "live"
    responder = serve(listen=f"unix:{path}")
    refused("--listen", f"unix:{path}", "--root", str(root))
    answers(responder, 3)


def test_no_socket_there(tmp, root):
    """A file that is no socket is nobody's to remove."""
    path = tmp / "precious"
    path.write_text("precious")
    refused("--listen", f"unix:{path}", "--root", str(root))
    assert path.read_text() == "precious"


def test_restart_on_the_same_socket(tmp, serve):
    """Ended and killed ones are followed by the next."""
    listen = f"unix:{tmp}/again"
    first = serve(listen=listen)
    first.end(signal.SIGTERM)
    second = serve(listen=listen)
    answers(second, 1)
    second.kill()
    answers(serve(listen=listen), 1)


@pytest.mark.parametrize(
    "options, mode", [([], 0o660), (["--mode", "0600"], 0o600)]
)
def test_mode_of_the_socket(serve, options, mode):
    responder = serve(*options)
    got = stat.S_IMODE(os.stat(responder.address).st_mode)
    assert got == mode, oct(got)


def cgi_environment(*request, **more):
    """What a server sets for one request; WWZ_OPTIONS may be in more."""
    return {
        name: value if isinstance(value, str) else os.fsdecode(value)
        for name, value in harness.parameters(*request, **more)
    }


def run_cgi(environment, words=(), **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [harness.WWZ, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=harness.PATIENCE,
        **options,
    )


def cgi(root, path, method="GET", headers=(), body=None, words=(), **more):
    """One request as plain CGI: (Response, what was printed on stderr)."""
    more.setdefault("WWZ_OPTIONS", f"--root {root}")
    options = {} if body is None else {"input": body, "stdin": None}
    done = run_cgi(
        cgi_environment(root, path, method, headers, body or b"", **more),
        words,
        **options,
    )
    assert done.returncode == 0, done
    got = harness.parse_cgi(done.stdout, method)
    assert got is not None, done
    return got, done.stderr.decode()


@pytest.mark.parametrize(
    "options", [None, "", "--root {root}", " \t--root={root}\n"])
def test_cgi(root, options):
    got, errors = cgi(root, "/x.wwz/b.txt",
                      WWZ_OPTIONS=options and options.format(root=root))
    assert (got.status, got.body, errors) == (200, SITE["b.txt"], ""), got
    assert got.get("Content-Type") == "text/plain; charset=utf-8", got


# The arguments that servers make of a query, and the query that they pass on.
CGI_WORDS = [
    (["--access-log", "{tmp}/owned"], "--access-log+{tmp}/owned%00"),
    (["--access-log", "{tmp}/owned"], "--access-log+{tmp}/owned"),
    (["--access-log={tmp}/owned"], "--access-log%3D{tmp}/owned%00"),
    (["serve", "--access-log", "{tmp}/owned"], ""),
    (["pack", "{root}", "{tmp}/owned"], "pack+{root}+{tmp}/owned%00"),
    (["check", "{root}/x.wwz"], "check+{root}/x.wwz%00"),
    (["--listen", "unix:{tmp}/owned"], "--listen+unix:{tmp}/owned%00"),
    (["--check"], "%2d-check"),
    (["--version"], "--version%00"),
]


@pytest.mark.parametrize("words, query", CGI_WORDS)
def test_cgi_words(tmp, root, words, query):
    """Nothing of the command line is looked at; one line says so."""
    words = [word.format(tmp=tmp, root=root) for word in words]
    got, errors = cgi(root, "/x.wwz/a.txt", words=words,
                      QUERY_STRING=query.format(tmp=tmp, root=root))
    assert (got.status, got.body) == (200, SITE["a.txt"]), got
    assert not (tmp / "owned").exists()
    assert errors.startswith("warn arguments-ignored "), errors
    assert harness.LINE.fullmatch(errors.rstrip("\n")), errors
    assert " ".join(words) in errors, errors


def test_cgi_file_as_word(root):
    """lighttpd adds the name of what was asked for, each time."""
    got, errors = cgi(root, "/x.wwz/a.txt", words=[root / "x.wwz"])
    assert (got.status, got.body, errors) == (200, SITE["a.txt"], ""), got


def test_cgi_reset_connection(tmp, root):
    """Some servers hand over the client's connection as standard input.  After
    the client has reset it, it is not connected, as a socket that listens is
    not; it is still a CGI request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        handed, _ = server.accept()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      struct.pack("ii", 1, 0))
    client.close()
    with handed:
        def reset():
            try:
                handed.getpeername()
            except OSError:
                return True
        harness.wait_until(reset, "the connection is reset")
        done = run_cgi(
            cgi_environment(root, "/x.wwz/a.txt"),
            ["pack", root, tmp / "owned"],
            stdin=handed,
        )
    assert done.returncode == 0, done
    assert not (tmp / "owned").exists()
    assert done.stdout.endswith(b"answer"), done


def test_cgi_options(tmp, root):
    """WWZ_OPTIONS holds words with blanks between; a backslash takes what is
    behind it as it is."""
    got, _ = cgi(root, "/x.wwz/", WWZ_OPTIONS="--no-listing")
    assert got.status == 403, got
    log = tmp / "two words\\.log"
    named = str(log).replace("\\", "\\\\").replace(" ", "\\ ")
    got, errors = cgi(root, "/x.wwz/a.txt",
                      WWZ_OPTIONS=f"--max-age 7\n  --access-log\t{named}")
    assert (got.status, errors) == (200, ""), got
    assert got.get("Cache-Control") == "max-age=7", got
    assert " 200 6 " in log.read_text()


@pytest.mark.parametrize("options", [
    "--unknown", "--max-age", "--max-age x", "serve", "help", "--version",
    "pack a b", "--listen unix:/none/x", "--user nobody", "--check",
])
def test_cgi_wrong_options(root, options):
    done = run_cgi(cgi_environment(root, "/x.wwz/a.txt", WWZ_OPTIONS=options))
    assert (done.returncode, done.stdout) == (2, b""), done
    assert done.stderr.startswith(b"wwz: WWZ_OPTIONS: "), done
    assert done.stderr.count(b"\n") == 1, done


def test_fastcgi_in_the_environment_of_cgi(tmp, root, serve):
    """A socket that listens as descriptor 0 is FastCGI whatever else is set:
    the words are options."""
    address = tmp / "zero"
    environment = {**os.environ, **cgi_environment(root, "/x.wwz/a.txt"),
                   "WWZ_OPTIONS": "--unknown"}
    with listening(address) as s:
        responder = serve(
            command=[harness.WWZ, *harness.AS_USER, "--root", root,
                     "--no-listing"],
            address=address, stdin=s, env=environment)
    with responder.client() as client:
        assert client.ask("/x.wwz/a.txt").body == b"answer"
        assert client.ask("/x.wwz/").status == 403


# Method, path, fields, body; status and body of the answer.
CGI = [
    ("GET", "/x.wwz/big.bin", [], None, 200, BIG),
    ("GET", "/x.wwz/zeros.bin", [], b"", 200, bytes(8 << 20)),
    ("HEAD", "/x.wwz/big.bin", [], None, 200, b""),
    ("GET", "/x.wwz/b.txt", [("Range", "bytes=7-9")], None, 206,
     SITE["b.txt"][7:10]),
    ("GET", "/x.wwz/a.txt", [], b"a body", 200, b"answer"),
    ("POST", "/x.wwz/a.txt", [], b"a body", 405, None),
    ("POST", "/x.wwz/a.txt", [], bytes(100_000), 413, None),
    ("GET", "/x.wwz/none", [], None, 404, None),
    ("GET", "/x.wwz", [], None, 301, None),
]


@pytest.mark.parametrize("method, path, fields, body, status, wanted", CGI,
                         ids=[f"{row[0]}-{row[1]}-{row[4]}" for row in CGI])
def test_cgi_requests(root, method, path, fields, body, status, wanted):
    got, errors = cgi(root, path, method, fields, body)
    assert got.status == status, got
    assert wanted is None or got.body == wanted, got
    assert errors == "", errors


def test_cgi_error_is_logged(root):
    got, errors = cgi(root, "/none.wwz/a.txt")
    assert got.status == 404, got
    assert harness.LINE.fullmatch(errors.rstrip("\n")), errors


def test_cgi_chunked(root):
    """A body without a length is read to its end, or a server that has one
    socket for the body and the response would lose this."""
    environment = cgi_environment(
        root, "/x.wwz/a.txt", "POST", [("Transfer-Encoding", "chunked")], b"",
        WWZ_OPTIONS=f"--root {root}")
    environment.pop("CONTENT_LENGTH", None)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            ours.sendall(b"body")
            ours.shutdown(socket.SHUT_WR)
            done = subprocess.run(
                [harness.WWZ], env=environment, stdin=theirs, stdout=theirs,
                stderr=subprocess.PIPE, timeout=harness.PATIENCE)
        assert (done.returncode, done.stderr) == (0, b""), done
        got = b""
        while part := ours.recv(65536):
            got += part
    assert harness.parse_cgi(got, "POST").status == 405


def test_cgi_to_a_closed_pipe(root):
    """A server that goes away: no hang, nothing on standard error."""
    with subprocess.Popen(
        [harness.WWZ],
        env=cgi_environment(root, "/x.wwz/big.bin"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.read(1000)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(harness.PATIENCE)
