"""ARCHITECTURE.md and HACKING.md: that what they name is there, and that what is
cheap to run does run."""

import json
import pathlib
import re
import shlex
import subprocess

import harness

OWN = pathlib.Path(__file__).name
SOURCES = [path for folder in ("src", "tests")
           for path in (harness.TOP / folder).rglob("*.*")
           if path.suffix in (".c", ".h", ".py") and path.name != OWN]
SOURCES.append(harness.TOP / "scripts/make-hostile")
CODE = "\n".join(path.read_text() for path in SOURCES)


def quoted(page):
    """What stands between backquotes in a page, outside of its blocks."""
    text = re.sub(r"(?ms)^```.*?^```|^    [^\n]*\n", "",
                  (harness.TOP / page).read_text())
    found = re.findall(r"`([^`\n]+)`", text)
    assert found, page
    return found


def is_there(path):
    return ((harness.TOP / path).exists() or
            (harness.TOP / "src" / path).exists() or
            any(path == source.name for source in SOURCES))


def missing(names):
    """Those of names that look like one of the project's own and are not."""
    for name in names:
        if re.fullmatch(r"\w+\(\)", name):
            there = re.search(rf"(?m)^(def )?{name[:-2]}\(", CODE)
        elif re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", name):
            there = re.search(rf"\b{name}\b", CODE)
        elif re.fullmatch(r"struct \w+", name):
            there = re.search(rf"(?m)^{name} {{", CODE)
        elif re.fullmatch(r"FCGX_\w+", name):
            there = name == "FCGX_OpenSocket" or name in CODE
        elif re.fullmatch(r"[\w./-]*(/[\w.-]+|\.[a-z]{1,4})", name):
            there = name == "fastcgi.h" or is_there(name)
        else:
            continue
        if not there:
            yield name


def test_architecture_names_what_is_there():
    names = quoted("ARCHITECTURE.md")
    assert sum(name.endswith("()") for name in names) > 40, names
    assert sum(name.endswith(".c") for name in names) > 15, names
    assert not list(missing(names))


def test_a_name_that_is_not_there_is_found():
    wrong = ["conn_walk()", "conn.cc", "fcgi/serve.c", "INTAKE_LAST",
             "struct nobody", "FCGX_Nothing", "scripts/nothing"]
    right = ["conn_run()", "conn.c", "serve/serve.c", "INTAKE_MAX",
             "struct conn", "FCGX_Init", "scripts/test"]
    assert list(missing(wrong + right)) == wrong


def test_architecture_is_short():
    assert len((harness.TOP / "ARCHITECTURE.md").read_text().splitlines()) <= 150


def test_architecture_has_the_folders():
    """Each folder, and what the lint lets it include."""
    text = (harness.TOP / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"(?m)^\| `(\w+)` \|[^|]*\|([^|]*)\|$", text)
    told, above = {}, ""
    for folder, uses in rows:
        names = re.findall(r"`(\w+)`", uses)
        if "+" in uses:
            names = above + names
        told[folder] = above = names
    lint = (harness.TOP / "scripts/lint-includes").read_text()
    held = {folder: uses.split() for folder, uses in
            re.findall(r'uses\["(\w+)"\] = "([^"]*)"', lint)}
    assert told == held


def run(command):
    return subprocess.run(
        command, shell=True, cwd=harness.TOP, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=harness.PATIENCE)


def test_hacking_names_what_is_there():
    assert not list(missing(
        name for name in quoted("HACKING.md")
        if not name.startswith("build/") and "NAME" not in name))


def check_compile_commands():
    """One for each source and test, that can be run as it stands."""
    entries = json.loads((harness.TOP / "compile_commands.json").read_text())
    files = {entry["file"] for entry in entries}
    wanted = {str(path.relative_to(harness.TOP)) for folder in
              ("src/base", "src/fcgi", "tests/unit")
              for path in (harness.TOP / folder).glob("*.c")}
    assert wanted and wanted <= files, wanted - files
    (entry,) = [e for e in entries if e["file"] == "src/commandline.c"]
    got = run(f"cd {shlex.quote(entry['directory'])} && {entry['command']} -fsyntax-only")
    assert (got.returncode, got.stderr) == (0, ""), got


def test_hacking_commands():
    """Those in blocks of their own: they need a build and nothing else."""
    commands = re.findall(r"(?ms)^```sh\n(.*?)^```$",
                          (harness.TOP / "HACKING.md").read_text())
    assert commands == ["make help\n", "make compile_commands.json\n"]
    for command in commands:
        got = run(command)
        assert (got.returncode, got.stderr) == (0, ""), got
    check_compile_commands()


def test_help_of_make():
    """The targets are there, and those that people call are named."""
    named = re.findall(r"(?m)^  make +([a-z_.-]+(?: [a-z_.-]+)*)  ",
                       run("make help").stdout)
    named = {word for words in named for word in words.split()}
    makefile = (harness.TOP / "Makefile").read_text()
    phony = re.search(r"(?m)^\.PHONY: ((?:.*\\\n)*.*)", makefile)[1]
    phony = set(phony.replace("\\\n", " ").split())
    inner = {"all", "unit", "fuzzers", "uninstall", "clean"}
    assert {"check", "lint", "coverage"} <= named
    assert named == (phony - inner) | {"compile_commands.json"}
