"""The only room with confluent_kafka and fastavro: topics, codec, registry, clients, dead letters, embedded broker."""
