"""Sites as their generators make them, clicked through in a browser: a handbook of
MkDocs, and a single-page app of Vite with `_redirects`; behind nginx, at /site.wwz/ and as
a whole site, and in `wwz preview`."""

import contextlib
import subprocess

import pytest

import fronts
import harness
from test_browser import Browser, complaints
from test_preview import Preview

MKDOCS = """\
site_name: Handbook
nav: [{Start: index.md}, {Guide: guide/first.md}]
theme: {name: mkdocs, highlightjs: false}
"""
PAGES = {
    "index.md": "# Start\n\nRead the [guide](guide/first.md).\n",
    "guide/first.md": "# Guide\n\n## Of zebras\n\nBack to the [start](../index.md).\n",
}
APP = """\
const base = import.meta.env.BASE_URL;
const show = () => {
    const path = location.pathname.slice(base.length);
    document.querySelector("main").textContent =
        path ? `page of ${path}` : "home";
};
document.querySelector("a").href = `${base}users/7`;
document.querySelector("a").addEventListener("click", event => {
    event.preventDefault();
    history.pushState(null, "", event.target.href);
    show();
});
addEventListener("popstate", show);
import("./later.js").then(later => later.default());
show();
"""
FILES = {
    "index.html": '<!doctype html><link rel=icon href="/icon.svg"><a>user</a><main></main>'
                  '<p></p><script type=module src="/main.js"></script>',
    "main.js": APP,
    "later.js": "export default () => "
                "document.querySelector('p').textContent = 'loaded later'",
    "public/icon.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "public/_redirects": "/* /index.html 200\n",
}


def write(home, files):
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def handbook(tmp, base):
    write(tmp / "docs", PAGES)
    write(tmp, {"mkdocs.yml": MKDOCS + f"site_url: http://127.0.0.1{base}\n"})
    subprocess.run(["mkdocs", "build", "-q", "-d", "out"], cwd=tmp, check=True,
                   timeout=harness.PATIENCE)


def app(tmp, base):
    write(tmp, FILES)
    vite = harness.npm("npm-vite", "vite@5.4.9")
    subprocess.run(
        ["node", vite / "bin/vite.js", "build", "--logLevel=error",
         f"--base={base}", "--outDir=out"], cwd=tmp, check=True,
        timeout=harness.PATIENCE)


@pytest.fixture(scope="module")
def browser(module_tmp):
    with contextlib.closing(Browser(module_tmp)) as browser:
        yield browser


def below(front):
    return fronts.Nginx(front)


def whole(front):
    return fronts.Nginx(front, "whole-site.conf", None)


def preview(front):
    return Preview(front.tmp, front.root / "site.wwz")


@pytest.fixture(params=[below, whole, preview], ids=lambda start: start.__name__)
def place(tmp, request):
    """(base, build): build(make) packs the site, and gives the URL at which it is
    shown."""
    start = request.param
    base = "/site.wwz/" if start is below else "/"
    root = tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    with contextlib.ExitStack() as stack:
        def build(make):
            work = tmp / "site"
            make(work, base)
            subprocess.run([harness.WWZ, "pack", "-q", work / "out",
                            root / "site.wwz"], check=True)
            front = fronts.Place(tmp / "front", root)
            if start is not preview:
                stack.enter_context(harness.running(fronts.responder(front)))
            server = stack.enter_context(harness.running(start(front)))
            return f"http://127.0.0.1:{server.port}{base}"
        yield base, build


def text(browser):
    return browser.value("document.body.innerText")


def wait_for_the_rest(browser):
    """A page is loaded before what its scripts import by a call."""
    harness.wait_until(lambda: "loaded later" in text(browser), "the import")


def test_handbook(browser, place):
    base, build = place
    url = build(handbook)
    browser.open(url)
    for link, path, words in [
        ("guide", "guide/first/", "Of zebras"), ("start", "", "Read the guide"),
        ("Guide", "guide/first/", "Of zebras"),
    ]:
        browser.click(link)
        assert browser.value("location.pathname") == base + path
        assert words in text(browser)
        assert complaints(browser.events) == []
    # The search loads an index and a worker.
    browser.open(f"{url}search.html?q=zebras")
    harness.wait_until(
        lambda: browser.value(
            "[...document.querySelectorAll('#mkdocs-search-results a')]"
            ".some(a => a.href.endsWith('guide/first/#of-zebras'))"),
        "the search to find it")
    assert complaints(browser.events) == []
    # Its page for what is missing, with style.
    browser.open(f"{url}guide/none")
    assert "Page not found" in text(browser)
    assert browser.value("document.styleSheets.length") > 0
    assert complaints(browser.events) == []


def test_app(browser, place):
    base, build = place
    url = build(app)
    browser.open(url)
    assert "home" in text(browser)
    wait_for_the_rest(browser)
    # The page stays, with another address.
    browser.value("document.links[0].click()")
    assert browser.value("location.pathname") == f"{base}users/7"
    assert "page of users/7" in text(browser)
    # The server answers for this address, too, and for all others that are no member.
    for path in ("users/7", "users/7/edit/", "x.html", "a/b.css?x=1"):
        browser.open(url + path)
        assert f"page of {path.partition('?')[0]}" in text(browser), path
        wait_for_the_rest(browser)
        assert complaints(browser.events) == []
