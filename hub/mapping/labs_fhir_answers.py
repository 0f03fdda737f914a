"""Questions asked at order entry (AOE) as FHIR Observations: beside the results, behind the order, or anywhere in the bundle.

An order's or report's own answers come first; then those of the same patient that no order and no report names.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.domain.lab_answers import Answers
from hub.domain.lab_meaning import question_of
from hub.domain.lab_status import fhir_status
from hub.mapping.labs_fhir_bundle import Held, Pool, is_question
from hub.mapping.labs_fhir_values import codings, told

__all__ = ["Questions"]

_MOST = 60
"""So many questions of a person are heard; a form asks some twenty."""


class Questions:
    """The questions of a pool, by whom they were asked."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        owned = {id(held.body) for held in self._owned()}
        self._free: dict[int, list[Held]] = {}
        self._nobodys: list[Held] = []
        for held in pool.of("Observation"):
            if is_question(held.body) and id(held.body) not in owned:
                self._put(held)

    def of(self, patient: Held, owners: list[Held], observed: tuple[Held, ...]) -> list[Held]:
        """What is answered about this report: `owners` are the report and its order."""
        own = [held for held in observed if is_question(held.body)]
        for owner in owners:
            own += [held for held in _supporting(self._pool, owner) if is_question(held.body)]
        return [*own[:_MOST], *self._free.get(id(patient.body), [])[:_MOST], *self._nobodys[:_MOST]]

    def _owned(self) -> Iterator[Held]:
        for kind in ("ServiceRequest", "DiagnosticReport"):
            for owner in self._pool.of(kind):
                yield from _supporting(self._pool, owner)
                yield from self._pool.each(owner.body.get("result"), "Observation", owner)

    def _put(self, held: Held) -> None:
        patient = self._pool.find_one(held.body.get("subject"), "Patient", held)  # of two that have the name: nobody's
        if patient is not None:
            self._free.setdefault(id(patient.body), []).append(held)
        elif "subject" not in held.body and len(self._pool.of("Patient")) == 1:
            self._nobodys.append(held)


def answers(observations: list[Held]) -> Answers:
    """All answers; the first known one of each question stands, withdrawn ones are not heard."""
    found = Answers()
    for held in observations:
        state, _ = fhir_status(str(held.body.get("status", "")))
        if state not in (None, "withdrawn"):
            value, on, unit = told(held.body)
            found.tell(question_of(codings(held.body.get("code"))), value, on=on, unit=unit)
    return found


def _supporting(pool: Pool, owner: Held) -> Iterator[Held]:
    return pool.each(owner.body.get("supportingInfo"), "Observation", owner)
