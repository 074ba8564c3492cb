"""What other servers of files test, asked of wwz: the cases of Go's ServeContent,
pillarjs/send, serve-static and nginx-tests (range, range_if_range, not_modified, index,
autoindex, gzip, http_uri, http_method) in our own words.  Their ranges: test_ranges.py.

Not here, for wwz has nothing of the kind: how send and serve-static are called from
JavaScript (their events, listeners and arguments, a missing root, "fallthrough",
"mounted"), answers without entity tag, Last-Modified, Accept-Ranges or redirects,
"start" and "end", 403 for dotfiles; nginx's own directives (max_ranges, charset maps,
add_header, rewrites, error logs), flv, mp4, proxies and caches.  What a front end does
before it asks wwz (CONNECT, bad escapes, a fragment) is in test_fronts.py."""

import contextlib
import gzip

import pytest

import archives
import harness

PAGE = archives.text(1000, 1)
SITE = {
    "name.txt": (b"word", archives.STORED),
    "empty.txt": (b"", archives.STORED),
    "two words.txt": b"blank",
    "do..ts.txt": b"dots",
    "no_ext": b"\0\1\2",
    "name.html": b"<p>name",
    "page.html": PAGE,
    "twice.html.html": b"<p>twice",
    "users/tobi.txt": b"ferret",
    "users/index.html": b"<p>users",
    "pets/index.html": b"<p>pets",
    "pets/.hidden": b"secret",
    ".hidden.txt": b"secret",
    ".mine/name.txt": b"secret",
    ".mine/.hidden": b"secret",
    "name.dir/name.txt": b"in a directory",
    "snow \u2603/index.html": b"<p>snow",
    "list/colon:x": b"1",
    "list/per%cent": b"2",
    "list/what?": b"3",
    "list/<>&": b"4",
    "list/" + "\u0444" * 45: b"5",
    "list/deeper/x": b"6",
    "app-3f9d2c71.js": b"7",
}
OPTIONS = {
    "": [],
    "other": ["--no-clean-urls", "--index", "default.htm,page.html",
              "--max-age", "3600", "--immutable", "--no-listing"],
    "index": ["--index", "pets,name.txt", "--max-age", "none"],
    "dotfiles": ["--dotfiles"],
}
# send's "ignore", which is the default, and "allow": path, and answer to the latter.
DOTFILES = [
    (".hidden.txt", 200, b"secret"), (".mine", 301, None), (".mine/", 200, None),
    (".mine/name.txt", 200, b"secret"), (".mine/.hidden", 200, b"secret"),
    ("pets/.hidden", 200, b"secret"),
]
EARLIER = "Wed, 03 Mar 2021 05:06:08 GMT"
SAVED = archives.HTTP_DATE


def row(path, status, body=None, *, method="GET", site="", fields=(), **wanted):
    """wanted are fields of the answer, None for those that must not be there.  TAG in
    a field of the request is the member's entity tag."""
    return path, status, body, method, site, dict(fields), wanted


def field(name, value, status, body=None, path="name.txt"):
    """A condition."""
    return row(path, status, body, fields={name: value})


def part(value, status, body, method="GET", **wanted):
    """The first three bytes, if the entity is this one."""
    return row("name.txt", status, body, method=method,
               fields={"Range": "bytes=0-2", "If-Range": value}, **wanted)


TABLES = {
    "Go": [
        field("If-None-Match", '"baz", W/TAG', 304),
        field("If-None-Match", '"Foo"', 200, b"word"),
        field("If-None-Match", ",", 200, b"word"),
        field("If-Modified-Since", SAVED, 304),
        field("If-Match", '"Z", TAG', 200, b"word"),
        field("If-Match", '"B"', 412),
        field("If-Match", "W/TAG", 412),
        field("If-Unmodified-Since", SAVED, 200, b"word"),
        field("If-Unmodified-Since", "Thu, 04 Mar 2021 05:06:06 GMT", 412),
        field("Range", "bytes=10-20", 416),
        part("TAG", 206, b"wor", Content_Range="bytes 0-2/4"),
        part("W/TAG", 200, b"word", Content_Range=None),
        part('"B"', 200, b"word", Content_Range=None),
        part(SAVED, 206, b"wor", Last_Modified=SAVED),
        part("Thu, 04 Mar 2021 05:06:09 GMT", 200, b"word", Last_Modified=SAVED),
        part("TAG", 200, b"", "HEAD", Content_Range=None),  # Go: 206, as for GET
        # Errors have no fields of what there would be.
        row("404", 404, ETag=None, Last_Modified=None, Content_Encoding=None),
        row("page.html%00", 400),  # Go: 404
        row("%00", 400),
        row("page.html/qwe/%00", 400),
        row("../testdata/file", 400),
        row("NUL", 404),
    ],
    "send": [
        row("name.txt", 200, b"word", Content_Length="4", Last_Modified=SAVED,
            Accept_Ranges="bytes", Cache_Control="no-cache",
            Content_Type="text/plain; charset=utf-8"),
        row("empty.txt", 200, b"", Content_Length="0"),
        row("two%20words.txt", 200, b"blank"),
        row("do..ts.txt", 200, b"dots"),
        row("some%99thing.txt", 404),  # send: 400, for it is no UTF-8
        row("some%00thing.txt", 400),
        row("foobar" * 99, 404),
        row("name.txt", 200, b"", method="HEAD", Content_Length="4"),
        row("meow", 404, ETag=None, Last_Modified=None),
        row("page.html", 200, PAGE, Content_Type="text/html; charset=utf-8"),
        row("no_ext", 200, b"\0\1\2", Content_Type="application/octet-stream"),
        row("pets", 301, Location="/x.wwz/pets/"),
        row("/pets", 301, Location="/x.wwz//pets/"),  # send: one slash
        row("snow%20%E2%98%83", 301, Location="/x.wwz/snow%20%E2%98%83/"),
        field("If-Match", "*", 200),
        field("If-Match", ' "foo",, "bar" ,', 412),
        field("If-Match", '"foo", "bar", TAG', 200),
        field("If-Modified-Since", SAVED, 304),
        field("If-Modified-Since", EARLIER, 200, b"word"),
        row("name.txt", 304, b"", fields={"If-None-Match": "TAG"},
            Content_Length=None, Content_Type=None, Content_Language=None),
        field("If-None-Match", '"123"', 200, b"word"),
        field("If-Unmodified-Since", SAVED, 200),
        field("If-Unmodified-Since", EARLIER, 412),
        field("If-Unmodified-Since", "foo", 200),
        row("tobi", 404),
        row("name", 200, b"<p>name"),  # send: if it is told to
        row("name", 404, site="other"),
        row("bob", 404),
        row("name.dir", 301, Location="/x.wwz/name.dir/"),
        row("twice.html", 200, b"<p>twice"),  # send: 404, since there is a suffix
        row("twice.html", 404, site="other"),
        row(".nothere", 404),
        row(".what/name.txt", 404),
        *(row(path, status, body, site=site)
          for path, then, content in DOTFILES
          for site, status, body in [
              ("", 404, None), ("dotfiles", then, content)]),
        row("name.txt", 200, site="other", Cache_Control="max-age=3600"),
        row("app-3f9d2c71.js", 200, site="other",
            Cache_Control="max-age=3600, immutable"),
        row("name.txt", 200, site="index", Cache_Control=None),
        row("pets/", 200, b"<p>pets"),
        row("", 200, PAGE, site="other"),
        row("pets/", 403, site="other"),
        row("", 200, b"word", site="index"),
        row("page.html/", 404),
        row("pets/../name.txt", 200, b"word"),
        row("pets/../../send.js", 400),  # send: 403
        row("../name.dir/name.txt", 400),
        row("pets/../../x.wwz/name.txt", 400),
    ],
    "serve-static": [
        row("users/tobi.txt", 200, b"ferret"),
        row("/todo@txt", 404),
        row("users/", 200, b"<p>users", Content_Type="text/html; charset=utf-8"),
        row("users/../name.txt", 200, b"word"),
        row("name.txt", 405, method="POST", Allow="GET, HEAD, OPTIONS"),
        row("name.txt", 204, b"", method="OPTIONS", Allow="GET, HEAD, OPTIONS"),
        row("users/%2e%2e/%2e%2e/name.txt", 400),  # serve-static: 403
        row("users", 301, Location="/x.wwz/users/"),
        row("users?name=john", 301, Location="/x.wwz/users/?name=john"),
        row("users/tobi.txt/", 404),
        row("name.txt", 412, fields={"If-Match": '"foo"'}),
    ],
    "nginx": [
        *(row("page.html", status, fields={"Range": "bytes=0-9", "If-Range": value})
          for value, status in [("wrong", 200), (SAVED, 206), (EARLIER, 200),
                                ("Mon, 28 Sep 1970 06:00:00 GMT", 200)]),
        # nginx was told "before", and takes these for 304.
        field("If-Modified-Since", "Wed, 08 Jul 2037 22:53:52 GMT", 200),
        field("If-Modified-Since", "Tue, 19 Jan 2038 03:14:07 GMT", 200),
        field("If-Modified-Since", "Tue, 19 Jan 2038 03:14:08 GMT", 200),
        field("If-Modified-Since", "Fri, 25 Feb 2174 09:42:23 GMT", 200),
        field("If-None-Match", '"foo"', 200),
        field("If-None-Match", '"foo", "bar", TAG , "baz"', 304),
        field("If-None-Match", "*", 304),
        field("If-None-Match", "W/TAG", 304),
        field("If-Match", "TAG", 200),
        field("If-Match", '"foo", "bar", \tTAG , "baz"', 200),
        field("If-Match", "W/TAG", 412),
        row("nx", 404, fields={"If-Match": '"foo"'}),
        row("", 200),  # nginx: 403, wwz: the listing
        row("not_found/", 404),
        row("page.html/", 404),
        row("list/.?args", 200, b'href="deeper/"'),
        row("list/deeper/..?args", 200, b'href="deeper/"'),
        row("list/deeper/..", 200, b'href="deeper/"'),
        row("%02", 400),
        row("name.txt", 405, method="TRACE"),
        row("page.html", 200, fields={"Accept-Encoding": "gzip"},
            Content_Encoding="gzip", Vary="Accept-Encoding",
            Accept_Ranges="bytes"),  # nginx: none, for it compresses while it sends
        row("page.html", 200, method="HEAD", fields={"Accept-Encoding": "gzip"},
            Content_Encoding="gzip"),
        row("page.html", 200, method="HEAD", Content_Encoding=None),
        row("name.txt", 200, Vary=None),
        # autoindex
        *(row("list/", 200, text.encode()) for text in (
            'href="colon%3Ax"', 'href="deeper/"', 'href="per%25cent"',
            'href="what%3F"', "<bdi>&lt;&gt;&amp;</bdi>",
            "<bdi>" + "\u0444" * 45 + "</bdi>")),
    ],
}


@pytest.fixture(scope="module")
def clients(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    archives.write(root / "x.wwz", SITE)
    archives.stamp(root / "x.wwz")
    with contextlib.ExitStack() as stack:
        clients = {}
        for site, options in OPTIONS.items():
            responder = stack.enter_context(harness.running(
                harness.Responder(module_tmp, root, *options)))
            responder.allow("bad-path")
            clients[site] = stack.enter_context(responder.client())
        yield clients


@pytest.mark.parametrize("server, case", [
    (server, case) for server, cases in TABLES.items() for case in cases],
    ids=lambda word: word if isinstance(word, str) else f"{word[0][:20]}-{word[1]}")
def test_table(clients, server, case):
    path, status, body, method, site, fields, wanted = case
    client, url = clients[site], f"/x.wwz/{path}"
    tag = client.ask(url).get("ETag") or ""
    got = client.ask(url, method, [
        (name, value.replace("TAG", tag)) for name, value in fields.items()])
    assert got.status == status, got
    if got.get("Content-Encoding") == "gzip" and got.body:
        got.body = gzip.decompress(got.body)
    listing = path.startswith("list/")
    assert body is None or got.body == body or listing and body in got.body, got
    assert method != "HEAD" or not got.body, got
    for name, value in wanted.items():
        assert got.get(name.replace("_", "-")) == value, (name, got)
    if status == 200 and site == "":
        assert got.get("ETag").startswith('"'), got
