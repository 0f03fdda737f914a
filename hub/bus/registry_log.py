"""The registry's topic: one compacted partition, read whole at start, written by one process at a time.

Each record is a transaction under one fixed transactional id: when a second registry starts, the broker fences the
first, whose next write fails, so that two processes can never give one id to two schemas. All calls block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from hub.bus.consumer import read_to_end
from hub.bus.producer import PARTITIONER
from hub.bus.topics import REGISTRY, REGISTRY_TOPIC
from hub.errors import ConfigError, FatalError, RetryError

_TIMEOUT_S = 20.0


class RegistryLog:
    """The log of a registry. `open` first; `append` returns when the brokers hold the record.

    RetryError: the broker did not answer. FatalError: another registry took over. ConfigError: the topic has more than
    one partition.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str = REGISTRY_TOPIC,
        *,
        replication: int = 1,
        min_insync_replicas: int = 1,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self._bootstrap, self._topic, self._extra = bootstrap, topic, extra or {}
        self._replication, self._min_insync = replication, min_insync_replicas
        self._producer: Producer | None = None

    def open(self) -> Iterator[tuple[bytes | None, bytes | None]]:
        """Makes the topic where it is missing, fences any earlier writer, then gives (key, value) of each record."""
        try:
            self._create()
            self._producer = Producer(
                {
                    "bootstrap.servers": self._bootstrap,
                    "partitioner": PARTITIONER,
                    "acks": "all",
                    "linger.ms": 0,
                    **self._extra,
                    "transactional.id": f"{self._topic}-writer",
                    "transaction.timeout.ms": int(_TIMEOUT_S * 1_000),
                }
            )
            self._producer.init_transactions(_TIMEOUT_S)
        except KafkaException as failure:
            raise _translate(failure.args[0]) from None
        for record in read_to_end(self._bootstrap, self._topic, extra=self._extra):
            yield record.key, record.value

    def append(self, key: bytes, value: bytes) -> None:
        """Writes one record; returns when it is confirmed."""
        producer = self._producer
        if producer is None:
            raise FatalError("registry-log-not-open")
        try:
            producer.begin_transaction()
            producer.produce(self._topic, value, key, 0)
            producer.commit_transaction(_TIMEOUT_S)
        except KafkaException as failure:
            raise _translate(failure.args[0]) from None

    def _create(self) -> None:
        admin = AdminClient({"bootstrap.servers": self._bootstrap, **self._extra})
        wanted = NewTopic(
            self._topic,
            num_partitions=1,
            replication_factor=self._replication,
            config=REGISTRY.settings(self._min_insync),
        )
        try:
            admin.create_topics([wanted], request_timeout=_TIMEOUT_S)[self._topic].result(_TIMEOUT_S)
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
            found = admin.list_topics(self._topic, timeout=_TIMEOUT_S).topics[self._topic]
            if len(found.partitions) > 1:
                raise ConfigError(f"{self._topic} must have one partition, it has {len(found.partitions)}") from None


def _translate(error: KafkaError) -> Exception:
    if error.fatal() or error.code() in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError._FATAL):
        return FatalError(f"registry-log-fenced:{error.name()}")
    return RetryError(f"registry-log:{error.name()}")
