"""Distinct counts in constant memory: exact while small, close when large, and the same however the parts are cut."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.report.sketch import Sketch

WORDS = st.lists(st.integers(0, 60).map(str), max_size=120)


def sketch(words: list[str], k: int = 16) -> Sketch:
    made = Sketch(k, named=True)
    for word in words:
        made.add(word)
    return made


@given(WORDS, WORDS)
def test_the_sketch_of_two_parts_is_the_sketch_of_the_whole(one: list[str], other: list[str]) -> None:
    merged = sketch(one)
    merged.merge(sketch(other))
    whole = sketch(one + other)
    assert merged.state() == whole.state()
    assert list(merged.most_common()) == list(whole.most_common())


@given(WORDS)
def test_words_that_are_kept_have_their_exact_count(words: list[str]) -> None:
    assert all(Counter(words)[word] == n for word, n in sketch(words).most_common())


def test_few_words_are_counted_exactly_and_many_within_a_few_percent() -> None:
    few, many = sketch([str(n) for n in range(1_000)], 1_024), sketch([str(n) for n in range(50_000)], 1_024)
    assert (len(few), few.exact) == (1_000, True)
    assert not many.exact
    assert abs(len(many) - 50_000) < 5_000
    assert len(many.state()[1]) == 1_024
