"""Contact tracing: Sara Alert FHIR resources (single, NDJSON, bundles) to person, case or exposure, lab-result and vaccination
events.

A monitoree is one fact, `case` in the isolation workflow and `exposure` in the exposure workflow, under one key:
whoever becomes a case is no longer merely exposed, in whatever order the two states arrive. Versions by
meta.lastUpdated. A test (HTEST) is marked so and counts nowhere. Doses are read as `iis-fhir` reads them; what a bulk export
says was deleted at the source withdraws its fact (hub.mapping.tracing_deleted). What 42 CFR Part 2 stands behind is a hard stop
(hub.mapping.part_2).

Source: Sara Alert's API as of v1.44 (health-standards.md §5.1). Of its six resources Provenance (history) is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from hub.domain.events import Case, Event, Exposure, LabResult, Person, Processing
from hub.domain.ids import content_hash
from hub.domain.lab_meaning import Answer, Code, Judged, asked, judge
from hub.domain.lab_status import RANK, fhir_status
from hub.formats import fhir
from hub.formats.fhir import Broken, Resource
from hub.mapping.codes import code_of
from hub.mapping.dates import as_told, civil_date, iso_time
from hub.mapping.fhir_modifiers import Modified
from hub.mapping.fhir_outcomes import position
from hub.mapping.fhir_processing import Surroundings
from hub.mapping.immunization_resources import ResourceMapper
from hub.mapping.lab_codes import coded_answer, coded_test
from hub.mapping.part_2 import Protected
from hub.mapping.program import Alone, Mapped, MappingContext, NotMapped, Unit, accepted, guarded, unreadable
from hub.mapping.race_fhir import race, race_and_issues
from hub.mapping.stamp import Stamp, unless_production
from hub.mapping.tables import keyed
from hub.mapping.tracing_deleted import deleted, withdrawal
from hub.mapping.tracing_person import Json, block, extension, home_area, listed, reference, text

__all__ = ["Tracing"]


class Tracing:
    """Program `sara-alert`."""

    name = "sara-alert"
    alone: Alone = "record"

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every resource of every file."""
        mapper = _Mapper(Stamp(context), context)
        protected, modified = Protected(unit), Modified(unit)
        for file in unit.files:
            mapper.file = file
            map_item = modified.checked(file, protected.checked(file, mapper.map_item, mapper.locate, Case.kind))
            yield from guarded(fhir.read(unit.data(file)), map_item, mapper.locate)


class _Mapper:
    def __init__(self, stamp: Stamp, context: MappingContext) -> None:
        self._stamp, self._context = stamp, context
        self._doses = ResourceMapper(stamp, context)
        self._hashed: tuple[Json, str] | None = None
        self._surroundings = Surroundings()
        self._processing: Processing = "production"
        self.file = ""

    def locate(self, item: Resource | Broken) -> tuple[Mapping[str, str | int], bytes]:
        where = position(self.file, item.number, item.path)
        if isinstance(item, Broken):
            gone = deleted(item)
            return where, item.raw if gone is None else gone.raw
        if item.type == "Immunization":
            self._doses.file = self.file
            return self._doses.locate(item)
        return where, self._surroundings.alone(item, item.raw)

    def map_item(self, item: Resource | Broken) -> list[Mapped]:
        where, raw = self.locate(item)
        if isinstance(item, Broken):
            gone = deleted(item)
            return [
                unreadable(item.error, where, raw)
                if gone is None
                else accepted(withdrawal(gone, self._stamp, self._context.today()), where, raw)
            ]
        if item.type == "Immunization":
            return self._doses.map_item(item)
        events = {"Patient": self._patient, "RelatedPerson": self._contact, "Observation": self._observation}.get(
            item.type
        )
        if events is None:
            raise NotMapped("resource-not-used", "ignored")
        resource_id = text(item.body.get("id"))
        if not resource_id:
            raise NotMapped("missing-key", field="id")
        self._processing = self._surroundings.kind(item)
        odd = () if item.type == "Observation" else (*home_area(item.body).issues, *race_and_issues(item.body)[1])
        found = [accepted(event, where, raw) for event in events(item.body, resource_id)]
        return [mapped._replace(issues=odd) if isinstance(mapped.event, Person) else mapped for mapped in found]

    def _content(self, resource: Json) -> str:
        """Content hash of a resource less what moves by itself.

        Of the last resource only, which makes several events.
        """
        if self._hashed is None or self._hashed[0] is not resource:
            kept = {key: value for key, value in resource.items() if key not in ("meta", "contained", "text")}
            told = json.dumps(kept, sort_keys=True, ensure_ascii=False)
            self._hashed = (resource, content_hash(told, *unless_production(self._processing)))
        return self._hashed[1]

    def _fields(
        self,
        kind: str,
        resource: Json,
        resource_id: str,
        person: str,
        *,
        occurred_on: date | None,
        rank: int = 1,
        active: bool = True,
    ) -> dict[str, Any]:
        meta = resource.get("meta")
        updated = iso_time(text(meta.get("lastUpdated")) if isinstance(meta, dict) else "")
        changed = self._context.not_ahead(updated)
        fields = self._stamp.fields(
            self._stamp.fact_key(kind, resource_id),
            source_person=person,
            changed_at=changed,
            status_rank=rank,
            content=self._content(resource),
            occurred_on=occurred_on,
            active=active,
        )
        return {**fields, "processing": self._processing}

    def _patient(self, resource: Json, patient_id: str) -> Iterator[Event]:
        person = self._stamp.person("Patient", patient_id)
        demographics = self._fields("person", resource, f"Patient/{patient_id}", person, occurred_on=None)
        yield Person(**demographics, person=block(resource, patient_id), **_told(resource))
        fields = self._fields("monitoree", resource, patient_id, person, occurred_on=_began(resource))
        closed_on = _day(extension(resource, "closed-at"))
        if extension(resource, "isolation") is True:
            yield Case(
                **fields,
                isolating=True,
                case_status=_known_status(extension(resource, "case-status")),
                onset_on=_day(extension(resource, "symptom-onset-date")),
                extended_until=_day(extension(resource, "extended-isolation")),
                closed_on=closed_on,
                closed_reason=_reason(resource),
            )
        else:
            yield Exposure(
                **fields,
                last_exposure_on=_day(extension(resource, "last-exposure-date")),
                monitoring_until=_day(extension(resource, "end-of-monitoring")),
                closed_on=closed_on,
                closed_reason=_reason(resource),
            )

    def _contact(self, resource: Json, contact_id: str) -> Iterator[Event]:
        """A close contact: a person, and exposed on the day that the tracer wrote down, if any."""
        person = self._stamp.person("RelatedPerson", contact_id)
        key = f"RelatedPerson/{contact_id}"
        demographics = self._fields("person", resource, key, person, occurred_on=None)
        yield Person(**demographics, person=block(resource, contact_id), **_told(resource))
        exposed_on = _day(extension(resource, "last-date-of-exposure"))
        if exposed_on is not None:
            fields = self._fields("monitoree", resource, key, person, occurred_on=exposed_on)
            yield Exposure(**fields, last_exposure_on=exposed_on)

    def _observation(self, resource: Json, observation_id: str) -> Iterator[Event]:
        codes = {
            text(coding.get("code"))
            for item in listed(resource.get("category"))
            for coding in listed(item.get("coding"))
        }
        if codes and "laboratory" not in codes:
            raise NotMapped("not-a-lab-report", "ignored")
        status, status_issue = fhir_status(text(resource.get("status")))
        if status is None:
            raise NotMapped("no-result-yet", "ignored")
        patient_id = reference(resource.get("subject"), "Patient")
        if not patient_id:
            raise NotMapped("no-patient", field="subject")
        collected, resulted = (
            civil_date(text(resource.get("effectiveDateTime"))),
            civil_date(text(resource.get("issued"))),
        )
        test, result = _codings(resource.get("code")), _codings(resource.get("valueCodeableConcept"))
        judged = judge(asked(test), Answer("coded", result), covid_order=True)
        if not isinstance(judged, Judged):
            raise NotMapped(judged.reason, "ignored")
        fields = self._fields(
            LabResult.kind,
            resource,
            observation_id,
            self._stamp.person("Patient", patient_id),
            occurred_on=collected or resulted,
            rank=RANK[status],
            active=status != "withdrawn",
        )
        yield LabResult(
            **fields,
            meaning=judged.meaning,
            status=status,
            method=judged.method,
            loinc=code_of(judged.loinc or ""),
            observation_key=fields["fact_key"],
            report_key=self._stamp.token("report", observation_id),
            collected_on=collected,
            resulted_on=resulted,
            test=coded_test(test, judged.loinc) if test else None,
            result=coded_answer(result, judged.meaning) if result else None,
            issues=(*judged.issues, *((status_issue,) if status_issue else ())),
            collected_as_told=as_told(text(resource.get("effectiveDateTime"))),
        )


def _codings(concept: object) -> tuple[Code, ...]:
    """The codings of a CodeableConcept as sent; never its text."""
    codings = listed(concept.get("coding")) if isinstance(concept, dict) else []
    return tuple(Code(text(item.get("code")), text(item.get("system")), text(item.get("display"))) for item in codings)


def _told(resource: Json) -> dict[str, Any]:
    return {"race_ethnicity": race(resource), "county_source": home_area(resource).county_source}


def _day(value: object) -> date | None:
    return civil_date(text(value))


def _known_status(value: object) -> str | None:
    return text(value) if text(value) in ("Confirmed", "Probable", "Suspect", "Unknown", "Not a Case") else None


def _reason(resource: Json) -> str | None:
    """The reason for closure if it is one of the list; any other text becomes `Other`."""
    reason = text(extension(resource, "reason-for-closure"))
    return (reason if reason in keyed("closure_reasons", "reason", "version") else "Other") if reason else None


def _began(resource: Json) -> date | None:
    """The day monitoring as it is now began.

    Became a case, else entered in the system. Never lastUpdated, which moves.
    """
    became = _day(extension(resource, "contact-became-case-at"))
    return became or _day(extension(resource, "created-at")) or _created_by_provenance(resource)


def _created_by_provenance(resource: Json) -> date | None:
    for item in listed(resource.get("contained")):
        activity = item.get("activity")
        codes = listed(activity.get("coding")) if isinstance(activity, dict) else []
        if item.get("resourceType") == "Provenance" and any(code.get("code") == "CREATE" for code in codes):
            return _day(item.get("recorded"))
    return None
