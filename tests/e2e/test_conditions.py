"""Thousands of conditional requests against a model of RFC 9110, 13.2.2."""

import collections

import pytest

import archives
import conditions
import harness

CONTENT = {
    "text.txt": archives.text(3000, 1),
    "stored.bin": archives.noise(2000, 2),
}
COUNT = 6000


@pytest.fixture(scope="module")
def servers(module_tmp):
    root = module_tmp / "www"
    root.mkdir()
    archives.write(root / "x.wwz", {
        "text.txt": CONTENT["text.txt"],
        "stored.bin": (CONTENT["stored.bin"], archives.STORED)})
    archives.stamp(root / "x.wwz")
    with harness.served(module_tmp, root) as served:
        yield served


def look_up(client):
    return [
        conditions.look_up(client, f"/x.wwz/{name}", content, name[0] == "t")
        for name, content in CONTENT.items()]


def test_model(servers):
    """Behind nginx, and by the same connection."""
    client = servers[1].client()
    asked, wrong = conditions.faults(client, look_up(client), COUNT, 13)
    client.close()
    assert asked > COUNT
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:10])


def test_all_is_asked(servers):
    """The sample has every kind of answer often, else it would say little."""
    client = servers[1].client()
    members = look_up(client)
    client.close()
    seen = collections.Counter(
        conditions.answer(*request)[0]
        for request in conditions.requests(members, COUNT, 13))
    for status in (200, 204, 206, 304, 405, 406, 412, 416):
        assert seen[status] >= 30, seen
