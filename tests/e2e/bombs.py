"""Archives that claim much and are small, and those of many members."""

import bz2
import struct
import zlib

ONES16, ONES32 = (1 << 16) - 1, (1 << 32) - 1
MIB = 1 << 20


def zeros(mib):
    """A deflate stream of so many MiB of zeros, about a thousandth of that;
    made without compressing them all."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    # For the second MiB and all that follow, the window is full of zeros.
    first = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return first + block * (mib - 1) + deflate.flush()


def header(name, method, crc, packed, size):
    """A local header, with its sizes in a zip64 field."""
    return (
        struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 45, 0, method, 0, 0x5264,
                    crc, ONES32, ONES32, len(name), 20)
        + name + struct.pack("<HHQQ", 1, 16, size, packed)
    )


def entry(name, method, crc, packed, size, offset):
    """A directory entry, likewise."""
    return (
        struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 45, 45, 0, method, 0,
                    0x5264, crc, ONES32, ONES32, len(name), 28, 0, 0, 0, 0,
                    ONES32)
        + name + struct.pack("<HHQQQ", 1, 24, size, packed, offset)
    )


def end(count, size, start, zip64=True):
    """End records; without zip64 the count is modulo 65,536."""
    if not zip64:
        count %= 65536
        return struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, size,
                           start, 0)
    return (
        struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count,
                    size, start)
        + struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
        + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, ONES16, ONES16, ONES32,
                      ONES32, 0)
    )


def write_bomb(path, mib, crc=0):
    """One member, zeros.bin, of so many MiB."""
    data = zeros(mib)
    about = (b"zeros.bin", 8, crc, len(data), mib * MIB)
    front = header(*about) + data
    directory = entry(*about, 0)
    path.write_bytes(front + directory + end(1, len(directory), len(front)))


def write_rare_bomb(path, method, mib):
    """The same by bzip2, or by Zstandard in blocks of one byte repeated (RFC
    8878), which go 128 KiB back at most."""
    if method == 12:
        data = bz2.compress(bytes(mib * MIB))
    else:
        block = struct.pack("<I", (MIB >> 3) << 3 | 1 << 1)[:3] + b"\0"
        last = struct.pack("<I", 0 << 3 | 1)[:3]
        data = b"\x28\xb5\x2f\xfd\0" + bytes([7 << 3]) + block * (8 * mib) + last
    crc = 0
    for _ in range(mib):
        crc = zlib.crc32(bytes(MIB), crc)
    about = (b"zeros.bin", method, crc, len(data), mib * MIB)
    front = header(*about) + data
    directory = entry(*about, 0)
    path.write_bytes(front + directory + end(1, len(directory), len(front)))


def write_quoted(path, count, mib):
    """count members that share one stream of so many MiB: each quotes the
    headers of those behind it in stored blocks.  Returns the sum of their
    sizes."""
    stream = zeros(mib)
    packed, size, total = len(stream), mib * MIB, 0
    parts, sizes = [stream], []
    for number in reversed(range(count)):
        name = b"%06d.bin" % number
        front = header(name, 8, 0, packed, size)
        parts.append(front)
        sizes.append((name, packed, size))
        total += size
        if number:
            parts.append(
                struct.pack("<BHH", 0, len(front), ONES16 - len(front)))
        packed += 5 + len(front)
        size += len(front)
    step = 5 + len(front)
    directory = b"".join(
        entry(name, 8, 0, packed, size, at * step)
        for at, (name, packed, size) in enumerate(reversed(sizes))
    )
    body = b"".join(reversed(parts))
    path.write_bytes(body + directory + end(count, len(directory), len(body)))
    return total


def write_wide(path, mib):
    """A stored member, a.bin, and as many empty ones as make the directory so
    large, out of extra fields and comments that the disk does not hold: they
    lie in holes of the file."""
    content = bytes(4 * MIB)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 0x5264,
                        zlib.crc32(content), len(content), len(content), 5, 0)
    each = 46 + 5 + 65500 + 65500
    count = mib * MIB // each

    def front(size, extra):
        return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0,
                           0x5264, zlib.crc32(bytes(size)), size, size, 5,
                           extra, extra, 0, 0, 0, 0)

    with open(path, "wb") as file:
        file.write(local + b"a.bin" + content)
        start = file.tell()
        file.write(front(len(content), 0) + b"a.bin")
        for number in range(count):
            file.write(front(0, 65500) + b"%05d" % number)
            file.seek(65500 + 65500, 1)
        file.write(end(count + 1, file.tell() - start, start))


def write_many(path, names, zip64=True):
    """Empty stored members.  They share one local header, so that only the
    last one can be sent."""
    last = names[-1]
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 0x5264, 0, 0,
                        0, len(last), 0) + last
    front = struct.pack("<4sHHHHHHIII", b"PK\1\2", 20, 20, 0, 0, 0, 0x5264, 0,
                        0, 0)
    tail = bytes(16)
    directory = b"".join(
        b"%b%b%b%b" % (front, len(name).to_bytes(2, "little"), tail, name)
        for name in names
    )
    with open(path, "wb") as file:
        file.write(local)
        file.write(directory)
        file.write(end(len(names), len(directory), len(local), zip64))
