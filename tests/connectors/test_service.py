"""All connectors of a process: one that cannot start harms no other, and stopping loses nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.connectors.door import Receipt
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.service import Running, serve
from hub.connectors.watch import Watch
from hub.errors import ConfigError, FatalError
from tests.connectors.pretend import Agreed, PretendPack, read, unit
from tests.fakes import FakeBus, FakeDoor


class Shut(FakeDoor):
    async def open(self) -> None:
        raise ConfigError("the port is taken")


def running(name: str, door: FakeDoor, bus: FakeBus) -> Running:
    watch = Watch(name)
    return Running(door, Intake(door, Packer(read, Agreed(), PretendPack()), bus, watch, first_pause_s=0.0), watch)


def served(*connectors: Running, **settings: Any) -> None:
    """Serve until every delivery of every door was answered, then stop."""

    async def scenario() -> None:
        stop = asyncio.Event()

        async def ask_to_stop() -> None:
            for each in connectors:
                if not isinstance(each.door, Shut):
                    assert isinstance(each.door, FakeDoor)
                    for delivery in each.door.deliveries:
                        await delivery.answered.wait()
            stop.set()

        asking = asyncio.create_task(ask_to_stop())
        await serve(connectors, stop, **settings)
        await asking

    asyncio.run(scenario())


def test_every_connector_works_beside_the_others() -> None:
    doors = [FakeDoor([unit(f"p{n}:1")]) for n in range(3)]
    served(*(running(f"c{n}", door, FakeBus()) for n, door in enumerate(doors)))
    assert all(isinstance(door.deliveries[0].answers[0], Receipt) for door in doors)


def test_a_door_that_cannot_open_takes_down_its_own_connector_only() -> None:
    good, bad = running("good", FakeDoor([unit("ann:1")]), FakeBus()), running("bad", Shut([]), FakeBus())
    served(good, bad)
    assert (good.watch.state, bad.watch.ready()) == ("stopped", "failed: door-cannot-open")


def test_no_door_at_all_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="no connector can start: bad: the port is taken"):
        served(running("bad", Shut([]), FakeBus()))


def test_a_fatal_error_of_one_ends_all() -> None:
    with pytest.raises(FatalError):
        served(
            running("fatal", FakeDoor([unit("ann:1")]), FakeBus(crash_after=0)),
            running("other", FakeDoor([]), FakeBus()),
        )


def test_stopping_while_the_broker_is_away_ends_in_time_and_promises_nothing() -> None:
    async def scenario() -> None:
        door, bus, stop = FakeDoor([unit("ann:1")] * 2, resend=True), FakeBus(away=True), asyncio.Event()
        serving = asyncio.create_task(serve([running("c", door, bus)], stop, drain_s=0.05))
        await bus.asked.wait()
        stop.set()
        await serving
        assert not any(isinstance(answer, Receipt) for d in door.deliveries for answer in d.answers)

    asyncio.run(scenario())
