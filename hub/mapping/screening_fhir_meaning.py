"""What a FHIR resource is about: whether an Observation concerns a social need, what a Condition diagnoses, what names either."""

from __future__ import annotations

from hub.domain.ids import content_hash
from hub.formats.fhir import Resource
from hub.mapping.codes import SNOMED
from hub.mapping.hits import is_hits
from hub.mapping.need_table import Need, diagnosis, is_asked, need_of
from hub.mapping.screening_fhir_answers import question_of
from hub.mapping.screening_fhir_states import said_on
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["diagnosed", "is_social", "own_name"]

_ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm"
_GRAVITY = "SDOHCC-CodeSystemTemporaryCodes"
_SURVEYS = frozenset({"survey", "sdoh", "social-history", "functional-status"})


def own_name(item: Resource, of_server: bool) -> str:
    """What names a resource: its identifier; else its id, where a server tells of its own; else what it says and when."""
    own = item.body.get("identifier")
    for identifier in [own] if isinstance(own, dict) else listed(own):
        if value := text(identifier.get("value")):
            return "^".join((value, text(identifier.get("system"))))
    told = text(item.body.get("id")) if of_server else ""
    parts = (text(item.body.get("questionnaire")), question_of(item.body), f"{said_on(item.body)}")
    return told or content_hash(*parts, *(code for code, _ in _concepts(item.body)))


def is_social(observation: Json) -> bool:
    """Whether an Observation is of a survey or a social need: by its question, else its category."""
    asked = [question_of(part) for part in (observation, *listed(observation.get("component")))]
    if any(is_hits(one) or is_asked(one) for one in asked if one):
        return True
    codes = {
        (text(c.get("code")), text(c.get("system")))
        for one in listed(observation.get("category"))
        for c in listed(one.get("coding"))
    }
    return any(code in _SURVEYS or _GRAVITY in system for code, system in codes)


def diagnosed(condition: Json) -> tuple[str, str | None, Need | None]:
    """(code as it may be shown, its system, what it says): by ICD-10-CM, else SNOMED CT, else the Gravity category."""
    for code, system in _concepts(condition):
        if system == _ICD_10 and (found := diagnosis(code)) is not None:
            return code, _ICD_10, found
    for code, system in _concepts(condition):
        if system == SNOMED and (found := need_of("snomed", "", code)) is not None:
            return code, SNOMED, found
    for one in listed(condition.get("category")):
        for coding in listed(one.get("coding")):
            found = need_of("gravity", "", text(coding.get("code"))) if _GRAVITY in text(coding.get("system")) else None
            if found is not None:
                return "", None, found
    return "", None, None


def _concepts(resource: Json) -> list[tuple[str, str]]:
    code = resource.get("code")
    codings = listed(code.get("coding")) if isinstance(code, dict) else []
    return [(text(one.get("code")), text(one.get("system"))) for one in codings]
