"""Presence, not paperwork: who is where tonight, how long a word counts as now, and what follows when it is out of date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import hub.domain.isolation as isolation
from hub.domain.facts import AnyFact, Stay
from hub.domain.history import decode_row, encode_row
from hub.domain.housing import housing_of, housing_status
from hub.domain.needs import SupportNeed
from hub.domain.presence import Presence, presences
from hub.domain.projection import Projection, Projector
from tests.builders import IDS, Story, a_person, day

RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())


def stays(
    story: Story, fact: str, *, entered: str, left: str | None = None, known: str | None = None, until: str | None = None,
    night: bool = False, presence: bool = True, kind: str = "congregate", site: str = "s1",
) -> Story:  # fmt: skip
    """An enrollment, or a bed night, known as of a day and current until another."""
    return story.tells(
        "shelter-stay", fact, occurred_on=day(entered), stay="night" if night else "enrollment", presence=presence, site=site,
        site_kind=kind, entered_on=day(entered), left_on=day(left), household=None, issues=(), known_as_of=day(known),
        current_until=day(until), household_head="unknown",
    )  # fmt: skip


def projected(story: Story, as_of: str) -> tuple[Projection, list[str], int]:
    """What is projected, the strata that the person stands in, and the ordinal at which it must be looked at again."""
    row = decode_row(None)
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    projection = Projector(IDS, RULES).project("person-a", row, date.fromisoformat(as_of))
    row = decode_row(encode_row(row))
    return projection, row.contribution, row.due


def place(story: Story, as_of: str) -> SupportNeed | None:
    return next((need for need in projected(story, as_of)[0].needs if need.support == "place"), None)


def facts(story: Story) -> list[Stay]:
    row = decode_row(None)
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    return [fact for sub in row.subs.values() for fact in sub.facts.values() if isinstance(fact, Stay)]


def confirmed(known: str = "2021-02-01", until: str = "2021-02-08") -> Story:
    """Somebody in an entry-exit shelter since January, whose source told of it up to a day and tells weekly."""
    return stays(a_person(), "stay", entered="2021-01-10", known=known, until=until)


@pytest.mark.parametrize(
    ("as_of", "reason"), [("2021-02-08", "stays-in-congregate-site"), ("2021-02-09", "place-unknown")]
)
def test_social_8_a_presence_older_than_its_cadence_is_last_seen_and_the_need_opens_as_place_unknown(
    as_of: str, reason: str
) -> None:
    need = place(confirmed().tested(on="2021-02-03"), as_of)
    assert need is not None
    assert (need.state, need.reasons) == ("open", (reason,))
    assert len(need.evidence) == 2


def test_social_8_the_next_export_makes_a_stale_presence_current_again_under_the_same_need() -> None:
    stale = confirmed().tested(on="2021-02-03")
    again = stays(stale, "stay", entered="2021-01-10", known="2021-02-08", until="2021-02-15")
    again.records[-1]["status_rank"] = 1
    before, after = place(confirmed().tested(on="2021-02-03"), "2021-02-09"), place(again, "2021-02-09")
    assert before is not None
    assert after is not None
    assert (before.need_id, after.reasons) == (after.need_id, ("stays-in-congregate-site",))


def test_the_day_on_which_a_word_is_out_of_date_is_a_due_day() -> None:
    assert projected(confirmed(), "2021-02-03")[2] == date(2021, 2, 9).toordinal()


def test_social_8_a_bed_night_is_one_night_and_last_seen_after_its_cadence() -> None:
    slept = stays(a_person(), "night", entered="2021-02-01", night=True, known="2021-02-01", until="2021-02-02")
    assert place(slept.tested(on="2021-02-02"), "2021-02-02").reasons == ("stays-in-congregate-site",)  # type: ignore[union-attr]
    assert place(slept, "2021-02-05").reasons == ("place-unknown",)  # type: ignore[union-attr]
    newer = stays(slept, "night-2", entered="2021-02-05", night=True, known="2021-02-05", until="2021-02-06")
    assert place(newer, "2021-02-05").reasons == ("stays-in-congregate-site",)  # type: ignore[union-attr]


def test_social_8_an_open_night_by_night_enrollment_without_a_bed_night_is_no_presence() -> None:
    story = stays(a_person(), "paper", entered="2021-01-01", presence=False).tested(on="2021-02-03")
    assert place(story, "2021-02-04") is None
    assert presences(facts(story), date(2021, 2, 4).toordinal()) == []


def test_present_and_last_seen_are_counted_apart() -> None:
    assert "present|s1|site|congregate" in projected(confirmed(), "2021-02-08")[1]
    later = projected(confirmed(), "2021-02-09")[1]
    assert "present|s1|site|congregate" not in later
    assert "last-seen|s1|site|congregate" in later


def test_each_presence_says_as_of_when_it_is_known() -> None:
    ordinal = date(2021, 2, 9).toordinal()
    (seen,) = presences(facts(confirmed()), ordinal)
    assert seen == Presence(
        "s1", "congregate", date(2021, 2, 1).toordinal(), date(2021, 2, 1).toordinal(), current=False
    )
    (here,) = presences(facts(confirmed()), ordinal - 1)
    assert (here.current, here.night) == (True, ordinal - 1)


def test_a_stay_that_does_not_say_for_how_long_it_is_known_always_counts_as_now() -> None:
    story = stays(a_person(), "stay", entered="2021-01-10").tested(on="2021-02-03")
    assert place(story, "2021-02-10").reasons == ("stays-in-congregate-site",)  # type: ignore[union-attr]


def status(story: Story, as_of: str) -> tuple[str, str, int] | None:
    found = housing_status(named(story), date.fromisoformat(as_of).toordinal())
    return found and (found.situation, f"{date.fromordinal(found.day)}", len(found.contradicted_by))


def named(story: Story) -> list[tuple[tuple[str, str], AnyFact]]:
    row = decode_row(None)
    for offset, record in enumerate(story.records):
        row.apply("person-a", offset, record)
    return [((sp, key), fact) for sp, sub in row.subs.items() for key, fact in sub.facts.items() if fact.active]


def test_social_9_people_are_counted_by_the_latest_word_with_what_contradicts_it_and_how_old_it_is() -> None:
    contradicted = a_person().lived("housed", on="2021-02-01")
    stays(contradicted, "night", entered="2021-02-01", night=True, known="2021-02-01", until="2021-02-03")
    old = a_person().lived("homeless-unsheltered", on="2020-12-01")
    found = housing_of(map(named, (contradicted, old, confirmed(), a_person())), date(2021, 2, 9).toordinal())
    assert found.as_json() == {
        "status": {"homeless-sheltered": 2, "homeless-unsheltered": 1},
        "contradicted": {"homeless-sheltered|housed": 1},
        "older_than_30_d": 1,
        "present": 0,
        "last_seen": 1,
    }
    assert housing_of([named(confirmed())], date(2021, 2, 8).toordinal()).present == 1


def test_social_9_the_latest_word_is_the_housing_status_with_its_day() -> None:
    story = a_person().lived("homeless-unsheltered", on="2021-01-05")
    assert status(story, "2021-01-31") == ("homeless-unsheltered", "2021-01-05", 0)
    stays(story, "night", entered="2021-01-10", night=True, known="2021-01-10", until="2021-01-17")
    assert status(story, "2021-01-31") == ("homeless-sheltered", "2021-01-10", 0)
    story.tells("living-situation", "exit", occurred_on=day("2021-01-20"), situation="housed", code=None)
    assert status(story, "2021-01-31") == ("housed", "2021-01-20", 0)
    assert status(story, "2021-01-15") == ("homeless-sheltered", "2021-01-10", 0)


def test_social_9_an_answer_that_says_nothing_never_stands_over_a_known_one() -> None:
    story = a_person().lived("housed", on="2021-01-05")
    story.tells("living-situation", "asked", occurred_on=day("2021-01-20"), situation="unknown", code=None)
    assert status(story, "2021-01-31") == ("housed", "2021-01-05", 0)
    assert status(a_person(), "2021-01-31") is None


def test_social_9_contradictions_of_one_day_are_shown() -> None:
    story = a_person().lived("housed", on="2021-01-05")
    stays(story, "night", entered="2021-01-05", night=True)
    assert status(story, "2021-01-31") == ("homeless-sheltered", "2021-01-05", 1)
