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
from hub.bus.topics import CLOCK_TOPIC, MEASURE_TOPIC, PERSON_TOPIC, SITE_TOPIC, SUPPLY_TOPIC, TALLY_TOPIC, intake_topic
from hub.config import Settings, today
from hub.domain.capacity import FreeBeds
from hub.domain.events import Model, Site, VaccineSupply
from hub.domain.person_events import Tick
from hub.domain.supply import SupplyMeasure
from hub.ops.health import Flag, Heartbeat, OpsServer
from hub.ops.stop import until_sigterm
from hub.outlets.beds import BedsDesk
from hub.outlets.clock import TICK_KEY, run_clock
from hub.outlets.desk import standing
from hub.outlets.measures import MeasureBoard, MeasurePorts, run_measures, said_before
from hub.outlets.supply import SupplyDesk
from hub.outlets.wire import Said, Send
from hub.wiring_bus import StreamLetters, all_topics, denominators, open_codec, vault_of

__all__ = ["POLL_S", "STUCK_S", "CodecWire", "Ticker", "run_clock_role", "run_measures_role", "sender"]

STUCK_S = 120.0  # longer than any delivery timeout: the role itself has hung
POLL_S = 0.2
_SUPPLY, _SITES = intake_topic(VaccineSupply.kind), intake_topic(Site.kind)
_TOLD = (TALLY_TOPIC, _SUPPLY, _SITES, CLOCK_TOPIC)
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
    """Sends a tick to every partition of the person topic, by number, and to the clock's own topic, for those who read no person
    topic; waits until the broker has them."""

    def __init__(self, producer: DurableProducer, codec: Codec, partitions: int) -> None:
        self._producer, self._codec, self._partitions = producer, codec, partitions

    def __call__(self, tick: Tick) -> None:
        value = self._codec.encode(PERSON_TOPIC, tick)
        batch = self._producer.batch()
        for partition in range(self._partitions):
            identity = f"tick.{tick.as_of.isoformat()}.{partition}"
            headers = cloud_events_headers(event_id=identity, source="clock", kind=PERSON_TOPIC)
            batch.produce(PERSON_TOPIC, TICK_KEY, value, partition, headers)
        headers = cloud_events_headers(event_id=f"tick.{tick.as_of.isoformat()}", source="clock", kind=CLOCK_TOPIC)
        batch.produce(CLOCK_TOPIC, TICK_KEY, self._codec.encode(CLOCK_TOPIC, tick), headers=headers)
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
    """Read all tallies, supply and sites from their beginning, publish what differs from the measures and lines that stand."""
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
        lines = standing(_standing(bootstrap, SUPPLY_TOPIC), wire, SupplyMeasure)
        beds = standing(_standing(bootstrap, SITE_TOPIC), wire, FreeBeds)
        desks = (
            SupplyDesk(_SUPPLY, SUPPLY_TOPIC, wire, lines),
            BedsDesk(_SITES, CLOCK_TOPIC, SITE_TOPIC, wire, beds),
        )
        letters = StreamLetters(lambda: producer, codec, vault, "measures")
        ports = MeasurePorts(tallies, read, sender(producer, "measures"), letters, ready.set)
        run_measures(ports, wire, MeasureBoard(populations, said), MEASURE_TOPIC, stop.is_set, beat.beat, desks)


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
