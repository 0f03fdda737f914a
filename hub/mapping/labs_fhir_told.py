"""The results of a FHIR report before they are events: what they mean together, specimen by specimen."""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.events import LabStatus
from hub.domain.lab_meaning import Judged
from hub.domain.lab_report import Finding, is_open, reason_of, together
from hub.domain.lab_status import RANK
from hub.mapping.labs_fhir_bundle import Held
from hub.mapping.labs_fhir_values import named
from hub.mapping.tracing_person import Json

__all__ = ["Told", "as_one"]


class Told(NamedTuple):
    """A result with what it means, how final it is, why it is passed over where the others of its report say it, and number and day
    of its specimen, where the report has several."""

    part: Json
    held: Held
    meant: Judged
    state: LabStatus
    state_issue: str
    passed_over: str = ""
    specimen: tuple[str, str] = ("", "")

    @property
    def overruled(self) -> bool:
        """Whether the overall result of the report decided what it means."""
        return "overall-result-decides" in self.meant.issues


def as_one(told: list[Told]) -> list[Told]:
    """What the results of one report mean together, in their order: those of one specimen."""
    told = _apart(told)
    if len(told) < 2 or not any(is_open(one.meant) for one in told):
        return told
    findings = [
        Finding(one.meant, "^".join(one.specimen), "", RANK[one.state], str(named(one.part.get("code"))))
        for one in told
    ]
    return [
        one._replace(meant=meant) if meant is not None else one._replace(passed_over=reason_of(one.meant))
        for one, meant in zip(told, together(findings), strict=True)
    ]


def _apart(told: list[Told]) -> list[Told]:
    """With their specimens as far as these tell them apart: what all share that tell it tells nothing."""
    numbers, days = ({each for one in told if (each := one.specimen[part])} for part in (0, 1))
    if len(numbers) > 1 and len(days) > 1:
        return told
    return [
        one._replace(specimen=(one.specimen[0] * (len(numbers) > 1), one.specimen[1] * (len(days) > 1))) for one in told
    ]
