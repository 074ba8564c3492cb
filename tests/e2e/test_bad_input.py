"""Archives that are damaged, missing or hostile, and paths that lead astray:
the status, and one log line that says what is wrong."""

import os
import socket
import subprocess
import time
import zlib

import pytest

import archives
import harness

CONTENT = archives.text(300_000)
MEMBERS = {"a.txt": CONTENT, "noise.bin": (CONTENT, archives.STORED)}
TELLS = "^(info|warn) "


def make_text(path):
    path.write_bytes(b"<html>surely no archive</html>\n" * 1000)


def make_empty(path):
    path.write_bytes(b"")


def make_truncated(path):
    archives.write(path, MEMBERS)
    os.truncate(path, path.stat().st_size // 2)


def make_directory_damaged(path):
    """The directory's first signature is overwritten."""
    archives.write(path, MEMBERS)
    data = bytearray(path.read_bytes())
    entry, _, _ = next(archives.headers(data))
    data[entry : entry + 4] = b"oops"
    path.write_bytes(data)


def make_directory_short(path):
    """The end record counts a member that is not there."""
    archives.write(path, MEMBERS)
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\5\6")
    data[end + 8] += 1
    data[end + 10] += 1
    path.write_bytes(data)


def make_directory_far(path):
    """The end record says that the directory is larger than the file."""
    archives.write(path, MEMBERS)
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\5\6")
    data[end + 12 : end + 16] = b"\xf0\xff\xff\x7f"
    path.write_bytes(data)


def make_local_header_gone(path):
    archives.write(path, MEMBERS)
    data = bytearray(path.read_bytes())
    data[0:4] = bytes(4)
    path.write_bytes(data)


def make_unlike_headers(path):
    """Local header and directory do not agree on the method."""
    archives.write(path, MEMBERS)
    archives.patch(path, "a.txt", "method", 0, central=False)


def make_past_the_end(path):
    """A member whose data would reach beyond the directory."""
    archives.write(path, MEMBERS)
    for field in ("packed", "size"):
        archives.patch(path, "noise.bin", field, 0x7FFFFFF0)


def make_unknown_method(path):
    archives.write(path, MEMBERS)
    archives.patch(path, "a.txt", "method", 97)


def make_encrypted(path):
    (path.parent / "a.txt").write_bytes(CONTENT)
    subprocess.run(
        ["zip", "-q", "-P", "secret", path, "a.txt"],
        cwd=path.parent,
        check=True,
    )


def make_deflate64(path):
    (path.parent / "a.txt").write_bytes(CONTENT)
    command = ["7z", "a", "-tzip", "-mm=Deflate64", path, "a.txt"]
    subprocess.run(
        command, cwd=path.parent, check=True, stdout=subprocess.DEVNULL
    )


def make_lzma(path):
    """Unpacked, it could take up to 4 GiB of memory."""
    archives.write(path, MEMBERS, archives.LZMA)


def make_ppmd(path):
    (path.parent / "a.txt").write_bytes(CONTENT)
    command = ["7z", "a", "-tzip", "-mm=PPMd", path, "a.txt"]
    subprocess.run(
        command, cwd=path.parent, check=True, stdout=subprocess.DEVNULL
    )


def make_fifo(path):
    os.mkfifo(path)


def make_directory(path):
    path.mkdir()


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


def make_link_out(path):
    """A symbolic link to an archive beside the root."""
    archives.write(path.parent.parent / "beside.zip", MEMBERS)
    path.symlink_to("../beside.zip")


def make_absolute_link_out(path):
    archives.write(path.parent.parent / "beside.zip", MEMBERS)
    path.symlink_to(path.parent.parent / "beside.zip")


def make_loop(path):
    path.symlink_to(path.name)


def make_dangling(path):
    path.symlink_to("nowhere")


def make_nothing(path):
    pass


# The file at x.wwz, the member requested, the statuses that are right, and what
# else the log line must say.
ARCHIVES = [
    (make_text, "a.txt", (500,), ""),
    (make_empty, "a.txt", (500,), ""),
    (make_truncated, "a.txt", (500,), ""),
    (make_directory_damaged, "a.txt", (500,), ""),
    (make_directory_short, "a.txt", (500,), ""),
    (make_directory_far, "a.txt", (500,), ""),
    (make_local_header_gone, "a.txt", (500,), ""),
    (make_unlike_headers, "a.txt", (500,), ""),
    (make_past_the_end, "noise.bin", (500,), ""),
    (make_unknown_method, "a.txt", (501,), r"\b97\b"),
    (make_encrypted, "a.txt", (501,), "encrypt"),
    (make_deflate64, "a.txt", (501,), r"\b9\b"),
    (make_lzma, "a.txt", (501,), r"\b14\b"),
    (make_ppmd, "a.txt", (501,), r"\b98\b"),
    (make_fifo, "a.txt", (403, 404), ""),
    (make_directory, "a.txt", (403, 404), ""),
    (make_socket, "a.txt", (403, 404), ""),
    (make_link_out, "a.txt", (403, 404), ""),
    (make_absolute_link_out, "a.txt", (403, 404), ""),
    (make_loop, "a.txt", (403, 404), ""),
    (make_dangling, "a.txt", (404,), ""),
    (make_nothing, "a.txt", (404,), ""),
]


@pytest.mark.parametrize(
    "make, member, statuses, says",
    ARCHIVES,
    ids=[row[0].__name__[5:] for row in ARCHIVES],
)
def test_archive(root, serve, make, member, statuses, says):
    path = root / "x.wwz"
    make(path)
    if path.is_file():
        archives.age(path)
    responder = serve()
    responder.expect(f"{TELLS}.*x\\.wwz.*{says}")
    with responder.client() as client:
        got = client.ask(f"/x.wwz/{member}")
        assert got.status in statuses, got
        assert str(root).encode() not in got.body, got
        assert b"surely" not in got.body, got


@pytest.mark.parametrize("make", [make_text, make_truncated, make_empty])
def test_upload_under_way(root, serve, make):
    """No end record yet, and the file is fresh: come back later."""
    path = root / "x.wwz"
    make(path)
    responder = serve()
    responder.expect(f"{TELLS}.*x\\.wwz")
    with responder.client() as client:
        got = client.ask("/x.wwz/a.txt")
        assert got.status == 503, got
        assert int(got.get("Retry-After")) > 0, got
        # It is whole now, and the failure is soon forgotten.
        archives.write(path, {"a.txt": "whole"})
        got = harness.wait_until(
            lambda: (a := client.ask("/x.wwz/a.txt")).status == 200 and a,
            "the upload is seen",
        )
        assert got.body == b"whole", got


def test_others_of_a_bad_archive(root, serve):
    """One bad member does not spoil the rest."""
    path = root / "x.wwz"
    archives.write(path, {**MEMBERS, "b.txt": "fine"})
    archives.patch(path, "a.txt", "method", 97)
    responder = serve()
    responder.expect(TELLS + ".*x\\.wwz")
    with responder.client() as client:
        assert client.ask("/x.wwz/a.txt").status == 501
        got = client.ask("/x.wwz/b.txt")
        assert (got.status, got.body) == (200, b"fine"), got


def test_link_inside(root, serve):
    """A link that stays below the root is followed."""
    (root / "d").mkdir()
    archives.write(root / "real.zip", {"a.txt": "a"})
    (root / "d" / "x.wwz").symlink_to("../real.zip")
    (root / "e").symlink_to("d")
    with serve().client() as client:
        for path in ("/d/x.wwz/a.txt", "/e/x.wwz/a.txt"):
            got = client.ask(path)
            assert (got.status, got.body) == (200, b"a"), f"{path}: {got}"


def test_component_is_a_file(root, serve):
    (root / "file").write_text("no directory")
    responder = serve()
    responder.expect(TELLS + ".*file/x\\.wwz")
    with responder.client() as client:
        got = client.ask("/file/x.wwz/a.txt")
        assert got.status == 404, got


# Parameters that replace nginx's; the status.  $ is the root.
PATHS = [
    ({"PATH_INFO": "/../../etc/passwd"}, 400),
    ({"PATH_INFO": "/.."}, 400),
    ({"PATH_INFO": "/a/../../a.txt"}, 400),
    ({"PATH_INFO": "/nul\0.txt"}, 400),
    ({"PATH_INFO": "/a.txt\0"}, 400),
    ({"PATH_INFO": "/line\nfeed.txt"}, 400),
    ({"PATH_INFO": "/tab\t.txt"}, 400),
    ({"PATH_INFO": "/esc\x1b[2J.txt"}, 400),
    ({"PATH_INFO": "/delete\x7f.txt"}, 400),
    ({"SCRIPT_FILENAME": "$/../beside.wwz", "PATH_INFO": "/a.txt"}, 400),
    ({"SCRIPT_FILENAME": "$/d/../../beside.wwz"}, 400),
    ({"SCRIPT_FILENAME": "$/x\0.wwz", "PATH_INFO": "/a.txt"}, 400),
    ({"SCRIPT_FILENAME": "$/x\n.wwz", "PATH_INFO": "/a.txt"}, 400),
    ({"REQUEST_URI": "/x.wwz/%00", "SCRIPT_FILENAME": "",
      "PATH_INFO": ""}, 400),
    ({"REQUEST_URI": "/x.wwz/%2e%2E/%2e./a", "SCRIPT_FILENAME": "",
      "PATH_INFO": ""}, 400),
    ({"REQUEST_URI": "/../beside.wwz/a.txt", "SCRIPT_FILENAME": "",
      "PATH_INFO": ""}, 400),
]


@pytest.mark.parametrize("changes, status", PATHS)
def test_path(root, serve, changes, status):
    archives.write(root / "x.wwz", MEMBERS)
    (root / "d").mkdir()
    archives.write(root.parent / "beside.wwz", {"a.txt": "outside"})
    responder = serve()
    responder.expect(TELLS)
    with responder.client() as client:
        more = {
            name: value.replace("$", str(root))
            for name, value in changes.items()
        }
        got = client.ask("/x.wwz/a.txt", **more)
        assert got.status == status, got
        assert b"outside" not in got.body, got
        assert client.ask("/x.wwz/a.txt").status == 200


@pytest.mark.parametrize(
    "path",
    ["/x.wwz/%2e%2e/%2e%2e/etc/passwd", "/x.wwz/..%2f..%2fetc/passwd",
     "/../x.wwz/../../etc/passwd", "/x.wwz/a%00b", "/x.wwz/a%0Ab",
     "/x.wwz%00/a.txt", "/%0Ax.wwz/a.txt"],
)
def test_path_through_nginx(root, serve, front, path):
    archives.write(root / "x.wwz", MEMBERS)
    responder = serve()
    responder.allow(TELLS)
    nginx = front(responder)
    nginx.allow(" open\\(\\) .* failed \\(2: No such file")
    nginx.allow("client sent invalid request")
    got = nginx.client().ask(path)
    assert got.status in (400, 404), got


def test_archive_outside_the_root(root, serve):
    """The front end's parameters do not widen --root."""
    outside = root.parent / "outside"
    outside.mkdir()
    archives.write(outside / "x.wwz", {"a.txt": "outside"})
    responder = serve()
    responder.expect(TELLS, times=2)
    with responder.client() as client:
        for more in (
            {"SCRIPT_FILENAME": f"{outside}/x.wwz"},
            {"SCRIPT_FILENAME": f"{outside}/x.wwz", "DOCUMENT_ROOT": outside},
        ):
            more = {name: str(value) for name, value in more.items()}
            got = client.ask("/x.wwz/a.txt", **more)
            assert got.status in (400, 403, 404), f"{more}: {got}"


@pytest.mark.parametrize("what", ["archive", "directory"])
def test_no_permission(root, serve, what):
    """root reads everything, so this needs a responder of another user, as
    it always is when started by root."""
    path = root / "d" / "x.wwz"
    path.parent.mkdir()
    archives.write(path, MEMBERS)
    archives.write(root / "y.wwz", {"a.txt": "open"})
    responder = serve()
    (path if what == "archive" else path.parent).chmod(0)
    responder.expect(TELLS + ".*x\\.wwz")
    with responder.client() as client:
        got = client.ask("/d/x.wwz/a.txt")
        assert got.status == 403, got
        got = client.ask("/y.wwz/a.txt")
        assert (got.status, got.body) == (200, b"open"), got
    path.parent.chmod(0o755)


def damage_crc(path):
    """The content inflates, but is not what the directory announces."""
    archives.write(path, MEMBERS)
    archives.patch(path, "a.txt", "crc", zlib.crc32(CONTENT) ^ 1)


def damage_data(path):
    """What lies there is no deflate stream from the middle on."""
    archives.write(path, MEMBERS)
    packed = len(archives.raw_deflate(CONTENT))
    start = archives.data_offset(path, "a.txt") + packed // 2
    data = bytearray(path.read_bytes())
    data[start : start + 2000] = b"\xff" * 2000
    path.write_bytes(data)


def damage_size(path):
    """The stream is longer than the size on record."""
    archives.write(path, MEMBERS)
    archives.patch(path, "a.txt", "size", len(CONTENT) - 1000)


def damage_size_up(path):
    """The stream is shorter than the size on record."""
    archives.write(path, MEMBERS)
    archives.patch(path, "a.txt", "size", len(CONTENT) + 1000)


def damage_stream_end(path):
    """The stream ends, and bytes follow within the member's data."""
    short = archives.raw_deflate(CONTENT) + bytes(100)
    archives.write(
        path, {"a.txt": short, "noise.bin": CONTENT}, archives.STORED
    )
    archives.patch(path, "a.txt", "method", 8)
    archives.patch(path, "a.txt", "size", len(CONTENT) + 50)
    archives.patch(path, "a.txt", "crc", zlib.crc32(CONTENT))


DAMAGES = [damage_crc, damage_data, damage_size, damage_size_up,
           damage_stream_end]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__[7:])
def test_damaged_data(root, serve, damage):
    """Never a response that claims to be complete and is not."""
    damage(root / "x.wwz")
    responder = serve()
    responder.expect(".*x\\.wwz.*a\\.txt")
    with responder.client() as client:
        client.send(client.request("/x.wwz/a.txt", keep=False))
        got = client.read_response()
        assert got is not None and got.status in (200, 500), got
        if got.status == 200:
            assert got.cut, got
            assert CONTENT.startswith(got.body) or damage == damage_data
    with responder.client() as client:
        assert client.ask("/x.wwz/noise.bin", "HEAD").status == 200


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__[7:])
def test_damaged_data_through_nginx(root, serve, front, damage):
    """The client can tell."""
    damage(root / "x.wwz")
    responder = serve()
    responder.expect(".*x\\.wwz.*a\\.txt")
    nginx = front(responder)
    nginx.allow("upstream prematurely closed")
    got = nginx.client().ask("/x.wwz/a.txt")
    assert got.status in (200, 500, 502), got
    assert got.status != 200 or got.cut, got


def test_small_damaged_member(root, serve):
    """Cut short also where the whole body fits a buffer."""
    path = root / "x.wwz"
    archives.write(path, {"a.txt": "small " * 20})
    archives.patch(path, "a.txt", "crc", 1)
    responder = serve()
    responder.expect("x\\.wwz.*a\\.txt")
    with responder.client() as client:
        client.send(client.request("/x.wwz/a.txt", keep=False))
        got = client.read_response()
        assert got.status == 500 or got.cut, got


def test_failure_is_logged_once(root, serve):
    """Not once a request: a crawler must not fill the disk.  A failure is known
    for a second."""
    path = root / "x.wwz"
    make_text(path)
    archives.age(path)
    responder = serve()
    responder.expect("x\\.wwz", None)
    begun = time.monotonic()
    with responder.client() as client:
        for _ in range(20):
            assert client.ask("/x.wwz/a.txt").status == 500
    passed = time.monotonic() - begun
    assert len(responder.lines()) <= 1 + passed, responder.lines()


def test_log_cannot_be_forged(root, serve):
    responder = serve()
    responder.expect(r'no\\xC3\\xA9 \\"x=y\\"')
    with responder.client() as client:
        got = client.ask("/no\xc3\xa9%20%22x=y%22.wwz/a")
        assert got.status == 404, got
