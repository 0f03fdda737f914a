"""Whose a FHIR resource is, and the person event of a Patient, for doses, referrals and consents alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.domain.events import Person, PersonBlock, Processing
from hub.domain.ids import content_hash
from hub.formats.fhir import Resource
from hub.mapping.dates import iso_time
from hub.mapping.immunization_patients import NO_DEMOGRAPHICS, Patients, Subject, placeholders
from hub.mapping.program import Mapped, MappingContext, NotMapped, accepted
from hub.mapping.race_fhir import race, race_and_issues
from hub.mapping.stamp import Stamp, unless_production
from hub.mapping.tracing_person import Json, block, home_area, text

__all__ = ["Whose", "block_of", "changed_at", "content", "oddities", "patient_event", "told_at", "whose"]


class Whose(NamedTuple):
    """`source_person` None: of nobody. The rest only where the Patient is contained, or named by nothing, and so tells nothing of
    itself elsewhere."""

    source_person: str | None
    told: dict[str, Any]
    issues: tuple[str, ...] = ()


def whose(patients: Patients, item: Resource, stamp: Stamp, field: str) -> Whose:
    """Whose `item` is. NotMapped (`no-patient`) where nothing says so."""
    who = patients.referred(item)
    if who is None:
        raise NotMapped("no-patient", field=field)
    source_person = stamp.person(who.authority, who.local_id) if who.local_id else None
    if who.patient is None:
        return Whose(source_person, {})
    told = {
        "person": block_of(who.patient, who),
        "race_ethnicity": race(who.patient),
        "county_source": home_area(who.patient).county_source,
    }
    return Whose(source_person, told, (*oddities(who.patient), *(() if source_person else ("nobody",))))


def patient_event(
    patients: Patients, item: Resource, stamp: Stamp, context: MappingContext, kind: Processing
) -> Mapped:
    """Who a Patient is. NotMapped (ignored, `nobody`) where nothing names them outside their bundle."""
    who = patients.subject_of(item)
    if who is None:
        raise NotMapped("nobody", "ignored", field="id")
    event = Person(
        **stamp.fields(
            stamp.fact_key(Person.kind, who.authority, who.local_id),
            source_person=stamp.person(who.authority, who.local_id),
            changed_at=changed_at(item.body, context),
            status_rank=1,
            content=content(item.body, kind, NO_DEMOGRAPHICS),
            occurred_on=None,
        ),
        person=block_of(item.body, who),
        race_ethnicity=race(item.body),
        county_source=home_area(item.body).county_source,
        processing=kind,
    )
    return accepted(event, {}, b"")._replace(issues=oddities(item.body))


def changed_at(resource: Json, context: MappingContext, *others: str) -> datetime | None:
    """meta.lastUpdated, else the first of these elements that holds a time, and none that lies ahead."""
    return next((at for at in map(context.not_ahead, _times(resource, context, others)) if at is not None), None)


def told_at(resource: Json, context: MappingContext, *others: str) -> datetime | None:
    """The same, whether it lies ahead or not."""
    return next(_times(resource, context, others), None)


def _times(resource: Json, context: MappingContext, others: Sequence[str]) -> Iterator[datetime]:
    meta = resource.get("meta")
    updated = text(meta.get("lastUpdated")) if isinstance(meta, dict) else ""
    for each in (updated, *(text(resource.get(name)) for name in others)):
        if (at := iso_time(each, context.zone)) is not None:
            yield at


def content(resource: Json, kind: Processing, silent: frozenset[str], more: Sequence[str] = ()) -> str:
    """Content hash of a resource less the elements that say nothing of the fact."""
    kept = {name: value for name, value in resource.items() if name not in silent}
    return content_hash(json.dumps(kept, sort_keys=True, ensure_ascii=False), *unless_production(kind), *more)


def oddities(patient: Json) -> tuple[str, ...]:
    """What is odd about who a Patient is, where they live and what is told of race and ethnicity."""
    return (*placeholders(patient), *home_area(patient).issues, *race_and_issues(patient)[1])


def block_of(patient: Json, who: Subject) -> PersonBlock:
    """The person block of a Patient, with the id that the source itself gave them, if any."""
    return block(patient, who.own_id).model_copy(update={"local_id": who.own_id or None})
