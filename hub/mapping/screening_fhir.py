"""Social needs in FHIR R4 (single resources, NDJSON, bundles) to screening and person events.

Screenings and their answers (QuestionnaireResponse, Observation: AHC-HRSN, PRAPARE, Hunger Vital Sign) are read by LOINC question
and answer, diagnoses (Condition: ICD-10-CM Z codes, Gravity categories) as reported, all by tables/needs.csv. An answer that is
told as an Observation derived from its response is the same fact. Drafts, what was stopped or cancelled, and answers of cancelled
encounters raise nothing; entered-in-error withdraws. A refusing Consent in the same bundle or file, or a label of 42 CFR Part 2, is
a hard stop: nothing of the record is held.

Options: `timezone`; `consent_covers: [part-2]`, as of hub.mapping.screenings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from hub.domain.events import Person, Screening
from hub.errors import ConfigError
from hub.formats import fhir
from hub.formats.fhir import Broken, Resource
from hub.mapping.fhir_labels import PART_2
from hub.mapping.fhir_modifiers import FIELD, Modified
from hub.mapping.fhir_modifiers import REASON as MODIFIED
from hub.mapping.fhir_outcomes import position
from hub.mapping.labs_fhir_bundle import Pool
from hub.mapping.options import KnownOptions, listed, zone
from hub.mapping.part_2 import REASON
from hub.mapping.program import (
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Unit,
    accepted,
    at_field,
    fault_of,
    hard_stop,
    ignored,
    rejected,
    unreadable,
)
from hub.mapping.screening_fhir_events import Events, Told
from hub.mapping.screening_fhir_pool import Surrounding
from hub.mapping.stamp import Stamp

__all__ = ["PROGRAM", "ScreeningResources"]

_KINDS = {
    "Patient": Person.kind,
    "QuestionnaireResponse": Screening.kind,
    "Observation": Screening.kind,
    "Condition": Screening.kind,
}
_COVERS = frozenset({"part-2"})
Where = dict[str, str | int]


class ScreeningResources(KnownOptions):
    """Program `hrsn-fhir`."""

    name = "hrsn-fhir"
    alone: Alone = "record"
    known = MappingProxyType({"timezone": zone, "consent_covers": listed(*sorted(_COVERS))})

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every outcome of each resource; loose resources of a file (NDJSON) are read as if they were one bundle."""
        covered = frozenset(context.options.get("consent_covers") or ())
        if not covered <= _COVERS:
            raise ConfigError(f"options.consent_covers: {', '.join(sorted(_COVERS))} is all that it can name")
        stamp, modified = Stamp.of(context), Modified(unit)
        for file in unit.files:
            data, told = unit.data(file), False
            for found in _pools(fhir.read(data), file):
                told = True
                if isinstance(found, Mapped):
                    yield found
                else:
                    events = Events(Surrounding(found), stamp, context)
                    yield from _Reading(found, file, events, covered, modified).outcomes()
            if not told:  # a bundle without entries: an answer of a server that has nothing new
                yield ignored("empty", {"file": file}, data)


PROGRAM = ScreeningResources()


def _pools(items: Iterable[Resource | Broken], file: str) -> Iterator[Pool | Mapped]:
    """Each bundle by itself, what is no resource at once, loose resources at the end of the file."""
    pools: dict[int, list[Resource]] = {}
    for item in items:
        if isinstance(item, Broken):
            where = position(file, item.number, item.path)
            stopped = PART_2.encode() in item.raw  # in pieces that nobody can read: no consent is known to cover them
            yield hard_stop(REASON, where, Screening.kind) if stopped else unreadable(item.error, where, item.raw)
        else:
            pools.setdefault(0 if item.bundle is None else id(item.bundle), []).append(item)
    yield from map(Pool, pools.values())


class _Reading:
    """One pool, resource by resource."""

    def __init__(self, pool: Pool, file: str, events: Events, covered: frozenset[str], modified: Modified) -> None:
        self._pool, self._file, self._events, self._covered = pool, file, events, covered
        self._modified = modified

    def outcomes(self) -> Iterator[Mapped]:
        """Of every resource of the pool, in order."""
        for item in self._pool.resources:
            kind, where = _KINDS.get(item.type), position(self._file, item.number, item.path)
            used = [item]
            try:
                yield from self._read(item, kind, where, used)
            except NotMapped as why:
                yield Mapped(
                    why.outcome, None, kind, why.reason, at_field(where, why.field), self._events.original(used)
                )
            except Exception as error:  # kept: to be read by mended code, or to be shown to who can mend it
                yield rejected(fault_of(error), where, self._events.original(used), kind)

    def _read(self, item: Resource, kind: str | None, where: Where, used: list[Resource]) -> list[Mapped]:
        around = self._events.around
        labels = around.labels(item)
        if PART_2 in labels and not self._covered:
            return [hard_stop(REASON, where, kind or Screening.kind)]
        if kind is None:
            raise NotMapped("resource-not-used", "ignored")
        if around.refused(item):
            return [hard_stop("no-consent", where, kind)]
        told = [(found, where) for found in self._events.of(item, labels, used)]
        if self._modified.holds(self._file, item) and any(found.event is not None for found, _ in told):
            raise NotMapped(MODIFIED, field=FIELD)
        raw = self._events.original(used)
        return [_outcome(found, at, raw, kind) for found, at in told]


def _outcome(found: Told, where: Where, raw: bytes, kind: str) -> Mapped:
    if found.event is None:
        return Mapped(found.outcome, None, kind, found.reason, at_field(where, found.field), raw)
    return accepted(found.event, where, raw)._replace(issues=found.issues)
