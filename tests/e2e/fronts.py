"""Front ends with the configuration that deploy/ ships, each on a port of its
own, run by the test and with nothing of the system's but the programs.

Shipped files name places that this module replaces, and nothing else.
"""

import contextlib
import os
import pwd
import shutil
import signal

import harness

DEPLOY = harness.TOP / "deploy"
SOCKET, ROOT, BINARY = "/run/wwz/wwz.sock", "/srv/www", "/usr/local/bin/wwz"
USER = "www-data"
HOST = "www.example.org"

# Programs that start as root and change the user are told to become this user;
# others are started as this user.
AS_ROOT = os.geteuid() == 0


def drop(user=USER):
    """Options for a Process that runs as user, when started by root."""
    if not AS_ROOT:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def own(path, user=USER):
    """Give path to user."""
    if AS_ROOT:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


def shipped(name, *changes):
    """The text of a file of deploy/ with places replaced: pairs of the place
    and what to put there.  Each must be there."""
    text = (DEPLOY / name).read_text()
    for old, new in changes:
        assert old in text, f"deploy/{name} does not mention {old}"
        text = text.replace(old, str(new))
    return text


# Sanitizers need addresses that are not random, and a front end that starts wwz
# does not pass on the setting for that.
FOR_SANITIZERS = """\
#!/bin/sh
exec setarch -R {program} "$@"
"""


def put_program(directory):
    """A copy of wwz where everybody may go, which cannot be said of this
    checkout: (the program, what to start), the same but for sanitizers."""
    program = directory / "wwz"
    shutil.copy(harness.WWZ, program)
    program.chmod(0o755)
    if not harness.SANITIZED:
        return program, program
    script = directory / "wwz.sh"
    script.write_text(FOR_SANITIZERS.format(program=program))
    script.chmod(0o755)
    return program, script


class Place:
    """A directory for one front end, and what is in it."""

    def __init__(self, tmp, root):
        self.tmp = tmp
        self.root = root
        tmp.mkdir(exist_ok=True)
        self.program, self.binary = put_program(tmp)
        self.run = tmp / "run"
        self.run.mkdir(exist_ok=True)
        own(self.run)
        self.socket = self.run / "wwz.sock"

    def file(self, name, text, mode=0o644):
        path = self.tmp / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path


def responder(place, *options, listen=None, root=None):
    """`wwz serve` as deploy/README.md starts it: as the web server's user."""
    listen = listen or f"unix:{place.socket}"
    root = root or place.root
    return harness.Responder(
        place.tmp,
        root,
        address=listen.partition(":")[2],
        command=[place.binary, "serve", "--listen", listen, "--root", root,
                 *harness.PATIENT, *map(str, options)],
        **drop(),
    )


class _ForHost(harness._Connection):
    """Asks for a host of this name."""

    def putrequest(self, *words, **options):
        super().putrequest(*words, skip_host=True, **options)
        self.putheader("Host", self.name)


class Front(harness.Process):
    """A front end on a port of its own."""

    told_to_end = 0

    def __init__(self, name, place, command, port, **options):
        self.port = port
        self.place = place
        super().__init__(
            name,
            place.tmp,
            command,
            ("127.0.0.1", port),
            start_new_session=True,
            **options,
        )

    def finish(self, early=None):
        """As of any process, but for a status with which this one says that
        it was told to end."""
        wait = self.process.wait

        def wait_mapped(*timeout):
            status = wait(*timeout)
            return 0 if status == self.told_to_end else status

        self.process.wait = wait_mapped
        super().finish(early)

    def kill(self):
        """Workers and all."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        super().kill()

    def client(self, host=None, timeout=harness.PATIENCE):
        client = harness.Http(self.port, timeout)
        if host is not None:
            client.connection = _ForHost(
                "127.0.0.1", self.port, timeout=timeout
            )
            client.connection.name = host
        return client


class Nginx(Front):
    def __init__(self, place, site="site.conf", snippet="wwz.conf"):
        port = harness.free_port()
        changes = [
            ("listen 80;", f"listen 127.0.0.1:{port};"),
            ("\tlisten [::]:80;\n", ""),
            (ROOT, place.root),
        ]
        text = (DEPLOY / "nginx" / site).read_text()
        for old, new in (
            (SOCKET, place.socket),
            ("/var/cache/nginx/wwz", place.tmp / "nginx/cache"),
        ):
            if old in text:
                changes.append((old, new))
        place.file("nginx/site.conf", shipped(f"nginx/{site}", *changes))
        if snippet is not None:
            changes = []
            if SOCKET in (DEPLOY / "nginx" / snippet).read_text():
                changes.append((SOCKET, place.socket))
            place.file(
                f"nginx/snippets/{snippet}",
                shipped(f"nginx/{snippet}", *changes),
            )
        main = place.file(
            "nginx/nginx.conf",
            harness.NGINX.replace(
                "user root;", f"user {USER};" if AS_ROOT else ""),
        )
        command = ["nginx", "-p", main.parent, "-c", main, "-e", "stderr"]
        super().__init__("nginx", place, command, port)
        # wwz's own lines about a request are checked in wwz's log.
        self.allow("FastCGI sent in stderr: ")


# As Debian's lighttpd.conf, except for the paths, and for times after which it ends
# connections: no test depends on them.
LIGHTTPD = """\
server.modules = (
	"mod_indexfile", "mod_access", "mod_alias", "mod_redirect",
)
server.document-root = "{root}"
server.upload-dirs = ( "{run}" )
server.bind = "127.0.0.1"
server.port = {port}
server.feature-flags += ( "server.graceful-shutdown-timeout" => 1000 )
server.max-keep-alive-idle = 1000
server.http-parseopts = (
	"header-strict" => "enable",
	"host-strict" => "enable",
	"host-normalize" => "enable",
	"url-normalize-unreserved" => "enable",
	"url-normalize-required" => "enable",
	"url-ctrls-reject" => "enable",
	"url-path-2f-decode" => "enable",
	"url-path-dotseg-remove" => "enable",
)
index-file.names = ( "index.html" )
url.access-deny = ( "~", ".inc" )
include "site.conf"
"""
LIGHTTPD_USER = """\
server.username = "www-data"
server.groupname = "www-data"
"""


class Lighttpd(Front):
    # There were connections.
    told_to_end = 1

    def __init__(self, place, site="lighttpd/wwz.conf", cgi=None, more=""):
        port = harness.free_port()
        changes = []
        text = (DEPLOY / site).read_text()
        for old, new in (
            (SOCKET, place.socket),
            (ROOT, place.root),
            ("/usr/lib/cgi-bin/wwz.cgi", cgi),
            (BINARY, place.binary),
        ):
            if old in text:
                changes.append((old, new))
        place.file("lighttpd/site.conf", shipped(site, *changes))
        text = LIGHTTPD.format(root=place.root, run=place.run, port=port)
        text += more
        main = place.file(
            "lighttpd/lighttpd.conf", text + LIGHTTPD_USER * AS_ROOT
        )
        command = ["lighttpd", "-D", "-f", main]
        super().__init__("lighttpd", place, command, port)
        self.allow("FastCGI-stderr:")
        self.expect(r"server started \(lighttpd/")
        self.expect(r"server stopped by UID")


# Debian's apache2.conf, shortened; site.conf and .htaccess hold what deploy/
# ships.
APACHE = """\
ServerRoot "{home}"
PidFile "{home}/apache.pid"
DefaultRuntimeDir "{home}"
ErrorLog /dev/stderr
LogLevel warn
KeepAliveTimeout 1000
Listen 127.0.0.1:{port}
ServerName localhost
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
{load}
StartServers 1
MinSpareThreads 5
MaxSpareThreads 50
ThreadsPerChild {threads}
MaxRequestWorkers {threads}
TypesConfig /etc/mime.types
<Directory />
	Options FollowSymLinks
	AllowOverride None
	Require all denied
</Directory>
<FilesMatch "^\\.ht">
	Require all denied
</FilesMatch>
DocumentRoot "{root}"
<Directory "{root}">
	Options FollowSymLinks
	AllowOverride {override}
	Require all granted
</Directory>
{more}
Include site.conf
"""
APACHE_MODULES = "/usr/lib/apache2/modules"
APACHE_ALWAYS = [
    "authz_core", "mime", "alias", "dir", "env", "setenvif", "rewrite",
]


class Apache(Front):
    def __init__(
        self, place, site, *, modules, more="", override="None", threads=25
    ):
        port = harness.free_port()
        self.forks = "cgid" in modules
        if self.forks:
            more += f"\nScriptSock {place.run}/cgid.sock"
        home = place.file("apache/site.conf", site.replace(
            "<VirtualHost *:80>", f"<VirtualHost *:{port}>")).parent
        load = "\n".join(
            f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so"
            for name in [*APACHE_ALWAYS, *modules]
        )
        text = APACHE.format(
            home=home,
            port=port,
            user=f"User {USER}\nGroup {USER}" if AS_ROOT else "",
            modules=APACHE_MODULES,
            load=load,
            root=place.root,
            override=override,
            threads=threads,
            more=more.replace("{port}", str(port)),
        )
        main = place.file("apache/apache2.conf", text)
        command = ["apache2", "-f", main, "-DFOREGROUND"]
        super().__init__("apache", place, command, port)
        self.expect(r"AH00489: .* configured -- resuming normal operations")
        self.expect(r"AH00094: Command line:")
        self.expect(r"caught SIGTERM, shutting down")
        # Its workers may take more than three seconds to end.
        self.allow("AH00045: child process .* still did not exit")
        # Now and then a worker of Apache crashes when all end at once; wwz is
        # not its child.
        self.allow("AH01071: Got error ")
        self.allow(r"AH00052: child pid \d+ exit signal Segmentation fault")
        # Or keeps a connection that was closed meanwhile.
        self.allow("AH03093: process_socket: apr_pollset_add failure for keep")

    def ready(self):
        """The process that starts CGI programs is another one, which may be
        slower.  As root, it gives its socket to the user when it listens."""
        owner = pwd.getpwnam(USER).pw_uid if AS_ROOT else os.geteuid()
        return super().ready() and (not self.forks or any(
            path.stat().st_uid == owner
            for path in self.place.run.glob("cgid.sock*")))


def put_htaccess(place, htaccess, options=""):
    """htaccess maps places below the root to files of
    deploy/apache-mod_fcgid; options are wwz's."""
    for where, name in htaccess.items():
        text = (DEPLOY / "apache-mod_fcgid" / name).read_text()
        changes = [
            pair
            for pair in (
                (f"{BINARY} serve", f"{place.binary} serve {options}".strip()),
                (ROOT, place.root),
            )
            if pair[0] in text
        ]
        place.file(
            place.root / where,
            shipped(f"apache-mod_fcgid/{name}", *changes),
        )


def fcgid(place, more="", modules=()):
    """Apache with mod_fcgid, as a shared host has it: the rest is in
    .htaccess."""
    run = place.run
    more = f"""
FcgidIPCDir {run}
FcgidProcessTableFile {run}/fcgid_shm
{more}
"""
    return Apache(
        place,
        "",
        modules=["fcgid", "actions", *modules],
        more=more,
        override="Options FileInfo",
    )


def fcgid_program(place):
    """bin/dispatch.fcgi, a link to wwz."""
    (place.root / "bin").mkdir(exist_ok=True)
    os.link(place.binary, place.root / "bin/dispatch.fcgi")


def proxy_fcgi(place, name="wwz.conf", more=""):
    path = f"apache-mod_proxy_fcgi/{name}"
    changes = [(SOCKET, place.socket)]
    if ROOT in (DEPLOY / path).read_text():
        changes.append((ROOT, place.root))
    return Apache(
        place,
        shipped(path, *changes),
        modules=["proxy", "proxy_fcgi"],
        more=more,
    )


def cgi_script(place):
    return place.file(
        "cgi-bin/wwz.cgi",
        shipped("cgi/wwz.cgi", (BINARY, place.binary), (ROOT, place.root)),
        0o755,
    )


def apache_cgi(place, more=""):
    script = cgi_script(place)
    text = shipped("cgi/apache.conf", ("/usr/lib/cgi-bin/wwz.cgi", script))
    return Apache(place, text, modules=["cgid", "actions"], more=more)


def lighttpd_cgi(place):
    return Lighttpd(place, "cgi/lighttpd.conf", cgi_script(place))


class Haproxy(Front):
    told_to_end = -signal.SIGTERM

    def __init__(self, place, name="haproxy.cfg"):
        port = harness.free_port()
        text = shipped(
            f"haproxy/{name}",
            ("bind :80", f"bind 127.0.0.1:{port}"),
            (SOCKET, place.socket),
            (ROOT, place.root),
        )
        main = place.file("haproxy.cfg", text)
        command = ["haproxy", "-db", "-f", main]
        super().__init__("haproxy", place, command, port, **drop())


CADDY = """\
{
	admin off
	auto_https off
	log {
		level WARN
	}
}
"""


class Caddy(Front):
    def __init__(self, place, name="Caddyfile"):
        port = harness.free_port()
        text = shipped(
            f"caddy/{name}",
            (HOST, f"http://:{port}"),
            (SOCKET, place.socket),
            (ROOT, place.root),
        )
        text = text.replace("{\n\troot", "{\n\tbind 127.0.0.1\n\troot", 1)
        main = place.file("Caddyfile", CADDY + text)
        home = own(place.file("caddy/.keep", "").parent)
        command = ["caddy", "run", "--adapter", "caddyfile"]
        command += ["--config", main]
        super().__init__(
            "caddy",
            place,
            command,
            port,
            env={**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home),
                 "XDG_CONFIG_HOME": str(home)},
            **drop(),
        )
        self.allow('"level":"info"')
        self.expect("admin endpoint disabled")
        self.allow("automatic HTTPS is completely disabled")
        self.allow("exiting; byeee")
