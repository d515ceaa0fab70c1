"""Serves a WSGI app on Python's own wsgiref: FILE CALLABLE HOST PORT [OPTION …], options as uWSGI names them.

One request a connection: the only thread must never wait on an idle connection while another brings a request.
Works with Python 3.8 and later; needs nothing beyond the standard library.
"""
import errno
import os
import re
import signal
import socket
import sys
import threading
import time
import traceback
import types
from concurrent.futures import ThreadPoolExecutor
from wsgiref.handlers import SimpleHandler
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

OWN_FOLDER = os.path.dirname(os.path.realpath(__file__))
if sys.path and os.path.realpath(sys.path[0]) == OWN_FOLDER:
    del sys.path[0]
sys.path.append(OWN_FOLDER)
from wsgi_options import Mounts, Options, find_callable, is_file, load_module, run_file, split_callable  # noqa: E402

sys.path.remove(OWN_FOLDER)

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
    """The callable of a file, or of a module by its dotted name."""
    try:
        module = run_file(path) if is_file(path) else load_module(path)
    except OSError as error:
        if is_file(path) and error.filename == path:
            fail("{}, {}".format(path, error.strerror), "the working folder is {}".format(os.getcwd()))
        explain_import_failure(path, error)
    except (SyntaxError, ValueError) as error:
        if error.__traceback__ is not None and not isinstance(error, SyntaxError):
            explain_import_failure(path, error)
        traceback.print_exception(type(error), error, None)
        fail("{}, it does not compile".format(path), "Python {}.{} runs it; correct the line above".format(*sys.version_info))
    except BaseException as error:
        explain_import_failure(path, error)
    application = find_callable(module, name)
    if application is not None:
        return application
    found = ", ".join(list_callables(module)) or "none"
    reason = "not callable" if name in module.__dict__ else "not defined"
    what = "file" if is_file(path) else "module"
    return fail("{}, {} is {}".format(path, name, reason), "callables in the {}: {}; choose with --callable".format(what, found))


def load_applications(path, name, options):
    """What is served: the file, or what the options mount."""
    mounts = dict(options.mounts)
    if path:
        mounts[""] = path if not name else "{}:{}".format(path, name)
    if not mounts and options.has_files:
        return Mounts({})
    if not mounts:
        fail("nothing is named that Python could serve", "name a file or --module package.module:callable; other apps need uWSGI")
    apps = {}
    for place, specification in mounts.items():
        app, chosen = split_callable(specification, name or options.callable)
        apps[place] = load_application(app, chosen)
    if len(apps) == 1 and "" in apps:
        return apps[""]
    return Mounts(apps) if options.rewrites_names else apps.get("", next(iter(apps.values())))


def explain_import_failure(path, error):
    if isinstance(error, KeyboardInterrupt):
        sys.exit(130)
    frames = error.__traceback__
    while frames is not None and os.path.dirname(os.path.realpath(frames.tb_frame.f_code.co_filename)) == OWN_FOLDER:
        frames = frames.tb_next  # without the launcher's own frames
    while frames is not None and "importlib" in frames.tb_frame.f_code.co_filename:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)
    hint = "run it by itself: {} {}".format(sys.executable, path if is_file(path) else "-m " + path)
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
        response = Response(
            body, self.wfile, sys.stderr, self.get_environ(), self.server.pool is not None, self.server.is_one_of_many
        )
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
    pool = None
    is_one_of_many = False

    def server_bind(self):
        # HTTPServer would ask the resolver for the host's full name, which can take seconds without a network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address
        self.setup_environ()

    def process_request(self, request, client_address):
        if self.pool is not None:
            self.pool.submit(self.serve_in_thread, request, client_address)
            return
        self.handling = True
        try:
            super().process_request(request, client_address)
        finally:
            self.handling = False

    def serve_in_thread(self, request, client_address):
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)

    def end(self, *_):
        """SIGTERM: the request at hand is finished, the next one is not begun."""
        self.ending = True
        if not self.handling:
            sys.exit(0)

    def run(self, threads):
        """Serves until SIGTERM; with threads, requests wait for one of them in the pool."""
        if threads > 1:
            self.pool = ThreadPoolExecutor(threads)
        signal.signal(signal.SIGTERM, self.end)
        try:
            while not self.ending:
                self.handle_request()
        finally:
            if self.pool is not None:
                self.socket.close()
                self.pool.shutdown(wait=True)


class Family:
    """Several processes that accept on one socket; one that dies is replaced."""

    def __init__(self, server, options):
        self.server = server
        self.options = options
        self.children = set()
        self.ending = False

    def run(self):
        signal.signal(signal.SIGTERM, self.end)
        for _ in range(self.options.processes):
            self.start()
        while self.children:
            try:
                pid, _ = os.wait()
            except ChildProcessError:
                return
            self.children.discard(pid)
            if not self.ending:
                print("process {} has ended: starting another".format(pid), flush=True)
                time.sleep(0.5)
                self.start()

    def start(self):
        pid = os.fork()
        if pid == 0:
            self.server.is_one_of_many = True
            try:
                self.server.run(self.options.threads)
            finally:
                sys.stdout.flush()
                os._exit(0)
        self.children.add(pid)
        if self.ending:
            os.kill(pid, signal.SIGTERM)

    def end(self, *_):
        self.ending = True
        for pid in self.children:
            os.kill(pid, signal.SIGTERM)


def watch_files(paths):
    """Ends this process once one of the files is touched; the front then starts it anew."""

    def times():
        return [os.stat(path).st_mtime if os.path.exists(path) else 0 for path in paths]

    def watch():
        before = times()
        while times() == before:
            time.sleep(1)
        print("touch-reload: one of {} has changed".format(", ".join(paths)), flush=True)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments):
    if len(arguments) < 4 or not arguments[3].isdigit():
        fail("wsgi_launcher.py, wrong arguments", "wsgi_launcher.py FILE CALLABLE HOST PORT [OPTION ...]")
    path, name, host, port = arguments[:4]
    options = Options(arguments[4:])
    if options.unknown:
        words = ", ".join(dict.fromkeys(options.unknown))
        print("warning: wsgiref does not follow {}; uWSGI would (apt install uwsgi uwsgi-plugin-python3)".format(words), flush=True)
    try:
        options.apply()
    except OSError as error:
        fail("{}, {}".format(error.filename, error.strerror), "name a folder that exists")
    application = load_applications(path, name, options)
    try:
        server = Server((host, int(port)), RequestHandler)
    except (OSError, OverflowError) as error:
        fail("{}:{}, {}".format(host, port, error), "choose another port", code=1)
    server.set_app(application)
    if options.touched:
        watch_files(options.touched)
    if options.processes > 1:
        Family(server, options).run()
    else:
        server.run(options.threads)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
