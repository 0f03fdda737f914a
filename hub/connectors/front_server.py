"""uvicorn inside the connectors process's event loop: no signal handlers, no access log, no server header.

uvicorn limits neither the time of a header nor idle connections; `_Connection` does. A connection whose request header is not
complete in time is closed; when there are too many, the one that has been idle longest makes room for the newest, so that any
number of idle connections keeps no honest sender out.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Mapping
from typing import Any

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hub.connectors import front_tls
from hub.connectors.front import FrontLimits, Mounted
from hub.connectors.front_gate import MAX_HEADER_BYTES, Gate
from hub.connectors.front_tls import Tls, client_names
from hub.errors import ConfigError
from hub.ops import metrics
from hub.ops.logs import logger

__all__ = ["FrontServer"]

log = logger(__name__)


class FrontServer:
    """One listening server; started once, closed once."""

    def __init__(self, host: str, port: int, tls: Tls | None, limits: FrontLimits) -> None:
        self._host, self._port, self._tls, self._limits = host, port, tls, limits
        self._gate = Gate(limits)
        config = Config(
            self._gate,
            http=_Connection,
            ws="none",
            lifespan="off",
            loop="none",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # who sends is said by the connection alone
            timeout_keep_alive=max(1, round(limits.idle_s)),
            timeout_graceful_shutdown=max(1, round(limits.drain_s)),
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        )
        self._server = uvicorn.Server(config)
        self._tasks: list[asyncio.Task[None]] = []

    def serve_these(self, mounted: Mapping[str, Mounted], shut: Collection[str] = ()) -> None:
        """Replace all mounts at once, and the prefixes that are answered 503 while nothing is mounted there."""
        self._gate.serve_these(mounted, shut)

    async def start(self) -> int:
        """Listen; the port that was bound. ConfigError when it is taken, or TLS cannot be spoken."""
        server, config = self._server, self._server.config
        context = self._tls.context() if self._tls is not None else None
        config.load()
        server.lifespan = config.lifespan_class(config)
        idle: dict[_Connection, None] = {}
        try:
            listening = await asyncio.get_running_loop().create_server(
                lambda: _Connection(config, server.server_state, {}, server=server, limits=self._limits, idle=idle),
                self._host,
                self._port,
                ssl=context,
                ssl_handshake_timeout=self._limits.tls_handshake_s if context is not None else None,
                backlog=256,
            )
        except OSError as error:
            raise ConfigError(
                f"cannot listen for HTTP on {self._host}:{self._port}: {error.strerror or error}; the port is `http` "
                "under ports in settings.json"
            ) from None
        server.servers = [listening]
        server.started = True
        self._tasks = [asyncio.create_task(server.main_loop(), name="front")]
        if self._tls is not None and context is not None:
            self._tasks.append(asyncio.create_task(_renew(self._tls, context), name="front-tls"))
        return int(listening.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Accept nothing more, let requests in progress end (for `drain_s` at most), close every connection."""
        self._server.should_exit = True
        for task in self._tasks[1:]:
            task.cancel()
        for task in self._tasks[:1]:
            await task
            await self._server.shutdown()


async def _renew(tls: Tls, context: ssl.SSLContext) -> None:
    """Take up renewed files for as long as the server runs."""
    used = tls.stamp()
    while True:
        await asyncio.sleep(front_tls.RENEW_S)
        found = tls.stamp()
        if found in (used, ()):
            continue
        used = found
        try:
            tls.renew(context)
            log.info("the certificate of the doors over HTTP was renewed")
        except (ConfigError, OSError) as why:
            log.warning("the renewed certificate cannot be used, the old one stays", exc_info=why)


class _Connection(H11Protocol):
    """uvicorn's connection, held to `limits`; `idle` are the connections without a request in progress, longest idle first."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        *,
        server: uvicorn.Server,
        limits: FrontLimits,
        idle: dict[_Connection, None],
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._server, self._limits, self._idle = server, limits, idle
        self._header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._server.should_exit:  # accepted a moment before the server closed
            transport.abort()
            return
        self.app_state = {"client_names": client_names(transport.get_extra_info("ssl_object"))}
        self._wait_for_header(self._limits.header_s)
        metrics.HTTP_CONNECTIONS.set(len(self.connections))
        if len(self.connections) > self._limits.connections:
            next(iter(self._idle)).cut("too-many")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        metrics.HTTP_CONNECTIONS.set(len(self.connections))

    def cut(self, reason: str) -> None:
        """Close at once; what the sender still sends meets a reset."""
        metrics.HTTP_CUT.inc(reason=reason)
        self._stop_waiting()
        self.transport.abort()

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before and not self.cycle.response_complete:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()  # a pipelined request may have begun by now
        if self.cycle.response_complete and not self.transport.is_closing():
            self._wait_for_header(self._limits.idle_s + self._limits.header_s)

    def _wait_for_header(self, seconds: float) -> None:
        self._stop_waiting()
        self._idle[self] = None
        self._header_timer = self.loop.call_later(seconds, self.cut, "header-too-slow")

    def _stop_waiting(self) -> None:
        self._idle.pop(self, None)
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
