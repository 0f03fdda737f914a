"""What a FHIR Task of a referral says beside its status: what it asks and what came of it.

Source: HL7 SDOH Clinical Care 3.0.0, SDOHCC Task for Referral Management; FHIR R4 task-code, Procedure.status
(social-standards.md §3.1).
"""

from __future__ import annotations

from collections.abc import Callable

from hub.mapping.fhir_beside import target_of
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["activity_done", "asks_to_fulfil", "codes_of"]

_ACTIVITY = "resulting-activity"
_NOT_DONE = frozenset({"not-done", "entered-in-error", "preparation", "stopped"})
"""Procedure.status of what did not take place, or not to its end."""


def asks_to_fulfil(task: Json) -> bool:
    """Whether a Task is a referral: its code is `fulfill`, or it has none and serves a ServiceRequest."""
    codes = codes_of(task.get("code"))
    if codes:
        return "fulfill" in {code for _, code in codes}
    focus = task.get("focus")
    target = target_of(focus)
    kind = text(focus.get("type")) if isinstance(focus, dict) else ""
    return "ServiceRequest/" in target or kind == "ServiceRequest" or target.startswith(("#", "urn:"))


def activity_done(task: Json, find: Callable[[object], Json | None]) -> tuple[bool, tuple[str, ...]]:
    """Whether an output shows that something was done for the person, and issues. `find` gives what a reference points to.

    An output of another type (a contact, an answer) shows nothing; one without a value neither.
    """
    odd: tuple[str, ...] = ()
    for output in listed(task.get("output")):
        reference = output.get("valueReference")
        types = {code for _, code in codes_of(output.get("type"))}
        procedure = "Procedure/" in target_of(reference)
        if not (_ACTIVITY in types or (not types and procedure)) or not _has_value(output):
            continue
        told = find(reference)
        if told is not None and text(told.get("status")) in _NOT_DONE:
            odd = ("activity-not-done",)
            continue
        return True, ()
    return False, odd


def codes_of(concept: object) -> list[tuple[str, str]]:
    """(system, code) of the codings of a CodeableConcept."""
    codings = listed(concept.get("coding")) if isinstance(concept, dict) else []
    return [(text(item.get("system")), code) for item in codings if (code := text(item.get("code")))]


def _has_value(output: Json) -> bool:
    if "valueReference" in output:
        return bool(target_of(output["valueReference"]))
    concept = output.get("valueCodeableConcept")
    return bool(codes_of(concept)) or any(text(value) for name, value in output.items() if name.startswith("value"))
