"""What a report counts, what it asks for first, and that it counts the same however a source is cut."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.events import Coded, Event, RaceEthnicity, Referral
from hub.report.first import Fix, fixes
from hub.report.names import SenderNames
from hub.report.partner import partner_words
from hub.report.parts import FieldLine, Page
from hub.report.screen import screen
from hub.report.sheet import sheet
from hub.report.tally import Tally, filled_fields
from tests.report.made_up import EVERYTHING, about, block, empty_tally, lab_result, page_of, vaccination

NOON = datetime(2021, 3, 1, 12, tzinfo=UTC)


def field(page: Page, name: str) -> FieldLine:
    return next(line for line in page.kinds[0].fields if line.field == name)


def first(page: Page) -> Fix:
    return fixes(page)[0]


def test_a_source_that_fills_everything_is_asked_for_nothing() -> None:
    tally = empty_tally()
    for n in range(5):
        tally.event(vaccination(n))
        tally.event(lab_result(n))
    assert fixes(page_of(tally)) == ()


def test_what_most_records_lack_stands_first_with_the_senders_own_name_of_it() -> None:
    tally = empty_tally()
    for n in range(10):
        tally.event(
            vaccination(
                n, race_ethnicity=None if n < 6 else vaccination(n).race_ethnicity, provider_pin=None if n < 2 else "1"
            )
        )
    fix = first(page_of(tally))
    assert (fix.what, fix.records, fix.of, fix.people) == ("vaccination: race and ethnicity is missing", 6, 10, 6)
    assert "recip_race_1" in fix.where
    assert "passes by" in fix.costs


def test_a_refused_record_costs_more_than_a_field() -> None:
    tally = empty_tally()
    tally.event(vaccination(1, provider_pin=None))
    tally.refused("rejected", "bad-date", "admin_date")
    found = fixes(page_of(tally))
    assert [fix.what for fix in found] == ["Refused: bad-date", "vaccination: provider pin is missing"]
    assert (found[0].do, found[0].where) == ("Ask for it.", "admin_date")


def test_a_refusal_that_protects_somebody_is_nothing_to_fix() -> None:
    tally = empty_tally()
    tally.refused("rejected", "victim-service-provider")
    assert fixes(page_of(tally)) == ()


def test_who_declined_to_tell_their_race_is_no_fault_of_the_sender() -> None:
    tally = empty_tally()
    tally.event(vaccination(1, race_ethnicity=RaceEthnicity(absence="declined")))
    page = page_of(tally)
    assert page.kinds[0].absences == {"declined": 1}
    assert fixes(page) == ()


def test_what_the_agreement_or_the_format_leaves_out_is_not_asked_for() -> None:
    tally = empty_tally()
    tally.event(vaccination(1, person=block(phone=None), race_ethnicity=None))
    page = page_of(tally, granted={"vaccination": frozenset({"cvx", "status", "dose_number", "provider_pin"})})
    assert field(page, "race_ethnicity").status == "not-agreed"
    assert not [fix for fix in fixes(page) if "race" in fix.what or "phone" in fix.what]


def test_unknown_fills_nothing() -> None:
    tally = empty_tally()
    tally.event(lab_result(1, congregate="unknown"))
    assert field(page_of(tally), "congregate").filled == 0


def referral(n: int, status: str, **changes: Any) -> Referral:
    told = lab_result(n).model_dump(include=set(Event.model_fields))
    return Referral.model_validate(
        told
        | {"person": block(), "referral": f"r{n}", "category": "food-insecurity", "status": status, "sent_at": NOON}
        | changes
    )


def test_a_referral_on_its_way_is_not_asked_for_what_became_of_it() -> None:
    tally = empty_tally()
    granted = {"referral": EVERYTHING | frozenset(Referral.model_fields)}
    tally.event(referral(1, "accepted"))
    tally.event(referral(2, "person-declined", outcome_at=NOON))
    page = page_of(tally, granted=granted)
    assert field(page, "proof").status == "not-yet"
    assert (field(page, "outcome_at").filled, field(page, "outcome_at").of) == (1, 1)
    assert not [fix for fix in fixes(page) if "proof" in fix.what or "outcome" in fix.what]
    tally.event(referral(3, "closed"))
    found = {fix.what: (fix.records, fix.of) for fix in fixes(page_of(tally, granted=granted))}
    assert found["referral: proof is missing"] == (1, 1)
    assert found["referral: outcome at is missing"] == (1, 2)


def test_who_declined_to_tell_makes_no_field_look_half_empty() -> None:
    tally = empty_tally()
    tally.event(vaccination(1))
    tally.event(vaccination(2, race_ethnicity=RaceEthnicity(absence="declined")))
    line = field(page_of(tally), "race_ethnicity")
    assert (line.filled, line.of) == (1, 1)


def test_what_was_sent_in_words_that_nobody_knows_is_not_said_to_be_unknown() -> None:
    tally = empty_tally()
    tally.event(
        vaccination(1, race_ethnicity=RaceEthnicity(absence="unknown")), unmapped=[("race_ethnicity", "martian")]
    )
    page = page_of(tally)
    assert (field(page, "race_ethnicity").filled, page.kinds[0].absences) == (1, {})


class _Names(SenderNames):
    def __init__(self, called: str, *, theirs: bool) -> None:
        super().__init__({("*", "person.county"): called})
        self._theirs = theirs

    def is_theirs(self, kind: str, field: str) -> bool:
        return self._theirs and bool(self.name(kind, field))


@pytest.mark.parametrize(
    ("called", "theirs", "asked", "of_partner"),
    [
        ("County", True, ("Give it in", "County", "."), True),
        ("County", False, ("Give it in a column such as", "County", "."), True),
        ("", True, ("Give it.", "", ""), True),
        ("options.county", True, ("Nobody sends it: set it in connector.yaml, as", "options.county", "."), False),
    ],
)
def test_a_sender_is_sent_to_columns_of_their_own_and_to_no_setting_of_the_hub(
    called: str, theirs: bool, asked: tuple[str, str, str], of_partner: bool
) -> None:
    tally = empty_tally()
    tally.event(vaccination(1, person=block(county=None)))
    page = page_of(tally, names=_Names(called, theirs=theirs))
    fix = first(page)
    assert (fix.what, fix.advice()) == ("vaccination: county is missing", asked)
    assert ("county is missing" in sheet(page)) is of_partner
    assert "person.county" not in sheet(page)


def test_a_category_that_nobody_knows_fills_nothing() -> None:
    def told(category: str) -> set[str]:
        fields: dict[str, Any] = dict.fromkeys(Referral.model_fields)
        changed_at = datetime(2021, 3, 1, tzinfo=UTC)
        return set(filled_fields(Referral.model_construct(**fields | {"category": category, "changed_at": changed_at})))

    assert "category" in told("food-insecurity")
    assert told("unmapped") == told("food-insecurity") - {"category"}


def test_unmapped_codes_are_counted_by_field_and_never_shown() -> None:
    tally = empty_tally()
    tally.event(lab_result(1, result=Coded(original="weird word")), unmapped=[("result", "weird word")])
    page = page_of(tally)
    assert field(page, "result").unmapped == 1
    assert "weird word" not in json.dumps(page.as_json())
    assert list(tally.kinds["lab-result"].values.most_common()) == [("result\tweird word", 1)]


def test_a_value_in_no_known_code_is_filled_and_not_coded() -> None:
    tally = empty_tally()
    tally.event(lab_result(1, result=Coded()), unmapped=[("result", "x"), ("result", "y")])
    tally.event(lab_result(2, result=Coded(mapped="negative")))
    line = field(page_of(tally), "result")
    assert (line.filled, line.unmapped, line.people) == (2, 1, 0)


def test_repeats_corrections_and_withdrawals_are_told_apart() -> None:
    tally = empty_tally()
    for event in (vaccination(1), vaccination(1), vaccination(1, event_id="e1b"), vaccination(2, active=False)):
        tally.event(event)
    kind = page_of(tally).kinds[0]
    assert (kind.records, kind.repeats, kind.corrections, kind.withdrawn, kind.people) == (4, 1, 1, 1, 2)


def test_lateness_names_its_clocks_and_counts_what_is_over_the_limit() -> None:
    tally = empty_tally()
    for days in (0, 1, 2, 9):
        tally.event(lab_result(days, changed_at=NOON + timedelta(hours=days)), NOON + timedelta(days=days))
    page = page_of(tally)
    line = next(each for each in page.kinds[0].delays if each.clock == "happened-to-received")
    assert (line.half, line.nine_tenths, line.late, line.late_after) == (1, 9, 2, 1)
    assert line.since == "the day it happened (civil date of the source)"
    assert any(fix.what == "lab-result: later than 1 day" and fix.records == 2 for fix in fixes(page))


def test_silence_beyond_the_cadence_is_a_finding() -> None:
    tally = empty_tally()
    tally.event(vaccination(1), NOON)
    tally.event(vaccination(2), NOON + timedelta(hours=30))
    page = page_of(tally, expected_every_s=86_400.0, now=NOON + timedelta(hours=80), keeps_ignored=False)
    assert page.arrival is not None
    assert (page.arrival.longest_gap_h, page.arrival.silent_h) == (30, 50)
    assert page.ignored is None
    assert any(fix.what.startswith("Silent for 50 h") for fix in fixes(page))


def test_a_record_of_nobody_counts_for_its_area() -> None:
    tally = empty_tally()
    tally.event(lab_result(1, source_person=None, person=block(given_name=None, family_name=None)))
    kind = page_of(tally).kinds[0]
    assert (kind.area_only, kind.people) == (1, 0)


Act = Callable[[Tally], None]
_ACTS: list[Act] = [
    lambda tally: tally.event(vaccination(1), NOON),
    lambda tally: tally.event(vaccination(2, provider_pin=None, race_ethnicity=None)),
    lambda tally: tally.event(vaccination(3, occurred_on=date(2020, 12, 20), event_id="e1"), NOON + timedelta(days=2)),
    lambda tally: tally.event(lab_result(4, person=None), unmapped=[("result", "x")]),
    lambda tally: tally.event(lab_result(5, source_person=None, active=False)),
    lambda tally: tally.refused("rejected", "bad-date", "admin_date", NOON),
    lambda tally: tally.refused("ignored", "filtered"),
]
ACTS = st.lists(st.sampled_from(_ACTS), max_size=12)


@settings(max_examples=60)
@given(ACTS, ACTS)
def test_the_report_of_two_files_is_the_report_of_their_tallies_merged(one: list[Act], other: list[Act]) -> None:
    tallies = [empty_tally() for _ in range(3)]
    for tally, acts in zip(tallies, (one, other, one + other), strict=True):
        for act in acts:
            act(tally)
    merged, part, whole = tallies
    merged.merge(part)
    assert page_of(merged).as_json() == page_of(whole).as_json()
    assert fixes(page_of(merged)) == fixes(page_of(whole))


def test_nothing_of_a_person_is_in_a_page() -> None:
    tally = empty_tally()
    tally.event(lab_result(1))
    shown = json.dumps(page_of(tally).as_json()) + repr(fixes(page_of(tally)))
    assert not [
        value for value in ("Ada", "Example", "2175550100", "Made Up", "62701", "17167", "L-1") if value in shown
    ]
    assert about().name == "made-up"


def test_what_the_role_set_aside_is_shown_with_since_when_and_apart_from_the_window() -> None:
    aside = Counter({("not-an-immunization", ""): 3})
    made = page_of(empty_tally(), keeps_ignored=False, aside=aside, aside_since="2021-03-01T00:00:00+00:00")
    assert made.ignored is not None
    assert [(line.reason, line.records) for line in made.ignored] == [("not-an-immunization", 3)]
    assert made.records == page_of(empty_tally(), keeps_ignored=False).records
    shown = "\n".join(str(part) for part in screen(made))
    assert "not-an-immunization" in shown
    assert "counted by the running role since 2021-03-01" in shown
    assert made.as_json()["ignored_since"] == "2021-03-01T00:00:00+00:00"
    assert "Counted since 2021-03-01" in sheet(made, rounded=False)


def test_a_word_that_waits_for_the_hub_is_no_fault_of_the_sender() -> None:
    assert "nothing is to be mended at your side" in partner_words("unmapped-code.status")
