"""A rejected record says which column or field is at fault, by the name that the specification or the map gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.mapping.vaccinations import COLUMNS
from hub.privacy.agreements import example_agreement
from hub.wiring_reading import OFFLINE_IDS, catalogue, outcomes
from tests.connectors.made_up_lab import message

HEAD = "\t".join(COLUMNS)


def row(**cells: str) -> str:
    good = {
        "vax_event_id": "E-1",
        "recip_id": "R-1",
        "admin_date": "2021-02-15",
        "cvx": "208",
        "recip_dob": "1980-01-01",
    }
    return "\t".join({**good, **cells}.get(name, "") for name in COLUMNS)


CASES = [
    ("iis-cvrs", f"{HEAD}\n{row(admin_date='yesterday')}\n", "bad-date", "admin_date"),
    ("iis-cvrs", f"{HEAD}\n{row(recip_id='')}\n", "missing-key", "recip_id"),
    ("iis-cvrs", f"{HEAD}\n{row(admin_date='1970-01-01')}\n", "dose-before-birth", "admin_date"),
    ("iis-cvrs", HEAD.replace("recip_dob", "dob") + "\n", "missing-column", "recip_dob"),
    ("lab-elr-hl7v2", message(1).decode().replace("PID|", "XXX|"), "no-patient", "PID"),
    ("lab-elr-hl7v2", message(1).decode().replace("|2.5.1", "|3.0"), "unsupported-version", "MSH-12"),
    ("sara-alert", '{"resourceType": "Patient"}', "missing-key", "id"),
]


@pytest.mark.parametrize(("connector", "content", "reason", "field"), CASES)
def test_the_field_at_fault_is_named(connector: str, content: str, reason: str, field: str, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(content.encode())
    found = list(outcomes(catalogue()[connector], example_agreement(connector), OFFLINE_IDS, path))
    assert [(each.outcome, each.reason, each.where.get("field")) for each in found] == [("rejected", reason, field)]


def test_a_wrong_file_is_not_told_all_columns_of_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("a,b\n1,2\n")
    (found,) = outcomes(catalogue()["iis-cvrs"], example_agreement("iis-cvrs"), OFFLINE_IDS, path)
    assert (found.reason, "field" in found.where) == ("missing-column", False)
