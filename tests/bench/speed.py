"""Rates: wrk against two servers by turns, again and again."""

import ctypes
import gzip
import pathlib
import signal
import subprocess
import time

import harness

HERE = pathlib.Path(__file__).parent
CONNECTIONS = 32


class Samples:
    """What one server did in a case, or one over another: a figure each time.
    """

    def __init__(self):
        self.rate, self.cpu = [], []  # requests/s; microseconds each

    def over(self, other):
        """What was measured last over what other did beside it."""
        ratios = Samples()
        ratios.rate.append(self.rate[-1] / other.rate[-1])
        if self.cpu and other.cpu:
            ratios.cpu.append(self.cpu[-1] / other.cpu[-1])
        return ratios

    def add(self, more):
        self.rate += more.rate
        self.cpu += more.cpu


def cpu_seconds(pid):
    """Of all its threads, those that have ended among them."""
    clock = ctypes.c_int()
    error = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    assert error == 0, f"no clock of process {pid}: {error}"
    return time.clock_gettime(clock.value)


class Speed:
    def __init__(self, servers, seconds):
        self.servers, self.material = servers, servers.material
        self.seconds = seconds  # of each turn
        self.samples = {}  # (case's name, server) to Samples
        self.ratios = {}  # (case's name, server, the other) to Samples

    def server(self, name):
        return self.servers.by_name.get(name.removesuffix(", stored"))

    def path(self, case, name):
        """The path that is asked for; of several one of them."""
        path = case.path
        if not path.startswith("/"):
            path = self.file(case, name).read_text().split("\n", 1)[0]
        elif name.endswith(", stored"):
            path = path.replace("/deflated/", "/stored/")
        return self.server(name).change(path)

    def file(self, case, name):
        """The file of paths for wrk."""
        if name != "kiwix-serve":
            return self.material.top / case.path
        file = self.servers.tmp / "kiwix-paths"
        lines = (self.material.top / "zim-many").read_text().splitlines()
        file.write_text("".join(f"/site/A{line}\n" for line in lines))
        return file

    def fields(self, case, name):
        if not case.tag:
            return case.fields
        got = self.ask(name, self.path(case, name))
        return [("If-None-Match", got.get("ETag"))]

    def ask(self, name, path, fields=()):
        client = harness.Http(self.server(name).port)
        try:
            return client.ask(path, headers=fields)
        finally:
            client.close()

    def check(self, case, name):
        """The server gives the right bytes, or what it does is not measured.
        kiwix-serve puts something of its own into a page's head."""
        path = self.path(case, name)
        got = self.ask(name, path, self.fields(case, name))
        body = got.body
        if got.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert got.status == case.status, f"{case.name}, {name}: {got}"
        assert not case.coding or got.get("Content-Encoding"), got
        if name == "kiwix-serve" and path.endswith(".html"):
            assert len(body) >= case.size, f"{case.name}, {name}: {got}"
            return
        assert len(body) == case.size, f"{case.name}, {name}: {got}"
        if case.status == 200 and path.startswith("/site.wwz/"):
            wanted = self.material.members[path.removeprefix("/site.wwz/")]
            assert body == wanted, f"{case.name}, {name}"

    def can(self, case):
        """The servers of the case that are here."""
        return [name for name in case.servers if self.server(name)]

    def written(self, socket, case):
        """All that a responder writes for the case's request."""
        with harness.FastCgi(socket, self.material.www) as client:
            client.send(client.request(
                self.path(case, "wwz"), headers=self.fields(case, "wwz")))
            out = bytearray()
            while (record := client.read_record())[0] != harness.END:
                out += record[2]
        return out

    def prepare_floors(self, case):
        """What wwz answers now is what they answer.  They have done so before
        they are measured: how they start does not count."""
        out = self.written(self.servers.socket, case)
        file = self.servers.tmp / "prepared"
        file.write_bytes(out)
        self.servers.start_floors(file)
        for name, socket in self.servers.floor_sockets.items():
            assert self.written(socket, case) == out, f"{case.name}, {name}"

    def wrk(self, case, name, seconds):
        """(requests/s, requests), which may be none if that is short."""
        server = self.server(name)
        url = f"http://127.0.0.1:{server.port}"
        more = []
        if case.path.startswith("/"):
            url += self.path(case, name)
        else:
            more = ["--", self.file(case, name)]
        for field in self.fields(case, name):
            more[:0] = ["-H", ": ".join(field)]
        command = ["wrk", "-t", "2", "-c", str(CONNECTIONS),
                   "-d", str(int(seconds) + 2),
                   "-s", HERE / "load.lua", *self._ordered(url, more)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        if process.returncode == -signal.SIGINT:
            return 0, 0  # it was about to begin
        took, requests, size, errors = [
            int(word) for word in output.rpartition("BENCH ")[2].split()]
        assert errors == 0, f"{case.name}, {name}: {output}"
        # Of large ones few are whole when time is up.
        if case.size >= 1 << 20:
            requests = size / self.large(case, name)
        return requests * 1e6 / took, requests

    @staticmethod
    def _ordered(url, more):
        at = more.index("--") if "--" in more else len(more)
        return [*more[:at], url, *more[at:]]

    def large(self, case, name):
        got = self.ask(name, self.path(case, name), case.fields)
        return len(got.body)

    def take_turn(self, case, name):
        """As long as wanted, or as long as it takes until there is an answer."""
        process = self.server(name).process
        seconds, requests = self.seconds, 0
        while requests == 0:
            assert seconds < 60, f"{case.name}, {name}: no answer"
            before = cpu_seconds(process.pid) if process else 0
            rate, requests = self.wrk(case, name, seconds)
            seconds *= 2
        samples = self.samples.setdefault((case.name, name), Samples())
        samples.rate.append(rate)
        if process:
            used = cpu_seconds(process.pid) - before
            samples.cpu.append(used * 1e6 / requests)
        return samples

    def run_round(self, case, number):
        """A B A B with each pair; who begins changes with the round's number.
        """
        if "canned" in case.servers:
            self.prepare_floors(case)
        for pair in case.pairs(self.can(case)):
            for _ in range(2):
                turns = pair if number % 2 == 0 else pair[::-1]
                took = {name: self.take_turn(case, name) for name in turns}
                self.ratios.setdefault((case.name, *pair), Samples()).add(
                    took[pair[0]].over(took[pair[1]]))

    def check_all(self, case):
        if "canned" in case.servers:
            self.prepare_floors(case)
        for name in self.can(case):
            self.check(case, name)
