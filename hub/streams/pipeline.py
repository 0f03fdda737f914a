"""What happens to a list between its delivery and its commit. The order is the promise:

fold → changelog rows sent and confirmed → rows written to the local store → outputs sent and confirmed → list finished.

Lists of one partition go one after the other, partitions side by side. Whatever cannot be confirmed ends the process (exit 70)
with nothing committed. A record whose fold raises, or whose row grows too large, is refused alone; its neighbours are folded.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from hub.bus.producer import DurableProducer, OutRecord
from hub.errors import ConfigError, FatalError, Reject, RetryError
from hub.streams.halt import Halt, halt
from hub.streams.ledger import Ledger, SourceList
from hub.streams.metrics import StreamMetrics
from hub.streams.processor import ROW_LIMIT_BYTES, Effects, Output, Processor, Record

FOLD_RAISED = "fold-raised"
ROW_TOO_LARGE = "row-too-large"
OUTPUT_TOO_LARGE = "output-too-large"
OUTPUT_LIMIT_BYTES = 1_000_000

_NO_RECORDS_FAULT = (ConfigError, RetryError, FatalError)  # the installation's; a Reject is the record's own

Rejection = Callable[[str, int, Record, str], Output]
"""source topic, partition, record, reason code → the bodiless record for the stream-rejected topic."""


class Rows(Protocol):
    """The local store, see HubStore."""

    def read(self, partition: int, key: bytes) -> bytes | None: ...
    def rows(self, partition: int) -> Iterable[tuple[bytes, bytes]]: ...
    def write(self, partition: int, rows: dict[bytes, bytes | None], offset: int) -> None: ...


class Pipeline:
    """Folds lists and sees them through. All methods run in the event loop's thread."""

    def __init__(
        self,
        processor: Processor,
        producer: DurableProducer,
        ledger: Ledger,
        metrics: StreamMetrics,
        *,
        source_topic: str,
        changelog_topic: str,
        rejection: Rejection,
        is_frozen: Callable[[], bool] = lambda: False,
        halt: Halt = halt,
    ) -> None:
        self.rows: Rows | None = None
        self._processor = processor
        self._producer = producer
        self._ledger = ledger
        self._metrics = metrics
        self._source_topic = source_topic
        self._changelog_topic = changelog_topic
        self._rejection = rejection
        self._is_frozen = is_frozen
        self._halt = halt
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._open: set[int] = set()
        self._gaining = asyncio.Lock()

    async def take(self, found: SourceList) -> None:
        """Begin a list as soon as its partition is free; a list of an ended assignment is dropped (it is read again)."""
        partition = found.place.partition
        lane = self._lanes.get(partition)
        if lane is not None:
            await asyncio.wait([lane])
        if not self._ledger.is_current(found):
            self._metrics.stale += 1
            return
        self._lanes[partition] = asyncio.create_task(self._guarded(found))

    async def drain(self) -> None:
        """Return when no list is in the fold."""
        while busy := [lane for lane in self._lanes.values() if not lane.done()]:
            await asyncio.wait(busy)

    async def gain(self, partitions: Sequence[int]) -> None:
        """Open the partitions this worker now folds; their outputs are confirmed on return."""
        epoch = self._ledger.epoch
        try:
            async with self._gaining:
                self._close_all()
                for partition in partitions:
                    if epoch != self._ledger.epoch:
                        break
                    self._open.add(partition)
                    outputs = self._processor.open(partition, self._store.rows(partition))
                    await self._publish(self._out(output) for output in outputs)
                self._metrics.active = frozenset(self._open)
        except Exception as failure:
            self._halt(failure)

    async def lose(self) -> None:
        """Close all partitions, after `drain`."""
        async with self._gaining:
            self._close_all()
            self._metrics.active = frozenset()
            self._metrics.ends.clear()
            self._metrics.finished.clear()

    def _close_all(self) -> None:
        for partition in sorted(self._open):
            self._processor.close(partition)
        self._open.clear()

    @property
    def _store(self) -> Rows:
        assert self.rows is not None
        return self.rows

    async def _guarded(self, found: SourceList) -> None:
        try:
            await self._see_through(found)
        except BaseException as failure:
            self._halt(failure)

    async def _see_through(self, found: SourceList) -> None:
        partition, metrics = found.place.partition, self._metrics
        if partition not in self._open:
            raise FatalError(f"list-for-closed-partition partition={partition}")
        self._ledger.begin(found)
        started = time.monotonic()
        effects = self._fold(partition, found.records) if found.records else Effects()
        metrics.fold_seconds += time.monotonic() - started
        if self._is_frozen():
            raise FatalError("frozen-past-session-timeout")
        if effects.rows:
            topic = self._changelog_topic
            last = await self._publish((topic, key, row, partition, None) for key, row in effects.rows.items())
            self._store.write(partition, effects.rows, last)
        for record, reason in effects.rejected:
            effects.outputs.append(self._rejection(self._source_topic, partition, record, reason))
            metrics.rejected[reason] += 1
        if effects.outputs:
            await self._publish(self._out(output) for output in effects.outputs)
        self._ledger.finish(found)
        self._count(found, effects, time.monotonic() - started)

    async def _publish(self, records: Iterable[OutRecord]) -> int:
        """Send and confirm; the highest offset confirmed."""
        batch = self._producer.batch()
        await batch.produce_all(records)
        await batch.delivered()
        return batch.last_offset

    @staticmethod
    def _out(output: Output) -> OutRecord:
        return (output.topic, output.key, output.value, output.partition, output.headers)

    def _count(self, found: SourceList, effects: Effects, seconds: float) -> None:
        metrics = self._metrics
        metrics.lists += 1
        metrics.records += len(found.records)
        metrics.rows += len(effects.rows)
        metrics.outputs += len(effects.outputs)
        metrics.list_seconds += seconds
        metrics.last_progress = time.monotonic()
        if self._ledger.is_current(found):
            metrics.finished[found.place.partition] = found.end

    # folding

    def _fold(self, partition: int, records: Sequence[Record]) -> Effects:
        store = self._store
        try:
            effects = self._processor.fold(partition, records, lambda key: store.read(partition, key))
        except _NO_RECORDS_FAULT:
            raise
        except Exception:
            return self._fold_singly(partition, records)
        if _too_large(effects):
            return self._fold_singly(partition, records)
        return effects

    def _fold_singly(self, partition: int, records: Sequence[Record]) -> Effects:
        """Each record by itself on top of the rows of those before it; one that fails is refused and leaves nothing behind."""
        store, whole = self._store, Effects()
        self._rebuild(partition, whole)

        def read(key: bytes) -> bytes | None:
            return whole.rows[key] if key in whole.rows else store.read(partition, key)

        for record in records:
            try:
                effects = self._processor.fold(partition, [record], read)
                reason = _too_large(effects)
            except _NO_RECORDS_FAULT:
                raise
            except Exception as why:
                reason = why.reason if isinstance(why, Reject) else FOLD_RAISED
            if reason is not None:
                whole.rejected.append((record, reason))
                self._rebuild(partition, whole)
                continue
            whole.rows.update(effects.rows)
            whole.outputs.extend(effects.outputs)
            whole.rejected.extend(effects.rejected)
        return whole

    def _rebuild(self, partition: int, pending: Effects) -> None:
        """What the processor derived of the partition, anew from its rows: a failed fold may have left something behind."""
        self._processor.close(partition)
        pending.outputs.extend(self._processor.open(partition, self._with(partition, pending.rows)))

    def _with(self, partition: int, pending: dict[bytes, bytes | None]) -> Iterable[tuple[bytes, bytes]]:
        untouched = ((key, row) for key, row in self._store.rows(partition) if key not in pending)
        changed = sorted((key, row) for key, row in pending.items() if row is not None)
        return heapq.merge(untouched, changed)


def _too_large(effects: Effects) -> str | None:
    """The reason code when brokers would refuse a row or an output of these effects."""
    if any(row is not None and len(row) > ROW_LIMIT_BYTES for row in effects.rows.values()):
        return ROW_TOO_LARGE
    if any(output.value is not None and len(output.value) > OUTPUT_LIMIT_BYTES for output in effects.outputs):
        return OUTPUT_TOO_LARGE
    return None
