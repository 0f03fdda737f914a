"""Reading topics outside Faust: a worker's batches with explicit commits, and a whole compacted topic read to its end.

Nothing is committed by itself: `commit` after the effects of a batch are durable, so a crash repeats a batch and
never skips one. All calls block; code with an event loop wraps them in `asyncio.to_thread`. One consumer belongs to one
thread at a time.

Errors: RetryError when the broker is away or this member no longer owns what it wants to commit (the work is repeated,
by it or by the new owner); ConfigError when a topic does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from hub.bus.library_log import LIBRARY_LOG
from hub.errors import ConfigError, RetryError

Partitions = list[tuple[str, int]]
"""(topic, partition) pairs."""

_MISSING_TOPIC = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION})
_SAFE = {"enable.auto.commit": False, "auto.offset.reset": "earliest", "isolation.level": "read_committed"}


class Incoming(NamedTuple):
    """One record as read: `value` None is a tombstone, `timestamp_ms` the broker's."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int


class WorkerConsumer:
    """A member of consumer group `group` over `topics`.

    `instance_id`: static membership, so that a restarted worker takes its partitions back without a rebalance; unique
    per worker. `on_assign`, `on_revoke`: told the partitions gained or lost, from inside `poll_batch`; `on_revoke` may
    still `commit`.
    `extra`: further librdkafka settings (TLS, SASL).
    """

    def __init__(
        self,
        bootstrap: str,
        group: str,
        topics: Iterable[str],
        *,
        instance_id: str | None = None,
        on_assign: Callable[[Partitions], None] | None = None,
        on_revoke: Callable[[Partitions], None] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        static = {"group.instance.id": instance_id} if instance_id else {}
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "session.timeout.ms": 10_000,
                "max.poll.interval.ms": 300_000,
                "partition.assignment.strategy": "range",
                **static,
                **(extra or {}),
                **_SAFE,
            },
            logger=LIBRARY_LOG,
        )
        self._owned: set[tuple[str, int]] = set()
        self._on_assign, self._on_revoke = on_assign, on_revoke
        self._consumer.subscribe(list(topics), on_assign=self._gained, on_revoke=self._lost, on_lost=self._lost)

    def poll_batch(self, max_records: int = 1_000, timeout_s: float = 0.2) -> list[Incoming]:
        """Up to `max_records` next records, in order within each partition; empty after `timeout_s` without any."""
        try:
            messages = _next_messages(self._consumer, max_records, timeout_s)
        except KafkaException as failure:
            raise _translate(failure.args[0]) from None
        return [_incoming(message) for message in messages if _is_record(message)]

    def commit(self, records: Iterable[Incoming]) -> None:
        """Commit past the last of `records` in each partition, and wait for the broker's answer.

        Partitions that are no longer owned are left to their new owner, who repeats the work.
        """
        ends: dict[tuple[str, int], int] = {}
        for record in records:
            where = (record.topic, record.partition)
            ends[where] = max(ends.get(where, 0), record.offset + 1)
        offsets = [TopicPartition(*where, end) for where, end in ends.items() if where in self._owned]
        if not offsets:
            return
        try:
            answers = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as failure:
            raise _translate(failure.args[0]) from None
        for answer in answers or ():
            if answer.error is not None:
                raise _translate(answer.error)

    def rewind(self, records: Iterable[Incoming]) -> None:
        """Read again from the first of `records` in each partition (after a failure that leaves this process alive)."""
        starts: dict[tuple[str, int], int] = {}
        for record in records:
            where = (record.topic, record.partition)
            starts[where] = min(starts.get(where, record.offset), record.offset)
        for where, start in starts.items():
            if where in self._owned:
                self._consumer.seek(TopicPartition(*where, start))

    def owned(self) -> frozenset[tuple[str, int]]:
        """(topic, partition) pairs assigned to this member now."""
        return frozenset(self._owned)

    def lag(self, timeout_s: float = 5.0) -> int:
        """Records in owned partitions that are not committed yet."""
        where = [TopicPartition(*each) for each in self._owned]
        try:
            total = 0
            for each in self._consumer.committed(where, timeout=timeout_s):
                low, high = self._consumer.get_watermark_offsets(each, timeout=timeout_s)
                total += high - max(each.offset, low)
        except KafkaException as failure:
            raise _translate(failure.args[0]) from None
        return total

    def close(self) -> None:
        """Leave the group (a static member keeps its partitions until the session times out)."""
        self._consumer.close()

    def _gained(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        gained = [(each.topic, each.partition) for each in partitions]
        self._owned.update(gained)
        if self._on_assign:
            self._on_assign(gained)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        lost = [(each.topic, each.partition) for each in partitions]
        try:
            if self._on_revoke:
                self._on_revoke(lost)
        finally:
            self._owned.difference_update(lost)


def read_to_end(
    bootstrap: str,
    topic: str,
    *,
    timeout_s: float = 60.0,
    extra: dict[str, Any] | None = None,
    since: datetime | None = None,
) -> Iterator[Incoming]:
    """All records of all partitions of `topic`, up to the end that each had when it was reached; without a group.

    With `since`, from the first record of each partition whose timestamp is not before it.

    RetryError after `timeout_s` seconds without progress; ConfigError when the topic does not exist.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "hub-read-to-end",  # librdkafka asks for one; nothing is ever committed to it
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,  # the end of a partition is told only by a fetch that found nothing
            **(extra or {}),
            **_SAFE,
        },
        logger=LIBRARY_LOG,
    )
    try:
        partitions = _partitions(consumer, topic, timeout_s)
        starts = [TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions]
        if since is not None:
            at = round(since.timestamp() * 1_000)
            asked = [TopicPartition(topic, each, at) for each in partitions]
            starts = consumer.offsets_for_times(asked, timeout=timeout_s)
        consumer.assign(starts)
        open_partitions = set(partitions)
        while open_partitions:
            messages = _next_messages(consumer, 1_000, timeout_s)
            if not messages:
                raise RetryError(f"no-progress:{topic}")
            for message in messages:
                if _is_end(message):
                    open_partitions.discard(message.partition())
                elif _is_record(message):
                    yield _incoming(message)
    except KafkaException as failure:
        raise _translate(failure.args[0]) from None
    finally:
        consumer.close()


def latest_by_key(bootstrap: str, topic: str, *, extra: dict[str, Any] | None = None) -> dict[bytes, Incoming]:
    """What a compacted topic says now: the last record of each key, tombstones taken out."""
    latest: dict[bytes, Incoming] = {}
    for record in read_to_end(bootstrap, topic, extra=extra):
        if record.key is None:
            continue
        if record.value is None:
            latest.pop(record.key, None)
        else:
            latest[record.key] = record
    return latest


def _next_messages(consumer: Consumer, most: int, timeout_s: float) -> list[Message]:
    """What is there at once; waits only for the first (`consume` itself would wait for the last as well)."""
    first = consumer.poll(timeout_s)
    return [] if first is None else [first, *consumer.consume(most - 1, 0)]


def _partitions(consumer: Consumer, topic: str, timeout_s: float) -> list[int]:
    found = consumer.list_topics(topic, timeout=timeout_s).topics[topic]
    if found.error is not None:
        raise _translate(found.error)
    return list(found.partitions)


def _is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF


def _is_record(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.code() == KafkaError._PARTITION_EOF:
        return False
    raise _translate(error)


def _incoming(message: Message) -> Incoming:
    headers = message.headers()
    return Incoming(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        tuple(headers) if headers else (),
        message.timestamp()[1],
    )


def _translate(error: KafkaError) -> Exception:
    if error.code() in _MISSING_TOPIC:
        return ConfigError(f"topic-missing:{error.name()}: run `hub topics apply`")
    return RetryError(f"consumer:{error.name()}")
