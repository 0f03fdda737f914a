"""Read the alerts that an agreement names, with nothing of the hub: pip install "confluent-kafka[avro,schemaregistry]".

usage: subscriber.py BOOTSTRAP REGISTRY_URL TOPIC     (addresses: hub status --json; ends after ten quiet seconds)

Keep the newest value of each key; a tombstone (no value) says that the alert is over. Drop what you have seen before.
"""

from __future__ import annotations

import sys
import uuid

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

QUIET_S = 10.0


def main(bootstrap: str, registry_url: str, topic: str) -> None:
    """Print each change and, at the end, how many alerts stand."""
    decode = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": f"example-{uuid.uuid4()}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    standing: dict[bytes, object] = {}
    while (record := consumer.poll(QUIET_S)) is not None:
        if record.error():
            sys.exit(f"the broker says: {record.error()}")
        if record.value() is None:
            standing.pop(record.key(), None)
            sys.stdout.write("over\n")
        else:
            standing[record.key()] = decode(record.value(), SerializationContext(topic, MessageField.VALUE))
            sys.stdout.write(f"{standing[record.key()]}\n")
    consumer.close()
    sys.stdout.write(f"{len(standing)} stand now\n")


main(*sys.argv[1:4])
