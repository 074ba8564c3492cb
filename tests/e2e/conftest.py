"""Fixtures; see harness.py for what they are made of."""

import contextlib
import os
import pathlib
import shlex
import sys

import pytest

# Compiled once, but nothing is written beside the sources.
sys.dont_write_bytecode = False
sys.pycache_prefix = str(pathlib.Path(__file__).parents[2] / "build/pycache")

import harness  # noqa: E402

# valgrind and a sanitizer's allocator cannot share a process; packages are made
# with the plain build; the speed of a sanitizer's build is of no interest; and what
# the handbook's commands, axe and the engines of storage ask of wwz, other tests ask,
# too.  So it is with the last of these, in which other programs do nearly all of the work:
# counted line by line, wwz does nothing there that it does not do in other tests.
collect_ignore = (
    ["test_bench.py", "test_handbook.py", "test_package.py",
     "test_storage_engines.py", "test_valgrind.py", "test_axe.py",
     "test_browser.py", "test_clients.py", "test_cluster.py", "test_completion.py",
     "test_contributing.py", "test_mirrors.py", "test_readers.py",
     "test_reports.py", "test_shared_cache.py", "test_sites.py",
     "test_viewers.py"]
    if harness.SANITIZED else [])


# These take longest.  They begin first, so that none of them is left at the end
# while other processors have nothing to do.
LONG = ["test_package.py", "test_pack_again.py", "test_cluster.py",
        "test_fronts_life.py", "test_connections.py", "test_faults.py",
        "test_logview.py", "test_limits.py", "test_exchange.py"]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.name)
               if item.path.name in LONG else len(LONG))


def pytest_report_header():
    lines = [f"wwz: {harness.WWZ}"]
    if harness.SANITIZED:
        names = " and ".join(collect_ignore)
        lines.append(f"a sanitizer build: {names} are left out")
    return lines


def pytest_sessionstart(session):
    if not harness.WWZ.is_file():
        raise pytest.UsageError(f"no {harness.WWZ}: run make, or set WWZ")
    harness.begin()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A responder lets nobody look into it but root: a test that wants to is
    left out without, and it is said."""
    report = (yield).get_result()
    error = call.excinfo and call.excinfo.value
    if (isinstance(error, PermissionError) and os.geteuid() != 0
            and str(error.filename).startswith("/proc/")):
        path, line, _ = item.location
        report.outcome = "skipped"
        report.longrepr = (
            path, line, "Skipped: only root looks into a responder")


def pytest_terminal_summary(terminalreporter):
    """How what failed is repeated alone; scripts/test reads it."""
    stats = terminalreporter.stats
    failed = {report.nodeid: None
              for kind in ("failed", "error") for report in stats.get(kind, [])}
    if failed:
        terminalreporter.ensure_newline()
    for name in failed:
        wwz = os.path.relpath(harness.WWZ, harness.TOP)
        test = shlex.quote(f"tests/e2e/{name}")
        terminalreporter.write_line(
            f"again: WWZ={shlex.quote(wwz)} /usr/bin/python3 -m pytest {test}")


@pytest.fixture
def tmp():
    with harness.short_directory() as path:
        yield path


@pytest.fixture(scope="module")
def module_tmp():
    with harness.short_directory() as path:
        yield path


@pytest.fixture
def root(tmp):
    """An empty document root."""
    path = tmp / "www"
    path.mkdir()
    return path


@pytest.fixture
def serve(tmp, root):
    """serve(*options) starts a responder, which is judged after the test."""
    with contextlib.ExitStack() as stack:

        def start(*options, **more):
            responder = harness.Responder(tmp, root, *options, **more)
            return stack.enter_context(harness.running(responder))

        yield start


@pytest.fixture
def front(tmp, root):
    """front(responder) starts nginx before it."""
    with contextlib.ExitStack() as stack:

        def start(responder):
            nginx = harness.Nginx(tmp, root, responder.address)
            return stack.enter_context(harness.running(nginx))

        yield start
