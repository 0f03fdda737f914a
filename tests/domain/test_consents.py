"""R23: who refuses is offered nothing new and what stands open is taken back; what was helped stays."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain.history import decode_row
from tests.builders import Story, a_person, day
from tests.domain.test_needs import needs


def hungry(source_person: str = "p1") -> Story:
    """Must isolate from 1 to 11 February and lacks food."""
    return a_person(source_person).tested(on="2021-02-01").lacks_food(on="2021-01-20")


def said(story: Story, status: str, on: str | None, fact: str = "roi", **fields: Any) -> Story:
    told = {"occurred_on": day(on), "status": status, "rules": [], "valid_from": None, "valid_until": None, **fields}
    return story.tells("consent", fact, **told)


def rule(decision: str, *purposes: str, **fields: Any) -> dict[str, Any]:
    told = {"purposes": purposes, "recipients": (), "narrowed": False, "valid_from": None, "valid_until": None}
    return {"decision": decision, **told, **fields}


@pytest.mark.parametrize("status", ["refused", "revoked"])
def test_r23_a_refusal_raises_nothing(status: str) -> None:
    assert needs(said(hungry(), status, "2021-01-25"), "2021-02-05") == {}


@pytest.mark.parametrize("status", ["refused", "revoked"])
def test_r23_a_refusal_takes_back_what_stands_open_from_its_day_on(status: str) -> None:
    story = said(hungry(), status, "2021-02-04")
    assert needs(story, "2021-02-03")["food"].state == "open"
    assert needs(story, "2021-02-04", steps=("2021-02-03",))["food"].state == "withdrawn"
    assert needs(story, "2021-02-20", steps=("2021-02-03",))["food"].state == "withdrawn", (
        "it never comes back as ended"
    )


@pytest.mark.parametrize("status", ["given", "expired", "not-asked", "not-computable"])
def test_r23_refusal_is_never_guessed(status: str) -> None:
    assert needs(said(hungry(), status, "2021-01-25"), "2021-02-05")["food"].state == "open"


def test_what_was_helped_or_over_before_the_refusal_stays_as_it_was() -> None:
    fed = hungry().tells("food-assistance", "box", occurred_on=day("2021-02-02"), program="pantry", delivered=True)
    assert needs(said(fed, "revoked", "2021-02-04"), "2021-02-05")["food"].state == "helped"
    assert needs(said(hungry(), "revoked", "2021-03-01"), "2021-03-02")["food"].state == "ended"


def test_of_one_source_the_newest_choice_stands() -> None:
    story = said(hungry(), "refused", "2021-01-10", fact="first")
    assert needs(said(story, "given", "2021-01-25", fact="second"), "2021-02-05")["food"].state == "open"
    story = said(hungry(), "given", "2021-01-10", fact="first")
    assert needs(said(story, "refused", "2021-01-25", fact="second"), "2021-02-05") == {}


def test_r23_between_sources_the_stricter_choice_stands_after_a_merge_too() -> None:
    story = said(hungry(), "given", "2021-01-25")
    story.records += said(a_person("p2"), "refused", "2021-01-10").records
    assert needs(story, "2021-02-05") == {}


@pytest.mark.parametrize(
    ("rules", "refused"),
    [
        ([rule("deny", "research")], False),
        ([rule("deny", "care-coordination")], True),
        ([rule("deny", "isolation-support", recipients=("clinic",))], False),
        ([rule("deny", narrowed=True)], False),
        ([rule("deny"), rule("permit", "treatment")], False),
        ([rule("permit"), rule("deny", "isolation-support")], True),
    ],
)
def test_r23_a_refusal_holds_for_its_purposes_and_recipients(rules: list[dict[str, Any]], refused: bool) -> None:
    assert (needs(said(hungry(), "refused", "2021-01-25", rules=rules), "2021-02-05") == {}) is refused


def test_a_refusal_ends_with_its_last_day() -> None:
    story = said(hungry(), "refused", "2021-01-25", valid_until=day("2021-02-04"))
    assert needs(story, "2021-02-04") == {}
    assert needs(story, "2021-02-05")["food"].state == "open"


def test_a_refusal_entered_in_error_refuses_nothing() -> None:
    story = said(hungry(), "refused", "2021-01-25")
    last = {name: story.records[-1][name] for name in ("occurred_on", "status", "rules", "valid_from", "valid_until")}
    assert needs(story.tells("consent", "roi", version=2, active=False, **last), "2021-02-05")["food"].state == "open"


def test_a_refusal_of_no_day_holds_for_ever() -> None:
    story = said(hungry(), "refused", None)
    assert needs(story, "2021-02-05") == {}
    row = decode_row(None)
    row.apply("person-a", 0, story.records[-1])
    assert len(row.subs) == 1
