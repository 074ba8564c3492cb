"""What hot requests notice of cold ones: archives on a file system that takes
200 ms for a read, or never ends one (tests/e2e/slowfs.c).

Cold requests come through a web server of their own, so hot ones do not wait for
it.  They do work, and take the processor from others, as any requests do: how
much that is, is seen beside as many that need not wait."""

import contextlib
import os
import signal
import statistics
import subprocess
import time

import archives
import grow
import harness
import slowfs
import speed
from cases import GZIP
from material import MANY, content, log
from pairs import number, says, verdict
from report import SPREAD, met, table

READ_MS = 200
UNDER_WAY = (4, 16, 64)
ROUNDS, FEW = 10, 3  # of the last of these; of the others
# How they wait: for READ_MS, for ever, or as many a second as of the first not at
# all.
SLOW, HANG, NOT = "", " that hang", " as often, that do not wait"
SITES = 1000  # archives, for cold requests
RATE = 2000  # hot requests/s that are due while their time is taken
HOT = "/site.wwz/deflated/4k.html"
LARGE = 2 << 20  # nothing so large is kept inflated
# A name, the member, fields, and what keeps it cold: the kernel keeps none of
# it, or wwz does not, and the kernel only while it is open.
DIRECT = "open cold/ direct"
KINDS = [("deflated, as gzip", "page.html", GZIP, DIRECT, ()),
         ("inflated, 2 MiB", "large.log", (), DIRECT, ()),
         ("archives opened", "page.html", GZIP, "", ("--max-archives", "128"))]
# The storage allows UNDER_WAY[-1] answers in READ_MS.
COLD_WANTED, COLD_SECONDS = 250, 5


class Cold:
    """Requests for what is cold, so many under way at any time."""

    def __init__(self, running, front, storage, file, kind):
        self.running, self.front = running, front
        self.storage, self.file = storage, file
        _, _, self.fields, self.rule, _ = kind
        self.rate = None  # requests/s

    def warm(self):
        """Archives that stay open are open, and their members known."""
        self.storage.rule(self.rule)
        client = harness.Http(self.running.by_name["wwz"].port)
        for path in self.file.read_text().split():
            got = client.ask(path, headers=self.fields)
            assert got.status == 200, f"{path}: {got}"
        client.close()

    @contextlib.contextmanager
    def under_way(self, count, how):
        """how is SLOW or HANG."""
        takes = "hang" if how == HANG else READ_MS
        self.storage.rule(f"read cold/ {takes}", self.rule)
        fields = [word for field in self.fields
                  for word in ("-H", ": ".join(field))]
        wrk = subprocess.Popen(
            ["wrk", "-t", "1", "-c", str(count), "-d", "60", *fields, "-s",
             speed.HERE / "load.lua", f"http://127.0.0.1:{self.front.port}",
             "--", self.file], stdout=subprocess.PIPE, text=True)
        try:
            harness.wait_until(
                lambda: self.storage.waiting() >= count * 3 / 4, "they wait")
            yield
        finally:
            wrk.send_signal(signal.SIGINT)
            output, _ = wrk.communicate(timeout=harness.PATIENCE)
            self.storage.rule(self.rule)
            harness.wait_until(
                lambda: self.storage.waiting() == 0, "nobody waits")
        took, requests, _, _ = [
            int(word) for word in output.rpartition("BENCH ")[2].split()]
        self.rate = requests * 1e6 / took

    @contextlib.contextmanager
    def without_waiting(self):
        """As many a second as there were under way."""
        fields = [": ".join(field) for field in self.fields]
        paced = subprocess.Popen(
            [grow.TOOLS / "paced", str(self.front.port), self.file,
             str(round(self.rate)), "60", *fields], stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            paced.kill()
            paced.wait()

    def requests(self, count, how):
        return (self.without_waiting() if how == NOT
                else self.under_way(count, how))

    def run_alone(self, count):
        with self.under_way(count, SLOW):
            time.sleep(COLD_SECONDS)


class Hot:
    """What the hot requests took: by turns without and with cold ones."""

    def __init__(self, running):
        self.running = running
        self.file = running.material.paths("hot", [HOT])
        self.alone, self.beside = [], []  # (p50, p99, requests/s)

    def measure(self):
        p50, p99, _ = grow.paced(self.running, "wwz", self.file, RATE, GZIP)
        return p50, p99, grow.rate(self.running, "wwz", self.file, GZIP)

    def run_round(self, cold, count, how, cold_first):
        for with_cold in (cold_first, not cold_first):
            if with_cold:
                with cold.requests(count, how):
                    self.beside.append(self.measure())
            else:
                self.alone.append(self.measure())

    def ratios(self, column):
        return [beside[column] / alone[column]
                for alone, beside in zip(self.alone, self.beside)]

    def cells(self, samples):
        return [number(statistics.median(column)) for column in zip(*samples)]


def make_sites(material, directory, count):
    page = content("4k")
    (directory / "cold").mkdir(exist_ok=True)
    archives.write(directory / "cold/0.wwz",
                   {"page.html": page, "large.log": log(LARGE, 1)})
    for i in range(1, count):
        os.link(directory / "cold/0.wwz", directory / f"cold/{i}.wwz")
    return {name: material.paths(
        f"cold-{name}", (f"/slow/cold/{i}.wwz/{name}" for i in range(count)))
        for name in ("page.html", "large.log")}


def tell(page, kind, count, how, hot):
    """The cells of a row, and what is wanted of them."""
    what = f"{count}{how}"
    late, less = hot.ratios(1), hot.ratios(2)
    if count == UNDER_WAY[-1] and how != NOT:
        words = f"hot p99, {what} {kind}, over none"
        page.target(words, "at most 2", says(late),
                    verdict(late, 2, ("met", "not met")))
    return [kind, what, *hot.cells(hot.beside), says(late), says(less), ""]


def run_kind(running, page, front, storage, kind, paths, small):
    name, member, _, _, options = kind
    running.start_wwz("--threads", "2", *options)
    cold = Cold(running, front, storage, paths[member], kind)
    rows, alone = [], []
    most = UNDER_WAY[-1]
    ways = [(UNDER_WAY[0], HANG)] if small else [
        *((count, SLOW) for count in UNDER_WAY), (most, HANG), (most, NOT)]
    for count, how in ways:
        hot = Hot(running)
        cold.warm()
        if how == NOT:
            cold.run_alone(count)
        for i in range(1 if small else ROUNDS if count == most else FEW):
            hot.run_round(cold, count, how, i % 2 == 1)
        rows.append(tell(page, name, count, how, hot))
        alone += hot.alone
    none = [name, "none", *hot.cells(alone), "1", "1", ""]
    if small:
        return [none, *rows]
    rows[-1][-1] = number(cold.rate)
    if kind is KINDS[0]:
        page.target(f"cold requests/s, {most} {name}",
                    f"at least {COLD_WANTED}", number(cold.rate),
                    met(cold.rate >= COLD_WANTED))
    return [none, *rows]


def slow(running, page):
    if not os.path.exists("/dev/fuse"):
        page.add("Slow storage", "Skipped: there is no /dev/fuse.")
        return
    small = running.material.many != MANY
    tmp = running.tmp / "slow"
    tmp.mkdir()
    storage = slowfs.SlowFs(slowfs.build(tmp), tmp, running.material.www)
    with contextlib.closing(storage):
        paths = make_sites(running.material, storage.source,
                           10 if small else SITES)
        storage.mount()
        front = running.start(harness.Nginx(
            tmp, running.material.www, running.socket))
        rows = []
        for kind in KINDS[:1] if small else KINDS:
            rows += run_kind(running, page, front, storage, kind, paths, small)
    running.start_wwz()
    page.add(
        f"Hot requests beside cold ones, whose reads take {READ_MS} ms each, "
        "give or take a half",
        f"Two threads.  The hot member is {HOT}, as gzip, in memory; its times "
        f"are those of {number(RATE)} requests/s.\n\n{SPREAD}\n\n" + table(
            ["cold", "under way", "p50 us", "p99 us", "requests/s",
             "p99 over none", "requests/s over none",
             "cold requests/s with no hot ones"], rows))
