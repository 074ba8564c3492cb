"""A directory as a zip file: put together from the members' data as they lie,
read by other programs, and the same bytes whatever parts are asked for."""

import io
import random
import shutil
import struct
import subprocess
import zipfile

import pytest

import archives
import harness
from test_pages import zip_of

GIVEN = [  # name, mode, method, content
    ("top.txt", 0o100644, archives.DEFLATED, b"top\n" * 9),
    ("d/", 0o40750, archives.STORED, b""),
    ("d/empty/", 0o40700, archives.STORED, b""),
    ("d/none", 0o100600, archives.STORED, b""),
    ("d/run.sh", 0o100755, archives.DEFLATED, b"#!/bin/sh\n" * 50),
    ("d/set.sh", 0o104755, archives.DEFLATED, b"#!/bin/sh\n" * 5),
    ("d/noise", 0o100644, archives.STORED, archives.noise(300_000)),
    ("d/text", 0o100640, archives.DEFLATED, archives.text(500_000)),
    ("d/by-bzip2", 0o100644, archives.BZIP2, archives.text(90_000, 1)),
    ("odd/by-lzma", 0o100644, archives.LZMA, archives.text(90_000, 2)),
    ("d/link", 0o120777, archives.STORED, b"run.sh"),
    ("d/gr\u00fc\u00dfe/\u65e5.txt", 0o100644, archives.DEFLATED, b"hi" * 99),
    ("d/x/deep/er.txt", 0o100644, archives.DEFLATED, b"deep" * 99),
    ("d/.git/config", 0o100644, archives.STORED, b"secret"),
    ("d/__MACOSX/._a", 0o100644, archives.STORED, b"secret"),
    ("d/a-wwz-index", 0o100644, archives.STORED, b"not ours"),
    ("d/x/-wwz-index", 0o100644, archives.STORED, b"covered"),
    ("d2/other.txt", 0o100644, archives.STORED, b"no"),
    ("d-", 0o100644, archives.STORED, b"no"),
    ("_redirects", 0o100644, archives.STORED, b"/from /to\n"),
    ("sealed/open.txt", 0o100644, archives.STORED, b"open"),
    ("sealed/secret.txt", 0o100644, archives.STORED, b"sealed"),
    ("sealed/secret2.txt", 0o100644, archives.STORED, b"sealed"),
]
HIDDEN = {"d/.git/config", "d/__MACOSX/._a", "d/x/-wwz-index", "_redirects",
          "sealed/secret.txt", "sealed/secret2.txt"}


def write_given(path):
    with zipfile.ZipFile(path, "w") as z:
        for i, (name, mode, method, content) in enumerate(GIVEN):
            info = zipfile.ZipInfo(name, (2001 + i, 2, 3, 4, 5, 6))
            info.external_attr = mode << 16
            info.compress_type = method
            z.writestr(info, content)
    data = bytearray(path.read_bytes())
    for at, local, name in archives.headers(data):
        if b"secret" in name:
            data[at + 8] |= 1
            data[local + 6] |= 1
    path.write_bytes(data)


@pytest.fixture(scope="module")
def served(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    write_given(root / "x.wwz")
    (root / "old.wwz").write_bytes(zip_of(
        [(b"d/caf\x82.txt", False, b"1"), (b"d/\xc3\xa9.txt", False, b"2")]))
    (root / "many.wwz").write_bytes(zip_of(
        (f"d/{n:06}".encode(), False, b"%d" % n) for n in range(70_000)))
    with harness.served(module_tmp, root) as served:
        yield served


@pytest.fixture(scope="module")
def client(served):
    client = served[1].client()
    yield client
    client.close()


def wanted(prefix):
    return sorted(name[len(prefix):] for name, *_ in GIVEN
                  if name.startswith(prefix) and name != prefix
                  and name not in HIDDEN)


def check_elsewhere(tmp, data):
    """Every program that is here finds nothing wrong."""
    path = tmp / "got.zip"
    path.write_bytes(data)
    commands = [["unzip", "-tq"], ["zip", "-T"], ["zipcmp", "-t", path],
                ["bsdtar", "-tf"]]
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        if any(i.compress_type == archives.LZMA for i in z.infolist()):
            del commands[:3]  # which do not know it
        if not z.infolist():
            del commands[:2]  # which call that an error
    for command in commands:
        if shutil.which(command[0]) is None:
            continue
        done = subprocess.run([*command, path], capture_output=True, check=False)
        assert done.returncode == 0, (done.args, done.stdout, done.stderr)
    return path


@pytest.mark.parametrize("path, prefix, name", [
    ("/x.wwz/d/?download", "d/", "d"),
    ("/x.wwz/d/-wwz-index?download", "d/", "d"),
    ("/x.wwz/-wwz-index/d/?download", "d/", "d"),
    ("/x.wwz/?download", "", "x"), ("/x.wwz/odd/?download", "odd/", "odd"),
    ("/x.wwz/d/gr%C3%BC%C3%9Fe/?download", "d/gr\u00fc\u00dfe/", "gr"),
    ("/x.wwz/d/empty/?download", "d/empty/", "empty")])
def test_members(client, tmp, path, prefix, name):
    """All that can be requested, with data, times and modes as they were."""
    got = client.ask(path)
    assert (got.status, got.get("Content-Type")) == (200, "application/zip")
    assert got.get("Content-Disposition").startswith(
        f'attachment; filename="{name}'), got
    assert int(got.get("Content-Length")) == len(got.body)
    before = {name: rest for name, *rest in GIVEN}
    with zipfile.ZipFile(check_elsewhere(tmp, got.body)) as z:
        assert z.namelist() == wanted(prefix)
        for info in z.infolist():
            mode, method, content = before[prefix + info.filename]
            assert z.read(info) == content, info
            assert info.compress_type == method, info
            # No setuid, setgid or sticky bit.
            assert info.external_attr >> 16 == mode & ~0o7000, info
            year = 2001 + [n for n, *_ in GIVEN].index(prefix + info.filename)
            assert info.date_time == (year, 2, 3, 4, 5, 6), info


def test_encrypted(client, tmp):
    """Is left out, which the file says."""
    got = client.ask("/x.wwz/sealed/?download")
    with zipfile.ZipFile(check_elsewhere(tmp, got.body)) as z:
        assert z.namelist() == ["open.txt"]
        assert z.comment == b"Left out, since encrypted: 2"


def test_legacy_names(client, tmp):
    """Become UTF-8."""
    got = client.ask("/old.wwz/d/?download")
    with zipfile.ZipFile(check_elsewhere(tmp, got.body)) as z:
        assert z.namelist() == ["caf\u00e9.txt", "\u00e9.txt"]


def parts_of(got):
    """The parts of multipart/byteranges."""
    boundary = got.get("Content-Type").split("boundary=")[1].encode()
    for part in got.body.split(b"\r\n--" + boundary)[1:-1]:
        yield part.split(b"\r\n\r\n", 1)[1]


def test_ranges(client):
    """Each part is the part of the whole."""
    path = "/x.wwz/d/?download"
    whole = client.ask(path)
    size, tag = len(whole.body), whole.get("ETag")
    assert not tag.startswith("W/") and whole.get("Accept-Ranges") == "bytes"
    head = client.ask(path, "HEAD")
    assert (head.get("Content-Length"), head.get("ETag"), head.body) == (
        str(size), tag, b"")
    source = random.Random(3)
    directory = whole.body.rindex(b"PK\1\2")
    cuts = [0, 1, 29, 30, 31, directory, size - 22, size - 1] + [
        source.randrange(size) for _ in range(60)] + [
        source.randrange(directory - 2000, size) for _ in range(20)]
    for first in cuts:
        for last in first, min(size - 1, first + source.randrange(9000)), size - 1:
            got = client.ask(path, headers=[("Range", f"bytes={first}-{last}")])
            assert (got.status, got.get("Content-Range")) == (
                206, f"bytes {first}-{last}/{size}"), got
            assert got.body == whole.body[first:last + 1], (first, last)
    got = client.ask(path, headers=[("Range", "bytes=5-9,300000-300100,-30")])
    assert list(parts_of(got)) == [
        whole.body[5:10], whole.body[300000:300101], whole.body[-30:]]
    got = client.ask(path, headers=[("Range", f"bytes={size}-")])
    assert (got.status, got.get("Content-Range")) == (416, f"bytes */{size}")


def test_conditions(client):
    path = "/x.wwz/d/?download"
    tag = client.ask(path).get("ETag")
    for fields, status in [
            ([("If-None-Match", tag)], 304), ([("If-Match", '"x"')], 412),
            ([("Range", "bytes=1-2"), ("If-Range", tag)], 206),
            ([("Range", "bytes=1-2"), ("If-Range", '"x"')], 200)]:
        assert client.ask(path, headers=fields).status == status, fields
    for other in "/x.wwz/?download", "/x.wwz/d/x/?download", "/x.wwz/d/":
        assert client.ask(other).get("ETag") != tag, other


def test_zip64(client, tmp):
    """More members than fit in 16 bits."""
    got = client.ask("/many.wwz/d/?download")
    with zipfile.ZipFile(io.BytesIO(got.body)) as z:
        assert z.namelist() == [f"{n:06}" for n in range(70_000)]
        assert z.read("069999") == b"69999"
    assert b"PK\6\6" in got.body[-200:]
    for first in 3_000_000, len(got.body) - 2_000_000:
        part = client.ask("/many.wwz/d/?download", headers=[
            ("Range", f"bytes={first}-{first + 99}")])
        assert part.body == got.body[first:first + 100]


def test_links(client):
    """Listings lead there; at the top the archive itself is the same."""
    link = b'href="./-wwz-index?download" rel="nofollow">Download as zip'
    assert link in client.ask("/x.wwz/d/").body
    assert link in client.ask("/x.wwz/").body  # it has hidden names
    assert link not in client.ask("/old.wwz/").body
    assert link in client.ask("/old.wwz/d/").body


def test_damaged(tmp, root, serve, front):
    """Is not sent as if it were whole; a member that cannot be there is known
    before."""
    path = root / "x.wwz"
    archives.write(path, {"d/a": archives.noise(400_000), "d/b": b"b",
                          "e/a": b"a"}, archives.STORED)
    data = bytearray(path.read_bytes())
    for at, local, name in archives.headers(bytes(data)):
        if name == b"d/b":
            data[local] ^= 0xFF
        elif name == b"e/a":
            struct.pack_into("<I", data, at + 20, 1 << 30)
    path.write_bytes(data)
    responder = serve()
    client = responder.client()
    got = client.ask("/x.wwz/d/?download")
    assert not got.ended and len(got.body) < int(got.get("Content-Length"))
    client.close()
    responder.expect(r"member-damaged .*d/b")
    client = responder.client()
    assert client.ask("/x.wwz/e/?download").status == 500
    client.close()
    responder.expect(r"member-damaged .*e/a .*beyond the file")


def test_no_listing(tmp, root, serve, front):
    archives.write(root / "x.wwz", {"d/a": b"a"})
    client = front(serve("--no-listing")).client()
    assert client.ask("/x.wwz/d/?download").status == 403
    client.close()
