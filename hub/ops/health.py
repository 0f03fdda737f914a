"""/metrics, /livez, /readyz and /version of one process, on a thread of its own: it answers while the worker works.

    ops = OpsServer(settings.port("identify"), ready={"outbox": drained}, live={"progress": beat}, role="identify").start()

A check is a function without arguments that returns None when all is well, else a few words; raising counts as failing.
/livez asks only the process's own progress, never its peers: a broker outage must not get it killed. /readyz is 503 until
every check passes, and says of each in JSON how it is. `notes` are words that stand there too and fail nothing; `pages` are JSON
pages of the role's own, by path.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hub import __version__
from hub.errors import ConfigError
from hub.ops import metrics
from hub.ops.logs import logger

__all__ = ["Check", "Flag", "Heartbeat", "OpsServer"]

Check = Callable[[], str | None]
_REQUEST_TIMEOUT_S = 5.0
log = logger(__name__)


class Flag:
    """A check that somebody sets: `not_yet` until `set`, or the words given to `clear`."""

    def __init__(self, not_yet: str = "not yet") -> None:
        self._words: str | None = not_yet

    def set(self) -> None:
        self._words = None

    def clear(self, words: str) -> None:
        self._words = words

    def __call__(self) -> str | None:
        return self._words


class Heartbeat:
    """A check that fails when `beat` was not called for `limit_s` seconds."""

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s, self._clock = limit_s, clock
        self._last = clock()

    def beat(self) -> None:
        self._last = self._clock()

    def __call__(self) -> str | None:
        silent = self._clock() - self._last
        return None if silent <= self._limit_s else f"no progress for {silent:.0f} s"


class OpsServer:
    """Serves the four pages once `start`ed; `port` 0 takes any free one, `self.port` is the one it got."""

    def __init__(
        self,
        port: int,
        ready: Mapping[str, Check] | None = None,
        *,
        live: Mapping[str, Check] | None = None,
        role: str = "hub",
        host: str = "127.0.0.1",
        notes: Callable[[], Mapping[str, str]] = dict,
        pages: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        self.port = port
        self._notes, self._pages = notes, dict(pages or {})
        self._ready, self._live = dict(ready or {}), dict(live or {})
        self._role, self._host = role, host
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> OpsServer:
        """Bind and serve; ConfigError when the port is taken."""
        page = self._page

        class Handler(_Handler):
            pages = staticmethod(page)

        try:
            self._server = _Server((self._host, self.port), Handler)
        except OSError as error:
            raise ConfigError(f"cannot serve /metrics on {self._host}:{self.port}: {error.strerror}") from None
        self.port = self._server.server_address[1]
        metrics.BUILD.set(1, role=self._role, version=__version__)
        threading.Thread(target=self._server.serve_forever, name="ops", daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> OpsServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add_ready(self, name: str, check: Check) -> None:
        """One more thing that must be well before this process is ready."""
        self._ready[name] = check

    def drop_ready(self, name: str) -> None:
        """This is no longer asked for readiness."""
        self._ready.pop(name, None)

    def ready(self) -> dict[str, str]:
        """How each readiness check is: `ok` or words."""
        return {name: _ask(check) for name, check in self._ready.copy().items()}

    def _page(self, path: str) -> tuple[int, str, bytes]:
        if path == "/metrics":
            return 200, metrics.CONTENT_TYPE, metrics.render()
        if path == "/readyz":
            return _verdict("ready", self.ready(), self._notes())
        if path == "/livez":
            return _verdict("live", {name: _ask(check) for name, check in self._live.items()})
        if path == "/version":
            return _json(200, {"name": "hub", "version": __version__, "role": self._role, "pid": os.getpid()})
        if path in self._pages:
            return _json(200, self._pages[path]())
        return _json(404, {"error": "not-found", "pages": ["/metrics", "/livez", "/readyz", "/version", *self._pages]})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is not worth a traceback on stderr."""


class _Handler(BaseHTTPRequestHandler):
    pages: Callable[[str], tuple[int, str, bytes]]
    timeout = _REQUEST_TIMEOUT_S
    server_version = "hub"
    sys_version = ""

    def do_GET(self) -> None:
        try:
            status, content_type, body = self.pages(self.path.partition("?")[0])
        except Exception as bug:
            log.error("a page could not be made", exc_info=bug)
            status, content_type, body = _json(500, {"error": "internal-error"})
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Probes come every few seconds: no access log."""


def _ask(check: Check) -> str:
    try:
        return check() or "ok"
    except Exception as error:
        return f"failed: {type(error).__name__}"  # never its text


def _verdict(word: str, checks: dict[str, str], notes: Mapping[str, str] | None = None) -> tuple[int, str, bytes]:
    well = all(words == "ok" for words in checks.values())
    return _json(200 if well else 503, {word: well, "checks": checks, **({"notes": dict(notes)} if notes else {})})


def _json(status: int, body: object) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(body).encode()
