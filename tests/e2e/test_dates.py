"""Archives whose members all have one date, as Gradle, Bazel, npm and Nix make
them, are replaced: nobody keeps what was there before, or joins it to what is
there now."""

import hashlib
import os
import subprocess

import pytest

import archives
import harness
from test_browser import Browser, complaints

EPOCH = (1980, 1, 1, 0, 0, 0)
FIRST, SECOND = 1_600_000_000, 1_700_000_000
FIRST_DATE = "Sun, 13 Sep 2020 12:26:40 GMT"
SECOND_DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


def replace(path, members, saved):
    """Put an archive there by rename, written at a time."""
    archives.write(path.with_name("new"), members, date=EPOCH)
    os.utime(path.with_name("new"), (saved, saved))
    os.rename(path.with_name("new"), path)


@pytest.fixture(scope="module")
def front(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    (root / "favicon.ico").touch()
    with harness.served(module_tmp, root) as (_, nginx):
        yield root, nginx


def test_wget_again(front, tmp):
    """wget -N: the new one is fetched, and nothing twice.  After a return to
    the old archive wget itself keeps what is newer and has the same size."""
    root, nginx = front
    got = []
    for text, saved in [
        (b"one", FIRST), (b"two", SECOND), (b"two", SECOND), (b"once", FIRST),
    ]:
        replace(root / "w.wwz", {"a.txt": text}, saved)
        done = subprocess.run(
            ["wget", "-N", "-S", "-nv", "-P", tmp,
             f"http://127.0.0.1:{nginx.port}/w.wwz/a.txt"],
            capture_output=True, text=True, timeout=harness.PATIENCE)
        assert done.returncode == 0, done.stderr
        file = tmp / "a.txt"
        got.append((done.stderr.split()[1], file.read_bytes(),
                    file.stat().st_mtime))
    assert got == [("200", b"one", FIRST), ("200", b"two", SECOND),
                   ("304", b"two", SECOND), ("200", b"once", FIRST)]


@pytest.mark.parametrize("name", ["a.txt", "a.bin"])
@pytest.mark.parametrize("old, date, new", [
    (FIRST, FIRST_DATE, SECOND), (SECOND, SECOND_DATE, FIRST)])
def test_by_date(front, name, old, date, new):
    """After a replacement, and after a return to what is older, the old date
    gives the whole, and does not let a range be joined to the old bytes."""
    root, nginx = front
    method = archives.STORED if name == "a.bin" else archives.DEFLATED
    client = nginx.client()

    def asked(*fields):
        got = client.ask(f"/r.wwz/{name}", headers=fields)
        return got.status, got.body, got.get("Last-Modified")

    since = ("If-Modified-Since", date)
    range_ = [("If-Range", date), ("Range", "bytes=5-")]
    replace(root / "r.wwz", {name: (b"first one" * 9, method)}, old)
    assert asked() == (200, b"first one" * 9, date)
    assert asked(since) == (304, b"", None)
    assert asked(*range_)[:2] == (206, (b"first one" * 9)[5:])
    replace(root / "r.wwz", {name: (b"other one" * 9, method)}, new)
    assert asked(since)[:2] == (200, b"other one" * 9)
    assert asked(*range_)[:2] == (200, b"other one" * 9)
    client.close()


def test_listing_of_another(front):
    """A listing's tag is another one as soon as the archive is, though its
    members have the same names, sizes and dates."""
    root, nginx = front
    client, tags = nginx.client(), []
    for text, saved in [(b"one", FIRST), (b"two", FIRST), (b"two", SECOND)]:
        replace(root / "l.wwz", {"a.txt": text}, saved)
        got = client.ask("/l.wwz/", headers=[
            ("If-None-Match", ", ".join(tags))] if tags else [])
        assert got.status == 200, got
        tags.append(got.get("ETag"))
    assert len(set(tags)) == 3, tags
    client.close()


def test_date_of_this_second(front):
    """It may change again before the second is over, so no range is joined
    by such a date."""
    root, nginx = front
    client = nginx.client()
    replace(root / "now.wwz", {"a.txt": b"0123456789"}, FIRST)
    path, far = "/now.wwz/a.txt", 4_000_000_000
    os.utime(root / "now.wwz", (far, far))
    for _ in range(20):
        # A time in the future counts as now, and so does a file written now.
        date = client.ask(path).get("Last-Modified")
        got = client.ask(path, headers=[("If-Range", date),
                                        ("Range", "bytes=0-1")])
        assert got.status == 200, got
    client.close()


def test_replicas(tmp):
    """A packed tree, copied by rsync -a: the same dates and tags on all
    hosts, also of the archive itself, and 304 for what another host sent."""
    tree = tmp / "tree"
    tree.mkdir()
    (tree / "a.txt").write_text("a\n" * 100)
    roots = [tmp / "one", tmp / "two"]
    for root in roots:
        root.mkdir()
    subprocess.run([harness.WWZ, "pack", "-q", tree, roots[0] / "x.wwz"],
                   check=True)
    os.utime(roots[0] / "x.wwz", ns=(FIRST * 10**9 + 123_456_789,) * 2)
    subprocess.run(["rsync", "-a", f"{roots[0]}/", roots[1]], check=True)
    seen, listings = [], []
    for root in roots:
        home = tmp / f"at-{root.name}"
        home.mkdir()
        with harness.served(home, root) as (_, nginx):
            client = nginx.client()
            listing = client.ask("/x.wwz/").get("ETag")
            got = client.ask("/x.wwz/", headers=[("If-None-Match", listing)])
            assert got.status == 304, got
            listings.append(listing)
            for path in ("/x.wwz/a.txt", "/x.wwz/-wwz-archive"):
                got = client.ask(path)
                assert got.status == 200, got
                seen.append((path, got.get("ETag"), got.get("Last-Modified")))
            for path, tag, date in seen:
                for field in [("If-None-Match", tag),
                              ("If-Modified-Since", date)]:
                    got = client.ask(path, headers=[field])
                    assert got.status == 304, (field, got)
            client.close()
    assert seen[:2] == seen[2:], seen
    assert listings[0] == listings[1], listings
    assert [date for _, _, date in seen] == [FIRST_DATE] * 4, seen


PAGE = """<!doctype html><html lang="en"><title>{0}</title>
<link rel="stylesheet" href="style.css"><script src="script.js"></script>
<iframe src="frame.html" title="frame"></iframe><p>{0}</p>"""


def release(word):
    return {
        "index.html": PAGE.format(word),
        "frame.html": f"<!doctype html><html lang=en><title>{word}</title>",
        "style.css": f"p::before {{ content: '{word}' }}",
        "script.js": f"var script = '{word}'",
    }


def test_browser_sees_the_new_one(front, tmp):
    """Between two visits the archive is replaced: all of the second page is
    new, though its files are as old as the first's."""
    root, nginx = front
    url = f"http://127.0.0.1:{nginx.port}/b.wwz/"
    browser = Browser(tmp)
    try:
        for word, saved in [("one", FIRST), ("two", SECOND), ("six", FIRST)]:
            replace(root / "b.wwz", release(word), saved)
            assert complaints(browser.open(url)) == []
            shown = browser.value(
                "[document.title, script, frames[0].document.title, "
                "getComputedStyle(document.querySelector('p'), '::before')"
                ".content]")
            assert shown == [word, word, word, f'"{word}"'], shown
            browser.open("about:blank")
    finally:
        browser.close()


PACKAGE = """Package: dated
Version: {}
Architecture: all
Maintainer: Nobody <nobody@example.org>
Filename: ./dated.deb
Size: 1
SHA256: {:064x}
Description: is not there

"""
APT = """\
Dir "{0}";
Dir::Etc "{0}";
Dir::Etc::Parts "none";
Dir::Etc::SourceList "{0}/sources.list";
Dir::Etc::SourceParts "none";
Dir::State::Status "{0}/status";
Dir::Log "{0}";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::http::Proxy "DIRECT";
"""


def test_apt_update(front, tmp):
    """apt-get update asks with a date alone."""
    root, nginx = front
    (tmp / "apt.conf").write_text(APT.format(tmp))
    (tmp / "status").touch()
    for name in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
        (tmp / name).mkdir(parents=True)
    (tmp / "sources.list").write_text(
        f"deb [trusted=yes] http://127.0.0.1:{nginx.port}/apt.wwz ./\n")

    def apt(*words):
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=harness.PATIENCE,
            env={**os.environ, "APT_CONFIG": str(tmp / "apt.conf"),
                 "LC_ALL": "C"})
        assert done.returncode == 0, done
        return done.stdout

    for version, saved, hit in [
        (1, FIRST, False), (1, FIRST, True), (2, SECOND, False),
        (1, FIRST, False),
    ]:
        packages = PACKAGE.format(version, version).encode()
        sums = f" {hashlib.sha256(packages).hexdigest()} {len(packages)}"
        replace(root / "apt.wwz", {
            "Packages": packages,
            "Release": f"Date: Tue, 01 Jan 1980 00:00:00 UTC\n"
                       f"SHA256:\n{sums} Packages\n",
        }, saved)
        told = apt("apt-get", "update")
        assert ("\nHit:" in told) == hit, told
        assert f"Version: {version}\n" in apt("apt-cache", "show", "dated")
