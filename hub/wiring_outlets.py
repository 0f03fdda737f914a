"""The roles `measures` and `clock`, and what all outlets share: plain consumers and producers around pure code."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import Any

from hub.bus.cloud_events import cloud_events_headers
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, WorkerConsumer, latest_by_key, read_to_end
from hub.bus.producer import DurableProducer
from hub.bus.topics import MEASURE_TOPIC, PERSON_TOPIC, SUPPLY_TOPIC, TALLY_TOPIC, intake_topic
from hub.config import Settings, today
from hub.domain.events import Model, VaccineSupply
from hub.domain.person_events import Tick
from hub.ops.health import Flag, Heartbeat, OpsServer
from hub.ops.stop import until_sigterm
from hub.outlets.clock import TICK_KEY, run_clock
from hub.outlets.measures import MeasureBoard, MeasurePorts, run_measures, said_before
from hub.outlets.supply import SupplyDesk, supply_said_before
from hub.outlets.wire import Said, Send
from hub.wiring_bus import StreamLetters, all_topics, denominators, open_codec, vault_of

__all__ = ["POLL_S", "STUCK_S", "CodecWire", "Ticker", "run_clock_role", "run_measures_role", "sender"]

STUCK_S = 120.0  # longer than any delivery timeout: the role itself has hung
POLL_S = 0.2
_TOLD = (TALLY_TOPIC, intake_topic(VaccineSupply.kind))
"""What the measures rest on."""


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


def sender(producer: DurableProducer, role: str) -> Send:
    """Sends with CloudEvents headers and waits for every report."""

    def send(says: Sequence[Said]) -> None:
        batch = producer.batch()
        for said in says:
            headers = cloud_events_headers(event_id=said.identity, source=role, kind=said.topic)
            batch.produce(said.topic, said.key, said.value, headers=headers)
        batch.wait()

    return send


def run_measures_role(settings: Settings, stop: threading.Event | None = None) -> None:
    """Read all tallies and all supply from their beginning, publish what differs from the measures that stand."""
    stop = stop or until_sigterm()
    beat, ready = Heartbeat(STUCK_S), Flag("reading the tallies")
    bootstrap = settings.require_bootstrap()
    populations = denominators(settings)
    with (
        closing(open_codec(settings, all_topics(settings))) as codec,
        OpsServer(
            settings.port("measures"), {"work": ready}, live={"progress": beat}, role="measures", host=settings.host
        ),
        closing(vault_of(settings)) as vault,
        closing(DurableProducer(bootstrap, client_id="hub-measures")) as producer,
        # A group of its own for each start: nothing is committed, the whole compacted topic is read again.
        closing(WorkerConsumer(bootstrap, f"hub-measures-{os.getpid()}-{time.time_ns()}", list(_TOLD))) as consumer,
    ):

        def tallies() -> Iterable[Incoming]:
            return chain.from_iterable(read_to_end(bootstrap, topic) for topic in _TOLD)

        def read() -> Sequence[Incoming]:
            return consumer.poll_batch(5_000, POLL_S)

        wire = CodecWire(codec)
        said = said_before(_standing(bootstrap, MEASURE_TOPIC), wire)
        supply = SupplyDesk(_TOLD[1], SUPPLY_TOPIC, wire, supply_said_before(_standing(bootstrap, SUPPLY_TOPIC), wire))
        letters = StreamLetters(lambda: producer, codec, vault, "measures")
        ports = MeasurePorts(tallies, read, sender(producer, "measures"), letters, ready.set)
        run_measures(ports, wire, MeasureBoard(populations, said), MEASURE_TOPIC, stop.is_set, beat.beat, supply)


def _standing(bootstrap: str, topic: str) -> Iterator[tuple[bytes, bytes]]:
    """What a compacted topic says, (key, value)."""
    return ((key, record.value or b"") for key, record in latest_by_key(bootstrap, topic).items())


def run_clock_role(settings: Settings, stop: threading.Event | None = None) -> None:
    """Tick by the county's civil time."""
    stop = stop or until_sigterm()
    beat, ready = Heartbeat(STUCK_S), Flag("no tick yet")
    with (
        closing(open_codec(settings, all_topics(settings))) as codec,
        OpsServer(settings.port("clock"), {"work": ready}, live={"progress": beat}, role="clock", host=settings.host),
        closing(DurableProducer(settings.require_bootstrap(), client_id="hub-clock")) as producer,
    ):
        ticker = Ticker(producer, codec, settings.partitions)

        def tick(now: Tick) -> None:
            ticker(now)
            ready.set()

        run_clock(lambda: today(settings), tick, stop.is_set, stop.wait, beat.beat)
