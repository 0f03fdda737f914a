"""Immunizations as FHIR: Immunization, Patient and Coverage resources (single, NDJSON, bundles) to vaccination, person and coverage
events.

A dose is known by its first identifier, else its id (of a server: hub.mapping.immunization_patients), else whose it is, its day and
vaccine; its version by meta.lastUpdated, else `recorded`. An identifier is of one dose: the same one on another day is the
correction of the day, and replaces it (health-standards.md §8 R21). `entered-in-error` withdraws. A test (HTEST, or the tag of a
processing id) is marked so and counts nowhere.
What 42 CFR Part 2 stands behind is a hard stop (hub.mapping.part_2).
The birth date is checked where the Patient is in the same bundle or contained; in NDJSON they come in files of their own.

Source: HL7 FHIR R4 Immunization; v2-to-FHIR concept maps (health-standards.md §3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from hub.domain.events import Coverage, DoseStatus, Person, Vaccination
from hub.domain.vaccines import PARTIAL_DATE, Judged, date_fault, judge, month_fault, ndc_11
from hub.formats.fhir import Broken, Resource
from hub.mapping import immunization_reading as reading
from hub.mapping.codes import cvx_code
from hub.mapping.fhir_coverage import Insured, coverage, numbers, plan
from hub.mapping.fhir_modifiers import Modified
from hub.mapping.fhir_outcomes import each_resource, position
from hub.mapping.fhir_person import block_of, changed_at, content, oddities, patient_event
from hub.mapping.fhir_processing import Surroundings
from hub.mapping.immunization_patients import NO_DEMOGRAPHICS, Patients, Subject
from hub.mapping.part_2 import Protected
from hub.mapping.program import Alone, Mapped, MappingContext, NotMapped, Unit, accepted, unreadable
from hub.mapping.race_fhir import race
from hub.mapping.race_observations import is_race, observed_race
from hub.mapping.stamp import Stamp
from hub.mapping.tracing_person import Json, home_area, text
from hub.mapping.vaccine_codes import coded_vaccine

__all__ = ["ImmunizationResources", "ResourceMapper"]

KIND = Vaccination.kind
_USED = frozenset({"Patient", "Immunization", "Coverage", "Observation"})


class ImmunizationResources:
    """Program `iis-fhir`. Option `timezone`: the zone of times sent without one."""

    name = "iis-fhir"
    alone: Alone = "record"

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every resource of every file."""
        mapper = ResourceMapper(Stamp(context), context)
        protected, modified = Protected(unit), Modified(unit)
        for file in unit.files:
            mapper.file = file
            data = unit.data(file)
            map_item = modified.checked(file, protected.checked(file, mapper.map_item, mapper.locate, KIND))
            yield from each_resource(file, data, map_item, mapper.locate, empty=data)


class ResourceMapper:
    """What one file's resources become; for other programs whose source tells of doses too."""

    def __init__(self, stamp: Stamp, context: MappingContext) -> None:
        self._stamp = stamp
        self._context = context
        self._patients = Patients()
        self._surroundings = Surroundings()
        self.file = ""

    def locate(self, item: Resource | Broken) -> tuple[Mapping[str, str | int], bytes]:
        where = position(self.file, item.number, item.path)
        if isinstance(item, Broken):
            return where, item.raw
        return where, self._surroundings.alone(item, self._patients.alone(item))

    def map_item(self, item: Resource | Broken) -> list[Mapped]:
        where, raw = self.locate(item)
        if isinstance(item, Broken):
            return [unreadable(item.error, where, raw)]
        if item.type not in _USED or (item.type == "Observation" and not is_race(item.body)):
            raise NotMapped("resource-not-used", "ignored")
        if item.type == "Observation":
            return [self._race_report(item)._replace(where=where, raw=raw)]
        if item.type == "Patient":  # a health card's is told with its doses: `nobody` here
            kind = self._surroundings.kind(item)
            who = patient_event(self._patients, item, self._stamp, self._context, kind)
            numbers_of = [accepted(event, where, raw) for event in self._numbers(item)]
            return [who._replace(where=where, raw=raw), *numbers_of]
        event = self._dose(item.body, item) if item.type == "Immunization" else self._plan(item)
        return [accepted(event, where, raw)]

    def _race_report(self, item: Resource) -> Mapped:
        """What an Observation tells of race or ethnicity: a fact of its own, so that no other report is written over."""
        who = self._patients.referred(item)
        if who is None or not who.local_id:
            raise NotMapped("no-patient", field="subject")
        report, odd = observed_race(item.body)
        if report is None:
            raise NotMapped("resource-not-used", "ignored", field="value")
        number = text(item.body.get("id"))
        if not number:
            raise NotMapped("missing-key", field="id")
        kind = self._surroundings.kind(item, *self._patients.told_beside(item))
        status = text(item.body.get("status"))
        event = Person(
            **self._stamp.fields(
                self._stamp.fact_key(Person.kind, who.authority, who.local_id, "Observation", number),
                source_person=self._stamp.person(who.authority, who.local_id),
                changed_at=changed_at(item.body, self._context, "recorded")
                or self._context.not_ahead(report.reported_at),
                status_rank=2 if status == "entered-in-error" else 1,
                content=content(item.body, kind, NO_DEMOGRAPHICS),
                occurred_on=None,
                active=status not in ("entered-in-error", "cancelled"),
            ),
            race_ethnicity=report,
            processing=kind,
        )
        return accepted(event, {}, b"")._replace(issues=odd)

    def _numbers(self, item: Resource) -> list[Coverage]:
        """Who pays, by the Medicaid or Medicare number of a Patient."""
        who, kind = self._patients.subject_of(item), self._surroundings.kind(item)
        insured = self._insured(who, item.body)
        at = _last_updated(item.body)
        return [coverage(told, insured, self._stamp, at, None, kind) for told in numbers(item.body)] if insured else []

    def _plan(self, item: Resource) -> Coverage:
        who = self._patients.referred(item)
        if who is None or not who.local_id:
            raise NotMapped("no-patient", field="beneficiary")
        told = plan(item.body, "")
        if told is None:
            raise NotMapped("resource-not-used", "ignored")
        beside = self._patients.told_beside(item)
        insured = self._insured(who, next(iter(beside), None))
        assert insured is not None
        return coverage(told, insured, self._stamp, "", None, self._surroundings.kind(item, *beside))

    def _insured(self, who: Subject | None, patient: Json | None) -> Insured | None:
        if who is None or not who.local_id:
            return None
        known = None if patient is None else block_of(patient, who)
        return Insured(who.authority, who.local_id, known, None if patient is None else race(patient))

    def _dose(self, resource: Json, item: Resource) -> Vaccination:
        status, issues = reading.status(resource)
        who = self._patients.referred(item)
        if who is None:
            raise NotMapped("no-patient", field="patient")
        given_on = reading.given_on(resource)
        cvx, ndc, unsaid = reading.codes(resource)
        vaccine = judge(cvx, ndc, False, given_on if status == "administered" else None)
        if status == "administered" and vaccine.no_dose:
            status = "not-administered"
        if status == "administered" and not cvx and not ndc:
            issues = (*issues, "unknown-product")
        in_month = None if given_on else reading.given_in(resource)
        if in_month is not None:
            issues = (*issues, PARTIAL_DATE)
        self._check_date(given_on, in_month, who, status, vaccine)
        kind = self._surroundings.kind(item, *self._patients.told_beside(item))
        of_patient = () if who.patient is None else (content(who.patient, kind, NO_DEMOGRAPHICS),)
        key, unnumbered = reading.native_key(resource, who, cvx or ndc, of_server=self._patients.of_server(item))
        return Vaccination(
            **self._stamp.fields(
                self._stamp.fact_key(KIND, *key),
                source_person=self._stamp.person(who.authority, who.local_id) if who.local_id else None,
                changed_at=changed_at(resource, self._context, "recorded"),
                status_rank=2 if status == "withdrawn" else 1,
                content=content(resource, kind, NO_DEMOGRAPHICS, of_patient),
                occurred_on=given_on,
                active=status != "withdrawn",
            ),
            person=None if who.patient is None else block_of(who.patient, who),
            race_ethnicity=None if who.patient is None else race(who.patient),
            county_source=None if who.patient is None else home_area(who.patient).county_source,
            status=status,
            cvx=cvx_code(vaccine.cvx or ""),
            ndc=ndc_11(ndc) or None,
            covid=vaccine.covid,
            dose_number=reading.dose_number(resource),
            historical=in_month is not None or reading.is_historical(resource),
            processing=kind,
            issues=(
                *vaccine.issues,
                *issues,
                *unsaid,
                *unnumbered,
                *(oddities(who.patient) if who.patient is not None else ()),
            ),
            vaccine=coded_vaccine(vaccine, cvx, ndc),
            occurred_as_told=reading.given_as_told(resource),
        )

    def _check_date(
        self, given_on: date | None, in_month: date | None, who: Subject, status: DoseStatus, vaccine: Judged
    ) -> None:
        """A wrong date may be why a dose is withdrawn: that is taken without one."""
        counts, today = status == "administered" and vaccine.covid, self._context.today()
        if in_month is not None:
            fault = month_fault(in_month, who.born, today, covid_dose=counts)
        else:
            fault = date_fault(given_on, who.born, today, covid_dose=counts)
        if fault is not None and status != "withdrawn":
            raise NotMapped(fault, field="occurrenceDateTime")


def _last_updated(resource: Json) -> str:
    meta = resource.get("meta")
    return text(meta.get("lastUpdated")) if isinstance(meta, dict) else ""
