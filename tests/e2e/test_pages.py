"""The responder's own pages: names that want to be something else, links,
looks on screens of several sizes, valid HTML, and media that seek."""

import base64
import dataclasses
import gzip
import hashlib
import html.parser
import io
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import urllib.parse
import wave
import zlib

import pytest

import archives
import harness
from test_browser import Browser, complaints

# Bytes of a name, UTF-8 flag.  A content is the name itself.
NASTY = [
    (b'double "quotes".txt', False),
    (b"single 'quotes'.txt", False),
    (b'" onmouseover="alert(1)', False),
    (b"<img src=x onerror=alert(1)>.txt", False),
    (b"&amp; &lt;b&gt;.txt", False),
    (b"100%.txt", False),
    (b"%41%2F%00.txt", False),
    (b"hash#tag.txt", False),
    (b"what?a=b&c=d.txt", False),
    (b"semi;colon=1.txt", False),
    (b"plus+sign.txt", False),
    (b"javascript:alert(1)", False),
    (b"http:", False),
    (b"back\\slash.txt", False),
    (b" leading and  two  blanks and trailing ", False),
    (b"...", False),
    (b".hidden", False),
    (b"~tilde`tick^caret|pipe{curly}[bracket]", False),
    ("\u202egpj.exe".encode(), True),
    ("\u2066isolated\u2069 \u200fmark.txt".encode(), True),
    ("\u0645\u0631\u062d\u0628\u0627.txt".encode(), True),
    ("e\u0301 \U0001f4e6 \u65e5\u672c.txt".encode(), True),
    ("next\u0085line \u2028separator\ufeff.txt".encode(), True),
    (b"caf\x82 \xb0\xb1\xb2.txt", False),
    (b"not utf-8 \xff\xfe\xc3.txt", True),
    (b"long " + b"x" * 2000, False),
    (b"long " + b"word " * 400, False),
    (b'dir <">&%#?/in \' side.txt', False),
    (b"dir 100%25/\xe1/deep.txt", False),
    ("\u202etxt/\u202d.rid".encode(), True),
]


def zip_of(members):
    """A zip file of stored (name, UTF-8 flag, content), names as bytes."""
    data, directory, count = bytearray(), bytearray(), 0
    for count, (name, flag, content) in enumerate(members, 1):
        fixed = struct.pack(
            "<HHHHHIIIHH", 20, 0x800 if flag else 0, 0, 0x28C4, 0x5264,
            zlib.crc32(content), len(content), len(content), len(name), 0,
        )
        directory += b"PK\1\2" + struct.pack("<H", 20) + fixed
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(data)) + name
        data += b"PK\3\4" + fixed + name + content
    end = (0xFFFF, 0xFFFF) if count > 0xFFFF else (count, count)
    start = len(data)
    data += directory
    if count > 0xFFFF:
        data += struct.pack(
            "<4sQHHIIQQQQ4sIQI", b"PK\6\6", 44, 45, 45, 0, 0, count, count,
            len(directory), start, b"PK\6\7", 0, start + len(directory), 1,
        )
    return data + struct.pack(
        "<4sHHHHIIH", b"PK\5\6", 0, 0, *end, len(directory), start, 0
    )


NICE = {
    "annual report.pdf": bytes(1_234_567),
    "notes.txt": b"notes",
    "photo.jpeg": bytes(48_000),
    "empty": b"",
    "docs/readme.md": b"read me",
    "docs/deep/er/page.txt": b"page",
    "images/a.png": b"png",
}


def tone(seconds):
    """A WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        period = b"".join(
            struct.pack("<hh", sample, sample)
            for sample in (
                round(8000 * math.sin(2 * math.pi * i / 100))
                for i in range(100)
            )
        )
        file.writeframes(period * (441 * seconds))
    return out.getvalue()


SECONDS = 120
PLAYER = b"""<!doctype html><title>t</title>
<audio id=stored src=stored.wav preload=metadata></audio>
<audio id=deflated src=deflated.wav preload=metadata></audio>
"""


@dataclasses.dataclass
class Site:
    responder: harness.Responder
    url: str
    client: harness.Http
    home: pathlib.Path

    def ask(self, path, **more):
        return self.client.ask(path, **more)


@pytest.fixture(scope="module")
def site(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    (root / "nasty.wwz").write_bytes(
        zip_of((name, flag, name) for name, flag in NASTY)
    )
    archives.write(root / "nice.wwz", NICE)
    archives.write(root / "hollow.wwz", {})
    # Browsers request these of every host.
    (root / "favicon.ico").touch()
    sound = tone(SECONDS)
    archives.write(
        root / "player.wwz",
        {
            "index.html": PLAYER,
            "stored.wav": (sound, archives.STORED),
            "deflated.wav": sound,
        },
    )
    with harness.served(
            module_tmp, root, "--status", "--dotfiles") as (responder, nginx):
        url = f"http://127.0.0.1:{nginx.port}"
        yield Site(responder, url, nginx.client(), module_tmp)


@pytest.fixture(scope="module")
def browser(site):
    browser = Browser(site.home)
    yield browser
    browser.close()


class Page(html.parser.HTMLParser):
    """Links as (href, text), and rows of cells as text; apart from these the
    links to log pages."""

    def __init__(self, response):
        super().__init__()
        self.links, self.rows, self.href = [], [], None
        self.logs, self.in_log = [], False
        self.style = ""
        self.in_style = self.in_cell = False
        self.feed(response.body.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "a" and given.get("class") == "l":
            self.logs.append(given["href"])
            self.in_log = True
        elif tag == "a":
            self.href = given["href"]
            self.links.append([self.href, ""])
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True
        elif tag == "style":
            self.in_style = True

    def handle_endtag(self, tag):
        if tag == "a":
            self.href = None
            self.in_log = False
        elif tag in ("td", "th"):
            self.in_cell = False
        elif tag == "style":
            self.in_style = False

    def handle_data(self, data):
        if self.in_style:
            self.style += data
        if self.href is not None:
            self.links[-1][1] += data
        if self.in_cell and not self.in_log:
            self.rows[-1][-1] += data

    @property
    def names(self):
        """The first column, without its head."""
        return [row[0] for row in self.rows[1:]]


def follow(page, href):
    """Where a browser on page goes: a path of this server."""
    parts = urllib.parse.urlsplit(
        urllib.parse.urljoin("http://127.0.0.1" + page, href)
    )
    assert (parts.scheme, parts.netloc) == ("http", "127.0.0.1"), href
    assert parts.fragment == "", href
    return parts.path + ("?" + parts.query if parts.query else "")


def children(links):
    """The links that lead down."""
    return [href for href in links if re.match("[0-9A-Za-z%]", href)]


def walk(site, path, read):
    """The contents of all members below path, by read's links."""
    found = []
    for href in children(read(path)):
        where = follow(path, href)
        if where.endswith("/"):
            found += walk(site, where, read)
            continue
        got = site.ask(where)
        assert got.status == 200, f"{href} of {path}: {got}"
        found.append(got.body)
    return found


def html_links(site):
    def read(path):
        got = site.ask(path)
        assert got.status == 200, f"{path}: {got}"
        return [href for href, _ in Page(got).links]

    return read


def json_links(site):
    def read(path):
        got = site.ask(path + "-wwz-index?format=json")
        assert got.status == 200, f"{path}: {got}"
        return [entry["href"] for entry in json.loads(got.body)["entries"]]

    return read


@pytest.mark.parametrize("links", [html_links, json_links])
def test_nasty_links(site, links):
    """Each link leads to the member that it stands for, and each member has
    one."""
    found = walk(site, "/nasty.wwz/", links(site))
    assert sorted(found) == sorted(name for name, _ in NASTY)


def test_nasty_names_are_shown(site):
    """As what they are: text that runs one way."""
    got = site.ask("/nasty.wwz/")
    shown = Page(got).names
    for name in (
        'double "quotes".txt',
        '" onmouseover="alert(1)',
        "<img src=x onerror=alert(1)>.txt",
        "&amp; &lt;b&gt;.txt",
        "%41%2F%00.txt",
        " leading and  two  blanks and trailing ",
        "\u0645\u0631\u062d\u0628\u0627.txt",
        "caf\u00e9 \u2591\u2592\u2593.txt",
        "not utf-8 \ufffd\ufffd\ufffd.txt",
        "dir <\">&%#?/",
    ):
        assert name in shown, f"{name!r} is not in {shown}"
    assert len(shown) == len(NASTY)
    text = got.body.decode()
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", text)
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f]", text)


def test_nasty_names_do_nothing(site, browser):
    """No element, no script and no request comes out of a name."""
    for path in ("/nasty.wwz/", "/nasty.wwz/dir%20%3C%22%3E&%25%23%3F/"):
        events = browser.open(site.url + path)
        assert complaints(events) == []
        asked = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        assert asked == [site.url + path]
        assert browser.value("document.images.length") == 0
        assert browser.value("document.scripts.length") == 0
        attributes = browser.value(
            "[...new Set([...document.querySelectorAll('body *')]"
            ".flatMap(e => e.getAttributeNames()))]"
        )
        assert not [name for name in attributes if name.startswith("on")]


def test_breadcrumbs(site):
    """Each leads to the directory that it names; so do the other links of the
    head."""
    path = "/nice.wwz/docs/deep/er/"
    links = {text: follow(path, href)
             for href, text in Page(site.ask(path)).links}
    top = "/nice.wwz/"
    assert links["nice.wwz"] == top, links
    assert links["docs"] == top + "docs/", links
    assert links["deep"] == top + "docs/deep/", links
    up = [where for text, where in links.items() if "up" in text.lower()]
    assert up == [top + "docs/deep/"], links
    (down,) = [
        where for text, where in links.items() if text == "Download the archive"
    ]
    assert links["Download as zip"] == path + "-wwz-index?download", links
    got = site.ask(down)
    assert got.status == 200, got
    assert got.get("Content-Type") == "application/zip", got
    assert got.get("Content-Disposition").startswith("attachment"), got
    assert got.body == (site.home / "www/nice.wwz").read_bytes()


def test_log_links(root, serve):
    """Beside each member that may be a text, and each leads there."""
    texts = ["a.log", "b.TXT", "c.log.gz", "README", "rows.jsonl", "we ird?.log"]
    archives.write(root / "x.wwz", {
        **{name: "text\n" for name in texts if not name.endswith("gz")},
        "c.log.gz": gzip.compress(b"text\n"), "d.html": "<p>",
        "e.css.gz": "", "f.log/g.png": ""})
    with serve().client() as client:
        logs = Page(client.ask("/x.wwz/")).logs
        assert [urllib.parse.unquote(href) for href in logs] == [
            f"./-wwz-log/{name}?view" for name in sorted(texts)]
        for href in logs:
            # It leads to the last line.
            got = client.ask(follow("/x.wwz/", href))
            assert got.status == 303, got
            got = client.ask(got.get("Location").partition("#")[0])
            assert (got.status, b">text<" in got.body) == (200, True), href


ORDERS = [
    ("", ["docs/", "images/", "annual report.pdf", "empty", "notes.txt",
          "photo.jpeg"]),
    ("?sort=name&order=desc", ["images/", "docs/", "photo.jpeg", "notes.txt",
                               "empty", "annual report.pdf"]),
    ("?sort=size", ["docs/", "images/", "empty", "notes.txt", "photo.jpeg",
                    "annual report.pdf"]),
    ("?sort=size&order=desc", ["docs/", "images/", "annual report.pdf",
                               "photo.jpeg", "notes.txt", "empty"]),
    ("?sort=nonsense&order=x", ["docs/", "images/", "annual report.pdf",
                                "empty", "notes.txt", "photo.jpeg"]),
]


@pytest.mark.parametrize("query, wanted", ORDERS)
def test_order(site, query, wanted):
    assert Page(site.ask("/nice.wwz/" + query)).names == wanted
    extra = "&format=json" if query else "?format=json"
    got = json.loads(site.ask("/nice.wwz/-wwz-index" + query + extra).body)
    names = [
        entry["name"] + "/" * (entry["type"] == "directory")
        for entry in got["entries"]
    ]
    assert names == wanted


def test_columns_sort(site):
    """A click on a column's head sorts by it, another one the other way."""
    path = "/nice.wwz/"
    for title in ("Name", "Size", "Modified (UTC)"):
        orders = []
        where = path
        for _ in range(2):
            page = Page(site.ask(where))
            (href,) = [href for href, text in page.links if text == title]
            where = follow(path, href)
            orders.append(Page(site.ask(where)).names)
        if title == "Size":
            assert orders[0][2:] == orders[1][:1:-1], orders
        assert where.startswith(path + "-wwz-index?sort="), where


def test_cells(site):
    """Sizes for people with the exact figure in the title; dates."""
    got = site.ask("/nice.wwz/")
    (row,) = [r for r in Page(got).rows if r[0] == "annual report.pdf"]
    assert row[1] == "1.2 MiB", row
    assert row[2].startswith("2021-03-04"), row
    assert re.search(rb'title="1[, ]?234[, ]?567 bytes"', got.body), row


@pytest.mark.parametrize(
    "path", ["/nice.wwz/", "/nice.wwz/docs/", "/nasty.wwz/", "/hollow.wwz/"]
)
def test_policy(site, path):
    """Content-Security-Policy lets in the served style sheet, and nothing
    else."""
    got = site.ask(path)
    policy = got.get("Content-Security-Policy")
    digest = hashlib.sha256(Page(got).style.encode()).digest()
    sources = re.search(r"style-src ([^;]+)", policy)[1].split()
    assert sources == [f"'sha256-{base64.b64encode(digest).decode()}'"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy and "unsafe" not in policy


MANY = 100_000


def peak(pid):
    """The most memory that a process has had, in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


@pytest.mark.parametrize("query, place", [("", 0), ("&sort=size", MANY)])
def test_many(site, query, place):
    """100,000 members in a directory: all of them, without the page ever being
    in memory; in an order of their own at 16 bytes each."""
    path = site.home / "www/many.wwz"
    names = [b"d/%06d some name of usual length.html" % i for i in range(MANY)]
    path.write_bytes(zip_of((name, False, b"") for name in names))
    assert site.ask("/many.wwz/d/000000%20some%20name").status == 404
    assert site.ask("/many.wwz/d/").status == 200
    before = peak(site.responder.pid)
    got = site.ask("/many.wwz/d/?" + query)
    assert got.body.count(b"<tr>") == MANY + 1
    assert names[-1][2:] in got.body and got.body.endswith(b"</html>\n")
    assert len(got.body) > 10_000_000
    grown = peak(site.responder.pid) - before
    # A sanitizer has much memory of its own.
    limit = place * 33 + 1_500_000 if not harness.SANITIZED else 1 << 28
    assert grown < limit, f"{grown} bytes"


# Width, colour scheme.
SCREENS = [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
LOOKS = ["/nice.wwz/", "/nice.wwz/docs/deep/er/", "/nasty.wwz/", "/hollow.wwz/",
         "/nice.wwz/?page=1&q=e", "/nice.wwz/none"]

# The contrast of each text with its background, as WCAG 2 computes it.
CONTRAST = """(() => {
	const paint = document.createElement('canvas').getContext('2d',
		{willReadFrequently: true});
	const mix = colours => {
		paint.clearRect(0, 0, 1, 1);
		for (const colour of colours) {
			paint.fillStyle = colour;
			paint.fillRect(0, 0, 1, 1);
		}
		return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
	};
	const light = rgb => rgb.map(v => v / 255).map(v =>
		v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	let worst = 21;
	for (const e of document.querySelectorAll('body, body *')) {
		const own = [...e.childNodes].some(n =>
			n.nodeType == 3 && n.data.trim());
		if (!own || !e.getClientRects().length)
			continue;
		const behind = [];
		for (let at = e; at; at = at.parentElement)
			behind.unshift(getComputedStyle(at).backgroundColor);
		const back = light(mix(['Canvas', ...behind]));
		const front = light(mix(['Canvas', ...behind,
			getComputedStyle(e).color]));
		const ratio = (Math.max(front, back) + 0.05) /
			(Math.min(front, back) + 0.05);
		worst = Math.min(worst, ratio);
	}
	return worst;
})()"""


def show(browser, url, width, scheme):
    """Open url on such a screen; a picture of it."""
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=844,
        deviceScaleFactor=1,
        mobile=width < 600,
    )
    browser.call(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": scheme}],
    )
    assert complaints(browser.open(url)) == []
    return base64.b64decode(browser.call("Page.captureScreenshot")["data"])


@pytest.mark.parametrize("path", LOOKS)
def test_looks(site, browser, path):
    """On a phone and on a desk, by day and by night: nothing sticks out at the
    side, and all text can be read.  WWZ_PICTURES names a directory to keep
    pictures in."""
    keep = os.environ.get("WWZ_PICTURES")
    backs = set()
    for width, scheme in SCREENS:
        picture = show(browser, site.url + path, width, scheme)
        if keep:
            name = re.sub("[^a-z]+", "-", path).strip("-")
            file = pathlib.Path(keep, f"{name}-{width}-{scheme}.png")
            file.write_bytes(picture)
        what = f"{path}, {width} pixels, {scheme}"
        wide = browser.value("document.documentElement.scrollWidth")
        assert wide <= width, f"{what}: {wide} wide"
        contrast = browser.value(CONTRAST)
        assert contrast >= 4.5, f"{what}: a contrast of {contrast:.2f}"
        small = browser.value(
            "Math.min(...[...document.querySelectorAll('body *')].map(e =>"
            " parseFloat(getComputedStyle(e).fontSize)))"
        )
        assert small >= 12, f"{what}: letters of {small} pixels"
        backs.add(browser.value(
            "(() => { const c = document.createElement('canvas')"
            ".getContext('2d'); c.fillStyle ="
            " getComputedStyle(document.body).backgroundColor;"
            " return c.fillStyle })()"
        ))
    assert len(backs) == 2, backs


def seek(browser, which, to):
    """Move a player's position; where it is then."""
    got = browser.call(
        "Runtime.evaluate",
        awaitPromise=True,
        returnByValue=True,
        expression=f"""new Promise((done, fail) => {{
            const a = document.getElementById('{which}');
            const go = () => {{
                a.onseeked = () => done([a.currentTime, a.duration]);
                a.currentTime = {to};
            }};
            a.onerror = () => fail(a.error.message);
            setTimeout(() => fail('too slow'), {1000 * harness.PATIENCE});
            a.readyState > 0 ? go() : a.onloadedmetadata = go;
        }})""",
    )
    assert "exceptionDetails" not in got, got
    return got["result"]["value"]


@pytest.mark.parametrize("which", ["stored", "deflated"])
def test_media_seek(site, browser, which):
    """A player jumps to the end of a long sound: it asks for a range, and gets
    it, of the deflated member, too."""
    browser.open(site.url + "/player.wwz/")
    for to in (100, 5, 110):
        now, duration = seek(browser, which, to)
        assert round(now) == to and round(duration) == SECONDS, now
    answers = [
        event["params"]["response"]
        for event in browser.events
        if event["method"] == "Network.responseReceived"
        and event["params"]["response"]["url"].endswith(f"/{which}.wav")
    ]
    statuses = {answer["status"] for answer in answers}
    firsts = [
        int(re.match(r"bytes (\d+)-", answer["headers"]["Content-Range"])[1])
        for answer in answers
    ]
    assert statuses == {206}, answers
    assert max(firsts) > 10_000_000, firsts


@pytest.fixture(scope="module")
def validator():
    """The Nu HTML checker, which knows CSS, too."""
    return harness.npm("npm", "vnu-jar") / "build/dist/vnu.jar"


def faults(validator, home, names, passed):
    """What the checker says of files below home, but for passed."""
    checked = subprocess.run(
        ["java", "-Xss8m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
         "-jar", validator, "--no-langdetect", "--format", "json", *names],
        cwd=home,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=harness.PATIENCE,
    )
    return [
        (pathlib.Path(told["url"]).name, told["message"], told.get("extract"))
        for told in json.loads(checked.stderr)["messages"]
        if passed not in told["message"]
    ]


# Path, fields of the request, and the status of the page.
VALID = [
    ("/nice.wwz/", [], 200),
    ("/nice.wwz/?sort=size&order=desc", [], 200),
    ("/nice.wwz/?sort=size&page=1&q=%22e&x", [], 200),
    ("/nice.wwz/?page=2", [], 200),
    ("/nice.wwz/docs/deep/er/", [], 200),
    ("/nasty.wwz/", [], 200),
    ("/hollow.wwz/", [], 200),
    ("/nice.wwz/-wwz-status", [], 200),
    ("/nice.wwz", [], 301),
    ("/nice.wwz/none", [], 404),
    ("/nice.wwz/notes.txt", [("Accept-Encoding", "*;q=0")], 406),
    ("/nice.wwz/notes.txt", [("If-Match", '"x"')], 412),
    ("/nice.wwz/notes.txt", [("Range", "bytes=9-")], 416),
]


def test_valid(tmp, site, validator):
    """Pages are valid HTML with valid CSS: no error and no warning."""
    files = {}
    for number, (path, fields, status) in enumerate(VALID):
        got = site.ask(path, headers=fields)
        assert got.status == status, got
        assert got.get("Content-Type") == "text/html; charset=utf-8", got
        file = tmp / f"{number}.html"
        file.write_bytes(got.body)
        files[file.name] = path
    # A name may have any form.
    wrong = [
        (files[name], *rest)
        for name, *rest in faults(
            validator, tmp, files, "Normalization Form C")
    ]
    assert wrong == [], wrong
