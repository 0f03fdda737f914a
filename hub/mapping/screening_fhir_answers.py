"""Answers in FHIR: items of a QuestionnaireResponse, and Observations with their components, as (question, answer) of LOINC.

The question of an item: the last LOINC code in its linkId (`/93025-5/93042-0/93031-3`), else in its definition, else the code
that the Questionnaire gives the item, where that is at hand. Yes and no in other systems (SNOMED CT, v2-0136, a boolean) are read
as LOINC's. Text is no answer: it stays in the original.

Sources: FHIR R4 QuestionnaireResponse; LOINC panels as HL7's questionnaires nest them (samples/social/gravity-fhir).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hub.mapping.codes import LOINC, code_of
from hub.mapping.program import NotMapped
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["Asked", "asked_by_items", "asked_by_observation", "question_of", "questions_of"]

_CODE = re.compile(r"(?<![\d-])\d{3,7}-\d(?![\d-])", re.ASCII)
_YES, _NO = "LA33-6", "LA32-8"
_WORDS = {"373066001": _YES, "373067005": _NO, "Y": _YES, "N": _NO, "true": _YES, "false": _NO}
_MOST_ANSWERS = 1_000
_MOST_ITEMS = 5_000
_DECLINED = frozenset({"asked-declined", "declined"})
_LINK_ID = "linkId"


class Asked(NamedTuple):
    """A question and what was answered: `code` empty where no code was; `number` of a score. `link`: what names a question that has
    no LOINC code. `uncoded`: something was answered, and it is no code."""

    question: str
    code: str
    number: int | None = None
    link: str = ""
    uncoded: bool = False


def questions_of(questionnaire: Json) -> Mapping[str, str]:
    """LOINC code by linkId, of a Questionnaire."""
    found: dict[str, str] = {}
    waiting = listed(questionnaire.get("item"))
    for item in waiting:  # grows while it is read
        if len(waiting) > _MOST_ITEMS:
            break
        if code := _loinc(listed(item.get("code"))):
            found[text(item.get(_LINK_ID))] = code
        waiting.extend(listed(item.get("item")))
    return found


def asked_by_items(response: Json, questions: Mapping[str, str]) -> Iterator[Asked]:
    """Every answer of a QuestionnaireResponse, in order; `questions` by linkId. NotMapped where there are too many."""
    waiting, told = list(reversed(listed(response.get("item")))), 0
    while waiting:
        item = waiting.pop()
        answers, link = listed(item.get("answer")), text(item.get(_LINK_ID))
        question = _last_code(link) or _last_code(text(item.get("definition"))) or questions.get(link, "")
        for answer in answers:
            told += 1
            if told > _MOST_ANSWERS:
                raise NotMapped("too-many-repeats", field="item.answer")
            said = _answered(answer)
            if question or said.code:
                yield said._replace(question=question, link=link)
        inner = [*listed(item.get("item")), *(one for answer in answers for one in listed(answer.get("item")))]
        waiting.extend(reversed(inner))


def asked_by_observation(observation: Json) -> Iterator[Asked]:
    """The answer of an Observation and of its components; of a component of the same question the value is its own."""
    for part in (observation, *listed(observation.get("component"))):
        question = question_of(part)
        if any(name.startswith("value") for name in part):
            yield _answered(part)._replace(question=question, link=question or "component")


def question_of(part: Json) -> str:
    """The LOINC code of what was observed; empty where there is none."""
    code = part.get("code")
    return _loinc(listed(code.get("coding"))) if isinstance(code, dict) else ""


def _answered(part: Json) -> Asked:
    for name, value in part.items():
        if name in ("valueCoding", "valueCodeableConcept") and isinstance(value, dict):
            return Asked("", _code(listed(value.get("coding")) if name == "valueCodeableConcept" else [value]))
        if name == "valueBoolean" and isinstance(value, bool):
            return Asked("", _YES if value else _NO)
        if name in ("valueInteger", "valueDecimal", "valueQuantity", "valueString"):
            said = value.get("value") if isinstance(value, dict) else value
            return Asked("", "", _number(said), uncoded=bool(text(said)))
    return Asked("", "")


def _code(codings: list[Json]) -> str:
    """The LOINC answer, else yes or no in another system, else the first that is a code."""
    codes = [code for coding in codings if (code := text(coding.get("code")))]
    loinc = [code for code in codes if code.startswith("LA") and code_of(code)]
    words = [_WORDS[code] for code in codes if code in _WORDS]
    return next(iter(loinc or words or [code for code in codes if code_of(code)]), "")


def _number(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    told = text(value)
    return int(told) if told.isascii() and told.isdigit() and len(told) < 4 else None


def _loinc(codings: list[Json]) -> str:
    found = (text(coding.get("code")) for coding in codings if text(coding.get("system")) in (LOINC, LOINC + "/"))
    return next((code for code in found if code_of(code)), "")


def _last_code(told: str) -> str:
    return next((code for code in reversed(_CODE.findall(told[-200:])) if code_of(code)), "")
