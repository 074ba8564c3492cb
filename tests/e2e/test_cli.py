"""The command line: what it says of itself, and how it refuses."""

import http
import json
import os
import pty
import re
import subprocess

import pytest

import archives
import harness


def wwz(*arguments):
    return subprocess.run(
        [harness.WWZ, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=harness.PATIENCE,
    )


@pytest.mark.parametrize("word", ["version", "--version", "-V"])
def test_version(word):
    got = wwz(word)
    assert (got.returncode, got.stderr) == (0, ""), got
    assert re.fullmatch(r"wwz \d+\.\d+\.\d+\n", got.stdout), got
    makefile = (harness.TOP / "Makefile").read_text()
    (version,) = re.findall(r"(?m)^VERSION := (\S+)$", makefile)
    assert got.stdout == f"wwz {version}\n", got


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["help"], ["serve", "explain", "help", "version"]),
        (["--help"], ["serve", "explain", "help", "version"]),
        (["-h"], ["serve", "explain", "help", "version"]),
        (["pack", "--help"], ["wwz pack", "--seekable"]),
        (["serve", "--root", "/none", "-h"], ["wwz serve", "--listen"]),
        (["help", "serve"],
         ["--listen", "--root", "--threads", "--log-level", "--max-archives",
          "--timeout", "--no-listing", "--suffix"]),
        (["help", "explain"], ["--root"]),
        (["help", "pack"], ["--seekable", "--precompress", "--threads"]),
    ],
)
def test_help(arguments, words):
    got = wwz(*arguments)
    assert (got.returncode, got.stderr) == (0, ""), got
    for word in words:
        assert word in got.stdout, f"no {word} in:\n{got.stdout}"
    long = [line for line in got.stdout.splitlines() if len(line) > 80]
    assert not long, long


BAD = [
    ["pack"],
    ["pack", "."],
    ["pack", "/"],
    ["pack", ""],
    ["pack", "dir/.."],
    ["pack", "-o", "x.wwz", "dir", "y.wwz"],
    ["pack", "dir", "x.wwz", "more"],
    ["pack", "--seekable", "some", "dir", "x.wwz"],
    ["pack", "--seekable", "-1", "dir", "x.wwz"],
    ["pack", "--precompress", "gzip", "dir", "x.wwz"],
    ["pack", "--threads", "0", "dir", "x.wwz"],
    ["pack", "--listen", "unix:x", "dir", "x.wwz"],
    ["--no-such-option"],
    ["no-such-command"],
    ["help", "no-such-command"],
    ["serve", "--no-such-option"],
    ["serve", "-Z"],
    ["serve", "--listen"],
    ["serve", "--listen", ""],
    ["serve", "--listen", "nonsense"],
    ["serve", "--listen", "unix:"],
    ["serve", "--listen", "unix:" + "x" * 200],
    ["serve", "--listen", "127.0.0.1:0x50"],
    ["serve", "--listen", "127.0.0.1:65536"],
    ["serve", "--listen", "127.0.0.1:-1"],
    ["serve", "--threads", "0"],
    ["serve", "--threads", "-1"],
    ["serve", "--threads", "two"],
    ["serve", "--threads", "2x"],
    ["serve", "--threads=99999999999999999999"],
    ["serve", "--threads="],
    ["serve", "--timeout", "soon"],
    ["serve", "--timeout", "-1"],
    ["serve", "--max-archives", "0"],
    ["serve", "--max-archives", "many"],
    ["serve", "--log-level", "loud"],
    ["serve", "--suffix", ""],
    ["serve", "--no-listing=1"],
    ["serve", "--root", "/no/such/directory"],
    ["serve", "superfluous"],
    ["explain"],
    ["explain", "--no-such-option", "/x.wwz/"],
]


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_refused(tmp, arguments):
    """Exit status 2 and one line; never a listening process."""
    if arguments[0] == "serve" and "--listen" not in arguments:
        arguments = [*arguments, "--listen", f"unix:{tmp}/s"]
    got = wwz(*arguments)
    assert got.returncode == 2, got
    assert got.stdout == "", got
    assert got.stderr.startswith("wwz") and got.stderr.endswith("\n"), got
    assert got.stderr.count("\n") == 1, got
    assert len(got.stderr) < 400, got


@pytest.mark.parametrize("arguments, meant", [
    (["pakc", "site"], "unknown command pakc: did you mean pack?"),
    (["help", "chek"], "unknown command chek: did you mean check?"),
    (["serve", "--rot=/srv"], "unknown option --rot=/srv: did you mean --root?"),
    (["serve", "--port", "80"], "unknown option --port, see wwz help serve"),
])
def test_what_was_meant(arguments, meant):
    got = wwz(*arguments)
    assert (got.returncode, got.stderr) == (2, f"wwz: {meant}\n"), got


@pytest.mark.parametrize("arguments", [[], ["serve"]], ids=" ".join)
def test_nothing_to_listen_on(arguments):
    """Started without a socket and not as CGI."""
    got = wwz(*arguments)
    assert got.returncode == 2, got
    assert "--listen" in got.stderr and got.stderr.count("\n") == 1, got


def test_alone_on_a_terminal():
    """Typed by somebody who wants to know what it is."""
    master, slave = pty.openpty()
    got = subprocess.run(
        [harness.WWZ], stdin=slave, capture_output=True, text=True,
        timeout=harness.PATIENCE)
    os.close(master)
    os.close(slave)
    assert (got.returncode, got.stdout) == (2, ""), got
    assert got.stderr == wwz("help").stdout


def test_port_without_a_host():
    """It is not said that other machines are meant."""
    got = wwz("serve", "--listen", ":8080")
    assert got.returncode == 2, got
    assert "127.0.0.1:8080" in got.stderr and "--allow-remote" in got.stderr


def test_both_forms_of_an_option(root, serve):
    archives.write(root / "x.wwz", {"a.txt": "a"})
    with serve("--threads=2", "--log-level=warn").client() as client:
        assert client.ask("/x.wwz/a.txt").body == b"a"


def test_log_level(root, serve):
    """warn is silent where info is not."""
    for level, lines in (("error", 0), ("warn", 0), ("info", 1)):
        responder = serve("--log-level", level)
        if lines:
            responder.expect("^info archive-missing ")
        with responder.client() as client:
            assert client.ask("/none.wwz/a.txt").status == 404
        assert len(responder.lines()) == lines, level


@pytest.fixture
def explain(root):
    archives.write(
        root / "x.wwz",
        {
            "a/b.txt": archives.text(5000),
            "s.bin": ("stored", archives.STORED),
            "a/index.html": "index",
        },
    )

    def ask(*arguments):
        return wwz("explain", "--root", root, *arguments)

    return ask


def without_times(text):
    return re.sub(r"us=\d+|time=\S+|\[.*?\]", "", text)


def as_text(told):
    """The lines that say the same as the JSON object."""
    lines = []
    for name, value in told.items():
        if name == "status":
            lines.append(f"status: {value} {http.HTTPStatus(value).phrase}")
        elif name == "fields":
            lines += [f"  {field}: {text}" for field, text in value.items()]
        elif name == "log":
            lines += [f"log: {line}" for line in value]
        else:
            lines.append(f"{name.replace('_', ' ')}: {value}")
    return "".join(line + "\n" for line in lines)


@pytest.mark.parametrize(
    "path, words",
    [
        ("/x.wwz/a/b.txt?x",
         ["200", "x.wwz", "a/b.txt", "deflate", "text/plain", "ETag",
          "Content-Length"]),
        ("/x.wwz/s.bin", ["200", "s.bin", "stored"]),
        ("/x.wwz/a/", ["200", "a/index.html"]),
        ("/x.wwz/a", ["301", "/x.wwz/a/"]),
        ("/x.wwz/none", ["404"]),
        ("/none.wwz/a", ["404", "none.wwz"]),
        ("/x.wwz/..%2f..", ["400"]),
    ],
)
def test_explain(explain, path, words):
    got = explain(path)
    assert (got.returncode, got.stderr) == (int(words[0]) >= 400, ""), got
    for word in words:
        assert word in got.stdout, f"{path}: no {word} in:\n{got.stdout}"
    told = explain("--json", path)
    assert (told.returncode, told.stderr) == (got.returncode, ""), told
    assert told.stdout.count("\n") == 1, told
    assert without_times(as_text(json.loads(told.stdout))) == without_times(
        got.stdout)


# Fields of the request, and why the answer is sent as it is.
WHY = [
    ("/x.wwz/a/b.txt", [], "identity: the request has no Accept-Encoding"),
    ("/x.wwz/a/b.txt", ["Accept-Encoding: gzip"],
     "gzip: q=1 and the member is deflated, no less than identity"),
    ("/x.wwz/a/b.txt", ["Accept-Encoding: gzip;q=0.5, identity;q=0.8"],
     "identity: q=0.8, no less than gzip"),
    ("/x.wwz/a/b.txt", ["Accept-Encoding: gzip", "Range: bytes=0-9"],
     "identity: Range without If-Range"),
    ("/x.wwz/a/b.txt",
     ["Range: bytes=0-9", "If-Range: Sat, 01 Jan 2000 00:00:00 GMT"],
     "identity: Range without an entity tag in If-Range"),
    ("/x.wwz/a/b.txt",
     ["Accept-Encoding: gzip", "Range: bytes=0-9", "If-Range: TAG"],
     "gzip: If-Range names its entity tag"),
    ("/x.wwz/a/b.txt",
     ["Accept-Encoding: gzip", "Range: bytes=0-9", "If-Match: TAG"],
     "gzip: If-Match names its entity tag"),
    ("/x.wwz/s.bin", ["Accept-Encoding: gzip"],
     "identity: there is no other form"),
    ("/x.wwz/s.bin", ["Accept-Encoding: *;q=0"],
     "Accept-Encoding allows none of its forms"),
]


def told(got, name):
    """The values behind a name, in explain's words."""
    return [line.partition(": ")[2] for line in got.stdout.splitlines()
            if line.startswith(name + ": ")]


@pytest.mark.parametrize("path, fields, why", WHY)
def test_explain_why(explain, path, fields, why):
    tag = re.search('ETag: (".*-gzip")', explain(
        "-H", "Accept-Encoding: gzip", "/x.wwz/a/b.txt").stdout).group(1)
    options = []
    for field in fields:
        options += ["-H", field.replace("TAG", tag)]
    got = explain(*options, path)
    assert (told(got, "why"), got.stderr) == ([why], ""), got


@pytest.mark.parametrize("path, found", [
    ("/x.wwz/a/b.txt", "a member"),
    ("/x.wwz/a/", "a directory with an index file"),
    ("/x.wwz/a/-wwz-index", "a directory, as a listing"),
    ("/x.wwz/", "a directory, as a listing"),
    ("/x.wwz/a", "a directory, whose page ends in /"),
    ("/x.wwz/none", "no member and no directory"),
    ("/x.wwz/-wwz-archive", "the archive itself"),
    ("/none.wwz/a", "no archive that can be read"),
])
def test_explain_found(explain, path, found):
    assert told(explain(path), "found") == [found]


def test_explain_revalidate(explain):
    """How long another archive at the path may go unseen, if at all."""
    assert told(explain("/x.wwz/"), "replaced") == []
    got = explain("--revalidate", "250", "/x.wwz/")
    assert told(got, "replaced") == ["seen after at most 250 ms"]
    got = explain("--revalidate", "250", "--json", "/x.wwz/")
    assert json.loads(got.stdout)["replaced"] == "seen after at most 250 ms"


def test_explain_method(explain):
    for path, method in (("a/b.txt", "deflated (8)"), ("s.bin", "stored (0)")):
        assert told(explain(f"/x.wwz/{path}"), "method") == [method]


def test_explain_logs(explain, root):
    """The lines that there would be, the ones for a damaged member too, which
    is found when its body is made."""
    content = archives.noise(1 << 20)
    path = archives.write(root / "y.wwz", {"b": (content, archives.STORED)})
    data = bytearray(path.read_bytes())
    data[500_000] ^= 1
    path.write_bytes(data)
    got = explain("-H", "User-Agent: me", "/x.wwz/s.bin?a=b")
    (line,) = told(got, "access log")
    assert re.fullmatch(
        r'- - - \[.*\] "GET /x.wwz/s.bin\?a=b HTTP/1.1" 200 6 "-" "me"'
        r' archive="\S+/x.wwz" member="s.bin" coding=identity us=\d+', line)
    assert told(got, "log") == []
    got = explain("/y.wwz/b")
    assert got.returncode == 1, got
    (line,) = told(got, "log")
    assert line.startswith("warn member-damaged time="), got
    assert harness.LINE.fullmatch(line), line
    assert got.stderr == "", got
