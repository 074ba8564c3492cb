"""File systems that archives lie on, with their real programs: GlusterFS, sshfs,
and an object store by rclone.  deploy/storage/README.md says what was seen."""

import contextlib
import itertools
import os
import re
import signal
import subprocess
import threading

import pytest

import archives
import harness

pytestmark = [
    pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="no /dev/fuse"),
    harness.only_root("only root mounts for others"),
]

# Certificates of the machine are of no use to servers of its own.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.endswith("CA_BUNDLE")}
# The first is larger than what is sent from memory, the second is inflated.
FIRST = {"stored": (archives.noise(400_000, 1), archives.STORED),
         "text": archives.text(200_000, 1)}
SECOND = {"stored": (archives.noise(300_000, 2), archives.STORED),
          "text": archives.text(250_000, 2)}


# What nobody has asked for, and no cache has.
LATE = {f"late{i}": (archives.noise(700_000, 3 + i), archives.STORED)
        for i in range(3)}


def contents(members):
    """By name, what a client gets."""
    return {name: member[0] if isinstance(member, tuple) else member
            for name, member in members.items()}


def run(*command, **options):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.PIPE, timeout=harness.PATIENCE,
                   env=ENVIRONMENT, **options)


@contextlib.contextmanager
def started(tmp, name, *command):
    """A program whose output goes to a file, killed at the end."""
    log = tmp / f"{name}.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env=ENVIRONMENT)
    process.log = log
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(process, fact, what):
    def look():
        assert process.poll() is None, process.log.read_text(errors="replace")
        return fact()

    harness.wait_until(look, what)


@contextlib.contextmanager
def mounted(tmp, place, *command):
    """What command, which stays in the foreground, mounts at tmp/place."""
    path = tmp / place
    path.mkdir()
    with started(tmp, place, *command, path) as process:
        try:
            wait_for(process, path.is_mount, f"{path} is mounted")
            yield path
        finally:
            # Also when the program has ended, and when the path is in use.
            subprocess.run(["umount", "-l", path], check=False,
                           stderr=subprocess.DEVNULL)


class Load:
    """A client that asks for all members, one after the other, until its end.
    Each answer is one archive's, and the first one's no more once the second
    one's were seen.  may_cut: a response may be cut."""

    def __init__(self, responder, *versions, may_cut=False):
        self.responder = responder
        self.may_cut = may_cut
        self.versions = [contents(members) for members in versions]
        self.answers = 0
        self.version = 0
        self.wrong = None
        self.ended = False
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        names = itertools.cycle(self.versions[0])
        while not (self.ended or self.wrong):
            self.ask_by_one_connection(names)

    def ask_by_one_connection(self, names):
        with self.responder.client() as client:
            for name in names:
                if self.ended or self.wrong:
                    return
                client.send(client.request(f"/site.wwz/{name}"))
                got = client.read_response()
                if self.may_cut and (got is None or got.cut and any(
                        version[name].startswith(got.body)
                        for version in self.versions)):
                    return
                self.judge(name, got)
                self.answers += 1

    def judge(self, name, got):
        versions = [i for i, version in enumerate(self.versions)
                    if version[name] == got.body]
        if got.status != 200 or versions not in ([self.version],
                                                 [self.version + 1]):
            self.wrong = got
        else:
            (self.version,) = versions

    def wait(self, fact, what):
        harness.wait_until(lambda: self.wrong or fact(), what)
        assert self.wrong is None, (self.version, self.wrong)

    def more(self):
        """Wait for some rounds of answers."""
        now = self.answers
        self.wait(lambda: self.answers > now + 20, "more answers")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()
        assert self.wrong is None, (self.version, self.wrong)


def publish(directory, members):
    """As `wwz pack` and rsync do it: write another file, then rename."""
    archives.write(directory / "new", members)
    (directory / "new").rename(directory / "site.wwz")


@contextlib.contextmanager
def serving(tmp, root):
    responder = harness.Responder(tmp, root)
    with harness.running(responder):
        yield responder


class Volume:
    """A GlusterFS volume, replicated over three bricks, in a network, and with
    processes, of its own."""

    ADDRESS = "10.77.0.1"

    def __init__(self, tmp, daemon):
        self.tmp = tmp
        self.cli = ["gluster", "--mode=script", f"--log-file={tmp}/cli.log",
                    f"--glusterd-sock={tmp}/glusterd.sock"]
        wait_for(daemon, self.init_of(daemon), "the daemon has begun")
        wait_for(daemon, self.is_up, "the daemon answers")
        bricks = [f"{self.ADDRESS}:{tmp}/brick{i}" for i in range(3)]
        run(*self.cli, "volume", "create", "v", "replica", "3", *bricks, "force")
        run(*self.cli, "volume", "set", "v", "network.ping-timeout", "5")
        run(*self.cli, "volume", "start", "v")

    def init_of(self, daemon):
        def look():
            with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children") as file:
                self.init = file.read().strip()
            return self.init

        return look

    def is_up(self):
        return subprocess.run(
            [*self.cli, "volume", "info"], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=harness.PATIENCE).returncode == 0

    def mount(self, place, *options):
        return mounted(
            self.tmp, place, "nsenter", f"--net=/proc/{self.init}/ns/net",
            "glusterfs", "--no-daemon", f"--log-file={self.tmp}/{place}-fs.log",
            f"--volfile-server={self.ADDRESS}", "--volfile-id=v", *options)

    def kill_brick(self, number):
        (path,) = self.tmp.glob(f"run/vols/v/*-brick{number}.pid")
        run("nsenter", f"--target={self.init}", "--pid", "--mount",
            "kill", "-KILL", path.read_text().strip())


@contextlib.contextmanager
def gluster(tmp):
    (tmp / "glusterd.vol").write_text(f"""\
volume management
    type mgmt/glusterd
    option working-directory {tmp}/state
    option run-directory {tmp}/run
    option glusterd-sockfile {tmp}/glusterd.sock
    option transport-type socket
    option transport.socket.bind-address {Volume.ADDRESS}
end-volume
""")
    for name in ("state", "run"):
        (tmp / name).mkdir()
    script = f"""set -e
ip address add {Volume.ADDRESS}/32 dev lo
ip link set lo up
mount -t tmpfs none /var/log
mkdir -p /var/log/glusterfs
exec glusterd -N -f {tmp}/glusterd.vol -p {tmp}/run/pid -l {tmp}/glusterd.log"""
    with started(tmp, "glusterd-out", "unshare", "--net", "--mount", "--pid",
                 "--fork", "--kill-child", "--mount-proc",
                 "sh", "-c", script) as daemon:
        yield Volume(tmp, daemon)


def test_glusterfs(tmp):
    """One of three bricks is killed under load, and then an archive is replaced
    on another client."""
    with (gluster(tmp) as volume, volume.mount("author") as author,
          volume.mount("www", "--read-only") as root):
        publish(author, FIRST)
        with (serving(tmp, root) as responder,
              Load(responder, FIRST, SECOND) as load):
            load.more()
            volume.kill_brick(1)
            load.more()
            publish(author, SECOND)
            load.wait(lambda: load.version == 1, "the new archive is seen")
            load.more()


def ask_once(responder, name):
    """What comes, which may be an error, or cut."""
    with responder.client() as client:
        client.send(client.request(f"/site.wwz/{name}"))
        got = client.read_response()
        return got and got.body


@pytest.mark.parametrize("options", [
    "dcache_timeout=1", "dir_cache=no,attr_timeout=0,entry_timeout=0"],
    ids=["cached", "asked"])
def test_sshfs(tmp, options):
    """An archive is replaced on the far side.  Then the server is killed: the
    mount has a new connection, in which no file is open."""
    far = tmp / "far"
    far.mkdir()
    publish(far, FIRST)
    ssh = tmp / "ssh"
    ssh.write_text(f"""#!/bin/sh
echo $$ >{tmp}/server.new
mv {tmp}/server.new {tmp}/server
exec /usr/lib/openssh/sftp-server
""")
    ssh.chmod(0o755)
    with (mounted(tmp, "www", "sshfs", "-f", "-o",
                  f"ro,allow_other,reconnect,{options},ssh_command={ssh}",
                  f"far:{far}") as root,
          serving(tmp, root) as responder):
        # sshfs asks for an open file's times by its path, so wwz sees that the
        # file has changed, and not that it has been replaced.
        responder.allow("^warn response-cut ")
        with Load(responder, FIRST, SECOND, may_cut=True) as load:
            load.more()
            publish(far, {**SECOND, **LATE})
            load.wait(lambda: load.version == 1, "the new archive is seen")
            load.more()
        responder.allow("^warn (storage-failed|archive-|member-)")
        os.kill(int((tmp / "server").read_text()), signal.SIGKILL)
        for name, content in contents(LATE).items():
            harness.wait_until(lambda: ask_once(responder, name) == content,
                               f"{name} is back")


class Store:
    """s3rver, an object store in a directory, and rclone's configuration for it."""

    def __init__(self, tmp, server):
        self.tmp, self.server = tmp, server
        self.rclone = ["rclone", "--config", str(tmp / "rclone.conf"),
                       "--cache-dir", str(tmp / "cache")]

    def put(self, sites):
        """Upload archives, by name."""
        with harness.short_directory() as new:
            for name, members in sites.items():
                archives.write(new / f"{name}.wwz", members)
            run(*self.rclone, "copy", new, "s3:site")

    def reads(self, name=r"\w+"):
        """How often a part of an object was asked for."""
        return len(re.findall(
            rf"\b{name}\.wwz 206 ", self.server.log.read_text()))

    def mount(self, place, *options):
        return mounted(self.tmp, place, *self.rclone, "mount", "--read-only",
                       "--allow-other", "--dir-cache-time", "1s", *options,
                       "s3:site")


COLD = {str(i): archives.noise(10_000, i) for i in range(20)}


@pytest.fixture(scope="module")
def store(module_tmp):
    tmp = module_tmp
    port = harness.free_port()
    script = harness.npm("npm-s3", "s3rver@3.7.1") / "bin/s3rver.js"
    (tmp / "objects").mkdir()
    (tmp / "rclone.conf").write_text(f"""\
[s3]
type = s3
provider = Other
access_key_id = S3RVER
secret_access_key = S3RVER
endpoint = http://127.0.0.1:{port}
force_path_style = true
""")
    with started(tmp, "s3rver", "node", script, "-d", tmp / "objects",
                 "-a", "127.0.0.1", "-p", str(port),
                 "--configure-bucket", "site") as server:
        wait_for(server, lambda: harness.connectable(("127.0.0.1", port)),
                 "the store listens")
        objects = Store(tmp, server)
        objects.put({"site": FIRST, **{name: {"a": content}
                                       for name, content in COLD.items()}})
        yield objects


@pytest.mark.parametrize("kind, options", [
    ("plain", []), ("chunks", ["--vfs-read-chunk-size", "256k"]),
    ("full", ["--vfs-cache-mode", "full"])], ids=["plain", "chunks", "full"])
def test_rclone(tmp, store, kind, options):
    """What is hot costs the object store nothing; a new object is seen."""
    with (store.mount(kind, *options) as root,
          serving(tmp, root) as responder, responder.client() as client):
        # Until the new object is seen.
        responder.allow("^info archive-missing ")

        def ask_hot():
            for name, content in contents(FIRST).items():
                assert client.ask(f"/site.wwz/{name}").body == content

        ask_hot()
        reads, of_hot = store.reads(), store.reads("site")
        for name, content in COLD.items():
            assert client.ask(f"/{name}.wwz/a").body == content
            ask_hot()
        # The store logs a read when it has ended.
        harness.wait_until(lambda: store.reads() >= reads + len(COLD),
                           "each cold archive was read")
        # A line for the first time may have been late.
        assert store.reads("site") < of_hot + len(COLD), store.reads("site")
        store.put({kind: SECOND})
        harness.wait_until(
            lambda: client.ask(f"/{kind}.wwz/text").body == SECOND["text"],
            "the new object is seen")
