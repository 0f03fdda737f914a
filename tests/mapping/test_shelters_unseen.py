"""HMIS exports as other people's software and hands leave them, each judged before it was run: what is told of who is where."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from hub.domain.identity import version_of
from hub.mapping.program import Mapped
from tests.mapping.made_up_hmis import Export, Guest, community
from tests.mapping.reading import Reader

HMIS = "hmis-csv"
Files = dict[str, bytes | str]


def written(export: Export, change: Callable[[str], str | bytes]) -> Files:
    """The files of an export, those but Export.csv changed."""
    return {name: text if name == "Export.csv" else change(str(text)) for name, text in export.files().items()}


def as_fractions(text: str) -> str:
    """Codes as software that counts writes a column with a blank in it."""
    head, *rows = list(csv.reader(io.StringIO(text)))
    out = io.StringIO()
    counted = [
        [
            f"{cell}.0" if re.fullmatch(r"\d{1,3}", cell) and not name.endswith("ID") else cell
            for name, cell in zip(head, row, strict=True)
        ]
        for row in rows
    ]
    csv.writer(out, lineterminator="\n").writerows([head, *counted])
    return out.getvalue()


def as_a_spreadsheet_shows_days(text: str) -> str:
    day = re.compile(r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):\d\d)?")
    return day.sub(lambda m: f"{int(m[2])}/{int(m[3])}/{m[1]}" + (f" {int(m[4])}:{m[5]}" if m[4] else ""), text)


CHANGES: dict[str, Callable[[str], str | bytes]] = {
    "codes as fractions": as_fractions,
    "days as a spreadsheet shows them": as_a_spreadsheet_shows_days,
    "NULL for a blank": lambda text: re.sub(r"(?<=,)(?=[,\n])", "NULL", text),
    "NA for a blank": lambda text: re.sub(r"(?<=,)(?=[,\n])", "NA", text),
    "the zero day for no deletion": lambda text: re.sub(r",(,[^,\n]*\n)", r",0000-00-00 00:00:00\1", text),
    "UTF-16": lambda text: text.encode("utf-16"),
    "carriage returns alone": lambda text: text.replace("\n", "\r"),
    "endings of two kinds": lambda text: "\r\n".join(text.split("\n", 2)),
    "no ending": lambda text: text.rstrip("\n"),
    "commas after each row": lambda text: "".join(f"{line},,\n" for line in text.splitlines()),
    "columns in another order and a vendor's beside them": lambda text: "".join(
        ",".join([*reversed(line.split(",")), "X"]) + "\n" for line in text.splitlines()
    ),
}


def told(found: list[Mapped]) -> list[Any]:
    """What is told, without which bytes told it."""
    left_out = {"event_id", "content_hash"}
    return [mapped.event.model_dump(exclude=left_out) for mapped in found if mapped.event is not None]


@pytest.mark.parametrize("how", CHANGES)
def test_r1_r3_an_export_says_the_same_however_it_was_written(how: str, read: Reader) -> None:
    export = Export(community(24))
    found = read(HMIS, written(export, CHANGES[how]))
    assert [mapped.reason for mapped in found if mapped.outcome == "rejected"] == []
    assert told(found) == told(read(HMIS, export.files()))


def test_r20_who_flees_is_known_however_the_code_is_written(read: Reader) -> None:
    export = Export([Guest(1)])
    export.tables["HealthAndDV"] = [
        {"HealthAndDVID": "D1", "EnrollmentID": "E1", "PersonalID": "P1", "CurrentlyFleeing": "1", "DateDeleted": ""}
    ]
    (stay,) = [m.event for m in read(HMIS, written(export, as_fractions)) if m.type == "shelter-stay" and m.event]
    assert "SDV" in stay.labels


@pytest.mark.parametrize("word", ["Yes", "Y", "TRUE", "t"])
def test_r20_who_flees_is_known_by_a_word_too(word: str, read: Reader) -> None:
    export = Export([Guest(1)])
    export.tables["HealthAndDV"] = [
        {"HealthAndDVID": "D1", "EnrollmentID": "E1", "PersonalID": "P1", "CurrentlyFleeing": word, "DateDeleted": ""}
    ]
    (stay,) = [m.event for m in read(HMIS, export.files()) if m.type == "shelter-stay" and m.event]
    assert "SDV" in stay.labels


def test_r7_who_has_no_name_is_not_called_null(read: Reader) -> None:
    export = Export(
        [Guest(1, more={"FirstName": "NA", "LastName": "NA"}), Guest(2, more={"FirstName": "Ae-ri", "LastName": "NA"})]
    )
    people: list[Any] = [m.event.person for m in read(HMIS, export.files()) if m.type == "person" and m.event]
    assert [person and (person.given_name, person.family_name) for person in people] == [(None, None), ("Ae-ri", "NA")]


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("1900-01-01", "placeholder-birth-date"),
        ("2041-02-03", "born-after-export"),
        ("3 Feb", "unreadable-birth-date"),
        ("", None),
    ],
)
def test_r7_a_day_of_birth_that_cannot_be_one_carries_no_weight(text: str, issue: str | None, read: Reader) -> None:
    found = read(HMIS, Export([Guest(1, more={"DOB": text})]).files())
    people: list[Any] = [(m.event, m.odd) for m in found if m.type == "person"]
    assert [(event.person.birth_date, odd) for event, odd in people] == [(None, (issue,) if issue else ())]


@pytest.mark.parametrize(
    ("deleted", "issues"),
    [((), {}), (("Enrollment",), {"bed-night-of-deleted-enrollment": 1}), (("Enrollment", "Services"), {})],
)
def test_a_night_that_stands_while_its_enrollment_is_deleted_is_told_with_an_issue(
    deleted: tuple[str, ...], issues: dict[str, int], read: Reader
) -> None:
    export = Export([Guest(1, "NBN", nights=("2021-01-05",)), Guest(2, "NBN", nights=("2021-01-05",))])
    for table in deleted:
        export.tables[table][0]["DateDeleted"] = "2021-01-06 08:00:00"
    found = read(HMIS, export.files())
    assert Counter(code for mapped in found for code in mapped.odd) == issues
    nights: list[Any] = [mapped.event for mapped in found if mapped.entity == "bed_nights"]
    assert [night.active for night in nights] == ["Services" not in deleted, True]


@pytest.mark.parametrize("night", ["2021-01-03", "2021-01-12"])
def test_r8_a_night_before_the_entry_or_after_the_exit_is_kept_with_an_issue(night: str, read: Reader) -> None:
    found = read(HMIS, Export([Guest(1, "NBN", left="2021-01-10", nights=("2021-01-05", night))]).files())
    assert Counter(code for mapped in found for code in mapped.odd) == {"bed-night-outside-enrollment": 1}
    nights: list[Any] = [mapped.event for mapped in found if mapped.entity == "bed_nights"]
    assert [stay.presence for stay in nights] == [True, True]


@pytest.mark.parametrize(
    ("guest", "issue"),
    [
        (Guest(1, entry="2021-01-20", left="2021-01-10"), "exit-before-entry"),
        (Guest(1, entry="2031-01-20"), "entry-after-export"),
    ],
)
def test_r9_days_that_contradict_each_other_are_shown(guest: Guest, issue: str, read: Reader) -> None:
    found = read(HMIS, Export([guest]).files())
    assert Counter(code for mapped in found for code in mapped.odd) == {issue: 1}


@pytest.mark.parametrize("person", ["P2", ""])
def test_r3_an_exit_that_names_another_person_than_its_enrollment_ends_no_stay(person: str, read: Reader) -> None:
    export = Export([Guest(1, "EE", left="2021-01-10"), Guest(2, "EE")])
    export.tables["Exit"][0]["PersonalID"] = person
    found = read(HMIS, export.files())
    stays: list[Any] = [mapped.event for mapped in found if mapped.type == "shelter-stay" and mapped.event]
    assert [stay.left_on for stay in stays] == [None, None]
    assert [mapped.reason for mapped in found if mapped.outcome == "rejected"] == [
        "person-mismatch" if person else "missing-key"
    ]


def test_r8_a_shelter_that_turns_to_nights_says_no_more_that_its_open_enrollments_are_there(read: Reader) -> None:
    exports = [Export([Guest(1, kind)], day=day) for kind, day in (("EE", "2021-01-30"), ("NBN", "2021-01-31"))]
    for table in ("Project", "Enrollment"):
        exports[1].tables[table][0]["ProjectID"] = "EE"
    first, then = (
        next(mapped.event for mapped in read(HMIS, each.files()) if mapped.event and mapped.type == "shelter-stay")
        for each in exports
    )
    assert first.fact_key == then.fact_key
    assert version_of(first) < version_of(then), "unchanged rows: the later export says it"


@pytest.mark.parametrize(
    ("fault", "unread"),
    [
        ({"PersonalID": ""}, (1, None)),
        ({"DateProvided": "31 Jan"}, (1, None)),
        ({"ServicesID": ""}, (1, None)),
        ({"EnrollmentID": "E99"}, (1, 1)),  # of nobody knows which shelter
        ({"EnrollmentID": "E99", "DateProvided": "2021-01-30"}, (None, None)),  # another night
        ({"EnrollmentID": "E99", "RecordType": "141"}, (None, None)),
        ({"EnrollmentID": "E99", "DateDeleted": "2021-01-31 12:00:00"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_r14_a_bed_night_that_cannot_be_read_is_no_free_bed(
    fault: dict[str, str], unread: tuple[int | None, int | None], read: Reader
) -> None:
    sites = of_sites(fault, read)
    assert [site.unread for site in sites] == [None, *unread]
    assert [site.current_until for site in sites[1:]] == [date(2021, 1, 31)] * 2
    if any(unread):
        assert version_of(sites[1]) < version_of(of_sites({}, read)[1]), "the same export mended"


@pytest.mark.parametrize(
    ("line", "unread"),
    [
        ("S9,E3,P3", (1, None)),  # cut off: whose it is stands in it, when it was does not
        ("S9,E3,P4", (1, 1)),
        ("S9", (1, 1)),
        ('S9,E3,P3,"2021-01-31,200,200', (1, None)),
        ("S9,E3,P3,2021-01-31,200,200,2021-01-31 07:00:00,2021-01-31 07:00:00,U,,X,and,more", (1, None)),
        ("S9,E4,P4,2021-01-30,200,200,2021-01-31 07:00:00,2021-01-31 07:00:00,U,,X,and,more", (None, 1)),
        ("S9,E3,P3,2021-01-30,200,200,2021-01-30 23:00:00,2021-01-30 23:00:00,U,,X,and,more", (None, None)),
        ("S9,E3,P3,1/30/2021,200,200", (None, None)),
        ("S9,E3,P3,2021-01-3", (1, None)),  # cut off within its day
        (",,,,,,,,,,", (None, None)),
        ("", (None, None)),
    ],
)
def test_r14_a_line_of_services_that_is_no_row_may_be_somebody_in_a_bed(
    line: str, unread: tuple[int | None, int | None], read: Reader
) -> None:
    export = two_shelters()
    files = export.files()
    files["Services.csv"] = f"{files['Services.csv']!s}{line}\n"
    assert [site.unread for site in sites_of(files, read)] == [None, *unread]


def test_r14_nights_whose_key_two_people_share_may_each_be_somebody_in_a_bed(read: Reader) -> None:
    assert [site.unread for site in of_sites({"ServicesID": "S4-2021-01-31"}, read)] == [None, 1, 1]
    export = two_shelters()
    export.tables["Services"].append({**export.tables["Services"][0], "DateUpdated": "2021-01-20 09:00:00"})
    assert [site.unread for site in sites_of(export.files(), read)] == [None] * 3, "one of two versions of a row stands"


def of_sites(fault: dict[str, str], read: Reader) -> list[Any]:
    """Sites of an export, of which the second night of the first shelter that tells nights has this fault."""
    export = two_shelters()
    export.tables["Services"][1].update(fault)
    return sites_of(export.files(), read)


def sites_of(files: Files, read: Reader) -> list[Any]:
    return [mapped.event for mapped in read(HMIS, files) if mapped.event and mapped.type == "site"]


def two_shelters() -> Export:
    """An entry-exit shelter and two that tell nights."""
    export = Export([Guest(1, "EE"), *(Guest(number, "NBN", nights=("2021-01-31",)) for number in (2, 3, 4))])
    export.tables["Project"].append({**export.tables["Project"][-1], "ProjectID": "NB2"})
    export.tables["Enrollment"][-1]["ProjectID"] = "NB2"
    return export
