"""What stands on the broker: sealed, keyed by a token, headed by CloudEvents; and the answers a laboratory gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from hub.bus.codec import Codec
from hub.bus.dead_letter import ORIGINAL_FIELD, RAW_TOPIC, REJECTED_TOPIC, Kept, Original, each_of, kept
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS
from hub.connectors.door import Problem, Unit
from hub.connectors.originals import ToKeep
from hub.connectors.packing import Outgoing
from hub.domain.events import EVENT_TYPES, PLACE_KINDS, Coverage, Event, PersonBlock, Sealed
from hub.errors import Reject
from hub.privacy.agreements import example_agreement
from hub.privacy.vault import Vault
from hub.wiring_outgoing import BusPublisher, SealedPack
from hub.wiring_reading import OFFLINE_IDS, Reader, catalogue
from tests.connectors.made_up_lab import message
from tests.connectors.upload.stating import an_event

LAB = "lab-elr-hl7v2"
UNIT = Unit("Mary_Madeup_1980.hl7", message(7))


class LocalIds(SchemaIds):
    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def register(self, subject: str, schema: dict[str, Any]) -> int:
        self._texts[len(self._texts) + 1] = json.dumps(schema)
        return len(self._texts)

    def text(self, schema_id: int) -> str:
        return self._texts[schema_id]


@pytest.fixture(scope="module")
def codec() -> Codec:
    made = Codec(LocalIds(), TOPICS)
    made.open()
    return made


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = Vault(tmp_path / "keys.sqlite", b"k" * 32)
    yield made
    made.close()


@pytest.fixture
def pack(codec: Codec, vault: Vault) -> SealedPack:
    return SealedPack(LAB, codec, vault, now=lambda: datetime(2021, 2, 5, tzinfo=UTC))


@pytest.fixture
def event() -> Event:
    agreement = example_agreement(LAB)
    mapped = next(Reader(catalogue()[LAB], agreement, OFFLINE_IDS)(UNIT))
    assert mapped.event is not None
    return agreement.grant(mapped.event)


def bare(outgoing: Outgoing) -> bytes:
    """Every byte that stands in the clear on the broker or in a header."""
    _topic, key, value, _partition, headers = outgoing
    return b"|".join(
        [key or b"", value or b"", *(part for name, text in headers or [] for part in (name.encode(), text))]
    )


def test_an_event_goes_out_sealed_under_its_source_person(
    pack: SealedPack, codec: Codec, vault: Vault, event: Event
) -> None:
    pack.prepare([event.source_person or ""])
    topic, key, value, partition, headers = outgoing = pack.event(event)
    assert (topic, key, partition) == ("hub.intake.lab-result.v1", (event.source_person or "").encode(), None)
    assert isinstance(event.person, PersonBlock)
    for canary in (b"Madeup7", b"L00007", b"1980-01-01", b"Nowhere"):
        assert canary not in bare(outgoing)
    decoded = codec.decode(value)
    assert isinstance(decoded, Event)
    assert vault.open_person(decoded) == event.person
    assert dict(headers or []) == {
        "ce_specversion": b"1.0", "ce_id": event.event_id.encode(), "ce_source": b"/hub/lab-elr-hl7v2",
        "ce_type": b"hub.intake.lab-result.v1", "content-type": b"application/avro",
        "ce_time": b"2021-02-05T00:00:00.000Z",
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(EVENT_TYPES))
def test_a_place_is_keyed_by_its_site_and_everything_else_by_its_person(
    kind: str, pack: SealedPack, vault: Vault, codec: Codec
) -> None:
    vault.ensure_keys(["p1"])
    event = an_event(kind, "f", "a")
    topic, key, value, *_ = pack.event(event)
    assert (topic, key) == (f"hub.intake.{kind}.v1", b"s" if kind in PLACE_KINDS else b"p1")
    assert codec.decode(value) == event


def test_the_number_of_a_member_is_sealed_with_its_person(pack: SealedPack, vault: Vault, codec: Codec) -> None:
    vault.ensure_keys(["p1"])
    event = an_event("coverage", "f", "a").model_copy(update={"person": PersonBlock(member_id="MEDI-99887766")})
    _, _, value, *_ = pack.event(event)
    assert value is not None
    assert b"MEDI-99887766" not in value
    told = codec.decode(value)
    assert isinstance(told, Coverage)
    assert isinstance(told.person, Sealed)


def test_an_original_dies_with_the_key_of_its_person(
    pack: SealedPack, codec: Codec, vault: Vault, event: Event
) -> None:
    outgoing = pack.original(event, UNIT.content, UNIT, "message 1")  # type: ignore[arg-type]
    assert b"Madeup" not in bare(outgoing)
    _, fields = codec.decode_dict(outgoing[2])
    sealed = Sealed(**fields["original"])
    assert vault.open(sealed, RAW_TOPIC, ORIGINAL_FIELD) == message(7)
    vault.erase(event.source_person or "")
    with pytest.raises(Reject, match="key-erased"):
        vault.open(sealed, RAW_TOPIC, ORIGINAL_FIELD)


def test_originals_of_several_people_share_a_record_and_each_dies_with_the_key_of_its_own(
    pack: SealedPack, codec: Codec, vault: Vault, event: Event
) -> None:
    people = ["p1", "p2", None]
    rows = [
        ToKeep(
            UNIT,
            event.model_copy(update={"source_person": who, "event_id": f"e{n}"}),
            message(n),
            f"message {n}",
            b"H\r",
            "f",
        )
        for n, who in enumerate(people)
    ]
    [outgoing] = pack.originals(rows)
    assert b"Madeup" not in bare(outgoing)
    told = codec.decode(outgoing[2])
    assert isinstance(told, Original)
    each = list(each_of(told))
    assert [(one.event_id, one.where, one.file) for one in each] == [
        (f"e{n}", f"message {n}", UNIT.token) for n in range(3)
    ]
    assert [kept(vault.open(one.original, RAW_TOPIC, ORIGINAL_FIELD)) for one in each] == [
        Kept(message(n), b"H\r", "f") for n in range(3)
    ]
    vault.erase("p2")
    with pytest.raises(Reject, match="key-erased"):
        vault.open(each[1].original, RAW_TOPIC, ORIGINAL_FIELD)
    assert vault.open(each[0].original, RAW_TOPIC, ORIGINAL_FIELD)


def test_originals_of_several_units_share_a_record_and_say_which_each_is_of(
    pack: SealedPack, codec: Codec, vault: Vault, event: Event
) -> None:
    units = [Unit(f"message-{n}", message(n)) for n in range(4)]
    rows = [
        ToKeep(units[n], event.model_copy(update={"event_id": f"e{n}-{again}"}), message(n), "message 1")
        for n in range(4)
        for again in range(2)
    ]
    [outgoing] = pack.originals(rows)
    each = list(each_of(cast(Original, codec.decode(outgoing[2]))))
    assert [(one.event_id, one.file) for one in each] == [(row.event.event_id, row.unit.token) for row in rows]
    assert [vault.open(one.original, RAW_TOPIC, ORIGINAL_FIELD) for one in each] == [row.raw for row in rows]


def test_many_originals_are_as_few_records_as_the_broker_takes(pack: SealedPack, codec: Codec, event: Event) -> None:
    rows = [ToKeep(UNIT, event, b"%060000d" % n, f"row {n}") for n in range(70)]
    made = pack.originals(rows)
    told = [one for outgoing in made for one in each_of(cast(Original, codec.decode(outgoing[2])))]
    assert [one.where for one in told] == [f"row {n}" for n in range(70)]
    assert 1 < len(made) < 20
    assert all(len(value or b"") < 1_000_000 for _, _, value, _, _ in made)


def test_a_dead_letter_keeps_the_original_encrypted_and_the_file_name_out(
    pack: SealedPack, codec: Codec, vault: Vault
) -> None:
    outgoing = pack.dead_letter(Problem("no-patient", "map", "message 1", UNIT.name), message(7), UNIT)
    assert outgoing[:2] == (REJECTED_TOPIC, b"lab-elr-hl7v2")
    assert b"Madeup" not in bare(outgoing)
    _, fields = codec.decode_dict(outgoing[2])
    assert (fields["reason"], fields["stage"], fields["where"], fields["file"]) == (
        "no-patient",
        "map",
        "message 1",
        UNIT.token,
    )
    assert vault.open(Sealed(**fields["original"]), REJECTED_TOPIC, ORIGINAL_FIELD) == message(7)


def test_a_repeated_dead_letter_has_the_same_id(pack: SealedPack) -> None:
    first, second = (pack.dead_letter(Problem("no-patient", "map", "message 1"), b"x", UNIT) for _ in range(2))
    assert dict(first[4] or [])["ce_id"] == dict(second[4] or [])["ce_id"]


def test_a_hard_stop_keeps_nothing_of_the_record(pack: SealedPack, codec: Codec) -> None:
    _, fields = codec.decode_dict(pack.dead_letter(Problem("no-consent", "map", "row 2"), None, UNIT)[2])
    assert (fields["original"], fields["content_hash"], fields["size"]) == (None, None, 0)


def test_a_broker_that_does_not_answer_is_not_reachable() -> None:
    publisher = BusPublisher(DurableProducer("127.0.0.1:1", delivery_timeout_ms=200), ask_s=0.2)
    assert asyncio.run(publisher.reachable()) is False
