"""What the end-to-end tests share: the responder, nginx, and clients.

Nothing here knows what wwz should answer; that is for the tests.
"""

import contextlib
import ctypes
import fcntl
import http.client
import io
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parents[2]
WWZ = pathlib.Path(os.path.abspath(os.environ.get("WWZ", TOP / "build/wwz")))

# The sanitizers' builds are in build/asan and build/tsan, the one for coverage
# is in build/coverage.
SANITIZED = re.search("[at]san|coverage", WWZ.parent.name) is not None
COVERED = WWZ.parent.name == "coverage"

# Started by root, the responder becomes this user, as it would in a unit file.
AS_USER = ["--user", "nobody"] if os.geteuid() == 0 else []

def only_root(why):
    """A mark for what only root can do; it is said at the end that it was left
    out."""
    import pytest  # which scripts/bench has no use for

    return pytest.mark.skipif(os.geteuid() != 0, reason=f"only root {why}")


# After so many seconds, a test gives up waiting.  No test says how fast
# something is.  The time is longer than a sanitizer's build takes on a busy
# machine, and different from every timeout of wwz and its front ends.
PATIENCE = 200

# What every responder is started with, unless a test has other options behind: on
# a busy machine, peers that a test makes wait may wait for more than a minute.
PATIENT = ["--timeout", "1000", "--storage-timeout", "1000"]

LINE = re.compile(
    r"(?P<level>error|warn|info) (?P<word>[a-z][a-z0-9_-]*)"
    r" time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    r'(?: [a-z_-]+=(?:"(?:[^"\\]|\\.)*"|[^ "]+))*'
)


def begin():
    """What is started from now on finds the same, whatever started the tests:
    nohup, cron, a pipeline, someone with a umask."""
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
        # A handler ends with the program, so that what is started has the
        # default.  Those two are ignored by Python, which mends it.
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # servers, whoever starts them
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = "127.0.0.1,localhost"
    if SANITIZED:
        fix_addresses()
    raise_file_limit()


def fix_addresses():
    """A sanitizer's shadow memory and a kernel that spreads addresses widely
    get into each other's way, now and then."""
    personality = ctypes.CDLL(None).personality
    personality(personality(0xFFFFFFFF) | 0x0040000)  # ADDR_NO_RANDOMIZE


def raise_file_limit():
    """As many descriptors as the system gives; the responder inherits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


@contextlib.contextmanager
def short_directory():
    """A directory whose name leaves room for a Unix socket's (108 bytes),
    and that any user may read."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="wwz-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        remove(path)


def remove(path):
    """Remove a directory.  What was told to end may still make files there, and
    remove its own."""
    def gone():
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()

    wait_until(gone, f"{path} is removed")


def wait_until(fact, what, patience=PATIENCE):
    """Wait until fact() is true; its value."""
    end = time.monotonic() + patience
    while True:
        value = fact()
        if value:
            return value
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


def taken(client):
    """The peer has read all that this client sent, over a Unix socket."""
    count = fcntl.ioctl(client.socket, termios.TIOCOUTQ, bytes(4))
    return count == bytes(4)


def ratio(one, other, times=100):
    """How often as long as other() one() takes, by turns.  What else the machine
    does makes some of them longer, but not the shortest of so many."""
    took = {one: [], other: []}
    for _ in range(times):
        for work in took:
            begun = time.monotonic()
            work()
            took[work].append(time.monotonic() - begun)
    return min(took[one]) / min(took[other])


def threads_of(pid):
    """The state of each, and how often it went to sleep, or had to wait for a
    processor."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            status = (task / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        fields = dict(line.split(":\t", 1) for line in status.splitlines())
        found[task.name] = (
            fields["State"][0], fields["voluntary_ctxt_switches"],
            fields["nonvoluntary_ctxt_switches"])
    return found


def at_rest(pid):
    """The process has nothing to do: all of its threads sleep, and each has
    slept since it was looked at first."""
    before, now = threads_of(pid), threads_of(pid)
    return before == now and all(state == "S" for state, *_ in now.values())


RESERVED = []  # until this process ends


def free_port(family=socket.AF_INET):
    """A port that no other test has, whoever runs it, and that the system gives
    to no client: what will listen there comes only later."""
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    try:
        with socket.socket(family) as s:
            s.bind((host, 0))
    except OSError as error:
        import pytest  # which scripts/bench has no use for

        pytest.skip(f"nothing can listen on {host} here: {error}")
    places = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    first = int(places.split()[0])
    while True:
        port = random.SystemRandom().randrange(first // 2, first)
        reserved = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), socket.socket(family) as s:
            reserved.bind(f"\0wwz-test-port-{port}")
            s.bind((host, port))
            RESERVED.append(reserved)
            return port
        reserved.close()


def connect(address, timeout=PATIENCE):
    """A connection to address, a path or (host, port)."""
    if isinstance(address, tuple):
        return socket.create_connection(address, timeout)
    s = socket.socket(socket.AF_UNIX)
    # Only one that blocks waits for room when many have come at once.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                 struct.pack("ll", int(timeout), int(timeout % 1 * 1e6)))
    try:
        s.connect(str(address))
    except BaseException:
        s.close()
        raise
    s.settimeout(timeout)
    return s


def connectable(address):
    try:
        connect(address).close()
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True


HAND_OVER = """
import os, sys
numbers, *command = sys.argv[1:]
numbers = [int(number) for number in numbers.split(",")]
for at, number in enumerate(numbers):
    os.dup2(number, 3 + at)
    os.close(number)
os.environ["LISTEN_FDS"] = str(len(numbers))
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(command[0], command)
"""


@contextlib.contextmanager
def handed_over(command, *files):
    """Command and options that start command with files as descriptors 3, 4 and
    so on, told of them as systemd tells."""
    # Move it out of the way of the new numbers.
    high = [fcntl.fcntl(file, fcntl.F_DUPFD, 20) for file in files]
    try:
        yield {
            "command": [
                sys.executable,
                "-c",
                HAND_OVER,
                ",".join(str(number) for number in high),
                *command,
            ],
            "pass_fds": high,
        }
    finally:
        for number in high:
            os.close(number)


def traceable():
    """An environment for strace before wwz: the sanitizers' own leak check needs
    ptrace itself."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return {**os.environ, "ASAN_OPTIONS": f"{options}:detect_leaks=0"}


class Journal:
    """Lines that a program may write, and how often."""

    def __init__(self):
        self.rules = []

    def expect(self, pattern, times=1):
        """Just so many lines have pattern in them; None is one or more."""
        self.rules.append((re.compile(pattern), times))

    def allow(self, pattern):
        """Lines with pattern in them may appear or not."""
        self.rules.append((re.compile(pattern), "any"))

    def complaints(self, lines):
        """What is wrong with these lines."""
        wrong = [
            f"unexpected line: {line}"
            for line in lines
            if not any(pattern.search(line) for pattern, _ in self.rules)
        ]
        for pattern, times in self.rules:
            seen = sum(1 for line in lines if pattern.search(line))
            if times is None and seen == 0:
                wrong.append(f"no line with {pattern.pattern!r}")
            elif isinstance(times, int) and seen != times:
                wrong.append(
                    f"{seen} lines, not {times}, with {pattern.pattern!r}"
                )
        return wrong


class Process:
    """A program with its output in files, that ends well or is an error."""

    def __init__(self, name, tmp, command, address, **options):
        self.name = name
        self.journal = Journal()
        self.expect = self.journal.expect
        self.allow = self.journal.allow
        self.address = address
        self.done = False
        number = len(list(tmp.glob(f"{name}-*.err")))
        self.out = tmp / f"{name}-{number}.out"
        self.err = tmp / f"{name}-{number}.err"
        options.setdefault("stdin", subprocess.DEVNULL)
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=err, cwd=tmp, **options
            )
        self.pid = self.process.pid
        try:
            wait_until(self.ready, f"{name} listens on {address}")
        except BaseException:
            self.kill()
            raise

    def ready(self):
        ended = self.process.poll() is not None
        assert not ended, (
            f"{self.name} ended with {self.process.returncode}:\n"
            + self.err.read_text(errors="replace")
        )
        return connectable(self.address)

    def kill(self):
        self.done = True
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def lines(self):
        return self.err.read_text(errors="replace").splitlines()

    def at_rest(self):
        return at_rest(self.pid)

    def end(self, number):
        """End it with signal number; it must have lived, and must end well."""
        self.done = True
        early = self.process.poll()
        if early is None:
            self.process.send_signal(number)
        return self.finish(early)

    def finish(self, early=None):
        """It was told to end: see that it does."""
        self.done = True
        wrong = []
        if early is not None:
            wrong.append(f"ended by itself with {early}")
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            wrong.append("did not end when told to")
        else:
            if status != 0:
                wrong.append(f"exit status {status}, not 0")
        wrong += self.judge()
        assert not wrong, f"{self.name}: " + "\n".join(wrong)

    def judge(self):
        return self.journal.complaints(self.lines())


class Responder(Process):
    """`wwz serve` on a socket of its own."""

    def __init__(
        self,
        tmp,
        root,
        *options,
        listen=None,
        command=None,
        address=None,
        prefix=(),
        **more,
    ):
        self.root = root
        if command is None:
            if listen is None:
                number = len(list(tmp.glob("*.sock")))
                listen = f"unix:{tmp}/{number}.sock"
            command = [*prefix, WWZ, "serve", "--listen", listen]
            command += [*AS_USER, "--root", root, *PATIENT, *options]
        if address is None:
            kind, _, rest = listen.partition(":")
            if kind == "unix":
                address = rest
            else:
                host, _, port = listen.rpartition(":")
                address = (host.strip("[]"), int(port))
        super().__init__("wwz", tmp, command, address, **more)

    def judge(self):
        lines = self.lines()
        wrong = self.journal.complaints(lines)
        wrong += [
            f"not a log line: {line}"
            for line in lines
            if not LINE.fullmatch(line)
        ]
        if self.out.stat().st_size > 0:
            wrong.append(f"standard output: {self.out.read_bytes()[:200]!r}")
        return wrong

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def bytes_read(self):
        """Of files and sockets, so far."""
        with open(f"/proc/{self.pid}/io") as file:
            return int(file.readline().split()[1])

    def connect(self, timeout=PATIENCE):
        return connect(self.address, timeout)

    def client(self, timeout=PATIENCE):
        return FastCgi(self.address, self.root, timeout)


@contextlib.contextmanager
def running(process, signal_number=signal.SIGTERM):
    """The process, ended and judged at the end."""
    try:
        yield process
    except BaseException:
        if not process.done:
            process.kill()
        raise
    if not process.done:
        process.end(signal_number)


class Response:
    """An answer, whole or cut short."""

    def __init__(self, status, headers, body, method="GET"):
        self.status = status
        self.headers = headers
        self.body = body
        self.method = method

    def get(self, name):
        """The field's value; None without; more than one is an error."""
        values = self.headers.get_all(name, [])
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None

    @property
    def cut(self):
        """It has less of a body than it announced."""
        length = self.get("Content-Length")
        if length is None or self.method == "HEAD" or self.status == 304:
            return False
        return len(self.body) < int(length)

    def __repr__(self):
        return (
            f"<{self.status} {self.headers.items()}"
            f" {len(self.body)} bytes: {self.body[:60]!r}>"
        )


class _Connection(http.client.HTTPConnection):
    """Sends what it is told, bytes that do not belong there too."""

    def _validate_path(self, url):
        pass

    def _encode_request(self, request):
        return request.encode("latin-1")


class Http:
    """An HTTP client that keeps its connection."""

    def __init__(self, port, timeout=PATIENCE):
        self.connection = _Connection("127.0.0.1", port, timeout=timeout)

    def ask(self, path, method="GET", headers=(), body=None):
        """path is bytes of the request line, as latin-1; headers are pairs.  A
        body that is a list is sent as so many chunks."""
        c = self.connection
        c.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            c.putheader(name, value)
        if isinstance(body, list):
            c.putheader("Transfer-Encoding", "chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                            for part in [*body, b""])
        elif body is not None:
            c.putheader("Content-Length", str(len(body)))
        c.endheaders()
        if body is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                c.send(body)
        answer = c.getresponse()
        try:
            content = answer.read()
        except http.client.IncompleteRead as short:
            content = short.partial
        if answer.will_close or answer.length:
            c.close()
        return Response(answer.status, answer.headers, content, method)

    def close(self):
        self.connection.close()


BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
RESPONDER, KEEP = 1, 1


def record(kind, number, content=b"", pad=None):
    """One FastCGI record, padded to a multiple of 8."""
    pad = -len(content) % 8 if pad is None else pad
    head = struct.pack(">BBHHBx", 1, kind, number, len(content), pad)
    return head + content + bytes(pad)


def stream(kind, number, content, size=0xFFFF):
    """Content as a stream: records, and the empty one that ends it."""
    parts = [content[i : i + size] for i in range(0, len(content), size)]
    return b"".join(record(kind, number, part) for part in [*parts, b""])


def pairs(parameters):
    """Names and values as FastCGI writes them."""
    out = bytearray()
    for pair in parameters:
        name, value = (
            part.encode() if isinstance(part, str) else bytes(part)
            for part in pair
        )
        for text in (name, value):
            if len(text) < 128:
                out.append(len(text))
            else:
                out += struct.pack(">I", len(text) | 1 << 31)
        out += name + value
    return bytes(out)


def unpairs(content):
    """The names and values of a FastCGI stream."""
    out, at = {}, 0
    while at < len(content):
        sizes = []
        for _ in range(2):
            if content[at] < 128:
                sizes.append(content[at])
                at += 1
            else:
                (size,) = struct.unpack_from(">I", content, at)
                sizes.append(size & 0x7FFFFFFF)
                at += 4
        name = content[at : at + sizes[0]].decode()
        at += sizes[0]
        out[name] = content[at : at + sizes[1]].decode()
        at += sizes[1]
    return out


def parameters(root, path, method="GET", headers=(), body=b"", **more):
    """What a front end makes of a request, as a list of pairs: decoded once,
    split after the first component that ends in .wwz, nothing cleaned.
    more replaces parameters; None leaves one out."""
    raw = path.encode("latin-1")
    encoded, _, query = raw.partition(b"?")
    decoded = urllib.parse.unquote_to_bytes(encoded)
    split = re.fullmatch(rb"(?s)(.+?\.wwz)(/.*)?", decoded)
    script, info = split.groups() if split else (decoded, None)
    values = {
        "SCRIPT_FILENAME": os.fsencode(root) + script,
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "SCRIPT_NAME": script,
        "REQUEST_URI": raw,
        "DOCUMENT_ROOT": os.fsencode(root),
        "PATH_INFO": info or b"",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REQUEST_SCHEME": "http",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
    }
    values.update(more)
    out = [pair for pair in values.items() if pair[1] is not None]
    for name, value in headers:
        out.append(("HTTP_" + name.upper().replace("-", "_"), value))
    return out


def parse_cgi(output, method="GET"):
    """A CGI response as a Response, or None when its head is not whole."""
    head, sep, body = output.partition(b"\r\n\r\n")
    if not sep:
        return None
    headers = http.client.parse_headers(io.BytesIO(head + sep))
    status = headers.get("Status", "200 OK")
    assert re.fullmatch(r"[1-5]\d\d( .*)?", status), f"Status: {status!r}"
    return Response(int(status[:3]), headers, body, method)


class FastCgi:
    """A front end's side of one FastCGI connection."""

    def __init__(self, address, root, timeout=PATIENCE):
        self.root = root
        self.socket = connect(address, timeout)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, size):
        """Just size bytes; None at the end of the connection."""
        data = bytearray()
        while len(data) < size:
            try:
                part = self.socket.recv(min(size - len(data), 1 << 20))
            except ConnectionResetError:
                return None
            if not part:
                return None
            data += part
        return bytes(data)

    def read_record(self):
        """(kind, request, content), or None at the end of the connection."""
        head = self.receive(8)
        if head is None:
            return None
        version, kind, number, size, pad = struct.unpack(">BBHHBx", head)
        assert version == 1, f"a record of version {version}"
        content = self.receive(size + pad)
        return None if content is None else (kind, number, content[:size])

    def request(self, path, method="GET", headers=(), body=b"", **options):
        """The bytes of a request, for send()."""
        keep = options.pop("keep", True)
        number = options.pop("number", 1)
        begin = struct.pack(">HB5x", RESPONDER, KEEP if keep else 0)
        content = pairs(
            parameters(self.root, path, method, headers, body, **options)
        )
        return (
            record(BEGIN, number, begin)
            + stream(PARAMS, number, content)
            + stream(STDIN, number, body)
        )

    def read_response(self, method="GET", number=1, start=b""):
        """The answer, as far as it came; None when not even a head came.
        .ended: its END record says that it is complete."""
        out, errors = bytearray(start), bytearray()
        end = None
        while end is None:
            got = self.read_record()
            if got is None:
                break
            kind, of, content = got
            assert of == number, f"record {kind} for request {of}"
            if kind == STDOUT:
                out += content
            elif kind == STDERR:
                errors += content
            elif kind == END:
                end = struct.unpack(">IB3x", content)
            else:
                raise AssertionError(f"record of type {kind}")
        # The responder's own log has these lines, too, and is checked.
        for line in errors.decode(errors="replace").splitlines():
            match = LINE.fullmatch(line)
            assert match and match["level"] in ("error", "warn"), (
                f"FastCGI stderr: {bytes(errors)!r}")
        response = parse_cgi(bytes(out), method)
        if response is not None:
            assert end is None or end[1] == 0, f"protocol status {end[1]}"
            response.ended = end == (0, 0)
        return response

    def ask(self, path, method="GET", headers=(), body=b"", **options):
        """One request and its answer; the connection is kept."""
        self.send(self.request(path, method, headers, body, **options))
        response = self.read_response(method, options.get("number", 1))
        assert response is not None, f"no answer to {method} {path}"
        return response


def npm(name, *packages):
    """Where the first of the npm packages is, installed in build/NAME."""
    home = TOP / "build" / name
    places = [home / "node_modules" / re.sub("(?<=.)@.*", "", package)
              for package in packages]
    home.parent.mkdir(exist_ok=True)
    # One process installs, and what it installed is there as a whole.
    with open(home.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((place / "package.json").is_file() for place in places):
            new = home.with_suffix(".new")
            for old in (new, home):
                shutil.rmtree(old, ignore_errors=True)
            new.mkdir()
            subprocess.run(
                ["npm", "install", "--no-save", "--ignore-scripts", "--silent",
                 "--prefix", new, *packages],
                check=True,
                stdin=subprocess.DEVNULL,
                timeout=300,
            )
            new.rename(home)
    return places[0]


NGINX = ("user root;\n" if os.geteuid() == 0 else "") + """\
daemon off;
worker_processes 1;
error_log stderr warn;
pid nginx.pid;
events { worker_connections 512; }
http {
	include /etc/nginx/mime.types;
	access_log off;
	# No client of a test may find its connection closed for want of requests.
	keepalive_timeout 1h;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	include site.conf;
}
"""


def shipped(name, changes):
    """A file of deploy/nginx, with this machine's places put in."""
    text = (TOP / "deploy/nginx" / name).read_text()
    for pattern, place in changes:
        text, count = re.subn(rf"(?m)^{pattern}$", place, text)
        assert count == 1, f"{name}: {count} lines like {pattern!r}"
    return text


class Nginx(Process):
    """nginx before a responder, with the configuration that is shipped."""

    def __init__(self, tmp, root, responder_address):
        self.port = free_port()
        home = tmp / "nginx"
        (home / "snippets").mkdir(parents=True)
        (home / "nginx.conf").write_text(NGINX)
        site = [
            (r"\tlisten 80;", f"\tlisten 127.0.0.1:{self.port};"),
            (r"\tlisten \[::\]:80;", ""),
            (r"\troot \S+;", f"\troot {root};"),
        ]
        (home / "site.conf").write_text(shipped("site.conf", site))
        socket_ = [
            (
                r"\tfastcgi_pass unix:\S+;",
                f"\tfastcgi_pass unix:{responder_address};",
            )
        ]
        (home / "snippets/wwz.conf").write_text(shipped("wwz.conf", socket_))
        command = ["nginx", "-p", home, "-c", home / "nginx.conf"]
        command += ["-e", "stderr"]
        super().__init__("nginx", tmp, command, ("127.0.0.1", self.port))
        # These lines are checked in the log of the responder.
        self.allow("FastCGI sent in stderr: ")

    def client(self):
        return Http(self.port)


@contextlib.contextmanager
def served(tmp, root, *options):
    """A responder and nginx before it: (responder, nginx)."""
    with running(Responder(tmp, root, *options)) as responder:
        with running(Nginx(tmp, root, responder.address)) as nginx:
            yield responder, nginx
