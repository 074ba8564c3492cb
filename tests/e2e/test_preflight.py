"""`wwz serve --check`: what would keep it from starting, and what it would do.
The tests' user is root or not; what only root may be is tried as root."""

import os
import resource
import socket
import subprocess

import pytest

import harness


def check(*options, **more):
    return subprocess.run(
        [harness.WWZ, "serve", "--check", *map(str, options)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=harness.PATIENCE, **more)


@pytest.fixture
def socket_path(tmp):
    return tmp / "s"


def test_all_is_well(tmp, root, socket_path):
    """It says what it would do, and does nothing of it."""
    tmp.chmod(0o777)
    log = tmp / "access.log"
    port = harness.free_port()
    got = check("--root", root, "--listen", f"unix:{socket_path}",
                "--listen", f"127.0.0.1:{port}", *harness.AS_USER,
                "--access-log", log, "--slow", 20, "--threads", 3,
                "--status", "--grace", 7, "--max-archives", 50)
    assert (got.returncode, got.stderr) == (0, ""), got
    for word in (f"root: {root}", f"listen: unix:{socket_path}",
                 f"listen: 127.0.0.1:{port}", "at most 50 open",
                 f"access log: {log}", "20 ms", "threads: 3", "-wwz-status",
                 "up to 7 s", "as a CGI program: the same files"):
        assert word in got.stdout, f"no {word!r} in:\n{got.stdout}"
    assert sorted(os.listdir(tmp)) == ["www"]
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize("descriptors,memory,archives", [
    (1024, "256M", 264), (16000, "256M", 4008), (16000, "4M", 512),
    (16000, "1", 1)])
def test_archives_by_limits(root, descriptors, memory, archives):
    """A quarter of the descriptors, or one for 8 KiB of memory."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors > most:
        pytest.skip(f"only {most} descriptors are allowed here")
    got = check("--root", root, "--max-memory", memory, preexec_fn=lambda:
                resource.setrlimit(resource.RLIMIT_NOFILE,
                                   (descriptors, descriptors)))
    assert (got.returncode, got.stderr) == (0, ""), got
    assert f"at most {archives} open" in got.stdout


def test_nothing_is_said(root):
    """Without options it is as good as a start could be: the socket comes
    from whoever starts it."""
    got = check()
    assert (got.returncode, got.stderr) == (0, ""), got
    assert "LISTEN_FDS" in got.stdout and "DOCUMENT_ROOT" in got.stdout


def test_a_socket_that_was_passed(tmp, root):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp / "s"))
        listening.listen()
        command = [harness.WWZ, "serve", "--check", "--root", root]
        with harness.handed_over(command, listening) as options:
            got = subprocess.run(
                options["command"], pass_fds=options["pass_fds"],
                capture_output=True, text=True)
    assert got.returncode == 0 and "sockets that were passed, 1" in got.stdout


def test_stale_socket_stays(socket_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path))
    got = check("--listen", f"unix:{socket_path}")
    assert (got.returncode, got.stderr) == (0, ""), got
    assert socket_path.exists()


# Options that are wrong, in words of the test's directory, and what is said.
WRONG = {
    "option": (["--no-such"], "unknown option"),
    "value": (["--threads", "0"], "--threads 0"),
    "root": (["--root", "{tmp}/none"], "{tmp}/none: No such file"),
    "root-file": (["--root", "{tmp}/file"], "{tmp}/file: Not a directory"),
    "mime": (["--mime-types", "{tmp}/none"], "{tmp}/none"),
    "log-errors": (["--log-errors", "{tmp}/none"], "{tmp}/none: No such file"),
    "socket-directory": (["--listen", "unix:{tmp}/none/s"], "No such file"),
    "socket-file": (["--listen", "unix:{tmp}/file"], "is not a socket"),
    "socket-long": (["--listen", "unix:/" + "x" * 200], "107 bytes"),
    "live": (["--listen", "unix:{tmp}/live"], "another process listens"),
    "port": (["--listen", "127.0.0.1:{port}"], "in use"),
    "remote": (["--listen", "0.0.0.0:0"], "--allow-remote"),
    "address": (["--listen", "nonsense"], "neither unix:PATH nor HOST:PORT"),
    "user": (["--user", "no-such-user"], "there is no such user"),
    "log": (["--access-log", "{tmp}/none/log"], "{tmp}/none/log: No such"),
    "descriptors": (["--max-archives", "1000000"], "raise the limit"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong(tmp, name):
    options, words = WRONG[name]
    (tmp / "file").write_text("")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.create_server(("127.0.0.1", 0)) as taken, \
            socket.socket(socket.AF_UNIX) as live:
        live.bind(str(tmp / "live"))
        live.listen()
        places = {"tmp": tmp, "port": taken.getsockname()[1]}
        got = check(
            *[option.format(**places) for option in options],
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (min(most, 4096),) * 2))
    assert got.returncode == 2, got
    (line,) = got.stderr.splitlines()
    assert words.format(**places) in line, line
    assert line.startswith("wwz: "), line


def test_all_that_is_wrong(tmp):
    """Not the first fault alone."""
    got = check("--listen", f"unix:{tmp}/none/s", "--listen", "0.0.0.0:1",
                "--access-log", f"{tmp}/none/log")
    assert got.returncode == 2, got
    assert len(got.stderr.splitlines()) == 3, got


@harness.only_root("becomes another user")
def test_as_the_other_user(tmp, root):
    """Root may all; the user that it becomes may not."""
    log = tmp / "access.log"
    got = check("--user", "nobody", "--root", root, "--access-log", log)
    assert got.returncode == 2 and "Permission denied" in got.stderr, got
    root.chmod(0o700)
    got = check("--user", "nobody", "--root", root)
    assert got.returncode == 2 and "Permission denied" in got.stderr, got
