"""Values of FHIR laboratory resources: codings, answers of every type, days, and test markers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from hub.domain.events import Processing
from hub.domain.lab_meaning import Answer, Code
from hub.mapping.dates import civil_date
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["answer", "codings", "day", "has_value", "named", "processing", "told", "written"]

_PROCESSING_ID = "v2-0103"
_PROCESSING: dict[str, Processing] = {"P": "production", "D": "debug"}
_MEMORABLE = 200  # characters of a text answer: a longer one is no word of the table


def codings(concept: object) -> tuple[Code, ...]:
    """The codings of a CodeableConcept as sent; its text is no coding."""
    found = listed(concept.get("coding")) if isinstance(concept, dict) else []
    return tuple(Code(text(item.get("code")), text(item.get("system")), text(item.get("display"))) for item in found)


def named(concept: object) -> tuple[Code, ...]:
    """The codings of what was asked, then its text, which may be all that there is, as a name without a code."""
    found, words = codings(concept), text(concept.get("text")) if isinstance(concept, dict) else ""
    return (*found, Code("", "", words)) if words else found


def has_value(observation: Json) -> bool:
    """Whether an observation (or component) answers anything itself."""
    return any(name.startswith("value") for name in observation)


def answer(observation: Json) -> Answer:
    """`value[x]`: coded, text, or other (a quantity, a boolean, a time), which no table can judge."""
    if "valueCodeableConcept" in observation:
        concept = observation["valueCodeableConcept"]
        words = text(concept.get("text")) if isinstance(concept, dict) else ""
        return Answer("coded", codings(concept), words[:_MEMORABLE])
    if "valueString" in observation:
        return Answer("text", (), text(observation["valueString"])[:_MEMORABLE])
    return Answer("other", (), "value") if has_value(observation) else Answer("coded")


def told(observation: Json) -> tuple[str, date | None, str]:
    """The answer to a question: its code or word, the day it names, the unit of a number."""
    for name in ("valueCodeableConcept", "valueString", "valueBoolean", "valueInteger", "valueQuantity"):
        value = observation.get(name)
        if name == "valueCodeableConcept" and isinstance(value, dict):
            return next((code.code for code in codings(value) if code.code), text(value.get("text"))), None, ""
        if isinstance(value, bool):
            return "Y" if value else "N", None, ""
        if isinstance(value, dict):
            number = value.get("value")
            whole = str(int(number)) if isinstance(number, float) and number.is_integer() else text(number)
            return whole, None, text(value.get("code")) or text(value.get("unit"))
        if value is not None:
            return text(value), civil_date(text(value)), ""
    return "", day(observation.get("valueDateTime")) or day(observation.get("valuePeriod")), ""


def day(value: object) -> date | None:
    """The civil date of a dateTime or instant as written, or of the start of a Period."""
    return civil_date(written(value))


def written(value: object) -> str:
    """A dateTime or instant, or the start of a Period, as it stands there."""
    return text(value.get("start") if isinstance(value, dict) else value)


def processing(resources: Iterable[Json]) -> tuple[Processing, bool]:
    """Production, test or debug, and whether anything said so.

    Sources: `meta.tag` of a processing id (v2-0103: P, T, D), as ReportStream sets it on MessageHeader; `HTEST` (v3-ActReason)
    in `meta.tag` or `meta.security`. One marker of a test, on any resource that a result rests on, outweighs any P. Without
    a marker it is production: FHIR has no field that must say.
    """
    found: set[Processing] = set()
    for resource in resources:
        meta = resource.get("meta")
        labels = [*listed(meta.get("tag")), *listed(meta.get("security"))] if isinstance(meta, dict) else []
        for label in labels:
            code = text(label.get("code")).upper()
            if code == "HTEST":
                found.add("test")
            elif text(label.get("system")).rstrip("/").endswith(_PROCESSING_ID) and code:
                found.add(_PROCESSING.get(code, "test"))
    order: tuple[Processing, ...] = ("debug", "test", "production")
    return next((word for word in order if word in found), "production"), bool(found)
