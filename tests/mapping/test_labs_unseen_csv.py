"""Laboratory CSV as clinics, schools, laboratories and spreadsheets really send it, each with what must come of it. Made up."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.mapping.labs_csv_layouts import layout_of
from hub.routing import route
from tests.mapping.made_up_lab_csv import COLUMNS, LAB, STANDARD, one, pdi, standard, table
from tests.mapping.reading import Reader, counted

HELLO = "Last Name,First Name,DOB,LOINC,Result,Collection Date,Result Date,CLIA,Accession"
ROW = "Example,Person,1/2/1980,94500-6,Positive,1/5/2021,1/6/2021,05D0000001,A1"


class Told(NamedTuple):
    """`results`: meaning and status of each row in order; `reason`: of what became no event."""

    results: tuple[str, ...]
    reason: str = ""


POS, NEG = "positive final", "negative final"


def without(*names: str) -> list[str]:
    return [name for name in COLUMNS["standard"] if name not in names]


WATERS = {
    "testId": "T1", "testOrdered": "94558-4", "testResult": "260373001", "testResultDate": "20211220", "patientNameLast": "Example",
    "patientNameFirst": "Person", "patientDob": "19800120", "performingFacility": "01D1058442", "testName": "Ag home test",
}  # fmt: skip

FILES: dict[str, tuple[str | bytes, Told]] = {
    # what was found
    "mpox in the standard layout": (standard({"test_performed_code": "100434-0", "equipment_model_name": "Mpox PCR"}),
                                    Told(("not-covid final",))),
    "mpox by a code of no table": (standard({"test_performed_code": "99999-9", "equipment_model_name": "Orthopoxvirus PCR"}),
                                   Told((), "not-covid")),
    "a hemoglobin": (standard({"test_performed_code": "4548-4", "test_result": "5.8"}), Told((), "not-covid")),
    "flu A, flu B and COVID, a row each": (
        standard({"test_performed_code": "80382-5", "test_result": "260373001"}, {"test_performed_code": "80383-3"},
                 {"test_performed_code": "97097-0", "test_result": "260415000"}),
        Told(("not-covid final", "not-covid final", NEG)),
    ),
    "an influenza of no table on a COVID device": (
        standard({"test_performed_code": "88596-2", "equipment_model_name": "Flu SARS-CoV-2 Combo"}), Told(("review final",)),
    ),
    "antibodies": (standard({"test_performed_code": "94762-2"}), Told(("not-covid final",))),
    "which organism: the virus": (standard({"test_performed_code": "95423-0", "test_result": "840533007"}), Told((POS,))),
    "a panel for a test": (standard({"test_performed_code": "95941-1"}), Told(("review final",))),
    "a local code": (standard({"test_performed_code": "COVPCR"}), Told(("review final",))),
    "a local code that says nothing": (standard({"test_performed_code": "PCR7"}), Told((), "not-covid")),
    "a LOINC with a wrong check digit": (standard({"test_performed_code": "94558-5"}), Told(("review final",))),
    "a code that a spreadsheet took for a number": (standard({"test_result": "260373001.0"}), Told((POS,))),
    "a code that a spreadsheet cut": (standard({"test_result": "2.60373E+08"}), Told(("review final",))),
    "flags in the result": (standard({"test_result": "DETECTED (A)"}), Told((POS,))),
    "a full stop": (standard({"test_result": "Not Detected."}), Told((NEG,))),
    "the virus in the result": (standard({"test_result": "SARS-CoV-2 RNA NOT detected"}), Told((NEG,))),
    "presumptive, short": (standard({"test_result": "Presumptive Pos"}), Told(("presumptive-positive final",))),
    "see note": (standard({"test_result": "See note"}), Told(("review final",))),
    "TNP": (standard({"test_result": "TNP"}), Told(("invalid final",))),
    "a cycle threshold": (standard({"test_result": "24.1"}), Told(("review final",))),
    "words where PDI has codes": (pdi({"Test_result_code": "Detected"}), Told((POS,))),
    "an order of PDI not yet resulted": (pdi({"Test_result_status": "I", "Test_result_code": ""}), Told((), "no-result-yet")),
    "a withdrawn row of PDI": (pdi({"Test_result_status": "W"}), Told(("positive withdrawn",))),
    "a self test": (table(COLUMNS["waters"], WATERS, base={}), Told((POS,))),
    "a self test in words": (table(COLUMNS["waters"], {**WATERS, "testResult": "POSITIVE"}, base={}), Told((POS,))),
    "minimal": ("lab,first_name,last_name,state,test_time,specimen_id,observation\nL,A,B,FL,20210101,S1,covid-19:pos\n",
                Told(("review final",))),
    # headers
    "by the names of its columns": (f"{HELLO}\n{ROW}\n", Told((POS,))),
    "by names, tab separated, upper case": (f"{HELLO}\n{ROW}\n".upper().replace(",", "\t"), Told((POS,))),
    "by names, with columns nobody knows": (f"Row,{HELLO},Remark\n1,{ROW},ok\n", Told((POS,))),
    "standard without the laboratory": (standard({}, columns=without("testing_lab_clia")), Told((POS,))),
    "standard without the birth date": (standard({}, columns=without("patient_dob")), Told((POS,))),
    "standard without the result": (standard({}, columns=without("test_result")), Told((), "missing-column")),
    "no code of the test anywhere": (f"{HELLO.replace('LOINC', 'Test')}\n{ROW}\n", Told((), "unknown-header")),
    "code and result of nobody": ("LOINC,Result\n94500-6,Positive\n", Told((), "unknown-header")),
    "laboratory results of another system": ("lab_id,person_id,result,test_type\n1,2,POSITIVE,PCR\n", Told((), "unknown-header")),
    "a title above the header": ("Results of Monday\n" + standard({}), Told((POS,))),
    "one column twice": (standard({}).replace("patient_suffix", "patient_id", 1), Told((), "duplicate-column")),
    "header alone": (standard(), Told((), "no-rows")),
    "nothing": ("", Told((), "empty")),
    "blank lines first": ("\n\r\n" + standard({}), Told((POS,))),
    "blanks and capitals in the header": (
        standard({}).replace("patient_", " Patient ").replace("test_result_date", "Test-Result Date"), Told((POS,)),
    ),
    "header of quotes": (
        ",".join(f'"{name}"' for name in COLUMNS["standard"]) + "\n" + standard({}).split("\r\n", 1)[1], Told((POS,)),
    ),
    # rows
    "semicolons": (standard({}).replace(",", ";"), Told((POS,))),
    "tabs": (standard({}).replace(",", "\t"), Told((POS,))),
    "pipes": (standard({}).replace(",", "|"), Told((POS,))),
    "a byte order mark": (b"\xef\xbb\xbf" + standard({}).encode(), Told((POS,))),
    "UTF-16 of a spreadsheet": (standard({}).encode("utf-16"), Told((POS,))),
    "Windows-1252": (standard({"patient_last_name": "Pe\u00f1a"}).encode("cp1252"), Told((POS,))),
    "line ends of an old Mac": (standard({}).replace("\r\n", "\r"), Told((POS,))),
    "a line end within quotes": (standard({"comment": "line one\nline two"}), Told((POS,))),
    "a NUL": (standard({"comment": "a\0b"}, {"accession_number": "A2"}), Told((POS,), "nul-byte")),
    "a row too short": (standard({}) + "P9,Example\n", Told((POS,), "short-row")),
    "a row too long": (standard({}).rstrip("\r\n") + ",x,y\r\n" + standard({}).split("\r\n", 1)[1], Told((POS,), "long-row")),
    "the header again": (standard({}) + standard({}), Told((POS, POS), "repeated-header")),
    "cut within a row": (standard({}, {"accession_number": "A2"})[:-60], Told((POS,), "short-row")),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_each_file_becomes_what_its_name_says(name: str, read: Reader) -> None:
    content, told = FILES[name]
    found = read(LAB, {"f.csv": content})
    events: list[Any] = [mapped.event for mapped in found if mapped.event is not None]
    assert tuple(f"{event.meaning} {event.status}" for event in events) == told.results
    set_aside = counted(found)["rejected"] | counted(found)["ignored"]
    assert set_aside == ({told.reason: 1} if told.reason else {})


@pytest.mark.parametrize(
    ("name", "connector"),
    [("mpox in the standard layout", LAB), ("by the names of its columns", LAB), ("a self test", LAB), ("header alone", LAB),
     ("laboratory results of another system", None), ("a title above the header", LAB), ("nothing", None)],
)  # fmt: skip
def test_a_file_finds_its_connector_by_its_header(name: str, connector: str | None, tmp_path: Path) -> None:
    content = FILES[name][0]
    (tmp_path / "f.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert [unit.connector for unit in route(tmp_path, (LAB,))] == [connector]


# dates as spreadsheets write them; None: told as unreadable
DATES = [
    ("1/5/2021", "2021-01-05"), ("01/05/21", "2021-01-05"), ("1/5/2021 13:05", "2021-01-05"), ("1/5/2021 1:05:00 PM", "2021-01-05"),
    ("01-05-2021", "2021-01-05"), ("2021-01-05", "2021-01-05"), ("2021/1/5", "2021-01-05"), ("20210105", "2021-01-05"),
    ("202101051305-0700", "2021-01-05"), ("20210105130500.000-0700", "2021-01-05"), ("2021-01-05T13:05:00Z", "2021-01-05"),
    ("2021-01-05 13:05:00.000", "2021-01-05"), ("44201", "2021-01-05"), ("44201.545", "2021-01-05"),
    ("5 January 2021", "2021-01-05"), ("13/14/2021", None), ("2021-02-30", None), ("unknown", None), ("0", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "day"), DATES)
def test_a_date_is_read_or_told_as_unreadable_and_the_result_stands(
    written: str, day: str | None, read: Reader
) -> None:
    event = one(read, standard({"specimen_collection_date": written}))
    assert (f"{event.collected_on}" if event.collected_on else None) == day
    by_number = ("spreadsheet-date",) if written.startswith("44201") else ()
    assert event.issues == (by_number if day else ("unreadable-date",))
    assert event.meaning == "positive"


# what exports call the status of a result, and the words in that column
STATUSES = [
    ("Status", "F", "final"), ("STATUS", "Preliminary", "preliminary"), ("Result Status Code", "C", "corrected"),
    ("Report Status", "Edited Result - FINAL", "corrected"), ("Lab Result Status", "Entered in error", "withdrawn"),
    ("Test Status", "Verified", "final"), ("Order Status", "Canceled", "withdrawn"), ("Obx_Status", "W", "withdrawn"),
    ("status_cd", "Completed", "final"), ("Status", "In Error", "withdrawn"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "word", "status"), STATUSES)
def test_the_status_of_a_result_counts_whatever_its_column_is_called(
    column: str, word: str, status: str, read: Reader
) -> None:
    event = one(read, f"{HELLO},{column}\n{ROW},{word}\n")
    assert (event.status, event.active) == (status, status != "withdrawn")
    assert not {"status-missing", "status-unknown", "unknown-column"} & set(event.issues)


@pytest.mark.parametrize("word", ["Ordered", "In process", "Collected"])
def test_an_order_without_a_result_yet_is_none(word: str, read: Reader) -> None:
    header, row = f"{HELLO},Status", ROW.replace("Positive", "") + f",{word}"
    assert counted(read(LAB, {"f.csv": f"{header}\n{row}\n"}))["ignored"] == {"no-result-yet": 1}


def test_a_word_for_the_status_that_nobody_knows_is_told_and_isolates_nobody(read: Reader) -> None:
    event = one(read, f"{HELLO},Status\n{ROW},Zyx\n")
    assert event.status == "preliminary"
    assert "status-unknown" in event.issues


@pytest.mark.parametrize("column", ["Voided", "Is Deleted", "Cancelled", "Entered In Error", "Date Deleted"])
@pytest.mark.parametrize(
    ("value", "stands"), [("", True), ("No", True), ("0", True), ("Yes", False), ("x", False), ("1/7/2021", False)]
)
def test_a_row_that_a_column_voids_is_withdrawn(column: str, value: str, stands: bool, read: Reader) -> None:
    event = one(read, f"{HELLO},Status,{column}\n{ROW},F,{value}\n")
    assert (event.active, event.status) == ((True, "final") if stands else (False, "withdrawn"))
    assert event.fact_key == one(read, f"{HELLO},Status\n{ROW},F\n").fact_key
    assert event.issues == ("header-by-names",)


def test_a_header_of_no_layout_says_so_on_every_event(read: Reader) -> None:
    assert "header-by-names" in one(read, f"{HELLO}\n{ROW}\n").issues
    event = one(read, f"{HELLO}\n{ROW}\n")
    assert (event.person.family_name, event.person.birth_date.isoformat(), event.loinc) == (
        "Example",
        "1980-01-02",
        "94500-6",
    )
    assert (event.collected_on.isoformat(), event.resulted_on.isoformat()) == ("2021-01-05", "2021-01-06")


def test_columns_in_any_order_and_quoting_are_the_same_event(read: Reader) -> None:
    first = one(read, standard({}))
    for columns in (sorted(STANDARD), sorted(STANDARD, reverse=True), [*STANDARD, *without(*STANDARD)]):
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, delimiter=";", lineterminator="\n")
        writer.writerow(name.title() for name in columns)
        writer.writerow(STANDARD.get(name, "") for name in columns)
        assert one(read, text.getvalue()).event_id == first.event_id
    assert layout_of(list(STANDARD)).name == "standard"
