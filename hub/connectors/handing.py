"""Chunks of records on their way to the broker: each when the keys that it is sealed under are on disk, and those of one lane one
after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
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
    of one of its lanes is handed over behind it, so the records of a lane keep their order. Other lanes do not wait for it."""

    def __init__(self, publisher: Publisher, most: int) -> None:
        """`most`: chunks that may be unconfirmed."""
        self._publisher, self._most = publisher, most
        self._unconfirmed: deque[asyncio.Task[None]] = deque()
        self._behind: dict[str, asyncio.Event] = {}
        """Lane → set when its newest chunk that had to wait was handed over, or never will be."""

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
        before = {self._behind[lane] for lane in chunk.lanes if lane in self._behind}
        if chunk.keys is None and not before:
            confirmed = asyncio.create_task((await self._publisher.send(chunk.outgoing)).delivered())
        else:
            handed = asyncio.Event()
            self._behind.update(dict.fromkeys(chunk.lanes, handed))
            confirmed = asyncio.create_task(self._later(chunk, before, handed))
            # also when it was cancelled before it began
            confirmed.add_done_callback(lambda _: self._let_go(chunk.lanes, handed))
        self._unconfirmed.append(confirmed)
        return confirmed

    async def _later(self, chunk: Chunk, before: Collection[asyncio.Event], handed: asyncio.Event) -> None:
        if chunk.keys is not None:
            await asyncio.wrap_future(chunk.keys)
        for each in before:
            await each.wait()
        confirmation = await self._publisher.send(chunk.outgoing)
        self._let_go(chunk.lanes, handed)
        await confirmation.delivered()

    def _let_go(self, lanes: Collection[str], handed: asyncio.Event) -> None:
        """What waits behind this chunk waits no more."""
        handed.set()
        for lane in lanes:
            if self._behind.get(lane) is handed:
                del self._behind[lane]
