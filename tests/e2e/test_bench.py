"""scripts/bench runs: its figures are no tests."""

import re
import subprocess

import harness


def test_one_case():
    done = subprocess.run(
        [harness.TOP / "scripts/bench", "--small", "--rounds", "1",
         "--seconds", "0.2", "4k-gzip"],
        capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 0, done.stderr
    rows = dict(re.findall(
        r"^\| 4k-gzip +\| +(.+?) \| +([\d,.]+) \|", done.stdout, re.M))
    for server in ["wwz", "canned", "bare", "gzip_static", "on the fly",
                   "lighttpd", "lighttpd canned"]:
        assert float(rows[server].replace(",", "")) > 0, done.stdout
    assert re.search(r"\| 4k-gzip: wwz over canned +\| at least 0.95 \|",
                     done.stdout), done.stdout
    assert (harness.TOP / "build/bench-small.md").read_text() in done.stdout
