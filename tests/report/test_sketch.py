"""Distinct counts in constant memory: exact while small, close when large, and the same however the parts are cut."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.report.sketch import Sketch
from hub.report.versions import Versions

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


ARRIVALS = st.lists(st.tuples(st.integers(0, 40).map(str), st.integers(0, 2).map(str)), max_size=80)


def versions(arrivals: list[tuple[str, str]], k: int) -> Versions:
    made = Versions(k)
    for fact, version in arrivals:
        made.add(fact, f"{fact}.{version}")
    return made


@given(ARRIVALS, ARRIVALS, st.sampled_from([8, 64]))
def test_corrections_and_repeats_of_two_parts_are_those_of_the_whole(
    one: list[tuple[str, str]], other: list[tuple[str, str]], k: int
) -> None:
    merged = versions(one, k)
    merged.merge(versions(other, k))
    whole = versions(one + other, k)
    assert (merged.corrections, merged.repeats, merged.exact) == (whole.corrections, whole.repeats, whole.exact)


@given(ARRIVALS)
def test_few_facts_are_counted_exactly(arrivals: list[tuple[str, str]]) -> None:
    found = versions(arrivals, 64)
    assert found.repeats == len(arrivals) - len(set(arrivals))
    assert found.corrections == len(set(arrivals)) - len({fact for fact, _ in arrivals})


def test_of_many_facts_none_corrected_no_correction_is_estimated_and_repeats_within_a_few_percent() -> None:
    arrivals = [(str(n), "0") for n in range(20_000)]
    found = versions(arrivals + arrivals[:5_000], 1_024)
    assert (found.exact, found.corrections) == (False, 0)
    assert abs(found.repeats - 5_000) < 1_000
