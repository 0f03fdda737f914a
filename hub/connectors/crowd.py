"""Room for senders who have proven nothing yet: few at a time, and the newest of them is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Crowd"]


class Crowd:
    """At most `most` blocks of `turn` run at once: for one more, the one that has run longest ends with TimeoutError.

    So senders that dawdle keep no honest one out, who is done with before so many others came. Belongs to one event loop.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: dict[asyncio.Timeout, None] = {}  # longest first

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One block."""
        if len(self._running) >= self._most:
            longest = next(iter(self._running))
            del self._running[longest]
            longest.reschedule(0)
        async with asyncio.timeout(None) as patience:
            self._running[patience] = None
            try:
                yield
            finally:
                self._running.pop(patience, None)
