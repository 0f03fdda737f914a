"""One key, one partition, whoever produces it (T14). Otherwise rows, tallies and memberships silently miss each other.

10,000 keys of the shapes the hub uses go through every way a record can take: the hub's producer, the hub's stream app
(outputs, changelog), stock Faust (`send`, `group_by`, changelog), and plain confluent-kafka, whose default disagrees.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.partitioner import murmur2
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from hub.bus.consumer import read_to_end
from hub.bus.producer import PARTITIONER, DurableProducer
from tests.streams.stage import Stage, build_stage, create_topics

pytestmark = [pytest.mark.live, pytest.mark.slow]

PARTITIONS = 4
COUNT = 10_000


def made_keys() -> list[bytes]:
    """Tokens as HMACs give them, strata, connector names, and odd lengths."""
    tokens = [hashlib.sha256(b"%d" % n).hexdigest()[: 20 + n % 33].encode() for n in range(COUNT - 2_000)]
    strata = [f"vaccinated|0600{n % 10}|race_ethnicity|group-{n}#{n % 4}".encode() for n in range(1_000)]
    odd = [(f"é{n}" * (n % 7 + 1)).encode() for n in range(1_000)]
    return [*tokens, *strata, *odd]


KEYS = made_keys()
EXPECTED = {key: (murmur2(key) & 0x7FFFFFFF) % PARTITIONS for key in KEYS}


def partitions_of(bootstrap: str, topic: str) -> dict[bytes, set[int]]:
    found: dict[bytes, set[int]] = {}
    for record in read_to_end(bootstrap, topic):
        found.setdefault(record.key or b"", set()).add(record.partition)
    return found


def misplaced(bootstrap: str, topic: str) -> int:
    """Keys of a topic that stand anywhere else than expected; all keys must be there."""
    found = partitions_of(bootstrap, topic)
    assert found.keys() == set(KEYS)
    return sum(found[key] != {EXPECTED[key]} for key in KEYS)


@pytest.fixture
def stage(broker: Any, tmp_path: Path) -> Iterator[Stage]:
    found = build_stage(broker.bootstrap, tmp_path)
    yield found
    found.stop_all()


def feed(stage: Stage) -> None:
    stage.feed((key, key) for key in KEYS)


def plain(bootstrap: str, **settings: Any) -> str:
    """A topic filled by a plain confluent-kafka producer."""
    topic = f"plain-{uuid.uuid4().hex[:8]}"
    create_topics(bootstrap, NewTopic(topic, PARTITIONS, 1))
    producer = Producer({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 2 * COUNT, **settings})
    for key in KEYS:
        producer.produce(topic, b"v", key)
    assert producer.flush(60) == 0
    return topic


def test_there_are_ten_thousand_keys() -> None:
    assert len(set(KEYS)) == COUNT


def test_the_hubs_producer_places_keys_by_murmur2(stage: Stage) -> None:
    feed(stage)
    assert misplaced(stage.bootstrap, stage.settings.source_topic) == 0


def test_nobody_can_talk_the_hubs_producer_into_another_partitioner(stage: Stage) -> None:
    producer = DurableProducer(stage.bootstrap, extra={"partitioner": "consistent_random"})
    for key in KEYS:
        producer.produce(stage.settings.source_topic, key, b"v")
    producer.flush()
    assert misplaced(stage.bootstrap, stage.settings.source_topic) == 0


def test_the_stream_app_puts_outputs_and_changelog_beside_their_source(stage: Stage) -> None:
    feed(stage)
    stage.start()
    stage.until_committed()
    assert misplaced(stage.bootstrap, stage.output_topic) == 0
    assert misplaced(stage.bootstrap, stage.settings.changelog_topic) == 0


def test_faust_places_sends_regrouped_records_and_its_changelog_alike(stage: Stage) -> None:
    feed(stage)
    with stock(stage):
        until(lambda: len(partitions_of(stage.bootstrap, stage.output_topic)) == COUNT)
    assert misplaced(stage.bootstrap, stage.output_topic) == 0
    assert misplaced(stage.bootstrap, regrouped(stage)) == 0
    changelog = partitions_of(stage.bootstrap, stage.settings.changelog_topic)
    assert all(where == {EXPECTED[key]} for key, where in changelog.items())
    assert len(changelog) > COUNT // 2  # its changelog may lag behind its outputs


def test_plain_confluent_kafka_agrees_only_when_told(stage: Stage) -> None:
    assert misplaced(stage.bootstrap, plain(stage.bootstrap, partitioner=PARTITIONER)) == 0
    assert misplaced(stage.bootstrap, plain(stage.bootstrap)) > COUNT // 2


def regrouped(stage: Stage) -> str:
    admin = AdminClient({"bootstrap.servers": stage.bootstrap})
    names = admin.list_topics(timeout=60).topics
    (found,) = (name for name in names if stage.settings.source_topic in name and name.endswith("-repartition"))
    return str(found)


def until(holds: Any, deadline_s: float = 120.0) -> None:
    deadline = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


@contextmanager
def stock(stage: Stage) -> Iterator[None]:
    told = {
        "bootstrap": stage.bootstrap,
        "app_id": stage.settings.app_id,
        "source": stage.settings.source_topic,
        "output": stage.output_topic,
        "datadir": str(stage.directory / "stock"),
    }
    command = [sys.executable, "-c", "from tests.bus.stock_group_by import regroup; regroup()"]
    with (stage.directory / "stock.log").open("ab") as log:
        process = subprocess.Popen(command, env={**os.environ, "HUB_STOCK": json.dumps(told)}, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()
