"""One record of a unit, read alone from what is kept of it, says what it said among its neighbours."""

from __future__ import annotations

import json

import pytest

from hub.connectors.installed import programs
from hub.formats.delimited import open_table
from hub.mapping.program import Mapped
from tests.connectors.made_up_lab import message
from tests.mapping.reading import Reader
from tests.mapping.test_vaccinations import cvrs

NAME = "20210301_02_CAA.txt"


def person(number: int) -> dict[str, object]:
    return {"resourceType": "Patient", "id": f"p{number}", "meta": {"lastUpdated": "2021-02-01T08:00:00Z"}}


BUNDLE = json.dumps({"resourceType": "Bundle", "entry": [{"resource": person(n)} for n in range(3)]}, indent=1)
NDJSON = "\n".join(json.dumps(person(n)) for n in range(3)) + '\n{"resourceType": \n'
UNITS = {
    "lab-elr-hl7v2": {"all.hl7": message(1) + message(2) + message(3).replace(b"PID|", b"PIX|")},
    "sara-alert": {"bundle.json": BUNDLE.encode(), "export.ndjson": NDJSON.encode()},
    "iis-cvrs": {
        NAME: cvrs({}, {"vax_event_id": "V2", "admin_date": "x"}, {"vax_event_id": "V3"}, {"recip_id": "é"}).encode()
        + b"too\tshort\r\n"
    },
}


def told(mapped: Mapped) -> tuple[object, ...]:
    return mapped.outcome, mapped.reason, mapped.stage, mapped.event


@pytest.mark.parametrize("connector", sorted(UNITS))
def test_a_record_read_alone_gives_the_same_outcomes_with_the_same_ids(connector: str, read: Reader) -> None:
    found = read(connector, UNITS[connector])
    assert {mapped.outcome for mapped in found} >= {"event", "rejected"}
    for file in UNITS[connector]:
        records = dict.fromkeys((m.raw, m.head) for m in found if m.where["file"] == file)
        for raw, head in records:
            among = [told(m) for m in found if m.raw == raw]
            assert [told(m) for m in read(connector, {file: head + raw})] == among


def test_the_day_a_row_was_reported_is_in_the_name_of_its_file(read: Reader) -> None:
    (mapped,) = read("iis-cvrs", {NAME: cvrs({})})
    (again,) = read("iis-cvrs", {"another.txt": mapped.head + mapped.raw})
    assert mapped.event is not None
    assert again.event is not None
    assert mapped.event.event_id != again.event.event_id, "so the name must be kept beside the row"


def test_each_program_says_how_one_of_its_records_can_be_read_again() -> None:
    assert {name: getattr(program, "alone", "never") for name, program in programs().items()} == {
        "lab-elr-fhir": "record",
        "lab-elr-hl7v2": "record", "lab-csv": "headed", "sara-alert": "record", "iis-cvrs": "headed", "iis-vxu": "record",
        "iis-fhir": "record", "hmis-csv": "never", "hrsn-fhir": "record", "hrsn-screening": "never", "vaccine-supply": "headed",
        "case-line-list": "headed",
        "food-benefits": "headed",
        "food-pantry": "headed",
        "shelter-roster-csv": "headed",
        "hsds-directory": "record",
        "consent": "headed",
        "gravity-referral": "record",
        "referral-csv": "headed",
    }  # fmt: skip


@pytest.mark.parametrize("header", ['a,"b, c","d ""e"""', "a|b|c", "a"])
def test_a_header_can_stand_above_any_row_of_its_table(header: str) -> None:
    table = open_table(f"{header}\n".encode(), delimiters=",|")
    again = open_table(table.header() + b"1\n", delimiters=",|")
    assert again.columns == table.columns
