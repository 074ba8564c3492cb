"""Logs that draw over what they drew: what the page shows is what tmux, a
terminal, shows."""

import html
import os
import random
import re
import subprocess

import pytest

import archives
import harness
from test_browser import Browser

LOGS = harness.TOP / "testdata/logs"


def random_log(seed):
    """Lines, and among them some that draw over the last ones; in every second log
    further down than a screen.  There tmux restores the cursor to where on the
    screen it was saved, wwz to the line."""
    draw = random.Random(seed)
    out = ["begin \x1b7\n"]
    if seed % 2:
        out += [f"line {number}\n" for number in range(250)]
        out.append("\x1b[999Atop\x1b[999B\n")
    for _ in range(60):
        out.append(draw.choice(["text", "longer text", "t"]) +
                   str(draw.randrange(100)))
        out.append(draw.choice(["\n", "\n", "\r", "", "\x1b[K", "\x1b[J"]))
        if draw.random() < 0.5:
            out.append("\x1b[%d%s" % (draw.randrange(1, 7),
                                      draw.choice("AAABCDEFG")))
        if draw.random() < 0.3:
            # IL and DL go to the first column, but not in tmux.
            out.append("\x1b[%d%s" % (draw.randrange(1, 5), draw.choice(
                ["L\r", "M\r", "S", "T"])))
        if draw.random() < 0.1 and not seed % 2:
            out.append(draw.choice(["\x1b7", "\x1b8", "\x1b[s", "\x1b[u"]))
    return "".join(out).encode() + b"\n"


# Wide enough for each line, and as high as where they were recorded.
SIZES = {"apt": (300, 24), "listr2": (300, 40), "vitest-terminal": (300, 40),
         "buildah": (1000, 24)}
RANDOM = {f"random{seed}": random_log(seed) for seed in range(6)}
RECORDED = {name: (LOGS / f"{name}.log").read_bytes() for name in SIZES}


@pytest.fixture(scope="module")
def site(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    archives.write(root / "x.wwz", {
        f"{name}.log": log for name, log in {**RECORDED, **RANDOM}.items()})
    with harness.served(module_tmp, root) as (_, nginx):
        yield nginx.port, nginx.client()


def page(site, name, query="?from=1&lines=20000"):
    got = site[1].ask(f"/x.wwz/{name}.log/-wwz-log{query}")
    assert got.status == 200, got
    return got.body.decode()


def visible(text):
    """What is seen of a page: number and text of lines and rows, without what is
    folded."""
    text = re.sub(r'<details class="r">.*?</details>', "", text, flags=re.S)
    text = re.sub(r'<span class="j">.*?</span>', "", text)
    found = re.findall(r'href="#L(\d+)">\1</a>(.*?)</div>', text)
    return [(int(number), html.unescape(re.sub("<[^>]*>", "", line)).rstrip())
            for number, line in found]


def in_terminal(tmp, name, log, size):
    """The lines of a terminal, with what has left it at the top."""
    file, socket = tmp / name, tmp / f"{name}.socket"
    file.write_bytes(log)
    (tmp / "tmux.conf").write_text(
        "set -g status off\nset -g history-limit 10000\n")
    tmux = ["tmux", "-S", socket, "-f", tmp / "tmux.conf"]
    width, height = size
    subprocess.run(
        [*tmux, "new-session", "-d", "-x", str(width), "-y", str(height),
         f"cat '{file}'; printf '\\033]2;shown\\007'; exec cat"],
        check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    try:
        # The title is set when all before it has been shown.
        harness.wait_until(lambda: subprocess.run(
            [*tmux, "display-message", "-p", "#{pane_title}"],
            capture_output=True, check=True).stdout == b"shown\n",
            "the terminal")
        text = subprocess.run(
            [*tmux, "capture-pane", "-p", "-S", "-"], capture_output=True,
            check=True).stdout.decode()
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)
    return [line.rstrip() for line in text.rstrip().split("\n")]


@pytest.mark.parametrize("name", [*RECORDED, *RANDOM])
def test_as_in_a_terminal(tmp, site, name):
    log = {**RECORDED, **RANDOM}[name]
    got = [line for _, line in visible(page(site, name))]
    while got and not got[-1]:
        got.pop()
    assert got == in_terminal(tmp, name, log, SIZES.get(name, (300, 200)))


def test_lines_are_kept(site):
    """Each line is there once, in order; a row's number leads to the line that
    drew it last, and that stretch is folded."""
    text = page(site, "vitest-terminal")
    numbers = [int(n) for n in re.findall(r'<div id="L(\d+)"', text)]
    total = RECORDED["vitest-terminal"].count(b"\n")
    assert numbers == list(range(1, total + 1))
    shown = visible(text)
    assert total > 600 and len(shown) < 50
    assert ("\u2713 adds 5" in line for _, line in shown)
    for number, line in shown:
        own = re.search(rf'<div id="L{number}"[^>]*>.*</div>', text)[0]
        own = html.unescape(re.sub("<[^>]*>", "", own))
        assert line in own, number


def test_pages_agree(site):
    """A line has its number and its text on whatever page it is."""
    name = "listr2"
    whole = dict(re.findall(r'<div id="L(\d+)"(.*)</div>', page(site, name)))
    for first in (2, 57, 100, 250):
        text = page(site, name, f"?from={first}&lines=60")
        lines = re.findall(r'<div id="L(\d+)"(.*)</div>', text)
        assert len(lines) >= 40
        assert [int(n) for n, _ in lines] == list(
            range(first, first + len(lines)))
        for number, line in lines:
            plain = [re.sub("<[^>]*>", "", part)
                     for part in (line, whole[number])]
            assert plain[0] == plain[1], number


def test_link_opens(module_tmp, site):
    """A link to a folded line unfolds it, in a browser without script."""
    browser = Browser(module_tmp)
    try:
        for line, unfolded in ((1, False), (100, True)):
            browser.open(f"http://127.0.0.1:{site[0]}/x.wwz/"
                         f"vitest-terminal.log/-wwz-log?from=1&lines={999 + line}#L{line}")
            browser.becomes("document.querySelector('details.r').open", unfolded)
            browser.wait(f"(top => top >= 0 && top < 800)(document.getElementById("
                         f"'L{line}').getBoundingClientRect().top)",
                         "the line is in sight")
    finally:
        browser.close()
