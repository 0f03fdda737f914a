"""The worker's wire on the real bus: Avro by the registry's schemas, topics by the one table."""

from __future__ import annotations

from hub.bus.codec import Codec
from hub.bus.consumer import Incoming
from hub.bus.dead_letter import STREAM_REJECTED_TOPIC, stream_rejected
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import DECISION_TOPIC, LINK_TOPIC, PERSON_TOPIC, TOPICS, intake_topic
from hub.domain.events import EVENT_TYPES, Event, Model
from hub.domain.identity_events import Decision, Link
from hub.errors import Reject
from hub.identity.batch import OutRecord
from hub.privacy.vault import Vault

__all__ = ["INTAKE_TOPICS", "BusWire", "open_codec"]

INTAKE_TOPICS = tuple(intake_topic(kind) for kind in EVENT_TYPES if kind != "site")
"""What identify reads: every kind of event that may be a person's."""

_WRITTEN = (PERSON_TOPIC, LINK_TOPIC, DECISION_TOPIC, STREAM_REJECTED_TOPIC)


def open_codec(registry_url: str) -> Codec:
    """A codec for what identify reads and writes; registers the schemas. RetryError when the registry is away."""
    codec = Codec(SchemaIds(registry_url), [topic for topic in TOPICS if topic.name in {*INTAKE_TOPICS, *_WRITTEN}])
    codec.open()
    return codec


class BusWire:
    """Bytes to events, models to records. `names` renames topics (tests on a shared broker)."""

    def __init__(self, codec: Codec, vault: Vault, names: dict[str, str] | None = None) -> None:
        self._codec, self._vault = codec, vault
        self._names = names or {}

    def event(self, record: Incoming) -> Event:
        """The event of an intake record; Reject for anything else."""
        event = self._codec.decode(record.value)
        if not isinstance(event, Event):
            raise Reject("invalid-event", "decode")
        return event

    def out(self, model: Model, key: str) -> OutRecord:
        """The record of a model, keyed by `key` on the topic that its type belongs to."""
        topic = (
            LINK_TOPIC if isinstance(model, Link) else DECISION_TOPIC if isinstance(model, Decision) else PERSON_TOPIC
        )
        return self._record(topic, key.encode(), model)

    def dead_letter(self, record: Incoming, why: Reject) -> OutRecord:
        """The record as it came, sealed under a key of its own, keyed as it was."""
        letter = stream_rejected(
            self._vault.seal_bytes,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            why=why,
            value=record.value,
        )
        return self._record(STREAM_REJECTED_TOPIC, record.key or b"none", letter)

    def _record(self, topic: str, key: bytes, model: Model) -> OutRecord:
        return self._names.get(topic, topic), key, self._codec.encode(topic, model), None, None
