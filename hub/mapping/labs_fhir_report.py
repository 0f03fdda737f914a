"""What the observations of one FHIR report share: whose they are, who sent them, the order, the specimen, the answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hub.domain.ids import content_hash
from hub.domain.lab_answers import Answers
from hub.domain.lab_meaning import is_covid_test
from hub.formats.fhir import Resource
from hub.mapping.labs_fhir_answers import Questions, answers
from hub.mapping.labs_fhir_bundle import Group, Held, Pool
from hub.mapping.labs_fhir_patient import Who, organization_id, who
from hub.mapping.labs_fhir_values import day, named
from hub.mapping.program import NotMapped
from hub.mapping.tracing_person import listed, text

__all__ = ["Report", "Reports", "content_of", "specimen_of"]

_TRANSPORT = frozenset({"id", "meta", "reference", "fullUrl", "contained", "presentedForm"})
_MOST_PERFORMERS = 10
_CORRECTED = frozenset({"amended", "corrected", "appended"})


@dataclass(slots=True)
class Report:
    """`head` is the DiagnosticReport, None where there is none; `shared` what each result rests on; `sender` empty where
    nobody says; `status` as far as it is of each result; `seen`: the answers told so far, by key and status."""

    head: Held | None
    order: Held | None
    patient: Held
    specimen: Held | None
    shared: tuple[Held, ...]
    who: Who
    answers: Answers
    sender: str
    content: str
    covid_order: bool
    status: str
    seen: dict[tuple[str, ...], list[str]] = field(default_factory=dict)


class Reports:
    """Reads the reports of one pool."""

    def __init__(self, pool: Pool, today: date) -> None:
        self._pool, self._today = pool, today
        self._questions = Questions(pool)
        self.headers = pool.of("MessageHeader")[:1]
        self._patients = pool.of("Patient")
        self._hashed: dict[int, str] = {}

    def report(self, group: Group, used: list[Resource]) -> Report:
        """What a group shares; the entries it rests on are added to `used`. NotMapped where nobody can say whose it is."""
        first = group.report or group.observations[0]
        order = next(self._pool.each(first.body.get("basedOn"), "ServiceRequest", first), None)
        patient = self._patient(first, group)
        specimen = specimen_of(self._pool, first)
        owners = [held for held in (group.report, order) if held is not None]
        asked = self._questions.of(patient, owners, group.observations)
        heard = answers(asked)
        rests_on = [held for held in (group.report, order, patient, specimen) if held is not None]
        used += [held.entry for held in (*rests_on, *asked)]
        used += [held.entry for one in group.observations if (held := specimen_of(self._pool, one)) is not None]
        sender = self._sender(first, order, used)
        tests = (*named(first.body.get("code")), *(named(order.body.get("code")) if order is not None else ()))
        return Report(
            head=group.report,
            order=order,
            patient=patient,
            specimen=specimen,
            shared=(*self.headers, *rests_on),
            who=_named(self._who(patient, heard.county, sender, self._told_on(first)), sender),
            answers=heard,
            sender=sender,
            content=content_hash(*[self._hash(held) for held in (*rests_on, *asked)]),
            covid_order=is_covid_test(tests),
            status=_status(group),
        )

    def _told_on(self, first: Held) -> date:
        """The day on which a report was told, today where it does not say or says one ahead."""
        return min(self._today, day(first.body.get("issued")) or self._today)

    def _who(self, patient: Held, county_asked: str, sender: str, latest: date) -> Who:
        """Ids of contained resources, and of bundles that were made to be sent, name nobody outside."""
        if self._pool.is_elsewhere(patient):
            return Who("Patient", text(patient.body.get("id")), None, None)
        of_server = self._pool.of_server and patient.body is patient.entry.body
        return who(patient.body, text(patient.body.get("id")) if of_server else "", county_asked, sender, latest)

    def _patient(self, first: Held, group: Group) -> Held:
        """The patient of the report, else of its observations, else the only one of the bundle where nobody is named."""
        for held in (first, *group.observations):
            if "subject" in held.body:
                patient = self._pool.find(held.body["subject"], "Patient", held)
                if patient is None:
                    raise NotMapped("no-patient", field="subject")
                return patient
        if len(self._patients) != 1:
            raise NotMapped("no-patient", field="subject")
        return self._patients[0]

    def _sender(self, first: Held, order: Held | None, used: list[Resource]) -> str:
        """MessageHeader.sender, else who performed: the CLIA number where there is one, else the address of the source."""
        named: list[tuple[object, Held]] = [(header.body.get("sender"), header) for header in self.headers]
        for held in (first, order):
            if held is not None:
                named += [(reference, held) for reference in listed(held.body.get("performer"))[:_MOST_PERFORMERS]]
        for reference, holder in named:
            organization = self._pool.find(reference, "Organization", holder)
            if organization is not None and (told := organization_id(organization.body)):
                used.append(organization.entry)
                return told
        source = self.headers[0].body.get("source") if self.headers else None
        return text(source.get("endpoint")) if isinstance(source, dict) else ""

    def _hash(self, held: Held) -> str:
        known = self._hashed.get(id(held.body))
        if known is None:
            known = self._hashed[id(held.body)] = content_of(held)
        return known


def _named(known: Who, sender: str) -> Who:
    """Whom no id names is known by name and whole birth date, as in HL7 v2 (hub.mapping.labs_patient)."""
    block = known.block
    if known.local_id or block is None or block.birth_date is None or block.birth_date_partial:
        return known
    if not (block.family_name and block.given_name):
        return known
    key = "^".join((block.family_name.casefold(), block.given_name.casefold(), block.birth_date.isoformat()))
    return known._replace(authority=f"{sender} name-and-birth-date", local_id=key)


def _status(group: Group) -> str:
    """How final the report is; empty where it is corrected and some of its results say themselves that they are the correction:
    then the others are none."""
    told = text(group.report.body.get("status")) if group.report is not None else ""
    if told in _CORRECTED and any(text(one.body.get("status")) in _CORRECTED for one in group.observations):
        return ""
    return told


def specimen_of(pool: Pool, held: Held) -> Held | None:
    """The first specimen that an observation or a report names."""
    told = held.body.get("specimen")
    return next(pool.each(told if isinstance(told, list) else [told], "Specimen", held), None)


def content_of(held: Held) -> str:
    """Content hash of a resource less ids, references, narrative, documents and what moves by itself."""
    return content_hash(json.dumps(_kept(held.body), sort_keys=True, ensure_ascii=False))


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        narrative = {"text"} if isinstance(value.get("text"), dict) else set()
        return {name: _kept(inner) for name, inner in value.items() if name not in _TRANSPORT | narrative}
    return [_kept(inner) for inner in value] if isinstance(value, list) else value
