"""How far a consumer group is behind, asked from outside it: for barriers of the demo and for operators."""

from __future__ import annotations

import time
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from hub.bus.library_log import LIBRARY_LOG
from hub.errors import RetryError

__all__ = ["GroupLag", "watermarks"]

_NO_LEADER_YET = frozenset({
    KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART,
})  # fmt: skip


class GroupLag:
    """Reads committed offsets and ends of logs of `topics` for `group`; joins nothing, commits nothing."""

    def __init__(self, bootstrap: str, group: str, topics: Iterable[str]) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False}, logger=LIBRARY_LOG
        )
        self._topics = tuple(topics)
        self._partitions: list[TopicPartition] = []

    def records(self, timeout_s: float = 30.0) -> int:
        """Records not committed yet, over all partitions. RetryError when the broker does not answer."""
        try:
            if not self._partitions:
                self._partitions = self._find(timeout_s)
            total = 0
            for each in self._consumer.committed(self._partitions, timeout=timeout_s):
                low, high = watermarks(self._consumer, each, timeout_s)
                total += high - max(each.offset, low)
        except KafkaException as failure:
            raise RetryError(f"lag:{failure.args[0].name()}") from None
        return total

    def close(self) -> None:
        """Let the connection go."""
        self._consumer.close()

    def _find(self, timeout_s: float) -> list[TopicPartition]:
        known = self._consumer.list_topics(timeout=timeout_s).topics
        return [TopicPartition(topic, number) for topic in self._topics for number in sorted(known[topic].partitions)]


def watermarks(consumer: Consumer, place: TopicPartition, timeout_s: float) -> tuple[int, int]:
    """The first offset of a partition and the one after its last. A topic that was made a moment ago may have no leader that knows
    of it: that is waited for, for `timeout_s` at most. KafkaException otherwise."""
    until = time.monotonic() + timeout_s
    while True:
        try:
            low, high = consumer.get_watermark_offsets(place, timeout=timeout_s)
        except KafkaException as why:
            if why.args[0].code() not in _NO_LEADER_YET or time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return low, high
