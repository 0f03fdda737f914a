"""R14: only proof closes a need; accepted, eligible and parts of a referral do not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.builders import Story, a_person, day
from tests.domain.test_consents import said
from tests.domain.test_needs import needs


def hungry() -> Story:
    """Must isolate from 1 to 11 February and lacks food."""
    return a_person().tested(on="2021-02-01").lacks_food(on="2021-01-20")


def referred(story: Story, status: str, fact: str = "r1", **fields: Any) -> Story:
    told = {
        "occurred_on": day("2021-02-02"), "referral": fact, "request": None, "part_of": None, "category": "food-insecurity",
        "status": status, "outcome": None, "proof": "got-help" if status == "helped" else None,
        "outcome_at": datetime(2021, 2, 4, 15, tzinfo=UTC),
    } | fields  # fmt: skip
    return story.tells("referral", fact, **told)


def test_r14_a_referral_that_helped_closes_the_need() -> None:
    need = needs(referred(hungry(), "helped"), "2021-02-05")["food"]
    assert (need.state, len(need.evidence)) == ("helped", 3)


@pytest.mark.parametrize(
    "status", ["sent", "accepted", "waiting-on-person", "in-progress", "passed-on", "closed", "not-helped"]
)
def test_r14_anything_less_than_proof_leaves_the_need_open(status: str) -> None:
    assert needs(referred(hungry(), status), "2021-02-05")["food"].state == "open"


def test_r14_a_part_of_a_referral_does_not_close_the_whole() -> None:
    story = referred(hungry(), "helped", fact="part", part_of="r1")
    assert needs(referred(story, "in-progress"), "2021-02-05")["food"].state == "open"


def test_help_for_another_need_is_no_help_for_this_one() -> None:
    assert needs(referred(hungry(), "helped", category="utility-insecurity"), "2021-02-05")["food"].state == "open"


@pytest.mark.parametrize(
    ("ended", "state"),
    [("2021-01-31", "open"), ("2021-02-01", "helped"), ("2021-02-11", "helped"), ("2021-02-12", "ended")],
)
def test_help_counts_from_the_first_day_of_isolation_to_the_last(ended: str, state: str) -> None:
    at = datetime.fromisoformat(f"{ended}T12:00:00+00:00")
    as_of = "2021-02-13" if ended > "2021-02-11" else "2021-02-11"
    assert needs(referred(hungry(), "helped", outcome_at=at), as_of)["food"].state == state


def test_a_referral_without_a_category_is_for_what_its_request_is_for_in_any_order() -> None:
    def told(*first_to_last: str) -> str:
        story = hungry()
        for each in first_to_last:
            if each == "task":
                referred(story, "helped", fact="task", category="unmapped", request="q", proof="output")
            else:
                referred(story, "sent", fact="order", request="q", outcome_at=None)
        return needs(story, "2021-02-05")["food"].state

    assert told("task", "order") == told("order", "task") == "helped"
    assert told("task") == "open", "nothing says what it was for"


def test_a_referral_entered_in_error_proves_nothing() -> None:
    story = referred(hungry(), "helped")
    assert needs(story.tells("referral", "r1", version=2, active=False, **{
        name: story.records[-1][name] for name in ("occurred_on", "category", "status", "proof", "outcome_at", "part_of", "request")
    }), "2021-02-05")["food"].state == "open"  # fmt: skip


def test_of_several_proofs_the_earliest_tells_whether_help_came_before_the_refusal() -> None:
    for first, second in (("a", "b"), ("b", "a")):
        fed = hungry().tells("food-assistance", first, occurred_on=day("2021-02-02"), program="pantry", delivered=True)
        fed = fed.tells("food-assistance", second, occurred_on=day("2021-02-08"), program="pantry", delivered=True)
        assert needs(said(fed, "revoked", "2021-02-04"), "2021-02-09")["food"].state == "helped"
