"""Archives on another host, with the lines of deploy/cors: what front ends add to the
answers of wwz, or archives themselves, and what a browser then allows."""

import contextlib

import pytest

import archives
import fronts
import harness
from test_browser import Browser, complaints

PAGE = archives.text(5000)
EXPOSED = "Content-Range, Content-Encoding, ETag, Accept-Ranges"
# With which each shipped file is changed: (what stands there, what to put there).
PLACES = {
    "nginx": ("fastcgi_keep_conn on;", "fastcgi_keep_conn on;\n{}"),
    "apache": ("SetEnv ap_trust_cgilike_cl 1", "SetEnv ap_trust_cgilike_cl 1\n{}"),
    "lighttpd": ("server.modules +=", "{}\nserver.modules +="),
    "haproxy": ("\nfcgi-app wwz\n", "\n{}\nfcgi-app wwz\n"),
    "caddy": ("\treverse_proxy @wwz", "{}\treverse_proxy @wwz"),
}
LINES = {"nginx": "nginx.conf", "apache": "apache.conf",
         "lighttpd": "lighttpd.conf", "haproxy": "haproxy.cfg",
         "caddy": "Caddyfile"}


def htaccess(place):
    fronts.put_htaccess(place, {".htaccess": "wrapper.htaccess"})
    path = place.root / ".htaccess"
    path.write_text(path.read_text() + fronts.shipped("cors/apache.conf"))
    return fronts.fcgid(place, modules=["headers"])


def proxy_fcgi(place):
    text = fronts.shipped("apache-mod_proxy_fcgi/wwz.conf",
                          (fronts.SOCKET, place.socket))
    return fronts.Apache(place, text,
                         modules=["proxy", "proxy_fcgi", "headers"])


FRONTS = {
    "nginx": fronts.Nginx,
    "apache": proxy_fcgi,
    "htaccess": htaccess,
    "lighttpd": fronts.Lighttpd,
    "haproxy": fronts.Haproxy,
    "caddy": fronts.Caddy,
    "_headers": fronts.Nginx,
}


def write(file, name, members):
    """The archive says it itself, if that is what name means."""
    own = {"_headers": fronts.shipped("cors/_headers")}
    archives.write(file, {**members, **(own if name == "_headers" else {})})


@contextlib.contextmanager
def running(name, place, monkeypatch, *options):
    """The front end with the lines of deploy/cors, and wwz with these options."""
    shipped = fronts.shipped

    def with_cors(file, *changes):
        text = shipped(file, *changes)
        if name in PLACES and PLACES[name][0] in text:
            old, new = PLACES[name]
            text = text.replace(
                old, new.format(shipped(f"cors/{LINES[name]}")), 1)
        return text

    with contextlib.ExitStack() as stack:
        if name != "htaccess":
            monkeypatch.setattr(fronts, "shipped", with_cors)
            stack.enter_context(harness.running(
                fronts.responder(place, *options)))
        yield stack.enter_context(harness.running(FRONTS[name](place)))


@pytest.mark.parametrize("name", FRONTS)
def test_fields(tmp, root, monkeypatch, name):
    write(root / "site.wwz", name, {"a.txt": PAGE})
    (root / "plain.txt").write_bytes(PAGE)
    place = fronts.Place(tmp / "front", root)
    origin = ("Origin", "http://elsewhere.example")
    with running(name, place, monkeypatch) as front:
        client = front.client()
        got = client.ask("/site.wwz/a.txt", "OPTIONS", [
            origin, ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "if-match,range")])
        assert got.status == 204, got
        allowed = got.get("Access-Control-Allow-Headers").lower().split(", ")
        assert {"range", "if-range", "if-match", "if-none-match"} <= {*allowed}
        assert got.get("Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS"
        assert got.get("Access-Control-Max-Age") == "86400", got
        assert got.headers.get_all("Access-Control-Allow-Origin") == ["*"], got
        for path, fields, status in [
            ("a.txt", [], 200),
            ("a.txt", [("Range", "bytes=1-9")], 206),
            ("a.txt", [("Range", "bytes=9999-")], 416),
            ("none", [], 404),
        ]:
            got = client.ask(f"/site.wwz/{path}", headers=[origin, *fields])
            assert got.status == status, got
            assert got.headers.get_all(
                "Access-Control-Allow-Origin") == ["*"], got
            assert got.headers.get_all(
                "Access-Control-Expose-Headers") == [EXPOSED], got
        if name != "haproxy":
            got = client.ask("/plain.txt", headers=[origin])
            assert "Access-Control-Allow-Origin" not in got.headers, (
                f"for more than archives: {got}")
        client.close()


FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
# What a page of another site does: a font, and a viewer's range on the condition that
# the file is still the same, for which a browser asks beforehand.
SCRIPT = """(async () => {
    const site = 'http://127.0.0.1:%d/site.wwz/';
    await new FontFace('x', `url(${site}a.ttf)`).load();
    const first = await fetch(site + 'big.bin', {headers: {Range: 'bytes=0-9'}});
    const part = await fetch(site + 'big.bin', {headers: {
        Range: 'bytes=100-199', 'If-Match': first.headers.get('ETag')}});
    const several = await fetch(
        site + 'big.bin', {headers: {Range: 'bytes=0-9,100-109'}});
    return [several.status, several.headers.get('Content-Type').split(';')[0],
        part.status, part.headers.get('Content-Range'),
        part.headers.get('Accept-Ranges'),
        [...new Uint8Array(await part.arrayBuffer())]];
})()"""
WITHOUT = """fetch('http://127.0.0.1:%d/page.html')
    .then(() => 'allowed', () => 'refused')"""


@pytest.mark.parametrize("name", ["nginx", "_headers"])
def test_browser(tmp, root, monkeypatch, name):
    big = archives.noise(1 << 20, 7)
    with open(FONT, "rb") as font:
        write(root / "site.wwz", name, {
            "a.ttf": font.read(), "big.bin": (big, archives.STORED)})
    (root / "page.html").write_text("<!doctype html><link rel=icon href=data:,>")
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(harness.running(
            fronts.Nginx(fronts.Place(tmp / "other", root))))
        front = stack.enter_context(running(
            name, fronts.Place(tmp / "front", root), monkeypatch))
        browser = stack.enter_context(contextlib.closing(Browser(tmp)))

        def run(script):
            got = browser.call("Runtime.evaluate", expression=script,
                               awaitPromise=True, returnByValue=True)
            assert "exceptionDetails" not in got, got
            return got["result"]["value"]

        events = browser.open(f"http://127.0.0.1:{other.port}/page.html")
        assert complaints(events) == []
        assert run(SCRIPT % front.port) == [
            206, "multipart/byteranges",
            206, "bytes 100-199/1048576", "bytes", [*big[100:200]]]
        harness.wait_until(
            lambda: any(asked["request"]["method"] == "OPTIONS" for asked in
                        browser.told("Network.requestWillBeSent")),
            "the browser asks beforehand")
        # The browser does refuse what no field allows.
        browser.open(f"http://127.0.0.1:{front.port}/page.html")
        assert run(WITHOUT % other.port) == "refused"
