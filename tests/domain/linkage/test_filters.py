"""The text in which a sector sends filters of one person: what is read of it, and what is none (requirement 26)."""

from __future__ import annotations

from base64 import b64encode

import pytest

from hub.domain.events import PersonBlock
from hub.domain.identity import tells
from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.filters import filters_of
from tests.domain.linkage.filtered import KEY, sent

TEXT = sent("Ana", "Villalobos")
PARTS = TEXT.split(":")


def but(place: int, part: str) -> str:
    return ":".join((*PARTS[:place], part, *PARTS[place + 1 :]))


def of_bytes(raw: bytes) -> str:
    return b64encode(raw).decode()


def test_it_says_how_and_under_which_secret_it_was_made() -> None:
    found = filters_of(TEXT)
    assert (found.schema.name, found.key_id, found.key_check) == ("name-birth-1", KEY.key_id, KEY.check("name-birth-1"))
    assert found.filled == {"given_name", "family_name", "birth_date"} == found.fields.keys()


@pytest.mark.parametrize(
    "text",
    [
        "", "Villalobos, Ana", TEXT[:-4], f"{TEXT}:x", TEXT + "A" * 2_000,
        but(0, "hub-clk-2"), but(1, "own"), but(2, "../x"), but(3, "0" * 15), but(4, ""), but(4, "bfg"), but(4, "gfbc"),
        but(4, "gb"), but(5, "-"), but(5, of_bytes(bytes(128))), but(5, of_bytes(b"\xff" * 128)), but(6, PARTS[5]),
        but(6, of_bytes(b"\xff" * 16)), but(5, of_bytes(b"Villalobos, Ana, 1962-03-19".ljust(128))),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_and_not_shown(text: str) -> None:
    """Another format, schema or version; cut, or of another length; without a bit, or with more than the fields can set; a filter
    of a field that is empty; a name in the clear in place of a filter."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - any: a caller has one reason code for all
        filters_of(text)
    assert "Villalobos" not in str(refused.value)
    assert comparable(PersonBlock(hashed=text)).hashed is None


def test_filters_tell_and_count_where_nothing_in_the_clear_stands_beside_them() -> None:
    assert comparable(PersonBlock(hashed=TEXT, local_id="9", county="41039")).hashed == TEXT
    assert tells(PersonBlock(hashed=TEXT))
    for told in (PersonBlock(given_name="Ana"), PersonBlock(ssn="536417702"), PersonBlock(phone="5552017734")):
        assert comparable(told.model_copy(update={"hashed": TEXT})).hashed is None


def test_a_block_without_filters_is_written_as_before() -> None:
    assert "hashed" not in PersonBlock(given_name="Ana").model_dump()
    assert PersonBlock(hashed=TEXT).model_dump()["hashed"] == TEXT
