"""Which FHIR files speak of social needs, for `hub preview`, where nobody says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.routing import route
from tests.mapping.made_up_needs import (
    GRAVITY,
    OFTEN,
    Json,
    bundle,
    coded,
    condition,
    item,
    ndjson,
    observation,
    one,
    patient,
    response,
)

KNOWN = ("hrsn-fhir", "lab-elr-fhir", "iis-fhir", "sara-alert", "gravity-referral", "consent")
PART_2 = {"security": [{"code": "42CFRPart2"}]}


@pytest.mark.parametrize(
    "data",
    [
        one(response(item("/88122-7", OFTEN))),
        one(observation("71802-3", "LA30190-5")),
        one(observation("71802-3", "LA30190-5", category=[coded("homelessness", GRAVITY)])),
        one(condition("Z59.41")),
        ndjson(patient(), response(item("/88122-7", OFTEN))),
        bundle(patient(), observation("88122-7", OFTEN)),
        one(
            {
                "resourceType": "Observation",
                "id": "o",
                "meta": PART_2,
                "code": coded("600-7"),
                "subject": {"reference": "Patient/p1"},
            }
        ),
    ],
)
def test_files_of_social_needs_find_their_connector(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_bytes(data)
    (found,) = route(tmp_path, KNOWN)
    assert found.connector == "hrsn-fhir"


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Immunization", "id": "i"},
        {"resourceType": "DiagnosticReport", "id": "d", "category": [coded("laboratory")]},
        {"resourceType": "Observation", "id": "o", "category": [coded("laboratory")], "code": coded("94500-6")},
        condition("J10.1"),
    ],
)
def test_other_resources_do_not(resource: Json, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_bytes(one(resource))
    (found,) = route(tmp_path, KNOWN)
    assert found.connector != "hrsn-fhir"
