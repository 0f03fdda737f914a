"""Where a door that fetches goes on after a stop: a small store, and a trail that moves only over confirmed ground.

A position is a JSON object of the door's own, meaning: everything before it is on the broker. Lost or old positions cost time,
never a record: what is fetched again has the same ids.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hub.errors import HubError, RetryError

__all__ = ["Mark", "Position", "PositionUnreadable", "Positions", "Trail"]

Position = Mapping[str, Any]


class PositionUnreadable(HubError):
    """What stands there cannot be opened: its connector stops and says so, until it is rewound."""

    def __init__(self) -> None:
        super().__init__("position-unreadable")


class Positions(Protocol):
    """The positions of one connector; kept in the compacted topic hub.connector.position.v1."""

    async def load(self, stream: str) -> Position | None:
        """The last one saved, None when there was none. RetryError when the broker is away; PositionUnreadable."""

    async def save(self, stream: str, position: Position) -> None:
        """Return once the broker has it; RetryError when that cannot be said."""


@dataclass(eq=False)
class Mark:
    """One delivery on the trail; `position` is where the stream stands after it (None: where it stood)."""

    position: Position | None
    confirmed: bool = False


class Trail:
    """The deliveries of one round, in order. The position moves to a mark when it and all before it are confirmed; after a
    failure it moves no further, and the round has to be fetched again from `load`."""

    def __init__(self, positions: Positions, stream: str) -> None:
        self._positions, self._stream = positions, stream
        self._open: deque[Mark] = deque()
        self._moving = asyncio.Lock()
        self._empty = asyncio.Event()
        self._empty.set()
        self.failed = False

    def mark(self, position: Position | None) -> Mark:
        """The next delivery, in order."""
        mark = Mark(position)
        self._open.append(mark)
        self._empty.clear()
        return mark

    async def confirm(self, mark: Mark) -> None:
        """The broker has everything of this delivery. Saves the furthest position that this allows."""
        mark.confirmed = True
        async with self._moving:
            reached: Position | None = None
            while self._open and self._open[0].confirmed and not self.failed:
                position = self._open.popleft().position
                reached = reached if position is None else position  # {}: at the very beginning again
            try:
                if reached is not None:
                    await self._positions.save(self._stream, reached)
            except RetryError:  # the records are safe, the position is not: they come again, with the same ids
                self.failed = True
            finally:
                self._tell()

    def fail(self) -> None:
        """A delivery was refused: nothing from it on counts as taken."""
        self.failed = True
        self._tell()

    async def settled(self) -> bool:
        """Wait until every delivery was answered for or one was refused; whether all were confirmed and the position saved."""
        await self._empty.wait()
        return not self.failed

    def _tell(self) -> None:
        if self.failed or not self._open:
            self._empty.set()
