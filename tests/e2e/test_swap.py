"""Archives that are replaced, and spoilt, again and again under load: each
response is right or is seen to be cut, and the first request after a change
sees it.  WWZ_LONG=1 in the environment: 10,000 replacements, not 2,000."""

import contextlib
import gzip
import os
import threading
import time

import pytest

import archives
import harness

ROUNDS = 10_000 if os.environ.get("WWZ_LONG") == "1" else 2_000
READERS = 8

# Bytes of a member: one fits a buffer, the other is sent in pieces.
SIZES = {"small.bin": 8_000, "large.bin": 200_000}


def content(version, name):
    """What a member holds in a version: its number, all over."""
    return b"%07d\n" % version * (SIZES[name] // 8)


def version_of(name, body):
    """The version whose content body is; None for a mixture."""
    try:
        version = int(body[:7])
    except ValueError:
        return None
    return version if body == content(version, name) else None


def write_version(path, version, method):
    archives.write(
        path, {name: (content(version, name), method) for name in SIZES})


class Reader(threading.Thread):
    """Asks for one member after another, until it is told that it is over."""

    def __init__(self, test, responder, number):
        super().__init__()
        self.test, self.responder, self.number = test, responder, number
        self.count, self.wrong = 0, []

    def run(self):
        try:
            while not self.test.over and not self.wrong:
                with self.responder.client() as client:
                    while not self.test.over and not self.wrong:
                        if not self.once(client):
                            break
        except Exception as failure:
            self.wrong.append(repr(failure))

    def once(self, client):
        """One request; false when the connection came to its end."""
        self.count += 1
        # Python has one lock for all of them: leave it to the others.
        time.sleep(0.004)
        name = list(SIZES)[self.count % 2]
        coding = ("gzip", "identity")[(self.count // 2 + self.number) % 2]
        oldest = self.test.published
        client.send(client.request(
            f"/x.wwz/{name}", headers=[("Accept-Encoding", coding)]))
        got = client.read_response()
        fault = self.test.judge(name, got, oldest)
        if fault:
            self.wrong.append(f"{name} as {coding}: {fault}")
        return got is not None and got.ended


class Load:
    """Readers at work, and what they may see."""

    def __init__(self, responder, may_fail):
        self.over = False
        self.published = self.tried = 0
        self.may_fail = may_fail
        self.cuts = self.refusals = self.whole = 0
        self.readers = [Reader(self, responder, n) for n in range(READERS)]

    def judge(self, name, got, oldest):
        """What is wrong with an answer."""
        if got is None or got.status != 200:
            self.refusals += 1
            return None if self.may_fail else f"refused: {got}"
        if got.cut or not got.ended:
            self.cuts += 1
            return None if self.may_fail else f"cut: {got}"
        body = got.body
        if got.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        version = version_of(name, body)
        if version is None:
            return f"a mixture that looks complete: {got}"
        if not oldest <= version <= self.tried:
            return f"{version}, not {oldest} to {self.tried}"
        self.whole += 1
        return None

    def __enter__(self):
        for reader in self.readers:
            reader.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for reader in self.readers:
            reader.join()

    def busy(self):
        """Each reader has read some."""
        return all(reader.count >= 10 for reader in self.readers)

    def check(self):
        wrong = [fault for reader in self.readers for fault in reader.wrong]
        assert not wrong, wrong
        idle = [r.number for r in self.readers if r.count < 10]
        assert not idle, f"readers {idle} did nothing"


@pytest.mark.threads
def test_replaced_by_rename(tmp, root, serve):
    """Deflated and stored versions in turn: none refused, none mixed, and
    whoever asks after the rename gets the new one."""
    path = root / "x.wwz"
    rounds = ROUNDS // (10 if harness.SANITIZED else 1)
    write_version(path, 0, archives.STORED)
    responder = serve("--threads", "2")
    stale = []
    with Load(responder, False) as load, responder.client() as client:
        version = 0
        # Readers that get little time get more rounds.
        while version < rounds or (
                not (load.busy() and load.whole > rounds // 2)
                and version < 50 * rounds):
            version += 1
            method = (archives.STORED, archives.DEFLATED)[version % 2]
            write_version(tmp / "new", version, method)
            load.tried = version
            os.rename(tmp / "new", path)
            load.published = version
            name = list(SIZES)[version // 2 % 2]
            got = client.ask(f"/x.wwz/{name}")
            if version_of(name, got.body) != version:
                stale.append(f"{version}: {got}")
    load.check()
    assert not stale, stale
    print(f"{version} replacements, {load.whole} whole responses")
    assert load.whole > rounds // 2
    harness.wait_until(
        lambda: responder.descriptors() < 30, "old files are closed")


def overwrite(path, data):
    """Other bytes in the same file, as a careless cp writes them, but a page at a
    time: the kernel sets a file's time before it copies what is written, and on a
    busy machine may let others run between two pages of one call."""
    with open(path, "r+b", buffering=0) as file:
        for at in range(0, len(data), 4096):
            file.write(data[at:at + 4096])


@pytest.mark.threads
@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED],
                         ids=["stored", "deflated"])
def test_overwritten_in_place(tmp, root, serve, method):
    """Archives of one size, written over each other: responses may be cut or
    refused meanwhile, but what looks complete is of one version."""
    path = root / "x.wwz"
    write_version(path, 0, archives.STORED)
    responder = serve("--threads", "2")
    responder.allow("^warn (archive-|member-damaged|response-cut)")
    rounds = 300 // (4 if harness.SANITIZED else 1)
    with Load(responder, True) as load:
        version = 0
        # A slow responder gets more rounds, so that each reader has its share.
        while version < rounds or (
                not (load.busy() and load.whole > 0) and version < 50 * rounds):
            version += 1
            write_version(tmp / "new", version, method)
            load.tried = version
            archives.wait_for_tick(path)
            overwrite(path, (tmp / "new").read_bytes())
    load.check()
    assert load.whole > 0, "nothing was ever whole"
    with responder.client() as client:
        write_version(tmp / "new", rounds + 1, method)
        os.rename(tmp / "new", path)
        got = client.ask("/x.wwz/large.bin")
        assert version_of("large.bin", got.body) == rounds + 1, got


# Much more than the socket's buffers take.
BIG = archives.noise(4 << 20)


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def scribble(path):
    overwrite(path, archives.noise(path.stat().st_size, 9))


def grow(path):
    with open(path, "ab") as file:
        file.write(b"more" * 100_000)


def remove(path):
    path.unlink()


def make_directory(path):
    path.unlink()
    path.mkdir()


def make_fifo(path):
    path.unlink()
    os.mkfifo(path)


def make_device(path):
    """/dev/zero, which never ends."""
    path.unlink()
    os.mknod(path, 0o20666, os.makedev(1, 5))


def make_socket(path):
    path.unlink()
    with harness.socket.socket(harness.socket.AF_UNIX) as s:
        s.bind(str(path))


def link_out(path):
    path.unlink()
    archives.write(path.parent.parent / "outside.wwz", {"stored": "outside"})
    path.symlink_to("../outside.wwz")


def link_to_password(path):
    path.unlink()
    path.symlink_to("/etc/passwd")


def forbid(path):
    path.chmod(0)


# The change; whether responses under way are complete or cut; the status from
# then on, and the word in the log.
CHANGES = [
    (truncate, "cut", 503, "archive-incomplete"),
    (empty, "cut", 503, "archive-incomplete"),
    (scribble, "cut", 503, "archive-incomplete"),
    (grow, "either", 503, "archive-incomplete"),
    (remove, "whole", 404, "archive-missing"),
    (make_directory, "whole", 404, "archive-no-file"),
    (make_fifo, "whole", 404, "archive-no-file"),
    pytest.param(make_device, "whole", 404, "archive-no-file",
                 marks=harness.only_root("makes devices"), id="make_device"),
    (make_socket, "whole", 404, "archive-no-file"),
    (link_out, "whole", 403, "archive-outside"),
    (link_to_password, "whole", 403, "archive-outside"),
    (forbid, "whole", 403, "archive-forbidden"),
]

WAYS = [("stored", "identity"), ("deflated", "identity"),
        ("deflated", "gzip")] * 2


@pytest.fixture(scope="module")
def original(module_tmp):
    return archives.write(
        module_tmp / "original",
        {"stored": (BIG, archives.STORED), "deflated": BIG})


@pytest.mark.threads
@pytest.mark.parametrize("change, fate, status, word", CHANGES,
                         ids=lambda what: getattr(what, "__name__", None))
def test_changed_during_responses(
    tmp, root, serve, original, change, fate, status, word
):
    """Six responses under way, by a responder that is not root; then a new
    request, and a good archive again."""
    path = root / "x.wwz"
    path.write_bytes(original.read_bytes())
    responder = serve("--threads", "2")
    responder.expect(f"^(info|warn) {word} .*x\\.wwz", times=None)
    responder.allow("^warn (response-cut|member-damaged) .*x\\.wwz")
    with contextlib.ExitStack() as stack:
        slow = []
        for member, coding in WAYS:
            client = stack.enter_context(responder.client())
            client.send(client.request(
                f"/x.wwz/{member}", headers=[("Accept-Encoding", coding)]))
            kind, _, start = client.read_record()
            assert kind == harness.STDOUT and b"Status" not in start, start
            slow.append((client, start))
        change(path)
        with responder.client() as client:
            got = client.ask("/x.wwz/stored")
            assert got.status == status, got
            assert b"outside" not in got.body and b"root:" not in got.body
            if status == 503:
                assert int(got.get("Retry-After")) > 0, got
        for client, start in slow:
            got = client.read_response(start=start)
            check_fate(got, fate)
    cuts = [line for line in responder.lines()
            if "response-cut" in line or "member-damaged" in line]
    assert (fate == "whole") == (not cuts) or fate == "either", cuts
    if path.is_dir():
        path.rmdir()
    archives.write(tmp / "new", {"stored": "mended"})
    os.rename(tmp / "new", path)
    with responder.client() as client:
        got = client.ask("/x.wwz/stored")
        assert (got.status, got.body) == (200, b"mended"), got


def check_fate(got, fate):
    whole = got.ended and not got.cut
    if whole:
        body = got.body
        if got.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert body == BIG, f"complete, but not right: {got}"
    assert fate == "either" or whole == (fate == "whole"), got


def test_grows_until_it_is_whole(root, serve, original):
    """An upload without rename: 503 with Retry-After until the last byte is
    there, then the archive."""
    path = root / "x.wwz"
    data = original.read_bytes()
    responder = serve()
    responder.expect("^warn archive-incomplete .*x\\.wwz", times=None)
    with open(path, "wb", buffering=0) as file, responder.client() as client:
        for part in range(8):
            at = len(data) * part // 8
            file.write(data[at : len(data) * (part + 1) // 8])
            got = client.ask("/x.wwz/stored")
            if part < 7:
                assert got.status == 503, f"after part {part}: {got}"
                assert int(got.get("Retry-After")) > 0, got
        assert got.status == 200 and got.body == BIG, got
