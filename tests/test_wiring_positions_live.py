"""Positions on a real broker: compaction by key, and another process finds the last one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from hub.bench.real import NumberedSchemas
from hub.bus.codec import Codec
from hub.bus.position import POSITION_TOPIC
from hub.bus.producer import DurableProducer
from hub.bus.topics import TOPICS
from hub.privacy.secrets import make_secret
from hub.privacy.vault import Vault
from hub.wiring_outgoing import BusPublisher
from hub.wiring_positions import PositionLog


@pytest.mark.live
def test_another_process_goes_on_where_the_broker_says(broker: Any, tmp_path: Path) -> None:
    [topic] = [topic for topic in TOPICS if topic.name == POSITION_TOPIC]
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    made = admin.create_topics([NewTopic(topic.name, topic.partitions, 1, config=topic.settings(1))])[topic.name]
    with suppress(KafkaException):  # another test of the session's broker was first
        made.result(60)
    assert POSITION_TOPIC in admin.list_topics(timeout=60).topics
    make_secret(tmp_path / "kek")
    vault = Vault.from_files(tmp_path / "keys.sqlite", tmp_path / "kek")
    codec = Codec(NumberedSchemas(), [topic])
    codec.open()
    producer = DurableProducer(broker.bootstrap)
    connector = f"pretend-{tmp_path.name}".replace("_", "-")

    def process() -> Any:
        return PositionLog.of(lambda: broker.bootstrap, BusPublisher(producer), codec, vault).of_connector(connector)

    async def scene() -> None:
        first = process()
        assert await first.load("all") is None
        for n in range(3):
            await first.save("all", {"next": n})
        assert await process().load("all") == {"next": 2}

    try:
        asyncio.run(scene())
    finally:
        producer.close()
        vault.close()
