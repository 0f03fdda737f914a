"""Made-up rows of laboratory CSV in the layouts of tables/lab_csv_columns.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from hub.domain.events import LabResult
from hub.domain.identity import version_of
from hub.mapping.tables import rows
from tests.mapping.reading import Reader

LAB = "lab-csv"
COLUMNS = {
    layout: [row["column"] for row in rows("lab_csv_columns") if row["layout"] == layout]
    for layout in ("standard", "pdi", "waters", "minimal")
}
STANDARD = {
    "patient_id": "P1", "patient_last_name": "Example", "patient_first_name": "Person", "patient_dob": "1/20/1980",
    "patient_gender": "F", "patient_race": "White", "patient_ethnicity": "Not Hispanic or Latino", "patient_state": "AL",
    "patient_zip_code": "35226", "patient_county": "Jefferson", "accession_number": "A1", "test_performed_code": "94534-5",
    "test_result": "Detected", "specimen_collection_date": "12/20/2021 9:00", "test_result_date": "12/20/21 14:00",
    "testing_lab_clia": "01D1058442", "test_result_status": "F",
}  # fmt: skip
PDI = {
    "Patient_ID": "P1", "Patient_last_name": "Example", "Patient_first_name": "Person", "Patient_DOB": "19800120",
    "Patient_gender": "F", "Patient_state": "AL", "Ordered_test_code": "94558-4", "Result_ID": "R1",
    "Test_result_code": "260373001",
    "Test_result_status": "F", "Testing_lab_CLIA": "01D1058442", "Test_date": "20220401", "Date_result_released": "20220402",
    "Processing_mode_code": "P",
}  # fmt: skip


def table(columns: Iterable[str], *lines: dict[str, str], base: dict[str, str]) -> str:
    text, names = io.StringIO(), list(columns)
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([{**base, **line}.get(name, "") for name in names] for line in lines)
    return text.getvalue()


def standard(*lines: dict[str, str], columns: Iterable[str] = COLUMNS["standard"]) -> str:
    return table(columns, *lines, base=STANDARD)


def pdi(*lines: dict[str, str], columns: Iterable[str] = COLUMNS["pdi"]) -> str:
    return table(columns, *lines, base=PDI)


def one(read: Reader, text: str, **options: Any) -> Any:
    (event,) = read.events(LAB, {"f.csv": text}, **options)
    return event


def state(events: Iterable[LabResult]) -> dict[str, tuple[str, str, bool]]:
    """What stands of each fact once all are told: the highest version, as in the streams and the preview."""
    latest: dict[str, LabResult] = {}
    for event in events:
        held = latest.get(event.fact_key)
        if held is None or version_of(event) > version_of(held):
            latest[event.fact_key] = event
    return {key: (event.meaning, event.status, event.active) for key, event in latest.items()}
