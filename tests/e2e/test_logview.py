"""The log page: which lines it shows of which members."""

import contextlib
import gzip
import html
import json
import os
import random
import re
import socket
import urllib.parse

import pytest

import archives

MIB = 1 << 20


def numbered(count, width=0, end="\n"):
    """Lines that say their number."""
    lines = (f"line {i} " + "x" * (i * 7 % (width + 1)) for i in
             range(1, count + 1))
    return "\n".join(lines) + end


SMALL = numbered(5000, 30)
LARGE = numbered(120_000, 60)
MEMBERS = {
    "small.log": SMALL,
    "dir/large.log": LARGE,
    "stored.log": (LARGE, archives.STORED),
    "README": "read me\n",
    "notes.txt": "one\ntwo",
    "empty.log": "",
    "newline.log": "\n",
    "bzip2.log": (SMALL, archives.BZIP2),
    "packed.log.gz": gzip.compress(LARGE.encode()),
    "stored.log.gz": (gzip.compress(SMALL.encode()), archives.STORED),
    "two.txt.gz": (gzip.compress(b"one\ntw") + gzip.compress(b"o\n"),
                   archives.STORED),
    "padded.txt.gz": (gzip.compress(b"one\n") + bytes(512), archives.STORED),
    "second.log.gz": (gzip.compress(b"one\n") + gzip.compress(b"")[:10] + b"\xff",
                      archives.STORED),
    "cut.log.gz": (gzip.compress(SMALL.encode())[:-20], archives.STORED),
    "none.log.gz": (b"this is no gzip", archives.STORED),
    "tool": b"\x7fELF\0\0",
    "binary.log": b"a\0b",
    "page.html": "<p>",
    "run.out": "one\n", "build.log.1": "one\n", "rows.jsonl": "[1]\n",
    "strange.xyz": "one\n", "Makefile": "all:\n", "page.svg": "<svg/>",
    "wide.out": "\ufeffone\n\u0a0a\n".encode("utf-16-le"),
    "wide.out.2.gz": gzip.compress("\ufeffone\n\u0a0a\n".encode("utf-16-be")),
    "run.out.zst": (archives.zstd(b"one\n"), archives.STORED),
}

TEXTS = {
    "small.log": SMALL, "dir/large.log": LARGE, "stored.log": LARGE,
    "bzip2.log": SMALL, "packed.log.gz": LARGE, "stored.log.gz": SMALL,
}


@pytest.fixture(scope="module")
def prepared(module_tmp):
    return archives.write(module_tmp / "logs", MEMBERS)


@pytest.fixture
def logs(root, serve, prepared):
    os.link(prepared, root / "x.wwz")
    return serve("--threads", "4")


def page(client, name, query="?tail=2000"):
    got = client.ask(f"/x.wwz/{archives.url(name)}/-wwz-log{query}")
    assert got.status == 200, f"{name}{query}: {got}"
    return got


def lines_of(got):
    """Number and text of the lines that a page shows."""
    found = re.findall(
        r'<div id="L(\d+)"[^>]*><a href="#L\1">\1</a>(.*?)</div>',
        got.body.decode())
    return [(int(number), html.unescape(re.sub("<[^>]*>", "", text)))
            for number, text in found]


def wanted(text, first, count):
    """The same of a text."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return list(enumerate(lines, 1))[first - 1 : first - 1 + count]


def compare(client, name, text, query, first, count):
    got = lines_of(page(client, name, query))
    want = wanted(text, first, count)
    assert got[:1] == want[:1], f"{name}{query}: first line"
    assert got[-1:] == want[-1:], f"{name}{query}: last line"
    assert got == want, f"{name}{query}: {len(got)} lines"


@pytest.mark.parametrize("name", TEXTS)
def test_windows(logs, name):
    text = TEXTS[name]
    total = text.count("\n")
    with logs.client() as client:
        # Twice: without access points, and with.
        for _ in range(2):
            for query, first, count in [
                    ("?from=4000&lines=3", 4000, 3),
                    ("?lines=2000", total - 1999, 2000),
                    ("?tail=10", total - 9, 10),
                    ("?from=1", 1, 2000),
                    (f"?from={total}&lines=5", total, 5),
                    (f"?from={total - 1}&lines=5", total - 1, 5),
                    (f"?from={total + 1}&lines=5", total - 4, 5),
                    (f"?from={10**18}&lines=5", total - 4, 5)]:
                compare(client, name, text, query, first, count)


@pytest.mark.parametrize("one, other", [
    ("small.log/-wwz-log?tail=3", "-wwz-log/small.log?tail=3"),
    ("dir/large.log/-wwz-log?tail=3", "dir/-wwz-log/large.log?tail=3")])
def test_two_addresses(logs, one, other):
    with logs.client() as client:
        pages = [client.ask(f"/x.wwz/{path}") for path in (one, other)]
        assert [page.status for page in pages] == [200, 200]
        assert pages[0].body == pages[1].body


ERRORS = [7, 60_000, 119_000]


def test_jumps(root, serve):
    """To errors anywhere in a log, however it is stored; a second time, from
    access points and with what is known."""
    lines = LARGE.split("\n")
    for at in ERRORS:
        lines[at - 1] = f"main.c:{at}: error: no"
    text = "\n".join(lines).encode()
    archives.write(root / "x.wwz", {
        "a.log": text, "b.log.gz": gzip.compress(text), "c.log": b"fine\n"})
    with serve("--threads", "2").client() as client:
        def jump(name, query, method="GET"):
            got = client.ask(f"/x.wwz/{name}/-wwz-log{query}", method)
            assert got.status == 303, (query, got)
            assert got.get("ETag") is None and got.get("Refresh") is None
            place = got.get("Location")
            path, _, rest = place.partition("?")
            assert path == f"/x.wwz/{name}/-wwz-log"
            query, _, line = rest.partition("#")
            got = client.ask(f"{path}?{query}")
            assert f'id="{line}"'.encode() in got.body, place
            return line

        for name in ("a.log", "b.log.gz") * 2:
            for query, line in [
                    ("?error=first", "L7"), ("?error=last", "L119000"),
                    ("", "L119000"), ("?view", "L119000"),
                    ("?error=next&from=7", "L60000"),
                    ("?error=next&from=6", "L7"),
                    ("?error=next", "L7"),
                    ("?error=next&from=60000&lines=3", "L119000"),
                    ("?error=next&from=119000", "end"),
                    ("?error=previous&from=119000", "L60000"),
                    ("?error=previous&from=8", "L7")]:
                assert jump(name, query) == line, (name, query)
                assert jump(name, query, "HEAD") == line, (name, query)
        assert jump("c.log", "") == jump("c.log", "?error=first") == "end"
        got = client.ask("/x.wwz/c.log/-wwz-log?error=previous&from=1")
        assert got.get("Location").endswith("-wwz-log?from=1&lines=2000")


OWN = """# what ours says
^KABOOM\\b

retry \\d+ of 3\r
(a+)+$
zürich
"""


def test_own_errors(tmp, root, serve):
    """--log-errors: marked, counted, and found from anywhere; a pattern that
    would take exponential time on a line does not, and finds none there."""
    (tmp / "errors").write_text(OWN, newline="")
    lines = [f"line {number}" for number in range(1, 30_001)]
    ours = {20: "KABOOM 1", 21: "kaboom", 300: "\x1b[1mKA\x1b[0mBOOM",
            20_000: "retry 2 of 3", 20_001: "Z\u00fcrich x", 20_002: "ERROR: x",
            25_000: "retry 4 of 3", 25_001: "a" * 99 + "b", 25_002: "::endgroup::"}
    for number, line in ours.items():
        lines[number - 1] = line
    archives.write(root / "x.wwz", {"a.log": "\n".join(lines)})
    with serve("--log-errors", tmp / "errors").client() as client:
        def jump(query):
            got = client.ask(f"/x.wwz/a.log/-wwz-log{query}")
            assert got.status == 303
            return int(got.get("Location").rpartition("#L")[2])

        for _ in range(2):
            assert jump("") == jump("?error=last") == 25_000
        found = [jump("?error=first")]
        while found[-1] != 25_000:
            found.append(jump(f"?error=next&from={found[-1]}"))
        assert found == [20, 300, 20_000, 20_001, 20_002, 25_000]
        assert jump("?error=previous&from=20002") == 20_001
        got = page(client, "a.log", "?from=1&lines=400")
        assert b"Errors on this page: 2, first in" in got.body
        assert [int(n) for n in re.findall(rb'id="L(\d+)" class="x"', got.body)
                ] == [20, 300]
    tag = got.get("ETag")
    for options in ["--log-errors", tmp / "errors"], []:
        with serve(*options).client() as client:
            got = page(client, "a.log", "?from=1&lines=400")
            assert (got.get("ETag") == tag) == (options != [])


def searched(text, q, context, first=1, most=2000):
    """What a search finds, as it is shown: (number, text, whether it matches),
    and where to go on."""
    lines = text.removesuffix("\n").split("\n")
    exact = any("A" <= c <= "Z" for c in q)
    hits = [number for number, line in enumerate(lines, 1)
            if number >= first and q in (line if exact else line.lower())]
    following = hits[most - 1] + 1 if len(hits) >= most else None
    hits = hits[:most]
    shown = sorted({n for hit in hits
                    for n in range(hit - context, hit + context + 1)
                    if first <= n <= len(lines) and n < (following or 10**9)})
    return [(n, lines[n - 1], n in hits) for n in shown], following


@pytest.mark.threads
@pytest.mark.parametrize("name", TEXTS)
def test_search(logs, name):
    """The same lines as another program finds, as HTML and as JSON."""
    text = TEXTS[name]
    line = text.split("\n")[4000]
    with logs.client() as client:
        for q, context, first in [
                (line, 3, 1), (line[:-2], 1, 1), (line, 0, 4001), (line, 0, 4002),
                ("1", 0, 1), ("1", 20, 300), ("no such text", 3, 1)]:
            want, following = searched(text, q.lower(), context, first)
            query = (f"?q={urllib.parse.quote_plus(q.lower())}&context={context}"
                     f"&from={first}")
            told = json.loads(page(client, name, query + "&format=json").body)
            got = [(line["line"], line["text"], line["match"])
                   for line in told["lines"]]
            assert got == want, query
            assert told["next"] == following
            assert told["matches"] == sum(match for _, _, match in want)
            shown = page(client, name, query).body.decode()
            rows = re.findall(
                r'<div( class="m")?><a href="\?from=(\d+)&amp;lines=2000#L(\d+)">'
                r"\3</a>(.*?)</div>", shown)
            assert [(int(number), html.unescape(re.sub("<[^>]*>", "", row)),
                     match != "") for match, _, number, row in rows] == want
            for match, start, number, row in rows:
                assert int(start) == max(1, int(number) - 1000)
                assert (match != "") == ("<mark>" in row)
            assert (f"from={following}" in shown) == (following is not None)


def test_search_regex(root, serve):
    """Perl's expressions, on what is shown; what would take exponential time is
    left out, and what cannot be compiled refused."""
    hostile = "a" * 60 + "b\n"
    archives.write(root / "x.wwz", {
        "a.log": "one 1\ntwo 22\n\x1b[31mthr\x1b[0mee 3\nd\u00e9j\u00e0 vu\nTwo\n",
        "b.log": "aaaa\n" + hostile * 1000 + "aaaa\n"})
    with serve().client() as client:
        def told(name, regex, query=""):
            got = page(client, name, "?re=1&context=0&q="
                       + urllib.parse.quote(regex) + query)
            return got.body.decode()

        for regex, want in [
                (r"^t.*\d$", [2, 3]), (r"\d{2}", [2]), ("^three", [3]),
                (r"\bvu", [4]), ("j. ", [4]), ("two|vu$", [2, 4, 5]),
                ("Two", [5]), (r"^\S+$", [5]), ("(?=t)", [2, 3, 5]),
                ("x*", [1, 2, 3, 4, 5]), (r"(\d)\1", [2])]:
            got = json.loads(told("a.log", regex, "&format=json"))
            assert [line["line"] for line in got["lines"]] == want, regex
        got = told("a.log", "j.|[0-9]+")
        assert "d\u00e9<mark>j\u00e0</mark> vu" in got and "<mark>22</mark>" in got
        for regex in "(", "[", "a{2,1}", r"\C", "((a{1,999}){1,999}){1,999}":
            path = f"/x.wwz/a.log/-wwz-log?re=1&q={urllib.parse.quote(regex)}"
            assert client.ask(path).status == 400, regex
        for regex in "(a+)+$", "(a|a)+$", "(a|aa)+$", "^((a)+)+$", "(?:a?){60}a{60}$":
            got = json.loads(told("b.log", regex, "&format=json"))
            assert (got["left_out"], got["next"]) == (100, 102), regex
            assert [line["line"] for line in got["lines"]] in ([1], []), regex
        assert "it takes" not in told("b.log", "a+$")
        got = told("b.log", "(a+)+$")
        assert "Lines left out, since the expression takes too long" in got
        assert "&amp;re=1&amp;context=0&amp;from=102" in got


def test_search_shown(root, serve):
    """Text is found as it is shown; what makes its colours is not searched.  A
    damaged file is searched as far as it goes."""
    whole = gzip.compress(LARGE.encode())
    archives.write(root / "x.wwz", {
        "a.log": b"\x1b[1merror\x1b[0m: <b>\n\x1b[31mred\n10%\rdone\n"
                 + b"x" * 200_000 + b"needle\nneedle & thread",
        "b.log.gz": whole[:len(whole) // 2], "c.log": b"a\n" * 9})
    responder = serve()
    responder.expect("^warn member-damaged .*member=b.log.gz ", None)
    with responder.client() as client:
        for q, want in [("error: <", [1]), ("31m", []), ("10", []),
                        ("Done", []), ("done", [3]), ("needle", [5]),
                        ("NEEDLE", []), ("& th", [5])]:
            got = page(client, "a.log", "?context=0&format=json&q="
                       + urllib.parse.quote(q))
            told = json.loads(got.body)
            assert [line["line"] for line in told["lines"]] == want, q
            assert told["q"] == q
            assert got.get("Content-Type") == "application/json"
        shown = page(client, "a.log", "?q=%3Cb").body
        assert b"<mark>&lt;b</mark>&gt;" in shown
        assert b'value="&lt;b"' in shown
        assert b"The file ends here" in page(client, "b.log.gz", "?q=zz").body
        for q in "%ff", "%00", "+", "a" * 201:
            got = client.ask(f"/x.wwz/c.log/-wwz-log?q={q}")
            assert got.status == 400, q
        got = client.ask("/x.wwz/c.log/-wwz-log?q=a")
        assert "form-action 'self'" in got.get("Content-Security-Policy")
        tag = got.get("ETag")
        got = client.ask("/x.wwz/c.log/-wwz-log?q=a",
                         headers=[("If-None-Match", tag)])
        assert got.status == 304


@pytest.mark.threads
@pytest.mark.parametrize("name", ["dir/large.log", "stored.log"])
def test_random_windows(logs, name):
    chance = random.Random(1)
    with logs.client() as client:
        for _ in range(30):
            first = chance.randrange(1, 120_001)
            compare(client, name, LARGE, f"?from={first}&lines=2", first, 2)


SHORT = {
    "README": [(1, "read me")],
    "notes.txt": [(1, "one"), (2, "two")],
    "empty.log": [],
    "newline.log": [(1, "")],
    "two.txt.gz": [(1, "one"), (2, "two")],
    "padded.txt.gz": [(1, "one")],
    "run.out": [(1, "one")],
    "build.log.1": [(1, "one")],
    "rows.jsonl": [(1, "[1]")],
    "strange.xyz": [(1, "one")],
    "Makefile": [(1, "all:")],
    "page.svg": [(1, "<svg/>")],
    "wide.out": [(1, "one"), (2, "\u0a0a")],
    "wide.out.2.gz": [(1, "one"), (2, "\u0a0a")],
    "run.out.zst": [(1, "one")],
}


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("query", ["?lines=9", "?from=1", "?from=99", "?tail=99"])
def test_short(logs, name, query):
    with logs.client() as client:
        assert lines_of(page(client, name, query)) == SHORT[name]


@pytest.mark.parametrize("path, status", [
    ("tool/-wwz-log", 404), ("binary.log/-wwz-log", 404),
    ("page.html/-wwz-log", 303), ("none/-wwz-log", 404),
    ("none.log.gz/-wwz-log", 404),
    ("dir/-wwz-log", 404), ("-wwz-log/none", 404), ("-wwz-log/", 404),
    ("dir/-wwz-log/small.log", 404), ("-wwz-log", 404), ("small.log/-wwz-log/", 404)])
def test_nothing_to_show(logs, path, status):
    with logs.client() as client:
        assert client.ask(f"/x.wwz/{path}").status == status


@pytest.mark.parametrize("name", ["cut.log.gz", "second.log.gz"])
def test_damaged(logs, name):
    """The page has the lines that are there and says where the file ends; a HEAD
    and the second page say the same; the log says why."""
    logs.expect(f"^warn member-damaged .*member={name} ", None)
    text = SMALL if name == "cut.log.gz" else "one\n"
    with logs.client() as client:
        head = client.ask(f"/x.wwz/{name}/-wwz-log?lines=2000", "HEAD")
        for query in ("?from=1", "?lines=2000", "?tail=3", "?tail=3", "?from=99999999"):
            got = page(client, name, query)
            lines = lines_of(got)
            assert got.status == head.status == 200
            if query == "?from=1":
                assert lines[0] == (1, text.split("\n")[0]), lines[:1]
                continue
            assert got.body.count(b"The file ends here") == 1, got.body[-900:]
            assert got.body.endswith(b"</html>\n")
            # The last line may be cut.
            assert all(shown == text.split("\n")[number - 1]
                       for number, shown in lines[:-1]), lines[-3:]
            assert lines[-1][0] > text.count("\n") - 20, lines[-1]
        assert b"The file ends here" not in page(client, "small.log").body


def test_damaged_archive(root, serve):
    """If the archive itself is damaged, the page is cut, whatever that does to
    the file in it."""
    whole = gzip.compress(LARGE.encode())
    at = len(whole) * 3 // 4
    hurt = whole[:at] + bytes(64) + whole[at + 64:]
    archives.write(root / "x.wwz", {"a.log.gz": (whole, archives.STORED)})
    data = (root / "x.wwz").read_bytes()
    (root / "x.wwz").write_bytes(data.replace(whole, hurt))
    responder = serve()
    responder.expect("^warn member-damaged .*member=a.log.gz .*CRC", None)
    with responder.client() as client:
        client.send(client.request("/x.wwz/a.log.gz/-wwz-log?tail=9"))
        got = client.read_response()
        assert got is None or not got.ended, got


def test_latin(root, serve):
    """Text that is not UTF-8 is shown as browsers show it: as Windows-1252; what
    is UTF-8 beside it stays."""
    lines = ["d\u00e9j\u00e0 vu", "\u20ac 5 \u2013 \u201cquoted\u201d \u00ff", "\u00e0"]
    latin = "\n".join(lines).encode("cp1252")
    utf8 = "\n" + lines[0] + "\n\u0a0d"
    archives.write(root / "x.wwz", {
        "a.log": latin + utf8.encode(), "b.log.gz": gzip.compress(latin),
        "late.log": b"a" * 20000 + b"\n\xe9"})
    with serve().client() as client:
        got = [text for _, text in lines_of(page(client, "a.log"))]
        assert got == lines + [lines[0], "\u0a0d"]
        got = [text for _, text in lines_of(page(client, "b.log.gz"))]
        assert got == lines
        got = lines_of(page(client, "late.log"))
        assert got[-1] == (2, "\ufffd")


def test_tags(root, logs):
    """A page that would be the same costs a 304; another log, or other lines, do
    not."""
    with logs.client() as client:
        tags = {}
        for query in "?tail=2000", "?tail=10&refresh=5", "?from=1":
            tags[query] = page(client, "small.log", query).get("ETag")
        assert len(set(tags.values())) == 3
        other = page(client, "stored.log").get("ETag")
        for query, tag in tags.items():
            assert re.fullmatch('W/"[0-9a-f-]+"', tag), tag
            path = "/x.wwz/small.log/-wwz-log" + query
            for asked, status in [
                    (tag, 304), (tag[2:], 304), ("*", 304), (other, 200),
                    (f"{other}, {tag}", 304)]:
                got = client.ask(path, headers=[("If-None-Match", asked)])
                assert (got.status, got.get("ETag")) == (status, tag), asked
                assert (got.body == b"") == (status == 304)
            for asked, status in [(tag, 412), (tag[2:], 412), ("*", 200)]:
                got = client.ask(path, headers=[("If-Match", asked)])
                assert got.status == status, asked
        # Counted by now: what the page says of its lines differs, the tag not.
        assert page(client, "small.log", "?from=1").get("ETag") == tags["?from=1"]
        members = {**MEMBERS, "small.log": SMALL + "more\n"}
        archives.write(root / "new", members)
        (root / "new").rename(root / "x.wwz")
        got = client.ask("/x.wwz/small.log/-wwz-log?tail=2000",
                         headers=[("If-None-Match", tags["?tail=2000"])])
        assert got.status == 200 and b">more<" in got.body
        assert page(client, "stored.log").get("ETag") == other


def test_fields(logs):
    with logs.client() as client:
        got = page(client, "small.log", "?tail=10&refresh=5")
        assert got.get("Refresh") == "5; url=?tail=10&refresh=5"
        assert got.get("Content-Type") == "text/html; charset=utf-8"
        assert "default-src 'none'" in got.get("Content-Security-Policy")
        assert got.get("X-Content-Type-Options") == "nosniff"
        assert page(client, "small.log").get("Refresh") is None
        head = client.ask("/x.wwz/small.log/-wwz-log?tail=9", "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert b'href="../small.log"' in got.body


def test_growing(root, logs):
    """A log that is replaced by a longer one: the new lines are there, and a
    range behind the end is answered when there is something."""
    with logs.client() as client:
        size = len(SMALL)
        more = [("Range", f"bytes={size}-")]
        got = client.ask("/x.wwz/small.log", headers=more)
        assert got.status == 416
        assert got.get("Content-Range") == f"bytes */{size}"
        archives.write(root / "new", {"small.log": SMALL + "new line\n"})
        (root / "new").rename(root / "x.wwz")
        got = client.ask("/x.wwz/small.log", headers=more)
        assert (got.status, got.body) == (206, b"new line\n")
        got = lines_of(page(client, "small.log", "?tail=1&refresh=1"))
        assert got == [(5001, "new line")]


@pytest.mark.parametrize("name", ["a.log", "a.log.gz"])
def test_overwritten(root, serve, name):
    """A page of two states of a file is not whole."""
    old = "".join(f"old line {i} and more\n" for i in range(60_000)).encode()
    new = old.replace(b"old", b"new")
    if name.endswith(".gz"):
        old, new = gzip.compress(old, 0), gzip.compress(new, 0)
    archives.write(root / "x.wwz", {name: (new, archives.STORED)})
    data = (root / "x.wwz").read_bytes()
    archives.write(root / "x.wwz", {name: (old, archives.STORED)})
    responder = serve()
    responder.expect("member-damaged .*the file has changed")
    with responder.client() as client:
        ask = client.request(f"/x.wwz/{name}/-wwz-log?from=1&lines=20000")
        client.send(ask)
        assert client.socket.recv(1, socket.MSG_PEEK)
        # There is still more to be made than a socket takes.
        with open(root / "x.wwz", "r+b") as file:
            file.write(data)
        got = client.read_response()
    assert not got.ended, "a mixture that looks whole"
    assert b"old line 1 " in got.body


MANY = 12


@pytest.fixture(scope="module")
def long_log():
    """Lines that compress to about a third."""
    return b"\n".join(re.findall(rb"(?s).{1,79}", archives.text(20 * MIB)))


@pytest.fixture(scope="module")
def write_log(module_tmp, long_log):
    """write_log(root, name) puts an archive of that log there: how large it is.
    With .gz it is a gzip file of four gzip members, stored or, to no use,
    deflated once more."""
    def parts():
        size = len(long_log) // 4 + 1
        return b"".join(gzip.compress(long_log[at:at + size], 1)
                        for at in range(0, len(long_log), size))

    def write(root, name, deflated=False):
        made = module_tmp / f"{name}-{deflated}"
        if not made.exists():
            text = parts() if name.endswith(".gz") else long_log
            stored = name.endswith(".gz") and not deflated
            archives.write(
                made, {name: text},
                archives.STORED if stored else archives.DEFLATED)
        os.link(made, root / "x.wwz")
        return made.stat().st_size

    return write


def read_for(responder, name, queries):
    """How many bytes are read for pages that are asked for at once."""
    before = responder.bytes_read()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(responder.client()) for _ in queries]
        for client, query in zip(clients, queries):
            client.send(client.request(f"/x.wwz/{name}/-wwz-log{query}"))
        pages = [client.read_response() for client in clients]
    assert all(got.ended and got.status == 200 for got in pages), pages
    return responder.bytes_read() - before, pages


@pytest.mark.parametrize("query", ["?tail=10", "?from=250000&lines=10"])
def test_shared(root, serve, write_log, long_log, query):
    """Those who look for a line far inside a log share the way to it."""
    size = write_log(root, "a.log")
    responder = serve("--threads", "4")
    read, pages = read_for(responder, "a.log", [query] * MANY)
    total = long_log.count(b"\n") + 1
    first = total - 9 if "tail" in query else 250_000
    for got in pages:
        assert lines_of(got) == wanted(long_log.decode(), first, 10)
    # Each passes the beginning, and some MiB before the line.  What has just been
    # read is copied from the mapping, and does not count.
    assert 0.9 * size < read < MANY * size / 2, f"{read} of {size} bytes"


@pytest.mark.parametrize("deflated", [False, True])
def test_pages_of_a_gzip_file(root, serve, write_log, long_log, deflated):
    """The way through a gzip file is gone once, too, and each page begins at an
    access point: of these requests each passed twice over what lies before."""
    size = write_log(root, "a.log.gz", deflated)
    responder = serve("--threads", "4")
    read, pages = read_for(responder, "a.log.gz", ["?tail=10"] * MANY)
    text, total = long_log.decode(), long_log.count(b"\n") + 1
    for got in pages:
        assert lines_of(got) == wanted(text, total - 9, 10)
    # To get anywhere, a request passes what lies between an access point and there:
    # at most 1 MiB of the content, and 1 MiB of the gzip file if that is deflated.
    # At first, it goes 1 MiB of the content beyond before it waits for another.
    packed = size / len(long_log)
    each = (deflated + 2 * packed) * MIB
    assert 0.9 * size < read < size + MANY * 2 * each, f"{read} of {size} bytes"
    firsts = range(1000, total, total // 40)
    read, pages = read_for(responder, "a.log.gz",
                           [f"?from={first}&lines=3" for first in firsts])
    for first, got in zip(firsts, pages):
        assert lines_of(got) == wanted(text, first, 3)
    assert read < len(firsts) * each, f"{read} of {size} bytes"


@pytest.mark.parametrize("name", ["a.log", "a.log.gz"])
def test_looked_for_by_peers_that_go(root, serve, write_log, long_log, name):
    """Who has waited for one that goes away looks for itself; the beginning
    of a log needs no waiting."""
    write_log(root, name)
    responder = serve("--threads", "2")
    total = long_log.count(b"\n") + 1
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(responder.client()) for _ in range(6)]
        for client in clients:
            client.send(client.request(f"/x.wwz/{name}/-wwz-log?tail=10"))
            client.socket.recv(1, socket.MSG_PEEK)
        with responder.client() as client:
            assert len(lines_of(page(client, name, "?from=1"))) == 2000
        for client in clients[:-1]:
            client.close()
        got = clients[-1].read_response()
        assert lines_of(got) == wanted(long_log.decode(), total - 9, 10)
    answers = read_for(responder, name, ["?tail=1"])[1]
    assert lines_of(answers[0])[0][0] == total
