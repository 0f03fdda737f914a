"""Positions on the bus: sealed, kept per connector and stream, and known only once the broker has them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub.bench.real import NumberedSchemas
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming
from hub.bus.position import POSITION_TOPIC
from hub.bus.topics import TOPICS
from hub.connectors.positions import PositionUnreadable
from hub.errors import RetryError
from hub.privacy.secrets import make_secret
from hub.privacy.vault import Vault
from hub.wiring_positions import PositionLog
from tests.fakes import FakeBus

CURSOR = {"after": ["2021-02-01", "MRN-made-up-77"]}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    make_secret(tmp_path / "kek")
    return Vault.from_files(tmp_path / "keys.sqlite", tmp_path / "kek")


@pytest.fixture
def codec() -> Codec:
    made = Codec(NumberedSchemas(), [topic for topic in TOPICS if topic.name == POSITION_TOPIC])
    made.open()
    return made


def log_of(bus: FakeBus, codec: Codec, vault: Vault) -> PositionLog:
    def read() -> dict[bytes, Incoming]:
        found = {}
        for n, (topic, key, value, _partition, _headers) in enumerate(bus.log):
            assert key is not None
            found[key] = Incoming(topic, 0, n, key, value, (), 0)
        return found

    return PositionLog(read, bus, codec, vault)


def test_a_position_outlives_its_process_and_is_its_connectors_own(codec: Codec, vault: Vault) -> None:
    async def scene() -> None:
        bus = FakeBus()
        store = log_of(bus, codec, vault).of_connector("lab")
        assert await store.load("all") is None
        await store.save("all", {"after": 1})
        await store.save("all", CURSOR)
        assert await store.load("all") == CURSOR
        another = log_of(bus, codec, vault)
        assert await another.of_connector("lab").load("all") == CURSOR
        assert await another.of_connector("lab").load("other") is None
        assert await another.of_connector("pantry").load("all") is None
        assert {record[1] for record in bus.log} == {b"lab all"}

    asyncio.run(scene())


def test_what_a_position_holds_cannot_be_read_on_the_bus(codec: Codec, vault: Vault) -> None:
    async def scene() -> None:
        bus = FakeBus()
        await log_of(bus, codec, vault).of_connector("lab").save("all", CURSOR)
        assert b"MRN" not in repr(bus.log).encode()

    asyncio.run(scene())


def test_a_save_that_was_not_confirmed_is_not_known(codec: Codec, vault: Vault) -> None:
    async def scene() -> None:
        bus = FakeBus()
        store = log_of(bus, codec, vault).of_connector("lab")
        assert await store.load("all") is None
        bus.away = True
        with pytest.raises(RetryError):
            await store.save("all", CURSOR)
        assert await store.load("all") is None

    asyncio.run(scene())


def test_a_position_of_another_hub_stops_the_connector_instead_of_starting_anew(
    codec: Codec, vault: Vault, tmp_path: Path
) -> None:
    async def scene() -> None:
        bus = FakeBus()
        await log_of(bus, codec, vault).of_connector("lab").save("all", CURSOR)
        make_secret(tmp_path / "another-kek")
        stranger = Vault.from_files(tmp_path / "another.sqlite", tmp_path / "another-kek")
        with pytest.raises(PositionUnreadable, match="position-unreadable"):
            await log_of(bus, codec, stranger).of_connector("lab").load("all")

    asyncio.run(scene())
