"""Somebody exchanges names while root works in their directory: at each call that
names a file, in turn, once (exchange.c).  Root is not led elsewhere by it."""

import contextlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import zipfile

import pytest

import harness

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="what root does is to be seen")

NOBODY = 65534
NONE_LEFT = 99  # exchange's exit status when the program made fewer calls
SECRET = b"a key of root's\n"


@pytest.fixture(scope="module")
def exchange(module_tmp):
    program = module_tmp / "exchange"
    source = harness.pathlib.Path(__file__).parent / "exchange.c"
    subprocess.run(
        ["cc", "-D_GNU_SOURCE", "-O1", "-o", program, source], check=True)
    return program


@pytest.fixture
def home(tmp):
    """A directory of nobody's."""
    path = tmp / "home"
    path.mkdir()
    os.chown(path, NOBODY, NOBODY)
    return path


@pytest.fixture
def secret(tmp):
    """A directory of root's."""
    path = tmp / "secret"
    (path / "empty-of-root").mkdir(parents=True)
    (path / "key").write_bytes(SECRET)
    (path / "key").chmod(0o600)
    path.chmod(0o700)
    return path


def link(path, target):
    path.symlink_to(target)
    os.lchown(path, NOBODY, NOBODY)


def state(top):
    """What is below top, with owners, modes and contents."""
    return {
        path: (path.lstat().st_uid, path.lstat().st_mode,
               path.read_bytes() if path.is_file() else None)
        for path in sorted([top, *top.rglob("*")])
    }


def plant(home):
    """nobody's tree, with names as in the secret directory."""
    shutil.rmtree(home)
    for name in ("site/d", "out"):
        (home / name).mkdir(parents=True)
    (home / "site/d/key").write_bytes(b"of nobody's file\n"[:len(SECRET)])
    (home / "site/key").write_bytes(b"of nobody's file\n"[:len(SECRET)])
    for path in [home, *home.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)


# The path below home that is replaced, and the part of the secret that the link
# leads to.
PACKED = {
    "directory": ("site/d", ""),
    "file": ("site/d/key", "key"),
    "tree": ("site", ""),
    "directory-of-the-archive": ("out", ""),
    "old-archive": ("out/x.wwz", "key"),
}


@pytest.mark.parametrize("name", PACKED)
def test_pack(tmp, home, secret, exchange, name):
    what, target = PACKED[name]
    before = state(secret)
    ends = set()
    for n in range(1, 1000):
        plant(home)
        if name == "old-archive":
            (home / what).write_bytes(b"old")
        link(home / "link", secret / target)
        got = subprocess.run(
            [exchange, str(n), home / what, home / "link", harness.WWZ,
             "pack", "-q", "--threads", "1", home / "site",
             home / "out/x.wwz"],
            capture_output=True, timeout=harness.PATIENCE)
        assert got.returncode in (0, 1, NONE_LEFT), (n, got)
        if got.returncode == NONE_LEFT:
            break
        ends.add(got.returncode)
        assert state(secret) == before, n
        for path in tmp.rglob("*.wwz"):
            if not path.is_symlink() and zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as z:
                    names = z.namelist()
                    contents = [z.read(name) for name in names]
                assert SECRET not in contents, n
                assert not any("of-root" in name for name in names), (n, names)
    assert n > 10 and 0 in ends, (n, ends)


@pytest.mark.parametrize("name", ["site", "out", "out/x.wwz"])
def test_pack_somebody_elses_link(home, secret, name):
    """That need not be exchanged in a hurry: it is not followed at any time."""
    plant(home)
    before = state(secret)
    if (home / name).is_dir():
        shutil.rmtree(home / name)
    link(home / name, secret if name != "out/x.wwz" else secret / "key")
    got = subprocess.run(
        [harness.WWZ, "pack", home / "site", home / "out/x.wwz"],
        capture_output=True, text=True, timeout=harness.PATIENCE)
    assert (got.returncode, got.stdout) == (1, ""), got
    assert re.fullmatch("wwz: .*: a symbolic link of another user .*\n",
                        got.stderr), got
    assert state(secret) == before


def test_pack_own_link(home, secret):
    """root's own, and nobody's that nobody asks for, are followed."""
    plant(home)
    (home / "way").symlink_to("site")
    os.lchown(home / "way", 0, 0)
    subprocess.run([harness.WWZ, "pack", "-q", home / "way",
                    home / "out/x.wwz"], check=True)
    os.lchown(home / "way", NOBODY, NOBODY)
    subprocess.run([harness.WWZ, "pack", "-q", home / "way", home / "out/x.wwz"],
                   check=True, user=NOBODY, group=NOBODY, extra_groups=[])
    with zipfile.ZipFile(home / "out/x.wwz") as z:
        assert z.namelist() == ["d/key", "key"]


def start_at(tmp, root, command, ended):
    """Run command until it says that it is ready, or ends, or ended() says that
    it will not go on."""
    address = tmp / "notify"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(address))
        address.chmod(0o777)
        ready.settimeout(0.01)
        with subprocess.Popen(
            command, env={**os.environ, "NOTIFY_SOCKET": str(address)},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        ) as process:
            def done():
                try:
                    return ready.recv(100).startswith(b"READY=1")
                except TimeoutError:
                    return process.poll() is not None
            try:
                harness.wait_until(done, "wwz is ready, or gave up")
            finally:
                # wwz, too, which is not traced any more.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("stale", [False, True])
def test_serve(tmp, root, home, secret, exchange, stale):
    """The socket is never another file, which would be given away."""
    before = state(secret)
    tmp.chmod(0o777)
    path = home / "wwz.sock"
    done = False
    for n in range(1, 1000):
        for old in home.iterdir():
            old.unlink()
        if stale:
            with socket.socket(socket.AF_UNIX) as s:
                s.bind(str(path))
        link(home / "link", secret / "key")
        start_at(
            tmp, root,
            [exchange, str(n), path, home / "link", harness.WWZ, "serve",
             "--user", "nobody", "--root", root, "--listen", f"unix:{path}"],
            None)
        assert state(secret) == before, n
        if (home / "link").is_symlink():
            done = True
            break
    assert done and n > 10, n


def test_access_log(tmp, root, home, secret, exchange):
    """nobody's link is nobody's to open; root itself does not write there."""
    log = home / "access.log"
    link(log, secret / "key")
    got = subprocess.run(
        [harness.WWZ, "serve", "--root", root, "--listen",
         f"unix:{tmp}/s", "--access-log", log],
        capture_output=True, text=True, timeout=harness.PATIENCE)
    assert got.returncode == 2, got
    assert (secret / "key").read_bytes() == SECRET
    log.unlink()
    got = subprocess.run(
        [harness.WWZ, "serve", "--root", root, "--listen",
         f"unix:{tmp}/s", "--access-log", log],
        capture_output=True, text=True, timeout=harness.PATIENCE)
    assert got.returncode == 2 and "--user" in got.stderr, got
    assert not log.exists()


def test_socket_of_root_that_stays_root(tmp, root, home, serve):
    """Where others can exchange it, root removes no socket, stale or its own;
    where they cannot, it does."""
    for place, stays in ((home, True), (tmp, False)):
        path = place / "s"
        responder = serve(
            address=path, command=[harness.WWZ, "serve", "--root", root,
                                   "--listen", f"unix:{path}"])
        responder.expect("^warn running-as-root ")
        responder.end(15)
        assert path.exists() == stays, path
    got = subprocess.run(
        [harness.WWZ, "serve", "--root", root, "--listen", f"unix:{home}/s"],
        capture_output=True, text=True, timeout=harness.PATIENCE)
    assert got.returncode == 2 and "--user" in got.stderr, got
    assert (home / "s").exists()


# How a socket's directory may be, and whether nobody may then listen there.
DIRECTORIES = {
    "of-root": (0, 0, 0o755, True),
    "of-nobody": (NOBODY, NOBODY, 0o755, True),
    "of-its-group": (0, NOBODY, 0o775, True),
    "of-all": (0, 0, 0o1777, True),
    "of-others": (12345, 12345, 0o755, False),
}


@pytest.mark.parametrize("name", DIRECTORIES)
def test_owner_of_the_socket(tmp, root, serve, name):
    """Whoever owns the directory, the socket is the user's, with its mode; and
    nothing was given away by name (strace)."""
    owner, group, mode, possible = DIRECTORIES[name]
    place = tmp / "run"
    place.mkdir()
    os.chown(place, owner, group)
    place.chmod(mode)
    trace = tmp / "trace"
    options = ["-D", "-f", "-qq", "-o", trace, "-e", "signal=none", "-e",
               "trace=/ch(own|mod)"]
    command = [harness.WWZ, "serve", "--user", "nobody", "--root", root,
               "--listen", f"unix:{place}/s"]
    if not possible:
        got = subprocess.run(command, capture_output=True, text=True,
                             timeout=harness.PATIENCE)
        assert (got.returncode, got.stdout) == (2, ""), got
        assert got.stderr == f"wwz: unix:{place}/s: Permission denied\n", got
        return
    serve(listen=f"unix:{place}/s", command=["strace", *options, *command],
          env=harness.traceable())
    st = (place / "s").stat()
    assert stat.S_ISSOCK(st.st_mode), st
    assert (st.st_uid, st.st_gid) == (NOBODY, NOBODY), st
    assert stat.S_IMODE(st.st_mode) == 0o660, st
    for line in trace.read_text().splitlines():
        assert re.search(r' (fchown|fchmod)\(|fchownat\(\d+, "", ', line), line
