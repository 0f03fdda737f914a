from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mapping.reading import Reader, counted

SARA = "sara-alert"
URL = "http://saraalert.org/StructureDefinition/"


def extension(name: str, value: Any) -> dict[str, Any]:
    kind = "valueBoolean" if isinstance(value, bool) else "valueString"
    return {"url": URL + name, kind: value}


def patient(*, at: str = "2021-01-05T10:00:00+00:00", number: int | str = 7, **extensions: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": number,
        "meta": {"lastUpdated": at},
        "name": [{"family": "Example", "given": ["Person", "Middle"]}],
        "birthDate": "1980-01-01",
        "address": [
            {
                "line": ["1 Made Up Rd"],
                "city": "Town",
                "district": "Los Angeles",
                "state": "California",
                "postalCode": "90001",
            }
        ],
        "telecom": [{"system": "phone", "value": "+15555550100"}],
        "extension": [extension(name.replace("_", "-"), value) for name, value in extensions.items()],
    }


def observation(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": 1,
        "meta": {"lastUpdated": "2021-01-05T10:00:00+00:00"},
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "94500-6"}]},
        "subject": {"reference": "Patient/7"},
        "effectiveDateTime": "2021-01-04",
        "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "10828004"}]},
        **changes,
    }


def events(read: Reader, *resources: dict[str, Any]) -> list[Any]:
    return read.events(SARA, {"f.ndjson": "\n".join(map(json.dumps, resources))})


def test_a_monitoree_in_isolation_is_a_person_and_a_case(read: Reader) -> None:
    person, case = events(read, patient(isolation=True, symptom_onset_date="2021-01-03", case_status="Confirmed"))
    assert (person.person.state, person.person.county, person.person.phone) == ("CA", "06037", "5555550100")
    assert (case.kind, case.isolating, case.onset_on.isoformat(), case.case_status) == (
        "case",
        True,
        "2021-01-03",
        "Confirmed",
    )
    assert case.source_person == person.source_person


def test_a_monitoree_in_the_exposure_workflow_is_exposed_and_no_case(read: Reader) -> None:
    _, exposure = events(read, patient(isolation=False, last_exposure_date="2021-01-02", case_status="Confirmed"))
    assert (exposure.kind, exposure.last_exposure_on.isoformat()) == ("exposure", "2021-01-02")


def test_a_contact_who_becomes_a_case_is_the_same_fact_anew(read: Reader) -> None:
    _, exposed = events(read, patient(isolation=False))
    _, case = events(
        read, patient(at="2021-01-09T10:00:00+00:00", isolation=True, contact_became_case_at="2021-01-08T12:00:00Z")
    )
    assert case.fact_key == exposed.fact_key
    assert case.changed_at > exposed.changed_at
    assert case.occurred_on.isoformat() == "2021-01-08"


def test_a_closed_case_says_when_and_why_in_words_of_the_list(read: Reader) -> None:
    closing: dict[str, Any] = {"isolation": True, "closed_at": "2021-01-20T08:00:00+00:00"}
    _, case = events(read, patient(**closing, reason_for_closure="Meets criteria to discontinue isolation"))
    assert (case.closed_on.isoformat(), case.closed_reason) == ("2021-01-20", "Meets criteria to discontinue isolation")
    _, other = events(read, patient(**closing, reason_for_closure="moved in with her sister Ann"))
    assert other.closed_reason == "Other"


def test_free_text_of_a_resource_never_leaves(read: Reader) -> None:
    resource = patient(isolation=True, travel_related_notes="SECRET-NOTE", potential_exposure_location="SECRET-PLACE")
    assert "SECRET" not in "".join(event.model_dump_json() for event in events(read, resource))


@pytest.mark.parametrize(
    ("changes", "meaning", "status"),
    [
        ({}, "positive", "final"),
        ({"status": "entered-in-error"}, "positive", "withdrawn"),
        ({"status": "corrected"}, "positive", "corrected"),
        ({"status": "preliminary"}, "positive", "preliminary"),
        ({"code": {"coding": [{"system": "http://loinc.org", "code": "94762-2"}]}}, "not-covid", "final"),
        ({"code": {"coding": [{"system": "x", "code": "94500-6"}]}}, "positive", "final"),  # told as an issue
        (
            {"valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "1234"}]}},
            "review",
            "final",
        ),
        ({"valueCodeableConcept": {"text": "positive"}}, "review", "final"),
    ],
)
def test_laboratory_observations_mean_what_the_tables_say(
    changes: dict[str, Any], meaning: str, status: str, read: Reader
) -> None:
    (event,) = events(read, observation(**changes))
    assert (event.meaning, event.status, event.active) == (meaning, status, status != "withdrawn")


def test_a_laboratory_observation_is_of_the_same_person_as_its_patient(read: Reader) -> None:
    person, _, result = events(read, patient(isolation=True), observation())
    assert result.source_person == person.source_person


@pytest.mark.parametrize("resource", [observation(), patient(isolation=True), patient(isolation=False)])
def test_resources_marked_as_test_data_are_no_production(resource: dict[str, Any], read: Reader) -> None:
    """health-standards §8 R8: nobody isolates because a tracer tried something out."""
    real, test = events(read, resource), events(read, {**resource, "meta": {"security": [{"code": "HTEST"}]}})
    assert {event.processing for event in real} == {"production"}
    assert {event.processing for event in test} == {"test"}
    assert not {event.event_id for event in real} & {event.event_id for event in test}


@pytest.mark.parametrize(
    ("resource", "outcome"),
    [
        ({"resourceType": "QuestionnaireResponse", "id": 1}, ("ignored", "resource-not-used")),
        (observation(status="registered"), ("ignored", "no-result-yet")),
        (observation(category=[{"coding": [{"code": "vital-signs"}]}]), ("ignored", "not-a-lab-report")),
        (observation(subject={"reference": "Group/1"}), ("rejected", "no-patient")),
        ({"resourceType": "Patient"}, ("rejected", "missing-key")),
        ({"resourceType": 3}, ("rejected", "not-a-resource")),
        (patient(number="") | {"name": "not a list"}, ("rejected", "missing-key")),
    ],
)
def test_what_is_no_event_says_why(resource: dict[str, Any], outcome: tuple[str, str], read: Reader) -> None:
    found = read(SARA, {"f": json.dumps(resource)})
    assert [(mapped.outcome, mapped.reason) for mapped in found] == [outcome]


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [None], [{}], {"coding": 3}])
@pytest.mark.parametrize("field", ["name", "address", "telecom", "extension", "meta", "birthDate", "contained"])
def test_a_field_of_the_wrong_shape_never_stops_the_feed(field: str, value: Any, read: Reader) -> None:
    found = read(SARA, {"f": json.dumps(patient() | {field: value}) + "\n" + json.dumps(observation())})
    assert counted(found)["events"]["lab-result"] == 1
    assert len(found) == 3


def test_order_of_resources_does_not_change_the_set_of_events(read: Reader) -> None:
    resources = [
        patient(isolation=True),
        observation(),
        patient(number=8, isolation=False),
        observation(id=2, status="amended"),
    ]
    one_way = {event.model_dump_json() for event in events(read, *resources)}
    assert {event.model_dump_json() for event in events(read, *reversed(resources))} == one_way


def test_a_re_export_of_the_same_state_keeps_its_event_ids(read: Reader) -> None:
    resource = patient(isolation=True)
    first, again = events(read, resource), events(read, dict(reversed(list(resource.items()))))
    assert [event.event_id for event in first] == [event.event_id for event in again]
