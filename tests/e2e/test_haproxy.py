"""HAProxy with long URLs: they reach wwz, or HAProxy says that they are too long."""

import subprocess

import pytest

import archives
import fronts
import harness

# As large a field as other front ends take; with it the longest URL must still fit.
COOKIE = ("Cookie", "c" * 15_000)


@pytest.mark.parametrize("name, base", [
    ("haproxy.cfg", "/site.wwz"), ("whole-site.cfg", ""),
])
def test_long_urls(tmp, root, name, base):
    long = "d/" * 3000 + "a.txt"
    archives.write(root / "site.wwz", {"a.txt": b"short", long: b"long"})
    place = fronts.Place(tmp / "front", root)
    with harness.running(fronts.responder(place)) as responder:
        with harness.running(fronts.Haproxy(place, name)) as front:
            client = front.client()

            def ask(path, size=0):
                path = f"{base}/{path}"
                return client.ask(path + "x" * (size - len(path)),
                                  headers=[COOKIE])

            assert ask(long).body == b"long"
            assert ask("a.txt?", 9000).body == b"short"
            assert ask("", 9000).status == 404
            for path in ("", "a.txt?"):
                for size in (9001, 30_000, 48_000):
                    assert ask(path, size).status == 414, (path, size)
            assert ask("a.txt").body == b"short"
            client.close()


def test_by_itself(tmp, root, monkeypatch):
    """What docs/front-ends.md says of HAProxy 2.6: it does not tell wwz that an empty
    chunked body has ended, and gives 304 a length."""
    version = subprocess.run(["haproxy", "-v"], capture_output=True, text=True)
    old = " version 2.6." in version.stdout
    archives.write(root / "site.wwz", {"a.txt": b"short"})
    shipped = fronts.shipped
    place = fronts.Place(tmp / "front", root)
    with harness.running(fronts.responder(place)):
        if old:
            # The answer that does not come is not waited for long.
            monkeypatch.setattr(fronts, "shipped", lambda name, *changes: shipped(
                name, *changes, ("timeout server 60s", "timeout server 1s")))
        with harness.running(fronts.Haproxy(place)) as front:
            client = front.client()
            got = client.ask("/site.wwz/a.txt", "POST", body=[])
            assert got.status == (504 if old else 405), got
            client.close()
        monkeypatch.undo()
        with harness.running(fronts.Haproxy(place)) as front:
            client = front.client()
            tag = client.ask("/site.wwz/a.txt").get("ETag")
            got = client.ask(
                "/site.wwz/a.txt", headers=[("If-None-Match", tag)])
            assert got.status == 304, got
            assert got.get("Content-Length") == "0" or not old, got
            client.close()
