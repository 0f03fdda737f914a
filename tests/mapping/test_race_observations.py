"""Reports of race that say who told them, how and when (social-standards.md 15), out of FHIR Observations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.domain.race_reports import resolve, stored, unstored
from hub.domain.race_views import word_of
from tests.mapping.reading import Reader, counted

CDCREC = "urn:oid:2.16.840.1.113883.6.238"


def observation(number: str, codes: tuple[str, ...], method: str, performer: str, **more: Any) -> dict[str, Any]:
    """A made-up report of one person at one time."""
    return {
        "resourceType": "Observation", "id": number, "status": "final", "effectiveDateTime": "2022-04-10T23:56:54Z",
        "code": {"coding": [{"system": "http://loinc.org", "code": "72826-1"}]}, "subject": {"reference": "Patient/p1"},
        "performer": [{"reference": performer}], "method": {"coding": [{"code": method}]},
        "component": [{"valueCodeableConcept": {"coding": [{"system": CDCREC, "code": code}]}} for code in codes], **more,
    }  # fmt: skip


OWN = observation("o1", ("1002-5", "2106-3"), "self-reported", "Patient/p1")
KIN = observation("o2", ("1002-5",), "reported-by-related-person", "RelatedPerson/r1")
STAFF = observation("o3", ("2106-3",), "self-reported", "Practitioner/d1")


def told(read: Reader, *resources: dict[str, Any]) -> list[Any]:
    return read.events("iis-fhir", {"export.ndjson": "\n".join(json.dumps(each) for each in resources)})


def test_social_15_a_report_says_who_told_it_how_and_when(read: Reader) -> None:
    own, kin, staff = (event.race_ethnicity for event in told(read, OWN, KIN, STAFF))
    assert (own.method, own.performer, own.reported_by) == ("self-reported", "person", "self")
    assert (kin.method, kin.performer, kin.reported_by) == (
        "reported-by-related-person",
        "related-person",
        "related-person",
    )
    assert (staff.method, staff.performer, staff.reported_by) == ("self-reported", "professional", "administrative")
    assert str(own.reported_at) == "2022-04-10 23:56:54+00:00"
    assert own.not_asked == ("mena",)


def test_social_15_three_reports_of_one_person_and_time_are_three_facts_and_the_own_word_stands(read: Reader) -> None:
    events = told(read, STAFF, KIN, OWN)
    assert len({event.fact_key for event in events}) == 3
    assert len({event.source_person for event in events}) == 1
    dated = [
        (1, True, unstored(stored(event.race_ethnicity.model_dump()) or ""), (event.source_person, event.fact_key))
        for event in events
    ]
    assert word_of(resolve(dated)) == "aian+white/?unknown~mena"


def test_a_report_made_in_error_is_withdrawn_and_a_declined_one_has_no_group(read: Reader) -> None:
    (wrong,) = told(read, {**OWN, "status": "entered-in-error"})
    assert not wrong.active
    declined = {**OWN, "component": [], "dataAbsentReason": {"coding": [{"code": "asked-declined"}]}}
    (event,) = told(read, declined)
    assert (event.race_ethnicity.groups, event.race_ethnicity.absence) == ((), "declined")


def test_other_observations_of_a_registry_are_ignored_and_a_report_of_nobody_is_rejected(read: Reader) -> None:
    other = {**OWN, "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}}
    nobody = {key: value for key, value in OWN.items() if key != "subject"}
    found = counted(read("iis-fhir", {"a.ndjson": "\n".join(json.dumps(each) for each in (other, nobody))}))
    assert found == {"events": {}, "rejected": {"no-patient": 1}, "ignored": {"resource-not-used": 1}}


@pytest.mark.samples
def test_the_gravity_example_is_read_with_its_details(read: Reader, shared_samples: Path) -> None:
    path = shared_samples / "social" / "gravity-fhir" / "Observation-SDOHCC-ObservationRaceOMBExample.json"
    (event,) = read.events("iis-fhir", {path.name: path.read_bytes()})
    assert event.race_ethnicity.groups == ("aian", "white")
    assert event.race_ethnicity.details == ("1088-4", "1102-3")
    assert event.race_ethnicity.reported_by == "self"
