"""A door that is none: it takes what hostile clients send about as fast as the MLLP door would, and does nothing with it.

With it one can tell what the clients cost a machine from what they cost the hub: it turns away who connects too often, hangs up on
junk and on frames too large, reads valid messages at a pace that a door can bear, and answers each frame with three bytes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import cast

from hub.bench.neighbours_beside import beside
from hub.errors import RetryError
from hub.formats.mllp import FrameFault, Framer, frame

__all__ = ["sink"]

_CONNECTS_PER_S = 10  # of one address
_MAX_FRAME = 1024 * 1024
_FRAMES_PER_S = 100  # of one connection
_START_S = 30.0


@contextmanager
def sink() -> Iterator[int]:
    """One in a process of its own, at this port of 127.0.0.1."""
    with beside(_serve) as told:
        if not told.poll(_START_S):
            raise RetryError("the sink did not start")
        yield told.recv()


def _serve(told: Connection) -> None:
    asyncio.run(_listen(told))


async def _listen(told: Connection) -> None:
    loop = asyncio.get_running_loop()
    came: Counter[tuple[str, int]] = Counter()
    server = await loop.create_server(lambda: _Sunk(came), "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Sunk(asyncio.Protocol):
    """One connection. `came` counts connections by address and second."""

    def __init__(self, came: Counter[tuple[str, int]]) -> None:
        self._came, self._framer, self._loop = came, Framer(_MAX_FRAME), asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        now = (str(transport.get_extra_info("peername", ("",))[0]), int(self._loop.time()))
        self._came[now] += 1
        if self._came[now] > _CONNECTS_PER_S:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        found = self._framer.feed(data)
        if any(isinstance(each, FrameFault) for each in found):
            self._transport.abort()
        elif found:
            self._transport.write(frame(b"") * len(found))
            self._transport.pause_reading()
            self._loop.call_later(len(found) / _FRAMES_PER_S, self._read_on)

    def _read_on(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()
