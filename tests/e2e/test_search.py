"""The search in all texts of an archive: what another program finds there, in
pages that lead on, as HTML and as JSON."""

import gzip
import html
import json
import lzma
import re
import urllib.parse

import pytest

import archives
import harness

LINES = [f"{n} {'needle' if n % 7 == 0 else 'hay'} of {n % 100}" for n in range(1, 5001)]
LONG = "\n".join(LINES) + "\n"
TEXTS = {
    "a/long.log": LONG,
    "a/sub/short.txt": "one\nNeedle two\nthree needle & <b>\n",
    "a/gr\u00fc\u00dfe/x y.txt": "a needle\n",
    "b/packed.log.gz": "x\npacked needle\n",
    "b/wide.txt": "wide needle\n",
    "b/blocks.txt": "a needle in blocks\n" * 3,
    "page.html": "<p>needle</p>\n",
    "README": "no newline, but a needle",
    "z/last.log": LONG,
}
OTHERS = {
    "a/binary.dat": b"\0\1needle\n", "a/x.png": b"\x89PNG\r\n\x1a\nneedle\0\0",
    "a/.hidden": b"needle\n", "a/sub/.git/x": b"needle\n",
    "_redirects": b"/needle /x\n", "a/sub/-wwz-index": b"needle\n",
    "page.html.gz": gzip.compress(b"<p>needle</p>\n"), "empty.txt": b"",
}


@pytest.fixture(scope="module")
def served(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    members = dict(TEXTS)
    members["b/packed.log.gz"] = gzip.compress(members["b/packed.log.gz"].encode())
    members["b/wide.txt"] = members["b/wide.txt"].encode("utf-16")
    members["b/blocks.txt"] = (members["b/blocks.txt"].encode(), archives.BZIP2)
    archives.write(root / "x.wwz", {**members, **OTHERS})
    with harness.served(module_tmp, root) as served:
        yield served


@pytest.fixture(scope="module")
def client(served):
    client = served[1].client()
    yield client
    client.close()


def grep(q, below="", context=0):
    """What is to be found, as (member, line, match, text)."""
    found = []
    for name in sorted(TEXTS, key=str.encode):
        if not name.startswith(below):
            continue
        lines = TEXTS[name].splitlines()
        hits = {n for n, line in enumerate(lines)
                if q in (line if q != q.lower() else line.lower())}
        near = sorted({n for hit in hits
                       for n in range(hit - context, hit + context + 1)
                       if 0 <= n < len(lines)})
        found += [(name[len(below):], n + 1, n in hits, lines[n]) for n in near]
    return found


def told(client, path, query):
    """All that is found, page by page; and the last answer."""
    lines = []
    while query:
        got = client.ask(f"/x.wwz/{path}-wwz-search{query}")
        assert (got.status, got.get("Content-Type")) == (200, "application/json")
        answer = json.loads(got.body)
        assert answer["matches"] == sum(l["match"] for l in answer["lines"])
        assert answer["matches"] <= 2000
        lines += [(l["member"], l["line"], l["match"], l["text"])
                  for l in answer["lines"]]
        query = answer["next"]
    return lines, answer


@pytest.mark.threads
@pytest.mark.parametrize("q, below, context", [
    ("needle", "a/", 0), ("needle", "a/", 2), ("needle", "", 0), ("Needle", "", 3),
    ("needle &", "", 1), ("e", "", 0), ("no such text", "", 3), ("needle", "a/sub/", 20)])
def test_found(client, q, below, context):
    """The same as another program finds, however many pages that takes."""
    query = f"?q={urllib.parse.quote(q)}&format=json&context={context}"
    lines, answer = told(client, below, query)
    assert lines == grep(q, below, context)
    assert (answer["q"], answer["directory"]) == (q, below.strip("/"))


def test_counts(client):
    lines, answer = told(client, "", "?q=needle+of&format=json&context=0")
    assert len(lines) == 2 * (5000 // 7)
    # An empty file is a text; so is a page, but not beside its packed form.
    assert answer["searched"] == len(TEXTS) + 1
    assert (answer["passed"], answer["unread"], answer["left_out"]) == (2, 0, 0)
    lines, _ = told(client, "a/", "?q=^1%5Cd+needle&re=1&format=json&context=0")
    assert [line[1] for line in lines] == [14]


def test_page(client):
    """Each line leads to the log page, at that line."""
    got = client.ask("/x.wwz/a/-wwz-search?q=needle+tw&context=1")
    body = got.body.decode()
    assert got.get("Content-Type") == "text/html; charset=utf-8"
    assert "form-action 'self'" in got.get("Content-Security-Policy")
    assert "1 line matches, 3 files searched." in body
    rows = re.findall(r'<div( class="m")?><a href="([^"]*)">(\d+)</a>(.*?)</div>', body)
    assert [(match != "", int(n), html.unescape(re.sub("<[^>]*>", "", text)))
            for match, _, n, text in rows] == [
        (False, 1, "one"), (True, 2, "Needle two"), (False, 3, "three needle & <b>")]
    for _, href, n, _ in rows:
        where = urllib.parse.urljoin("/x.wwz/a/-wwz-search", html.unescape(href))
        where, _, fragment = where.partition("#")
        assert fragment == f"L{n}"
        page = client.ask(where)
        assert page.status == 200 and f'id="L{n}"' in page.body.decode(), where
    body = client.ask("/x.wwz/a/-wwz-search?q=a+needle").body.decode()
    (href,) = re.findall(r'<h2><a href="([^"]*)">', body)
    where = urllib.parse.urljoin("/x.wwz/a/-wwz-search", href)
    assert client.ask(where).status == 303
    assert "gr\u00fc\u00dfe/x y.txt" in body


def test_more(client):
    body = client.ask("/x.wwz/-wwz-search?q=of&context=0").body.decode()
    assert "The first 2000 lines match" in body
    (href,) = re.findall(r'<a href="([^"]*)">More</a>', body)
    more = client.ask("/x.wwz/-wwz-search" + html.unescape(href)).body.decode()
    assert ">2001</a>2001 hay" in more.replace("<mark>", "").replace("</mark>", "")
    assert 'L2000"' not in more
    # A member that has gone: the search goes on behind it.
    got = json.loads(client.ask(
        "/x.wwz/-wwz-search?q=needle&member=a/zzz&from=9&format=json").body)
    assert got["lines"][0]["member"] == "b/blocks.txt"
    assert got["lines"][0]["line"] == 1


@pytest.mark.parametrize("path, status", [
    ("-wwz-search", 200), ("a/-wwz-search?q=", 200), ("none/-wwz-search?q=a", 404),
    ("a/.git/-wwz-search?q=a", 404), ("-wwz-search?q=%00", 400),
    ("-wwz-search?q=+", 400), ("-wwz-search?q=" + "a" * 201, 400),
    ("-wwz-search?q=(&re=1", 400), ("-wwz-index/a/-wwz-search?q=a", 200),
    ("-wwz-search/?q=a", 404), ("page.html/-wwz-search?q=a", 404)])
def test_status(client, path, status):
    got = client.ask("/x.wwz/" + path)
    assert got.status == status
    if status == 200:
        assert b"<form" in got.body
        head = client.ask("/x.wwz/" + path, "HEAD")
        assert head.get("ETag") == got.get("ETag")
        again = client.ask(
            "/x.wwz/" + path, headers=[("If-None-Match", got.get("ETag"))])
        assert again.status == 304


def test_links(client):
    """Listings of browsers and log pages lead there."""
    browser = [("Accept", "text/html")]
    assert b'action="./-wwz-search"' in client.ask("/x.wwz/a/", headers=browser).body
    assert b'formaction="../-wwz-search"' in client.ask(
        "/x.wwz/a/-wwz-log/long.log?tail=5").body


def test_unread(root, serve):
    """Encrypted and damaged members are counted; the search goes on."""
    path = root / "x.wwz"
    archives.write(path, {name: f"{name} needle\n" * 9 for name in "abcde"})
    data = bytearray(path.read_bytes())
    for at, local, name in archives.headers(bytes(data)):
        if name == b"b":
            data[at + 8] |= 1
            data[local + 6] |= 1
        elif name == b"c":
            data[local] ^= 0xFF
        elif name == b"d":
            data[at + 16] ^= 0xFF  # its CRC-32
            data[local + 14] ^= 0xFF
    path.write_bytes(data)
    responder = serve()
    responder.expect("^warn member-damaged .*member=[cd] ", None)
    with responder.client() as client:
        got = json.loads(client.ask("/x.wwz/-wwz-search?q=needle&format=json").body)
    assert {l["member"] for l in got["lines"]} >= {"a", "e"}
    assert (got["searched"], got["unread"]) == (3, 3)


def test_no_memory(root, serve):
    """A text whose decoder would need more memory than can be lent is counted,
    and the others are searched."""
    packer = lzma.LZMACompressor(
        filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 12 << 20}])
    archives.write(root / "x.wwz", {
        "a.log": "a needle\n", "b.log.xz": packer.compress(b"needle\n") + packer.flush(),
        "c.log": "needle\n"})
    responder = serve("--max-memory", "8M")
    responder.expect("^warn memory-in-use ", None)
    with responder.client() as client:
        for _ in range(3):
            got = json.loads(
                client.ask("/x.wwz/-wwz-search?q=needle&format=json").body)
            assert [line["member"] for line in got["lines"]] == ["a.log", "c.log"]
            assert (got["searched"], got["unread"]) == (2, 1)
    with serve().client() as client:
        got = json.loads(client.ask("/x.wwz/-wwz-search?q=needle&format=json").body)
        assert (got["searched"], got["unread"]) == (3, 0)


def test_memory_in_use(root, serve):
    """While another response has the memory that a text needs, the page ends before
    it, and leads there; a page that would begin with it is cut."""
    long = (b"needle" + b"x" * 9000 + b"\n") * 1000
    archives.write(root / "x.wwz", {
        "a.log": "needle\n", "b.log.xz": lzma.compress(long, preset=0),
        "c.log": "needle\n"})
    responder = serve("--max-memory", "40M", "--status")
    responder.expect("^warn memory-in-use ", None)
    responder.expect("^warn response-cut .*no memory")
    with responder.client() as client:
        def lent():
            return json.loads(client.ask(
                "/x.wwz/-wwz-status?format=json").body)["memory_lent"]

        def search(query):
            return client.ask("/x.wwz/-wwz-search?q=needle&context=0" + query)

        other = responder.client()
        other.send(other.request("/x.wwz/b.log.xz/-wwz-log?from=1"))
        harness.wait_until(lambda: lent() > 16 << 20, "a response that is not taken")
        got = json.loads(search("&format=json").body)
        assert [line["member"] for line in got["lines"]] == ["a.log"]
        assert (got["searched"], got["unread"]) == (1, 0)
        assert got["next"].endswith("&member=b.log.xz&from=1&format=json")
        assert b"The first 1 line matches" in search("").body
        with responder.client() as cut:
            cut.send(cut.request("/x.wwz/-wwz-search" + got["next"]))
            rest = cut.read_response()
            assert rest is None or not rest.ended, rest
        other.close()
        harness.wait_until(lambda: not lent(), "its end")
        got = json.loads(client.ask("/x.wwz/-wwz-search" + got["next"]).body)
        assert (got["matches"], got["searched"], got["next"]) == (1001, 2, None)


def test_gone(root, serve):
    """When a client goes that has not taken all, the search ends, and gives back
    what it borrowed."""
    archives.write(root / "x.wwz", {"a.log": (b"needle" + b"x" * 9000 + b"\n") * 2000})
    responder = serve("--status")
    with responder.client() as other:
        def lent():
            return json.loads(other.ask(
                "/x.wwz/-wwz-status?format=json").body)["memory_lent"]

        client = responder.client()
        client.send(client.request("/x.wwz/-wwz-search?q=needle"))
        harness.wait_until(lent, "a search that is under way")
        client.close()
        harness.wait_until(lambda: not lent(), "its end")


def test_no_listing(root, serve):
    archives.write(root / "x.wwz", {"a.log": "a\n"})
    with serve("--no-listing").client() as client:
        assert client.ask("/x.wwz/-wwz-search?q=a").status == 403
        assert b"wwz-search" not in client.ask("/x.wwz/a.log/-wwz-log?tail=1").body


def test_quiet(root, serve):
    """While nothing is found, blanks are sent; matches come at once."""
    archives.write(root / "x.wwz", {
        f"{n:04}.txt": "needle\n" if n == 0 else "hay\n" for n in range(2000)})
    with serve().client() as client:
        got = client.ask("/x.wwz/-wwz-search?q=needle&format=json")
        assert json.loads(got.body)["matches"] == 1
        blanks = got.body.split(b"}", 1)[1].split(b"]")[0]
        assert 2000 // 256 <= blanks.count(b"\n") < 200, blanks
