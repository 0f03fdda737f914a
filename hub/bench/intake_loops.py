"""The loops of `hub bench intake`: records of a format through the hub's own intake, and beside it loops that do next to nothing.

The hub's loop is what runs behind a live door: the intake loop, the packer, the connector's program and agreement, sealing,
encoding, headers, the original beside the event, the data keys on disk, everything confirmed by the broker before it is
acknowledged. Only the door is a list. A bare loop reads the same input, produces one record's bytes with the same producer and
waits for the same confirmations. Both run in this process, after one another, in every round.
"""

from __future__ import annotations

import asyncio
import csv
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from fastavro import parse_schema, schemaless_writer

from hub.bus.producer import Batch, DurableProducer, OutRecord
from hub.connectors.catalog import Connector
from hub.connectors.door import Receipt, Unit
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.errors import FatalError
from hub.formats import fhir, hl7v2
from hub.formats.delimited import Row, open_table
from hub.wiring_outgoing import SealedPack
from hub.wiring_reading import Reader
from hub.wiring_workshop import Workshop

__all__ = [
    "BARE_TOPIC",
    "BareLoop",
    "Spent",
    "bare",
    "csv_and_encode",
    "events_alone",
    "every_field",
    "message_bytes",
    "resources",
    "table_rows",
    "through",
]

BARE_TOPIC = "hub-bench-bare"
_AT_ONCE = 400  # records confirmed together, as in the packer's chunks
_OPEN = 8  # such batches on their way, as in the intake loop

BareLoop = Callable[[Any], Iterator[bytes]]
"""Input → the bytes to produce, one item a record."""


class Spent(NamedTuple):
    """What a loop took: `records` read, wall-clock and CPU seconds of this process (threads of librdkafka included)."""

    records: int
    seconds: float
    cpu_s: float


def message_bytes(messages: Iterable[bytes]) -> Iterator[bytes]:
    """HL7: the hub's reader, which splits a segment when it is asked for a field. Nothing asks."""
    for message in messages:
        for item in hl7v2.read(message):
            assert isinstance(item, hl7v2.Message)
            yield item.raw


def every_field(messages: Iterable[bytes]) -> Iterator[bytes]:
    """HL7: the hub's reader, asked for the first value of every field of every segment: a message parsed through."""
    for message in messages:
        for item in hl7v2.read(message):
            assert isinstance(item, hl7v2.Message)
            separator = item.separators.field
            for segment in item.segments:
                for number in range(segment.line.count(separator) + 1):
                    segment.text(number)
            yield item.raw


def table_rows(paths: Sequence[Path]) -> Iterator[bytes]:
    """Tables: the hub's reader, every cell split off and trimmed."""
    for path in paths:
        with path.open("rb") as file:
            for row in open_table(file).rows():
                assert isinstance(row, Row)
                yield row.raw


def csv_and_encode(paths: Sequence[Path]) -> Iterator[bytes]:
    """Tables: csv.reader of the standard library, each row written as an Avro record of texts by fastavro."""
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            delimiter = max(",|\t", key=file.readline().count)
            file.seek(0)
            rows = csv.reader(file, delimiter=delimiter)
            names = next(rows)
            fields = [{"name": name, "type": "string"} for name in names]
            schema = parse_schema({"type": "record", "name": "Row", "fields": fields})
            for row in rows:
                out = BytesIO()
                schemaless_writer(out, schema, dict(zip(names, row, strict=True)))
                yield out.getvalue()


def resources(paths: Sequence[Path]) -> Iterator[bytes]:
    """FHIR: the hub's reader."""
    for path in paths:
        for item in fhir.read(path.read_bytes()):
            assert isinstance(item, fhir.Resource)
            yield item.raw


def bare(loop: Callable[[], Iterator[bytes]], producer: DurableProducer) -> Spent:
    """Produce what `loop` gives, and wait until all of it is confirmed."""
    began, cpu = time.perf_counter(), time.process_time()
    values = enumerate(loop(), 1)

    def named() -> Iterator[Sequence[OutRecord]]:
        while chunk := [(BARE_TOPIC, b"%d" % n, value, None, None) for n, value in islice(values, _AT_ONCE)]:
            yield chunk

    records = _hand_over(producer, named())
    return Spent(records, time.perf_counter() - began, time.process_time() - cpu)


def through(
    units: Iterable[Unit], connector: Connector, agreement: IntakeAgreement, shop: Workshop
) -> tuple[Spent, Counter[str]]:
    """Take these units in as a live connector would; what it took, what became of them. FatalError when one is refused."""
    feed = _Feed(units)
    packer = Packer(
        Reader(connector, agreement, shop.ids), agreement, SealedPack(connector.name, shop.codec, shop.vault)
    )

    async def run() -> None:
        await Intake(feed, packer, shop.publisher_of(connector.door), Watch(connector.name)).run()

    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(run())
    spent = Spent(feed.outcomes.total(), time.perf_counter() - began, time.process_time() - cpu)
    if feed.refused:
        raise FatalError(f"the broker refused {feed.refused} units: nothing was measured")
    return spent, +feed.outcomes


def events_alone(
    units: Iterable[Unit], connector: Connector, agreement: IntakeAgreement, shop: Workshop
) -> tuple[Spent, Counter[str]]:
    """Parse, map, seal the person, encode and produce the events of these units, as a loop that does no more: no original beside
    the event, no intake loop, nothing to acknowledge. What it took, and how many events it produced. Reject where
    the agreement does not take an event's kind."""
    read, pack = Reader(connector, agreement, shop.ids), SealedPack(connector.name, shop.codec, shop.vault)
    began, cpu = time.perf_counter(), time.process_time()
    events = (agreement.grant(mapped.event) for unit in units for mapped in read(unit) if mapped.event is not None)

    def sealed() -> Iterator[Sequence[OutRecord]]:
        while chunk := list(islice(events, _AT_ONCE)):
            # As the packer has it where no originals are kept: of an event without person block nothing is sealed.
            sealing = {event.source_person for event in chunk if event.person is not None and event.source_person}
            pack.prepare(sorted(sealing))
            yield [pack.event(event) for event in chunk]

    produced = _hand_over(shop.producer_of(connector.door), sealed())
    return Spent(produced, time.perf_counter() - began, time.process_time() - cpu), Counter(event=produced)


def _hand_over(producer: DurableProducer, chunks: Iterable[Sequence[OutRecord]]) -> int:
    """Produce these, a chunk after another, and wait until each is confirmed, with some on their way; how many records."""
    waiting: deque[Batch] = deque()
    produced = 0
    for chunk in chunks:
        batch = producer.batch()
        for record in chunk:  # one behind the other, as the intake loop hands over a chunk
            batch.produce(*record)
        produced += len(chunk)
        waiting.append(batch)
        if len(waiting) == _OPEN:
            waiting.popleft().wait()
    for batch in waiting:
        batch.wait()
    return produced


class _Feed:
    """A door whose senders are waiting in line: four lanes, as four connections have."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = units
        self.outcomes: Counter[str] = Counter()
        self.refused = 0

    async def open(self) -> None:
        """There is nothing to open."""

    async def __aiter__(self) -> AsyncIterator[_Handed]:
        for number, unit in enumerate(self._units):
            yield _Handed(unit, f"lane-{number % 4}", self)

    async def stop_reading(self) -> None:
        """It ends by itself."""

    async def close(self) -> None:
        """There is nothing to close."""


@dataclass(slots=True)
class _Handed:
    unit: Unit
    lane: str
    feed: _Feed
    fault: str | None = None

    async def ack(self, receipt: Receipt) -> None:
        outcomes = self.feed.outcomes
        outcomes["event"] += receipt.events.total()
        outcomes["rejected"] += receipt.rejected.total()
        outcomes["ignored"] += receipt.ignored.total()

    async def refuse(self, why: str) -> None:  # noqa: ARG002 - the bench cannot send again
        self.feed.refused += 1
