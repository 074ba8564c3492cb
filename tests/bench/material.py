"""What is measured with: pages, archives, the same files unpacked, made the
same each time."""

import gzip
import pathlib
import random
import struct
import subprocess
import sys
import zlib

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/e2e"))

import archives  # noqa: E402

KB, MB = 1 << 10, 1 << 20
SIZES = {"4k": 4 * KB, "300k": 300 * KB, "30m": 30 * MB}
MANY, SITES = 10_000, 5_000

# Names of members below stored/ and deflated/.
PAGE = {"4k": "4k.html", "300k": "300k.log", "30m": "30m.log"}

WORDS = """archive member directory record header offset window stream buffer
server request response client browser page table column figure chapter section
the a of to and in is that it for as with by on which are not this be from or
when one each other all its at an if has may then there only""".split()


def page(size, seed):
    """Bytes like those of an HTML page."""
    source = random.Random(seed)
    head = (f"<!DOCTYPE html>\n<html lang=en>\n<title>Page {seed}</title>\n"
            f"<h1>Page {seed}</h1>\n")
    out, length = [head], len(head)
    while length < size:
        words = " ".join(source.choices(WORDS, k=source.randint(20, 60)))
        link = f"{source.getrandbits(32):08x}.html"
        line = f'<p class="text"><a href="{link}">{words[:17]}</a> {words}.\n'
        out.append(line)
        length += len(line)
    return "".join(out).encode()[:size - 1] + b"\n"


def log(size, seed):
    """Bytes like those of a build's log."""
    source = random.Random(seed)
    out, length = [], 0
    while length < size:
        name = f"{source.choice(WORDS)}/{source.choice(WORDS)}.c"
        line = (f"2026-03-04T05:{length // 60 % 60:02}:{length % 60:02}Z "
                f"[{source.randint(1, 64):2}] cc -O2 -g -Wall -c -o {name}.o "
                f"{name} ({source.randint(3, 4000)} ms, "
                f"{source.getrandbits(32):08x})\n")
        out.append(line)
        length += len(line)
    return "".join(out).encode()[:size - 1] + b"\n"


def content(name):
    """A large one repeats a megabyte, which is more than deflate looks back."""
    size = SIZES[name]
    if name == "4k":
        return page(size, 0)
    return (log(min(size, MB), 0) * (size // MB + 1))[:size]


def many_name(i):
    return f"many/{i % 100:02}/{i:05}.html"


def site_name(i):
    return f"sites/{i:05}.wwz"


class Material:
    """All of it below one directory: www has archives, files has the same
    unpacked at the same URLs, each file with its .gz."""

    def __init__(self, top, many=MANY, sites=SITES):
        self.top, self.many, self.sites = top, many, sites
        self.www, self.files = top / "www", top / "files"
        self.archive = self.www / "site.wwz"
        self.members = {}  # name to content, of site.wwz
        self.www.mkdir()
        self._site()
        self._sites()

    def paths(self, name, paths):
        """A file of paths for wrk."""
        file = self.top / name
        file.write_text("".join(f"{path}\n" for path in paths))
        return file

    def _site(self):
        with_method = {}
        for size, name in PAGE.items():
            body = content(size)
            self.members[f"stored/{name}"] = body
            with_method[f"stored/{name}"] = (body, archives.STORED)
            self.members[f"deflated/{name}"] = body
            with_method[f"deflated/{name}"] = body
        for i in range(self.many):
            body = page(SIZES["4k"], i + 1)
            self.members[many_name(i)] = with_method[many_name(i)] = body
        archives.write(self.archive, with_method)
        for name, body in self.members.items():
            self._unpacked(f"site.wwz/{name}", body)
        self.many_paths = self.paths(
            "many", (f"/site.wwz/{many_name(i)}" for i in range(self.many)))

    def _sites(self):
        (self.www / "sites").mkdir()
        for i in range(self.sites):
            body = page(SIZES["4k"], i + 1)
            archives.write(self.www / site_name(i), {"a.html": body})
            self._unpacked(f"{site_name(i)}/a.html", body)
        self.sites_paths = self.paths(
            "sites", (f"/{site_name(i)}/a.html" for i in range(self.sites)))

    def _unpacked(self, name, body):
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        if "/stored/" not in name:
            with gzip.open(f"{path}.gz", "wb", compresslevel=6) as file:
                file.write(body)

    def zim(self, pages=1000):
        """What kiwix-serve reads: of site.wwz what does not take minutes to
        write, and so many of the many."""
        tree, file = self.top / "zim", self.top / "site.zim"
        if file.exists():
            return file
        others = {many_name(i) for i in range(self.many) if i >= pages}
        self.paths("zim-many", (f"/{many_name(i)}"
                                for i in range(min(pages, self.many))))
        for name, body in self.members.items():
            if "30m" not in name and name not in others:
                path = tree / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
        (tree / "icon.png").write_bytes(_icon(48))
        subprocess.run(
            ["zimwriterfs", "--withoutFTIndex", "--language=eng",
             "--welcome=deflated/4k.html", "--illustration=icon.png",
             "--title=site", "--description=site", "--creator=bench",
             "--publisher=bench", tree, f"{file}.new"],
            check=True, capture_output=True, timeout=120)
        pathlib.Path(f"{file}.new").rename(file)
        return file


def _icon(n):
    """A grey square as PNG."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    rows = (b"\0" + b"\x80" * n) * n
    head = struct.pack(">IIBBBBB", n, n, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def grown_name(i):
    return f"d{i % 1000:03}/page-{i:07}.html"


def grown(path, members, bytes_each=64):
    """An archive of so many small stored members, written faster than the
    zipfile module does; their names, some at random, beside it."""
    body = page(bytes_each, 0)
    crc = zlib.crc32(body)
    fixed = struct.pack("<HHHHHIII", 20, 0, 0, 0x2A00, 0x5764, crc,
                        len(body), len(body))
    directory, at = [], 0
    with open(path, "wb", 1 << 20) as file:
        for i in range(members):
            name = grown_name(i).encode()
            sizes = struct.pack("<HH", len(name), 0)
            file.write(b"PK\3\4" + fixed + sizes + name + body)
            directory.append(
                b"PK\1\2\x14\x03" + fixed + sizes
                + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, at) + name)
            at += 30 + len(name) + len(body)
        directory = b"".join(directory)
        file.write(directory)
        end = [members, members, len(directory), at]
        if members > 0xFFFF:
            file.write(struct.pack(
                "<4sQHHIIQQQQ4sIQI", b"PK\6\6", 44, 45, 45, 0, 0, *end,
                b"PK\6\7", 0, at + len(directory), 1))
            end[:2] = 0xFFFF, 0xFFFF
        file.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, *end, 0))
    chosen = random.Random(0).sample(range(members), min(members, 10_000))
    names = path.with_suffix(".names")
    names.write_text("".join(grown_name(i) + "\n" for i in chosen))
    return names
