"""Sites that lie elsewhere than below one document root: virtual hosts, an
Alias, one archive as the whole site; and other ways to start the responder."""

import contextlib
import os
import signal
import subprocess

import pytest

import archives
import fronts
import harness

PAGE = b"<!doctype html><title>start</title>"
OWN_404 = b"<!doctype html><title>gone</title>our own"
MEMBERS = {
    "index.html": PAGE,
    "404.html": OWN_404,
    "a/b.html": b"<!doctype html>b",
    "a/more/c.txt": b"c",
    "two words.txt": b"space",
    "100%25.txt": b"decoded once",
    "what?.txt": b"question mark",
    "x.wwz/y.txt": b"no archive",
    "big.bin": (archives.noise(1 << 20), archives.STORED),
}


@pytest.fixture
def place(tmp):
    root = tmp / "www"
    root.mkdir()
    return fronts.Place(tmp, root)


@pytest.fixture
def start():
    """start(process) ends it, and judges it, after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda process: stack.enter_context(harness.running(process))


def ask(front, path, *args, host=None, **more):
    client = front.client(host)
    try:
        return client.ask(path, *args, **more)
    finally:
        client.close()


def check(front, rows, host=None):
    """Paths with the status and body (None: any) that they are to have."""
    wrong = []
    for path, status, body in rows:
        got = ask(front, path, host=host)
        if got.status != status or body not in (None, got.body):
            wrong.append(f"{path}: {status} wanted: {got}")
    assert not wrong, "\n".join(wrong)


# Requests for a whole site that is one archive, and the answers.
WHOLE = [
    ("/", 200, PAGE),
    ("/index.html", 200, PAGE),
    ("/?x=1", 200, PAGE),
    ("/a/b.html", 200, b"<!doctype html>b"),
    ("/a//b.html", 200, b"<!doctype html>b"),
    ("/a/./x/../b.html", 200, b"<!doctype html>b"),
    ("/two%20words.txt", 200, b"space"),
    ("/100%2525.txt", 200, b"decoded once"),
    ("/x.wwz/y.txt", 200, b"no archive"),
    ("/a", 301, None),
    ("/a/", 200, None),
    ("/none.txt", 404, OWN_404),
    ("/site.wwz", 404, OWN_404),
    ("/site.wwz/a/b.html", 404, OWN_404),
    ("/big.bin", 200, MEMBERS["big.bin"][0]),
]


def whole_fcgid(place):
    fronts.put_htaccess(place, {".htaccess": "whole-site.htaccess",
                                "bin/.htaccess": "bin.htaccess"})
    fronts.fcgid_program(place)
    return fronts.fcgid(place)


WHOLE_SITES = {
    "nginx": lambda place: fronts.Nginx(place, "whole-site.conf", None),
    "lighttpd": lambda place: fronts.Lighttpd(
        place, "lighttpd/whole-site.conf"),
    "mod_fcgid": whole_fcgid,
    "mod_proxy_fcgi": lambda place: fronts.proxy_fcgi(
        place, "whole-site.conf"),
    "haproxy": lambda place: fronts.Haproxy(place, "whole-site.cfg"),
    "caddy": lambda place: fronts.Caddy(place, "whole-site.Caddyfile"),
}


@pytest.mark.parametrize("name", WHOLE_SITES)
def test_whole_site(place, start, name):
    archives.write(place.root / "site.wwz", MEMBERS)
    if name != "mod_fcgid":
        start(fronts.responder(place)).allow("info bad-path")
    front = start(WHOLE_SITES[name](place))
    front.allow("AH10244: invalid URI path")
    check(front, WHOLE)
    got = ask(front, "/a?q=%2F")
    assert got.get("Location").endswith("/a/?q=%2F"), got
    for path in ("/../etc/passwd", "/%2e%2e/etc/passwd", "/a/../../x"):
        got = ask(front, path)
        assert got.status in (400, 404), got


SITE = [
    ("/site.wwz/", 200, PAGE),
    ("/site.wwz/a/b.html", 200, b"<!doctype html>b"),
    ("/site.wwz/100%2525.txt", 200, b"decoded once"),
    ("/site.wwz/x.wwz/y.txt", 200, b"no archive"),
    ("/site.wwz", 301, None),
    ("/site.wwz/a", 301, None),
    ("/site.wwz/none", 404, OWN_404),
]

HOSTS = """
<VirtualHost *:{port}>
	ServerName one.example.org
	DocumentRoot "{root}/one"
</VirtualHost>
<VirtualHost *:{port}>
	ServerName two.example.org
	DocumentRoot "{root}/two"
	Alias "/else" "{elsewhere}"
</VirtualHost>
<Directory "{elsewhere}">
	AllowOverride Options FileInfo
	Require all granted
</Directory>
"""


def hosts(place):
    """Two hosts, one with an Alias; each has an archive that says whose it
    is.  The configuration of Apache for them."""
    for name in ("one", "two", "../elsewhere"):
        directory = place.root / name
        directory.mkdir(parents=True)
        archives.write(
            directory / "site.wwz",
            {**MEMBERS, "who.txt": directory.name.encode()},
        )
    return HOSTS.format(
        port="{port}", root=place.root, elsewhere=place.tmp / "elsewhere"
    )


def check_hosts(front, alias=True):
    for name in ("one", "two"):
        host = f"{name}.example.org"
        check(front, SITE, host)
        check(front, [("/site.wwz/who.txt", 200, name.encode())], host)
    if alias:
        elsewhere = [(f"/else{path}", *rest) for path, *rest in SITE]
        check(front, elsewhere, "two.example.org")
        who = [("/else/site.wwz/who.txt", 200, b"elsewhere")]
        check(front, who, "two.example.org")


def test_hosts_and_alias_mod_proxy_fcgi(place, start):
    more = hosts(place)
    start(fronts.responder(place, root=place.tmp))
    check_hosts(start(fronts.proxy_fcgi(place, more=more)))


def test_hosts_and_alias_mod_fcgid(place, start):
    more = hosts(place)
    for directory in ("one", "two", "../elsewhere"):
        fronts.put_htaccess(
            place, {f"{directory}/.htaccess": "wrapper.htaccess"},
            options=f"--root {place.tmp}",
        )
    check_hosts(start(fronts.fcgid(place, more=more)))


@pytest.mark.parametrize("options", ["", "--root"])
@pytest.mark.parametrize("form", ["rewrite", "action"])
def test_hosts_mod_fcgid_forms(place, start, form, options):
    """The forms whose SCRIPT_FILENAME does not name the archive, with a root
    that is wider than the hosts' own."""
    more = hosts(place)
    for directory in ("one", "two"):
        fronts.put_htaccess(
            place,
            {f"{directory}/.htaccess": f"{form}.htaccess",
             f"{directory}/bin/.htaccess": "bin.htaccess"},
        )
        program = f"exec {place.binary} serve"
        if options:
            program += f" --root {place.tmp}"
        place.file(place.root / directory / "bin/dispatch.fcgi",
                   f"#!/bin/sh\n{program}\n", 0o755)
    check_hosts(start(fronts.fcgid(place, more=more)), alias=False)


def test_alias_lighttpd(place, start):
    hosts(place)
    start(fronts.responder(place, root=place.tmp))
    alias = f'alias.url = ( "/else" => "{place.tmp}/elsewhere" )\n'
    front = start(fronts.Lighttpd(place, more=alias))
    for path in ("/one", "/two", "/else"):
        check(front, [(path + at, *rest) for at, *rest in SITE])
    check(front, [("/else/site.wwz/who.txt", 200, b"elsewhere")])


def test_spawn_fcgi(place, start):
    """The script as it is shipped, and nginx before it."""
    archives.write(place.root / "site.wwz", MEMBERS)
    text = fronts.shipped(
        "spawn-fcgi/wwz",
        ("/run/wwz", place.run),
        (fronts.BINARY, place.binary),
        (fronts.ROOT, place.root),
    )
    script = place.file("wwz-start", text, 0o755)
    start(harness.Responder(
        place.tmp, place.root, command=[script, "-n"],
        address=str(place.socket),
    ))
    check(start(fronts.Nginx(place)), SITE)


def cgi_apache(place, more=""):
    text = fronts.shipped(
        "cgi/apache.conf",
        ("/usr/lib/cgi-bin/wwz.cgi", place.binary),
        ("wwz.cgi", place.binary.name),
    )
    return fronts.Apache(place, text, modules=["cgid", "actions"], more=more)


def cgi_bin(place):
    """Where Apache takes all that is there for CGI programs: a link to wwz."""
    directory = place.tmp / "bin"
    directory.mkdir()
    (directory / "wwz").symlink_to(place.binary)
    return fronts.Apache(place, f"""
ScriptAlias /bin/ {directory}/
<Directory {directory}>
	Options FollowSymLinks ExecCGI
	Require all granted
</Directory>
""", modules=["cgid"])


def cgi_lighttpd(place, more=""):
    return fronts.Lighttpd(place, "cgi/lighttpd.conf", place.binary, more)


# How to start the server, and what stands before an archive's path.
CGI = {
    "apache": (cgi_apache, ""),
    "cgi-bin": (cgi_bin, "/bin/wwz"),
    "lighttpd": (cgi_lighttpd, ""),
}
SET_OPTIONS = {
    "apache": 'SetEnv WWZ_OPTIONS "{}"\n',
    "lighttpd": 'server.modules += ( "mod_setenv" )\n'
                'setenv.set-environment = ( "WWZ_OPTIONS" => "{}" )\n',
}


@pytest.mark.parametrize("name", CGI)
def test_cgi_without_script(place, start, name):
    """wwz itself as the CGI program: what servers pass as arguments, from the
    query or of their own, are no options and no commands, not even where the
    query is not what the arguments say."""
    archives.write(place.root / "site.wwz", MEMBERS)
    start_front, before = CGI[name]
    front = start(start_front(place))
    front.allow("warn arguments-ignored ")
    page = f"{before}/site.wwz/a/b.html"
    owned = fronts.own(place.tmp / "www") / "owned.php"
    for query in ("", "?--version", "?--root+/", "?help", "?-h", "?--+x",
                  "?serve+--no-listing", "?a%20b+--help", "?--index=x",
                  f"?--access-log+{owned}", f"?--access-log+{owned}%00",
                  f"?--access-log%3d{owned}%00", f"?--access-log%3d{owned}",
                  f"?serve+--access-log+{owned}%00%00",
                  f"?pack+{place.root}+{owned}%00",
                  f"?--access-log+{owned}+--+%00"):
        # lighttpd lets no NUL through.
        if name == "lighttpd" and "%00" in query:
            check(front, [(page + query, 400, None)])
        else:
            check(front, [(page + query, 200, MEMBERS["a/b.html"])])
        assert not owned.exists(), query
    check(front, [(f"{before}/site.wwz/a/?serve+--no-listing", 200, None)])


@pytest.mark.parametrize("name", SET_OPTIONS)
def test_cgi_options_of_the_server(place, start, name):
    """WWZ_OPTIONS as the server's configuration sets it.  A client's own stays
    HTTP_WWZ_OPTIONS."""
    archives.write(place.root / "site.wwz", MEMBERS)
    more = SET_OPTIONS[name].format(f"--no-listing --root {place.root}")
    front = start(CGI[name][0](place, more=more))
    for headers in ([], [("WWZ_OPTIONS", "--max-age 5"),
                         ("WWZ-OPTIONS", "--max-age 5")]):
        got = ask(front, "/site.wwz/a/b.html", headers=headers)
        assert (got.status, got.get("Cache-Control")) == (200, "no-cache"), got
        assert ask(front, "/site.wwz/a/", headers=headers).status == 403


def unit(place, name):
    text = fronts.shipped(
        f"systemd/{name}",
        *[
            pair
            for pair in (
                (fronts.SOCKET, place.socket),
                (fronts.BINARY, place.binary),
                (fronts.ROOT, place.root),
            )
            if pair[0] in (fronts.DEPLOY / "systemd" / name).read_text()
        ],
    )
    return place.file(f"units/{name}", text)


def setting(path, name):
    """The value of a setting that stands once in a unit."""
    lines = path.read_text().splitlines()
    (value,) = [
        line.partition("=")[2] for line in lines if line.startswith(name + "=")
    ]
    return value


class SocketActivated(harness.Responder):
    """wwz.service's command, started by wwz.socket's first connection."""

    def __init__(self, place, prefix=()):
        socket = unit(place, "wwz.socket")
        service = unit(place, "wwz.service")
        address = setting(socket, "ListenStream")
        super().__init__(
            place.tmp,
            place.root,
            command=[
                *prefix, "systemd-socket-activate", "-l", address,
                *setting(service, "ExecStart").split(),
            ],
            address=address,
            **fronts.drop(),
        )

    def lines(self):
        """Without those of systemd-socket-activate."""
        own = ("Listening on ", "Communication attempt on fd ", "Execing ")
        return [line for line in super().lines() if not line.startswith(own)]


def test_socket_activation(place, start):
    archives.write(place.root / "site.wwz", MEMBERS)
    start(SocketActivated(place))
    check(start(fronts.Nginx(place)), SITE)


def test_units_are_valid(place):
    units = [unit(place, name) for name in ("wwz.socket", "wwz.service")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True, text=True, timeout=harness.PATIENCE,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), done


def system_calls(name):
    """The system calls of a set that systemd knows, with those of the sets in
    it."""
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", name],
        capture_output=True, text=True, check=True,
    )
    words = [line.strip() for line in done.stdout.splitlines()[1:]]
    found = set()
    for word in words:
        if word.startswith("@"):
            found |= system_calls(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def allowed_calls(path):
    """What wwz.service's SystemCallFilter lets through."""
    allowed = set()
    for line in path.read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "SystemCallFilter":
            remove = value.startswith("~")
            for word in value.lstrip("~").split():
                calls = system_calls(word) if word[0] == "@" else {word}
                allowed = allowed - calls if remove else allowed | calls
    assert len(allowed) > 100, allowed
    return allowed


def test_service_may_call_what_it_calls(place, start):
    """What wwz asks the kernel for passes wwz.service's filter."""
    archives.write(place.root / "site.wwz", MEMBERS)
    trace = place.tmp / "trace"
    command = ["strace", "-f", "-qq", "-o", trace, place.binary, "serve",
               "--listen", f"unix:{place.socket}", "--root", place.root]
    responder = harness.Responder(
        place.tmp, place.root, command=command, address=str(place.socket),
        env=harness.traceable(),
    )
    responder.allow("running-as-root")
    with responder.client() as client:
        for path, status, _ in SITE:
            assert client.ask(path).status == status
    # strace does not pass on a signal that it gets itself.
    children = f"/proc/{responder.pid}/task/{responder.pid}/children"
    with open(children) as file:
        (child,) = file.read().split()
    os.kill(int(child), signal.SIGTERM)
    responder.finish()
    called = set()
    for line in trace.read_text(errors="replace").splitlines():
        word = line.split(None, 1)[1].partition("(")[0]
        if word == "execve":
            called.clear()
        elif word.isidentifier():
            called.add(word)
    assert len(called) > 10, called
    allowed = allowed_calls(unit(place, "wwz.service"))
    assert not called - allowed, sorted(called - allowed)


# Archives whose URLs do not show ".wwz", beside a link to one of them.
VERSIONS = {
    "nginx": lambda place: fronts.Nginx(place, "versions.conf", None),
    "lighttpd": lambda place: fronts.Lighttpd(place, more=fronts.shipped(
        "lighttpd/versions.conf")),
    "mod_fcgid": lambda place: versions_fcgid(place),
    "mod_proxy_fcgi": lambda place: fronts.proxy_fcgi(
        place, more=fronts.shipped("apache-mod_proxy_fcgi/versions.conf",
                                   (fronts.SOCKET, place.socket),
                                   (fronts.ROOT, place.root))),
    "haproxy": lambda place: fronts.Haproxy(place, "versions.cfg"),
    "caddy": lambda place: fronts.Caddy(place, "versions.Caddyfile"),
}


def versions_fcgid(place):
    fronts.put_htaccess(place, {"docs/.htaccess": "wrapper.htaccess"})
    fronts.fcgid_program(place)
    path = place.root / "docs/.htaccess"
    path.write_text(path.read_text()
                    + fronts.shipped("apache-mod_fcgid/versions.htaccess"))
    return fronts.fcgid(place)


def switch(place, version):
    """As deploy/README.md has it: the link is never missing."""
    subprocess.run(f"ln -sfn {version}.wwz latest.new && mv -T latest.new latest.wwz",
                   shell=True, cwd=place.root / "docs", check=True)


@pytest.mark.parametrize("name", VERSIONS)
def test_versions(place, start, name):
    docs = place.root / "docs"
    docs.mkdir()
    for version in ("1.2", "1.10-rc1"):
        archives.write(docs / f"{version}.wwz",
                       {**MEMBERS, "version.txt": version.encode()})
    switch(place, "1.2")
    if name != "mod_fcgid":
        start(fronts.responder(place)).allow("info (bad-path|archive-missing)")
    front = start(VERSIONS[name](place))
    front.allow("AH10244: invalid URI path")
    for version, real in [("1.2", "1.2"), ("1.10-rc1", "1.10-rc1"),
                          ("latest", "1.2")]:
        check(front, [
            (f"/docs/{version}{path}", status, body) for path, status, body in [
                ("/version.txt", 200, real.encode()), ("/", 200, PAGE),
                ("/?x=1", 200, PAGE), ("/a/b.html", 200, b"<!doctype html>b"),
                ("/two%20words.txt", 200, b"space"),
                ("/100%2525.txt", 200, b"decoded once"), ("/a/", 200, None),
                ("/x.wwz/y.txt", 200, b"no archive"), ("/none", 404, OWN_404)]])
        for path in ("", "/a"):
            got = ask(front, f"/docs/{version}{path}?q=1")
            assert got.status == 301, got
            assert got.get("Location").endswith(f"/docs/{version}{path}/?q=1"), got
    assert ask(front, "/docs/1.3/").status == 404
    # Forward, and back.
    for version in ("1.10-rc1", "1.2"):
        switch(place, version)
        check(front, [("/docs/latest/version.txt", 200, version.encode())])


def test_hosts(place, start):
    """Each archive under a name of its own, and nothing else under any."""
    for name in ("one", "run-2"):
        archives.write(place.root / f"{name}.wwz", {**MEMBERS, "who": name.encode()})
    (place.root / "deep").mkdir()
    archives.write(place.root / "deep/er.wwz", MEMBERS)
    start(fronts.responder(place)).allow("info archive-missing")
    front = start(fronts.Nginx(place, "hosts.conf", None))
    for host in ("one", "run-2", "ONE"):
        check(front, [("/who", 200, host.lower().encode()), *WHOLE],
              host=f"{host}.reports.example")
    for host in ("none", "deep"):
        got = ask(front, "/", host=f"{host}.reports.example")
        assert got.status == 404, got
    # What is no such name gets the server that nginx takes for all others: this one.
    for host in ("deep/er", "a.one", "..", "one.reports.example", "", "one%00"):
        got = ask(front, "/who", host=f"{host}.reports.example".lstrip("."))
        assert got.status in (400, 404), (host, got)
