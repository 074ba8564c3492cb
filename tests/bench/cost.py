"""What a request, a start and an archive cost."""

import functools
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import time

import direct
import harness
import speed
from cases import CASES, GZIP, site
from material import grown, grown_name
from pairs import number, says, verdict
from report import met, table
from servers import FLOORS, THREADS, TOOLS

REQUESTS = 1000
STARTS = TURNS = 20
CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
KINDS = [("4k, stored", site("stored", "4k"), ()),
         ("4k, gzip", site("deflated", "4k"), GZIP),
         ("4k, inflated", site("deflated", "4k"), ()),
         ("300k, gzip", site("deflated", "300k"), GZIP)]


def memory(pid, kind="RssAnon"):
    """KiB"""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{kind}:\s+(\d+) kB", text).group(1))


def ask_often(running, path, fields, times=REQUESTS):
    with harness.FastCgi(running.socket, running.material.www) as client:
        for _ in range(times):
            assert client.ask(path, headers=fields).status == 200


def is_traced(pid):
    """All its threads are."""
    return all("TracerPid:\t0" not in status.read_text() for status in
               pathlib.Path(f"/proc/{pid}/task").glob("*/status"))


def system_calls(running, path, fields):
    """For a request on a kept connection: name to how many."""
    pid = running.responder.pid
    with harness.FastCgi(running.socket, running.material.www) as client:
        client.ask(path, headers=fields)
        out = running.tmp / "strace"
        strace = subprocess.Popen(
            ["strace", "-f", "-c", "-p", str(pid), "-o", out],
            stderr=subprocess.DEVNULL)
        harness.wait_until(
            lambda: strace.poll() is not None or is_traced(pid), "strace")
        if strace.poll() is not None:
            return None
        for _ in range(REQUESTS):
            client.ask(path, headers=fields)
        strace.send_signal(signal.SIGINT)
        strace.wait(20)
    calls = {}
    for line in out.read_text().splitlines():
        cells = line.split()
        if len(cells) >= 5 and cells[3].isdigit() and cells[-1] != "total":
            each = int(cells[3]) / REQUESTS
            if each >= 0.05:
                calls[cells[-1]] = each
    return calls


def allocations(running, kinds):
    """For a request each, of a responder that counts them."""
    file = running.tmp / "allocs"
    file.write_bytes(bytes(8))
    file.chmod(0o666)

    def count():
        return struct.unpack("Q", file.read_bytes())[0]

    running.start_wwz(env={**os.environ, "ALLOCS": str(file),
                           "LD_PRELOAD": str(TOOLS / "allocs.so")})
    out = []
    for _, path, fields in kinds:
        with harness.FastCgi(running.socket, running.material.www) as client:
            client.ask(path, headers=fields)
            before = count()
            for _ in range(REQUESTS):
                client.ask(path, headers=fields)
            out.append((count() - before) / REQUESTS)
    running.start_wwz()
    return out


def instructions(running, path, fields):
    """For a request on a kept connection, outside the kernel: the difference
    between many requests and few."""
    log = running.tmp / "callgrind"
    collected = []
    for times in 100, 100 + REQUESTS:
        running.start_wwz("--threads", "2", prefix=[
            *CALLGRIND, f"--log-file={log}"])
        ask_often(running, path, fields, times)
        running.responder.end(signal.SIGTERM)
        found = re.search(r"Collected *: *(\d+)", log.read_text())
        collected.append(int(found[1]))
    return (collected[1] - collected[0]) / REQUESTS


def beside_canned(load, case):
    running = load.servers
    load.prepare_floors(case)
    return [case.name, *direct.pair(
        load, case, TURNS, (running.socket, running.responder),
        (running.floor_sockets["canned"], running.floors["canned"]))]


def cost(running, page):
    anonymous = memory(running.responder.pid)
    resident = memory(running.responder.pid, "VmRSS")
    counted = [instructions(running, *kind[1:]) for kind in KINDS]
    rows = []
    for (name, path, fields), work, allocs in zip(
            KINDS, counted, allocations(running, KINDS)):
        calls = system_calls(running, path, fields)
        if calls is None:
            rows.append([name, f"{work:,.0f}", number(allocs), "",
                         "strace may not attach"])
            continue
        own = {n: c for n, c in calls.items() if not n.startswith("epoll")}
        words = ", ".join(f"{n} {number(c)}" for n, c in sorted(
            calls.items(), key=lambda item: -item[1]))
        rows.append([name, f"{work:,.0f}", number(allocs),
                     number(sum(own.values())), words])
        if name.startswith("4k") and "inflated" not in name:
            page.target(f"{name}: system calls beside epoll's", "at most 4",
                        number(sum(own.values())),
                        met(sum(own.values()) <= 4.05))
    page.add("A request on a kept connection", table(
        ["what", "instructions outside the kernel", "allocations",
         "system calls beside epoll's", "all of them"], rows))
    load = speed.Speed(running, 0)
    direct.add(page, [beside_canned(load, case) for case in CASES
                      if "canned" in case.servers and
                      case.path.startswith("/")], ["wwz", "canned"])
    page.parts.append(
        f"Resident after what was measured above: {number(resident / 1024)} "
        f"MiB, of it {number(anonymous / 1024)} MiB not of files.")


def first_byte(command, request, tmp):
    """Milliseconds from starting a responder to its first byte."""
    path = tmp / "cold.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(8)
        client = harness.connect(path)
        client.sendall(request)
        from_ = time.perf_counter()
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, listener.fileno(), 0)])
        assert client.recv(1), "no answer"
        took = time.perf_counter() - from_
        client.close()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return took * 1e3


def first_byte_cgi(command, environment):
    end, other = os.pipe()
    from_ = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, other, 1)])
    os.close(other)
    assert os.read(end, 1), "no answer"
    took = time.perf_counter() - from_
    os.close(end)
    os.waitpid(pid, 0)
    return took * 1e3


def cold(running, page):
    """A process, and one of 40,000 members."""
    www, tmp = running.material.www, running.tmp
    grown(www / "cold.wwz", 40_000)
    path = f"/cold.wwz/{grown_name(31_415)}"
    client = harness.FastCgi(running.socket, www)
    request = client.request(path)
    (tmp / "cold-bytes").write_bytes(b"Content-Type: text/plain\r\n\r\n")
    pairs = harness.parameters(www, path)
    environment = {k: os.fsdecode(v) for k, v in pairs}
    command = [str(harness.WWZ), "serve", "--root", str(www),
               "--log-level", "error"]
    starts = {
        "as a responder": lambda: first_byte(command, request, tmp),
        "as CGI": lambda: first_byte_cgi(command, environment),
    }
    for name in FLOORS:
        floor = [str(TOOLS / name), THREADS, str(tmp / "cold-bytes")]
        starts[f"{name}, without an archive"] = functools.partial(
            first_byte, floor, request, tmp)
    times = {name: [] for name in starts}
    for _ in range(STARTS):
        for name, start in starts.items():
            times[name].append(start())
    client.close()
    page.add("Process start to first byte, of 40,000 members", table(
        ["how", "ms"], [[n, says(t)] for n, t in times.items()]))
    beyond = [mine - bare for mine, bare in zip(
        times["as a responder"], times["bare, without an archive"])]
    page.target("cold start, 40,000 members, beyond bare's", "at most 3 ms",
                says(beyond), verdict(beyond, 3, ("met", "not met")))


def run_micro(*words):
    out = subprocess.run([TOOLS / "micro", *words], check=True, timeout=120,
                         capture_output=True, text=True).stdout
    return {name: float(value) for name, value in
            (line.split() for line in out.splitlines())}


def micro(running, page):
    got = run_micro("request")
    rows = [["reading a request's parameters",
             number(got["request_read_ns"]) + " ns"],
            ["finding archive and member", number(got["route_find_ns"])
             + " ns"]]
    for size in ("4k.html", "300k.log", "30m.log"):
        got = run_micro("inflate", f"{running.material.www}//site.wwz",
                        f"deflated/{size}")
        rows.append([
            f"inflating {size}", f"{number(got['body_mb_s'])} MB/s, the "
            f"first time {number(got['first_mb_s'])}; zlib alone "
            f"{number(got['zlib_mb_s'])}, and CRC-32 "
            f"{number(got['zlib_crc_mb_s'])}"])
        if size != "4k.html":
            ratio = got["body_of_zlib"]
            page.target(f"inflating {size} over zlib alone", "at least 0.9",
                        f"{number(ratio)}; the first time, when access points "
                        f"are left, {number(got['first_of_zlib'])}",
                        met(ratio >= 0.9))
    page.add("Parts by themselves", table(["what", "time"], rows))
