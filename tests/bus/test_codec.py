"""Strict on both sides: nothing that a model would refuse is written, nothing that was not written is read."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.bus.avro_parse import parse_node
from hub.bus.avro_schema import avro_schema
from hub.bus.cloud_events import cloud_events_headers
from hub.bus.codec import MAX_VALUE_BYTES, Codec, is_bounded
from hub.bus.topics import PERSON_TOPIC, TALLY_TOPIC, TOPICS, intake_topic
from hub.domain.events import Coded, Event, LabResult, PersonBlock, RaceEthnicity, Sealed
from hub.domain.person_events import Carry, Membership, Tick, person_event
from hub.domain.tallies import Tally
from hub.errors import ConfigError, Reject

LAB_TOPIC = intake_topic("lab-result")


class ListedIds:
    """A registry in memory: ids count up from 1."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}

    def register(self, subject: str, schema: dict[str, Any]) -> int:
        return self.add(json.dumps(schema))

    def add(self, text: str) -> int:
        self.texts.setdefault(len(self.texts) + 1, text)
        return next(n for n, known in self.texts.items() if known == text)

    def text(self, schema_id: int) -> str:
        if schema_id not in self.texts:
            raise Reject("unknown-schema", "decode")
        return self.texts[schema_id]

    def close(self) -> None:
        self.texts.clear()


@pytest.fixture
def ids() -> ListedIds:
    return ListedIds()


@pytest.fixture
def codec(ids: ListedIds) -> Codec:
    made = Codec(ids, TOPICS)
    made.open()
    return made


def lab_result(**changes: Any) -> LabResult:
    return LabResult(
        **{
            "event_id": "e1",
            "source": "lab-elr-hl7v2",
            "source_person": "sp1",
            "fact_key": "f1",
            "changed_at": datetime(2021, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
            "status_rank": 3,
            "content_hash": "c1",
            "mapping_version": 1,
            "occurred_on": date(2021, 1, 1),
            "active": True,
            "agreement_id": "lab",
            "labels": ("R", "N"),
            "purposes": ("support",),
            "race_ethnicity": RaceEthnicity(groups=("black", "hispanic")),
            "person": Sealed(key_id="sp1", ciphertext=b"\x00\xff" * 40),
            "meaning": "positive",
            "status": "final",
            "processing": "production",
            "method": "molecular",
            "loinc": "94500-6",
            "observation_key": "o1",
            "report_key": "r1",
            "test": Coded(code="94500-6", system="LN"),
            **changes,
        }
    )


def on_person_topic(event: Event) -> Any:
    return person_event(
        event, person_key="p1", link_revision=2, birth_year_month="1980-01", county=None, postal_code=None
    )


def test_an_event_comes_back_as_it_went(codec: Codec) -> None:
    event = lab_result()
    value = codec.encode(LAB_TOPIC, event)
    assert value[0] == 0
    assert codec.decode(value) == event
    kind, fields = codec.decode_dict(value)
    assert kind == "lab-result"
    assert fields["changed_at"] == event.changed_at
    assert fields["occurred_on"] == date(2021, 1, 1)
    assert fields["person"] == {"key_id": "sp1", "ciphertext": b"\x00\xff" * 40}


def test_every_record_of_the_person_topic_has_a_schema_of_its_own(codec: Codec) -> None:
    records = [
        on_person_topic(lab_result()),
        Membership(source_person="sp1", revision=1, owner="p1"),
        Tick(as_of=date(2021, 3, 1)),
        Carry(source_person="sp1", revision=1, owner="p1", sub_history=b"\x01"),
    ]
    values = [codec.encode(PERSON_TOPIC, record) for record in records]
    assert [codec.decode(value) for value in values] == records
    assert [codec.decode_dict(value)[0] for value in values] == ["lab-result", "membership", "tick", "carry"]
    assert len({value[:5] for value in values}) == 4


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("status_rank", 1.9),
        ("status_rank", True),
        ("status_rank", "3"),
        ("mapping_version", 2**70),
        ("meaning", "maybe"),
        ("occurred_on", "2021-01-01"),
        ("active", 1),
        ("labels", ("R", 4)),
        ("source", None),
    ],
)
def test_what_the_model_refuses_is_never_written(codec: Codec, field: str, wrong: Any) -> None:
    event = lab_result().model_copy(update={field: wrong})
    with pytest.raises(Reject, match="encode:not-encodable"):
        codec.encode(LAB_TOPIC, event)


def test_an_unknown_field_is_never_written(codec: Codec) -> None:
    fields = {**Membership(source_person="s", revision=1, owner="p").model_dump(), "name": "x"}
    with pytest.raises(Reject, match="not-encodable"):
        codec.encode_dict(PERSON_TOPIC, Membership, fields)


def test_a_clear_person_block_never_leaves(codec: Codec) -> None:
    with pytest.raises(Reject, match="clear-person-block"):
        codec.encode(LAB_TOPIC, lab_result(person=PersonBlock(family_name="Made-Up")))
    fields = lab_result().model_dump() | {"person": {"family_name": "Made-Up"}}
    with pytest.raises(Reject, match="clear-person-block") as refused:
        codec.encode_dict(LAB_TOPIC, LabResult, fields)
    assert "Made-Up" not in repr(refused.value)


def test_a_sealed_block_is_written_in_place_of_the_clear_one_without_a_copy_of_the_event(codec: Codec) -> None:
    sealed, clear = Sealed(key_id="k", ciphertext=b"c" * 90), PersonBlock(family_name="Made-Up")
    for event in (lab_result(person=clear), lab_result(person=None), lab_result(person=clear, status_rank=2**62)):
        expected = codec.encode(LAB_TOPIC, event.model_copy(update={"person": sealed}))
        assert codec.encode(LAB_TOPIC, event, sealed) == expected
        assert b"Made-Up" not in expected
    refused = lab_result(person=clear).model_copy(update={"status": "maybe"})  # left to the slow way, which refuses it
    with pytest.raises(Reject, match="not-encodable"):
        codec.encode(LAB_TOPIC, refused, sealed)


def test_a_record_goes_only_on_a_topic_that_has_its_contract(codec: Codec) -> None:
    with pytest.raises(ConfigError):
        codec.encode(TALLY_TOPIC, Tick(as_of=date(2021, 1, 1)))


def test_junk_gets_a_reason_and_never_another_exception(codec: Codec, ids: ListedIds) -> None:
    good = codec.encode(TALLY_TOPIC, Tally(stratum="a|b", partition=1, count=3, version=9))
    foreign = ids.add('{"type":"record","name":"Foreign","fields":[]}')
    cases = [
        (None, "no-value"),
        (b"", "bad-magic"),
        (b"\x00\x00\x00", "bad-magic"),
        (b"\x01" + good[1:], "bad-magic"),
        (b'{"a": 1}', "bad-magic"),
        (b"\x00\x00\x00\xff\xff" + good[5:], "unknown-schema"),
        (b"\x00" + foreign.to_bytes(4, "big"), "unreadable-schema"),
        (good[:-1], "undecodable"),
        (good[:5] + b"\xff" * 40, "undecodable"),
        (good + b"\x00", "trailing-bytes"),
        (good + b" " * MAX_VALUE_BYTES, "too-large"),
    ]
    for value, reason in cases:
        with pytest.raises(Reject) as refused:
            codec.decode_dict(value)
        assert (refused.value.reason, refused.value.stage) == (reason, "decode")


def test_every_cut_and_flipped_byte_is_read_or_refused(codec: Codec) -> None:
    good = codec.encode(PERSON_TOPIC, on_person_topic(lab_result()))
    for position in range(5, len(good)):
        for junk in (good[:position], good[:position] + bytes([good[position] ^ 0x81]) + good[position + 1 :]):
            with contextlib.suppress(Reject):
                codec.decode(junk)


def test_a_word_outside_the_vocabulary_is_refused_on_reading(codec: Codec, ids: ListedIds) -> None:
    value = codec.encode(PERSON_TOPIC, Membership(source_person="s", revision=1, owner="p"))
    assert codec.decode(value).model_dump()["owner"] == "p"
    event = codec.encode(LAB_TOPIC, lab_result())
    with pytest.raises(Reject, match="decode:invalid-event"):
        codec.decode(event.replace(b"\x10positive", b"\x10positiva"))


def test_an_earlier_writer_is_read_through_our_schema(codec: Codec, ids: ListedIds) -> None:
    earlier = avro_schema(Tally)
    earlier["fields"].append({"name": "gone", "type": "string"})
    head = b"\x00" + ids.add(json.dumps(earlier)).to_bytes(4, "big")
    body = codec.encode(TALLY_TOPIC, Tally(stratum="a", partition=1, count=3, version=9))[5:]
    assert codec.decode_dict(head + body + b"\x02x") == (
        "tally",
        {"stratum": "a", "partition": 1, "count": 3, "version": 9, "rule": None},
    )


def test_a_schema_that_could_kill_the_reader_is_not_used(codec: Codec, ids: ListedIds) -> None:
    nothing = {"type": "record", "name": "Nothing", "fields": [{"name": "n", "type": "null"}]}
    bomb, deep = avro_schema(Tally), avro_schema(Tally)
    bomb["fields"].append({"name": "bomb", "type": {"type": "array", "items": nothing}})
    deep["fields"].append({"name": "deep", "type": ["null", "Tally"]})
    for schema in (bomb, deep):
        assert not is_bounded(parse_node(schema))
        with pytest.raises(Reject, match="unreadable-schema"):
            codec.decode_dict(b"\x00" + ids.add(json.dumps(schema)).to_bytes(4, "big") + b"\x00" * 9)


def test_every_contract_of_ours_is_bounded() -> None:
    assert all(is_bounded(parse_node(avro_schema(model))) for topic in TOPICS for model in topic.models)


def test_headers_are_cloud_events_in_binary_mode() -> None:
    headers = cloud_events_headers(
        event_id="e1", source="lab-elr-hl7v2", kind=LAB_TOPIC, received_at=datetime(2021, 1, 2, 3, 4, 5, tzinfo=UTC)
    )
    assert dict(headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"e1",
        "ce_source": b"/hub/lab-elr-hl7v2",
        "ce_type": b"hub.intake.lab-result.v1",
        "ce_time": b"2021-01-02T03:04:05.000Z",
        "content-type": b"application/avro",
    }
