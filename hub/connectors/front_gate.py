"""What every request of the front passes before and after its handler: limits, and errors in the words of its door.

| the sender | is answered |
| --- | --- |
| announces or sends a body over `max_body_bytes` | 413, the rest unread |
| takes longer than `body_s` for its body | 408 |
| comes while `requests` of its door are in progress | 429, Retry-After |
| comes while the front is full (requests, or bytes of bodies) | 503, Retry-After |
| comes to a door that is configured and not running | 503, Retry-After |
| sends a header of more than 32 kB | 431 |

An answer that was given before the body was read closes the connection; what the sender still sends is thrown away for `LINGER_S`
at most, so that it can read the answer instead of meeting a reset; for no more than `MOST_LINGERING` at once, or those would hold
every connection. A body without length counts as the largest allowed one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import __version__
from hub.connectors.front import FrontLimits, Mounted, Refused
from hub.ops import metrics

__all__ = ["MAX_HEADER_BYTES", "Gate", "problem"]

LINGER_S = 2.0
MOST_LINGERING = 64
MAX_HEADER_BYTES = 32 * 1024
RETRY_AFTER_S = 2
SHUT_RETRY_AFTER_S = 60  # somebody has to mend it
_SAFE = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"))
_MOUNTED = "hub.mounted"


class Gate:
    """The ASGI application of the front. `serve_these` replaces all mounts at once; requests in progress end as they began."""

    def __init__(self, limits: FrontLimits) -> None:
        self._limits = limits
        self._mounted: Mapping[str, Mounted] = {}
        self._shut: Collection[str] = ()
        self._app: ASGIApp = _application({})
        self._requests: Counter[str] = Counter()  # prefix → in progress
        self._bytes = self._lingering = 0

    def serve_these(self, mounted: Mapping[str, Mounted], shut: Collection[str] = ()) -> None:
        self._app, self._mounted, self._shut = _application(mounted), dict(mounted), shut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        prefix = "/".join(scope["path"].split("/", 3)[:3])
        mounted = self._mounted.get(prefix)
        exchange = _Exchange(scope, receive, send, mounted, self._limits)
        scope[_MOUNTED] = mounted
        refused = exchange.refusal or self._full(mounted, exchange.reserved)
        if mounted is None and prefix in self._shut:
            refused = refused or Refused(503, "not-running", retry_after_s=SHUT_RETRY_AFTER_S)
        if refused is not None:
            await _worded(refused, mounted)(scope, exchange.receive, exchange.send)
        else:
            with self._counted(mounted.prefix if mounted is not None else "", exchange.reserved):
                await self._app(scope, exchange.receive, exchange.send)
        await self._ended(exchange)  # no longer in progress: who is thrown out takes nobody's place

    async def _ended(self, exchange: _Exchange) -> None:
        self._lingering += exchange.lingers
        try:
            await exchange.end(LINGER_S if self._lingering <= MOST_LINGERING else 0)
        finally:
            self._lingering -= exchange.lingers

    @contextmanager
    def _counted(self, prefix: str, reserved: int) -> Iterator[None]:
        """The request is in progress for the block."""
        self._requests[prefix] += 1
        self._bytes += reserved
        try:
            yield
        finally:
            self._bytes -= reserved
            self._requests[prefix] -= 1
            if not self._requests[prefix]:
                del self._requests[prefix]

    def _full(self, mounted: Mounted | None, reserved: int) -> Refused | None:
        if mounted is not None and self._requests[mounted.prefix] >= mounted.limits.requests:
            return Refused(429, "too-many-requests", retry_after_s=RETRY_AFTER_S)
        if self._requests.total() >= self._limits.requests or (
            self._bytes and self._bytes + reserved > self._limits.in_flight_bytes
        ):
            return Refused(503, "busy", retry_after_s=RETRY_AFTER_S)
        return None


class _Exchange:
    """One request and its answer, with the body held to its limits. `reserved`: bytes it may come to hold; `lingers`: it was
    answered before its body was read."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, mounted: Mounted | None, limits: FrontLimits
    ) -> None:
        self._receive, self._send, self._mounted = receive, send, mounted
        self._began = asyncio.get_running_loop().time()
        self._max_bytes = mounted.limits.max_body_bytes if mounted is not None else 0
        body_s = mounted.limits.body_s if mounted is not None else limits.header_s
        self._until = self._began + body_s
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length")
        chunked = b"transfer-encoding" in headers
        self._unread = chunked or announced not in (None, b"0")
        self._read = 0
        self._closes = self.lingers = False
        self.refusal: Refused | None = None
        self.reserved = self._max_bytes if chunked else 0
        if announced is not None and not chunked:
            # h11 lets only digits through and holds the body to them; 20 digits are none that we could mean
            length = int(announced) if announced.isdigit() and len(announced) < 20 else self._max_bytes + 1
            self.reserved = min(length, self._max_bytes)
            if mounted is not None and length > self._max_bytes:
                self.refusal = Refused(413, "body-too-large")
        if sum(len(name) + len(value) for name, value in scope["headers"]) + len(scope["raw_path"]) > MAX_HEADER_BYTES:
            self.refusal = Refused(431, "header-too-large")  # uvicorn counts only what comes in several pieces
        if mounted is not None and mounted.limits.max_unpacked_bytes is not None and b"content-encoding" in headers:
            self.reserved += mounted.limits.max_unpacked_bytes

    async def receive(self) -> Message:
        """The next piece of the body; Refused when it is too large or too late."""
        try:
            async with asyncio.timeout_at(self._until if self._unread else None):
                message = await self._receive()
        except TimeoutError:
            raise Refused(408, "body-too-slow") from None
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._unread = message.get("more_body", False)
            if self._read > self._max_bytes:
                raise Refused(413, "body-too-large")
        else:
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            names = {name.lower() for name, _ in given}
            given += [(name, value) for name, value in _SAFE if name not in names]
            self._closes = self._unread
            if self._closes:
                given.append((b"connection", b"close"))
            message = {**message, "headers": given}
            self._observe(message["status"])
        elif self._closes and not message.get("more_body", False):
            message = {**message, "more_body": True}
            self.lingers = True
        await self._send(message)

    async def end(self, linger_s: float) -> None:
        """After the answer: read on for a while without keeping anything, then let the connection be closed."""
        if self.lingers:
            await self._throw_away(linger_s)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _observe(self, status: int) -> None:
        """Which answer which door gave, and how long it took."""
        kind, connector = ("none", "none")
        if self._mounted is not None:
            kind, connector = self._mounted.prefix.split("/")[1], self._mounted.connector
        metrics.HTTP_REQUESTS.inc(connector=connector, door=kind, status=str(status))
        seconds = asyncio.get_running_loop().time() - self._began
        metrics.HTTP_SECONDS.observe(seconds, connector=connector, door=kind)

    async def _throw_away(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while self._unread:
                    message = await self._receive()
                    self._unread = message["type"] == "http.request" and message.get("more_body", False)
        except TimeoutError:
            return


def problem(refused: Refused) -> Response:
    """Problem details (RFC 9457): `type` is a name of the reason, `title` the words of the status."""
    status = refused.status
    body = {
        "type": f"urn:hub:problem:{refused.reason}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "reason": refused.reason,
        **({"detail": refused.detail} if refused.detail else {}),
    }
    return JSONResponse(body, status, refused.headers, media_type="application/problem+json")


def _worded(refused: Refused, mounted: Mounted | None) -> Response:
    return (mounted.refusal if mounted is not None and mounted.refusal is not None else problem)(refused)


_REASONS = {404: "not-found", 405: "method-not-allowed", 400: "malformed", 413: "body-too-large"}


def _application(mounted: Mapping[str, Mounted]) -> FastAPI:
    app = FastAPI(
        title="hub: doors over HTTP",
        version=__version__,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return _worded(error, request.scope.get(_MOUNTED))

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        reason = _REASONS.get(error.status_code, "refused")
        told = Refused(error.status_code, reason, headers=dict(error.headers or {}))
        return _worded(told, request.scope.get(_MOUNTED))

    async def invalid(request: Request, _error: Exception) -> Response:
        return _worded(Refused(422, "invalid-parameters"), request.scope.get(_MOUNTED))

    async def broken(request: Request, _error: Exception) -> Response:
        return _worded(Refused(500, "internal-error"), request.scope.get(_MOUNTED))

    handlers: dict[Any, Any] = {
        Refused: refused,
        HTTPException: http_error,
        RequestValidationError: invalid,
        Exception: broken,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    for each in mounted.values():
        app.include_router(each.router, prefix=each.prefix, tags=[each.connector])
    return app
