"""Race and ethnicity reported as FHIR Observations (Gravity SDOH Clinical Care: SDOHCC Observation Race OMB): the one source that
says who told it, how and when (social-standards.md 15 and §3.1).

Questions: 72826-1 race by OMB 1997 (sample SDOHCC-ObservationRaceOMBExample), 69490-1 ethnicity by OMB 1997 (unverified: from
memory), 32624-9 race and 56051-6 Hispanic or Latino of PRAPARE. An answer is a value or the components, or a data-absent reason;
free text beside codes stays in the original.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.domain.event_parts import Performer, RaceEthnicity, RaceMethod
from hub.domain.race_ethnicity import Field, not_asked, reporter, told
from hub.mapping.dates import iso_time
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["is_race", "observed_race"]

_LOINC = "http://loinc.org"
_QUESTIONS: Mapping[str, Field] = {
    "72826-1": "race", "69490-1": "ethnicity", "32624-9": "race", "56051-6": "ethnicity",
}  # fmt: skip
_OMB_1997 = frozenset({"72826-1", "69490-1"})
_METHODS: Mapping[str, RaceMethod] = {
    "self-reported": "self-reported", "reported-by-related-person": "reported-by-related-person", "observed": "observed",
    "administrative": "administrative", "derived-specify": "derived", "other-specify": "other",
}  # fmt: skip
_PERFORMERS: Mapping[str, Performer] = {
    "Patient": "person", "RelatedPerson": "related-person", "Practitioner": "professional", "PractitionerRole": "professional",
    "Organization": "other",
}  # fmt: skip


def is_race(observation: Json) -> bool:
    """Whether an Observation answers a question on race or ethnicity."""
    return _question(observation) is not None


def observed_race(observation: Json) -> tuple[RaceEthnicity | None, tuple[str, ...]]:
    """The report of an Observation, and what is odd about it; None where it holds neither an answer nor why there is none."""
    question = _question(observation)
    if question is None:
        return None, ()
    field = _QUESTIONS[question]
    answers = list(_answers(observation))
    found, issues = told(answers, ()) if field == "race" else told((), answers)
    if found is None:
        return None, issues
    method = next((_METHODS[code] for code in _codes(observation.get("method")) if code in _METHODS), None)
    performer = _performer(observation)
    standard = "omb-1997" if question in _OMB_1997 else None
    changes = {
        "method": method,
        "performer": performer,
        "reported_by": reporter(method, performer),
        "reported_at": iso_time(text(observation.get("effectiveDateTime")) or text(observation.get("issued"))),
        "standard": standard,
        "not_asked": not_asked(standard) if field == "race" else (),
    }
    return found.model_copy(update=changes), issues


def _question(observation: Json) -> str | None:
    code = observation.get("code")
    asked = listed(code.get("coding")) if isinstance(code, dict) else []
    return next(
        (
            text(one.get("code"))
            for one in asked
            if text(one.get("system")) == _LOINC and text(one.get("code")) in _QUESTIONS
        ),
        None,
    )


def _answers(observation: Json) -> Iterator[str]:
    for part in (observation, *listed(observation.get("component"))):
        yield from _codes(part.get("valueCodeableConcept"))
        yield from _codes(part.get("dataAbsentReason"))


def _codes(concept: object) -> Iterator[str]:
    if isinstance(concept, dict):
        yield from (code for coding in listed(concept.get("coding")) if (code := text(coding.get("code"))))


def _performer(observation: Json) -> Performer | None:
    """Who answered: the type of the first performer; a Patient who is not the subject is a related person."""
    first = next(iter(listed(observation.get("performer"))), {})
    parts = text(first.get("reference")).split("/")
    kind = parts[-2] if len(parts) >= 2 else text(first.get("type"))
    found = _PERFORMERS.get(kind)
    subject = observation.get("subject")
    own = text(subject.get("reference")) if isinstance(subject, dict) else ""
    return "related-person" if found == "person" and own and own != text(first.get("reference")) else found
