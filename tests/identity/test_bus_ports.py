from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.bus.codec import Codec
from hub.bus.consumer import Incoming
from hub.bus.dead_letter import StreamRejected
from hub.bus.topics import REVIEW_TOPIC, TOPICS
from hub.domain.events import ShelterStay
from hub.domain.identity_events import Decision, Link
from hub.domain.identity_reviews import reviewed
from hub.domain.person_events import Membership, person_event
from hub.errors import Reject
from hub.identity.bus_ports import INTAKE_TOPICS, READ_TOPICS, BusWire, taken_in
from hub.privacy.vault import ERASED, Vault
from tests.identity.fake_log import stay_of


class NumberedSchemas:
    """A registry in memory."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}

    def register(self, _subject: str, schema: dict[str, Any]) -> int:
        self.texts[len(self.texts) + 1] = json.dumps(schema)
        return len(self.texts)

    def text(self, schema_id: int) -> str:
        return self.texts[schema_id]

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def codec() -> Codec:
    made = Codec(NumberedSchemas(), TOPICS)
    made.open()
    return made


@pytest.fixture
def wire(codec: Codec, tmp_path: Path) -> BusWire:
    return BusWire(codec, Vault(tmp_path / "keys.sqlite", b"k" * 32))


def record(value: bytes | None, *headers: tuple[str, bytes]) -> Incoming:
    return Incoming("hub.intake.shelter-stay.v1", 2, 7, b"k", value, headers, 1_600_000_000_000)


def test_identify_reads_every_kind_of_event_but_those_of_places() -> None:
    assert not {"hub.intake.site.v1", "hub.intake.service.v1", "hub.intake.vaccine-supply.v1"} & set(INTAKE_TOPICS)
    assert {"hub.intake.person.v1", "hub.intake.referral.v1", "hub.intake.consent.v1"} <= set(INTAKE_TOPICS)
    assert len(INTAKE_TOPICS) == 12


def test_an_event_comes_back_as_it_was_encoded(wire: BusWire, codec: Codec) -> None:
    event = stay_of("a", 1)
    assert wire.event(record(codec.encode("hub.intake.shelter-stay.v1", event))) == event


@pytest.mark.parametrize("value", [None, b"", b"\0\0\0\0\1", b"junk" * 9])
def test_what_is_no_event_is_rejected(wire: BusWire, value: bytes | None) -> None:
    with pytest.raises(Reject):
        wire.event(record(value))


def test_a_record_of_another_type_is_no_event(wire: BusWire, codec: Codec) -> None:
    link = Link(source_person="a", person_key="p", link_revision=1)
    with pytest.raises(Reject, match="invalid-event"):
        wire.event(record(codec.encode("hub.identity.link.v1", link)))


def test_each_model_goes_to_its_topic_with_an_id_that_a_repeat_has_too(wire: BusWire) -> None:
    because = record(b"", ("ce_time", b"2021-01-01T09:12:00Z"))
    decision = Decision(
        decision=4,
        grade="link",
        person_key="p",
        evidence=(),
        model="m",
        actor="a",
        moved=("s",),
        before=None,
        after="p",
    )
    told = {
        "hub.identity.link.v1": (Link(source_person="s", person_key="p", link_revision=2), "s", b"s.2"),
        "hub.identity.decision.v1": (decision, "p", b"decision.4"),
        "hub.person.event.v1": (Membership(source_person="s", revision=2, owner="p"), "q", b"s.2.q"),
    }
    for topic, (model, key, identity) in told.items():
        found, found_key, _, partition, headers = wire.out(model, key, because)
        assert (found, found_key, partition) == (topic, key.encode(), None)
        assert dict(headers or ())["ce_id"] == identity
        assert dict(headers or ())["ce_time"] == b"2021-01-01T09:12:00.000Z"


def test_a_person_event_too_large_for_the_broker_is_rejected_before_it_is_in_the_outbox(wire: BusWire) -> None:
    huge = stay_of("a", 1).model_copy(update={"issues": ("x" * 3_995_000,)})
    made = person_event(huge, person_key="p", link_revision=1, birth_year_month=None, county=None, postal_code=None)
    with pytest.raises(Reject, match="too-large"):
        wire.out(made, "p", record(b""))


def test_a_dead_letter_holds_the_record_sealed_and_says_where_it_stood(wire: BusWire, codec: Codec) -> None:
    topic, key, value, _, _ = wire.dead_letter(record(b"Brumblethwaite"), Reject("undecodable", "decode"))
    letter = codec.decode(value)
    assert isinstance(letter, StreamRejected)
    assert (topic, key, letter.partition, letter.offset, letter.reason) == (
        "hub.stream.rejected.v1", b"k", 2, 7, "undecodable",
    )  # fmt: skip
    assert b"Brumblethwaite" not in (value or b"")


@pytest.mark.parametrize("header", [b"not a time", b"\xff"])
def test_the_time_of_a_record_is_its_connectors_else_the_brokers(header: bytes) -> None:
    assert taken_in(record(b"", ("ce_time", b"2021-01-01T09:12:00.500Z"))) == datetime(
        2021, 1, 1, 9, 12, 0, 500_000, UTC
    )
    assert taken_in(record(b"")) == taken_in(record(b"", ("ce_time", header))) == datetime.fromtimestamp(1.6e9, UTC)


def test_a_shelter_stay_keeps_its_type(wire: BusWire, codec: Codec) -> None:
    assert isinstance(wire.event(record(codec.encode("hub.intake.shelter-stay.v1", stay_of("a", 1)))), ShelterStay)


def test_a_decision_is_what_stands_on_the_topic_of_decisions_and_nowhere_else(codec: Codec, wire: BusWire) -> None:
    assert set(READ_TOPICS) == {*INTAKE_TOPICS, REVIEW_TOPIC}
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    made = reviewed("b", "a", "same", reason="document-seen", actor="r.lopez", decided_at=at)
    told = record(codec.encode(REVIEW_TOPIC, made))
    assert wire.decision(told) is None  # it came on an intake topic
    with pytest.raises(Reject, match="invalid-event"):
        wire.event(told)
    assert wire.decision(told._replace(topic=REVIEW_TOPIC)) == made
    event = record(codec.encode("hub.intake.shelter-stay.v1", stay_of("a", 1)))._replace(topic=REVIEW_TOPIC)
    with pytest.raises(Reject, match="invalid-event"):
        wire.decision(event)
    with pytest.raises(Reject, match="no-value"):
        wire.decision(event._replace(value=None))


def test_a_dead_letter_of_who_was_erased_has_no_body_and_their_link_is_taken_back(wire: BusWire, codec: Codec) -> None:
    _, _, value, _, _ = wire.dead_letter(record(b"Brumblethwaite"), Reject(ERASED, "open"))
    letter = codec.decode(value)
    assert isinstance(letter, StreamRejected)
    assert letter.original is None
    topic, key, gone, _, headers = wire.unlinked("s", 7, record(b""))
    assert (topic, key, gone, dict(headers or ())["ce_id"]) == ("hub.identity.link.v1", b"s", None, b"s.7")
