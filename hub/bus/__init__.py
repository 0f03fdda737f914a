"""The only room with confluent_kafka and fastavro: topics, codec, registry, producer and consumer, dead letters, the embedded broker."""
