from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.vaccinations import COLUMNS
from tests.mapping.reading import Reader, counted

CVRS = "iis-cvrs"
DOSE = {
    "vax_event_id": "V1", "ext_type": "I", "recip_id": "R1", "recip_first_name": "Person", "recip_last_name": "Example",
    "recip_dob": "1980-01-01", "recip_sex": "F", "recip_address_county": "06037", "recip_address_state": "CA",
    "recip_address_zip": "90001-1234", "recip_race_1": "2106-3", "recip_ethnicity": "2186-5", "admin_date": "2021-01-20",
    "cvx": "208", "dose_num": "1", "vax_series_complete": "NO", "vax_refusal": "NO",
}  # fmt: skip


def cvrs(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    lines = [columns, *([{**DOSE, **row}.get(name, "") for name in columns] for row in rows)]
    return "\r\n".join("\t".join(line) for line in lines) + "\r\n"


def one(read: Reader, name: str = "f.txt", **changes: str) -> Any:
    (event,) = read.events(CVRS, {name: cvrs(changes)})
    return event


def test_a_row_is_a_dose(read: Reader) -> None:
    event = one(read)
    assert (event.status, event.cvx, event.covid, event.dose_number) == ("administered", "208", True, 1)
    assert event.race_ethnicity.groups == ("white", "not-hispanic")
    assert (event.person.postal_code, event.person.county) == ("90001", "06037")


@pytest.mark.parametrize("word", ["YES", "Yes", "yes", "y"])
def test_a_refusal_is_no_dose_whatever_its_date_and_product(word: str, read: Reader) -> None:
    assert one(read, vax_refusal=word).status == "refused"


@pytest.mark.parametrize(
    ("changes", "status", "covid"),
    [
        ({"cvx": "", "ndc": ""}, "not-administered", False),
        ({"cvx": "998"}, "not-administered", False),
        ({"cvx": "24"}, "administered", False),  # anthrax, whatever its text says
        ({"cvx": "900"}, "administered", False),  # fictitious
        ({"cvx": "519"}, "administered", True),  # given abroad
    ],
)
def test_only_products_of_the_table_count_as_covid(
    changes: dict[str, str], status: str, covid: bool, read: Reader
) -> None:
    event = one(read, **changes)
    assert (event.status, event.covid) == (status, covid)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"admin_date": "1979-12-31"}, "dose-before-birth"),
        ({"admin_date": "2020-12-13"}, "dose-before-first-vaccine"),
        ({"admin_date": "2021-02-02"}, "dose-in-the-future"),
        ({"admin_date": ""}, "bad-date"),
        ({"admin_date": "2021-02-30"}, "bad-date"),
        ({"vax_event_id": ""}, "missing-key"),
        ({"recip_id": ""}, "missing-key"),
    ],
)
def test_impossible_rows_are_dead_letters(changes: dict[str, str], reason: str, read: Reader) -> None:
    found = read(CVRS, {"20210201_01_AAA.txt": cvrs({}, changes)})
    assert counted(found)["rejected"] == {reason: 1}
    assert counted(found)["events"] == {"vaccination": 1}


def test_redacted_names_are_no_names(read: Reader) -> None:
    event = one(read, ext_type="D", recip_first_name="Redacted", recip_last_name="REDACTED")
    assert (event.person.given_name, event.person.family_name, event.person.local_id) == (None, None, "R1")


def test_six_fields_of_race_are_one_report_of_several_races(read: Reader) -> None:
    """health-standards §8 R26."""
    told = {
        f"recip_race_{n}": code for n, code in enumerate(("2106-3", "2054-5", "", "UNK", "2028-9", "1002-5"), start=1)
    }
    assert one(read, **told).race_ethnicity.groups == ("aian", "asian", "black", "white", "not-hispanic")


def test_a_dose_is_known_by_its_event_id_and_a_changed_row_replaces_it(read: Reader) -> None:
    """health-standards §8 R21: CVRS v2 has new rows only; a row told again in a later file is the later version."""
    first, later = one(read, name="20210203_01_AAA.txt"), one(read, name="20210204_01_AAA.txt", vax_refusal="YES")
    assert (first.fact_key, later.status) == (later.fact_key, "refused")
    assert later.changed_at > first.changed_at


def test_r21_another_day_under_one_event_id_is_the_correction_of_the_day(read: Reader) -> None:
    first = one(read, name="20210203_01_AAA.txt", admin_date="2021-01-20")
    later = one(read, name="20210204_01_AAA.txt", admin_date="2021-01-22")
    assert (later.fact_key, later.occurred_on.day) == (first.fact_key, 22)
    assert later.changed_at > first.changed_at


def test_an_ndc_alone_is_looked_up_and_never_guessed(read: Reader) -> None:
    """health-standards §8 R23."""
    event = one(read, cvx="", ndc="11111-2222-33")
    assert (event.status, event.covid, event.issues) == ("administered", False, ("unknown-product",))


def test_hispanic_as_a_race_and_not_hispanic_as_ethnicity_are_not_both_told(read: Reader) -> None:
    both = one(read, recip_race_1="2135-2", recip_ethnicity="2186-5")
    assert (both.race_ethnicity.groups, both.issues) == ((), ("ethnicity-contradicts",))


def test_race_that_may_not_be_reported_is_withheld_not_unknown(read: Reader) -> None:
    assert one(read, recip_race_1="POL", recip_ethnicity="UNK").race_ethnicity.absence == "withheld"


def test_the_day_reported_in_the_file_name_is_the_change_time(read: Reader) -> None:
    late = one(read, name="20210203_02_AAA.txt")
    early = one(read, name="20210203_01_AAA.txt")
    assert late.changed_at > early.changed_at
    assert late.fact_key == early.fact_key


def test_a_recipient_whom_no_id_names_is_known_by_name_and_birth_date_else_nobody(read: Reader) -> None:
    """health-standards §8 R24 and R25."""
    named = {"recip_id": "UNKNOWN", "recip_first_name": "Ana", "recip_last_name": "Example", "recip_dob": "1984-06-15"}
    first, again, other = one(read, **named), one(read, **named), one(read, **{**named, "recip_first_name": "Bea"})
    assert first.source_person == again.source_person != other.source_person
    assert (first.person.local_id, "placeholder-id" in first.issues) == (None, True)
    assert one(read, **{**named, "recip_first_name": "Redacted"}).source_person is None
    assert one(read, **{**named, "recip_dob": "1900-01-01"}).source_person is None


def test_a_dose_of_which_only_the_month_is_told_is_kept_without_a_day(read: Reader) -> None:
    event = one(read, admin_date="2021-01")
    assert (event.status, event.occurred_on, event.historical) == ("administered", None, True)
    assert "partial-date" in event.issues


def test_header_names_come_in_any_order_and_case(read: Reader) -> None:
    shuffled = cvrs({}, columns=tuple(reversed(COLUMNS))).replace("cvx", "CVX", 1)
    (event,) = read.events(CVRS, {"f": shuffled})
    assert event.event_id == one(read).event_id


@pytest.mark.parametrize(
    ("columns", "reason"), [(COLUMNS[1:], "missing-column"), ((*COLUMNS, "extra"), "unknown-column")]
)
def test_another_header_refuses_the_file(columns: tuple[str, ...], reason: str, read: Reader) -> None:
    (found,) = read(CVRS, {"f": cvrs({}, columns=columns)})
    assert (found.reason, found.stage, found.raw) == (reason, "parse", b"")


def test_bad_rows_leave_their_neighbours_unharmed(read: Reader) -> None:
    lines = cvrs({}, {"vax_event_id": "V2"}).splitlines()
    found = read(CVRS, {"f": "\n".join([lines[0], lines[1], "short", "", lines[2] + "\tlong", lines[2]])})
    assert [(mapped.reason, mapped.where["row"]) for mapped in found] == [
        (None, 2), ("short-row", 3), ("long-row", 5), (None, 6),
    ]  # fmt: skip


ROWS = [{"vax_event_id": f"V{n}", "vax_refusal": "YES" if n % 2 else "NO"} for n in range(5)]


@given(st.permutations(ROWS))
def test_order_of_rows_does_not_change_the_set_of_events(rows: list[dict[str, str]]) -> None:
    read = Reader()
    one_way = {event.model_dump_json() for event in read.events(CVRS, {"f": cvrs(*ROWS)})}
    assert {event.model_dump_json() for event in read.events(CVRS, {"f": cvrs(*rows, rows[0])})} == one_way
