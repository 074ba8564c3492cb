"""Another zip server: Python's http.server with threads over its zipfile.

    zipserver.py PORT ARCHIVE PREFIX
"""

import http.server
import mimetypes
import sys
import urllib.parse
import zipfile

port, archive, prefix = int(sys.argv[1]), sys.argv[2], sys.argv[3]
# Reading is guarded by a lock of its own.
shared = zipfile.ZipFile(archive)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write for head and body.
    wbufsize = -1

    def do_GET(self):
        name = urllib.parse.unquote(self.path).removeprefix(prefix)
        try:
            body = shared.read(name)
        except KeyError:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", mimetypes.guess_type(name)[0])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


Server(("127.0.0.1", port), Handler).serve_forever()
