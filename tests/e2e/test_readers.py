"""Programs that install or read by ranges out of an archive, through nginx."""

import base64
import contextlib
import hashlib
import io
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
import zipfile

import pytest

import archives
import harness
import sozips

NOISE = archives.noise(1_000_000, 4)
GIB = 1 << 30
CODE = b"def answer():\n    return 42\n"


@pytest.fixture
def served(tmp, root):
    with harness.served(tmp, root) as (_, nginx):
        yield f"http://127.0.0.1:{nginx.port}", nginx


def run(*command, **options):
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        capture_output=True, timeout=harness.PATIENCE, **options)
    assert done.returncode == 0, (command, done.stderr[-2000:])
    return done


def test_wget_goes_on(tmp, root, served):
    """wget -c: what is there already is not fetched again."""
    archives.write(root / "x.wwz", {"noise.bin": (NOISE, archives.STORED)})
    path = tmp / "noise.bin"
    path.write_bytes(NOISE[:300_000])
    done = run("wget", "-c", "-S", "-O", path, f"{served[0]}/x.wwz/noise.bin")
    assert b" 206 Partial Content" in done.stderr, done.stderr
    assert b"Content-Range: bytes 300000-999999/1000000" in done.stderr
    assert path.read_bytes() == NOISE


def wheel():
    """A package as pip wants it."""
    files = {
        "fortytwo.py": CODE,
        "fortytwo-1.0.dist-info/METADATA":
            b"Metadata-Version: 2.1\nName: fortytwo\nVersion: 1.0\n",
        "fortytwo-1.0.dist-info/WHEEL":
            b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
            b"Tag: py3-none-any\n",
        "fortytwo-1.0.dist-info/RECORD": b"",
    }
    data = io.BytesIO()
    archives.write(data, files)
    return data.getvalue()


def test_pip(tmp, root, served):
    """A simple index in an archive: pages, links with a hash, the wheel."""
    pip = list(pathlib.Path("/usr/share/python-wheels").glob("pip-*.whl"))
    assert pip, "python3-pip-whl is not installed"
    data, name = wheel(), "fortytwo-1.0-py3-none-any.whl"
    hashed = hashlib.sha256(data).hexdigest()
    archives.write(root / "index.wwz", {
        "simple/fortytwo/index.html":
            f'<!doctype html><title>fortytwo</title>'
            f'<a href="../../files/{name}#sha256={hashed}">{name}</a>',
        f"files/{name}": (data, archives.STORED)})
    run(sys.executable, "-m", "pip", "--isolated", "--no-cache-dir",
        "--disable-pip-version-check", "install", "--no-deps",
        "--index-url", f"{served[0]}/index.wwz/simple/",
        "--target", tmp / "site", "fortytwo==1.0",
        env={"PATH": os.environ["PATH"], "HOME": str(tmp),
             "PYTHONPATH": str(pip[0])})
    assert (tmp / "site/fortytwo.py").read_bytes() == CODE


def test_npm(tmp, root, served):
    """A registry in an archive: what it says of a package, and the tarball."""
    code, data = b"module.exports = 42;\n", io.BytesIO()
    package = {"name": "fortytwo", "version": "1.0.0", "main": "index.js"}
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in {"package.json": json.dumps(package).encode(),
                              "index.js": code}.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    data = data.getvalue()
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    package["dist"] = {
        "tarball": f"{served[0]}/npm.wwz/files/fortytwo-1.0.0.tgz",
        "integrity": f"sha512-{digest}"}
    archives.write(root / "npm.wwz", {
        "fortytwo": json.dumps({
            "name": "fortytwo", "dist-tags": {"latest": "1.0.0"},
            "versions": {"1.0.0": package}}),
        "files/fortytwo-1.0.0.tgz": (data, archives.STORED)})
    run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
        "--prefix", tmp / "app", "--cache", tmp / "cache",
        "--registry", f"{served[0]}/npm.wwz/", "fortytwo",
        env={"PATH": os.environ["PATH"], "HOME": str(tmp)})
    assert (tmp / "app/node_modules/fortytwo/index.js").read_bytes() == code


POM = """<project><modelVersion>4.0.0</modelVersion><groupId>example</groupId>
<artifactId>{}</artifactId><version>1.{}</version>{}</project>"""
NEEDED = """<dependencies><dependency><groupId>example</groupId>
<artifactId>needed</artifactId><version>1.0</version></dependency></dependencies>"""
VERSIONS = """<metadata><groupId>example</groupId><artifactId>base</artifactId>
<versioning><versions><version>1.0</version><version>1.1</version></versions>
</versioning></metadata>"""
# An extension is what Maven resolves without plugins, which it would have to fetch.
PROJECT = """<project><modelVersion>4.0.0</modelVersion><parent>
<groupId>example</groupId><artifactId>base</artifactId><version>[1.0,2.0)</version>
<relativePath/></parent><artifactId>app</artifactId><version>1</version>
<packaging>pom</packaging><build><extensions><extension><groupId>example</groupId>
<artifactId>extension</artifactId><version>1.0</version></extension></extensions>
</build></project>"""
SETTINGS = """<settings><localRepository>{}</localRepository><mirrors><mirror>
<id>wwz</id><mirrorOf>*</mirrorOf><url>{}</url></mirror></mirrors></settings>"""


def maven_repository():
    """Two versions of a parent, an extension, and a library that it needs."""
    jar = io.BytesIO()
    archives.write(jar, {"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n"})
    parent = "<packaging>pom</packaging>"
    files = {
        "example/base/maven-metadata.xml": VERSIONS.encode(),
        # Maven before 3.9 gives it to every plugin and extension.
        "org/codehaus/plexus/plexus-utils/1.1/plexus-utils-1.1.jar":
            jar.getvalue()}
    for name, minor, more in [("base", 0, parent), ("base", 1, parent),
                              ("extension", 0, NEEDED), ("needed", 0, "")]:
        place = f"example/{name}/1.{minor}/{name}-1.{minor}"
        files[place + ".pom"] = POM.format(name, minor, more).encode()
        if more != parent:
            files[place + ".jar"] = jar.getvalue()
    for name, content in list(files.items()):
        files[name + ".sha1"] = hashlib.sha1(content).hexdigest().encode()
    return files


@pytest.mark.skipif(not shutil.which("mvn"), reason="maven is not installed")
def test_maven(tmp, root, served):
    """A repository in an archive: a range of versions, artifacts that need others,
    and checksums without which Maven refuses them."""
    files = maven_repository()
    archives.write(root / "maven.wwz", files)
    (tmp / "settings.xml").write_text(
        SETTINGS.format(tmp / "m2", f"{served[0]}/maven.wwz/"))
    (tmp / "pom.xml").write_text(PROJECT)
    run("mvn", "-B", "-q", "-C", "-s", tmp / "settings.xml",
        "-gs", tmp / "settings.xml", "-f", tmp / "pom.xml", "validate",
        env={"PATH": os.environ["PATH"], "HOME": str(tmp)})
    got = {name: (tmp / "m2" / name).read_bytes() for name in files
           if (tmp / "m2" / name).is_file()}
    assert got == {name: content for name, content in files.items()
                   if name in got}
    left = set(files) - set(got)
    assert {name.removesuffix(".sha1") for name in left
            if name.startswith("example/")} == {
        "example/base/maven-metadata.xml", "example/base/1.0/base-1.0.pom"}


def part(client, path, first, size):
    got = client.ask(
        path, headers=[("Range", f"bytes={first}-{first + size - 1}")])
    assert got.status == 206 and len(got.body) == size, got
    return got.body


@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED])
def test_sqlite(tmp, root, served, method):
    """A database, page by page and not in order, is the same database."""
    rows = [(n, f"row {n} {n * n}") for n in range(20_000)]
    with sqlite3.connect(tmp / "data.db") as database:
        database.execute("create table t (n integer primary key, word text)")
        database.executemany("insert into t values (?, ?)", rows)
    database.close()
    content = (tmp / "data.db").read_bytes()
    archives.write(root / "db.wwz", {"data.db": (content, method)})
    client, path = served[1].client(), "/db.wwz/data.db"
    page, count = struct.unpack(
        ">H10xI", (head := part(client, path, 0, 100))[16:32])
    assert head.startswith(b"SQLite format 3\0")
    with open(tmp / "copy.db", "wb") as copy:
        for number in sorted(range(count), key=lambda n: n * 7919 % count):
            copy.seek(number * page)
            copy.write(part(client, path, number * page, page))
    client.close()
    database = sqlite3.connect(tmp / "copy.db")
    assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert database.execute("select * from t order by n").fetchall() == rows
    database.close()


def write_gigabyte(path, name, pieces):
    """An archive with a stored member of 1 GiB, which holds these pieces by their
    places, and otherwise nothing, also on the disk.  Ranges are sent without the
    CRC-32, which it lacks."""
    name = name.encode()
    front = sozips.local(name, 0, 0, GIB, GIB)
    entry = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0x5264, 0, GIB, GIB,
        len(name), 0, 0, 0, 0, 0, 0) + name
    with open(path, "wb") as file:
        file.write(front)
        for at, content in pieces.items():
            file.seek(len(front) + at)
            file.write(content)
        file.seek(len(front) + GIB)
        file.write(entry + struct.pack(
            "<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(entry),
            len(front) + GIB, 0))


def test_tiles_in_a_gigabyte(root, served):
    """As a viewer of PMTiles reads: a head, a directory, and tiles that lie far
    apart, out of a stored member of which nobody ever wants the whole."""
    tiles = {127: 4000, 5 << 20: 30_000, (GIB >> 1) + 3: 50_000,
             GIB - 70_000: 70_000}
    pieces = {0: b"PMTiles\3" + bytes(119)}
    pieces.update((at, archives.noise(n, at)) for at, n in tiles.items())
    write_gigabyte(root / "map.wwz", "map.pmtiles", pieces)
    client = served[1].client()
    for at, content in pieces.items():
        same = part(client, "/map.wwz/map.pmtiles", at, len(content)) == content
        assert same, at
    with zipfile.ZipFile(root / "map.wwz") as second:
        with second.open("map.pmtiles") as member:
            member.seek(127)
            assert member.read(4000) == pieces[127]
    client.close()


def database_of_a_gigabyte(path, rows):
    """Nearly all of its pages are free, and SQLite takes the last ones first."""
    page, count = 1 << 16, GIB >> 16
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"pragma page_size = {page}")
        database.execute("create table t (n integer primary key, word text)")
        database.commit()
    used = path.stat().st_size // page
    free = range(used + 1, count)
    with open(path, "r+b") as file:
        # The last page lists the others that are free.
        file.seek((count - 1) * page)
        file.write(struct.pack(f">II{len(free)}I", 0, len(free), *free)
                   .ljust(page, b"\0"))
        file.seek(28)
        file.write(struct.pack(">III", count, count, count - used))
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executemany("insert into t values (?, ?)", rows)
        database.commit()


def extents(path):
    """The parts of a file that are on the disk: place to bytes."""
    found, end = {}, 0
    with open(path, "rb") as file:
        while end < GIB:
            begin = os.lseek(file.fileno(), end, os.SEEK_DATA)
            end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            file.seek(begin)
            found[begin] = file.read(end - begin)
    return found


def test_sqlite_in_a_gigabyte(tmp, root, served):
    """The pages at both ends of a large database."""
    rows = [(n, f"row {n} " * 40) for n in range(2000)]
    database_of_a_gigabyte(tmp / "data.db", rows)
    pieces = extents(tmp / "data.db")
    assert max(pieces) > GIB - (2 << 20) and sum(map(len, pieces.values())) < 4 << 20
    write_gigabyte(root / "db.wwz", "data.db", pieces)
    client = served[1].client()
    with open(tmp / "copy.db", "wb") as copy:
        copy.truncate(GIB)
        for at, content in pieces.items():
            copy.seek(at)
            copy.write(part(client, "/db.wwz/data.db", at, len(content)))
    client.close()
    with contextlib.closing(sqlite3.connect(tmp / "copy.db")) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert database.execute("select * from t order by n").fetchall() == rows
