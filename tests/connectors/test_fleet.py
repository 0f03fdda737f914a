"""All connectors of a process: one is started, replaced and stopped alone, and stopping loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from hub.connectors.door import Receipt
from hub.connectors.fleet import BROKER_AWAY, Fleet, Order, Running, Version
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.positions import PositionUnreadable
from hub.connectors.watch import PAUSED_BY_OPERATOR, Watch
from hub.errors import ConfigError, FatalError, RetryError
from hub.ops import metrics
from tests.connectors.pretend import Agreed, PretendPack, read, unit, values
from tests.fakes import FakeBus, FakeDelivery, FakeDoor


class Street(FakeDoor):
    """A door that stays open until it is told; `taken` ports are shared with its neighbours."""

    def __init__(self, taken: set[int], port: int, *lines: str) -> None:
        super().__init__([unit(*lines)] if lines else [])
        self.taken, self.port, self.events = taken, port, list[str]()
        self._stop = asyncio.Event()

    async def open(self) -> None:
        if self.port in self.taken:
            raise ConfigError("the port is taken")
        self.taken.add(self.port)
        self.events.append("open")

    async def __aiter__(self) -> AsyncIterator[FakeDelivery]:
        for delivery in self.deliveries:
            yield delivery
        await self._stop.wait()

    async def stop_reading(self) -> None:
        self.events.append("stop")
        self._stop.set()

    async def close(self) -> None:
        self.events.append("close")
        self.taken.discard(self.port)


def version(key: str, door: FakeDoor, bus: FakeBus | None = None, made: list[str] | None = None) -> Version:
    async def make(watch: Watch) -> Running:
        if made is not None:
            made.append(key)
        packer = Packer(read, Agreed(), PretendPack())
        return Running(door, Intake(door, packer, bus or FakeBus(), watch, first_pause_s=0.0), watch)

    return Version(key, make)


def unmakeable(key: str, why: Exception) -> Version:
    async def make(watch: Watch) -> Running:
        raise why

    return Version(key, make)


def scene(play: Callable[[Fleet], Awaitable[None]], made: type[Fleet] = Fleet, **settings: Any) -> None:
    """The play, with a fleet that runs meanwhile and is stopped afterwards."""

    async def whole() -> None:
        fleet, stop = made(**settings), asyncio.Event()
        running = asyncio.create_task(fleet.run(stop))
        try:
            await play(fleet)
        finally:
            stop.set()
            await running

    asyncio.run(whole())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.001)


def state(fleet: Fleet, name: str) -> tuple[str, str]:
    [shown] = [each for each in fleet.shown() if each.name == name]
    return shown.state, shown.why


def stale(fleet: Fleet, name: str) -> str:
    [shown] = [each for each in fleet.shown() if each.name == name]
    return shown.stale


def measured(name: str) -> str:
    """The state that the metric shows."""
    found = [
        line.partition('state="')[2].partition('"')[0]
        for line in metrics.render().decode().splitlines()
        if line.startswith("hub_connector_state{") and f'"{name}"' in line and line.endswith(" 1.0")
    ]
    return " and ".join(found)


def test_the_metric_of_the_state_stays_true_however_often_the_fleet_is_asked() -> None:
    async def play(fleet: Fleet) -> None:
        order = Order((version("1", Street(set(), 1)),))
        for _ in range(3):  # the role asks every few seconds
            await fleet.apply("measured", order)
            assert measured("measured") == "running"
        for _ in range(2):
            await fleet.apply("measured", Order(off=PAUSED_BY_OPERATOR))
            assert measured("measured") == "paused"

    scene(play)


def test_every_connector_works_beside_the_others_and_a_door_that_cannot_open_harms_none() -> None:
    async def play(fleet: Fleet) -> None:
        taken = {9}
        doors = {f"c{n}": Street(taken, n, f"p{n}:1") for n in range(3)}
        for name, door in doors.items():
            await fleet.apply(name, Order((version("1", door),)))
        await fleet.apply("bad", Order((version("1", Street(taken, 9)),)))
        for door in doors.values():
            await door.deliveries[0].answered.wait()
            assert isinstance(door.deliveries[0].answers[0], Receipt)
        assert state(fleet, "bad") == ("failed", "door-cannot-open")
        assert state(fleet, "c0") == ("running", "")

    scene(play)


def test_a_changed_connector_is_replaced_alone_after_it_answered_what_it_took() -> None:
    async def play(fleet: Fleet) -> None:
        taken: set[int] = set()
        bus = FakeBus()
        old, new, neighbour = Street(taken, 1, "ann:1"), Street(taken, 1, "bob:1"), Street(taken, 2)
        bus.flowing.clear()
        await fleet.apply("neighbour", Order((version("1", neighbour),)))
        await fleet.apply("c", Order((version("1", old, bus),)))
        await until(lambda: bool(values(bus.log, "event")))
        changing = asyncio.create_task(fleet.apply("c", Order((version("2", new, bus), version("1", old, bus)))))
        await until(lambda: "stop" in old.events)
        assert "close" not in old.events
        bus.flowing.set()
        await changing
        assert isinstance(old.deliveries[0].answers[0], Receipt)
        await new.deliveries[0].answered.wait()
        assert (old.events, neighbour.events) == (["open", "stop", "close"], ["open"])
        assert stale(fleet, "c") == ""

    scene(play)


def test_nothing_happens_while_nothing_changed() -> None:
    async def play(fleet: Fleet) -> None:
        made: list[str] = []
        door = Street(set(), 1)
        for _ in range(5):
            await fleet.apply("c", Order((version("1", door, made=made),)))
        assert (made, door.events) == (["1"], ["open"])

    scene(play)


def test_a_version_that_cannot_be_built_leaves_the_old_one_undisturbed_and_says_why() -> None:
    async def play(fleet: Fleet) -> None:
        door = Street(set(), 1)
        old = version("1", door)
        await fleet.apply("c", Order((old,)))
        await fleet.apply("c", Order((unmakeable("2", ConfigError("x.yaml:3: map: wrong")), old)))
        assert (stale(fleet, "c"), state(fleet, "c")) == ("x.yaml:3: map: wrong", ("running", ""))
        await fleet.apply("c", Order((old,), complaint="x.yaml:4: title: wrong"))
        assert (stale(fleet, "c"), door.events) == ("x.yaml:4: title: wrong", ["open"])
        await fleet.apply("c", Order((old,)))
        assert (stale(fleet, "c"), door.events) == ("", ["open"])

    scene(play)


def test_a_version_whose_door_cannot_open_gives_way_to_the_old_one_and_is_not_tried_at_every_look() -> None:
    async def play(fleet: Fleet) -> None:
        taken, made = {9}, list[str]()
        old, new = Street(taken, 1), Street(taken, 9)
        await fleet.apply("c", Order((version("1", old),)))
        order = Order((version("2", new, made=made), version("1", old)))
        for _ in range(3):
            await fleet.apply("c", order)
        assert (stale(fleet, "c"), state(fleet, "c")) == ("the port is taken", ("running", ""))
        assert (made, old.events) == (["2"], ["open", "stop", "close", "open"])
        taken.discard(9)
        await fleet.apply("c", order, retry=True)
        assert (stale(fleet, "c"), new.events) == ("", ["close", "open"])

    scene(play)


def failures(name: str) -> float:
    """How often the metric says that its door could not open."""
    found = [
        float(line.rpartition(" ")[2])
        for line in metrics.render().decode().splitlines()
        if line.startswith("hub_connector_start_failures_total{") and f'"{name}"' in line and "door-cannot-open" in line
    ]
    return sum(found)


class Shut(Street):
    """A door that opens only once somebody has made it possible."""

    shut = True

    async def open(self) -> None:
        if self.shut:
            raise ConfigError("the port is taken")
        await super().open()


def test_a_door_that_cannot_open_is_tried_again_by_itself_and_says_why_meanwhile() -> None:
    async def play(fleet: Fleet) -> None:
        made, door, neighbour = list[str](), Shut(set(), 9), Street(set(), 1)
        order = Order((version("1", door, made=made),))
        await fleet.apply("neighbour", Order((version("1", neighbour),)))
        while len(made) < 3:  # as the role asks, again and again
            await fleet.apply("waits", order)
            [_, shown] = await asyncio.to_thread(
                fleet.shown
            )  # the pages of the process are asked in threads of their own
            assert (shown.state, shown.why, shown.detail) == ("failed", "door-cannot-open", "the port is taken")
            assert shown.again_s is not None
            await asyncio.sleep(0.001)
        assert failures("waits") == len(made)
        door.shut = False
        while state(fleet, "waits") != ("running", ""):
            await fleet.apply("waits", order)
            await asyncio.sleep(0.001)
        assert fleet.shown()[1].again_s is None
        assert neighbour.events == ["open"]

    scene(play, first_retry_s=0.01)


def test_an_edit_whose_door_cannot_open_is_tried_again_while_the_older_version_runs() -> None:
    async def play(fleet: Fleet) -> None:
        old, new = Street(set(), 1), Shut(set(), 9)
        await fleet.apply("c", Order((version("1", old),)))
        order = Order((version("2", new), version("1", old)))
        await fleet.apply("c", order)
        [shown] = fleet.shown()
        assert (shown.state, shown.stale) == ("running", "the port is taken")
        assert shown.again_s is not None
        new.shut = False
        while stale(fleet, "c"):
            await fleet.apply("c", order)
            await asyncio.sleep(0.001)
        assert (state(fleet, "c"), old.events[-1], new.events[-1]) == (("running", ""), "close", "open")

    scene(play, first_retry_s=0.01)


def test_when_no_version_may_run_any_more_the_old_one_stops() -> None:
    async def play(fleet: Fleet) -> None:
        door = Street(set(), 1)
        await fleet.apply("c", Order((version("1", door),)))
        await fleet.apply("c", Order((unmakeable("2", ConfigError("names another agreement")),)))
        assert (door.events, state(fleet, "c")[0]) == (["open", "stop", "close"], "failed")
        [shown] = fleet.shown()
        assert shown.detail == "names another agreement"

    scene(play)


def test_off_stops_and_says_why_and_on_starts_again() -> None:
    async def play(fleet: Fleet) -> None:
        door = Street(set(), 1)
        order = Order((version("1", door),))
        await fleet.apply("c", order)
        await fleet.apply("c", Order(off="no-agreement", detail="write it"))
        assert (door.events, state(fleet, "c")) == (["open", "stop", "close"], ("stopped", "no-agreement"))
        await fleet.apply("c", order)
        assert state(fleet, "c") == ("running", "")

    scene(play)


def test_a_paused_connector_reads_nothing_and_keeps_its_door_to_say_so() -> None:
    async def play(fleet: Fleet) -> None:
        door, again = Street(set(), 1), Street(set(), 2)
        versions = (version("1", door),)
        await fleet.apply("c", Order(versions))
        await fleet.apply("c", Order(versions, off=PAUSED_BY_OPERATOR))
        assert (door.events, state(fleet, "c")) == (["open", "stop"], ("paused", PAUSED_BY_OPERATOR))
        assert fleet.shown()[0].watch.ready() is None
        await fleet.apply("c", Order((version("2", again),)))
        assert (door.events, again.events) == (["open", "stop", "close"], ["open"])
        from_the_start = Street(set(), 3)
        await fleet.apply("d", Order((version("1", from_the_start),), off=PAUSED_BY_OPERATOR))
        assert (from_the_start.events, state(fleet, "d")[0]) == (["open", "stop"], "paused")

    scene(play)


def test_work_that_needs_rest_is_done_between_two_lives() -> None:
    async def play(fleet: Fleet) -> None:
        door = Street(set(), 1)
        await fleet.apply("c", Order((version("1", door),)))

        async def work() -> None:
            door.events.append("work")

        await fleet.rest("c", Order((version("1", door),)), work)
        assert door.events == ["open", "stop", "close", "work", "open"]

    scene(play)


def test_what_may_not_run_any_more_does_not_run_for_a_moment_after_its_rest() -> None:
    async def play(fleet: Fleet) -> None:
        door = Street(set(), 1)
        await fleet.apply("c", Order((version("1", door),)))

        async def work() -> None:
            door.events.append("work")

        await fleet.rest("c", Order(off="no-agreement"), work)
        assert door.events == ["open", "stop", "close", "work"]
        assert state(fleet, "c") == ("stopped", "no-agreement")

    scene(play)


def test_a_broker_that_is_away_at_the_start_is_not_called_a_mistake_of_the_connector() -> None:
    async def play(fleet: Fleet) -> None:
        await fleet.apply("c", Order((unmakeable("1", RetryError("broker:_TRANSPORT")),)))
        assert state(fleet, "c") == ("failed", BROKER_AWAY)
        await fleet.apply("c", Order((unmakeable("2", ConfigError("no secret")),)))
        assert state(fleet, "c") == ("failed", "configuration")

    scene(play)


def test_why_a_connector_does_not_start_is_said_in_words_wherever_its_state_is() -> None:
    async def play(fleet: Fleet) -> None:
        await fleet.apply("c", Order((unmakeable("1", ConfigError("the secret file x is open: chmod 600 x")),)))
        [shown] = fleet.shown()
        assert shown.detail == shown.watch.detail == "the secret file x is open: chmod 600 x"
        assert shown.watch.ready() == "failed: configuration: the secret file x is open: chmod 600 x"
        await fleet.apply("c", Order((version("2", Street(set(), 1)),)))
        assert (shown.watch.detail, shown.watch.ready()) == ("", None)

    scene(play)


def test_a_door_whose_making_breaks_leaves_the_old_one_and_says_what_it_raised() -> None:
    async def play(fleet: Fleet) -> None:
        door = Street(set(), 1)
        old = version("1", door)
        await fleet.apply("c", Order((old,)))
        await fleet.apply("c", Order((unmakeable("2", ZeroDivisionError("Ann")), old)))
        assert (state(fleet, "c"), stale(fleet, "c")) == (("running", ""), "ZeroDivisionError")
        await fleet.apply("d", Order((unmakeable("1", ZeroDivisionError("Ann")),)))
        assert state(fleet, "d") == ("failed", "configuration")

    scene(play)


@pytest.mark.parametrize("where", ["stop_reading", "close"])
def test_a_door_that_does_not_end_well_keeps_no_other_from_ending_well(where: str) -> None:
    bus, bad, doors = FakeBus(), list[Street](), list[Street]()

    class Answers(Street):
        async def stop_reading(self) -> None:
            await super().stop_reading()
            bus.flowing.set()

        async def close(self) -> None:
            await super().close()
            bad[0]._stop.set()  # the bad one reads on until this one has ended: nobody's time runs out

    async def breaks() -> None:
        raise ZeroDivisionError

    async def play(fleet: Fleet) -> None:
        bad.append(Street(set(), 1))
        neighbour = Answers(set(), 2, "ann:1")
        doors.append(neighbour)
        setattr(bad[0], where, breaks)
        bus.flowing.clear()
        await fleet.apply("bad", Order((version("1", bad[0]),)))
        await fleet.apply("neighbour", Order((version("1", neighbour, bus),)))
        await until(lambda: bool(bus.log))

    scene(play, drain_s=60)
    assert isinstance(doors[0].deliveries[0].answers[0], Receipt)
    assert doors[0].events == ["open", "stop", "close"]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (PositionUnreadable(), "position-unreadable"),
        (ConfigError("x"), "configuration"),
        (ZeroDivisionError(), "broke"),
    ],
)
def test_a_loop_that_ends_by_an_error_stops_alone_and_is_tried_again_later(error: Exception, why: str) -> None:
    class Falls(Street):
        async def __aiter__(self) -> AsyncIterator[FakeDelivery]:
            if self.events.count("open") == 1:
                raise error
            await self._stop.wait()
            yield self.deliveries[0]

    passed = 0.0

    class Clocked(Fleet):
        def _now(self) -> float:
            return passed

    async def play(fleet: Fleet) -> None:
        nonlocal passed
        door, neighbour = Falls(set(), 1), Street(set(), 2)
        order = Order((version("1", door),))
        await fleet.apply("neighbour", Order((version("1", neighbour),)))
        await fleet.apply("c", order)
        await until(lambda: state(fleet, "c") == ("failed", why))
        passed = 4.9
        await fleet.apply("c", order)
        assert door.events.count("open") == 1
        passed = 5.0
        await fleet.apply("c", order)
        assert (state(fleet, "c"), door.events.count("open")) == (("running", ""), 2)
        assert neighbour.events == ["open"]

    scene(play, made=Clocked, first_retry_s=5.0)


def test_a_broker_that_is_away_while_a_change_is_tried_costs_nothing() -> None:
    async def play(fleet: Fleet) -> None:
        door, new = Street(set(), 1), Street(set(), 1)
        old = version("1", door)
        await fleet.apply("c", Order((old,)))
        await fleet.apply("c", Order((unmakeable("2", RetryError("broker:_TRANSPORT")), old)))
        assert "tried again" in stale(fleet, "c")
        await fleet.apply("c", Order((version("2", new), old)))
        assert (stale(fleet, "c"), new.events) == ("", ["open"])

    scene(play)


def test_a_fatal_error_of_one_ends_all() -> None:
    async def play(fleet: Fleet) -> None:
        await fleet.apply("fatal", Order((version("1", Street(set(), 1, "ann:1"), FakeBus(crash_after=0)),)))
        await fleet.apply("other", Order((version("1", Street(set(), 2)),)))
        await until(lambda: state(fleet, "other") == ("stopped", ""))

    with pytest.raises(FatalError):
        scene(play)


def test_stopping_while_the_broker_is_away_ends_in_time_and_promises_nothing() -> None:
    door, bus = None, FakeBus(away=True)

    async def play(fleet: Fleet) -> None:
        nonlocal door
        door = Street(set(), 1, "ann:1")
        await fleet.apply("c", Order((version("1", door, bus),)))
        await bus.asked.wait()

    scene(play, drain_s=0.05)
    assert door is not None
    assert not any(isinstance(answer, Receipt) for d in door.deliveries for answer in d.answers)
