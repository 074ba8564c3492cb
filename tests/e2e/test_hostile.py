"""Archives made to mislead: testdata/hostile, one fault each.  The answer is
the one that README.md there gives, the log says why, and the responder lives.
What is too large to lie there is in test_attack.py."""

import gzip
import json
import re
import subprocess
import sys
import zlib

import pytest

import archives
import harness

HOSTILE = harness.TOP / "testdata/hostile"
NAMES = sorted(path.stem for path in HOSTILE.glob("*.wwz"))

TEXT = b"This is what a.txt says.\n" * 4
GOOD = b"good\n"
INDEX = "-wwz-index?format=json"
PAGE = b"<!DOCTYPE html>"


class Ask:
    """A request and what is wanted: status, body (None: a page of the
    responder's), and what the log says of it."""

    def __init__(self, path, status, body=None, *, why=None, word=None,
                 headers=()):
        self.path, self.status, self.body = path, status, body
        self.why, self.word, self.headers = why, word, list(headers)

    def judge(self, got, lines):
        """What is wrong with the answer and the lines of the log."""
        wrong = []
        if got.status != self.status:
            wrong.append(f"status {got.status}, not {self.status}")
        if self.status >= 400 and self.body is None:
            if not got.body.startswith(PAGE):
                wrong.append(f"no page: {got}")
        if got.cut or not got.ended:
            wrong.append(f"not whole: {got}")
        if self.body is not None and got.body != self.body:
            wrong.append(f"{got.body[:80]!r}, not {self.body[:80]!r}")
        return wrong + self.judge_lines(lines)

    def judge_lines(self, lines):
        if self.why is None:
            return [f"unexpected line: {line}" for line in lines]
        pattern = f"^(info|warn) {self.word} .*{self.why}"
        if len(lines) == 1 and re.search(pattern, lines[0]):
            return []
        return [f"lines {lines}, not one with {pattern!r}"]


def fine(path, body=TEXT, headers=()):
    return Ask(path, 200, body, headers=headers)


def gone(path):
    return Ask(path, 404)


def bad(path, why, headers=()):
    return Ask(path, 500, why=why, word="member-damaged", headers=headers)


def unsupported(path, why):
    return Ask(path, 501, why=why, word="member-unsupported")


class Spoilt(Ask):
    """What is not whole: 500, or 200 and cut, and one line in any case."""

    def __init__(self, path, why, coding="identity"):
        super().__init__(
            path, 200, word="member-damaged", why=why,
            headers=[("Accept-Encoding", f"{coding}, *;q=0")])

    def judge(self, got, lines):
        wrong = self.judge_lines(lines)
        if got.status == 500 and got.ended:
            return wrong
        if got.status != 200 or not got.cut or got.ended:
            wrong.append(f"neither 500 nor cut: {got}")
        return wrong


def spoilt(path, why):
    """Looked through once; the log may refer to that later."""
    later = f"({why}|found damaged before)"
    return [Spoilt(path, why, "gzip"), Spoilt(path, later),
            Spoilt(path, later, "gzip")]


class Odd(Ask):
    """Content that is right, in a stream that no client could read: it goes
    out as identity, whatever is accepted.  The log says so once."""

    def __init__(self, path, body, why=None):
        super().__init__(path, 200, body, word="member-odd", why=why,
                         headers=[("Accept-Encoding", "gzip, identity;q=0.5")])

    def judge(self, got, lines):
        coding = got.get("Content-Encoding")
        return super().judge(got, lines) + ([coding] if coding else [])


def odd_stream(path, why, body=TEXT):
    return [Odd(path, body, why), fine(path, body), Odd(path, body)]


def refused(path, why="control character|NUL"):
    return Ask(path, 400, why=why, word="bad-path")


# Why whole archives are refused.
DAMAGED = {
    "c2-bytes-behind-ambiguous": "no end record",
    "c2-bytes-behind-many": "no end record",
    "c2-comment-long": "no end record",
    "c2-end-cut": "no end record",
    "c3-bytes-between": "no central directory header at offset 185",
    "c3-count-here": "several disks",
    "c3-count-high": "counts 3 members, .* holds 2",
    "c3-count-in-all": "several disks",
    "c3-count-low": "counts 1 member, .* holds 2",
    "c3-count-ones": "counts 65535 members, .* holds 2",
    "c3-digital-signature": "no central directory header at offset 283",
    "c3-entry-cut": "offset 229 reaches beyond the central directory",
    "c3-entry-name-long": "offset 178 reaches beyond the central directory",
    "c3-signature": "no central directory header at offset 178",
    "c3-size-large": "no room for a central directory of 1048576 bytes",
    "c3-size-ones": "no room for a central directory of 4294967295 bytes",
    "c3-size-small": "counts 2 members, .* holds 1",
    "c4-offset-large": "is at 178, not at 65536",
    "c4-offset-ones": "is at 178, not at 4294967295",
    "c5-contradicts-count": "contradict each other",
    "c5-contradicts-offset": "contradict each other",
    "c5-contradicts-size": "contradict each other",
    "c5-count-here": "several disks",
    "c5-count-low": "counts 1 member, .* holds 2",
    "c5-count-modulo": "counts 65538 members, .* holds 2",
    "c5-count-ones": "counts 18446744073709551615 members",
    "c5-disk": "several disks",
    "c5-locator-elsewhere": "its locator points elsewhere",
    "c5-locator-nowhere": "its locator points elsewhere",
    "c5-locator-two-records": "its locator points elsewhere",
    "c5-locator-gap": "no central directory header at offset 257",
    "c5-locator-missing": "no room for a central directory",
    "c5-locator-ones": "points to no zip64 end record: 18446744073709551615",
    "c5-offset-ones": "not at 18446744073709551615",
    "c5-offset-wraps": "no room for a central directory",
    "c5-record-size": "points to no zip64 end record: 283",
    "c5-record-size-ones": "points to no zip64 end record: 283",
    "c5-size-half": "no room for a central directory of 9223372036854775808",
    "c5-size-ones": "no room for a central directory of 18446744073709551615",
    "disk": "several disks",
}

# Why a.txt is refused, in archives that are otherwise fine.
BAD_MEMBER = {
    "a1-method-stored-in-directory": "differ in method",
    "a1-method-stored-in-local": "differ in method",
    "a2-descriptor-and-sizes": "differ in size",
    "a2-packed-small-in-local": "differ in compressed size",
    "a2-size-small-in-local": "differ in size",
    "a2-size-zero-in-directory": "differ in size",
    "a2-size-zero-in-local": "differ in size",
    "a2-size-zip64-missing": "reach into the central directory",
    "a2-size-zip64-short": "sizes differ|reach into",
    "a3-name": "differ in name",
    "a3-name-case": "differ in name",
    "a5-encrypted-in-local": "differ in encryption",
    "b1-duplicate-damaged": "no local header",
    "crc-empty": "CRC-32",
    "header-extra-long": "reach into the central directory",
    "header-name-long": "differ in name",
    "offset-beyond-file": "no room for a local header",
    "offset-in-directory": "no room for a local header",
    "offset-of-another": "differ in name|reach into the central directory",
    "offset-off-by-one": "no local header",
    "offset-ones": "no room for a local header",
    "offset-ones-64": "no room for a local header",
    "offset-wraps": "no room for a local header",
    "offset-wraps-with-front": "no room for a local header",
    "packed-beyond-file": "reach into the central directory",
    "packed-into-directory": "reach into the central directory",
    "packed-ones-64": "reach into the central directory",
    "size-half-64": "more than its data can hold",
    "size-ones-64": "more than its data can hold",
}

# Archives whose a.txt is right, whatever else is wrong.
RIGHT = [
    "a2-descriptor-64", "a2-descriptor-ones", "a2-descriptor-contradicts", "a2-descriptor-missing",
    "a2-descriptor-without-signature", "a2-size-zip64-in-local-only",
    "a2-size-zip64-twice", "a2-size-zip64-unasked",
    "a4-file-marked-directory-dos", "a4-file-marked-directory-unix",
    "c2-bytes-around", "c2-bytes-behind", "c2-comment-short",
    "c2-end-in-comment-not-to-the-end", "c2-signature-in-comment",
    "c4-front", "c4-front-adjusted", "c5-locator-or-search", "c5-zip64",
    "c5-zip64-and-plain", "disk-of-member", "extra-cut", "local-crc",
    "time-negative", "time-none",
]

UNICODE_PATH = [fine("a.txt"), gone("b.txt"), gone("c.txt")]


def odd(path):
    """The canonical name is itself, the odd one is not there."""
    quoted = archives.url(path)
    return [
        fine("a/b.txt", b"canonical"), fine("x/a/b.txt", b"canonical"),
        *([gone(quoted)] if ".." not in path and path[0] != "/"
          and "//" not in path and "/." not in path else []),
        listed("", "a/", "x/", "good.txt"),
    ]


class listed(Ask):
    """The names of a directory, as its listing gives them."""

    def __init__(self, directory, *names):
        super().__init__(f"{directory}{INDEX}", 200)
        self.names = sorted(names)

    def judge(self, got, lines):
        wrong = super().judge(got, lines)
        if not wrong:
            shown = sorted(
                entry["name"] + "/" * (entry["type"] == "directory")
                for entry in json.loads(got.body)["entries"]
            )
            if shown != self.names:
                wrong.append(f"listed {shown}, not {self.names}")
        return wrong


SPECIAL = [
    'a"b', "a*b", "a:b", "a<b>", "a>b", "a?b", "a|b", "a b", " ", "a ", "a.",
    "con", "a%b", "a%2Fb", "a#b", "a&amp;b", "a'b", "a;b", "~", "-rf", "...",
    "a\\..\\b", "C:\\a", "\\\\host\\a",
]

# All other archives: the requests, and one for good.txt.
ROWS = {
    **{name: [bad("a.txt", why)] for name, why in BAD_MEMBER.items()},
    **{name: [fine("a.txt")] for name in RIGHT},
    "a3-unicode-path": [
        fine("a.txt"), fine("b.txt"), listed("", "b.txt", "good.txt"),
    ],
    "a3-unicode-path-crc": UNICODE_PATH,
    "a3-unicode-path-in-local": UNICODE_PATH,
    "a3-unicode-path-twice": UNICODE_PATH,
    "a3-unicode-path-version": UNICODE_PATH,
    "a4-backslash-directory": [
        fine("d%5C"), gone("d"), gone("d/"), listed("", "d\\", "good.txt"),
    ],
    "a4-directory-with-data": [
        Ask("d", 301), listed("d/"), listed("", "d/", "good.txt"),
    ],
    "a4-symbolic-link": [gone("a.txt"), listed("", "a.txt", "good.txt")],
    "a5-encrypted": [unsupported("a.txt", "encrypted")],
    "a5-encrypted-in-directory": [unsupported("a.txt", "encrypted")],
    "a5-encrypted-strongly": [unsupported("a.txt", "encrypted")],
    "b1-duplicate": [fine("a.txt", b"second")],
    "b1-duplicate-dot": [
        fine("a.txt", b"second"), listed("", "a.txt", "good.txt"),
    ],
    "b2-control": [
        *(refused(f"a%{byte:02x}b") for byte in (*range(32), 127)),
        listed("", "good.txt"),
    ],
    "b2-nul": [
        fine("a.txt"), refused("a.txt%00.jpg"),
        listed("", "a.txt", "good.txt"),
    ],
    "b2-special": [
        *(fine(archives.url(name), b"<" + name.encode() + b">")
          for name in SPECIAL),
        listed("", *SPECIAL, "good.txt"),
    ],
    "b2-utf8-flag": [
        fine("a%FF%C0%AFb"), listed("", "a\ufffd\ufffd\ufffdb", "good.txt"),
    ],
    "b2-cp437": [
        fine("caf%82"), fine("caf%C3%A9"), listed("", "café", "good.txt"),
    ],
    "b2-cp437-and-utf8": [
        fine("caf%82", b"cp437"), fine("caf%C3%A9", b"utf-8"),
        listed("", "café", "café", "good.txt"),
    ],
    "b2-direction": [
        fine("a%E2%80%AEgpj.exe"),
    ],
    "b3-absolute": [
        fine("a/b.txt", b"odd"), fine("x/a/b.txt", b"canonical"),
        listed("", "a/", "x/", "good.txt"), listed("x/", "a/"),
    ],
    "b3-double-slash": odd("a//b.txt"),
    "b3-dot-inside": odd("a/./b.txt"),
    "b3-dot-at-end": odd("a/b.txt/."),
    "b3-climbs": odd("../a/b.txt"),
    "b3-climbs-back": odd("c/../a/b.txt"),
    "b3-climbs-far": [
        *odd("../etc/passwd"), gone("etc/passwd"),
        refused("../" * 20 + "etc/passwd", "leads out"),
    ],
    "b3-dot-in-front": [
        fine("a/b.txt", b"odd"), fine("x/a/b.txt", b"canonical"),
        listed("", "a/", "x/", "good.txt"), listed("x/", "a/"),
    ],
    "b3-backslash": [
        fine("a/b.txt", b"canonical"), fine("a%5Cb.txt", b"odd"),
        fine("x/a/b.txt", b"canonical"), fine("x/a%5Cb.txt", b"odd"),
    ],
    "b3-three-dots": [
        fine("a/b.txt", b"canonical"), fine("a/.../b.txt", b"odd"),
        listed("a/", "b.txt", ".../"),
    ],
    "b4-case": [
        fine("a.txt", b"lower"), fine("a.TXT", b"upper"),
        fine("A.txt", b"title"), gone("A.TXT"),
    ],
    "name-empty": [listed("", "good.txt")],
    "name-slash": [listed("", "good.txt")],
    "name-dots": [
        refused("..", "leads out"), listed("", "good.txt"),
    ],
    "name-pseudo": [listed("", "good.txt")],
    "file-and-directory": [
        fine("a", b"file"), fine("a/b.txt", b"below"), listed("a/", "b.txt"),
        listed("", "a", "a/", "good.txt"),
    ],
    "file-and-directory-entry": [
        fine("a", b"file"), listed("a/"), listed("", "a", "a/", "good.txt"),
    ],
    "file-below-file": [fine("a", b"file"), gone("a/"), gone("a/b")],
    "c1-member-unlisted": [
        fine("a.txt"), gone("hidden.txt"), listed("", "a.txt", "good.txt"),
    ],
    "c1-member-in-comment": [
        bad("a.txt", "no room for a local header"),
        bad("b.txt", "no room for a local header"),
    ],
    "c1-member-in-member": [fine("a.txt"), gone("good.txt")],
    "c1-archive-in-member": [
        gone("a.txt"), gone("inner.zip/a.txt"),
        listed("", "inner.zip", "good.txt"),
    ],
    "c1-descriptor-in-data": [
        gone("forged.txt"), listed("", "a.txt", "good.txt"),
    ],
    "c2-three-ends": [
        listed("", "third.txt"), fine("third.txt"), gone("good.txt"),
    ],
    "c2-three-ends-last-comment-long": [
        listed("", "second.txt"), fine("second.txt"), gone("good.txt"),
    ],
    "c2-end-in-comment": [
        listed("", "inner.txt"), fine("inner.txt"), gone("good.txt"),
    ],
    "c2-end-in-member": [listed("", "end.bin", "good.txt")],
    "c2-empty": [listed(""), gone("good.txt")],
    "c3-size-and-count-small": [
        listed("", "good.txt"), gone("a.txt"),
        bad("good.txt", "no local header"),
    ],
    "c4-front-half": [
        bad("a.txt", "no local header"), bad("good.txt", "no local header"),
    ],
    "c4-two-directories": [
        listed("", "adjacent-.txt"), fine("adjacent-.txt"), gone("good.txt"),
    ],
    "stored-size-large": [
        bad("a.txt", "size"),
        # The memory behind the archive's mapping belongs to nobody.
        *(bad("a.txt", "size", headers=[("Range", f"bytes={part}")])
          for part in ("0-99", "5000-5100", "4096-200000", "-1", "-100000")),
    ],
    "stored-size-small": [bad("a.txt", "size")],
    "stored-size-ones-64": [
        bad("a.txt", "size"),
        *(bad("a.txt", "size", headers=[("Range", f"bytes={part}")])
          for part in ("5000-5100", f"{1 << 40}-{(1 << 40) + 100}", "-1",
                       f"{(1 << 64) - 200}-")),
    ],
    "stored-size-large-404": [
        Ask("missing", 404, why="size", word="member-damaged"),
        bad("404.html", "size"),
    ],
    "stored-size-large-sibling": [
        Ask("a.css", 200, TEXT, why="size", word="member-damaged",
            headers=[("Accept-Encoding", "gzip")]),
        bad("a.css.gz", "size"),
    ],
    "overlap-next": [],
    "overlap-quoted": [
        fine("4.txt", GOOD), gone("good.txt"),
        listed("", *(f"{number}.txt" for number in range(5))),
    ],
    "crc-deflated": spoilt("a.txt", "CRC-32"),
    "crc-stored": spoilt("a.txt", "CRC-32")[1:2],
    "size-large": spoilt("a.txt", "less data"),
    "size-small": spoilt("a.txt", "more data"),
    "deflate-cut": spoilt("a.txt", "the data end early"),
    "deflate-cut-no-end-code": odd_stream("a.txt", "has no end"),
    "deflate-bytes-behind": odd_stream("a.txt", "ends before its data do"),
    "deflate-no-data": odd_stream("a.txt", "has no end", b""),
    "deflate-garbage": spoilt("a.txt", "invalid block type"),
    "deflate-far-back": spoilt("a.txt", "too far back"),
    "method-deflate64": [
        unsupported("a.txt", "repack it with deflate")],
    "method-unknown": [unsupported("a.txt", "method=97")],
    # The fault is found when the type is looked for, whatever the client
    # accepts.
    "method-zstd-garbage": [
        bad("a.txt", ""),
        bad("a.txt", "", headers=[("Accept-Encoding", "zstd")]),
    ],
    "method-bzip2-garbage": spoilt("a.txt", "")[1:2],
}


@pytest.fixture(scope="module")
def shared(module_tmp):
    """start() gives a responder for all of them: the one that is there, or
    a new one when that has died, which is one test's matter."""
    root = module_tmp / "www"
    root.mkdir()
    for name in NAMES:
        path = root / f"{name}.wwz"
        path.write_bytes((HOSTILE / path.name).read_bytes())
        archives.age(path)
    alive = []

    def start():
        if not alive or alive[0].process.poll() is not None:
            alive[:] = [harness.Responder(module_tmp, root, "--dotfiles")]
            alive[0].allow("")
        return alive[0]

    yield start
    with harness.running(alive[0]):
        pass


@pytest.fixture
def hostile(shared):
    return shared()


def put(responder, archive, ask):
    """Ask; the answer and the lines that the log got meanwhile."""
    before = len(responder.lines())
    with responder.client() as client:
        client.send(client.request(
            f"/{archive}/{ask.path}", headers=ask.headers, keep=False))
        got = client.read_response()
    assert responder.process.poll() is None, f"{ask.path}: it is dead"
    assert got is not None, f"no answer to {ask.path}"
    return got, responder.lines()[before:]


def check(responder, archive, asks):
    wrong = []
    for ask in asks:
        got, lines = put(responder, archive, ask)
        wrong += [f"{ask.path}: {fault}" for fault in ask.judge(got, lines)]
    assert not wrong, f"{archive}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_member(hostile, name):
    asks = ROWS[name]
    if not any(ask.path == "good.txt" for ask in asks):
        asks = [*asks, fine("good.txt", GOOD)]
    check(hostile, f"{name}.wwz", asks)


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_archive(hostile, name):
    """All of it is refused, with one line."""
    ask = Ask("a.txt", 500, why=DAMAGED[name], word="archive-damaged")
    check(hostile, f"{name}.wwz", [ask])


@pytest.mark.parametrize("name", sorted(ROWS))
def test_what_is_listed_is_there(hostile, name):
    """Each link of a listing leads somewhere, and nowhere else."""
    got, _ = put(hostile, f"{name}.wwz", Ask(INDEX, 200))
    assert got.status == 200, got
    for entry in json.loads(got.body)["entries"]:
        if entry.get("to") == "nothing":  # a symbolic link
            assert "href" not in entry
            continue
        got, _ = put(hostile, f"{name}.wwz", Ask(entry["href"], 200))
        assert got.status in (200, 500, 501), f"{entry}: {got}"


def test_rows_are_complete():
    """Every archive has a row here, and a row of README.md."""
    table = (HOSTILE / "README.md").read_text()
    told = re.findall(r"(?m)^\| `([^`]+)` \|", table)
    assert sorted(told) == NAMES
    assert sorted([*ROWS, *DAMAGED]) == NAMES


def test_script_makes_the_same(tmp):
    """scripts/make-hostile writes just what is checked in."""
    subprocess.run(
        [sys.executable, harness.TOP / "scripts/make-hostile", tmp / "again"],
        check=True,
    )

    def content(directory):
        return {path.name: path.read_bytes() for path in directory.iterdir()}

    there, again = content(HOSTILE), content(tmp / "again")
    assert sorted(there) == sorted(again)
    differ = [name for name in there if there[name] != again[name]]
    assert not differ, f"other bytes: {differ}"
