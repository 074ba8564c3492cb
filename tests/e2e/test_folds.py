"""Groups of CI systems in a browser, and the manners of showing lines."""

import re

import pytest

import archives
import harness
from test_browser import Browser

MARKS = (harness.TOP / "testdata/logs/marks.log").read_bytes()
LONG = b"".join(b"::group::Group %d\n" % group +
                b"".join(b"line %d\n" % line for line in range(100))
                for group in range(3)) + b"end " + b"x" * 5000 + b"\n"


@pytest.fixture(scope="module")
def site(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    archives.write(root / "x.wwz", {"marks.log": MARKS, "long.log": LONG})
    with harness.served(module_tmp, root) as (_, nginx):
        browser = Browser(module_tmp)
        yield f"http://127.0.0.1:{nginx.port}/x.wwz", nginx.client(), browser
        browser.close()


def test_folded(site):
    """A group that the log wants folded is, unless there is an error in it."""
    url, _, browser = site
    browser.open(url + "/marks.log/-wwz-log?from=1")
    numbers = {text: number for number, text in enumerate(
        MARKS.decode().split("\n"), 1)}
    for text, seen in (("fine", False), ("error: it broke", True),
                       ("$ make", False), ("ERROR: 3 failed", True),
                       ("done", True), ("+ make", True)):
        assert browser.value(
            f"document.getElementById('L{numbers[text]}')"
            ".checkVisibility({contentVisibilityAuto: true})") is seen, text
    times = browser.value("[...document.querySelectorAll('.t')]"
                          ".map(t => t.textContent).join()")
    assert times == "1 min 40 s,1 min 40 s,4 s,3 s,1 min 15 s,7 s,1 min 3 s"


def test_heads_stay(site):
    """The head of the group that one reads is at the top of the window."""
    url, _, browser = site
    browser.open(url + "/long.log/-wwz-log?from=1#L150")
    browser.becomes(
        "(() => { const at = document.elementFromPoint(200, 5);"
        " return at.closest('summary')?.textContent })()", "Group 1")


def test_manners(site):
    """Without times, which are titles then; and long lines stick out.  Links to
    other pages, and the way to an error, keep that."""
    url, client, browser = site
    got = client.ask("/x.wwz/marks.log/-wwz-log?error=last&time=off&wrap=off")
    assert got.status == 303
    assert re.search(r"\?time=off&wrap=off&from=1&lines=2000#L44$",
                     got.get("Location"))
    got = client.ask("/x.wwz/marks.log/-wwz-log?from=1&time=off&wrap=off")
    page = got.body.decode()
    assert re.search(r'<a title="2024-05-01T10:00:01.5000000Z " href="#L18">'
                     r'18</a><span class="co">git fetch --force</span>', page)
    assert not re.search(r">[^<]*2024-05-01T", page)
    for link in re.findall(r'href="(\?[^"]*)"', page):
        assert ("time=off" in link) + ("wrap=off" in link) >= 1, link
    for manner, wide in (("", False), ("&wrap=off", True)):
        browser.open(url + f"/long.log/-wwz-log?from=1{manner}")
        assert browser.value("document.documentElement.scrollWidth >"
                             " document.documentElement.clientWidth") is wide
