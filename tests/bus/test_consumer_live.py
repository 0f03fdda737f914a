"""Batches, commits, static membership and whole topics on the live broker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from hub.bus.consumer import Incoming, WorkerConsumer, latest_by_key, read_to_end
from hub.bus.producer import DurableProducer
from hub.bus.topic_admin import apply_topics
from hub.bus.topics import Topic
from hub.errors import ConfigError

pytestmark = pytest.mark.live


@pytest.fixture
def topic(broker: Any) -> str:
    name = f"c-{uuid.uuid4().hex[:10]}"
    apply_topics(
        broker.bootstrap, [Topic(name, "k", compacted=True)], partitions=3, replication=1, min_insync_replicas=1
    )
    return name


@pytest.fixture
def producer(broker: Any) -> Iterator[DurableProducer]:
    made = DurableProducer(broker.bootstrap)
    yield made
    made.close()


def fill(producer: DurableProducer, topic: str, count: int) -> None:
    for n in range(count):
        producer.produce(topic, b"%d" % (n % 7), b"%d" % n, headers=[("ce_id", b"%d" % n)])
    producer.flush()


def drained(consumer: WorkerConsumer, count: int) -> list[Incoming]:
    found: list[Incoming] = []
    for _ in range(300):
        found += consumer.poll_batch(100, 0.2)
        if len(found) >= count:
            break
    return found


def test_what_is_not_committed_comes_again_and_what_is_does_not(
    broker: Any, topic: str, producer: DurableProducer
) -> None:
    fill(producer, topic, 50)
    group = f"g-{topic}"
    first = WorkerConsumer(broker.bootstrap, group, [topic])
    records = drained(first, 50)
    assert sorted(int(record.value or b"") for record in records) == list(range(50))
    assert records[0].headers[0][0] == "ce_id"
    assert first.lag() == 50
    done = [record for record in records if record.partition == records[0].partition]
    first.commit(done)
    assert first.lag() == 50 - len(done)
    first.close()
    second = WorkerConsumer(broker.bootstrap, group, [topic])
    again = drained(second, 50 - len(done))
    assert {(r.partition, r.offset) for r in again} == {(r.partition, r.offset) for r in records if r not in done}
    second.close()


def test_a_rewound_batch_is_read_again(broker: Any, topic: str, producer: DurableProducer) -> None:
    fill(producer, topic, 20)
    consumer = WorkerConsumer(broker.bootstrap, f"g-{topic}", [topic])
    records = drained(consumer, 20)
    consumer.rewind(records)
    assert sorted(drained(consumer, 20)) == sorted(records)
    consumer.close()


def test_a_static_member_takes_its_partitions_back(broker: Any, topic: str, producer: DurableProducer) -> None:
    fill(producer, topic, 5)
    gained: list[tuple[str, int]] = []
    for _ in range(2):
        consumer = WorkerConsumer(broker.bootstrap, f"g-{topic}", [topic], instance_id="only", on_assign=gained.extend)
        drained(consumer, 5)
        assert consumer.owned() == {(topic, 0), (topic, 1), (topic, 2)}
        consumer.close()
    assert len(gained) == 6


def test_a_compacted_topic_says_the_last_of_each_key(broker: Any, topic: str, producer: DurableProducer) -> None:
    fill(producer, topic, 70)
    producer.produce(topic, b"3", None)
    producer.flush()
    assert len(list(read_to_end(broker.bootstrap, topic))) == 71
    latest = latest_by_key(broker.bootstrap, topic)
    assert {key: record.value for key, record in latest.items()} == {
        b"%d" % n: b"%d" % (63 + n) for n in range(7) if n != 3
    }


def test_an_empty_topic_ends_at_once(broker: Any, topic: str) -> None:
    assert list(read_to_end(broker.bootstrap, topic)) == []


def test_what_a_transaction_took_back_is_not_read(broker: Any, topic: str) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": topic})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"gone", b"k")
    producer.flush(120)
    producer.abort_transaction(20)
    producer.begin_transaction()
    producer.produce(topic, b"kept", b"k")
    producer.commit_transaction(20)
    assert [record.value for record in read_to_end(broker.bootstrap, topic)] == [b"kept"]


def test_a_topic_that_is_not_there_is_a_matter_of_configuration(broker: Any) -> None:
    with pytest.raises(ConfigError):
        list(read_to_end(broker.bootstrap, "no-such-topic"))
    consumer = WorkerConsumer(broker.bootstrap, "g-nothing", ["no-such-topic"])
    with pytest.raises(ConfigError):
        drained(consumer, 1)
    consumer.close()
