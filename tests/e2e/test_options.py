"""Options that change the answers, on the FastCGI socket."""

import subprocess

import pytest

import archives
import harness

PAGE = b"<!doctype html><title>t</title><script>0</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'

SITE = {
    "start.htm": b"start",
    "index.html": PAGE,
    "404.html": b"<!doctype html><title>gone</title>gone",
    "a.txt": b"a text",
    "a.svg": SVG,
    "a.xml": b"<a/>",
    "a.xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
    "a.css": b"p{}",
    "a.js": b"0",
    "a.png": b"not a picture",
    "a.own": b"own",
    "A.OWN2": b"own",
    "a.html": PAGE,
    "app.3f2a9c1b.js": b"0",
    "app-0123456789ABCDEF.css": b"p{}",
    "assets/x-deadbeef-y.js": b"0",
    "assets/index-BkX3s9Qz.js": b"0",
    "assets/chunk-5RJKDNQV.js": b"0",
    "report-20241126.html": b"0",
    "img-12345678.png": b"0",
    "app.3f2a9c1.js": b"0",
    "app.3f2a9c1g.js": b"0",
    "app3f2a9c1b.js": b"0",
    "3f2a9c1b/app.js": b"0",
    "sub/start.htm": b"start of sub",
    "sub/index.html": b"index of sub",
    "other/main.html": b"main of other",
    "bare/b.txt": b"b",
}


@pytest.fixture
def ask(root, serve):
    """ask(options...) starts a responder; what it gives asks it."""
    archives.write(root / "x.wwz", SITE)

    def start(*options):
        client = serve(*options).client()

        def one(path, *fields, method="GET"):
            return client.ask("/x.wwz/" + path, method, fields)

        return one

    return start


def tag_of(one, path):
    return one(path, method="HEAD").get("ETag")


@pytest.mark.parametrize("options, wanted", [
    ([], "no-cache"), (["--max-age=none"], None)])
def test_cache_control(ask, options, wanted):
    """Of members; pages of the responder's own say nothing."""
    one = ask(*options)
    for path in ("a.txt", "app.3f2a9c1b.js", "-wwz-archive"):
        assert one(path).get("Cache-Control") == wanted, path
    for path in ("none", "bare/"):
        assert one(path).get("Cache-Control") is None, path


@pytest.mark.parametrize("seconds", [0, 3600, 2**31 - 1])
def test_max_age(ask, seconds):
    """On all that is a member's own, 304 too, and on no error."""
    one = ask("--max-age", str(seconds))
    cases = [
        ("a.txt", (), 200),
        ("a.txt", [("Range", "bytes=0-1")], 206),
        ("a.txt", [("Range", "bytes=0-1,4-5")], 206),
        ("a.txt", [("If-None-Match", tag_of(one, "a.txt"))], 304),
        ("app.3f2a9c1b.js", (), 200),
    ]
    for path, fields, status in cases:
        got = one(path, *fields)
        assert got.status == status, got
        assert got.get("Cache-Control") == f"max-age={seconds}", got
    cases = [
        ("none", (), 404),
        ("a.txt", [("Range", "bytes=9-")], 416),
        ("a.txt", [("If-Match", '"x"')], 412),
        ("a.txt", [("Accept-Encoding", "*;q=0")], 406),
    ]
    for path, fields, status in cases:
        got = one(path, *fields)
        assert got.status == status, got
        assert got.get("Cache-Control") is None, got


# Hexadecimal and base64url, with a letter and a digit; dates and numbers.
HASHED = ["app.3f2a9c1b.js", "app-0123456789ABCDEF.css",
          "assets/index-BkX3s9Qz.js", "assets/chunk-5RJKDNQV.js"]
PLAIN = ["app.3f2a9c1.js", "app.3f2a9c1g.js", "app3f2a9c1b.js",
         "3f2a9c1b/app.js", "a.txt", "report-20241126.html",
         "img-12345678.png", "assets/x-deadbeef-y.js"]


@pytest.mark.parametrize(
    "options, hashed, plain",
    [
        (["--immutable"], "max-age=31536000, immutable", "no-cache"),
        (["--immutable", "--max-age=none"], "max-age=31536000, immutable",
         None),
        (["--immutable", "--max-age=60"], "max-age=60, immutable",
         "max-age=60"),
    ],
)
def test_immutable(ask, options, hashed, plain):
    one = ask(*options)
    for paths, wanted in ((HASHED, hashed), (PLAIN, plain)):
        for path in paths:
            got = one(path)
            assert (got.status, got.get("Cache-Control")) == (200, wanted), (
                f"{path}: {got}"
            )
    tag = tag_of(one, HASHED[0])
    got = one(HASHED[0], ("If-None-Match", tag))
    assert (got.status, got.get("Cache-Control")) == (304, hashed), got


ACTIVE = ["index.html", "a.html", "a.svg", "a.xml", "a.xhtml", ""]
QUIET = ["a.txt", "a.css", "a.js", "a.png"]


def test_untrusted(ask):
    """What a browser would run is in a sandbox: whole, in part, and as the
    archive's own error page."""
    one = ask("--untrusted")
    for path in ACTIVE:
        got = one(path)
        assert (got.status, got.get("Content-Security-Policy")) == (
            200,
            "sandbox",
        ), f"{path}: {got}"
    for path in QUIET:
        assert one(path).get("Content-Security-Policy") is None, path
    got = one("a.html", ("Range", "bytes=0-4"))
    assert got.status == 206, got
    assert got.get("Content-Security-Policy") == "sandbox", got
    got = one("none")
    assert (got.status, got.body) == (404, SITE["404.html"]), got
    assert got.get("Content-Security-Policy") == "sandbox", got
    # A page of the responder's own has a policy of its own.
    assert "default-src 'none'" in one("bare/").get("Content-Security-Policy")


def test_untrusted_scripts(ask):
    """The same in a sandbox that lets scripts run, but not as the site."""
    one = ask("--untrusted=scripts")
    for path in [*ACTIVE, "none"]:
        policy = one(path).get("Content-Security-Policy").split()
        assert policy[0] == "sandbox" and "allow-scripts" in policy, path
        assert "allow-same-origin" not in policy, path
        assert not any("top-navigation" in word for word in policy), path
    for path in QUIET:
        assert one(path).get("Content-Security-Policy") is None, path


def test_trusted(ask):
    one = ask()
    for path in [*ACTIVE, *QUIET, "none"]:
        assert one(path).get("Content-Security-Policy") is None, path


TYPES = """\
# a comment
text/x-own\t\town own2
application/x-other  own2   # the later line counts
image/svg+xml; charset=iso-8859-1 svg

text/html png
"""


def test_mime_types(tmp, ask):
    (tmp / "types").write_text(TYPES)
    one = ask("--mime-types", str(tmp / "types"), "--untrusted")
    wanted = {
        "a.own": "text/x-own; charset=utf-8",
        "A.OWN2": "application/x-other",
        "a.svg": "image/svg+xml; charset=iso-8859-1",
        "a.png": "text/html; charset=utf-8",
        "a.html": "text/html; charset=utf-8",
        "a.css": "text/css; charset=utf-8",
    }
    got = {path: one(path).get("Content-Type") for path in wanted}
    assert got == wanted
    for path in ("a.png", "a.svg"):
        assert one(path).get("Content-Security-Policy") == "sandbox", path


def test_without_mime_types(ask):
    one = ask()
    wanted = {
        "a.own": "text/plain; charset=utf-8",
        "a.svg": "image/svg+xml",
        "a.png": "image/png",
        "a.js": "text/javascript; charset=utf-8",
        "a.xml": None,
    }
    for path, kind in wanted.items():
        got = one(path)
        if kind is not None:
            assert got.get("Content-Type") == kind, f"{path}: {got}"
        nosniff = None if path == "a.own" else "nosniff"
        assert got.get("X-Content-Type-Options") == nosniff, path


@pytest.mark.parametrize(
    "content, says",
    [
        (None, "No such file"),
        ("text own\n", ":1: "),
        ("text/plain txt\ntext/plain a/b\n", ":2: "),
    ],
)
def test_bad_mime_types(tmp, root, content, says):
    """The process does not start, and one line says where it is wrong."""
    path = tmp / "types"
    if content is not None:
        path.write_text(content)
    got = subprocess.run(
        [harness.WWZ, "serve", "--listen", f"unix:{tmp}/s", "--root", root,
         "--mime-types", path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=harness.PATIENCE,
    )
    assert got.returncode == 2, got
    assert got.stderr.count("\n") == 1 and says in got.stderr, got
    assert str(path) in got.stderr, got


@pytest.mark.parametrize("content, says", [
    ("good\n(bad\n", ":2: byte 5 of the expression: "),
    ("a" * 201 + "\n", ":1: longer than 200 bytes"),
    ("x\n" * 65, ":65: more than 64 patterns"),
    ("# c\n\n\xff\n", ":3: not UTF-8")])
def test_bad_log_errors(tmp, root, content, says):
    path = tmp / "errors"
    path.write_bytes(content.encode("latin-1"))
    got = subprocess.run(
        [harness.WWZ, "serve", "--listen", f"unix:{tmp}/s", "--root", root,
         "--log-errors", path],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=harness.PATIENCE)
    assert got.returncode == 2, got
    assert got.stderr.startswith(f"wwz: {path}{says}"), got
    assert got.stderr.count("\n") == 1, got


# --index, and what is the page of each directory; None is a listing.
INDEXES = [
    ([], {"": PAGE, "sub/": b"index of sub", "other/": None, "bare/": None}),
    (
        ["--index", "start.htm"],
        {"": b"start", "sub/": b"start of sub", "other/": None},
    ),
    (
        ["--index", "main.html,index.html,start.htm"],
        {"": PAGE, "sub/": b"index of sub", "other/": b"main of other"},
    ),
]


@pytest.mark.parametrize("options, pages", INDEXES)
def test_index(ask, options, pages):
    one = ask(*options)
    for path, page in pages.items():
        got = one(path)
        assert got.status == 200, f"{path}: {got}"
        if page is None:
            assert b"<table" in got.body, f"{path}: {got}"
        else:
            assert got.body == page, f"{path}: {got}"
        # The listing is there beside an index file.
        assert b"<table" in one(path + "-wwz-index").body, path


def test_no_clean_urls(ask):
    """Without the option a page's name needs no .html."""
    one = ask()
    for path in ("a", "a/", "sub/index", "other/main?x"):
        got, whole = one(path), one(path.rstrip("/").split("?")[0] + ".html")
        assert got.status == 200, f"{path}: {got}"
        assert (got.body, got.headers.items()) == (
            whole.body, whole.headers.items()), path
    one = ask("--no-clean-urls")
    for path in ("a", "a/", "sub/index"):
        assert one(path).status == 404, path


def test_no_listing(ask):
    """Members and index files are all that is given away."""
    one = ask("--no-listing")
    for path in ("bare/", "-wwz-index", "sub/-wwz-index", "-wwz-archive",
                 "-wwz-index?format=json", "-wwz-index/",
                 "-wwz-archive.zip"):
        got = one(path)
        assert got.status == 403, f"{path}: {got}"
        assert b"b.txt" not in got.body, f"{path}: {got}"
    assert one("").body == PAGE
    assert one("bare/b.txt").body == b"b"
    assert one("none/").status == 404
