"""What all doors that fetch have in common: rounds, back-off, and positions that move over confirmed ground only.

    every `poll_s`:  load the position ─▶ source.fetch(position) ─▶ deliveries ─▶ acks ─▶ save the position

A door has one stream, or several (tables, resources) with a position each; one round of one stream is open at a time, and a stream
whose source is away holds up no other. A delivery that is refused ends the round: it is fetched again from the last saved position.
A source that is away, or says that it is busy, is asked again after what it said itself (`asked_pause_s` at most), else after a
time that doubles and is spread at random, so that a hundred hubs do not knock together. One that refuses for good is asked slowly.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from pydantic import Field

from hub.connectors.away import SourceAway, is_lasting
from hub.connectors.door import Receipt, Unit
from hub.connectors.doors import DoorOptions
from hub.connectors.positions import Mark, Position, Positions, Trail
from hub.connectors.watch import Watch
from hub.errors import RetryError

__all__ = ["ALL", "BROKEN_OFF", "STREAM_NAME", "Fetched", "PullDoor", "PullOptions", "PullSource", "SourceAway"]

ALL = "all"
"""The stream of a door that has one."""
BROKEN_OFF = "unit-broken-off"
"""Reason code: our own reading breaks off within a file of the source; it waits for a mended mapping."""
STREAM_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"


class PullOptions(DoorOptions):
    """What every door that fetches can be told."""

    poll_s: float = Field(default=60.0, gt=0, description="from the end of a round to the next")
    first_pause_s: float = Field(default=1.0, gt=0, description="after a failure; doubles with each")
    last_pause_s: float = Field(default=300.0, gt=0, description="the longest wait that the hub chooses itself")
    asked_pause_s: float = Field(default=3_600.0, gt=0, description="the longest wait that a source may ask for")
    refused_pause_s: float = Field(default=900.0, gt=0, description="between tries at a source that refuses for good")

    @property
    def remembers(self) -> bool:
        return True

    @property
    def answers(self) -> bool:
        return False


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


@runtime_checkable
class ReadsInOrder(Protocol):
    """A source that reads in the order of changes, so that a round can end at a time: of what changed later it gives nothing."""

    until: datetime | None


@runtime_checkable
class LooksTwice(Protocol):
    """A source that takes nothing at its first look; `at_once`: there is one round only, so it has to look twice in that."""

    at_once: bool


@dataclass(eq=False)
class _Stream:
    """One of a door's streams, and how it fared. `due`: when it is asked next, by the loop's clock. `refusals`: how often in a
    row it refused for good."""

    name: str
    source: PullSource
    due: float = 0.0
    failures: int = 0
    refusals: int = 0
    why: str = ""


class PullDoor:
    """A door (hub.connectors.door.Door) over a source, or over one source for each stream by name."""

    def __init__(
        self,
        source: PullSource | Mapping[str, PullSource],
        options: PullOptions,
        positions: Positions,
        watch: Watch,
        stream: str = ALL,
    ) -> None:
        sources = source if isinstance(source, Mapping) else {stream: source}
        self._streams = [_Stream(name, each) for name, each in sources.items()]
        self.options, self.watch, self._positions = options, watch, positions
        self.once = False
        self.within: Callable[[Position], bool] = lambda _: True  # a round ends after the first position that is not
        self._stop = asyncio.Event()
        self._said = ""

    async def open(self) -> None:
        for stream in self._streams:
            await stream.source.open()
        self.watch.opened()

    async def __aiter__(self) -> AsyncIterator[_PullDelivery]:
        while not self._stop.is_set():
            stream = min(self._streams, key=lambda each: each.due)
            if stream.due == math.inf:
                return
            await self._sleep(stream.due - asyncio.get_running_loop().time())
            if self._stop.is_set():
                return
            trail = Trail(self._positions, stream.name)
            try:
                position = await self._positions.load(stream.name)
                async with aclosing(self._round(stream, position, trail)) as deliveries:  # type: ignore[type-var]
                    async for delivery in deliveries:
                        yield delivery
                if self._stop.is_set():
                    return
                pause_s = self._well(stream) if await self._settled(trail) else self._after_failure(stream, None)
            except SourceAway as away:
                pause_s = self._after_failure(stream, away)
                await self._settled(trail)
            except RetryError:
                pause_s = self._after_failure(stream, None)
            stream.due = asyncio.get_running_loop().time() + pause_s

    def read_once(self) -> None:
        """Each stream is read for one whole round, then the iteration ends."""
        self.once = True
        for stream in self._streams:
            if isinstance(stream.source, LooksTwice):
                stream.source.at_once = True

    def read_until(self, end: datetime) -> None:
        """Of sources that read in order, ask for nothing that changed after `end`."""
        for stream in self._streams:
            if isinstance(stream.source, ReadsInOrder):
                stream.source.until = end

    async def stop_reading(self) -> None:
        """Fetch no further; what was delivered can still be acked."""
        self._stop.set()

    async def close(self) -> None:
        self._stop.set()
        for stream in self._streams:
            await stream.source.close()

    async def _round(self, stream: _Stream, position: Position | None, trail: Trail) -> AsyncIterator[_PullDelivery]:
        async with aclosing(stream.source.fetch(position)) as found:  # type: ignore[type-var]
            async for each in found:
                if self._stop.is_set() or trail.failed:
                    return
                if stream.why:
                    stream.why = ""
                    self.tell()
                mark = trail.mark(each.position)
                if each.unit is None and each.fault is None:
                    await trail.confirm(mark)
                else:
                    yield _PullDelivery(self, stream, trail, mark, each)
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

    def _well(self, stream: _Stream) -> float:
        stream.failures = stream.refusals = 0
        stream.why = ""
        self.tell()
        return math.inf if self.once else self.options.poll_s

    def _after_failure(self, stream: _Stream, away: SourceAway | None) -> float:
        """How long to wait, in seconds."""
        options = self.options
        own_s = min(options.first_pause_s * 2.0 ** min(stream.failures, 30), options.last_pause_s)
        lasting = away is not None and is_lasting(away.reason)
        stream.failures += 1
        stream.refusals = stream.refusals + 1 if lasting else 0
        if stream.refusals > 1:  # the first may be a deployment in between
            own_s = max(own_s, options.refused_pause_s)
        own_s *= random.uniform(0.5, 1.0)
        if away is None:
            return own_s
        stream.why = away.reason
        self.tell()
        return own_s if away.after_s is None or lasting else min(away.after_s, options.asked_pause_s) + own_s * 0.1

    def tell(self) -> None:
        """What operators see: the stream that fails, if one does; a pause that somebody else entered is left alone."""
        failing = next((each for each in self._streams if each.why), None)
        if failing is not None:
            self._said = failing.why if len(self._streams) == 1 else f"{failing.name} {failing.why}"
            self.watch.enter("paused", self._said)
        elif self._said and (self.watch.state, self.watch.why) == ("paused", self._said):
            self._said = ""
            self.watch.enter("running")

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), max(seconds, 0.0))
        except TimeoutError:
            return


@dataclass(eq=False)
class _PullDelivery:
    door: PullDoor
    stream: _Stream
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
            self.stream.why = BROKEN_OFF
            self.door.tell()
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
