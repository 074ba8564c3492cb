"""wwz's own pages as axe-core sees them: names of controls, landmarks, headings,
contrast, and targets that are large enough for a finger."""

import contextlib
import json

import pytest

import archives
import harness
from test_browser import Browser

LOGS = harness.TOP / "testdata/logs"
AXE = "axe-core@4.11.0"

PAGES = {
    "log": "/x.wwz/groups.log/-wwz-log?from=1&mark=3-5",
    "links": "/x.wwz/gcc.log/-wwz-log?from=1",
    "following": "/x.wwz/gcc.log/-wwz-log?tail=200&refresh=3600",
    "results": "/x.wwz/groups.log/-wwz-log?q=e&context=1",
    "nothing": "/x.wwz/empty.log/-wwz-log?from=1",
    "search": "/x.wwz/-wwz-search?q=error",
    "listing": "/x.wwz/",
    "images": "/x.wwz/pictures/?view=images",
    "status": "/x.wwz/-wwz-status",
    "error": "/x.wwz/missing",
}

# All rules but those still being tried out.  Where there is no mouse, targets have
# 24 pixels.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
RUN = """axe.run(document, {runOnly: %s}).then(found => JSON.stringify(
    found.violations.map(fault => [fault.id, fault.nodes.length,
                                   fault.nodes[0].html.slice(0, 300),
                                   fault.nodes[0].failureSummary])))"""


@pytest.fixture(scope="module")
def url(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    logs = {path.name: path.read_bytes() for path in LOGS.glob("*.log")}
    archives.write(root / "x.wwz", {
        **logs, "empty.log": b"", "a/b.txt": b"b", "notes.txt": b"notes",
        "pictures/a.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "pictures/README.md": b"# Pictures\n"})
    with harness.served(module_tmp, root, "--status") as (_, nginx):
        yield f"http://127.0.0.1:{nginx.port}"


@pytest.fixture(scope="module")
def browser(module_tmp):
    with contextlib.closing(Browser(module_tmp)) as browser:
        yield browser


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (1280, "light")])
@pytest.mark.parametrize("page", PAGES)
def test_axe(url, browser, page, width, scheme):
    phone = width < 600
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=844,
                 deviceScaleFactor=1, mobile=phone)
    browser.call("Emulation.setTouchEmulationEnabled", enabled=phone)
    browser.call("Emulation.setEmulatedMedia", features=[
        {"name": "prefers-color-scheme", "value": scheme}])
    browser.open(url + PAGES[page])
    tags = TAGS + ["wcag22aa"] * phone
    script = (harness.npm("npm-axe", AXE) / "axe.min.js").read_text()
    got = browser.call("Runtime.evaluate", expression=f"{script};{RUN % tags}",
                       awaitPromise=True, returnByValue=True)
    assert "exceptionDetails" not in got, got
    assert browser.value("matchMedia('(pointer: coarse)').matches") == phone
    faults = json.loads(got["result"]["value"])
    assert faults == [], json.dumps(faults, indent=1)
