"""One way to serve aiohttp applications: slow and idle senders are cut, which aiohttp itself does not do.

Limits: the first request's header must be complete `HEADER_S` after the connection was made; a body must be complete
`BODY_S` after its header (`read_body`); an idle kept-alive connection is closed after `IDLE_S`; bodies over the
application's `client_max_size` are refused with 413.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

HEADER_S = 10.0
BODY_S = 10.0
IDLE_S = 30.0

_BODY_S = web.AppKey("body_s", float)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def listening(
    app: web.Application,
    host: str,
    port: int,
    *,
    header_s: float = HEADER_S,
    body_s: float = BODY_S,
    idle_s: float = IDLE_S,
) -> AsyncIterator[int]:
    """Serves `app` while the block runs; gives the port that was bound (`port` 0: any free one)."""
    unheard: set[asyncio.Protocol] = set()
    app[_BODY_S] = body_s
    app.middlewares.insert(0, _heard(unheard))
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=idle_s, shutdown_timeout=2.0)
    await runner.setup()
    loop, make = asyncio.get_running_loop(), runner.server
    assert make is not None

    def connection() -> asyncio.Protocol:
        protocol: web.RequestHandler = make()
        unheard.add(protocol)
        loop.call_later(header_s, cut, protocol)
        return protocol

    def cut(protocol: web.RequestHandler) -> None:
        if protocol in unheard:
            unheard.discard(protocol)
            protocol.force_close()

    server = await loop.create_server(connection, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await runner.cleanup()


async def read_body(request: web.Request) -> bytes:
    """The whole body. Raises 408 when it does not come in time, 413 when it is larger than the application allows."""
    try:
        async with asyncio.timeout(request.app[_BODY_S]):
            return await request.read()
    except TimeoutError:
        request.protocol.force_close()
        raise web.HTTPRequestTimeout from None


def _heard(unheard: set[asyncio.Protocol]) -> Middleware:
    @web.middleware
    async def heard(request: web.Request, handler: Handler) -> web.StreamResponse:
        unheard.discard(request.protocol)
        return await handler(request)

    return heard
