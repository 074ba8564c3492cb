"""What RFC 9110 and the manual promise of an answer, through nginx and on the
FastCGI socket itself."""

import email.utils
import gzip
import html.parser
import json
import re
import time
import urllib.parse

import pytest

import archives
import harness

PAGE = b"<!doctype html><title>start</title><p>start"
BIG = archives.text(300_000, 1)
NOISE = archives.noise(100_000, 2)
OWN_404 = b"<!doctype html><title>gone</title><p>our own"

ODD = {
    "a&b<i>\"'.txt": b"markup",
    "two words.txt": b"space",
    "caf\u00e9.txt": b"utf-8",
    "what?.txt": b"question mark",
    "a#b.txt": b"hash",
    "100%.txt": b"per cent",
    "back\\slash.txt": b"backslash",
    "javascript:alert(1)": b"looks like a scheme",
}

SITE = {
    "index.html": PAGE,
    "404.html": OWN_404,
    "big.txt": BIG,
    "noise.bin": (NOISE, archives.STORED),
    "empty.txt": b"",
    "empty-stored.txt": (b"", archives.STORED),
    "dir/index.html": b"<!doctype html><title>dir</title>dir",
    "plain/one.txt": b"one",
    "plain/two.bin": (b"two", archives.STORED),
    "plain/deeper/three.txt": b"three",
    "inner.wwz": (b"not an archive here", archives.STORED),
    "build.log": b"ok\n" * 100,
    "app.js": b"let a = 1;\n" * 100,
    **{f"odd/{name}": content for name, content in ODD.items()},
}

BARE = {"a.txt": b"a", "sub/b.txt": b"b"}

MEMBERS = {"/big.txt": BIG, "/noise.bin": NOISE, "/empty.txt": b""}


def write_site(path):
    archives.write(path, SITE, date=(1980, 1, 1, 0, 0, 0))
    archives.stamp(path)


@pytest.fixture(scope="module")
def servers(module_tmp):
    root = module_tmp / "www"
    (root / "d").mkdir(parents=True)
    (root / "evil.example").mkdir()
    write_site(root / "site.wwz")
    for path in ("d/bare.wwz", "evil.example/bare.wwz"):
        archives.write(root / path, BARE)
    with harness.served(module_tmp, root) as (responder, nginx):
        yield responder, nginx


@pytest.fixture(params=["nginx", "fastcgi"])
def client(request, servers):
    responder, nginx = servers
    server = nginx if request.param == "nginx" else responder
    client = server.client()
    yield client
    client.close()


@pytest.fixture
def raw(servers):
    with servers[0].client() as client:
        yield client


def gz(*fields):
    return [("Accept-Encoding", "gzip"), *fields]


def target(got):
    """Where a redirect leads, seen from the host that gave it: path and
    query."""
    location = got.get("Location")
    assert location is not None, got
    parts = urllib.parse.urlsplit(location)
    assert parts.netloc in ("", "127.0.0.1", "localhost"), location
    assert not location.startswith(("//", "/\\")), location
    return parts.path + ("?" + parts.query if parts.query else "")


# Path, status, body or None where it does not matter here.
PLACES = [
    ("/site.wwz/index.html", 200, PAGE),
    ("/site.wwz/", 200, PAGE),
    ("/site.wwz/?query=1", 200, PAGE),
    ("/site.wwz/dir/", 200, SITE["dir/index.html"]),
    ("/site.wwz/plain/one.txt", 200, b"one"),
    ("/site.wwz/plain/one.txt?x=/../y", 200, b"one"),
    ("/site.wwz//plain//one.txt", 200, b"one"),
    ("/site.wwz/./plain/x/../one.txt", 200, b"one"),
    ("/site.wwz/plain%2Fone.txt", 200, b"one"),
    ("/site.wwz/inner.wwz", 200, b"not an archive here"),
    ("/site.wwz/empty.txt", 200, b""),
    ("/d/bare.wwz/a.txt", 200, b"a"),
    ("/site.wwz/404.html", 200, OWN_404),
    ("/site.wwz/none.txt", 404, OWN_404),
    ("/site.wwz/plain/none.txt", 404, OWN_404),
    ("/site.wwz/none/none.txt", 404, OWN_404),
    ("/site.wwz/inner.wwz/a.txt", 404, OWN_404),
    ("/site.wwz/big.txt/", 404, OWN_404),
    ("/site.wwz/Index.html", 404, OWN_404),
    ("/d/bare.wwz/none.txt", 404, None),
    ("/site.wwz/-wwz-status", 404, None),
]


@pytest.mark.parametrize("path, status, body", PLACES)
def test_place(client, path, status, body):
    got = client.ask(path)
    assert got.status == status, f"{path}: {got}"
    assert body is None or got.body == body, f"{path}: {got}"
    if status == 404:
        assert got.get("Content-Type") == "text/html; charset=utf-8", got


@pytest.mark.parametrize("name", ODD)
def test_odd_name(client, name):
    got = client.ask(f"/site.wwz/odd/{archives.url(name)}")
    assert (got.status, got.body) == (200, ODD[name]), f"{name}: {got}"


REDIRECTS = [
    ("/site.wwz", "/site.wwz/"),
    ("/site.wwz?a=1&b=%20", "/site.wwz/?a=1&b=%20"),
    ("/d/bare.wwz", "/d/bare.wwz/"),
    ("/site.wwz/dir", "/site.wwz/dir/"),
    ("/site.wwz/dir?a=%3D", "/site.wwz/dir/?a=%3D"),
    ("/site.wwz/plain/deeper", "/site.wwz/plain/deeper/"),
    ("//evil.example/bare.wwz", "/evil.example/bare.wwz/"),
    ("//evil.example/bare.wwz?q", "/evil.example/bare.wwz/?q"),
    ("///evil.example/bare.wwz/sub", "/evil.example/bare.wwz/sub/"),
]


@pytest.mark.parametrize("path, wanted", REDIRECTS)
def test_redirect(client, path, wanted):
    got = client.ask(path)
    assert got.status == 301, f"{path}: {got}"
    assert target(got) == wanted, f"{path}: {got}"


def test_redirect_with_backslash(raw):
    """Browsers take /\\host for another host as well."""
    got = raw.ask("/\\evil.example/../evil.example/bare.wwz")
    if got.status == 301:
        assert "\\" not in target(got), got
    else:
        assert got.status in (400, 404), got


@pytest.mark.parametrize(
    "method, status", [("POST", 405), ("PUT", 405), ("DELETE", 405),
                       ("PROPFIND", 405), ("BREW", 405), ("OPTIONS", 204)]
)
def test_method(client, method, status):
    got = client.ask("/site.wwz/index.html", method)
    assert got.status == status, f"{method}: {got}"
    allow = [part.strip() for part in (got.get("Allow") or "").split(",")]
    assert sorted(allow) == ["GET", "HEAD", "OPTIONS"], f"{method}: {got}"


HEADS = [
    "/site.wwz/index.html",
    "/site.wwz/big.txt",
    "/site.wwz/noise.bin",
    "/site.wwz/",
    "/site.wwz/plain/",
    "/site.wwz/none.txt",
    "/site.wwz/dir",
    "/site.wwz/-wwz-index",
    "/site.wwz/-wwz-archive",
]


@pytest.mark.parametrize("path", HEADS)
@pytest.mark.parametrize("accept", ["identity", "gzip"])
def test_head(client, path, accept):
    """The fields of GET, and no byte of body."""
    fields = [("Accept-Encoding", accept)]
    get = client.ask(path, "GET", fields)
    head = client.ask(path, "HEAD", fields)
    assert head.status == get.status, head
    assert head.body == b"", head
    assert get.body or get.status != 200, get
    # How the body travels is nginx's business.
    names = {*get.headers.keys(), *head.headers.keys()}
    for name in names - {"Date", "Transfer-Encoding"}:
        assert head.get(name) == get.get(name), f"{path}, {name}"
    assert get.get("Content-Length") in (None, str(len(get.body))), get


def test_fields(client):
    """All that a 200 carries, of a deflated and of a stored member."""
    wanted = {
        "Content-Type": "text/plain; charset=utf-8",
        "Last-Modified": archives.HTTP_DATE,
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
        "Content-Length": str(len(BIG)),
        "Content-Encoding": None,
        "Cache-Control": "no-cache",
    }
    got = client.ask("/site.wwz/big.txt")
    assert {name: got.get(name) for name in wanted} == wanted
    wanted["Content-Type"] = "application/octet-stream"
    wanted["Content-Length"] = str(len(NOISE))
    wanted["Vary"] = None
    got = client.ask("/site.wwz/noise.bin")
    assert {name: got.get(name) for name in wanted} == wanted


def test_no_status_for_200(raw):
    """Caddy would send it on."""
    assert raw.ask("/site.wwz/index.html").get("Status") is None


def test_location_before_status(raw):
    """HAProxy makes a 302 of the other order."""
    names = [name.lower() for name in raw.ask("/site.wwz").headers.keys()]
    assert names.index("location") < names.index("status"), names


# Accept-Encoding, Content-Encoding of a deflated member; 406 for none.
NEGOTIATION = [
    (None, None),
    ("", None),
    ("gzip", "gzip"),
    ("x-gzip", "gzip"),
    ("GZIP", "gzip"),
    ("gzip, deflate, br, zstd", "gzip"),
    ("deflate, br", None),
    ("identity", None),
    ("*", "gzip"),
    ("gzip;q=0", None),
    ("gzip;q=0, *", None),
    ("gzip;q=0.5, identity;q=0.6", None),
    ("gzip;q=0.6, identity;q=0.5", "gzip"),
    ("gzip;q=0.001", "gzip"),
    ("identity;q=0, gzip", "gzip"),
    ("*;q=0, gzip", "gzip"),
    ("gzip;q=0, identity;q=0", 406),
    ("*;q=0", 406),
    ("identity;q=0, br", 406),
]


@pytest.mark.parametrize("accept, wanted", NEGOTIATION)
def test_negotiation(client, accept, wanted):
    fields = [] if accept is None else [("Accept-Encoding", accept)]
    got = client.ask("/site.wwz/big.txt", headers=fields)
    if wanted == 406:
        assert got.status == 406, f"{accept}: {got}"
        return
    assert (got.status, got.get("Content-Encoding")) == (200, wanted), got
    assert got.get("Vary") == "Accept-Encoding", got
    body = gzip.decompress(got.body) if wanted else got.body
    assert body == BIG


def test_gzip_of_stored(client):
    got = client.ask("/site.wwz/noise.bin", headers=gz())
    assert (got.status, got.get("Content-Encoding")) == (200, None), got
    assert got.body == NOISE


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("accept", ["identity", "gzip"])
def test_entity_tag(client, member, accept):
    path, fields = "/site.wwz" + member, [("Accept-Encoding", accept)]
    first = client.ask(path, headers=fields)
    tag = first.get("ETag")
    assert tag[0] == tag[-1] == '"' and len(tag) > 2, first
    assert client.ask(path, headers=fields).get("ETag") == tag
    cases = [
        ("If-None-Match", tag, 304),
        ("If-None-Match", "W/" + tag, 304),
        ("If-None-Match", f'"x", W/"y" , {tag}', 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", '"x"', 200),
        ("If-Match", tag, 200),
        ("If-Match", "*", 200),
        ("If-Match", f'"x", {tag}', 200),
        ("If-Match", '"x"', 412),
        ("If-Match", "W/" + tag, 412),
    ]
    for name, value, status in cases:
        got = client.ask(path, headers=[*fields, (name, value)])
        assert got.status == status, f"{name}: {value}: {got}"
        if status == 304:
            assert got.body == b"", got
            assert got.get("ETag") == tag, got
            assert got.get("Vary") == first.get("Vary"), got
            for field in ("Content-Encoding", "Content-Type"):
                assert got.get(field) is None, got
        elif status == 200:
            assert got.body == first.body


@pytest.mark.parametrize("accept, named", [
    ("gzip", "gzip"), ("gzip, br", "gzip"), ("gzip", "identity"),
    ("gzip;q=0.1", "gzip")])
@pytest.mark.parametrize("field", ["If-Match", "If-Range"])
def test_tag_names_the_form(client, accept, named, field):
    """A client that goes on with what it has gets more of the same form."""
    path = "/site.wwz/big.txt"
    first = client.ask(path, headers=[("Accept-Encoding", named)])
    coding = None if named == "identity" else named
    assert first.get("Content-Encoding") == coding, first
    fields = [("Accept-Encoding", accept), ("Range", "bytes=100-")]
    got = client.ask(path, headers=[*fields, (field, first.get("ETag"))])
    assert (got.status, got.get("Content-Encoding")) == (206, coding), got
    assert got.body == first.body[100:], got
    got = client.ask(path, headers=[*fields, (field, '"other"')])
    assert got.status == (412 if field == "If-Match" else 200), got


OWN_PAGES = ["/site.wwz/plain/", "/site.wwz/-wwz-index",
             "/site.wwz/plain/-wwz-index?format=json",
             "/site.wwz/plain/?sort=size&order=desc"]


@pytest.mark.parametrize("path", OWN_PAGES)
def test_tag_of_a_listing(client, path):
    """Whoever has a listing asks again for 304, and another query has
    another tag."""
    first = client.ask(path)
    tag = first.get("ETag")
    assert first.status == 200 and re.fullmatch(r'"[0-9a-f-]+"', tag), first
    assert client.ask(path, "HEAD").get("ETag") == tag
    for field in (tag, "W/" + tag, f'"x", {tag}', "*"):
        got = client.ask(path, headers=[("If-None-Match", field)])
        assert (got.status, got.body) == (304, b""), got
        assert got.get("ETag") == tag, got
        assert got.get("Content-Type") is None, got
    for fields, status in [
        ([("If-None-Match", '"x"')], 200), ([("If-Match", '"x"')], 412),
        ([("If-Match", tag)], 200), ([("If-Match", "*")], 200),
        ([("If-Match", "W/" + tag)], 412),
    ]:
        got = client.ask(path, headers=fields)
        assert got.status == status, (fields, got)
        assert status != 200 or got.body == first.body
    others = [client.ask(other).get("ETag") for other in OWN_PAGES
              if other.partition("?")[2] != path.partition("?")[2]]
    assert tag not in others


def test_conditions_on_errors(client):
    """They do not count where the status would not be 200 (RFC 9110,
    13.2.1)."""
    for path, status in [("/site.wwz/none", 404), ("/site.wwz/plain", 301)]:
        for field in ("If-Match", "If-None-Match"):
            for value in ('"x"', "*"):
                got = client.ask(path, headers=[(field, value)])
                assert got.status == status, (field, value, got)


def test_tags_differ(client):
    """One for each representation."""
    tags = [
        client.ask("/site.wwz/big.txt", headers=fields).get("ETag")
        for fields in ([], gz())
    ]
    assert tags[0] != tags[1], tags
    got = client.ask(
        "/site.wwz/big.txt", headers=[("If-None-Match", tags[1])]
    )
    assert got.status == 200, got


LATER = email.utils.formatdate(time.time() - 60, usegmt=True)
EARLIER = "Thu, 04 Mar 2021 05:06:07 GMT"

# Fields, and the status.
DATES = [
    ([("If-Modified-Since", archives.HTTP_DATE)], 304),
    ([("If-Modified-Since", LATER)], 200),
    ([("If-Modified-Since", EARLIER)], 200),
    ([("If-Modified-Since", "Thursday, 04-Mar-21 05:06:08 GMT")], 304),
    ([("If-Modified-Since", "Thu Mar  4 05:06:08 2021")], 304),
    ([("If-Modified-Since", "yesterday")], 200),
    ([("If-Modified-Since", LATER), ("If-None-Match", '"x"')], 200),
    ([("If-Unmodified-Since", archives.HTTP_DATE)], 200),
    ([("If-Unmodified-Since", EARLIER)], 412),
    ([("If-Unmodified-Since", EARLIER), ("If-Match", "*")], 200),
]


@pytest.mark.parametrize("fields, status", DATES)
def test_date(client, fields, status):
    got = client.ask("/site.wwz/big.txt", headers=fields)
    assert got.status == status, f"{fields}: {got}"
    assert got.body == (BIG if status == 200 else got.body)


def ranges(size):
    """Field values, and the half-open span that each asks of size bytes."""
    return [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=1-", 1, size),
        (f"bytes={size - 1}-", size - 1, size),
        (f"bytes={size // 2}-{size // 2 + 999}", size // 2, size // 2 + 1000),
        (f"bytes={size - 10}-{size + 10}", size - 10, size),
        ("bytes=-1", size - 1, size),
        ("bytes=-100", size - 100, size),
        (f"bytes=-{size + 100}", 0, size),
        ("bytes=0-99999999999999999999", 0, size),
        ("BYTES=5-6", 5, 7),
    ]


@pytest.mark.parametrize("member", ["/big.txt", "/noise.bin"])
def test_range(client, member):
    path, content = "/site.wwz" + member, MEMBERS[member]
    for field, start, end in ranges(len(content)):
        got = client.ask(path, headers=[("Range", field)])
        assert (got.status, got.get("Content-Range"), got.body) == (
            206,
            f"bytes {start}-{end - 1}/{len(content)}",
            content[start:end],
        ), f"{field}: {got}"
        assert got.get("Content-Length") == str(end - start), got
        assert got.get("ETag") == client.ask(path, "HEAD").get("ETag")


def test_range_takes_identity(client):
    """A Range without If-Range is of the identity form, if that is
    acceptable."""
    got = client.ask("/site.wwz/big.txt", headers=gz(("Range", "bytes=5-9")))
    assert (got.status, got.get("Content-Encoding"), got.body) == (
        206,
        None,
        BIG[5:10],
    ), got


def test_range_of_gzip(client):
    """The gzip form in pieces is the gzip form."""
    path = "/site.wwz/big.txt"
    fields = [("Accept-Encoding", "gzip, identity;q=0")]
    whole = client.ask(path, headers=fields)
    assert whole.get("Content-Encoding") == "gzip", whole
    size = len(whole.body)
    for field, start, end in ranges(size):
        got = client.ask(path, headers=[*fields, ("Range", field)])
        assert (got.status, got.get("Content-Encoding"), got.body) == (
            206,
            "gzip",
            whole.body[start:end],
        ), f"{field}: {got}"
        assert got.get("Content-Range") == f"bytes {start}-{end - 1}/{size}"
    cuts = [0, 1, 9, 10, 11, size // 2, size - 9, size - 8, size - 4, size]
    pieces = b"".join(
        client.ask(
            path, headers=[*fields, ("Range", f"bytes={a}-{b - 1}")]
        ).body
        for a, b in zip(cuts, cuts[1:])
    )
    assert pieces == whole.body


@pytest.mark.parametrize("member", MEMBERS)
def test_range_not_satisfiable(client, member):
    path, size = "/site.wwz" + member, len(MEMBERS[member])
    for field in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=-0"):
        got = client.ask(path, headers=[("Range", field)])
        assert got.status == 416, f"{field}: {got}"
        assert got.get("Content-Range") == f"bytes */{size}", got


@pytest.mark.parametrize(
    "field",
    ["bytes=", "bytes=-", "bytes=5-1", "bytes=a-b", "bytes 0-5", "lines=0-5",
     "bytes=0-5;6", "bytes=0x0-5", "bytes=+1-5"],
)
def test_range_not_understood(client, field):
    got = client.ask("/site.wwz/noise.bin", headers=[("Range", field)])
    assert (got.status, got.body) == (200, NOISE), f"{field}: {got}"


def test_several_ranges(client):
    got = client.ask(
        "/site.wwz/big.txt", headers=[("Range", "bytes=0-9,1000-1004,-3")]
    )
    assert got.status == 206, got
    kind, _, boundary = got.get("Content-Type").partition("; boundary=")
    assert kind == "multipart/byteranges", got
    assert got.get("Content-Length") == str(len(got.body)), got
    boundary = b"--" + boundary.strip('"').encode()
    _, *parts, rest = got.body.split(boundary)
    assert rest.startswith(b"--"), rest
    size = len(BIG)
    spans = [(0, 10), (1000, 1005), (size - 3, size)]
    assert len(parts) == len(spans), got.body
    for part, (start, end) in zip(parts, spans):
        head, _, body = part.partition(b"\r\n\r\n")
        assert body == BIG[start:end] + b"\r\n", part
        wanted = f"content-range: bytes {start}-{end - 1}/{size}".encode()
        assert wanted in head.lower(), part


def test_joined_ranges(client):
    """Adjacent and overlapping ones are one."""
    got = client.ask(
        "/site.wwz/big.txt", headers=[("Range", "bytes=0-9,10-19,15-29")]
    )
    assert (got.status, got.get("Content-Range"), got.body) == (
        206,
        f"bytes 0-29/{len(BIG)}",
        BIG[:30],
    ), got


def test_too_many_ranges(client):
    field = "bytes=" + ",".join(f"{i}-{i}" for i in range(0, 80, 2))
    got = client.ask("/site.wwz/noise.bin", headers=[("Range", field)])
    assert (got.status, got.body) == (200, NOISE), got


def test_range_of_head(client):
    got = client.ask(
        "/site.wwz/noise.bin", "HEAD", headers=[("Range", "bytes=0-4")]
    )
    assert (got.status, got.get("Content-Length")) == (200, str(len(NOISE)))


def test_if_range(client):
    path, field = "/site.wwz/big.txt", ("Range", "bytes=0-99")
    plain = client.ask(path, "HEAD").get("ETag")
    whole = client.ask(path, headers=gz())
    coded = whole.get("ETag")
    # A tag decides on the form as well; a date goes with either.
    forms = {None: BIG, "gzip": whole.body}
    cases = [
        (plain, 206, [None]),
        (coded, 206, ["gzip"]),
        (archives.HTTP_DATE, 206, [None, "gzip"]),
        ('"x"', 200, ["gzip"]),
        ("W/" + plain, 200, ["gzip"]),
        (EARLIER, 200, [None, "gzip"]),
        (LATER, 200, [None, "gzip"]),
    ]
    for value, status, codings in cases:
        got = client.ask(path, headers=gz(field, ("If-Range", value)))
        assert got.status == status, f"{value}: {got}"
        coding = got.get("Content-Encoding")
        assert coding in codings, f"{value}: {got}"
        wanted = forms[coding][:100] if status == 206 else forms[coding]
        assert got.body == wanted, f"{value}: {got}"


class Links(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.hrefs = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        assert tag != "script", "a listing has no scripts"
        if tag == "a" and "href" in attributes:
            self.hrefs.append(attributes["href"])
        for name in attributes:
            assert not name.startswith("on"), f"{tag} {name}"


# URL of a listing, the paths that it must link to.
LISTINGS = {
    "/site.wwz/plain/": [
        "/site.wwz/plain/one.txt",
        "/site.wwz/plain/two.bin",
        "/site.wwz/plain/deeper/",
        "/site.wwz/",
    ],
    "/site.wwz/-wwz-index": [
        "/site.wwz/index.html",
        "/site.wwz/big.txt",
        "/site.wwz/dir/",
        "/site.wwz/plain/",
        "/site.wwz/-wwz-archive?download",
    ],
    "/site.wwz/odd/": [
        f"/site.wwz/odd/{archives.url(name)}" for name in ODD
    ],
    "/d/bare.wwz/": ["/d/bare.wwz/a.txt", "/d/bare.wwz/sub/"],
    "/d/bare.wwz/sub/?sort=size&order=desc": ["/d/bare.wwz/sub/b.txt"],
    "/d/bare.wwz/sub/?sort=nonsense&order=%00": ["/d/bare.wwz/sub/b.txt"],
}


@pytest.mark.parametrize("url", LISTINGS)
def test_listing(client, url):
    got = client.ask(url)
    assert got.status == 200, got
    assert got.get("Content-Type") == "text/html; charset=utf-8", got
    policy = got.get("Content-Security-Policy")
    assert policy.startswith("default-src 'none'"), got
    links = {
        urllib.parse.unquote(urllib.parse.urljoin(f"http://h{url}", href))
        for href in Links(got.body).hrefs
    }
    for path in LISTINGS[url]:
        assert f"http://h{urllib.parse.unquote(path)}" in links, path


def test_links_of_a_listing_work(client):
    """Each link of a page with odd names leads somewhere on this host."""
    url = "/site.wwz/odd/"
    for href in Links(client.ask(url).body).hrefs:
        absolute = urllib.parse.urljoin(f"http://h{url}", href)
        parts = urllib.parse.urlsplit(absolute)
        assert parts.netloc == "h", href
        path = parts.path + ("?" + parts.query if parts.query else "")
        got = client.ask(path)
        # A log's page leads to its last line.
        if got.status == 303:
            got = client.ask(got.get("Location").partition("#")[0])
        # Above the archive it is nginx's own business.
        if parts.path.startswith("/site.wwz"):
            assert got.status == 200, f"{href}: {got}"


def test_listing_as_json(client):
    got = client.ask("/site.wwz/plain/-wwz-index?format=json")
    assert got.status == 200, got
    assert got.get("Content-Type").startswith("application/json"), got
    text = json.dumps(json.loads(got.body))
    for name in ("one.txt", "two.bin", "deeper"):
        assert name in text, got.body


def test_archive_itself(client, servers):
    whole = (servers[0].root / "site.wwz").read_bytes()
    got = client.ask("/site.wwz/-wwz-archive")
    assert (got.status, got.get("Content-Type")) == (200, "application/zip")
    assert got.get("Content-Disposition").startswith("attachment"), got
    assert got.body == whole
    got = client.ask("/site.wwz/-wwz-archive", headers=[("Range", "bytes=5-9")])
    assert (got.status, got.body) == (206, whole[5:10]), got


def test_no_listing(root, serve):
    archives.write(root / "bare.wwz", BARE)
    with serve("--no-listing").client() as client:
        for path in ("/bare.wwz/", "/bare.wwz/sub/", "/bare.wwz/-wwz-index"):
            got = client.ask(path)
            assert got.status == 403, f"{path}: {got}"
            assert b"a.txt" not in got.body and b"b.txt" not in got.body
        assert client.ask("/bare.wwz/sub/b.txt").status == 200


def test_suffix(root, serve):
    """Another suffix in place of .wwz."""
    archives.write(root / "x.zip", BARE)
    with serve("--suffix", ".zip").client() as client:
        got = client.ask(
            "/x.zip/a.txt",
            SCRIPT_FILENAME=f"{root}/x.zip",
            PATH_INFO="/a.txt",
        )
        assert (got.status, got.body) == (200, b"a"), got


def test_suffixes(root, serve):
    """Several: the first component that ends in one is the archive, and what is
    downloaded is called without it."""
    archives.write(root / "x.zip", {**BARE, "in.wwz": b"not opened"})
    archives.write(root / "y.wwz", {"in.zip/c.txt": b"c"})
    archives.write(root / "z.jar", BARE)
    responder = serve("--suffix", ".wwz,.zip")
    responder.expect("warn no-archive")
    with responder.client() as client:
        for path, status, body in [
            ("x.zip/a.txt", 200, b"a"), ("x.zip/in.wwz", 200, b"not opened"),
            ("y.wwz/in.zip/c.txt", 200, b"c"), ("z.jar/a.txt", 404, None),
        ]:
            archive, _, member = path.partition("/")
            got = client.ask(f"/{path}", SCRIPT_FILENAME=f"{root}/{archive}",
                             PATH_INFO=f"/{member}")
            assert got.status == status, (path, got)
            assert body is None or got.body == body, (path, got)
        for name in ("x.zip", "y.wwz"):
            got = client.ask(f"/{name}/-wwz-archive")
            assert f'"{name[0]}.zip"' in got.get("Content-Disposition"), got


def test_error_page(client, servers):
    """The status and a sentence; nothing of the server's files."""
    got = client.ask("/d/bare.wwz/none.txt")
    assert got.status == 404, got
    assert b"404" in got.body, got
    assert str(servers[0].root).encode() not in got.body, got
    assert got.get("ETag") is None, got


# Parameters as the front ends of front-ends.md send them for member b.txt of
# /d/bare.wwz; None leaves out what nginx sends.
def fronts(root):
    uri = {"REQUEST_URI": "/d/bare.wwz/sub/b.txt"}
    file = f"{root}/d/bare.wwz"
    return {
        "mod_fcgid": {
            **uri,
            "SCRIPT_FILENAME": file,
            "PATH_INFO": "/sub/b.txt",
            "PATH_TRANSLATED": f"{root}/sub/b.txt",
        },
        "mod_fcgid, RewriteRule": {
            **uri,
            "SCRIPT_NAME": "/bin/dispatch.fcgi",
            "SCRIPT_FILENAME": f"{root}/bin/dispatch.fcgi",
            "PATH_INFO": "/sub/b.txt",
            "PATH_TRANSLATED": f"{root}/sub/b.txt",
            "REDIRECT_URL": "/d/bare.wwz/sub/b.txt",
        },
        "mod_fcgid, Action": {
            **uri,
            "SCRIPT_NAME": "/bin/dispatch.fcgi",
            "SCRIPT_FILENAME": f"{root}/bin/dispatch.fcgi",
            "PATH_INFO": "/d/bare.wwz/sub/b.txt",
            "PATH_TRANSLATED": f"{root}/d/bare.wwz/sub/b.txt",
            "REDIRECT_URL": "/d/bare.wwz/sub/b.txt",
        },
        "mod_proxy_fcgi": {
            **uri,
            "SCRIPT_FILENAME": f"proxy:fcgi://localhost/{file}",
            "PATH_INFO": "/sub/b.txt",
            "PATH_TRANSLATED": f"{root}/sub/b.txt",
        },
        "whole path in SCRIPT_FILENAME": {
            **uri,
            "SCRIPT_FILENAME": f"{file}/sub/b.txt",
            "PATH_INFO": "",
        },
        "REQUEST_URI alone": {
            "REQUEST_URI": "/d/b%61re.wwz/sub/b.txt?x=1",
            "SCRIPT_NAME": None,
            "SCRIPT_FILENAME": None,
            "PATH_INFO": None,
        },
        "WWZ_ARCHIVE": {
            "REQUEST_URI": "/docs/sub/b.txt",
            "WWZ_ARCHIVE": file,
            "SCRIPT_NAME": "/docs",
            "SCRIPT_FILENAME": f"{root}/docs",
            "PATH_INFO": "/sub/b.txt",
        },
    }


@pytest.mark.parametrize("kind", fronts("."))
def test_front_end(servers, raw, kind):
    got = raw.ask("/", **fronts(servers[0].root)[kind])
    assert (got.status, got.body) == (200, b"b"), f"{kind}: {got}"


def test_field_sent_twice(client):
    """nginx passes it on as two parameters of one name."""
    got = client.ask(
        "/site.wwz/big.txt",
        headers=[("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")],
    )
    assert (got.status, got.get("Content-Encoding")) == (200, "gzip"), got
