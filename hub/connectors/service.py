"""All connectors of one process, side by side: open the doors, run the loops, drain when asked to stop.

A door that cannot open takes its own connector down, not its neighbours; when none is left that is a ConfigError. FatalError and
ConfigError of a running loop end all of them: nothing is acked after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hub.connectors.door import Door
from hub.connectors.intake import Intake
from hub.connectors.watch import Watch
from hub.errors import ConfigError

__all__ = ["Running", "serve"]

DRAIN_S = 20.0  # as long as the producer may take to hear from the broker


@dataclass(frozen=True)
class Running:
    """One connector, built."""

    door: Door
    intake: Intake
    watch: Watch


async def serve(connectors: Sequence[Running], stop: asyncio.Event, *, drain_s: float = DRAIN_S) -> None:
    """Work until `stop`; then take nothing more in, answer what was taken (for `drain_s` at most), and return."""
    opened = await _open(connectors)
    loops = {asyncio.create_task(each.intake.run(), name=each.watch.connector): each for each in opened}
    stopping = asyncio.create_task(stop.wait())
    try:
        await _until_stopped(loops, stopping)
        for each in opened:
            await each.door.stop_reading()
        taking = any(each.watch.state == "running" for each in opened)  # a paused one has nothing to wait for
        done, _late = await asyncio.wait(loops, timeout=drain_s if taking else 0.1)
        for task in done:
            task.result()
    finally:
        stopping.cancel()
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for each in opened:
            await each.door.close()
            each.watch.enter("stopped")


async def _open(connectors: Sequence[Running]) -> list[Running]:
    opened: list[Running] = []
    failures: list[str] = []
    for each in connectors:
        try:
            await each.door.open()
        except ConfigError as why:
            each.watch.enter("failed", "door-cannot-open", why)
            failures.append(f"{each.watch.connector}: {why}")
        else:
            opened.append(each)
    if not opened:
        raise ConfigError("no connector can start: " + "; ".join(failures or ["none is configured"]))
    return opened


async def _until_stopped(loops: dict[asyncio.Task[None], Running], stopping: asyncio.Task[bool]) -> None:
    """Return when asked to stop; raise what ends a loop (one that merely ends, because its source did, is fine)."""
    waiting: set[asyncio.Task[None] | asyncio.Task[bool]] = {*loops, stopping}
    while not stopping.done():
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()
        waiting -= done
