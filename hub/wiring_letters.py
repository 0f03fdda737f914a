"""What the role `connectors` tells of dead letters beside taking data in: hub_dlq_open, hub_dlq_oldest_age_seconds, and how many
are open on its page /connectors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from uuid import uuid4

from hub.bus.cloud_events import event_id_of
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, WorkerConsumer
from hub.bus.dead_letter import REDRIVEN_TOPIC, REJECTED_TOPIC, Redriven, Rejected
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS
from hub.config import Settings
from hub.errors import ConfigError, Reject, RetryError
from hub.ops.logs import logger
from hub.redrive.standing import Open, Standing

__all__ = ["follow_letters", "take_in"]

_EVERY_S = 5.0
Tell = Callable[[Mapping[str, Open]], None]
"""Told every second, in a thread of its own, what is open by connector."""
log = logger(__name__)


async def follow_letters(settings: Settings, tell: Tell) -> None:
    """Until cancelled. Trouble with the broker or the registry is told once and costs only these numbers meanwhile."""
    stop = threading.Event()
    try:
        await asyncio.to_thread(_follow, settings, tell, stop)  # one thread: a consumer belongs to one
    finally:
        stop.set()


def _follow(settings: Settings, tell: Tell, stop: threading.Event) -> None:
    told = False
    while not stop.is_set():
        try:
            _count(settings, tell, stop)
        except (RetryError, ConfigError) as why:
            if not told:
                log.warning("dead letters are not counted", exc_info=why)
            told = True
            stop.wait(_EVERY_S)


def _count(settings: Settings, tell: Tell, stop: threading.Event) -> None:
    ids = SchemaIds(settings.require_registry_url())
    topics = [topic for topic in TOPICS if topic.name in (REJECTED_TOPIC, REDRIVEN_TOPIC)]
    codec, standing = Codec(ids, topics), Standing()
    names = [topic.name for topic in topics]
    consumer = WorkerConsumer(settings.require_bootstrap(), f"hub-letters-{uuid4()}", names)  # commits nothing
    try:
        while not stop.is_set():
            records = consumer.poll_batch()
            take_in(records, codec, standing)
            if not records:
                standing.show(datetime.now(UTC))
                tell(standing.open)
                stop.wait(1.0)
    finally:
        consumer.close()
        ids.close()


def take_in(records: Iterable[Incoming], codec: Codec, standing: Standing) -> None:
    """Foreign bytes on these topics are left out."""
    for record in records:
        try:
            found = codec.decode(record.value)
        except Reject:
            continue
        if isinstance(found, Rejected | Redriven):
            standing.take(event_id_of(record.headers) or f"{record.partition}.{record.offset}", found)
