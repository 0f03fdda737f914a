"""R14, R23 from files to needs: a place is needed, a referral is accepted, somebody helps; or the person says no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.commands.preview import preview
from tests.connectors.made_up_lab import message

GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
BEDS = "Client ID,Last Name,First Name,DOB,Shelter,Bed,Night\nH-1,Vega,Marisol,03/09/1984,Harbor House,7,02/03/2021\n"
REFERRALS = (
    "Referral ID,Referral Date,Client ID,Last Name,First Name,DOB,Service Type,Status,Closed Date,Last Updated\n"
)
RELEASES = "Client ID,Last Name,First Name,DOB,ROI Status,Date Signed,Date Revoked\n"


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A positive test of 4 February of somebody who slept in a shelter on the 3rd."""
    (tmp_path / "lab.hl7").write_bytes(message(1).replace(b"Madeup1^Test||19800101", b"Vega^Marisol||19840309"))
    (tmp_path / "beds.csv").write_text(BEDS)
    return tmp_path


def needs(town: Path, as_of: str = "2021-02-08") -> list[tuple[str, str]]:
    told = CliRunner().invoke(preview, [str(town), "--as-of", as_of, "--json"])
    found: dict[str, Any] = json.loads(told.stdout)
    assert found["rejected"] == {}
    return [(need["support"], need["state"]) for need in found["needs"]]


def referred(status: str, closed: str = "", need: str = "Emergency Shelter") -> str:
    return f"{REFERRALS}R-1,02/05/2021,S-9,Vega,Marisol,03/09/1984,{need},{status},{closed},02/07/2021\n"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Not Updated", "open"),
        ("Accepted", "open"),
        ("Eligible", "open"),
        ("Closed", "open"),
        ("No Capacity", "open"),
        ("Got Help", "helped"),
    ],
)
def test_r14_only_proof_of_help_closes_the_need(town: Path, status: str, state: str) -> None:
    (town / "referrals.csv").write_text(referred(status, "02/07/2021"))
    assert needs(town) == [("place", state)]


def test_r14_help_with_something_else_leaves_the_need_open(town: Path) -> None:
    (town / "referrals.csv").write_text(referred("Got Help", "02/07/2021", "Food Pantry"))
    assert needs(town) == [("place", "open")]


def test_r14_a_task_with_its_output_closes_it_too_whoever_told_of_the_person(town: Path) -> None:
    patient = {
        "resourceType": "Patient", "id": "p", "name": [{"family": "Vega", "given": ["Marisol"]}], "birthDate": "1984-03-09",
    }  # fmt: skip
    request = {
        "resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "subject": {"reference": "Patient/p"},
        "category": [{"coding": [{"system": GRAVITY, "code": "homelessness"}]}],
    }  # fmt: skip
    task = {
        "resourceType": "Task", "id": "t", "status": "completed", "intent": "order", "focus": {"reference": "ServiceRequest/s"},
        "for": {"reference": "Patient/p"}, "authoredOn": "2021-02-05", "lastModified": "2021-02-07T10:00:00Z",
        "output": [{"type": {"coding": [{"code": "resulting-activity"}]}, "valueReference": {"reference": "Procedure/x"}}],
    }  # fmt: skip
    (town / "a.json").write_text(json.dumps(task))
    (town / "b.json").write_text(json.dumps(request))
    assert needs(town) == [("place", "open")], "nobody said whose task it is"
    (town / "c.json").write_text(
        json.dumps(
            {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": patient}, {"resource": request}]}
        )
    )
    assert needs(town) == [("place", "helped")]


@pytest.mark.parametrize(
    ("release", "left"),
    [
        ("Signed,01/05/2021,", [("place", "open")]),
        ("Declined,01/05/2021,", []),
        ("Signed,01/05/2021,02/06/2021", []),
        ("99,,", [("place", "open")]),
        ("Partial,01/05/2021,", [("place", "open")]),
    ],
)
def test_r23_who_says_no_has_no_need_at_the_hub(town: Path, release: str, left: list[tuple[str, str]]) -> None:
    (town / "roi.csv").write_text(f"{RELEASES}C-4,Vega,Marisol,03/09/1984,{release}\n")
    assert needs(town) == left


def test_r23_a_refusal_of_somebody_else_changes_nothing(town: Path) -> None:
    (town / "roi.csv").write_text(f"{RELEASES}C-4,Another,Person,02/02/1970,Declined,01/05/2021,\n")
    assert needs(town) == [("place", "open")]
