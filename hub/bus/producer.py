"""The one way bytes leave a process of the hub: an idempotent producer whose every record is confirmed or raises.

A `Batch` counts what it handed to librdkafka and what the brokers confirmed (acks=all). Nothing may be acknowledged upstream
(a sender's ACK, a consumer offset, an outbox row) before its batch is `delivered`. A full queue is waited for, never dropped.

Errors: RetryError when the broker did not confirm in `delivery_timeout_ms` (the records may or may not be in the log, so the same
records must be sent again: ids are deterministic); FatalError when librdkafka can no longer promise order and no loss (sticky:
each later call raises it too); Reject("record-too-large", "publish") for a record over the size limit, which was not queued.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from hub.bus.library_log import LIBRARY_LOG
from hub.errors import FatalError, Reject, RetryError

Headers = list[tuple[str, bytes]]
OutRecord = tuple[str, bytes | None, bytes | None, int | None, Headers | None]
"""topic, key, value (None: tombstone), partition (None: murmur2 of the key), headers."""

PARTITIONER = "murmur2_random"
MAX_RECORD_BYTES = 4_000_000

_POLL_EVERY = 512  # records queued between two polls, so that reports do not pile up
_FULL_WAIT_S = 0.005
_CHECK_S = 0.5  # how often a batch that waits looks whether librdkafka gave up
_PUMP_S = 0.05
_FATAL_CODES = frozenset({KafkaError._FATAL, KafkaError._STATE, KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE})


class Batch:
    """Records that are confirmed together. Fill it with `produce` or `produce_all`, then `await delivered()` or `wait()`."""

    __slots__ = ("_producer", "_wake", "error", "failed", "last_offset", "reported", "sent")

    def __init__(self, producer: DurableProducer) -> None:
        self._producer = producer
        self._wake: Callable[[], object] | None = None
        self.sent = 0
        self.reported = 0
        self.failed = 0
        self.last_offset = -1  # highest offset confirmed; of use when all records go to one partition
        self.error: KafkaError | None = None

    @property
    def pending(self) -> int:
        """Records not yet reported on, good or bad."""
        return self.sent - self.reported

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Queue one record; blocks (polling) while the queue is full."""
        while not self._try(topic, key, value, partition, headers):
            self._producer.poll(_FULL_WAIT_S)

    async def produce_all(self, records: Iterable[OutRecord]) -> None:
        """Queue many records in order; while the queue is full the event loop goes on."""
        attempt = self._try
        for topic, key, value, partition, headers in records:
            while not attempt(topic, key, value, partition, headers):
                self._producer.poll(0)
                await asyncio.sleep(_FULL_WAIT_S)

    async def delivered(self) -> None:
        """Return when the brokers confirmed each record of this batch; raise RetryError or FatalError otherwise."""
        if self.pending:
            loop, reported = asyncio.get_running_loop(), asyncio.Event()
            self._wake = lambda: loop.call_soon_threadsafe(reported.set)
            try:  # from here on the last report wakes us; one that came before is seen in `pending`
                with self._producer.pumping():
                    while self.pending:
                        await self._woken(loop, reported)
            finally:
                self._wake = None
        self._verdict()

    async def _woken(self, loop: asyncio.AbstractEventLoop, reported: asyncio.Event) -> None:
        """Return at the last report, or after a while."""
        self._producer.check()
        timer = loop.call_later(_CHECK_S, reported.set)
        await reported.wait()
        timer.cancel()
        reported.clear()
        self._producer.poll(0)  # for the case that the pump is no more

    def wait(self) -> None:
        """`delivered` for code without an event loop."""
        while self.pending:
            self._producer.poll(0.01)
            self._producer.check()
        self._verdict()

    def _try(self, topic: str, key: bytes | None, value: bytes | None, partition: int | None, headers: Any) -> bool:
        self._producer.check()
        try:
            self._producer.queue(topic, key, value, partition, headers, self._report)
        except BufferError:
            return False
        except KafkaException as failure:
            raise _translate(failure.args[0]) from None
        self.sent += 1
        if self.sent % _POLL_EVERY == 0:
            self._producer.poll(0)
        return True

    def _report(self, error: KafkaError | None, message: Message) -> None:
        self.reported += 1
        if error is None:
            self.last_offset = max(self.last_offset, message.offset() or 0)
        else:
            self.failed += 1
            if self.error is None or error.code() in _FATAL_CODES:
                self.error = error
        wake = self._wake
        if wake is not None and self.reported == self.sent:
            with contextlib.suppress(RuntimeError):  # its event loop is closed: nobody waits any more
                wake()

    def _verdict(self) -> None:
        self._producer.check()
        if self.error is not None:
            raise _translate(self.error, self.failed)


class _Pump:
    """A thread that polls while somebody is in the block. The event loop itself would have to ask again and again: with the pauses
    that this needs, a sender waited 4 ms for an answer that the broker gave in one, and each asking cost as much as a message."""

    def __init__(self, poll: Callable[[float], int]) -> None:
        self._poll = poll
        self._inside = 0
        self._change = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        with self._change:
            self._inside += 1
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="delivery-reports", daemon=True)
                self._thread.start()
            self._change.notify()

    def __exit__(self, *_: object) -> None:
        with self._change:
            self._inside -= 1

    def stop(self) -> None:
        with self._change:
            self._stopped = True
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._inside or self._stopped)
                if self._stopped:
                    return
            self._poll(_PUMP_S)


class DurableProducer:
    """acks=all, idempotent, murmur2; one per process is enough. Its own `produce` + `delivered`/`flush` serve a single writer;
    writers that work side by side take a `batch()` each.

    `bootstrap`: host:port list. `delivery_timeout_ms`: how long librdkafka retries before a record fails. `queue_records`,
    `queue_kbytes`: what may wait in memory before `produce` waits. `extra`: further librdkafka settings (TLS, SASL, tests).
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        client_id: str = "hub",
        delivery_timeout_ms: int = 20_000,
        queue_records: int = 200_000,
        queue_kbytes: int = 262_144,
        linger_ms: float = 5,
        compression: str = "lz4",
        extra: dict[str, Any] | None = None,
    ) -> None:
        self._fatal: KafkaError | None = None
        self._lock = threading.Lock()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": client_id,
                "delivery.timeout.ms": delivery_timeout_ms,
                "queue.buffering.max.messages": queue_records,
                "queue.buffering.max.kbytes": queue_kbytes,
                "linger.ms": linger_ms,
                "compression.type": compression,
                "message.max.bytes": MAX_RECORD_BYTES,
                "allow.auto.create.topics": False,
                "error_cb": self._on_error,
                **(extra or {}),
                "partitioner": PARTITIONER,
                "acks": "all",
                "enable.idempotence": True,
            },
            logger=LIBRARY_LOG,
        )
        self._open = self.batch()
        self._pump = _Pump(self.poll)

    def batch(self) -> Batch:
        """A new, empty batch of this producer."""
        return Batch(self)

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Queue one record in the producer's own batch; blocks (polling) while the queue is full."""
        self._open.produce(topic, key, value, partition, headers)

    async def delivered(self) -> None:
        """Confirm all that `produce` queued since the last `delivered` or `flush`; raises RetryError or FatalError."""
        batch, self._open = self._open, self.batch()
        await batch.delivered()

    def flush(self) -> None:
        """`delivered` for code without an event loop."""
        batch, self._open = self._open, self.batch()
        batch.wait()

    def partitions(self, topic: str, timeout_s: float = 10.0) -> int:
        """Number of partitions of `topic`, 0 when it does not exist; RetryError when no broker answers."""
        try:
            found = self._producer.list_topics(topic, timeout=timeout_s).topics[topic]
        except KafkaException as failure:
            raise _translate(failure.args[0]) from None
        return 0 if found.error is not None else len(found.partitions)

    def poll(self, timeout_s: float) -> int:
        """Serve delivery reports for up to `timeout_s`; number served. Not to wait, while another thread polls, is 0 at once."""
        if not self._lock.acquire(blocking=timeout_s > 0):
            return 0
        try:
            return int(self._producer.poll(timeout_s))
        finally:
            self._lock.release()

    def pumping(self) -> contextlib.AbstractContextManager[object]:
        """While this is held, a thread waits for delivery reports and serves them as they come."""
        return self._pump

    def check(self) -> None:
        """Raise FatalError once librdkafka gave up its promise."""
        if self._fatal is not None:
            raise FatalError(f"producer-fatal:{self._fatal.name()}")

    def queue(
        self, topic: str, key: bytes | None, value: bytes | None, partition: int | None, headers: Any, report: Any
    ) -> None:
        """Hand one record to librdkafka; BufferError when the queue is full. `report(error, message)` is called once, in a poll."""
        where = -1 if partition is None else partition
        if headers:
            self._producer.produce(topic, value, key, where, report, headers=headers)
        else:
            self._producer.produce(topic, value, key, where, report)

    def waiting(self) -> int:
        """Records queued or in flight."""
        return len(self._producer)

    def close(self, timeout_s: float = 10.0) -> int:
        """Wait up to `timeout_s` for what is queued; number of records still unconfirmed (they may be lost: do not acknowledge)."""
        self._pump.stop()
        with self._lock:
            return int(self._producer.flush(timeout_s))

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._fatal = error


def _translate(error: KafkaError, count: int = 1) -> Exception:
    if error.code() in _TOO_LARGE:
        return Reject("record-too-large", "publish")
    if error.fatal() or error.code() in _FATAL_CODES:
        return FatalError(f"producer-fatal:{error.name()}")
    return RetryError(f"not-delivered:{error.name()} records={count}")
