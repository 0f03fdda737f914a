"""A dead letter keeps the original sealed, or nothing of it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.bus.dead_letter import (
    MAX_ORIGINAL_BYTES,
    RAW_TOPIC,
    REJECTED_TOPIC,
    STREAM_REJECTED_TOPIC,
    Kept,
    Rejected,
    each_of,
    further,
    headed,
    kept,
    rejected,
    stream_rejected,
    together,
    under_head,
)
from hub.domain.events import Sealed
from hub.errors import Reject

NOW = datetime(2021, 1, 2, tzinfo=UTC)
RAW = b"PID|1||made-up"


def seal(data: bytes, *place: str) -> Sealed:
    """Stands for the vault: says what was sealed where."""
    return Sealed(key_id="once", ciphertext=hashlib.sha256(data).digest() + "/".join(place).encode())


def clear(data: bytes, *_place: str) -> Sealed:
    return Sealed(key_id="none", ciphertext=data)


def letter(raw: bytes | None, **changes: Any) -> Rejected:
    return rejected(
        seal,
        **{
            "connector": "lab-elr-hl7v2", "stage": "parse", "reason": "no-patient", "file": "f0", "where": "message 3",
            "raw": raw, "received_at": NOW, "mapping_version": 2, **changes,
        },
    )  # fmt: skip


def test_the_original_is_sealed_for_its_own_topic() -> None:
    found = letter(RAW)
    assert found.original is not None
    assert found.original.ciphertext.endswith(f"{REJECTED_TOPIC}/original".encode())
    assert (found.size, found.content_hash) == (len(RAW), hashlib.sha256(RAW).hexdigest())
    assert "made-up" not in repr(found)


def test_a_hard_stop_leaves_nothing_of_the_record() -> None:
    found = letter(None, reason="no-consent")
    assert (found.original, found.size, found.content_hash) == (None, 0, None)
    assert (found.reason, found.where) == ("no-consent", "message 3")


def test_a_record_too_long_to_keep_leaves_its_size_and_hash() -> None:
    found = letter(b"x" * (MAX_ORIGINAL_BYTES + 1))
    assert found.original is None
    assert found.size == MAX_ORIGINAL_BYTES + 1
    assert found.content_hash is not None


def test_originals_of_a_file_share_a_record_and_come_out_of_it_as_if_each_stood_alone() -> None:
    raws = [RAW, b"PID|2||made-up", b"PID|3||made-up"]
    rows = [
        further(seal(raw, RAW_TOPIC, "original"), event_id=f"e{n}", raw=raw, where=f"row {n}")
        for n, raw in enumerate(raws)
    ]
    one = together("c", "f0", NOW, rows)
    alone = [together("c", "f0", NOW, [row]) for row in rows]
    assert list(each_of(one)) == alone
    assert [each.event_id for each in alone] == ["e0", "e1", "e2"]
    assert [each.content_hash for each in alone] == [hashlib.sha256(raw).hexdigest() for raw in raws]
    assert [list(each_of(each)) for each in alone] == [[each] for each in alone]
    assert all(type(each).model_validate(each.model_dump()) == each for each in (one, *alone))


def test_originals_of_several_messages_share_a_record_and_each_keeps_the_token_of_its_own() -> None:
    files = ["f0", "f1", "f0", "f2"]
    rows = [
        further(seal(RAW, RAW_TOPIC, "original"), event_id=f"e{n}", raw=RAW, where="message 1", file=file)
        for n, file in enumerate(files)
    ]
    one = together("c", "f0", NOW, rows)
    assert [(each.event_id, each.file) for each in each_of(one)] == [(f"e{n}", file) for n, file in enumerate(files)]


@pytest.mark.parametrize("sealed", [True, False])
def test_a_stream_rejection_says_where_and_why(sealed: bool) -> None:
    found = stream_rejected(
        seal if sealed else None, topic="t", partition=2, offset=7, why=Reject("undecodable", "decode"), value=RAW
    )
    assert (found.topic, found.partition, found.offset, found.stage, found.reason) == (
        "t",
        2,
        7,
        "decode",
        "undecodable",
    )
    assert (found.original is not None) is sealed
    if found.original:
        assert found.original.ciphertext.endswith(f"{STREAM_REJECTED_TOPIC}/original".encode())


def test_a_row_is_kept_with_its_header_and_the_name_of_its_file() -> None:
    sealed = headed(clear, b"a\tb\n", "né\n {x}.txt")(RAW, "t", "original")
    assert kept(sealed.ciphertext) == Kept(RAW, b"a\tb\n", "né\n {x}.txt")
    assert under_head(RAW, b"a\tb\n", "né\n {x}.txt") == sealed.ciphertext


def test_a_record_that_says_all_is_kept_as_it_came() -> None:
    assert headed(clear, b"", "f.hl7") is clear
    assert kept(RAW) == Kept(RAW)
