"""The reading side of Faust's transport, on aiokafka: a fetch says from which position to which position it read.

Stock Faust learns positions from the records themselves, which cannot tell a hole that it made (records fetched and dropped
around a rebalance) from one that is in the log (compaction, control batches). aiokafka's own position can.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Container
from typing import Any, NamedTuple, cast

import aiokafka
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from hub.errors import ConfigError
from hub.streams.halt import halt
from hub.streams.processor import Record

PULSE_S = 0.25


class Fetched(NamedTuple):
    """What one partition gave: `records` between the positions `start` and `end` (exclusive), and the end of the log."""

    start: int
    end: int
    records: list[Record]
    log_end: int | None
    expired: bool = False


def _record(_tp: object, raw: Any) -> Record:
    return Record(raw.key, raw.value, raw.offset, list(raw.headers), raw.timestamp)


class HubConsumerThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's consumer thread, with lists capped per partition and a pulse that notices a frozen process."""

    pulse: float = 0.0
    _pulsing: asyncio.Task[None] | None = None

    async def on_start(self) -> None:
        await super().on_start()
        self.pulse = time.monotonic()
        self._pulsing = asyncio.ensure_future(self._beat())

    async def on_thread_stop(self) -> None:
        if self._pulsing is not None:
            self._pulsing.cancel()
        await super().on_thread_stop()

    def is_frozen(self) -> bool:
        """Whether this process stood still so long that its partitions may belong to another worker."""
        return bool(time.monotonic() - self.pulse > self.app.conf.broker_session_timeout)

    async def _beat(self) -> None:
        while True:
            if self.is_frozen():
                halt("frozen-past-session-timeout")
            self.pulse = time.monotonic()
            await asyncio.sleep(PULSE_S)

    async def locate(self, tps: set[Any]) -> dict[Any, int]:
        """Seek each partition to its committed offset (its beginning when there is none); the positions.

        ConfigError when the log no longer holds, or never held, what was committed: going on would lose events silently.
        """
        consumer = self._ensure_consumer()
        places = [TopicPartition(tp.topic, tp.partition) for tp in tps]
        first = await consumer.beginning_offsets(places)
        last = await consumer.end_offsets(places)
        found: dict[Any, int] = {}
        for place in places:
            committed = await consumer.committed(place)
            if committed is not None and not first[place] <= committed <= last[place]:
                raise ConfigError(
                    f"source-does-not-hold-committed-offset: {place.topic}[{place.partition}] committed={committed} "
                    f"log={first[place]}..{last[place]}: events expired unread, or the topic was created anew"
                )
            found[place] = first[place] if committed is None else committed
        for place, offset in found.items():
            consumer.seek(place, offset)
        return found

    async def go_to(self, tp: Any, offset: int) -> int:
        """Seek one partition to `offset`, or to the beginning of its log when that is later; the position."""
        consumer = self._ensure_consumer()
        place = TopicPartition(tp.topic, tp.partition)
        first = (await consumer.beginning_offsets([place]))[place]
        consumer.seek(place, max(offset, first))
        return max(offset, cast(int, first))

    async def fetch(self, wanted: dict[Any, int], wait_s: float) -> dict[Any, Fetched]:
        """Lists of partitions, each from the position in `wanted` on, as soon as one has something; {} after `wait_s` seconds."""
        found: dict[Any, Fetched] = await self.call_thread(self._fetch, self._ensure_consumer(), wanted, wait_s)
        return found

    async def _fetch(
        self, consumer: aiokafka.AIOKafkaConsumer, wanted: dict[Any, int], wait_s: float
    ) -> dict[Any, Fetched]:
        fetcher = consumer._fetcher
        if not self.consumer.flow_active:
            return {}
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        deadline = time.monotonic() + wait_s
        with fetcher._subscriptions.fetch_context():
            while True:
                if fetcher._subscriptions.reassignment_in_progress:
                    await asyncio.sleep(min(wait_s, 0.05))
                    return {}
                if found := await self._go_back(fetcher, wanted):
                    return found
                if found := self._drain(fetcher, wanted):
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or not await self._more(fetcher, left):
                    return {}

    @staticmethod
    async def _more(fetcher: Any, wait_s: float) -> bool:
        waiter = fetcher._create_fetch_waiter()
        await asyncio.wait([waiter], timeout=wait_s)
        if not waiter.done() or fetcher._closed:
            waiter.cancel()
            return False
        waiter.result()
        return True

    async def _go_back(self, fetcher: Any, wanted: dict[Any, int]) -> dict[Any, Fetched]:
        """Where aiokafka stands beyond what is wanted, somebody fetched records and dropped them: seek back.

        What the log itself has dropped meanwhile is returned as a stretch without records, `expired`.
        """
        gone: dict[Any, Fetched] = {}
        assignment = fetcher._subscriptions.subscription and fetcher._subscriptions.subscription.assignment
        for tp, position in wanted.items():
            if not assignment or not assignment.active or tp not in assignment.tps:
                continue
            state = assignment.state_value(tp)
            if not state.has_valid_position or state.position <= position:
                continue
            self.app.metrics.holes += 1
            reached = await self.go_to(tp, position)
            if reached > position:
                gone[tp] = Fetched(position, reached, [], None, expired=True)
        return gone

    def _drain(self, fetcher: Any, active: Container[Any]) -> dict[Any, Fetched]:
        """aiokafka's Fetcher.fetched_records, with positions and with a cap per partition."""
        found: dict[Any, Fetched] = {}
        for tp in list(fetcher._records):
            if tp not in active:
                if not fetcher._subscriptions.is_assigned(tp):
                    del fetcher._records[tp]
                continue
            result = fetcher._records[tp]
            if type(result) is not FetchResult:
                if not found:
                    del fetcher._records[tp]
                    fetcher._notify(fetcher._wait_consume_future)
                    result.check_raise()
                return found
            taken = self._take(result, tp)
            if not result.has_more():
                del fetcher._records[tp]
                fetcher._notify(fetcher._wait_consume_future)
            if taken is not None:
                found[tp] = taken
        return found

    def _take(self, result: Any, tp: Any) -> Fetched | None:
        if not result.check_assignment(tp) or not result.has_more():
            return None
        app: Any = self.app
        state = result._assignment.state_value(tp)
        start, size = state.position, 0
        unread = result._partition_records
        unread._consumer_record = _record
        records: list[Record] = []
        for record in unread:
            records.append(record)
            size += len(record.value or b"") + len(record.key or b"")
            if len(records) >= app.list_records or size >= app.list_bytes:
                result._update_position()
                break
        else:
            result._update_position()
            result._partition_records = None
        return Fetched(start, state.position, records, state.highwater)
