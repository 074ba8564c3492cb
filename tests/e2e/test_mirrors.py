"""Programs that copy whole directories, through nginx: rclone, lftp, wget and
httpdirfs get the members, byte for byte, and nothing else."""

import json
import os
import re
import subprocess
import urllib.parse

import pytest

import archives
import harness

TREE = {
    "index.html": b"<!doctype html><title>i</title><a href=README>x</a>",
    "README": b"read me\n",
    "build.log": b"line\n" * 5000,
    "two words.txt": b"two words\n",
    "100%.txt": b"per cent\n",
    "what?.txt": b"question mark\n",
    "a#b&c;d=e+f.txt": b"others\n",
    "caf\u00e9/cr\u00e8me.txt": b"accents\n",
    "sub/index.html": b"<!doctype html><title>s</title><a href=deep/>x</a>",
    "sub/deep/er/noise.bin": (archives.noise(50_000, 3), archives.STORED),
    "_static/.hidden": b"names that begin with no letter\n",
    "javascript:x": b"what looks like a scheme\n",
    "sub/deep/-wwz-other": b"nearly one of wwz's own names\n",
    "sub/points.geojson": json.dumps({
        "type": "FeatureCollection", "features": [{
            "type": "Feature", "properties": {"name": name}, "geometry": {
                "type": "Point", "coordinates": place}}
            for name, place in (("one", [3, 4]), ("two", [5, 6]))]}).encode(),
    "logs/a.log/b.log": b"below a directory that is named like a log\n",
    "empty": b"",
}
CONTENT = {name: content[0] if isinstance(content, tuple) else content
           for name, content in TREE.items()}
# More than a page for browsers has.
LONG = {f"{n}.txt": b"%d" % n for n in range(1100)}


@pytest.fixture(scope="module")
def url(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    (root / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    archives.write(root / "tree.wwz", TREE)
    archives.write(root / "long.wwz", {
        f"d/{name}": content for name, content in LONG.items()})
    with harness.served(module_tmp, root, "--dotfiles") as (_, nginx):
        yield f"http://127.0.0.1:{nginx.port}/tree.wwz/"


def run(*command, **options):
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=harness.PATIENCE, **options)
    assert done.returncode == 0, (command, done.stdout[-3000:])
    return done.stdout


def files_in(top):
    return {str(path.relative_to(top)): path.read_bytes()
            for path in top.rglob("*") if path.is_file()}


def compare(got, wanted):
    assert sorted(got) == sorted(wanted)
    assert [n for n in wanted if got[n] != wanted[n]] == []


def rclone(url, tmp, top):
    run("rclone", "--config", tmp / "none", "copy", "--http-url", url,
        ":http:", top)


def lftp(url, tmp, top):
    run("lftp", "-c", f"set net:max-retries 1; mirror {url} {top}",
        env={**os.environ, "HOME": str(tmp), "LC_ALL": "C.UTF-8"})


def wget(url, tmp, top):
    place = urllib.parse.urlsplit(url).path.strip("/")
    run("wget", "--mirror", "--no-parent", "--no-host-directories",
        "--reject-regex", r"-wwz-.*\?", "--restrict-file-names=nocontrol",
        "--default-page=-wwz-page.html", "--reject=-wwz-page*",
        "--execute=robots=off",
        f"--cut-dirs={place.count('/') + 1}", "-nv", "-P", top, url,
        env={**os.environ, "LC_ALL": "C.UTF-8"})


@pytest.mark.parametrize("tool", [rclone, lftp, wget])
def test_mirror(tmp, url, tool):
    tool(url + "-wwz-index/", tmp, tmp / "copy")
    compare(files_in(tmp / "copy"), CONTENT)


@pytest.mark.parametrize("place", ["-wwz-index/", ""])
@pytest.mark.parametrize("tool", [rclone, lftp, wget])
def test_long_directory(tmp, url, tool, place):
    """No part of it is on another page."""
    tool(f"{url.replace('tree', 'long')}{place}d/", tmp, tmp / "copy")
    compare(files_in(tmp / "copy"), LONG)


@pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists("/dev/fuse"),
    reason="only root mounts, and where there is /dev/fuse")
def test_httpdirfs(tmp, url):
    """As a file system, which reads by ranges."""
    top = tmp / "mounted"
    top.mkdir()
    with subprocess.Popen(
            ["httpdirfs", "-f", url + "-wwz-index/", top],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(tmp / "httpdirfs.log", "wb"),
            env={**os.environ, "HOME": str(tmp), "XDG_CACHE_HOME": str(tmp)},
    ) as mount:
        try:
            harness.wait_until(
                lambda: os.path.ismount(top) or mount.poll() is not None,
                "httpdirfs mounts")
            got = files_in(top)
        finally:
            run("umount", top)
    # It leaves out empty files, whatever server they come from.
    compare(got, {n: content for n, content in CONTENT.items() if content})


def test_tree(url):
    """A listing for each directory, the member for each file, and the usual for
    what is neither."""
    client = harness.Http(urllib.parse.urlsplit(url).port)
    archive = client.ask("/tree.wwz/-wwz-archive").body
    for path, status, body in [
            ("-wwz-index/", 200, b"<table"), ("-wwz-index/sub/", 200, b"<table"),
            ("-wwz-index/sub/-wwz-index", 200, b"<table"),
            ("-wwz-index/sub/index.html", 200, CONTENT["sub/index.html"]),
            ("-wwz-index/-wwz-log/build.log?tail=9", 200, b"class=\"log\""),
            ("-wwz-index/sub", 301, b""), ("-wwz-index/none/", 404, b""),
            ("-wwz-index/-wwz-index/", 404, b""), ("sub/-wwz-index/", 404, b""),
            ("-wwz-index/-wwz-archive?download", 200, archive),
            ("-wwz-archive.zip", 200, archive),
            ("sub/-wwz-archive.zip", 404, b"")]:
        got = client.ask("/tree.wwz/" + path)
        assert (got.status, body in got.body) == (status, True), (path, got)
    client.close()


def test_robots(url):
    """A listing's other orders are not for robots."""
    client = harness.Http(urllib.parse.urlsplit(url).port)
    plain = client.ask("/tree.wwz/-wwz-index").body
    links = re.findall(rb'<a rel="nofollow" href="([^"]*sort=[^"]*)"', plain)
    assert len(links) == 3 and b"robots" not in plain, plain
    for link in links:
        query = link.decode().replace("&amp;", "&")
        got = client.ask(f"/tree.wwz/{query}").body
        assert b'<meta name="robots" content="nofollow">' in got, link
    client.close()


def test_gdal(tmp, url):
    """GDAL looks into zip files by ranges, if their name ends in .zip."""
    got = run("ogrinfo", "-al", "-q",
              f"/vsizip/vsicurl/{url}-wwz-archive.zip/sub/points.geojson",
              env={**os.environ, "HOME": str(tmp)}).decode()
    assert re.findall(r"POINT \(([^)]*)\)", got) == ["3 4", "5 6"], got
    assert re.findall(r"name \(String\) = (\S+)", got) == ["one", "two"], got
