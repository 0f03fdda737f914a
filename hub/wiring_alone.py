"""One connector alone, in the foreground, against the installation's broker: `hub connector run` and `backfill`.

The same doors, loop, agreement and positions as in the role; what it may not do beside the role is for the caller to know.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.connectors.catalog import Connector
from hub.connectors.file_drop import FileDropDoor
from hub.connectors.fleet import BROKER_AWAY, Fleet, Order, Running, Shown, Version
from hub.connectors.intake import NOT_IN_FORCE
from hub.connectors.positions import Position, Positions
from hub.connectors.pull import PullDoor
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.errors import ConfigError, HubError, RetryError
from hub.wiring_workshop import Workshop

__all__ = ["Alone", "run_alone"]

_LOOK_S = 0.1
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Alone:
    """What to do. `once`, of doors that fetch and of inboxes: until everything that is there now is taken; else until a signal.

    `positions`, `spool`, `within`, `until`: of a second life beside the live one (`backfill`). `patience_s`: how long a source or
    the broker may be away before `once` gives up.
    """

    connector: Connector
    agreement: IntakeAgreement
    once: bool = False
    positions: Positions | None = None
    spool: str = ""
    within: Callable[[Position], bool] | None = None
    until: datetime | None = None
    patience_s: float = _PATIENCE_S


async def run_alone(opened: Workshop, alone: Alone, tell: Callable[[Watch], None]) -> bool:
    """Work; whether all was taken (False: a signal came first). `tell` hears of the progress ten times a second.

    ConfigError when the connector cannot run, or cannot say when it is done; RetryError when its source, or the broker, stays away.
    """
    stop, fleet, name = asyncio.Event(), Fleet(), alone.connector.name
    doors: list[Any] = []

    async def make(watch: Watch) -> Running:
        await opened.check_topics(alone.connector, alone.agreement)
        made = opened.make(alone.connector, alone.agreement, watch, positions=alone.positions, spool=alone.spool)
        _bound(made.door, alone)
        doors[:] = [made.door]
        return made

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    serving = asyncio.create_task(fleet.run(stop))
    try:
        await fleet.apply(name, Order((Version("alone", make),)))
        [shown] = fleet.shown()
        if shown.why == BROKER_AWAY:
            raise RetryError(f"{name}: {shown.detail}")
        if shown.state == "failed":
            raise ConfigError(f"{name}: {shown.detail}")
        return await _until_done(fleet, alone, doors, stop, serving, tell)
    finally:
        stop.set()
        await serving


def _bound(door: Any, alone: Alone) -> None:
    if not alone.once:
        return
    if isinstance(door, PullDoor):
        door.read_once()
        if alone.within is not None:
            door.within = alone.within
        if alone.until is not None:
            door.read_until(alone.until)
    elif not isinstance(door, FileDropDoor):
        raise ConfigError(
            f"{alone.connector.name} is sent to: it cannot know when everything is there; run it without --once"
        )


async def _until_done(
    fleet: Fleet,
    alone: Alone,
    doors: list[Any],
    stop: asyncio.Event,
    serving: asyncio.Task[None],
    tell: Callable[[Watch], None],
) -> bool:
    loop = asyncio.get_running_loop()
    well_at = quiet_since = loop.time()
    while not stop.is_set() and not serving.done():
        await asyncio.sleep(_LOOK_S)
        [shown] = fleet.shown()
        tell(shown.watch)
        if shown.state == "stopped":
            return True
        if shown.state == "running":
            well_at = loop.time()
        elif (trouble := _trouble(shown, alone, loop.time() - well_at)) is not None:
            raise trouble
        if alone.once and isinstance(doors[0], FileDropDoor):
            if doors[0].waiting():
                quiet_since = loop.time()
            elif loop.time() - quiet_since > doors[0].options.poll_s:
                return True
    return False


def _trouble(shown: Shown, alone: Alone, away_s: float) -> HubError | None:
    """Why to give up; None to wait on."""
    if shown.state == "failed":
        return ConfigError(f"{shown.name}: {shown.why}: {shown.detail}")
    if shown.why == NOT_IN_FORCE:
        return ConfigError(f"{shown.name}: its agreement is not in force today")
    return RetryError(f"{shown.name}: {shown.why}") if alone.once and away_s > alone.patience_s else None
