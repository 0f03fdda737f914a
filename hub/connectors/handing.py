"""Chunks of records on their way to the broker: one after the other, each when the keys that it is sealed under are on disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from hub.connectors.packing import Chunk, Outgoing

__all__ = ["Confirmation", "Handing", "Publisher"]


class Confirmation(Protocol):
    """Some records on their way to the broker."""

    async def delivered(self) -> None:
        """Return once every one is confirmed; RetryError or FatalError when that cannot be said."""


class Publisher(Protocol):
    """The broker as intake sees it."""

    async def send(self, outgoing: Sequence[Outgoing]) -> Confirmation:
        """Queue these in order; waits while the queue is full."""

    async def reachable(self) -> bool:
        """Whether it makes sense to try again now."""


class Handing:
    """Of one intake loop. While the keys of a chunk are forced to disk (Vault.begin_keys) the next is read; what comes behind it
    is handed over behind it, so the records of a lane keep their order."""

    def __init__(self, publisher: Publisher, most: int) -> None:
        """`most`: chunks that may be unconfirmed."""
        self._publisher, self._most = publisher, most
        self._unconfirmed: deque[asyncio.Task[None]] = deque()
        self._newest: asyncio.Event | None = None  # set when the newest chunk was handed over, or will never be

    @property
    def open(self) -> Sequence[asyncio.Task[None]]:
        """What may still be unconfirmed."""
        return self._unconfirmed

    async def over(self, chunk: Chunk) -> asyncio.Task[None] | None:
        """A task that ends when the broker has confirmed all of this chunk, with RetryError, FatalError or ConfigError when that
        cannot be said; None for nothing to confirm. Waits while too many are unconfirmed."""
        while len(self._unconfirmed) >= self._most:
            await asyncio.wait([self._unconfirmed.popleft()])
        if not chunk.outgoing:
            return None
        before, self._newest = self._newest, None
        if chunk.keys is None and (before is None or before.is_set()):
            confirmed = asyncio.create_task((await self._publisher.send(chunk.outgoing)).delivered())
        else:
            handed = self._newest = asyncio.Event()
            confirmed = asyncio.create_task(self._later(chunk, before, handed))
            confirmed.add_done_callback(lambda _: handed.set())  # also when it was cancelled before it began
        self._unconfirmed.append(confirmed)
        return confirmed

    async def _later(self, chunk: Chunk, before: asyncio.Event | None, handed: asyncio.Event) -> None:
        if chunk.keys is not None:
            await asyncio.wrap_future(chunk.keys)
        if before is not None:
            await before.wait()
        confirmation = await self._publisher.send(chunk.outgoing)
        handed.set()
        await confirmation.delivered()
