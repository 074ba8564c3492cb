"""Names as other systems write them: Unicode Path fields, backslashes, character
sets, composed and decomposed letters, slashes in front."""

import contextlib
import json
import struct
import subprocess
import unicodedata
import warnings
import zipfile
import zlib

import pytest

import archives
import harness

FAT, UNIX, NTFS, NTFS_OF_INFOZIP = 0, 3, 10, 11
UTF8 = 0x800


class Entry(zipfile.ZipInfo):
    """A member whose name is written as bytes, with flags as they are given."""

    def __init__(self, raw, system=UNIX, flags=0, extra=b""):
        super().__init__("x", archives.DATE)
        self.raw, self.flags = raw, flags
        self.create_system = system
        self.external_attr = 0o100644 << 16 if system == UNIX else 0x20
        self.compress_type = archives.DEFLATED
        self.extra = extra

    def _encodeFilenameFlags(self):
        return self.raw, self.flags


def unicode_path(raw, name, crc=None):
    crc = zlib.crc32(raw) if crc is None else crc
    name = name.encode()
    return struct.pack("<HHBI", 0x7075, len(name) + 5, 1, crc) + name


def write(path, *entries):
    """Each entry's content is its place."""
    with zipfile.ZipFile(path, "w") as z, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile takes all for one name
        for place, entry in enumerate(entries):
            z.writestr(entry, b"" if entry.raw.endswith(b"\\")
                       else b"%d" % place)


@pytest.fixture
def ask(tmp):
    """ask(entries, options)(path): the answer behind a responder of its own."""
    with contextlib.ExitStack() as stack:

        def start(entries, *options):
            root = tmp / "www"
            root.mkdir()
            write(root / "x.wwz", *entries)
            responder = stack.enter_context(
                harness.running(harness.Responder(tmp, root, *options)))
            client = stack.enter_context(responder.client())

            def one(path):
                got = client.ask("/x.wwz/" + archives.url(path))
                return got.body.decode() if got.status == 200 else got.status

            def listed(path):
                got = client.ask(
                    f"/x.wwz/{archives.url(path)}-wwz-index?format=json")
                if got.status != 200:
                    return got.status
                return [entry["name"] + "/" * (entry["type"] == "directory")
                        for entry in json.loads(got.body)["entries"]]

            one.listed, one.client = listed, client
            return one

        yield start


def check(path, *options):
    """The words that concern names, and the exit status."""
    got = subprocess.run(
        [harness.WWZ, "check", "--json", *options, path],
        capture_output=True, timeout=harness.PATIENCE)
    words = [json.loads(line).get("word", "") for line in
             got.stdout.decode().splitlines()]
    return got.returncode, [w for w in words if w.startswith("name")]


def test_unicode_path(tmp, ask):
    """It gives the name; what is recorded beside leads there, too."""
    raw = b"caf\x82/\x82.txt"
    wrong = unicode_path(b"plain.txt", "other.txt", crc=1)
    one = ask([
        Entry(raw, extra=unicode_path(raw, "café/é.txt")),
        Entry(b"plain.txt", extra=wrong),
        Entry("é.txt".encode(), flags=UTF8,
              extra=unicode_path("é.txt".encode(), "flag.txt")),
        Entry(b"hidden.txt",
              extra=unicode_path(b"hidden.txt", "../../etc/passwd")),
    ])
    assert one("café/é.txt") == one(raw) == "0"
    assert one("plain.txt") == "1" and one("other.txt") == 404
    assert one("é.txt") == "2" and one("flag.txt") == 404
    # No request can name what the field says, so the recorded name counts.
    assert one("hidden.txt") == "3" and one("etc/passwd") == 404
    assert one.listed("") == ["café/", "hidden.txt", "plain.txt", "é.txt"]
    assert one.listed("café/") == one.listed(b"caf\x82/") == ["é.txt"]
    assert check(tmp / "www/x.wwz") == (0, ["names-unicode"] * 2)


def test_check_names_unicode(tmp):
    """Findings name a member as its Unicode Path field does."""
    path = tmp / "x.wwz"
    write(path, *(Entry(raw, extra=unicode_path(raw, name))
                  for raw, name in [(b"1", "é"), (b"2", "é"), (b"3", "../é")]))
    got = subprocess.run([harness.WWZ, "check", path], capture_output=True,
                         text=True, timeout=harness.PATIENCE)
    assert [line.removeprefix(f"{path}: ") for line in got.stdout.splitlines()
            if "é" in line] == [
        "é: error: never served: a later member has the same name, and the "
        "last one wins",
        '3: advice: its Unicode Path field is ignored: the name holds the '
        'component "..": ../é']


def test_name_before_alias(ask):
    """What is some member's own name never leads to another one."""
    one = ask([
        Entry(b"a", extra=unicode_path(b"a", "b")), Entry(b"a"),
        Entry(b"c", extra=unicode_path(b"c", "d")),
        Entry(b"c", extra=unicode_path(b"c", "e")),
    ])
    assert [one(name) for name in "abcde"] == ["1", "0", "3", "2", "3"]


@pytest.mark.parametrize("system", [FAT, NTFS, NTFS_OF_INFOZIP])
def test_backslashes(tmp, ask, system):
    one = ask([Entry(name, system) for name in (
        b"top.txt", b"a\\b\\c.txt", b"\\rooted.txt", b"..\\out.txt",
        b"a\\empty\\", "a\\é.txt".encode(), b"a\\\x8a.txt")])
    assert one("a/b/c.txt") == one("a\\b\\c.txt") == "1"
    assert one("rooted.txt") == "2"
    assert one("out.txt") == one("..\\out.txt") == 404
    assert one("a/é.txt") == "5" and one("a/è.txt") == "6"
    assert one.listed("") == ["a/", "rooted.txt", "top.txt"]
    assert one.listed("a/") == ["b/", "empty/", "è.txt", "é.txt"]
    assert one.listed("a/b/") == ["c.txt"] and one.listed("a/empty/") == []
    assert check(tmp / "www/x.wwz") == (1, [
        "name-unreachable", "names-legacy", "names-backslash"])


@pytest.mark.parametrize("entries", [
    [(b"a\\b", UNIX)], [(b"a\\b", FAT), (b"c/d", FAT)],
    [(b"a\\b", FAT), (b"c", UNIX)]],
    ids=["unix", "slash", "one by unix"])
def test_no_separators(tmp, ask, entries):
    """A backslash is an ordinary byte of a name, and the author is told so."""
    one = ask([Entry(name, system) for name, system in entries])
    assert one("a\\b") == "0" and one("a/b") == 404
    assert check(tmp / "www/x.wwz") == (
        0, ["names-backslash"] * (entries[0][1] == FAT))


@pytest.mark.parametrize("charset, name", [
    ("SHIFT_JIS", "表/ソース.txt"), ("GBK", "誠/閈.txt"), ("CP850", "Café/é.txt"),
    ("BIG5", "許功蓋/功.txt")])
def test_half_characters(tmp, ask, charset, name):
    """A backslash that is the second byte of a character is none. Without
    --names nothing says whether it is one."""
    raw = name.encode(charset).replace(b"/", b"\\")
    assert b"\\" in raw
    one = ask([Entry(raw, FAT), Entry(b"plain.txt", FAT)], "--names", charset)
    assert one(name) == "0"
    directory, _, base = name.partition("/")
    assert one.listed("") == [directory + "/", "plain.txt"]
    assert one.listed(directory + "/") == [base]
    assert check(tmp / "www/x.wwz") == (0, ["names-legacy", "names-backslash"])
    got = subprocess.run(
        [harness.WWZ, "explain", "--root", tmp / "www",
         "/x.wwz/" + archives.url(raw)], capture_output=True)
    assert b"status: 200" in got.stdout


@pytest.mark.parametrize("charset, name", [
    ("CP866", "Привет/мир.txt"), ("GBK", "你好.txt"), ("EUC-KR", "한글.txt"),
    ("ISO-8859-1", "Crème brûlée.html"), ("SHIFT_JIS", "日本語/表.txt"),
    ("GB18030", "𠀀.txt"), ("CP1252", "€.txt")])
def test_charsets(tmp, ask, charset, name):
    """Names come in UTF-8 to listings and from requests."""
    raw = name.encode(charset)
    one = ask([Entry(raw), Entry("é.txt".encode()),
               Entry(b"\xff\xff\xff", flags=UTF8)], "--names", charset)
    assert one(name) == one(raw) == "0"
    assert one("é.txt") == "1" and one(b"\xff\xff\xff") == "2"
    first = name.partition("/")
    assert first[0] + first[1] in one.listed("")
    assert check(tmp / "www/x.wwz", "--names", charset) == (0, ["names-legacy"])


def test_explain_escapes(tmp, ask):
    """A terminal gets no bytes that do something to it."""
    raw = b"\xff\xc2\x9b2J\xe2\x80\xae\\.txt"
    ask([Entry(raw)])
    got = subprocess.run(
        [harness.WWZ, "explain", "--root", tmp / "www",
         "/x.wwz/" + archives.url(raw)], capture_output=True, check=True)
    assert rb"member: \xFF\xC2\x9B2J\xE2\x80\xAE\x5C.txt" in got.stdout, got
    assert all(c.isprintable() for c in got.stdout.decode().splitlines()), got


@pytest.mark.parametrize("charset, why", [
    ("no-such", "no such character set"), ("UTF-16", "does not hold ASCII"),
    ("", "no such character set")])
def test_refused_charset(tmp, charset, why):
    got = subprocess.run(
        [harness.WWZ, "explain", "--root", tmp, "--names", charset, "/x.wwz/"],
        capture_output=True, text=True)
    assert got.returncode == 2 and why in got.stderr, got


FORMS = ["Crème brûlée.txt", "Ångström/ﬁ.txt", "한국어/파일.txt", "Việt Nam/ế"]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("stored, asked", [
    ("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC"), ("NFD", "NFD")])
def test_normal_forms(ask, name, stored, asked):
    """Either form of Unicode finds the other one, also of directories, and no
    answer is a redirect from one to the other."""
    inside = unicodedata.normalize(stored, name)
    outside = unicodedata.normalize(asked, name)
    one = ask([Entry(inside.encode(), flags=UTF8)])
    assert one(outside) == "0"
    directory = outside.rpartition("/")[0]
    if directory:
        assert one.listed(directory + "/") == [inside.rpartition("/")[2]]
        got = one.client.ask("/x.wwz/" + archives.url(directory))
        assert got.get("Location") == f"/x.wwz/{archives.url(directory)}/", got


def test_both_forms(ask):
    """If both are there, each is itself."""
    names = [unicodedata.normalize(form, "é") for form in ("NFC", "NFD")]
    one = ask([Entry(name.encode(), flags=UTF8) for name in names])
    assert [one(name) for name in names] == ["0", "1"]


def test_decomposed_in_charset(ask):
    """macOS asks for what DOS has packed."""
    one = ask([Entry(b"caf\x82.txt", FAT)])
    assert one(unicodedata.normalize("NFD", "café.txt")) == "0"


def test_slash_in_front(tmp, ask):
    """As unzip, without it; what is no plain path after that stays unreachable."""
    one = ask([Entry(name) for name in (
        b"/a.txt", b"/d/b.txt", b"//host/c.txt", b"/../e.txt", b"/./f.txt",
        b"C:/g.txt")])
    assert one("a.txt") == "0" and one("d/b.txt") == "1"
    assert one("f.txt") == "4" and one("C:/g.txt") == "5"
    assert one("host/c.txt") == one("c.txt") == one("e.txt") == 404
    assert one.listed("") == ["C:/", "d/", "a.txt", "f.txt"]
    assert check(tmp / "www/x.wwz") == (1, ["name-unreachable"] * 2)


@pytest.mark.parametrize("entries, directories", [
    ([Entry(b"caf\x82/\x8a/\x82.txt"), Entry(b"x")],
     ["", "café/", b"caf\x82/", "café/è/", b"caf\x82/\x8a/"]),
    ([Entry(b"caf\x82/d/\x82.txt",
            extra=unicode_path(b"caf\x82/d/\x82.txt", "café/d/é.txt"))],
     ["", "café/", b"caf\x82/", "café/d/", b"caf\x82/d/"]),
    ([Entry(unicodedata.normalize("NFD", "é/ö/ü").encode(), flags=UTF8)],
     ["", "é/", unicodedata.normalize("NFD", "é/"), "é/ö/"]),
    ([Entry(b"a\\\x82x\\\x82", FAT)], ["", "a/", "a/éx/", b"a/\x82x/"])],
    ids=["charset", "Unicode Path", "decomposed", "backslashes"])
def test_links_lead_on(ask, entries, directories):
    """However a directory was asked for, its listing's links are good there."""
    one = ask(entries)
    for directory in directories:
        where = "/x.wwz/" + archives.url(directory)
        got = one.client.ask(where + "-wwz-index?format=json")
        assert got.status == 200, (directory, got)
        for entry in json.loads(got.body)["entries"]:
            got = one.client.ask(where + entry["href"])
            assert got.status == 200, (directory, entry, got)
