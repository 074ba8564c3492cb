"""A C library whose system calls fail when they are told to; requests that go
different ways, and what may be answered to them then."""

import errno
import mmap
import os
import pathlib
import re
import struct
import subprocess
import time
import zlib

import archives
import harness

TEXT = archives.text(100_000)

# Path and fields.
REQUESTS = {
    "small": ("a.txt", ()),
    "inflated": ("b.txt", ()),
    "gzip": ("b.txt", [("Accept-Encoding", "gzip")]),
    "stored": ("c.bin", ()),
    "bzip2": ("d.txt", ()),
    "ranges": ("b.txt", [("Range", "bytes=0-9,1000-1009,-10")]),
    "not-modified": ("a.txt", [("If-None-Match",
                                '"%08x-5"' % zlib.crc32(b"small"))]),
    "redirect": ("sub", ()),
    "missing": ("nothing", ()),
    "listing": ("sub/", ()),
    "json": ("sub/?format=json&sort=size&order=desc", ()),
    "archive": ("-wwz-archive", ()),
    "zip": ("sub/?download", [("Range", "bytes=100-6000")]),
    "search": ("-wwz-search?q=small&context=0", ()),
    "page": ("sub/?view=images", [("Accept", "text/html")]),
    "cp437": ("caf%C3%A9.txt", ()),
    "odd-parameter": ("a.txt", [("Range", "x")] * 20),
}

MEMBERS = {
    "a.txt": "small",
    "b.txt": TEXT,
    "c.bin": (TEXT, archives.STORED),
    "d.txt": (TEXT, archives.BZIP2),
    **{f"sub/{i}.txt": str(i) for i in range(50)},
    "sub/README.md": "# What is here\n",
}


def renew(root, name="x.wwz"):
    """The archive is another one now, and opened anew.  The kernel's own clock
    for files may be slower than requests are."""
    os.utime(root / name, ns=(time.time_ns(),) * 2)


def plain(response):
    """The body, without what is random in it."""
    return re.sub(rb"wwz-[0-9a-f]{32}", b"wwz", response.body)


def plain_type(response):
    return (response.get("Content-Type") or "").partition("boundary")[0]


def fault_of(got, wanted):
    """What is wrong with an answer that came while the system failed."""
    if isinstance(got, str):
        return got
    if got is None or got.status in (500, 503):
        return None
    kinds = [plain_type(response) for response in (got, wanted)]
    if kinds[0] != kinds[1]:
        return f"a body of type {kinds[0]}, not {kinds[1]}: {got}"
    if not got.ended and plain(wanted).startswith(plain(got)):
        return None
    if (got.status, plain(got)) == (wanted.status, plain(wanted)):
        return None
    if got.status == 200 and wanted.status == 206:
        return None
    return f"{got}, not {wanted}"


def library(name, directory):
    """NAME.so, of NAME.c, made in directory."""
    made = directory / f"{name}.so"
    source = pathlib.Path(__file__).parent / f"{name}.c"
    subprocess.run(
        ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC",
         "-shared", "-o", made, source], check=True)
    return made


class Faults:
    """Tells failsys.c which calls are to fail.  environment starts a program
    in that way."""

    SLOT = struct.Struct("32s4iI2i")
    SLOTS = 128

    def __init__(self, path, made, functions):
        path.write_bytes(bytes(self.SLOTS * self.SLOT.size))
        path.chmod(0o644)
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        self.at = {}
        for function in functions:
            at = self.at[function] = len(self.at) * self.SLOT.size
            struct.pack_into("32s", self.map, at, function.encode())
        # A sanitizer expects to be the first library, but does not have to be.
        asan = os.environ.get("ASAN_OPTIONS", "")
        self.environment = {
            **os.environ, "LD_PRELOAD": str(made), "FAILSYS": str(path),
            "ASAN_OPTIONS": f"{asan}:verify_asan_link_order=0"}

    def fail(self, function, error, first=0, every=0, chance=0, seed=0):
        """Calls of function fail with error, "EIO" or so; "short": they move
        fewer bytes; "HELD": they do not fail, but wait until they are told
        otherwise.  Calls are counted from here on."""
        number = {"short": 0, "HELD": -1}.get(error)
        if number is None:
            number = getattr(errno, error)
        struct.pack_into("4iI2i", self.map, self.at[function] + 32,
                         number, first, every, chance, seed, 0, 0)

    def wait_for(self, function):
        """Wait until a call of it has failed."""
        harness.wait_until(lambda: self.counts(function)[1] > 0,
                           f"{function} fails")

    def counts(self, function):
        """How often it was called, and how often it failed."""
        return struct.unpack_from("2i", self.map, self.at[function] + 52)

    def over(self, function):
        """It fails no more; how often it did."""
        _, failed = self.counts(function)
        self.fail(function, "short")
        return failed
