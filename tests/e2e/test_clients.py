"""Programs that fetch things, through nginx: each ends with the bytes that lie
in the archive, and gets them in the way that it likes best."""

import email.parser
import email.policy
import gzip
import os
import re
import subprocess

import pytest

import archives
import harness

TEXT = archives.text(3_000_000, 1)
NOISE = archives.noise(3_000_000, 2)

SITE = {
    "text.txt": TEXT,
    "noise.bin": (NOISE, archives.STORED),
    "page.html": b"<!doctype html><title>page</title>" * 100,
}
CONTENT = {"text.txt": TEXT, "noise.bin": NOISE}

TREE = {
    "README": b"read me\n",
    "two words.txt": b"two words\n",
    "100%.txt": b"per cent\n",
    "what?.txt": b"question mark\n",
    "a#b&c.txt": b"others\n",
    "caf\u00e9/cr\u00e8me.txt": b"accents\n",
    "sub/page.html": b"<!doctype html><title>p</title><p>"
    b"<a href=other.html>other</a>",
    "sub/other.html": b"<!doctype html><title>o</title>",
    "sub/deep/er/noise.bin": archives.noise(50_000, 3),
    "empty": b"",
}


def run(*command, cwd=None, fine=(0,), **options):
    """The program's standard output."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=harness.PATIENCE,
        **options,
    )
    assert done.returncode in fine, (command, done.stderr[-2000:])
    return done.stdout


@pytest.fixture(scope="module")
def servers(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    archives.write(root / "site.wwz", SITE)
    archives.write(root / "tree.wwz", TREE)
    archives.stamp(root / "tree.wwz")
    (root / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    with harness.served(module_tmp, root) as (_, nginx):
        yield root, nginx


@pytest.fixture
def url(servers):
    return f"http://127.0.0.1:{servers[1].port}"


@pytest.fixture
def client(servers):
    client = servers[1].client()
    yield client
    client.close()


@pytest.mark.parametrize("name", CONTENT)
@pytest.mark.parametrize("had", [1, 1_234_567, 2_999_999])
def test_curl_goes_on(tmp, url, name, had):
    """curl -C -: what is there already is not fetched again."""
    path = tmp / name
    path.write_bytes(CONTENT[name][:had])
    got = run(
        "curl", "-sS", "-C", "-", "-o", path,
        "-w", "%{http_code} %{size_download}", f"{url}/site.wwz/{name}",
    )
    assert got == b"206 %d" % (len(CONTENT[name]) - had)
    assert path.read_bytes() == CONTENT[name]


def test_curl_has_all(tmp, url):
    """Nothing is left to be asked for: 416, which curl takes for success."""
    path = tmp / "noise.bin"
    path.write_bytes(NOISE)
    got = run(
        "curl", "-sS", "-C", "-", "-o", path, "-w", "%{http_code}",
        f"{url}/site.wwz/noise.bin",
    )
    assert got == b"416"
    assert path.read_bytes() == NOISE


@pytest.mark.parametrize("name, smaller", [("text.txt", True),
                                           ("noise.bin", False)])
def test_curl_compressed(tmp, url, name, smaller):
    path = tmp / name
    got = run(
        "curl", "-sS", "--compressed", "-o", path,
        "-w", "%{http_code} %{size_download}", f"{url}/site.wwz/{name}",
    )
    status, size = map(int, got.split())
    assert status == 200
    assert (size < len(CONTENT[name])) == smaller, size
    assert path.read_bytes() == CONTENT[name]


def multipart(head, body):
    """(Content-Range, Content-Type, bytes) of each part."""
    kind = re.search(rb"(?i)^content-type: (.*)\r$", head, re.M)[1]
    whole = b"MIME-Version: 1.0\r\nContent-Type: " + kind + b"\r\n\r\n" + body
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        whole
    )
    assert message.is_multipart() and not message.defects, message.defects
    return [
        (
            part["Content-Range"],
            str(part.get("Content-Type")).replace('"', ""),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


def test_curl_ranges(tmp, url):
    """Several at once, of a deflated member; the form is an e-mail's."""
    body = run(
        "curl", "-sS", "-r", "0-9,20-29,-5", "-D", tmp / "head",
        f"{url}/site.wwz/text.txt",
    )
    head = (tmp / "head").read_bytes()
    assert head.startswith(b"HTTP/1.1 206 "), head
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head, head
    size = len(TEXT)
    kind = "text/plain; charset=utf-8"
    wanted = [(0, 10), (20, 30), (size - 5, size)]
    assert multipart(head, body) == [
        (f"bytes {a}-{b - 1}/{size}", kind, TEXT[a:b]) for a, b in wanted
    ]


def test_curl_keeps_tag(tmp, url):
    """--etag-save, --etag-compare: the second time there is nothing to send."""
    tag, page = tmp / "tag", f"{url}/site.wwz/page.html"
    save = ("curl", "-sS", "--etag-save", tag, "-w", "%{http_code}")
    run(*save, "-o", tmp / "page", page)
    got = run(
        *save, "--etag-compare", tag, "-o", tmp / "none", page
    )
    assert got == b"304"
    assert not (tmp / "none").exists() or not (tmp / "none").read_bytes()


def halves(client, path, fields):
    """The first half of a representation, its tag, and the whole's size."""
    whole = client.ask(path, "HEAD", fields)
    size = int(whole.get("Content-Length"))
    tag = whole.get("ETag")
    first = client.ask(
        path,
        headers=[
            *fields, ("If-Range", tag), ("Range", f"bytes=0-{size // 2 - 1}")
        ],
    )
    assert (first.status, len(first.body)) == (206, size // 2), first
    return first, tag, size


GZIP = [("Accept-Encoding", "gzip")]


def test_gzip_form_goes_on(tmp, servers, client, url):
    """The compressed form broken off in the middle, resumed by curl."""
    first, tag, size = halves(client, "/site.wwz/text.txt", GZIP)
    path = tmp / "text.gz"
    path.write_bytes(first.body)
    got = run(
        "curl", "-sS", "-C", "-", "-o", path, "-w",
        "%{http_code} %{size_download}", "-H", "Accept-Encoding: gzip",
        "-H", f"If-Range: {tag}", f"{url}/site.wwz/text.txt",
    )
    assert got == b"206 %d" % (size - size // 2)
    assert gzip.decompress(path.read_bytes()) == TEXT


# The archive that replaces the first one, and whether the bytes fetched before
# are still used.
REPLACEMENTS = [
    ({"other.txt": b"new", "text.txt": TEXT}, True),
    ({"text.txt": TEXT[:-1] + b"!"}, False),
]


@pytest.mark.parametrize("members, same", REPLACEMENTS)
def test_archive_replaced_meanwhile(servers, client, members, same):
    root, _ = servers
    path = "/replaced.wwz/text.txt"
    archives.write(root / "replaced.wwz", {"text.txt": TEXT})
    first, tag, size = halves(client, path, GZIP)
    archives.write(root / "new", members)
    os.rename(root / "new", root / "replaced.wwz")
    fields = [*GZIP, ("If-Range", tag), ("Range", f"bytes={size // 2}-")]
    second = client.ask(path, headers=fields)
    assert second.get("Content-Encoding") == "gzip", second
    if same:
        assert (second.status, second.get("ETag")) == (206, tag), second
        assert gzip.decompress(first.body + second.body) == TEXT
    else:
        assert second.status == 200 and second.get("ETag") != tag, second
        assert gzip.decompress(second.body) == members["text.txt"]


def mirror(tmp, url):
    """wget's own files below the archive's directory: path to file."""
    run(
        "wget", "--mirror", "--no-parent", "--no-host-directories",
        "--reject-regex=-wwz-",
        "--restrict-file-names=nocontrol", "-nv", "-P", tmp,
        "-o", tmp / "wget.log", f"{url}/tree.wwz/",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    top = tmp / "tree.wwz"
    return {
        str(path.relative_to(top)): path
        for path in top.rglob("*")
        if path.is_file() and not re.match(r"index\.html(\?|$)", path.name)
    }


def test_wget_mirror(tmp, url):
    """All members, with their times, and nothing else but listings; and nothing
    is fetched a second time."""
    files = mirror(tmp, url)
    assert {name: files[name].read_bytes() for name in files} == TREE
    for name, path in files.items():
        assert path.stat().st_mtime == 1614834368, name
    before = {name: path.stat().st_ctime_ns for name, path in files.items()}
    files = mirror(tmp, url)
    again = [
        name for name in before
        if files[name].stat().st_ctime_ns != before[name]
    ]
    assert again == [], (tmp / "wget.log").read_text()


@pytest.mark.parametrize("name", CONTENT)
def test_aria2(tmp, url, name):
    """Four connections, each with a part of the whole."""
    log = run(
        "aria2c", "--no-conf", "-x4", "-s4", "--min-split-size=1M",
        "--piece-length=1M", "--file-allocation=none",
        "--console-log-level=info", "-d", tmp, f"{url}/site.wwz/{name}",
    ).decode()
    assert (tmp / name).read_bytes() == CONTENT[name]
    asked = set(re.findall(r"^Range: (bytes=\d+-\d*)", log, re.M))
    assert len(asked) >= 2, log
    connections = set(re.findall(r"CUID#(\d+) - Requesting", log))
    assert len(connections) >= 2, log


def fetched(output):
    """How much zsync took from the file at hand, and how much it fetched."""
    return map(int, re.search(rb"used (\d+) local, fetched (\d+)", output)
               .groups())


def test_zsync(tmp, servers, url):
    """Only what differs is fetched, in several ranges at once."""
    root, _ = servers
    new = bytearray(NOISE)
    for at in range(10_000, len(new), 300_000):
        new[at : at + 100] = archives.noise(100, at)
    (tmp / "noise.bin").write_bytes(new)
    (tmp / "old.bin").write_bytes(NOISE)
    run(
        "zsyncmake", "-Z", "-u", "noise.bin", "-o", tmp / "noise.bin.zsync",
        tmp / "noise.bin",
    )
    archives.write(
        root / "zsync.wwz",
        {
            "noise.bin": (bytes(new), archives.STORED),
            "noise.bin.zsync": (tmp / "noise.bin.zsync").read_bytes(),
        },
    )
    (tmp / "noise.bin").unlink()
    out = run(
        "zsync", "-i", "old.bin", f"{url}/zsync.wwz/noise.bin.zsync", cwd=tmp
    )
    assert (tmp / "noise.bin").read_bytes() == new
    local, over = fetched(out)
    assert 0 < over < 200_000 < local, out


def git(*words, cwd, home):
    """git without anybody's settings."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
    }
    return run("git", *words, cwd=cwd, env=environment).decode()


def make_repository(tmp):
    """A bare repository with packed and with loose objects, as the dumb
    protocol wants it."""
    work, bare = tmp / "work", tmp / "project.git"
    work.mkdir()
    git("init", "-q", "-b", "main", cwd=work, home=tmp)
    for number in range(12):
        (work / f"file{number}.txt").write_bytes(archives.text(3000, number))
        git("add", ".", cwd=work, home=tmp)
        git("commit", "-q", "-m", f"change {number}", cwd=work, home=tmp)
        if number == 8:
            git("gc", "-q", cwd=work, home=tmp)
            git("tag", "v1", cwd=work, home=tmp)
    # --local keeps loose objects as they are.
    git("clone", "-q", "--bare", "--local", work, bare, cwd=tmp, home=tmp)
    git("update-server-info", cwd=bare, home=tmp)
    return work, bare


def test_git_clone(tmp, servers, url):
    root, _ = servers
    work, bare = make_repository(tmp)
    files = {
        f"{bare.name}/{path.relative_to(bare)}": path.read_bytes()
        for path in sorted(bare.rglob("*"))
        if path.is_file()
    }
    assert any(name.endswith(".pack") for name in files)
    assert any(re.search("objects/[0-9a-f]{2}/", name) for name in files)
    archives.write(root / "git.wwz", files)
    git(
        "clone", "-q", f"{url}/git.wwz/{bare.name}", "copy", cwd=tmp, home=tmp
    )
    git("fsck", "--full", "--strict", cwd=tmp / "copy", home=tmp)
    for words in (["log", "--format=%H %s"], ["tag"], ["ls-files", "-s"]):
        assert git(*words, cwd=tmp / "copy", home=tmp) == git(
            *words, cwd=work, home=tmp
        )
