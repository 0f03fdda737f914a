"""A stream worker: one Faust app with one source topic, one table and one processor, hardened for at-least-once.

Faust keeps membership, assignment, recovery, standbys and the agent; hub.streams.consumer delivers, hub.streams.pipeline folds,
hub.bus.producer sends. Delivery promise: every source record is folded at least once, and no offset is committed before the
rows and outputs of all records up to it are confirmed. Not promised: fencing of a worker frozen in the middle of a send.
"""

# ruff: noqa: ARG001, ARG002 (signatures are Faust's)

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faust
from faust.events import Event
from faust.serializers.schemas import Schema

from hub.bus.producer import DurableProducer
from hub.errors import ConfigError
from hub.streams.consumer import HubTransport
from hub.streams.halt import halt
from hub.streams.ledger import Ledger
from hub.streams.metrics import StreamMetrics
from hub.streams.pipeline import Pipeline, Rejection
from hub.streams.processor import Output, Processor, Record
from hub.streams.table import HubTable, StoreSettings

TABLE = "rows"
REJECTED_TOPIC = "hub.stream.rejected.v1"

_REFUSED = {
    "processing_guarantee": ("exactly_once", "loses outputs and never finishes a checkpoint"),
    "producer_threaded": (True, "is not flushed before a commit"),
    "stream_publish_on_commit": (True, "reorders outputs"),
}


@dataclass(frozen=True)
class StreamSettings:
    """What one worker needs to know. Times in seconds.

    `worker`: a name that stays the same over restarts (static membership, name of the state directory). `overrides`: further
    Faust settings; those that break the promise are refused.
    """

    bootstrap: str
    app_id: str
    source_topic: str
    partitions: int
    state_dir: Path
    worker: str = "0"
    rejected_topic: str = REJECTED_TOPIC
    replication: int = 1
    standbys: int = 0
    session_timeout_s: float = 10.0
    commit_interval_s: float = 1.0
    list_records: int = 10_000
    list_bytes: int = 4 * 1024 * 1024
    delivery_timeout_ms: int = 60_000
    queue_records: int = 200_000
    linger_ms: float = 2.0
    drain_s: float = 75.0
    store: StoreSettings = field(default_factory=StoreSettings)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changelog_topic(self) -> str:
        return changelog_topic(self.app_id)


def changelog_topic(app_id: str) -> str:
    """Name of the changelog of a stream's table; it needs as many partitions as the source, see `changelog_config`."""
    return f"{app_id}-{TABLE}-changelog"


def changelog_config(replication: int) -> dict[str, str]:
    """Topic configuration of a changelog: compacted, cleaned early so that recovery stays short."""
    return {
        "cleanup.policy": "compact",
        "min.insync.replicas": str(max(1, replication - 1)),
        "min.cleanable.dirty.ratio": "0.1",
        "segment.ms": "3600000",
        "segment.bytes": str(64 * 1024 * 1024),
        "max.compaction.lag.ms": "86400000",
        "delete.retention.ms": "86400000",
        "max.message.bytes": "1048588",
    }


class _ListSchema(Schema):  # type: ignore[misc]
    """Hands a list on as it is."""

    def compile(self, app: Any, **kwargs: Any) -> Any:
        async def decode(message: Any, *, propagate: bool = False) -> Event:
            return Event(app, message.key, message.value, message.headers, message)

        return decode


class HubApp(faust.App):  # type: ignore[misc]
    """A Faust app with the hub's transport; any crash ends the process with exit code 70."""

    ledger: Ledger
    metrics: StreamMetrics
    pipeline: Pipeline
    table: HubTable
    source_topic: str
    list_records: int
    list_bytes: int

    def is_source(self, tp: Any) -> bool:
        """Whether a partition belongs to the source topic."""
        return bool(tp.topic == self.source_topic)

    def _new_transport(self) -> Any:
        return HubTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Any:
        return HubTransport(self.conf.broker_producer, self)

    def _on_rebalance_when_stopped(self) -> None:
        """Stock Faust closes the client here, before the last commit."""

    async def crash(self, reason: BaseException) -> None:
        halt(reason)


def make_app(
    settings: StreamSettings,
    processor: Processor,
    *,
    producer: DurableProducer | None = None,
    rejection: Rejection | None = None,
) -> HubApp:
    """The app of one worker, not started; `app.metrics` are its numbers. ConfigError for settings that break the promise."""
    _refuse_unsafe(settings.overrides)
    app = HubApp(settings.app_id, **_faust_settings(settings))
    app.source_topic = settings.source_topic
    app.list_records, app.list_bytes = settings.list_records, settings.list_bytes
    app.ledger, app.metrics = Ledger(), StreamMetrics()
    app.pipeline = Pipeline(
        processor,
        producer or _producer(settings),
        app.ledger,
        app.metrics,
        source_topic=settings.source_topic,
        changelog_topic=settings.changelog_topic,
        rejection=rejection or bodiless_rejection(settings.rejected_topic),
        is_frozen=lambda: app.consumer.is_frozen(),
    )
    app.table = app.Table(
        TABLE, key_type=bytes, value_type=bytes, partitions=settings.partitions, settings=settings.store,
        extra_topic_configs=changelog_config(settings.replication),
    )  # fmt: skip
    topic = app.topic(settings.source_topic, schema=_ListSchema(key_type=bytes, value_type=bytes))

    async def fold_lists(stream: Any) -> None:
        try:
            await _feed(app, stream)
        except Exception as failure:
            halt(failure)

    app.agent(topic, name=f"{settings.app_id}.fold")(fold_lists)
    return app


async def _feed(app: HubApp, stream: AsyncIterator[Any]) -> None:
    app.pipeline.rows = app.table.data
    async for event in stream.events():  # type: ignore[attr-defined]
        await app.pipeline.take(event.value)


def bodiless_rejection(topic: str) -> Rejection:
    """The default rejection: position and reason as JSON, no body; the key is the source's (opaque by design)."""

    def reject(source: str, partition: int, record: Record, reason: str) -> Output:
        where = {"topic": source, "partition": partition, "offset": record.offset, "reason": reason}
        return Output(topic, record.key, json.dumps(where).encode(), None, [("ce_type", b"hub.stream.rejected.v1")])

    return reject


def check_topics(settings: StreamSettings, producer: DurableProducer) -> None:
    """ConfigError when source or changelog are absent or differ in partitions from the settings."""
    for topic in (settings.source_topic, settings.changelog_topic):
        found = producer.partitions(topic)
        if found != settings.partitions:
            raise ConfigError(
                f"partitions-mismatch: {topic} has {found or 'no such topic'}, settings say {settings.partitions}: "
                "run `hub topics apply`; partitions are never changed in place"
            )
    if not producer.partitions(settings.rejected_topic):
        raise ConfigError(f"no-such-topic: {settings.rejected_topic}: run `hub topics apply`")


def _producer(settings: StreamSettings) -> DurableProducer:
    return DurableProducer(
        settings.bootstrap,
        client_id=f"{settings.app_id}-{settings.worker}",
        delivery_timeout_ms=settings.delivery_timeout_ms,
        queue_records=settings.queue_records,
        linger_ms=settings.linger_ms,
    )


def _refuse_unsafe(overrides: Mapping[str, Any]) -> None:
    for name, (value, why) in _REFUSED.items():
        if getattr(overrides.get(name), "value", overrides.get(name)) == value:
            raise ConfigError(f"unsafe-setting: {name}={value} {why}")
    if int(overrides.get("agent_concurrency", 1)) > 1:
        raise ConfigError("unsafe-setting: concurrency>1 folds lists of one partition side by side")


def _faust_settings(settings: StreamSettings) -> dict[str, Any]:
    session = settings.session_timeout_s
    overrides = {name: value for name, value in settings.overrides.items() if name != "agent_concurrency"}
    return {
        "broker": [f"kafka://{server}" for server in settings.bootstrap.split(",")],
        "datadir": str(settings.state_dir),
        "store": "rocksdb://",
        "Table": HubTable,
        "web_enabled": False,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "table_standby_replicas": settings.standbys,
        "consumer_auto_offset_reset": "earliest",
        "consumer_group_instance_id": f"{settings.app_id}-{settings.worker}",
        "consumer_max_fetch_size": settings.list_bytes,
        "broker_session_timeout": session,
        "broker_heartbeat_interval": session / 5,
        "broker_rebalance_timeout": max(60.0, session),
        "broker_request_timeout": 30.0,
        "broker_commit_interval": settings.commit_interval_s,
        "producer_request_timeout": 60.0,
        "stream_buffer_maxsize": 8192,
        "stream_wait_empty": True,
        "loghandlers": [],
        **overrides,
    }


__all__ = [
    "HubApp", "StreamSettings", "bodiless_rejection", "changelog_config", "changelog_topic", "check_topics", "make_app",
]  # fmt: skip
