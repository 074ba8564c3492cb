"""Completion in bash: what it offers is what `wwz help` lists."""

import re
import subprocess

import pytest

import harness

SCRIPT = harness.TOP / "deploy/bash-completion/wwz"

# As bash does it for TAB behind the last word: the function that complete -p
# names, with its three arguments.
DRIVER = """\
. "$1"
shift
[[ $(complete -p wwz) =~ -F\\ ([^ ]+) ]] || exit
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
PATH=$DIRECTORY:$PATH
"${BASH_REMATCH[1]}" wwz "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}" || exit
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words):
    got = subprocess.run(
        ["bash", "-uc", DRIVER, "bash", SCRIPT, "wwz", *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=harness.PATIENCE,
        env={"DIRECTORY": str(harness.WWZ.parent), "PATH": "/usr/bin:/bin"})
    assert (got.returncode, got.stderr) == (0, ""), got
    return got.stdout.split()


def help_of(*topic):
    return subprocess.run([harness.WWZ, "help", *topic], check=True,
                          capture_output=True, text=True).stdout


def options(command):
    return re.findall(r"(?m)^  (--[a-z-]+)", help_of(command))


COMMANDS = re.findall(r"(?m)^wwz (\S+).*\n    ", help_of())


def test_commands():
    assert {"serve", "explain", "help"} <= set(COMMANDS), COMMANDS
    assert offered("") == COMMANDS
    assert offered("help", "") == COMMANDS


@pytest.mark.parametrize(
    "command", [name for name in COMMANDS if name not in ("help", "version")])
def test_options(command):
    assert offered(command, "-") == [*options(command), "--help"]


def test_options_without_a_command():
    """Those of serve, before and behind others."""
    assert offered("--") == [*options("serve"), "--help", "--version"]
    assert offered("--root", "/srv", "--") == [*options("serve"), "--help"]


@pytest.mark.parametrize(
    "words, wanted",
    [
        (["exp"], ["explain"]),
        (["serve", "--log"], ["--log-level"]),
        (["explain", "--he"], ["--header", "--help"]),
        (["--vers"], ["--version"]),
        (["help", "s"], ["serve"]),
        # Names of files, by bash itself.
        (["serve", "--root", ""], []),
        (["explain", "/x.w"], []),
        (["no-such-command", "--"], ["--help"]),
    ],
)
def test_some(words, wanted):
    assert offered(*words) == wanted
