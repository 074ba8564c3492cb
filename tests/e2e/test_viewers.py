"""Programs that show a large file of which they read the parts that they need: maps,
pictures, papers and films out of an archive, most of them by a page of another host."""

import contextlib
import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest

import archives
import fronts
import harness
import test_cors
from test_browser import Browser, complaints

PACKAGES = ["pmtiles@4.5.0", "geotiff@3.0.5", "pdfjs-dist@6.5.438"]
SCRIPTS = ["pmtiles/dist/pmtiles.js", "geotiff/dist-browser/geotiff.js",
           "pdfjs-dist/build/pdf.min.mjs", "pdfjs-dist/build/pdf.worker.min.mjs"]

TILES = {0: archives.noise(20_000, 1), 1: archives.noise(30_000, 2),
         2: archives.noise(900_000, 3), 4: archives.noise(5_000, 4)}
WIDTH = 800
PAGES = 300
ENCODER = ["-f", "lavfi", "-i", "testsrc2=duration=5:size=320x240:rate=10,noise=alls=40",
           "-bitexact"]


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def pmtiles():
    """Version 3, with one directory, nothing compressed."""
    ids, sizes = [*TILES], [len(tile) for tile in TILES.values()]
    steps = [now - before for before, now in zip([0, *ids], ids)]
    # An offset of 0 is the end of the tile before.
    offsets = [1] + [0] * (len(ids) - 1)
    directory = b"".join(map(varint, [
        len(ids), *steps, *[1] * len(ids), *sizes, *offsets]))
    metadata, first = b"{}", 127 + len(directory)
    places = [127, len(directory), first, len(metadata), first + 2, 0,
              first + 2, sum(sizes), len(ids), len(ids), len(ids)]
    head = b"PMTiles\3" + b"".join(n.to_bytes(8, "little") for n in places)
    head += bytes([1, 1, 1, 2, 0, 1]) + bytes(25)
    return head + directory + metadata + b"".join(TILES.values())


def height(x, y):
    return (x * 7919 + y * 104_729) % 60_000


def geotiff(tmp):
    """Tiled, with overviews, made by GDAL."""
    (tmp / "grid.asc").write_text(
        f"ncols {WIDTH}\nnrows {WIDTH}\nxllcorner 0\nyllcorner 0\ncellsize 1\n"
        + "\n".join(" ".join(str(height(x, y)) for x in range(WIDTH))
                    for y in range(WIDTH)))
    run("gdal_translate", "-q", "-of", "COG", "-ot", "UInt16",
        "-co", "BLOCKSIZE=256", "-co", "COMPRESS=NONE", "-a_srs", "EPSG:3857",
        "grid.asc", "grid.tif", cwd=tmp)
    return (tmp / "grid.tif").read_bytes()


def pdf(tmp):
    """Linearised, as papers are that one reads while they come."""
    chance = random.Random(7)
    leaf = b"<< /Type /Pages /Parent 2 0 R /Count 20 /Kids [%s] >>"
    page = (b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842]"
            b" /Contents %d 0 R /Resources << /Font << /F << /Type /Font"
            b" /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>")
    groups = [3 + n for n in range(PAGES // 20)]
    first = groups[-1] + 1

    def references(numbers):
        return b" ".join(b"%d 0 R" % number for number in numbers)

    objects = [b"<< /Type /Catalog /Pages 2 0 R >>",
               b"<< /Type /Pages /Count %d /Kids [%s] >>" % (
                   PAGES, references(groups))]
    objects += [leaf % references(first + 2 * (20 * n + k) for k in range(20))
                for n in range(len(groups))]
    for number in range(PAGES):
        lines = b"".join(b"0 -9 Td (%x) Tj " % chance.getrandbits(256)
                         for _ in range(80))
        text = b"BT /F 8 Tf 40 780 Td (page %d) Tj %sET" % (number + 1, lines)
        objects += [page % (groups[number // 20], len(objects) + 2),
                    b"<< /Length %d >> stream\n%s\nendstream" % (len(text), text)]
    out = b"%PDF-1.4\n" + b"".join(
        b"%d 0 obj %s endobj\n" % pair for pair in enumerate(objects, 1))
    # qpdf makes the table of places.
    (tmp / "plain.pdf").write_bytes(out + b"trailer << /Size %d /Root 1 0 R >>\n"
                                    b"startxref\n0\n%%%%EOF\n" % (len(objects) + 1))
    run("qpdf", "--warning-exit-0", "--no-warn", "--linearize",
        "--stream-data=preserve", "plain.pdf", "paper.pdf", cwd=tmp)
    return (tmp / "paper.pdf").read_bytes()


def run(*command, **options):
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        capture_output=True, timeout=harness.PATIENCE, **options)
    assert done.returncode == 0, (command, done.stderr[-2000:])
    return done.stdout


def film(tmp, name, *codec):
    run("ffmpeg", "-v", "error", *ENCODER, *codec, name, cwd=tmp)
    return (tmp / name).read_bytes()


class Site:
    """Files in an archive of one host, a page of another one, and what wwz sent."""

    def __init__(self, tmp):
        self.tmp, self.root = tmp, tmp / "www"
        self.root.mkdir()
        self.log = tmp / "access.log"
        self.log.touch()
        self.log.chmod(0o666)
        self.read = 0
        (self.root / "favicon.ico").touch()
        home = harness.npm("npm-viewers", *PACKAGES).parent
        for script in SCRIPTS:
            # Debian's nginx has no type for .mjs.
            name = pathlib.Path(script).with_suffix(".js").name
            shutil.copy(home / script, self.root / name)
        (self.root / "page.html").write_text(
            "<!doctype html><link rel=icon href=data:,><script src=pmtiles.js></script>"
            "<script src=geotiff.js></script>")
        files = {
            "map.pmtiles": pmtiles(), "grid.tif": geotiff(tmp), "paper.pdf": pdf(tmp),
            "film.webm": film(tmp, "film.webm", "-c:v", "libvpx", "-b:v", "8M",
                              "-deadline", "realtime", "-cpu-used", "8"),
            # Its index is at the end.
            "film.mp4": film(tmp, "film.mp4", "-c:v", "mpeg4", "-q:v", "2")}
        self.sizes = {name: len(content) for name, content in files.items()}
        for name, method in [("stored", archives.STORED),
                             ("deflated", archives.DEFLATED)]:
            archives.write(self.root / f"{name}.wwz", files, method)

    def answers(self):
        """(path, status, bytes) of those since the last call."""
        lines = self.log.read_text()
        new, self.read = lines[self.read:], len(lines)
        return [(path, int(status), int(size)) for path, status, size in re.findall(
            r'"GET (\S+) HTTP/1\.[01]" (\d+) (\d+)', new)]


@pytest.fixture(scope="module")
def site(module_tmp):
    site = Site(module_tmp)
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        other = stack.enter_context(harness.running(fronts.Nginx(
            fronts.Place(module_tmp / "other", site.root))))
        front = stack.enter_context(test_cors.running(
            "nginx", fronts.Place(module_tmp / "front", site.root), patch,
            "--access-log", site.log))
        site.page = f"http://127.0.0.1:{other.port}/page.html"
        site.url = f"http://127.0.0.1:{front.port}/"
        yield site


@pytest.fixture(scope="module")
def browser(site):
    with contextlib.closing(Browser(site.tmp)) as browser:
        browser.call("Network.setCacheDisabled", cacheDisabled=True)
        yield browser


def evaluate(browser, site, script):
    """What the script on the other host's page gives.  SITE is the archives' host."""
    assert complaints(browser.open(site.page)) == []
    got = browser.call(
        "Runtime.evaluate", expression=script.replace("SITE", site.url),
        awaitPromise=True, returnByValue=True)
    assert "exceptionDetails" not in got, got
    return got["result"]["value"]


def answered(site, path, status):
    """The statuses of the answers for this file, one of which is status, and the
    number of bytes in parts of it."""
    found = []

    def one_has():
        found.extend(answer[1:] for answer in site.answers()
                     if answer[0].endswith("/" + path))
        return any(answer[0] == status for answer in found)

    harness.wait_until(one_has, f"wwz's line for {path} with {status}")
    return ({status for status, _ in found},
            sum(size for status, size in found if status == 206))


TILE = """(async () => {
    const map = new pmtiles.PMTiles('SITE%s.wwz/map.pmtiles');
    const out = [];
    for (const [z, x, y] of [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]) {
        const tile = await map.getZxy(z, x, y);
        out.push(tile ? [...new Uint8Array(tile.data)] : null);
    }
    return out;
})()"""


@pytest.mark.parametrize("archive", ["stored", "deflated"])
def test_pmtiles(browser, site, archive):
    got = evaluate(browser, site, TILE % archive)
    assert got[2:] == [[*TILES[4]], None]
    assert got[:2] == [[*TILES[0]], [*TILES[1]]]
    statuses, size = answered(site, f"{archive}.wwz/map.pmtiles", 206)
    assert 200 not in statuses, statuses
    assert size < site.sizes["map.pmtiles"] / 4, size


WINDOW = [500, 505, 530, 520]
RASTER = """(async () => {
    const tiff = await GeoTIFF.fromUrl('SITE%s.wwz/grid.tif');
    const image = await tiff.getImage();
    const raster = await image.readRasters({window: %s});
    return [image.getWidth(), [...raster[0]]];
})()"""


@pytest.mark.parametrize("archive", ["stored", "deflated"])
def test_geotiff(browser, site, archive):
    got = evaluate(browser, site, RASTER % (archive, WINDOW))
    left, top, right, bottom = WINDOW
    assert got == [WIDTH, [height(x, y) for y in range(top, bottom)
                           for x in range(left, right)]]
    statuses, size = answered(site, f"{archive}.wwz/grid.tif", 206)
    assert 200 not in statuses, statuses
    assert size < site.sizes["grid.tif"] / 2, size


PAPER = """(async () => {
    const pdf = await import('/pdf.min.js');
    pdf.GlobalWorkerOptions.workerSrc = '/pdf.worker.min.js';
    const paper = await pdf.getDocument({
        url: 'SITE%s.wwz/paper.pdf', disableAutoFetch: true, disableStream: true,
    }).promise;
    const page = await paper.getPage(%d);
    const text = await page.getTextContent();
    return [paper.numPages, text.items[0].str];
})()"""


@pytest.mark.parametrize("archive", ["stored", "deflated"])
def test_pdf(browser, site, archive):
    """pdf.js; a browser gets what is deflated as gzip, and asks no ranges of that."""
    number = PAGES - 20
    got = evaluate(browser, site, PAPER % (archive, number))
    assert got == [PAGES, f"page {number}"]
    if archive == "stored":
        _, size = answered(site, "stored.wwz/paper.pdf", 206)
        assert size < site.sizes["paper.pdf"] / 2, size
    else:
        assert answered(site, "deflated.wwz/paper.pdf", 200) == ({200}, 0)


VIDEO = """(async () => {
    const video = document.createElement('video');
    const event = name => new Promise((resolve, reject) => {
        video.addEventListener(name, resolve, {once: true});
        video.addEventListener('error', () => reject(video.error), {once: true});
    });
    video.muted = true;
    video.preload = 'metadata';
    video.src = 'SITE%s.wwz/film.webm';
    await event('loadedmetadata');
    const seeked = event('seeked');
    video.currentTime = 4;
    await seeked;
    const ended = event('ended');
    await video.play();
    await ended;
    return [video.videoWidth, Math.round(video.duration), video.currentTime >= 4];
})()"""


@pytest.mark.parametrize("archive", ["stored", "deflated"])
def test_chromium_video(browser, site, archive):
    """To the end, from a place that was jumped to."""
    got = evaluate(browser, site, VIDEO % archive)
    assert got == [320, 5, True]
    assert answered(site, f"{archive}.wwz/film.webm", 206)[0] == {206}


@pytest.mark.parametrize("archive", ["stored", "deflated"])
@pytest.mark.parametrize("name, options", [
    ("film.mp4", []), ("film.webm", ["-ss", "3"])])
def test_ffmpeg(site, archive, name, options):
    """Each frame is that of the file on disk, also from the middle on."""
    def frames(film):
        return run("ffmpeg", "-v", "error", *options, "-i", film, "-bitexact",
                   "-f", "framemd5", "-", cwd=site.tmp)

    got = frames(f"{site.url}{archive}.wwz/{name}")
    assert got == frames(name) and got.count(b"\n") > 15, got
    assert answered(site, f"{archive}.wwz/{name}", 206)[0] == {206}
