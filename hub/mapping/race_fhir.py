"""Race and ethnicity of a FHIR Patient or RelatedPerson: US Core, and the two extensions that ReportStream and SimpleReport
send (health-standards.md §3 and §8 R10; the URLs stand in the domain's race_fields.csv)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.domain.event_parts import RaceEthnicity
from hub.domain.race_ethnicity import Field, extension_urls
from hub.mapping.race import contradiction, read_race
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["race", "race_and_issues"]


class _Said(NamedTuple):
    code: str
    text: str


def race(resource: Json) -> RaceEthnicity | None:
    """The report of a resource; None where it has none."""
    return race_and_issues(resource)[0]


def race_and_issues(resource: Json) -> tuple[RaceEthnicity | None, tuple[str, ...]]:
    """The report of a resource and what is odd about it: codes first, a text only where no code was sent."""
    races, ethnicities = list(_said(resource, "race")), list(_said(resource, "ethnicity"))
    report, issues = read_race([one.code or one.text for one in races], [one.code or one.text for one in ethnicities])
    return report, (*issues, *contradiction(_pairs(races), _pairs(ethnicities)))


def _pairs(said: list[_Said]) -> list[tuple[str, str]]:
    return [(one.code, one.text) for one in said if one.code and one.text]


def _said(resource: Json, field: Field) -> Iterator[_Said]:
    for item in listed(resource.get("extension")):
        if text(item.get("url")) in extension_urls(field):
            concept = item.get("valueCodeableConcept")
            yield from _of_concept(concept) if isinstance(concept, dict) else _of_parts(item)


def _of_concept(concept: Json) -> Iterator[_Said]:
    coded = [_Said(text(coding.get("code")), text(coding.get("display"))) for coding in listed(concept.get("coding"))]
    yield from [one for one in coded if one.code or one.text] or [_Said("", text(concept.get("text")))]


def _of_parts(item: Json) -> Iterator[_Said]:
    inner = listed(item.get("extension"))
    codings = [part.get("valueCoding") for part in inner if text(part.get("url")) in ("ombCategory", "detailed")]
    coded = [
        _Said(text(coding.get("code")), text(coding.get("display"))) for coding in codings if isinstance(coding, dict)
    ]
    told = [one for one in coded if one.code]
    yield from told or [_Said("", text(part.get("valueString"))) for part in inner if text(part.get("url")) == "text"]
