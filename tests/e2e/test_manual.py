"""The manual pages: that they are well made, list the options that there are
and the words of the log, and that their examples do what they show."""

import os
import re
import subprocess

import pytest

import fronts
import harness

MAN = harness.TOP / "deploy/man"
PAGES = sorted(path.name for path in MAN.iterdir())


def run(*command, **options):
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=harness.PATIENCE, **options)


def rendered(page):
    """The page's text, in lines that are not broken."""
    got = run("mandoc", "-T", "utf8", "-O", "width=500", MAN / page)
    assert (got.returncode, got.stderr) == (0, ""), got
    return re.sub(".\b", "", got.stdout)


def section(page, name):
    (text,) = re.findall(rf"(?ms)^{name}\n(.*?)(?=^\S|\Z)", rendered(page))
    return text


def help_of(*topic):
    got = run(harness.WWZ, "help", *topic)
    assert (got.returncode, got.stderr) == (0, ""), got
    return got.stdout


@pytest.mark.parametrize("page", PAGES)
def test_lint(page):
    """Which other pages are installed here is not the page's business."""
    got = run("mandoc", "-T", "lint", MAN / page)
    wrong = [line for line in got.stdout.splitlines()
             if "referenced manual not found" not in line]
    assert not wrong, "\n".join(wrong)


def commands():
    """The names in the list of wwz help."""
    listed = help_of().split("\n\n")[1]
    return [line.split()[1] for line in listed.splitlines()
            if line.startswith("wwz ")]


def options_of(text, indent):
    """[(how an option is written, its default or None)] of a list whose items
    stand after indent, and what is said of them deeper."""
    items = re.findall(
        rf"(?m)^{indent}(--?\w.*?)((?:  +\S.*)?\n(?:\n?{indent} +.*\n)*)", text)
    found = []
    for forms, says in items:
        default = re.search(r"\(default: ([^)]*)\)", " ".join(says.split()))
        found.append((sorted(forms.split(", ")), default and default[1]))
    return found


def page_of(command):
    """The page with the command's options: its own."""
    (page,) = [page for page in PAGES
               if re.fullmatch(rf"wwz-{command}\.[18]", page)]
    return page


def test_every_command_is_there():
    text = rendered("wwz.1")
    for command in commands():
        assert re.search(rf"(?m)^     (wwz )?{command}\b", text), command


def test_options_are_those_of_help():
    """Names, arguments, letters, defaults; in the same order."""
    compared = 0
    for command in commands():
        wanted = options_of(help_of(command), "  ")
        if not wanted:
            continue
        page = page_of(command)
        got = options_of(section(page, "DESCRIPTION"), "     ")
        assert got == wanted, page
        compared += len(wanted)
    assert compared > 20, compared


def test_words_of_the_log():
    """Each word that is logged, and no other, with its level."""
    source = "\n".join(
        path.read_text() for path in (harness.TOP / "src").rglob("*.c"))
    logged = set(re.findall(
        r'(?:LOG_[A-Z]+,\s*|\bword = )"([a-z]+(?:-[a-z]+)+)"', source))
    assert "archive-damaged" in logged and "no-root" in logged, logged
    text = section("wwz-serve.8", "DIAGNOSTICS")
    assert set(re.findall(r"(?m)^     ([a-z-]+) \(\w+\)$", text)) == logged
    reference = (harness.TOP / "docs/reference.md").read_text()
    rows = re.findall(r"(?m)^\| (`[^|]*) \| (?:info|warn|error)", reference)
    words = re.findall(r"`([a-z-]+)`", " ".join(rows))
    assert sorted(words) == sorted(logged)


def test_fields_of_archives():
    """wwz.5 names the fields that _headers may have, and no other."""
    source = (harness.TOP / "src/http/headers.c").read_text()
    table = source[source.index("specs[] = {"):source.index("enum { SPECS")]
    allowed = set(re.findall(r'"([\w-]+)"', table))
    assert "Cache-Control" in allowed and len(allowed) > 20, allowed
    text = section("wwz.5", "DESCRIPTION")
    listed = text[text.index("These fields are allowed:"):
                  text.index("the author's own")]
    assert set(re.findall(r"[A-Z][\w]*(?:-[A-Z]\w*)+|Expires|Link|SourceMap|Vary",
                          listed)) == allowed


def session(page):
    """(command, its output as a pattern) of the examples.
    What stands behind "$ " or "# " is typed, lines that go on included; what
    follows comes of it, with "..." for what may differ."""
    steps = re.findall(
        r"(?m)^       [$#] ((?:.*\\\n)*.*)\n((?:       (?![$#] ).*\n)*)",
        section(page, "EXAMPLES"))
    assert steps, page
    for command, output in steps:
        wanted = re.escape(re.sub("(?m)^       ", "", output))
        yield command, wanted.replace(r"\.\.\.", "(?s:.*)") + r"\s*"


# The places that the pages name, empty, and not this machine's.
PLACES = """\
set -eu
mount -t tmpfs tmpfs /srv
mount -t tmpfs tmpfs /run
mkdir -p /srv/www /srv/site/a
echo '<!doctype html><title>Site</title>' >/srv/site/index.html
seq 300 >/srv/site/a/b.txt
touch -d '2026-03-04 05:06:08 UTC' /srv/site/index.html /srv/site/a/b.txt
cd /srv/site
zip -qr /srv/www/site.wwz .
touch -r index.html /srv/www/site.wwz
"""
# A program started in the background is ready when it can be reached.
BACKGROUND = """\
until [ -S /run/wwz/wwz.sock ]; do sleep 0.01; done
"""
MARK = "-- next --"


@pytest.mark.parametrize("page", [
    "wwz.1", "wwz-cat.1", "wwz-explain.1", "wwz-list.1", "wwz-serve.8"])
def test_examples(tmp, page):
    """As printed, by root."""
    steps = list(session(page))
    script = PLACES + "exec 2>&1\n"
    for command, _ in steps:
        script += f"echo '{MARK}'\n{command}\n"
        script += BACKGROUND * command.endswith("&")
        script += "wait $!\n" * command.startswith("kill ")
    fronts.put_program(tmp)
    got = run("unshare", "--mount", "--pid", "--mount-proc", "--fork",
              "--kill-child", "bash", "-c", script,
              env={**os.environ, "PATH": f"{tmp}:{os.environ['PATH']}"})
    if got.stderr.startswith("unshare:"):
        pytest.skip(f"no namespaces here: {got.stderr}")
    assert got.returncode == 0, got
    outputs = got.stdout.split(f"{MARK}\n")[1:]
    assert len(outputs) == len(steps), got
    for (command, wanted), output in zip(steps, outputs):
        assert re.fullmatch(wanted, output.replace("\r", "")), (
            f"{command}\n{output}\nis not\n{wanted}")
