"""What scripts out of an archive can do in a browser to the rest of the host: a
service worker gets no page outside of its archive, and with --untrusted=scripts
scripts run, but not as the site."""

import contextlib

import pytest

import archives
import harness
from test_browser import Browser

WORKER = b"addEventListener('fetch', e => e.respondWith(new Response('mine')))"
MEMBERS = {
    "index.html": b"<!doctype html><title>index</title>",
    "sw.js": WORKER, "sub/sw.js": WORKER,
    "sub/index.html": b"<!doctype html><title>sub</title>",
    "report.html": b"<!doctype html><title>report</title><p id=p>empty</p>"
                   b"<script src=report.js></script>",
    "report.js": b"document.getElementById('p').textContent = 'filled'",
    "data.json": b'{"passed": 3}',
    # What would widen the scope, if it were sent.
    "_headers": b"/*\n  Service-Worker-Allowed: /\n  X-Robots-Tag: none\n",
}


@pytest.fixture(scope="module")
def place(module_tmp):
    """(browser, and nginx before responders: one with no option, one with
    --untrusted, one with --untrusted=scripts)."""
    root = module_tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    archives.write(root / "x.wwz", MEMBERS)
    archives.write(root / "y.wwz", MEMBERS)
    with contextlib.ExitStack() as stack:
        fronts = []
        for name, *options in (["trusted"], ["un", "--untrusted"],
                               ["scripts", "--untrusted=scripts"]):
            (module_tmp / name).mkdir()
            responder, nginx = stack.enter_context(
                harness.served(module_tmp / name, root, *options))
            responder.allow("warn rule-wrong")
            fronts.append(nginx)
        browser = Browser(module_tmp)
        stack.callback(browser.close)
        yield browser, *fronts


def page(nginx):
    return f"http://127.0.0.1:{nginx.port}/x.wwz/"


def register(browser, script, scope):
    """The scope that a worker got, or the name of the error."""
    got = browser.call(
        "Runtime.evaluate", awaitPromise=True, returnByValue=True, expression=f"""
        (async () => {{
            const worker = await navigator.serviceWorker.register(
                {script!r}, {{scope: {scope!r}}});
            await worker.unregister();
            return new URL(worker.scope).pathname;
        }})().catch(error => error.name)""")
    return got["result"].get("value")


@pytest.mark.parametrize("script, scope, result", [
    ("sw.js", "./", "/x.wwz/"), ("sub/sw.js", "sub/", "/x.wwz/sub/"),
    ("sw.js", "sub/", "/x.wwz/sub/"), ("sw.js", "/", "SecurityError"),
    ("sw.js", "../", "SecurityError"), ("sw.js", "/y.wwz/", "SecurityError"),
    ("sw.js", "/x.ww", "SecurityError"), ("sub/sw.js", "./", "SecurityError"),
    ("/y.wwz/sw.js", "/x.wwz/", "SecurityError"),
    ("sub/../sw.js", "/", "SecurityError"),
    # An encoded slash is no way up, for browser or server.
    ("sub/..%2fsw.js", "./", "TypeError"),
])
def test_scope(place, script, scope, result):
    browser, nginx, *_ = place
    browser.open(page(nginx))
    assert register(browser, script, scope) == result


def test_the_field_is_not_sent(place):
    """Although the archive's other rule counts."""
    with contextlib.closing(place[1].client()) as client:
        got = client.ask("/x.wwz/sw.js", headers=[("Service-Worker", "script")])
    assert got.status == 200 and got.get("X-Robots-Tag") == "none", got
    assert got.get("Service-Worker-Allowed") is None, got


def test_untrusted(place):
    """A page in a sandbox registers none at all: its origin is its own."""
    browser, _, nginx, _ = place
    browser.open(page(nginx))
    assert register(browser, "sw.js", "./") == "SecurityError"


def result(browser, expression):
    """What it gives in the page, or the name of the error."""
    got = browser.call(
        "Runtime.evaluate", awaitPromise=True, returnByValue=True,
        expression=f"(async () => {expression})().catch(error => error.name)")
    return got["result"].get("value")


def test_scripts_in_a_sandbox(place):
    """A report is filled by its script, which has the rights of no site."""
    browser, plain, sandboxed, nginx = place
    for server, text in ((plain, "filled"), (sandboxed, "empty"), (nginx, "filled")):
        browser.open(page(server) + "report.html")
        assert browser.value("document.getElementById('p').textContent") == text
    assert result(browser, "self.origin") == "null"
    for expression in ("document.cookie", "localStorage.length",
                       "navigator.serviceWorker.register('sw.js')"):
        assert result(browser, expression) == "SecurityError", expression
    # Its own files are another site's, for fetch; deploy/cors changes that.
    fetch = "(await (await fetch('data.json')).json()).passed"
    assert result(browser, fetch) == "TypeError"
    browser.open(page(plain) + "report.html")
    assert result(browser, fetch) == 3
