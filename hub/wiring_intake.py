"""`hub run connectors`: every enabled connector with an agreement in force, in one process.

Reads DIR/agreements/*.yaml, DIR/connectors/ (own connectors), DIR/secrets/{kek,hmac}, DIR/keys.sqlite; watches DIR/inbox/;
listens for MLLP on settings.port(<connector>), over HTTP on settings.port("http"). A connector without agreement, or whose folder
does not load, does not start and says what to write or mend; when none can start, that is the ConfigError of the process (exit
78). From then on it follows these files and the wishes of operators (hub.wiring_tending). RetryError at start and FatalError: exit
70. SIGTERM drains and returns.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from hub.config import Settings
from hub.connectors.fleet import Fleet
from hub.ops.health import Flag, Heartbeat, OpsServer
from hub.wiring_letters import follow_letters
from hub.wiring_outgoing import BusPublisher
from hub.wiring_tending import Tending
from hub.wiring_workshop import Workshop, workshop

__all__ = ["run"]

ROLE = "connectors"
_STUCK_S = 60.0
_SWITCH_S = (
    0.0005  # how long a thread that maps may keep the others from the interpreter: who waits for an answer feels it
)
_ASK_EVERY_S = 5.0


def run(settings: Settings) -> None:
    """Take data in until SIGTERM or SIGINT, then answer what was taken and return."""
    with workshop(settings, ROLE) as opened:
        sys.setswitchinterval(_SWITCH_S)
        asyncio.run(_serve(opened))


async def _serve(opened: Workshop) -> None:
    settings, stop = opened.settings, asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    beat, broker, begun, fleet = Heartbeat(_STUCK_S), Flag("not asked yet"), Flag("starting"), Fleet()
    tending = Tending(opened, fleet)
    ops = OpsServer(
        settings.port(ROLE), {"broker": broker, "connectors": begun}, live={"progress": beat}, role=ROLE, host=settings.host,
        notes=tending.notes, pages={"/connectors": tending.page},
    )  # fmt: skip
    beside = [
        asyncio.create_task(_beat(beat)),
        asyncio.create_task(_ask(opened.publisher, broker)),
        asyncio.create_task(follow_letters(settings, tending.refused)),
    ]
    try:
        with ops:
            serving = asyncio.create_task(fleet.run(stop))
            await _tend(tending, ops, begun, serving, stop)
    finally:
        for each in beside:
            each.cancel()


async def _tend(
    tending: Tending, ops: OpsServer, begun: Flag, serving: asyncio.Task[None], stop: asyncio.Event
) -> None:
    """Until the fleet has ended; what ends the tending ends the fleet, after its drain."""

    async def tend() -> None:
        await tending.begin(ops)
        begun.set()
        await tending.go_on(ops)

    tended = asyncio.create_task(tend())
    try:
        await asyncio.wait({serving, tended}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            tended.result()
    finally:
        tended.cancel()
        stop.set()
        await asyncio.gather(tended, return_exceptions=True)
        try:
            await serving
        finally:
            await tending.end()


async def _beat(beat: Heartbeat) -> None:
    """The event loop turns: what /livez asks."""
    while True:
        beat.beat()
        await asyncio.sleep(1.0)


async def _ask(publisher: BusPublisher, broker: Flag) -> None:
    """A connector that nobody sends to would not notice that the broker is away: what /readyz asks."""
    while True:
        if await publisher.reachable():
            broker.set()
        else:
            broker.clear("does not answer")
        await asyncio.sleep(_ASK_EVERY_S)
