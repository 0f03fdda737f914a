"""Lives of a source person: in whatever order what was told and what ended it come, a row ends alike."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from hub.domain.erasures import LATER_LIVES, Erasure, Erasures, begins, life
from hub.domain.history import LINK_REVISIONS, decode_row, encode_row, encode_sub_history
from hub.domain.person_events import person_event
from tests.identity.fake_log import stay_of


def told(day: int, revision: int) -> dict[str, Any]:
    """A night of `a`, as the person topic has it."""
    event = person_event(
        stay_of("a", day), person_key="p", link_revision=revision, birth_year_month=None, county=None, postal_code=None
    )
    return {**event.model_dump(), "kind": "shelter-stay"}


def ended(number: int, owner: str = "p") -> dict[str, Any]:
    return {"kind": "membership", "source_person": "a", "revision": begins(number), "owner": owner}


def carried(day: int, revision: int) -> dict[str, Any]:
    """What another row sends of `a`."""
    row = decode_row(None)
    row.apply("q", 0, told(day, revision))
    row.subs["a"].issued = {"need": ("food", 1)}
    sent = encode_sub_history(row.subs["a"])
    return {"kind": "carry", "source_person": "a", "revision": revision, "owner": "p", "sub_history": sent}


@pytest.mark.parametrize("owner", ["p", "another"])
def test_what_was_told_before_an_erasure_is_gone_in_any_order_and_what_is_told_after_stays(owner: str) -> None:
    now = begins(2) + 1
    records = [told(1, 1), told(2, begins(1) + 3), ended(1, owner), ended(2, owner), told(3, now), carried(4, 2)]
    rows = set()
    for order in permutations(records):
        row = decode_row(None)
        for record in order:
            row.apply("p", 7, record)
        rows.add(encode_row(row))
        (sub,) = row.subs.values()
        assert (set(sub.facts), sub.revision, sub.owner, set(sub.issued)) == (
            {told(3, now)["fact_key"]}, now, "p", {"need"},
        )  # fmt: skip
    assert len(rows) == 1


def test_a_life_begins_after_all_revisions_of_the_one_before() -> None:
    assert [life(begins(number)) for number in (0, 1, 2, 128)] == [0, 1, 2, 128]
    assert [life(begins(number) - 1) for number in (1, 2, 128)] == [0, 1, 127]
    assert begins(129) == begins(128) < LINK_REVISIONS
    assert begins(1) == LATER_LIVES


def test_who_was_erased_when_and_how_often_whatever_the_order() -> None:
    erasures = [
        Erasure(1, "a", datetime(2021, 1, 1, tzinfo=UTC)), Erasure(2, "a", datetime(2021, 3, 1, tzinfo=UTC)),
        Erasure(3, "b", None),
    ]  # fmt: skip
    for order in permutations([*erasures, erasures[0]]):
        known = Erasures()
        known.take(order)
        assert [known.lives(each) for each in "abc"] == [2, 0, 0]
        assert known.ended("a", datetime(2021, 3, 1, tzinfo=UTC))
        assert not known.ended("a", datetime(2021, 3, 2, tzinfo=UTC))
        assert not known.ended("b", datetime(2020, 1, 1, tzinfo=UTC))
