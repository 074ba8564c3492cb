"""Reports of test and coverage tools, as the tools make them, in a browser with
--untrusted=scripts.  README.md says what works; those whose tools are large to install
(Allure, Playwright) were tried by hand."""

import contextlib
import subprocess

import pytest

import harness
from test_browser import Browser

MODULE = "def add(a, b):\n    return a + b\n\n\ndef never():\n    return 1\n\n\nadd(1, 2)\n"
TRACE = "TN:\nSF:{}\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\n"
ISTANBUL = """
const [lib, report, reports] = ["lib-coverage", "lib-report", "reports"].map(
    name => require(`${process.argv[2]}/istanbul-${name}`));
const path = process.argv[3], at = (line, column) => ({line, column});
reports.create("html").execute(report.createContext({
    dir: process.argv[4],
    coverageMap: lib.createCoverageMap({[path]: {
        path, statementMap: {0: {start: at(2, 4), end: at(2, 16)},
                             1: {start: at(6, 4), end: at(6, 12)}},
        fnMap: {}, branchMap: {}, s: {0: 1, 1: 0}, f: {}, b: {}}}),
}));
"""


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, timeout=harness.PATIENCE)


def coverage(tmp, out):
    run("python3-coverage", "run", "m.py", cwd=tmp)
    run("python3-coverage", "html", "-d", out, cwd=tmp)


def genhtml(tmp, out):
    (tmp / "trace").write_text(TRACE.format(tmp / "m.py"))
    run("genhtml", "-q", "-o", out, "trace", cwd=tmp)


def gcovr(tmp, out):
    (tmp / "m.c").write_text("int main(void)\n{\n\treturn 0;\n}\n")
    run("gcc", "--coverage", "-o", "m", "m.c", cwd=tmp)
    run(tmp / "m", cwd=tmp)
    out.mkdir()
    run("gcovr", "-r", ".", "--html-details", out / "index.html", cwd=tmp)


def istanbul(tmp, out):
    home = harness.npm("npm-istanbul", "istanbul-reports@3.1.7",
                       "istanbul-lib-coverage@3.2.2", "istanbul-lib-report@3.0.1")
    (tmp / "make.js").write_text(ISTANBUL)
    run("node", "make.js", home.parent, tmp / "m.py", out, cwd=tmp)


# What makes the report; what its first page says, for istanbul by a script; the links
# to a page with source; what that page says.
REPORTS = {
    coverage: ("Coverage report", [r"/m_py\.html$"], "def never"),
    genhtml: ("LCOV", [r"x.wwz/.+/index\.html$", r"/m\.py\.gcov\.html$"], "def never"),
    gcovr: ("GCC Code Coverage", [r"/index\.m\.c\.\w+\.html$"], "return 0"),
    istanbul: ("Filter:", [r"/m\.py\.html$"], "def never"),
}


@pytest.fixture(scope="module")
def place(module_tmp):
    """(root, browser, nginx before a responder with --untrusted=scripts)."""
    root = module_tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    with contextlib.ExitStack() as stack:
        _, nginx = stack.enter_context(
            harness.served(module_tmp, root, "--untrusted=scripts"))
        browser = Browser(module_tmp)
        stack.callback(browser.close)
        yield root, browser, nginx


@pytest.mark.parametrize("make", REPORTS, ids=lambda make: make.__name__)
def test_report(place, tmp, make):
    root, browser, nginx = place
    first, links, source = REPORTS[make]
    (tmp / "m.py").write_text(MODULE)
    make(tmp, tmp / "report")
    run(harness.WWZ, "pack", "-q", "report", root / "x.wwz", cwd=tmp)
    browser.open(f"http://127.0.0.1:{nginx.port}/x.wwz/")
    assert browser.value("origin") == "null"
    assert first in browser.value("document.body.innerText")
    for link in links:
        to = browser.value(
            f"[...document.links].find(a => new RegExp({link!r}).test(a.href)).href")
        browser.open(to)
    assert source in browser.value("document.body.innerText"), to
