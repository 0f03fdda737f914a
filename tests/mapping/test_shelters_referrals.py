"""HMIS Event.csv: an accepted referral of coordinated entry is never help (social-standards.md §1.2, §3.3, R14)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.domain.facts import Referred
from tests.mapping.made_up_hmis import CHANGED, Export, Guest, cells
from tests.mapping.reading import Reader, facts_of

HMIS = "hmis-csv"


def referred(**more: str) -> dict[str, bytes | str]:
    """An export of one person whom coordinated entry referred to a bed in an emergency shelter (Event 10)."""
    export = Export([Guest(1, "EE")])
    row = {
        "EventID": "V1", "EnrollmentID": "E1", "PersonalID": "P1", "EventDate": "2021-01-05", "Event": "10",
        "ProbSolDivRRResult": "", "ReferralCaseManageAfter": "", "LocationCrisisOrPHHousing": "NBN", "ReferralResult": "1",
        "ResultDate": "2021-01-06", "DateCreated": CHANGED, "DateUpdated": CHANGED, "UserID": "U", "DateDeleted": "",
        "ExportID": "X",
    } | more  # fmt: skip
    return export.files() | {"Event.csv": cells([row])}


def told(read: Reader, **more: str) -> Any:
    (event,) = [each for each in read.events(HMIS, referred(**more)) if type(each).kind == "referral"]
    return event


@pytest.mark.parametrize(
    ("result", "status", "outcome"),
    [("", "sent", None), ("1", "accepted", None), ("2", "person-declined", None), ("3", "not-helped", "declined")],
)
def test_r14_a_result_of_a_referral_is_a_state_and_never_help(
    read: Reader, result: str, status: str, outcome: str | None
) -> None:
    event = told(read, ReferralResult=result)
    assert (event.status, event.outcome, event.proof) == (status, outcome, None)
    (fact,) = facts_of([event]).values()
    assert isinstance(fact, Referred)
    assert fact.helped_on == 0


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("10", "homelessness"),
        ("11", "homelessness"),
        ("13", "homelessness"),
        ("14", "homelessness"),
        ("16", "financial-insecurity"),
    ],
)
def test_what_somebody_was_sent_for_by_the_need_table_at_its_days(read: Reader, code: str, category: str) -> None:
    event = told(read, Event=code)
    assert (event.category, event.occurred_on) == (category, date(2021, 1, 5))
    assert (event.sent_at.date(), event.accepted_at.date(), event.outcome_at) == (
        date(2021, 1, 5),
        date(2021, 1, 6),
        None,
    )


def test_an_assessment_is_no_referral_and_an_unknown_result_is_refused(read: Reader) -> None:
    assert [mapped.outcome for mapped in read(HMIS, referred(Event="4")) if mapped.reason == "not-a-referral"] == [
        "ignored"
    ]
    assert [
        mapped.outcome for mapped in read(HMIS, referred(ReferralResult="9")) if mapped.reason == "unmapped-code"
    ] == ["rejected"]


def test_a_deleted_referral_is_withdrawn_and_one_of_another_person_refused(read: Reader) -> None:
    assert told(read, DateDeleted="2021-01-21 08:00:00").active is False
    assert [mapped.reason for mapped in read(HMIS, referred(PersonalID="P2")) if mapped.outcome == "rejected"] == [
        "person-mismatch"
    ]


def test_r20_of_whoever_flees_nothing_says_where_they_were_sent(read: Reader) -> None:
    health = {
        "HealthAndDVID": "H", "EnrollmentID": "E1", "PersonalID": "P1", "InformationDate": "2021-01-04",
        "DomesticViolenceSurvivor": "1", "CurrentlyFleeing": "1", "DateCreated": CHANGED, "DateUpdated": CHANGED,
        "UserID": "U", "DateDeleted": "", "ExportID": "X",
    }  # fmt: skip
    (mapped,) = [
        each for each in read(HMIS, referred() | {"HealthAndDV.csv": cells([health])}) if each.type == "referral"
    ]
    assert mapped.event is not None
    assert "SDV" in mapped.event.labels
    assert b"NBN" not in mapped.raw


def test_of_a_victim_service_provider_no_referral_is_held(read: Reader) -> None:
    files = referred()
    files["Organization.csv"] = str(files["Organization.csv"]).replace("Made-up Shelters,0", "Made-up Shelters,1")
    stops = [mapped for mapped in read(HMIS, files) if mapped.where.get("file") == "Event.csv"]
    assert [(mapped.hard_stop, mapped.raw, mapped.event) for mapped in stops] == [(True, b"", None)]
