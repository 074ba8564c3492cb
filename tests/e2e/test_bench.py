"""scripts/bench runs: its figures are no tests."""

import http.server
import os
import re
import subprocess
import sys
import threading

import harness

sys.path.append(str(harness.TOP / "tests/bench"))
import pairs  # noqa: E402


def bench(*words):
    process = subprocess.Popen(
        [harness.TOP / "scripts/bench", "--small", "--rounds", "1",
         "--seconds", "0.1", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, errors = process.communicate(timeout=harness.PATIENCE)
    except BaseException:
        # Killed, it would leave servers and a mount behind.
        process.terminate()
        print(*process.communicate())
        raise
    assert process.returncode == 0, errors
    assert (harness.TOP / "build/bench-small.md").read_text() in out
    return out


def test_one_case():
    out = bench("4k-gzip")
    rows = dict(re.findall(r"^\| 4k-gzip +\| +(.+?) \| +([\d,.]+) \|", out,
                           re.M))
    for server in ["wwz", "canned", "bare", "gzip_static", "on the fly",
                   "lighttpd", "lighttpd canned"]:
        assert float(rows[server].replace(",", "")) > 0, out
    # Two pairs of turns decide nothing.
    assert re.search(r"\| 4k-gzip: wwz over canned +\| at least 0.95 \|"
                     r" +[\d.]+ \(all [\d.]+ to [\d.]+\) \| not decided \|",
                     out), out


def test_two_builds():
    out = bench("compare", str(harness.WWZ), str(harness.WWZ), "4k-gzip")
    assert re.search(r"\| 4k-gzip \| +[\d,]+ \| +[\d.]+ \(all .* to .*\) \|"
                     r" not decided \| .* \| not decided \|", out), out


def test_others():
    """Each part of a log is what it should be, and searches find what there
    is.  Hot requests are answered while cold ones hang."""
    out = bench("log", "slow")
    for what in "64 KiB at random", "2,000 lines at random", "search", "jump":
        assert re.search(rf"^\|.*{what}.*\| +[\d.,]+ \|", out, re.M), out
    if os.path.exists("/dev/fuse"):
        assert re.search(r"^\| deflated, as gzip +\| +4 that hang \|"
                         r"(?: +[\d.,]+ \|){3} ", out, re.M), out


def test_interval():
    """The ranks of the tables of the binomial distribution."""
    for n, rank in (6, 1), (8, 1), (9, 2), (10, 2), (12, 3), (20, 6), (50, 18):
        values = [100 - i for i in range(n)]  # least is 101 - n
        assert pairs.interval(values) == (100 - n + rank, 101 - rank), n
    assert pairs.interval([1, 2, 3, 4, 5]) is None


def test_verdict():
    values = [0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 9]
    assert pairs.interval(values) == (0.91, 0.98)
    assert pairs.verdict(values, 0.9) == "above"
    assert pairs.verdict(values, 0.95) == "not decided"
    assert pairs.verdict(values, 1) == "below"
    assert pairs.says(values) == "0.94 (0.91 to 0.98; all 0.90 to 9.00)"


def test_paced(tmp_path):
    """So many requests come as are due, on connections that the server closes
    now and then."""
    subprocess.run(["make", "-s", "-C", harness.TOP, "bench-tools"], check=True)
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.append((self.path, self.headers["X-Field"]))
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            if len(asked) % 7 == 0:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(bytes(1000))

        def log_message(self, *words):
            pass

    (tmp_path / "paths").write_text("/a\n/b\n")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        out = subprocess.run(
            [harness.TOP / "build/bench/paced", str(server.server_port),
             tmp_path / "paths", "200", "0.5", "X-Field: y"], check=True,
            capture_output=True, text=True, timeout=harness.PATIENCE).stdout
        server.shutdown()
    assert len(asked) == 101
    assert set(asked) == {("/a", "y"), ("/b", "y")}
    times = [float(word) for word in out.split()]
    assert len(times) == 4 and times == sorted(times) and times[0] > 0
