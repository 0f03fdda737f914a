"""The worker's wire on the real bus: Avro by the registry's schemas, topics by the one table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from hub.bus.cloud_events import cloud_events_headers
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming
from hub.bus.dead_letter import STREAM_REJECTED_TOPIC, stream_rejected
from hub.bus.producer import MAX_RECORD_BYTES
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import DECISION_TOPIC, LINK_TOPIC, PERSON_TOPIC, REVIEW_TOPIC, TOPICS, intake_topic
from hub.domain.events import EVENT_TYPES, PLACE_KINDS, Event, Model
from hub.domain.identity_events import Decision, Link
from hub.domain.identity_reviews import ReviewDecision
from hub.domain.person_events import Membership
from hub.errors import Reject
from hub.identity.batch import OutRecord
from hub.identity.opening import taken_in
from hub.privacy.vault import ERASED, Vault

__all__ = ["INTAKE_TOPICS", "READ_TOPICS", "BusWire", "open_codec", "taken_in"]

INTAKE_TOPICS = tuple(intake_topic(kind) for kind in EVENT_TYPES if kind not in PLACE_KINDS)
"""Every kind of event that may be a person's."""
READ_TOPICS = (*INTAKE_TOPICS, REVIEW_TOPIC)
"""What identify reads: these, and what people decided."""

_MAX_VALUE = MAX_RECORD_BYTES - 8_192  # leaves room for key and headers
_WRITTEN = (PERSON_TOPIC, LINK_TOPIC, DECISION_TOPIC, STREAM_REJECTED_TOPIC)


@contextmanager
def open_codec(registry_url: str) -> Iterator[Codec]:
    """A codec for what identify reads and writes; registers the schemas. RetryError when the registry is away."""
    with closing(SchemaIds(registry_url)) as ids:
        codec = Codec(ids, [topic for topic in TOPICS if topic.name in {*READ_TOPICS, *_WRITTEN}])
        codec.open()
        yield codec


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

    def decision(self, record: Incoming) -> ReviewDecision | None:
        """The decision in a record of the review topic, None for another topic's; Reject for anything else on it."""
        if record.topic != self._names.get(REVIEW_TOPIC, REVIEW_TOPIC):
            return None
        decision = self._codec.decode(record.value)
        if not isinstance(decision, ReviewDecision):
            raise Reject("invalid-event", "decode")
        return decision

    def out(self, model: Model, key: str, because: Incoming) -> OutRecord:
        """The record of a model, keyed by `key` on the topic that its type belongs to."""
        if isinstance(model, Link):
            return self._record(LINK_TOPIC, key.encode(), model, f"{key}.{model.link_revision}", because)
        if isinstance(model, Decision):
            return self._record(DECISION_TOPIC, key.encode(), model, f"decision.{model.decision}", because)
        if isinstance(model, Membership):
            identity = f"{model.source_person}.{model.revision}.{key}"
            return self._record(PERSON_TOPIC, key.encode(), model, identity, because)
        return self._record(PERSON_TOPIC, key.encode(), model, getattr(model, "event_id", key), because)

    def unlinked(self, source_person: str, revision: int, because: Incoming) -> OutRecord:
        """Takes back whose a source person is: they are nobody's any more."""
        headers = cloud_events_headers(
            event_id=f"{source_person}.{revision}", source="identify", kind=LINK_TOPIC, received_at=taken_in(because)
        )
        return self._names.get(LINK_TOPIC, LINK_TOPIC), source_person.encode(), None, None, headers

    def dead_letter(self, record: Incoming, why: Reject) -> OutRecord:
        """The record as it came, sealed under a key of its own, keyed as it was; without it where its person was erased: the hub
        must not hold what they erased."""
        letter = stream_rejected(
            None if why.reason == ERASED else self._vault.seal_bytes,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            why=why,
            value=record.value,
        )
        identity = f"{record.topic}.{record.partition}.{record.offset}"
        return self._record(STREAM_REJECTED_TOPIC, record.key or b"none", letter, identity, record)

    def _record(self, topic: str, key: bytes, model: Model, identity: str, because: Incoming) -> OutRecord:
        headers = cloud_events_headers(event_id=identity, source="identify", kind=topic, received_at=taken_in(because))
        value = self._codec.encode(topic, model)
        if (
            len(value) > _MAX_VALUE
        ):  # refused here, one record; refused by the broker, it would stop the outbox for good
            raise Reject("too-large", "encode")
        return self._names.get(topic, topic), key, value, None, headers
