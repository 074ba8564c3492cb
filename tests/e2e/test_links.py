"""What `wwz check` says of links in pages: those that leave the archive, and
those to nothing."""

import html.parser
import json
import posixpath
import shutil
import subprocess
import urllib.parse

import pytest

import harness


def check(path, *options):
    """[(word, member, what)] and the exit status."""
    got = subprocess.run(
        [harness.WWZ, "check", "--json", "--quiet", *options, path],
        capture_output=True, text=True, timeout=harness.PATIENCE)
    assert got.stderr == "", got
    rows = [json.loads(line) for line in got.stdout.splitlines()]
    return [(row["word"], row.get("member"), row["what"].partition(": ")[2])
            for row in rows], got.returncode


def pack(tmp, files):
    for name, content in files.items():
        path = tmp / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    subprocess.run([harness.WWZ, "pack", "-q", "site"], cwd=tmp, check=True)
    return tmp / "site.wwz"


PAGES = {
    "top.html": b'<a href="sub/page.html#x">p</a><a href="sub/">s</a>'
                b'<a href="top/">clean, too</a>'
                b'<a href=sub>s</a><a href="sub/page">clean</a>'
                b'<a href="?q=1">q</a><a href="#x">x</a><a href="/">home</a>'
                b'<a href="mailto:a@b.c">m</a><a href="//host/x">h</a>'
                b'<a href="https://host/gone.html">h</a>'
                b'<a href="../other.wwz/">neighbour</a>'
                b'<a href="/x/site.wwz/sub/page.html">by its name</a>'
                b'<a href="-wwz-archive">all</a><a href="/elsewhere">e</a>'
                b'<img src="a%20b.png"><img src="x&amp;y.png">',
    "sub/page.html": b'<a href="../top.html">up</a><a href="./page.html">',
    "a b.png": b"png",
    "x&y.png": b"png",
}
# A page, and what is said of it.
WRONG = [
    (b'<a href="gone.html">1</a><a href="./gone.html#x">2</a>',
     [("href-missing", "gone.html, and 1 more to the same")]),
    (b'<a href="top.html/">', [("href-missing", "top.html/")]),
    (b'<a href="Top.html">', [("href-missing", "Top.html")]),
    (b'<img src="/a%20b.png">', [("href-absolute", "/a%20b.png")]),
    (b'<a href="/sub/page">', [("href-absolute", "/sub/page")]),
    (b'<script src="/none.js"></script>', [("href-absolute", "/none.js")]),
    (b'<a href="/site.wwz/gone">', [("href-missing", "/site.wwz/gone")]),
    (b'<base href="/"><a href="gone.html">', [("href-absolute", "/")]),
    (b'<base href="b/"><a href="gone.html">', [("href-missing", "b/")]),
]


def test_right_links(tmp):
    path = pack(tmp, PAGES)
    assert check(path, "--strict") == ([], 0)


@pytest.mark.parametrize("page, wanted", WRONG)
def test_wrong_links(tmp, page, wanted):
    path = pack(tmp, {**PAGES, "page.html": page})
    found = [(word, "page.html", what) for word, what in wanted]
    assert check(path) == (found, 0)
    assert check(path, "--strict") == (found, 1)


def test_nobody_knows(tmp):
    """A rule may answer what no member does."""
    path = pack(tmp, {
        "a.html": b'<a href="gone">', "_redirects": b"/gone /a.html\n"})
    assert "href-missing" not in {word for word, _, _ in check(path)[0]}


def test_the_same_on_many_pages(tmp):
    """One line for each target, and one for those that are too many."""
    pages = {f"{i:03}.html": b'<a href="a"><a href="b">' for i in range(300)}
    path = pack(tmp, pages)
    assert check(path)[0] == [
        ("href-missing", "000.html", "a, and 299 more to the same"),
        ("href-missing", "000.html", "b, and 299 more to the same")]
    pages = {f"{i:03}.html": b'<a href="none%d">' % i for i in range(103)}
    path = pack(tmp, pages)
    found = check(path)[0]
    assert found[:100] == [("href-missing", f"{i:03}.html", f"none{i}")
                           for i in range(100)]
    assert [row[:2] for row in found[100:]] == [("href-missing", None)]


class Links(html.parser.HTMLParser):
    def __init__(self, page, targets):
        super().__init__()
        self.page, self.targets = page, targets

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            url = urllib.parse.urlsplit(value or "")
            if name not in ("href", "src") or url.scheme or url.netloc:
                continue
            if url.path:
                self.targets.add(posixpath.normpath(posixpath.join(
                    posixpath.dirname(self.page),
                    urllib.parse.unquote(url.path))))


def test_site_of_sphinx(tmp):
    """Debian's handbook for its developers, of which other packages have the
    scripts: as Python's parser sees it."""
    site = tmp / "site"
    shutil.copytree("/usr/share/developers-reference", site,
                    ignore_dangling_symlinks=True)
    targets = set()
    for page in site.rglob("*.html"):
        parser = Links(str(page.relative_to(site)), targets)
        parser.feed(page.read_text())
    missing = {name for name in targets if not (site / name).exists()}
    (site / "gone.html").write_text('<a href="no.html">')
    missing.add("no.html")
    subprocess.run([harness.WWZ, "pack", "-q", site], check=True)
    found, status = check(tmp / "site.wwz")
    assert {what.partition(",")[0].partition("?")[0] for word, _, what in found
            if word.startswith("href")} == missing
    assert status == 0


def test_site_of_vite(tmp):
    """Built by default for the top of a server, it would be a blank page."""
    vite = harness.npm("npm-vite", "vite@5.4.9")
    (tmp / "index.html").write_text(
        '<!doctype html><link rel=icon href="/icon.svg">'
        '<script type=module src="/main.js"></script>')
    (tmp / "main.js").write_text("import './main.css'; console.log(1)")
    (tmp / "main.css").write_text("p { color: red }")
    (tmp / "public").mkdir()
    (tmp / "public/icon.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"/>')

    def build(*options):
        subprocess.run(
            ["node", vite / "bin/vite.js", "build", "--logLevel=error",
             *options], cwd=tmp, check=True, timeout=harness.PATIENCE)
        subprocess.run([harness.WWZ, "pack", "-q", "dist"], cwd=tmp, check=True)
        return check(tmp / "dist.wwz", "--strict")

    found, status = build()
    names = sorted(f"/{path.relative_to(tmp / 'dist')}"
                   for path in (tmp / "dist").rglob("*.*")
                   if path.name != "index.html")
    assert (sorted(found), status) == (
        [("href-absolute", "index.html", name) for name in names], 1)
    assert len(names) == 3
    assert build("--base=./") == ([], 0)
    assert build("--base=/dist.wwz/") == ([], 0)
