"""The pipeline with a pretended producer and store: the order of a list's steps, and what happens when one of them fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

from hub.errors import RetryError
from hub.streams.app import bodiless_rejection
from hub.streams.ledger import Ledger, Place, SourceList
from hub.streams.metrics import StreamMetrics
from hub.streams.pipeline import Pipeline
from hub.streams.processor import Output, Record
from tests.streams.toy import Counting

P0 = Place("source", 0)


class PretendedBatch:
    """Confirms nothing before `open` is set; fails when told so."""

    def __init__(self, world: World) -> None:
        self.world, self.topics, self.last_offset = world, list[str](), -1

    async def produce_all(self, records: Iterable[Any]) -> None:
        for topic, key, value, partition, _ in records:
            self.topics.append(topic)
            self.world.log.append((topic, key, value, partition))
            self.last_offset += 1
        if self.topics:
            self.world.steps.append(f"sent:{self.topics[-1]}")

    async def delivered(self) -> None:
        await self.world.confirms.wait()
        if self.world.failure is not None:
            raise self.world.failure
        if self.topics:
            self.world.steps.append(f"confirmed:{self.topics[-1]}")


class World:
    """Producer, store and halt in one, with a diary."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.log: list[tuple[str, bytes | None, bytes | None, int | None]] = []
        self.table: dict[bytes, bytes] = {}
        self.confirms = asyncio.Event()
        self.confirms.set()
        self.failure: Exception | None = None
        self.halts: list[BaseException | str] = []

    def batch(self) -> PretendedBatch:
        return PretendedBatch(self)

    def read(self, _partition: int, key: bytes) -> bytes | None:
        return self.table.get(key)

    def rows(self, _partition: int) -> list[tuple[bytes, bytes]]:
        return sorted(self.table.items())

    def write(self, _partition: int, rows: dict[bytes, bytes | None], offset: int) -> None:
        self.steps.append(f"written:{offset}")
        for key, row in rows.items():
            if row is None:
                self.table.pop(key, None)
            else:
                self.table[key] = row


class Bench:
    """A pipeline with one open partition."""

    def __init__(self, processor: Any = None) -> None:
        self.world, self.ledger, self.metrics = World(), Ledger(), StreamMetrics()
        self.processor = processor or Counting(output_topic="out")
        self.pipeline = Pipeline(
            self.processor,
            self.world,  # type: ignore[arg-type]
            self.ledger,
            self.metrics,
            source_topic="source",
            changelog_topic="changelog",
            rejection=bodiless_rejection("rejected"),
            halt=self.world.halts.append,
        )
        self.pipeline.rows = self.world
        self.ledger.place(P0, 0)
        self.next = 0

    async def take(self, *values: bytes, key: bytes = b"k") -> None:
        records = [Record(key, value, self.next + n, [], 0) for n, value in enumerate(values)]
        found = self.ledger.accept(P0, self.next, self.next + len(values), records)
        self.next += len(values)
        assert isinstance(found, SourceList)
        await self.pipeline.take(found)

    def outputs(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        return [(key, value) for name, key, value, _ in self.world.log if name == topic]


async def opened(processor: Any = None) -> Bench:
    bench = Bench(processor)
    await bench.pipeline.gain([0])
    return bench


def run(scenario: Any) -> None:
    asyncio.run(scenario())


def test_rows_are_confirmed_then_written_then_outputs_leave_then_the_list_is_finished() -> None:
    async def scenario() -> None:
        bench = await opened()
        await bench.take(b"a", b"b")
        await bench.pipeline.drain()
        assert bench.world.steps == ["sent:changelog", "confirmed:changelog", "written:0", "sent:out", "confirmed:out"]
        assert bench.ledger.committable() == {P0: 2}

    run(scenario)


def test_nothing_is_finished_and_no_output_leaves_before_the_rows_are_confirmed() -> None:
    async def scenario() -> None:
        bench = await opened()
        bench.world.confirms.clear()
        await bench.take(b"a")
        await asyncio.sleep(0.02)
        assert (bench.outputs("out"), bench.ledger.committable(), bench.world.table) == ([], {}, {})
        bench.world.confirms.set()
        await bench.pipeline.drain()
        assert bench.ledger.committable() == {P0: 1}

    run(scenario)


def test_the_next_list_of_a_partition_waits_for_the_one_before() -> None:
    async def scenario() -> None:
        bench = await opened()
        bench.world.confirms.clear()
        await bench.take(b"a")
        second = asyncio.ensure_future(bench.take(b"b"))
        await asyncio.sleep(0.02)
        assert len(bench.processor.folded) == 1
        bench.world.confirms.set()
        await second
        await bench.pipeline.drain()
        assert bench.world.table == {b"k": b"2 1"}

    run(scenario)


def test_a_list_that_cannot_be_confirmed_halts_the_process_and_is_not_finished() -> None:
    async def scenario() -> None:
        bench = await opened()
        bench.world.failure = RetryError("not-delivered")
        await bench.take(b"a")
        await bench.pipeline.drain()
        assert bench.world.halts == [bench.world.failure]
        assert (bench.ledger.committable(), bench.world.table) == ({}, {})

    run(scenario)


def test_a_queued_list_is_dropped_when_its_assignment_has_ended() -> None:
    async def scenario() -> None:
        bench = await opened()
        bench.world.confirms.clear()
        await bench.take(b"a")
        second = asyncio.ensure_future(bench.take(b"b"))
        await asyncio.sleep(0)
        bench.ledger.suspend()
        bench.world.confirms.set()
        await second
        await bench.pipeline.drain()
        assert (len(bench.processor.folded), bench.metrics.stale) == (1, 1)

    run(scenario)


@pytest.mark.parametrize(("bad", "reason"), [(b"poison", "fold-raised"), (b"unfit", "not-encodable")])
def test_a_record_whose_fold_raises_is_rejected_alone(bad: bytes, reason: str) -> None:
    async def scenario() -> None:
        bench = await opened()
        await bench.take(b"a", bad, b"b")
        await bench.pipeline.drain()
        assert bench.world.table == {b"k": b"2 2"}
        ((key, value),) = bench.outputs("rejected")
        assert (key, json.loads(value or b"")) == (
            b"k",
            {"topic": "source", "partition": 0, "offset": 1, "reason": reason},
        )
        assert bench.ledger.committable() == {P0: 3}

    run(scenario)


def test_a_record_whose_row_is_too_large_is_rejected_alone_and_leaves_no_row() -> None:
    async def scenario() -> None:
        bench = await opened()
        await bench.take(b"a", b"huge", b"b")
        await bench.pipeline.drain()
        assert bench.world.table == {b"k": b"2 2"}
        assert bench.metrics.rejected == {"row-too-large": 1}

    run(scenario)


def test_a_record_with_an_output_that_brokers_would_refuse_is_rejected_alone() -> None:
    class Loud(Counting):
        def fold(self, partition: int, records: Any, read: Any) -> Any:
            effects = super().fold(partition, records, read)
            if any(record.value == b"loud" for record in records):
                effects.outputs.append(Output("out", b"k", b"x" * 2_000_000))
            return effects

    async def scenario() -> None:
        bench = await opened(Loud())
        await bench.take(b"a", b"loud", b"b")
        await bench.pipeline.drain()
        assert (bench.metrics.rejected, bench.world.table) == ({"output-too-large": 1}, {b"k": b"2 2"})

    run(scenario)


def test_after_a_failed_fold_the_processor_is_rebuilt_from_its_rows() -> None:
    class Dirty(Counting):
        seen = 0

        def open(self, partition: int, rows: Any) -> Any:
            self.seen = sum(int(row.split()[0]) for _, row in rows)
            return []

        def fold(self, partition: int, records: Any, read: Any) -> Any:
            self.seen += len(records)
            return super().fold(partition, records, read)

    async def scenario() -> None:
        dirty = Dirty()
        bench = await opened(dirty)
        await bench.take(b"a")
        await bench.take(b"b", b"poison", b"c")
        await bench.pipeline.drain()
        assert dirty.seen == 3

    run(scenario)


def test_a_deleted_row_is_a_tombstone_in_the_changelog_and_gone_from_the_store() -> None:
    async def scenario() -> None:
        bench = await opened()
        bench.world.table[b"tombstone-k"] = b"1 0"
        await bench.take(b"gone")
        await bench.pipeline.drain()
        assert (b"tombstone-k", None) in bench.outputs("changelog")
        assert b"tombstone-k" not in bench.world.table

    run(scenario)


def test_outputs_of_a_gained_partition_are_confirmed_before_its_first_list() -> None:
    class Greeting(Counting):
        def open(self, partition: int, rows: Any) -> Any:
            return [Output("greeting", b"%d" % partition, b"hello")]

    async def scenario() -> None:
        bench = Bench(Greeting())
        bench.world.confirms.clear()
        gaining = asyncio.ensure_future(bench.pipeline.gain([0]))
        await asyncio.sleep(0.01)
        assert not gaining.done()
        bench.world.confirms.set()
        await gaining
        assert bench.world.steps == ["sent:greeting", "confirmed:greeting"]

    run(scenario)


def test_a_list_for_a_partition_that_is_not_open_halts_the_process() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.take(b"a")
        await bench.pipeline.drain()
        assert "list-for-closed-partition" in str(bench.world.halts[0])

    run(scenario)


def test_a_lost_partition_is_closed_and_opened_anew_from_its_rows() -> None:
    async def scenario() -> None:
        bench = await opened()
        await bench.take(b"a")
        await bench.pipeline.drain()
        await bench.pipeline.lose()
        assert bench.processor.opened == {}
        await bench.pipeline.gain([0])
        assert bench.processor.opened == {0: {b"k": b"1 0"}}

    run(scenario)


@pytest.mark.parametrize("failing", ["open", "close"])
def test_a_processor_that_cannot_open_or_close_halts_the_process(failing: str) -> None:
    class Broken(Counting):
        def open(self, partition: int, rows: Any) -> Any:
            return [] if failing == "close" else 1 / 0

        def close(self, partition: int) -> None:
            raise ZeroDivisionError

    async def scenario() -> None:
        bench = Bench(Broken())
        await bench.pipeline.gain([0])
        await bench.pipeline.gain([0])
        assert isinstance(bench.world.halts[0], ZeroDivisionError)

    run(scenario)
