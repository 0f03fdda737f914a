"""social-standards R20, R21: FHIR records under 42 CFR Part 2 are held by no program that knows of no covering consent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mapping.reading import Reader

Json = dict[str, Any]
DS4P = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/"
POLICY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}
BASIS = {"code": "R", "extension": [{"url": DS4P + "extension-sec-label-basis", "valueCoding": POLICY}]}
PERSON = {"reference": "Patient/p"}
VISIT = {"reference": "Encounter/e"}
LAB, DOSES, MONITORED, REFERRED = "lab-elr-fhir", "iis-fhir", "sara-alert", "gravity-referral"
PROGRAMS = (LAB, DOSES, MONITORED, REFERRED)


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def patient(**more: Any) -> Json:
    return {
        "resourceType": "Patient", "id": "p", "birthDate": "1980-01-01",
        "name": [{"family": "Example", "given": ["Person"]}], **more,
    }  # fmt: skip


def result(number: str = "o", **more: Any) -> Json:
    return {
        "resourceType": "Observation", "id": number, "status": "final", "subject": PERSON, "encounter": VISIT,
        "code": coded("http://loinc.org", "94500-6"), "valueCodeableConcept": coded("http://snomed.info/sct", "260373001"),
        **more,
    }  # fmt: skip


def report(*results: str, **more: Any) -> Json:
    named = [{"reference": f"Observation/{each}"} for each in results]
    return {
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": PERSON, "issued": "2021-02-16T14:00:00Z",
        "code": coded("http://loinc.org", "94500-6"), "result": named, **more,
    }  # fmt: skip


def told_of(program: str, **more: Any) -> Json:
    """One record of each kind, of the person in the visit."""
    if program in (LAB, MONITORED):
        return result(**more)
    if program == DOSES:
        return {
            "resourceType": "Immunization", "id": "i", "status": "completed", "patient": PERSON, "encounter": VISIT,
            "vaccineCode": coded("http://hl7.org/fhir/sid/cvx", "208"), "occurrenceDateTime": "2021-03-04", **more,
        }  # fmt: skip
    return {
        "resourceType": "Task", "id": "t", "status": "requested", "intent": "order", "for": PERSON, "encounter": VISIT,
        "code": coded("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"), **more,
    }  # fmt: skip


def bundle(*resources: Json, **more: Any) -> str:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries, **more})


def marked(label: Json, there: bool) -> Json:
    return {"meta": {"security": [label]}} if there else {}


@pytest.mark.parametrize("label", [POLICY, BASIS], ids=["policy", "basis"])
@pytest.mark.parametrize("on", ["resource", "bundle", "patient", "encounter", "contained"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_r20_r21_what_part_2_stands_behind_is_not_held(program: str, on: str, label: Json, read: Reader) -> None:
    inner = [{"resourceType": "Organization", "id": "clinic", **marked(label, there=True)}]
    own = {"contained": inner} if on == "contained" else marked(label, on == "resource")
    data = bundle(
        patient(**marked(label, on == "patient")),
        {"resourceType": "Encounter", "id": "e", "status": "finished", **marked(label, on == "encounter")},
        told_of(program, **own),
        **marked(label, on == "bundle"),
    )
    found = read(program, {"f.json": data})
    stopped = [m for m in found if m.reason == "part-2-not-covered"]
    assert stopped
    assert all(m.hard_stop and m.raw == b"" for m in stopped)
    held = [m for m in found if m not in stopped]
    assert {m.type for m in held if m.event is not None} <= {"person", "case", "exposure"}
    assert not any(b"42CFRPart2" in m.raw for m in held)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_without_the_label_is_taken(program: str, read: Reader) -> None:
    found = read(program, {"f.json": bundle(patient(), told_of(program))})
    assert not [m for m in found if m.outcome == "rejected"]
    assert [m for m in found if m.event is not None and m.type in ("lab-result", "vaccination", "referral")]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_export_has_the_label_on_a_person_in_another_file(program: str, read: Reader) -> None:
    person = json.dumps(patient(**marked(POLICY, there=True)))
    other = json.dumps({**patient(), "id": "q", "identifier": [{"system": "urn:oid:1.2.3", "value": "MRN-2"}]})
    files = {"a.ndjson": json.dumps(told_of(program)), "b.ndjson": f"{person}\n{other}\n"}
    found = read(program, files)
    stopped = [m for m in found if m.hard_stop]
    assert {(m.where["file"], m.where["message"]) for m in stopped} == {("a.ndjson", 1), ("b.ndjson", 1)}


def test_a_report_is_stopped_with_all_that_it_tells_and_its_neighbour_is_not(read: Reader) -> None:
    labelled = result("o2", **marked(POLICY, there=True))
    other = {**report("o3"), "id": "r2"}
    found = read(LAB, {"f.json": bundle(patient(), report("o1", "o2"), result("o1"), labelled, other, result("o3"))})
    assert [m.where["path"] for m in found if m.hard_stop] == ["Bundle.entry[1]", "Bundle.entry[3]"]
    assert [m.type for m in found if m.event is not None] == ["lab-result"]
    assert [m.where["path"] for m in found if m.event is not None] == ["Bundle.entry[5]"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_broken_json_that_names_part_2_is_not_held(program: str, read: Reader) -> None:
    (found,) = read(
        program, {"f.json": b'{"resourceType": "Observation", "meta": {"security": [{"code": "42CFRPart2"}]'}
    )
    assert (found.outcome, found.raw, found.hard_stop) == ("rejected", b"", True)
    assert found.stage == "map", "so that the door keeps no copy of it"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_narrative_that_names_part_2_is_no_label(program: str, read: Reader) -> None:
    spoken = {"text": {"status": "generated", "div": "<div>not 42CFRPart2</div>"}}
    assert not [m for m in read(program, {"f.json": bundle(patient(), told_of(program, **spoken))}) if m.hard_stop]
