"""What one FHIR Immunization says itself: status, day, vaccine, number in its series, and what names it.

R4 is read, and the words that STU3 and DSTU2 had for the same (`date`, `notGiven`, `wasNotGiven`, `reported`): servers still send
them. Source: HL7 FHIR R4 Immunization and its earlier versions; v3-ActReason; NIP002.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from hub.domain.events import DoseStatus
from hub.domain.placeholders import real_id
from hub.mapping.dates import as_told, civil_date, month
from hub.mapping.immunization_patients import Subject
from hub.mapping.program import NotMapped
from hub.mapping.tracing_person import Json, listed, text
from hub.mapping.vaccine_codes import vaccine_codes

__all__ = ["codes", "dose_number", "given_as_told", "given_in", "given_on", "is_historical", "native_key", "status"]

_STATUS: Mapping[str, DoseStatus] = {
    "completed": "administered", "not-done": "not-administered", "entered-in-error": "withdrawn",
}  # fmt: skip
_WHEN = ("occurrenceDateTime", "occurrenceString", "date")
_REFUSAL_CODES = frozenset({"PATOBJ"})
"""Of v3-ActReason (R4 value set immunization-status-reason): the patient objects; the others are no refusals."""
_REFUSAL_SYSTEMS = frozenset(
    {"urn:oid:2.16.840.1.113883.5.8001", "http://terminology.hl7.org/CodeSystem/v2-NIP002", "NIP002"}
)
"""NIP002 lists reasons for refusal and nothing else (RXA-18)."""


def status(resource: Json) -> tuple[DoseStatus, tuple[str, ...]]:
    """What became of the dose, and what is odd about that. NotMapped for a status that FHIR does not have."""
    found = _STATUS.get(text(resource.get("status")))
    if found is None:
        raise NotMapped("not-a-known-word", field="status")
    if found == "administered" and (resource.get("notGiven") is True or resource.get("wasNotGiven") is True):
        found = "not-administered"
    if found == "not-administered" and any(_is_refusal(coding) for coding in _reasons(resource)):
        return "refused", ()
    return found, ("partial-dose",) if found == "administered" and resource.get("isSubpotent") is True else ()


def given_on(resource: Json) -> date | None:
    """The civil day as written; None where only a part of it, or words, are told."""
    return civil_date(_when(resource))


def given_in(resource: Json) -> date | None:
    """The first day of the month in which it was given, where that is all that is told of when."""
    return month(_when(resource))


def given_as_told(resource: Json) -> str | None:
    """When it was given, ISO 8601, as far as it is told; None where words are told."""
    return as_told(_when(resource))


def _when(resource: Json) -> str:
    return next((text(resource[name]) for name in _WHEN if text(resource.get(name))), "")


def codes(resource: Json) -> tuple[str, str, tuple[str, ...]]:
    """CVX and NDC of the vaccineCode; empty where there is none; and what is odd about them. Never its text."""
    codings = _codings(resource.get("vaccineCode"))
    return vaccine_codes([(text(coding.get("code")), text(coding.get("system"))) for coding in codings])


def is_historical(resource: Json) -> bool:
    """Whether it is told from memory, a card or another's record."""
    return resource.get("primarySource") is False or resource.get("reported") is True


def native_key(
    resource: Json, who: Subject, vaccine: str, *, of_server: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What names the dose, and what is odd about that: its first identifier with a value, else the id that a server gave it, else
    (in bundles made to be sent an id holds for that bundle only) whose it is, the day and the vaccine. NotMapped where that cannot
    be told."""
    for identifier in listed(resource.get("identifier")):
        if value := real_id(text(identifier.get("value"))):
            return ("identifier", text(identifier.get("system")), value), ()
    resource_id, on = text(resource.get("id")), given_on(resource) or given_in(resource)
    if resource_id and of_server:
        return ("id", resource_id), ()
    if resource_id and not who.local_id:  # nobody's: it takes the place of no other
        return ("id-in-bundle", resource_id, str(on or ""), vaccine), ("order-number-missing",)
    if not who.local_id or on is None or not vaccine:
        raise NotMapped("missing-key", field="identifier")
    return ("dose", who.authority, who.local_id, on.isoformat(), vaccine), ("order-number-missing",)


def dose_number(resource: Json) -> int | None:
    """Which dose of its series it is, 1 to 9."""
    for protocol in listed(resource.get("protocolApplied")):
        number = protocol.get("doseNumberPositiveInt") or text(protocol.get("doseNumberString"))
        if isinstance(number, int) and 0 < number < 10:
            return number
        if isinstance(number, str) and len(number) == 1 and number in "123456789":
            return int(number)
    return None


def _reasons(resource: Json) -> list[Json]:
    explained = resource.get("explanation")
    before_r4 = listed(explained.get("reasonNotGiven")) if isinstance(explained, dict) else []
    return [coding for concept in (resource.get("statusReason"), *before_r4) for coding in _codings(concept)]


def _is_refusal(coding: Json) -> bool:
    return text(coding.get("code")) in _REFUSAL_CODES or text(coding.get("system")) in _REFUSAL_SYSTEMS


def _codings(concept: object) -> list[Json]:
    return listed(concept.get("coding")) if isinstance(concept, dict) else []
