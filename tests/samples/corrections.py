"""Stories of corrections told with the shared samples: each real correction after the original that it speaks of.

No sample has both, so the earlier message is the sample with its correction undone: status, answer, time and number as they were
before, everything else as sent. What is told later still (a withdrawal) is made the same way. Steps stand in the order in which
they were told; `ends` says what must stand once the first, the first two, … have come, in whatever order they came.

Nothing here comes from a run: each end was judged by health-standards.md §1.7 and §8 R11, R18 to R21.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["STORIES", "End", "Story"]

ORU = "prime-reportstream/oru/"
CSV = "prime-reportstream/csv/"
FHIR = "prime-reportstream/fhir/"
DETECTED, NOT_DETECTED = "260373001^Detected^SCT", "260415000^Not detected^SCT"


class End(NamedTuple):
    """`facts`: code, meaning and status (of doses CVX, status and day), sorted. `counted`: people with a positive result or a
    dose, as a preview tells them."""

    facts: tuple[str, ...]
    counted: int


class Story(NamedTuple):
    """`told` makes its messages of the sample. `as_of`: the day on which it is asked."""

    name: str
    connector: str
    sample: str
    as_of: date
    told: Callable[[bytes], list[bytes]]
    ends: tuple[End, ...]

    def messages(self, samples: Path) -> list[bytes]:
        found = self.told((samples / "health" / self.sample).read_bytes())
        assert len(found) == len(self.ends)
        return found


Fields = Mapping[tuple[str, int], str]
"""What to write where: segment and number of the field."""


def hl7(data: bytes, fields: Fields, *, message: int = 0) -> bytes:
    """One message of a file with some of its fields written anew, in every segment of that name."""
    lines = data.decode().replace("\r\n", "\r").replace("\n", "\r").split("\r")
    starts = [number for number, line in enumerate(lines) if line.startswith("MSH|")]
    end = [*starts, len(lines)][message + 1]
    kept = [line for line in lines[starts[message] : end] if line and line[:3] not in ("BTS", "FTS")]
    return "".join(_written(line, fields) + "\r" for line in kept).encode()


def _written(line: str, fields: Fields) -> str:
    cells = line.split("|")
    for (segment, number), text in fields.items():
        if cells[0] == segment:
            place = number - 1 if segment == "MSH" else number
            cells += [""] * (place + 1 - len(cells))
            cells[place] = text
    return "|".join(cells)


def oru(number: str, at: str, status: str, answer: str = "") -> Fields:
    """A report of that time and status; of several observations only samples of one test are given an answer."""
    fields = {("MSH", 7): at, ("MSH", 10): number, ("OBR", 22): at, ("OBR", 25): status, ("OBX", 11): status}
    return {**fields, ("OBX", 5): answer} if answer else fields


def fhir(data: bytes, issued: str, status: str, answers: Mapping[str, str]) -> bytes:
    """A bundle with its report and that report's results of another time and status, some answered otherwise (by LOINC)."""
    bundle: dict[str, Any] = json.loads(data)
    bundle["timestamp"] = issued
    for body in (entry["resource"] for entry in bundle["entry"]):
        if body["resourceType"] == "DiagnosticReport":
            body.update(status=status, issued=issued)
        elif body["resourceType"] == "Observation" and "issued" in body:  # the questions asked have none
            body["status"] = status
            code = body["code"]["coding"][0]["code"]
            if code in answers:
                body["valueCodeableConcept"]["coding"][0].update(code=answers[code], display="")
    return json.dumps(bundle).encode()


def rows(data: bytes, row: int, *versions: Mapping[str, str]) -> list[bytes]:
    """One row of a table, each time with some cells written anew; each as a file with the header."""
    table = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    sent, names = list(table)[row], list(table.fieldnames or ())
    found = []
    for version in versions:
        assert version.keys() <= set(names)
        text = io.StringIO()
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerow({**sent, **version})
        found.append(text.getvalue().encode())
    return found


def _posted_as_wrong(data: bytes) -> list[bytes]:
    first = hl7(data, oru("ORIGINAL", "20240904100000+0000", "F"))
    return [first, hl7(data, oru("CORRECTED", "20240904150000+0000", "C", NOT_DETECTED)), hl7(data, {})]


def _in_error(data: bytes) -> list[bytes]:
    first = fhir(data, "2024-09-04T10:00:00+00:00", "final", {})
    return [first, fhir(data, "2024-09-04T15:00:00+00:00", "corrected", {"94558-4": "260415000"}), data]


def _corrected_panel(data: bytes) -> list[bytes]:
    first = fhir(data, "2023-12-18T22:16:55+00:00", "final", {"94500-6": "260373001"})
    return [first, data, fhir(data, "2024-01-03T00:00:00+00:00", "entered-in-error", {})]


def _corrected_to_positive(data: bytes) -> list[bytes]:
    """The second message of five: results of several observations, so that the first version differs in that it was preliminary."""
    first = hl7(data, oru("ORIGINAL", "20210622100000+0000", "P"), message=1)
    return [first, hl7(data, {}, message=1), hl7(data, oru("LATER", "20210623000000+0000", "W"), message=1)]


def _corrected_to_negative(data: bytes) -> list[bytes]:
    """The fifth message of twenty, an order marked W whose observations are marked C."""
    first = hl7(data, {("MSH", 10): "ORIGINAL", ("OBR", 22): "20210530", ("OBR", 25): "F", ("OBX", 11): "F"}, message=4)
    return [first.replace(NOT_DETECTED.encode(), DETECTED.encode()), hl7(data, {}, message=4)]


def _named_as_replaced(data: bytes) -> list[bytes]:
    return rows(
        data, 0,
        {"Result_ID": "838707", "Corrected_result_ID": "", "Test_result_status": "F", "Test_result_code": "260415000",
         "Date_result_released": "20220223"},
        {},
        {"Test_result_status": "W", "Date_result_released": "20220226"},
    )  # fmt: skip


def _named_as_replaced_of_another(data: bytes) -> list[bytes]:
    original = {
        "Result_ID": "628833",
        "Corrected_result_ID": "",
        "Test_result_status": "F",
        "Test_result_code": "260373001",
    }
    of_another = {"Patient_ID": "of-another", "Patient_last_name": "Example", "Date_result_released": "20211024"}
    return rows(data, 0, {**original, **of_another}, {})


def _replaced_by_a_final(data: bytes) -> list[bytes]:
    original = {
        "Result_ID": "671985",
        "Corrected_result_ID": "",
        "Test_result_code": "260415000",
        "Date_result_released": "20220331",
    }
    again = {"Result_ID": "999999", "Corrected_result_ID": "514318", "Test_result_code": "260415000",
             "Date_result_released": "20220402"}  # fmt: skip
    return rows(data, 2, original, {}, again)


def _dose(data: bytes) -> list[bytes]:
    """The only COVID-19 dose of the samples: told, its day corrected, deleted."""
    updated = {("MSH", 7): "20240619083101-0400", ("RXA", 21): "U", ("RXA", 3): "20210517"}
    return [data, hl7(data, updated), hl7(data, {**updated, ("MSH", 7): "20240620083101-0400", ("RXA", 21): "D"})]


_FLU = ("85477-8 not-covid", "85478-6 not-covid", "85479-4 not-covid")


def _panel(status: str, covid: str) -> tuple[str, ...]:
    return tuple(sorted((f"94500-6 {covid} {status}", *(f"{other} {status}" for other in _FLU))))


STORIES = (
    Story(
        "posted as wrong, HL7 v2", "lab-elr-hl7v2", ORU + "sample_SR_ENTEREDINERROR_20240904-0001.hl7", date(2024, 9, 5),
        _posted_as_wrong,
        (
            End(("94558-4 positive final",), 1),
            End(("94558-4 negative corrected",), 0),
            End(("94558-4 positive withdrawn",), 0),
        ),
    ),
    Story(
        "entered in error, FHIR", "lab-elr-fhir", FHIR + "sample_SR_ENTEREDINERROR_20240904-0001.fhir", date(2024, 9, 5),
        _in_error,
        (
            End(("94558-4 positive final",), 1),
            End(("94558-4 negative corrected",), 0),
            End(("94558-4 positive withdrawn",), 0),
        ),
    ),
    Story(
        "a panel corrected, FHIR", "lab-elr-fhir", FHIR + "sample_VI_20231228-0001.fhir", date(2023, 12, 19), _corrected_panel,
        (End(_panel("final", "positive"), 1), End(_panel("corrected", "negative"), 0), End(_panel("withdrawn", "negative"), 0)),
    ),
    Story(
        "a preliminary one corrected, HL7 v2", "lab-elr-hl7v2", ORU + "test-0001-az-covid-19-hl7.hl7", date(2021, 6, 24),
        _corrected_to_positive,
        (
            End(("94558-4 positive preliminary",), 0),
            End(("94558-4 positive corrected",), 1),
            End(("94558-4 positive withdrawn",), 0),
        ),
    ),
    Story(
        "an order marked W with results marked C, HL7 v2", "lab-elr-hl7v2", ORU + "sample-batch-pdi-20210608-0001.hl7",
        date(2021, 6, 4), _corrected_to_negative,
        (End(("94558-4 positive final",), 1), End(("94558-4 negative corrected",), 0)),
    ),
    Story(
        "a result named as replaced, CSV", "lab-csv", CSV + "duplicate.csv", date(2022, 3, 2), _named_as_replaced,
        (
            End(("94558-4 negative final",), 0),
            End(("94558-4 positive corrected", "94558-4 review withdrawn"), 1),
            End(("94558-4 positive withdrawn", "94558-4 review withdrawn"), 0),
        ),
    ),
    Story(
        "a result of another patient named as replaced, CSV", "lab-csv", CSV + "vt_test_file.csv", date(2021, 11, 3),
        _named_as_replaced_of_another,
        (
            End(("95209-3 positive final",), 1),
            End(("95209-3 negative corrected", "95209-3 review withdrawn"), 0),
        ),
    ),
    Story(
        "replaced by rows of status F, CSV", "lab-csv", CSV + "ca_test_file.csv", date(2022, 4, 9), _replaced_by_a_final,
        (
            End(("95209-3 negative final",), 0),
            End(("95209-3 positive corrected", "95209-3 review withdrawn"), 1),
            End(("95209-3 negative corrected", "95209-3 review withdrawn", "95209-3 review withdrawn"), 0),
        ),
    ),
    Story(
        "a dose corrected and deleted, registry", "iis-vxu", "izgateway-v2tofhir/rsp-k11-result-01.hl7", date(2024, 7, 1), _dose,
        (
            End(("208 administered 2021-05-16",), 1),
            End(("208 administered 2021-05-17",), 1),
            End(("208 withdrawn 2021-05-17",), 0),
        ),
    ),
)  # fmt: skip
