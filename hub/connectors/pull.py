"""What all doors that fetch have in common: rounds, back-off, and a position that moves over confirmed ground only.

    every `poll_s`:  load the position ─▶ source.fetch(position) ─▶ deliveries ─▶ acks ─▶ save the position

One round is open at a time. A delivery that is refused ends the round: it is fetched again from the last saved position. A page
that a bug of ours ends half-way is given up: its dead letter holds all of it, for `hub rejected redrive`, and the stream goes on. A
source that is away, or says that it is busy, pauses the connector; it is asked again after what it said itself, else after a time
that doubles and is spread at random, so that a hundred hubs do not knock together.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pydantic import Field

from hub.connectors.door import Receipt, Unit
from hub.connectors.doors import DoorOptions
from hub.connectors.positions import Mark, Position, Positions, Trail
from hub.connectors.watch import Watch
from hub.errors import HubError, RetryError

BROKEN_OFF = "unit-broken-off"
"""Reason code: our own reading breaks off within a file of the source; it waits for a mended mapping."""

__all__ = ["BROKEN_OFF", "Fetched", "PullDoor", "PullOptions", "PullSource", "SourceAway"]


class PullOptions(DoorOptions):
    """What every door that fetches can be told."""

    poll_s: float = Field(default=60.0, gt=0, description="from the end of a round to the next")
    first_pause_s: float = Field(default=1.0, gt=0, description="after a failure; doubles with each")
    last_pause_s: float = Field(default=300.0, gt=0, description="the longest wait that the hub chooses itself")

    @property
    def remembers(self) -> bool:
        return True


class SourceAway(HubError):
    """The source cannot be asked now: `reason` is a code, `after_s` what it asked to wait, if it did."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after_s = reason, after_s


class Fetched(NamedTuple):
    """One unit (None: nothing but a new position); `position` is where the source stands after it (None: as before); `done` is
    called once it is safe."""

    unit: Unit | None
    position: Position | None = None
    fault: str | None = None
    done: Callable[[Receipt], Awaitable[None]] | None = None


class PullSource(Protocol):
    """One source system. `fetch` is one round; it raises SourceAway for whatever waiting may cure."""

    async def open(self) -> None:
        """ConfigError when the options cannot work. Asks nothing of the source: it may be away now."""

    def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
        """Everything that is new since `position`, in order."""

    async def close(self) -> None: ...


class PullDoor:
    """A door (hub.connectors.door.Door) over a source."""

    def __init__(
        self, source: PullSource, options: PullOptions, positions: Positions, watch: Watch, stream: str = "all"
    ) -> None:
        self.source, self.options, self.watch = source, options, watch
        self._positions, self._stream = positions, stream
        self.once = False  # each stream is read for one whole round, then the iteration ends
        self.within: Callable[[Position], bool] = lambda _: True  # a round ends after the first position that is not
        self._stop = asyncio.Event()
        self._failures = 0

    async def open(self) -> None:
        await self.source.open()
        self.watch.opened()

    async def __aiter__(self) -> AsyncIterator[_PullDelivery]:
        while not self._stop.is_set():
            pause_s = self.options.poll_s
            trail = Trail(self._positions, self._stream)
            try:
                position = await self._positions.load(self._stream)
                async with aclosing(self._round(position, trail)) as deliveries:  # type: ignore[type-var]
                    async for delivery in deliveries:
                        yield delivery
                if self._stop.is_set():
                    return
                if await self._settled(trail):
                    self._well()
                    if self.once:
                        return
                else:
                    pause_s = self._after_failure(None)
            except SourceAway as away:
                pause_s = self._after_failure(away.after_s)
                self.watch.enter("paused", away.reason)
                await self._settled(trail)
            except RetryError:
                pause_s = self._after_failure(None)
            await self._sleep(pause_s)

    async def stop_reading(self) -> None:
        """Fetch no further; what was delivered can still be acked."""
        self._stop.set()

    async def close(self) -> None:
        self._stop.set()
        await self.source.close()

    async def _round(self, position: Position | None, trail: Trail) -> AsyncIterator[_PullDelivery]:
        async with aclosing(self.source.fetch(position)) as found:  # type: ignore[type-var]
            async for each in found:
                if self._stop.is_set() or trail.failed:
                    return
                if self.watch.state == "paused" and self._failures:
                    self.watch.enter("running")
                mark = trail.mark(each.position)
                if each.unit is None and each.fault is None:
                    await trail.confirm(mark)
                else:
                    yield _PullDelivery(self, trail, mark, each)
                if each.position is not None and not self.within(each.position):
                    return

    async def _settled(self, trail: Trail) -> bool:
        """Whether all was confirmed; False at once when asked to stop."""
        waiting = {asyncio.ensure_future(trail.settled()), asyncio.ensure_future(self._stop.wait())}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        return not self._stop.is_set() and not trail.failed

    def _well(self) -> None:
        if self._failures and self.watch.state == "paused":
            self.watch.enter("running")
        self._failures = 0

    def _after_failure(self, asked_s: float | None) -> float:
        own_s = min(self.options.first_pause_s * 2.0 ** min(self._failures, 30), self.options.last_pause_s)
        self._failures += 1
        own_s *= random.uniform(0.5, 1.0)
        return own_s if asked_s is None else asked_s + own_s * 0.1

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


@dataclass(eq=False)
class _PullDelivery:
    door: PullDoor
    trail: Trail
    mark: Mark
    fetched: Fetched
    lane: str = "source"

    @property
    def unit(self) -> Unit:
        return self.fetched.unit or Unit("nothing", b"")

    @property
    def fault(self) -> str | None:
        return self.fetched.fault

    async def ack(self, receipt: Receipt) -> None:
        if receipt.broken_off and not isinstance(self.unit.content, bytes):
            # A bug of ours ended the reading half-way and no dead letter holds a whole file: it is fetched again, until mended.
            self.door.watch.enter("paused", BROKEN_OFF)
            self.trail.fail()
            return
        try:
            if self.fetched.done is not None:
                await self.fetched.done(receipt)
        except SourceAway:  # safe with us, not put aside there: it comes again, with the same ids
            self.trail.fail()
            return
        except Exception:
            self.trail.fail()
            raise
        await self.trail.confirm(self.mark)

    async def refuse(self, why: str) -> None:  # noqa: ARG002 - whatever the reason, it is fetched again
        self.trail.fail()
