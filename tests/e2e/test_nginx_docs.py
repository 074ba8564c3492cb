"""A real documentation tree, zipped, through nginx as it is shipped: what a
browser gets is what lies on disk."""

import calendar
import email.utils
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import time
import zipfile

import pytest

import archives
import harness

DOCS = pathlib.Path("/usr/share/cppreference/doc/html")
PACKAGE = "cppreference-doc-en-html"

# The time that each archive is given.
SAVED = {"/zip.wwz": 1_700_000_000, "/python.wwz": 1_600_000_001}

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


def docs():
    """The tree's files by name; links that lead nowhere are not files."""
    found = {}
    for folder, _, names in os.walk(DOCS):
        for name in names:
            path = pathlib.Path(folder, name)
            if path.is_file():
                found[str(path.relative_to(DOCS))] = path
    assert len(found) > 1000, f"{len(found)} files: install {PACKAGE}"
    return found


def by_zip(path, files):
    """Info-ZIP: deflated or stored, with extended timestamps."""
    subprocess.run(
        ["zip", "-q", "-@", path],
        input="\n".join(files),
        text=True,
        cwd=DOCS,
        check=True,
    )


def by_python(path, files):
    """Python: all deflated, DOS times only."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, file in files.items():
            z.write(file, name)


@pytest.fixture(scope="module")
def site(module_tmp):
    """(files, HTTP client, {URL of an archive: its members' ZipInfo})."""
    root = module_tmp / "www"
    root.mkdir()
    files = docs()
    by_zip(root / "zip.wwz", files)
    # The larger part of the time goes into making and reading these.
    some = {name: files[name] for name in list(files)[::3]}
    by_python(root / "python.wwz", some)
    shutil.copy(files["en/index.html"], root / "static.html")
    infos = {}
    for path in root.glob("*.wwz"):
        os.utime(path, (SAVED[f"/{path.name}"],) * 2)
        with zipfile.ZipFile(path) as z:
            infos[f"/{path.name}"] = {i.filename: i for i in z.infolist()}
    with harness.served(module_tmp, root) as (_, nginx):
        yield files, nginx.client(), infos


def own_time(info, file):
    """What listings say of a member: exact from Info-ZIP's extra field, else
    the DOS time, read as UTC."""
    if info.extra.startswith(b"UT"):
        return int(file.stat().st_mtime)
    return calendar.timegm((*info.date_time, 0, 0, 0))


@pytest.mark.parametrize("archive", ["/zip.wwz", "/python.wwz"])
def test_every_file(site, archive):
    files, client, infos = site
    wrong, tags = [], {}
    saved = email.utils.formatdate(SAVED[archive], usegmt=True)
    for name, info in infos[archive].items():
        file = files[name]
        content = file.read_bytes()
        deflated = info.compress_type == zipfile.ZIP_DEFLATED
        url = f"{archive}/{archives.url(name)}"
        for accept in ("identity", "gzip"):
            got = client.ask(url, headers=[("Accept-Encoding", accept)])
            coding = "gzip" if accept == "gzip" and deflated else None
            body = got.body
            if coding is not None and got.get("Content-Encoding") == coding:
                body = gzip.decompress(body)
            seen = [
                got.status,
                got.get("Content-Encoding"),
                got.get("Content-Length"),
                body == content,
                got.get("Vary"),
                got.get("Last-Modified"),
            ]
            wanted = [
                200,
                coding,
                str(len(got.body)),
                True,
                "Accept-Encoding" if deflated else None,
                saved,
            ]
            tag = got.get("ETag") or "none"
            if tag in tags and tags[tag] != (content, coding):
                wrong.append(f"{url}: ETag {tag} is another file's as well")
            tags[tag] = (content, coding)
            if not (tag.startswith('"') and tag.endswith('"')):
                wrong.append(f"{url}: ETag {tag} is not strong")
            kind = TYPES.get(file.suffix)
            if kind not in (None, got.get("Content-Type")):
                wrong.append(
                    f"{url}: Content-Type {got.get('Content-Type')}, not {kind}"
                )
            if seen != wanted:
                wrong.append(f"{url} {accept}: {seen}, not {wanted}")
    assert not wrong, "\n".join([f"{len(wrong)} faults", *wrong[:20]])


@pytest.mark.parametrize("archive", SAVED)
def test_listed_times(site, archive):
    """The members' own, not the archive's, which is Last-Modified."""
    files, client, infos = site
    folder = "en/cpp/memory/"
    listed = client.ask(f"{archive}/{folder}-wwz-index?format=json")
    times = {folder + entry["name"]: entry["modified"]
             for entry in json.loads(listed.body)["entries"]
             if entry["type"] == "file"}
    wanted = {
        name: time.strftime("%Y-%m-%dT%H:%M:%SZ",
                            time.gmtime(own_time(info, files[name])))
        for name, info in infos[archive].items()
        if name.rpartition("/")[0] + "/" == folder
    }
    assert len(times) > 5 and times == wanted


def test_tag_is_the_content_s(site):
    """The same content in another archive has the same tag."""
    _, client, infos = site
    for name in list(infos["/python.wwz"])[::30]:
        tags = {
            client.ask(f"{archive}/{archives.url(name)}").get("ETag")
            for archive in ("/zip.wwz", "/python.wwz")
        }
        assert len(tags) == 1, f"{name}: {tags}"


def test_start_page(site):
    files, client, _ = site
    got = client.ask("/zip.wwz/en/")
    assert (got.status, got.get("Content-Type"), got.body) == (
        200,
        "text/html; charset=utf-8",
        files["en/index.html"].read_bytes(),
    )


def test_not_modified(site):
    files, client, _ = site
    for name in list(files)[::100]:
        url = f"/zip.wwz/{archives.url(name)}"
        for accept in ("identity", "gzip"):
            fields = [("Accept-Encoding", accept)]
            tag = client.ask(url, headers=fields).get("ETag")
            fields.append(("If-None-Match", tag))
            got = client.ask(url, headers=fields)
            assert (got.status, got.body) == (304, b""), f"{url}: {got}"


def test_rate(site):
    """Not a benchmark: a request must not wait for a timer somewhere."""
    _, client, _ = site

    def one():
        assert client.ask("/zip.wwz/en/index.html").status == 200

    def static():
        assert client.ask("/static.html").status == 200

    dear = harness.ratio(one, static, 200)
    assert dear < 20, f"{dear:.1f} times what nginx takes by itself"
