"""Archives that change while they are served: each response is wholly of the
old file or wholly of the new one, or is seen to be cut short."""

import gzip
import os
import shutil
import threading

import pytest

import archives
import harness

# Much more than the socket's buffers take.
SIZE = 8 << 20


def start_slowly(responder, path, headers=()):
    """A request of which only the first bytes have been read; and those."""
    client = responder.client()
    client.send(client.request(path, headers=headers, keep=False))
    start = client.read_record()
    assert start is not None and start[0] == harness.STDOUT, start
    return client, start[2]


def test_replaced_during_a_response(tmp, root, serve):
    path = root / "x.wwz"
    old, new = archives.noise(SIZE, 1), archives.noise(SIZE, 2)
    archives.write(path, {"a.bin": old}, archives.STORED)
    responder = serve()
    slow, start = start_slowly(responder, "/x.wwz/a.bin")
    archives.write(tmp / "new", {"a.bin": new}, archives.STORED)
    os.rename(tmp / "new", path)
    with responder.client() as client:
        got = client.ask("/x.wwz/a.bin")
        assert got.status == 200 and got.body == new, got
    with slow:
        got = slow.read_response(start=start)
        assert got.ended and got.status == 200 and got.body == old, got


def test_removed_during_a_response(root, serve):
    path = root / "x.wwz"
    content = archives.noise(SIZE, 1)
    archives.write(path, {"a.bin": content}, archives.STORED)
    responder = serve()
    slow, start = start_slowly(responder, "/x.wwz/a.bin")
    path.unlink()
    responder.expect("^(info|warn) .*x\\.wwz")
    with responder.client() as client:
        assert client.ask("/x.wwz/a.bin").status == 404
    with slow:
        got = slow.read_response(start=start)
        assert got.ended and got.body == content, got


def test_kept_tag(tmp, root, serve):
    """A member that did not change keeps its tag when the archive does not."""
    path = root / "x.wwz"
    archives.write(path, {"a.txt": "same", "b.txt": "old"})
    with serve().client() as client:
        before = [
            client.ask(f"/x.wwz/{name}").get("ETag")
            for name in ("a.txt", "b.txt")
        ]
        archives.write(
            tmp / "new", {"c.txt": "more", "b.txt": "new", "a.txt": "same"}
        )
        os.rename(tmp / "new", path)
        after = [
            client.ask(f"/x.wwz/{name}").get("ETag")
            for name in ("a.txt", "b.txt")
        ]
    assert before[0] == after[0], (before, after)
    assert before[1] != after[1], (before, after)


ROUNDS, CLIENTS = 300, 4


def content(version):
    """About 150 KB that say in every line of what version they are."""
    return b"".join(b"%d %d\n" % (version, line) for line in range(15_000))


class Reader(threading.Thread):
    """Asks again and again; notes what is wrong."""

    def __init__(self, responder, state, known):
        super().__init__()
        self.responder, self.state, self.known = responder, state, known
        self.wrong, self.count, self.versions = [], 0, set()

    def run(self):
        try:
            with self.responder.client() as client:
                while not self.state["over"] and not self.wrong:
                    self.once(client)
        except Exception as failure:
            self.wrong.append(repr(failure))

    def once(self, client):
        self.count += 1
        accept = "gzip" if self.count % 2 else "identity"
        oldest = self.state["published"]
        got = client.ask(
            f"/x.wwz/{'ab'[self.count // 2 % 2]}.txt",
            headers=[("Accept-Encoding", accept)],
        )
        newest = self.state["tried"]
        body = got.body
        if got.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        version = int(body.split(b" ", 1)[0])
        self.versions.add(version)
        if got.status != 200 or got.cut or body != self.known[version]:
            self.wrong.append(f"mixed or cut: {got}")
        if not oldest <= version <= newest:
            self.wrong.append(f"{version}, not {oldest} to {newest}")


@pytest.mark.threads
def test_many_replacements(tmp, root, serve):
    path = root / "x.wwz"
    known = {version: content(version) for version in range(ROUNDS + 1)}

    def publish(version):
        body = known[version]
        archives.write(
            tmp / "new", {"a.txt": body, "b.txt": (body, archives.STORED)}
        )
        state["tried"] = version
        os.rename(tmp / "new", path)
        state["published"] = version

    state = {"over": False, "tried": 0, "published": 0}
    publish(0)
    responder = serve("--threads", "2")
    readers = [Reader(responder, state, known) for _ in range(CLIENTS)]
    for reader in readers:
        reader.start()
    for version in range(1, ROUNDS + 1):
        publish(version)
        # Before each fifth one, a request has been answered; the others come at
        # any moment of an answer, which is the point of this test.
        before = sum(reader.count for reader in readers)
        if version % 5 == 0:
            harness.wait_until(
                lambda: sum(r.count for r in readers) > before + 1
                or any(r.wrong for r in readers), "requests")
    state["over"] = True
    for reader in readers:
        reader.join()
    wrong = [fault for reader in readers for fault in reader.wrong]
    assert not wrong, wrong
    seen = set().union(*(reader.versions for reader in readers))
    assert len(seen) > ROUNDS // 10, f"only {len(seen)} versions were seen"
    # Replaced archives are closed.
    harness.wait_until(
        lambda: responder.descriptors() < 30, "old files are closed"
    )


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def overwrite(path):
    """Other bytes in the same inode, as a careless cp makes them."""
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.write(archives.noise(size, 9))


ORIGINAL = archives.noise(SIZE, 1)


@pytest.fixture(scope="module")
def prepared(module_tmp):
    return archives.write(
        module_tmp / "original",
        {"stored": (ORIGINAL, archives.STORED), "deflated": ORIGINAL},
    )


@pytest.mark.parametrize(
    "member, accept",
    [("stored", "identity"), ("deflated", "identity"), ("deflated", "gzip")],
)
@pytest.mark.parametrize("spoil", [truncate, empty, overwrite])
def test_spoilt_during_a_response(
    root, serve, prepared, member, spoil, accept
):
    """Cut short and logged; nobody takes it for complete."""
    path = root / "x.wwz"
    shutil.copy(prepared, path)
    responder = serve()
    responder.expect("^(info|warn|error) .*x\\.wwz", times=None)
    slow, start = start_slowly(
        responder, f"/x.wwz/{member}", [("Accept-Encoding", accept)]
    )
    spoil(path)
    with slow:
        got = slow.read_response(start=start)
        assert got is not None and got.status == 200, got
        assert got.cut, f"{len(got.body)} bytes of a file that changed"
    archives.write(path, {"a.bin": b"mended"})
    with responder.client() as client:
        got = client.ask("/x.wwz/a.bin")
        assert (got.status, got.body) == (200, b"mended"), got


@pytest.mark.parametrize("spoil", [truncate, empty, overwrite])
def test_spoilt_between_requests(root, serve, prepared, spoil):
    path = root / "x.wwz"
    shutil.copy(prepared, path)
    responder = serve()
    responder.expect("^(info|warn) .*x\\.wwz")
    with responder.client() as client:
        assert client.ask("/x.wwz/stored", "HEAD").status == 200
        spoil(path)
        got = client.ask("/x.wwz/stored")
        assert got.status in (500, 503), got


def test_archives_are_closed(root, serve):
    """No more than --max-archives stay open; the rest still works."""
    for number in range(60):
        archives.write(root / f"{number}.wwz", {"a.txt": str(number)})
    responder = serve("--max-archives", "5", "--threads", "2")
    with responder.client() as client:
        client.ask("/0.wwz/a.txt")
        before = responder.descriptors()
        for _ in range(3):
            for number in range(60):
                got = client.ask(f"/{number}.wwz/a.txt")
                assert (got.status, got.body) == (200, str(number).encode())
        after = responder.descriptors()
    assert after <= before + 5, f"{before} descriptors, later {after}"
