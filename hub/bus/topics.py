"""Every topic of the hub in one table. `hub topics apply` makes them (hub.bus.topic_admin); nothing else creates a topic,
but for the registry, which must be up before and makes its own by the same table.

Keys are UTF-8 tokens, never an identifier of a person. All topics of the person path have `settings.partitions`
partitions and the same partitioner (murmur2), so one key is on one partition number everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from hub.bus.control import CONTROL_TOPIC, Control
from hub.bus.dead_letter import (
    RAW_TOPIC,
    REDRIVEN_TOPIC,
    REJECTED_TOPIC,
    STREAM_REJECTED_TOPIC,
    Original,
    Redriven,
    Rejected,
    StreamRejected,
)
from hub.bus.position import POSITION_TOPIC, Position
from hub.domain.capacity import FreeBeds
from hub.domain.disclosure import DISCLOSURE_TOPIC, Disclosure
from hub.domain.events import EVENT_TYPES, Model
from hub.domain.identity_events import Decision, Link
from hub.domain.identity_reviews import ReviewDecision
from hub.domain.measures import EquityMeasure
from hub.domain.needs import SupportNeed
from hub.domain.person_events import PERSON_TYPES, Carry, Membership, Tick
from hub.domain.supply import SupplyMeasure
from hub.domain.tallies import Tally

REGISTRY_TOPIC = "hub.registry.schema.v1"
PERSON_TOPIC = "hub.person.event.v1"
LINK_TOPIC = "hub.identity.link.v1"
DECISION_TOPIC = "hub.identity.decision.v1"
REVIEW_TOPIC = "hub.identity.review.v1"
NEED_TOPIC = "hub.alert.support-need.v1"
TALLY_TOPIC = "hub.equity.tally.v1"
MEASURE_TOPIC = "hub.equity.measure.v1"
SUPPLY_TOPIC = "hub.equity.supply.v1"
SITE_TOPIC = "hub.alert.site.v1"
CLOCK_TOPIC = "hub.clock.day.v1"

_DAY_MS = 86_400_000
_FOREVER = -1


@dataclass(frozen=True)
class Topic:
    """One topic. `partitions` 0 means as many as the person path has; `days` 0 means for ever (or as compacted).

    `strategy`: the subject of a value's schema is `<topic>-value` (`topic`) or `<topic>-<record>` (`topic-record`, for
    topics with several record types). `public`: subscribers outside read it, so both directions stay compatible.
    """

    name: str
    key: str
    models: tuple[type[Model], ...] = ()
    partitions: int = 0
    compacted: bool = False
    days: int = 0
    strategy: Literal["topic", "topic-record"] = "topic"
    public: bool = False
    config: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """Compatibility level of its subjects."""
        return "FULL_TRANSITIVE" if self.public else "BACKWARD_TRANSITIVE"

    def subject(self, model: type[Model]) -> str:
        """Under which subject the schema of a model's values is registered."""
        return f"{self.name}-value" if self.strategy == "topic" else f"{self.name}-hub.{model.__name__}"

    def settings(self, min_insync_replicas: int) -> dict[str, str]:
        """Topic configuration at the broker."""
        kept = {"cleanup.policy": "compact"} if self.compacted else {"cleanup.policy": "delete"}
        if not self.compacted:
            kept["retention.ms"] = str(self.days * _DAY_MS if self.days else _FOREVER)
        return {
            **kept,
            "min.insync.replicas": str(min_insync_replicas),
            "max.message.bytes": "4194304",
            "unclean.leader.election.enable": "false",
            **self.config,
        }


def intake_topic(kind: str) -> str:
    """Topic of a canonical event kind."""
    return f"hub.intake.{kind}.v1"


def delivery_topic(subscriber: str) -> str:
    """A subscriber's own topic."""
    return f"hub.delivery.{subscriber}.v1"


def delivery(subscriber: str, model: type[Model]) -> Topic:
    """The topic of one delivery agreement; `model` holds the agreed fields (hub.outlets.delivery.delivery_model)."""
    return Topic(delivery_topic(subscriber), "as source: need id", (model,), compacted=True, public=True)


def changelog(name: str, config: Mapping[str, str]) -> Topic:
    """The changelog of a stream's table (`hub.streams.app.changelog_topic` and `changelog_config`)."""
    return Topic(name, "as the table", compacted=True, config=config)


def _intake() -> Iterable[Topic]:
    for kind, model in EVENT_TYPES.items():
        yield Topic(intake_topic(kind), "source_person, else fact_key (of a place: site token)", (model,))


_PERSON_MODELS: tuple[type[Model], ...] = (*PERSON_TYPES.values(), Membership, Tick, Carry)

REGISTRY = Topic(REGISTRY_TOPIC, "subject and version", partitions=1, compacted=True)

TOPICS: tuple[Topic, ...] = (
    REGISTRY,
    Topic(RAW_TOPIC, "connector", (Original,), days=30),
    *_intake(),
    Topic(REJECTED_TOPIC, "connector", (Rejected,), days=90),
    Topic(POSITION_TOPIC, "connector, stream", (Position,), partitions=1, compacted=True),
    Topic(CONTROL_TOPIC, "connector", (Control,), partitions=1, compacted=True),
    Topic(REDRIVEN_TOPIC, "id of the dead letter", (Redriven,), compacted=True),
    Topic(DISCLOSURE_TOPIC, "subject", (Disclosure,), partitions=1),
    Topic(LINK_TOPIC, "source_person", (Link,), compacted=True),
    Topic(DECISION_TOPIC, "person_key", (Decision,)),
    Topic(REVIEW_TOPIC, "two source_persons", (ReviewDecision,), partitions=1),
    Topic(PERSON_TOPIC, "person_key", _PERSON_MODELS, strategy="topic-record"),
    Topic(STREAM_REJECTED_TOPIC, "as source", (StreamRejected,), days=90),
    Topic(NEED_TOPIC, "need_id", (SupportNeed,), compacted=True, public=True),
    Topic(TALLY_TOPIC, "stratum, source partition", (Tally,), partitions=1, compacted=True),
    Topic(
        MEASURE_TOPIC, "indicator, area, dimension, group", (EquityMeasure,), partitions=1, compacted=True, public=True
    ),
    Topic(SUPPLY_TOPIC, "level, provider or area", (SupplyMeasure,), partitions=1, compacted=True, public=True),
    Topic(CLOCK_TOPIC, "always the same", (Tick,), partitions=1, compacted=True),
    Topic(SITE_TOPIC, "site token", (FreeBeds,), partitions=1, compacted=True, public=True),
)
"""All topics that do not depend on agreements; add `delivery(...)` and `changelog(...)`."""


def models() -> tuple[type[Model], ...]:
    """Every record type of the table, each once, in the table's order."""
    return tuple(dict.fromkeys(model for topic in TOPICS for model in topic.models))
