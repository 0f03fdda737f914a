"""Visits to food pantries: what proves that food arrived, who is nobody, and what replaces what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import hub.domain.isolation as isolation
from hub.connectors.catalog import SHIPPED
from hub.domain.measures import Denominators
from hub.mapping.program import Mapped
from hub.preview import Preview
from hub.wiring_reading import Taken
from tests.builders import IDS
from tests.formats.workbooks import workbook
from tests.mapping.reading import Reader, counted

PANTRY = "food-pantry"
RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())
COLUMNS = "HouseholdID,External Client ID,First Name,Last Name,Date of Birth,State,Zip,Ethnicity,Visit ID,Visit Date,Visit Type"


def visit(who: str = "C-1", **cells: str) -> str:
    """A row of COLUMNS."""
    told = {
        "household": "H-1", "who": who, "given": "Marisol", "family": "Vega", "born": "03/09/1984", "state": "IA", "zip": "50309",
        "ethnicity": "", "visit": "V-1", "day": "02/15/2021", "kind": "TEFAP", "updated": "", "status": "",
    } | cells  # fmt: skip
    return ",".join(told.values())


HEAD = COLUMNS + ",Last Updated,Visit Status"


def visits(*rows: str, head: str = HEAD) -> dict[str, str]:
    return {"visits.csv": "\n".join([head, *rows, ""])}


def standing(events: Iterable[Any]) -> dict[str, Any]:
    """What stands of each fact."""
    order = sorted(events, key=lambda event: (event.changed_at, event.status_rank, event.content_hash))
    return {event.fact_key: event for event in order}


def reason(found: list[Mapped]) -> tuple[str | None, object]:
    (mapped,) = found
    return mapped.reason, mapped.where.get("field")


@pytest.mark.parametrize("column", ["Race/Ethnicity", "Race / Ethnicity", "race_ethnicity"])
@pytest.mark.parametrize(
    ("label", "group"), [("Hispanic or Latino", "hispanic"), ("Black or African American", "black")]
)
def test_one_column_for_race_and_ethnicity_is_read_as_its_label_says(
    column: str, label: str, group: str, read: Reader
) -> None:
    (event,) = read.events(PANTRY, visits(visit(ethnicity=label), head=HEAD.replace("Ethnicity", column)))
    assert event.race_ethnicity.groups == (group,)


def test_a_visit_with_food_is_proof_that_food_arrived(read: Reader) -> None:
    (event,) = read.events(PANTRY, visits(visit()))
    assert (event.program, event.enrolled, event.delivered, event.occurred_on) == (
        "pantry",
        "yes",
        True,
        date(2021, 2, 15),
    )
    assert (event.person.family_name, event.person.postal_code, event.person.county) == ("Vega", "50309", "19153")


@pytest.mark.parametrize(
    ("kind", "program", "delivered", "issues"),
    [
        ("CSFP", "pantry", True, ()),
        ("hot  MEAL", "meal-delivery", True, ()),
        ("SNAP", "pantry", False, ()),
        ("Voucher", "pantry", False, ()),
        ("Friday Boxes", "pantry", False, ("unmapped-visit-type",)),
    ],
)
def test_r14_only_a_label_that_a_row_decides_is_proof_of_help(
    read: Reader, kind: str, program: str, delivered: bool, issues: tuple[str, ...]
) -> None:
    (mapped,) = read(PANTRY, visits(visit(kind=kind)))
    event: Any = mapped.event
    assert (event.program, event.delivered, mapped.issues) == (program, delivered, issues)


def test_r12_labels_are_the_networks_own_by_configuration(read: Reader) -> None:
    (event,) = read.events(PANTRY, visits(visit(kind="Friday Boxes")), words={"visit_type": {"friday boxes": "food"}})
    assert event.delivered


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("02/03/2021", "mdy", date(2021, 2, 3)),
        ("02/03/2021", "dmy", date(2021, 3, 2)),
        ("15-02-2021", "dmy", date(2021, 2, 15)),
        ("15.02.2021", "dmy", date(2021, 2, 15)),
        ("2021-02-15", "dmy", date(2021, 2, 15)),
        ("2021/02/15 10:30", "mdy", date(2021, 2, 15)),
        ("20210215", "mdy", date(2021, 2, 15)),
    ],
)
def test_r12_the_order_of_dates_is_a_setting_of_the_network(read: Reader, text: str, order: str, day: date) -> None:
    head = "Client ID,Visit Date,Visit Type"
    assert read.events(PANTRY, visits(f"1,{text},TEFAP", head=head), date_order=order)[0].occurred_on == day


@pytest.mark.parametrize("text", ["15/02/2021", "02/15/21", "2/30/2021", "Tuesday"])
def test_r12_a_day_that_does_not_fit_the_setting_is_refused_not_guessed(read: Reader, text: str) -> None:
    assert reason(read(PANTRY, visits(visit(day=text)))) == ("bad-date", "visit date")


def test_r12_anonymous_visits_count_for_their_area_and_become_nobody(read: Reader) -> None:
    rows = visits(visit("C-9", kind="Anonymous"), visit("", given="", family="", born="", visit="V-2"))
    events = read.events(PANTRY, rows)
    assert [(event.source_person, event.delivered) for event in events] == [(None, True)] * 2
    for event in events:
        block = event.person
        assert (block.county, block.given_name, block.family_name, block.birth_date, block.local_id) == (
            "19153",
            *[None] * 4,
        )
    assert len({event.fact_key for event in events}) == 2
    preview = Preview(IDS, RULES, Denominators({}, "none"))
    preview.take(Taken("event", event, None, "") for event in events)
    found = preview.finish(date(2021, 3, 1))
    assert (len(found.people), found.events) == (0, {"food-assistance": 2})


def test_r11_a_row_of_a_household_is_no_person(read: Reader) -> None:
    rows = visits(
        visit("", given="", family="", born=""), visit("C-1", visit="V-2"), visit("C-2", given="Tomas", visit="V-2")
    )
    household, head, child = read.events(PANTRY, rows)
    assert household.source_person is None
    assert len({household.fact_key, head.fact_key, child.fact_key}) == 3
    assert head.source_person != child.source_person


def test_r4_a_correction_replaces_its_visit_in_any_order(read: Reader) -> None:
    first = visit(day="02/16/2021", updated="02/16/2021 9:30 AM")
    mended = visit(day="02/17/2021", updated="02/18/2021 8:00 AM")
    for rows in ((first, mended), (mended, first)):
        (stands,) = standing(read.events(PANTRY, visits(*rows))).values()
        assert stands.occurred_on == date(2021, 2, 17)


@pytest.mark.parametrize("status", ["Voided", "No show", "Deleted"])
def test_a_visit_that_was_voided_is_withdrawn(read: Reader, status: str) -> None:
    (stands,) = standing(read.events(PANTRY, visits(visit(status="Completed"), visit(status=status)))).values()
    assert not stands.active


def test_a_status_that_no_row_decides_is_refused(read: Reader) -> None:
    assert reason(read(PANTRY, visits(visit(status="Parked")))) == ("unmapped-code", "visit status")


def test_repeated_visits_are_visits_and_a_second_row_of_one_day_is_not(read: Reader) -> None:
    head = "Client ID,Date,Weight,Adults,Children"
    rows = ("7,02/15/2021,31,2,1", "7,02/15/2021,31,2,1", "7,02/22/2021,28,2,1")
    assert len(standing(read.events(PANTRY, visits(*rows, head=head)))) == 2


@pytest.mark.parametrize("other", ["Food Request", "Voucher", "SNAP Application"])
def test_a_visit_without_number_and_what_else_was_asked_for_that_day_are_two_facts(other: str, read: Reader) -> None:
    rows = (visit(visit="", kind="Food Pantry"), visit(visit="", kind=other))
    for order in (rows, rows[::-1]):
        stands = standing(read.events(PANTRY, visits(*order))).values()
        assert sorted(event.delivered for event in stands) == [False, True]
    asked = [event for event in stands if event.signal == "reported"]
    assert len(asked) == (other == "Food Request")


def test_the_same_file_again_tells_nothing_new(read: Reader) -> None:
    content = visits(visit(), visit("", given="", family="", born="", visit=""))["visits.csv"]
    again = [[e.event_id for e in read.events(PANTRY, {name: content})] for name in ("a.csv", "b.csv")]
    assert again[0] == again[1]


def test_r12_both_layouts_of_a_row_a_person_and_visit(read: Reader) -> None:
    old = "service_name,afn,served_date,annual_income,individual_id,lnm,dob,race,ethnicity,snap_household,zip"
    new = "primaryKey;clientId;houseHoldIdAfn;dob;zip;foodstamps;service;servedDate;householdMembers"
    one = read.events(
        PANTRY, visits("Food Pantry,7001,2021-02-15,-350,31,Vega,1984-03-09,White,Hispanic or Latino,N,50309", head=old)
    )
    two = read.events(PANTRY, visits("900001;31;7001;1984-03-09;50309;no;Food Pantry;2021-02-15;2", head=new))
    assert [(e.program, e.enrolled, e.delivered) for e in one] == [("pantry", "yes", True), ("snap", "no", False)]
    assert [(e.program, e.enrolled, e.delivered) for e in two] == [("pantry", "yes", True), ("snap", "no", False)]
    assert one[0].source_person == two[0].source_person


@pytest.mark.parametrize(
    ("label", "groups", "absence"),
    [
        ("Didn't Ask", (), "not-asked"),
        ("Don't Know", (), "asked-unknown"),
        ("Prefer Not to Answer", (), "declined"),
        ("Black or African American", ("black",), None),
        ("Hispanic or Latino", ("hispanic",), None),
    ],
)
def test_r15_the_locked_answers_are_the_absences_they_are(
    read: Reader, label: str, groups: tuple[str, ...], absence: str | None
) -> None:
    (event,) = read.events(PANTRY, visits(visit(ethnicity=label)))
    assert (event.race_ethnicity.groups, event.race_ethnicity.absence) == (groups, absence)


def test_r7_blank_birth_dates_and_placeholders_are_no_faults(read: Reader) -> None:
    blank, unknown = read.events(PANTRY, visits(visit(born=""), visit("C-2", born="Unknown", family="N/A")))
    assert (blank.person.birth_date, unknown.person.birth_date, unknown.person.family_name) == (None, None, None)


def test_somebody_who_only_registered_is_no_visit(read: Reader) -> None:
    assert reason(read(PANTRY, visits(visit(day="", visit="")))) == ("no-visit", None)


def test_r12_a_renamed_column_has_a_name_and_a_setting(read: Reader) -> None:
    head = HEAD.replace("Visit Date", "Tag")
    assert reason(read(PANTRY, visits(visit(), head=head)))[0] == "missing-column"
    assert read.events(PANTRY, visits(visit(), head=head), columns={"visit_day": "Tag"})
    (gone,) = read(PANTRY, visits(visit()), columns={"visit_day": "Tag"})
    assert (gone.reason, gone.where["field"]) == ("missing-column", "Tag")
    (bare,) = read(PANTRY, visits("2021-02-15,3", head="Visit Date,Pounds"))
    assert bare.reason == "missing-column"


def test_r1_income_and_notes_are_neither_kept_nor_forwarded(read: Reader) -> None:
    (mapped,) = read(PANTRY, visits(visit() + ",asked about rent,-350", head=HEAD + ",Visit Notes,Annual Income"))
    assert b"rent" not in mapped.raw
    assert b"-350" not in mapped.raw
    assert b"Income" not in mapped.head
    (again,) = read(PANTRY, {"x.csv": mapped.head + mapped.raw})
    assert again.event == mapped.event


def test_the_shipped_samples_hold_the_traps(read: Reader) -> None:
    folder = SHIPPED / PANTRY / "samples"
    found = [mapped for path in sorted(folder.iterdir()) for mapped in read(PANTRY, {path.name: path.read_bytes()})]
    assert counted(found)["rejected"] == {"bad-date": 2, "short-row": 1}
    assert counted(found)["ignored"] == {"no-visit": 1}
    assert sum(mapped.event is not None and mapped.event.source_person is None for mapped in found) == 4


def test_r12_a_workbook_of_visits_is_read_as_its_first_sheet(read: Reader) -> None:
    rows: list[list[Any]] = [
        ["Date", "Client ID", "Weight with cart", "Weight without cart", "Adults", "Children", "Note"],
        [date(2021, 2, 15), 7, 61, 31, 2, 1, "asked about rent"],
        [date(2021, 2, 15), "Anonymous", None, None, None, None, None],
    ]
    visit_of_7, unnamed = found = read(PANTRY, {"visits.xlsx": workbook(rows)})
    assert counted(found)["events"] == {"food-assistance": 2}
    assert visit_of_7.event is not None
    assert unnamed.event is not None
    assert unnamed.event.source_person is None
    assert visit_of_7.event.occurred_on == date(2021, 2, 15)
    assert b"rent" not in visit_of_7.raw


def test_r12_nobody_is_called_anonymous(read: Reader) -> None:
    head = "Date,Client ID,First Name,Last Name,DOB"
    for row in ("2021-02-15,Anonymous,,,", "2021-02-15,,Anon,Unknown,1900-01-01", "2021-02-15,WALK-IN,,,"):
        (event,) = read.events(PANTRY, visits(row, head=head))
        assert (event.source_person, event.person) == (None, None)


def test_r12_anonymous_visits_that_read_alike_are_as_many_as_there_are(read: Reader) -> None:
    """social-standards R12: anonymous visits count, never join; the same file again is no new visit."""
    rows = visits(*["2021-02-15,Anonymous,30.5,2,1"] * 3, head="Date,Client ID,Weight with cart,Adults,Children")
    events = read.events(PANTRY, rows)
    assert [(event.source_person, event.delivered, event.household_size) for event in events] == [(None, True, 3)] * 3
    assert len({event.fact_key for event in events}) == 3
    assert {event.event_id for event in read.events(PANTRY, rows)} == {event.event_id for event in events}


def test_r12_an_xlsx_derived_list_is_read_by_its_names(read: Reader) -> None:
    """social-standards R12: date, client, weights with and without cart, adults, children, note; one visit a client and day."""
    head = "Date,Client ID,Weight with cart,Weight without cart,Adults,Children,Note"
    rows = visits(
        "2/15/2021,118,42.5,31,2,3,asked about rent",
        "2/15/2021,118,12,10,2,3,came back",
        "2/16/2021,119,1,1,x,,",
        head=head,
    )
    first, again, other = read(PANTRY, rows)
    assert first.event is not None and again.event is not None  # noqa: PT018
    assert first.event.fact_key == again.event.fact_key
    assert getattr(first.event, "household_size", None) == 5
    assert b"rent" not in first.raw
    assert other.issues == ("unreadable-household-size",)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("service_name;afn;servd;individual_id;lnm;dob", "missing-column"),
        ("primaryKey;clientId;houseHoldIdAfn;serviceDay;service", "missing-column"),
        ("HouseholdID;External Client ID;Visit Type;Day of the week", "missing-column"),
        ("date of report;weather", "unknown-header"),
    ],
)
def test_r12_a_renamed_or_missing_column_is_named_drift(header: str, reason: str, read: Reader) -> None:
    """social-standards R12: schema drift has a name, and nothing of the file is guessed."""
    found = read(PANTRY, visits(";".join(["x"] * (header.count(";") + 1)), head=header))
    assert [(m.outcome, m.reason) for m in found] == [("rejected", reason)]
    assert found[0].where.get("field") or found[0].where.get("row") or found[0].where["file"]


def test_r12_columns_in_another_order_and_case_with_more_beside_them_are_the_same(read: Reader) -> None:
    """social-standards R12: DMARC-like, person by visit, both versions."""
    old = "service_name,afn,served_date,individual_id,lnm,dob,snap_household,annual_income"
    swapped = "ANNUAL_INCOME,Snap_Household,DOB,LNM,Individual_ID,Served_Date,AFN,Service_Name,Volunteer"
    row = "Food Pantry,7001,2021-02-15,31,Vega,1984-03-09,Y,-350"
    other = ",".join([*reversed(row.split(",")), "Pat"])
    one = read.events(PANTRY, visits(row, head=old))
    same = read.events(PANTRY, visits(other, head=swapped))
    assert [event.event_id for event in one] == [event.event_id for event in same]


def test_r11_a_household_is_a_group_of_its_source_and_not_a_person(read: Reader) -> None:
    """social-standards R11: two members of a household are two people of one group, named by a token."""
    first, second = read.events(PANTRY, visits(visit("C-1"), visit("C-2", given="Tomas", visit="V-2")))
    assert first.household == second.household
    assert first.source_person != second.source_person
    assert "H-1" not in first.model_dump_json()


def test_r10_who_is_fed_may_be_in_need_and_who_asks_has_said_so(read: Reader) -> None:
    """social-standards R10: inferred and reported are kept apart on the event."""
    fed, asks = read.events(PANTRY, visits(visit(), visit("C-2", kind="Request", visit="V-2")))
    assert (fed.category, fed.signal, fed.delivered) == ("food-insecurity", "inferred", True)
    assert (asks.category, asks.signal, asks.delivered) == ("food-insecurity", "reported", False)
