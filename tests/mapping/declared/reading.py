"""Declared connectors in tests: one made-up record in each format, read as a unit or alone from what is kept of it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

from hub.connectors.catalog import Connector
from hub.domain.events import Event
from hub.domain.ids import Ids
from hub.mapping.program import Agreement, Mapped, MappingContext, Unit

AGREED = cast(Agreement, SimpleNamespace(agreement_id="a", purposes=("p",), labels=("N",)))
PATIENT: dict[str, Any] = {
    "resourceType": "Patient", "id": "p1", "meta": {"lastUpdated": "2021-01-10T10:00:00Z", "versionId": "1"},
    "birthDate": "1980-03-09", "identifier": [{"system": "urn:x", "value": "77"}],
    "name": [{"use": "nickname", "given": ["Jo"]}, {"use": "official", "family": "Doe", "given": ["Joan", "Ann"]}],
    "extension": [{"url": "urn:race", "valueString": "Black"}],
}  # fmt: skip
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation", "id": "o1", "meta": {"lastUpdated": "2021-01-12T10:00:00Z"}, "status": "final",
    "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2021-01-11",
    "code": {"coding": [{"system": "http://loinc.org", "code": "94500-6"}]},
    "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "260373001"}]},
}  # fmt: skip
OF_PATIENTS: dict[str, Any] = {
    "name": "clinic", "title": "Patients", "door": {"kind": "file-drop"}, "emits": ["person"], "dedupe": ["id"],
    "source": {"sector": "other", "format": "fhir", "standard": "R4"},
    "identity": {
        "id": "identifier.where(system='urn:x').value", "authority": {"value": "urn:x"},
        "block": {"family_name": "name.where(use='official').family", "birth_date": "birthDate"},
    },
    "map": [{"event": "person", "where": [{"path": "resourceType", "equals": "Patient"}], "changed_at": "meta.lastUpdated"}],
}  # fmt: skip
OF_RESULTS: dict[str, Any] = {
    "name": "clinic-lab", "title": "Results", "door": {"kind": "file-drop"}, "emits": ["lab-result"], "dedupe": ["id"],
    "source": {"sector": "labs", "format": "fhir", "standard": "R4"},
    "identity": {
        "id": "subject.resolve().identifier.where(system='urn:x').value", "authority": {"value": "urn:x"},
        "block": {"family_name": "subject.resolve().name.family", "birth_date": "subject.resolve().birthDate"},
    },
    "map": [
        {
            "event": "lab-result", "where": [{"path": "resourceType", "equals": "Observation"}],
            "changed_at": "meta.lastUpdated", "occurred_on": "effective",
            "fields": {
                "meaning": {"from": "value.coding.where(system='http://snomed.info/sct').code", "codes": "results"},
                "status": "status", "processing": {"value": "production"}, "method": {"value": "molecular"},
                "loinc": "code.coding.where(system='http://loinc.org').code",
            },
        }
    ],
}  # fmt: skip
RESULTS = "source_value,system,target_code,status,note\n260373001,,positive,mapped,\n"


def bundle(*resources: dict[str, Any]) -> bytes:
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
    ).encode()


def read(connector: Connector, data: bytes, version: int = 1, file: str = "file") -> list[Mapped]:
    assert connector.declared is not None
    context = MappingContext(source=connector.name, agreement=AGREED, keys=Ids(b"k" * 32), mapping_version=version)
    return list(connector.declared.read(Unit("u", {file: data}), context))


def events(connector: Connector, data: bytes, version: int = 1) -> list[Event]:
    return [mapped.event for mapped in read(connector, data, version) if mapped.event is not None]


def told(mapped: Mapped) -> tuple[object, ...]:
    return mapped.outcome, mapped.reason, mapped.stage, mapped.event
