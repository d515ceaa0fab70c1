"""Serves one WSGI file on Python's own wsgiref, single-threaded: FILE CALLABLE HOST PORT.

One request a connection: the only thread must never wait on an idle connection while another brings a request.
Works with Python 3.8 and later; needs nothing beyond the standard library.
"""
import errno
import os
import re
import signal
import socket
import sys
import time
import traceback
import types
from wsgiref.handlers import SimpleHandler
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

HEADER_TIMEOUT_S = 10
BODY_TIMEOUT_S = 60
# An app may answer without reading the body; closing on unread bytes would reset the connection and lose the answer.
DRAIN_BYTES = 16 * 1024 * 1024
DRAIN_S = 2
LONGEST_LINE_BYTES = 65536


def fail(message, hint, code=2):
    sys.stdout.flush()
    sys.stderr.write("error: {}\nhint: {}\n".format(message, hint))
    sys.stderr.flush()
    sys.exit(code)


def load_application(path, name):
    """Runs the file once, as uWSGI does: not as __main__, with the working folder first on the module path."""
    if sys.path and os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(__file__)):
        del sys.path[0]
    sys.path.insert(0, os.getcwd())
    module_name = "uwsgi_file_" + re.sub(r"\W", "_", path)
    module = types.ModuleType(module_name)
    module.__file__ = path
    sys.modules[module_name] = module
    try:
        with open(path, "rb") as source:
            code = compile(source.read(), path, "exec")
    except OSError as error:
        fail("{}, {}".format(path, error.strerror), "the working folder is {}".format(os.getcwd()))
    except (SyntaxError, ValueError) as error:
        traceback.print_exception(type(error), error, None)
        fail("{}, it does not compile".format(path), "Python {}.{} runs it; correct the line above".format(*sys.version_info))
    try:
        exec(code, module.__dict__)
    except BaseException as error:
        explain_import_failure(path, error)
    application = module.__dict__.get(name)
    if callable(application):
        return application
    found = ", ".join(list_callables(module)) or "none"
    reason = "not callable" if name in module.__dict__ else "not defined"
    return fail("{}, {} is {}".format(path, name, reason), "callables in the file: {}; choose with --callable".format(found))


def explain_import_failure(path, error):
    if isinstance(error, KeyboardInterrupt):
        sys.exit(130)
    frames = error.__traceback__.tb_next  # without this launcher's own frame
    traceback.print_exception(type(error), error, frames)
    hint = "run it by itself: {} {}".format(sys.executable, path)
    if isinstance(error, ModuleNotFoundError):
        hint = "{} cannot import {}; install it for this Python, or activate its virtual environment".format(
            sys.executable, error.name
        )
    fail("{}, it ended with {} while it was loaded".format(path, type(error).__name__), hint)


def list_callables(module):
    """Functions and classes the file defines, and objects of others that can be called, such as Bottle()."""
    kinds = (type, types.FunctionType, types.BuiltinFunctionType)
    for name, value in module.__dict__.items():
        own = not isinstance(value, kinds) or value.__module__ == module.__name__
        if callable(value) and own and not name.startswith("_"):
            yield name


class Body:
    """wsgi.input with an end (PEP 3333): reading past Content-Length gives b'' instead of waiting for ever."""

    def __init__(self, stream, length):
        self.stream = stream
        self.left = length

    def read(self, size=-1):
        return self._take(self.stream.read, size)

    def readline(self, size=-1):
        return self._take(self.stream.readline, size, whole=False)

    def readlines(self, hint=-1):
        lines = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if 0 < hint <= total:
                break
        return lines

    def __iter__(self):
        return iter(self.readline, b"")

    def _take(self, read, size, whole=True):
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        data = read(wanted) if wanted else b""
        self.left -= len(data)
        if self.left and (len(data) < wanted if whole else wanted and not data.endswith(b"\n") and len(data) < wanted):
            # A short body must not pass for a whole one.
            raise ConnectionResetError(errno.ECONNRESET, "the client closed the connection in its body")
        return data


class Response(SimpleHandler):
    server_software = None
    os_environ = {}  # a variable such as HTTP_PROXY would pass for a header of the request
    wsgi_run_once = False
    http_version = "1.1"
    chunked = False
    silent = False

    def send_headers(self):
        self.cleanup_headers()
        self.headers["Connection"] = "close"
        bodiless = self.status[:3] in ("204", "304")
        if bodiless:
            del self.headers["Content-Length"]  # wsgiref adds 0, which RFC 9110 section 8.6 forbids
        elif "Content-Length" not in self.headers and self.environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            # An app that fails in the middle leaves the last chunk out; the end of the connection alone would look whole.
            self.headers["Transfer-Encoding"] = "chunked"
            self.chunked = True
        self.silent = bodiless or self.environ["REQUEST_METHOD"] == "HEAD"
        self.headers_sent = True
        self.send_preamble()
        self._write(bytes(self.headers))

    def write(self, data):
        if not self.status:
            raise AssertionError("write() before start_response()")
        if not self.headers_sent:
            self.bytes_sent = len(data)  # cleanup_headers() makes Content-Length of it when there is one block
            self.send_headers()
        else:
            self.bytes_sent += len(data)
        if data and not self.silent:
            self._write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)
            self._flush()

    def finish_content(self):
        super().finish_content()
        if self.chunked and not self.silent:
            self._write(b"0\r\n\r\n")


class RequestHandler(WSGIRequestHandler):
    timeout = HEADER_TIMEOUT_S
    server_version = "wsgiref"

    def handle(self):
        try:
            self.handle_one()
        except (ConnectionError, socket.timeout):
            self.close_connection = True

    def handle_one(self):
        self.raw_requestline = self.rfile.readline(LONGEST_LINE_BYTES + 1)
        if not self.raw_requestline:
            return
        if len(self.raw_requestline) > LONGEST_LINE_BYTES:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
            return
        if not self.parse_request():
            return
        length = self.read_length()
        if length is None:
            self.drain(DRAIN_BYTES)
            return
        self.connection.settimeout(BODY_TIMEOUT_S)
        body = Body(self.rfile, length)
        response = Response(body, self.wfile, sys.stderr, self.get_environ(), multithread=False)
        response.run(self.server.get_app())
        if body.left:
            self.drain(body.left)

    def read_length(self):
        """Content-Length, or None after an error answer (RFC 9112 section 6.3)."""
        if "Transfer-Encoding" in self.headers:
            self.send_error(411, "Length Required", "wsgiref knows no chunked coding; send Content-Length")
            return None
        values = set(self.headers.get_all("Content-Length", ["0"]))
        value = values.pop().strip()
        if values or not (value.isascii() and value.isdigit()):
            self.send_error(400, "Bad Request", "Content-Length is not one number")
            return None
        return int(value)

    def get_environ(self):
        # X_Forwarded_For and X-Forwarded-For become one name in the environment: the spelling of spoofers is dropped.
        for name in [name for name in self.headers.keys() if "_" in name]:
            del self.headers[name]
        environ = super().get_environ()
        # SimpleHandler makes wsgi.url_scheme of HTTPS. Only the front on this host can reach this port.
        forwarded = self.headers.get("X-Forwarded-Proto", "").lower()
        environ["HTTPS"] = "on" if forwarded == "https" and self.client_address[0] == "127.0.0.1" else "off"
        return environ

    def drain(self, left):
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        ends_at = time.monotonic() + DRAIN_S
        left = min(left, DRAIN_BYTES)
        while left > 0 and time.monotonic() < ends_at:
            self.connection.settimeout(max(0.01, ends_at - time.monotonic()))
            data = self.rfile.read1(min(65536, left))
            if not data:
                return
            left -= len(data)

    def log_request(self, code="-", size="-"):
        pass  # the front writes the access log

    def log_message(self, format, *values):
        sys.stderr.write("{}\n".format(format % values))


class Server(WSGIServer):
    request_queue_size = 128
    handling = False
    ending = False

    def server_bind(self):
        # HTTPServer would ask the resolver for the host's full name, which can take seconds without a network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address
        self.setup_environ()

    def process_request(self, request, client_address):
        self.handling = True
        try:
            super().process_request(request, client_address)
        finally:
            self.handling = False

    def end(self, *_):
        """SIGTERM: the request at hand is finished, the next one is not begun."""
        self.ending = True
        if not self.handling:
            sys.exit(0)


def main(arguments):
    if len(arguments) != 4 or not arguments[3].isdigit():
        fail("wsgi_launcher.py, wrong arguments", "wsgi_launcher.py FILE CALLABLE HOST PORT")
    path, name, host, port = arguments
    application = load_application(path, name)
    try:
        server = Server((host, int(port)), RequestHandler)
    except (OSError, OverflowError) as error:
        fail("{}:{}, {}".format(host, port, error), "choose another port", code=1)
    server.set_app(application)
    signal.signal(signal.SIGTERM, server.end)
    while not server.ending:
        server.handle_request()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
