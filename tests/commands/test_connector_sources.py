"""`hub connector try --explain` of a mapping program: the place of each field in the sender's format, and the row that decided."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.commands.connector import connector
from hub.domain.tables import rows
from hub.mapping.program import Mapped
from hub.wiring_names import FileNames
from tests.mapping.made_up_lab_csv import pdi, standard
from tests.mapping.made_up_vxu import vxu
from tests.mapping.test_labs import oru


def explained(tmp_path: Path, name: str, file: str, text: str | bytes) -> str:
    path = tmp_path / file
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    arguments = ["try", "--instance", str(tmp_path / "none"), name, str(path), "--explain"]
    told = CliRunner().invoke(connector, arguments)
    assert told.exit_code == 0, told.output
    return told.stdout


def number_of(table: str, code: str) -> int:
    return next(number for number, row in enumerate(rows(table), 2) if next(iter(row.values())) == code)


def test_a_laboratory_message_is_explained_by_segment_field_and_table_row(tmp_path: Path) -> None:
    said = explained(tmp_path, "lab-elr-hl7v2", "m.hl7", oru())
    assert f"positive  ← OBX-5; results.csv row {number_of('results', '260373001')}: positive" in said
    assert f"← OBX-3; observations.csv row {number_of('observations', '94500-6')}: diagnostic" in said
    assert "person.family_name" in said
    assert "← PID-5.1" in said
    assert "OBR-22, else MSH-7" in said


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (standard({}), ("test_performed_code", "test_result", "patient_last_name", "specimen_collection_date")),
        (pdi({}), ("ordered_test_code", "test_result_code", "patient_last_name", "date_result_released")),
    ],
)
def test_a_laboratory_row_is_explained_by_the_columns_of_its_own_header(
    text: str, columns: tuple[str, ...], tmp_path: Path
) -> None:
    said = explained(tmp_path, "lab-csv", "f.csv", text)
    assert all(f"{column} = ••• (" in said.lower() for column in columns)
    assert "result_words.csv row" in said or "results.csv row" in said


ROSTER = "Shelter,Night,Guest,Bed,DOB,Status\nHarbor,2021-02-15,G-1,5,1980-02-03,present\n"
REFERRALS = (
    "Referral Number,Client Name,Date of Birth,Service,Status,Sent Date\n"
    'R1,"Quill, Nadia",02/03/1980,Emergency Shelter,Accepted,02/10/2021\n'
)
PANTRY = "Client No,Date,Type,First,Last\nC1,02/10/2021,Pantry,Nadia,Quill\n"
BENEFITS = "Recipient ID,Program,Case Status,Report Month\nC1,SNAP,Active,02/10/2021\n"
RELEASES = "HMIS ID,ROI on File,ROI Date\nC1,Yes,02/10/2021\n"
CASES = "record_id,dob,case_status,date_of_onset\nC1,02/03/1980,Confirmed,02/10/2021\n"


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        ("shelter-roster-csv", ROSTER, ("Guest", "Night", "Shelter", "Status", "DOB")),
        ("referral-csv", REFERRALS, ("Client Name = ••• (12 characters), Date of Birth", "Service", "Sent Date")),
        ("food-pantry", PANTRY, ("Client No", "Date", "Type", "First")),
        ("food-benefits", BENEFITS, ("Recipient ID", "Program", "Case Status", "Report Month")),
        ("consent", RELEASES, ("HMIS ID", "ROI on File", "ROI Date")),
        ("case-line-list", CASES, ("record_id", "case_status", "date_of_onset")),
    ],
)
def test_a_row_of_a_list_is_explained_by_the_columns_that_its_file_has(
    name: str, text: str, places: tuple[str, ...], tmp_path: Path
) -> None:
    said = explained(tmp_path, name, "f.csv", text)
    assert all(f"← {place} = ••• (" in said for place in places)
    header = {column.lower() for column in text.splitlines()[0].split(",")}
    named = {
        part.partition(" = ")[0].lower()
        for line in said.splitlines()
        if "← " in line and "no column of this row" not in line
        for part in line.partition("← ")[2].partition("; ")[0].split(", ")
    }
    assert named <= header


def test_a_column_that_the_options_name_is_told_by_that_name(tmp_path: Path) -> None:
    names = FileNames("shelter-roster-csv", {"columns": {"person": "Wer"}})
    head, raw = b"Shelter,Night,Wer,Bed\n", b"A,2021-02-15,G-1,5\n"
    record = Mapped("event", None, None, None, {}, raw, head=head)
    assert names.filled("shelter-stay", "source_person", record) == [("Wer", "G-1")]
    assert names.name("shelter-stay", "source_person") == "Wer"
    assert (
        FileNames("shelter-roster-csv", {"columns": {"person": "Wer"}}).name("shelter-stay", "source_person") == "Wer"
    )


def test_words_of_the_hub_are_shown_and_the_senders_text_is_not(tmp_path: Path) -> None:
    said = explained(tmp_path, "referral-csv", "f.csv", REFERRALS)
    assert "  category                 homelessness  ←" in said
    assert "  status                   accepted  ←" in said
    assert "site_kind                congregate  ←" in explained(tmp_path, "shelter-roster-csv", "f.csv", ROSTER)
    assert "program                  snap  ←" in explained(tmp_path, "food-benefits", "f.csv", BENEFITS)
    for secret in ("Quill", "Nadia", "1980"):
        assert secret not in said


def test_records_of_a_folder_are_told_with_their_file_and_those_of_one_file_without(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "a.csv").write_text(ROSTER)
    (folder / "b.csv").write_text(ROSTER.replace("G-1", "G-2"))
    arguments = [
        "try",
        "--instance",
        str(tmp_path / "none"),
        "shelter-roster-csv",
        str(folder),
        "--explain",
        "--row",
        "2",
    ]
    told = CliRunner().invoke(connector, arguments)
    assert [line for line in told.stdout.splitlines() if not line.startswith(" ")] == [
        "a.csv row 2: shelter-stay, event",
        "b.csv row 2: shelter-stay, event",
    ]
    assert explained(tmp_path, "shelter-roster-csv", "f.csv", ROSTER).startswith("row 2: shelter-stay")


def test_a_result_that_a_row_replaces_says_why_it_is_withdrawn(tmp_path: Path) -> None:
    said = explained(tmp_path, "lab-csv", "f.csv", pdi({"Result_ID": "R2", "Corrected_result_ID": "R1"}))
    assert "the row names this result as the one that it replaces" in said


def test_a_dose_is_explained_by_its_row_of_the_vaccine_table(tmp_path: Path) -> None:
    said = explained(tmp_path, "iis-vxu", "m.hl7", vxu())
    assert f"pfizer  ← RXA-5; cvx.csv row {number_of('cvx', '208')}: Pfizer 30 mcg" in said


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [("lab-elr-hl7v2", "m.hl7", oru()), ("lab-csv", "f.csv", standard({})), ("iis-vxu", "m.hl7", vxu())],
)
def test_nothing_of_a_person_is_shown(name: str, file: str, text: str | bytes, tmp_path: Path) -> None:
    said = explained(tmp_path, name, file, text)
    for secret in ("Example", "Person", "Ana", "1980", "1984", "35226", "P1", "M1^"):
        assert secret not in said
