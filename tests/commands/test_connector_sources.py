"""`hub connector try --explain` of a mapping program: the place of each field in the sender's format, and the row that decided."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.commands.connector import connector
from hub.domain.tables import rows
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
    assert all(f"{column} = ••• (" in said for column in columns)
    assert "result_words.csv row" in said or "results.csv row" in said


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
