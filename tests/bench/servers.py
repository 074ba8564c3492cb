"""The servers that are measured, each as it is installed or shipped; wwz and
the floors behind front ends with the files of deploy/."""

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys

from material import TOP

import fronts
import harness

TOOLS = TOP / "build/bench"
THREADS = str(max(2, os.cpu_count()))
# What sends prepared bytes to every request: their C files say how.
FLOORS = ["canned", "bare"]

# As Debian's nginx.conf where it matters.
NGINX = """\
{user}
daemon off;
worker_processes {workers};
error_log stderr warn;
pid nginx.pid;
events {{ worker_connections 768; }}
http {{
	sendfile on;
	tcp_nopush on;
	include /etc/nginx/mime.types;
	types {{ text/plain log; }}
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	{http}
}}
"""
FILES = """
	server {{
		listen 127.0.0.1:{port};
		root {root};
		{more}
	}}
"""


class Server:
    """Somewhere to send requests: where, and what becomes of their paths."""

    def __init__(self, port, process=None, change=lambda path: path):
        self.port, self.process, self.change = port, process, change


class Servers(contextlib.ExitStack):
    """What runs, by name.  What cannot run here is in skipped, with why."""

    def __init__(self, tmp, material):
        super().__init__()
        self.tmp, self.material = tmp, material
        self.by_name, self.skipped = {}, {}
        self.socket = tmp / "wwz.sock"
        self.old_socket = tmp / "old.sock"
        self.floor_sockets = {name: tmp / f"{name}.sock" for name in FLOORS}
        self.listeners, self.floors = {}, {}
        self.responder = None

    def start(self, process):
        """Have it ended with everything else, by TERM: nginx and others have
        processes of their own to end."""
        process.journal.complaints = lambda lines: []
        self.callback(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if not process.done:
            process.process.terminate()
            try:
                process.process.wait(harness.PATIENCE)
            finally:
                process.kill()

    def start_wwz(self, *options, **more):
        """A new responder in the place of the old one."""
        if self.responder is not None:
            self.responder.kill()
        self.responder = self.start(harness.Responder(
            self.tmp, self.material.www, *options,
            listen=f"unix:{self.socket}", **more))
        for name in ("wwz", "lighttpd"):
            if name in self.by_name:
                self.by_name[name].process = self.responder.process
        return self.responder

    def start_old(self, binary):
        """The build that wwz is compared with, beside it."""
        process = self.start(harness.Responder(
            self.tmp, self.material.www, address=str(self.old_socket),
            command=[binary, "serve", "--listen", f"unix:{self.old_socket}",
                     *harness.AS_USER, "--root", self.material.www]))
        self.by_name["old"].process = process.process

    def listen_floors(self):
        for name, path in self.floor_sockets.items():
            listener = self.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(path))
            listener.listen(1024)
            self.listeners[name] = listener

    def start_floors(self, file):
        """Let the floors send this from now on."""
        for name in FLOORS:
            if name in self.floors:
                self.floors[name].kill()
                self.floors[name].wait()
            process = subprocess.Popen([TOOLS / name, THREADS, file],
                                       stdin=self.listeners[name])
            self.callback(process.kill)
            self.by_name[name].process = self.floors[name] = process
        self.by_name["lighttpd canned"].process = self.floors["canned"]

    def nginx(self, mount):
        """One nginx for all that goes through nginx."""
        home = self.tmp / "nginx"
        (home / "snippets").mkdir(parents=True)
        http, self.cache = [], home / "cache"

        def add(name, text):
            port = harness.free_port()
            self.by_name[name] = Server(port)
            http.append(text.format(port=port))

        for name in ("wwz", "old", *FLOORS):
            add(name, self._shipped(home, name, "wwz-keepalive.conf"))
        add("unkept", self._shipped(home, "unkept", "wwz.conf"))
        for name, root, more in (
                ("file", self.material.files, ""),
                ("gzip_static", self.material.files, "gzip_static on;"),
                ("on the fly", self.material.files,
                 "gzip on; gzip_types text/plain;"),
                *((("fuse-zip", mount, ""),
                   ("fuse-zip, gzip", mount, "gzip on; gzip_types text/plain;"))
                  if mount else ())):
            add(name, FILES.replace("{root}", str(root)).replace(
                "{more}", more))
        if (fronts.DEPLOY / "nginx/site-cache.conf").exists():
            add("cache", self._shipped(home, "cache", "wwz-cache.conf"))
        user = f"user {_me()};" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(NGINX.format(
            user=user, workers=os.cpu_count(), http="\n".join(http)))
        self.start(harness.Process(
            "nginx", self.tmp,
            ["nginx", "-p", home, "-c", home / "nginx.conf", "-e", "stderr"],
            ("127.0.0.1", self.by_name["file"].port)))

    def _shipped(self, home, name, snippet):
        """The text of a site with a snippet; its own copy, for its socket."""
        site = {"wwz.conf": "site.conf", "wwz-cache.conf": "site-cache.conf",
                "wwz-keepalive.conf": "site-keepalive.conf"}[snippet]
        path = self.old_socket if name == "old" else (
            self.floor_sockets.get(name, self.socket))
        own = f"{name}-{snippet}"
        text = {}
        for file in (site, snippet):
            body = (fronts.DEPLOY / "nginx" / file).read_text()
            for old, new in ((fronts.SOCKET, path),
                             ("/var/cache/nginx/wwz", self.cache),
                             (fronts.ROOT, self.material.www),
                             ("upstream wwz", f"upstream {name}"),
                             ("fastcgi_pass wwz", f"fastcgi_pass {name}"),
                             ("listen 80", "listen 127.0.0.1:PORT"),
                             ("\tlisten [::]:80;\n", ""),
                             (f"snippets/{snippet}", f"snippets/{own}")):
                body = body.replace(old, str(new))
            text[file] = body
        (home / "snippets" / own).write_text(text[snippet])
        return text[site].replace("{", "{{").replace("}", "}}").replace(
            "PORT", "{port}")

    def lighttpd(self):
        """One for each of the responders, and for files."""
        for name, root, to in (
                ("lighttpd", self.material.www, self.socket),
                ("lighttpd canned", self.material.www,
                 self.floor_sockets["canned"]),
                ("lighttpd file", self.material.files, None)):
            home = self.tmp / name.replace(" ", "-")
            (home / "run").mkdir(parents=True)
            port = harness.free_port()
            text = fronts.LIGHTTPD.format(
                root=root, run=home / "run", port=port)
            text += ('mimetype.assign = ( ".html" => "text/html", '
                     '".log" => "text/plain" )\n')
            site = "" if to is None else fronts.shipped(
                "lighttpd/wwz.conf", (fronts.SOCKET, to))
            (home / "site.conf").write_text(site)
            (home / "lighttpd.conf").write_text(text)
            self.start(harness.Process(
                "lighttpd", home,
                ["lighttpd", "-D", "-f", home / "lighttpd.conf"],
                ("127.0.0.1", port)))
            self.by_name[name] = Server(port)

    def mount(self):
        """site.wwz through FUSE: where; None when that is not to be had."""
        mount = self.tmp / "mnt"
        (mount / "site.wwz").mkdir(parents=True)
        if shutil.which("fuse-zip") is None:
            self.skipped["fuse-zip"] = "not installed"
            return None
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            self.skipped["fuse-zip"] = "/dev/fuse is missing or not allowed"
            return None
        options = ["-o", "allow_other"] if os.geteuid() == 0 else []
        done = subprocess.run(
            ["fuse-zip", "-r", *options, self.material.archive,
             mount / "site.wwz"], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipped["fuse-zip"] = done.stderr.strip() or "cannot mount"
            return None
        self.callback(subprocess.run,
                      ["fusermount", "-u", "-z", mount / "site.wwz"])
        return mount

    def zipfile(self):
        port = harness.free_port()
        process = self.start(harness.Process(
            "zipfile", self.tmp,
            [sys.executable, pathlib.Path(__file__).parent / "zipserver.py",
             str(port), self.material.archive, "/site.wwz/"],
            ("127.0.0.1", port)))
        self.by_name["zipfile"] = Server(port, process.process)

    def kiwix(self):
        if not (shutil.which("kiwix-serve") and shutil.which("zimwriterfs")):
            self.skipped["kiwix-serve"] = "not installed"
            return
        port = harness.free_port()
        process = self.start(harness.Process(
            "kiwix", self.tmp,
            ["kiwix-serve", "--nosearchbar", "--nolibrarybutton",
             "--address=127.0.0.1", f"--port={port}", self.material.zim()],
            ("127.0.0.1", port)))
        self.by_name["kiwix-serve"] = Server(
            port, process.process,
            lambda path: path.replace("/site.wwz/", "/site/A/"))


def _me():
    return pwd.getpwuid(os.geteuid()).pw_name


def start(tmp, material):
    """All of them, running: a context."""
    servers = Servers(tmp, material)
    try:
        servers.nginx(servers.mount())
        servers.listen_floors()
        servers.lighttpd()
        servers.start_wwz()
        servers.zipfile()
        servers.kiwix()
    except BaseException:
        servers.close()
        raise
    return servers
