"""What an archive says about itself, _redirects and _headers, behind each front end
with the shipped configuration: below /site.wwz and as a whole site; and what a browser
makes of it."""

import contextlib
import json
import subprocess
import zipfile

import pytest

import archives
import fronts
import harness
from test_browser import Browser, complaints
from test_fronts_places import WHOLE_SITES

TEXT = archives.text(5000)
EXPOSED = "Content-Range, ETag, Accept-Ranges"
REDIRECTS = b"""\
# what has moved
/old            /docs/new.html
/news/*         /blog/:splat            302
/out/:page      https://other.example/:page?from=here  307
/docs/moved.txt /docs/new.html          301!
/lost/*         /lost.html              404
/app/*          /app.html               200
"""
HEADERS = f"""\
/*
  Access-Control-Allow-Origin: *
  Access-Control-Allow-Headers: Range, If-Match
  Access-Control-Expose-Headers: {EXPOSED}
  X-Frame-Options: DENY
/docs/*
  Cache-Control: max-age=60
  Content-Language: de
/*.ts
  Content-Type: text/javascript
  Vary: Origin
""".encode()
MEMBERS = {
    "_redirects": REDIRECTS,
    "_headers": HEADERS,
    "index.html": b"<!doctype html><title>start</title>",
    "app.html": b"<!doctype html><title>app</title>",
    "lost.html": b"<!doctype html><title>lost</title>",
    "docs/new.html": b"<!doctype html><title>new</title>",
    "docs/moved.txt": b"never seen",
    "docs/text.txt": TEXT,
    "a.ts": b"export const a = 1",
}


def fcgid(place):
    fronts.put_htaccess(place, {".htaccess": "wrapper.htaccess"})
    return fronts.fcgid(place)


# Those that need no responder start wwz themselves.
BELOW = {
    "nginx": fronts.Nginx,
    "lighttpd": fronts.Lighttpd,
    "mod_fcgid": fcgid,
    "mod_proxy_fcgi": fronts.proxy_fcgi,
    "haproxy": fronts.Haproxy,
    "caddy": fronts.Caddy,
    "cgi": fronts.apache_cgi,
    "lighttpd_cgi": fronts.lighttpd_cgi,
}
ALONE = {"mod_fcgid", "cgi", "lighttpd_cgi"}
PLACES = [("/site.wwz", name, BELOW[name]) for name in BELOW]
PLACES += [("", name, WHOLE_SITES[name]) for name in WHOLE_SITES]


@contextlib.contextmanager
def running(tmp, root, name, start):
    place = fronts.Place(tmp / "front", root)
    with contextlib.ExitStack() as stack:
        if name not in ALONE:
            stack.enter_context(harness.running(fronts.responder(place)))
        yield stack.enter_context(harness.running(start(place)))


@pytest.mark.parametrize(
    "base, name, start", PLACES,
    ids=[f"{name}{base.replace('/', '-')}" for base, name, _ in PLACES])
def test_fronts(tmp, root, base, name, start):
    archives.write(root / "site.wwz", MEMBERS)
    with running(tmp, root, name, start) as front:
        client = front.client()

        def ask(path, *fields, method="GET"):
            return client.ask(base + path, method, fields)

        for path, status, location in [
            ("/old", 301, "/docs/new.html"),
            ("/old/?a=1&b=%20", 301, "/docs/new.html?a=1&b=%20"),
            ("/news/a/b%20c", 302, "/blog/a/b%20c"),
            ("/news/%C3%A9", 302, "/blog/%C3%A9"),
            ("/docs/moved.txt", 301, "/docs/new.html"),
        ]:
            got = ask(path)
            assert got.status == status, got
            # Some front ends put the host before it.
            where = got.get("Location").removeprefix(
                f"http://127.0.0.1:{front.port}")
            assert where == base + location, got
            assert got.get("X-Frame-Options") == "DENY", got
        got = ask("/out/x?y")
        assert (got.status, got.get("Location")) == (
            307, "https://other.example/x?from=here"), got
        got = ask("/app/deep/er")
        assert (got.status, got.body) == (200, MEMBERS["app.html"]), got
        whole = ask("/app.html")
        assert got.get("ETag") == whole.get("ETag"), got
        got = ask("/app/x", ("Range", "bytes=0-8"))
        assert (got.status, got.body) == (206, b"<!doctype"), got
        got = ask("/lost/x")
        assert (got.status, got.body) == (404, MEMBERS["lost.html"]), got
        for path in ("/_redirects", "/_headers"):
            got = ask(path)
            assert got.status == 404, got
            assert b"splat" not in got.body and b"DENY" not in got.body, got
        assert b"_headers" not in ask("/-wwz-index").body

        got = ask("/docs/text.txt")
        assert got.body == TEXT, got
        assert (got.get("Cache-Control"), got.get("Content-Language")) == (
            "max-age=60", "de"), got
        assert got.headers.get_all("Access-Control-Allow-Origin") == ["*"]
        tag = got.get("ETag")
        got = ask("/docs/text.txt", ("If-None-Match", tag))
        assert got.status == 304, got
        assert got.get("Cache-Control") == "max-age=60", got
        got = ask("/docs/text.txt", ("Range", "bytes=1-9"))
        assert (got.status, got.body) == (206, TEXT[1:10]), got
        assert got.get("X-Frame-Options") == "DENY", got
        got = ask("/a.ts")
        assert got.get("Content-Type") == "text/javascript", got
        assert "Origin" in got.get("Vary").replace(" ", "").split(","), got
        got = ask("/docs/none")
        assert got.status == 404, got
        assert got.get("Cache-Control") != "max-age=60", got
        got = ask("/docs/text.txt", ("Origin", "http://elsewhere.example"),
                  ("Access-Control-Request-Method", "GET"), method="OPTIONS")
        assert got.status == 204, got
        assert got.get("Access-Control-Allow-Origin") == "*", got
        assert got.get("Access-Control-Allow-Headers") == "Range, If-Match", got
        client.close()


def check(path, *options):
    """(findings about lines, exit status)"""
    got = subprocess.run(
        [harness.WWZ, "check", "--json", *options, path], text=True,
        stdin=subprocess.DEVNULL, capture_output=True)
    assert got.stderr == "", got
    found = [json.loads(line) for line in got.stdout.splitlines()]
    return found, got.returncode


def test_wrong_lines(tmp, root, serve):
    """They are named with their numbers, by wwz check and once in the log."""
    archives.write(root / "x.wwz", {
        "_redirects": b"/a /b\n\n/c //evil.example/\n/d /b 999\n",
        "_headers": b"/*\n X-A: 1\n Set-Cookie: a=b\n", "b": b"b"})
    found, status = check(root / "x.wwz")
    wrong = [(one["member"], one["what"].split(": ")[0]) for one in found
             if one.get("word") == "rule-wrong"]
    assert wrong == [("_redirects", "line 3 is passed over"),
                     ("_redirects", "line 4 is passed over"),
                     ("_headers", "line 3 is passed over")], found
    assert status == 1
    responder = serve()
    responder.expect(r"warn rule-wrong .* member=_redirects line=[34] ", 2)
    responder.expect(r"warn rule-wrong .* member=_headers line=3 ")
    with responder.client() as client:
        for _ in range(3):
            got = client.ask("/x.wwz/a")
            assert (got.status, got.get("X-A")) == (301, "1"), got


def test_examples_of_the_manual(tmp):
    """Nothing is wrong with them."""
    page = (harness.TOP / "deploy/man/wwz.5").read_text()
    blocks = page.split(".Bd -literal -offset 2n\n")[1:]
    single, moved, headers = [one.split(".Ed")[0] for one in blocks]
    archives.write(tmp / "x.wwz", {
        "_redirects": (moved + single).encode(), "_headers": headers.encode()})
    found, status = check(tmp / "x.wwz")
    assert [one for one in found if one.get("word") == "rule-wrong"] == []
    assert status == 0, found


@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED])
def test_size(root, serve, method):
    """64 KiB are read, and not a byte more."""
    rule = b"/a /b\n"
    fill = b"#" * (65536 - len(rule))
    for name, text in (("fits", rule + fill), ("large", rule + fill + b"#")):
        archives.write(root / f"{name}.wwz", {"_redirects": (text, method)})
    responder = serve()
    responder.expect("warn rule-wrong .*large.wwz member=_redirects line=0 .*KiB")
    with responder.client() as client:
        assert client.ask("/fits.wwz/a").status == 301
        assert client.ask("/large.wwz/a").status == 404


UNUSABLE = [
    # field of its headers, value, how it is stored, why it is not used
    ("crc", 1, archives.DEFLATED, "damaged"),
    ("crc", 1, archives.STORED, "damaged"),
    ("size", 3, archives.DEFLATED, "damaged"),
    ("size", 65000, archives.DEFLATED, "damaged"),
    ("size", 1 << 30, archives.DEFLATED, "more than 64 KiB"),
    ("flags", 1, archives.DEFLATED, "encrypted"),
    ("method", 93, archives.DEFLATED, "neither stored nor deflated"),
    (None, 0, zipfile.ZIP_BZIP2, "neither stored nor deflated"),
]


def test_unusable(root, serve):
    """A file that cannot be read has no rules, and the archive is served."""
    for number, (field, value, method, _) in enumerate(UNUSABLE):
        path = archives.write(root / f"{number}.wwz", {
            "_redirects": (b"/a /b\n" * 100, method), "b": b"b"})
        if field is not None:
            archives.patch(path, "_redirects", field, value)
    responder = serve()
    responder.allow("warn member-damaged .* member=_redirects ")
    with responder.client() as client:
        for number, (*_, why) in enumerate(UNUSABLE):
            responder.expect(f"warn rule-wrong .*/{number}.wwz member=_redirects"
                             f' line=0 why="?{why}')
            for _ in range(2):
                assert client.ask(f"/{number}.wwz/a").status == 404
                assert client.ask(f"/{number}.wwz/b").body == b"b"
                assert client.ask(f"/{number}.wwz/_redirects").status == 404


def test_packed(tmp):
    """No sibling gives the files away."""
    for name in ("_redirects", "_headers", "a.css", "sub/_headers"):
        (tmp / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp / "tree" / name).write_bytes(archives.text(20000))
    subprocess.run([harness.WWZ, "pack", "-q", "--precompress", "br",
                    tmp / "tree", tmp / "x.wwz"], check=True)
    with zipfile.ZipFile(tmp / "x.wwz") as packed:
        assert sorted(packed.namelist()) == [
            "_headers", "_redirects", "a.css", "a.css.br", "sub/_headers",
            "sub/_headers.br"]


def test_replaced(tmp, root, serve):
    """A new archive brings its own rules."""
    with serve().client() as client:
        for number in range(20):
            archives.write(tmp / "new.wwz", {
                "_redirects": b"/a /%d 302\n" % number,
                "_headers": b"/*\n X-Number: %d\n" % number,
                "n.txt": b"%d" % number})
            (tmp / "new.wwz").rename(root / "x.wwz")
            got = client.ask("/x.wwz/a")
            assert got.get("Location") == f"/x.wwz/{number}", got
            assert client.ask("/x.wwz/n.txt").get("X-Number") == str(number)


def test_untrusted(root, serve):
    archives.write(root / "site.wwz", MEMBERS)
    with serve("--untrusted").client() as client:
        assert client.ask("/site.wwz/old").status == 404
        assert client.ask("/site.wwz/_headers").status == 404
        got = client.ask("/site.wwz/docs/moved.txt")
        assert (got.body, got.get("X-Frame-Options")) == (
            MEMBERS["docs/moved.txt"], None), got


# A single-page app: one page that shows where it is, links that it follows itself, and
# a script that it loads by its place.
APP = {
    "_redirects": b"/* /index.html 200\n",
    "index.html": b"""<!doctype html><html lang=en><title>app</title>
<link rel=icon href=data:,><base href="%s/"><p id=place></p>
<a href="items/7">item</a><script type=module src=assets/app.js></script>""",
    "assets/app.js": b"""const show = () => {
    document.getElementById('place').textContent =
        location.href.slice(document.baseURI.length) || 'start';
};
document.querySelector('a').addEventListener('click', event => {
    event.preventDefault();
    history.pushState({}, '', event.target.href);
    show();
});
addEventListener('popstate', show);
show();
""",
}
CLICKED = """(async () => {
    const place = () => document.getElementById('place').textContent;
    const seen = [place()];
    document.querySelector('a').click();
    seen.push(place());
    await new Promise(done => {
        addEventListener('popstate', () => setTimeout(done));
        history.back();
    });
    seen.push(place());
    return seen;
})()"""


@pytest.fixture
def browser(tmp):
    with contextlib.closing(Browser(tmp)) as browser:
        def run(script):
            got = browser.call("Runtime.evaluate", expression=script,
                               awaitPromise=True, returnByValue=True)
            assert "exceptionDetails" not in got, got
            return got["result"]["value"]

        browser.run = run
        yield browser


@pytest.mark.parametrize("base, start", [
    ("/site.wwz", fronts.Nginx), ("", WHOLE_SITES["nginx"])])
def test_single_page_app(tmp, root, browser, base, start):
    """It starts at any of its addresses, also after a reload."""
    archives.write(root / "site.wwz", {
        **APP, "index.html": APP["index.html"] % base.encode()})
    with running(tmp, root, "nginx", start) as front:
        site = f"http://127.0.0.1:{front.port}{base}/"
        assert complaints(browser.open(site)) == []
        assert browser.run(CLICKED) == ["start", "items/7", "start"]
        for path in ("items/7", "items/7/more?x=1", "deep/er/still"):
            assert complaints(browser.open(site + path)) == []
            assert browser.run(
                "document.getElementById('place').textContent") == path


SCRIPT = """(async () => {
    const site = 'http://127.0.0.1:%d/site.wwz/docs/';
    const first = await fetch(site + 'text.txt', {headers: {Range: 'bytes=0-9'}});
    const part = await fetch(site + 'text.txt', {headers: {
        Range: 'bytes=100-199', 'If-Match': first.headers.get('ETag')}});
    const missing = await fetch(site + 'none');
    const moved = await fetch(site + 'moved.txt');
    return [part.status, part.headers.get('Content-Range'),
        await part.text(), missing.status, moved.url.split('/').pop()];
})()"""


def test_cors(tmp, root, browser):
    """A page of another host reads ranges of an archive whose _headers allow it, with
    the question beforehand, errors and redirects."""
    archives.write(root / "site.wwz", MEMBERS)
    archives.write(root / "none.wwz", {"a.txt": b"a"})
    (root / "page.html").write_text("<!doctype html><link rel=icon href=data:,>")
    with running(tmp, root, "nginx", fronts.Nginx) as front:
        with harness.running(
                fronts.Nginx(fronts.Place(tmp / "other", root))) as other:
            browser.open(f"http://127.0.0.1:{other.port}/page.html")
            assert browser.run(SCRIPT % front.port) == [
                206, "bytes 100-199/5000", TEXT[100:200].decode(), 404,
                "new.html"]
            assert browser.run(
                f"fetch('http://127.0.0.1:{front.port}/none.wwz/a.txt')"
                ".then(() => 'allowed', () => 'refused')") == "refused"
