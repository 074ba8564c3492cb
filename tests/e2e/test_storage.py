"""Archives on storage that is slow, hangs or fails (slowfs.c): others are
answered meanwhile, and when it is well again, so are its archives."""

import contextlib
import errno
import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import zipfile

import pytest

import archives
import harness
import slowfs

pytestmark = [
    pytest.mark.threads,
    pytest.mark.skipif(not os.access("/dev/fuse", os.R_OK | os.W_OK),
                       reason="/dev/fuse is not there, or for root alone"),
]

PAGE = archives.text(20_000, 2)
IMAGE = archives.text(60_000, 3)
LARGE = archives.text(3_000_000, 1)
CONTENT = {"page.html": PAGE, "large.txt": LARGE, "stored.bin": LARGE,
           "image.bin": IMAGE}
MEMBERS = {
    "page.html": PAGE,
    "large.txt": LARGE,
    "stored.bin": (LARGE, zipfile.ZIP_STORED),
    "image.bin": (IMAGE, zipfile.ZIP_STORED),
}
GZIP = [("Accept-Encoding", "gzip")]
# What is asked for: a member, how, and how its content is had of the answer.
WAYS = [
    ("page.html", [], bytes),
    ("page.html", GZIP, gzip.decompress),
    ("large.txt", [], bytes),
    ("large.txt", GZIP, gzip.decompress),
    ("stored.bin", [], bytes),
    ("image.bin", [], bytes),
]
# This opens an archive, and no more.
NONE = ("none", [], bytes)


@pytest.fixture(scope="module")
def program(module_tmp):
    return slowfs.build(module_tmp)


@pytest.fixture
def unmounted(program, tmp, root, serve):
    # It goes before the responder does, so that nothing hangs any more.
    slow = slowfs.SlowFs(program, tmp, root)
    archives.write(root / "hot.wwz", MEMBERS)
    for i in range(24):
        # The kernel looks up one name in a directory at a time.
        (slow.source / f"cold/{i}").mkdir()
        shutil.copy(root / "hot.wwz", slow.source / f"cold/{i}/a.wwz")
    with contextlib.closing(slow):
        yield slow


@pytest.fixture
def slow(unmounted):
    unmounted.mount()
    return unmounted


def right(response, way):
    name, _, content = way
    return response.status == 200 and content(response.body) == CONTENT[name]


def ask(responder, path, way):
    with responder.client() as client:
        return client.ask(f"/{path}/{way[0]}", headers=way[1])


def send(responder, n):
    """n clients, each of which asks for something else, in another archive."""
    ways = [WAYS[i % len(WAYS)] for i in range(n)]
    clients = [responder.client() for _ in range(n)]
    for i, (client, way) in enumerate(zip(clients, ways)):
        client.send(client.request(f"/slow/cold/{i}/a.wwz/{way[0]}",
                                   headers=way[1]))
    return list(zip(clients, ways))


def hot(responder):
    """All ways to ask for what is in memory."""
    for way in WAYS:
        assert right(ask(responder, "hot.wwz", way), way), way


def status(responder):
    got = ask(responder, "hot.wwz",
              ("-wwz-status?format=json", [], bytes))
    return json.loads(got.body)


@pytest.mark.parametrize("call", ["open", "read", "stat"])
def test_hot_while_cold_hangs(slow, serve, call):
    """More requests than threads may wait: who asks for something else is
    answered all the same.  At the end, everybody is."""
    responder = serve("--threads", "2", "--io-threads", "8", "--status")
    hot(responder)
    if call == "read":
        slow.rule("open cold/ direct")
        for i in range(24):
            assert ask(responder, f"slow/cold/{i}/a.wwz", NONE).status == 404
    slow.rule(f"{call} cold/ hang", "open cold/ direct")
    cold = send(responder, 24)
    harness.wait_until(lambda: slow.waiting() >= 6, "its share waits")
    hot(responder)
    assert slow.waiting() == 6
    assert status(responder)["storage_waiting"] == 6
    slow.rule()
    for client, way in cold:
        assert right(client.read_response(), way), way
        client.close()
    hot(responder)
    page = status(responder)
    assert page["storage_waits_begun"] == page["storage_waits_ended"] > 6


def test_one_io_thread(slow, serve):
    """It waits for what hangs, and what is in memory is answered, also when it
    has to be looked for in memory first."""
    responder = serve("--threads", "2", "--io-threads", "1", "--status")
    hot(responder)
    slow.rule("open cold/ hang")
    cold = send(responder, 3)
    harness.wait_until(lambda: slow.waiting() == 1, "one waits")
    many = [responder.client() for _ in range(8)]
    for client, way in zip(many, WAYS * 2):
        client.send(client.request(f"/hot.wwz/{way[0]}", headers=way[1]))
    for client, way in zip(many, WAYS * 2):
        assert right(client.read_response(), way), way
        client.close()
    assert status(responder)["storage_waiting"] >= 1
    slow.rule()
    for client, way in cold:
        assert right(client.read_response(), way), way
        client.close()


@pytest.mark.parametrize("direct", [[], ["open cold/ direct"]])
def test_content(slow, serve, direct):
    """With and without a mapping, the bytes are the same."""
    slow.rule(*direct)
    responder = serve()
    for i, way in enumerate(WAYS):
        for _ in range(3):
            assert right(ask(responder, f"slow/cold/{i}/a.wwz", way), way), way
        last = ask(responder, f"slow/cold/{i}/a.wwz",
                   (way[0], [("Range", "bytes=-5")], bytes))
        assert (last.status, last.body) == (
            206, CONTENT[way[0]][-5:])
    command = [harness.WWZ, "cat", slow.top / "cold/0/a.wwz", "stored.bin"]
    assert subprocess.run(command, check=True,
                          capture_output=True).stdout == LARGE


def test_mounted_later(unmounted, serve):
    """What is mounted below the root after the start is seen."""
    responder = serve()
    responder.allow("archive-missing")
    assert ask(responder, "slow/cold/0/a.wwz", WAYS[0]).status == 404
    unmounted.mount()
    for way in WAYS:
        assert right(ask(responder, "slow/cold/0/a.wwz", way), way), way


def end_hang(slow, responder):
    """Threads whose peers were given up have still to come back, or they would be
    taken to be stuck at the end."""
    slow.rule()
    harness.wait_until(lambda: status(responder)["storage_waiting"] == 0,
                       "the threads go on")


def when_served(responder, path, way):
    """The answer, and how often there was none or half of one before, since the
    machine was busy for longer than --storage-timeout."""
    for times in range(harness.PATIENCE):
        got = ask(responder, path, way)
        if got.status != 503 and got.ended:
            return got, times
    raise AssertionError(got)


@pytest.mark.parametrize("call", ["open", "read", "stat"])
def test_timeout(slow, serve, call):
    """Who has waited for long, be it in line, gets 503.  Afterwards everything
    is as before.  What does not hang may be slow, too, on a busy machine."""
    responder = serve("--threads", "2", "--io-threads", "4",
                      "--storage-timeout", "1", "--status")
    hot(responder)
    slow.rule("open cold/ direct")
    late = 8
    for i in range(8 if call == "read" else 0):
        got, times = when_served(responder, f"slow/cold/{i}/a.wwz", NONE)
        late += times
        assert got.status == 404
    slow.rule(f"{call} cold/ hang", "open cold/ direct")
    cold = send(responder, 8)
    for client, _ in cold:
        response = client.read_response()
        assert response.status == 503
        assert response.get("Retry-After") == "2"
        assert client.receive(1) is None
        client.close()
    hot(responder)
    end_hang(slow, responder)
    for way in WAYS:
        got, times = when_served(responder, "slow/cold/0/a.wwz", way)
        late += times
        assert right(got, way), way
    responder.expect("warn storage-timeout .*archive=.*/slow//?cold/", late)


def test_cut(slow, serve):
    """What has begun is cut."""
    responder = serve("--storage-timeout", "1", "--status")
    slow.rule("open cold/ direct")
    _, late = when_served(responder, "slow/cold/0/a.wwz", NONE)
    response = None
    while response is None or response.status == 503:
        slow.rule("open cold/ direct")
        with responder.client() as client:
            client.send(client.request("/slow/cold/0/a.wwz/stored.bin"))
            # The rest does not fit into the sockets.
            client.socket.recv(1, socket.MSG_PEEK)
            slow.rule("read cold/ hang")
            response = client.read_response()
        late += 1
    responder.expect("warn storage-timeout ", late)
    assert response.status == 200
    assert not response.ended
    assert 0 < len(response.body) < len(LARGE)
    assert LARGE.startswith(response.body)
    end_hang(slow, responder)
    hot(responder)


@pytest.mark.parametrize("name", ["EIO", "ESTALE", "ENOTCONN", "ETIMEDOUT"])
@pytest.mark.parametrize("call", ["open", "read", "stat"])
def test_failure(slow, serve, call, name):
    """An error is answered with 503, and forgotten when it is over."""
    slow.rule("open cold/ direct")
    responder = serve()
    responder.allow("^warn storage-failed ")
    if call == "read":
        assert ask(responder, "slow/cold/0/a.wwz", NONE).status == 404
    slow.rule(f"{call} cold/ -{getattr(errno, name)}", "open cold/ direct")
    for way in WAYS[:2] + WAYS[5:]:
        response = ask(responder, "slow/cold/0/a.wwz", way)
        assert response.status == 503, way
        assert response.get("Retry-After") == "2"
    assert any("storage-failed" in line for line in responder.lines())
    hot(responder)
    slow.rule("open cold/ direct")
    harness.wait_until(
        lambda: ask(responder, "slow/cold/0/a.wwz", WAYS[0]).status == 200,
        "it is forgotten")
    for way in WAYS:
        assert right(ask(responder, "slow/cold/0/a.wwz", way), way), way


def test_peer_times_out_beside_one_that_waits(slow, serve):
    """--timeout is not put off until --storage-timeout."""
    responder = serve("--timeout", "1")
    slow.rule("open cold/ hang")
    ((cold, way),) = send(responder, 1)
    harness.wait_until(lambda: slow.waiting() == 1, "it waits")
    responder.expect("info peer-timeout ")
    with responder.client() as client:
        # Who does not read: it does not fit into the sockets.
        client.send(client.request("/hot.wwz/stored.bin"))
        harness.wait_until(lambda: any(
            "peer-timeout" in line for line in responder.lines()), "it is cut")
    slow.rule()
    assert right(cold.read_response(), way)
    cold.close()


def test_end_while_it_hangs(slow, serve):
    """TERM ends the process although its threads hang."""
    responder = serve("--threads", "2", "--io-threads", "4", "--grace", "1")
    hot(responder)
    slow.rule("open cold/ hang")
    cold = send(responder, 8)
    # A request that is not read by then would be refused.
    harness.wait_until(lambda: slow.waiting() == 3 and all(
        harness.taken(client) for client, _ in cold), "they wait")
    responder.journal.expect("warn grace-over ")
    responder.journal.expect("warn storage-timeout ", 8)
    responder.journal.expect("error stop-forced ")
    responder.end(signal.SIGTERM)
    for client, _ in cold:
        assert client.read_response().status == 503
        client.close()


def watched(serve, address):
    """A responder whose service manager, which listens later, wants to hear
    that it is well."""
    return serve("--threads", "2", "--io-threads", "4", "--status",
                 env={**os.environ, "NOTIFY_SOCKET": str(address),
                      "WATCHDOG_USEC": "200000"})


def stays_well(responder, address):
    """It says so from now on, and answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        address.chmod(0o777)
        manager.settimeout(harness.PATIENCE)
        for _ in range(2):
            while b"WATCHDOG=1" not in manager.recv(512):
                pass
            hot(responder)


def test_watchdog(slow, serve, tmp):
    """More requests than there are threads wait for storage that hangs."""
    responder = watched(serve, tmp / "manager")
    hot(responder)
    slow.rule("open cold/ hang")
    cold = send(responder, 8)
    harness.wait_until(lambda: slow.waiting() == 3, "its share waits")
    stays_well(responder, tmp / "manager")
    slow.rule()
    for client, way in cold:
        assert right(client.read_response(), way), way
        client.close()


def test_hangup_while_it_hangs(slow, serve, tmp):
    """Archives are closed at HUP, and the storage does not let them."""
    responder = watched(serve, tmp / "manager")
    for i in range(4):
        assert ask(responder, f"slow/cold/{i}/a.wwz", NONE).status == 404
    slow.rule("flush cold/ hang")
    responder.process.send_signal(signal.SIGHUP)
    harness.wait_until(lambda: slow.waiting() == 1, "one is being closed")
    stays_well(responder, tmp / "manager")
    end_hang(slow, responder)
    hot(responder)


@pytest.mark.parametrize("wait", [0, 3_600_000])
def test_revalidate(slow, serve, wait):
    """An archive that was replaced is served until it is looked at again; until
    then nobody waits for a stat."""
    responder = serve("--revalidate", str(wait))
    first = slow.source / "cold/0/a.wwz"
    path = "slow/cold/0/a.wwz"
    assert right(ask(responder, path, WAYS[0]), WAYS[0])
    archives.write(first.with_name("new"), {"page.html": b"new"})
    os.rename(first.with_name("new"), first)
    if wait > 0:
        slow.rule("stat cold/ hang")
    got = ask(responder, path, WAYS[0])
    assert got.body == (PAGE if wait else b"new")
