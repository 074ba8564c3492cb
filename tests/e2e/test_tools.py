"""One tree, packed by the tools that people use, and served: each member in each
coding is the file, byte for byte."""

import gzip
import json
import os
import subprocess
import zipfile

import pytest

import archives
import harness

TREE = {
    "index.html": b"<!doctype html><p>page</p>\n" * 300,
    "empty.txt": b"",
    "one byte": b"1",
    "noise.bin": archives.noise(70_000, 5),
    "big.log": archives.text(700_000, 6),
    "a/b/c/deep.css": b"p { margin: 0 }\n" * 40,
    "\u00fcbung/gr\u00f6\u00dfe.txt": "gr\u00f6\u00dfe\n".encode() * 99,
    "\u65e5\u672c\u8a9e/\u8868.md": "\u8868\n".encode() * 99,
}
EMPTY = "nothing in here"

PACKAGES = {
    "jszip": "jszip@3.10.1", "archiver": "archiver@7.0.1", "yazl": "yazl@3.3.1",
    "fflate": "fflate@0.8.2", "zip.js": "@zip.js/zip.js@2.7.57",
    "client-zip": "client-zip@2.5.0", "adm-zip": "adm-zip@0.5.16",
}


@pytest.fixture(scope="module")
def tree(module_tmp):
    top = module_tmp / "tree"
    for name, content in TREE.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    (top / EMPTY).mkdir()
    return top


def run(*command, **options):
    subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
        timeout=harness.PATIENCE, env={**os.environ, "LC_ALL": "C.UTF-8"},
        **options)


def npm_tool(name, mode):
    def make(tree, file):
        home = harness.npm("npm-zip", *PACKAGES.values())
        home = next(up for up in home.parents if up.name == "node_modules").parent
        run("node", harness.TOP / "tests/e2e/zipmakers.mjs", home, name, mode,
            tree, file)
    return make


def infozip(*options):
    return lambda tree, file: run("zip", "-qr", *options, file, ".", cwd=tree)


def infozip_piped(tree, file):
    with open(file, "wb") as out:
        subprocess.run("zip -qr - . | cat", shell=True, cwd=tree, stdout=out,
                       check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})


def seven_zip(*options):
    return lambda tree, file: run(
        "7z", "a", "-tzip", *options, file, ".", cwd=tree)


def bsdtar(*options):
    return lambda tree, file: run(
        "bsdtar", "-c", "--format", "zip", *options, "-f", file, ".", cwd=tree)


def jar(*options):
    return lambda tree, file: run("jar", "cfM" + "".join(options), file, ".",
                                  cwd=tree)


def minizip(level):
    """It packs no directories."""
    return lambda tree, file: run("minizip", level, "-o", file, *TREE, cwd=tree)


def python(method, streamed):
    class Pipe:
        """Cannot seek, so that sizes follow the data."""

        def __init__(self, file):
            self.write, self.flush = file.write, file.flush

    def make(tree, file):
        with open(file, "wb") as out:
            with zipfile.ZipFile(Pipe(out) if streamed else out, "w", method) as z:
                for path in sorted(tree.rglob("*")):
                    z.write(path, path.relative_to(tree))
    return make


MAKERS = {
    **{f"{name} {mode}": npm_tool(name, mode) for name in PACKAGES
       for mode in ("stored", "deflated")
       if (name, mode) != ("client-zip", "deflated")},  # which only stores
    "zip": infozip(), "zip -0": infozip("-0"), "zip -fz": infozip("-fz"),
    "zip -UN=UTF8": infozip("-UN=UTF8"), "zip piped": infozip_piped,
    "7z": seven_zip(), "7z stored": seven_zip("-mx=0"),
    "7z -mcu": seven_zip("-mcu=on"),
    "bsdtar": bsdtar(), "bsdtar stored": bsdtar("--options", "zip:compression=store"),
    "jar": jar(), "jar stored": jar("0"),
    "minizip": minizip("-9"), "minizip stored": minizip("-0"),
    "python": python(archives.DEFLATED, False),
    "python stored": python(archives.STORED, False),
    "python streamed": python(archives.DEFLATED, True),
    "python stored, streamed": python(archives.STORED, True),
}


def walk(client, directory=""):
    """All files and the empty directories, as the listings tell."""
    got = client.ask(f"/x.wwz/{archives.url(directory)}-wwz-index?format=json")
    assert got.status == 200, (directory, got)
    found = []
    for entry in json.loads(got.body)["entries"]:
        name = directory + entry["name"]
        found += (walk(client, name + "/") if entry["type"] == "directory"
                  else [name])
    return found or [directory]


@pytest.mark.parametrize("tool", MAKERS)
def test_same_tree(tmp, tree, tool):
    root = tmp / "www"
    root.mkdir()
    MAKERS[tool](tree, root / "x.zip")
    os.rename(root / "x.zip", root / "x.wwz")
    with harness.served(tmp, root) as (_, nginx):
        client = nginx.client()
        empty = [] if tool.startswith("minizip") else [EMPTY + "/"]
        assert sorted(walk(client)) == sorted([*TREE, *empty])
        for name, content in TREE.items():
            path = f"/x.wwz/{archives.url(name)}"
            got = client.ask(path)
            assert (got.status, got.body) == (200, content), name
            got = client.ask(path, headers=[("Accept-Encoding", "gzip")])
            coded = got.get("Content-Encoding") == "gzip"
            body = gzip.decompress(got.body) if coded else got.body
            assert (got.status, body) == (200, content), name
        client.close()
    got = subprocess.run([harness.WWZ, "check", "-q", root / "x.wwz"],
                         stdout=subprocess.PIPE, timeout=harness.PATIENCE)
    assert got.returncode == 0, got.stdout
