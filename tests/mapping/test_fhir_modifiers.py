"""FHIR R4 §2.4.1: what carries a modifier extension that nobody knows is told by no program as if it were not there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mapping.reading import Reader, counted

Json = dict[str, Any]
NEGATED = [{"url": "http://ehr.example/negated", "valueBoolean": True}]
PERSON = {"reference": "Patient/p"}
GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def patient(number: str = "p", **more: Any) -> Json:
    return {
        "resourceType": "Patient", "id": number, "birthDate": "1980-01-01",
        "name": [{"family": f"Sample{number}", "given": ["Una"]}],
        "identifier": [{"system": "urn:oid:1.2.3", "value": f"N-{number}"}], **more,
    }  # fmt: skip


def result(number: str = "o", **more: Any) -> Json:
    return {
        "resourceType": "Observation", "id": number, "status": "final", "subject": PERSON, "effectiveDateTime": "2021-02-16",
        "code": coded("http://loinc.org", "94500-6"), "valueCodeableConcept": coded("http://snomed.info/sct", "260373001"),
        **more,
    }  # fmt: skip


RECORDS: dict[str, Json] = {
    "lab-elr-fhir": result(),
    "iis-fhir": {
        "resourceType": "Immunization", "id": "i", "status": "completed", "patient": PERSON, "occurrenceDateTime": "2021-03-04",
        "vaccineCode": coded("http://hl7.org/fhir/sid/cvx", "208"),
    },
    "hrsn-fhir": {
        "resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "subject": PERSON,
        "authored": "2021-01-06T15:05:13Z",
        "item": [{"linkId": "88122-7", "answer": [{"valueCoding": {"system": "http://loinc.org", "code": "LA28397-0"}}]}],
    },
    "gravity-referral": {
        "resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "subject": PERSON,
        "authoredOn": "2021-02-01",
        "category": [coded(GRAVITY, "food-insecurity")],
    },
    "consent": {
        "resourceType": "Consent", "id": "c", "status": "active", "patient": PERSON, "dateTime": "2021-01-15",
        "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "policyRule": coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
    },
    "sara-alert": {
        "resourceType": "Observation", "id": "o", "status": "final", "subject": PERSON, "effectiveDateTime": "2021-02-16",
        "code": coded("http://loinc.org", "94500-6"), "valueCodeableConcept": coded("http://snomed.info/sct", "10828004"),
    },
}  # fmt: skip


def bundle(*resources: Json, kind: str = "collection") -> str:
    entries = [{"fullUrl": f"http://ehr.example/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries})


def facts(read: Reader, program: str, text: str, file: str = "f.json") -> tuple[int, dict[str, int]]:
    """How many events that are no mere Patient, and what was refused."""
    found = read(program, {file: text})
    return sum(one.event is not None and one.event.kind != "person" for one in found), counted(found)["rejected"]


@pytest.mark.parametrize("program", RECORDS)
@pytest.mark.parametrize("kind", ["collection", "searchset", "transaction"])
def test_a_record_is_told_without_a_modifier_extension_and_refused_with_one(
    program: str, kind: str, read: Reader
) -> None:
    record = RECORDS[program]
    of_patient = 1 if program == "sara-alert" else 0  # a monitoree is a case
    assert facts(read, program, bundle(patient(), record, kind=kind)) == (1 + of_patient, {})
    modified = bundle(patient(), {**record, "modifierExtension": NEGATED}, kind=kind)
    assert facts(read, program, modified) == (of_patient, {"modifier-extension": 1})


@pytest.mark.parametrize("program", [name for name in RECORDS if name != "sara-alert"])
def test_a_patient_with_one_takes_all_that_is_told_of_them_along(program: str, read: Reader) -> None:
    text = bundle(patient(modifierExtension=NEGATED), RECORDS[program])
    events, refused = facts(read, program, text)
    assert events == 0
    assert refused["modifier-extension"] >= 1


def test_one_within_an_element_counts_for_its_resource(read: Reader) -> None:
    part = {"code": coded("http://loinc.org", "94500-6"), "modifierExtension": NEGATED,
            "valueCodeableConcept": coded("http://snomed.info/sct", "260373001")}  # fmt: skip
    panel = {**result(code=coded("http://loinc.org", "95941-1"), component=[part])}
    del panel["valueCodeableConcept"]
    assert facts(read, "lab-elr-fhir", bundle(patient(), panel)) == (0, {"modifier-extension": 1})


def test_others_of_the_bundle_are_read(read: Reader) -> None:
    other = result("o2", subject={"reference": "Patient/p2"})
    text = bundle(patient(), patient("p2"), result(modifierExtension=NEGATED), other)
    assert facts(read, "lab-elr-fhir", text) == (1, {"modifier-extension": 1})


def test_a_report_is_refused_whole_where_one_of_its_results_has_one(read: Reader) -> None:
    report = {
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": PERSON, "issued": "2021-02-16T14:00:00Z",
        "code": coded("http://loinc.org", "94531-1"), "result": [{"reference": "Observation/o"}, {"reference": "Observation/o2"}],
    }  # fmt: skip
    second = result("o2", code=coded("http://loinc.org", "94558-4"), modifierExtension=NEGATED)
    assert facts(read, "lab-elr-fhir", bundle(patient(), report, result(), second)) == (0, {"modifier-extension": 1})


def test_lines_that_refer_to_each_other_count_too(read: Reader) -> None:
    lines = "\n".join(json.dumps(each) for each in (RECORDS["iis-fhir"], patient(modifierExtension=NEGATED)))
    assert facts(read, "iis-fhir", lines, "f.ndjson")[0] == 0


@pytest.mark.parametrize("kind", ["Practitioner", "Organization", "Location", "Device"])
def test_one_on_what_no_fact_rests_on_refuses_nothing(kind: str, read: Reader) -> None:
    beside = {"resourceType": kind, "id": "x", "modifierExtension": NEGATED}
    record = result(performer=[{"reference": f"{kind}/x"}])
    assert facts(read, "lab-elr-fhir", bundle(patient(), beside, record)) == (1, {})


def test_an_empty_one_is_none(read: Reader) -> None:
    assert facts(read, "lab-elr-fhir", bundle(patient(), result(modifierExtension=[]))) == (1, {})


@pytest.mark.parametrize("program", [name for name in RECORDS if name != "consent"])  # keeps no original of it
def test_read_alone_the_letter_is_refused_again(program: str, read: Reader) -> None:
    text = bundle(patient(), {**RECORDS[program], "modifierExtension": NEGATED})
    (letter,) = (one for one in read(program, {"f.json": text}) if one.outcome == "rejected")
    assert facts(read, program, letter.raw.decode()) == (0, {"modifier-extension": 1})
