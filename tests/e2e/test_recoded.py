"""Front ends that compress what wwz sends, and write the entity tag anew: who
asks with that tag gets 304."""

import gzip

import pytest

import archives
import fronts
import harness

TEXT = archives.text(5000)
MODULES = "".join(
    f"LoadModule {name}_module {fronts.APACHE_MODULES}/mod_{name}.so\n"
    for name in ("deflate", "brotli"))
APACHE = (" no-gzip no-brotli", " unused")
# How to start it, what changes in the shipped configuration, the coding, and
# the tag that it makes of "x".
FRONTS = {
    "mod_deflate": (
        lambda place: fronts.proxy_fcgi(
            place, more=MODULES + "SetOutputFilter DEFLATE"),
        APACHE, "gzip", '"x-gzip"'),
    "mod_brotli": (
        lambda place: fronts.proxy_fcgi(
            place, more=MODULES + "SetOutputFilter BROTLI_COMPRESS"),
        APACHE, "br", '"x-br"'),
    "nginx": (
        fronts.Nginx,
        ("gzip off;", "gzip on; gzip_types text/plain;"), "gzip", 'W/"x"'),
}


@pytest.mark.parametrize("name", FRONTS)
def test_asked_again(tmp, root, monkeypatch, name):
    start, change, coding, form = FRONTS[name]
    shipped = fronts.shipped
    monkeypatch.setattr(
        fronts, "shipped", lambda *args: shipped(*args).replace(*change))
    place = fronts.Place(tmp, root)
    archives.write(root / "x.wwz", {"a.txt": (TEXT, archives.STORED)})
    with harness.running(fronts.responder(place)):
        with harness.running(start(place)) as front:
            client = front.client()
            accept = ("Accept-Encoding", coding)
            tag = client.ask("/x.wwz/a.txt").get("ETag")
            got = client.ask("/x.wwz/a.txt", headers=[accept])
            assert got.get("Content-Encoding") == coding, got
            if coding == "gzip":
                assert gzip.decompress(got.body) == TEXT
            recoded = got.get("ETag")
            assert recoded == form.replace('"x', tag[:-1]), got
            for field in (recoded, f'"other", {recoded}'):
                got = client.ask("/x.wwz/a.txt", headers=[
                    accept, ("If-None-Match", field)])
                assert (got.status, got.body) == (304, b""), got
            other = recoded.replace("-", "-1", 1)
            got = client.ask("/x.wwz/a.txt", headers=[
                accept, ("If-None-Match", other)])
            assert got.status == 200, got
            client.close()
