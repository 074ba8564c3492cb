"""Front ends that compress: what wwz sends goes through as it is, with the shipped
configuration."""

import gzip

import pytest

import archives
import fronts
import harness

PAGE = archives.text(5000)
MODULES = "".join(
    f"LoadModule {name}_module {fronts.APACHE_MODULES}/mod_{name}.so\n"
    for name in ("deflate", "brotli"))
GZIP = MODULES + "SetOutputFilter DEFLATE"
BROTLI = MODULES + "SetOutputFilter BROTLI_COMPRESS"


def fcgid(name):
    def start(place, more):
        files = {".htaccess": f"{name}.htaccess"}
        if name != "wrapper":
            files["bin/.htaccess"] = "bin.htaccess"
            fronts.fcgid_program(place)
        fronts.put_htaccess(place, files)
        return fronts.fcgid(place, more)
    return start


def versions(place, more):
    docs = place.root / "docs"
    docs.mkdir()
    (place.root / "site.wwz").rename(docs / "1.2.wwz")
    return fronts.proxy_fcgi(place, more=more + "\n" + fronts.shipped(
        "apache-mod_proxy_fcgi/versions.conf",
        (fronts.SOCKET, place.socket), (fronts.ROOT, place.root)))


APACHES = {
    "mod_proxy_fcgi": lambda place, more: fronts.proxy_fcgi(place, more=more),
    "mod_proxy_fcgi-whole-site": lambda place, more: fronts.proxy_fcgi(
        place, "whole-site.conf", more),
    "mod_proxy_fcgi-versions": versions,
    "cgi": lambda place, more: fronts.apache_cgi(place, more),
    "wrapper": fcgid("wrapper"),
    "rewrite": fcgid("rewrite"),
    "action": fcgid("action"),
}


@pytest.fixture
def place(tmp, root):
    archives.write(root / "site.wwz", {
        "a.txt": (PAGE, archives.STORED),
        "b.txt": PAGE,
    })
    (root / "plain.txt").write_bytes(PAGE)
    return fronts.Place(tmp / "front", root)


def check_as_sent(client, base, accept):
    """Members come as wwz sends them, and their entity tags are good for 304."""
    fields = [("Accept-Encoding", accept)]
    for name, coding in [("a.txt", None),
                         ("b.txt", "gzip" if "gzip" in accept else None)]:
        path = f"{base}/{name}"
        got = client.ask(path, headers=fields)
        assert got.get("Content-Encoding") == coding, got
        body = gzip.decompress(got.body) if coding else got.body
        assert body == PAGE, got
        tag = got.get("ETag")
        assert tag.startswith('"') and len(tag) < 40, got
        again = client.ask(path, headers=[*fields, ("If-None-Match", tag)])
        assert (again.status, again.get("ETag")) == (304, tag), again
        part = client.ask(path, headers=[*fields, ("Range", "bytes=1000-1999")])
        assert (part.status, part.body) == (206, PAGE[1000:2000]), part


@pytest.mark.parametrize("accept, more", [("gzip", GZIP), ("br", BROTLI)],
                         ids=["deflate", "brotli"])
@pytest.mark.parametrize("name", APACHES)
def test_apache(place, name, accept, more):
    whole = name.endswith("whole-site")
    base = "/docs/1.2" if name.endswith("versions") else "/site.wwz"
    with harness.running(fronts.responder(place)):
        with harness.running(APACHES[name](place, more)) as front:
            client = front.client(fronts.HOST if whole else None)
            check_as_sent(client, "" if whole else base, accept)
            if not whole:
                got = client.ask(
                    "/plain.txt", headers=[("Accept-Encoding", accept)])
                assert got.get("Content-Encoding") == accept, (
                    f"Apache does not compress: {got}")
            client.close()


def test_caddy(place, monkeypatch):
    """The lines of the comment in Caddyfile."""
    shipped = fronts.shipped
    monkeypatch.setattr(fronts, "shipped", lambda *args: shipped(*args).replace(
        "#@plain", "@plain").replace("#encode", "encode"))
    with harness.running(fronts.responder(place)):
        with harness.running(fronts.Caddy(place)) as front:
            client = front.client()
            check_as_sent(client, "/site.wwz", "gzip")
            got = client.ask(
                "/plain.txt", headers=[("Accept-Encoding", "gzip")])
            assert got.get("Content-Encoding") == "gzip", (
                f"Caddy does not compress: {got}")
            client.close()
