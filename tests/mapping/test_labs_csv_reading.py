"""How laboratory CSV is read: headers, rows, dates (health-standards §4, §8 R1 and R9)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.made_up_lab_csv import COLUMNS, LAB, one, pdi, standard, table
from tests.mapping.reading import Reader, counted, identity


@pytest.mark.parametrize("layout", ["standard", "pdi"])
@settings(deadline=None)  # the first one reads the tables
@given(data=st.data())
def test_r9_columns_stand_in_any_order_and_case(layout: str, data: st.DataObject) -> None:
    make, read = (standard, Reader()) if layout == "standard" else (pdi, Reader())
    shuffled = data.draw(st.permutations(COLUMNS[layout]))
    text = make({}, columns=shuffled)
    head, _, body = text.partition("\r\n")
    cased = data.draw(
        st.sampled_from([head.lower(), head.upper(), head.swapcase(), head.title(), head.replace("_", " ")])
    )
    assert identity(one(read, f"{cased}\r\n{body}")) == identity(one(read, make({})))


def test_r9_the_header_tells_the_layout(read: Reader) -> None:
    otc = {
        "testId": "T1",
        "testOrdered": "97097-0",
        "testResult": "260373001",
        "performingFacility": "00Z0000014",
        "patientState": "AL",
    }
    short = {
        "lab": "L",
        "first_name": "P",
        "last_name": "E",
        "state": "AL",
        "test_time": "20200401",
        "specimen_id": "1",
    }
    assert one(read, standard({})).meaning == "positive"
    assert one(read, pdi({})).meaning == "positive"
    assert one(read, table(COLUMNS["waters"], otc, base={})).meaning == "positive"
    minimal = one(read, table(COLUMNS["minimal"], {**short, "observation": "covid-19:pos"}, base={}))
    assert (minimal.meaning, minimal.issues[0]) == ("review", "no-test-code")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b,c\r\n1,2,3\r\n", "unknown-header"),
        ("Dear colleagues, please find our results below.\r\nNobody was positive.\r\n", "unknown-header"),
        ("", "empty"),
        (standard({}).replace("test_result,", "outcome,"), "missing-column"),
        (standard({}).replace("patient_middle_name", "patient_last_name"), "duplicate-column"),
    ],
)
def test_r9_an_unknown_header_refuses_the_file_with_the_reason(text: str, reason: str, read: Reader) -> None:
    (mapped,) = read(LAB, {"f.csv": text})
    assert (mapped.outcome, mapped.reason, mapped.stage) == ("rejected", reason, "parse")


def test_r9_the_missing_column_is_named(read: Reader) -> None:
    (mapped,) = read(LAB, {"f.csv": standard({}).replace("test_result,", "outcome,")})
    assert mapped.where == {"file": "f.csv", "field": "test_result"}


def test_r9_a_header_alone_is_no_fault(read: Reader) -> None:
    assert counted(read(LAB, {"f.csv": standard()})) == {"events": {}, "rejected": {}, "ignored": {"no-rows": 1}}


def test_r9_short_long_and_empty_rows_are_dead_letters_with_their_row(read: Reader) -> None:
    head, first, second = standard({}, {"accession_number": "A2"}).splitlines()
    text = "\n".join([head, first, "too,short", first + ",too,long", "," * head.count(","), "", second])
    found = [(m.where["row"], m.reason) for m in read(LAB, {"f.csv": text}) if m.outcome == "rejected"]
    assert found == [(3, "short-row"), (4, "long-row"), (5, "empty-row")]
    assert counted(read(LAB, {"f.csv": text}))["events"] == {"lab-result": 2}


def test_r9_quoted_fields_hold_commas_and_line_ends(read: Reader) -> None:
    event = one(read, standard({"patient_street": 'First, "the" street\nbehind the well'}))
    assert event.person.address_line == 'First, "the" street\nbehind the well'


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_other_delimiters_are_told_by_the_header(delimiter: str, read: Reader) -> None:
    text = standard({})
    assert identity(one(read, text.replace(",", delimiter))) == identity(one(read, text))


@pytest.mark.parametrize("charset", ["utf-8-sig", "cp1252", "utf-16"])
def test_r1_text_is_decoded_whatever_it_is_written_in(charset: str, read: Reader) -> None:
    (event,) = read.events(LAB, {"f.csv": standard({"patient_last_name": "Peña"}).encode(charset)})
    assert event.person.family_name == "Peña"


def test_a_column_that_no_layout_knows_is_told(read: Reader) -> None:
    assert one(read, standard({}, columns=[*COLUMNS["standard"], "shoe_size"])).issues == ("unknown-column",)


@pytest.mark.parametrize(
    ("written", "day", "at"),
    [
        ("12/20/2021", "2021-12-20", "2021-12-20T00:00"), ("12/20/2021 9:05", "2021-12-20", "2021-12-20T09:05"),
        ("12/20/21 21:05", "2021-12-20", "2021-12-20T21:05"), ("1/5/2022 1:30 PM", "2022-01-05", "2022-01-05T13:30"),
        ("20211220", "2021-12-20", "2021-12-20T00:00"), ("20211220214038", "2021-12-20", "2021-12-20T21:40"),
        ("202112200129-0700", "2021-12-20", "2021-12-20T08:29"), ("2021-12-20", "2021-12-20", "2021-12-20T00:00"),
        ("2021-12-20T21:40:38-05:00", "2021-12-20", "2021-12-21T02:40"), ("2021/1/5 8:00", "2021-01-05", "2021-01-05"),
    ],
)  # fmt: skip
def test_dates_in_all_spellings_of_one_column(written: str, day: str, at: str, read: Reader) -> None:
    event = one(read, standard({"test_result_date": written}))
    assert event.resulted_on.isoformat() == day
    assert event.changed_at.isoformat().startswith(at)


@pytest.mark.parametrize(
    "written", ["13/20/2021", "2021-02-30", "yesterday", "١٢/٢٠/٢٠٢١", "1/5/2022 13:30 PM", "9" * 99]
)
def test_what_is_no_date_is_none_and_told(written: str, read: Reader) -> None:
    event = one(read, standard({"test_result_date": written}))
    assert (event.resulted_on, event.issues) == (None, ("unreadable-date",))


@pytest.mark.parametrize(
    ("written", "born"), [("1/20/62", "1962-01-20"), ("3/4/19", "2019-03-04"), ("3/4/22", "1922-03-04")]
)
def test_a_birth_year_of_two_digits_is_the_latest_before_the_test(written: str, born: str, read: Reader) -> None:
    event = one(read, standard({"patient_dob": written}))
    assert (event.person.birth_date.isoformat(), event.issues) == (born, ("two-digit-birth-year",))


def test_nobody_is_born_after_the_test(read: Reader) -> None:
    event = one(read, standard({"patient_dob": "1/20/2080"}))
    assert (event.person.birth_date, event.issues) == (None, ("born-after-test",))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(COLUMNS["standard"]), st.text(max_size=30), max_size=20))
def test_whatever_stands_in_a_row_it_is_an_event_or_has_a_reason(cells: dict[str, str]) -> None:
    for mapped in Reader()(LAB, {"f.csv": standard(cells)}):
        assert mapped.outcome == "event" or mapped.reason not in (None, "mapping-error")


def test_a_table_under_titles_or_a_line_of_excel_is_read_as_without_them(read: Reader) -> None:
    plain = one(read, standard({}))
    titled = read(LAB, {"f.csv": f"COVID-19 results\r\nRun 1/10/2022,,\r\n\r\n{standard({})}"})
    assert [(mapped.event, mapped.where["row"]) for mapped in titled] == [(plain, 5)]
    assert one(read, f"sep=,\r\n{standard({})}") == plain
    assert read.events(LAB, {"again.csv": titled[0].head + titled[0].raw}) == [plain]
