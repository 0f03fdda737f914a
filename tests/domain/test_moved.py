"""health-standards.md §8 R19, "wrong patient": a correction under another person reaches the one who was told first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from hub.domain.events import Event, LabResult, Vaccination
from hub.domain.facts import Lab
from hub.domain.history import decode_row
from hub.domain.moved import corrections, taken_from, took


def result(who: str, at: int, meaning: str = "positive", status: str = "final", **changes: Any) -> LabResult:
    fields: dict[str, Any] = {
        "event_id": f"{who}-{at}", "source": "lab", "source_person": who, "fact_key": "order-1",
        "changed_at": datetime(2021, 2, at, tzinfo=UTC), "status_rank": 2, "content_hash": f"{who}{at}".ljust(32, "0"),
        "mapping_version": 1, "occurred_on": None, "active": status != "withdrawn", "agreement_id": "a", "labels": ("R",),
        "purposes": ("care",), "meaning": meaning, "status": status, "processing": "production", "method": "molecular",
        "loinc": "94500-6", "observation_key": "order-1", "report_key": "r",
    }  # fmt: skip
    return LabResult(**{**fields, **changes})


def dose(who: str, at: int, status: str = "administered") -> Vaccination:
    common = {name: value for name, value in result(who, at).__dict__.items() if name in Vaccination.model_fields}
    return Vaccination(**{**common, "status": status, "active": status != "withdrawn"}, cvx="208", covid=True)


def standing(events: Iterable[Event]) -> set[str]:
    """Who still has the fact, once these and what must be said beside them are folded."""
    row = decode_row(None)
    taken = list(events)
    for event in (*taken, *corrections(taken)):
        record = {name: getattr(event, name) for name in type(event).model_fields if name != "person"}
        row.apply("all", 0, {**record, "kind": type(event).kind, "link_revision": 1, "county": None})
    return {who for who, sub in row.subs.items() if any(fact.active for fact in sub.facts.values())}


STORIES: dict[str, tuple[list[Event], set[str]]] = {
    "corrected under the right patient": ([result("a", 1), result("b", 2, status="corrected")], {"b"}),
    "withdrawn under the right patient": ([result("a", 1), result("b", 2, status="withdrawn")], set()),
    "corrected twice, by two more patients": (
        [result("a", 1), result("b", 2, status="corrected"), result("c", 3, status="corrected")], {"c"},
    ),
    "corrected back": (
        [result("a", 1), result("b", 2, status="corrected"), result("a", 3, status="corrected")], {"a"},
    ),
    "an older correction than what the first patient was told last": (
        [result("a", 3), result("b", 2, status="corrected")], {"a", "b"},
    ),
    "a number that a laboratory used twice": ([result("a", 1), result("b", 2)], {"a", "b"}),
    "a dose removed under another id": ([dose("a", 1), dose("b", 2, "withdrawn")], set()),
    "a dose under a number that was used twice": ([dose("a", 1), dose("b", 2)], {"a", "b"}),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_r19_who_keeps_a_fact_does_not_hang_on_the_order_of_arrival(story: str) -> None:
    events, expected = STORIES[story]
    for order in permutations(events):
        assert standing(order) == expected
        assert standing([*order, *order]) == expected


def test_what_the_loser_is_told_says_nothing_of_anybody() -> None:
    by = took(result("b", 2, status="corrected"))
    assert by is not None
    told = taken_from("a", result("b", 2, status="corrected"), by)
    assert (told.source_person, told.active, told.person, told.race_ethnicity) == ("a", False, None, None)


def test_an_isolating_result_that_moved_isolates_only_the_second_person() -> None:
    row = decode_row(None)
    events = [result("a", 1), result("b", 2, status="corrected")]
    for event in (*events, *corrections(events)):
        record = {name: getattr(event, name) for name in type(event).model_fields if name != "person"}
        row.apply("all", 0, {**record, "kind": "lab-result", "link_revision": 1, "county": None})
    facts = {who: sub.facts["order-1"] for who, sub in row.subs.items()}
    assert {who: isinstance(fact, Lab) and fact.active and fact.isolates for who, fact in facts.items()} == {
        "a": False, "b": True,
    }  # fmt: skip
