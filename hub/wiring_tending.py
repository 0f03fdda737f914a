"""How the role `connectors` tends its connectors: files and operators' wishes in, orders to the fleet out, and what became of them.

Every two seconds, and whenever an operator wishes something: look at the files, bring each connector to what they and its wish say.
Connectors are brought along side by side: one that drains or waits holds up no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.bus.control import REWOUND_STREAM, Control
from hub.bus.position import LAST_RECORD_STREAM
from hub.config import today
from hub.connectors.catalog import Connector
from hub.connectors.fleet import BROKER_AWAY, DOES_NOT_LOAD, Fleet, Order, Shown
from hub.connectors.positions import PositionUnreadable
from hub.connectors.rewinding import summary
from hub.connectors.watch import PAUSED_BY_OPERATOR
from hub.errors import ConfigError, FatalError, HubError, Reject, RetryError
from hub.ops.health import OpsServer
from hub.ops.logs import logger
from hub.redrive.standing import Open
from hub.wiring_control import ControlLog, carry_out, is_due, no_longer_due
from hub.wiring_last_records import LastRecords
from hub.wiring_orders import NO_AGREEMENT, Orders, nothing_to_run
from hub.wiring_workshop import Workshop

__all__ = ["LOOK_EVERY_S", "Tending", "addresses"]

LOOK_EVERY_S = 2.0
_UNRAISED = (
    "its map or codes changed under the same mapping_version: a record that comes again gets the id it had, saying something else; "
    "raise mapping_version in its connector.yaml, then `hub connector remap`"
)
log = logger(__name__)


class Tending:
    """Of one process. `page` and `notes` may be asked from any thread."""

    def __init__(self, workshop: Workshop, fleet: Fleet, *, every_s: float = LOOK_EVERY_S) -> None:
        self._workshop, self._fleet, self._every_s = workshop, fleet, every_s
        self._orders = Orders(workshop, fleet.last, lambda: today(workshop.settings))
        self._controls = ControlLog(workshop)
        self._wishes: dict[str, Control] = {}
        self._heeded: dict[str, str] = {}  # connector → the request that it was brought to
        self._said: dict[str, str] = {}  # connector → what became of it, in words
        self._stands: dict[str, dict[str, str]] = {}  # connector → stream → position in words
        self._bringing: dict[str, asyncio.Task[None]] = {}
        self._open: Mapping[str, Open] = {}  # dead letters that nothing came of yet
        self._last_records: LastRecords | None = None
        self._remembering: asyncio.Task[None] | None = None
        self._asked: set[str] = set()
        self._woken = asyncio.Event()

    async def begin(self, ops: OpsServer) -> None:
        """Bring every connector to its first order. ConfigError when there is none to run, RetryError when the broker is away. One
        whose door cannot open is no reason to end: it says why, and is tried again by itself."""
        self._wishes.update(await asyncio.to_thread(self._controls.latest))
        orders = await asyncio.to_thread(self._orders.now)
        if (why := nothing_to_run(orders)) is not None:
            raise ConfigError(why)
        await asyncio.gather(*(self._bring(name, order) for name, order in orders.items()))
        shown = self._fleet.shown()
        takes_in = any(each.state in ("running", "paused") for each in shown)
        if not takes_in and any(each.why == BROKER_AWAY for each in shown):
            raise RetryError(BROKER_AWAY)
        for each in shown:
            self._note(each, ops)

    async def go_on(self, ops: OpsServer) -> None:
        """Until cancelled. Raises FatalError."""
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def heard(control: Control) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is gone: the process ends
                loop.call_soon_threadsafe(self._hear, control)

        following = asyncio.create_task(asyncio.to_thread(self._controls.follow, heard, stop))
        try:
            while True:
                await self._look(ops)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._every_s)
        finally:
            stop.set()
            following.cancel()
            for task in self._bringing.values():
                task.cancel()
            await self._workshop.front.keep_shut(())

    async def end(self) -> None:
        """After the fleet has ended: note when each source last sent something."""
        if self._remembering is not None:
            self._remembering.cancel()
            await asyncio.gather(self._remembering, return_exceptions=True)
        if self._last_records is not None:
            await self._last_records.end([each.watch for each in self._fleet.shown()])

    def notes(self) -> dict[str, str]:
        """What is amiss without making the process unfit for the others: broken and stale folders, agreements that ran out."""
        shown = self._fleet.shown()
        amiss = {f"{each.name} ({kind})": _words(each) for each in shown if (kind := _kind(each))}
        unraised = [each.name for each in shown if each.version is not None and each.version.facts.get("unraised")]
        return amiss | {f"{name} (map)": _UNRAISED for name in unraised}

    def page(self) -> list[dict[str, Any]]:
        """What /connectors says: one object per connector, no values of any source."""
        return [self._entry(each) for each in self._fleet.shown()]

    def refused(self, letters: Mapping[str, Open]) -> None:
        """So many dead letters are open, by connector: for the page. From any thread."""
        self._open = letters

    def _hear(self, control: Control) -> None:
        self._wishes[control.connector] = control
        self._woken.set()

    async def _look(self, ops: OpsServer) -> None:
        self._woken.clear()
        orders = await asyncio.to_thread(self._orders.now)
        for name, order in orders.items():
            task = self._bringing.get(name)
            if task is not None and not task.done():
                continue
            if task is not None:
                task.result()
            self._bringing[name] = asyncio.create_task(self._bring(name, order))
        await asyncio.wait(self._bringing.values(), timeout=self._every_s)
        with contextlib.suppress(ConfigError):  # it cannot listen: its doors say so
            await self._workshop.front.keep_shut(addresses(self._orders.meant(orders)))
        for each in self._fleet.shown():
            self._note(each, ops)
            await self._stand(each)
        if (
            self._remembering is None or self._remembering.done()
        ):  # beside it: a broker that is away may take long to say so
            self._remembering = asyncio.create_task(self._remember())

    async def _remember(self) -> None:
        if self._last_records is None:
            self._last_records = LastRecords(self._workshop.positions)
        with contextlib.suppress(HubError):  # tried again at the next look
            await self._last_records.follow([each.watch for each in self._fleet.shown()])

    async def _bring(self, name: str, order: Order) -> None:
        """One connector to its order and its wish. Trouble of one is told and tried again; only FatalError leaves."""
        wish = self._wishes.get(name)
        new = wish is not None and self._heeded.get(name) != wish.request
        try:
            if new:
                self._said.pop(name, None)
                await self._workshop.positions.refresh()  # `hub connector run` may have moved them meanwhile
            if wish is not None and wish.paused and not order.off:
                order = order._replace(off=PAUSED_BY_OPERATOR, detail=f"paused by {wish.asked_by}")
            if wish is not None and new and await is_due(self._workshop, wish):
                await self._rewind(name, order, wish)
            await self._fleet.apply(name, order, retry=new)
        except RetryError as away:
            self._said[name] = f"not yet: {away}; it is tried again"
        except FatalError:
            raise
        except Exception as bug:
            log.error("a connector could not be brought to its order", connector=name, exc_info=bug)
        else:
            if wish is not None:
                self._heeded[name] = wish.request

    async def _rewind(self, name: str, order: Order, wish: Control) -> None:
        async def work() -> None:
            try:
                self._said[name] = await carry_out(self._workshop, wish, self._controls.target(wish))
            except Reject:
                self._said[name] = "refused: the request was sealed under another key"
                await no_longer_due(self._workshop, wish)
            except OSError as error:
                self._said[name] = f"refused: files cannot be moved: {error.strerror}"
                await no_longer_due(self._workshop, wish)

        if name in self._fleet.names():
            await self._fleet.rest(name, order, work)
        else:
            await work()

    def _note(self, each: Shown, ops: OpsServer) -> None:
        """The connectors that should run, and only they, decide whether this process is ready."""
        if each.state == "stopped" or each.why == DOES_NOT_LOAD:
            ops.drop_ready(each.name)
            self._asked.discard(each.name)
        elif each.name not in self._asked:
            ops.add_ready(each.name, each.watch.ready)
            self._asked.add(each.name)
        if each.state == "running":
            self._workshop.note_port(each.watch)

    async def _stand(self, each: Shown) -> None:
        source = each.version.source if each.version is not None else None
        if source is None or not source.connector.door.remembers:
            return
        found: dict[str, str] = {}
        with contextlib.suppress(RetryError):
            for stream in await self._workshop.positions.streams(each.name):
                if stream not in (REWOUND_STREAM, LAST_RECORD_STREAM):
                    try:
                        found[stream] = summary(await self._workshop.positions.load(each.name, stream))
                    except PositionUnreadable:
                        found[stream] = "cannot be opened"
            self._stands[each.name] = found

    def _entry(self, each: Shown) -> dict[str, Any]:
        watch, wish = each.watch, self._wishes.get(each.name)
        last, letters = watch.last_record_at, self._open.get(each.name)
        version: Mapping[str, Any] = each.version.facts if each.version is not None else {}
        return {
            "name": each.name,
            "state": each.state,
            "why": each.why,
            "detail": each.detail,
            "stale": each.stale,
            "tried_again_at": _in(each.again_s),
            **version,
            "config": each.version.key if each.version is not None else None,
            "address": watch.address if each.state == "running" else {},
            "counts": dict(sorted(watch.counts.items())),
            "ignored": dict(sorted(dict(watch.ignored).items())),
            "refused": letters and {"open": letters.letters, "last_at": letters.last_at.isoformat(timespec="seconds")},
            "since": datetime.fromtimestamp(watch.started_at, UTC).isoformat(timespec="seconds"),
            "last_record_at": datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds") if last else None,
            "positions": self._stands.get(each.name, {}),
            "paused": wish is not None and wish.paused,
            "request": self._heeded.get(each.name),
            "said": self._said.get(each.name, ""),
        }


def addresses(connectors: Sequence[Connector]) -> list[str]:
    """The prefixes of the front that their doors have while they run."""
    kinds = {"http-push": ("push",), "upload": ("upload",)}
    fhir = [
        f"/fhir/{each.name}" for each in connectors if (each.door.kind, each.source.format) == ("http-push", "fhir")
    ]
    return [f"/{kind}/{each.name}" for each in connectors for kind in kinds.get(each.door.kind, ())] + fhir


def _in(seconds: float | None) -> str | None:
    """That time, to the second."""
    return None if seconds is None else (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def _kind(each: Shown) -> str:
    if each.stale:
        return "runs as before"
    if each.why == NO_AGREEMENT:
        return "off" if each.version is not None else ""  # one that never ran here is no fault of anything
    return "broken" if each.why == DOES_NOT_LOAD else ""


def _words(each: Shown) -> str:
    return each.stale or each.detail
