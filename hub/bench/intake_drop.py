"""An HMIS export of a whole community through the drop folder of `hub run connectors`, and the same rows through `csv` and encode.

A year of bed nights is what an export of a year tells of: for every enrollment so many nights in a row, beginning spread over the
year and written by day. FY2024's sample has 11 of an enrollment; with 365 nobody leaves a bed all year.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

from hub.bench.intake_hmis import write_export
from hub.bench.intake_live import FILE_S, Say, pid_of, progress
from hub.bench.intake_loops import bare, csv_and_encode
from hub.bench.intake_records import Records
from hub.bench.memory import Memory, Sampler, cpu_seconds, until
from hub.bus.producer import DurableProducer
from hub.bus.topics import intake_topic
from hub.config import Settings
from hub.errors import RetryError
from hub.supervisor import Stack

__all__ = ["DropRun", "drop_export"]

_CONNECTOR = "hmis-csv"
_FOLDER = "year"
_KINDS = ("person", "shelter-stay", "living-situation")


class DropRun(NamedTuple):
    """An export, from the moment it stands in the inbox until its receipt does. `rows`: of all its tables. `ratio` of the rates."""

    enrollments: int
    nights: int
    rows: int
    bytes: int
    seconds: float
    rows_per_second: float
    bare_per_second: float
    ratio: float
    door_cpu_us: float
    bare_cpu_us: float
    events: int
    rejected: int
    memory: Memory


def drop_export(up: Stack, producer: DurableProducer, enrollments: int, nights_each: int, say: Say) -> DropRun:
    """Write the export, let it appear at once, wait for its receipt; then the bare loop over the same files. RetryError when the
    door does not take it."""
    inbox = up.instance / "inbox" / _CONNECTOR
    unfinished, name = inbox / f".{_FOLDER}.part", f"{_FOLDER}-{nights_each}"
    unfinished.mkdir()
    write_export(Records(enrollments), unfinished, enrollments, enrollments * nights_each)
    size = sum(path.stat().st_size for path in unfinished.iterdir())
    rows = sum(_lines(path) - 1 for path in unfinished.iterdir())
    say(f"hmis: {enrollments:,} enrollments of {nights_each} nights, {rows:,} rows, {size / 1e6:,.0f} MB …")
    door = pid_of(up.instance, "connectors")
    receipts = [inbox / end / f"{name}.receipt.json" for end in ("done", "failed")]
    with _events(up.settings) as taken:
        began, cpu = time.perf_counter(), cpu_seconds(door)
        unfinished.rename(inbox / name)
        with Sampler(door, taken.so_far, rows, progress(_CONNECTOR, say)) as sampler:
            until(lambda: any(receipt.exists() for receipt in receipts), FILE_S)
        seconds, spent = time.perf_counter() - began, cpu_seconds(door) - cpu
    if not receipts[0].exists():
        raise RetryError(f"the {_CONNECTOR} door did not take the export: see {up.instance / 'logs'}")
    told = json.loads(receipts[0].read_text())
    kept = inbox / "done" / name
    beside = bare(lambda: csv_and_encode(sorted(kept.iterdir())), producer)
    shutil.rmtree(kept)
    receipts[0].unlink()
    return DropRun(
        enrollments=enrollments,
        nights=enrollments * nights_each,
        rows=rows,
        bytes=size,
        seconds=round(seconds, 2),
        rows_per_second=round(rows / seconds, 1),
        bare_per_second=round(beside.records / beside.seconds, 1),
        ratio=round(rows / seconds / (beside.records / beside.seconds), 3),
        door_cpu_us=round(spent / rows * 1e6, 1),
        bare_cpu_us=round(beside.cpu_s / beside.records * 1e6, 1),
        events=sum(told["events"].values()),
        rejected=sum(each["count"] for each in told["rejected"].values()),
        memory=sampler.found,
    )


class _Events:
    """How many events of the connector the broker has taken since this was made: nearly one of every row."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        topics = consumer.list_topics(timeout=30).topics
        self._partitions = [
            TopicPartition(topic, number) for topic in map(intake_topic, _KINDS) for number in topics[topic].partitions
        ]
        self._before = self._ends()

    def so_far(self) -> int:
        return self._ends() - self._before

    def _ends(self) -> int:
        ends = (self._consumer.get_watermark_offsets(each, timeout=30) for each in self._partitions)
        return sum(end[1] for end in ends if end is not None)


@contextmanager
def _events(settings: Settings) -> Iterator[_Events]:
    asked = {"bootstrap.servers": settings.require_bootstrap(), "group.id": "hub-bench", "enable.auto.commit": False}
    with closing(Consumer(asked)) as consumer:
        yield _Events(consumer)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
