"""Shared caches in front of nginx and wwz: what deploy/README.md says of them."""

import contextlib
import gzip
import os

import pytest

import archives
import fronts
import harness

PAGE = archives.text(50_000, 1)
BIG = archives.noise(3 << 20, 7)
PATH = "/site.wwz/page.html"
BIG_PATH = "/site.wwz/big.bin"


class Varnish(fronts.Front):
    def __init__(self, place, origin):
        port = harness.free_port()
        text = fronts.shipped("varnish/wwz.vcl", ("8080", origin))
        vcl = place.file("wwz.vcl", text)
        home = fronts.own(place.file("varnish/.keep", "").parent)
        super().__init__(
            "varnish", place,
            ["varnishd", "-F", "-j", "none", "-n", home, "-f", vcl,
             "-a", f"127.0.0.1:{port}", "-s", "malloc,64m"],
            port, **fronts.drop())
        self.allow("^(Debug|Info|Child) ?.*")
        self.expect("^Error: Manager got SIGTERM")


def recipe(language):
    """The lines for this program in the README's part "A shared cache"."""
    text = (fronts.DEPLOY / "README.md").read_text()
    text = text[text.index("## A shared cache"):]
    begin = text.index(f"```{language}\n") + len(f"```{language}\n")
    return text[begin:text.index("```", begin)]


def mod_cache(place, origin):
    home = fronts.own(place.file("cache/.keep", "").parent)
    lines = recipe("apache").replace("/var/cache/apache2", str(home))
    lines = lines.replace("127.0.0.1:8080", f"127.0.0.1:{origin}")
    return fronts.Apache(
        place, lines, modules=["proxy", "proxy_http", "cache", "cache_disk"])


class NginxCache(fronts.Front):
    def __init__(self, place, origin):
        port = harness.free_port()
        home = fronts.own(place.file("nginx-cache/.keep", "").parent)
        lines = recipe("nginx").replace("/var/cache/nginx", f"{home}/cache")
        lines = lines.replace("listen 80;", f"listen 127.0.0.1:{port};")
        lines = lines.replace("127.0.0.1:8080", f"127.0.0.1:{origin}")
        place.file("nginx-cache/site.conf", lines)
        main = place.file("nginx-cache/nginx.conf", harness.NGINX.replace(
            "user root;", f"user {fronts.USER};" if fronts.AS_ROOT else ""))
        super().__init__(
            "nginx-cache", place,
            ["nginx", "-p", home, "-c", main, "-e", "stderr"], port)


CACHES = {"varnish": Varnish, "mod_cache": mod_cache, "nginx": NginxCache}


class Cached:
    def __init__(self, root, log, client):
        self.root, self.log, self.client = root, log, client

    def put(self, mark):
        archives.write(self.root / "new", {
            "page.html": mark + PAGE, "big.bin": (mark + BIG, archives.STORED)})
        os.rename(self.root / "new", self.root / "site.wwz")

    def asked(self, status):
        """How many requests wwz answered with status."""
        return self.log.read_text().count(f'HTTP/1.1" {status} ') + (
            self.log.read_text().count(f'HTTP/1.0" {status} '))

    def ask(self, path, *fields):
        got = self.client.ask(path, headers=fields)
        if got.get("Content-Encoding") == "gzip" and got.status == 200:
            got.body = gzip.decompress(got.body)
        return got


@pytest.fixture(params=CACHES)
def cached(request, tmp, root):
    place = fronts.Place(tmp / "front", root)
    log = tmp / "access.log"
    log.touch()
    log.chmod(0o666)
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        cached = Cached(root, log, None)
        cached.put(b"1")
        start(harness.running(
            fronts.responder(place, "--access-log", log)))
        origin = start(harness.running(fronts.Nginx(place)))
        front = start(harness.running(
            CACHES[request.param](place, origin.port)))
        cached.client = front.client()
        cached.kind = request.param
        yield cached
        cached.client.close()


def test_kept_and_asked_again(cached):
    """A member is fetched once, then asked for with its entity tag; a new archive is
    seen."""
    assert cached.ask(PATH).body == b"1" + PAGE
    harness.wait_until(lambda: cached.asked(200), "the first answer's line")

    def asked_again():
        assert cached.ask(PATH).body == b"1" + PAGE
        return cached.asked(304)

    harness.wait_until(asked_again, "wwz is asked with an entity tag")
    assert cached.asked(200) == 1
    cached.put(b"2")
    harness.wait_until(
        lambda: cached.ask(PATH).body == b"2" + PAGE, "the new archive is seen")


def test_forms_and_ranges(cached):
    """Codings are not mixed up; tags give 304; ranges are those of the form."""
    for _ in range(3):
        for field, coding in [("gzip", "gzip"), ("identity", None),
                              ("gzip, deflate, br, zstd", "gzip")]:
            fields = [("Accept-Encoding", field)]
            got = cached.ask(PATH, *fields)
            assert got.get("Content-Encoding") == coding, got
            assert got.body == b"1" + PAGE, got
            assert "Accept-Encoding" in got.get("Vary"), got
            again = cached.ask(
                PATH, *fields, ("If-None-Match", got.get("ETag")))
            assert (again.status, again.body) == (304, b""), again
    got = cached.ask(PATH, ("Range", "bytes=1000-1999"))
    assert (got.status, got.body) == (206, PAGE[999:1999]), got
    got = cached.ask(BIG_PATH, ("Range", "bytes=-1000"))
    assert (got.status, got.body) == (206, BIG[-1000:]), got
    got = cached.ask(BIG_PATH, ("Range", "bytes=0-9,100-109"))
    assert got.status in (200, 206), got
    assert cached.ask(BIG_PATH).body == b"1" + BIG
