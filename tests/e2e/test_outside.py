"""Nothing outside of the root is ever opened, whatever a request says: the
system calls tell."""

import contextlib
import os
import re
import shutil
import signal
import socket

import pytest

import archives
import harness

# Paths that lead out; {out} is a directory beside the root, {root} the root.
PATHS = [
    "/etc/passwd",
    "/etc/passwd.wwz",
    "/proc/self/environ",
    "/proc/self/root{out}/x.wwz",
    "/proc/self/cwd/../out/x.wwz",
    "/proc/self/fd/0",
    "/dev/zero",
    "/dev/stdin",
    "/dev/shm/x.wwz",
    "{out}/x.wwz",
    "{root}/../out/x.wwz",
    "{root}/d/../../out/x.wwz",
    "{root}//..//out/x.wwz",
    "{root}/./../out/x.wwz",
    "{root}/link.wwz",
    "{root}/absolute.wwz",
    "{root}/password.wwz",
    "{root}/environ.wwz",
    "{root}/fd.wwz",
    "{root}/zero.wwz",
    "{root}/fifo.wwz",
    "{root}/socket.wwz",
    "{root}/directory.wwz",
    "{root}/loop.wwz",
    "{root}/chain.wwz",
    "{root}/linked/x.wwz",
    "{root}/elsewhere/x.wwz",
    "{root}/process/root{out}/x.wwz",
    "{root}/up/x.wwz",
    "{root}/up/out/x.wwz",
    "{root}out/x.wwz",
    "../out/x.wwz",
    "..",
    "/",
    "",
]

# The parameters that may carry one, and how.
CARRIERS = {
    "SCRIPT_FILENAME": lambda path: {
        "SCRIPT_FILENAME": path, "PATH_INFO": "/a.txt"},
    "proxy": lambda path: {
        "SCRIPT_FILENAME": "proxy:fcgi://localhost/" + path,
        "PATH_INFO": "/a.txt"},
    "WWZ_ARCHIVE": lambda path: {
        "WWZ_ARCHIVE": path, "PATH_INFO": "/a.txt"},
    "PATH_TRANSLATED": lambda path: {
        "SCRIPT_FILENAME": None, "PATH_INFO": None,
        "PATH_TRANSLATED": path + "/a.txt"},
    "REDIRECT_URL": lambda path: {
        "SCRIPT_FILENAME": None, "PATH_INFO": None,
        "REDIRECT_URL": path + "/a.txt"},
    "REQUEST_URI": lambda path: {
        "SCRIPT_FILENAME": None, "PATH_INFO": None,
        "REQUEST_URI": archives.url(path).replace("..", "%2e%2E") + "/a.txt"},
    "DOCUMENT_ROOT": lambda path: {
        "DOCUMENT_ROOT": path, "SCRIPT_FILENAME": path + "/x.wwz",
        "PATH_INFO": "/a.txt"},
    "PATH_INFO": lambda path: {"PATH_INFO": "/../.." + path},
}


@pytest.fixture
def trap(tmp, root):
    """A root with all that may lead out of it, and what lies outside."""
    out = tmp / "out"
    out.mkdir()
    archives.write(out / "x.wwz", {"a.txt": "outside"})
    archives.write(root / "x.wwz", {
        "a.txt": "inside", "../../out/x.wwz": "climbs", "/etc/passwd": "x"})
    (root / "d").mkdir()
    shutil.copy(root / "x.wwz", root / "d/real.wwz")
    links = {
        "link.wwz": "../out/x.wwz",
        "absolute.wwz": out / "x.wwz",
        "password.wwz": "/etc/passwd",
        "environ.wwz": "/proc/self/environ",
        "fd.wwz": "/proc/self/fd/0",
        "loop.wwz": "loop.wwz",
        "chain.wwz": "link.wwz",
        "linked": "../out",
        "elsewhere": out,
        "process": "/proc/self",
        "up": "..",
        "inside.wwz": "d/real.wwz",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "fifo.wwz")
    (root / "directory.wwz").mkdir()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(root / "socket.wwz"))
    if os.geteuid() == 0:
        os.mknod(root / "zero.wwz", 0o20666, os.makedev(1, 5))
    return out


# An opening, as strace -y tells it: the call, its text, and what was opened.
OPENED = re.compile(r"(?:open|openat|openat2|creat)\(.*\) += +\d+<([^>]*)>$")


# The C library counts processors, once, when many threads have allocated memory.
PROCESSORS = "/sys/devices/system/cpu/online"


def calls(text):
    """The calls of a trace; one that another thread interrupts is on two
    lines."""
    begun = {}
    for line in text.splitlines():
        pid, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[pid] = call.removesuffix("<unfinished ...>")
        elif got := re.match(r"<\.\.\. \w+ resumed>", call):
            yield begun.pop(pid) + call[got.end():]
        else:
            yield call


def openings(text):
    """(call, path of what was opened) for each that succeeded."""
    for call in calls(text):
        if got := OPENED.match(call):
            yield call, got[1]


def test_openings_are_read():
    """What the test below goes by."""
    text = """\
12 openat2(5</w>, "x", {flags=O_PATH|O_CLOEXEC}, 24) = 6</w/x>
12 openat(AT_FDCWD</>, "/etc/passwd", O_RDONLY <unfinished ...>
13 openat(AT_FDCWD</>, "/w", O_RDONLY) = -1 ENOENT (No such file)
12 <... openat resumed>) = 7</etc/passwd>
"""
    assert [path for _, path in openings(text)] == ["/w/x", "/etc/passwd"]


@pytest.mark.skipif(
    harness.SANITIZED, reason="the sanitizers' own leak check needs ptrace")
@harness.only_root("traces a responder")
@pytest.mark.parametrize("given", [True, False], ids=["--root", "no root"])
def test_nothing_outside_is_opened(tmp, root, serve, trap, given):
    trace = tmp / "trace"
    options = ["--root", root] if given else []
    responder = serve(
        command=["strace", "-f", "-y", "-qq", "-s", "4096", "-o", trace,
                 "-e", "trace=open,openat,openat2,creat,execve,execveat",
                 harness.WWZ, "serve", "--listen", f"unix:{tmp}/s",
                 *harness.AS_USER, *options],
        address=tmp / "s",
    )
    responder.allow("^(info|warn|error) ")
    with traced(responder):
        with responder.client() as client:
            for path in ("/x.wwz/a.txt", "/inside.wwz/a.txt"):
                got = client.ask(path)
                assert (got.status, got.body) == (200, b"inside"), got
        before = len(trace.read_text())
        ask_for_all(responder, trap, given)
    text = trace.read_text()
    assert f"{root}/x.wwz>" in text[:before], text[:before]
    seen = 0
    for call, what in openings(text[before:]):
        if what == PROCESSORS and "O_RDONLY" in call:
            continue
        seen += 1
        assert what == str(root) or what.startswith(f"{root}/"), call
        assert "O_PATH" in call or "RESOLVE_BENEATH" in call, call
        assert not re.search(r"O_(WRONLY|RDWR|CREAT)", call), call
    assert seen > len(PATHS), f"only {seen} openings were seen"
    assert "execve" not in text[before:]


@contextlib.contextmanager
def traced(responder):
    """strace does not end for a signal, and leaves its child behind when it is
    killed: at the end the child is told, or killed."""
    children = f"/proc/{responder.pid}/task/{responder.pid}/children"
    with open(children) as file:
        (pid,) = (int(number) for number in file.read().split())
    try:
        yield
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    os.kill(pid, signal.SIGTERM)
    responder.finish()


def ask_for_all(responder, trap, given):
    for carrier, make in CARRIERS.items():
        # Without --root, this says where the root is.
        if carrier == "DOCUMENT_ROOT" and not given:
            continue
        for path in PATHS:
            path = path.format(out=trap, root=responder.root)
            check_refused(responder, make(path), f"{carrier} {path!r}")
    with responder.client() as client:
        assert client.ask("/x.wwz/a.txt").body == b"inside"


def check_refused(responder, parameters, what):
    with responder.client() as client:
        got = client.ask("/nothing", **parameters)
        assert got.status in (400, 403, 404, 500), f"{what}: {got}"
        for secret in (b"outside", b"root:", b"PATH=", str(
                responder.root).encode()):
            assert secret not in got.body, f"{what}: {got}"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_refused(root, serve, trap, carrier):
    """The same, for the answers alone."""
    responder = serve()
    responder.allow("^(info|warn|error) ")
    for path in PATHS:
        path = path.format(out=trap, root=root)
        check_refused(
            responder, CARRIERS[carrier](path), f"{carrier} {path!r}")
