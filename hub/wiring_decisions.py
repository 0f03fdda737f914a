"""The log of human decisions about who is who, as the command line writes and reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from hub.bus.cloud_events import cloud_events_headers
from hub.bus.codec import Codec
from hub.bus.consumer import read_to_end
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import REVIEW_TOPIC, TOPICS
from hub.config import Settings
from hub.domain.identity_reviews import ReviewDecision
from hub.errors import Reject
from hub.identity.reviews import Said

__all__ = ["DecisionLog", "decision_log"]


class DecisionLog:
    """hub.identity.review.v1. RetryError when the broker or the registry of schemas is away."""

    def __init__(self, bootstrap: str, codec: Codec, producer: DurableProducer) -> None:
        self._bootstrap, self._codec, self._producer = bootstrap, codec, producer

    def append(self, decision: ReviewDecision) -> None:
        """Returns when the broker has confirmed it; identify takes it in with its next batch."""
        key = f"{decision.left}.{decision.right}"
        at = decision.decided_at
        headers = cloud_events_headers(
            event_id=f"{key}.{at:%Y%m%dT%H%M%S.%f}", source="reviewer", kind=REVIEW_TOPIC, received_at=at
        )
        batch = self._producer.batch()
        batch.produce(REVIEW_TOPIC, key.encode(), self._codec.encode(REVIEW_TOPIC, decision), None, headers)
        batch.wait()

    def all(self) -> Iterator[Said]:
        """Every decision by its number, the oldest first; bytes that are none are left out."""
        for record in read_to_end(self._bootstrap, REVIEW_TOPIC):
            try:
                decision = self._codec.decode(record.value)
            except Reject:
                continue
            if isinstance(decision, ReviewDecision):
                yield Said(record.offset + 1, decision)


@contextmanager
def decision_log(settings: Settings) -> Iterator[DecisionLog]:
    """The log of one installation, its broker and registry up."""
    bootstrap = settings.require_bootstrap()
    with (
        closing(SchemaIds(settings.require_registry_url())) as ids,
        closing(DurableProducer(bootstrap, client_id="hub-reviewer")) as producer,
    ):
        codec = Codec(ids, [topic for topic in TOPICS if topic.name == REVIEW_TOPIC])
        codec.open()
        yield DecisionLog(bootstrap, codec, producer)
