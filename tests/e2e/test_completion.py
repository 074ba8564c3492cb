"""Completion in bash, zsh and fish: what it offers is what `wwz help` lists."""

import re
import subprocess

import pytest

import harness

SCRIPTS = harness.TOP / "deploy/completion"

# As bash does it for TAB behind the last word: the function that complete -p
# names, with its three arguments.
BASH = """\
. "$1/wwz.bash"
shift 2
[[ $(complete -p wwz) =~ -F\\ ([^ ]+) ]] || exit
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"${BASH_REMATCH[1]}" wwz "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}" || exit
printf '<%s>\\n' "${COMPREPLY[@]}"
"""

# In zsh on a terminal, TAB prints what would be offered, and adds nothing.
ZSH_RC = """\
PROMPT=
fpath=($1 $fpath)
autoload -Uz compinit
compinit -u -d $2/dump
bindkey '^I' complete-word
zle -C complete-word complete-word offer
compadd() {
	local -a hits
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A hits "$@"
	local hit
	for hit in $hits; do
		print -r -- "<$hit>"
	done
}
offer() {
	_main_complete
	print -r -- "<>"
}
print READY
"""
ZSH = """\
zmodload zsh/zpty
print -r -- "$0" >$2/rc
zpty z zsh -f -i
zpty -w z "source ${(q)2}/rc ${(q)1} ${(q)2}"
zpty -r z out '*READY*'
zpty -w -n z "${(j: :)@[3,-1]}"$'\\t'
zpty -r z out '*<>*'
print -r -- "$out"
"""

FISH = """\
source $argv[1]/wwz.fish
for line in (complete -C (string join -- ' ' $argv[3..]))
    echo "<"(string split -f 1 -- \\t $line)">"
end
"""

SHELLS = {"bash": ["bash", "-uc", BASH, "bash"],
          "zsh": ["zsh", "-fc", ZSH, ZSH_RC],
          "fish": ["fish", "--no-config", "-c", FISH]}


@pytest.fixture(params=SHELLS)
def offered(request, tmp):
    """What is offered for the last of some words, in a directory without
    files."""
    def ask(*words):
        (tmp / "empty").mkdir(exist_ok=True)
        got = subprocess.run(
            [*SHELLS[request.param], SCRIPTS, tmp, "wwz", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=harness.PATIENCE, cwd=tmp / "empty",
            env={"PATH": f"{harness.WWZ.parent}:/usr/bin:/bin",
                 "HOME": str(tmp), "TERM": "dumb"})
        assert (got.returncode, got.stderr) == (0, ""), got
        return sorted(re.findall("<([^<>]+)>", got.stdout))

    return ask


def help_of(*topic):
    return subprocess.run([harness.WWZ, "help", *topic], check=True,
                          capture_output=True, text=True).stdout


def options(command):
    return re.findall(r"(?m)^  (--[a-z-]+)", help_of(command))


COMMANDS = re.findall(r"(?m)^wwz (\S+).*\n    ", help_of())


def test_commands(offered):
    assert {"serve", "explain", "help"} <= set(COMMANDS), COMMANDS
    assert offered("") == sorted(COMMANDS)
    assert offered("help", "") == sorted(COMMANDS)


@pytest.mark.parametrize(
    "command", [name for name in COMMANDS if name not in ("help", "version")])
def test_options(offered, command):
    assert offered(command, "--") == sorted([*options(command), "--help"])


def test_options_without_a_command(offered):
    """Those of serve, before and behind others."""
    serve = [*options("serve"), "--help"]
    assert offered("--") == sorted([*serve, "--version"])
    assert offered("--root", "/srv", "--") == sorted(serve)


@pytest.mark.parametrize(
    "words, wanted",
    [
        (["exp"], ["explain"]),
        (["serve", "--log-l"], ["--log-level"]),
        (["explain", "--he"], ["--header", "--help"]),
        (["--vers"], ["--version"]),
        (["help", "s"], ["serve"]),
        # Names of files, by the shell itself.
        (["serve", "--root", ""], []),
        (["explain", "/x.w"], []),
        (["no-such-command", "--"], ["--help"]),
    ],
)
def test_some(offered, words, wanted):
    assert offered(*words) == wanted
