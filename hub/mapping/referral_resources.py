"""Referrals as FHIR: Task and ServiceRequest of the Gravity SDOH Clinical Care guide, and the Patients beside them.

A Task that asks for a request to be fulfilled is a referral; other tasks (a questionnaire to fill in, a call to make) are
none. Completed is help only with an output: an activity that resulted, unless that is at hand and says it was not done. A
Task with `partOf` is a part and does not close the whole; one in progress that has parts in its bundle was passed on. Cancelled
is a no of the person only where its reason says so (hub.mapping.referral_reasons). A
ServiceRequest says what is asked for, and proves nothing. Where a Task comes without its request, the request's own record
says what it is for (hub.domain.referrals). What 42 CFR Part 2 stands behind is a hard stop (hub.mapping.part_2).

Source: HL7 SDOH Clinical Care 3.0.0 (social-standards.md §3.1, §3.3, R14); FHIR R4 Task, ServiceRequest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from hub.domain.event_parts import YesNo
from hub.domain.events import Referral
from hub.formats.fhir import Broken, Resource
from hub.mapping.dates import civil_date, iso_time
from hub.mapping.fhir_beside import Beside
from hub.mapping.fhir_modifiers import Modified
from hub.mapping.fhir_outcomes import each_resource, position
from hub.mapping.fhir_person import Whose, changed_at, content, patient_event, told_at, whose
from hub.mapping.fhir_processing import Surroundings
from hub.mapping.immunization_patients import Patients
from hub.mapping.options import KnownOptions, zone
from hub.mapping.part_2 import Protected
from hub.mapping.program import (
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Program,
    Unit,
    accepted,
    unreadable,
)
from hub.mapping.referral_needs import Need, need_for
from hub.mapping.referral_reasons import reason_word, tells_reason
from hub.mapping.referral_states import ENDED, NOT_SENT, WITHDRAWN, Told, coded, rank, state_of
from hub.mapping.referral_tasks import activity_done, asks_to_fulfil
from hub.mapping.stamp import Stamp
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["PROGRAM", "ReferralResources"]

_SILENT = frozenset({"meta", "text", "contained", "lastModified"})
_URGENT: dict[str, YesNo] = {"routine": "no", "urgent": "yes", "asap": "yes", "stat": "yes"}
_UNORDERED = frozenset({"proposal", "plan", "option"})


class ReferralResources(KnownOptions):
    """Program `gravity-referral`. Option `timezone`: the zone of times sent without one."""

    name = "gravity-referral"
    alone: Alone = "record"
    known = MappingProxyType({"timezone": zone})

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every resource of every file."""
        mapper, protected, modified = _Mapper(context), Protected(unit), Modified(unit)
        for file in unit.files:
            mapper.file = file
            data = unit.data(file)
            map_item = modified.checked(file, protected.checked(file, mapper.map_item, mapper.locate, Referral.kind))
            yield from each_resource(file, data, map_item, mapper.locate, empty=data)


class _Mapper:
    def __init__(self, context: MappingContext) -> None:
        self._context, self._stamp = context, Stamp.of(context)
        self._patients, self._beside, self._surroundings = Patients(), Beside(), Surroundings()
        self.file = ""

    def locate(self, item: Resource | Broken) -> tuple[Mapping[str, str | int], bytes]:
        where = position(self.file, item.number, item.path)
        if isinstance(item, Broken):
            return where, item.raw
        rests_on = [item.body.get(name) for name in ("for", "subject", "focus")]
        outputs = [output.get("valueReference") for output in listed(item.body.get("output"))]
        alone = self._beside.alone(item, self._patients.of_server(item), *rests_on, *outputs)
        return where, self._surroundings.alone(item, alone)

    def map_item(self, item: Resource | Broken) -> list[Mapped]:
        where, raw = self.locate(item)
        if isinstance(item, Broken):
            return [unreadable(item.error, where, raw)]
        if item.type == "Patient":
            kind = self._surroundings.kind(item)
            told = patient_event(self._patients, item, self._stamp, self._context, kind)
            return [told._replace(where=where, raw=raw)]
        if item.type == "Task":
            return [accepted(self._task(item), where, raw)]
        if item.type == "ServiceRequest":
            return [accepted(self._request(item), where, raw)]
        raise NotMapped("resource-not-used", "ignored")

    def _task(self, item: Resource) -> Referral:
        task, request = item.body, self._beside.found(item, item.body.get("focus"))
        if not asks_to_fulfil(task):
            raise NotMapped("not-a-referral", "ignored", field="code")
        word = self._word("fhir-task", task)
        done, odd = (
            activity_done(task, lambda reference: self._beside.found(item, reference))
            if word == "closed"
            else (False, ())
        )
        cancelled = text(task.get("status")) == "cancelled"
        reason = reason_word(task)
        if cancelled and not tells_reason(task):
            reason = "person-declined"  # social-standards.md §3.3, where nothing else is told
        told = Told("helped", proof="output") if done else state_of(word, reason=reason or "")
        if cancelled and reason is None:
            odd = (*odd, "unknown-reason")
        if told.status == "in-progress" and self._has_parts(item):
            told = Told("passed-on")
        need = need_for(request, task)
        at = changed_at(task, self._context, "lastModified")
        part_of = next((name for each in listed(task.get("partOf")) if (name := self._named(item, each))), "")
        return self._referral(
            item, self._whose(item, request), need, told, word, at,
            request=self._token("request", self._named(item, task.get("focus"))),
            part_of=self._token(Referral.kind, part_of),
            provider=self._token("provider", self._named(item, task.get("owner"))),
            service=self._service(item, request),
            accepted_at=at if told.status == "accepted" else None,
            outcome_at=(self._time(_end(task)) or at) if told.status in ENDED else None,
            urgent=_URGENT.get(text(task.get("priority")), "unknown"),
            issues=(*odd, *told.issues),
        )  # fmt: skip

    def _request(self, item: Resource) -> Referral:
        request = item.body
        if text(request.get("intent")) in _UNORDERED:
            raise NotMapped(NOT_SENT, "ignored")
        need = need_for(request, {})
        if not need.social:
            raise NotMapped("not-a-referral", "ignored", field="category")
        word = self._word("fhir-request", request)
        told = state_of(word)
        at = changed_at(request, self._context)
        return self._referral(
            item, whose(self._patients, item, self._stamp, "subject"), need, told, word, at,
            request=self._token("request", self._name(item)),
            part_of=None,
            provider=None,
            service=self._service(item, request),
            accepted_at=None,
            outcome_at=at if told.status in ENDED else None,
            urgent=_URGENT.get(text(request.get("priority")), "unknown"),
            issues=told.issues,
        )  # fmt: skip

    def _referral(
        self, item: Resource, who: Whose, need: Need, told: Told, word: str, at: datetime | None, **fields: Any
    ) -> Referral:
        kind = self._surroundings.kind(item, *self._patients.told_beside(item))
        sent, withdrawn = text(item.body.get("authoredOn")), word == WITHDRAWN
        native, day = self._name(item), civil_date(sent) or _day(told_at(item.body, self._context, "lastModified"))
        if day is not None and day > self._context.today() and not withdrawn:
            raise NotMapped("date-in-the-future", field="authoredOn" if civil_date(sent) else "lastModified")
        issues = (*who.issues, *fields.pop("issues"))
        return Referral(
            **self._stamp.fields(
                self._stamp.fact_key(Referral.kind, native),
                source_person=who.source_person,
                changed_at=at or self._time(sent),
                status_rank=rank(told, withdrawn=withdrawn),
                content=content(item.body, kind, _SILENT, (told.status, need.category)),
                occurred_on=day,
                active=not withdrawn,
                labels=need.labels,
            ),
            **who.told,
            referral=self._stamp.token(Referral.kind, native),
            category=need.category,
            status=told.status,
            outcome=told.outcome,
            proof=told.proof,
            sent_at=self._time(sent),
            processing=kind,
            issues=issues,
            **fields,
        )

    def _whose(self, item: Resource, request: Json | None) -> Whose:
        """Whose a Task is: it says so, else the request that it serves does."""
        if item.body.get("for") is None and request is not None:
            item = Resource(item.number, item.path, request, item.raw, item.bundle)
        return whose(self._patients, item, self._stamp, "for")

    def _word(self, system: str, resource: Json) -> str:
        """NotMapped for a draft (ignored), no status, or one that is none of its list."""
        status = text(resource.get("status"))
        word = coded(system, status) if status else None
        if word == NOT_SENT:
            raise NotMapped(NOT_SENT, "ignored")
        if word is None:
            raise NotMapped("unmapped-code" if status else "missing-key", field="status")
        return word

    def _name(self, item: Resource) -> str:
        """What names this Task or ServiceRequest. NotMapped (`missing-key`) where nothing does."""
        if name := self._beside.own_name(item.body, self._patients.of_server(item)):
            return name
        raise NotMapped("missing-key", field="id")

    def _named(self, item: Resource, reference: object) -> str:
        return self._beside.name_of(item, reference, self._patients.of_server(item))

    def _has_parts(self, item: Resource) -> bool:
        return self._name(item) in self._beside.referred(item, "Task", "partOf", self._patients.of_server(item))

    def _service(self, item: Resource, request: Json | None) -> str | None:
        """The HealthcareService among the performers."""
        names = (self._named(item, each) for each in listed((request or {}).get("performer")))
        return self._token("service", next((name for name in names if name.startswith("HealthcareService/")), ""))

    def _token(self, kind: str, name: str) -> str | None:
        return self._stamp.token(kind, name) if name else None

    def _time(self, told: str) -> datetime | None:
        return iso_time(told, self._context.zone)


def _end(task: Json) -> str:
    period = task.get("executionPeriod")
    return text(period.get("end")) if isinstance(period, dict) else ""


def _day(at: datetime | None) -> date | None:
    return at.date() if at is not None else None


PROGRAM: Program = ReferralResources()
