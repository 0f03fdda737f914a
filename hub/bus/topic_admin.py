"""Makes the topics of the table at the broker, and the schemas of their values at the registry.

Idempotent: what is there is compared. A configuration that differs is set to the table's; a partition count that differs
is refused, because a key would move to another partition and leave its state behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from hub.bus.avro_schema import avro_schema
from hub.bus.topics import Topic
from hub.errors import ConfigError, RetryError

_TIMEOUT_S = 30.0


class Applied(NamedTuple):
    """What happened to one topic; `changed` names the settings that were put right."""

    name: str
    partitions: int
    did: Literal["created", "verified", "changed"]
    changed: tuple[str, ...] = ()


class SchemaAdmin(Protocol):
    """The registry (hub.bus.schema_registry.SchemaIds)."""

    def register(self, subject: str, schema: dict[str, Any]) -> int: ...

    def set_level(self, subject: str, level: str) -> None: ...


def apply_topics(
    bootstrap: str,
    topics: Sequence[Topic],
    *,
    partitions: int,
    replication: int,
    min_insync_replicas: int,
    extra: dict[str, Any] | None = None,
) -> list[Applied]:
    """Creates or verifies every topic, in the order given.

    `partitions`: of the person path. ConfigError where a partition count differs or the broker refuses (replicas it does
    not have); RetryError when it does not answer.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, **(extra or {})})
    try:
        there = admin.list_topics(timeout=_TIMEOUT_S).topics
        known = [topic for topic in topics if topic.name in there]
        for topic in known:
            _same_partitions(topic, there[topic.name], partitions)
        created = {topic.name for topic in topics if topic.name not in there}
        _create([t for t in topics if t.name in created], admin, partitions, replication, min_insync_replicas)
        changed = _put_right(known, admin, min_insync_replicas)
    except KafkaException as failure:
        raise _translate(failure.args[0]) from None
    return [_outcome(topic, created, changed, partitions) for topic in topics]


def topic_names(bootstrap: str) -> frozenset[str]:
    """The topics that the broker has, its own left out. RetryError when it does not answer."""
    try:
        there = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=_TIMEOUT_S).topics
    except KafkaException as failure:
        raise _translate(failure.args[0]) from None
    return frozenset(name for name in there if not name.startswith("__"))


def apply_schemas(ids: SchemaAdmin, topics: Iterable[Topic]) -> int:
    """Sets the level of each subject and registers its schema; how many subjects. ConfigError where one is refused."""
    count = 0
    for topic in topics:
        for model in topic.models:
            ids.set_level(topic.subject(model), topic.level)
            ids.register(topic.subject(model), avro_schema(model))
            count += 1
    return count


def _same_partitions(topic: Topic, found: TopicMetadata, partitions: int) -> None:
    wanted = topic.partitions or partitions
    if len(found.partitions) != wanted:
        raise ConfigError(
            f"{topic.name} has {len(found.partitions)} partitions, not {wanted}: partitions are never changed in place; "
            f"set `partitions` in settings.json to what is there, or start a new instance"
        )


def _create(topics: list[Topic], admin: AdminClient, partitions: int, replication: int, min_insync: int) -> None:
    if not topics:
        return
    wanted = [
        NewTopic(topic.name, topic.partitions or partitions, replication, config=topic.settings(min_insync))
        for topic in topics
    ]
    for future in admin.create_topics(wanted, operation_timeout=_TIMEOUT_S).values():
        try:
            future.result(_TIMEOUT_S)
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _put_right(topics: list[Topic], admin: AdminClient, min_insync: int) -> dict[str, tuple[str, ...]]:
    """Sets what differs from the table; the names of the settings by topic."""
    if not topics:
        return {}
    resources = {ConfigResource(ResourceType.TOPIC, topic.name): topic for topic in topics}
    wrong: list[ConfigResource] = []
    changed: dict[str, tuple[str, ...]] = {}
    for resource, future in admin.describe_configs(list(resources)).items():
        found = {name: entry.value for name, entry in future.result(_TIMEOUT_S).items()}
        topic = resources[resource]
        differing = {k: v for k, v in topic.settings(min_insync).items() if found.get(k) != v}
        if differing:
            changed[topic.name] = tuple(sorted(differing))
            entries = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in differing.items()]
            wrong.append(ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries))
    for future in admin.incremental_alter_configs(wrong).values() if wrong else ():
        future.result(_TIMEOUT_S)
    return changed


def _outcome(topic: Topic, created: set[str], changed: dict[str, tuple[str, ...]], partitions: int) -> Applied:
    count = topic.partitions or partitions
    if topic.name in created:
        return Applied(topic.name, count, "created")
    if topic.name in changed:
        return Applied(topic.name, count, "changed", changed[topic.name])
    return Applied(topic.name, count, "verified")


def _translate(error: KafkaError) -> Exception:
    if error.code() in (KafkaError.INVALID_REPLICATION_FACTOR, KafkaError.INVALID_CONFIG, KafkaError.POLICY_VIOLATION):
        return ConfigError(f"the broker refuses the topics: {error.name()}: {error.str()}")
    if error.code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED):
        return ConfigError(f"the broker does not allow it: {error.name()}")
    return RetryError(f"broker:{error.name()}")
