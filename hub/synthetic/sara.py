"""Monitorees as Sara Alert FHIR resources, one JSON object a line: Patient (isolation or exposure workflow) and Observation (lab).

Ids are numbers, states and counties full words, as the real API writes them. Each state of a record is a whole Patient again.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from hub.synthetic.facts import Monitoree, MonitoreeState, Registration
from hub.synthetic.people import RACE_CODES, Person
from hub.synthetic.places import STATE_NAME

__all__ = ["observation_line", "patient_line"]

_SARA = "http://saraalert.org/StructureDefinition/"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_CDCREC = "urn:oid:2.16.840.1.113883.6.238"
_WORDS = {
    "white": "White",
    "black": "Black or African American",
    "asian": "Asian",
    "aian": "American Indian or Alaska Native",
    "nhpi": "Native Hawaiian or Other Pacific Islander",
}


def patient_line(monitoree: Monitoree, state: MonitoreeState, person: Person, record: Registration) -> bytes:
    """The monitoree as the record stood from `state.at` on."""
    first = monitoree.states[0].at
    extensions: list[dict[str, Any]] = [
        *_race(person, record),
        {"url": f"{_US_CORE}birthsex", "valueCode": person.sex},
        _value("preferred-contact-method", "valueString", "Telephone call"),
        _value("isolation", "valueBoolean", state.isolation),
        _value("full-assigned-jurisdiction-path", "valueString", f"USA, {STATE_NAME}, {person.area.name}"),
        _value("monitoring-plan", "valueString", "Daily active monitoring"),
        _value("case-status", "valueString", state.case_status),
        _value("created-at", "valueDateTime", _utc(first)),
        _value("enrolled-workflow", "valueString", "Isolation" if monitoree.states[0].isolation else "Exposure"),
        _value("head-of-household", "valueBoolean", True),
        _value("id-of-reporter", "valuePositiveInt", monitoree.number),
        _value(
            "status",
            "valueString",
            "closed" if state.closed else "isolation non test based" if state.isolation else "non-reporting",
        ),
    ]
    if state.onset is not None:
        extensions.append(_value("symptom-onset-date", "valueDate", state.onset.isoformat()))
        extensions.append(_value("user-defined-symptom-onset", "valueBoolean", True))
    if state.last_exposure is not None:
        extensions.append(_value("last-exposure-date", "valueDate", state.last_exposure.isoformat()))
        extensions.append(
            _value("end-of-monitoring", "valueString", (state.last_exposure + timedelta(days=14)).isoformat())
        )
    if state.became_case is not None:
        extensions.append(
            _value("contact-became-case-at", "valueDateTime", f"{state.became_case.isoformat()}T12:00:00+00:00")
        )
    if state.closed:
        extensions.append(_value("closed-at", "valueDateTime", _utc(state.at)))
        extensions.append(_value("reason-for-closure", "valueString", state.reason))
    return _line(
        {
            "resourceType": "Patient",
            "id": monitoree.number,
            "meta": {"lastUpdated": _utc(state.at)},
            "extension": extensions,
            "active": not state.closed,
            "name": [{"family": record.family, "given": [record.given, *([record.middle] if record.middle else [])]}],
            "telecom": [
                {"system": "phone", "value": f"+1{person.phone.replace('-', '')}", "rank": 1},
                {"system": "email", "value": person.email, "rank": 1},
            ],
            "birthDate": record.birth_date.isoformat() if record.birth_date else None,
            "address": [
                {
                    "line": [person.street],
                    "city": person.city,
                    "district": person.area.name,
                    "state": STATE_NAME,
                    "postalCode": person.zip_code,
                }
            ],
            "communication": [
                {
                    "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en", "display": "English"}]},
                    "preferred": True,
                }
            ],
        }
    )


def observation_line(monitoree: Monitoree) -> bytes:
    """The positive PCR of somebody else's laboratory, as told to the tracer. ValueError when there is none."""
    if monitoree.lab is None:
        raise ValueError("this monitoree has no laboratory result")
    collected, resulted = monitoree.lab
    written = _utc(monitoree.states[0].at)
    return _line(
        {
            "resourceType": "Observation",
            "id": 50_000 + monitoree.number,
            "meta": {"lastUpdated": written},
            "extension": [_value("created-at", "valueDateTime", written)],
            "status": "final",
            "category": [
                {
                    "coding": [
                        {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}
                    ]
                }
            ],
            "code": {"coding": [{"system": "http://loinc.org", "code": "94500-6"}], "text": "PCR"},
            "subject": {"reference": f"Patient/{monitoree.number}"},
            "effectiveDateTime": collected.isoformat(),
            "issued": _utc(resulted),
            "valueCodeableConcept": {
                "coding": [{"system": "http://snomed.info/sct", "code": "10828004"}],
                "text": "positive",
            },
        }
    )


def _race(person: Person, record: Registration) -> list[dict[str, Any]]:
    if not record.race_known:
        return []
    races: list[dict[str, Any]] = [
        {"url": "ombCategory", "valueCoding": _coding(RACE_CODES[word], _WORDS[word])} for word in person.races
    ]
    if not races:
        races = [{"url": "detailed", "valueCoding": _coding("2131-1", "Other Race")}]
    text = ", ".join(_WORDS[word] for word in person.races) or "Other"
    hispanic = ("2135-2", "Hispanic or Latino") if person.hispanic else ("2186-5", "Not Hispanic or Latino")
    return [
        {"extension": [*races, {"url": "text", "valueString": text}], "url": f"{_US_CORE}race"},
        {
            "extension": [
                {"url": "ombCategory", "valueCoding": _coding(*hispanic)},
                {"url": "text", "valueString": hispanic[1]},
            ],
            "url": f"{_US_CORE}ethnicity",
        },
    ]


def _coding(code: str, display: str) -> dict[str, str]:
    return {"system": _CDCREC, "code": code, "display": display}


def _value(name: str, kind: str, value: Any) -> dict[str, Any]:
    return {"url": f"{_SARA}{name}", kind: value}


def _utc(at: datetime) -> str:
    """Local time is five hours behind."""
    return f"{at + timedelta(hours=5):%Y-%m-%dT%H:%M:%S}+00:00"


def _line(resource: dict[str, Any]) -> bytes:
    kept = {key: value for key, value in resource.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
