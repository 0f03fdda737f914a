"""What a function of a segment gave before is given again only for the same texts, arguments, separators and character set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.formats.hl7v2_segment import Segment, Separators, remembering

USUAL = Separators("|", "^", "~", "\\", "&")
FIELDS = st.lists(st.text("AB^&~\\F ", max_size=8), max_size=6)


@given(st.lists(st.tuples(FIELDS, st.booleans()), max_size=12))
def test_what_is_remembered_is_what_reading_anew_gives(sent: list[tuple[list[str], bool]]) -> None:
    def read(segment: Segment, other: bool) -> tuple[str, str, bool]:
        return segment.text(2), segment.text(4, 2), other

    remembered = remembering(2, 4)(read)
    for fields, other in sent * 2:
        segment = Segment("|".join(["OBX", *fields]), USUAL, "utf-8")
        assert remembered(segment, other) == read(segment, other)


def test_a_segment_is_read_once_for_the_same_texts_and_again_for_others() -> None:
    asked: list[str] = []

    @remembering(3, 5)
    def read(segment: Segment) -> str:
        asked.append(segment.line)
        return segment.text(5)

    lines = ("OBX|1|CWE|A||N", "OBX|2|ST|A||N", "OBX|3||A||Y", "OBX|4||A", "OBX|5||A||")
    assert [read(Segment(line, USUAL, "utf-8")) for line in lines] == ["N", "N", "Y", "", ""]
    assert asked == ["OBX|1|CWE|A||N", "OBX|3||A||Y", "OBX|4||A"]


def test_other_separators_and_another_character_set_are_another_reading() -> None:
    @remembering(1)
    def first(segment: Segment) -> str:
        return segment.text(1)

    others = Separators("|", "$", "~", "\\", "&")
    assert first(Segment("ZZZ|a^b$c", USUAL, "utf-8")) == "a"
    assert first(Segment("ZZZ|a^b$c", others, "utf-8")) == "a^b"
    assert first(Segment("ZZZ|\\XE9\\", USUAL, "latin-1")) == "é"
    assert first(Segment("ZZZ|\\XE9\\", USUAL, "utf-8")) == "\N{REPLACEMENT CHARACTER}"


def test_long_texts_are_not_kept() -> None:
    asked: list[int] = []

    @remembering(1)
    def read(segment: Segment) -> int:
        asked.append(len(segment.line))
        return len(segment.line)

    for _ in range(2):
        read(Segment("ZZZ|" + "x" * 10_000, USUAL, "utf-8"))
    assert len(asked) == 2


def test_what_was_raised_is_raised_again() -> None:
    @remembering(1)
    def read(segment: Segment) -> str:
        raise ValueError(segment.text(1))

    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            read(Segment("ZZZ|a", USUAL, "utf-8"))


@given(st.text('AB^&~\\ "', max_size=12), st.integers(1, 4), st.integers(1, 3))
def test_sub_components_are_what_text_gives(field: str, component: int, repetition: int) -> None:
    segment = Segment(f"PID|{field}", USUAL, "utf-8")
    found = segment.subcomponents(1, component, repetition)
    for sub in range(1, 5):
        assert (found[sub - 1] if sub <= len(found) else "") == segment.text(1, component, sub, repetition)


@given(st.text('AB^&~\\ "\x1c', max_size=14), st.integers(1, 4))
def test_repetitions_are_what_components_and_text_give(field: str, most: int) -> None:
    segment = Segment(f"PID|{field}", USUAL, "utf-8")
    found = segment.repeated(1, most)
    assert found == [segment.components(1, n) for n in range(1, min(segment.repetitions(1), most) + 1)]
    for n, components in enumerate(found, 1):
        assert list(components) == [segment.text(1, place, 1, n) for place in range(1, len(components) + 1)]


@given(st.text("MmAac^&~\\ ", max_size=10))
def test_a_word_that_a_field_may_not_hold_is_none_of_its_components(field: str) -> None:
    segment = Segment(f"PID|{field}", USUAL, "utf-8")
    held = {segment.text(1, place).upper() for place in range(1, 12)}
    assert segment.may_hold(1, ("MA", "MC")) or not held & {"MA", "MC"}


def test_a_word_is_looked_for_in_any_case_and_behind_escapes() -> None:
    for field, expected in (("1^^^^mc", True), ("1^^^^\\X4D41\\", True), ("1^^^^MR", False), ("", False)):
        assert Segment(f"PID|{field}", USUAL, "utf-8").may_hold(1, ("MA", "MC")) is expected


def test_what_is_remembered_is_bounded_also_where_every_message_has_separators_of_its_own() -> None:
    @remembering(1)
    def first(segment: Segment) -> str:
        return segment.text(1)

    for mark in "!#$%*+;=@" * 2:
        others = Separators("|", mark, "~", "\\", "&")
        assert [first(Segment(f"ZZZ|a{mark}b^c", each, "utf-8")) for each in (others, USUAL)] == ["a", f"a{mark}b"]
