"""Who pays for the people of a FHIR laboratory report: as from IN1 and PID-3 of a message, told of whom a result was kept.

Each payer of a person is told once a pool, beside the first of their reports. Member numbers stay in the person block. A report
that names nobody says nothing of anybody's coverage.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.domain.events import Coverage, LabResult
from hub.formats.fhir import Resource
from hub.mapping.fhir_coverage import MOST, Insured, Paying, beneficiary, coverage, numbers, plan
from hub.mapping.labs_fhir_bundle import Held, Pool
from hub.mapping.labs_fhir_report import Report
from hub.mapping.labs_fhir_values import day, processing
from hub.mapping.stamp import Stamp
from hub.mapping.tracing_person import listed, text

__all__ = ["Coverages"]


class Coverages:
    """Makes the coverage events of one pool."""

    def __init__(self, pool: Pool, stamp: Stamp) -> None:
        self._pool, self._stamp = pool, stamp
        self._told: set[int] = set()
        self._plans: dict[int, list[Held]] | None = None

    def of(self, report: Report, result: LabResult, used: list[Resource]) -> Iterator[tuple[Coverage, Held]]:
        """Who pays for the person of a report, of which `result` was kept; and the resource that says so. Entries that it rests on
        are added to `used`."""
        patient = report.patient
        if not report.who.local_id or id(patient.body) in self._told:
            return
        self._told.add(id(patient.body))
        who = Insured(report.who.authority or report.sender, report.who.local_id, report.who.block, report.who.race)
        sent = text(self._pool.bundle.get("timestamp")) or result.changed_at.isoformat()
        resting = [*(held.body for held in report.shared), self._pool.bundle]
        seen: set[tuple[str, ...]] = set()
        for told, held in (*((number, patient) for number in numbers(patient.body)), *self._named(patient, used)):
            if told.key not in seen:
                seen.add(told.key)
                kind = processing([*resting, held.body])[0]
                yield coverage(told, who, self._stamp, sent, day(sent) or result.occurred_on, kind), held

    def _named(self, patient: Held, used: list[Resource]) -> Iterator[tuple[Paying, Held]]:
        for held in self._plans_of(patient)[:MOST]:
            payors = [
                (text(found.body.get("name")), found)
                for one in listed(held.body.get("payor"))[:MOST]
                if (found := self._pool.find(one, "Organization", held)) is not None
            ]
            name, organization = next((told for told in payors if told[0]), ("", None))
            told = plan(held.body, name)
            if told is not None:
                used += [held.entry, *([organization.entry] if organization is not None else [])]
                yield told, held

    def _plans_of(self, patient: Held) -> list[Held]:
        if self._plans is None:
            self._plans = {}
            for held in self._pool.of("Coverage"):
                of = self._pool.find_one(beneficiary(held.body), "Patient", held)
                if of is not None:
                    self._plans.setdefault(id(of.body), []).append(held)
        return self._plans.get(id(patient.body), [])
