"""R14 in exports of referral platforms: which words are help, which are an end without it, and what is never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.connectors.catalog import SHIPPED
from hub.domain.need_words import NEED_CATEGORIES
from hub.mapping.referral_lists import LIST
from hub.mapping.referral_states import state_of
from hub.mapping.tables import rows
from hub.privacy.agreements import example_agreement
from tests.mapping.reading import Reader, counted

REFERRALS = "referral-csv"
HEAD = (
    "Referral ID,Referral Date,Client ID,Last Name,First Name,DOB,Service Type,Organization,Status,Outcome,Outcome Reason,"
    "Closed Date,Last Updated"
)


def row(**cells: str) -> str:
    told = {
        "number": "R-1", "sent": "02/01/2021", "who": "C-1", "family": "Vega", "given": "Marisol", "born": "03/09/1984",
        "need": "Food", "organization": "Riverside Pantry", "status": "Sent", "outcome": "", "reason": "",
        "closed": "", "updated": "",
    } | cells  # fmt: skip
    return ",".join(told.values())


def file(*lines: str, head: str = HEAD) -> dict[str, str]:
    return {"export.csv": "\n".join([head, *lines, ""])}


def one(read: Reader, **cells: str) -> Any:
    (event,) = read.events(REFERRALS, file(row(**cells)))
    return event


@pytest.mark.parametrize(
    ("word", "status", "outcome"),
    [
        ("not updated", "sent", None),
        ("Pending", "accepted", None),
        ("ELIGIBLE", "accepted", None),
        ("Needs Client Action", "waiting-on-person", None),
        ("Got Help", "helped", None),
        ("No capacity", "not-helped", "no-capacity"),
        ("Not Eligible", "not-helped", "not-eligible"),
        ("Couldn't contact", "not-helped", "couldnt-contact"),
        ("Couldn't get help", "not-helped", "couldnt-get-help"),
        ("Referred elsewhere", "passed-on", None),
        ("No longer interested", "person-declined", None),
        ("Accepted on Waitlist", "waiting-on-person", None),
        ("Declined", "not-helped", "declined"),
        ("Canceled", "person-declined", None),
        ("Completed", "closed", None),
        ("Resolved", "closed", None),
        ("Enrolled", "accepted", None),
        ("in_review", "sent", None),
        ("off_platform", "sent", None),
        ("no_capacity", "not-helped", "no-capacity"),
    ],
)
def test_r14_a_status_is_a_word_of_the_table_and_only_got_help_is_help(
    read: Reader, word: str, status: str, outcome: str | None
) -> None:
    event = one(read, status=word)
    assert (event.status, event.outcome) == (status, outcome)
    assert event.proof == ("got-help" if status == "helped" else None)


@pytest.mark.parametrize(
    ("words", "status", "outcome", "issues"),
    [
        (("closed", "helped"), "helped", None, ()),
        (("accepted", "helped"), "helped", None, ()),
        (("closed", "", "no-capacity"), "not-helped", "no-capacity", ()),
        (("declined", "", "person-declined"), "person-declined", None, ()),
        (("declined", "", "no-capacity"), "not-helped", "no-capacity", ()),
        (("accepted", "closed"), "closed", None, ()),
        (("accepted", "", "no-capacity"), "accepted", None, ()),
        (("closed", "accepted"), "closed", None, ()),
        (("sent", "passed-on"), "passed-on", None, ()),
        (("helped", "", "couldnt-contact"), "not-helped", "couldnt-contact", ("outcome-contradicts",)),
        (("declined", "helped"), "not-helped", "declined", ("outcome-contradicts",)),
        (("", "not-helped"), "not-helped", None, ()),
    ],
)
def test_r14_status_outcome_and_reason_make_one_state(
    words: tuple[str, ...], status: str, outcome: str | None, issues: tuple[str, ...]
) -> None:
    told = state_of(*words)
    assert (told.status, told.outcome, told.issues) == (status, outcome, issues)
    assert (told.proof is not None) is (status == "helped")


def test_each_state_has_its_time(read: Reader) -> None:
    event = one(read, status="Got Help", closed="02/04/2021", updated="02/05/2021 10:00")
    assert (event.occurred_on, event.sent_at, event.outcome_at, event.changed_at) == (
        date(2021, 2, 1),
        datetime(2021, 2, 1, tzinfo=UTC),
        datetime(2021, 2, 4, tzinfo=UTC),
        datetime(2021, 2, 5, 10, tzinfo=UTC),
    )
    assert one(read, status="Accepted", closed="02/04/2021").outcome_at is None, "it has not ended"
    assert one(read, status="Closed", closed="01/04/2021").issues == ("ended-before-sent",)


def test_a_later_export_tells_the_same_referral_anew_and_a_repeat_tells_nothing(read: Reader) -> None:
    first = one(read, status="Sent", updated="02/01/2021 09:00")
    later = one(read, status="Got Help", updated="02/03/2021 09:00")
    again = one(read, status="Got Help", updated="02/03/2021 09:00")
    assert first.fact_key == later.fact_key
    assert (later.changed_at, later.event_id) > (first.changed_at, "")
    assert later.event_id == again.event_id != first.event_id
    assert first.referral == later.referral


def test_where_no_time_is_told_the_word_further_along_stands(read: Reader) -> None:
    ranks = [
        one(read, status=word).status_rank
        for word in ("Sent", "Accepted", "Closed", "Declined", "Got Help", "Entered in error")
    ]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


def test_r14_a_referral_with_a_parent_is_a_part_of_it(read: Reader) -> None:
    head = f"{HEAD},Parent Referral ID"
    whole, part = read.events(REFERRALS, file(row() + ",", row(number="R-2", status="Got Help") + ",R-1", head=head))
    assert (whole.part_of, part.part_of) == (None, whole.referral)


def test_what_is_not_sent_is_no_referral_and_an_error_takes_it_back(read: Reader) -> None:
    assert counted(read(REFERRALS, file(row(status="Draft"))))["ignored"] == {"not-sent": 1}
    wrong = one(read, status="Entered in Error")
    assert (wrong.active, wrong.fact_key) == (False, one(read).fact_key)


def test_a_status_that_no_row_decides_is_refused_and_a_networks_own_words_are_settings(read: Reader) -> None:
    (refused,) = read(REFERRALS, file(row(status="Stage 4")))
    assert (refused.reason, refused.where["field"]) == ("unmapped-code", "status")
    (event,) = read.events(REFERRALS, file(row(status="Stage 4")), words={"status": {"stage 4": "helped"}})
    assert event.status == "helped"
    assert one(read, status="Closed", outcome="See the file").issues == ("unknown-outcome",)


@pytest.mark.parametrize("column", ["Service", "Service Requested"])
def test_what_a_referral_is_for_stands_in_a_column_of_services_too(column: str, read: Reader) -> None:
    def told(name: str) -> Any:
        text = f"Referral ID,Status,Referral Date,Client ID,{name}\nR1,sent,2021-02-03,C1,Emergency Shelter\n"
        (event,) = read.events(REFERRALS, {"r.csv": text})
        return event

    assert (told(column).category, told(column).issues) == (told("Service Type").category, ())
    assert (told("Remarks").category, told("Remarks").issues) == ("unmapped", ("no-category-column",))


def test_r13_needs_are_words_of_the_vocabulary_or_unmapped(read: Reader) -> None:
    assert one(read, need="Help Pay for Food").category == "food-insecurity"
    assert one(read, need="Scuba diving").issues == ("unknown-need",)
    assert one(read, need="Scuba diving").category == "unmapped"
    assert one(read, need="Food; Food Pantry").issues == ()
    assert one(read, need="Food|Housing").issues == ("several-needs",)


@pytest.mark.parametrize(
    ("need", "category", "label"),
    [
        ("Domestic Violence Shelter", "intimate-partner-violence", "SDV"),
        ("Substance Use Treatment", "unmapped", "ETH"),
        ("Counseling", "unmapped", "PSY"),
        ("HIV Services", "unmapped", "HIV"),
    ],
)
def test_r19_what_somebody_was_referred_for_carries_its_label(
    read: Reader, need: str, category: str, label: str
) -> None:
    event = one(read, need=need)
    assert event.category == category
    assert {"R", label} <= {*event.labels}
    assert label in one(read, need=f"Food;{need}").labels


@pytest.mark.parametrize(
    "need", ["Food; Substance Use Treatment", "HIV Services|Food", "Counseling; Food; HIV Services"]
)
def test_r14_a_sensitive_service_beside_food_leaves_the_proof_of_food_help(read: Reader, need: str) -> None:
    event = one(read, need=need, status="Got Help")
    assert (event.category, event.status, event.issues) == ("food-insecurity", "helped", ("several-needs",))
    assert ("HIV" in event.labels, "PSY" in event.labels) == ("HIV" in need, "Counseling" in need)


def test_r3_one_number_for_two_people_is_refused(read: Reader) -> None:
    rows = (row(), row(who="C-2", family="Haddad", given="Nour"))
    for order in (rows, rows[::-1]):
        assert [(m.outcome, m.reason) for m in read(REFERRALS, file(*order))] == [("rejected", "duplicate-key")] * 2


def test_211_calls_a_need_met_where_a_referral_could_be_made(read: Reader) -> None:
    head = "Referral Number,Call Date,Caller Zip,Taxonomy,Need Met,Unmet Reason"
    met, unmet = read.events(
        REFERRALS,
        file("7,02/05/2021,37402,Food Pantries,Yes,", "8,02/05/2021,37402,Rent Assistance,No,No openings", head=head),
    )
    assert (met.status, met.proof, met.source_person, met.issues) == ("sent", None, None, ("nobody",))
    assert (unmet.status, unmet.outcome) == ("not-helped", "no-capacity")


def test_what_stands_in_other_columns_is_neither_kept_nor_told(read: Reader) -> None:
    (mapped,) = read(REFERRALS, file(row() + ",called her sister Ana", head=f"{HEAD},Notes"))
    assert b"Ana" not in mapped.raw + mapped.head
    assert mapped.event is not None
    assert "Riverside" not in mapped.event.model_dump_json()


def test_every_word_of_the_table_means_something() -> None:
    said = {(row["field"], row["code"]) for row in rows("lists_words") if row["program"] == REFERRALS}
    other = {"substance-use", "mental-health", "hiv", "other"}
    assert {code for field, code in said if field == "category"} <= NEED_CATEGORIES | other
    for code in {code for field, code in said if field in ("status", "outcome", "met")} - {"not-sent", "withdrawn"}:
        told = state_of(code)
        assert code in (told.status, told.outcome)


def test_the_shipped_agreement_grants_what_the_samples_need() -> None:
    assert (SHIPPED / REFERRALS / "samples").is_dir()
    assert "status" in example_agreement(REFERRALS).events[LIST.event]


CALLS = "CallReportNum,CallDateAndTimeStart,PostalCode,TaxonomyTerm,AgencyName,NeedMet,ReasonUnmet"


def test_the_needs_of_one_call_are_referrals_of_their_own(read: Reader) -> None:
    rows = (
        "501,02/10/2021 10:00,12180,Food Pantries,Riverside,Yes,",
        "501,02/10/2021 10:00,12180,Emergency Shelter,Mission,No,Full",
    )
    food, bed = read.events(REFERRALS, file(*rows, head=CALLS))
    assert (food.category, food.status, bed.category, bed.status, bed.outcome) == (
        "food-insecurity", "sent", "homelessness", "not-helped", "no-capacity",
    )  # fmt: skip
    assert food.fact_key != bed.fact_key
    assert (food.source_person, bed.source_person) == (None, None)
    again = read.events(REFERRALS, file(*rows[::-1], head=CALLS))
    assert {event.event_id for event in again} == {food.event_id, bed.event_id}


def test_a_network_that_calls_its_referrals_cases_is_read(read: Reader) -> None:
    head = "case_id,client_id,client_last_name,client_date_of_birth,service_type,case_status,outcome,case_created_at,case_closed_at"
    line = "K-1,C-1,Vega,1984-03-09,Food,closed,unresolved,2021-02-10T10:00:00Z,2021-02-12T10:00:00Z"
    (event,) = read.events(REFERRALS, file(line, head=head))
    assert (event.status, event.occurred_on, event.outcome_at) == (
        "not-helped", date(2021, 2, 10), datetime(2021, 2, 12, 10, tzinfo=UTC),
    )  # fmt: skip
