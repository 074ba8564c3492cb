"""`wwz pack --seekable` and `--precompress`: what browsers and GDAL get."""

import json
import os
import re
import struct
import subprocess
import zipfile
import zlib

import pytest

import archives
import harness
from test_pack import DAY, local, pack, packed, plant

BLOCK = 32768


def index_of(data, info):
    """The hidden index behind a member (SOZip 0.5.0): offsets of its blocks;
    None when there is none."""
    _, start = local(data, info)
    at = start + info.compress_size
    (signature, _, _, method, _, _, crc, packed_size, size, name, extra
     ) = struct.unpack_from("<IHHHHHIIIHH", data, at)
    directory, _, base = info.filename.rpartition("/")
    wanted = (directory + "/" if directory else "") + f".{base}.sozip.idx"
    at += 30
    if signature != 0x04034B50 or data[at : at + name] != wanted.encode():
        return None
    at += name + extra
    index = data[at : at + size]
    assert method == 0 and packed_size == size and zlib.crc32(index) == crc
    version, skip, block, width, whole, coded = struct.unpack_from(
        "<IIIIQQ", index)
    assert (version, skip, block, width) == (1, 0, BLOCK, 8)
    assert (whole, coded) == (info.file_size, info.compress_size)
    count = (whole - 1) // BLOCK
    assert size == 32 + skip + 8 * count
    offsets = struct.unpack_from(f"<{count}Q", index, 32)
    assert list(offsets) == sorted(set(offsets))
    assert not offsets or offsets[-1] < coded
    return [0, *offsets]


def block(data, info, offsets, number):
    """One block of a member, inflated with nothing but its own bytes."""
    _, start = local(data, info)
    inflate = zlib.decompressobj(-15)
    return inflate.decompress(data[start + offsets[number] :], BLOCK)


SEEKABLE = [
    # options, sizes of files that have an index
    ([], {(1 << 20) + 1, 3_000_000}),
    (["--seekable", "all"], {BLOCK + 1, 1 << 20, (1 << 20) + 1, 3_000_000}),
    (["--seekable", "none"], set()),
    (["--seekable", "2M"], {3_000_000}),
    (["--seekable=100K", "--threads=3"],
     {1 << 20, (1 << 20) + 1, 3_000_000}),
]
SIZES = [100, BLOCK, BLOCK + 1, 1 << 20, (1 << 20) + 1, 3_000_000]


@pytest.mark.threads
@pytest.mark.parametrize("options, want", SEEKABLE)
def test_seekable(tmp, options, want):
    """Each block is read from the index, with nothing before it."""
    files = {f"d/{size}": archives.text(size, size) for size in SIZES}
    plant(tmp / "t", files)
    packed(*options, tmp / "t", tmp / "x.wwz")
    data = (tmp / "x.wwz").read_bytes()
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        assert z.namelist() == sorted(files)
        for info in z.infolist():
            content = files[info.filename]
            assert z.read(info) == content
            offsets = index_of(data, info)
            assert (offsets is not None) == (info.file_size in want), info
            for number in range(len(offsets or [])):
                at = number * BLOCK
                assert block(data, info, offsets, number) == (
                    content[at : at + BLOCK]), (info.filename, number)


def test_stored_has_no_index(tmp):
    plant(tmp / "t", {"f": archives.noise(2 << 20), "g": b"next"})
    packed(tmp / "t", tmp / "x.wwz")
    assert b"sozip" not in (tmp / "x.wwz").read_bytes()


def test_index_is_kept(tmp):
    """With its member, when the archive is packed again."""
    content = archives.text(2_000_000)
    plant(tmp / "t", {"f": content, "g": b"g" * 99})
    packed(tmp / "t", tmp / "x.wwz")
    plant(tmp / "t", {"g": b"other" * 99}, DAY + 2)
    assert "1 packed, 1 kept" in packed(tmp / "t", tmp / "x.wwz")
    data = (tmp / "x.wwz").read_bytes()
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        info = z.getinfo("f")
    offsets = index_of(data, info)
    assert block(data, info, offsets, 40) == content[40 * BLOCK : 41 * BLOCK]


def test_damaged_index(tmp):
    """It is not kept: its member is packed again."""
    plant(tmp / "t", {"f": archives.text(2_000_000), "g": b"g" * 99})
    file = tmp / "x.wwz"
    packed(tmp / "t", file)
    want = file.read_bytes()
    data = bytearray(want)
    data[data.index(b".f.sozip.idx") + 12 + 9 + 32 + 8 * 30] ^= 1
    file.write_bytes(data)
    packed(tmp / "t", file)
    assert file.read_bytes() == want


@pytest.fixture(scope="module")
def gdal():
    """GDAL 3.8, as JavaScript: Debian's is older than SOZip."""
    return harness.npm("npm-gdal", "gdal3.js@2.8.1").parents[1]


def test_gdal(tmp, gdal):
    """GDAL accepts the index, and reads the member with it and without."""
    points = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"number": i},
             "geometry": {"type": "Point", "coordinates": [i % 90, i % 80]}}
            for i in range(12_000)
        ],
    }
    plant(tmp / "t", {"sub/points.geojson": json.dumps(points).encode()})
    for options, said in (
        ([], "Found valid SOZIP index: sub/.points.geojson.sozip.idx"),
        (["--seekable", "none"], None),
    ):
        packed(*options, tmp / "t", tmp / "x.zip")
        got = subprocess.run(
            ["node", harness.TOP / "tests/e2e/sozip.js", gdal, tmp,
             "x.zip/sub/points.geojson"],
            cwd=gdal,
            capture_output=True, text=True, timeout=harness.PATIENCE,
        )
        told = got.stdout + got.stderr
        assert "features: 12000" in told, told
        assert said in told if said else "SOZIP" not in told, told


CODERS = {".br": ["brotli", "-dc"], ".zst": ["zstd", "-dcq"]}

FILES = {
    "a.css": archives.text(9000),
    "b/page.html": archives.text(50_000),
    "large.js": archives.text(200_000),
    "tiny.txt": b"too small to save anything" * 3,
    "noise.png": archives.noise(9000),
    "own.css": archives.text(9000, 1),
    "own.css.br": b"made by hand",
    "log.gz": archives.text(9000),
}


def test_precompress(tmp, serve, root):
    """Siblings where they save 5 %, that hold what their member does; the
    tree's own go before them; the responder sends them."""
    plant(tmp / "t", FILES)
    file = root / "x.wwz"
    packed("--precompress", "br,zstd", tmp / "t", file)
    coded = {name + suffix for name in ("a.css", "b/page.html", "large.js")
             for suffix in CODERS} | {"own.css.zst"}
    with zipfile.ZipFile(file) as z:
        assert z.namelist() == sorted(set(FILES) | coded)
        for name in coded:
            info = z.getinfo(name)
            plain, _, suffix = name.rpartition(".")
            assert info.compress_type == archives.STORED
            assert info.file_size <= 0.95 * z.getinfo(plain).compress_size
            got = subprocess.run(
                CODERS["." + suffix], input=z.read(name), capture_output=True)
            assert (got.returncode, got.stdout) == (0, FILES[plain]), name
        assert z.read("own.css.br") == b"made by hand"
        small = z.read("a.css.br")
    responder = serve("--root", root)
    with responder.client() as client:
        got = client.ask("/x.wwz/a.css", headers=[("Accept-Encoding", "br")])
        assert (got.get("Content-Encoding"), got.body) == ("br", small), got


def test_precompress_again(tmp):
    """Siblings stay, change and go with their member."""
    tree = plant(tmp / "t", FILES)
    file = tmp / "x.wwz"

    def again():
        return packed("--precompress", "br", tree, file)

    again()
    assert again().endswith(": unchanged\n")
    plant(tree, {"a.css": archives.text(8000, 7)}, DAY + 2)
    assert "2 packed, 9 kept, 0 removed" in again()
    plant(tree, FILES, DAY + 6)
    assert "2 packed, 9 kept, 0 removed" in packed(
        "--checksum", "--precompress", "br", tree, file)
    with zipfile.ZipFile(file) as z:
        assert z.getinfo("a.css").date_time == z.getinfo("a.css.br").date_time
    plant(tree, FILES, DAY)
    again()
    os.unlink(tree / "a.css")
    assert "0 packed, 9 kept, 2 removed" in again()
    with zipfile.ZipFile(file) as z:
        assert z.testzip() is None
        assert not [name for name in z.namelist() if "a.css" in name]


@pytest.mark.parametrize("options", [[], ["--checksum"]])
def test_own_sibling_goes(tmp, options):
    """A sibling that was the tree's own, and is no more, is made."""
    tree = plant(tmp / "t", {"a.css": FILES["a.css"], "b": archives.noise(9000)})
    plant(tree, {"a.css.br": b"of an older one"}, DAY - 2)
    file = tmp / "x.wwz"
    options = ["--precompress", "br", *options]
    packed(*options, tree, file)
    os.unlink(tree / "a.css.br")
    assert "1 packed, 2 kept, 0 removed" in packed(*options, tree, file)
    with zipfile.ZipFile(file) as z:
        got = subprocess.run(
            CODERS[".br"], input=z.read("a.css.br"), capture_output=True)
    assert (got.returncode, got.stdout) == (0, FILES["a.css"]), got
    assert packed(*options, tree, file).endswith(": unchanged\n")


@pytest.mark.parametrize("value", ["", "gzip", "br,", "br zstd", "zst"])
def test_precompress_refused(tmp, value):
    got = pack("--precompress", value, tmp, tmp / "x.wwz")
    assert got.returncode == 2 and b"--precompress" in got.stderr, got


PAGE = harness.TOP / "deploy/man/wwz-pack.1"


def test_page_examples(tmp):
    """Each command of the manual's examples says what stands below it; the
    mirror is a directory."""
    plant(tmp / "site", {
        "index.html": archives.text(2000),
        "logo.png": archives.noise(9000),
        "style.css": archives.text(5000, 2),
    })
    for place in ("www", "mirror", "bin"):
        (tmp / place).mkdir()
    os.symlink(harness.WWZ, tmp / "bin/wwz")
    script, want = [], []
    examples = PAGE.read_text().split(".Sh EXAMPLES")[1].split("\n.Sh ")[0]
    for line in re.findall(r"(?m)^(?!\.)(?:\$ .*|.*KiB: .*|[a-z]+\.[a-z]+)$", examples):
        line = line.replace("mirror:/srv/www", f"{tmp}/mirror")
        line = line.replace("/srv/www", f"{tmp}/www")
        if line.startswith("$ "):
            script.append(line[2:])
        else:
            want.append(line)
    assert len(script) == 10, script
    got = subprocess.run(
        ["sh", "-ec", "\n".join(script)], cwd=tmp, capture_output=True,
        text=True, env=os.environ | {"PATH": f"{tmp}/bin:{os.environ['PATH']}"},
    )
    assert (got.returncode, got.stderr) == (0, ""), got
    assert got.stdout == "".join(f"{line}\n" for line in want)
    assert (tmp / "mirror/site.wwz").read_bytes() == (
        tmp / "www/site.wwz").read_bytes()
