"""What of uWSGI's options the bundled launcher follows: where Python and the app are found, mounts, threads, processes."""
import glob
import importlib
import os
import re
import sys
import types

HOMES = ("home", "virtualenv", "venv", "pyhome")
# Followed by the program that starts this one, or true here anyway.
SETTLED = HOMES + ("plugin", "plugins", "need-plugin", "need-plugins", "plugins-dir", "plugin-dir", "enable-threads",
                   "single-interpreter", "lazy", "lazy-apps", "buffer-size", "post-buffering", "listen", "no-site",
                   "thunder-lock", "no-default-app", "no-threads-wait", "memory-report", "strict",
                   "thread-stacksize", "threads-stacksize")
# Static files are the front's where this launcher runs the app; it looks for compressed neighbours and obeys ranges anyway.
OF_THE_FRONT = re.compile(r"static-(map2?|check|index|skip-ext|expires.*|gzip.*|cache-paths.*)$|check-static$|honour-range$|offload-threads?$|disable-sendfile$")
LOADERS = ("wsgi-file", "file", "module", "wsgi", "mount")


class Options:
    """The options as `name` or `name=value`; `unknown` has the names of those that nobody here follows."""

    def __init__(self, words):
        self.mounts = {}  # place -> specification of an app
        self.threads = 1
        self.processes = 1
        self.touched = []
        self.rewrites_names = False
        self.environment = []
        self.folders = []
        self.arguments = None
        self.chdir = None
        self.callable = None
        self.has_files = False
        self.unknown = []
        for word in words:
            name, _, value = word.partition("=")
            self.take(name, value)

    def take(self, name, value):
        if name in ("module", "wsgi", "wsgi-file", "file"):
            self.mounts[""] = value
        elif name == "mount":
            place, _, app = value.partition("=")
            self.mounts[place.rstrip("/")] = app
        elif name == "callable":
            self.callable = value
        elif name == "threads":
            self.threads = max(1, number(value))
        elif name in ("processes", "workers"):
            self.processes = max(1, number(value))
        elif name in ("touch-reload", "touch-workers-reload", "touch-chain-reload", "fs-reload"):
            self.touched.append(value)
        elif name == "manage-script-name":
            self.rewrites_names = True
        elif name == "env":
            self.environment.append(value)
        elif name in ("pythonpath", "python-path", "pp"):
            self.folders.append(value)
        elif name == "pyargv":
            self.arguments = value
        elif name == "chdir":
            self.chdir = value
        elif OF_THE_FRONT.match(name):
            self.has_files = True
        elif name not in SETTLED:
            self.unknown.append("--" + name)

    def apply(self):
        """Changes this process as uWSGI would before it loads the app."""
        for text in self.environment:
            name, _, value = text.partition("=")
            os.environ[name] = value
        if self.chdir:
            os.chdir(self.chdir)
        sys.path.insert(0, os.getcwd())
        for folder in self.folders:
            # Each stands before what was there, as uWSGI puts them.
            for path in sorted(glob.glob(folder)) or [folder]:
                sys.path.insert(0, os.path.abspath(path))
        if self.arguments is not None:
            sys.argv = ["uwsgi"] + self.arguments.split()


def number(text):
    match = re.match(r"\d+", text)
    return int(match.group()) if match else 1


def is_file(specification):
    return bool(re.search(r"\.(py|wsgi)(:[\w.()]+)?$", specification)) or "/" in specification


def split_callable(specification, default):
    """`module:callable` and `file.py:callable` taken apart."""
    app, colon, name = specification.rpartition(":")
    return (app, name) if colon else (specification, default or "application")


def load_module(name):
    """A module by its dotted name."""
    return importlib.import_module(name)


def run_file(path):
    """Runs a file once, as uWSGI does: not as __main__."""
    module = types.ModuleType("uwsgi_file_" + re.sub(r"\W", "_", path))
    module.__file__ = path
    sys.modules[module.__name__] = module
    with open(path, "rb") as source:
        code = compile(source.read(), path, "exec")
    exec(code, module.__dict__)
    return module


def find_callable(module, name):
    """The callable with this name, which may have dots; `create()` is called for it. None: there is none."""
    text, calls = (name[:-2], True) if name.endswith("()") else (name, False)
    found = module
    for part in text.split("."):
        found = getattr(found, part, None)
    if calls and callable(found):
        found = found()
    return found if callable(found) else None


class Mounts:
    """Several apps by the beginning of the path; each finds its place in SCRIPT_NAME."""

    def __init__(self, apps):
        self.apps = sorted(apps.items(), key=lambda entry: -len(entry[0]))

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        for place, app in self.apps:
            if path == place or path.startswith(place + "/") or place == "":
                environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + place
                environ["PATH_INFO"] = path[len(place):]
                return app(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"Not Found"]
