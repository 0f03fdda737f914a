"""Immunizations as FHIR R4: Immunization and Patient resources (single, NDJSON, bundles) to vaccination and person events.

A dose is known by its first identifier, else its id; its version by meta.lastUpdated, else `recorded`. `entered-in-error`
withdraws. A test (HTEST, or the tag of a processing id) is marked so and counts nowhere. The birth date is checked where
the Patient is in the same bundle or contained; in NDJSON they come in files of their own.

Source: HL7 FHIR R4 Immunization; v2-to-FHIR concept maps (health-standards.md §3).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from hub.domain.events import DoseStatus, Event, Person, Processing, Vaccination
from hub.domain.ids import content_hash
from hub.domain.vaccines import Judged, date_fault, judge, ndc_11
from hub.formats import fhir
from hub.formats.fhir import Broken, Resource
from hub.mapping.codes import cvx_code
from hub.mapping.dates import civil_date, iso_time
from hub.mapping.fhir_processing import Surroundings
from hub.mapping.immunization_patients import NO_DEMOGRAPHICS, Patients, Subject
from hub.mapping.program import Alone, Mapped, MappingContext, NotMapped, Unit, accepted, guarded, ignored, unreadable
from hub.mapping.stamp import Stamp, unless_production
from hub.mapping.tracing_person import Json, block, listed, race, text

__all__ = ["ImmunizationResources"]

KIND = Vaccination.kind
_CVX = frozenset({"http://hl7.org/fhir/sid/cvx", "urn:oid:2.16.840.1.113883.12.292"})
_NDC = frozenset({"http://hl7.org/fhir/sid/ndc", "urn:oid:2.16.840.1.113883.6.69"})
_STATUS: Mapping[str, DoseStatus] = {
    "completed": "administered", "not-done": "not-administered", "entered-in-error": "withdrawn",
}  # fmt: skip
_REFUSAL_CODES = frozenset({"PATOBJ"})
"""Of v3-ActReason (R4 value set immunization-status-reason): the patient objects; the others are no refusals."""
_REFUSAL_SYSTEMS = frozenset(
    {"urn:oid:2.16.840.1.113883.5.8001", "http://terminology.hl7.org/CodeSystem/v2-NIP002", "NIP002"}
)
"""NIP002 lists reasons for refusal and nothing else (RXA-18)."""


class ImmunizationResources:
    """Program `iis-fhir`. Option `timezone`: the zone of times sent without one."""

    name = "iis-fhir"
    alone: Alone = "record"

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every resource of every file."""
        mapper = _Mapper(Stamp(context), context)
        for file in unit.files:
            mapper.file = file
            data = unit.data(file)
            told = False
            for mapped in guarded(fhir.read(data), mapper.map_item, mapper.locate):
                told = True
                yield mapped
            if not told:  # a bundle without entries: an answer of a server that has nothing new
                yield ignored("empty", {"file": file}, data)


class _Mapper:
    def __init__(self, stamp: Stamp, context: MappingContext) -> None:
        self._stamp = stamp
        self._context = context
        self._patients = Patients()
        self._surroundings = Surroundings()
        self.file = ""

    def locate(self, item: Resource | Broken) -> tuple[Mapping[str, str | int], bytes]:
        where: dict[str, str | int] = {"file": self.file, "message": item.number}
        if "." in item.path:
            where["path"] = item.path
        if isinstance(item, Broken):
            return where, item.raw
        alone = self._patients.with_patient(item) if item.type == "Immunization" else item.raw
        return where, self._surroundings.alone(item, alone)

    def map_item(self, item: Resource | Broken) -> list[Mapped]:
        where, raw = self.locate(item)
        if isinstance(item, Broken):
            return [unreadable(item.error, where, raw)]
        if item.type not in ("Patient", "Immunization"):
            raise NotMapped("resource-not-used", "ignored")
        event: Event = self._patient(item) if item.type == "Patient" else self._dose(item.body, item)
        return [accepted(event, where, raw)]

    def _patient(self, item: Resource) -> Person:
        who = self._patients.subject_of(item)
        if who is None:
            raise NotMapped("missing-key", field="id")
        kind = self._surroundings.kind(item)
        fields = self._stamp.fields(
            self._stamp.fact_key(Person.kind, who.authority, who.local_id),
            source_person=self._stamp.person(who.authority, who.local_id),
            changed_at=self._changed_at(item.body),
            status_rank=1,
            content=_content(item.body, kind),
            occurred_on=None,
        )
        return Person(**fields, person=block(item.body, who.local_id), race_ethnicity=race(item.body), processing=kind)

    def _dose(self, resource: Json, item: Resource) -> Vaccination:
        status, issues = _status(resource)
        who = self._patients.referred(item)
        if who is None:
            raise NotMapped("no-patient", field="patient")
        given_on = civil_date(text(resource.get("occurrenceDateTime")))
        cvx, ndc = _codes(resource.get("vaccineCode"))
        vaccine = judge(cvx, ndc, False, given_on if status == "administered" else None)
        if status == "administered" and vaccine.no_dose:
            status = "not-administered"
        if status == "administered" and not cvx and not ndc:
            issues = (*issues, "unknown-product")
        self._check_date(given_on, who, status, vaccine)
        kind = self._surroundings.kind(item, *self._patients.told_beside(item))
        return Vaccination(
            **self._stamp.fields(
                self._stamp.fact_key(KIND, *_native_key(resource)),
                source_person=self._stamp.person(who.authority, who.local_id),
                changed_at=self._changed_at(resource),
                status_rank=2 if status == "withdrawn" else 1,
                content=_content(resource, kind),
                occurred_on=given_on,
                active=status != "withdrawn",
            ),
            status=status,
            cvx=cvx_code(vaccine.cvx or ""),
            ndc=ndc_11(ndc) or None,
            covid=vaccine.covid,
            dose_number=_dose_number(resource),
            historical=resource.get("primarySource") is False,
            processing=kind,
            issues=(*vaccine.issues, *issues),
        )

    def _check_date(self, given_on: date | None, who: Subject, status: DoseStatus, vaccine: Judged) -> None:
        """A wrong date may be why a dose is withdrawn: that is taken without one."""
        counts = status == "administered" and vaccine.covid
        fault = date_fault(given_on, who.born, self._context.today(), covid_dose=counts)
        if fault is not None and status != "withdrawn":
            raise NotMapped(fault, field="occurrenceDateTime")

    def _changed_at(self, resource: Json) -> datetime | None:
        zone = self._context.zone
        return iso_time(_last_updated(resource), zone) or iso_time(text(resource.get("recorded")), zone)


def _status(resource: Json) -> tuple[DoseStatus, tuple[str, ...]]:
    status = _STATUS.get(text(resource.get("status")))
    if status is None:
        raise NotMapped("not-a-known-word", field="status")
    if status == "not-administered" and any(_is_refusal(coding) for coding in _codings(resource.get("statusReason"))):
        return "refused", ()
    return status, ("partial-dose",) if status == "administered" and resource.get("isSubpotent") is True else ()


def _is_refusal(coding: Json) -> bool:
    return text(coding.get("code")) in _REFUSAL_CODES or text(coding.get("system")) in _REFUSAL_SYSTEMS


def _codings(concept: object) -> list[Json]:
    return listed(concept.get("coding")) if isinstance(concept, dict) else []


def _codes(concept: object) -> tuple[str, str]:
    """CVX and NDC of a vaccineCode; empty where there is none. Never its text."""
    found = [(text(coding.get("system")), text(coding.get("code"))) for coding in _codings(concept)]
    cvx = next((code for system, code in found if system in _CVX and code), "")
    return cvx, next((code for system, code in found if system in _NDC and code), "")


def _native_key(resource: Json) -> tuple[str, ...]:
    """The first identifier with a value, else the id."""
    for identifier in listed(resource.get("identifier")):
        if value := text(identifier.get("value")):
            return "identifier", text(identifier.get("system")), value
    if resource_id := text(resource.get("id")):
        return "id", resource_id
    raise NotMapped("missing-key", field="identifier")


def _dose_number(resource: Json) -> int | None:
    for protocol in listed(resource.get("protocolApplied")):
        number = protocol.get("doseNumberPositiveInt") or text(protocol.get("doseNumberString"))
        if isinstance(number, int) and 0 < number < 10:
            return number
        if isinstance(number, str) and len(number) == 1 and number in "123456789":
            return int(number)
    return None


def _last_updated(resource: Json) -> str:
    meta = resource.get("meta")
    return text(meta.get("lastUpdated")) if isinstance(meta, dict) else ""


def _content(resource: Json, kind: Processing) -> str:
    kept: dict[str, Any] = {key: value for key, value in resource.items() if key not in NO_DEMOGRAPHICS}
    return content_hash(json.dumps(kept, sort_keys=True, ensure_ascii=False), *unless_production(kind))
