"""What is built without asking the model equals what the model makes."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.events import Coded, LivingSituation, Person, PersonBlock, ShelterStay
from hub.domain.ids import Ids
from hub.domain.trusted import Trusted, restated
from tests.mapping.made_up_hmis import Export, community
from tests.mapping.reading import Reader


def test_a_trusted_bed_night_is_what_the_model_makes_of_the_same_fields(read: Reader) -> None:
    stays = [m.event for m in read("hmis-csv", Export(community(60)).files()) if isinstance(m.event, ShelterStay)]
    nights = [stay for stay in stays if stay.stay == "night"]
    assert len(nights) == 100
    for night in nights:
        fields = {name: getattr(night, name) for name in night.model_fields_set}
        assert ShelterStay(**fields) == night
        assert ShelterStay(**fields).model_dump_json() == night.model_dump_json()
        assert night.model_copy(update={"presence": False}).presence is False
        assert list(night.__dict__) == list(ShelterStay.model_fields)


def test_trusted_people_stays_and_situations_are_what_the_models_make_of_the_same_fields(read: Reader) -> None:
    events = [m.event for m in read("hmis-csv", Export(community(60)).files()) if m.event is not None]
    found = [each for each in events if isinstance(each, Person | ShelterStay | LivingSituation)]
    assert {type(each) for each in found} == {Person, ShelterStay, LivingSituation}
    for event in found:
        fields = {name: getattr(event, name) for name in event.model_fields_set}
        assert type(event)(**fields) == event
        assert type(event)(**fields).model_dump_json() == event.model_dump_json()
        assert list(event.__dict__) == list(type(event).model_fields)
        if isinstance(event.person, PersonBlock):
            block = event.person
            told = {name: getattr(block, name) for name in block.model_fields_set}
            assert PersonBlock(**told) == block
            assert PersonBlock(**told).model_dump(exclude_unset=True) == block.model_dump(exclude_unset=True)
            assert list(block.__dict__) == list(PersonBlock.model_fields)


def test_a_field_without_a_default_may_not_be_left_out() -> None:
    with pytest.raises(KeyError):
        Trusted(ShelterStay)({"stay": "night"})


def test_a_model_restated_is_its_copy_with_these_values() -> None:
    for model in (Coded(), Coded(code="a", display="b")):
        copied = model.model_copy(update={"code": "c", "mapped": None})
        made = restated(model, {"code": "c", "mapped": None})
        assert made == copied
        assert made.model_fields_set == copied.model_fields_set
        assert list(made.__dict__) == list(copied.__dict__)
        assert made.model_dump_json(exclude_unset=True) == copied.model_dump_json(exclude_unset=True)
        assert model.code != "c"


@given(st.binary(min_size=32, max_size=80), st.lists(st.text(max_size=12), max_size=5))
def test_a_token_is_the_hmac_of_its_parts_with_their_lengths(secret: bytes, parts: list[str]) -> None:
    told = b"".join(b"%d:%b" % (len(part.encode()), part.encode()) for part in parts)
    number = int.from_bytes(hmac.new(secret, told, sha256).digest()[:17], "big") >> 6
    letters: Any = "abcdefghijklmnopqrstuvwxyz234567"
    assert Ids(secret).under(*parts[:2])(*parts[2:]) == Ids(secret).token(*parts)
    assert Ids(secret).token(*parts) == "".join(letters[number >> shift & 31] for shift in range(125, -1, -5))


def test_a_blank_has_every_field_in_the_order_of_the_model() -> None:
    built = Trusted(Coded)
    held = built.blank({"code": "a"})
    assert list(held) == list(Coded.model_fields)
    assert built.of(held) == Coded(code="a")
    assert built.of(held).model_fields_set == set(Coded.model_fields)
    assert Trusted(ShelterStay).blank({})["stay"] is None
