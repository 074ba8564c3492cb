"""`wwz list` and `wwz cat`: what they say of an archive is what the server sends."""

import json
import subprocess
import urllib.parse
import zipfile

import pytest

import archives
import harness
from test_names import UTF8, Entry, unicode_path, write as write_entries
from test_symlinks import LINK, write as write_tree

TEXT = archives.text(3000)
MEMBERS = {
    "index.html": b"<p>" * 999, "a.css": b"p { margin: 0 }" * 50, "a.css.br": b"\x06",
    "stored.bin": (archives.noise(500), archives.STORED), "empty": b"",
    "dir/deep/a b.txt": TEXT, "100%.txt": b"x", "caf\u00e9": b"e",
    "back\\slash": b"b", "build.log.gz": b"not gzip", ".env": b"TOKEN=1\n",
    "-wwz-status": b"own", "_headers": b"", "..": b"up", "dir/": b"", "twice": b"one",
}


def wwz(*arguments, **options):
    return subprocess.run(
        [harness.WWZ, *arguments], stdin=subprocess.DEVNULL,
        capture_output=True, timeout=harness.PATIENCE, **options)


def listed(*arguments):
    got = wwz("list", "--json", *arguments)
    assert (got.returncode, got.stderr) == (0, b""), got
    return [json.loads(line) for line in got.stdout.splitlines()]


@pytest.fixture
def archive(root):
    return archives.write(root / "x.wwz", [*MEMBERS.items(), ("twice", b"two")])


def test_as_served(archive, serve):
    """Each line against the server's answer: whether it is sent, its size, its
    type, each coding."""
    with serve().client() as client:
        seen = 0
        for entry in listed(archive):
            if "why" in entry:
                if entry["name"] not in ("twice", ".."):
                    url = archives.url(entry["name"])
                    assert client.ask(f"/x.wwz/{url}").status == 404, entry
                continue
            seen += 1
            for coding in ("identity", "gzip", "br", "zstd"):
                got = client.ask(f"/x.wwz/{entry['href']}", headers=[
                    ("Accept-Encoding", f"{coding}, *;q=0, identity;q=0.001")])
                assert got.status == 200, (entry, got)
                used = got.get("Content-Encoding") or "identity"
                assert (used == coding) == (coding in entry["codings"]), entry
                if used == "identity":
                    assert len(got.body) == entry["size"], entry
                    assert got.get("Content-Type") == entry["type"], entry
        assert seen == len(MEMBERS) - 5


def test_lines(archive):
    got = wwz("list", archive)
    assert (got.returncode, got.stderr) == (0, b""), got
    lines = [line.split("\t") for line in got.stdout.decode().splitlines()]
    assert lines == [
        ["2997", "identity,gzip", "index.html"],
        ["750", "identity,gzip,br", "a.css"], ["1", "identity", "a.css.br"],
        ["500", "identity", "stored.bin"], ["0", "identity,gzip", "empty"],
        ["3000", "identity,gzip", "dir/deep/a b.txt"],
        ["1", "identity,gzip", "100%.txt"], ["1", "identity,gzip", "caf\u00e9"],
        ["1", "identity,gzip", "back\\x5Cslash"],
        ["8", "identity", "build.log.gz"],
        ["8", "-", ".env", "hidden: see --dotfiles"],
        ["3", "-", "-wwz-status", "the name belongs to a page of the server"],
        ["0", "-", "_headers", "it holds rules for the others"],
        ["2", "-", "..", 'the name holds the component ".."'],
        ["3", "-", "twice", "a later member has the same name"],
        ["3", "identity,gzip", "twice"],
    ]
    hidden = wwz("list", "--dotfiles", archive).stdout.decode()
    assert "\n8\tidentity,gzip\t.env\n" in hidden


def test_links(root):
    write_tree(root / "x.wwz", [
        ("a.txt", b"content\n"), (".b", b"hidden\n"), ("d/c", b"c\n"),
        ("to-a", "a.txt", LINK), ("to-b", ".b", LINK), ("to-d", "d", LINK),
        ("to-none", "none", LINK), ("out", "../x", LINK)])
    found = {entry["name"]: entry.get("why") or entry["size"]
             for entry in listed(root / "x.wwz")}
    assert found == {
        "a.txt": 8, ".b": "hidden: see --dotfiles", "d/c": 2, "to-a": 8,
        "to-b": "hidden: see --dotfiles", "to-d": "a symbolic link to a directory",
        "to-none": "a symbolic link to nothing",
        "out": "a symbolic link out of the archive"}
    got = wwz("cat", root / "x.wwz", "to-a", "to-d/c", "to-b")
    assert (got.returncode, got.stdout) == (0, b"content\nc\nhidden\n"), got
    got = wwz("cat", root / "x.wwz", "to-none", "to-d", "a.txt")
    assert (got.returncode, got.stdout) == (1, b"content\n"), got
    assert got.stderr.count(b"\n") == 2, got


def test_names_of_other_systems(root):
    write_entries(
        root / "x.wwz", Entry(b"caf\x82"), Entry(b"\xff\xfe", flags=UTF8),
        Entry(b"plain", extra=unicode_path(b"plain", "na\u00efve")))
    names = [entry["name"] for entry in listed(root / "x.wwz")]
    assert names == ["caf\u00e9", "\ufffd\ufffd", "na\u00efve"]
    for place, name in [(0, "caf\u00e9"), (0, b"caf\x82"), (1, b"\xff\xfe"),
                        (2, "na\u00efve"), (2, "nai\u0308ve"), (2, "plain")]:
        got = wwz("cat", root / "x.wwz", name)
        assert (got.returncode, got.stdout) == (0, b"%d" % place), (name, got)
    by_names = listed("--names", "CP1251", root / "x.wwz")
    assert by_names[0]["name"] == b"caf\x82".decode("cp1251")


def test_cat(archive):
    """One behind the other, as unzip -p gives them."""
    names = [name for name in MEMBERS if name not in ("..", "dir/", "twice")]
    got = wwz("cat", archive, "--", *names)
    with zipfile.ZipFile(archive) as z:
        assert got.stdout == b"".join(map(z.read, names))
    assert (got.returncode, got.stderr) == (0, b""), got
    assert wwz("cat", archive, "twice").stdout == b"two"


@pytest.mark.parametrize("name", ["none", "", "/", "dir", "dir/", "index.html/", ".."])
def test_cat_of_nothing(archive, name):
    got = wwz("cat", archive, name, "twice")
    assert (got.returncode, got.stdout) == (1, b"two"), got
    assert got.stderr.startswith(b"wwz: ") and got.stderr.count(b"\n") == 1, got


@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED])
def test_cat_of_damaged(root, method):
    """A CRC-32 that is wrong is told of, and the last bytes are not written."""
    content = archives.text(200_000)
    archive = archives.write(root / "x.wwz", {"a": content, "b": b"b"}, method)
    archives.patch(archive, "a", "crc", 12345)
    got = wwz("cat", archive, "a", "b")
    assert got.returncode == 1 and b"CRC-32" in got.stderr, got
    assert got.stdout.endswith(b"b") and len(got.stdout) < len(content), got
    assert content.startswith(got.stdout[:-1])


def test_encrypted(root):
    plain = root / "a"
    plain.write_bytes(b"secret")
    subprocess.run(["zip", "-q", "-P", "word", root / "x.wwz", "a"], cwd=root,
                   check=True, timeout=harness.PATIENCE)
    (entry,) = listed(root / "x.wwz")
    assert entry["why"] == "encrypted"
    got = wwz("cat", root / "x.wwz", "a")
    assert got.stderr.endswith(b": a: encrypted\n"), got


def test_hostile():
    """Whatever an archive holds, the list ends, each line of it whole."""
    for path in sorted((harness.TOP / "testdata/hostile").glob("*.wwz")):
        got = wwz("list", "--json", path)
        assert got.returncode in (0, 1), (path, got)
        assert (got.returncode == 1) == (got.stderr != b""), (path, got)
        for line in got.stdout.splitlines():
            entry = json.loads(line)
            assert ("why" in entry) != ("href" in entry), (path, entry)
            if "href" in entry:
                name = urllib.parse.unquote_to_bytes(entry["href"])
                again = wwz("cat", path, name)
                assert again.returncode == 0 or again.stderr, (path, again)


def test_no_archive(tmp):
    (tmp / "text").write_text("text")
    for command in (["list"], ["cat"]):
        for file in ("none", "text", "."):
            got = wwz(*command, file, *["a"] * (command == ["cat"]), cwd=tmp)
            assert (got.returncode, got.stdout) == (1, b""), got
            assert got.stderr.startswith(f"wwz: {file}: ".encode()), got
            assert got.stderr.count(b"\n") == 1, got


@pytest.mark.parametrize("arguments", [
    ["list"], ["list", "a", "b"], ["cat"], ["cat", "a"], ["cat", "--json", "a", "b"],
    ["list", "--quiet", "a"]], ids=" ".join)
def test_refused(arguments):
    got = wwz(*arguments)
    assert (got.returncode, got.stdout) == (2, b""), got


def test_output_that_cannot_be_written(archive):
    for command in (["list", archive], ["cat", archive, "index.html", "none"]):
        with open("/dev/full", "wb") as full:
            got = subprocess.run(
                [harness.WWZ, *command], stdout=full, stderr=subprocess.PIPE,
                timeout=harness.PATIENCE)
        assert got.returncode == 1, got
        assert b"standard output: No space left" in got.stderr, got
