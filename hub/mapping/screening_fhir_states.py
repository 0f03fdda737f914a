"""What a FHIR resource on social needs is worth: final, withdrawn or open, and when it was said.

`open` raises nothing: a draft, what was stopped or cancelled, what nobody knows the state of, what was answered in an encounter
that was cancelled, a diagnosis that is only considered. Source: FHIR R4 status value sets; social-standards.md requirement 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from hub.mapping.dates import civil_date, iso_time
from hub.mapping.program import MappingContext
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["State", "changed_at", "said_on", "state_of", "still_true"]

State = Literal["final", "corrected", "withdrawn", "open"]
_STATES: dict[str, State] = {
    "completed": "final", "final": "final", "amended": "corrected", "corrected": "corrected", "appended": "corrected",
    "entered-in-error": "withdrawn",
}  # fmt: skip
_VERIFIED: dict[str, State] = {
    "": "final", "confirmed": "final", "entered-in-error": "withdrawn", "refuted": "withdrawn",
}  # fmt: skip
_OVER = frozenset({"inactive", "remission", "resolved"})
_SAID = (
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "issued",
    "authored",
    "recordedDate",
    "onsetDateTime",
)
_CHANGED = ("issued", "authored", "recordedDate", "effectiveDateTime", "effectiveInstant")


def state_of(resource: Json, encounter: Json | None) -> State:
    """Of an Observation, QuestionnaireResponse or Condition; `encounter`: in which it was said, where that is at hand."""
    during = text(encounter.get("status")) if encounter is not None else ""
    if resource.get("resourceType") == "Condition":
        state = _VERIFIED.get(next(_codes(resource.get("verificationStatus")), ""), "open")
    else:
        state = _STATES.get(text(resource.get("status")), "open")
    if during == "entered-in-error":
        return "withdrawn"
    return "open" if during == "cancelled" and state != "withdrawn" else state


def still_true(condition: Json) -> bool:
    """Whether a Condition has not ended."""
    return not set(_codes(condition.get("clinicalStatus"))) & _OVER and not any(
        n.startswith("abatement") for n in condition
    )


def said_on(resource: Json) -> date | None:
    """The civil day on which it was said, as written; of a Condition that is over, the day it ended."""
    if resource.get("resourceType") == "Condition" and not still_true(resource):
        return _day(resource, ("abatementDateTime", "abatementPeriod", "recordedDate"))
    return _day(resource, _SAID)


def changed_at(resource: Json, context: MappingContext) -> datetime | None:
    """The source's own change time: meta.lastUpdated, else when it was issued, authored, recorded; none that lies ahead."""
    meta = resource.get("meta")
    told = [
        text(meta.get("lastUpdated")) if isinstance(meta, dict) else "",
        *(text(resource.get(name)) for name in _CHANGED),
    ]
    times = (context.not_ahead(iso_time(each, context.zone)) for each in told if each)
    return next((at for at in times if at is not None), None)


def _codes(concept: object) -> Iterator[str]:
    if isinstance(concept, dict):
        yield from (code for coding in listed(concept.get("coding")) if (code := text(coding.get("code"))))


def _day(resource: Json, names: tuple[str, ...]) -> date | None:
    for name in names:
        value = resource.get(name)
        told = text(value.get("start") or value.get("end")) if isinstance(value, dict) else text(value)
        if len(told) >= 10 and (day := civil_date(told)) is not None:
            return day
    return None
