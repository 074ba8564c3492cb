"""A thousand requests and a TERM under valgrind: no leak, no bad access.

Left out for sanitizer builds, see conftest.py."""

import signal

import archives
import harness

VALGRIND = [
    "valgrind",
    "--quiet",
    "--vgdb=no",
    # System calls that valgrind has not heard of are told there too.
    "--log-file=valgrind.log",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite,indirect,possible",
    "--error-exitcode=99",
]

SITE = {
    "index.html": archives.text(3000),
    "big.txt": archives.text(200_000),
    "stored.bin": (archives.noise(200_000), archives.STORED),
    "bzip2.txt": (archives.text(20_000), archives.BZIP2),
    "sub/a.txt": b"a",
    "404.html": b"own",
}

# Path, method, fields, status.
REQUESTS = [
    ("/x.wwz/", "GET", [], 200),
    ("/x.wwz/", "GET", [("Accept-Encoding", "gzip")], 200),
    ("/x.wwz/big.txt", "GET", [], 200),
    ("/x.wwz/big.txt", "HEAD", [], 200),
    ("/x.wwz/big.txt", "GET", [("Range", "bytes=9-99,1000-1999,-5")], 206),
    ("/x.wwz/big.txt", "GET", [("If-None-Match", "*")], 304),
    ("/x.wwz/stored.bin", "GET", [], 200),
    ("/x.wwz/stored.bin", "GET", [("Range", "bytes=-9")], 206),
    ("/x.wwz/stored.bin", "GET", [("Range", "bytes=900000-")], 416),
    ("/x.wwz/bzip2.txt", "GET", [], 200),
    ("/x.wwz/sub", "GET", [], 301),
    ("/x.wwz/sub/", "GET", [], 200),
    ("/x.wwz/-wwz-index", "GET", [], 200),
    ("/x.wwz/-wwz-archive", "GET", [], 200),
    ("/x.wwz/sub/?download", "GET", [], 200),
    ("/x.wwz/sub/?download", "GET", [("Range", "bytes=-99")], 206),
    ("/x.wwz/-wwz-search?q=a", "GET", [], 200),
    ("/x.wwz/none", "GET", [], 404),
    ("/x.wwz/a", "POST", [], 405),
    ("/none.wwz/a", "GET", [], 404),
    ("/text.wwz/a", "GET", [], 500),
    ("/damaged.wwz/index.html", "GET", [("Accept-Encoding", "gzip")], 200),
    ("/../x.wwz/a", "GET", [], 400),
]


def test_thousand_requests(tmp, root, serve):
    archives.write(root / "x.wwz", SITE)
    archives.write(root / "damaged.wwz", SITE)
    archives.patch(root / "damaged.wwz", "big.txt", "crc", 1)
    (root / "text.wwz").write_text("no archive")
    archives.age(root / "text.wwz")
    responder = serve("--threads", "2", "--max-archives", "1", prefix=VALGRIND)
    responder.allow("^(info|warn) .*(none|text|damaged|x)\\.wwz")
    client = responder.client()
    for turn in range(50):
        for path, method, fields, status in REQUESTS:
            body = b"body" if turn % 2 else b""
            got = client.ask(path, method, fields, body)
            assert got.status == status, f"{path}: {got}"
        if turn % 10 == 0:
            # One that is cut short, and one that goes away.
            with responder.client() as other:
                other.send(other.request("/damaged.wwz/big.txt", keep=False))
                assert other.read_response().cut
            with responder.client() as other:
                other.send(other.request("/x.wwz/stored.bin"))
            archives.write(tmp / "new", SITE)
            (tmp / "new").rename(root / "x.wwz")
    responder.process.send_signal(signal.SIGHUP)
    assert client.ask("/x.wwz/").status == 200
    client.close()
    try:
        responder.end(signal.SIGTERM)
    finally:
        print((tmp / "valgrind.log").read_text())
