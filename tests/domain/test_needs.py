"""Needs as a caseworker reads them: who, what, until when, and when it closes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

import hub.domain.isolation as isolation
from hub.domain.history import decode_row, encode_row
from hub.domain.needs import SupportNeed
from hub.domain.projection import Projector
from hub.errors import ConfigError
from tests.builders import IDS, Story, a_person

RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())


def needs(story: Story, as_of: str, *, steps: tuple[str, ...] = ()) -> dict[str, SupportNeed]:
    """Needs by support after folding the story; projected also at each day of `steps` before."""
    row = decode_row(None)
    projector = Projector(IDS, RULES)
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    for step in steps:
        projector.project("person-a", row, date.fromisoformat(step))
        row = decode_row(encode_row(row))
    return {need.support: need for need in projector.project("person-a", row, date.fromisoformat(as_of)).needs}


def test_a_positive_person_who_slept_in_a_shelter_needs_a_place() -> None:
    need = needs(a_person().tested(on="2021-02-01").slept_at("s1", on="2021-01-30"), "2021-02-03")["place"]
    assert (need.state, need.until, need.reasons) == ("open", date(2021, 2, 11), ("stays-in-congregate-site",))
    assert need.urgency == "urgent"
    assert len(need.evidence) == 2


def test_a_positive_person_with_a_home_and_food_has_no_need() -> None:
    assert needs(a_person().tested(on="2021-02-01").lives_in("47065", race=("white",)), "2021-02-03") == {}


@pytest.mark.parametrize(
    "meaning", ["negative", "presumptive-positive", "inconclusive", "invalid", "review", "not-covid"]
)
def test_nothing_but_positive_asks_anyone_to_isolate(meaning: str) -> None:
    assert needs(a_person().tested(meaning, on="2021-02-01").slept_at("s1", on="2021-01-30"), "2021-02-03") == {}


def test_a_preliminary_positive_waits_for_the_final_one() -> None:
    assert (
        needs(a_person().tested(on="2021-02-01", status="preliminary").slept_at("s1", on="2021-01-30"), "2021-02-03")
        == {}
    )


def test_isolation_counts_from_onset_where_it_is_known() -> None:
    need = needs(a_person().tested(on="2021-02-05", onset="2021-02-01").lacks_food(on="2020-11-01"), "2021-02-06")[
        "food"
    ]
    assert (need.since, need.until) == (date(2021, 2, 1), date(2021, 2, 11))


def test_a_screening_older_than_a_year_raises_nothing() -> None:
    assert needs(a_person().tested(on="2021-02-05").lacks_food(on="2020-01-01"), "2021-02-06") == {}


def test_a_screening_that_is_not_final_raises_nothing() -> None:
    assert needs(a_person().tested(on="2021-02-05").lacks_food(on="2021-01-01", final=False), "2021-02-06") == {}


def test_a_bed_at_an_isolation_site_is_help() -> None:
    story = a_person().tested(on="2021-02-01").slept_at("s1", on="2021-01-30")
    story.slept_at("hotel", on="2021-02-03", site_kind="isolation")
    assert needs(story, "2021-02-02")["place"].state == "open"
    assert needs(story, "2021-02-03")["place"].state == "helped"


def test_a_need_nobody_met_ends_with_isolation() -> None:
    story = a_person().tested(on="2021-02-01").slept_at("s1", on="2021-01-30")
    assert needs(story, "2021-02-11")["place"].state == "open"
    assert needs(story, "2021-02-12")["place"].state == "ended"


def test_a_corrected_result_withdraws_the_need_under_its_own_id() -> None:
    story = a_person().tested(on="2021-02-01").slept_at("s1", on="2021-01-30")
    row = decode_row(None)
    projector = Projector(IDS, RULES)
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    (opened,) = projector.project("person-a", row, date(2021, 2, 3)).needs
    corrected = a_person().tested("negative", on="2021-02-01", status="corrected", version=2).records[0]
    row = decode_row(encode_row(row))
    row.apply("person-a", 9, corrected)
    (closed,) = projector.project("person-a", row, date(2021, 2, 4)).needs
    assert (closed.need_id, closed.state) == (opened.need_id, "withdrawn")
    assert closed.revision > opened.revision


def test_earlier_evidence_supersedes_the_id_and_names_its_successor() -> None:
    row = decode_row(None)
    projector = Projector(IDS, RULES)
    story = a_person().tested(on="2021-02-05", fact="second").slept_at("s1", on="2021-02-01")
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    (first,) = projector.project("person-a", row, date(2021, 2, 6)).needs
    row.apply("person-a", 7, a_person().tested(on="2021-02-03", fact="first").records[0])
    found = {need.state: need for need in projector.project("person-a", row, date(2021, 2, 6)).needs}
    assert found["superseded"].need_id == first.need_id
    assert found["superseded"].successor == found["open"].need_id


def test_a_tracer_who_ends_isolation_ends_the_need() -> None:
    story = a_person().isolates(
        onset="2021-02-01", closed="2021-02-06", reason="Meets criteria to discontinue isolation"
    )
    story.slept_at("s1", on="2021-02-01")
    assert needs(story, "2021-02-07")["place"].state == "ended"


def test_extended_isolation_extends_the_need() -> None:
    story = a_person().isolates(onset="2021-02-01", extended="2021-02-20").slept_at("s1", on="2021-02-01")
    assert needs(story, "2021-02-07")["place"].until == date(2021, 2, 20)


def test_an_onset_months_later_is_another_infection() -> None:
    story = a_person().tested(on="2021-01-05").slept_at("s1", on="2021-01-04")
    story.tested(on="2021-03-20", onset="2021-03-18", fact="second")
    row = decode_row(None)
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    (need,) = Projector(IDS, RULES).project("person-a", row, date(2021, 3, 21)).needs
    assert (need.state, need.until) == ("ended", date(2021, 1, 15))


def test_a_case_handed_on_or_filed_twice_ends_only_its_own_part() -> None:
    story = a_person().tested(on="2021-02-01").slept_at("s1", on="2021-01-30")
    story.isolates(onset="2021-02-01", closed="2021-02-02", reason="Transferred to another jurisdiction")
    need = needs(story, "2021-02-05")["place"]
    assert (need.state, need.until) == ("open", date(2021, 2, 11))


def test_whoever_has_found_a_home_since_needs_no_place() -> None:
    story = a_person().tested(on="2021-02-05").lived("homeless-unsheltered", on="2021-01-25")
    assert needs(story, "2021-02-06")["place"].reasons == ("no-home",)
    assert needs(story.lived("housed", on="2021-02-01"), "2021-02-06") == {}
    assert "place" in needs(story.slept_at("s1", on="2021-02-03"), "2021-02-06")


def test_the_newest_answer_on_food_stands() -> None:
    story = a_person().tested(on="2021-02-05").lacks_food(on="2020-03-01")
    assert "food" in needs(story, "2021-02-06")
    assert needs(story.lacks_food(on="2021-01-30", answer="no"), "2021-02-06") == {}
    assert "food" in needs(story.lacks_food(on="2021-01-31", answer="yes"), "2021-02-06")


def test_a_bed_taken_before_day_0_and_still_held_is_help() -> None:
    story = a_person().tested(on="2021-02-05").slept_at("s1", on="2021-01-30")
    story.slept_at("hotel", on="2021-02-05", site_kind="isolation", fact="bed-1")
    assert needs(story, "2021-02-06")["place"].state == "helped"


def test_a_tick_that_ends_a_need_gives_it_a_higher_revision() -> None:
    story = a_person().tested(on="2021-02-01").slept_at("s1", on="2021-01-30")
    opened, ended = needs(story, "2021-02-03")["place"], needs(story, "2021-02-12", steps=("2021-02-03",))["place"]
    assert (opened.need_id, opened.state, ended.state) == (ended.need_id, "open", "ended")


def test_a_withdrawn_need_has_no_heir_months_away() -> None:
    row = decode_row(None)
    projector = Projector(IDS, RULES)
    story = a_person().tested(on="2021-01-05").slept_at("s1", on="2021-01-04").slept_at("s1", on="2021-06-01")
    story.tested(on="2021-06-02", fact="summer")
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    projector.project("person-a", row, date(2021, 6, 3))
    row.apply("person-a", 9, a_person().tested("negative", on="2021-01-05", version=2).records[0])
    states = {need.state: need for need in projector.project("person-a", row, date(2021, 6, 3)).needs}
    assert states["withdrawn"].successor is None


def test_a_row_of_another_schema_stops_the_installation_and_rejects_nothing() -> None:
    with pytest.raises(ConfigError, match="rebuild"):
        decode_row(b"\x93\x07\x01\x02")


def visited(story: Story, *, on: str, **told: Any) -> Story:
    """A food-assistance fact: at a pantry unless it is told otherwise."""
    fields: dict[str, Any] = {
        "program": "pantry",
        "enrolled": "yes",
        "delivered": False,
        "category": None,
        "signal": None,
        **told,
    }
    return story.tells("food-assistance", f"food-fact-{on}", occurred_on=date.fromisoformat(on), **fields)


def test_r10_whoever_asks_for_food_needs_it() -> None:
    """social-standards R10: the person asking."""
    story = visited(a_person().tested(on="2021-02-05"), on="2021-02-04", category="food-insecurity", signal="reported")
    assert needs(story, "2021-02-06")["food"].reasons == ("lacks-food",)


def test_r10_a_guess_is_never_a_record_of_need() -> None:
    """social-standards R10: inferred may only trigger an offer, whatever kind of fact brings it."""
    story = visited(
        a_person().tested(on="2021-02-05"),
        on="2021-02-01",
        delivered=True,
        category="food-insecurity",
        signal="inferred",
    )
    guess: dict[str, Any] = {
        "category": "food-insecurity",
        "indicates_need": "yes",
        "final": True,
        "signal": "inferred",
    }
    story.tells("screening", "guess", occurred_on=date(2021, 2, 1), **guess)
    assert needs(story, "2021-02-06") == {}


def test_r10_no_snap_keeps_an_older_need_of_food_alive_and_is_none_by_itself() -> None:
    """social-standards R10: SNAP 0 with food need."""
    without = visited(a_person().tested(on="2021-02-05"), on="2021-01-15", program="snap", enrolled="no")
    assert needs(without, "2021-02-06") == {}
    need = needs(without.lacks_food(on="2019-06-01"), "2021-02-06")["food"]
    assert (need.state, len(need.evidence)) == ("open", 3)
    enrolled = visited(without, on="2021-01-20", program="snap", enrolled="yes")
    assert needs(enrolled, "2021-02-06") == {}


def test_r10_a_reported_need_counts_and_a_later_answer_takes_it_back() -> None:
    """social-standards R10: a diagnosis (Z59.41) is somebody's word."""
    told: dict[str, Any] = {"category": "food-insecurity", "indicates_need": "yes", "final": True, "signal": "reported"}
    story = a_person().tested(on="2021-02-05").tells("screening", "z", occurred_on=date(2021, 1, 1), **told)
    assert "food" in needs(story, "2021-02-06")
    assert needs(story.lacks_food(on="2021-01-30", answer="no"), "2021-02-06") == {}
