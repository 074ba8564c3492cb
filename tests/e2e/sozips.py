"""Seekable members, as the SOZip specification 0.5.0 has them."""

import struct
import zlib

CHUNK = 32768


def deflate(content, chunk=CHUNK):
    """A deflate stream whose chunks stand alone, and where they start."""
    z = zlib.compressobj(6, zlib.DEFLATED, -15)
    data, offsets = b"", []
    for at in range(0, len(content), chunk):
        if at:
            data += z.flush(zlib.Z_SYNC_FLUSH) + z.flush(zlib.Z_FULL_FLUSH)
            offsets.append(len(data))
        data += z.compress(content[at : at + chunk])
    return data + z.flush(), offsets


def local(name, method, crc, packed, size, flags=0):
    return struct.pack(
        "<4sHHHHHIIIHH", b"PK\3\4", 20, flags, method, 0, 0x5264, crc, packed,
        size, len(name), 0) + name


def index(name, size, packed, offsets, chunk=CHUNK):
    """The hidden member behind the data of name."""
    data = struct.pack("<IIIIQQ", 1, 0, chunk, 8, size, packed)
    data += struct.pack(f"<{len(offsets)}Q", *offsets)
    directory, slash, base = name.rpartition(b"/")
    hidden = directory + slash + b"." + base + b".sozip.idx"
    return local(hidden, 0, zlib.crc32(data), len(data), len(data)) + data


def write(path, name, content, chunk=CHUNK, change=lambda offsets: offsets,
          descriptor=False):
    """An archive of one seekable member; change gives the offsets that its
    index is to have."""
    name = name.encode()
    data, offsets = deflate(content, chunk)
    crc, flags = zlib.crc32(content), 8 if descriptor else 0
    sizes = (crc, len(data), len(content))
    front = local(name, 8, *((0, 0, 0) if descriptor else sizes), flags) + data
    if descriptor:
        front += b"PK\7\x08" + struct.pack("<III", *sizes)
    front += index(name, len(content), len(data), change(offsets), chunk)
    stamp = struct.pack("<HHBI", 0x5455, 5, 1, 1_600_000_000)
    entry = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, flags, 8, 0, 0x5264, *sizes,
        len(name), len(stamp), 0, 0, 0, 0, 0) + name + stamp
    path.write_bytes(front + entry + struct.pack(
        "<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(front), 0))
