"""System calls that fail, each in each of its ways: no death, no hang, no wrong
byte, nothing lost."""

import concurrent.futures
import contextlib
import errno
import functools
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import zipfile
import zlib

import pytest

import archives
import bombs
import faults
import harness
from faults import MEMBERS, REQUESTS, fault_of, plain, renew

# The functions that the responder calls while it serves, and how these may
# fail.
SERVING = {
    "accept4": "ECONNABORTED EMFILE ENFILE ENOBUFS ENOMEM EINTR EAGAIN EPERM",
    "close": "EINTR EIO",
    "epoll_ctl": "ENOMEM ENOSPC",
    "epoll_wait": "EINTR",
    "fstat": "EIO ENOMEM ESTALE",
    "getrandom": "ENOSYS EINTR",
    "mmap": "ENOMEM ENODEV",
    "munmap": "ENOMEM",
    "open": "EMFILE ENFILE EIO EINTR ENOMEM ESTALE",
    "openat2": "EMFILE ENFILE EIO EINTR ENOMEM ESTALE EAGAIN ENOSYS EPERM",
    "pread": "EIO EINTR ESTALE short",
    "preadv2": "EAGAIN EIO EINTR EOPNOTSUPP ENOSYS short",
    "recv": "EAGAIN EINTR ECONNRESET ENOMEM short",
    "sendmsg": "EAGAIN EINTR EPIPE ECONNRESET ENOBUFS ENOMEM EFAULT short",
    "setsockopt": "ENOMEM ENOPROTOOPT",
    "stat": "EIO ENOMEM ESTALE",
    # Of files.  The kernel fails that to an eventfd only when its counter is
    # full, and it is made in eventfd_write, which is not failed here.
    "write": "EAGAIN EINTR EIO ENOSPC short",
}

# Besides these, the functions that it calls before.
STARTING = {
    "bind": "EADDRINUSE EACCES",
    "close": "EIO",
    "connect": "EAGAIN ECONNREFUSED",
    "epoll_create1": "EMFILE ENOMEM",
    "epoll_ctl": "ENOMEM ENOSPC",
    "eventfd": "EMFILE ENOMEM",
    "fchownat": "EPERM EIO",
    "fcntl": "EPERM",
    "getrlimit": "EPERM",
    "initgroups": "EPERM ENOMEM",
    "landlock": "ENOSYS E2BIG ENOMEM",
    "listen": "EADDRINUSE",
    "lstat": "EACCES",
    "open": "EMFILE EINTR",
    "prctl": "EINVAL",
    "pthread_create": "EAGAIN",
    "realpath": "EIO EACCES",
    "setgid": "EPERM",
    "setsockopt": "ENOMEM",
    "setrlimit": "EPERM",
    "setuid": "EPERM EAGAIN",
    "seccomp": "ENOSYS EINVAL",
    "sigaction": "EINVAL",
    "signalfd": "EMFILE ENOMEM",
    "socket": "EMFILE EACCES",
    "stat": "EIO",
    "unlink": "EACCES",
}

# The functions that no request of PATHS makes it call.
RARE = {
    "dup3": "EBUSY EMFILE EINTR",
    "ioctl": "EINVAL",
    "madvise": "ENOMEM EINVAL",
    "poll": "EINTR ENOMEM",
    "send": "EAGAIN EPIPE ECONNRESET short",
    "sendto": "EAGAIN ECONNREFUSED ENOBUFS",
    "shutdown": "ENOTCONN",
}

# Which functions above make a system call; or why none of them can fail it.
MADE_BY = {
    "accept4": ["accept4"], "bind": ["bind"], "close": ["close"],
    "connect": ["connect"], "dup3": ["dup3"],
    "epoll_create1": ["epoll_create1"], "epoll_ctl": ["epoll_ctl"],
    "epoll_wait": ["epoll_wait"], "eventfd2": ["eventfd"],
    "fchownat": ["fchownat"], "fcntl": ["fcntl"], "fstat": ["fstat"],
    "getrandom": ["getrandom"],
    "ioctl": ["ioctl"],
    "landlock_add_rule": ["landlock"],
    "landlock_create_ruleset": ["landlock"],
    "landlock_restrict_self": ["landlock"],
    "listen": ["listen"], "madvise": ["madvise"], "mmap": ["mmap"],
    "munmap": ["munmap"], "newfstatat": ["stat", "fstat", "lstat"],
    "openat": ["open"], "openat2": ["openat2"], "poll": ["poll"],
    "prctl": ["prctl"], "pread64": ["pread"], "preadv2": ["preadv2"],
    "prlimit64": ["getrlimit", "setrlimit"], "readlink": ["realpath"],
    "recvfrom": ["recv"], "rt_sigaction": ["sigaction"],
    "seccomp": ["seccomp"], "sendmsg": ["sendmsg"],
    "sendto": ["send", "sendto"], "setgid": ["setgid"],
    "setgroups": ["initgroups"], "setsockopt": ["setsockopt"],
    "setuid": ["setuid"], "shutdown": ["shutdown"],
    "signalfd4": ["signalfd"], "socket": ["socket"],
    "unlink": ["unlink"], "write": ["write"],
    "clone": ["pthread_create"], "clone3": ["pthread_create"],

    "access": "the loader's", "arch_prctl": "the loader's",
    "execve": "the start itself", "mprotect": "the loader's, and threads'",
    "set_tid_address": "the loader's",
    "brk": "malloc's, which fails in test_limits.py",
    "mremap": "malloc's, which fails in test_limits.py",
    "read": "of signals and events: they are there when it is called",
    "lseek": "the C library's, in streams",
    "futex": "of locks: the C library ends a process that it fails",
    "rseq": "a new thread's, which goes on without it",
    "set_robust_list": "a new thread's, which goes on without it",
    "rt_sigprocmask": "cannot fail with what it is given",
    "clock_nanosleep": "a pause that is shorter does no harm",
    "restart_syscall": "the kernel's",
    "sched_getaffinity": "sysconf's, which has a default",
    "sysinfo": "qsort's, which sorts in place then",
    "tgkill": "abort's",
    "exit": "does not return", "exit_group": "does not return",
    "geteuid": "cannot fail", "getpid": "cannot fail",
    "gettid": "cannot fail", "umask": "cannot fail",
    "rt_sigreturn": "does not return",
}

# The functions that pack calls.
PACKING = {
    "close": "EIO ENOSPC",
    "copy_file_range": "EXDEV EIO ENOSPC EINTR short",
    "fchmod": "EPERM EIO",
    "fchown": "EIO EDQUOT",
    "flock": "EINTR ENOLCK",
    "fstat": "EIO",
    "fsync": "EIO",
    "ftruncate": "EIO EINTR",
    "futimens": "EPERM",
    "getrandom": "ENOSYS EINTR",
    "getrlimit": "EPERM",
    "open": "EMFILE EINTR ENOSPC",
    "openat": "EMFILE EINTR",
    "openat2": "EMFILE EIO EINTR ENOSYS",
    "fdopendir": "ENOMEM",
    "fstatat": "EIO",
    "memfd_create": "EMFILE ENOSYS",
    "readlinkat": "EIO",
    "pread": "EIO EINTR short",
    "pthread_create": "EAGAIN",
    "pwrite": "EIO EINTR ENOSPC short",
    "readdir": "EIO",
    "realpath": "EIO",
    "renameat": "EIO",
    "unlinkat": "EIO",
    "setrlimit": "EPERM",
    "sigaction": "EINVAL",
}

# Of these those that it does not call when there is no old archive, or such a
# one.
NOT_PACKING = {
    "none": ["copy_file_range", "fchmod", "fchown", "memfd_create"],
    "another": ["memfd_create"],
    "the-same": set(PACKING) - {"memfd_create"},
}

# The functions that check calls.
CHECKING = {
    "dup": "EMFILE",
    "fstat": "EIO",
    "mmap": "ENOMEM",
    "open": "EMFILE EIO EINTR",
    "openat2": "EMFILE EIO",
    "pread": "EIO EINTR",
    "realpath": "EIO",
}

# The functions that one CGI request calls.
ONCE = {
    "close": "EIO",
    "fstat": "EIO",
    "getrandom": "ENOSYS",
    "landlock": "ENOSYS ENOMEM",
    "mmap": "ENOMEM",
    "munmap": "ENOMEM",
    "open": "EMFILE EIO EINTR",
    "openat2": "EMFILE EIO EINTR ENOSYS",
    "pread": "EIO EINTR short",
    "prctl": "EINVAL",
    "read": "EIO EINTR short",
    "sigaction": "EINVAL",
    "stat": "EIO",
    "write": "EIO EINTR ENOSPC EPIPE short",
}

# What nobody calls here: a build for a sanitizer is not confined, and only root
# becomes another user.
UNCALLED = [*(["landlock", "prctl", "seccomp"] if harness.SANITIZED else []),
            *([] if harness.AS_USER else
              ["fchownat", "initgroups", "setgid", "setuid"])]

# Calls of one request that fail in turn; later ones are like the last of them.
TURNS = 6
PATHS = ["small", "inflated", "gzip", "stored", "bzip2", "ranges", "archive"]

# Words of the log that name such a failure.
WORDS = ("accept-failed", "access-log-failed", "archive-unavailable",
         "archive-unreadable", "member-damaged", "no-memory", "response-cut",
         "storage-failed")


@pytest.fixture(scope="module")
def failsys(module_tmp):
    return faults.library("failsys", module_tmp)


@pytest.fixture
def failing(tmp, root, serve, failsys):
    """failing(*options): a responder whose calls may fail, and what tells
    them to."""
    archives.write(root / "x.wwz", MEMBERS)

    def start(*options, functions=SERVING, **more):
        control = faults.Faults(tmp / "control", failsys, functions)
        responder = serve(*options, "--access-log", tmp / "log",
                          env=control.environment, **more)
        responder.allow("^(error|warn|info) (%s) " % "|".join(WORDS))
        return responder, control

    (tmp / "log").touch()
    (tmp / "log").chmod(0o666)
    return start


def attempt(responder, path, fields, second=False):
    """The answer to one request on a connection of its own; None without
    one; text when it hangs.  second: another one was answered there before."""
    try:
        with responder.client() as client:
            if second:
                client.send(client.request("/x.wwz/none"))
                client.read_response()
            client.send(client.request(
                f"/x.wwz/{path}", headers=fields, keep=False))
            return client.read_response()
    except TimeoutError:
        return "a connection that hangs"
    except (BrokenPipeError, ConnectionResetError):
        return None


def whole(responder):
    """The right answers."""
    return {name: attempt(responder, *REQUESTS[name]) for name in REQUESTS}


def mappings(responder):
    maps = pathlib.Path(f"/proc/{responder.pid}/maps").read_text()
    return sum(".wwz" in line for line in maps.splitlines())


def settle(responder):
    """Close what is idle; descriptors that are left."""

    def closed():
        # The last answer is here before its archive is idle.
        responder.process.send_signal(signal.SIGHUP)
        return mappings(responder) == 0

    harness.wait_until(closed, "archives are closed")
    harness.wait_until(responder.at_rest, "connections are closed")
    return responder.descriptors()


def lines_of(responder):
    return [line for line in responder.lines()
            if line.startswith(("error ", "warn "))]


def try_turn(responder, control, root, function, error, name, turn, wanted):
    """The turn-th call fails, and the request after that is answered as if
    nothing had been.  How many calls failed."""
    what = f"{name}, {error} of {function}, call {turn}"
    before = len(lines_of(responder))
    renew(root)
    control.fail(function, error, first=turn)
    # One that is kept is always watched.
    got = attempt(responder, *REQUESTS[name], second=function == "epoll_ctl")
    failed = control.over(function)
    assert responder.process.poll() is None, f"{what}: it is dead"
    fault = fault_of(got, wanted)
    assert not fault, f"{what}: {fault}"
    lines = lines_of(responder)[before:]
    assert len(lines) <= failed, f"{what}: {lines}"
    if isinstance(got, harness.Response) and got.status >= 500:
        assert len(lines) == 1, f"{what}: {got} and no line in the log"
    renew(root)
    got = attempt(responder, *REQUESTS[name])
    assert isinstance(got, harness.Response), f"after {what}: {got}"
    assert (got.status, plain(got)) == (wanted.status, plain(wanted)), (
        f"after {what}: {got}")
    return failed


@pytest.mark.parametrize("function", SERVING)
def test_calls_fail_in_turn(root, failing, function):
    """The n-th call of a request fails, the opening of the archive
    included."""
    responder, control = failing("--threads", "1")
    wanted = whole(responder)
    before = settle(responder)
    total = 0
    for error in SERVING[function].split():
        for name in PATHS:
            for turn in range(1, TURNS + 1):
                failed = try_turn(responder, control, root, function, error,
                                  name, turn, wanted[name])
                total += failed
                if failed == 0:
                    break
    assert total > 0, "it is not called"
    if function != "munmap":
        harness.wait_until(lambda: settle(responder) == before, "all is closed")


@pytest.mark.skipif(harness.SANITIZED, reason="it makes calls of its own")
def test_no_call_is_left_out(tmp, root, serve):
    """Whatever system call the responder makes, from its start to its end, is
    failed here by a function that makes it, or cannot be, for a reason."""
    archives.write(root / "x.wwz", MEMBERS)
    trace = tmp / "trace"
    responder = serve(
        "--status", "--threads", "4",
        prefix=["strace", "-D", "-f", "-qq", "-e", "signal=none",
                "-o", trace])
    whole(responder)
    responder.process.send_signal(signal.SIGHUP)
    responder.end(signal.SIGTERM)
    made = set(re.findall(r"^\d+ +([a-z]\w*)\(", trace.read_text(), re.M))
    assert len(made) > 40, made
    assert not made - set(MADE_BY), f"in no list: {made - set(MADE_BY)}"
    failed = {*SERVING, *STARTING, *RARE}
    for call, functions in MADE_BY.items():
        if isinstance(functions, list):
            assert set(functions) <= failed, f"{call}: {functions}"


def reopen_log(responder, control):
    """The access log is opened again, with another file under its name."""
    responder.process.send_signal(signal.SIGHUP)
    control.wait_for("dup3")


def ask_values(responder, control):
    with responder.client() as client:
        client.send(harness.record(harness.GET_VALUES, 0,
                                   harness.pairs([("FCGI_MPXS_CONNS", "")])))
        client.read_record()


def send_too_much(responder, control):
    with responder.client() as client:
        with contextlib.suppress(BrokenPipeError):
            client.send(client.request("/x.wwz/a.txt", body=bytes(70_000)))
        client.read_record()
        # It shuts its side down after the answer was sent.
        control.wait_for("shutdown")


def read_nothing(responder, control):
    """--timeout is over: is the peer stuck?"""
    with responder.client() as client:
        client.send(client.request("/big.wwz/big.bin"))
        control.wait_for("ioctl")


def open_many(responder, control):
    with responder.client() as client:
        client.ask("/many.wwz/59999")


def ask_for_the_end(responder, control):
    """Long work asks whether the peer is still there."""
    with responder.client() as client:
        got = client.ask("/zeros.wwz/zeros.bin",
                         headers=[("Range", "bytes=-1")])
        assert (got.status, got.body) == (206, b"\0")


def reload(responder, control):
    """The service manager is told."""
    responder.process.send_signal(signal.SIGHUP)
    harness.wait_until(lambda: control.counts("sendto")[0] > 1, "it is told")


OCCASIONS = {"dup3": reopen_log, "ioctl": read_nothing, "madvise": open_many,
             "poll": ask_for_the_end, "send": ask_values, "sendto": reload,
             "shutdown": send_too_much}


@pytest.mark.parametrize("function", RARE)
def test_rare_calls_fail(tmp, root, failing, function, monkeypatch):
    """A call that few occasions make fails: others are served, and nothing is
    left behind."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp / "manager"))
    archives.write(root / "big.wwz", {
        "big.bin": (archives.noise(8 << 20), archives.STORED)})
    bombs.write_bomb(root / "zeros.wwz", 64, zlib.crc32(bytes(64 << 20)))
    responder, control = failing("--threads", "2", "--timeout", "1",
                                 functions=RARE)
    responder.allow("^(warn access-log-failed|error access-log-failed|"
                    "info peer-timeout) ")
    wanted = whole(responder)
    before = settle(responder)
    for error in RARE[function].split():
        bombs.write_many(root / "many.wwz",
                         [b"%d" % i for i in range(60_000)])
        control.fail(function, error, first=1)
        renew(root, "zeros.wwz")  # no access points are left
        OCCASIONS[function](responder, control)
        assert control.over(function) == 1, f"{error}: it is not called"
        for name, right in whole(responder).items():
            assert (right.status, plain(right)) == (
                wanted[name].status, plain(wanted[name])), f"{error}: {name}"
    harness.wait_until(lambda: settle(responder) == before, "all is closed")


def test_no_thread_waits_for_an_opening(root, failing):
    """While one of two threads that may do long work opens a large archive,
    for as long as that takes, and many requests wait for the archive, the
    other one works.  The archive is opened once."""
    bombs.write_bomb(root / "zeros.wwz", 64, zlib.crc32(bytes(64 << 20)))
    bombs.write_many(root / "many.wwz", [b"%d" % i for i in range(60_000)])
    responder, control = failing("--threads", "3", "--status", functions=RARE)
    control.fail("madvise", "HELD", first=1)
    waiting = [responder.client() for _ in range(8)]
    try:
        for client in waiting:
            client.send(client.request("/many.wwz/59999"))
        control.wait_for("madvise")  # it is being opened
        for _ in range(4):
            ask_for_the_end(responder, control)
            renew(root, "zeros.wwz")
        assert control.over("madvise") == 1
        got = [client.read_response().status for client in waiting]
        assert got == [200] * len(waiting)
        with responder.client() as client:
            status = json.loads(client.ask(
                "/many.wwz/-wwz-status?format=json").body)
        assert status["archives_opened"] == 1 + 4, status
    finally:
        control.over("madvise")
        for client in waiting:
            client.close()


def load(responder, root, count):
    """Requests of all kinds, one after another: what came that is wrong."""
    wrong = []
    for number in range(count):
        renew(root)
        for name, (path, fields) in REQUESTS.items():
            got = attempt(responder, path, fields)
            if fault := fault_of(got, responder.wanted[name]):
                wrong.append(f"{name}: {fault}")
    return wrong


def load_front(responder, nginx, count):
    """The same behind nginx, which answers 502 when it has no answer."""
    wrong = []
    for number in range(count):
        for name, (path, fields) in REQUESTS.items():
            # These are cut when the archive is renewed, and nginx ends what has
            # no length as if it were whole.
            if name in ("search", "page"):
                continue
            wanted = responder.wanted[name]
            client = nginx.client()
            got = client.ask(f"/x.wwz/{path}", headers=fields)
            client.close()
            got.ended = not got.cut
            if got.status != 502 and (fault := fault_of(got, wanted)):
                wrong.append(f"{name}, by nginx: {fault}")
    return wrong


def together(*functions):
    """Call them at the same time; what is wrong."""
    with concurrent.futures.ThreadPoolExecutor(len(functions)) as pool:
        futures = [pool.submit(function) for function in functions]
        return [fault for future in futures for fault in future.result()]


@pytest.mark.parametrize("seed", range(1, 4))
def test_calls_fail_at_random(root, failing, front, seed):
    """One of 25 calls of each kind fails, of several threads under load.
    Not those whose failure loses something, or tells a lie."""
    responder, control = failing("--threads", "2")
    responder.wanted = whole(responder)
    before = settle(responder)
    nginx = front(responder)
    nginx.allow("")
    for function, errors in SERVING.items():
        errors = errors.replace("EFAULT", "").split()
        if function != "munmap":
            control.fail(function, errors[seed % len(errors)], chance=2600,
                         seed=seed)
    wrong = together(*[lambda: load(responder, root, 3)] * 3,
                     lambda: load_front(responder, nginx, 3))
    failed = {f: control.over(f) for f in SERVING}
    assert responder.process.poll() is None, "it is dead"
    assert not wrong, "\n".join(wrong[:10])
    assert sum(failed.values()) > 20, failed
    renew(root)
    for name, got in whole(responder).items():
        wanted = responder.wanted[name]
        assert (got.status, plain(got)) == (wanted.status, plain(wanted)), name
    nginx.end(signal.SIGTERM)
    harness.wait_until(lambda: settle(responder) == before, "all is closed")


def test_every_read_waits(root, failing):
    """Nothing of the archives is in memory, so threads give their posts up in
    the middle of long work, too, whose next turn another one takes."""
    content = archives.text(2_500_000)
    archives.write(root / "0.wwz", {"m": (content, archives.BZIP2)})
    for i in range(1, 8):
        shutil.copy(root / "0.wwz", root / f"{i}.wwz")
    responder, control = failing("--threads", "2")
    control.fail("preadv2", "EAGAIN", first=1, every=1)

    def ask(i):
        with responder.client() as client:
            got = client.ask(f"/{i}.wwz/m")
        return [] if (got.status, got.body) == (200, content) else [got]

    assert not together(*[functools.partial(ask, i) for i in range(8)])
    assert control.over("preadv2") > 100


def turns(control, functions, command, environment=(), prepare=lambda: None,
          rare=()):
    """Prepare, and run command, again and again, each time with another call
    that fails, of each function in turn: yields what failed, and what came of
    it.  Those that are not rare are called."""
    for function, errors in functions.items():
        for error in errors.split():
            for turn in range(1, TURNS + 1):
                prepare()
                control.fail(function, error, first=turn)
                got = subprocess.run(
                    command, input=b"body", capture_output=True,
                    timeout=harness.PATIENCE,
                    env={**control.environment, **dict(environment)})
                if control.over(function) == 0:
                    assert turn > 1 or function in {*rare, *UNCALLED}, (
                        f"{function} is not called")
                    break
                yield f"{function}, {error}, call {turn}", error, got


def told(got, error):
    """What is wrong with the one line that tells of a failure."""
    lines = got.stderr.decode().splitlines()
    why = "" if error == "short" else os.strerror(getattr(errno, error))
    if len(lines) == 1 and lines[0].startswith("wwz: ") and why in lines[0]:
        return None
    return f"not one line with {why!r}: {lines}"


TREE = {
    "index.html": b"<p>start</p>" * 99,
    "a/b.txt": archives.text(5000),
    "a/empty": b"",
    "noise": archives.noise(70_000),
    "big.log": archives.text(1_100_000),
}
CHANGED = {**TREE, "a/b.txt": b"changed" * 1000}


def plant(top, files):
    for name, content in files.items():
        (top / name).parent.mkdir(exist_ok=True, parents=True)
        (top / name).write_bytes(content)
        os.utime(top / name, (1_600_000_000, 1_600_000_000))


def contents(file):
    with zipfile.ZipFile(file) as z:
        return {name: z.read(name) for name in z.namelist()}


def fault_of_pack(file, old, files, got, error):
    """What is wrong with what a pack left that had such a failure."""
    if got.returncode == 1 and (fault := told(got, error)):
        return fault
    again = got.stderr.endswith(b"; packing everything anew\n")
    if got.returncode == 0 and got.stderr and not again:
        return "it succeeds, and complains"
    if got.returncode not in (0, 1):
        return "it neither succeeds nor fails"
    now = file.read_bytes() if file.exists() else None
    if now == old:
        return "nothing was packed" if got.returncode == 0 and not again \
            and contents(file) != files else None
    if now is None or contents(file) != files:
        return "the archive is neither the old one nor the new one"
    return None


@pytest.mark.parametrize("old", ["none", "another", "the-same"])
@pytest.mark.parametrize("part", range(3))
def test_pack(tmp, failsys, old, part):
    """Calls of pack fail in turn: the old archive is there or the new one,
    whole, and nothing beside it; a failure is told with its reason."""
    functions = dict(list(PACKING.items())[part::3])
    control = faults.Faults(tmp / "control", failsys, functions)
    file, before, files = tmp / "x.wwz", None, TREE
    left = tmp / ".x.wwz.0123456789abcdef.part"
    (tmp / "link").symlink_to(".")
    command = [harness.WWZ, "pack", "--threads", "2", tmp / "tree",
               tmp / "link/x.wwz"]
    plant(tmp / "tree", files)
    if old != "none":
        subprocess.run(command, check=True)
        before = file.read_bytes()
    if old == "another":
        files = CHANGED
        plant(tmp / "tree", files)

    def prepare():
        left.touch()
        file.unlink(missing_ok=True)
        if before is not None:
            file.write_bytes(before)

    for what, error, got in turns(control, functions, command,
                                  prepare=prepare, rare=NOT_PACKING[old]):
        fault = fault_of_pack(file, before, files, got, error)
        assert not fault, f"{what}: {fault}: {got}"
        assert set(tmp.glob(".x.wwz*")) <= {left}, f"{what}: {got}"


def test_check(tmp, failsys):
    """Calls of check fail in turn: what cannot be read is never found good,
    and why is told.  Advice may be missing."""
    archives.write(tmp / "x.wwz", MEMBERS)
    control = faults.Faults(tmp / "control", failsys, CHECKING)
    command = [harness.WWZ, "check", "--quiet", tmp / "x.wwz"]
    good = subprocess.run(command, capture_output=True, check=True)
    for what, error, got in turns(control, CHECKING, command):
        assert got.returncode in (0, 1), f"{what}: {got}"
        text = got.stdout.decode() + got.stderr.decode()
        told = (os.strerror(getattr(errno, error)) in text or
                "descriptors or memory ran out" in text)
        less = set(text.splitlines()) <= set(good.stdout.decode().splitlines())
        assert told or (got.returncode == 0 and less), f"{what}: {got}"


@pytest.mark.parametrize("name", ["small", "inflated", "archive"])
def test_cgi(root, tmp, failsys, name):
    """Calls of a CGI process fail in turn: the answer is right, an error's,
    or less than the whole, and then the status says so."""
    archives.write(root / "x.wwz", MEMBERS)
    control = faults.Faults(tmp / "control", failsys, ONCE)
    path, fields = REQUESTS[name]
    values = harness.parameters(root, f"/x.wwz/{path}", headers=fields,
                                body=b"body")
    environment = [(key, os.fsdecode(value)) for key, value in values]
    right = subprocess.run([harness.WWZ], capture_output=True, check=True,
                           input=b"body", env=dict(environment))
    wanted = harness.parse_cgi(right.stdout)
    for what, error, got in turns(control, ONCE, [harness.WWZ], environment):
        assert got.returncode in (0, 1, 2), f"{what}: {got}"
        answer = harness.parse_cgi(got.stdout)
        if answer is None:
            assert got.returncode > 0, f"{what}: {got}"
            continue
        answer.ended = got.returncode == 0
        fault = fault_of(answer, wanted)
        assert not fault, f"{what}: {fault}"
        if answer.status >= 500:
            assert len(got.stderr.splitlines()) == 1, f"{what}: {got}"


@pytest.mark.parametrize("part", range(3))
def test_start(root, tmp, failsys, part):
    """Calls of a start fail in turn: it serves, or it ends with a line that
    says what is wrong, and leaves no socket."""
    functions = dict(list(STARTING.items())[part::3])
    archives.write(root / "x.wwz", MEMBERS)
    (tmp / "run").mkdir()
    control = faults.Faults(tmp / "control", failsys, functions)
    for function, errors in functions.items():
        for error in errors.split():
            for turn in range(1, TURNS + 1):
                if not start(tmp, root, control, function, error, turn):
                    assert turn > 1 or function in UNCALLED, (
                        f"{function} is not called")
                    break


def leave_stale(address):
    """A socket on which nobody listens any more."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(address))
    address.chmod(0o666)


def start(tmp, root, control, function, error, turn):
    """Start while a call fails; one did."""
    what = f"{function}, {error}, call {turn}"
    address = tmp / "run/s.sock"
    stale = function in ("connect", "unlink")
    # Where nobody else can write, root makes the socket and gives it away, and
    # it stays at the end.
    given = function == "fchownat"
    address.parent.chmod(0o755 if given else 0o777)
    if stale:
        leave_stale(address)
    control.fail(function, error, first=turn)
    process = subprocess.Popen(
        [harness.WWZ, "serve", "--listen", f"unix:{address}", "--root", root,
         *harness.AS_USER, "--threads", "2", "--access-log", tmp / "run/log",
         "--max-archives", "8"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=control.environment)

    def ended():
        return process.poll() is not None

    def answer():
        renew(root)
        try:
            with harness.FastCgi(address, root, 1) as client:
                client.send(client.request("/x.wwz/a.txt", keep=False))
                return client.read_response()
        except OSError:
            return None

    try:
        neither = f"{what}: it neither serves nor ends"
        harness.wait_until(lambda: ended() or answer(), neither)
        failed = control.over(function)
        got = harness.wait_until(lambda: ended() or answer(), neither)
        if ended():
            got = None
        assert not got or got.body == b"small", f"{what}: {got}"
        process.terminate()
        out, err = process.communicate(timeout=harness.PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert stale or (given and got) or not address.exists(), (
        f"{what}: the socket stays")
    address.unlink(missing_ok=True)
    if process.returncode != 0:
        lines = err.decode().splitlines()
        why = "another process listens there" if function == "connect" else \
            os.strerror(getattr(errno, error))
        assert not got, f"{what}: it ended with {process.returncode}: {lines}"
        assert len(lines) == 1 and why in lines[0], f"{what}: {lines}"
    return failed > 0


def test_listens_again(root, failing):
    """As many peers as may be have come, and go, and epoll has no memory for
    the listener: who knocks then waits until it has."""
    few = 40  # descriptors, of which 22 are for peers
    responder, control = failing(
        "--threads", "1", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (few, few)))
    clients = [responder.client() for _ in range(few)]
    harness.wait_until(lambda: control.counts("accept4")[0] >= 22,
                       "all peers that may come are there")
    harness.wait_until(responder.at_rest, "and no more is to come")
    control.fail("epoll_ctl", "ENOMEM", first=1, every=1)
    for client in clients:
        client.close()
    harness.wait_until(lambda: control.counts("epoll_ctl")[1] > 2,
                       "it tries to listen")
    control.over("epoll_ctl")
    with responder.client() as client:
        assert client.ask("/x.wwz/a.txt").status == 200


def test_accept_fails(failing):
    """No connection can be accepted, for whatever reason: that is told, and
    who has come is served when it can."""
    responder, control = failing("--threads", "1")
    control.fail("accept4", "ENOSYS", first=1, every=1)
    with responder.client() as client:
        client.send(client.request("/x.wwz/a.txt"))
        harness.wait_until(
            lambda: any("accept-failed" in line for line in responder.lines()),
            "it tells that it cannot accept")
        control.over("accept4")
        assert client.read_response().status == 200


def test_tables_are_of_today():
    """Each function that is to fail is one that wwz calls, by its own name, by
    that for wide offsets, or by that of a compiler that checks arguments."""
    out = subprocess.run(["nm", "-D", "--undefined-only", harness.WWZ],
                         capture_output=True, check=True, text=True).stdout
    called = {re.sub("^__|64v(?=2$)|(64)?(_2|_chk)?$", "", name.partition("@")[0])
              for name in re.findall(r" U (\S+)", out)}
    if "syscall" in called:
        called |= {"openat2", "landlock", "seccomp"}
    if harness.SANITIZED:  # which is not confined
        called |= {"prctl", "landlock", "seccomp"}
    tables = set().union(SERVING, STARTING, RARE, PACKING, CHECKING, ONCE)
    assert tables <= called, f"not called any more: {tables - called}"
