"""`make static`: a binary for hosts without the libraries."""

import subprocess

import archives
import harness

STATIC = harness.TOP / "build/static/wwz"


def test_needs_no_library():
    """The loader has nothing to do; scripts/test has built it."""
    got = subprocess.run(["ldd", STATIC], capture_output=True, text=True)
    assert "not a dynamic executable" in got.stderr + got.stdout, got


def test_previews_nothing(tmp):
    """It cannot load a library, and says so."""
    archives.write(tmp / "x.wwz", {"a.txt": b"a"})
    got = subprocess.run([STATIC, "preview", tmp / "x.wwz"],
                         capture_output=True, text=True)
    assert (got.returncode, got.stdout) == (1, ""), got
    assert "built without libmicrohttpd" in got.stderr, got


def test_serves(tmp, root):
    """Over a socket, and behind no server: what zlib reads, and no more."""
    content = {"a.html": "<p>static</p>" * 100}
    archives.write(root / "x.wwz", content)
    archives.write(root / "b.wwz", {"b.txt": ("bzip2" * 99, archives.BZIP2)})
    responder = harness.Responder(
        tmp, root, command=[
            STATIC, "serve", *harness.AS_USER, "--root", root,
            "--listen", f"unix:{tmp}/static"],
        address=f"{tmp}/static")
    responder.expect("^warn member-unsupported .*method=12 ")
    with harness.running(responder):
        with responder.client() as client:
            got = client.ask("/x.wwz/a.html")
            assert (got.status, got.body) == (
                200, content["a.html"].encode()), got
            assert client.ask("/b.wwz/b.txt").status == 501
