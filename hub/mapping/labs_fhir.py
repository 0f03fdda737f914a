"""Laboratory reports as FHIR R4: bundles of any type, NDJSON, several documents in a body, to lab-result events, one per analyte,
and coverage events of the people tested.

The same observation is told by (sender, filler order else specimen else report id, code, sub-id); its version by
DiagnosticReport.issued, else Observation.issued, else meta.lastUpdated, else Bundle.timestamp, then the status, then the latter
two. A report that came by HL7 v2 as well is another fact: relays rewrite the sending facility (MSH-4), and a fact is what one
source knows. What 42 CFR Part 2 stands behind is a hard stop (hub.mapping.part_2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple, TypeVar

from hub.domain.events import LabResult
from hub.formats import fhir
from hub.formats.fhir import Broken, Resource
from hub.mapping.fhir_modifiers import FIELD, Modified
from hub.mapping.fhir_modifiers import REASON as MODIFIED
from hub.mapping.fhir_outcomes import position
from hub.mapping.labs_fhir_bundle import Group, Held, Pool, is_question
from hub.mapping.labs_fhir_coverage import Coverages
from hub.mapping.labs_fhir_report import Report, Reports
from hub.mapping.labs_fhir_result import Results
from hub.mapping.labs_fhir_told import Told, as_one
from hub.mapping.labs_fhir_values import has_value
from hub.mapping.part_2 import REASON as PART_2_STOP
from hub.mapping.part_2 import Protected
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
from hub.mapping.stamp import Stamp
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["PROGRAM", "LabsFhir"]

KIND = LabResult.kind
_MOST_TIMES = 64
"""So many times the size of a document may be kept as originals of its results: what they share stands in each."""
_MOST_TOGETHER = 40
"""Results of a report that keep each other in their originals; of a longer one each keeps what it rests on itself."""
_Made = TypeVar("_Made")
_WITHDRAWN = frozenset({"entered-in-error", "cancelled"})


class LabsFhir:
    """Program `lab-elr-fhir`.

    Options: `timezone`, the zone of times sent without one; `presumptive` and `pooled`, what becomes of such positives
    (`notify`, `isolate` or `review`; see hub.domain.lab_meaning.Policy).
    """

    name = "lab-elr-fhir"
    alone: Alone = "record"

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every outcome of each document; loose resources of a file (NDJSON) are read as if they were one bundle."""
        stamp, protected, modified = Stamp.of(context), Protected(unit), Modified(unit)
        for file in unit.files:
            data, pool = unit.data(file), None
            for pool in _pools(fhir.read(data), file, protected):
                if isinstance(pool, Mapped):
                    yield pool
                else:
                    yield from _Reading(pool, file, stamp, context, protected, modified).outcomes()
            if pool is None:  # bundles without any entry: a search that found nothing
                yield ignored("no-observation", position(file, 1, ""), data, KIND)


PROGRAM = LabsFhir()


def _pools(items: Iterable[Resource | Broken], file: str, protected: Protected) -> Iterator[Pool | Mapped]:
    """The bundles of each document as it ends, what is no resource at once, loose resources at the end of the file."""
    loose: list[Resource] = []
    bundles: dict[int, list[Resource]] = {}
    number = 0
    for item in items:
        if item.number != number:
            yield from map(Pool, bundles.values())
            bundles, number = {}, item.number
        if isinstance(item, Broken):
            where = position(file, item.number, item.path)
            stopped = protected.holds(file, item)
            yield hard_stop(PART_2_STOP, where, KIND) if stopped else unreadable(item.error, where, item.raw)
        elif item.bundle is None:
            loose.append(item)
        else:
            bundles.setdefault(id(item.bundle), []).append(item)
    yield from map(Pool, bundles.values())
    if loose:
        yield Pool(loose)


class _Found(NamedTuple):
    """An outcome still without its original, and the entry it is of."""

    mapped: Mapped
    entry: Resource


class _Reading:
    """One pool, report by report."""

    def __init__(
        self, pool: Pool, file: str, stamp: Stamp, context: MappingContext, protected: Protected, modified: Modified
    ) -> None:
        self._pool, self._file = pool, file
        self._protected = {id(item): item for item in pool.resources if protected.holds(file, item)}
        self._modified = modified
        self._reports = Reports(pool, context.today())
        self._results = Results(pool, stamp, context)
        self._coverages = Coverages(pool, stamp)
        self._room = _MOST_TIMES * (1_024 + sum(len(resource.raw) for resource in pool.resources))

    def outcomes(self) -> Iterator[Mapped]:
        """Of each report of the pool; one `ignored` where there is none."""
        for item in self._protected.values():
            yield hard_stop(PART_2_STOP, position(self._file, item.number, item.path), KIND)
        groups = [group for group in self._pool.groups() if not self._is_protected(group)]
        only = len(groups) == 1 and not self._protected
        for group in groups:
            yield from self._group(group, only=only)
        if not groups and not self._protected:
            first = self._pool.resources[0]
            yield ignored("not-a-lab-report", position(self._file, first.number, first.path), first.raw, KIND)

    def _is_protected(self, group: Group) -> bool:
        """A report is as sensitive as the most sensitive of what it tells, and so is all that it tells."""
        held = group.observations if group.report is None else (group.report, *group.observations)
        return any(id(one.entry) in self._protected for one in held)

    def _require_understood(self, group: Group, found: list[_Found]) -> None:
        """NotMapped where one of the report, or what it refers to, may mean something else than it says."""
        held = group.observations if group.report is None else (group.report, *group.observations)
        odd = any(self._modified.holds(self._file, one.entry) for one in held)
        if odd and any(one.mapped.event is not None for one in found):
            raise NotMapped(MODIFIED, field=FIELD)

    def _group(self, group: Group, *, only: bool) -> list[Mapped]:
        first = group.report or group.observations[0]
        where = position(self._file, first.entry.number, first.entry.path)
        used = [first.entry, *(held.entry for held in self._reports.headers)]
        found = self._read(group, used, where) if self._room > 0 else []
        entries = self._pool.resources if only else [*used, *(held.entry for held in group.observations)]
        kept: list[Mapped] = []
        if len(found) <= _MOST_TOGETHER:
            raw = self._pool.cut(entries) if found else b""
            self._room -= len(raw) * len(found)
            kept = [one.mapped._replace(raw=raw) for one in found]
        else:
            for one in found:
                raw = self._pool.cut([*used, one.entry]) if self._room > 0 else b""
                self._room -= len(raw)
                kept.append(one.mapped._replace(raw=raw))
        return kept if self._room > 0 else [rejected("too-many-repeats", where, first.entry.raw, KIND)]

    def _read(self, group: Group, used: list[Resource], where: dict[str, str | int]) -> list[_Found]:
        """Outcomes of a group, still without their original; `used` grows by the entries that they rest on."""
        entry = used[0]
        try:
            report = self._reports.report(group, used)
            _require_results(group)
            found = list(self._observed(group, report, used))
            found += self._concluded(report, found)
            found += self._payers(found, report, used)
            self._require_understood(group, found)
        except NotMapped as not_mapped:
            at = at_field(where, not_mapped.field)
            return [_Found(Mapped(not_mapped.outcome, None, KIND, not_mapped.reason, at, b""), entry)]
        except Exception as error:  # kept: to be read by mended code, or to be shown to who can mend it
            return [_Found(rejected(fault_of(error), where, b"", KIND), entry)]
        return found or [_Found(ignored("no-observation", where, b"", KIND), entry)]

    def _concluded(self, report: Report, found: list[_Found]) -> Iterator[_Found]:
        """The conclusion, where there is no result at all, or none that tells what it tells, and what it takes back."""
        kept = [one.mapped.event for one in found if isinstance(one.mapped.event, LabResult)]
        if found and not kept:
            return
        event = self._results.doubted(report, kept) if found else self._results.concluded(report)
        told = [event] if event is not None else []
        for each in (*told, *self._results.taken_back(report, kept)):
            if report.head is not None:
                yield _Found(accepted(each, self._at(report.head), b""), report.head.entry)

    def _payers(self, found: list[_Found], report: Report, used: list[Resource]) -> Iterator[_Found]:
        """Who pays for the person, where a result of theirs was kept."""
        kept = next((one.mapped.event for one in found if isinstance(one.mapped.event, LabResult)), None)
        if kept is not None:
            for event, held in self._coverages.of(report, kept, used):
                yield _Found(accepted(event, self._at(held), b""), held.entry)

    def _observed(self, group: Group, report: Report, used: list[Resource]) -> Iterator[_Found]:
        """The events of the observations and of their components. NotMapped where the whole report cannot be trusted."""
        told: list[Told] = []
        for held in group.observations:
            for part in _parts(held.body) if not is_question(held.body) else ():
                one = self._tried(held, partial(self._results.told, part, held, report))
                if isinstance(one, Told):
                    told.append(one)
                elif one is not None:
                    yield _Found(one, held.entry)
        together = as_one(told)
        if any(one.overruled for one in together):
            used += [one.held.entry for one in told if not one.overruled]
        for each in together:
            event = self._tried(each.held, partial(self._results.event, each, report))
            if isinstance(event, Mapped):
                yield _Found(event, each.held.entry)
            elif event is not None:
                yield _Found(accepted(event, self._at(each.held), b""), each.held.entry)

    def _tried(self, held: Held, make: Callable[[], _Made]) -> _Made | Mapped | None:
        """What is made of an observation, or its outcome where that cannot be; None where it is no result."""
        try:
            return make()
        except NotMapped as not_mapped:
            if not_mapped.reason == "too-many-repeats":
                raise
            if not_mapped.reason == "not-a-result":
                return None
            at = at_field(self._at(held), not_mapped.field)
            return Mapped(not_mapped.outcome, None, KIND, not_mapped.reason, at, b"")
        except Exception as error:  # the same
            return rejected(fault_of(error), self._at(held), b"", KIND)

    def _at(self, held: Held) -> dict[str, str | int]:
        return position(self._file, held.entry.number, held.entry.path)


def _parts(observation: Json) -> list[Json]:
    """What is a result of its own: the observation, where it is no mere heading, and its components."""
    components = [part for part in listed(observation.get("component")) if has_value(part)]
    heading = bool(components or listed(observation.get("hasMember"))) and not has_value(observation)
    return components if heading else [observation, *components]


def _require_results(group: Group) -> None:
    """A report that names results that are not here, or withdraws without saying what, is no report without results."""
    if group.report is not None and not group.observations:
        if listed(group.report.body.get("result")):
            raise NotMapped("reference-not-in-bundle", field="result")
        concludes = listed(group.report.body.get("conclusionCode"))  # that is the result, and withdrawn
        if text(group.report.body.get("status")) in _WITHDRAWN and not concludes:
            raise NotMapped("withdrawal-names-no-result", field="result")
