"""FHIR laboratory bundles as ReportStream, SimpleReport, RADx MARS, eICR converters, US Core servers and Synthea shape them."""

from __future__ import annotations

from typing import Any

from tests.mapping.made_up_fhir import (
    DETECTED,
    FLU_A,
    LOINC,
    PCR,
    SNOMED,
    Json,
    body,
    bundle,
    coded,
    header,
    observation,
    organization,
    patient,
    question,
    refer,
    report,
    specimen,
)

_all__ = ["CASES"]

RS = "https://reportstream.cdc.gov/fhir/StructureDefinition/"
ANTIGEN, RSV, IGG, PANEL, FLU_B = "97097-0", "85479-4", "94563-4", "94531-1", "80383-3"


def entries(*urls: tuple[str, Json], kind: str = "transaction", **changes: Any) -> Json:
    made = [
        {"fullUrl": url, "resource": item, "request": {"method": "POST", "url": item["resourceType"]}}
        for url, item in urls
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": made, **changes}


def urn(number: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


def without(resource: Json, *names: str) -> Json:
    return {name: value for name, value in resource.items() if name not in names}


def report_stream(code: str = "P", answer: str = DETECTED, **changes: Any) -> Json:
    """What ReportStream makes of an ORU: codings with extensions, questions as QST observations, provenance, devices."""
    test = {
        "extension": [{"url": RS + "cwe-coding", "valueCodeableConcept": coded(LOINC, PCR)}],
        "coding": [{
            "extension": [
                {"url": RS + "cwe-coding", "valueString": "coding"},
                {"url": RS + "cwe-coding-system", "valueString": "LN"},
            ],
            "system": LOINC, "code": PCR, "display": "SARS-CoV-2 RNA",
        }],
    }  # fmt: skip
    aoe = question(
        2,
        "95418-0",
        valueCodeableConcept={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0136", "code": "Y"}]},
    )
    aoe["extension"] = [{"url": RS + "obx-observation", "extension": [{"url": "observation-type", "valueCode": "QST"}]}]
    return bundle(
        header(code),
        {"resourceType": "Provenance", "recorded": "2023-01-05T10:00:00Z", "target": [refer("MessageHeader", "m")]},
        organization(), patient(), observation(1, answer=answer, code=PCR) | {"code": test}, aoe,
        {"resourceType": "Device", "id": "d"}, {"resourceType": "Practitioner", "id": "p"}, specimen(),
        {"resourceType": "ServiceRequest", "id": "o", "status": "unknown", "code": coded(LOINC, PCR), "subject": refer("Patient")},
        report(1, 2, basedOn=[refer("ServiceRequest", "o")], specimen=[refer("Specimen", "swab")]),
        timestamp="2023-01-05T10:00:00.000+00:00", identifier={"value": "X-1"}, **changes,
    )  # fmt: skip


def simple_report(*told: tuple[str, str], status: str = "final") -> Json:
    observed = [observation(n, code, answer, status=status) for n, (code, answer) in enumerate(told, 1)]
    return bundle(header(), organization(), patient(), *observed, report(*range(1, len(told) + 1), status=status))


def otc(answer: str = DETECTED, zip_code: str = "37201") -> Json:
    """RADx MARS: a self test of nobody known; age asked, ZIP the only place."""
    nobody = {
        "resourceType": "Patient",
        "id": "x9",
        "identifier": [{"value": "OTC-9"}],
        "address": [{"postalCode": zip_code}],
    }
    return bundle(
        header(), organization("00Z0000016"), nobody, observation(1, ANTIGEN, answer, subject=refer("Patient", "x9")),
        question(2, "35659-2", valueQuantity={"value": 28, "unit": "a"}, subject=refer("Patient", "x9")),
        report(1, 2, subject=refer("Patient", "x9")),
    )  # fmt: skip


def converted(*resources: tuple[int, Json], kind: str = "batch") -> Json:
    return entries(*((urn(n), item) for n, item in resources), kind=kind)


def eicr(*observed: Json) -> Json:
    made = [without(item, "subject") | {"subject": {"reference": urn(1)}} for item in observed]
    composition = {"resourceType": "Composition", "id": "c", "status": "final", "type": coded(LOINC, "55751-2"), "section": [
        {"entry": [{"reference": urn(n)} for n in range(10, 10 + len(made))]}]}  # fmt: skip
    return converted((2, composition), (1, patient()), *((n, item) for n, item in enumerate(made, 10)), kind="document")


def category(code: str) -> list[Json]:
    return [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": code}]}]


LAB = category("laboratory")
LOOSE = without(observation(1, identifier=[{"value": "A-1"}]), "id")


def searchset(*resources: Json) -> Json:
    named = [(f"https://ehr.example/fhir/{item['resourceType']}/{item.get('id', 'x')}", item) for item in resources]
    found = [{"fullUrl": url, "resource": item, "search": {"mode": "match"}} for url, item in named]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": [{"relation": "self", "url": "x"}],
        "entry": found,
    }


CONTAINED = {
    "resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": coded(LOINC, PCR),
    "identifier": [{"value": "ORD-C"}], "subject": {"reference": "#p"}, "result": [{"reference": "#o"}],
    "contained": [
        {**patient("p")},
        {**observation("o"), "subject": {"reference": "#p"}},
    ],
}  # fmt: skip
CONTAINED_NOBODY = {
    **CONTAINED,
    "contained": [without(patient("p"), "identifier"), {**observation("o"), "subject": {"reference": "#p"}}],
}
CONTAINED_UNKNOWN = {
    **CONTAINED,
    "contained": [
        without(patient("p", birthDate="1980"), "identifier"),
        {**observation("o"), "subject": {"reference": "#p"}},
    ],
}
CYCLE = bundle(
    patient(),
    {**observation(1, PANEL, hasMember=[refer("Observation", 2)]), "valueCodeableConcept": None},
    observation(2, hasMember=[refer("Observation", 1)]),
    kind="collection",
)
COMPONENTS = observation(
    1,
    "94534-5",
    component=[
        {"code": coded(LOINC, PCR), "valueCodeableConcept": coded(SNOMED, DETECTED)},
        {"code": coded(LOINC, FLU_A), "valueCodeableConcept": coded(SNOMED, DETECTED)},
    ],
)
del COMPONENTS["valueCodeableConcept"]


def answered(value: Json, code: str = PCR) -> str:
    told = without(observation(1, code), "valueCodeableConcept") | value
    return body(bundle(header(), organization(), patient(), told, report(1)))


def asked(*codings: Json, value: str = DETECTED) -> str:
    return body(
        bundle(
            header(),
            organization(),
            patient(),
            observation(1, answer=value) | {"code": {"coding": list(codings)}},
            report(1),
        )
    )


XML = '<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><type value="message"/></Bundle>'
COVERAGE = {
    "resourceType": "Coverage", "id": "cov", "status": "active", "beneficiary": refer("Patient"),
    "type": {"coding": [{"system": "https://nahdo.org/sopt", "code": "2"}]}, "subscriberId": "M-77",
    "payor": [{"display": "State plan"}], "period": {"start": "2021-01-01"},
}  # fmt: skip
MEMBER = patient(identifier=[
    {"system": "urn:oid:1.2.3", "value": "MRN-1"},
    {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MA"}]}, "value": "99887766"},
])  # fmt: skip
