"""Made-up FHIR resources on social needs, as tools and their exporters write them."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
LOINC = "http://loinc.org"
GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
OFTEN, SOMETIMES, NEVER = "LA28397-0", "LA6729-3", "LA28398-8"
YES, NO = "LA33-6", "LA32-8"


def coded(code: str, system: str = LOINC) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def patient(**more: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"family": "Example", "given": ["Person"]}],
        "birthDate": "1980-01-01",
        **more,
    }


def item(link: str, *codes: str, **more: Any) -> Json:
    return {"linkId": link, "answer": [{"valueCoding": {"system": LOINC, "code": code}} for code in codes], **more}


def response(*items: Json, **more: Any) -> Json:
    """A completed QuestionnaireResponse of the person p1."""
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "qr1",
        "status": "completed",
        "authored": "2021-01-06T15:05:13Z",
        "subject": {"reference": "Patient/p1"},
        "item": list(items),
        **more,
    }


def observation(question: str, answer: str = "", **more: Any) -> Json:
    """A final Observation of a survey, of the person p1."""
    value = {"valueCodeableConcept": coded(answer)} if answer else {}
    return {
        "resourceType": "Observation",
        "id": f"o-{question}",
        "status": "final",
        "category": [coded("survey", "observation-category")],
        "code": coded(question),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2021-01-06T15:05:13Z",
        **value,
        **more,
    }


def condition(code: str, system: str = "http://hl7.org/fhir/sid/icd-10-cm", **more: Any) -> Json:
    return {
        "resourceType": "Condition",
        "id": f"c-{code}",
        "clinicalStatus": coded("active", "condition-clinical"),
        "code": coded(code, system),
        "verificationStatus": coded("confirmed", "condition-ver-status"),
        "subject": {"reference": "Patient/p1"},
        "recordedDate": "2021-01-06",
        **more,
    }


def bundle(*resources: Json, kind: str = "searchset", **more: Any) -> bytes:
    entries = [
        {"fullUrl": f"http://example.org/{r['resourceType']}/{r.get('id', n)}", "resource": r}
        for n, r in enumerate(resources)
    ]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries, **more}).encode()


def ndjson(*resources: Json) -> bytes:
    return b"".join(json.dumps(resource).encode() + b"\n" for resource in resources)


def one(resource: Json) -> bytes:
    return json.dumps(resource).encode()
