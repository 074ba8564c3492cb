"""The same requests behind every front end that deploy/ has a configuration
for: the responder's answer is the same, and where a front end answers by
itself, the table says so."""

import contextlib
import gzip
import os
import re
import urllib.parse
import zipfile

import pytest

import archives
import conditions
import fronts
import harness

BIG = archives.noise(3 << 20, 7)
PAGE = b"<!doctype html><title>b</title>" + archives.text(20_000, 3)
OWN_404 = b"<!doctype html><title>404</title>our own"
SECRET = b"nobody must see this"

MEMBERS = {
    "index.html": b"<!doctype html><title>start</title>",
    "404.html": OWN_404,
    "a/b.html": PAGE,
    "a/more/c.txt": b"below",
    "big.bin": (BIG, archives.STORED),
    "big.txt": archives.text(3 << 20, 8),
    "two words.txt": b"space",
    "caf\u00e9.txt": b"utf-8",
    "what?.txt": b"question mark",
    "100%.txt": b"per cent",
    "100%25.txt": b"decoded once, not twice",
    "a+b&c;d.txt": b"plus",
    "back\\slash.txt": b"backslash",
    "raw_.txt": b"a byte that is not UTF-8",
    "x.wwz/y.txt": b"in a directory that looks like an archive",
    "inner.wwz": (b"an archive's name", archives.STORED),
}

SITE = "/dir/site.wwz"

# Front ends that differ from the others in a row; the table says why.
APACHE = {"mod_fcgid", "mod_fcgid-rewrite", "mod_fcgid-wwz.py",
          "mod_fcgid-action", "mod_proxy_fcgi", "apache-cgi"}
FCGID = APACHE - {"mod_proxy_fcgi", "apache-cgi"}
LIGHTTPD = {"lighttpd", "lighttpd-cgi"}
NGINX = {"nginx", "nginx-keepalive", "nginx-cache"}
WWZ_PY = {"mod_fcgid-wwz.py"}
REWRITE = {"mod_fcgid-rewrite", *WWZ_PY}
HAPROXY, CADDY = {"haproxy"}, {"caddy"}


class Row:
    """A request, and what is wanted of the answer: its status, and its body
    as member of the site, as bytes, or any (None).  others: triples of who
    answers otherwise, with which status (and body), and why; sometimes: the
    same of who does so now and then."""

    def __init__(self, name, path, status, body=None, *, method="GET",
                 fields=(), content=None, coding=None, others=(), sometimes=(),
                 **wanted):
        self.name = name
        self.path = path
        self.status = status
        self.body = body
        self.method = method
        self.fields = list(fields)
        self.content = content
        self.coding = coding
        self.others = others
        self.sometimes = sometimes
        self.wanted = wanted

    def for_front(self, front, got):
        """The (status, body) there that an answer with the status got is to
        have."""
        for names, answer, _ in self.others:
            if front in names:
                return answer if isinstance(answer, tuple) else (answer, None)
        for names, status, _ in self.sometimes:
            if front in names and status == got:
                return status, None
        return self.status, self.body


def at(path):
    return SITE + path


ROWS = [
    Row("plain", at("/a/b.html"), 200, "a/b.html"),
    Row("query", at("/a/b.html?x=1&y=%2F../"), 200, "a/b.html"),
    Row("query with %00", at("/a/b.html?%00"), 200, "a/b.html", others=[
        (LIGHTTPD, 400, "url-ctrls-reject"),
    ]),
    Row("query of words", at("/a/b.html?--version"), 200, "a/b.html"),
    Row("space", at("/two%20words.txt"), 200, "two words.txt"),
    Row("UTF-8", at("/caf%C3%A9.txt"), 200, "caf\u00e9.txt"),
    Row("UTF-8 not encoded", at("/caf\u00c3\u00a9.txt"), 200,
        "caf\u00e9.txt", others=[
            (HAPROXY, 400, "takes ASCII only"),
        ]),
    Row("%2F", at("/a%2Fb.html"), 200, "a/b.html", others=[
        (APACHE, 404, "AllowEncodedSlashes is off"),
    ]),
    Row("%3F", at("/what%3F.txt"), 200, "what?.txt", others=[
        (WWZ_PY, 403, "no question mark in what a rule makes"),
    ]),
    Row("%25", at("/100%25.txt"), 200, "100%.txt", others=[
        (WWZ_PY, 400, "what a rule makes is decoded once more"),
    ]),
    Row("%2525", at("/100%2525.txt"), 200, "100%25.txt"),
    Row("plus and so on", at("/a+b&c;d.txt"), 200, "a+b&c;d.txt"),
    Row("backslash", at("/back%5Cslash.txt"), 200, "back\\slash.txt"),
    Row("%FF", at("/raw%FF.txt"), 200, "raw_.txt", others=[
        (LIGHTTPD, 400, "url-invalid-utf8-reject"),
    ]),
    Row("// inside", at("//a///b.html"), 200, "a/b.html"),
    Row("// before", "//dir//site.wwz/a/b.html", 200, "a/b.html"),
    Row("/./", at("/./a/./b.html"), 200, "a/b.html"),
    Row("/../", at("/x/../a/b.html"), 200, "a/b.html"),
    Row(".. over the archive", at("/../site.wwz/a/b.html"), 200, "a/b.html",
        others=[
            (HAPROXY | CADDY, 400, "pass .. on; wwz refuses it"),
        ]),
    Row(".. at the start", "/../dir/site.wwz/a/b.html", 400, others=[
        (LIGHTTPD | CADDY, (200, "a/b.html"), "stay at the root"),
    ]),
    Row("outside by ..", "/../outside/secret.wwz/secret.txt", 400, others=[
        (LIGHTTPD | CADDY, 404, "stay at the root"),
    ]),
    Row("outside by %2e%2e", "/dir/%2e%2e/%2e%2e/outside/secret.wwz/secret.txt",
        400, others=[
            (LIGHTTPD | CADDY, 404, "stay at the root"),
        ]),
    Row("outside by %2F", "/dir/..%2F..%2Foutside/secret.wwz/secret.txt", 400,
        others=[
            (LIGHTTPD | CADDY, 404, "stay at the root"),
            (APACHE, 404, "AllowEncodedSlashes is off"),
        ]),
    Row("outside by ..;", "/dir/..;/..;/outside/secret.wwz/secret.txt", 404),
    Row("outside through an archive",
        at("/%2e%2e/%2e%2e/%2e%2e/outside/secret.wwz/secret.txt"), 400,
        others=[
            (LIGHTTPD, 404, "stays at the root"),
        ]),
    Row("outside through a link", "/link.wwz/secret.txt", 403),
    Row("outside by its path", at("//outside/secret.wwz/secret.txt"), 404,
        OWN_404),
    Row("%00 in the member", at("/a/b.html%00.txt"), 400, others=[
        (APACHE, 404, "refuses it so"),
    ]),
    Row("%00 in the archive", "/dir/site.wwz%00/a/b.html", 400, others=[
        (APACHE, 404, "refuses it so"),
    ]),
    Row("%0A in the member", at("/a%0A/b.html"), 400),
    Row("%0A at the end", at("/a/b.html%0A"), 400),
    Row("%0A before", "/dir%0A/site.wwz/a/b.html", 400, others=[
        (APACHE - REWRITE, 404, "sees that there is no such directory"),
    ]),
    Row("%7F", at("/a%7F"), 400),
    Row("half an escape", at("/a%zz"), 400, others=[
        (LIGHTTPD, (404, OWN_404), "takes it as it is"),
    ]),
    Row("nested", at("/x.wwz/y.txt"), 200, "x.wwz/y.txt"),
    Row("archive's name inside", at("/inner.wwz"), 200, "inner.wwz", others=[
        (WWZ_PY, 404, "what the rule leaves is /inner.wwz"),
    ]),
    Row("file with a longer name", "/dir/notes.wwz.txt", 200, b"plain",
        others=[
            (HAPROXY, 404, "serves no files"),
        ]),
    Row("archive missing", "/dir/none.wwz/a.txt", 404),
    Row("archive's directory missing", "/none/none.wwz/a.txt", 404),
    Row("archive is a directory", "/folder.wwz/a.txt", 404),
    Row("archive damaged", "/damaged.wwz/a.txt", 500),
    Row("member missing", at("/a/none.txt"), 404, OWN_404),
    Row("member's name with a slash", at("/a/b.html/"), 404, OWN_404),
    Row("archive alone", SITE, 301, location=SITE + "/", others=[
        (WWZ_PY, (200, b"ARCHIVE"), "the rule wants a slash"),
    ]),
    Row("archive alone, query", SITE + "?a=%2F", 301,
        location=SITE + "/?a=%2F", others=[
            (WWZ_PY, (200, b"ARCHIVE"), "the rule wants a slash"),
        ]),
    Row("archive alone, another host", "//dir/site.wwz", 301,
        location=SITE + "/", others=[
            (WWZ_PY, (200, b"ARCHIVE"), "the rule wants a slash"),
        ]),
    Row("archive's root", SITE + "/", 200, "index.html"),
    Row("directory", at("/a"), 301, location=SITE + "/a/"),
    Row("listing", at("/a/"), 200, length=None),
    Row("the archive itself", at("/-wwz-archive"), 200, b"ARCHIVE"),
    Row("a space in the archive's path", "/odd%20d%C3%AFr/s%C3%AFte.wwz/a.txt",
        200, b"odd"),
    Row("HEAD", at("/big.bin"), 200, b"", method="HEAD", length=len(BIG)),
    Row("HEAD missing", at("/none"), 404, b"", method="HEAD"),
    Row("OPTIONS", at("/a/b.html"), 204, b"", method="OPTIONS"),
    Row("POST, empty", at("/a/b.html"), 405, method="POST", content=b""),
    Row("POST, 1 KiB", at("/a/b.html"), 405, method="POST",
        content=bytes(1 << 10)),
    Row("POST, 60 KiB", at("/a/b.html"), 405, method="POST",
        content=bytes(60 << 10)),
    Row("POST, 1 MiB", at("/a/b.html"), 413, method="POST",
        content=bytes(1 << 20)),
    Row("GET with a body", at("/a/b.html"), 200, "a/b.html", content=b"body",
        others=[
            (LIGHTTPD, 400, "method-get-body is off"),
        ]),
    Row("GET, chunked", at("/a/b.html"), 200, "a/b.html", content=[b"body"],
        others=[
            (LIGHTTPD, 400, "method-get-body is off"),
            (FCGID, 411, ".htaccess refuses it"),
        ]),
    Row("POST, chunked", at("/a/b.html"), 405, method="POST",
        content=[b"bo", b"dy"], others=[
            (FCGID, 411, ".htaccess refuses it"),
        ]),
    Row("POST, chunked, 1 MiB", at("/a/b.html"), 413, method="POST",
        content=[bytes(1 << 16)] * 16, others=[
            (FCGID, 411, ".htaccess refuses it"),
            (HAPROXY, 400, "it does not fit into HAProxy's buffer"),
        ]),
    Row("PUT", at("/a/b.html"), 405, method="PUT", content=b"new"),
    Row("PROPFIND", at("/a/b.html"), 405, method="PROPFIND"),
    Row("BREW", at("/a/b.html"), 405, method="BREW", others=[
        (LIGHTTPD, 501, "RFC 9110, 9.1: a method that it does not know"),
    ]),
    Row("range", at("/a/b.html"), 206, PAGE[1000:3000],
        fields=[("Range", "bytes=1000-2999")], length=2000),
    Row("range of a large one", at("/big.bin"), 206, BIG[-5000:],
        fields=[("Range", "bytes=-5000")]),
    Row("several ranges", at("/big.bin"), 206,
        fields=[("Range", "bytes=0-9,1000-1009")]),
    Row("range outside", at("/a/b.html"), 416,
        fields=[("Range", "bytes=99999999-")]),
    Row("range backwards", at("/a/more/c.txt"), 200, "a/more/c.txt",
        fields=[("Range", "bytes=5-2")], sometimes=[
            (LIGHTTPD, 416, "answers it itself if it has the whole body"),
        ]),
    Row("If-Range of another", at("/a/b.html"), 200, "a/b.html",
        fields=[("Range", "bytes=0-9"), ("If-Range", '"other"')]),
    Row("If-None-Match", at("/a/b.html"), 304, b"",
        fields=[("If-None-Match", "TAG")]),
    Row("If-None-Match of another", at("/a/b.html"), 200, "a/b.html",
        fields=[("If-None-Match", '"other"')]),
    Row("If-None-Match twice", at("/a/b.html"), 304, b"",
        fields=[("If-None-Match", '"other"'), ("If-None-Match", "TAG")],
        others=[
            (NGINX, 400, "takes it once only"),
            (LIGHTTPD, (200, "a/b.html"), "passes the first on"),
        ]),
    Row("If-Modified-Since", at("/a/b.html"), 304, b"",
        fields=[("If-Modified-Since", archives.HTTP_DATE)]),
    Row("If-Match of another", at("/a/b.html"), 412,
        fields=[("If-Match", '"other"')]),
    Row("gzip", at("/a/b.html"), 200, "a/b.html", coding="gzip",
        fields=[("Accept-Encoding", "gzip, deflate, br")]),
    Row("gzip of a large one", at("/big.txt"), 200, "big.txt", coding="gzip",
        fields=[("Accept-Encoding", "gzip")]),
    Row("Accept-Encoding twice", at("/a/b.html"), 200, "a/b.html",
        coding="gzip",
        fields=[("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")],
        others=[
            ({"nginx-cache"}, 200, "nginx 1.22 has a variable of the first"),
        ]),
    Row("nothing acceptable", at("/a/b.html"), 406,
        fields=[("Accept-Encoding", "identity;q=0, br")]),
    Row("large", at("/big.bin"), 200, "big.bin"),
    Row("large, inflated", at("/big.txt"), 200, "big.txt"),
    Row("parameters as fields", at("/a/b.html"), 200, "a/b.html",
        fields=[("WWZ_ARCHIVE", "/etc/passwd"), ("Wwz-Archive", "/etc"),
                ("Script-Filename", "/etc/x.wwz"), ("Proxy", "evil:1")]),
    Row("whole URL", f"http://{fronts.HOST}{SITE}/a/b.html", 200, "a/b.html"),
    Row("long path", at("/" + "a/" * 2000), 404),
    Row("a thousand ranges", at("/big.bin"), 206, BIG[:10],
        fields=[("Range", "bytes=" + ",".join(["0-4", "5-9"] * 500))]),
    Row("hundreds of parts", at("/big.bin"), 200, "big.bin", fields=[
        ("Range", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 1600, 2)))]),
    Row("If-Modified-Since, later", at("/a/b.html"), 200, "a/b.html",
        fields=[("If-Modified-Since", conditions.LATER)], others=[
            (APACHE, 304, "compares dates by itself"),
        ]),
    Row("If-Match: * beside an old date", at("/a/b.html"), 200, "a/b.html",
        fields=[("If-Match", "*"),
                ("If-Unmodified-Since", conditions.EARLIER)], others=[
            (APACHE, 412, "looks at the date beside *, too"),
        ]),
    Row("Expect", at("/a/b.html"), 405, method="POST", content=b"x",
        fields=[("Expect", "100-continue")]),
    Row("GET with Expect", at("/a/b.html"), 200, "a/b.html",
        fields=[("Expect", "100-continue")]),
    Row("unknown Expect", at("/a/b.html"), 417,
        fields=[("Expect", "miracles")], others=[
            (NGINX | LIGHTTPD | HAPROXY, (200, "a/b.html"), "ignore it"),
        ]),
    Row("parameters of the path", at("/a/b.html;v=1"), 404, OWN_404),
    Row("parameters of a directory", at("/a;v=1/b.html"), 404, OWN_404),
    Row("parameters of the archive", SITE + ";v=1/a/b.html", 404),
    Row("parameters of its own", at("/-wwz-archive;v=1"), 404, OWN_404),
    Row("whole URL, another host", f"http://other.example{SITE}/a/b.html", 200,
        "a/b.html"),
    Row("whole URL, https", f"https://{fronts.HOST}{SITE}/a/b.html", 200,
        "a/b.html"),
    Row("whole URL, query", f"http://{fronts.HOST}{SITE}/a/b.html?x=1", 200,
        "a/b.html"),
    Row("whole URL of a directory", f"http://{fronts.HOST}{SITE}/a", 301,
        location=SITE + "/a/"),
]


@pytest.fixture(scope="module")
def site(module_tmp):
    """The document root, and next to it what must not be seen."""
    root = module_tmp / "www"
    for path in (root / "dir", root / "folder.wwz", root / "odd d\u00efr",
                 module_tmp / "outside"):
        path.mkdir(parents=True)
    archives.write(root / "dir/site.wwz", MEMBERS)
    archives.rename(root / "dir/site.wwz", b"raw_.txt", b"raw\xff.txt")
    archives.stamp(root / "dir/site.wwz")
    archives.write(root / "odd d\u00efr/s\u00efte.wwz", {"a.txt": b"odd"})
    (root / "dir/notes.wwz.txt").write_bytes(b"plain")
    damaged = root / "damaged.wwz"
    damaged.write_bytes(b"no zip file" * 20)
    archives.age(damaged)
    secret = module_tmp / "outside/secret.wwz"
    archives.write(secret, {"secret.txt": (SECRET, archives.STORED)})
    os.symlink("../outside/secret.wwz", root / "link.wwz")
    return root


# Statuses that the model wants and a front end gives, and the field's value with
# which it does.
OTHERWISE = {
    **dict.fromkeys(APACHE, {(200, 304): conditions.LATER,
                             (200, 412): conditions.EARLIER}),
    # Only if it has the whole body by then.
    **dict.fromkeys(LIGHTTPD, {(200, 416): "bytes=5-2"}),
}

# The forms for mod_fcgid: what becomes .htaccess of the document root.
FORMS = {
    "mod_fcgid": "wrapper.htaccess",
    "mod_fcgid-rewrite": "rewrite.htaccess",
    "mod_fcgid-wwz.py": "rewrite.htaccess",
    "mod_fcgid-action": "action.htaccess",
}


def wwz_py(place):
    """Put the rule that rewrite.htaccess mentions in place of its own."""
    path = place.root / ".htaccess"
    text = path.read_text()
    old = re.search(r"^#\t(RewriteRule .*)", text, re.M).group(1)
    text, count = re.subn(
        r"(?m)^RewriteRule .* /bin/dispatch.fcgi .*", lambda _: old, text
    )
    assert count == 1, text
    path.write_text(text)


def start_fcgid(place, name):
    for file in ("bin/.htaccess", "bin/dispatch.fcgi"):
        (place.root / file).unlink(missing_ok=True)
    files = {".htaccess": FORMS[name]}
    if name != "mod_fcgid":
        files["bin/.htaccess"] = "bin.htaccess"
        fronts.fcgid_program(place)
    fronts.put_htaccess(place, files)
    if name == "mod_fcgid-wwz.py":
        wwz_py(place)
    return fronts.fcgid(place)


# Front ends that connect to a responder that was started before them.
BEFORE_A_RESPONDER = {
    "nginx": fronts.Nginx,
    "nginx-keepalive": lambda place: fronts.Nginx(
        place, "site-keepalive.conf", "wwz-keepalive.conf"),
    "nginx-cache": lambda place: fronts.Nginx(
        place, "site-cache.conf", "wwz-cache.conf"),
    "lighttpd": fronts.Lighttpd,
    "mod_proxy_fcgi": fronts.proxy_fcgi,
    "haproxy": fronts.Haproxy,
    "caddy": fronts.Caddy,
}

# Front ends that start it themselves.
WITH_ITS_OWN = {
    **{name: lambda place, name=name: start_fcgid(place, name)
       for name in FORMS},
    "apache-cgi": fronts.apache_cgi,
    "lighttpd-cgi": fronts.lighttpd_cgi,
}

# The answers of wwz to these requests.
SAID = (r"(warn|info) (bad-path|archive-missing|archive-no-file"
        r"|archive-outside|archive-damaged|no-archive) ")


@contextlib.contextmanager
def running(name, place):
    if name in BEFORE_A_RESPONDER:
        with harness.running(fronts.responder(place)) as responder:
            responder.allow(SAID)
            with harness.running(BEFORE_A_RESPONDER[name](place)) as front:
                yield front
            with responder.client() as client:
                got = client.ask(at("/a/b.html"))
                assert (got.status, got.body) == (200, PAGE), got
    else:
        with harness.running(WITH_ITS_OWN[name](place)) as front:
            front.allow(SAID)
            yield front


@pytest.fixture(scope="module", params=[*BEFORE_A_RESPONDER, *WITH_ITS_OWN])
def front(request, module_tmp, site):
    tmp = module_tmp / request.param
    tmp.mkdir()
    place = fronts.Place(tmp, site)
    with running(request.param, place) as process:
        process.kind = request.param
        process.site = site / "dir/site.wwz"
        allow_own(process)
        yield process


# The answers that front ends give to these requests by themselves.
OWN_WORDS = {
    "nginx": [
        "client intended to send too large (chunked )?body",
        r'open\(\) ".*/site\.wwz;v=1/a/b\.html" failed',
        "a client request body is buffered to a temporary file",
    ],
    "lighttpd": [r"request-size too long: \d+ -> 413"],
    "apache": [
        "AH10244: invalid URI path",
        "AH10508: Unsafe URL with %3f URL rewritten without UnsafeAllow3F",
        "AH01270: Error reading request entity data",
        # The path is too long for that of a file.
        "AH01264: stderr from .*/-wwz-cgi: script not found",
    ],
}


def allow_own(process):
    for words in OWN_WORDS.get(process.name, []):
        process.allow(words)


@pytest.fixture
def client(front):
    client = front.client()
    yield client
    client.close()


def member(path, name):
    """What Python reads."""
    with zipfile.ZipFile(path) as z:
        return z.read(name.replace("raw_", "raw\u00a0"))


# Names in docs/front-ends.md.
FAMILIES = {
    "Apache": APACHE, "mod_fcgid": FCGID, "wwz.py's rule": WWZ_PY,
    "Apache but rewrite.htaccess": APACHE - REWRITE, "lighttpd": LIGHTTPD,
    "nginx": NGINX, "site-cache.conf": {"nginx-cache"}, "HAProxy": HAPROXY,
    "Caddy": CADDY,
}


def test_handbook():
    """It lists what front ends answer by themselves, and nothing else."""
    text = (harness.TOP / "docs/front-ends.md").read_text()
    listed = [[cell.strip() for cell in line.strip("|").split("|")]
              for line in text.splitlines() if re.match(r"\| [^|]* \|.*\d", line)]
    listed = {(case, frozenset().union(*map(FAMILIES.get, who.split(", "))),
               int(answer), int(wwz)) for who, _, answer, wwz, case in listed}
    assert listed == {
        (row.name, frozenset(names),
         answer[0] if isinstance(answer, tuple) else answer, row.status)
        for row in ROWS for names, answer, _ in [*row.others, *row.sometimes]}


def tag_of(client):
    got = client.ask(at("/a/b.html"))
    assert got.get("ETag"), got
    return got.get("ETag")


def body_wanted(row_body, path):
    if row_body == b"ARCHIVE":
        return path.read_bytes()
    if isinstance(row_body, str):
        return member(path, row_body)
    return row_body


def target(got):
    """The path and query that a redirect leads to, on the same host."""
    parts = urllib.parse.urlsplit(got.get("Location") or "")
    assert parts.netloc in ("", fronts.HOST) or parts.netloc.startswith(
        "127.0.0.1:"), got
    assert not got.get("Location").startswith("//"), got
    return parts.path + ("?" + parts.query if parts.query else "")


def test_model(front, client):
    """A sample of what test_conditions.py asks for."""
    def excused(_, fields, wanted, got):
        return (wanted[0], got.status) in OTHERWISE.get(front.kind, {}) and (
            OTHERWISE[front.kind][wanted[0], got.status] in fields.values())

    page = conditions.look_up(client, at("/a/b.html"), PAGE, True)
    asked, wrong = conditions.faults(client, [page], 150, 13, excused)
    assert asked > 150
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(front, client, row):
    fields = row.fields
    if ("TAG" in dict(fields).values()):
        tag = tag_of(client)
        fields = [(n, v.replace("TAG", tag)) for n, v in fields]
    got = client.ask(row.path, row.method, fields, row.content)
    status, body = row.for_front(front.kind, got.status)
    assert SECRET not in got.body, f"outside of the root: {got}"
    assert got.status == status, f"{status} wanted: {got}"
    content = got.body
    if row.coding is not None and status == 200 and body is not None:
        assert got.get("Content-Encoding") == row.coding, got
        content = gzip.decompress(content)
    wanted = body_wanted(body, front.site)
    assert wanted is None or content == wanted, got
    assert "Status" not in got.headers, got
    length = row.wanted.get("length", len(got.body))
    if status == 200 and length is not None:
        assert got.get("Content-Length") == str(length), got
    if status == 304 and front.kind != "haproxy":
        assert got.get("Content-Length") is None, got
    if status == 301:
        assert target(got) == row.wanted["location"], got
