"""The intake loop: nothing is acknowledged that the broker does not have, and nothing is lost."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import date

import pytest

from hub.connectors.door import Receipt, Unit
from hub.connectors.intake import Confirmation, Intake
from hub.connectors.packing import CHUNK_RECORDS, Packer
from hub.connectors.watch import Watch
from hub.errors import FatalError, RetryError
from tests.connectors.pretend import Agreed, PretendPack, intake, read, receipt_of, unit, values
from tests.fakes import FakeBus, FakeDelivery, FakeDoor


def take(door: FakeDoor, bus: FakeBus) -> None:
    asyncio.run(intake(door, bus).run())


def test_an_event_its_original_and_the_answer() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("ann:208")])
        await intake(door, bus).run()
        assert values(bus.log, "event") == [b"event-ann-208"]
        assert values(bus.log, "original") == [b"ann:208"]
        assert receipt_of(door.deliveries[0].answers[0]).events == {"vaccination": 1}

    asyncio.run(scenario())


def test_nothing_is_acked_before_the_broker_confirmed() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("ann:208")])
        bus.flowing.clear()
        running = asyncio.create_task(intake(door, bus).run())
        while not bus.log:
            await asyncio.sleep(0)
        for _ in range(50):
            await asyncio.sleep(0)
        assert door.deliveries[0].answers == []
        bus.flowing.set()
        await running
        assert isinstance(door.deliveries[0].answers[0], Receipt)

    asyncio.run(scenario())


def test_one_bad_row_never_rejects_its_batch() -> None:
    async def scenario() -> None:
        bus, door = (
            FakeBus(),
            FakeDoor([unit("ann:1", "bad:no-date", "bob:2", "boom", "unpackable:3", "cy:4", "skip:not-covid")]),
        )
        await intake(door, bus).run()
        assert values(bus.log, "event") == [b"event-ann-1", b"event-bob-2", b"event-cy-4"]
        assert values(bus.log, "dead") == [b"bad:no-date", b"boom", b"unpackable:3"]
        receipt = receipt_of(door.deliveries[0].answers[0])
        assert receipt.rejected == {"no-date": 1, "mapping-error": 2}
        assert receipt.positions == {"no-date": ["row 2"], "mapping-error": ["row 4", "row 5"]}
        assert receipt.ignored == {"not-covid": 1}
        assert not receipt.unreadable

    asyncio.run(scenario())


def test_a_reader_that_dies_leaves_a_dead_letter_and_its_neighbours_unharmed() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("ann:1", "crash:value", "bob:2"), unit("cy:3")])
        await intake(door, bus).run()
        assert values(bus.log, "event") == [b"event-ann-1", b"event-cy-3"]
        assert values(bus.log, "dead") == [b"ann:1\ncrash:value\nbob:2"]
        assert receipt_of(door.deliveries[0].answers[0]).rejected == {"mapping-error": 1}

    asyncio.run(scenario())


def test_what_the_hub_must_not_hold_leaves_a_letter_without_body() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("stop:no-consent")])
        await intake(door, bus).run()
        assert bus.log == [("dead", b"no-consent", None, None, None)]

    asyncio.run(scenario())


def test_an_original_too_large_for_the_broker_leaves_a_letter_without_body() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("bad:" + "x" * 2_000)])
        await intake(door, bus).run()
        assert values(bus.log, "dead") == [None]

    asyncio.run(scenario())


def test_a_kind_that_was_not_agreed_leaves_nothing_but_a_count() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("other:x")])
        await intake(door, bus).run()
        assert bus.log == []
        assert receipt_of(door.deliveries[0].answers[0]).ignored == {"kind-not-agreed": 1}

    asyncio.run(scenario())


def test_what_a_door_could_not_get_whole_is_a_dead_letter() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([FakeDelivery(unit(), "lane", fault="frame-too-large")])
        await intake(door, bus).run()
        assert bus.log == [("dead", b"frame-too-large", None, None, None)]
        assert receipt_of(door.deliveries[0].answers[0]).unreadable

    asyncio.run(scenario())


def test_an_empty_unit_is_answered() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("")])
        await intake(door, bus).run()
        assert receipt_of(door.deliveries[0].answers[0]).rejected == {"empty": 1}

    asyncio.run(scenario())


def test_several_events_of_one_record_keep_one_original() -> None:
    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("ann:1", "ann:1", "bob:2")])
        await intake(door, bus).run()
        assert values(bus.log, "original") == [b"ann:1", b"bob:2"]

    asyncio.run(scenario())


def test_a_large_unit_goes_through_in_chunks_and_is_acked_once() -> None:
    async def scenario() -> None:
        rows = [f"p{n}:1" for n in range(CHUNK_RECORDS * 25)]
        bus, door = FakeBus(), FakeDoor([unit(*rows)])
        await intake(door, bus).run()
        assert len(values(bus.log, "event")) == len(rows)
        assert len(door.deliveries[0].answers) == 1

    asyncio.run(scenario())


def test_the_broker_away_means_no_ack_and_no_more_reading_and_then_all_flows_again() -> None:
    async def scenario() -> None:
        bus = FakeBus(away=True)
        door = FakeDoor([unit(f"p{n}:1") for n in range(500)], resend=True)
        running = asyncio.create_task(intake(door, bus).run())
        await bus.asked.wait()
        assert door.pulled < 500
        assert not any(isinstance(answer, Receipt) for d in door.deliveries for answer in d.answers)
        bus.away = False
        await running
        assert all(isinstance(d.answers[-1], Receipt) for d in door.deliveries)
        assert set(values(bus.log, "event")) == {b"event-p%d-1" % n for n in range(500)}

    asyncio.run(scenario())


def test_a_connector_runs_again_when_the_broker_is_back_even_if_nobody_sends() -> None:
    class Patient(FakeDoor):
        async def __aiter__(self) -> AsyncIterator[FakeDelivery]:
            yield self.deliveries[0]
            await over.wait()

    async def scenario() -> None:
        bus, door, watch = FakeBus(away=True), Patient([unit("ann:208")]), Watch("pretend")
        packer = Packer(read, Agreed(), PretendPack())
        running = asyncio.create_task(Intake(door, packer, bus, watch, first_pause_s=0.001).run())
        await door.deliveries[0].answered.wait()
        assert (door.deliveries[0].answers, watch.state) == (["broker-away"], "paused")
        bus.away = False
        while watch.state != "running":
            await asyncio.sleep(0.001)
        over.set()
        await running

    over = asyncio.Event()
    asyncio.run(scenario())


@pytest.mark.parametrize("seed", range(10))
def test_a_broker_that_fails_and_loses_reports_loses_no_event(seed: int) -> None:
    async def scenario() -> None:
        bus = FakeBus(fail_prob=0.2, lose_ack=0.2, seed=seed)
        door = FakeDoor([unit(f"p{n}:1", f"bad:{n}") for n in range(200)], lanes=5, resend=True)
        await intake(door, bus).run()
        assert set(values(bus.log, "event")) == {b"event-p%d-1" % n for n in range(200)}
        assert set(values(bus.log, "dead")) == {b"bad:%d" % n for n in range(200)}
        for n, delivery in enumerate(door.deliveries):
            acks = [answer for answer in delivery.answers if isinstance(answer, Receipt)]
            assert len(acks) == 1, n

    asyncio.run(scenario())


@pytest.mark.parametrize("k", [0, 1, 7, 150, 401, 999])
def test_a_kill_at_record_k_and_a_second_run_give_the_same_ids(k: int) -> None:
    units = [unit(*(f"p{n}:{m}" for m in range(10)), "bad:x") for n in range(60)]

    async def scenario() -> None:
        bus = FakeBus(crash_after=k)
        door = FakeDoor(units)
        with pytest.raises(FatalError):
            await intake(door, bus).run()
        acked = [n for n, d in enumerate(door.deliveries) if d.answers]
        for n in acked:
            assert {b"event-p%d-%d" % (n, m) for m in range(10)} <= set(values(bus.log, "event"))
        bus.crash_after = None
        again = FakeDoor([u for n, u in enumerate(units) if n not in acked])
        await intake(again, bus).run()
        assert set(values(bus.log, "event")) == {b"event-p%d-%d" % (n, m) for n in range(60) for m in range(10)}
        gc.collect()

    asyncio.run(scenario())


def test_a_lane_is_answered_in_the_order_it_sent() -> None:
    order: list[str] = []

    class Noted(FakeDelivery):
        async def ack(self, receipt: Receipt) -> None:
            await asyncio.sleep(0)
            order.append(self.unit.name)
            await super().ack(receipt)

    async def scenario() -> None:
        bus = FakeBus()
        door = FakeDoor([Noted(unit(f"p{n}:1", name=str(n)), "one") for n in range(100)])
        await intake(door, bus).run()

    asyncio.run(scenario())
    assert order == [str(n) for n in range(100)]


def test_an_agreement_that_ran_out_stops_the_reading_and_promises_nothing() -> None:
    days = iter([date(2021, 1, 1)])
    asked = asyncio.Event()

    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("ann:1")])

        def in_force(today: date) -> bool:
            asked.set()
            return today.year < 2021

        loop = intake(door, bus, in_force=in_force, today=lambda: next(days, date(2021, 1, 1)))
        running = asyncio.create_task(loop.run())
        await asked.wait()
        await asyncio.sleep(0)
        assert (bus.log, door.deliveries[0].answers) == ([], [])
        assert loop._watch.ready() == "paused: agreement-not-in-force"
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(scenario())


def test_a_fatal_error_ends_the_loop_with_nothing_acked() -> None:
    class Broken(FakeBus):
        async def send(self, outgoing: object) -> Confirmation:  # type: ignore[override]
            class Never:
                async def delivered(self) -> None:
                    raise FatalError("producer-fatal")

            return Never()

    async def scenario() -> None:
        bus, door = Broken(), FakeDoor([unit("ann:1")])
        with pytest.raises(FatalError):
            await intake(door, bus).run()
        assert door.deliveries[0].answers == []

    asyncio.run(scenario())


def test_an_answer_that_takes_long_holds_up_its_own_lane_only() -> None:
    """All of them in one chunk, and those behind in later ones."""
    order: list[str] = []

    class Noted(FakeDelivery):
        async def ack(self, receipt: Receipt) -> None:
            order.append(self.unit.name)
            await super().ack(receipt)

    class Lengthy(Noted):
        answered_aside = True

        def __init__(self, unit: Unit, lane: str) -> None:
            super().__init__(unit, lane)
            self.goes_on = asyncio.Event()

        async def ack(self, receipt: Receipt) -> None:
            await self.goes_on.wait()
            await super().ack(receipt)

    async def scenario() -> None:
        batch = Lengthy(unit("p:1", name="batch"), "one")
        behind = [Noted(unit(f"p{n}:1", name=f"one {n}"), "one") for n in range(200)]
        beside = [Noted(unit(f"q{n}:1", name=f"two {n}"), "two") for n in range(200)]
        pairs = [each for pair in zip(behind, beside, strict=True) for each in pair][:240]
        running = asyncio.create_task(intake(FakeDoor([batch, *pairs]), FakeBus()).run())
        for each in pairs[1::2]:
            await each.answered.wait()
        assert order == [f"two {n}" for n in range(120)]
        batch.goes_on.set()
        await running
        assert order[120:] == ["batch", *(f"one {n}" for n in range(120))]

    asyncio.run(scenario())


def test_a_door_that_cannot_answer_does_not_stop_the_loop() -> None:
    class Mute(FakeDelivery):
        async def ack(self, receipt: Receipt) -> None:
            raise BrokenPipeError

    async def scenario() -> None:
        bus = FakeBus()
        door = FakeDoor([Mute(unit("ann:1"), "one"), FakeDelivery(unit("bob:2"), "two")])
        await intake(door, bus).run()
        assert isinstance(door.deliveries[1].answers[0], Receipt)

    asyncio.run(scenario())


def test_a_source_file_that_cannot_be_read_is_refused_alone() -> None:
    def unreadable(_unit: object) -> object:
        raise PermissionError

    async def scenario() -> None:
        bus, door = FakeBus(), FakeDoor([unit("ann:1")])
        loop = intake(door, bus)
        loop._packer._read = unreadable  # type: ignore[assignment]
        await loop.run()
        assert door.deliveries[0].answers == ["source-away"]

    asyncio.run(scenario())


def test_the_key_file_away_is_waited_for() -> None:
    class Locked:
        tries = 0

        def begin(self, people: object) -> None:
            self.tries += 1
            if self.tries < 3:
                raise RetryError("the key file did not answer")

    async def scenario() -> Intake:
        bus, door = FakeBus(), FakeDoor([unit("ann:1")], resend=True)
        loop = intake(door, bus)
        loop._packer._pack.begin = Locked().begin  # type: ignore[method-assign, assignment]
        await loop.run()
        assert [type(answer) for answer in door.deliveries[0].answers] == [str, str, Receipt]
        return loop

    asyncio.run(scenario())
