"""The connectors of one process: each is started, replaced, rested and stopped alone; no other notices.

`Fleet.apply(name, order)` makes one connector be what its order says, and may be asked again and again: nothing happens while
nothing changed. An order names versions, newest first. The first that can be built and opened runs; where that is not the newest,
the connector runs on with the older one and says why (`Shown.stale`). A replaced version answers what it took before the next one
opens, because both want the same port and the same inbox.

What would not start (a port that is taken, a certificate that is missing, a broker that is away) is tried again by itself, ever
slower, and says why meanwhile; rarely where an older version runs on, because it has to make way for each trial. A connector whose
loop ends by an error stops alone, says so, and is tried again later. Only FatalError, a promise that going on would break, ends all
of them: nothing is acked after that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hub.connectors.door import Door
from hub.connectors.order import Order, Running, Shown, Version
from hub.connectors.positions import PositionUnreadable
from hub.connectors.watch import PAUSED_BY_OPERATOR, Watch
from hub.errors import ConfigError, FatalError, HubError, RetryError
from hub.ops import metrics

__all__ = ["BROKER_AWAY", "DOES_NOT_LOAD", "DRAIN_S", "Fleet", "Order", "Running", "Shown", "Version"]

DRAIN_S = 20.0  # as long as the producer may take to hear from the broker
DOES_NOT_LOAD = "does-not-load"
BROKER_AWAY = "broker-away"
"""Why a connector did not start that may well start later: nothing about it is wrong."""
_FIRST_RETRY_S, _LAST_RETRY_S = 5.0, 300.0
_BESIDE = 12  # times as rarely while an older version runs: one minute after the first time, one hour at last


_NO_ORDER = Order(off="not-ordered")


@dataclass
class _Slot:
    name: str
    watch: Watch
    order: Order = _NO_ORDER
    running: Running | None = None
    task: asyncio.Task[None] | None = None
    version: Version | None = None  # that runs, or ran last
    held: Door | None = None  # of a connector that an operator paused: drained, and still there to say so to senders
    refused: dict[str, str] = field(default_factory=dict)  # key of a version that would not start → why
    code: str = ""  # why the version that was tried last would not start
    detail: str = ""
    stale: str = ""
    failures: int = 0
    retry_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Fleet:
    """All of one process. Its methods belong to one event loop; `shown` may be asked from any thread."""

    def __init__(self, *, drain_s: float = DRAIN_S, first_retry_s: float = _FIRST_RETRY_S) -> None:
        self._drain_s, self._first_retry_s = drain_s, first_retry_s
        self._slots: dict[str, _Slot] = {}
        self._loop = asyncio.get_running_loop()
        self._fatal: asyncio.Future[None] = self._loop.create_future()
        self._falling: set[asyncio.Task[None]] = set()
        self._ending = False

    async def apply(self, name: str, order: Order, *, retry: bool = False) -> None:
        """Return once the connector is as ordered, or as near as can be. `retry`: try at once what would not start before."""
        slot = self._slots.get(name)
        if slot is None:  # a Watch that is made says `starting`: never one for a connector that has its own
            slot = self._slots[name] = _Slot(name, Watch(name))
        async with slot.lock:
            if self._ending:
                return
            if retry or {each.key for each in order.versions} != {each.key for each in slot.order.versions}:
                self._forget(slot)
            slot.order = order
            await self._reconcile(slot)

    async def rest(self, name: str, order: Order, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` while the connector takes nothing in and all it took is answered, then let it go on as ordered now."""
        slot = self._slots[name]
        async with slot.lock:
            await self._stop(slot)
            try:
                await work()
            finally:
                self._forget(slot)
                slot.order = order
                if not self._ending:
                    await self._reconcile(slot)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then take nothing more in, answer what was taken, and return. Raises FatalError."""
        stopping = asyncio.ensure_future(stop.wait())
        ends: set[asyncio.Future[Any]] = {stopping, self._fatal}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            self._ending = True
            await asyncio.gather(*(self._end(slot) for slot in self._slots.values()))
        if self._fatal.done():
            self._fatal.result()

    def names(self) -> list[str]:
        return sorted(self._slots)

    def shown(self) -> list[Shown]:
        """Every connector that was ever ordered here, by name."""
        return [self._shown(slot) for _, slot in sorted(self._slots.copy().items())]

    def last(self, name: str) -> Version | None:
        """The version that runs, or ran last."""
        slot = self._slots.get(name)
        return None if slot is None else slot.version

    def _shown(self, slot: _Slot) -> Shown:
        watch = slot.watch
        waits = bool(slot.refused) if slot.running is not None else watch.state == "failed"
        again_s = max(0.0, slot.retry_at - self._now()) if waits and slot.retry_at else None
        return Shown(slot.name, watch.state, watch.why, slot.detail, slot.stale, watch, slot.version, again_s)

    @staticmethod
    def _forget(slot: _Slot) -> None:
        """Whatever would not start may be tried at once."""
        slot.refused, slot.retry_at, slot.failures = {}, 0.0, 0

    async def _reconcile(self, slot: _Slot) -> None:
        order = slot.order
        if order.off:
            if order.off == PAUSED_BY_OPERATOR:
                await self._hold(slot)
            else:
                await self._stop(slot)
            slot.watch.enter("paused" if order.off == PAUSED_BY_OPERATOR else "stopped", order.off)
            slot.detail = order.detail
            self._stale(slot, [])
            return
        if slot.refused and self._now() >= slot.retry_at:
            slot.refused = {}
        complaints = [order.complaint] if order.complaint else []
        for version in order.versions:
            if slot.running is not None and slot.version is not None and slot.version.key == version.key:
                slot.version = version
                break
            why = slot.refused.get(version.key) or await self._try(slot, version)
            if not why:
                break
            complaints.append(why)
        else:
            await self._stop(slot)
            self._failed(slot, complaints)
        if slot.running is not None:
            slot.detail = ""
            if slot.refused and self._now() >= slot.retry_at:
                self._later(slot, _BESIDE)
        self._stale(slot, complaints)

    async def _try(self, slot: _Slot, version: Version) -> str:
        """Put this version in the place of what runs; words when it cannot be, with nothing opened by it left open."""
        if slot.running is None and self._now() < slot.retry_at:
            return slot.detail
        try:
            fresh = await version.make(slot.watch)
        except RetryError as away:
            slot.code = BROKER_AWAY
            self._count(slot)
            return f"cannot be started now ({away}); it is tried again"
        except FatalError:
            raise
        except Exception as why:  # a door may be anybody's code; only ours has texts without values
            slot.code, slot.refused[version.key] = "configuration", _said(why)
            self._count(slot)
            return slot.refused[version.key]
        await self._stop(slot)
        try:
            await fresh.door.open()
        except Exception as why:
            slot.code, slot.refused[version.key] = "door-cannot-open", _said(why)
            self._count(slot)
            slot.watch.enter("failed", slot.code, why)
            with contextlib.suppress(Exception):
                await fresh.door.close()
            return slot.refused[version.key]
        self._start(slot, version, fresh)
        return ""

    @staticmethod
    def _count(slot: _Slot) -> None:
        metrics.CONNECTOR_START_FAILURES.inc(connector=slot.name, reason=slot.code)

    def _start(self, slot: _Slot, version: Version, fresh: Running) -> None:
        slot.version, slot.running = version, fresh
        slot.watch.enter("running")
        slot.task = asyncio.create_task(fresh.intake.run(), name=slot.name)
        slot.task.add_done_callback(partial(self._ended, slot, fresh))

    async def _hold(self, slot: _Slot) -> None:
        """Take nothing in, with a door that is there and refuses, where a door can: an HTTP sender hears 503, not 404."""
        if slot.running is None and slot.held is None and slot.order.versions:
            with contextlib.suppress(Exception):  # it rests anyway; what is wrong is told when it is to run
                slot.held = (await slot.order.versions[0].make(slot.watch)).door
                await slot.held.open()
                await slot.held.stop_reading()
        elif slot.running is not None:
            slot.held = await self._drain(slot)

    async def _stop(self, slot: _Slot) -> None:
        """Take nothing more in, answer what was taken (for the drain time at most), close."""
        door = await self._drain(slot) or slot.held
        slot.held = None
        if door is not None:
            with self._told(slot):
                await door.close()

    async def _drain(self, slot: _Slot) -> Door | None:
        running, task = slot.running, slot.task
        if running is None or task is None:
            return None
        slot.running = slot.task = None
        try:
            with self._told(slot):
                await running.door.stop_reading()
            taking = running.watch.state == "running" and not self._fatal.done()  # a paused one has nothing to wait for
            await asyncio.wait({task}, timeout=self._drain_s if taking else 0.1)
        finally:
            task.cancel()
            [ended] = await asyncio.gather(task, return_exceptions=True)
            if isinstance(ended, FatalError) and not self._fatal.done():
                self._fatal.set_exception(ended)
        return running.door

    async def _end(self, slot: _Slot) -> None:
        async with slot.lock:
            await self._stop(slot)
            if slot.watch.state != "failed":
                slot.watch.enter("stopped")

    def _ended(self, slot: _Slot, running: Running, task: asyncio.Task[None]) -> None:
        """A loop ended by itself. One without error is at the end of its source."""
        if slot.running is not running or task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, FatalError):
            if not self._fatal.done():
                self._fatal.set_exception(error)
            return
        falling = asyncio.create_task(self._fall(slot, running, error))
        self._falling.add(falling)
        falling.add_done_callback(self._falling.discard)

    async def _fall(self, slot: _Slot, running: Running, error: BaseException) -> None:
        async with slot.lock:
            if slot.running is not running:
                return
            slot.running = slot.task = None
            with contextlib.suppress(Exception):
                await running.door.close()
            code = "position-unreadable" if isinstance(error, PositionUnreadable) else "configuration"
            slot.watch.enter("failed", code if isinstance(error, HubError) else "broke", error)
            slot.detail = _said(error)
            self._later(slot)

    def _failed(self, slot: _Slot, complaints: list[str]) -> None:
        if self._now() < slot.retry_at:
            return
        slot.detail = "\n".join(dict.fromkeys(complaints)) or "there is nothing to run"
        slot.watch.enter("failed", slot.code if slot.order.versions else DOES_NOT_LOAD, ConfigError(slot.detail))
        self._later(slot)

    def _later(self, slot: _Slot, times: int = 1) -> None:
        slot.retry_at = self._now() + times * min(self._first_retry_s * 2.0 ** min(slot.failures, 20), _LAST_RETRY_S)
        slot.failures += 1

    def _stale(self, slot: _Slot, complaints: list[str]) -> None:
        slot.stale = "\n".join(dict.fromkeys(complaints)) if slot.running is not None else ""
        metrics.CONNECTOR_STALE.set(float(bool(slot.stale)), connector=slot.name)

    @contextlib.contextmanager
    def _told(self, slot: _Slot) -> Iterator[None]:
        """A door that fails to end well is told of, and keeps nobody from going on."""
        try:
            yield
        except FatalError:
            raise
        except Exception as why:
            slot.watch.broken(why)

    def _now(self) -> float:
        return self._loop.time()  # in any thread: pages ask what is shown


def _said(why: BaseException) -> str:
    return str(why) if isinstance(why, HubError) else type(why).__name__
