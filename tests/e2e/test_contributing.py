"""ARCHITECTURE.md and HACKING.md: that what they name is there."""

import re

import harness

SOURCES = [path for path in (harness.TOP / "src").rglob("*") if path.is_file()]
CODE = "\n".join(path.read_text() for path in SOURCES)


def quoted(page):
    """What stands between backquotes in a page, outside of its blocks."""
    text = re.sub(r"(?m)^    .*\n", "", (harness.TOP / page).read_text())
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
            there = re.search(rf"(?m)^{name[:-2]}\(", CODE)
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
