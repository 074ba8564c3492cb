"""Archives as the tests need them: well made, and damaged on purpose."""

import calendar
import os
import random
import struct
import tempfile
import time
import urllib.parse
import warnings
import zipfile
import zlib

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
BZIP2, LZMA = zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA
ZSTD = 93

DATE = (2021, 3, 4, 5, 6, 8)
HTTP_DATE = "Thu, 04 Mar 2021 05:06:08 GMT"


def text(size, seed=0):
    """Bytes that compress to about a third, the same each time."""
    source = random.Random(seed)
    words = [b"%x" % source.getrandbits(24) for _ in range(500)]
    out = b" ".join(source.choices(words, k=size // 6 + 1))
    return (out * (size // len(out) + 1))[:size]


def noise(size, seed=0):
    """Bytes that do not compress, the same each time."""
    return random.Random(seed).randbytes(size)


def write(file, members, method=DEFLATED, comment=b"", date=DATE):
    """A zip file of members: name to content, or pairs; a content may be
    (content, method).  file is a path or an open file."""
    if isinstance(members, dict):
        members = members.items()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate name")
        with zipfile.ZipFile(file, "w") as z:
            for name, content in members:
                how = method
                if isinstance(content, tuple):
                    content, how = content
                if isinstance(content, str):
                    content = content.encode()
                info = zipfile.ZipInfo(name, date)
                info.compress_type = how
                info.external_attr = 0o100644 << 16
                z.writestr(info, content)
            z.comment = comment
    return file


def stamp(path):
    """Let the file have been written on DATE: HTTP_DATE is its Last-Modified.
    The time, in seconds since 1970."""
    when = calendar.timegm(DATE)
    os.utime(path, (when, when))
    return when


def url(name):
    """A member's name as it stands in a URL."""
    return urllib.parse.quote(name, safe="/")


def headers(data):
    """(offset of the directory entry, offset of the local header, name) of
    each member of a zip file without a comment."""
    end = data.rindex(b"PK\5\6")
    count, _, at = struct.unpack_from("<HII", data, end + 10)
    for _ in range(count):
        sizes = struct.unpack_from("<HHH", data, at + 28)
        (local,) = struct.unpack_from("<I", data, at + 42)
        yield at, local, bytes(data[at + 46 : at + 46 + sizes[0]])
        at += 46 + sum(sizes)


# The offsets of fields in a directory entry and in a local header.
FIELDS = {
    "flags": (8, 6, "<H"),
    "method": (10, 8, "<H"),
    "crc": (16, 14, "<I"),
    "packed": (20, 18, "<I"),
    "size": (24, 22, "<I"),
}


def patch(path, name, field, value, local=True, central=True):
    """Set a field of one member's headers."""
    data = bytearray(path.read_bytes())
    in_central, in_local, form = FIELDS[field]
    for entry, header, found in headers(data):
        if found == name.encode():
            if central:
                struct.pack_into(form, data, entry + in_central, value)
            if local:
                struct.pack_into(form, data, header + in_local, value)
            break
    else:
        raise KeyError(name)
    path.write_bytes(data)


def rename(path, old, new):
    """Give a member another name of the same length, byte for byte."""
    assert len(old) == len(new)
    data = path.read_bytes()
    assert data.count(old) == 2, f"{old!r} is there {data.count(old)} times"
    path.write_bytes(data.replace(old, new))


def data_offset(path, name):
    """Where a member's data starts."""
    data = path.read_bytes()
    for _, header, found in headers(data):
        if found == name.encode():
            sizes = struct.unpack_from("<HH", data, header + 26)
            return header + 30 + sum(sizes)
    raise KeyError(name)


def raw_deflate(content):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(content) + deflate.flush()


def zstd(content):
    """Content as a Zstandard frame of one raw block (RFC 8878)."""
    assert len(content) < 1 << 17
    frame = struct.pack("<IBI", 0xFD2FB528, 0xA0, len(content))
    return frame + struct.pack("<I", len(content) << 3 | 1)[:3] + content


def wait_for_tick(path):
    """Let the time of the next change of a file differ from that of this one's
    last change: before Linux 6.13 it advances in ticks."""
    last = os.stat(path).st_ctime_ns
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path)) as other:
        while os.stat(other.name).st_ctime_ns <= last:
            time.sleep(0.001)
            os.utime(other.name)


def age(path, seconds=3600):
    """Make a file look as if it was last written a while ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
