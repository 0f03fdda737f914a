"""The front: the one HTTP server of the connectors process, into which doors mount themselves.

A door makes an APIRouter whose paths are relative to its prefix, `/<kind>/<connector>`, and mounts it at open():

    class PigeonDoor:
        async def open(self) -> None:
            router = APIRouter()
            router.add_api_route("", self.take, methods=["POST"])            # POST /pigeon/NAME
            router.add_api_route("/form", self.form, include_in_schema=False)  # GET /pigeon/NAME/form
            await self.front.mount(Mounted(f"/pigeon/{name}", name, router, Limits(max_body_bytes=1_000_000)))

        async def stop_reading(self) -> None: ...  # handlers raise Refused(503, "stopping", retry_after_s=5) from now on

        async def close(self) -> None:
            await self.front.unmount(name)  # answer what is open first: a waiting handler gets time to finish, not for ever

`around.front` is this object (hub.connectors.doors.Around). One connector may mount several prefixes; `unmount` takes all of its
own away and leaves every other connector's alone, requests in progress included. The server listens from the first mount to the
last unmount, on one port; `port` says which one. Prefixes named in `keep_shut` are answered 503 with Retry-After while nothing is
mounted there, so that a sender keeps what it has; while there are such the server listens too.

A handler may rely on: `request.stream()` (and form, body, json) ends within the limits of its mount, whatever the sender does,
with the right error answered (hub.connectors.front_gate); `request.state.client_names` holds the names (common name and DNS names)
of the client certificate that was verified, empty without one. It refuses with `Refused(status, reason)`: RFC 9457 problem
details with the reason code, or what `refusal` of the mount makes of it. Whatever else it raises is a 500 that says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hub.connectors.front_tls import Tls
from hub.errors import ConfigError

if TYPE_CHECKING:  # FastAPI takes 0.3 s to import: only a process that serves pays
    from fastapi import APIRouter
    from starlette.responses import Response

    from hub.connectors.front_server import FrontServer

__all__ = ["Front", "FrontLimits", "Limits", "Mounted", "Refused"]


@dataclass(frozen=True)
class FrontLimits:
    """Of the whole server."""

    connections: int = 512  # beyond it the longest idle one is dropped for the newest
    header_s: float = (
        10.0  # from the first byte of a connection, or the end of a silence, to the end of a request's header
    )
    idle_s: float = 30.0  # between two requests of one connection
    tls_handshake_s: float = 10.0
    requests: int = 256  # in progress
    in_flight_bytes: int = 256 * 1024 * 1024  # of bodies, as announced or at most possible, of all requests in progress
    drain_s: float = 5.0  # for requests in progress when the server closes


@dataclass(frozen=True)
class Limits:
    """Of one mount."""

    max_body_bytes: int = 8 * 1024 * 1024
    body_s: float = 60.0  # from the end of the header to the end of the body
    requests: int = 64  # in progress
    max_unpacked_bytes: int | None = (
        None  # what a compressed body may come to, where the door unpacks it: counts as in flight
    )


class Refused(Exception):
    """A request that is answered with an error: `reason` is a code of a closed set, never a value of the sender's.

    `headers` stand in the answer; `retry_after_s` becomes Retry-After; `detail` are words of ours beside the code, no value either.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        retry_after_s: int | None = None,
        headers: dict[str, str] | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(f"{status} {reason}")
        self.status, self.reason, self.detail = status, reason, detail
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(retry_after_s)


@dataclass(frozen=True, eq=False)
class Mounted:
    """One prefix of one connector. `refusal` words errors (None: problem details)."""

    prefix: str
    connector: str
    router: APIRouter
    limits: Limits = Limits()
    refusal: Callable[[Refused], Response] | None = None

    def __post_init__(self) -> None:
        if self.prefix.count("/") != 2 or not self.prefix.startswith("/") or self.prefix.endswith("/"):
            raise ValueError("the prefix of a mount is /<kind>/<connector>")


@dataclass
class Front:
    """`port` 0: any free one, chosen at the first mount and kept. `tls_in`: the folder of the certificate, instead of `tls`, looked
    at when the server starts, so that a mistake there stops doors over HTTP and no others. Methods belong to one event loop."""

    host: str = "127.0.0.1"
    port: int = 0
    tls: Tls | None = None
    tls_in: Path | None = None
    limits: FrontLimits = field(default_factory=FrontLimits)
    _mounted: dict[str, Mounted] = field(default_factory=dict, init=False)
    _shut: frozenset[str] = field(default=frozenset(), init=False)
    _server: FrontServer | None = field(default=None, init=False)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @property
    def url(self) -> str:
        """Scheme, host and port to reach it at."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def spoken_tls(self) -> Tls | None:
        """What the server speaks, or would when it started now; ConfigError for a certificate without key."""
        if self.tls_in is not None and not self._mounted:
            self.tls = Tls.of(self.tls_in)
        return self.tls

    async def mount(self, mounted: Mounted) -> None:
        """Serve this prefix from now on. ConfigError when the prefix is taken, or the server cannot listen."""
        async with self._changing:
            if mounted.prefix in self._mounted:
                raise ConfigError(f"two doors want {mounted.prefix}")
            if not self._mounted:
                await self._close()  # one that only says 503 may speak another TLS than there is now
            await self._serve({**self._mounted, mounted.prefix: mounted})

    async def unmount(self, connector: str) -> None:
        """Take away what this connector mounted, if anything; with the last mount the server closes, after a drain."""
        async with self._changing:
            self._mounted = {prefix: each for prefix, each in self._mounted.items() if each.connector != connector}
            if self._server is None:
                return
            self._server.serve_these(self._mounted, self._shut)
            if not self._mounted and not self._shut:
                await self._close()

    async def keep_shut(self, prefixes: Collection[str]) -> None:
        """Doors that are configured, all of them: who sends to one that is not mounted is to come again. ConfigError as `mount`."""
        if self._shut == frozenset(prefixes) and (self._server is not None or not prefixes):
            return
        async with self._changing:
            self._shut = frozenset(prefixes)
            if self._mounted or self._shut:
                await self._serve(self._mounted)
            else:
                await self._close()

    async def _serve(self, mounted: dict[str, Mounted]) -> None:
        from hub.connectors.front_server import FrontServer

        if self._server is None:
            server = FrontServer(self.host, self.port, self.spoken_tls(), self.limits)
            server.serve_these(mounted, self._shut)
            self.port = await server.start()
            self._server = server
        else:
            self._server.serve_these(mounted, self._shut)
        self._mounted = mounted

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.close()
