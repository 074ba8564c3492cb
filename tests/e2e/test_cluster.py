"""deploy/cluster as it is shipped: HAProxy and three hosts, each in a network
namespace of its own.  Which host answered is read in HAProxy's log, which
archives are open on a host in its descriptors."""

import collections
import contextlib
import ctypes
import http.client
import itertools
import os
import random
import re
import signal
import subprocess
import threading
import time

import pytest

import archives
import fronts
import harness

HOSTS = {"one": "10.0.0.11", "two": "10.0.0.12", "three": "10.0.0.13"}
ARCHIVES = [f"/docs/manual-{number}.wwz" for number in range(30)]
PAGE = archives.text(4000)
# More than the sockets on the way hold.
BIG = archives.noise(32 << 20)
CLIENTS = 6


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def network():
    """A namespace for HAProxy with a bridge, and one for each host: their
    names."""
    names = {host: f"wwz-{os.getpid()}-{host}" for host in ["front", *HOSTS]}
    front = names["front"]
    made = []
    try:
        for name in names.values():
            ip("netns", "add", name)
            made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", front, "link", "add", "bridge", "type", "bridge")
        ip("-n", front, "address", "add", "10.0.0.1/24", "dev", "bridge")
        ip("-n", front, "link", "set", "bridge", "up")
        for host, address in HOSTS.items():
            name = names[host]
            ip("-n", front, "link", "add", host, "master", "bridge",
               "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", front, "link", "set", host, "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        yield names
    finally:
        for name in made:
            ip("netns", "del", name)


@contextlib.contextmanager
def inside(name):
    """This thread's sockets are made in that namespace."""
    def enter(file):
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    with open("/proc/thread-self/ns/net") as home:
        with open(f"/run/netns/{name}") as there:
            enter(there)
        try:
            yield
        finally:
            enter(home)


class Host(harness.Responder):
    """wwz on one host; the second socket tells the test that it is ready."""

    def __init__(self, tmp, root, space, address):
        local = tmp / f"{address}.sock"
        super().__init__(
            tmp, root, address=local,
            command=["ip", "netns", "exec", space, harness.WWZ, "serve",
                     "--listen", f"{address}:9000", "--allow-remote",
                     "--listen", f"unix:{local}", *harness.AS_USER,
                     "--root", root])

    def open_archives(self):
        """Which of ARCHIVES it has open."""
        found = set()
        for number in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                path = os.readlink(f"/proc/{self.pid}/fd/{number}")
                found.add(path.removeprefix(str(self.root)))
        return found & set(ARCHIVES)


GLOBAL = """\
global
	log stdout format raw local0
	user www-data
	group www-data
"""


class Balancer(fronts.Front):
    told_to_end = -signal.SIGTERM

    def __init__(self, tmp, root, space, *changes):
        self.space = space
        place = fronts.Place(tmp / "front", root)
        config = place.file("haproxy.cfg", GLOBAL + fronts.shipped(
            "cluster/haproxy.cfg", (fronts.ROOT, root), *changes))
        command = ["ip", "netns", "exec", space, "haproxy", "-db", "-f", config]
        super().__init__("haproxy", place, command, 80)
        self.expect(r"\[WARNING\] .* Server wwz/\w+ is DOWN")
        self.expect(r"\[WARNING\] .* Server wwz/\w+ is UP")

    def ready(self):
        with inside(self.space):
            return super().ready()

    def wait_for(self, words):
        harness.wait_until(lambda: words in self.out.read_text(), words)

    def served(self):
        """(host, archive) of each request so far."""
        return re.findall(
            r' www wwz/(\w+) .*"GET (/\S+?\.wwz)/', self.out.read_text())


class Load:
    """Clients that ask for a member of all archives, over and over, and what
    became of it: (archive, when it began, whether it was right, the client)."""

    def __init__(self, space):
        self.space = space
        self.seen = []
        self.stop = threading.Event()
        self.threads = [
            threading.Thread(target=self.run, args=(seed,))
            for seed in range(CLIENTS)
        ]

    def run(self, seed):
        order = random.Random(seed).sample(ARCHIVES, len(ARCHIVES))
        with inside(self.space):
            client = harness.Http(80)
            for archive in itertools.cycle(order):
                # The pace leaves other tests a part of the machine.
                if self.stop.wait(0.005):
                    break
                began = time.monotonic()
                try:
                    got = client.ask(archive + "/page.txt")
                    right = got.status == 200 and got.body == PAGE
                except (OSError, http.client.HTTPException):
                    right = False
                    client.close()
                self.seen.append((archive, began, right, seed))
            client.close()

    def wait_for(self, more):
        wanted = len(self.seen) + more
        harness.wait_until(lambda: len(self.seen) >= wanted, "requests")

    def settle(self):
        """Wait until no request is under way that began before now: one that
        waits for a host that is gone takes its time, and is retried."""
        now = time.monotonic()
        harness.wait_until(
            lambda: len({one[3] for one in self.seen if one[1] >= now})
            == CLIENTS, "requests of all clients")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def spaces():
    with contextlib.ExitStack() as stack:
        try:
            names = stack.enter_context(network())
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", None) or error
            pytest.skip(f"no network namespaces here: {why}")
        yield names


@contextlib.contextmanager
def slow_download(space, path):
    """A client that has read the beginning of a member, and can read on."""
    with inside(space):
        s = harness.connect(("127.0.0.1", 80))
    with s:
        fields = "Host: localhost\r\nConnection: close\r\n"
        s.sendall(f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode())
        start = s.recv(4096)
        assert start.startswith(b"HTTP/1.1 200"), start[:200]

        def rest():
            size = len(start)
            with contextlib.suppress(ConnectionResetError):
                while part := s.recv(1 << 20):
                    size += len(part)
            return size

        yield rest


def homes_of(served):
    """Which host each archive is on; one that is on two is a fault."""
    hosts = collections.defaultdict(set)
    for host, archive in served:
        hosts[archive].add(host)
    spread = {a: h for a, h in hosts.items() if len(h) > 1}
    assert not spread, f"archives on several hosts: {spread}"
    assert set(hosts) == set(ARCHIVES), set(ARCHIVES) - set(hosts)
    return {archive: found.pop() for archive, found in hosts.items()}


def placed(homes, host):
    return {archive for archive in ARCHIVES if homes[archive] == host}


def check_failures(failed, homes, victim, until):
    """What failed was under way at the victim before that time."""
    late = [one for one in failed if one[1] > until]
    assert not late, f"failed, and began later: {late}"
    others = [one for one in failed if homes[one[0]] != victim]
    assert not others, f"failed on a host that lived: {others}"
    assert len(failed) <= CLIENTS, failed


def strike(fault, hosts, victim, balancer):
    """Let it happen, and be noticed; until when requests may fail by it."""
    host, noticed = hosts[victim], f"Server wwz/{victim} is DOWN"
    if fault == "unplugged":
        # No download here: HAProxy 2.6.12 would crash, see README.md there.
        ip("-n", balancer.space, "link", "set", victim, "down")
        balancer.wait_for(noticed)
        return time.monotonic()
    path = ARCHIVES[0] + "/big.bin"
    with slow_download(balancer.space, path) as rest:
        if fault == "killed":
            host.kill()
            until = time.monotonic()
        else:
            host.process.send_signal(signal.SIGTERM)
            until = 0
        balancer.wait_for(noticed)
        assert (rest() > len(BIG)) == (fault == "told to end")
    if fault == "told to end":
        host.finish()
    return until


# If the host disappears without a reset, the other check finds out, in less
# time.
UNPLUGGED = [("timeout server 10s", "timeout server 3s"),
             ("#option httpchk", "option httpchk")]
# If it refuses connections, no check is too late, however busy this machine is.
PATIENT = [("timeout check 1s", "timeout check 100s")]


@pytest.mark.parametrize(
    "fault, changes",
    [
        ("killed", PATIENT),
        ("told to end", PATIENT),
        ("unplugged", UNPLUGGED),
    ],
    ids=["killed", "ended", "unplugged"])
def test_one_of_three_fails(tmp, root, spaces, fault, changes):
    """Under load: what fails was under way there, and nothing does when it is
    told to end; what it had is taken over by the others, what they had stays,
    and all is as before when it is back."""
    (root / "docs").mkdir()
    for archive in ARCHIVES:
        archives.write(root / archive[1:], {"page.txt": PAGE})
    archives.write(root / ARCHIVES[0][1:],
                   {"page.txt": PAGE, "big.bin": (BIG, archives.STORED)})
    archives.write(root / "health.wwz", {"index.html": "well"})
    front = spaces["front"]

    with contextlib.ExitStack() as stack:
        def start(host):
            process = Host(tmp, root, spaces[host], HOSTS[host])
            return stack.enter_context(harness.running(process))

        def serve_some():
            """Which archive is where, in some requests from now on."""
            mark = len(balancer.served())
            load.wait_for(300)
            return homes_of(balancer.served()[mark:])

        hosts = {host: start(host) for host in HOSTS}
        balancer = stack.enter_context(
            harness.running(Balancer(tmp, root, front, *changes)))
        load = stack.enter_context(Load(front))

        before = serve_some()
        victim = before[ARCHIVES[0]]
        moved = placed(before, victim)
        assert 0 < len(moved) < len(ARCHIVES)
        for host, process in hosts.items():
            assert process.open_archives() == placed(before, host), host
        assert not [one for one in load.seen if not one[2]]

        until = strike(fault, hosts, victim, balancer)
        load.settle()

        after = serve_some()
        for archive in ARCHIVES:
            if archive in moved:
                assert after[archive] != victim, archive
            else:
                assert after[archive] == before[archive], archive
        # Requests before the fault is noticed go to either host.
        for host in set(hosts) - {victim}:
            found = hosts[host].open_archives()
            assert found >= placed(before, host) | placed(after, host), host
            assert found <= placed(before, host) | moved, host
        failed = [one for one in load.seen if not one[2]]
        check_failures(failed, before, victim, until)
        served = balancer.served()
        print(f"{fault}: {len(served)} requests to {len(ARCHIVES)} archives,"
              f" {len(failed)} failed, {len(set(served))} found theirs not"
              f" open, {len(moved)} of which moved")

        count = len(load.seen)
        if fault == "unplugged":
            ip("-n", front, "link", "set", victim, "up")
        else:
            hosts[victim] = start(victim)
        balancer.wait_for(f"Server wwz/{victim} is UP")
        load.settle()
        assert serve_some() == before
        assert not [one for one in load.seen[count:] if not one[2]]
