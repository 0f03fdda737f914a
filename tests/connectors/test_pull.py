"""The position of a door that fetches moves over confirmed ground only, whatever the broker, the source or the process does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.away import in_words, is_lasting
from hub.connectors.door import Unit
from hub.connectors.positions import Position, Trail
from hub.connectors.pull import Fetched, PullDoor, PullOptions, SourceAway
from hub.connectors.watch import Watch
from hub.errors import FatalError
from tests.connectors.pretend import values
from tests.connectors.pulling import MemoryPositions, live_until, when
from tests.fakes import FakeBus

OPTIONS = PullOptions(poll_s=0.001, first_pause_s=0.001, last_pause_s=0.002)


class Pages:
    """Records 0, 1, 2, …, three a page, from a position `{"next": n}`. `away`: rounds that fail after their first page."""

    def __init__(self, count: int, away: int = 0) -> None:
        self.count, self.away, self.rounds, self.closed = count, away, 0, False

    async def open(self) -> None:
        """Nothing to open."""

    async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
        self.rounds += 1
        start = position["next"] if position else 0
        for first in range(start, self.count, 3):
            last = min(first + 3, self.count)
            lines = "\n".join(f"p{n}:208" for n in range(first, last))
            yield Fetched(Unit(f"page {first}", lines.encode()), {"next": last})
            if self.away:
                self.away -= 1
                raise SourceAway("busy", after_s=0.0)

    async def close(self) -> None:
        self.closed = True


def ids(bus: FakeBus) -> list[Any]:
    return values(bus.log, "event")


def wanted(count: int) -> set[bytes]:
    return {f"event-p{n}-208".encode() for n in range(count)}


async def live(source: Pages, bus: FakeBus, positions: MemoryPositions, until: int | None = None) -> None:
    done = asyncio.Event()
    watching = asyncio.create_task(when(lambda: positions.now.get("all") == {"next": until}, done))
    try:
        await live_until(PullDoor(source, OPTIONS, positions, Watch("pretend")), bus, done)
    finally:
        watching.cancel()


def test_everything_is_taken_once_and_the_position_stands_at_the_end() -> None:
    source, bus, positions = Pages(10), FakeBus(), MemoryPositions()
    asyncio.run(live(source, bus, positions, 10))
    assert ids(bus) == [f"event-p{n}-208".encode() for n in range(10)]
    assert [each["next"] for each in positions.saved] == sorted(each["next"] for each in positions.saved)
    assert source.closed


def test_no_position_is_saved_before_the_broker_confirmed() -> None:
    async def scene() -> None:
        source, bus, positions = Pages(10), FakeBus(), MemoryPositions()
        bus.flowing.clear()
        living = asyncio.create_task(live(source, bus, positions, 10))
        while len(ids(bus)) < 10:
            await asyncio.sleep(0.002)
        assert not positions.saved
        bus.flowing.set()
        await living
        assert positions.now["all"] == {"next": 10}

    asyncio.run(scene())


@pytest.mark.parametrize("k", [0, 1, 4, 11, 19])
def test_a_kill_at_record_k_and_another_life_give_the_same_ids(k: int) -> None:
    bus, positions = FakeBus(crash_after=k), MemoryPositions()
    with pytest.raises(FatalError):
        asyncio.run(live(Pages(10), bus, positions, 10))
    assert all(each["next"] <= len(set(ids(bus))) for each in positions.saved)
    bus.crash_after = None
    asyncio.run(live(Pages(10), bus, positions, 10))
    assert set(ids(bus)) == wanted(10)


def test_a_broker_that_refuses_pauses_the_source_and_gets_everything_in_the_end() -> None:
    source, bus, positions = Pages(40), FakeBus(fail_prob=0.4, lose_ack=0.3, seed=3), MemoryPositions()
    asyncio.run(live(source, bus, positions, 40))
    assert set(ids(bus)) == wanted(40)


def test_while_the_broker_is_away_nothing_more_is_fetched() -> None:
    async def scene() -> None:
        source, bus, positions = Pages(9), FakeBus(away=True), MemoryPositions()
        living = asyncio.create_task(live(source, bus, positions, 9))
        await bus.asked.wait()
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert source.rounds <= 2
        assert not positions.saved
        bus.away = False
        await living
        assert set(ids(bus)) == wanted(9)

    asyncio.run(scene())


def test_a_position_that_could_not_be_saved_costs_a_second_reading_and_nothing_else() -> None:
    source, bus, positions = Pages(10), FakeBus(), MemoryPositions(fail_next=2)
    asyncio.run(live(source, bus, positions, 10))
    assert set(ids(bus)) == wanted(10)


def test_a_source_that_is_away_half_way_is_asked_again_from_where_it_was_confirmed() -> None:
    source, bus, positions = Pages(10, away=2), FakeBus(), MemoryPositions()
    asyncio.run(live(source, bus, positions, 10))
    assert ids(bus) == [f"event-p{n}-208".encode() for n in range(10)]
    assert source.rounds >= 3


def test_pauses_double_are_spread_and_keep_to_what_the_source_asked() -> None:
    options = PullOptions(first_pause_s=1.0, last_pause_s=60.0, asked_pause_s=1_000.0)
    door = PullDoor(Pages(0), options, MemoryPositions(), Watch("pretend"))
    [stream] = door._streams
    own = [door._after_failure(stream, None) for _ in range(8)]
    assert all(0.5 * 2**n <= each <= 1.0 * 2**n for n, each in enumerate(own[:6]))
    assert all(30.0 <= each <= 60.0 for each in own[6:])
    assert 100.0 <= door._after_failure(stream, SourceAway("http-429", 100.0)) <= 106.0
    assert 1_000.0 <= door._after_failure(stream, SourceAway("http-429", 86_400.0)) <= 1_006.0
    door._well(stream)
    assert door._after_failure(stream, None) <= 1.0


def test_a_source_that_refuses_for_good_is_asked_once_more_soon_and_then_slowly() -> None:
    options = PullOptions(first_pause_s=1.0, refused_pause_s=900.0)
    watch = Watch("pretend")
    door = PullDoor(Pages(0), options, MemoryPositions(), watch)
    [stream] = door._streams
    assert door._after_failure(stream, SourceAway("http-403")) <= 1.0
    for _ in range(3):
        assert 450.0 <= door._after_failure(stream, SourceAway("http-403", 0.0)) <= 900.0
    assert watch.why == "http-403"
    assert watch.ready() == "paused: http-403: the account may not read this: ask the source to allow it"
    door._after_failure(stream, SourceAway("http-503"))
    assert door._after_failure(stream, SourceAway("http-503")) < 60.0


def test_streams_have_positions_of_their_own_and_one_that_fails_holds_up_no_other() -> None:
    class Shut(Pages):
        async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
            self.rounds += 1
            for each in [SourceAway("http-404")]:
                raise each
            yield Fetched(None)

    async def scene() -> None:
        bus, positions, watch, done = FakeBus(), MemoryPositions(), Watch("pretend"), asyncio.Event()
        shut, streams = Shut(0), {"patients": Pages(7), "observations": Pages(10)}
        options = OPTIONS.model_copy(update={"refused_pause_s": 900.0})
        door = PullDoor({"shut": shut, **streams}, options, positions, watch)
        ends = {"patients": {"next": 7}, "observations": {"next": 10}}
        watching = asyncio.create_task(when(lambda: positions.now == ends and shut.rounds == 2, done))
        await live_until(door, bus, done)
        await watching
        assert set(ids(bus)) == wanted(10)
        assert (watch.ready() or "").startswith("paused: shut http-404: there is nothing at this address")
        assert all(each.closed for each in streams.values())

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("http-401", "http-401: the source refuses the login"),
        ("patients http-404", "patients http-404: there is nothing"),
        ("http-422", "http-422: the source refuses the request as it is"),
        ("login-400", "login-400: the login refuses"),
        ("http-503", "http-503"),
        ("http-429", "http-429"),
        ("broker-away", "broker-away"),
    ],
)
def test_what_waiting_does_not_cure_is_said_in_words(why: str, words: str) -> None:
    assert in_words(why).startswith(words)
    assert is_lasting(why.split()[-1]) == (words != why)


def test_a_trail_moves_over_gaps_only_when_they_are_filled() -> None:
    async def scene() -> None:
        positions = MemoryPositions()
        trail = Trail(positions, "all")
        first, second, third = (trail.mark({"next": n}) for n in (1, 2, 3))
        await trail.confirm(second)
        assert not positions.saved
        await trail.confirm(first)
        assert positions.saved == [{"next": 2}]
        trail.fail()
        await trail.confirm(third)
        assert positions.saved == [{"next": 2}]
        assert not await trail.settled()

    asyncio.run(scene())


@pytest.mark.parametrize("kind", ["page", "file"])
def test_a_bug_of_ours_gives_up_a_page_that_its_dead_letter_holds_and_waits_with_a_file(
    kind: str, tmp_path: Path
) -> None:
    content = b"p1:208\ncrash:x\np2:208"
    (tmp_path / "file").write_bytes(content)

    async def scene() -> None:
        bus, positions, watch = FakeBus(), MemoryPositions(), Watch("pretend")

        class Broken(Pages):
            async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
                self.rounds += 1
                if position is None:
                    yield Fetched(Unit("unit", content if kind == "page" else tmp_path / "file"), {"next": 3})

        source, done = Broken(0), asyncio.Event()
        watching = asyncio.create_task(when(lambda: source.rounds > 3, done))
        await live_until(PullDoor(source, OPTIONS, positions, watch), bus, done)
        await watching
        if kind == "page":
            assert positions.saved == [{"next": 3}]
            assert values(bus.log, "dead") == [content]
        else:
            assert not positions.saved
            assert watch.ready() == "paused: unit-broken-off"

    asyncio.run(scene())


def test_a_unit_that_could_not_be_put_aside_at_the_source_comes_again_and_ends_nothing() -> None:
    async def scene() -> None:
        bus, positions, tries = FakeBus(), MemoryPositions(), []

        async def put_aside(_receipt: object) -> None:
            tries.append(1)
            if len(tries) < 3:
                raise SourceAway("busy")

        class Stubborn(Pages):
            async def fetch(self, position: Position | None) -> AsyncIterator[Fetched]:
                yield Fetched(Unit("page", b"p1:208"), {"next": 1}, done=put_aside)

        await live(Stubborn(0), bus, positions, 1)
        assert len(tries) >= 3
        assert set(ids(bus)) == {b"event-p1-208"}

    asyncio.run(scene())
