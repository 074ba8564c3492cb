"""The tests themselves, wherever they are started from."""

import os
import subprocess

import harness


def test_ignored_signals():
    """nohup and others let what they start ignore signals, or hold them back:
    the tests do not hand that on."""
    signals = "HUP,INT,QUIT,PIPE,TERM,USR1,CHLD"
    got = subprocess.run(
        ["env", f"--ignore-signal={signals}", f"--block-signal={signals}",
         "/usr/bin/python3", "-m", "pytest", "-q",
         "tests/e2e/test_pack_again.py::test_interrupted"],
        cwd=harness.TOP, env={**os.environ, "WWZ": str(harness.WWZ)},
        capture_output=True, text=True,
        timeout=harness.PATIENCE)
    assert got.returncode == 0 and "3 passed" in got.stdout, got.stdout
