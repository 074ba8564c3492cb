"""Restarts under a service manager: what it is told, and what clients notice,
which is nothing.  The manager is this file: it holds the listening socket and
hands it over as systemd does."""

import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import threading
import time

import pytest

import archives
import fronts
import harness

TEXT = archives.text(3000, 1)
LARGE = archives.noise(2 << 20, 2)
MEMBERS = {
    "a.txt": TEXT,
    "large.bin": (LARGE, archives.STORED),
}
RESTARTS = 10


class Manager:
    """A listening socket, processes that get it, and what they report."""

    def __init__(self, place, start, *options, listener=None):
        self.place = place
        self.start_process = start
        self.options = options
        self.socket = listener or socket.socket(socket.AF_UNIX)
        if listener is None:
            self.socket.bind(str(place.socket))
            self.socket.listen(1024)
            fronts.own(place.socket)
        self.reports = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.reports.bind(str(place.run / "notify"))
        fronts.own(place.run / "notify")
        self.reports.settimeout(harness.PATIENCE)

    def close(self):
        self.reports.close()
        self.socket.close()

    def start(self, **environment):
        """A new process, once it has said that it is ready."""
        command = [self.place.binary, "serve", "--root", self.place.root]
        with harness.handed_over(
            [*command, *self.options], self.socket
        ) as options:
            responder = self.start_process(harness.Responder(
                self.place.tmp, self.place.root,
                address=self.socket.getsockname(),
                env={**os.environ,
                     "NOTIFY_SOCKET": str(self.place.run / "notify"),
                     **environment},
                **options, **fronts.drop(),
            ))
        self.wait_for("READY=1")
        return responder

    def report(self):
        """The next report, as a dictionary."""
        text = self.reports.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def wait_for(self, line):
        """The first report with line in it; those before are forgotten."""
        name, _, value = line.partition("=")
        while (got := self.report()).get(name) != value:
            pass
        return got


@pytest.fixture
def place(tmp):
    root = tmp / "www"
    root.mkdir()
    archives.write(root / "site.wwz", MEMBERS)
    return fronts.Place(tmp, root)


@pytest.fixture
def start():
    """start(process) ends it, and judges it, after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda process: stack.enter_context(harness.running(process))


@pytest.fixture
def manager(place, start):
    with contextlib.ExitStack() as stack:

        def make(*options, **more):
            return stack.enter_context(
                contextlib.closing(Manager(place, start, *options, **more)))

        yield make


class Load:
    """Clients that ask one request after another, on kept connections, and
    note what is not as it should be."""

    def __init__(self, front, count=4):
        self.front = front
        self.wrong = []
        self.asked = [0] * count
        self.ended = False
        self.threads = [
            threading.Thread(target=self.work, args=(at,))
            for at in range(count)
        ]

    def work(self, at):
        client = self.front.client()
        try:
            while not self.ended:
                name, want = [("a.txt", TEXT), ("large.bin", LARGE)][
                    self.asked[at] % 8 == 7]
                got = client.ask(f"/site.wwz/{name}")
                self.asked[at] += 1
                if (got.status, got.body) != (200, want):
                    self.wrong.append(f"{name}: {got}")
        except OSError as error:
            self.wrong.append(repr(error))
        finally:
            client.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        for thread in self.threads:
            thread.join()

    def more(self):
        """Wait until each client has had some answers more."""
        before = list(self.asked)
        harness.wait_until(
            lambda: self.wrong or all(
                now >= then + 5 for now, then in zip(self.asked, before)),
            "all clients get answers")


NGINX = {
    "nginx": ("site.conf", "wwz.conf"),
    "nginx-keepalive": ("site-keepalive.conf", "wwz-keepalive.conf"),
}


@pytest.mark.threads
@pytest.mark.parametrize("name", NGINX)
def test_restarts_lose_nothing(place, start, manager, name):
    """Ten restarts under load, the next process started before the last one
    ends, and after: each client gets each answer whole."""
    system = manager("--threads", "2")
    responder = system.start()
    front = start(fronts.Nginx(place, *NGINX[name]))
    # nginx had a kept connection whose process ended, and took another one.
    front.allow("while sending request to upstream|Connection reset by peer")
    with Load(front) as load:
        for i in range(RESTARTS):
            load.more()
            if i % 2 == 0:
                following = system.start()
                responder.end(signal.SIGTERM)
            else:
                responder.end(signal.SIGTERM)
                following = system.start()
            responder = following
        load.more()
    assert not load.wrong, "\n".join(load.wrong[:5])
    assert sum(load.asked) > 20 * RESTARTS, load.asked


def sockets(responder):
    """How many it has open."""
    count = 0
    for path in pathlib.Path(f"/proc/{responder.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(path).startswith("socket:")
    return count


def listen_tcp():
    return socket.create_server(("127.0.0.1", 0))


FRESH_WAIT = 0.5  # seconds that a first request may take, at the stop


@pytest.mark.threads
@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_first_request_comes_late(manager, kind):
    """A peer that has connected gets an answer, though TERM came before its
    request; one that had an answer finds the end.  When this process had no
    processor for so long that its request came too late, it tries again."""
    system = manager(listener=listen_tcp() if kind == "tcp" else None)
    while not first_request_in_time(system):
        pass


def first_request_in_time(system):
    """False when it was not, and went unanswered, as it may then."""
    responder = system.start()
    with responder.client() as kept:
        assert kept.ask("/site.wwz/a.txt").body == TEXT
        # The listening socket, this one, and the manager's.
        harness.wait_until(lambda: sockets(responder) == 3, "no others")
        fresh = responder.client()
        harness.wait_until(lambda: sockets(responder) == 4, "it is accepted")
        begun = time.monotonic()
        responder.process.send_signal(signal.SIGTERM)
        system.wait_for("STOPPING=1")
        # It has closed idle connections.
        assert kept.receive(1) is None
        with fresh:
            got = ask_if_open(fresh)
            late = time.monotonic() - begun > FRESH_WAIT
            if got is not None:
                assert (got.body, got.ended) == (TEXT, True), got
                assert fresh.receive(1) is None
    responder.finish()
    assert got is not None or late
    return got is not None


def ask_if_open(client):
    """The answer, if there is one."""
    with contextlib.suppress(ConnectionError):
        client.send(client.request("/site.wwz/a.txt"))
        return client.read_response()
    return None


# ptrace(2)
SEIZE, INTERRUPT, DETACH, ALL = 0x4206, 0x4207, 17, 0x40000000


@contextlib.contextmanager
def stopped_threads(responder):
    """All threads of a process but the main one held, as a debugger holds
    them."""
    libc = ctypes.CDLL(None, use_errno=True)

    def trace(word, thread):
        assert libc.ptrace(word, thread, None, None) == 0, (
            os.strerror(ctypes.get_errno()))

    threads = {int(t) for t in os.listdir(f"/proc/{responder.pid}/task")}
    threads.remove(responder.pid)
    for thread in threads:
        trace(SEIZE, thread)
        trace(INTERRUPT, thread)
        assert libc.waitpid(thread, None, ALL) == thread
    try:
        yield
    finally:
        for thread in threads:
            trace(DETACH, thread)


@harness.only_root("stops a thread of a responder")
@pytest.mark.threads
def test_who_has_knocked_is_let_in(tmp, root, serve):
    """Connections that were not accepted yet when TERM came get their answers,
    though the socket goes."""
    archives.write(root / "site.wwz", MEMBERS)
    responder = serve("--threads", "1")
    with responder.client() as client:
        # By then, earlier connections have been accepted.
        client.ask("/site.wwz/a.txt")
    harness.wait_until(lambda: sockets(responder) == 1, "it is idle")
    with stopped_threads(responder):
        clients = [responder.client() for _ in range(50)]
        for client in clients:
            client.send(client.request("/site.wwz/a.txt"))
        responder.process.send_signal(signal.SIGTERM)
        harness.wait_until(
            lambda: sockets(responder) == 50, "all are accepted")
    for client in clients:
        got = client.read_response()
        assert got is not None and got.body == TEXT, got
        client.close()
    responder.finish()


def test_reports(manager):
    """What a service manager hears, from the start to the end."""
    system = manager("--threads", "3")
    # Reports that nobody takes for long are lost: a socket holds ten.
    responder = system.start(WATCHDOG_USEC="1000000")
    with responder.client() as client:
        for _ in range(3):
            got = system.wait_for("WATCHDOG=1")
        assert got["STATUS"].endswith(" connections, 3 threads"), got
        responder.process.send_signal(signal.SIGHUP)
        assert int(system.wait_for("RELOADING=1")["MONOTONIC_USEC"]) > 0
        system.wait_for("READY=1")
        assert client.ask("/site.wwz/a.txt").body == TEXT
    responder.process.send_signal(signal.SIGTERM)
    assert system.wait_for("STOPPING=1")["STATUS"]
    responder.finish()


def test_no_signs_of_life_for_others(manager):
    """A watchdog that is meant for another process is not fed."""
    system = manager()
    responder = system.start(WATCHDOG_USEC="20000", WATCHDOG_PID="1")
    system.reports.settimeout(0.2)
    with pytest.raises(TimeoutError):
        system.report()
    responder.end(signal.SIGTERM)


@harness.only_root("stops a thread of a responder")
def test_watchdog_means_the_threads(manager):
    """When all threads hang there is no sign of life, though the main thread
    is well."""
    system = manager("--threads", "1")
    responder = system.start(WATCHDOG_USEC="40000")
    system.wait_for("WATCHDOG=1")
    with stopped_threads(responder):
        # What was sent before is on the way; then there is silence, while the
        # main thread wakes up, and goes to sleep again, for ten more signs.
        forget_reports(system)
        before = slept(responder)
        harness.wait_until(
            lambda: slept(responder) > before + 10, "the main thread is well")
        assert forget_reports(system) == 0
    system.wait_for("WATCHDOG=1")


def forget_reports(system):
    """Take all that has arrived; how many."""
    count = 0
    system.reports.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while system.reports.recv(4096):
            count += 1
    system.reports.settimeout(harness.PATIENCE)
    return count


def slept(responder):
    """How often the main thread has gone to sleep."""
    return int(harness.threads_of(responder.pid)[str(responder.pid)][1])
