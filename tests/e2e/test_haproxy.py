"""HAProxy with long URLs: they reach wwz, or HAProxy says that they are too long."""

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
