"""Absolute references: Patient/p of one server and Patient/p of another are two people, also where only one of them is at hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mapping.reading import Reader, counted
from tests.mapping.test_fhir_modifiers import RECORDS, bundle, patient

Json = dict[str, Any]
_WHOSE = {"iis-fhir": "patient", "consent": "patient"}
PROGRAMS = [name for name in RECORDS if name != "sara-alert"]  # exports of one server, by its own ids


def of(program: str, target: str) -> Json:
    return {**RECORDS[program], _WHOSE.get(program, "subject"): {"reference": target}}


def told(read: Reader, program: str, target: str, kind: str) -> list[Any]:
    found = read(program, {"f.json": bundle(patient(), of(program, target), kind=kind)})
    return [one.event for one in found if one.event is not None and one.event.kind != "person"]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("kind", ["collection", "searchset"])
@pytest.mark.parametrize(
    "target",
    ["http://ehr.example/Patient/p", "https://ehr.example/Patient/p", "http://EHR.example/Patient/p/_history/2",
     "Patient/p/_history/2"],
)  # fmt: skip
def test_a_reference_to_the_server_of_the_bundle_finds_its_patient(
    program: str, kind: str, target: str, read: Reader
) -> None:
    (plain,) = told(read, program, "Patient/p", kind)
    (event,) = told(read, program, target, kind)
    assert event.source_person == plain.source_person is not None


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("kind", ["collection", "searchset"])
def test_the_patient_of_another_server_is_not_ours(program: str, kind: str, read: Reader) -> None:
    (ours,) = told(read, program, "Patient/p", kind)
    people = {event.source_person for event in told(read, program, "http://other.example/r4/Patient/p", kind)}
    assert ours.source_person not in people


def test_a_result_of_a_patient_of_another_server_is_a_letter(read: Reader) -> None:
    text = bundle(patient(), of("lab-elr-fhir", "http://other.example/r4/Patient/p"))
    assert counted(read("lab-elr-fhir", {"f.json": text}))["rejected"] == {"no-patient": 1}


@pytest.mark.parametrize("url", ["", "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "Patient/p"])
def test_where_the_bundle_does_not_say_which_server_it_is_of_type_and_id_decide(url: str, read: Reader) -> None:
    record = of("lab-elr-fhir", "http://ehr.example/Patient/p")
    entries = [{"fullUrl": url, "resource": patient()}, {"resource": record}]
    text = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert counted(read("lab-elr-fhir", {"f.json": text}))["events"] == {"lab-result": 1}


def test_the_request_of_another_server_lends_a_referral_nothing(read: Reader) -> None:
    task = {
        "resourceType": "Task", "id": "t", "status": "accepted", "intent": "order", "for": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "lastModified": "2021-02-03T10:00:00Z",
    }  # fmt: skip
    request = RECORDS["gravity-referral"]
    for target, category in (
        ("http://ehr.example/ServiceRequest/s", "food-insecurity"),
        ("http://other.example/ServiceRequest/s", "unmapped"),
    ):
        text = bundle(patient(), request, {**task, "focus": {"reference": target}}, kind="searchset")
        events: list[Any] = [one.event for one in read("gravity-referral", {"f.json": text}) if one.event is not None]
        sent, accepted = [event for event in events if event.kind == "referral"]
        assert (accepted.status, accepted.category) == ("accepted", category)
        assert (accepted.request == sent.request) is (category == "food-insecurity")
