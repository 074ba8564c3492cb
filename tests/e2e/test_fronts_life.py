"""What front ends do with processes and connections over time: mod_fcgid's
life cycle, suEXEC, kept connections, slow clients, lighttpd's hand-off."""

import contextlib
import fcntl
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import pytest

import archives
import fronts
import harness

LARGE = archives.noise(24 << 20, 1)
MIDDLE = archives.noise(300_000, 2)
MEMBERS = {
    "a.txt": b"answer",
    "large.bin": (LARGE, archives.STORED),
    "middle.bin": (MIDDLE, archives.STORED),
    "small.bin": (MIDDLE[:60_000], archives.STORED),
    "exact.bin": (MIDDLE[: 1 << 16], archives.STORED),
    "deflated.txt": archives.text(300_000, 3),
}

# How long a quick request may take while others are slow.


@pytest.fixture(scope="module")
def original(module_tmp):
    return archives.write(module_tmp / "site.wwz", MEMBERS)


@pytest.fixture
def place(tmp, original):
    root = tmp / "www"
    root.mkdir()
    os.link(original, root / "site.wwz")
    return fronts.Place(tmp, root)


@pytest.fixture
def start():
    """start(process) ends it, and judges it, after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda process: stack.enter_context(harness.running(process))


def ask(front, path="/site.wwz/a.txt", *args, **more):
    client = front.client()
    try:
        return client.ask(path, *args, **more)
    finally:
        client.close()


def answers(front, count=5):
    for _ in range(count):
        got = ask(front)
        assert (got.status, got.body) == (200, b"answer"), got


class Slow:
    """A client that has asked for the large member and reads no more than the
    head of the answer."""

    def __init__(self, front, path="/site.wwz/large.bin"):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(harness.PATIENCE)
        self.socket.connect(("127.0.0.1", front.port))
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        self.start = b""
        while b"\r\n\r\n" not in self.start:
            part = self.socket.recv(1000)
            assert part, self.start
            self.start += part
        assert self.start.startswith(b"HTTP/1.1 200"), self.start

    def rest(self):
        """The body, read to its end at last."""
        parts = [self.start.partition(b"\r\n\r\n")[2]]
        with contextlib.suppress(ConnectionResetError):
            while part := self.socket.recv(1 << 20):
                parts.append(part)
        return b"".join(parts)

    def close(self):
        self.socket.close()


@pytest.fixture
def slow():
    """slow(front) is a slow client, gone after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda front: stack.enter_context(
            contextlib.closing(Slow(front))
        )


BACK_PRESSURE = {
    "mod_proxy_fcgi": fronts.proxy_fcgi,
    "haproxy": fronts.Haproxy,
    "caddy": fronts.Caddy,
    "nginx": fronts.Nginx,
    "lighttpd": fronts.Lighttpd,
}


@pytest.mark.threads
@pytest.mark.parametrize("name", BACK_PRESSURE)
def test_slow_clients(place, start, slow, name):
    """Eight that do not read, two threads: another is answered, and a
    slow one gets all in the end."""
    responder = start(fronts.responder(place, "--threads", "2"))
    front = start(BACK_PRESSURE[name](place))
    front.allow("aborting with incomplete response")
    clients = [slow(front) for _ in range(8)]
    answers(front)
    assert clients[3].rest() == LARGE
    answers(front)
    with responder.client() as client:
        assert client.ask("/site.wwz/a.txt").body == b"answer"


class Accepts:
    """Counts the connections that a process accepts."""

    def __init__(self, pid, tmp):
        self.file = tmp / "accepts"
        self.process = subprocess.Popen(
            ["strace", "-f", "-qq", "-e", "trace=accept4,accept", "-o",
             self.file, "-p", str(pid)],
        )
        harness.wait_until(
            lambda: self.attached(pid), "strace is attached to all threads"
        )

    @staticmethod
    def attached(pid):
        return all(
            "TracerPid:\t0\n" not in (task / "status").read_text()
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(harness.PATIENCE)

    def count(self):
        return len(re.findall(r"accept4?.*= \d+$", self.file.read_text(),
                              re.M))


# nginx closes the connection after each HEAD, without waiting for the end.
KEEP_ALIVE = {
    "nginx": (
        lambda place: fronts.Nginx(
            place, "site-keepalive.conf", "wwz-keepalive.conf"),
        ["GET"],
    ),
    "haproxy": (fronts.Haproxy, ["GET", "GET", "GET", "HEAD"]),
}


@harness.only_root("traces a responder")
@pytest.mark.parametrize("name", KEEP_ALIVE)
def test_kept_connections(place, start, tmp, name):
    """Four clients at a time, 400 requests, and few connections to the
    responder; answers of all kinds leave the connection in order."""
    responder = start(fronts.responder(place, "--threads", "2"))
    front_of, methods = KEEP_ALIVE[name]
    front = start(front_of(place))
    kinds = [
        ("/site.wwz/a.txt", 200, b"answer"),
        ("/site.wwz/middle.bin", 200, MIDDLE),
        ("/site.wwz/none", 404, None),
        ("/site.wwz/", 200, None),
        ("/site.wwz", 301, None),
    ]
    wrong = []

    def work():
        client = front.client()
        for i in range(100):
            path, status, body = kinds[i % len(kinds)]
            method = methods[i % len(methods)]
            got = client.ask(path, method)
            if got.status != status or (
                method == "GET" and body not in (None, got.body)
            ):
                wrong.append(f"{method} {path}: {got}")
        client.close()

    with Accepts(responder.pid, tmp) as accepts:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong, "\n".join(wrong[:5])
    assert 1 <= accepts.count() <= 20, f"{accepts.count()} connections"


def snippet_lines(name):
    lines = (fronts.DEPLOY / "nginx" / name).read_text().split("\n")
    return {line.strip() for line in lines
            if line.strip() and not line.strip().startswith("#")}


def test_keepalive_snippet_is_the_other():
    """nginx's two snippets differ in what connects, and in nothing else."""
    plain, kept = map(snippet_lines, ("wwz.conf", "wwz-keepalive.conf"))
    assert plain - kept == {f"fastcgi_pass unix:{fronts.SOCKET};"}
    assert kept - plain == {"fastcgi_pass wwz;"}
    assert "fastcgi_keep_conn on;" in kept


def test_cache_snippet_is_the_kept_one():
    """It adds the cache, and changes nothing else."""
    kept, cached = (
        snippet_lines(name) for name in ("wwz-keepalive.conf", "wwz-cache.conf")
    )
    assert kept <= cached
    more = [line for line in cached - kept
            if not line.startswith("fastcgi_cache")]
    assert sorted(line.split()[0] for line in more) == [
        "fastcgi_ignore_headers", "fastcgi_no_cache", "fastcgi_param",
        "fastcgi_read_timeout"]


# mod_fcgid looks every second; a process goes after two idle ones, and may take some
# to do so.
FCGID_QUICK = """
FcgidIdleTimeout 2
FcgidIdleScanInterval 1
FcgidMinProcessesPerClass 0
FcgidErrorScanInterval 3
FcgidZombieScanInterval 1
"""


def children(place):
    """Processes that run this place's wwz."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/exe"):
        with contextlib.suppress(OSError):
            if os.path.samefile(path, place.program):
                found.append(int(path.parent.name))
    return found


def has_processes(front, place, count):
    """When another request has been answered, there are so many.  mod_fcgid may
    take a moment to notice that one is idle, and start another meanwhile, which
    goes when that has been idle itself."""
    def found():
        answers(front, 1)
        return len(children(place)) == count

    harness.wait_until(found, f"{count} processes")


def start_fcgid(place, start):
    fronts.put_htaccess(place, {".htaccess": "wrapper.htaccess"})
    return start(fronts.fcgid(place, FCGID_QUICK))


@harness.only_root("sees what a responder runs")
def test_mod_fcgid_starts_and_ends_processes(place, start, slow):
    """None before the first request; one for each at the same time; TERM
    when idle, and they end well."""
    front = start_fcgid(place, start)
    assert children(place) == []
    answers(front)
    has_processes(front, place, 1)
    clients = [slow(front) for _ in range(3)]
    answers(front)
    has_processes(front, place, 4)
    for client in clients:
        assert client.rest() == LARGE
    harness.wait_until(lambda: not children(place), "idle processes end")
    has_processes(front, place, 1)


@harness.only_root("sees what a responder runs")
def test_mod_fcgid_kill_while_idle(place, start):
    """A request finds another process, as soon as mod_fcgid has noticed: until
    then it may hand one to the dead process, and answers 500 by itself."""
    front = start_fcgid(place, start)
    front.allow("End of script output before headers")
    front.allow(r"mod_fcgid: (error reading data|ap_pass_brigade|process .*"
                r"exit\(communication error\), get (unexpected )?signal 9)")
    front.allow(r"mod_fcgid: .*(Connection reset|Broken pipe)")
    front.allow("mod_fcgid: cleanup zombie process ")
    has_processes(front, place, 1)
    (pid,) = children(place)
    os.kill(pid, signal.SIGKILL)
    harness.wait_until(lambda: pid not in children(place), "it is dead")
    harness.wait_until(
        lambda: ask(front).status == 200,
        "another process answers")
    answers(front)


@harness.only_root("sees what a responder runs")
def test_mod_fcgid_kill_in_the_middle(place, start, slow):
    """A response that was cut is short of its length, and others are whole."""
    front = start_fcgid(place, start)
    front.allow(r"mod_fcgid: (error reading data|ap_pass_brigade)")
    front.allow(r"mod_fcgid: .*(Connection reset|Broken pipe)")
    front.allow(r"mod_fcgid: process .*exit")
    client = slow(front)
    (pid,) = children(place)
    os.kill(pid, signal.SIGKILL)
    body = client.rest()
    assert len(body) < len(LARGE), len(body)
    # Apache adds its error page to what it has sent already.
    body = body.partition(b"<!DOCTYPE HTML PUBLIC")[0]
    assert LARGE.startswith(body), body[-100:]
    answers(front)


@harness.only_root("sees what a responder runs")
def test_mod_fcgid_term_in_the_middle(place, start, slow):
    """Apache ends it while it answers: the answer is finished."""
    front = start_fcgid(place, start)
    client = slow(front)
    (pid,) = children(place)
    os.kill(pid, signal.SIGTERM)
    harness.wait_until(lambda: harness.at_rest(pid), "it has heard that")
    assert client.rest() == LARGE
    harness.wait_until(lambda: pid not in children(place), "it ends")
    front.allow(r"mod_fcgid: ")
    answers(front, 1)


@harness.only_root("sees what a responder runs")
def test_lighttpd_starts_and_ends_it(place, start, slow):
    """lighttpd has one process, which ends with it: well, in time, and after
    the answer that is under way."""
    front = start(fronts.Lighttpd(place, "lighttpd/wwz-spawn.conf"))
    answers(front)
    (pid,) = children(place)
    # If something else ends it, it is started again.
    os.kill(pid, signal.SIGTERM)
    # (Its end may itself show as two: the leak check has a process of its own.)
    harness.wait_until(
        lambda: pid not in (found := children(place)) and found, "another"
    )
    front.allow(r"gw_backend\.c\.\d+\) "
                r"(child |connect(\(\))? .*Connection refused)")
    answers(front, 1)
    client = slow(front)
    # lighttpd ends when its responses have: TERM would cut them.
    front.allow("graceful shutdown started")
    front.process.send_signal(signal.SIGINT)
    assert client.rest() == LARGE
    front.finish()
    # lighttpd tells it to end, and does not wait for it.
    harness.wait_until(lambda: children(place) == [], "its end")


SUEXEC_USER = "nobody"


@pytest.fixture
def suexec_home():
    """A directory below suEXEC's document root, which Debian sets to
    /var/www; nothing else of it is touched."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="wwz-", dir="/var/www"))
    path.chmod(0o755)
    # suEXEC does nothing without its log, which only the package apache2 has
    # a directory for.
    logs = pathlib.Path("/var/log/apache2")
    with open("/run/lock/wwz-test-suexec", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = not logs.exists()
        if made:
            logs.mkdir()
        yield path
        shutil.rmtree(path)
        if made:
            shutil.rmtree(logs)


@harness.only_root("gives each user processes of their own")
def test_suexec(tmp, start, suexec_home, original):
    """Another user's process, with what environment suEXEC leaves; options
    come from the wrapper, which is the user's own."""
    place = fronts.Place(tmp, suexec_home / "www")
    home, root = suexec_home / "bin", place.root
    for directory in (home, root):
        directory.mkdir()
    place.program, start_it = fronts.put_program(home)
    (home / "wwz.fcgi").write_text(
        f"#!/bin/sh\nexec {start_it} serve --root {root}\n"
    )
    shutil.copy(original, root / "site.wwz")
    place.binary = home / "wwz.fcgi"
    fronts.put_htaccess(place, {".htaccess": "wrapper.htaccess"})
    text = (root / ".htaccess").read_text()
    (root / ".htaccess").write_text(text.replace("wwz.fcgi serve", "wwz.fcgi"))
    for path in (home, root, *home.iterdir(), *root.iterdir()):
        fronts.own(path, SUEXEC_USER)
        # Apache looks at the wrapper, and only its user may change it.
        path.chmod(0o755)
    # Only the user can read the archive; Apache does not have to.
    (root / "site.wwz").chmod(0o600)
    group = "nogroup"
    more = f"SuexecUserGroup {SUEXEC_USER} {group}\n"
    front = start(fronts.fcgid(place, more, modules=["suexec"]))
    front.expect(r"AH01232: suEXEC mechanism enabled")
    front.allow(r"mod_fcgid: ")
    answers(front)
    wanted = pwd.getpwnam(SUEXEC_USER).pw_uid
    for pid in children(place):
        uids = re.search(
            r"^Uid:\s+(.*)$", pathlib.Path(f"/proc/{pid}/status").read_text(),
            re.M).group(1)
        assert {int(word) for word in uids.split()} == {wanted}, uids
    assert ask(front, "/site.wwz/middle.bin").body == MIDDLE


# Requests for lighttpd's hand-off: path, fields, method.
HANDED = [
    ("/site.wwz/large.bin", [], "GET"),
    ("/site.wwz/middle.bin", [], "GET"),
    ("/site.wwz/exact.bin", [], "GET"),
    ("/site.wwz/small.bin", [], "GET"),
    ("/site.wwz/deflated.txt", [], "GET"),
    ("/site.wwz/deflated.txt", [("Accept-Encoding", "gzip")], "GET"),
    ("/site.wwz/middle.bin", [("Accept-Encoding", "gzip")], "GET"),
    ("/site.wwz/middle.bin", [], "HEAD"),
    ("/site.wwz/middle.bin", [("Range", "bytes=0-0")], "GET"),
    ("/site.wwz/middle.bin", [("Range", "bytes=100000-199999")], "GET"),
    ("/site.wwz/middle.bin", [("Range", "bytes=-70000")], "GET"),
    ("/site.wwz/middle.bin", [("Range", "bytes=299999-")], "GET"),
    ("/site.wwz/middle.bin", [("Range", "bytes=300000-")], "GET"),
    ("/site.wwz/middle.bin", [("Range", "nonsense")], "GET"),
    ("/site.wwz/middle.bin", [("If-None-Match", "TAG")], "GET"),
    ("/site.wwz/middle.bin", [("If-Match", '"other"')], "GET"),
    ("/site.wwz/middle.bin",
     [("Range", "bytes=5-9"), ("If-Range", "TAG")], "GET"),
    ("/site.wwz/middle.bin",
     [("Range", "bytes=5-9"), ("If-Range", '"other"')], "GET"),
    ("/site.wwz/-wwz-archive", [], "GET"),
]

COMPARED = ["Content-Length", "Content-Range", "Content-Type", "ETag",
            "Last-Modified", "Content-Encoding", "Accept-Ranges"]


def test_lighttpd_hand_off(place, start):
    """With it or without, the answers are the same, field by field and byte
    by byte."""
    fronts.own(place.root / "site.wwz")
    (place.root / "dir.d").mkdir()
    os.link(place.root / "site.wwz", place.root / "dir.d/s p%41&+.wwz")
    responder = start(fronts.responder(place, "--sendfile", "lighttpd"))
    front = start(fronts.Lighttpd(place, "lighttpd/wwz-sendfile.conf"))
    plain_place = fronts.Place(place.tmp / "plain", place.root)
    plain = start(fronts.responder(plain_place))
    wrong = []
    with responder.client() as handing, plain.client() as whole:
        tag = whole.ask("/site.wwz/middle.bin").get("ETag")
        got = handing.ask("/site.wwz/middle.bin")
        assert got.get("X-Sendfile2") and not got.body, got
        assert not handing.ask("/site.wwz/small.bin").get("X-Sendfile2")
        odd = "/dir.d/s%20p%2541&+.wwz/large.bin"
        for path, fields, method in [*HANDED, (odd, [], "GET")]:
            fields = [(n, v.replace("TAG", tag)) for n, v in fields]
            want = whole.ask(path, method, fields)
            got = ask(front, path, method, fields)
            differ = [
                f"{name}: {got.get(name)}, not {want.get(name)}"
                for name in COMPARED
                if got.get(name) != want.get(name)
            ]
            if (got.status != want.status or got.body != want.body or differ
                    or got.get("X-Sendfile2")):
                wrong.append(f"{method} {path} {fields}: {differ} {got}, not"
                             f" {want}")
    assert not wrong, "\n".join(wrong)


def test_lighttpd_hand_off_is_bounded(place, start):
    """lighttpd sends nothing that lies outside of its x-sendfile-docroot."""
    outside = place.tmp / "outside"
    outside.mkdir()
    os.link(place.root / "site.wwz", outside / "site.wwz")
    start(fronts.responder(place, "--sendfile", "lighttpd", root=place.tmp))
    alias = f'alias.url = ( "/outside" => "{outside}" )\n'
    front = start(fronts.Lighttpd(
        place, "lighttpd/wwz-sendfile.conf", more=alias))
    front.allow("X-Sendfile")
    got = ask(front, "/outside/site.wwz/large.bin")
    assert LARGE[:1000] not in got.body and got.status in (403, 404, 502), got
