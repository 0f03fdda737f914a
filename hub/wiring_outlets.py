"""The roles `measures`, `delivery` and `clock`: plain consumers and producers around the pure outlets."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from hub.bus.cloud_events import cloud_events_headers
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, WorkerConsumer
from hub.bus.producer import DurableProducer
from hub.bus.topics import MEASURE_TOPIC, NEED_TOPIC, PERSON_TOPIC, TALLY_TOPIC
from hub.config import Settings
from hub.domain.events import Model
from hub.domain.ids import content_hash
from hub.domain.person_events import Tick
from hub.errors import ConfigError
from hub.identity.role import open_lookup
from hub.ops import metrics
from hub.ops.health import Flag, Heartbeat, OpsServer
from hub.outlets.clock import TICK_KEY, run_clock
from hub.outlets.delivery import Subscriber, run_delivery
from hub.outlets.measures import MeasureBoard, run_measures
from hub.outlets.wire import Send
from hub.privacy.agreements import delivery_agreements
from hub.wiring_bus import all_topics, denominators, open_codec

__all__ = ["CodecWire", "Ticker", "delivery_group", "run_clock_role", "run_delivery_role", "run_measures_role"]

_STUCK_S = 120.0
_POLL_S = 0.2


class CodecWire:
    """hub.outlets.wire.Wire over the codec."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        return self._codec.decode_dict(value)

    def encode(self, topic: str, model: Model) -> bytes:
        return self._codec.encode(topic, model)


class Ticker:
    """Sends a tick to every partition of the person topic, by number, and waits until the broker has them."""

    def __init__(self, producer: DurableProducer, codec: Codec, partitions: int) -> None:
        self._producer, self._codec, self._partitions = producer, codec, partitions

    def __call__(self, tick: Tick) -> None:
        value = self._codec.encode(PERSON_TOPIC, tick)
        batch = self._producer.batch()
        for partition in range(self._partitions):
            identity = f"tick.{tick.as_of.isoformat()}.{partition}"
            headers = cloud_events_headers(event_id=identity, source="clock", kind=PERSON_TOPIC)
            batch.produce(PERSON_TOPIC, TICK_KEY, value, partition, headers)
        batch.wait()


def delivery_group(subscriber: str) -> str:
    """The consumer group that serves a subscriber."""
    return f"hub-delivery-{subscriber}"


def run_measures_role(settings: Settings) -> None:
    """Read all tallies from their beginning, publish measures."""
    stop, beat, ready = _until_sigterm(), Heartbeat(_STUCK_S), Flag("reading the tallies")
    codec = open_codec(settings, all_topics(settings))
    producer = DurableProducer(settings.require_bootstrap(), client_id="hub-measures")
    # A group of its own for each start: nothing is committed, the whole compacted topic is read again.
    consumer = WorkerConsumer(
        settings.require_bootstrap(), f"hub-measures-{os.getpid()}-{time.time_ns()}", [TALLY_TOPIC]
    )
    board = MeasureBoard(denominators(settings))

    def read() -> Sequence[Incoming]:
        records = consumer.poll_batch(5_000, _POLL_S)
        if consumer.owned():
            ready.set()
        return records

    with _ops("measures", settings, beat, ready):
        try:
            run_measures(
                read, _sender(producer, "measures"), CodecWire(codec), board, MEASURE_TOPIC, stop.is_set, beat.beat
            )
        finally:
            consumer.close()
            producer.close()


def run_delivery_role(settings: Settings) -> None:
    """One thread for each delivery agreement; the first failure ends the process."""
    stop, beat, ready = _until_sigterm(), Heartbeat(_STUCK_S), Flag("joining the groups")
    agreements = delivery_agreements(settings.instance / "agreements", _today())
    codec = open_codec(settings, all_topics(settings))
    lookup = _Lookup(settings)
    producer = DurableProducer(settings.require_bootstrap(), client_id="hub-delivery")
    failures: list[BaseException] = []
    joined: set[str] = set()

    def serve(name: str, subscriber: Subscriber) -> None:
        consumer = WorkerConsumer(
            settings.require_bootstrap(),
            delivery_group(name),
            subscriber.agreement.topics,
            instance_id=delivery_group(name),
        )

        def read() -> Sequence[Incoming]:
            records = consumer.poll_batch(1_000, _POLL_S)
            if consumer.owned():
                joined.add(name)
                if joined == set(agreements):
                    ready.set()
            return records

        try:
            run_delivery(
                subscriber,
                read,
                _sender(producer, "delivery"),
                consumer.commit,
                CodecWire(codec),
                _today,
                stop.is_set,
                beat.beat,
            )
        except BaseException as why:
            failures.append(why)
            stop.set()
        finally:
            consumer.close()

    if unknown := {topic for a in agreements.values() for topic in a.topics} - {NEED_TOPIC}:
        raise ConfigError(f"no topic {min(unknown)} can be delivered: agreements may name {NEED_TOPIC}")
    if not agreements:
        ready.set()
    threads = [
        threading.Thread(target=serve, args=(name, Subscriber(agreement, lookup, _refused)), name=name)
        for name, agreement in agreements.items()
    ]
    with _ops("delivery", settings, beat, ready):
        for thread in threads:
            thread.start()
        while not stop.wait(1.0):
            beat.beat()
        for thread in threads:
            thread.join()
        producer.close()
    if failures:
        raise failures[0]


def run_clock_role(settings: Settings) -> None:
    """Tick by the wall clock."""
    stop, beat, ready = _until_sigterm(), Heartbeat(_STUCK_S), Flag("no tick yet")
    producer = DurableProducer(settings.require_bootstrap(), client_id="hub-clock")
    ticker = Ticker(producer, open_codec(settings, all_topics(settings)), settings.partitions)

    def tick(now: Tick) -> None:
        ticker(now)
        ready.set()

    def wait(seconds: float) -> None:
        stop.wait(seconds)

    with _ops("clock", settings, beat, ready):
        run_clock(_today, tick, stop.is_set, wait, beat.beat)
        producer.close()


class _Lookup:
    """hub.identity's look-up, opened when it is first needed and once per thread (SQLite connections are a thread's own)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._local = threading.local()

    def __call__(self, person_key: str, source: str) -> Sequence[str]:
        if not hasattr(self._local, "lookup"):
            self._local.lookup = open_lookup(self._settings)
        found: Sequence[str] = self._local.lookup.local_ids(person_key, source)
        return found


def _sender(producer: DurableProducer, role: str) -> Send:
    def send(records: Sequence[tuple[str, bytes, bytes | None]]) -> None:
        batch = producer.batch()
        for topic, key, value in records:
            identity = content_hash(topic, key.decode(), (value or b"").hex())
            headers = cloud_events_headers(event_id=identity, source=role, kind=topic)
            batch.produce(topic, key, value, headers=headers)
        batch.wait()

    return send


def _refused(reason: str) -> None:
    metrics.POLICY_BLOCKED.inc(reason=reason)


def _today() -> date:
    return datetime.now(UTC).date()


def _ops(role: str, settings: Settings, beat: Heartbeat, ready: Flag) -> OpsServer:
    return OpsServer(settings.port(role), {"work": ready}, live={"progress": beat}, role=role, host=settings.host)


def _until_sigterm() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
