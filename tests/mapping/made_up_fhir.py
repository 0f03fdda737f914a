"""Made-up FHIR laboratory bundles, piece by piece."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
DETECTED, NOT_DETECTED = "260373001", "260415000"
PCR, FLU_A = "94500-6", "80382-5"
_PROCESSING_ID = "http://terminology.hl7.org/CodeSystem/v2-0103"


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def refer(kind: str, number: int | str = 1) -> Json:
    return {"reference": f"{kind}/{number}"}


def patient(number: int | str = 1, **changes: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": str(number),
        "identifier": [{"system": "urn:oid:1.2.3", "value": f"MRN-{number}"}],
        "name": [{"family": "Example", "given": ["Person"]}],
        "birthDate": "1980-01-01",
        "address": [{"district": "Davidson", "state": "TN", "postalCode": "37201"}],
        **changes,
    }


def observation(number: int | str = 1, code: str = PCR, answer: str = DETECTED, **changes: Any) -> Json:
    made = {
        "resourceType": "Observation",
        "id": str(number),
        "status": "final",
        "code": coded(LOINC, code),
        "subject": refer("Patient"),
        "valueCodeableConcept": coded(SNOMED, answer),
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def question(number: int | str, code: str, **value: Any) -> Json:
    return observation(number, code, **{"valueCodeableConcept": None, **value})


def report(*results: int | str, number: int | str = 1, **changes: Any) -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "id": f"r{number}",
        "identifier": [{"value": f"ORD-{number}"}],
        "status": "final",
        "code": coded(LOINC, PCR),
        "subject": refer("Patient"),
        "issued": "2021-02-16T14:00:00Z",
        "result": [refer("Observation", result) for result in results],
        **changes,
    }


def header(code: str | None = "P") -> Json:
    meta = {"meta": {"tag": [{"system": _PROCESSING_ID, "code": code}]}} if code else {}
    return {"resourceType": "MessageHeader", "id": "m", "sender": refer("Organization", "lab"), **meta}


def organization(clia: str = "44D0000001") -> Json:
    kind = {"coding": [{"code": "CLIA"}]}
    return {"resourceType": "Organization", "id": "lab", "identifier": [{"type": kind, "value": clia}]}


def specimen(**changes: Any) -> Json:
    taken = {"collectedDateTime": "2021-02-14T09:00:00-06:00"}
    return {
        "resourceType": "Specimen",
        "id": "swab",
        "identifier": [{"value": "SPM-1"}],
        "collection": taken,
        **changes,
    }


def bundle(*resources: Json, kind: str = "message", **changes: Any) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": item} for item in resources], **changes}


def message(*more: Json, status: str = "final", answer: str = DETECTED, issued: str = "2021-02-16T14:00:00Z") -> Json:
    """A whole report of one COVID test."""
    told = observation(1, answer=answer, status=status, specimen=refer("Specimen", "swab"))
    return bundle(
        header(), organization(), patient(), specimen(), report(1, status=status, issued=issued), told, *more
    )  # fmt: skip


def body(*documents: Json) -> str:
    return "\n".join(json.dumps(document) for document in documents)
