"""What is asked of whom, and what is wanted of the figures."""

import pairs
from material import PAGE, SIZES

GZIP = [("Accept-Encoding", "gzip")]
LARGE = [("Range", "bytes=100000-165535")]


class Case:
    """One request, or several at random, and those that answer it: names of
    servers, each alone or with a path of its own."""

    def __init__(self, name, says, path, servers, fields=(), size=None,
                 status=200, tag=False):
        self.name, self.says, self.path = name, says, path
        self.fields, self.status, self.tag = list(fields), status, tag
        self.size = size  # of the content as the client has it
        self.servers = servers

    @property
    def coding(self):
        return "gzip" if self.fields == GZIP else None

    def reference(self, name):
        """The server that is compared with this one."""
        if name.startswith("lighttpd ") and "lighttpd" in self.servers:
            return "lighttpd"
        return "wwz"

    def pairs(self, here):
        """(server, other), of those that are here: each with its reference,
        and whom a target names."""
        pairs = [(self.reference(name), name) for name in self.servers]
        pairs += [(target.mine, target.other) for target in TARGETS
                  if target.case == self.name]
        return [(one, other) for one, other in dict.fromkeys(pairs)
                if one != other and {one, other} <= set(here)]


def site(kind, size):
    return f"/site.wwz/{kind}/{PAGE[size]}"


def _page(size, kind, coded, servers):
    name = size
    if coded:
        name += "-gzip"
    elif kind == "deflated":
        name += "-inflated"
    says = {"stored": "stored, as identity",
            "deflated": "deflated, as " + ("gzip" if coded else "identity")}
    return Case(name, f"{size}, {says[kind]}", site(kind, size), servers,
                GZIP if coded else (), SIZES[size])


ZIP_SERVERS = ["fuse-zip", "kiwix-serve", "zipfile"]

CASES = [
    _page("4k", "stored", False,
          ["wwz", "canned", "bare", "file", "unkept", "cache", *ZIP_SERVERS,
           "lighttpd", "lighttpd canned", "lighttpd file"]),
    _page("4k", "deflated", True,
          ["wwz", "canned", "bare", "gzip_static", "on the fly", "cache",
           "fuse-zip, gzip", "kiwix-serve", "lighttpd", "lighttpd canned"]),
    _page("4k", "deflated", False, ["wwz", "canned", "wwz, stored"]),
    _page("300k", "stored", False,
          ["wwz", "canned", "bare", "file", *ZIP_SERVERS,
           "lighttpd", "lighttpd canned", "lighttpd file"]),
    _page("300k", "deflated", True,
          ["wwz", "canned", "bare", "gzip_static", "on the fly",
           "fuse-zip, gzip", "kiwix-serve", "lighttpd", "lighttpd canned"]),
    _page("300k", "deflated", False, ["wwz", "canned", "wwz, stored"]),
    _page("30m", "stored", False, ["wwz", "canned", "file"]),
    _page("30m", "deflated", True, ["wwz", "canned", "gzip_static"]),
    _page("30m", "deflated", False, ["wwz", "wwz, stored"]),
    Case("many", "10,000 members at random, as identity", "many",
         ["wwz", "canned", "bare", "file", *ZIP_SERVERS], size=SIZES["4k"]),
    Case("many-gzip", "10,000 members at random, as gzip", "many",
         ["wwz", "canned", "gzip_static", "cache"], GZIP, SIZES["4k"]),
    Case("sites", "5,000 archives at random, as gzip", "sites",
         ["wwz", "gzip_static"], GZIP, SIZES["4k"]),
    Case("range", "64 KiB in the middle of 30m, stored",
         site("stored", "30m"), ["wwz", "canned", "file"], LARGE, 65536, 206),
    Case("range-inflated", "64 KiB in the middle of 300k, deflated",
         site("deflated", "300k"), ["wwz", "canned"], LARGE, 65536, 206),
    Case("304", "4k, not modified", site("stored", "4k"),
         ["wwz", "canned", "file"], size=0, status=304, tag=True),
]


class Target:
    """The rate of wwz (or of "cpu": its CPU time for a request) in a case, over
    that of another server, is to be at least (of cpu: at most) so much."""

    def __init__(self, case, other, wanted, what="rate", mine="wwz"):
        self.case, self.other, self.wanted = case, other, wanted
        self.what, self.mine = what, mine

    def verdict(self, values):
        words = ("not met", "met") if self.what == "rate" else (
            "met", "not met")
        return pairs.verdict(values, self.wanted, words)


TARGETS = [
    Target("4k", "canned", 0.95),
    Target("4k-gzip", "canned", 0.95),
    Target("300k", "canned", 0.9),
    Target("300k-gzip", "canned", 0.9),
    Target("4k", "canned", 1.15, "cpu"),
    Target("4k-gzip", "canned", 1.15, "cpu"),
    Target("300k", "canned", 1.25, "cpu"),
    Target("300k-gzip", "canned", 1.2, "cpu"),
    Target("4k-gzip", "on the fly", 3),
    Target("300k-gzip", "on the fly", 20),
    Target("300k-gzip", "gzip_static", 0.6),
    Target("30m", "file", 0.9),
    Target("4k-inflated", "wwz, stored", 0.8),
    Target("300k-inflated", "wwz, stored", 0.8),
    Target("30m-inflated", "wwz, stored", 0.5),
    Target("many", "canned", 0.85),
    Target("sites", "gzip_static", 0.8),
    Target("range-inflated", "canned", 0.8),
    Target("4k", "fuse-zip", 1),
    Target("4k", "kiwix-serve", 1),
    Target("4k", "zipfile", 1),
    Target("4k", "lighttpd canned", 0.9, mine="lighttpd"),
    Target("4k", "file", 0.8, mine="cache"),
]
