"""R23: who refuses is offered nothing new and what stands open is taken back; what was helped stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.domain.consents import refused_recipients, refused_since
from hub.domain.facts import Choice
from hub.domain.history import Row, decode_row
from hub.domain.projection import Projector
from tests.builders import IDS, Story, a_person, day
from tests.domain.test_needs import RULES, needs


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
        ([rule("deny"), rule("permit", "treatment")], True),
        ([rule("deny"), rule("permit", "care-coordination")], False),
        ([rule("deny"), rule("permit", "care-coordination", valid_until=day("2021-02-04"))], True),
        ([rule("permit"), rule("deny", "isolation-support"), rule("permit", "treatment")], True),
        ([rule("permit"), rule("permit", "treatment"), rule("deny", "isolation-support")], True),
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


@pytest.mark.parametrize(
    ("refused", "permitted", "stands"),
    [
        ([rule("deny", "care-coordination")], [rule("permit", "treatment")], True),
        ([rule("deny", "care-coordination")], [rule("permit", "care-coordination")], False),
        ([rule("deny", "care-coordination")], [], False),
        ([], [rule("permit", "treatment")], True),
        ([], [rule("permit", "isolation-support")], False),
        ([], [rule("permit", "isolation-support", recipients=("clinic",))], True),
        ([], [rule("permit", "research")], True),
    ],
)
def test_r23_only_a_permit_of_its_purpose_lifts_a_refusal(
    refused: list[dict[str, Any]], permitted: list[dict[str, Any]], stands: bool
) -> None:
    story = said(hungry(), "refused", "2021-01-11", fact="first", rules=refused)
    story = said(story, "given", "2021-01-25", fact="second", rules=permitted)
    assert (needs(story, "2021-02-05") == {}) is stands


def test_r23_what_was_said_last_stands_not_what_begins_last() -> None:
    story = said(hungry(), "given", "2021-01-05", fact="first", valid_from=day("2021-01-28"))
    assert needs(said(story, "refused", "2021-01-25", fact="second"), "2021-02-05") == {}


def test_r23_of_one_day_the_refusal_stands_whenever_its_record_was_touched() -> None:
    story = said(hungry(), "refused", "2021-01-25", fact="first")
    assert needs(said(story, "given", "2021-01-25", fact="second", version=9), "2021-02-05") == {}


def test_r23_a_revocation_of_unknown_day_is_lifted_by_no_release_of_a_known_one() -> None:
    story = said(hungry(), "revoked", None, fact="first", valid_from=day("2021-01-10"))
    assert needs(said(story, "given", "2021-01-20", fact="second"), "2021-02-05") == {}


def test_a_choice_that_an_earlier_release_stored_decides_for_everything() -> None:
    first = day("2021-01-10").toordinal()  # type: ignore[union-attr]
    stored = Choice(0, 0, "", 1, True, first, None, None, "|", "deny", first, 0)
    assert refused_since([(("p1", "roi"), stored)], first) == first


CHANGING: dict[str, Story] = {
    "a refusal said before it is in force": said(hungry(), "refused", "2021-02-01", valid_from=day("2021-02-06")),
    "a refusal that ends": said(hungry(), "refused", "2021-01-25", valid_until=day("2021-02-05")),
    "an exception that begins and ends": said(
        hungry(), "given", "2021-01-25",
        rules=[rule("permit"), rule("deny", "care-coordination", valid_from=day("2021-02-04"), valid_until=day("2021-02-07"))],
    ),
    "a permit that lifts a refusal until it runs out": said(
        said(hungry(), "refused", "2021-01-10"), "given", "2021-02-03", fact="second", valid_until=day("2021-02-06")
    ),
    "a revocation on a day to come": said(hungry(), "revoked", "2021-02-06", valid_from=day("2021-01-10")),
    "help that is told for a day to come": hungry().tells(
        "referral", "box", version=30, occurred_on=day("2021-01-20"), category="food-insecurity", part_of=None, request=None,
        proof="got-help", outcome_at=datetime(2021, 2, 6, 12, tzinfo=UTC),
    ),
}  # fmt: skip


@pytest.mark.parametrize("told", CHANGING)
def test_live_which_looks_only_on_due_days_says_what_a_preview_of_every_day_says(told: str) -> None:
    live, daily, at = folded(CHANGING[told]), folded(CHANGING[told]), date(2021, 1, 30)
    states: list[str | None] = []
    standing = told_on(live, at)
    while at < date(2021, 2, 15):
        if 0 < live.due <= at.toordinal():
            standing = told_on(live, at)
        expected = told_on(daily, at)
        assert standing == expected, at
        states.append(expected.get("food"))
        at += timedelta(days=1)
    assert len(set(states)) > 1


def folded(story: Story) -> Row:
    row = decode_row(None)
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    return row


def told_on(row: Row, at: date) -> dict[str, str]:
    return {need.support: need.state for need in Projector(IDS, RULES).project("person-a", row, at).needs}


def refused_to(story: Story, on: str) -> tuple[str, ...]:
    """Who may learn nothing of the food need, which stands open all the same."""
    need = needs(story, on)["food"]
    assert need.state == "open"
    return need.refused_to


def test_r23_a_refusal_for_one_recipient_takes_no_need_back_and_stands_on_it() -> None:
    story = said(hungry(), "refused", "2021-02-03", rules=[rule("deny", recipients=("landlord", "clinic"))])
    assert refused_to(story, "2021-02-02") == ()
    assert refused_to(story, "2021-02-03") == ("clinic", "landlord")


def test_r23_who_is_refused_is_told_with_the_connector_that_said_so() -> None:
    story = said(hungry(), "refused", "2021-02-03", rules=[rule("deny", recipients=("clinic",))], source="roi")
    assert refused_to(story, "2021-02-03") == ("roi:clinic",)


@pytest.mark.parametrize(
    ("purposes", "expected"),
    [((), ("x",)), (("care-coordination",), ("x",)), (("research",), ()), (("treatment",), ("x",))],
)
def test_r23_a_refusal_for_a_recipient_counts_for_the_purposes_of_support(
    purposes: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    story = said(hungry(), "refused", "2021-01-10", rules=[rule("deny", *purposes, recipients=("x",))])
    assert refused_to(story, "2021-02-05") == expected


def test_an_exception_for_a_recipient_stands_over_what_is_permitted_for_all() -> None:
    story = said(hungry(), "given", "2021-01-10", rules=[rule("permit"), rule("deny", recipients=("x",))])
    assert refused_to(story, "2021-02-05") == ("x",)


def test_of_one_source_the_newest_word_on_a_recipient_stands_and_a_permit_for_all_lifts_it() -> None:
    first = [rule("deny", recipients=("x",)), rule("deny", recipients=("y",))]
    story = said(hungry(), "refused", "2021-01-10", rules=first)
    story = said(story, "given", "2021-01-12", fact="later", rules=[rule("permit", recipients=("x",))])
    assert refused_to(story, "2021-02-05") == ("y",)
    assert refused_to(said(story, "given", "2021-01-14", fact="all"), "2021-02-05") == ()


def test_between_sources_the_stricter_word_on_a_recipient_stands() -> None:
    story = said(hungry(), "refused", "2021-01-10", rules=[rule("deny", recipients=("x",))])
    other = said(a_person("p2"), "given", "2021-01-20")
    row = decode_row(None)
    for each in (story, other):
        for record in each.records:
            row.apply("person", 0, record)
    needs_now = Projector(IDS, RULES).project("person", row, date(2021, 2, 5)).needs
    assert [need.refused_to for need in needs_now if need.support == "food"] == [("x",)]


def test_a_refusal_for_a_recipient_begins_and_ends_on_its_days_without_a_new_record() -> None:
    until = rule("deny", recipients=("x",), valid_from=date(2021, 2, 4), valid_until=date(2021, 2, 6))
    story = said(hungry(), "given", "2021-01-10", rules=[rule("permit"), until])
    assert [refused_to(story, f"2021-02-0{number}") for number in (3, 4, 6, 7)] == [(), ("x",), ("x",), ()]
    assert needs(story, "2021-02-04", steps=("2021-02-03",))["food"].refused_to == ("x",), "the join looks on that day"


def test_what_an_earlier_release_stored_names_no_recipient() -> None:
    old = Choice(0, 0, "", 0, True, 10, None, None, "|", "deny", 10, 0)
    assert refused_recipients([(("p", "f"), old)], 20) == ()
    assert refused_since([(("p", "f"), old)], 20) == 10
