"""Names of what nobody meant to publish: not sent, not listed, and not in the
archive as a whole, unless --dotfiles is given."""

import contextlib
import json
import subprocess

import pytest

import archives
import harness
from test_check import words
from test_names import FAT, Entry, unicode_path, write as write_entries
from test_symlinks import LINK, write as write_tree

HIDDEN = {
    ".env": b"TOKEN=1\n", ".git/HEAD": b"ref: refs/heads/main\n",
    ".git/index.html": b"<p>git", ".git/a.log": b"line\n",
    ".well-known/.key": b"key\n", "__MACOSX/._a.css": b"fork",
    "sub/.DS_Store": b"store", "sub/Thumbs.db": b"thumbs",
    "sub/.deep/er/a.txt": b"deep\n", "...": b"dots", "..a/b": b"more dots",
    "only/.x": b"only",
}
SHOWN = {
    "index.html": b"<p>top", "a.css": b"p { margin: 0 }" * 50,
    "a.css.br": b"not looked at", ".well-known/security.txt": b"Contact: x\n",
    "sub/b.txt": b"b\n", "sub/Thumbs.db.txt": b"text\n", "a.b/c.": b"c\n",
    "sub/thumbs.db": b"other case\n", "x__MACOSX/y": b"y\n", "_x": b"x\n",
    "current/a.txt": b"a\n", "a .env": b"env\n",
}
LINKS = {
    "env": ".env", "git": ".git", "sub/up": "../.git/HEAD", ".link": "a.css",
    ".current": "current", "sub/css": "../.link",
}
TREE = [*HIDDEN.items(), *SHOWN.items(),
        *((name, path, LINK) for name, path in LINKS.items())]


@pytest.fixture(scope="module")
def places(module_tmp):
    """Clients of two responders: without --dotfiles, and with it."""
    root = module_tmp / "www"
    root.mkdir()
    write_tree(root / "x.wwz", TREE)
    archives.write(root / "plain.wwz", SHOWN)
    with contextlib.ExitStack() as stack:
        yield root, *(
            stack.enter_context(stack.enter_context(harness.running(
                harness.Responder(module_tmp, root, *options))).client())
            for options in ([], ["--dotfiles"]))


def test_members(places):
    _, without, with_dotfiles = places
    for name, content in SHOWN.items():
        got = without.ask(f"/x.wwz/{archives.url(name)}")
        assert (got.status, got.body) == (200, content), (name, got)
    for name, content in HIDDEN.items():
        path = f"/x.wwz/{archives.url(name)}"
        got = without.ask(path)
        assert got.status == 404 and content not in got.body, (name, got)
        got = with_dotfiles.ask(path)
        assert (got.status, got.body) == (200, content), (name, got)


@pytest.mark.parametrize("path, then", [
    (".git", 301), (".git/", 200), ("%2egit/HEAD", 200), (".git/-wwz-index", 200),
    ("sub/../.git/HEAD", 200), ("-wwz-index/.git/", 200), ("-wwz-index/.git", 301),
    (".git/a.log/-wwz-log", 303), (".git/-wwz-log/a.log", 303),
    (".env/-wwz-log", 303), ("__MACOSX/", 200), ("sub/.deep/er/", 200),
    # Symbolic links: to a hidden name, through one, and called so.
    ("env", 200), ("git", 301), ("git/", 200), ("git/HEAD", 200),
    ("git/-wwz-index", 200), ("sub/up", 200), (".link", 200),
    (".current/a.txt", 200), (".current/", 200), ("env/-wwz-log", 303),
])
def test_other_ways(places, path, then):
    _, without, with_dotfiles = places
    assert without.ask(f"/x.wwz/{path}").status == 404
    assert with_dotfiles.ask(f"/x.wwz/{path}").status == then


def test_a_link_through_a_hidden_name(places):
    """The end counts, which somebody did mean to publish."""
    got = places[1].ask("/x.wwz/sub/css")
    assert (got.status, got.body) == (200, SHOWN["a.css"])


@pytest.mark.parametrize("query", ["", "&sort=size", "&sort=name&order=desc"])
def test_listings(places, query):
    _, without, with_dotfiles = places
    wanted = {
        "": {".well-known", "a.b", "current", "only", "sub", "x__MACOSX", "_x",
             "a .env", "a.css", "a.css.br", "env", "git", "index.html"},
        ".well-known/": {"security.txt"}, "only/": set(),
        "sub/": {"Thumbs.db.txt", "b.txt", "css", "thumbs.db", "up"},
    }
    for directory, names in wanted.items():
        path = f"/x.wwz/{directory}-wwz-index?format=json{query}"
        entries = json.loads(without.ask(path).body)["entries"]
        assert {entry["name"] for entry in entries} == names, directory
        assert len(entries) == len(names), directory
        # What leads to a hidden name leads to nothing.
        for entry in entries:
            lost = entry["name"] in ("env", "git", "up")
            assert (entry.get("to") == "nothing") == lost, entry
            assert ("href" not in entry) == lost, entry
        everything = json.loads(with_dotfiles.ask(path).body)["entries"]
        assert {e["name"] for e in everything} >= names
        assert directory == "sub/" or len(everything) > len(entries)
    page = without.ask("/x.wwz/only/?" + query.lstrip("&")).body
    assert b"0 files" in page and b".x" not in page, page


def test_archive_itself(places):
    root, without, with_dotfiles = places
    for name in ("-wwz-archive", "-wwz-archive.zip"):
        got = without.ask(f"/x.wwz/{name}")
        assert got.status == 403 and b"PK" not in got.body, got
        for client, file in ((with_dotfiles, "x.wwz"), (without, "plain.wwz")):
            got = client.ask(f"/{file}/{name}")
            assert (got.status, got.body) == (200, (root / file).read_bytes())
    linked = [b"-wwz-archive" in client.ask(f"/{file}/-wwz-index").body
              for client, file in ((without, "x.wwz"), (without, "plain.wwz"),
                                   (with_dotfiles, "x.wwz"))]
    assert linked == [False, True, True]


def test_a_tag_for_each_setting(places):
    """The two are not the same listing."""
    one, other = (client.ask("/x.wwz/-wwz-index").get("ETag")
                  for client in places[1:])
    assert one != other


def test_as_if_missing(root, serve):
    """A hidden name gets what a missing one gets: the nearest 404.html that is not
    hidden, or what a rule says for all."""
    tree = {".git/404.html": b"of git", ".git/HEAD": b"ref", "a/404.html": b"of a",
            "a/.git/HEAD": b"ref", "a/b.txt": b"b", "404.html": b"of all"}
    archives.write(root / "x.wwz", tree)
    archives.write(root / "app.wwz", {
        **tree, "app.html": b"the app", "_redirects": b"/* /app.html 200\n"})
    archives.write(root / "lost.wwz", {
        **tree, "_redirects": b"/a/* /a/none.html 404\n/* /a/b.txt 404\n"})
    with serve("--no-listing").client() as client:
        for path, status, body in [
            ("x/.git/HEAD", 404, b"of all"), ("x/.git/", 404, b"of all"),
            ("x/.git/404.html", 404, b"of all"), ("x/a/.git/HEAD", 404, b"of a"),
            ("x/a/.git/none", 404, b"of a"), ("x/a/none/", 404, b"of a"),
            ("x/a/404.html", 200, b"of a"), ("x/none/404.html", 404, b"of all"),
            ("x/a/", 403, None),
            ("app/.git/HEAD", 200, b"the app"), ("app/.git/", 200, b"the app"),
            ("app/.git", 200, b"the app"), ("app/a/.git/HEAD", 200, b"the app"),
            ("app/none", 200, b"the app"), ("app/_redirects", 200, b"the app"),
            # The page that a rule names comes first, if there is one.
            ("lost/none", 404, b"b"), ("lost/.git/HEAD", 404, b"b"),
            ("lost/a/none/x", 404, b"of a"),
        ]:
            archive, _, name = path.partition("/")
            got = client.ask(f"/{archive}.wwz/{name}")
            assert got.status == status, (path, got)
            assert body is None or got.body == body, (path, got)


def test_index_file(tmp, root, serve):
    archives.write(root / "x.wwz", {"a/.index.html": b"hidden", "a/b": b"b"})
    with serve("--index", ".index.html").client() as client:
        got = client.ask("/x.wwz/a/")
        assert got.status == 200 and b"hidden" not in got.body, got


def test_names_of_other_systems(tmp, root, serve):
    """It is the name for requests that counts, whatever was recorded."""
    write_entries(
        root / "back.wwz", Entry(b"a\\.env", FAT), Entry(b"b\\c", FAT))
    write_entries(
        root / "path.wwz", Entry(b"name", extra=unicode_path(b"name", ".name")),
        Entry(b"other", extra=unicode_path(b"other", "b\u00e9")))
    with serve().client() as client:
        for path, status in {
            "back.wwz/a/.env": 404, "back.wwz/a%5C.env": 404, "back.wwz/b/c": 200,
            "back.wwz/-wwz-archive": 403, "path.wwz/.name": 404,
            "path.wwz/name": 404, "path.wwz/other": 200,
            "path.wwz/-wwz-archive": 403,
        }.items():
            assert client.ask("/" + path).status == status, path


def test_explained(tmp, root):
    write_tree(root / "x.wwz", TREE)
    for path, found in {
        "/x.wwz/.env": "a hidden name, as long as --dotfiles is not given",
        "/x.wwz/none": "no member and no directory",
        "/x.wwz/-wwz-archive":
            "the archive itself, which would give hidden names away",
    }.items():
        got = subprocess.run(
            [harness.WWZ, "explain", "--root", root, path], text=True,
            capture_output=True, timeout=harness.PATIENCE)
        assert f"\nfound: {found}\n" in got.stdout, got


@pytest.mark.parametrize("name, content, word", [
    (".env", b"A=1\n", "member-secret"), ("a/.env", b"A=1\n", "member-secret"),
    ("a.env", b"A=1\n", None), ("not.env", b"A=1\n", None),
    (".git/HEAD", b"ref: x\n", "member-secret"), (".git/config", b"[core]\n", None),
    (".hg/requires", b"x\n", "member-secret"), ("x/.netrc", b"x\n", "member-secret"),
    ("id_rsa", b"-----BEGIN RSA PRIVATE KEY-----\nAA==\n", "member-secret"),
    ("tls/a.pem", b"Bag Attributes\n-----BEGIN PRIVATE KEY-----\n", "member-secret"),
    ("a.key", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "member-secret"),
    ("cert.pem", b"-----BEGIN CERTIFICATE-----\nAA==\n", None),
    ("slides.key", b"PK\3\4", None), ("empty.key", b"", None),
    ("docs/key.txt", b"-----BEGIN PRIVATE KEY-----\n", None),
])
def test_checked(tmp, name, content, word):
    path = archives.write(tmp / "x.zip", {name: content, "a.html": b"<p>"})
    wanted = [(name, word)] if word else []
    if any(part.startswith(".") for part in name.split("/")):
        wanted.append((None, "names-hidden"))
    assert words(path) == wanted
