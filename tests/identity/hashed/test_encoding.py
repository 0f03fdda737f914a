"""Filters made inside the linkage zone are bit for bit those of clkhash, whose tools a sender may use (requirement 26)."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.encoding import NO_LANE, Encoder, HashKey, Lane
from hub.domain.linkage.filter_schema import linkage_schema, schema_names
from hub.domain.linkage.filters import filters_of, text_of_filters
from hub.identity.hashed.making import cells, hashed
from tests.identity.hashed.lane import KEY, needs_the_lane, person

names = st.lists(st.text(alphabet="abcdeghilmnorstuvzñł王", min_size=1, max_size=14), max_size=2).map(tuple)
people = st.builds(
    Comparable,
    given=names,
    family=names,
    birth_date=st.none() | st.dates(date(1901, 1, 2), date(2026, 1, 1)),
    city=st.none() | st.sampled_from(["springfield", "stlouis"]),
    postal_code=st.none() | st.sampled_from(["97477", "10001"]),
)


@needs_the_lane
@pytest.mark.parametrize("name", schema_names())
@settings(deadline=None, max_examples=5)
@given(told=st.lists(st.tuples(people, st.booleans()), min_size=20, max_size=60))
def test_r26_our_filters_are_those_of_clkhash(name: str, told: list[tuple[Comparable, bool]]) -> None:
    of = {
        f"{place}": Comparable(
            one.given, None, one.family, birth_date=one.birth_date, birth_weak=weak and one.birth_date is not None,
            city=one.city, postal_code=one.postal_code,
        )
        for place, (one, weak) in enumerate(told)
    }  # fmt: skip
    encoder = Encoder(linkage_schema(name), KEY)
    made = {each: found for each, one in of.items() if (found := encoder(one)) is not None}
    theirs = hashed(of, linkage_schema(name), KEY, evidence=True).records
    assert {each: (found.clk, found.fields, found.filled) for each, found in made.items()} == {
        each: (record.clk, record.fields, record.filled) for each, record in theirs.items()
    }


@pytest.mark.parametrize(
    ("name", "digest"), [("name-birth-1", "46e793c6a3fafe95"), ("name-birth-place-1", "ea4ce7e9f4093f9c")]
)
def test_filters_stay_what_they_were(name: str, digest: str) -> None:
    """Where clkhash is not installed, and for ever: filters that were sent are compared with those made years later."""
    (text,) = cells({"1": person("josé maria", "o'neil")}, linkage_schema(name), KEY, evidence=True).values()
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest


def test_what_is_sent_can_be_read_and_shows_no_value() -> None:
    found = Encoder(linkage_schema("name-birth-place-1"), KEY)(person())
    assert found is not None
    text = text_of_filters(found)
    assert filters_of(text) == found
    shown = f"{text} {found!r}".casefold()
    for value in ("maria", "villalobos", "19620319", "sanantonio", "78207", KEY.secret.hex()):
        assert value not in shown
    assert f"{found.clk}" not in repr(found)


def test_without_evidence_a_cell_has_the_whole_filter_alone() -> None:
    texts = {
        each: cells({"1": person()}, linkage_schema("name-birth-1"), KEY, evidence=each)["1"] for each in (True, False)
    }
    assert filters_of(texts[False]).clk == filters_of(texts[True]).clk
    assert (len(filters_of(texts[True]).fields), filters_of(texts[False]).fields) == (3, {})


def test_who_has_no_filled_field_is_left_out_of_the_cells() -> None:
    assert cells({"1": Comparable(city="reno")}, linkage_schema("name-birth-1"), KEY, evidence=True) == {}


def test_a_lane_adds_its_filters_takes_others_away_and_leaves_who_came_as_filters() -> None:
    first, second = (Encoder(linkage_schema("name-birth-1"), HashKey(name, bytes(32))) for name in ("a", "b"))
    both = Lane([second, first])
    assert [found.key_id for found in both(person()).filters] == ["a", "b"]
    assert both(both(person())) == both(person())
    assert Lane([first])(both(person())) == Lane([first])(person())
    assert NO_LANE(both(person())) == person()
    text = cells({"1": person()}, linkage_schema("name-birth-1"), KEY, evidence=True)["1"]
    sent = Comparable(hashed=text)
    assert both(sent) is sent
    assert [found.key_id for found in sent.filters] == [KEY.key_id]
