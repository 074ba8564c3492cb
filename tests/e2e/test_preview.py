"""`wwz preview`: what it answers is what comes through nginx, a directory is
shown as it is now, and it leaves nothing behind."""

import contextlib
import inspect
import os
import re
import signal
import socket
import subprocess
import types
import zlib

import pytest

import archives
import fronts
import harness
import test_http


class Preview(harness.Process):
    """`wwz preview` on a port of its own, its temporary files in tmp."""

    def __init__(self, tmp, path, *options, port=("--port", "0"), **env):
        env = {**os.environ, "TMPDIR": str(tmp), **env}
        super().__init__(
            "preview", tmp, [harness.WWZ, "preview", path, *port, *options],
            None, env=env)
        self.expect("development only")

    def ready(self):
        """It is when it has written its address."""
        assert self.process.poll() is None, self.lines()
        found = re.match(r"http://127\.0\.0\.1:(\d+)/\n", self.out.read_text())
        if found:
            self.port = int(found[1])
        return found

    def requests(self):
        return self.out.read_text().splitlines()[1:]

    def client(self):
        return harness.Http(self.port)


@contextlib.contextmanager
def asking(tmp, path, *options, **more):
    with harness.running(Preview(tmp, path, *options, **more)) as preview:
        with contextlib.closing(preview.client()) as client:
            yield preview, client


# What each server says of itself, and how it ends a connection.
OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding"}


def comparable(answer):
    """Status, fields and body.  Boundaries are random."""
    fields = [(name.lower(), re.sub("wwz-[0-9a-f]{32}", "wwz-", value))
              for name, value in answer.headers.items()
              if name.lower() not in OF_THE_SERVER]
    body = re.sub(rb"wwz-[0-9a-f]{32}", b"wwz-", answer.body)
    return answer.status, sorted(fields), body


class Both:
    """Asks preview and nginx, which show an archive as a whole site, for what
    test_http.py expects below /NAME.wwz, and compares the answers."""

    def __init__(self, clients):
        self.clients = clients

    def ask(self, path, *words, **more):
        slashes, archive, rest = re.fullmatch(
            r"(/+)([^?]*?\.wwz)(.*)", path).groups()
        if not rest.startswith("/"):
            pytest.skip("a whole site has no address without a slash")
        got, wanted = (client.ask(slashes[1:] + rest, *words, **more)
                       for client in self.clients[archive.split("/")[-1]])
        assert comparable(got) == comparable(wanted), (
            f"{path}: {got} not {wanted}")
        # How the connection goes on is nobody else's business.
        del got.headers["Connection"]
        if got.get("Location") is not None:
            location = f"/{archive}{got.get('Location')}"
            got.headers.replace_header("Location", location)
        return got


@pytest.fixture(scope="module")
def servers(module_tmp):
    """As that of test_http.py: the first has the root."""
    clients = {}
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        for name in ("site.wwz", "bare.wwz"):
            root = module_tmp / name / "www"
            root.mkdir(parents=True)
            place = fronts.Place(module_tmp / name, root)
            if name == "site.wwz":
                test_http.write_site(root / "site.wwz")
            else:
                archives.write(root / "site.wwz", test_http.BARE)
            enter(harness.running(fronts.responder(place)))
            nginx = enter(harness.running(
                fronts.Nginx(place, "whole-site.conf", None)))
            preview = enter(harness.running(
                Preview(place.tmp, root / "site.wwz")))
            preview.allow("^info bad-path ")
            clients[name] = [enter(contextlib.closing(server.client()))
                             for server in (preview, nginx)]
        root = module_tmp / "site.wwz/www"
        yield types.SimpleNamespace(root=root), clients


@pytest.fixture
def client(servers):
    return Both(servers[1])


# All tests of test_http.py that ask through nginx.
for _name, _test in vars(test_http).items():
    if (_name.startswith("test_")
            and "client" in inspect.signature(_test).parameters):
        globals()[_name] = _test


BODIES = [(b"x" * 1000, 405), (b"x" * 70_000, 413), ([b"x" * 1000] * 3, 405),
          ([b"x" * 7000] * 10, 413)]


def test_body(servers):
    """nginx answers 413 with a page of its own."""
    for body, status in BODIES:
        got = servers[1]["site.wwz"][0].ask("/", "POST", body=body)
        assert got.status == status, (len(body), got)


def ask_raw(port, *requests):
    """All that comes back for these bytes until the end."""
    with socket.create_connection(("127.0.0.1", port), harness.PATIENCE) as s:
        with contextlib.suppress(ConnectionError):
            for request in requests:
                s.sendall(request)
            # A connection that was reset is not connected (ENOTCONN).
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: s.recv(65536), b""))
    return b""


HOSTS = [
    ("localhost", 200), ("LocalHost:8000", 200), ("127.0.0.1", 200),
    ("127.0.0.1:1", 200), ("[::1]", 200), ("[::1]:8000", 200),
    ("evil.example", 403), ("evil.example:8000", 403), ("", 403),
    ("localhost.evil.example", 403), ("localhost:8000.evil.example", 403),
    ("127.0.0.1:99999", 403), ("127.0.0.1@evil.example", 403),
    ("127.0.0.12", 403), ("localhost\r\nHost: evil.example", 403),
]


@pytest.mark.parametrize("host, status", HOSTS)
def test_host(servers, host, status):
    port = servers[1]["site.wwz"][0].connection.port
    got = ask_raw(port, f"GET / HTTP/1.1\r\nHost: {host}\r\n"
                  "Connection: close\r\n\r\n".encode())
    assert got.startswith(f"HTTP/1.1 {status} ".encode()), got
    assert (test_http.PAGE in got) == (status == 200), got


FOR_US = b"Host: localhost\r\n"
GET = b"GET /plain/one.txt HTTP/1.1\r\n" + FOR_US + b"\r\n"

# Bytes of a client, and how often which status is the answer.
HOSTILE = {
    "five at once": (GET * 5, rb"HTTP/1.1 200 OK", 5),
    "one behind a body": (
        b"POST / HTTP/1.1\r\n" + FOR_US + b"Content-Length: 5\r\n\r\nabcde"
        + GET, rb"HTTP/1.1 (405|200) ", 2),
    "HTTP/1.0": (b"GET / HTTP/1.0\r\n" + FOR_US + b"\r\n", rb" 200 OK", 1),
    "no host": (b"GET / HTTP/1.0\r\n\r\n", rb" 403 ", 1),
    "absolute form": (
        b"GET http://localhost/plain/one.txt HTTP/1.1\r\n" + FOR_US + b"\r\n",
        rb"HTTP/1.1 200 OK", 1),
    "NUL": (b"GET /%00 HTTP/1.1\r\n" + FOR_US + b"\r\n",
            rb"HTTP/1.1 400 ", 1),
    "a way out": (b"GET /../../etc/passwd HTTP/1.1\r\n" + FOR_US + b"\r\n",
                  rb"HTTP/1.1 400 ", 1),
    "odd escapes": (b"GET /%zz?%zz&=&&a HTTP/1.1\r\n" + FOR_US + b"\r\n",
                    rb"HTTP/1.1 404 ", 1),
    "many components": (
        b"GET /" + b"a/" * 30_000 + b" HTTP/1.1\r\n" + FOR_US + b"\r\n",
        rb"HTTP/1.1 404 ", 1),
    "a long target": (
        b"GET /" + b"a" * 400_000 + b" HTTP/1.1\r\n" + FOR_US + b"\r\n",
        rb"HTTP/1.1 414 ", None),
    "a long field": (
        b"GET / HTTP/1.1\r\n" + FOR_US + b"X: " + b"a" * 400_000
        + b"\r\n\r\n", rb"HTTP/1.1 431 ", None),
    "many fields": (
        b"GET / HTTP/1.1\r\n" + FOR_US + b"Range: bytes=0-1\r\n" * 9000
        + b"\r\n", rb"HTTP/1.1 431 ", None),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50,
            rb" 200 ", 0),
    "a bad chunk": (
        b"POST / HTTP/1.1\r\n" + FOR_US + b"Transfer-Encoding: chunked\r\n"
        b"\r\nffffffffffffffffff\r\nabc", rb" 200 ", 0),
    "a bad length": (
        b"POST / HTTP/1.1\r\n" + FOR_US + b"Content-Length: -1\r\n\r\n",
        rb" 200 ", 0),
    "half a head": (b"GET / HTTP/1.1\r\nHost", rb" 200 ", 0),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile(servers, what):
    """It answers as often as it should, and goes on.  None: the connection may
    be reset before the answer is read."""
    request_, status, times = HOSTILE[what]
    client = servers[1]["site.wwz"][0]
    got = ask_raw(client.connection.port, request_)
    seen = len(re.findall(status, got))
    assert seen == times or times is None and seen <= 1, got[:2000]
    assert client.ask("/").status == 200


def test_no_body(servers):
    """Where there is none, there is no empty chunk of one either."""
    port = servers[1]["site.wwz"][0].connection.port
    for line in (b"HEAD /plain/", b"HEAD /big.txt", b"OPTIONS *",
                 b"GET /big.txt HTTP/1.1\r\nIf-None-Match: *\r\nX:"):
        got = ask_raw(port, line + b" HTTP/1.1\r\n" + FOR_US + b"\r\n")
        assert re.fullmatch(rb"HTTP/1\.1 (200|204|304) (?s:.)*?\r\n\r\n", got)
        assert got.count(b"\r\n\r\n") == 1, got


def test_cut(tmp):
    """An answer that turns out wrong does not look complete."""
    archives.write(tmp / "x.wwz", {"a.txt": test_http.BIG})
    archives.patch(tmp / "x.wwz", "a.txt", "crc", zlib.crc32(test_http.BIG) ^ 1)
    with asking(tmp, tmp / "x.wwz") as (preview, client):
        preview.expect("^warn member-damaged ", None)
        got = client.ask("/a.txt")
        assert got.status == 200 and got.cut, got
        assert got.body == test_http.BIG[:len(got.body)]


@pytest.fixture
def site(root):
    (root / "sub").mkdir()
    (root / "index.html").write_bytes(b"one")
    (root / "sub/a.txt").write_bytes(b"a")
    return root


def test_changes(tmp, site):
    """Each request is answered from the directory as it is."""
    with asking(tmp, site) as (preview, client):
        (archive,) = tmp.glob("wwz-preview.*/site.wwz")
        packed = archive.stat().st_ino
        assert client.ask("/").body == b"one"
        assert client.ask("/sub/a.txt").body == b"a"
        assert archive.stat().st_ino == packed, "packed again without a change"

        archives.wait_for_tick(site / "index.html")
        (site / "index.html").write_bytes(b"two")
        assert client.ask("/").body == b"two"
        (site / "sub/b.txt").write_bytes(b"b")
        assert client.ask("/sub/b.txt").body == b"b"
        (site / "sub/a.txt").unlink()
        assert client.ask("/sub/a.txt").status == 404
        (site / "sub/b.txt").rename(site / "c.txt")
        assert client.ask("/sub/b.txt").status == 404
        assert client.ask("/c.txt").body == b"b"

        # What cannot be packed is said once; until then, all stays.
        preview.expect("b: a symbolic link to nothing")
        (site / "b").symlink_to("nothing")
        archives.wait_for_tick(site / "c.txt")
        (site / "c.txt").write_bytes(b"c")
        assert client.ask("/c.txt").body == b"b"
        assert client.ask("/").body == b"two"
        (site / "b").unlink()
        assert client.ask("/c.txt").body == b"c"

        # A generator begins by removing it.
        preview.expect("www: No such file or directory")
        site.rename(tmp / "old")
        assert client.ask("/").body == b"two"
        (tmp / "old").rename(site)
        (site / "index.html").write_bytes(b"three")
        assert client.ask("/").body == b"three"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_stays(tmp, site, number):
    """Also after it has packed a second time, with a client connected."""
    preview = Preview(tmp, site)
    with harness.running(preview):
        assert [path.stat().st_mode & 0o777
                for path in tmp.glob("wwz-preview.*")] == [0o700]
        with contextlib.closing(preview.client()) as client:
            archives.wait_for_tick(site / "index.html")
            (site / "index.html").write_bytes(b"two")
            assert client.ask("/").body == b"two"
            preview.end(number)
    assert not list(tmp.glob("wwz-preview.*"))


def test_requests_are_logged(tmp, site):
    with asking(tmp, site) as (preview, client):
        client.ask("/sub/a.txt?\x1b[1m\"")
        client.ask("/", headers=[("Range", "bytes=0-0")])
        client.close()
        harness.wait_until(lambda: len(preview.requests()) == 2, "two lines")
        first, second = preview.requests()
        assert r'"GET /sub/a.txt?\x1B[1m\" HTTP/1.1" 200 1 ' in first, first
        assert '"GET / HTTP/1.1" 206 1 ' in second, second


def test_options_of_serve(tmp, site):
    with asking(tmp, site, "--no-listing", "--max-age", "60") as (_, client):
        assert client.ask("/sub/").status == 403
        assert client.ask("/").get("Cache-Control") == "max-age=60"


def test_ports(tmp, site):
    """Without --port it is a free one of 8000 to 8099; others have some, too."""
    with asking(tmp, site, port=()) as (one, _):
        with asking(tmp, site, port=()) as (other, client):
            assert {one.port, other.port} <= set(range(8000, 8100))
            assert client.ask("/").status == 200
            got = fails(tmp, site, "--port", str(one.port))
            assert got == f"127.0.0.1:{one.port}: Address already in use"


def fails(tmp, *words):
    """What it says, and leaves nothing behind."""
    before = set(tmp.glob("wwz-preview.*"))
    got = subprocess.run(
        [harness.WWZ, "preview", *words], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=harness.PATIENCE,
        env={**os.environ, "TMPDIR": str(tmp)})
    assert (got.returncode, got.stdout) == (1, ""), got
    assert set(tmp.glob("wwz-preview.*")) == before
    (line,) = got.stderr.splitlines()
    return line.removeprefix("wwz: ")


def test_what_cannot_be_shown(tmp, root):
    assert fails(tmp, "none") == "none: No such file or directory"
    assert fails(tmp, "/dev/null") == (
        "/dev/null: neither a file nor a directory")
    (root / "x").symlink_to("/")
    assert "leads out" in fails(tmp, root)


def test_open(tmp, site):
    """xdg-open gets the address, and signals as usual."""
    (tmp / "xdg-open").write_text(
        f'#!/bin/sh\ngrep SigBlk /proc/self/status >{tmp}/signals\n'
        f'echo "$1" >{tmp}/url.new\nmv {tmp}/url.new {tmp}/url\n')
    (tmp / "xdg-open").chmod(0o755)
    path = f"{tmp}:{os.environ['PATH']}"
    with asking(tmp, site, "--open", PATH=path) as (preview, _):
        harness.wait_until((tmp / "url").exists, "xdg-open is started")
        assert (tmp / "url").read_text() == f"http://127.0.0.1:{preview.port}/\n"
        assert int((tmp / "signals").read_text().split()[1], 16) == 0
    with asking(tmp, site, "--open", PATH=str(root_of_nothing(tmp))) as (preview, _):
        preview.expect("xdg-open: No such file or directory")


def root_of_nothing(tmp):
    (tmp / "empty").mkdir()
    return tmp / "empty"


def test_serve_does_without():
    """Nobody else needs the library to be there."""
    got = subprocess.run(["ldd", harness.WWZ], capture_output=True, text=True)
    assert "libfcgi" in got.stdout and "microhttpd" not in got.stdout, got


def test_at_once(tmp, root):
    """Who asks while another request's thread sorts the names waits for it."""
    archives.write(root / "x.wwz", {f"{n:05}": b"" for n in range(20_000, 0, -1)})
    with harness.running(Preview(tmp, root / "x.wwz")) as preview:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(contextlib.closing(
                socket.create_connection(("127.0.0.1", preview.port))))
                for _ in range(8)]
            for client in clients:
                client.sendall(b"HEAD /-wwz-index/?page=1&sort=size HTTP/1.1\r\n"
                               b"Host: localhost\r\nConnection: close\r\n\r\n")
            heads = [client.makefile("rb").readline() for client in clients]
    assert heads == [b"HTTP/1.1 200 OK\r\n"] * 8
