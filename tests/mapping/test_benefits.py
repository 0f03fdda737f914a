"""Status files of SNAP and WIC: who is enrolled, as of when, and what is never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.connectors.catalog import SHIPPED
from hub.mapping.program import Mapped
from hub.privacy.agreements import example_agreement
from tests.mapping.reading import Reader, counted

BENEFITS = "food-benefits"
COLUMNS = "INDIVIDUAL_ID,LAST_NAME,FIRST_NAME,DOB,PROGRAM,STATUS,EFFECTIVE_DATE,END_DATE,AS_OF,LAST_UPDATED"
WIDE = "participant_id;participant_name;dob;snap;wic;as_of"


def row(**cells: str) -> str:
    """A row of COLUMNS."""
    told = {
        "who": "I-1", "family": "Vega", "given": "Marisol", "born": "03/09/1984", "program": "SNAP", "status": "Active",
        "begins": "01/01/2021", "ends": "", "as_of": "", "updated": "02/01/2021 02:15",
    } | cells  # fmt: skip
    return ",".join(told.values())


def file(*rows: str, head: str = COLUMNS) -> dict[str, str]:
    return {"extract.csv": "\n".join([head, *rows, ""])}


def standing(events: Iterable[Any]) -> dict[str, Any]:
    """What stands of each fact."""
    order = sorted(events, key=lambda event: (event.changed_at, event.status_rank, event.content_hash))
    return {event.fact_key: event for event in order}


def reason(found: list[Mapped]) -> tuple[str | None, object]:
    (mapped,) = found
    return mapped.reason, mapped.where.get("field")


@pytest.mark.parametrize(
    ("status", "enrolled"),
    [
        ("Active", "yes"),
        ("ENROLLED", "yes"),
        ("Certified", "yes"),
        ("Closed", "no"),
        ("Denied", "no"),
        ("Pending", "no"),
        ("not-enrolled-on-waitlist", "no"),
        ("Unknown", "unknown"),
    ],
)
def test_r12_a_status_is_a_word_of_the_table(read: Reader, status: str, enrolled: str) -> None:
    (event,) = read.events(BENEFITS, file(row(status=status)))
    assert (event.program, event.enrolled) == ("snap", enrolled)


def test_r14_enrolment_is_never_proof_that_food_arrived(read: Reader) -> None:
    both = [
        *read.events(BENEFITS, file(row())),
        *read.events(BENEFITS, file("W-1;Vega, Ana;;1;1;2021-02-15", head=WIDE)),
    ]
    assert [(event.program, event.delivered) for event in both] == [("snap", False), ("snap", False), ("wic", False)]


def test_a_status_that_no_row_decides_is_refused_and_a_states_own_codes_are_settings(read: Reader) -> None:
    assert reason(read(BENEFITS, file(row(status="07")))) == ("unmapped-code", "status")
    assert read.events(BENEFITS, file(row(status="07")), words={"status": {"07": "yes"}})[0].enrolled == "yes"
    assert reason(read(BENEFITS, file(row(status="")))) == ("missing-key", "status")
    assert reason(read(BENEFITS, file(row(program="ABAWD")))) == ("unmapped-code", "program")


def test_another_benefit_tells_nothing_of_food(read: Reader) -> None:
    assert reason(read(BENEFITS, file(row(program="TANF", status="Code 88")))) == ("no-answer", None)


def test_the_later_status_of_a_benefit_stands_in_any_order(read: Reader) -> None:
    rows = [
        row(status="Pending"),
        row(status="Approved", updated="02/20/2021 02:15"),
        row(program="WIC", status="Closed"),
    ]
    for order in (rows, rows[::-1]):
        stands = {event.program: event.enrolled for event in standing(read.events(BENEFITS, file(*order))).values()}
        assert stands == {"snap": "yes", "wic": "no"}


def test_a_certification_that_had_ended_when_the_file_was_written_is_none(read: Reader) -> None:
    ended, lasts = read.events(
        BENEFITS,
        file(row(ends="01/31/2021", as_of="02/15/2021"), row(who="I-2", ends="06/30/2021", as_of="02/15/2021")),
    )
    assert (ended.enrolled, lasts.enrolled) == ("no", "yes")
    assert (lasts.occurred_on, lasts.changed_at) == (date(2021, 2, 15), datetime(2021, 2, 1, 2, 15, tzinfo=UTC))


def test_r12_a_column_for_each_benefit_in_the_codes_of_hmis(read: Reader) -> None:
    rows = ("1;Vega, Ana;;1;0;2021-02-15", "2;Lind, Sven;;99;;2021-02-15", "3;Moss, Ida;;;;2021-02-15")
    found = read(BENEFITS, file(*rows, head=WIDE))
    told = [(m.event.program, m.event.enrolled) for m in found if m.event is not None]  # type: ignore[attr-defined]
    assert told == [("snap", "yes"), ("wic", "no"), ("snap", "unknown")]
    assert counted(found)["ignored"] == {"no-answer": 1}


def test_r7_people_without_an_id_are_known_by_name_and_birth_date_or_not_at_all(read: Reader) -> None:
    by_name = read.events(
        BENEFITS, file(";Vega, Ana;1984-03-09;1;;2021-02-15", ";vega, ANA;1984-03-09;;1;2021-02-15", head=WIDE)
    )
    assert len({event.source_person for event in by_name}) == 1
    assert reason(read(BENEFITS, file(";Vega, Ana;;1;;2021-02-15", head=WIDE))) == ("missing-key", "participant_id")
    assert read.events(BENEFITS, file(row(born="")))[0].person.birth_date is None


@pytest.mark.parametrize("column", ["born", "begins", "ends", "updated"])
def test_a_day_that_is_none_is_refused(read: Reader, column: str) -> None:
    (found,) = read(BENEFITS, file(row(**{column: "02/30/2021"})))
    assert found.reason == "bad-date"


def test_r12_the_order_of_dates_is_a_setting(read: Reader) -> None:
    (event,) = read.events(BENEFITS, file("1;Vega, Ana;;1;;15.02.2021", head=WIDE), date_order="dmy")
    assert event.occurred_on == date(2021, 2, 15)


def test_a_file_sent_again_tells_nothing_new(read: Reader) -> None:
    content = file(row(), row(program="WIC"))["extract.csv"]
    again = [[e.event_id for e in read.events(BENEFITS, {name: content})] for name in ("a.csv", "b.csv")]
    assert again[0] == again[1]


def test_r1_notes_are_neither_kept_nor_forwarded(read: Reader) -> None:
    for cells in (row(), row(status="Code 88")):
        (mapped,) = read(BENEFITS, file(f"{cells},calls after 5", head=f"{COLUMNS},WORKER_NOTES"))
        assert b"calls" not in mapped.raw
        (again,) = read(BENEFITS, {"x.csv": mapped.head + mapped.raw})
        assert (again.outcome, again.reason, again.event) == (mapped.outcome, mapped.reason, mapped.event)


def test_r21_the_example_agreement_names_one_purpose_and_no_more_than_the_link_needs() -> None:
    agreement = example_agreement(BENEFITS)
    assert agreement.purposes == ("isolation-support",)
    assert {*agreement.person_block} == {"given_name", "family_name", "birth_date", "local_id"}
    assert "272.1(c)" in agreement.basis
    assert "246.26(d)" in agreement.basis


def test_the_shipped_samples_hold_the_traps(read: Reader) -> None:
    folder = SHIPPED / BENEFITS / "samples"
    found = [mapped for path in sorted(folder.iterdir()) for mapped in read(BENEFITS, {path.name: path.read_bytes()})]
    assert counted(found)["rejected"] == {"unmapped-code": 1, "bad-date": 1, "missing-key": 1, "short-row": 1}
    assert counted(found)["ignored"] == {"no-answer": 2}
