"""Symbolic links inside archives are followed inside the archive, relative, at
most eight, and never out."""

import json
import re
import subprocess
import zipfile
import zlib

import pytest

import archives
import harness

LINK, FILE = 0o120777 << 16, 0o100644 << 16

TREE = [
    ("v2/index.html", b"<p>two"), ("v2/a.css", b"p { margin: 0 }" * 50),
    ("v2/deep/b.txt", b"deep\n"), ("v1/index.html", b"<p>one"),
    ("a.css.br", "v2/a.css", LINK),  # a sibling that is a link counts for nothing
    ("top.css", b"top"), ("a.css", b"own"),
    ("current", "v2", LINK), ("slash", "v2/", LINK), ("twice", "current", LINK),
    ("style", "current/a.css", LINK), ("style.css", "./v2/../v2/a.css", LINK),
    ("v2/up", "../v1", LINK), ("v2/deep/far.css", "../../top.css", LINK),
    ("through", "current/up/index.html", LINK), ("run.log", "v2/deep/b.txt", LINK),
    ("here", ".", LINK), ("nothing", "none.txt", LINK),
    ("absolute", "/top.css", LINK), ("out", "../x.txt", LINK),
    ("v2/far-out", "../../../../etc/passwd", LINK),
    ("itself", "itself", LINK), ("one", "other", LINK), ("other", "one", LINK),
    ("empty", "", LINK), ("long", "a" * 5000, LINK),
    *((f"chain{n}", f"chain{n + 1}", LINK) for n in range(9)),
    ("chain9", b"end"),
]


def write(path, tree, system=3, method=archives.DEFLATED):
    with zipfile.ZipFile(path, "w") as z:
        for name, content, *mode in tree:
            info = zipfile.ZipInfo(name, archives.DATE)
            info.create_system = system
            info.external_attr = mode[0] if mode else FILE
            info.compress_type = method
            z.writestr(info, content)


CONTENT = {name: content for name, content, *mode in TREE if not mode}

FOLLOWED = {
    "current/index.html": "v2/index.html", "current/": "v2/index.html",
    "slash/": "v2/index.html", "twice/": "v2/index.html",
    "twice/deep/b.txt": "v2/deep/b.txt", "style": "v2/a.css",
    "style.css": "v2/a.css", "current/up/index.html": "v1/index.html",
    "current/up/": "v1/index.html", "v2/deep/far.css": "top.css",
    "current/deep/far.css": "top.css", "through": "v1/index.html",
    "here/here/here/top.css": "top.css", "chain1": "chain9", "chain9": "chain9",
    "/".join(["here"] * 8) + "/top.css": "top.css",
}
LOST = ["nothing", "absolute", "out", "v2/far-out", "current/far-out", "itself",
        "one", "other", "empty", "long", "chain0", "current/none",
        "nothing/x", "out/x.txt", "style/", "style/x", "top.css/x",
        "/".join(["here"] * 9) + "/top.css", "x/" * 1500 + "y"]


@pytest.fixture(params=[archives.STORED, archives.DEFLATED],
                ids=["stored", "deflated"])
def served(tmp, request):
    root = tmp / "www"
    root.mkdir()
    (root / "x.txt").write_text("outside")
    write(root / "x.wwz", TREE, method=request.param)
    with harness.running(harness.Responder(tmp, root)) as responder:
        with responder.client() as client:
            yield root, client


def test_followed(served):
    _, client = served
    for asked, real in FOLLOWED.items():
        got = client.ask(f"/x.wwz/{asked}")
        assert (got.status, got.body) == (200, CONTENT[real]), (asked, got)
        plain = client.ask(f"/x.wwz/{real}")
        assert got.get("ETag") == plain.get("ETag"), asked
    got = client.ask("/x.wwz/style.css", headers=[("Accept-Encoding", "gzip")])
    assert got.get("Content-Type").startswith("text/css"), got
    # The text of a link is not taken for a coding.
    got = client.ask("/x.wwz/a.css", headers=[("Accept-Encoding", "br")])
    assert (got.body, got.get("Content-Encoding")) == (b"own", None), got


def test_directories(served):
    """A link to a directory is one, with the address that was asked for."""
    _, client = served
    for name in ("current", "twice", "current/up", "here"):
        got = client.ask(f"/x.wwz/{name}")
        assert (got.status, got.get("Location")) == (301, f"/x.wwz/{name}/")
    got = client.ask("/x.wwz/current/-wwz-index?format=json")
    names = [entry["name"] for entry in json.loads(got.body)["entries"]]
    assert names == ["deep", "a.css", "far-out", "index.html", "up"]
    got = client.ask("/x.wwz/run.log/-wwz-log?tail=9")
    assert got.status == 200 and b">deep<" in got.body, got


@pytest.mark.parametrize("option", [[], ["--untrusted"]], ids=["", "untrusted"])
def test_lost(tmp, served, option):
    root, _ = served
    with harness.running(harness.Responder(tmp, root, *option)) as responder:
        with responder.client() as client:
            for name in LOST:
                got = client.ask(f"/x.wwz/{name}")
                assert got.status == 404, (name[:40], got)
                assert b"outside" not in got.body and b"root:" not in got.body
            assert client.ask("/x.wwz/style").status == 200


def test_listed(served):
    _, client = served
    got = client.ask("/x.wwz/-wwz-index?format=json")
    entries = {entry["name"]: entry for entry in json.loads(got.body)["entries"]}
    link = entries["style"]
    assert (link["type"], link["target"], link["to"], link["size"]) == (
        "link", "current/a.css", "file", len(CONTENT["v2/a.css"])), link
    assert entries["current"] == {
        "name": "current", "href": "current/", "type": "link", "target": "v2",
        "to": "directory"}
    assert entries["out"] == {
        "name": "out", "type": "link", "target": "../x.txt", "to": "nothing"}
    assert entries["top.css"]["type"] == "file"
    page = client.ask("/x.wwz/-wwz-index").body.decode()
    assert ('<a href="current/"><bdi>current/</bdi> \u2192 <bdi>v2</bdi></a>'
            in page), page
    hrefs = re.findall('href="([^"]*)"', page)
    assert "style" in hrefs and "out" not in hrefs and "itself" not in hrefs


def test_no_dead_links(served):
    """No listing, however many links led to it, has a link that is 404."""
    _, client = served

    def visit(path, rest):
        page = client.ask(path).body.decode()
        hrefs = {h for h in re.findall(r'href="([^"]*)"', page)
                 if "-wwz-" not in h and h != "../" and ".." not in h}
        assert (rest > 0) == ("here/" in hrefs), (path, hrefs)
        for href in hrefs - {"./"}:
            got = client.ask(path + href)
            assert got.status == 200, (path, href, got)
        if rest > 0:
            visit(path + "here/", rest - 1)

    visit("/x.wwz/-wwz-index/", 8)


def test_unreadable(tmp):
    """A link that is encrypted, of a foreign method or damaged is answered as any
    such member, and so is what lies behind it."""
    root = tmp / "www"
    root.mkdir()
    path = root / "x.wwz"
    write(path, [("a.txt", b"a"), ("d/a.txt", b"da"), ("d/index.html", b"i")] + [
        (f"{kind}-{to}", to, LINK) for to in ("a.txt", "d")
        for kind in ("locked", "foreign", "wrong")] + [
        ("nul", "a.txt\0b", LINK), ("nul-d", "d\0", LINK), ("via", "wrong-d/a.txt", LINK),
        ("one", "a.txt", LINK), ("d/one.txt", b"1")])
    for to in ("a.txt", "d"):
        archives.patch(path, f"locked-{to}", "flags", 1)
        archives.patch(path, f"foreign-{to}", "method", 14)
        archives.patch(path, f"wrong-{to}", "crc", 1)
    with harness.running(harness.Responder(tmp, root)) as responder:
        with responder.client() as client:
            responder.expect("member-unsupported", None)
            responder.expect("member-damaged", None)
            for kind, status in ("locked", 501), ("foreign", 501), ("wrong", 500):
                for name in "a.txt", "d", "d/", "d/a.txt", "d/none":
                    got = client.ask(f"/x.wwz/{kind}-{name}")
                    assert got.status == status, (kind, name, got)
            for name, status in [
                    ("via", 500), ("nul", 404), ("nul-d", 404), ("nul-d/a.txt", 404),
                    ("one", 200)]:
                assert client.ask(f"/x.wwz/{name}").status == status, name
    got = subprocess.run([harness.WWZ, "check", path], capture_output=True,
                         text=True, timeout=harness.PATIENCE)
    lines = [line.removeprefix(f"{path}: ") for line in got.stdout.splitlines()]
    assert [line for line in lines if "link" in line] == [
        f"{name}: error: 404: a symbolic link {why}" for name, why in [
            ("nul", r"to nothing, or over more than 8 links: a.txt\x00b"),
            ("nul-d", r"to nothing, or over more than 8 links: d\x00"),
            ("via", "over another one that cannot be read: wrong-d/a.txt")]], lines
    assert [line.split(": ")[:2] for line in lines if " error: " in line] == [
        [f"{kind}-{to}", "error"] for to in ("a.txt", "d")
        for kind in ("locked", "foreign", "wrong")] + [
        [name, "error"] for name in ("nul", "nul-d", "via")], lines


def test_check(served):
    root, _ = served
    got = subprocess.run([harness.WWZ, "check", "--json", root / "x.wwz"],
                         capture_output=True, timeout=harness.PATIENCE)
    found = {}
    for line in got.stdout.decode().splitlines():
        finding = json.loads(line)
        if finding.get("word", "").startswith("link"):
            found.setdefault(finding["word"], []).append(finding["member"])
        if finding.get("member") in ("empty", "long"):
            assert finding["what"] == (
                "404: a symbolic link whose path is empty or too long"), finding
    assert got.returncode == 1
    assert sorted(found["link-outside"]) == ["absolute", "out", "v2/far-out"]
    assert sorted(found["link-broken"]) == [
        "chain0", "empty", "itself", "long", "nothing", "one", "other"]
    got = subprocess.run(
        [harness.WWZ, "explain", "--root", root, "/x.wwz/style"],
        capture_output=True, timeout=harness.PATIENCE)
    assert b"found: a member, by a symbolic link\n" in got.stdout, got


def test_made_by_others(tmp):
    """The same bits mean nothing in an archive made by FAT."""
    root = tmp / "www"
    root.mkdir()
    write(root / "x.wwz", [("a.txt", b"a"), ("l", "a.txt", LINK)], system=0)
    with harness.running(harness.Responder(tmp, root)) as responder:
        with responder.client() as client:
            assert client.ask("/x.wwz/l").body == b"a.txt"


def test_infozip(tmp):
    """As zip -y writes them; and lftp copies what they lead to."""
    tree, root = tmp / "tree", tmp / "www"
    (tree / "sub").mkdir(parents=True)
    root.mkdir()
    (tree / "sub/a.txt").write_text("a\n")
    (tree / "link").symlink_to("sub/a.txt")
    (tree / "dir").symlink_to("sub")
    subprocess.run(["zip", "-qry", root / "x.wwz", "."], cwd=tree, check=True)
    with harness.served(tmp, root) as (_, nginx):
        nginx.allow("directory index of")  # lftp looks whether it may list /
        subprocess.run(
            ["lftp", "-c", f"mirror http://127.0.0.1:{nginx.port}/x.wwz/"
             f" {tmp}/copy"], check=True, timeout=harness.PATIENCE)
    copied = {str(path.relative_to(tmp / "copy")): path.read_text()
              for path in (tmp / "copy").rglob("*") if path.is_file()}
    assert copied == dict.fromkeys(["sub/a.txt", "link", "dir/a.txt"], "a\n")


def test_slow_link(tmp):
    """The few bytes of a link come after thousands of empty blocks: such a stream
    is not read."""
    root = tmp / "www"
    root.mkdir()
    path = root / "x.wwz"
    data = b"\0\0\0\xff\xff" * 2000 + archives.raw_deflate(b"a.txt")
    write(path, [("a.txt", b"a"), ("slow", data, LINK), ("fine", "a.txt", LINK)],
          method=archives.STORED)
    archives.patch(path, "slow", "method", archives.DEFLATED)
    archives.patch(path, "slow", "size", 5)
    archives.patch(path, "slow", "crc", zlib.crc32(b"a.txt"))
    with harness.running(harness.Responder(tmp, root)) as responder:
        with responder.client() as client:
            assert client.ask("/x.wwz/fine").body == b"a"
            assert client.ask("/x.wwz/slow").status == 404


def test_links_to_rules(tmp, root, serve):
    """What says how an archive is served is not served, by no name."""
    write(root / "x.wwz", [
        ("_headers", b"/*\n  X-Rule: yes\n"), ("_redirects", b"/old /new 302\n"),
        ("sub/_headers", b"not rules"), ("sub/link", "../_headers", LINK),
        ("rules.txt", "_redirects", LINK), ("again", "rules.txt", LINK),
        ("here", ".", LINK), ("fine", "sub/_headers", LINK)])
    lost = ["rules.txt", "again", "here/_redirects", "sub/link", "_headers"]
    with serve().client() as client:
        for name in [*lost, "rules.txt/-wwz-log"]:
            got = client.ask(f"/x.wwz/{name}")
            assert got.status == 404, got
            assert b"X-Rule" not in got.body and b"/new" not in got.body, got
        assert client.ask("/x.wwz/fine").body == b"not rules"
        assert client.ask("/x.wwz/old").status == 302
        got = client.ask("/x.wwz/-wwz-index?format=json")
        links = {entry["name"]: entry.get("to")
                 for entry in json.loads(got.body)["entries"]}
        assert links == {"again": "nothing", "fine": "file", "here": "directory",
                         "rules.txt": "nothing", "sub": None}
    got = subprocess.run([harness.WWZ, "list", "--json", root / "x.wwz"],
                         capture_output=True, check=True)
    rules = [one["name"] for one in map(json.loads, got.stdout.splitlines())
             if one.get("why") == "it holds rules for the others"]
    assert sorted(rules) == [
        "_headers", "_redirects", "again", "rules.txt", "sub/link"]
