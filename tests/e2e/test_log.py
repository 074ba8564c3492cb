"""Pages of logs: what they show, character by character, against a second
implementation of the rules; their looks; valid HTML."""

import base64
import dataclasses
import hashlib
import html.parser
import os
import pathlib
import random
import re

import pytest

import archives
import harness
import terminal
from test_browser import Browser, complaints
from test_pages import CONTRAST, SCREENS, faults, validator  # noqa: F401

LOGS = harness.TOP / "testdata/logs"


@dataclasses.dataclass
class Site:
    """An archive of recorded and of random logs, of which wwz makes pages."""

    logs: dict
    url: str
    client: harness.Http
    home: pathlib.Path

    def page(self, name, query="?tail=2000"):
        got = self.client.ask(f"/x.wwz/{name}.log/-wwz-log{query}")
        assert got.status == 200, got
        return got


@pytest.fixture(scope="module")
def site(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    logs = {path.stem: path.read_bytes() for path in LOGS.glob("*.log")}
    logs |= {f"random{seed}": random_log(seed) for seed in range(6)}
    logs["empty"] = b""
    archives.write(
        root / "x.wwz", {f"{name}.log": log for name, log in logs.items()})
    with harness.served(module_tmp, root) as (_, nginx):
        yield Site(logs, f"http://127.0.0.1:{nginx.port}", nginx.client(),
                   module_tmp)


class Page(html.parser.HTMLParser):
    """lines: [number, tag, cells as (character, classes), cut]."""

    TAGS = {"html", "head", "title", "style", "body", "main", "h1", "nav", "p",
            "div", "a", "span", "i", "details", "summary", "form", "button",
            "label"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.lines, self.line = [], [], None
        self.links, self.depths, self.errors = {}, [], []
        self.out = []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in ("meta", "input"):
            return
        assert tag in self.TAGS, tag
        classes = frozenset(given.get("class", "").split())
        if re.fullmatch(r"L\d+", given.get("id", "")):
            if "x" in classes:
                self.errors.append(int(given["id"][1:]))
            self.line = [int(given["id"][1:]), tag, [], False]
            self.lines.append(self.line)
            self.depths.append(sum(t == "details" for t, _, _ in self.open))
        if tag == "a":
            assert not {"a", "summary"} & {t for t, _, _ in self.open}
            self.follow(given)
        self.open.append((tag, classes, given.get("href")))

    def follow(self, given):
        """An <a>, which leads to wwz's pages and the log, or out."""
        href = given["href"]
        if re.match(r"[?#]|\.\./", href):
            assert "rel" not in given
            return
        assert re.match("https?://", href), href
        assert given["rel"] == "nofollow noopener noreferrer"
        self.out.append((self.line[0], href, given.get("title")))

    def handle_endtag(self, tag):
        was, _, _ = self.open.pop()
        assert was == tag, f"</{tag}> ends <{was}>"
        if self.line and tag == self.line[1]:
            self.line = None

    def handle_data(self, data):
        tag, classes, href = self.open[-1] if self.open else ("", None, None)
        if tag == "a" and self.line is None:
            self.links[data] = href
        if self.line is None or {"j"} in [c for _, c, _ in self.open]:
            return
        if tag == "a" and not self.line[2] and data == str(self.line[0]):
            assert href == "#L" + data
        elif "i" in [t for t, _, _ in self.open]:
            self.line[3] = True
        else:
            style = classes if tag == "span" else frozenset()
            self.line[2] += [(c, style) for c in data]


TURN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def as_shown(cells):
    """Characters that turn the direction of writing are shown by number."""
    out = []
    for character, style in cells:
        if TURN.match(character):
            character = f"[U+{ord(character):04X}]"
        out += [(c, style) for c in character]
    return out


MARK = re.compile(
    r"(?:::group::|##\[group\]|travis_fold:start:|section_start:\d+:)")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d*Z (?:\d\d[OE][ +])?")


def without_mark(cells):
    text = "".join(c for c, _ in cells)
    time = TIME.match(text)
    start = time.end() if time else 0
    mark = MARK.match(text, start)
    return cells[:start] + cells[mark.end():] if mark else cells


# What stands for a mark, and its class.
WORDS = {"##[command]": ("", "co"), "##[section]": ("", "bo"),
         "##[error]": ("Error: ", "er"), "##[warning]": ("Warning: ", "wa"),
         "##[notice]": ("Notice: ", "bo"), "##[debug]": ("Debug: ", "di")}
END = re.compile(r"(?:::endgroup::|##\[endgroup\]|travis_fold:end:[^ \[]*"
                 r"|section_end:\d+:[^ \[]*)")


def as_marked(cells):
    """A line that starts no group, without its mark."""
    text = "".join(c for c, _ in cells)
    time = TIME.match(text)
    start = time.end() if time else 0
    end = END.match(text, start)
    if end:
        return cells[:start] + cells[end.end():]
    for mark, (label, name) in WORDS.items():
        if text.startswith(mark, start):
            style = frozenset([name])
            return (cells[:start] + [(c, style) for c in label] +
                    [(c, s or style) for c, s in cells[start + len(mark):]])
    return cells


def compare(log, page):
    wanted = terminal.lines(log)
    got = Page(page).lines
    assert [line[0] for line in got] == list(range(1, len(wanted) + 1))
    for (number, tag, cells, cut), (want, want_cut) in zip(got, wanted):
        if tag == "summary":
            want = without_mark(want)
            if not want:
                continue
        else:
            want = as_marked(want)
        assert (cells, cut) == (as_shown(want), want_cut), f"line {number}"


PIECES = [
    b"word", b" ", b"  \t", b"<b>&amp;\"", b"error: ", b"\r", b"\r", b"\b",
    b"\n", b"\n", b"\x1b[K", b"\x1b[1K", b"\x1b[2K", b"\x1b[G", b"\x1b[7G",
    b"\x1b[3C", b"\x1b[2D", b"\x1b[0m", b"\x1b[m", b"\x1b[?25l", b"\x1b(B",
    b"\x1b]0;t", b"\x07", b"\x1b\\", b"\x1bP", b"\x1b", b"\x1b[", b"\x18",
    b"\xff", b"\xe2\x82", b"\xe2\x82\xac", b"\xc3\xa9", b"\xf0\x9f\x98\x80",
    b"\xed\xa0\x80", b"\xc2\x9b", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\x7f",
    b"\xef\xbf\xbf", b"\x00", b":", b";", b"m", b"38;2;1;2;3m",
    b"\x1b[A", b"\x1b[9A", b"\x1b[2B", b"\x1b[2E", b"\x1b[3F", b"\x1b[J",
    b"\x1b[2J", b"\x1b7", b"\x1b8", b"\x1b[s", b"\x1b[u", b"\x1b[4;9H",
    b"\x1bM", b"\x1b[2L", b"\x1b[M", b"\x1b[S", b"\x1b[2T", b"\x1b_bk;t=7", b"\x1b_",
]


def random_log(seed):
    draw = random.Random(seed)

    def piece():
        kind = draw.random()
        if kind < 0.5:
            return draw.choice(PIECES)
        if kind < 0.55:
            return bytes(draw.choices(range(256), k=draw.randrange(6)))
        if kind < 0.7:
            return b"text %d" % draw.randrange(100)
        if kind < 0.8:
            return b"\x1b[%d;%d;%d;%d;%dm" % (
                draw.choice([38, 48]), 2, *draw.choices(range(256), k=3))
        numbers = [
            str(draw.choice([0, 1, 2, 3, 4, 5, 7, 9, 21, 22, 23, 24, 27, 29,
                             31, 38, 39, 42, 48, 49, 58, 95, 106, 255, 256,
                             ""]))
            for _ in range(draw.choice([1, 1, 2, 3, 5, 9]))
        ]
        joined = "".join(n + draw.choice(";;;:") for n in numbers)[:-1]
        return b"\x1b[" + joined.encode() + draw.choice([b"m"] * 6 + [b"K"])

    # With a NUL further up this would not be a log.
    return b"=" * 512 + b"\n" + b"".join(piece() for _ in range(6000))


RECORDED = ["cmake", "gcc", "cargo", "npm", "groups", "jest", "mocha", "nodetest",
            "pino", "tap", "vitest", "apt", "listr2", "vitest-terminal", "bats",
            "buildah", "cargotest", "cmakefail", "ctest", "gotest", "mesontest", "ninja",
            "passing", "phpunit", "pytest", "rspec"]


@pytest.mark.parametrize(
    "name", [*RECORDED, *(f"random{seed}" for seed in range(6))])
def test_shown(site, name):
    """Each character of a log, and its colours."""
    page = site.page(name, "?from=1&lines=20000&json=raw").body.decode()
    compare(site.logs[name], page)
    assert "<span class" in page or name in ("apt", "gotest")


def test_groups(site):
    """How deep each line of the marks of all systems stands."""
    page = Page(site.page("groups").body.decode())
    starts = [n for n, tag, _, _ in page.lines if tag == "summary"]
    assert starts == [2, 6, 13, 15, 19, 21, 23, 29, 33]
    assert "".join(map(str, page.depths)) == (
        "0" "1111" "1111" "000" "11" "111" "0" "11" "11" "2222" "20"
        "111" "0" + "1" * 17
    )


@pytest.mark.parametrize("name, lines", [
    ("jest", [1, 3, 18, 19]), ("mocha", [9]),
    ("nodetest", [2, 43, 46]), ("tap", [8, 13, 34]),
    ("vitest", [4, 10, 11, 27, 28]), ("bats", [3, 8]), ("buildah", [6, 8]),
    ("cargotest", [8, 14, 40, 42]), ("cmakefail", [5, 9, 13, 15, 18]),
    ("ctest", [6, 10, 17]), ("gotest", [7, 8, 13, 14, 15]), ("mesontest", [4, 7]),
    ("ninja", [3, 6, 10]), ("phpunit", [9, 18]), ("pytest", [10, 15, 29, 30, 31]),
    ("rspec", [7, 18, 27])])
def test_errors(site, name, lines):
    """What tools say of failures, and the way from one such line to
    the next, within the page."""
    got = site.page(name).body.decode()
    assert Page(got).errors == lines
    assert f"Errors on this page: {len(lines)}, first in" in got
    at = [int(n) for n in re.findall(r'<a id="x(\d+)" href="#L\d+">', got)]
    assert at == list(range(1, len(lines) + 1))
    assert re.findall(r'href="#x(\d+)" aria-label="Next error"', got) == [
        str(n + 1) for n in at]
    assert re.findall(r'href="#L(\d+)" aria-label="Previous error"', got) == [
        str(n) for n in lines[:-1]]
    assert f'<p class="first" id="x{len(lines) + 1}">' in got


def test_no_errors(site):
    """What tools say when nothing fails."""
    got = site.page("passing").body.decode()
    assert Page(got).errors == [] and "Errors on this page" not in got
    got = site.client.ask("/x.wwz/passing.log/-wwz-log")
    assert got.get("Location").endswith("#end")


def test_links(site):
    """gcc's hyperlinks to its manual; the target is told as their title."""
    page = Page(site.page("gcc").body.decode())
    manual = "https://gcc.gnu.org/onlinedocs/gcc/Warning-Options.html#index-W"
    assert page.out == [
        (number, manual + option, manual + option) for number, option in [
            (2, "parentheses"), (5, "format="), (11, "int-conversion"),
            (14, "uninitialized"), (20, "array-bounds")]]
    found = site.page("gcc", "?q=onlinedocs").body.decode()
    assert "0 lines match" in found
    found = site.page("gcc", "?q=unini&context=0").body.decode()
    link = f'<a href="{manual}uninitialized" rel="nofollow noopener noreferrer"'
    assert found.count(link) == 3 and "<mark><a" in found


def test_json(site):
    """Lines of pino for people, and as they are; all links keep to that."""
    page = Page(site.page("pino", "?from=1&lines=5").body.decode())
    text = ["".join(c for c, _ in cells) for _, _, cells, _ in page.lines]
    assert [line.partition(" pid=")[0] for line in text] == [
        "2026-11-27T04:41:15.504Z info listening on http://localhost:8080/",
        "2026-11-27T04:41:15.514Z info request",
        "2026-11-27T04:41:15.514Z warn no temperature for today",
        "2026-11-27T04:41:15.514Z error Expected property name or '}' in JSON"
        " at position 1",
        "2026-11-27T04:41:15.520Z info finished\nat last"]
    assert "\n    at JSON.parse (<anonymous>)\n" in text[3]
    assert text[4].endswith('job="nightly \\u001b[1mrun\\u001b[0m" rows=null done=true')
    assert page.errors == [4]
    assert page.out == [(1, "http://localhost:8080/", None)]
    assert page.links["as they are"] == "?json=raw&from=1&lines=5"
    raw = Page(site.page("pino", "?json=raw&from=1&lines=5").body.decode())
    assert "".join(c for c, _ in raw.lines[1][2]).startswith('{"level":30,')
    assert raw.links["for people"] == "?from=1&lines=5"
    for name, href in raw.links.items():
        kept = name in ("for people", "Raw file", "Bottom", "line 4")
        assert kept or href.startswith("?json=raw&"), name
    got = site.client.ask("/x.wwz/pino.log/-wwz-log?json=raw&error=first")
    assert "?json=raw&from=1&lines=2000#L4" in got.get("Location")


def test_marks(site):
    """?mark= highlights lines and brings them to sight, in whatever state."""
    got = site.page("groups", "?mark=11-13").body.decode()
    found = re.findall(r'id="L(\d+)" class="([^"]*m)"', got)
    assert found == [("11", "x m"), ("12", "x m"), ("13", "m")]
    assert Page(got).lines[0][0] == 1
    got = site.page("groups", "?mark=40").body.decode()
    assert re.findall(r'id="L(\d+)" class="m"', got) == ["40"]
    assert Page(got).lines[0][0] == 30


def test_policy(site):
    """Content-Security-Policy lets in the two style sheets, and nothing
    else."""
    got = site.page("groups")
    sheets = re.findall(r"<style>(.*?)</style>", got.body.decode(), re.S)
    digests = [hashlib.sha256(sheet.encode()).digest() for sheet in sheets]
    policy = got.get("Content-Security-Policy")
    sources = re.search(r"style-src ([^;]+)", policy)[1].split()
    assert len(sheets) == 2
    assert sources == [
        f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy and "unsafe" not in policy


def channel(v):
    v /= 255
    return v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4


def luminance(colour):
    """Of "#rrggbb" or "#rgb"."""
    digits = colour[1:] if len(colour) == 7 else "".join(
        2 * c for c in colour[1:])
    return sum(part * channel(int(digits[i:i + 2], 16))
               for part, i in ((0.2126, 0), (0.7152, 2), (0.0722, 4)))


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_contrast(site):
    """Each of the 256 colours of text on each background of a line, and the
    text on each of the 256 backgrounds, in both schemes: 4.5 at least."""
    page = site.page("empty").body.decode()
    style = "".join(re.findall(r"<style>(.*?)</style>", page, re.S))
    backs = [dict(re.findall(r"--(back|bad|hit): (#\w+)", part))
             for part in (
                 "".join(re.findall(r"^:root.*", style, re.M)),
                 "".join(re.findall(r"\) { :root.*", style)))]
    fores = re.findall(r"\.f(\d+){color:(#\w{6})}", style)
    schemes = [dict(fores[:256]), dict(fores[256:])]
    for scheme, back in zip(schemes, backs):
        assert len(scheme) == 256 and len(back) == 3, back
        for number, colour in scheme.items():
            for behind in back.values():
                ratio = contrast(colour, behind)
                assert ratio >= 4.5, f"f{number} on {behind}: {ratio:.2f}"
    painted = re.findall(
        r"\.b(\d+){background:(#\w{6});color:(#\w{3})}", style)
    assert [int(number) for number, _, _ in painted] == list(range(256))
    for number, behind, colour in painted:
        ratio = contrast(colour, behind)
        assert ratio >= 4.5, f"b{number}: {ratio:.2f}"


@pytest.fixture(scope="module")
def browser(site):
    browser = Browser(site.home)
    yield browser
    browser.close()


@pytest.mark.parametrize("kind, query", [
    ("log", "?tail=2000"), ("search", "?q=e&context=1")])
def test_looks(site, browser, kind, query):
    """On a phone and on a desk, by day and by night: nothing sticks out, all
    text can be read, and the first error is at the top though it is sent last.
    WWZ_PICTURES names a directory to keep pictures in."""
    page = site.url + f"/x.wwz/groups.log/-wwz-log{query}"
    keep = os.environ.get("WWZ_PICTURES")
    for width, scheme in SCREENS:
        browser.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=844,
            deviceScaleFactor=1, mobile=width < 600,
        )
        browser.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        what = f"{width} pixels, {scheme}"
        assert complaints(browser.open(page)) == [], what
        if keep:
            picture = browser.call("Page.captureScreenshot")["data"]
            file = pathlib.Path(keep, f"{kind}-{width}-{scheme}.png")
            file.write_bytes(base64.b64decode(picture))
        wide = browser.value("document.documentElement.scrollWidth")
        assert wide <= width, f"{what}: {wide} wide"
        ratio = browser.value(CONTRAST)
        assert ratio >= 4.5, f"{what}: a contrast of {ratio:.2f}"
        assert kind != "log" or browser.value(
            "document.querySelector('.first').getBoundingClientRect().bottom"
            " <= document.querySelector('h1').getBoundingClientRect().top"
        ), what


AT_END = """document.getElementById('end').getBoundingClientRect().bottom
    <= innerHeight"""


def test_following(site, browser):
    """A page that follows loads itself again, also with a fragment in its address,
    gets 304 while nothing changed, and stands at the end of what is new."""
    root = site.home / "www"
    shown = ("[...document.querySelectorAll('.lines > div')].pop().id == 'L%d'"
             f" && {AT_END}")
    answers = []

    def put(count):
        archives.write(root / "new", {"a.log": "".join(
            f"line {i} {'x' * (i * 37 % 400)}\n" for i in range(count))})
        (root / "new").rename(root / "f.wwz")

    def answered(status):
        browser.call("Browser.getVersion")
        answers.extend(
            event["params"]["statusCode"] for event in browser.events
            if event["method"] == "Network.responseReceivedExtraInfo")
        browser.events = []
        return status in answers

    put(300)
    browser.call("Emulation.clearDeviceMetricsOverride")
    browser.open(site.url + "/f.wwz/a.log/-wwz-log?tail=200&refresh=1#end")
    browser.wait(shown % 300, "the lines")
    harness.wait_until(lambda: answered(304), "304")
    put(330)
    browser.wait(shown % 330, "the new lines")
    browser.leave()


def test_valid(tmp, site, validator):  # noqa: F811
    """Pages are valid HTML with valid CSS: no error and no warning."""
    pages = {
        f"{name}.html": site.page(name)
        for name in (*RECORDED, "random0", "empty")
    }
    pages["window.html"] = site.page("cargo", "?from=30&lines=9&refresh=5")
    pages["marks.html"] = site.page("marks", "?from=1&time=off&wrap=off")
    pages["results.html"] = site.page("cargo", "?q=error")
    for name, got in pages.items():
        (tmp / name).write_bytes(got.body)
    # A log may colour what it likes.
    wrong = faults(validator, tmp, pages, "composing character")
    assert wrong == [], wrong
