"""The role `streams`: the join, on the hardened Faust app."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from hub.bus.cloud_events import cloud_events_headers
from hub.bus.consumer import Incoming, read_to_end
from hub.bus.dead_letter import STREAM_REJECTED_TOPIC, stream_rejected
from hub.bus.producer import DurableProducer
from hub.bus.topics import NEED_TOPIC, PERSON_TOPIC, TALLY_TOPIC
from hub.config import Settings
from hub.domain.events import Model
from hub.domain.ids import content_hash
from hub.domain.needs import SupportNeed
from hub.domain.person_events import Carry
from hub.domain.projection import Projector
from hub.domain.tallies import Tally
from hub.errors import Reject
from hub.ops import metrics
from hub.ops.health import OpsServer
from hub.ops.stream_collector import StreamCollector
from hub.streams.app import StreamSettings
from hub.streams.join import JoinProcessor, Published, Wire
from hub.streams.metrics import StreamMetrics
from hub.streams.processor import Output, Record
from hub.streams.worker import run_worker
from hub.wiring_bus import JOIN_APP, StreamLetters, all_topics, ids_of, isolation_rules, open_codec, vault_of

__all__ = ["join_processor", "read_back", "run"]

_STUCK_S = 120.0  # twice the delivery time-out: whatever was slow has failed by then


def join_processor(settings: Settings, codec: Any, set_aside: Callable[[Incoming, Reject], None]) -> JoinProcessor:
    """The join with its codec; reads back what a partition published when it is gained. `set_aside` writes a dead letter for a
    total that cannot be read."""
    wire = Wire(
        decode=codec.decode_dict,
        encode_need=lambda need: codec.encode(NEED_TOPIC, need),
        encode_tally=lambda tally: codec.encode(TALLY_TOPIC, tally),
        encode_carry=lambda carry: codec.encode(PERSON_TOPIC, carry),
        needs_topic=NEED_TOPIC,
        tally_topic=TALLY_TOPIC,
        person_topic=PERSON_TOPIC,
        headers=_headers,
    )

    def published(partition: int) -> Published:
        tallies = read_to_end(settings.require_bootstrap(), TALLY_TOPIC)
        return read_back(tallies, codec.decode_dict, partition, set_aside)

    return JoinProcessor(Projector(ids_of(settings), isolation_rules(settings.jurisdiction)), wire, published)


def read_back(
    tallies: Iterable[Incoming],
    decode: Callable[[bytes], tuple[str, dict[str, Any]]],
    partition: int,
    set_aside: Callable[[Incoming, Reject], None],
) -> Published:
    """What `partition` published, out of the whole tally topic; what cannot be read is set aside and left out."""
    strata, version = set(), -1
    for record in tallies:
        if record.value is None:
            continue
        try:
            kind, fields = decode(record.value)
            if kind != Tally.kind:
                raise Reject("unexpected-kind", "decode")
        except Reject as why:
            set_aside(record, why)
            continue
        if fields["partition"] == partition:
            strata.add(fields["stratum"])
            version = max(version, fields["version"])
    return Published(frozenset(strata), version)


def run(settings: Settings) -> None:
    """Run one worker until SIGTERM."""
    worker = os.environ.get("HUB_WORKER", "0")
    codec = open_codec(settings, all_topics(settings))
    vault = vault_of(settings)

    @cache  # only a total that cannot be read needs it
    def producer() -> DurableProducer:
        return DurableProducer(settings.require_bootstrap(), client_id="hub-streams-letters")

    def rejection(topic: str, partition: int, record: Record, reason: str) -> Output:
        metrics.STREAM_REJECTED.inc(stage="fold", reason=reason, topic=topic)
        letter = stream_rejected(
            vault.seal_bytes,
            topic=topic,
            partition=partition,
            offset=record.offset,
            why=Reject(reason, "fold"),
            value=record.value,
        )
        identity = f"{topic}.{partition}.{record.offset}"
        headers = cloud_events_headers(event_id=identity, source="streams", kind=STREAM_REJECTED_TOPIC)
        return Output(STREAM_REJECTED_TOPIC, record.key, codec.encode(STREAM_REJECTED_TOPIC, letter), headers=headers)

    def started(numbers: StreamMetrics) -> None:
        metrics.REGISTRY.register(StreamCollector(numbers, JOIN_APP, PERSON_TOPIC))
        ready = {"table": lambda: None if numbers.ready else "recovering the table"}
        live = {"progress": lambda: _stuck(numbers)}
        OpsServer(settings.port("streams"), ready, live=live, role="streams", host=settings.host).start()

    run_worker(
        StreamSettings(
            bootstrap=settings.require_bootstrap(),
            app_id=JOIN_APP,
            source_topic=PERSON_TOPIC,
            partitions=settings.partitions,
            state_dir=settings.instance / "state",
            worker=worker,
            replication=settings.replication,
            standbys=settings.standbys,
        ),
        join_processor(settings, codec, StreamLetters(producer, codec, vault, "streams")),
        rejection=rejection,
        on_start=started,
    )


def _headers(model: Model) -> list[tuple[str, bytes]]:
    """CloudEvents headers of an output: the same output has the same id."""
    if isinstance(model, SupportNeed):
        return cloud_events_headers(event_id=f"{model.need_id}.{model.revision}", source="streams", kind=NEED_TOPIC)
    if isinstance(model, Tally):
        return cloud_events_headers(event_id=f"{model.key}.{model.version}", source="streams", kind=TALLY_TOPIC)
    assert isinstance(model, Carry)
    identity = f"{model.source_person}.{model.revision}.{content_hash(model.sub_history.hex())}"
    return cloud_events_headers(event_id=identity, source="streams", kind=PERSON_TOPIC)


def _stuck(numbers: StreamMetrics) -> str | None:
    """Records wait and none was folded for long: only a restart helps. A broker that is away is no reason."""
    waiting = sum(numbers.lag().values())
    if not waiting or numbers.last_progress is None:
        return None
    silent = time.monotonic() - numbers.last_progress
    return f"{waiting} records wait, none folded for {silent:.0f} s" if silent > _STUCK_S else None
