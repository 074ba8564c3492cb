"""Shared caches in front of nginx and wwz: what deploy/README.md says of them."""

import contextlib
import gzip
import os
import re
import signal

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


def recipe(language, number=0):
    """The lines for this program in the README's part "A shared cache"."""
    text = (fronts.DEPLOY / "README.md").read_text()
    text = text[text.index("## A shared cache"):]
    return text.split(f"```{language}\n")[number + 1].partition("```")[0]


def mod_cache(place, origin):
    home = fronts.own(place.file("cache/.keep", "").parent)
    lines = recipe("apache").replace("/var/cache/apache2", str(home))
    lines = lines.replace("127.0.0.1:8080", f"127.0.0.1:{origin}")
    return fronts.Apache(
        place, lines, modules=["proxy", "proxy_http", "cache", "cache_disk"])


SQUID = """\
http_port 127.0.0.1:{port} accel defaultsite=localhost
{peer}
http_access allow all
cache_mem 64 MB
cache_log /dev/null
access_log none
pid_filename none
pinger_enable off
shutdown_lifetime 0 seconds
cache_effective_user {user}
"""


class Squid(fronts.Front):
    def __init__(self, place, origin):
        port = harness.free_port()
        text = (fronts.DEPLOY / "README.md").read_text()
        (peer,) = re.findall(r"`(cache_peer [^`]*)`", text)
        main = place.file("squid.conf", SQUID.format(
            port=port, user=fronts.USER,
            peer=peer.replace("HOST parent 80", f"127.0.0.1 parent {origin}")))
        # By its name, two of them on one machine do not share memory.
        super().__init__(
            "squid", place,
            ["squid", "-N", "-d", "1", "-n", f"wwz{port}", "-f", main], port)
        self.allow("^(?!.*(FATAL|ERROR|assertion))")


class NginxCache(fronts.Front):
    def __init__(self, place, origin, old="", new=""):
        port = harness.free_port()
        home = fronts.own(place.file("nginx-cache/.keep", "").parent)
        lines = recipe("nginx").replace("/var/cache/nginx", f"{home}/cache")
        lines = lines.replace(old, new, 1)
        lines = lines.replace("listen 80;", f"listen 127.0.0.1:{port};")
        lines = lines.replace("127.0.0.1:8080", f"127.0.0.1:{origin}")
        place.file("nginx-cache/site.conf", lines)
        main = place.file("nginx-cache/nginx.conf", harness.NGINX.replace(
            "user root;", f"user {fronts.USER};" if fronts.AS_ROOT else ""))
        super().__init__(
            "nginx-cache", place,
            ["nginx", "-p", home, "-c", main, "-e", "stderr"], port)


def nginx_stale(place, origin):
    lines = "proxy_cache_valid 200 1s;"
    return NginxCache(place, origin, lines, lines + recipe("nginx", 1))


def nginx_slice(place, origin):
    return NginxCache(
        place, origin, "proxy_cache_valid 200 1s;", recipe("nginx", 2))


def site_cache(place, _):
    """The shipped cache, beside the other nginx."""
    beside = fronts.Place(place.tmp / "beside", place.root)
    beside.socket = place.socket
    return fronts.Nginx(beside, "site-cache.conf", "wwz-cache.conf")


CACHES = {"varnish": Varnish, "squid": Squid, "mod_cache": mod_cache,
          "nginx": NginxCache}


class Cached:
    def __init__(self, root, log, start):
        self.root, self.log, self.start_wwz = root, log, start
        self.wwz = start()

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


@contextlib.contextmanager
def running(kind, cache, tmp, root):
    place = fronts.Place(tmp / "front", root)
    log = tmp / "access.log"
    log.touch()
    log.chmod(0o666)
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        cached = Cached(root, log, lambda: start(harness.running(
            fronts.responder(place, "--access-log", log))))
        cached.put(b"1")
        origin = cached.origin = start(harness.running(fronts.Nginx(place)))
        front = cached.front = start(harness.running(cache(place, origin.port)))
        cached.client = front.client()
        cached.kind = kind
        yield cached
        cached.client.close()


@pytest.fixture(params=CACHES)
def cached(request, tmp, root):
    with running(request.param, CACHES[request.param], tmp, root) as cached:
        yield cached


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
            if cached.kind == "squid" and again.status == 200:
                assert again.body == b"1" + PAGE, again
            else:
                assert (again.status, again.body) == (304, b""), again
    got = cached.ask(PATH, ("Range", "bytes=1000-1999"))
    assert (got.status, got.body) == (206, PAGE[999:1999]), got
    got = cached.ask(BIG_PATH, ("Range", "bytes=-1000"))
    assert (got.status, got.body) == (206, BIG[-1000:]), got
    got = cached.ask(BIG_PATH, ("Range", "bytes=0-9,100-109"))
    assert got.status in (200, 206), got
    assert cached.ask(BIG_PATH).body == b"1" + BIG


@pytest.mark.parametrize("kind, cache", [
    *CACHES.items(), ("nginx, stale", nginx_stale), ("site-cache", site_cache)])
def test_wwz_away(tmp, root, kind, cache):
    """While wwz is away, there is an error, or the page that was kept; then the new
    one."""
    with running(kind, cache, tmp, root) as cached:
        assert cached.ask(PATH).body == b"1" + PAGE
        cached.wwz.end(signal.SIGTERM)
        cached.put(b"2")
        # This nginx knows, when it is asked, that wwz is away; what is young enough
        # comes without that.
        nginx = cached.origin if kind != "site-cache" else cached.front
        nginx.allow(r"connect\(\) to unix:\S+ failed \(\d+: ")
        asked = nginx.err.stat().st_size

        def seen():
            got = cached.ask(PATH)
            return nginx.err.stat().st_size > asked and got

        got = harness.wait_until(seen, "the cache asks")
        if kind in ("mod_cache", "nginx, stale"):
            assert (got.status, got.body) == (200, b"1" + PAGE), got
        else:
            assert got.status == 502, got
        cached.start_wwz()
        harness.wait_until(
            lambda: cached.ask(PATH).body == b"2" + PAGE, "the new page is seen")


def test_slices(tmp, root):
    """nginx fetches no more than the slices that are asked for, once a second."""
    with running("slice", nginx_slice, tmp, root) as cached:
        for first in (3, (1 << 20) - 1, 3 << 20):
            got = cached.ask(
                BIG_PATH, ("Range", f"bytes={first}-{first + 5}"))
            whole = b"1" + BIG
            assert (got.status, got.body) == (206, whole[first : first + 6]), got
        assert cached.ask(BIG_PATH).body == whole
        sizes = [int(size) for size in re.findall(
            rf'"GET {BIG_PATH} HTTP/1.[01]" 206 (\d+) ', cached.log.read_text())]
        assert sizes and max(sizes) <= 512 << 10, sizes
        # Slices of two archives are no body; the client's connection is closed.
        cached.front.allow("etag mismatch in slice response")
        cached.put(b"2")
        harness.wait_until(
            lambda: cached.ask(BIG_PATH).body == b"2" + BIG, "the new archive is seen")
