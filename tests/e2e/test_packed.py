"""Members that exist only compressed: assets with their own type and coding, and
log pages of compressed logs."""

import bz2
import functools
import gzip
import json
import lzma
import re
import subprocess

import pytest

import archives
import harness
from test_logview import compare, lines_of, numbered, page

UTF8 = "; charset=utf-8"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
LATIN = "d\u00e9j\u00e0 vu\n".encode("latin-1")


def brotli(content):
    return subprocess.run(["brotli", "-c"], input=content, check=True,
                          capture_output=True).stdout


def unity_brotli(content):
    """As Unity's own brotli does, with a comment as a block of metadata; then a
    block that is not compressed, and an empty last one (RFC 7932, section 9)."""
    text = b"UnityWeb Compressed Content (brotli)"
    # Window of 22 bits; then: not the last block, metadata, its size in a byte.
    comment = 0b1011 | 0 << 4 | 0b11 << 5 | 0 << 7 | 0b01 << 8
    comment |= (len(text) - 1) << 10
    block = len(content) - 1 << 3 | 1 << 19
    return (comment.to_bytes(3, "little") + text + block.to_bytes(3, "little")
            + content + b"\x03")


# Name: content, outer type, inner type, coding.
ASSETS = {
    "a.svgz": (gzip.compress(SVG), "application/gzip", "image/svg+xml", "gzip"),
    "A.SVGZ": (gzip.compress(SVG), "application/gzip", "image/svg+xml", "gzip"),
    "Build/x.js.gz": (gzip.compress(b"0"), "application/gzip",
                      "text/javascript" + UTF8, "gzip"),
    "Build/x.framework.js.br": (brotli(b"0"), "application/octet-stream",
                                "text/javascript" + UTF8, "br"),
    "Build/x.wasm.br": (brotli(b"\0asm"), "application/octet-stream",
                        "application/wasm", "br"),
    "Build/x.wasm.gz": (gzip.compress(b"\0asm"), "application/gzip",
                        "application/wasm", "gzip"),
    "Build/x.data.gz": (gzip.compress(b"\0"), "application/gzip",
                        "application/octet-stream", "gzip"),
    "Build/x.data.br": (brotli(b"\0"), "application/octet-stream",
                        "application/octet-stream", "br"),
    "Build/x.symbols.json.gz": (gzip.compress(b"{}"), "application/gzip",
                                "application/json", "gzip"),
    "Build/x.wasm.unityweb": (gzip.compress(b"\0asm"),
                              "application/octet-stream", "application/wasm",
                              "gzip"),
    "Build/y.wasm.unityweb": (unity_brotli(b"\0asm"),
                              "application/octet-stream", "application/wasm",
                              "br"),
    "Build/x.data.unityweb": (gzip.compress(b"\0"), "application/octet-stream",
                              "application/octet-stream", "gzip"),
    "a.html.gz": (gzip.compress(b"<p>\xc3\xa9"), "application/gzip",
                  "text/html" + UTF8, "gzip"),
    "latin.html.gz": (gzip.compress(b"<p>" + LATIN), "application/gzip",
                      "text/html", "gzip"),
    "a.css.zst": (archives.zstd(b"p{}"), "application/zstd",
                  "text/css" + UTF8, "zstd"),
    "man.1.gz": (gzip.compress(b".TH a\n"), "application/gzip",
                 "text/plain" + UTF8, "gzip"),
    "syslog.2.gz": (gzip.compress(b"a\n"), "application/gzip",
                    "text/plain" + UTF8, "gzip"),
    "latin.log.gz": (gzip.compress(LATIN), "application/gzip", "text/plain",
                     "gzip"),
    "a.out.zst": (archives.zstd(b"a\n"), "application/zstd",
                  "text/plain" + UTF8, "zstd"),
}
# These are sent as they are stored, whatever the client accepts.
FILES = {
    "a.tar.gz": (gzip.compress(b"a"), "application/gzip"),
    "a.csv.gz": (gzip.compress(b"a,b\n"), "application/gzip"),
    "sitemap.xml.gz": (gzip.compress(b"<a/>"), "application/gzip"),
    "README.gz": (gzip.compress(b"a"), "application/gzip"),
    "core.1.gz": (gzip.compress(b"\x7fELF\0"), "application/gzip"),
    "a.log.xz": (lzma.compress(b"a\n"), "application/x-xz"),
    "a.txt.bz2": (bz2.compress(b"a\n"), "application/x-bzip2"),
    "wrong.js.gz": (b"'use strict'", "application/gzip"),
    "wrong.css.zst": (b"p{}", "application/zstd"),
    "wrong.log.gz": (b"a\n", "application/gzip"),
    "cut.html.gz": (gzip.compress(b"<p>" * 9)[:10], "application/gzip"),
    "plain.data.unityweb": (b"UnityWebData1.0\0", "application/octet-stream"),
    # If the archive also has the plain member, a request for the packed one
    # means that file itself.
    "there.css": (b"p{}", "text/css" + UTF8),
    "there.css.gz": (gzip.compress(b"p{}"), "application/gzip"),
    "there.css.br": (brotli(b"p{color:red}" * 50), "application/octet-stream"),
}


@pytest.fixture
def packed(root, serve):
    for method in (archives.STORED, archives.DEFLATED):
        archives.write(root / f"{method}.wwz", {
            name: row[0] for name, row in {**ASSETS, **FILES}.items()}, method)
    responder = serve()
    responder.allow("^warn member-damaged .*member=cut.html.gz ")
    return responder


def seen(got):
    return (got.status, got.get("Content-Type"), got.get("Content-Encoding"),
            got.get("Vary"), got.body)


@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED])
def test_assets(packed, method):
    """Twice: the second answer is from memory.  To a client that accepts the
    coding, the inner type; to others the file as it lies."""
    with packed.client() as client:
        for _ in range(2):
            for name, (content, outer, inner, coding) in ASSETS.items():
                url = f"/{method}.wwz/{name}"
                got = client.ask(url, headers=[("Accept-Encoding", coding)])
                assert seen(got) == (
                    200, inner, coding, "Accept-Encoding", content), name
                assert got.get("X-Content-Type-Options") == "nosniff", name
                for accept in ("identity", "gzip;q=0, *;q=0, identity"):
                    other = client.ask(
                        url, headers=[("Accept-Encoding", accept)])
                    assert seen(other) == (
                        200, outer, None, "Accept-Encoding", content), name
                assert got.get("ETag") != other.get("ETag"), name


@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED])
def test_files(packed, method):
    accept = [("Accept-Encoding", "gzip, br, zstd, xz, bzip2")]
    with packed.client() as client:
        for name, (content, kind) in FILES.items():
            url = f"/{method}.wwz/{name}"
            got = client.ask(url)
            assert (got.status, got.get("Content-Type"), got.body) == (
                200, kind, content), name
            if name == "there.css":
                continue
            got = client.ask(url, headers=accept)
            assert got.get("Content-Type") == kind, f"{name}: {got}"
            assert got.get("Content-Encoding") in (
                None, "gzip" if method else None), f"{name}: {got}"


def test_ranges_and_conditions(packed):
    """If-Range names the coded form; without it a range is of the file."""
    content = ASSETS["Build/x.wasm.gz"][0]
    url = "/0.wwz/Build/x.wasm.gz"
    accept = ("Accept-Encoding", "gzip")
    with packed.client() as client:
        tag = client.ask(url, headers=[accept]).get("ETag")
        got = client.ask(url, headers=[accept, ("If-Range", tag),
                                       ("Range", "bytes=4-")])
        assert (got.status, got.get("Content-Type"), got.body) == (
            206, "application/wasm", content[4:]), got
        assert got.get("Content-Encoding") == "gzip", got
        got = client.ask(url, headers=[accept, ("Range", "bytes=0-1")])
        assert (got.get("Content-Type"), got.body) == (
            "application/gzip", b"\x1f\x8b"), got
        got = client.ask(url, headers=[accept, ("If-None-Match", tag)])
        assert got.status == 304, got
        head = client.ask(url, "HEAD", [accept])
        assert head.get("Content-Length") == str(len(content)), head


def test_untrusted(root, serve):
    archives.write(root / "x.wwz", {"a.svgz": gzip.compress(SVG)})
    with serve("--untrusted").client() as client:
        got = client.ask("/x.wwz/a.svgz", headers=[("Accept-Encoding", "gzip")])
        assert got.get("Content-Security-Policy") == "sandbox", got
        assert client.ask("/x.wwz/a.svgz").get("Content-Security-Policy") is None


def test_check(packed, root):
    """The author is told what is not what its name says."""
    got = subprocess.run([harness.WWZ, "check", "--json", root / "0.wwz"],
                         capture_output=True, timeout=harness.PATIENCE)
    found = [json.loads(line) for line in got.stdout.splitlines()]
    assert {row["member"] for row in found
            if row.get("word") == "coding-wrong"} == {
        "wrong.js.gz", "wrong.css.zst", "wrong.log.gz", "cut.html.gz",
        "plain.data.unityweb"}
    assert {row["member"] for row in found
            if row.get("word") == "charset-unknown"} == {
        "latin.html.gz", "latin.log.gz"}


LARGE = numbered(100_000, 40)


def zstd(content, *options):
    return subprocess.run(["zstd", "-q", "-c", *options], input=content,
                          check=True, capture_output=True).stdout


@functools.cache
def pack(kind, content):
    """Compressed to the least that takes little time."""
    return {"xz": lambda bytes_: lzma.compress(bytes_, preset=0),
            "bz2": bz2.compress, "zst": zstd,
            "gz": lambda bytes_: gzip.compress(bytes_, 1)}[kind](content)


KINDS = ["gz", "zst", "xz", "bz2"]


@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED])
@pytest.mark.parametrize("kind", KINDS)
def test_log_page(root, serve, kind, method):
    """Windows into a long log; two streams in a row and padding; a charset of
    two bytes; a table that is downloaded otherwise."""
    text = LARGE.encode()
    half = len(text) // 2
    archives.write(root / "x.wwz", {
        f"a.log.{kind}": pack(kind, text),
        f"two.out.{kind}": pack(kind, text[:half]) + pack(kind, text[half:]),
        f"padded.txt.{kind}": pack(kind, b"one\n") + bytes(512),
        f"wide.log.{kind}": pack(kind, "\ufeffone\n\u0a0a\n".encode("utf-16-le")),
        f"a.csv.{kind}": pack(kind, b"a,b\n1,2\n"),
        f"README.{kind}": pack(kind, b"read me\n"),
        f"empty.log.{kind}": pack(kind, b""),
        f"image.{kind}": pack(kind, b"\x89PNG\r\n\x1a\n\0\0"),
        f"none.log.{kind}": b"none\n",
    }, method)
    total = LARGE.count("\n")
    with serve().client() as client:
        for name in (f"a.log.{kind}", f"two.out.{kind}"):
            for query, first, count in [
                    ("?tail=3", total - 2, 3), ("?from=1&lines=2", 1, 2),
                    ("?from=70000&lines=3", 70000, 3),
                    (f"?from={total}&lines=5", total, 5)]:
                compare(client, name, LARGE, query, first, count)
        for name, lines in [
                ("padded.txt", ["one"]), ("wide.log", ["one", "\u0a0a"]),
                ("a.csv", ["a,b", "1,2"]), ("README", ["read me"]),
                ("empty.log", [])]:
            got = lines_of(page(client, f"{name}.{kind}"))
            assert got == list(enumerate(lines, 1)), name
        for name in (f"image.{kind}", f"none.log.{kind}"):
            assert client.ask(f"/x.wwz/{name}/-wwz-log").status == 404, name
        listing = client.ask("/x.wwz/").body.decode()
        assert f"{archives.url('a.log.' + kind)}" in listing


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_log(root, serve, kind):
    """The page shows the lines that are there, and that the file is damaged; the
    log says why."""
    whole = pack(kind, LARGE.encode())
    at = len(whole) * 3 // 4
    archives.write(root / "x.wwz", {
        f"cut.log.{kind}": (whole[:-20], archives.STORED),
        f"hurt.log.{kind}": whole[:at] + b"\xff" * 64 + whole[at + 64:]})
    responder = serve()
    with responder.client() as client:
        for name in ("cut", "hurt"):
            name = f"{name}.log.{kind}"
            responder.expect(f"^warn member-damaged .*member={name} ", None)
            for query in "?lines=2000", "?tail=20000&refresh=5":
                got = page(client, name, query)
                assert b"The file ends here" in got.body, got
                assert got.body.endswith(b"</html>\n")
                assert lines_of(got)[-1][0] > 10000, lines_of(got)[-1]
            compare(client, name, LARGE, "?from=10&lines=9", 10, 9)


@pytest.mark.parametrize("kind", ["xz", "zst"])
def test_too_much_memory(root, serve, kind):
    """A decoder that needs more than 16 MiB is not begun."""
    content = (lzma.compress(b"a\n" * 9999, preset=9) if kind == "xz"
               else zstd(b"a\n" * (10 << 20), "--long=27"))
    archives.write(root / "x.wwz", {f"a.log.{kind}": content})
    responder = serve()
    responder.expect("^warn member-unsupported .*memory")
    with responder.client() as client:
        assert client.ask(f"/x.wwz/a.log.{kind}/-wwz-log").status == 404
        got = client.ask(f"/x.wwz/a.log.{kind}",
                         headers=[("Accept-Encoding", "identity")])
        assert got.body == content


WIDE = "\ufeff" + "".join(f"line {i} \u00e9\u0a0d\n" for i in range(1, 30001))


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-32-le",
                                     "utf-32-be"])
def test_wide_log(root, serve, charset):
    """What PowerShell's > writes, with characters that hold a newline's byte."""
    archives.write(root / "x.wwz", {
        "stored.log": (WIDE.encode(charset), archives.STORED),
        "deflated.log": WIDE.encode(charset)})
    text = WIDE[1:]
    with serve().client() as client:
        for name in ("stored.log", "deflated.log"):
            for _ in range(2):
                compare(client, name, text, "?tail=2", 29999, 2)
                compare(client, name, text, "?from=15000&lines=2", 15000, 2)
            got = client.ask(f"/x.wwz/{name}", headers=[("Range", "bytes=0-3")])
            assert got.body == WIDE.encode(charset)[:4], got


def test_jenkins_notes(root, serve):
    archives.write(root / "x.wwz", {
        "console.log": b"\x1b[8mha:////4AbC+/=\x1b[0mStarted by user\n"})
    with serve().client() as client:
        got = page(client, "console.log")
        assert lines_of(got) == [(1, "Started by user")]
        assert not re.search(rb"ha:", got.body)
