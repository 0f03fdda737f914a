"""social-standards.md, requirements 1 to 4 for the HMIS reader, each with its own tests, on made-up exports whose answers were
judged before they were read. The others: test_shelters_identifiers.py, test_shelters_presence.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from hub.mapping.program import Mapped
from tests.mapping import made_up_hmis as made
from tests.mapping.made_up_hmis import Export, Guest
from tests.mapping.reading import Reader, counted

HMIS = "hmis-csv"
GUESTS = (
    Guest(1, "EE", left="2021-01-20", hispanic=True),
    Guest(2, "NBN", races=("black", "white"), sex="M", before="101", nights=("2021-01-04", "2021-01-05")),
    Guest(3, "TH", races=("aian",), before="207", left="2021-01-22", after="435"),
    Guest(4, "SO", before="116"),
)
EVENTS = {"person": 4, "shelter-stay": 5, "living-situation": 6, "site": 3}
LATER, LATEST = "2021-01-21 09:00:00", "2021-01-22 09:00:00"


def outcome(found: list[Mapped]) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    told = counted(found)
    return told["events"], told["rejected"], told["ignored"]


def of(found: list[Mapped], kind: str) -> list[Any]:
    return [mapped.event for mapped in found if mapped.event is not None and mapped.type == kind]


def issues(found: list[Mapped]) -> Counter[str]:
    return Counter(code for mapped in found for code in mapped.odd)


@pytest.mark.parametrize("year", [2022, 2024, 2026])
def test_social_1_an_export_of_each_year_is_read(year: int, read: Reader) -> None:
    assert outcome(read(HMIS, Export(GUESTS, year).files())) == (EVENTS, {}, {"not-a-shelter": 1})


@pytest.mark.parametrize(
    "written",
    [made.bom, made.crlf, made.quoted, made.trailing_tabs, made.upper_headers],
    ids=lambda each: each.__name__,
)
def test_social_1_however_software_writes_the_tables_the_same_events_come_of_them(
    written: Callable[[str], bytes], read: Reader
) -> None:
    plain = Export(GUESTS).files()
    files: dict[str, bytes | str] = {name: written(str(text)) for name, text in plain.items()}
    assert {m.event.event_id for m in read(HMIS, files) if m.event} == {
        m.event.event_id for m in read(HMIS, plain) if m.event
    }


@pytest.mark.parametrize("end", ["", "\n\n\n", "\r\n", "\x1a"])
def test_social_1_broken_endings_of_a_file_lose_no_row(end: str, read: Reader) -> None:
    files = Export(GUESTS).files()
    files["Services.csv"] = str(files["Services.csv"]).rstrip("\n") + end
    assert Counter(m.entity for m in read(HMIS, files))["bed_nights"] == 2


def test_social_1_a_row_that_was_cut_off_is_one_dead_letter_and_the_others_count(read: Reader) -> None:
    files = Export(GUESTS).files()
    files["Services.csv"] = str(files["Services.csv"]).rstrip("\n")[:-40]
    found = read(HMIS, files)
    assert counted(found)["rejected"] == {"short-row": 1}
    assert Counter(m.entity for m in found)["bed_nights"] == 1


@pytest.mark.parametrize("day", ["2021-01-31", "01-31-2021 12:00:00", "1/31/2021", "2021-01-31T12:00:00"])
def test_social_1_dates_of_the_export_come_in_several_orders(day: str, read: Reader) -> None:
    export = Export(GUESTS)
    export.tables["Export"][0] |= {"ExportDate": day, "ExportEndDate": "2021-03-31"}
    (site, *_) = of(read(HMIS, export.files()), "site")
    assert f"{site.known_as_of}" == "2021-01-31"


@pytest.mark.parametrize(("said", "written"), [(2022, 2024), (2024, 2022), (2024, 2026), (2026, 2024), (2026, 2022)])
def test_social_1_a_year_that_the_headers_contradict_is_refused_whole(said: int, written: int, read: Reader) -> None:
    export = Export(GUESTS, written)
    export.tables["Export"][0]["CSVVersion"] = str(said)
    assert outcome(read(HMIS, export.files())) == ({}, {"version-mismatch": 1}, {})


def test_social_1_a_column_left_over_from_another_year_is_explained(read: Reader) -> None:
    export = Export(GUESTS, 2024)
    for row in export.tables["Client"]:
        row["Sex"] = "1"
    assert counted(read(HMIS, export.files()))["events"] == EVENTS


def test_social_1_extra_columns_and_files_are_counted_and_never_forwarded(read: Reader) -> None:
    export = Export(GUESTS)
    for row in export.tables["Client"]:
        row["CaseworkerNotes"] = "knows the SECRET way"
    found = read(HMIS, {**export.files(), "Custom.csv": "SECRET\n1\n", "Disabilities.csv": "DisabilitiesID\n1\n"})
    assert outcome(found) == (EVENTS, {}, {"not-a-shelter": 1, "column-not-used": 1, "file-not-used": 2})
    assert not any(b"SECRET" in mapped.raw for mapped in found)


def told(found: list[Mapped], kind: str) -> list[tuple[Any, ...]]:
    """What events of a kind say, without what names the version and the code that was sent."""
    names = {
        "person": ("source_person", "person"),
        "shelter-stay": ("source_person", "fact_key", "stay", "presence", "site", "site_kind", "entered_on", "left_on",
                         "household", "household_head"),
        "living-situation": ("source_person", "fact_key", "situation", "occurred_on"),
        "site": ("site", "site_kind", "beds", "unnamed"),
    }[kind]  # fmt: skip
    return sorted((tuple(getattr(event, name) for name in names) for event in of(found, kind)), key=repr)


@pytest.mark.parametrize("kind", ["person", "shelter-stay", "living-situation", "site"])
def test_social_2_twins_of_all_three_years_give_identical_people_and_stays(kind: str, read: Reader) -> None:
    fy2022, fy2024, fy2026 = (told(read(HMIS, Export(GUESTS, year).files()), kind) for year in (2022, 2024, 2026))
    assert fy2024 == fy2026
    assert fy2022 == fy2024


def test_social_2_twins_tell_the_same_race_and_the_code_as_it_was_sent(read: Reader) -> None:
    groups = [
        [e.race_ethnicity.groups for e in of(read(HMIS, Export(GUESTS, year).files()), "person")]
        for year in (2024, 2026)
    ]
    assert groups[0] == groups[1]
    codes = {
        year: {(e.code.code, e.code.system) for e in of(read(HMIS, Export(GUESTS, year).files()), "living-situation")}
        for year in (2022, 2024)
    }
    assert ("16", "HMIS-3.12-FY2022") in codes[2022]
    assert ("116", "HMIS-3.12-FY2024") in codes[2024]


@pytest.mark.parametrize(
    ("column", "value", "kept", "odd"),
    [
        ("NameDataQuality", "999", True, "unknown-hmis-code"),
        ("RaceNone", "0", True, "unknown-hmis-code"),
        ("VeteranStatus", "", True, None),
        ("NameDataQuality", "", False, None),
        ("PersonalID", "", False, None),
    ],
)
def test_social_3_a_row_is_accepted_accepted_with_an_issue_or_rejected(
    column: str, value: str, kept: bool, odd: str | None, read: Reader
) -> None:
    export = Export(GUESTS[:1])
    export.tables["Client"].append(
        {**export.tables["Client"][0], "PersonalID": "P9", "FirstName": "Nine", column: value}
    )
    found = read(HMIS, export.files())
    people = of(found, "person")
    assert len(people) == 1 + kept
    assert counted(found)["rejected"] == ({} if kept else {"missing-key": 1})
    assert issues(found) == Counter([odd] if odd else [])


@pytest.mark.parametrize(
    ("table", "column"),
    [("Enrollment", "LivingSituation"), ("Exit", "Destination"), ("Enrollment", "RelationshipToHoH")],
)
def test_social_3_an_unknown_code_costs_an_answer_and_not_the_row(table: str, column: str, read: Reader) -> None:
    export = Export(GUESTS[:1])
    export.tables[table][0][column] = "999"
    found = read(HMIS, export.files())
    assert counted(found)["rejected"] == {}
    assert set(issues(found)) == {"unknown-hmis-code"}
    assert [e.situation for e in of(found, "living-situation")].count("unknown") == (column != "RelationshipToHoH")


def test_social_3_one_key_for_two_people_sets_both_apart(read: Reader) -> None:
    export = Export(GUESTS)
    one, two = export.tables["Services"]
    export.tables["Services"].append({**one, "EnrollmentID": "E1", "PersonalID": "P1"})
    export.tables["Client"].append(
        {**export.tables["Client"][3], "FirstName": "Somebody", "LastName": "Else", "DOB": "1999-09-09"}
    )
    found = read(HMIS, export.files())
    assert counted(found)["rejected"] == {"duplicate-key": 4}
    assert [f"{e.occurred_on}" for e in of(found, "shelter-stay") if e.stay == "night"] == [two["DateProvided"]]
    assert {e.person.local_id for e in of(found, "person")} == {"P1", "P2", "P3"}


def test_social_3_rows_of_a_project_that_is_not_told_are_rejected(read: Reader) -> None:
    export = Export(GUESTS)
    export.tables["Project"] = [row for row in export.tables["Project"] if row["ProjectID"] != "NBN"]
    assert counted(read(HMIS, export.files()))["rejected"] == {
        "unknown-project": 3
    }  # the enrollment and its two bed nights


def test_social_3_a_corrected_name_is_no_second_person(read: Reader) -> None:
    export = Export(GUESTS[:1])
    export.tables["Client"].append({**export.tables["Client"][0], "LastName": "Corrected", "DateUpdated": LATER})
    found = read(HMIS, export.files())
    assert [e.person.family_name for e in of(found, "person")] == ["Corrected"]
    assert counted(found)["ignored"] == {"older-version": 1}


@pytest.mark.parametrize(
    ("first", "second", "stands", "why"),
    [
        (made.CHANGED, LATER, "second", "older-version"),
        (LATER, made.CHANGED, "first", "older-version"),
        (LATER, LATER, "first", "older-version"),  # equal keeps the first
        ("", LATER, "second", "older-version"),
    ],
)
def test_social_4_of_two_rows_of_one_key_the_newer_stands_and_the_older_is_counted(
    first: str, second: str, stands: str, why: str, read: Reader
) -> None:
    export = Export(GUESTS[:1])
    row = export.tables["Enrollment"][0]
    entries = {"first": "2021-01-05", "second": "2021-01-06"}
    export.tables["Enrollment"] = [
        {**row, "DateUpdated": first, "EntryDate": entries["first"]},
        {**row, "DateUpdated": second, "EntryDate": entries["second"]},
    ]  # fmt: skip
    found = read(HMIS, export.files())
    assert [f"{e.entered_on}" for e in of(found, "shelter-stay")] == [entries[stands]]
    assert counted(found)["ignored"] == {why: 1}


def test_social_4_a_row_that_stands_twice_counts_once(read: Reader) -> None:
    export = Export(GUESTS)
    export.tables["Services"] *= 2
    found = read(HMIS, export.files())
    assert counted(found)["ignored"] == {"repeated-row": 2, "not-a-shelter": 1}
    assert Counter(m.entity for m in found)["bed_nights"] == 2


def test_social_4_a_redelivery_gives_no_new_event(read: Reader) -> None:
    first, again = ([m.event.event_id for m in read(HMIS, Export(GUESTS).files()) if m.event] for _ in range(2))
    assert first == again


def test_social_4_a_deleted_row_outranks_what_it_was_and_a_restore_outranks_both(read: Reader) -> None:
    def night(**changes: str) -> Any:
        export = Export(GUESTS)
        export.tables["Services"] = [{**export.tables["Services"][0], **changes}]
        return next(e for e in of(read(HMIS, export.files()), "shelter-stay") if e.stay == "night")

    was, gone, back = night(), night(DateDeleted=LATER), night(DateUpdated=LATEST)
    assert was.fact_key == gone.fact_key == back.fact_key
    assert [e.active for e in (was, gone, back)] == [True, False, True]
    ranks = [(e.changed_at, e.status_rank) for e in (was, gone, back)]
    assert ranks == sorted(ranks)
    assert len({e.event_id for e in (was, gone, back)}) == 3


def test_social_4_dates_of_exports_are_not_the_order_of_records(read: Reader) -> None:
    early, late = Export(GUESTS[:1], day="2021-01-28"), Export(GUESTS[:1], day="2021-01-30")
    early.tables["Exit"][0] |= {"ExitDate": "2021-01-19", "DateUpdated": LATEST}
    (mended,), (older,) = (of(read(HMIS, export.files()), "shelter-stay") for export in (early, late))
    assert mended.changed_at > older.changed_at, "the row that was changed last stands, whichever export brought it"


@pytest.mark.parametrize("year", [2022, 2024, 2026])
def test_a_larger_community_gives_what_was_written(year: int, read: Reader) -> None:
    guests = made.community(600)
    found = read(HMIS, Export(guests, year).files())
    slept, exits = sum(len(guest.nights) for guest in guests), sum(bool(guest.left) for guest in guests)
    housed = sum(guest.project != "SO" for guest in guests)
    assert outcome(found) == (
        {"person": 600, "shelter-stay": housed + slept, "living-situation": 600 + exits, "site": 3}, {}, {"not-a-shelter": 1},
    )  # fmt: skip
    assert Counter(m.entity for m in found if m.entity) == {
        "clients": 600,
        "enrollments": 600,
        "exits": exits,
        "bed_nights": slept,
    }
