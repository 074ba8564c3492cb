"""Watching the responder: the status page, the access log, slow requests, and
what front ends hear."""

import calendar
import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

import archives
import harness

TEXT = archives.text(300_000, 1)
NOISE = archives.noise(300_000, 2)
ODD = 'o"d\\d <&>é\u202e.txt'
MEMBERS = {
    "a.txt": TEXT,
    "s.bin": (NOISE, archives.STORED),
    "d/b.txt": b"b",
    ODD: b"odd",
}
GZIP = [("Accept-Encoding", "gzip")]

ACCESS = re.compile(
    r'(?P<addr>\S+) - (?P<user>\S+|"[^"]*") \[(?P<time>[^\]]+)\]'
    r' "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+)'
    r' "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"'
    r' archive="(?P<archive>(?:[^"\\]|\\.)*)"'
    r' member="(?P<member>(?:[^"\\]|\\.)*)"'
    r" coding=(?P<coding>[a-z]+|-) us=(?P<us>\d+)"
)


@pytest.fixture
def site(root):
    archives.write(root / "x.wwz", MEMBERS)
    archives.stamp(root / "x.wwz")
    return root


def wait_lines(path, count):
    """The lines of a file, when there are so many."""
    harness.wait_until(
        lambda: path.exists() and path.read_bytes().count(b"\n") >= count,
        f"{count} lines in {path}")
    lines = path.read_text(encoding="ascii").splitlines()
    assert len(lines) == count, lines
    return lines


def parsed(line):
    match = ACCESS.fullmatch(line)
    assert match, line
    return match.groupdict()


def status(client, ended):
    """The status page as JSON, when so many requests have ended."""
    for _ in range(1000):
        got = client.ask("/x.wwz/-wwz-status?format=json")
        assert got.get("Content-Type") == "application/json", got
        assert got.get("Cache-Control") == "no-store", got
        page = json.loads(got.body)
        if page["request_seconds"]["count"] >= ended:
            return page
        ended += 1
    raise AssertionError(page)


def test_no_status(site, serve):
    """Not without the option, not in a directory, not as a directory."""
    with serve().client() as client:
        assert client.ask("/x.wwz/-wwz-status").status == 404
    with serve("--status").client() as client:
        for fields, status in [
            ([], 200), ([("If-Match", '"x"')], 412), ([("If-Match", "*")], 200),
            ([("If-None-Match", '"x"')], 200), ([("If-None-Match", "*")], 304),
        ]:
            got = client.ask("/x.wwz/-wwz-status", headers=fields)
            assert got.status == status, (fields, got)
        for path in ("d/-wwz-status", "-wwz-status/"):
            assert client.ask(f"/x.wwz/{path}").status == 404, path


def test_what_is_counted(site, serve):
    archives.write(site / "y.wwz", {"b.txt": "b"})
    (site / "bad.wwz").write_bytes(b"no archive")
    os.utime(site / "bad.wwz", (1, 1))
    responder = serve("--status", "--max-archives", "2", "--sendfile",
                      "lighttpd")
    responder.expect("^warn archive-damaged ")
    with responder.client() as client:
        asked = [
            client.ask(path, method, fields)
            for path, method, fields in [
                ("/y.wwz/b.txt", "HEAD", []),
                ("/x.wwz/a.txt", "GET", GZIP),
                ("/x.wwz/a.txt", "GET", []),
                ("/x.wwz/a.txt", "GET", [("Range", "bytes=9-18")]),
                ("/x.wwz/a.txt", "GET", [("If-Modified-Since",
                                          archives.HTTP_DATE)]),
                ("/x.wwz/d/b.txt", "GET", []),
                ("/x.wwz/s.bin", "GET", []),
                ("/x.wwz/none", "GET", []),
                ("/x.wwz/d", "GET", []),
                ("/bad.wwz/a", "GET", []),
            ]
        ]
        page = status(client, len(asked))
        # That by which the start was seen may still be there.
        while page["connections_open"] > 1:
            page = status(client, 0)
    got = {key: page[key] for key in page if isinstance(page[key], int)}
    wanted = {
        "requests_2xx": 6, "requests_3xx": 2, "requests_4xx": 1,
        "requests_5xx": 1, "bytes_sent": sum(len(a.body) for a in asked),
        "sent_gzip": 1, "sent_inflated": 3, "sent_as_it_lies": 0,
        "handed_off": 1, "responses_cut": 0, "cache_hits": 7,
        "cache_misses": 3, "archives_opened": 2, "archives_evicted": 0,
        "archives_refused": 1, "archives_open": 2, "memory_lent": 0,
        "connections_open": 1,
    }
    # A look or more at the page itself is counted, too.
    looks = page["request_seconds"]["count"] - len(asked)
    assert looks >= 0
    for key in ("requests_2xx", "cache_hits"):
        wanted[key] += looks
    bytes_sent = got.pop("bytes_sent")
    assert bytes_sent >= wanted.pop("bytes_sent")
    assert {key: got[key] for key in wanted} == wanted
    shown, other = page["archives"]
    assert shown["path"].endswith("/x.wwz") and shown["members"] == 4, shown
    assert shown["memory"] > 0 and shown["age"] < 60, shown
    assert shown["requests"] == len(asked) - 2 + looks, shown
    # What was sent from neither is the page for bad.wwz.
    assert shown["bytes_sent"] == bytes_sent - len(asked[-1].body), shown
    assert (other["requests"], other["bytes_sent"]) == (1, 0), other
    counts, begun = ([b["count"] for b in page[key]["buckets"]]
                     for key in ("request_seconds", "first_byte_seconds"))
    assert counts == sorted(counts), counts
    assert all(first >= last for first, last in zip(begun, counts)), begun
    slowest = page["slowest"]
    assert len(slowest) == 10, slowest
    assert [s["seconds"] for s in slowest] == sorted(
        (s["seconds"] for s in slowest), reverse=True)
    for s in slowest:
        parts = s["open"] + s["wait"] + s["inflate"] + s["send"]
        assert abs(parts - s["seconds"]) < 1e-5, s


def test_memory_and_descriptors(site, serve):
    """As the kernel tells others, though /proc is out of the process's reach."""
    responder = serve("--status")
    linux = tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2])

    def descriptors_agree():
        opened = len(os.listdir(f"/proc/{responder.pid}/fd"))
        return status(client, 0)["descriptors_open"] == (
            opened if linux >= (6, 2) else 0)

    with responder.client() as client:
        # The connection by which its start was seen may still be open.
        harness.wait_until(descriptors_agree, "the same descriptors")
        page = status(client, 0)
    with open(f"/proc/{responder.pid}/statm") as statm:
        resident = int(statm.read().split()[1]) * resource.getpagesize()
    assert resident / 2 < page["memory_resident"] < resident * 2
    with open(f"/proc/{responder.pid}/limits") as limits:
        most = re.search(r"Max open files +(\d+)", limits.read())
    assert page["descriptors_max"] == int(most.group(1))


def test_bytes_are_counted(site, serve):
    with serve("--status").client() as client:
        for fields in (GZIP, []):
            first = status(client, 0)["bytes_sent"]
            size = len(client.ask("/x.wwz/a.txt", headers=fields).body)
            for _ in range(1000):
                got = client.ask("/x.wwz/-wwz-status?format=json")
                if json.loads(got.body)["bytes_sent"] >= first + size:
                    break
            more = json.loads(got.body)["bytes_sent"] - first
            # With some pages of about 2 KB.
            assert size <= more < size + 20_000, (size, more)


def test_names_are_escaped(site, root, serve):
    """In all formats, whatever an archive or a request is called."""
    name = b'q"\\<b>\xff\xe2\x80\xae.wwz'
    archives.write(root / os.fsdecode(name), {"a": "a"})
    path = "/" + "".join(f"%{byte:02X}" for byte in name) + '/a?<b>"\n'
    with serve("--status").client() as client:
        assert client.ask(path).status == 200
        page = status(client, 1)
        paths = [shown["path"] for shown in page["archives"]]
        assert any(p.endswith('/q"\\<b>\ufffd\u202e.wwz') for p in paths)
        assert any(s["uri"] == path for s in page["slowest"]), page
        text = client.ask("/x.wwz/-wwz-status?format=text").body
        assert max(text) < 127 and rb"\xE2\x80\xAE" in text, text
        got = client.ask("/x.wwz/-wwz-status?format=prometheus")
    label = rb'/q\"\\<b>' + "\ufffd\u202e".encode() + b".wwz"
    assert label in got.body, got.body
    promtool(got)


def promtool(got):
    assert got.get("Content-Type").startswith("text/plain; version=0.0.4"), got
    done = subprocess.run(["promtool", "check", "metrics"], input=got.body,
                          capture_output=True, timeout=harness.PATIENCE)
    assert (done.returncode, done.stdout + done.stderr) == (0, b""), done


def test_prometheus(site, serve):
    """promtool has nothing to say, at the first look and later."""
    with serve("--status").client() as client:
        promtool(client.ask("/x.wwz/-wwz-status?format=prometheus"))
        client.ask("/x.wwz/a.txt")
        got = client.ask("/x.wwz/-wwz-status?format=prometheus")
        promtool(got)
    count = re.search(rb"^wwz_request_duration_seconds_count (\d+)$",
                      got.body, re.M)
    every = re.search(rb'_bucket{le="\+Inf"} (\d+)$', got.body, re.M)
    assert count.group(1) == every.group(1), got.body


@pytest.mark.threads
def test_counters_of_many_threads(site, serve):
    """Each request is counted once, whichever threads it met."""
    responder = serve("--status", "--threads", "4")

    def work():
        with responder.client() as client:
            for _ in range(200):
                client.ask("/x.wwz/d/b.txt")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    with responder.client() as client:
        for looks in range(20):
            status(client, looks)
        for thread in threads:
            thread.join()
        page = status(client, 1600 + 20)
        for _ in range(1000):
            if page["sent_inflated"] == 1600 and page["connections_open"] == 1:
                break
            page = status(client, 0)
    assert page["sent_inflated"] == 1600, page
    assert page["connections_open"] == 1, page


def test_access_log(tmp, site, serve):
    """Combined format, and more; what clients send stays within its quotes."""
    tmp.chmod(0o777)
    log = tmp / "access.log"
    fields = [("User-Agent", 'a"b\\c\r\nd\x7f'), ("Referer", "http://r/\xe9")]
    responder = serve("--access-log", str(log))
    responder.expect("^info bad-path ")
    began = time.time()
    with responder.client() as client:
        got = client.ask("/x.wwz/a.txt", headers=fields + GZIP,
                         REMOTE_USER="a user")
        client.ask('/x.wwz/no"ne\n', REMOTE_ADDR="::1")
        client.ask("/x.wwz/d/", "HEAD")
        client.ask("/x.wwz/s.bin", headers=[("Range", "bytes=0-9")])
        client.ask("/x.wwz/" + "y" * 8000, headers=[("Referer", "z" * 20000)])
        lines = wait_lines(log, 5)
    one = parsed(lines[0])
    us = int(one.pop("us"))
    assert 0 < us < harness.PATIENCE * 1e6
    when = time.strptime(one.pop("time"), "%d/%b/%Y:%H:%M:%S +0000")
    assert one == {
        "addr": "127.0.0.1", "user": '"a user"',
        "request": "GET /x.wwz/a.txt HTTP/1.1", "status": "200",
        "bytes": str(len(got.body)), "referer": r"http://r/\xC3\xA9",
        "agent": r'a\"b\\c\x0D\x0Ad\x7F', "archive": f"{site}//x.wwz",
        "member": "a.txt", "coding": "gzip",
    }
    # Whole seconds, of a clock that is up to a tick late.
    assert began - 2 < calendar.timegm(when) <= time.time()
    two = parsed(lines[1])
    assert two["addr"] == "::1" and two["request"] == (
        r'GET /x.wwz/no\"ne\x0A HTTP/1.1'), two
    assert (two["status"], two["member"], two["coding"]) == ("400", "-", "-")
    three = parsed(lines[2])
    assert (three["bytes"], three["member"]) == ("0", "-"), three
    four = parsed(lines[3])
    assert (four["status"], four["bytes"], four["coding"]) == (
        "206", "10", "identity"), four
    assert len(lines[4]) < 4096 and "yyy..." in parsed(lines[4])["request"]
    assert log.stat().st_mode & 0o777 == 0o640


def test_access_log_of_what_is_not_read(tmp, site, serve):
    """A request too long to be read has a line, too."""
    tmp.chmod(0o777)
    log = tmp / "access.log"
    with serve("--access-log", str(log)).client() as client:
        client.send(client.request("/x.wwz/a.txt",
                                   headers=[("X", "x" * 70000)]))
        assert client.read_response().status == 431
        (line,) = wait_lines(log, 1)
    got = parsed(line)
    assert (got["status"], got["request"], got["addr"]) == ("431", "-", "-")


def test_access_log_to_standard_output(tmp, site, serve):
    responder = serve("--access-log", "-")
    with responder.client() as client:
        client.ask("/x.wwz/d/b.txt")
        (line,) = wait_lines(responder.out, 1)
    assert parsed(line)["member"] == "d/b.txt"
    responder.out.write_text("")


def test_access_log_is_opened_again(tmp, site, serve):
    """As logrotate does it; in a directory that is the user's alone."""
    logs = tmp / "logs"
    logs.mkdir()
    logs.chmod(0o777)
    log, old = logs / "access.log", logs / "access.log.1"
    responder = serve("--access-log", str(log))
    with responder.client() as client:
        client.ask("/x.wwz/a.txt")
        wait_lines(log, 1)
        log.rename(old)
        client.ask("/x.wwz/d/b.txt")
        wait_lines(old, 2)
        responder.process.send_signal(signal.SIGHUP)
        asked = 0
        # The new file is there a moment before lines go to it.
        while not log.exists() or not log.read_text():
            client.ask("/x.wwz/s.bin")
            asked += 1
            assert asked < 10_000, "no line comes to the new log"
        client.ask("/x.wwz/d/b.txt")
        lines = wait_lines(log, 1 + asked - (len(old.read_text().splitlines()) - 2))
        assert [parsed(line)["member"] for line in lines] == [
            *["s.bin"] * (len(lines) - 1), "d/b.txt"]
        # If it cannot be opened again, the old one stays in use.
        log.rename(logs / "access.log.2")
        log.mkdir()
        responder.expect("^error access-log-failed ")
        responder.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: responder.lines(), "a complaint")
        client.ask("/x.wwz/d/b.txt")
        wait_lines(logs / "access.log.2", len(lines) + 1)


def test_access_log_without_standard_error(tmp, site, serve):
    """FastCGI lets managers close both; the log does not take their places."""
    tmp.chmod(0o777)
    log = tmp / "access.log"
    responder = serve("--access-log", str(log),
                      prefix=["sh", "-c", 'exec "$@" >&- 2>&-', "sh"])
    with responder.client() as client:
        client.ask("/none.wwz/a.txt")
        client.ask("/x.wwz/a.txt")
        for line in wait_lines(log, 2):
            parsed(line)
    names = [os.readlink(f"/proc/{responder.pid}/fd/{i}") for i in (1, 2)]
    assert names == ["/dev/null"] * 2


@pytest.mark.threads
def test_access_log_of_many(tmp, site, serve):
    """Lines of several threads, with the log opened again all the time, do not
    mix, and none is lost."""
    tmp.chmod(0o777)
    log = tmp / "access.log"
    responder = serve("--access-log", str(log), "--threads", "4")

    def work(number):
        with responder.client() as client:
            for i in range(100):
                client.ask(f"/x.wwz/d/b.txt?{number}-{i}")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        responder.process.send_signal(signal.SIGHUP)
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    lines = wait_lines(log, 600)
    asked = {parsed(line)["request"] for line in lines}
    assert len(asked) == 600


def test_full_disk(site, serve):
    """One complaint, and all answers."""
    responder = serve("--access-log", "/dev/full")
    responder.expect("^error access-log-failed .*No space left")
    with responder.client() as client:
        for _ in range(50):
            assert client.ask("/x.wwz/a.txt").body == TEXT


@pytest.mark.skipif(
    harness.COVERED, reason="gcc's counters need the disk, too")
def test_disk_full_for_a_time(tmp, site, serve):
    """A line that was torn stays a line, and others follow when there is room
    again: here a limit on the size of the file, which is cut."""
    tmp.chmod(0o777)
    log = tmp / "access.log"
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    responder = serve("--access-log", str(log), preexec_fn=lambda:
                      resource.setrlimit(resource.RLIMIT_FSIZE, (2000, most)))
    responder.expect("^error access-log-failed ")
    with responder.client() as client:
        client.ask("/x.wwz/d/b.txt")
        while log.stat().st_size < 2000:
            assert client.ask("/x.wwz/d/b.txt").body == b"b"
        # A line is written behind its response, but before the connection ends.
        client.send(client.request("/x.wwz/d/b.txt", keep=False))
        assert client.read_response().body == b"b"
        assert client.read_record() is None
    harness.wait_until(responder.lines, "a complaint")
    # The second line begins, and ends.
    os.truncate(log, log.read_bytes().index(b"\n") + 30)
    with responder.client() as client:
        assert client.ask("/x.wwz/s.bin").body == NOISE
        lines = wait_lines(log, 3)
    assert [bool(ACCESS.fullmatch(line)) for line in lines] == [
        True, False, True], lines


def test_log_that_cannot_be_opened(site):
    done = subprocess.run(
        [harness.WWZ, "serve", "--root", site, "--listen",
         f"unix:{site}/s", *harness.AS_USER, "--access-log",
         "/nonexistent/log"], capture_output=True, text=True,
        timeout=harness.PATIENCE)
    assert done.returncode == 2, done
    assert "/nonexistent/log: No such file" in done.stderr, done


SLOW = re.compile(
    r"^warn slow-request time=\S+ uri=(?P<uri>\S+) archive=\S+ member=\S+"
    r" status=200 ms=(?P<ms>[\d.]+) open=(?P<open>[\d.]+)"
    r" wait=(?P<wait>[\d.]+) inflate=(?P<inflate>[\d.]+)"
    r" send=(?P<send>[\d.]+) peer=(?P<peer>[\d.]+)$"
)


@pytest.mark.parametrize("limit", [0, 200])
def test_slow(root, serve, limit):
    """Only what is slow by itself, and where the time went: that which the peer
    took does not count.  On a busy machine any may be slow."""
    archives.write(root / "x.wwz", {
        "a.txt": "a", "large": (archives.noise(8 << 20), archives.STORED)})
    responder = serve("--slow", str(limit))
    responder.allow("^warn slow-request ")
    with responder.client() as client:
        client.ask("/x.wwz/a.txt")
        client.send(client.request("/x.wwz/large"))
        assert client.socket.recv(1, socket.MSG_PEEK)
        harness.wait_until(responder.at_rest, "it waits for the peer")
        time.sleep(0.25)
        assert len(client.read_response().body) == 8 << 20
        client.ask("/x.wwz/a.txt")
        if limit == 0:
            harness.wait_until(lambda: len(responder.lines()) == 3, "lines")
    for line in responder.lines():
        got = SLOW.match(line).groupdict()
        uri = got.pop("uri")
        ms = {name: float(value) for name, value in got.items()}
        assert ms["ms"] >= limit, line
        parts = ms["open"] + ms["wait"] + ms["inflate"] + ms["send"]
        assert abs(parts - ms["ms"]) < 0.01, line
        assert ms["peer"] > 200 or uri != "/x.wwz/large", line


def test_slow_zero_is_all(site, serve):
    responder = serve("--slow", "0")
    responder.expect("^warn slow-request ", 2)
    with responder.client() as client:
        client.ask("/x.wwz/a.txt")
        client.ask("/x.wwz/d/b.txt")
        harness.wait_until(lambda: len(responder.lines()) == 2, "two lines")


def damaged(root):
    """An archive with a member that is damaged behind its first 64 KiB."""
    path = root / "bad.wwz"
    archives.write(path, {"b.bin": (archives.noise(1 << 20), archives.STORED)})
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)


def test_front_end_hears(root, serve, front):
    """nginx's error log has the very line of the responder's."""
    (root / "x.wwz").write_bytes(b"no archive")
    os.utime(root / "x.wwz", (1, 1))
    responder = serve()
    responder.expect("^warn archive-damaged ")
    nginx = front(responder)
    nginx.expect("FastCGI sent in stderr: .*archive-damaged")
    with contextlib.closing(nginx.client()) as client:
        assert client.ask("/x.wwz/a").status == 500
    (line,) = responder.lines()
    (told,) = nginx.lines()
    assert line in told, (line, told)


def stderr_of(responder, request):
    """What comes as FCGI_STDERR, and the types of all records."""
    with responder.client() as client:
        client.send(client.request(request))
        text, kinds = b"", []
        while (got := client.read_record()) is not None:
            kinds.append(got[0])
            if got[0] == harness.STDERR:
                text += got[2]
            if got[0] == harness.END:
                break
    return text, kinds


def test_stderr_records(root, serve):
    """For a request that failed, and for one that was cut; each stream has its
    end."""
    damaged(root)
    (root / "x.wwz").write_bytes(b"no archive")
    os.utime(root / "x.wwz", (1, 1))
    responder = serve()
    responder.expect("^warn archive-damaged ")
    responder.expect("^warn member-damaged ")
    text, kinds = stderr_of(responder, "/x.wwz/a")
    assert kinds == [7, 7, 6, 6, 3], kinds
    assert text.decode() == responder.lines()[0] + "\n"
    text, kinds = stderr_of(responder, "/bad.wwz/b.bin")
    assert 7 in kinds and 3 not in kinds, kinds
    assert text.decode() == responder.lines()[1] + "\n"
    assert stderr_of(responder, "/bad.wwz/none")[1] == [6, 6, 3]


def test_no_stderr_records_for_a_parent(tmp, root, serve):
    """Who started it with the socket as descriptor 0 has its standard error,
    and would get each line twice."""
    (root / "x.wwz").write_bytes(b"no archive")
    os.utime(root / "x.wwz", (1, 1))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp / "zero"))
        listening.listen(5)
        responder = serve(
            command=[harness.WWZ, "serve", *harness.AS_USER, "--root", root],
            address=tmp / "zero", stdin=listening)
    responder.expect("^warn archive-damaged ")
    assert stderr_of(responder, "/x.wwz/a") == (b"", [6, 6, 3])
