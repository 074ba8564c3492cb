"""nginx with a cache in front of wwz (site-cache.conf): as without one, and no
answer older than a second."""

import gzip
import os
import time

import pytest

import archives
import fronts
import harness

PAGE = archives.text(4096, 1)
PATH = "/site.wwz/page.html"
MEMBERS = {
    "page.html": PAGE,
    "d/x.html": b"<p>x",
    "large.txt": archives.text(300_000, 2),
}


def replace(root, members, name="site.wwz"):
    """Tests that replace one have one of their own."""
    archives.write(root / "new", members)
    archives.stamp(root / "new")
    os.rename(root / "new", root / name)


@pytest.fixture(scope="module")
def place(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    return fronts.Place(module_tmp / "front", root)


def access_log(place):
    return place.root.parent / "access.log"


@pytest.fixture(scope="module")
def responder(place):
    log = access_log(place)
    log.touch()
    log.chmod(0o666)
    with harness.running(
            fronts.responder(place, "--max-age", "3600", "--access-log",
                             log)) as responder:
        responder.allow("archive-missing")
        yield responder


@pytest.fixture(scope="module")
def nginx(place, responder):
    with harness.running(
            fronts.Nginx(place, "site-cache.conf", "wwz-cache.conf")) as nginx:
        yield nginx


@pytest.fixture
def client(place, nginx):
    if not (place.root / "site.wwz").exists():
        replace(place.root, MEMBERS)
    client = nginx.client()
    yield client
    client.close()


def test_that_it_is_a_cache(client, place):
    """Several requests within a second cost wwz one, a few at a second's end."""
    def asked():
        return access_log(place).read_text().count(PATH)

    client.ask(PATH)
    harness.wait_until(lambda: asked() > 0, "a line in the log")
    before, begun = asked(), time.monotonic()
    for _ in range(200):
        assert client.ask(PATH).body == PAGE
    seconds = time.monotonic() - begun
    assert asked() - before <= seconds + 3, "asked wwz again and again"


def test_not_older_than_a_second(place, client):
    """Each answer is what the archive held at most a second before nginx had
    it, which is as long as the request took that fetched it."""
    renamed = {}  # version to when it was in place no longer
    now = time.monotonic
    version, answers, longest, begun = 0, 0, 0, now()
    next_ = begun
    replace(place.root, {"page.html": b"0"}, "young.wwz")
    while now() < begun + 4 or version <= 4 or answers <= 100:
        if now() >= next_:
            version += 1
            replace(place.root, {"page.html": b"%d" % version}, "young.wwz")
            renamed[version - 1] = now()
            next_ = now() + (0.35 if version % 3 else 1.2)
        asked = now()
        got = client.ask("/young.wwz/page.html")
        assert got.status == 200, got
        longest = max(longest, now() - asked)
        over = renamed.get(int(got.body))
        assert over is None or asked - over < 1 + longest, (
            f"version {got.body} {asked - over:.3f} s after it was replaced")
        answers += 1


def test_codings_are_not_mixed_up(client):
    for _ in range(3):
        for field, coding in [
            (None, None), ("gzip", "gzip"), ("identity", None),
            ("gzip, deflate", "gzip"), ("gzip, deflate, br, zstd", "gzip"),
            ("gzip;q=0", None), ("br", None), ("*", "gzip"),
            ("gzip,deflate,br", "gzip"), ("identity;q=0, gzip", "gzip"),
        ]:
            fields = [] if field is None else [("Accept-Encoding", field)]
            got = client.ask(PATH, headers=fields)
            body = got.body
            assert got.status == 200, got
            assert got.get("Content-Encoding") == coding, (field, got)
            if coding is not None:
                body = gzip.decompress(body)
            assert body == PAGE, (field, got)
            assert got.get("Vary") == "Accept-Encoding", got
            assert got.get("Cache-Control") == "max-age=3600", got
    assert client.ask(PATH, headers=[
        ("Accept-Encoding", "identity;q=0, br")]).status == 406


def test_head(client):
    for path, size in [(PATH, 4096), ("/site.wwz/large.txt", 300_000)]:
        for method in ["HEAD", "GET", "HEAD"]:
            got = client.ask(path, method)
            assert (got.status, got.get("Content-Length")) == (
                200, str(size)), got
            assert len(got.body) == (size if method == "GET" else 0), got


def test_ranges_and_conditions(client):
    for fields in [(), [("Accept-Encoding", "gzip")]]:
        tag = client.ask(PATH, headers=fields).get("ETag")
        for more, status, body in [
            ([("Range", "bytes=10-19")], 206, PAGE[10:20]),
            ([("Range", "bytes=-5")], 206, PAGE[-5:]),
            ([("Range", "bytes=9999-")], 416, None),
            ([("If-None-Match", tag)], 304, b""),
            ([("If-None-Match", f'"x", W/{tag}')], 304, b""),
            ([("If-None-Match", '"other"')], 200, None),
            ([("If-None-Match", tag), ("If-Modified-Since",
                                       "Thu, 01 Jan 1970 00:00:00 GMT")],
             304, b""),
            ([("If-Modified-Since", archives.HTTP_DATE)], 304, b""),
            ([("If-Match", '"other"')], 412, None),
            ([("If-Range", '"other"'), ("Range", "bytes=0-1")], 200, None),
        ]:
            got = client.ask(PATH, headers=[*fields, *more])
            assert got.status == status, (more, got)
            assert body is None or got.body == body, (more, got)


def test_errors_are_not_kept(place, client):
    replace(place.root, MEMBERS, "changes.wwz")
    for path in ["/changes.wwz/none.html", "/later.wwz/page.html"]:
        assert client.ask(path).status == 404
    replace(place.root, MEMBERS, "later.wwz")
    replace(place.root, {**MEMBERS, "none.html": b"now"}, "changes.wwz")
    for path in ["/changes.wwz/none.html", "/later.wwz/page.html"]:
        got = client.ask(path)
        assert got.status == 200, f"the error was kept: {got}"
    (place.root / "later.wwz").unlink()
    harness.wait_until(
        lambda: client.ask("/later.wwz/page.html").status == 404,
        "it is gone from the cache")


def test_queries_and_redirects(client):
    for query in ["", "?a", "?a=%2F", ""]:
        got = client.ask("/site.wwz" + query)
        assert got.status == 301, got
        assert got.get("Location").endswith("/site.wwz/" + query), got
    shown = {client.ask(f"/site.wwz/d/{query}").body
             for query in ["?format=json", "-wwz-index", ""]}
    assert len(shown) >= 2
