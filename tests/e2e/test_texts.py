"""Which type and charset a member is sent with, on the FastCGI socket."""

import json
import subprocess

import pytest

import archives
import harness

LATIN = "d\u00e9j\u00e0 vu\n".encode("latin-1")
UTF8 = "; charset=utf-8"
BYTES = "application/octet-stream"

# Name: content, Content-Type, and whether the type is declared.
MEMBERS = {
    "a.html": (b"<p>\xc3\xa9", "text/html" + UTF8, True),
    "latin.html": (b"<p>" + LATIN, "text/html", True),
    "meta.html": (b"<meta charset=koi8-r><p>\xc1", "text/html", True),
    "late.html": (b" " * 1010 + b"<meta charset=koi8-r>", "text/html" + UTF8, True),
    "a.css": (b"p{}", "text/css" + UTF8, True),
    "latin.css": (b'p{content:"\xe9"}', "text/css", True),
    "rule.css": (b'@charset "iso-8859-2";', "text/css", True),
    "latin.js": (b"'\xe9'", "text/javascript", True),
    "a.xhtml": (b"<?xml version='1.0' encoding='iso-8859-1'?><p>\xe9</p>",
                "application/xhtml+xml", True),
    "a.svg": (b"<svg/>", "image/svg+xml", True),
    "a.xml": (b"<a/>", "application/xml", True),
    "latin.txt": (LATIN, "text/plain", True),
    # A character that is cut where the look ends is no fault.
    "cut.txt": (b"x" + "\u00e9".encode() * 20000, "text/plain" + UTF8, True),
    "latin-far.txt": (b"x" * 16000 + LATIN, "text/plain", True),
    "wide.txt": ("\ufefftext\n".encode("utf-16-le"), "text/plain", True),
    "wide.log": ("\ufefftext\n".encode("utf-16-be"), "text/plain", True),
    "wide": ("\ufefftext\n".encode("utf-32-le"), "text/plain", False),
    "wide.out": ("\ufefftext\n".encode("utf-32-be"), "text/plain", False),
    # Text of no registered type.
    **{name: (b"text\n", "text/plain" + UTF8, False) for name in (
        "a.out", "a.err", "a.stdout", "a.conf", "a.ini", "a.jsonl", "syslog.1",
        "README", "a.unheard-of", "Makefile.am", "x.php", "x.tsx")},
    **{name: (b"text\n", "text/plain" + UTF8, True) for name in (
        "a.yml", "a.yaml", "a.toml", "a.md", "a.tap", "a.diff", "a.patch")},
    # These are not text.
    "a.dat": (archives.noise(600), BYTES, False),
    "nul": (b"\0", BYTES, False),
    "nul.txt": (b"a\0b", BYTES, False),
    "a.out2": (b"\x7fELF\2\1\1\0", BYTES, False),
    "a.bin": (b"text", BYTES, True),
    "a.png": (b"text", "image/png", True),
    # A query in a name, as wget -r saves it.
    "app.js?v=3": (b"0", "text/javascript" + UTF8, True),
    "es.es6": (b"0", "text/javascript" + UTF8, True),
    "a.ts": (b"0", "video/mp2t", True),
}


@pytest.fixture
def ask(root, serve):
    """ask(options...) starts a responder; what it gives asks it."""
    for method in (archives.STORED, archives.DEFLATED):
        archives.write(root / f"{method}.wwz",
                       {name: row[0] for name, row in MEMBERS.items()}, method)

    def start(*options):
        client = serve(*options).client()
        return lambda path, *fields: client.ask(archives.url(path),
                                                headers=fields)

    return start


def seen(got):
    return (got.status, got.get("Content-Type"),
            got.get("X-Content-Type-Options") == "nosniff")


def wanted(name, untrusted=False):
    _, kind, declared = MEMBERS[name]
    return (200, kind, declared or untrusted)


@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED])
@pytest.mark.parametrize("options", [[], ["--untrusted"]])
def test_types(ask, method, options):
    """Each of them twice: the second answer is from memory."""
    one = ask(*options)
    for _ in range(2):
        wrong = {}
        for name in MEMBERS:
            got = one(f"/{method}.wwz/{name}", ("Accept-Encoding", "gzip"))
            want = wanted(name, bool(options))
            if seen(got) != want:
                wrong[name] = (seen(got), want)
        assert wrong == {}


CHARSETS = [
    # options, latin.txt, latin.html, a.html, meta.html, a.svg, README, latin.js
    (["--charset", "windows-1252"],
     ["text/plain; charset=windows-1252", "text/html; charset=windows-1252",
      "text/html" + UTF8, "text/html", "image/svg+xml", "text/plain" + UTF8,
      "text/javascript; charset=windows-1252"]),
    (["--charset=none"],
     ["text/plain", "text/html", "text/html", "text/html", "image/svg+xml",
      "text/plain", "text/javascript"]),
    (["--charset=none", "--charset=koi8-r"],
     ["text/plain; charset=koi8-r", "text/html; charset=koi8-r",
      "text/html" + UTF8, "text/html", "image/svg+xml", "text/plain" + UTF8,
      "text/javascript; charset=koi8-r"]),
]


@pytest.mark.parametrize("options, kinds", CHARSETS)
def test_charset(ask, options, kinds):
    one = ask(*options)
    names = ["latin.txt", "latin.html", "a.html", "meta.html", "a.svg",
             "README", "latin.js"]
    got = [one(f"/8.wwz/{name}").get("Content-Type") for name in names]
    assert got == kinds


@pytest.mark.parametrize("value", ["", "a b", "x;y", "a\r\nb", '"utf-8"'])
def test_bad_charset(root, value):
    got = subprocess.run(
        [harness.WWZ, "explain", "--root", root, f"--charset={value}", "/x.wwz/"],
        capture_output=True, text=True, timeout=harness.PATIENCE)
    assert got.returncode == 2, got
    assert "expected the name of a charset" in got.stderr, got


def test_mime_types_decide(tmp, ask):
    """A charset of the administrator's file is sent as it is, and a type of it
    is declared."""
    (tmp / "types").write_text(
        "text/html; charset=iso-8859-2 html\napplication/x-run out\n"
        "text/x-conf conf\n")
    one = ask("--mime-types", str(tmp / "types"))
    assert seen(one("/8.wwz/a.html")) == (
        200, "text/html; charset=iso-8859-2", True)
    assert seen(one("/8.wwz/a.out")) == (200, "application/x-run", True)
    assert seen(one("/8.wwz/a.conf")) == (200, "text/x-conf" + UTF8, True)


def test_all_forms(ask):
    """304 has no type; parts, ranges and HEAD have the same one."""
    one = ask()
    path = "/8.wwz/latin.html"
    got = one(path, ("Range", "bytes=0-1"))
    assert seen(got) == (206, "text/html", True)
    got = one(path, ("Range", "bytes=0-1,4-5"))
    assert b"Content-Type: text/html\r\n" in got.body, got.body
    got = one("/8.wwz/README", ("Range", "bytes=0-1,3-3"))
    assert got.get("X-Content-Type-Options") is None, got
    tag = one(path).get("ETag")
    got = one(path, ("If-None-Match", tag))
    assert (got.status, got.get("Content-Type")) == (304, None), got


@pytest.mark.parametrize("name, status", [
    ("a.html", 303), ("a.css", 303), ("a.svg", 303), ("a.yml", 303),
    ("syslog.1", 303), ("latin.txt", 303), ("app.js?v=3", 303),
    ("a.dat", 404), ("nul.txt", 404), ("a.out2", 404)])
def test_log_page(ask, name, status):
    """Everything that is text has one, and its address leads into it."""
    got = ask()(f"/8.wwz/{name}/-wwz-log")
    assert got.status == status, got


def explained(root, path, *options):
    got = subprocess.run(
        [harness.WWZ, "explain", "--root", root, *options, path],
        capture_output=True, text=True, timeout=harness.PATIENCE)
    assert (got.returncode, got.stderr) == (0, ""), got
    return got.stdout


def test_explain(ask, root):
    ask()
    says = "type: from the content, not from the name\n"
    assert says in explained(root, "/8.wwz/a.conf")
    assert says in explained(root, "/8.wwz/nul.txt", "--untrusted")
    assert says not in explained(root, "/8.wwz/a.html")
    assert says not in explained(root, "/8.wwz/latin.txt")


def test_check(ask, root):
    """The author is told of text in a charset that nothing says."""
    ask()
    for file in ("0.wwz", "8.wwz"):
        got = subprocess.run([harness.WWZ, "check", "--json", root / file],
                             capture_output=True, timeout=harness.PATIENCE)
        found = [json.loads(line) for line in got.stdout.splitlines()]
        assert got.returncode == 0, got
        assert {row["member"] for row in found
                if row.get("word") == "charset-unknown"} == {
            "latin.html", "latin.css", "latin.js", "latin.txt",
            "latin-far.txt"}
