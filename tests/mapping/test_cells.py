"""Noise of spreadsheets and databases in tables of results, doses and supply."""

from __future__ import annotations

from datetime import date

import pytest

from hub.mapping.cells import whole, written
from hub.mapping.vaccinations import COLUMNS as CVRS_COLUMNS
from tests.mapping.made_up_lab_csv import COLUMNS, LAB, STANDARD, one, standard
from tests.mapping.reading import Reader, counted

DOSE = {
    "vax_event_id": "E1", "ext_type": "I", "recip_id": "R1", "recip_dob": "1980-01-01", "admin_date": "2021-03-01", "cvx": "208",
    "recip_last_name": "Null", "recip_address_county": "47037", "recip_address_state": "TN", "vax_refusal": "NO",
}  # fmt: skip
WEEK = "PIN,CVX,Week Start,Week Ending,Doses Administered,Doses Wasted"


def cvrs(*rows: dict[str, str]) -> str:
    lines = [CVRS_COLUMNS, *([{**DOSE, **row}.get(name, "") for name in CVRS_COLUMNS] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


@pytest.mark.parametrize(
    ("cell", "told"),
    [("NULL", ""), ("N/A", ""), ("#N/A", ""), (r"\N", ""), ("nan", ""), ('="00123"', "00123"), ('=""', ""),
     ("Nan", "Nan"), ("None", "None"), ("=1+1", "=1+1"), ('="a', '="a')],
)  # fmt: skip
def test_a_cell_tells_what_is_written_in_it_or_nothing(cell: str, told: str) -> None:
    assert written(cell) == told


def test_a_code_that_was_taken_for_a_number_is_read_as_the_code() -> None:
    assert [whole(cell) for cell in ("208.0", "1.00", "1.5", "v1.0", "")] == ["208", "1", "1.5", "v1.0", ""]


@pytest.mark.parametrize("word", ["NULL", "N/A", "#N/A", r"\N", "NaN"])
def test_a_word_for_nothing_in_the_columns_of_a_result_is_nothing(word: str, read: Reader) -> None:
    """A status of `NULL` made a positive preliminary, and an order of `NULL` made two people's results one."""
    nothing = {
        "test_result_status": word,
        "illness_onset_date": word,
        "patient_race": word,
        "patient_email": word,
    }
    event = one(read, standard(nothing))
    assert (event.meaning, event.status, event.issues) == ("positive", "final", ("status-missing",))
    assert event.person.email is None
    assert one(read, standard({"test_result": word})).issues == ("no-result",)
    two = standard(
        {"accession_number": word}, {"accession_number": word, "patient_id": "P2", "patient_last_name": "Other"}
    )
    assert len({event.fact_key for event in read.events(LAB, {"f.csv": two})}) == 2


def test_people_are_called_null_and_na(read: Reader) -> None:
    event = one(read, standard({"patient_last_name": "Null", "patient_first_name": "Na", "patient_suffix": "N/A"}))
    assert (event.person.family_name, event.person.given_name, event.person.suffix) == ("Null", "Na", None)
    other = one(read, standard({"patient_middle_name": "NULL", "patient_suffix": r"\N"}))
    assert (other.person.middle_name, other.person.suffix) == ("NULL", None)
    (dose,) = read.events("iis-cvrs", {"f.txt": cvrs({"recip_first_name": "Na", "recip_middle_name": "N/A"})})
    assert (dose.person.family_name, dose.person.given_name, dose.person.middle_name) == ("Null", "Na", None)


def test_numbers_kept_as_text_are_the_same_result(read: Reader) -> None:
    plain = standard({"patient_id": "00123", "accession_number": "A1"})
    kept = standard({"patient_id": '="00123"', "accession_number": '="A1"'})
    assert one(read, plain).event_id == one(read, kept).event_id


def test_names_kept_as_text_are_the_names_within(read: Reader) -> None:
    names = {
        "patient_last_name": "Vega",
        "patient_first_name": "Na",
        "patient_middle_name": "Null",
        "patient_suffix": "NA",
    }
    event = one(read, standard({name: f'="{told}"' for name, told in names.items()}))
    assert event.event_id == one(read, standard(names)).event_id
    person = event.person
    assert (person.family_name, person.given_name, person.middle_name, person.suffix) == ("Vega", "Na", "Null", "NA")


def test_a_word_for_nothing_kept_as_text_is_nothing(read: Reader) -> None:
    assert one(read, standard({"patient_email": '="NULL"'})).person.email is None
    assert one(read, standard({"patient_id": '="N/A"'})).person.local_id is None


def test_nothing_and_numbers_in_a_cvrs_row_are_read_as_what_they_are(read: Reader) -> None:
    def dose(**cells: str) -> tuple[str, str | None, bool]:
        (event,) = read.events("iis-cvrs", {"f.txt": cvrs(cells)})
        return event.status, event.cvx, event.covid

    assert dose(cvx="208.0", dose_num="1.0") == ("administered", "208", True)
    assert dose(cvx="NULL", ndc="59267-1000-01") == ("administered", "208", True)
    assert dose(cvx="NULL", ndc="N/A") == ("not-administered", None, False)
    assert dose(ndc="NULL", vax_refusal="NULL", dose_num="N/A") == ("administered", "208", True)
    found = counted(read("iis-cvrs", {"f.txt": cvrs({"vax_event_id": "NULL"})}))
    assert found["rejected"] == {"missing-key": 1}


@pytest.mark.parametrize(
    ("cell", "day", "issue"),
    [
        ("44550", date(2021, 12, 20), True),
        ("44550.375", date(2021, 12, 20), True),
        ("20-Dec-2021", date(2021, 12, 20), False),
        ("20DEC21 14:05", date(2021, 12, 20), False),
        ("Dec 20, 2021", date(2021, 12, 20), False),
        ("2 Sept 2021", date(2021, 9, 2), False),
    ],
)
def test_days_are_read_as_spreadsheets_and_databases_write_them(
    cell: str, day: date, issue: bool, read: Reader
) -> None:
    event = one(read, standard({"specimen_collection_date": cell}))
    assert event.collected_on == day
    assert ("spreadsheet-date" in event.issues) == issue


@pytest.mark.parametrize(
    "cell",
    ["9999", "99999", "21045", "36525", "21045.5", "32-Dec-2021", "20-Foo-2021", "12.20.2021", "445500", "Dec 2021"],
)
def test_what_may_be_another_day_is_none(cell: str, read: Reader) -> None:
    assert "unreadable-date" in one(read, standard({"specimen_collection_date": cell})).issues


def test_a_birth_date_told_as_a_number_names_the_same_person(read: Reader) -> None:
    plain, number = one(read, standard({})), one(read, standard({"patient_dob": "29240"}))
    assert plain.person.birth_date == number.person.birth_date == date(1980, 1, 20)
    assert number.issues == ("spreadsheet-date",)


def test_a_birth_date_told_as_a_number_stands_where_no_day_of_the_test_does(read: Reader) -> None:
    undated = {name: "" for name in STANDARD if name.endswith("_date")}
    event = one(read, standard({**undated, "patient_dob": "29240"}))
    assert event.person.birth_date == date(1980, 1, 20)


def test_a_julian_day_dates_no_fresh_positive_64_years_back(read: Reader) -> None:
    """21045 is 14 February 2021 as YYDDD, and would be 13 August 1957 as a spreadsheet counts."""
    event = one(read, standard({"specimen_collection_date": "21045"}))
    assert (event.collected_on, event.occurred_on) == (None, event.resulted_on)
    assert (event.meaning, event.issues) == ("positive", ("unreadable-date",))


@pytest.mark.parametrize(
    ("connector", "table", "again"),
    [
        (LAB, standard({}), standard({"accession_number": "A2"})),
        ("iis-cvrs", cvrs({}), cvrs({"vax_event_id": "E2"})),
        ("vaccine-supply", f"{WEEK}\n4512,207,2021-02-01,2021-02-07,180,\n", f"{WEEK}\n4513,207,2021-02-01,2021-02-07,9,N/A\n"),
    ],
)  # fmt: skip
def test_files_put_together_are_read_each_whole(connector: str, table: str, again: str, read: Reader) -> None:
    """The byte order mark of the second stands within, at its header or, where that was taken off, at its first row."""
    headless = "\ufeff" + again.replace("\r\n", "\n").split("\n", 1)[1]
    apart = [*read.events(connector, {"f.csv": table}), *read.events(connector, {"f.csv": again})]
    for second, rejected in (("\ufeff" + again, {"repeated-header": 1}), (headless, {})):
        found = read(connector, {"f.csv": "\ufeff" + table + second})
        assert counted(found)["rejected"] == rejected
        assert [m.event.event_id for m in found if m.event is not None] == [event.event_id for event in apart]


def test_rows_below_a_header_in_another_order_are_dead_letters_until_it_is_as_before(read: Reader) -> None:
    """Nothing of them is read under the wrong name, and nothing is lost unseen."""
    other = standard({"accession_number": "A2"}, columns=list(reversed(COLUMNS["standard"])))
    found = counted(read(LAB, {"f.csv": standard({}) + other + standard({"accession_number": "A3"})}))
    assert found["events"] == {"lab-result": 2}
    assert found["rejected"] == {"repeated-header": 2, "columns-reordered": 1}


@pytest.mark.parametrize("trailer", ["TOTAL,1", "*** END OF REPORT ***", "Total records: 1" + "," * 200])
def test_a_trailer_is_a_dead_letter_and_no_result(trailer: str, read: Reader) -> None:
    found = counted(read(LAB, {"f.csv": standard({}) + trailer + "\n"}))
    assert found["events"] == {"lab-result": 1}
    assert sum(found["rejected"].values()) == 1


@pytest.mark.parametrize("total", ["Total,,,,180,4", ",,,,180,4"])
def test_a_total_of_supply_is_counted_for_no_site(total: str, read: Reader) -> None:
    rows = f"{WEEK}\n4512,207,2021-02-01,2021-02-07,180,4\n{total}\n"
    found = counted(read("vaccine-supply", {"f.csv": rows}))
    assert found["events"] == {"vaccine-supply": 2}
    assert sum(found["rejected"].values()) == 1


def test_a_count_with_a_decimal_comma_and_a_week_told_by_number_are_refused(read: Reader) -> None:
    decimals = f"{WEEK}\n4512,207,2021-02-01,2021-02-07,180,4\n".replace(",", ";").replace(";180;", ";180,0;")
    assert counted(read("vaccine-supply", {"f.csv": decimals}))["rejected"] == {"not-a-count": 1}
    serial = f"{WEEK}\n4512,207,44228,44234,180,4\n"
    assert counted(read("vaccine-supply", {"f.csv": serial}))["rejected"] == {"bad-date": 1}
