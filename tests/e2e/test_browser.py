"""The demonstration site in a real browser: nothing in the console."""

import contextlib
import gzip
import json
import os
import select
import subprocess
import time
import zipfile

import pytest

import archives
import harness

SITE = harness.TOP / "testdata/site"

# Long enough for a browser to guess from it.
FRENCH = ("Les \u00e9l\u00e8ves ont d\u00e9j\u00e0 mang\u00e9 \u00e0 la"
          " cr\u00eaperie, o\u00f9 le caf\u00e9 \u00e9tait tr\u00e8s"
          " bon. " * 4).strip()
LATIN = FRENCH.encode("latin-1")
XML = b"<?xml version='1.0' encoding='iso-8859-1'?>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'><title>%s</title></svg>"

# Texts in other charsets, and scripts under unusual names.
TEXTS = {
    "meta.html": b"<!doctype html><meta charset=iso-8859-1><p>" + LATIN,
    "none.html": b"<!doctype html><p>" + LATIN,
    "utf-8.html": b"<!doctype html><p>" + FRENCH.encode(),
    "latin.xhtml": XML + b"<html xmlns='http://www.w3.org/1999/xhtml'>"
                   b"<head><title/></head><body><p>" + LATIN +
                   b"</p></body></html>",
    "latin.svg": XML + SVG % LATIN,
    "latin.txt": LATIN,
    "wide.txt": ("\ufeff" + FRENCH).encode("utf-16-le"),
    "wide-be": ("\ufeff" + FRENCH).encode("utf-16-be"),
    "app.js?v=3": b"import './x.es6'; document.title += 'module'",
    "x.es6": b"document.title += 'es6-'",
    "plain": b"document.title += 'plain-'",
    "module.html": b"<!doctype html><title></title><script src=plain></script>"
                   b"<script type=module src='app.js%3Fv=3'></script>",
    "a.svg": SVG % b"a",
    "b.svgz": gzip.compress(SVG % b"b"),
    "pictures.html": b"<!doctype html><img src=a.svg><img src=b.svgz>",
    "unity.js.gz": gzip.compress(b"document.title += 'unity'"),
    "unity.wasm.gz": gzip.compress(b"\0asm\1\0\0\0"),
    "unity.html": b"<!doctype html><title></title><script src=unity.js.gz></script>"
                  b"<script>WebAssembly.instantiateStreaming(fetch('unity.wasm.gz'))"
                  b".then(() => document.title += '-wasm')</script>",
}

# A browser that asks nobody but this machine, and leaves nothing behind.
CHROMIUM = [
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
]


class Browser:
    """Chromium by its DevTools protocol over a pair of pipes: JSON messages,
    each ended by a NUL."""

    def __init__(self, home):
        to_read, self.to = os.pipe()
        self.of, to_write = os.pipe()
        command = [*CHROMIUM, f"--user-data-dir={home / 'profile'}"]
        self.log = open(home / "chromium.err", "wb")
        with harness.handed_over(command, to_read, to_write) as options:
            self.process = subprocess.Popen(
                options["command"],
                pass_fds=options["pass_fds"],
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                cwd=home,
                env={**os.environ, "HOME": str(home)},
            )
        os.close(to_read)
        os.close(to_write)
        self.number, self.rest, self.events = 0, b"", []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")
        self.session = self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )["sessionId"]
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(domain + ".enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def receive(self, end):
        """The next message; None when none comes before end."""
        while b"\0" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.of], [], [], left)[0]:
                return None
            part = os.read(self.of, 1 << 16)
            assert part, "the browser went away"
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def answer(self, method, **parameters):
        """The answer to a call: it has a result, or an error."""
        self.number += 1
        message = {
            "id": self.number, "method": method, "params": parameters
        }
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + harness.PATIENCE
        while (got := self.receive(end)) is not None:
            if got.get("id") == self.number:
                return got
            self.events.append(got)
        raise AssertionError(f"no answer to {method}")

    def call(self, method, **parameters):
        got = self.answer(method, **parameters)
        assert "error" not in got, f"{method}: {got}"
        return got["result"]

    def open(self, url):
        """Go there; all events until it is loaded, and a little longer."""
        self.events = []
        got = self.call("Page.navigate", url=url)
        assert "errorText" not in got, f"{url}: {got}"
        return self.loaded(url, got["loaderId"])

    def leave(self):
        """Go to an empty page.  One that loads itself again may be faster, and is
        left then."""
        def is_left():
            self.answer("Page.navigate", url="about:blank")
            return self.value_now("location.href") == "about:blank"

        harness.wait_until(is_left, "the page is left")

    def click(self, text):
        """Follow the link with that text; as open."""
        self.events = []
        self.value("[...document.links].find("
                   f"a => a.textContent.trim() == {text!r}).click()")
        return self.loaded(text)

    def is_loaded(self, loader):
        """The page that this loader, or one that has begun since, is for; the end
        of an earlier page's loading may come late."""
        loaders = [loader] if loader else [
            e["params"]["frame"]["loaderId"] for e in self.events
            if e["method"] == "Page.frameNavigated"
            and "parentId" not in e["params"]["frame"]]
        return any(
            e["method"] == "Page.lifecycleEvent"
            and e["params"]["name"] == "load"
            and e["params"]["loaderId"] in loaders for e in self.events)

    def loaded(self, what, loader=None):
        end = time.monotonic() + harness.PATIENCE
        while not self.is_loaded(loader):
            got = self.receive(end)
            assert got is not None, f"{what} did not load"
            self.events.append(got)
        end = time.monotonic() + 0.3
        while (got := self.receive(end)) is not None:
            self.events.append(got)
        return self.events

    def told(self, method):
        """What events of this kind since the last page tell.  Some come late, from
        other processes of the browser: wait until they are there."""
        self.call("Browser.getVersion")
        return [e["params"] for e in self.events if e["method"] == method]

    def value(self, expression):
        got = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True
        )
        return got["result"].get("value")

    def value_now(self, expression):
        """None while one page goes and another comes: to ask then is an error."""
        got = self.answer(
            "Runtime.evaluate", expression=expression, returnByValue=True)
        return got.get("result", {}).get("result", {}).get("value")

    def becomes(self, expression, wanted):
        """Wait until it has the value: scripts may go on after a page is loaded."""
        harness.wait_until(lambda: self.value(expression) == wanted,
                           f"{expression} is {wanted!r}")

    def wait(self, expression, what):
        """Wait until it is true, of this page or of one that comes in its place."""
        harness.wait_until(lambda: self.value_now(expression) is True, what)

    def close(self):
        self.session = None
        with contextlib.suppress(AssertionError, OSError):
            self.call("Browser.close")
        try:
            self.process.wait(harness.PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self.to)
            os.close(self.of)
            self.log.close()


def complaints(events):
    """What the console shows as an error or a warning, and what failed to
    load; a page's own status is not its fault."""
    wrong, pages = [], set()
    for event in events:
        method, told = event["method"], event.get("params", {})
        if method == "Runtime.exceptionThrown":
            wrong.append(told["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled":
            if told["type"] in ("error", "warning", "assert"):
                wrong.append(str(told["args"]))
        elif method == "Log.entryAdded":
            entry = told["entry"]
            if entry["level"] in ("error", "warning"):
                if entry.get("networkRequestId") not in pages:
                    wrong.append(f"{entry['text']} {entry.get('url')}")
        elif method == "Network.loadingFailed":
            wrong.append(f"not loaded: {told['errorText']}")
        elif method == "Network.responseReceived":
            if told["type"] == "Document":
                pages.add(told["requestId"])
    return wrong


@pytest.fixture(scope="module")
def site(module_tmp):
    """(browser, URL of the site's archive, HTTP client)."""
    root = module_tmp / "www"
    root.mkdir()
    # The browser requests this when a page names no icon.
    (root / "favicon.ico").touch()
    with zipfile.ZipFile(
        root / "site.wwz", "w", zipfile.ZIP_DEFLATED
    ) as archive:
        for path in sorted(SITE.rglob("*")):
            archive.write(path, path.relative_to(SITE))
    archives.write(root / "texts.wwz", TEXTS)
    with harness.served(module_tmp, root) as (_, nginx):
        browser = Browser(module_tmp)
        try:
            url = f"http://127.0.0.1:{nginx.port}/site.wwz"
            yield browser, url, nginx.client()
        finally:
            browser.close()


def test_start_page(site):
    browser, url, _ = site
    events = browser.open(url)
    assert complaints(events) == []
    assert browser.value("location.href") == url + "/"
    assert browser.value("document.characterSet") == "UTF-8"
    assert browser.value("document.querySelector('h1').textContent")
    assert browser.value(
        "[...document.images].every(i => i.complete && i.naturalWidth > 0)"
    ), "a picture is missing"
    assert browser.value(
        "[...document.styleSheets].every(s => s.cssRules.length > 0)"
    ), "the style sheet is missing"
    codings = [
        event["params"]["response"]["headers"].get("Content-Encoding")
        for event in events
        if event["method"] == "Network.responseReceived"
    ]
    assert "gzip" in codings, codings


def test_opened_again(site):
    """The browser has all of it, asks for each part, and is told so by 304."""
    browser, url, _ = site
    browser.open(url + "/")
    assert complaints(browser.open(url + "/")) == []

    def answers():
        return [answer["statusCode"] for answer in browser.told(
            "Network.responseReceivedExtraInfo")]

    harness.wait_until(lambda: len(answers()) >= 3, "three answers")
    assert set(answers()) == {304}, answers()


# Path, and a text that the page shows.
PAGES = [
    ("/guide/", ""),
    ("/guide", ""),
    ("/Cr%C3%A8me%20br%C3%BBl%C3%A9e.html", "br\u00fbl\u00e9e"),
    ("/logs/", "build.log"),
    ("/logs/build.log", ""),
    ("/-wwz-index", "Cr\u00e8me br\u00fbl\u00e9e.html"),
    ("/data.json", ""),
    ("/no-such-page.html", ""),
    ("/logs/no-such-page.html", ""),
]


@pytest.mark.parametrize("path, text", PAGES)
def test_page(site, path, text):
    browser, url, _ = site
    assert complaints(browser.open(url + path)) == []
    shown = browser.value("document.body.innerText")
    assert shown and text in shown, shown


def test_links(site):
    """Each link of the start page and of a listing leads to what is there."""
    browser, url, client = site
    origin = url.removesuffix("/site.wwz")
    for page in ("/", "/logs/"):
        browser.open(url + page)
        hrefs = browser.value("[...document.links].map(a => a.href)")
        assert len(hrefs) > 3, hrefs
        for href in hrefs:
            if not href.startswith(url):
                continue
            asked = href.removeprefix(origin).partition("#")[0]
            own = asked.endswith("no-such-page.html")
            got = client.ask(asked, "HEAD")
            # A log's page is opened at its end, or at the last error.
            if got.status == 303:
                got = client.ask(got.get("Location").partition("#")[0], "HEAD")
            assert got.status == (404 if own else 200), href


@pytest.mark.parametrize("name", [
    "meta.html", "none.html", "utf-8.html", "latin.xhtml", "latin.svg",
    "latin.txt", "wide.txt", "wide-be"])
def test_charset(site, name):
    """What the browser makes of the bytes."""
    browser, url, _ = site
    browser.open(url.replace("/site.wwz", "/texts.wwz/") + name)
    assert browser.value(
        "document.documentElement.textContent") == FRENCH


def test_scripts(site):
    """A module under the name that wget saves, its import, and a script without
    an extension."""
    browser, url, _ = site
    events = browser.open(url.replace("/site.wwz", "/texts.wwz/module.html"))
    assert complaints(events) == []
    assert browser.value("document.title") == "plain-es6-module"


def test_pictures(site):
    browser, url, _ = site
    events = browser.open(url.replace("/site.wwz", "/texts.wwz/pictures.html"))
    assert complaints(events) == []
    assert browser.value("[...document.images].map(i => i.naturalWidth)") == [
        8, 8]


def test_unity(site):
    """Scripts and WebAssembly that exist only compressed."""
    browser, url, _ = site
    events = browser.open(url.replace("/site.wwz", "/texts.wwz/unity.html"))
    assert complaints(events) == []
    browser.becomes("document.title", "unity-wasm")
