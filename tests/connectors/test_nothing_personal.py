"""Canaries: what a connector logs, counts, keys and heads holds nothing of a person, whatever goes wrong."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from hub.bus.codec import Codec
from hub.bus.topics import TOPICS
from hub.connectors.door import Unit
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.watch import Watch
from hub.errors import RetryError
from hub.ops import logs, metrics
from hub.privacy.agreements import example_agreement
from hub.privacy.vault import Vault
from hub.wiring_outgoing import SealedPack
from hub.wiring_reading import OFFLINE_IDS, Reader, catalogue
from tests.connectors.made_up_lab import message
from tests.fakes import FakeBus, FakeDelivery, FakeDoor
from tests.test_wiring_outgoing import LocalIds

CANARY = "Canarybird"
LAB = "lab-elr-hl7v2"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything this process logs, as an installation writes it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    out = io.StringIO()
    logs.configure("connectors", level="DEBUG", stream=out)
    yield out
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


class Breaking(FakeDelivery):
    """A door whose answer fails with a text that holds a value."""

    async def ack(self, receipt: object) -> None:
        raise ValueError(f"cannot answer {CANARY}")


class Forgetful(FakeBus):
    """The first send fails with a text that should not hold a value, and does not."""

    failed = False

    async def send(self, outgoing: object) -> object:  # type: ignore[override]
        if not self.failed:
            self.failed = True
            raise RetryError("not-delivered")
        return await super().send(outgoing)  # type: ignore[arg-type]


def test_logs_metrics_keys_and_headers_hold_nothing_of_a_person(log: io.StringIO, tmp_path: Path) -> None:
    good = message(1).replace(b"Madeup1", CANARY.encode()).replace(b"L00001", CANARY.encode())
    path = tmp_path / f"{CANARY}.hl7"
    path.write_bytes(good)
    name = f"{CANARY}-1980-01-01.hl7"
    canary = CANARY.encode()
    contents = (good, good.replace(b"PID|", b"XXX|"), b"MSH|" + canary, canary, good.replace(b"2.5.1", canary))
    deliveries = [FakeDelivery(Unit(name, content), CANARY) for content in contents]
    deliveries += [
        Breaking(Unit(name, good), CANARY),
        FakeDelivery(Unit(name, tmp_path / CANARY), CANARY),  # not there
        FakeDelivery(Unit(name, b""), CANARY, fault="symbolic-link"),
    ]
    codec = Codec(LocalIds(), TOPICS)
    codec.open()
    vault = Vault(tmp_path / "keys.sqlite", b"k" * 32)
    agreement, bus = example_agreement(LAB), Forgetful()
    packer = Packer(Reader(catalogue()[LAB], agreement, OFFLINE_IDS), agreement, SealedPack(LAB, codec, vault))
    for round_ in (deliveries[:1], deliveries):
        asyncio.run(Intake(FakeDoor(round_), packer, bus, Watch(LAB), first_pause_s=0.0).run())  # type: ignore[arg-type]
    vault.close()

    written = log.getvalue()
    assert "not-delivered" in written
    assert "ValueError" in written
    assert len(bus.log) > 6
    clear = b"".join(
        part
        for topic, key, value, _, headers in bus.log
        for part in (topic.encode(), key or b"", value or b"", *(text for _, text in headers or []))
    )
    for word in (CANARY, CANARY.lower(), CANARY.upper(), "1980-01-01", "Nowhere"):
        assert word not in written
        assert word not in metrics.render().decode()
        assert word.encode() not in clear
