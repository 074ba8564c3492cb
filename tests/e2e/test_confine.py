"""What the responder can still do after start-up: the system calls that serving
needs, and no others."""

import errno
import os
import re
import signal
import socket
import struct
import subprocess

import pytest

import archives
import bombs
import faults
import harness

pytestmark = pytest.mark.skipif(
    harness.SANITIZED, reason="a sanitizer makes calls of its own")

# The order is that of trycalls.c.
ATTEMPTS = ["execve", "fork", "socket", "ptrace", "kill", "chmod", "rename",
            "setuid", "io_uring", "memfd", "unshare", "executable memory",
            "memory made executable"]

# Calls that are on the list but are not seen here, and why.
UNSEEN = {
    "brk": "malloc, when its heap grows",
    "clock_gettime": "where there is no vDSO",
    "clock_nanosleep": "after accept4 has failed",
    "dup3": "the access log, opened again",
    "epoll_pwait": "epoll_wait on other processors",
    "fstat": "other C libraries",
    "fstatfs": "an archive on tmpfs, or on slow storage",
    "getpid": "abort",
    "gettid": "abort",
    "ioctl": "a peer that takes no bytes for some time",
    "lseek": "exit, in streams that were read",
    "madvise": "malloc, and threads that end",
    "mremap": "malloc, of large blocks",
    "munmap": "an archive that is closed",
    "nanosleep": "other C libraries",
    "ppoll": "poll on other processors",
    "recv": "recvfrom on other processors",
    "restart_syscall": "made by the kernel, after a stop",
    "rseq": "a thread that begins while the list takes effect",
    "rt_sigaction": "a bus error that is not a file's",
    "rt_sigprocmask": "a thread that begins, and a bus error",
    "rt_sigreturn": "the end of a signal's handler",
    "_llseek": "lseek on other processors",
    "sched_getaffinity": "malloc, with many threads",
    "send": "sendto on other processors",
    "set_robust_list": "a thread that begins while the list takes effect",
    "socketcall": "calls for sockets on other processors",
    "statx": "fstat on other processors",
    "sysinfo": "qsort",
    "tgkill": "abort",
    "unlinkat": "unlink on other processors",
}


def allowed():
    """The calls of callfilter.c that this processor has."""
    (source,) = (harness.TOP / "src").rglob("callfilter.c")
    found = re.findall(
        r"(?:^\t|IF_EQUAL\()SYS_(\w+),", source.read_text(), re.M)
    # In upper case are those that socketcall(2) makes.
    return {name.lower() for name in found}


def seen(trace):
    """Of each line of strace after the list took effect: call and result."""
    calls, begun = [], None
    for line in trace.read_text(errors="replace").splitlines():
        match = re.match(r"\d+ +(?:<\.\.\. )?(\w+)[( ].*?(?:= (.*))?$", line)
        if begun and match:
            calls.append((match[1], match[2] or ""))
        begun = begun or re.search(r"\bseccomp\b.*= 0$", line)
    assert begun, "there is no seccomp here"
    return calls


def test_calls(tmp, root, serve):
    """What is called is on the list, and what is on the list is called."""
    archives.write(root / "x.wwz", faults.MEMBERS)
    bombs.write_many(root / "many.wwz", [b"%d" % i for i in range(20_000)])
    trace = tmp / "trace"
    (tmp / "run").mkdir()
    (tmp / "run").chmod(0o777)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(harness.PATIENCE)
        manager.bind(str(tmp / "manager"))
        (tmp / "manager").chmod(0o777)
        responder = serve(
            "--access-log", tmp / "run/log", "--status", "--threads", "12",
            prefix=["strace", "-D", "-f", "-qq", "-e", "signal=none",
                    "-o", trace],
            env={**os.environ, "NOTIFY_SOCKET": str(tmp / "manager"),
                 # The first sign comes at once.  A socket holds ten that nobody
                 # takes; others are lost.
                 "WATCHDOG_USEC": "60000000"})
        for text in (b"READY=1", b"WATCHDOG=1"):
            while text not in manager.recv(512):
                pass
        with responder.client() as client:
            for path, fields in faults.REQUESTS.values():
                client.ask(f"/x.wwz/{path}", headers=fields)
            for path in ("many.wwz/?sort=size", "x.wwz/-wwz-status"):
                client.ask(f"/{path}")
            responder.process.send_signal(signal.SIGHUP)
            while b"RELOADING" not in manager.recv(512):
                pass
            responder.end(signal.SIGTERM)
    calls = seen(trace)
    used = {name for name, _ in calls} - {"resumed"}
    denied = {name for name, result in calls if "ENOSYS" in result}
    # In its place, the C library calls clone, whose flags can be looked at.
    used -= {"clone3"}
    denied -= {"clone3"}
    assert used <= allowed(), f"not on the list: {used - allowed()}"
    assert not denied, f"denied: {denied}"
    idle = allowed() - used - set(UNSEEN)
    idle = {name for name in idle if not re.search("64$|^sigreturn|2$", name)}
    assert not idle, f"on the list, never called, and not explained: {idle}"
    assert set(UNSEEN) <= allowed(), set(UNSEEN) - allowed()


def test_others_fail(tmp, root, serve):
    """Calls that are not on the list fail, in threads that ran before."""
    archives.write(root / "x.wwz", {"a.txt": b"a"})
    made = faults.library("trycalls", tmp)
    path = tmp / "results"
    path.write_bytes(b"\xff" * 4 * len(ATTEMPTS))
    responder = serve(env={**os.environ, "LD_PRELOAD": str(made),
                           "TRYCALLS": str(path)})
    for _ in range(3):
        with responder.client() as client:
            assert client.ask("/x.wwz/a.txt").body == b"a"
    results = struct.unpack(f"{len(ATTEMPTS)}i", path.read_bytes())
    got = dict(zip(ATTEMPTS, results))
    assert got == {name: errno.ENOSYS for name in ATTEMPTS}


def test_check_says_so(root):
    got = subprocess.run(
        [harness.WWZ, "serve", "--check", "--root", root, *harness.AS_USER],
        capture_output=True, text=True)
    assert (got.returncode, got.stderr) == (0, ""), got
    assert "by seccomp" in got.stdout and "Landlock" in got.stdout, got.stdout


@harness.only_root("traces a process that others may not look into")
def test_cgi_is_confined(tmp, root):
    """A CGI request is answered behind Landlock and without new rights."""
    archives.write(root / "x.wwz", {"a.txt": b"a"})
    trace = tmp / "trace"
    got = subprocess.run(
        ["strace", "-qq", "-o", trace, harness.WWZ], input=b"",
        capture_output=True, check=True,
        env={"REQUEST_METHOD": "GET", "DOCUMENT_ROOT": str(root),
             "REQUEST_URI": "/x.wwz/a.txt",
             "WWZ_OPTIONS": f"--root {root}"})
    assert got.stdout.endswith(b"\r\n\r\na") and not got.stderr, got
    lines = trace.read_text().splitlines()

    def first(pattern):
        return next((at for at, line in enumerate(lines)
                     if re.search(pattern, line)), len(lines))

    opened = first(r"^openat2?\(.*x\.wwz")
    assert first(r"^prctl\(PR_SET_NO_NEW_PRIVS, 1.*= 0") < opened
    assert first(r"^prctl\(PR_SET_DUMPABLE, .*= 0") < opened
    assert first(r"^landlock_restrict_self\(.*= 0") < opened < len(lines)
