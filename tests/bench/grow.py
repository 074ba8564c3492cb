"""What grows with connections, members, archives and threads, and how long
answers take while half as many requests come as can be answered."""

import os
import statistics
import subprocess

import harness
import speed
from cases import CASES
from cost import memory, run_micro
from material import grown, grown_name
from pairs import number
from report import met, table
from servers import TOOLS

SECONDS = 0.5  # of wrk, for a rate, and of paced
TURNS = 3  # of which the median counts
# Of a point in a table.
HEAD = ["requests/s", "p99 us at half of it", "resident MiB"]


def paced(running, name, file, rate, fields=()):
    """(p50, p99, p99.9) of so many requests/s, in us."""
    lines = [": ".join(field) for field in fields]
    out = subprocess.run(
        [TOOLS / "paced", str(running.by_name[name].port), file, str(rate),
         str(SECONDS), *lines], check=True, capture_output=True, text=True,
        timeout=harness.PATIENCE).stdout
    return [float(word) for word in out.split()[:3]]


def rate(running, name, file, fields=()):
    """Requests/s of paths in a file, through a front end."""
    load = speed.Speed(running, SECONDS)
    case = type("Case", (), {"name": file.name, "path": file.name, "size": 0,
                             "fields": fields, "tag": False})
    # Opened before, which is measured elsewhere.
    load.ask(name, load.path(case, name), fields)
    return load.wrk(case, name, load.seconds)[0]


def point(running, file):
    """The cells of HEAD."""
    most, late = [], []
    for _ in range(TURNS):
        most.append(rate(running, "wwz", file))
        late.append(paced(running, "wwz", file, most[-1] / 2)[1])
    resident = memory(running.responder.pid, "VmRSS") / 1024
    return [number(statistics.median(most)), number(statistics.median(late)),
            number(resident)]


def one_path(running):
    return running.material.paths("one", ["/site.wwz/stored/4k.html"])


def connections(running, page):
    rows, file = [], one_path(running)
    for count in (1, 100, 1_000, 10_000):
        running.start_wwz()
        idle = []
        try:
            for _ in range(count):
                idle.append(harness.FastCgi(running.socket,
                                            running.material.www))
                idle[-1].ask("/site.wwz/stored/4k.html")
            rows.append([f"{count:,}", *point(running, file)])
        finally:
            for client in idle:
                client.close()
    page.add("Idle connections that the web server keeps, beside those that "
             "work", table(["connections", *HEAD], rows))


def threads(running, page):
    rows, file = [], one_path(running)
    for count in (1, 2, 4, 16, 64):
        running.start_wwz("--threads", str(count))
        rows.append([str(count), *point(running, file)])
    running.start_wwz()
    page.add(f"Threads, on {os.cpu_count()} processors",
             table(["threads", *HEAD], rows))


def members(running, page):
    www, rows = running.material.www, []
    for count in (10, 1_000, 100_000, 400_000, 1_000_000):
        name = f"members-{count}"
        names = grown(www / f"{name}.wwz", count)
        got = run_micro("index", f"{www}//{name}.wwz", names)
        file = running.material.paths(name, (
            f"/{name}.wwz/{line}" for line in names.read_text().split()))
        running.start_wwz()
        index = got["indexed"] / count
        rows.append([f"{count:,}", number(got["open_us"] / 1e3),
                     number(got["copied"] / count), number(index),
                     number(got["lookup_ns"]), *point(running, file)])
        if count == 1_000_000:
            page.target("index of 1,000,000 members, bytes a member beyond "
                        "the directory's copy", "at most 16", number(index),
                        met(index <= 16))
        (www / f"{name}.wwz").unlink()
    page.add("Members", table(
        ["members", "open ms", "directory B/member", "index B/member",
         "lookup ns", *HEAD], rows))


def first_requests(running, paths):
    """CPU time of the first request for each of some archives, in us."""
    chosen = paths[:10_000]
    used = speed.cpu_seconds(running.responder.pid)
    with harness.FastCgi(running.socket, running.material.www) as client:
        for path in chosen:
            client.ask(path)
    used = speed.cpu_seconds(running.responder.pid) - used
    return used * 1e6 / len(chosen)


def archives(running, page):
    www, rows = running.material.www, []
    grown(www / "ten.wwz", 10)
    ten = (www / "ten.wwz").read_bytes()
    base = www / "archives"
    base.mkdir()
    paths = []
    for count in (1, 100, 10_000, 100_000):
        for i in range(len(paths), count):
            (base / f"{i}.wwz").write_bytes(ten)
            paths.append(f"/archives/{i}.wwz/{grown_name(0)}")
        responder = running.start_wwz()
        used = first_requests(running, paths)
        kept = responder.descriptors()
        rows.append([f"{count:,}", number(used) if count > 1 else "",
                     f"{kept:,}", *point(
            running, running.material.paths(base.name, paths))])
    page.add("Archives of 10 members", table(
        ["archives", "CPU us for the first request", "descriptors", *HEAD],
        rows))


def latency(running, page):
    """wwz beside files, both asked as often."""
    rows = []
    running.start_wwz()
    for name, other in (("4k", "file"), ("4k-gzip", "gzip_static"),
                        ("300k", "file"), ("300k-gzip", "gzip_static")):
        case = next(case for case in CASES if case.name == name)
        file = running.material.paths(f"only-{name}", [case.path])
        each = rate(running, "wwz", file, case.fields) / 2
        got = {"wwz": [], other: []}
        for _ in range(TURNS):
            for server, values in got.items():
                values.append(paced(running, server, file, each, case.fields))
        for server, values in got.items():
            rows.append([name, server, number(each), *(
                number(statistics.median(column)) for column in zip(*values))])
    page.add("How long answers take, in us, while half as many requests come "
             "as wwz can answer", "A time counts from when a request was due, "
             f"not from when it could be sent; medians of {TURNS} turns of "
             f"{SECONDS} s.\n\n" + table(
                 ["case", "server", "requests/s", "p50", "p99", "p99.9"], rows))


def grow(running, page):
    latency(running, page)
    connections(running, page)
    members(running, page)
    archives(running, page)
    threads(running, page)
