"""The table of topics: its names, kinds and levels; and that applying it creates, verifies and refuses."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from hub.bus.schema_registry import SchemaIds
from hub.bus.topic_admin import apply_schemas, apply_topics
from hub.bus.topics import (
    NEED_TOPIC,
    PERSON_TOPIC,
    REVIEW_TOPIC,
    TALLY_TOPIC,
    TOPICS,
    Topic,
    changelog,
    delivery,
    intake_topic,
)
from hub.domain.events import EVENT_TYPES
from hub.domain.needs import SupportNeed
from hub.domain.person_events import Membership, Tick
from hub.errors import ConfigError, RetryError
from tests.fixtures_registry import RunningRegistry

BY_NAME = {topic.name: topic for topic in TOPICS}


def test_names_say_area_noun_and_version_and_are_unique() -> None:
    assert len(BY_NAME) == len(TOPICS)
    assert all(re.fullmatch(r"hub\.[a-z]+\.[a-z-]+\.v1", name) for name in BY_NAME)


def test_every_kind_of_event_has_its_intake_topic() -> None:
    assert {intake_topic(kind) for kind in EVENT_TYPES} <= BY_NAME.keys()


def test_the_whole_person_path_has_the_same_partitions() -> None:
    person_path = [t for name, t in BY_NAME.items() if name.startswith(("hub.intake.", "hub.person.", "hub.identity."))]
    assert all(topic.partitions == 0 for topic in person_path if topic.name != REVIEW_TOPIC)
    assert BY_NAME[TALLY_TOPIC].partitions == BY_NAME[REVIEW_TOPIC].partitions == 1  # a decision's place is its number


def test_only_what_subscribers_read_is_held_to_both_directions() -> None:
    public = {topic.name for topic in TOPICS if topic.public}
    assert public == {NEED_TOPIC, "hub.alert.site.v1", "hub.equity.measure.v1", "hub.equity.supply.v1"}
    assert BY_NAME[NEED_TOPIC].level == "FULL_TRANSITIVE"
    assert BY_NAME[PERSON_TOPIC].level == "BACKWARD_TRANSITIVE"
    assert delivery("meals", SupportNeed).public


def test_the_person_topic_has_a_subject_per_record() -> None:
    topic = BY_NAME[PERSON_TOPIC]
    assert topic.subject(Tick) == "hub.person.event.v1-hub.Tick"
    assert topic.subject(Membership) != topic.subject(Tick)
    assert BY_NAME[NEED_TOPIC].subject(SupportNeed) == "hub.alert.support-need.v1-value"


def test_a_topic_is_compacted_or_kept_for_its_days() -> None:
    assert BY_NAME[NEED_TOPIC].settings(2)["cleanup.policy"] == "compact"
    raw = BY_NAME["hub.intake.raw.v1"].settings(1)
    assert (raw["cleanup.policy"], raw["retention.ms"]) == ("delete", str(30 * 86_400_000))
    assert BY_NAME[PERSON_TOPIC].settings(1)["retention.ms"] == "-1"
    reviews = BY_NAME[REVIEW_TOPIC].settings(1)  # what people decided: all of it, for ever
    assert (reviews["cleanup.policy"], reviews["retention.ms"]) == ("delete", "-1")
    assert BY_NAME[NEED_TOPIC].settings(2)["min.insync.replicas"] == "2"
    assert changelog("c", {"segment.ms": "1"}).settings(1)["segment.ms"] == "1"


PROFILE: dict[str, Any] = {"partitions": 3, "replication": 1, "min_insync_replicas": 1}


def two_topics() -> list[Topic]:
    name = uuid.uuid4().hex[:10]
    return [Topic(f"a-{name}", "k", (SupportNeed,), compacted=True), Topic(f"b-{name}", "k", partitions=1, days=2)]


@pytest.mark.live
def test_applying_twice_creates_then_verifies(broker: Any) -> None:
    wanted = two_topics()
    assert [each.did for each in apply_topics(broker.bootstrap, wanted, **PROFILE)] == ["created", "created"]
    again = apply_topics(broker.bootstrap, wanted, **PROFILE)
    assert [(each.did, each.partitions) for each in again] == [("verified", 3), ("verified", 1)]


@pytest.mark.live
def test_a_setting_that_drifted_is_put_right(broker: Any) -> None:
    wanted = two_topics()
    apply_topics(broker.bootstrap, wanted, **PROFILE)
    wanted[1] = replace(wanted[1], days=3)
    assert apply_topics(broker.bootstrap, wanted, **PROFILE)[1].changed == ("retention.ms",)
    admin, resource = (
        AdminClient({"bootstrap.servers": broker.bootstrap}),
        ConfigResource(ResourceType.TOPIC, wanted[1].name),
    )
    assert admin.describe_configs([resource])[resource].result(20)["retention.ms"].value == str(3 * 86_400_000)


@pytest.mark.live
def test_another_number_of_partitions_is_refused(broker: Any) -> None:
    wanted = two_topics()
    apply_topics(broker.bootstrap, wanted, **PROFILE)
    with pytest.raises(ConfigError, match="has 3 partitions, not 5"):
        apply_topics(broker.bootstrap, wanted, **{**PROFILE, "partitions": 5})


@pytest.mark.live
def test_more_replicas_than_brokers_are_refused(broker: Any) -> None:
    with pytest.raises(ConfigError, match="INVALID_REPLICATION_FACTOR"):
        apply_topics(broker.bootstrap, two_topics(), **{**PROFILE, "replication": 3})


@pytest.mark.live
def test_schemas_are_registered_under_their_level(registry: RunningRegistry) -> None:
    ids, wanted = SchemaIds(registry.url), two_topics()
    assert apply_schemas(ids, wanted) == 1
    assert apply_schemas(ids, wanted) == 1
    assert ids._level(wanted[0].subject(SupportNeed)) == "BACKWARD_TRANSITIVE"
    ids.close()


def test_a_broker_that_is_away_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.bus.topic_admin._TIMEOUT_S", 0.5)
    with pytest.raises(RetryError):
        apply_topics("127.0.0.1:1", two_topics(), **PROFILE)
