"""Listings that are long: pages for browsers, everything for programs, names
in the order of people, and a form that filters them."""

import base64
import gzip
import html
import json
import random
import re
import urllib.parse
import zlib

import pytest

import archives
import harness
from test_browser import Browser, complaints
from test_pages import Page, follow, zip_of

BROWSER = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
FILES, DIRECTORIES = 2500, 30
NAMES = [f"Page {n}.txt" for n in range(FILES)]
BELOW = [f"part-{n}/" for n in range(DIRECTORIES)]


@pytest.fixture(scope="module")
def served(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    names = [(f"long/{name}".encode(), False) for name in NAMES]
    names += [(f"long/{name}x".encode(), False) for name in BELOW]
    names += [("short/B\u00e9.txt".encode(), True), (b"short/100%+.txt", False),
              (b"short/caf\x82.txt", False), (b"short/a10.log", False),
              (b"short/A9.log", False), (b"short/a&<b>.txt", False), (b'short/quo"te', False)]
    random.Random(7).shuffle(names)
    (root / "x.wwz").write_bytes(
        zip_of((name, flag, name) for name, flag in names))
    with harness.served(module_tmp, root) as served:
        yield served


@pytest.fixture(scope="module")
def site_responder(served):
    return served[0]


@pytest.fixture(scope="module")
def site(served):
    return served[1]


@pytest.fixture(scope="module")
def client(site):
    client = site.client()
    yield client
    client.close()


def people(name):
    """A second opinion on the order: numbers by what they count."""
    return (not name.endswith("/"), [
        int(part) if part.isdigit() else part.lower()
        for part in re.split(r"(\d+)", name)])


def linked(got, rel):
    found = re.findall(rf'<a rel="{rel}" href="([^"]*)"', got.body.decode())
    return found[0].replace("&amp;", "&") if found else None


def test_pages_follow(client):
    """Each name is on one page, and Next leads through all."""
    where, names, pages = "/x.wwz/long/", [], 0
    while where:
        got = client.ask(where, headers=BROWSER)
        page = Page(got)
        assert got.status == 200 and len(page.names) <= 1000, where
        assert b'content="nofollow"' not in got.body
        assert f"Page {pages + 1} of 3, 2530 names" in got.body.decode()
        before = linked(got, "prev")
        assert (before is None) == (pages == 0), before
        names += page.names
        pages += 1
        href = linked(got, "next")
        where = href and follow("/x.wwz/long/", href)
    assert pages == 3
    assert names == sorted(NAMES + BELOW, key=people)


ALL = ["/x.wwz/long/", "/x.wwz/long/-wwz-index", "/x.wwz/-wwz-index/long/"]


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("accept", [[], [("Accept", "*/*")], BROWSER])
def test_programs_get_all(client, path, accept):
    """By what they accept; in the tree for mirrors whatever they accept, so
    that no cache can give them a page."""
    got = client.ask(path, headers=accept)
    tree = "-wwz-index/" in path
    assert got.get("Vary") == (
        "Accept-Encoding" if tree else "Accept-Encoding, Accept"), got
    shown = Page(got).names
    if accept == BROWSER and not tree:
        assert len(shown) == 1000
    else:
        assert shown == sorted(BELOW) + sorted(NAMES)
        assert b"<form" not in got.body
    tag = [("If-None-Match", got.get("ETag"))]
    again = client.ask(path, headers=accept + tag)
    assert (again.status, again.body) == (304, b""), again
    assert again.get("Vary") == got.get("Vary"), again
    head = client.ask(path, "HEAD", headers=accept)
    assert (head.get("ETag"), head.get("Vary")) == (
        got.get("ETag"), got.get("Vary"))
    other = [] if accept == BROWSER else BROWSER
    again = client.ask(path, headers=other + tag)
    assert again.status == (304 if tree else 200), again


def ask_json(client, path, query):
    got = client.ask(f"{path}-wwz-index?format=json{query}", headers=BROWSER)
    assert (got.status, got.get("Vary")) == (200, "Accept-Encoding"), got
    return json.loads(got.body)


def test_json(client):
    """Everything, unless a page is asked for."""
    whole = ask_json(client, "/x.wwz/long/", "")
    assert list(whole) == ["archive", "directory", "zip", "entries"]
    assert len(whole["entries"]) == FILES + DIRECTORIES
    paged = []
    for page in range(1, 5):
        got = ask_json(client, "/x.wwz/long/", f"&page={page}")
        assert (got["page"], got["pages"], got["total"]) == (
            page, 3, FILES + DIRECTORIES), got
        paged += got["entries"]
    key = json.dumps
    assert sorted(paged, key=key) == sorted(whole["entries"], key=key)
    assert [e["name"] for e in paged[DIRECTORIES:DIRECTORIES + 3]] == NAMES[:3]


@pytest.mark.parametrize("sort", ["name", "size", "time"])
def test_orders(client, sort):
    """Of pages, in both directions; the way back is the way there."""
    ways = []
    for order in "asc", "desc":
        names = []
        for page in range(1, 4):
            got = client.ask(
                f"/x.wwz/long/?page={page}&sort={sort}&order={order}")
            assert b'content="nofollow"' in got.body or (
                sort, order) == ("name", "asc")
            names += Page(got).names
        assert sorted(names) == sorted(NAMES + BELOW)
        ways.append(names[DIRECTORIES:])
    if sort == "size":
        assert [len(n) for n in ways[0]] == [len(n) for n in ways[1][::-1]]
        assert ways[0][:10] == NAMES[:10]
    elif sort == "name":
        assert ways[0] == ways[1][::-1] == NAMES


FILTERS = [
    ("page+1%3f", []), ("PAGE%2011", ["Page 11.txt"] + [
        f"Page 11{n}.txt" for n in range(10)] + [
        f"Page 11{n:02}.txt" for n in range(100)]),
    ("part-2", ["part-2/", *(f"part-2{n}/" for n in range(10))]),
    ("%22%3E%3Cb", []), ("x" * 5000, []),
]


@pytest.mark.parametrize("query, wanted", FILTERS, ids="abcde")
def test_filter(client, query, wanted):
    for extra, fields in ("", BROWSER), ("", []), ("&page=1", []):
        got = client.ask(f"/x.wwz/long/?q={query}{extra}", headers=fields)
        shown = Page(got).names
        if not wanted:
            shown.remove("No name here has this in it.")
        assert sorted(shown) == sorted(wanted), extra
        value = html.escape(urllib.parse.unquote_plus(query)[:1024])
        assert (f'value="{value}"' in got.body.decode()) == (
            extra + str(fields) != "[]"), extra
    listed = ask_json(client, "/x.wwz/long/", f"&q={query}")["entries"]
    assert [e["name"] for e in listed] == [n.strip("/") for n in sorted(wanted)]


@pytest.mark.parametrize("text, wanted", [
    ("caf\u00e9", ["caf\u00e9.txt"]), ("b\u00e9", ["B\u00e9.txt"]),
    ("100%+", ["100%+.txt"]), ("a&<", ["a&<b>.txt"]), ("\ud800", []),
    ("LOG", ["A9.log", "a10.log"]), ("", None)])
def test_filter_names(client, text, wanted):
    """Whatever is in a name can be asked for."""
    query = urllib.parse.quote_plus(text.encode(errors="surrogatepass"))
    got = ask_json(client, "/x.wwz/short/", f"&page=1&q={query}")
    names = [e["name"] for e in got["entries"]]
    assert (names == wanted) if wanted is not None else len(names) == 7


def test_beyond(client):
    for page in 4, 10**9, 2**32 - 1:
        got = client.ask(f"/x.wwz/long/?page={page}")
        assert Page(got).names == ["There are not so many pages."], got
    for page in "0", "x", "-1", str(2**32), str(2**64):
        got = client.ask(f"/x.wwz/long/?page={page}")
        assert len(Page(got).names) == FILES + DIRECTORIES, page


def test_form(site, module_tmp):
    """A browser fills it in; the order stays."""
    browser = Browser(module_tmp)
    url = f"http://127.0.0.1:{site.port}/x.wwz/long/"
    try:
        events = browser.open(url + "?sort=name&order=desc")
        assert complaints(events) == []
        browser.value("document.querySelector('input').value = 'page 7'")
        browser.value("document.querySelector('button').click()")
        browser.wait("location.search.includes('q=')"
                     " && document.readyState == 'complete'", "the form is sent")
        assert browser.value("document.forms[0].q.value") == "page 7"
        names = browser.value(
            "[...document.querySelectorAll('td bdi')].map(e => e.innerText)")
        assert names == [n for n in NAMES[::-1] if n.startswith("Page 7")]
    finally:
        browser.close()


GZIP = [("Accept-Encoding", "gzip, br, zstd")]


@pytest.mark.parametrize("path", [
    "/x.wwz/long/", "/x.wwz/long/?page=2", "/x.wwz/-wwz-index/long/",
    "/x.wwz/long/-wwz-index?format=json",
    "/x.wwz/short/-wwz-log/a10.log?from=1"])
def test_compressed(client, path):
    """A page made here goes out as gzip to whoever accepts that, under a tag of
    its own."""
    plain, got = client.ask(path), client.ask(path, headers=GZIP)
    assert (got.status, got.get("Content-Encoding")) == (200, "gzip"), got
    assert gzip.decompress(got.body) == plain.body
    assert len(got.body) < len(plain.body) / 2
    for answer in plain, got:
        assert "Accept-Encoding" in answer.get("Vary").split(", "), answer
    tag, other = got.get("ETag"), plain.get("ETag")
    assert tag != other
    head = client.ask(path, "HEAD", headers=GZIP)
    for field in "ETag", "Content-Encoding", "Content-Type", "Vary":
        assert head.get(field) == got.get(field), field
    again = client.ask(path, headers=[*GZIP, ("If-None-Match", tag)])
    assert (again.status, again.get("Content-Encoding")) == (304, None), again
    assert (again.get("ETag"), again.get("Vary")) == (tag, got.get("Vary"))
    again = client.ask(path, headers=[*GZIP, ("If-None-Match", other)])
    assert again.status == 200, again
    for refused in "gzip;q=0", "identity, gzip;q=0.5", "br", "":
        again = client.ask(path, headers=[("Accept-Encoding", refused)])
        assert again.body == plain.body, refused


def test_first_screen_is_early(site_responder):
    """What is there can be shown before the rest is made."""
    with site_responder.client() as client:
        client.send(client.request("/x.wwz/-wwz-index/long/", headers=GZIP))
        kind, data = None, b""
        while b"\r\n\r\n" not in data or not data.partition(b"\r\n\r\n")[2]:
            kind, _, more = client.read_record()
            data += more if kind == harness.STDOUT else b""
        begun = zlib.decompressobj(31).decompress(
            data.partition(b"\r\n\r\n")[2])
        assert b"<h1>" in begun and b"part-0/" in begun
        assert b"</html>" not in begun


SAVED = [
    ("short/a10.log", "a10.log", "a10.log"),
    ("short/B\u00e9.txt", "B__.txt", "B%C3%A9.txt"),
    ("short/100%+.txt", "100%+.txt", "100%25%2B.txt"),
    ("short/caf\u00e9.txt", "caf_.txt", None),
    ('short/quo"te', "quo_te", "quo%22te"),
]


@pytest.mark.parametrize("name, plain, extended", SAVED, ids="abcde")
def test_download(client, name, plain, extended):
    """Browsers save it under its name (RFC 6266 and 8187)."""
    path = "/x.wwz/" + urllib.parse.quote(name)
    usual = client.ask(path)
    wanted = f'attachment; filename="{plain}"' + (
        f"; filename*=UTF-8''{extended}" if extended else "")
    for query in "?download", "?x=1&download", "?download=1":
        for method in "GET", "HEAD":
            got = client.ask(path + query, method)
            assert got.get("Content-Disposition") == wanted, got
            assert got.get("ETag") == usual.get("ETag"), got
            assert got.body == (usual.body if method == "GET" else b""), got
    assert usual.status == 200, usual
    for query in "", "?downloads", "?x=download", "?Download":
        got = client.ask(path + query)
        assert got.get("Content-Disposition") is None, query
    part = client.ask(path + "?download", headers=[("Range", "bytes=0-1")])
    assert (part.status, part.body) == (206, usual.body[:2]), part
    assert part.get("Content-Disposition") == wanted


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg==")
KINDS = {
    "a.txt": "text", "b.css": "text", "c.json": "text", "LICENSE": "text",
    "d.html": "page", "e.png": "image", "f.mp3": "audio", "g.mp4": "video",
    "h.tar.gz": "archive", "i.zip": "archive", "j.pdf": "file", "k.TIF": "image"}
CLASSES = {"text": "t", "page": "h", "image": "i", "audio": "a", "video": "v",
           "archive": "z", "file": ""}


def rows_of(got):
    """(class of the cell, name, address of the image) of each row."""
    return [(kind, html.unescape(name), image) for kind, image, name in re.findall(
        r'<tr><td(?: class="(.)")?>(?:<a class="l".*?</a>)?<a href="[^"]*">'
        r'(?:<img alt="" loading="lazy" decoding="async" src="([^"]*)">)?<bdi>(.*?)</bdi>',
        got.body.decode())]


def test_kinds(root, serve):
    """By the media type; also that of --mime-types."""
    archives.write(root / "x.wwz", {**dict.fromkeys(KINDS, "x"), "below/y": ""})
    (root / "types").write_text("audio/x-own zip\n")
    for options, zips in ((), "archive"), (("--mime-types", root / "types"), "audio"):
        kinds = {**KINDS, "i.zip": zips}
        with serve(*options).client() as client:
            shown = rows_of(client.ask("/x.wwz/?view=list"))
            assert shown == [("d", "below/", "")] + [
                (CLASSES[kinds[name]], name, "")
                for name in sorted(KINDS, key=str.encode)]
            told = json.loads(client.ask("/x.wwz/?format=json").body)["entries"]
            assert "kind" not in told[0]
            assert {e["name"]: e["kind"] for e in told[1:]} == kinds


def images_of(client, path):
    got = client.ask(path, headers=BROWSER)
    head = client.ask(path, "HEAD", headers=BROWSER)
    assert ("img-src 'self'" in got.get("Content-Security-Policy")) == (b"<img" in got.body)
    assert head.get("Content-Security-Policy") == got.get("Content-Security-Policy")
    for kind, name, image in rows_of(got):
        assert (kind == "p") == (image != ""), name
    link = re.search(r'href="([^"]*)">(Names only|Show images)</a>', got.body.decode())
    return [image for _, _, image in rows_of(got) if image], link and link.groups()


def write_images(path):
    archives.write(path, {
        "few/a.png": PNG, "few/b.txt": "", "few/c.txt": "", "few/d.txt": "",
        "many/a b.png": PNG, "many/c.JPG": PNG, "many/d.svg": "<svg/>",
        "many/e.tif": PNG, "many/f.png": "", "many/g.txt": "", "many/.h.png": PNG,
        "many/fits.png": PNG + bytes(256 * 1024 - len(PNG)),
        "many/large.png": PNG + bytes(256 * 1024), "many/i.png": PNG,
        "none/a.txt": ""})
    data = bytearray(path.read_bytes())
    for at, local, name in archives.headers(bytes(data)):
        if name == b"many/i.png":
            data[at + 8] |= 1  # encrypted
            data[local + 6] |= 1
    path.write_bytes(data)


def test_images(root, serve):
    """Small ones that browsers show; on a page where they are many, or where
    they are asked for."""
    write_images(root / "x.wwz")
    all_of_them = ["a%20b.png", "c.JPG", "d.svg", "fits.png"]
    with serve().client() as client:
        images, (href, text) = images_of(client, "/x.wwz/few/")
        assert (images, text) == ([], "Show images")
        images, (href, text) = images_of(
            client, follow("/x.wwz/few/", html.unescape(href)))
        assert (images, text) == (["a.png"], "Names only")
        assert images_of(client, "/x.wwz/none/") == ([], None)
        assert images_of(client, "/x.wwz/many/")[0] == []  # 4 of 10
        assert images_of(client, "/x.wwz/many/?view=images")[0] == all_of_them
        images, (href, _) = images_of(client, "/x.wwz/many/?q=d.svg")
        assert images == ["d.svg"]
        images, _ = images_of(client, follow("/x.wwz/many/", html.unescape(href)))
        assert images == []
        for got in client.ask("/x.wwz/many/"), client.ask("/x.wwz/many/?view=list"):
            assert b"<img" not in got.body
    with serve("--untrusted").client() as client:
        assert images_of(client, "/x.wwz/many/?q=d.svg")[0] == []
        assert images_of(client, "/x.wwz/many/?view=images")[0] == all_of_them


def test_images_in_a_browser(module_tmp, site):
    """They load, under the page's policy, and the readme is there."""
    path = module_tmp / "www/seen.wwz"
    archives.write(path, {"a.png": PNG, "b.svg":
                          '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
                          "README.md": "# Title\n"})
    browser = Browser(module_tmp)
    try:
        events = browser.open(f"http://127.0.0.1:{site.port}/seen.wwz/")
        assert complaints(events) == []
        browser.wait("[...document.images].filter("
                     "i => i.complete && i.naturalWidth > 0).length == 2",
                     "the images")
        assert browser.value("document.querySelector('pre').innerText") == "# Title\n"
    finally:
        browser.close()


README = [
    # the members, what is shown and its heading
    ({"README.md": "# a <b>\n\tc\n", "README.html": "no"}, "README.md",
     "# a &lt;b&gt;\n\tc\n"),
    ({"README.txt": "t", "readme.md": "no"}, "README.txt", "t\n"),
    ({"README": "caf\u00e9\x1b[1m!"}, "README", 'caf\u00e9<span class="bo">!</span>\n'),
    ({"readme.md": "\xe9\x80".encode("latin-1")}, "readme.md", "\u00e9\u20ac\n"),
    ({"README.md": "wide\n".encode("utf-16")}, "README.md", "wide\n"),
    ({"README.md": b"\0binary", "README": "text"}, "README", "text\n"),
    ({"README.html": "<h1>"}, "README.html", None),
    ({"readme": b"\0"}, None, None), ({"a.txt": "a"}, None, None),
    ({"README.md": ("b" * 99, archives.BZIP2)}, "README.md", "b" * 99 + "\n"),
    ({"README.md": ""}, "README.md", "")]


@pytest.mark.parametrize("members, heading, text", README)
def test_readme(root, serve, members, heading, text):
    """As text below the listing, in the charset that a look finds."""
    archives.write(root / "x.wwz", {f"d/{name}": what for name, what in members.items()})
    with serve().client() as client:
        body = client.ask("/x.wwz/d/", headers=BROWSER).body.decode()
        found = re.findall(r'<h2><a href="(.*?)">(.*?)</a></h2>\n(?:<pre>\n(.*?)</pre>)?',
                           body, re.S)
        assert found == ([(heading, heading, text or "")] if heading else [])
        assert ("<pre>" in body) == (text is not None)
        told = json.loads(client.ask("/x.wwz/d/?format=json").body)
        assert told.get("readme") == heading
        for other in "?q=e", "?page=2", "?sort=name":
            fields = [] if "sort" in other else BROWSER
            assert b"<h2>" not in client.ask(f"/x.wwz/d/{other}", headers=fields).body


def test_long_readme(root, serve):
    """64 KiB are shown; a damaged one as far as it goes."""
    lines = "".join(f"line {n}\n" for n in range(9000))
    archives.write(root / "x.wwz", {"d/README": lines, "e/README": "all\n", "e/a": ""})
    data = bytearray((root / "x.wwz").read_bytes())
    for at, local, name in archives.headers(bytes(data)):
        if name == b"e/README":
            data[at + 16] ^= 1
            data[local + 14] ^= 1
    (root / "x.wwz").write_bytes(data)
    responder = serve()
    responder.expect("^warn member-damaged .*member=e/README ", None)
    with responder.client() as client:
        got = client.ask("/x.wwz/d/", headers=BROWSER)
        shown = re.search(r"<pre>\n(.*?)</pre>", got.body.decode(), re.S)[1]
        assert lines.startswith(shown)
        assert 64 * 1024 <= len(shown) < 64 * 1024 + 20
        assert b"The file goes on." in got.body
        got = client.ask("/x.wwz/e/", headers=BROWSER)
        assert got.status == 200 and got.ended
        assert b"</html>" in got.body
