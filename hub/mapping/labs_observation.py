"""OBX of a laboratory message: what was asked and answered and how final it is, put to the judgement of the domain."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from hub.domain.events import LabStatus
from hub.domain.lab_meaning import Answer, Asked, Code, Judged, Policy, Unkept, asked, is_covid_test, judge, judge_all
from hub.domain.lab_status import hl7_status
from hub.domain.lab_tables import observations
from hub.formats.hl7v2 import Coded, Segment
from hub.mapping.program import NotMapped

__all__ = ["is_covid_order", "is_question", "judged", "status"]

_CODED_TYPES = frozenset({"CWE", "CE", "CNE", "CF", ""})
_TEXT_TYPES = frozenset({"ST", "TX", "FT"})
_MOST_ANSWERS = 50
_MEMORABLE = 200  # characters: what a hostile source writes is not kept in memory


def judged(obx: Segment, *, covid_order: bool, policy: Policy) -> Judged:
    """What this observation means. NotMapped when it is no result that the hub may keep."""
    question, kind = obx.coded(3), _kind(obx.text(2))
    if kind == "coded" and (told := obx.repetitions(5)) > 1:
        return _kept(_judged_each(obx, question, min(told, _MOST_ANSWERS), covid_order, policy))
    answered = obx.coded(5) if kind == "coded" else None
    text = "" if kind == "coded" else obx.text(5) if kind == "text" else obx.raw(5)[:1]
    if len(obx.raw(3)) + len(obx.raw(5)) <= _MEMORABLE:
        found = _judged_before(question, kind, answered, text, covid_order, policy)
    else:
        found = _judged(question, kind, answered, text, covid_order, policy)
    return _kept(found)


def _kept(found: Judged | Unkept) -> Judged:
    if isinstance(found, Unkept):
        raise NotMapped(found.reason, "ignored")
    return found


def _judged_each(obx: Segment, question: Coded, told: int, covid_order: bool, policy: Policy) -> Judged | Unkept:
    """A field of several answers (`~`)."""
    answers = [Answer("coded", codings_of(obx.coded(5, n))) for n in range(1, told + 1)]
    given = [answer for answer in answers if answer.given] or answers[:1]
    return judge_all(_asked(question), given, covid_order=covid_order, policy=policy)


_Kind = Literal["coded", "text", "other"]


def _kind(value_type: str) -> _Kind:
    word = value_type.upper()
    return "coded" if word in _CODED_TYPES else "text" if word in _TEXT_TYPES else "other"


def _judged(
    question: Coded, kind: _Kind, answered: Coded | None, text: str, covid_order: bool, policy: Policy
) -> Judged | Unkept:
    codings = codings_of(answered) if answered is not None else ()
    return judge(_asked(question), Answer(kind, codings, text), covid_order=covid_order, policy=policy)


_judged_before = lru_cache(maxsize=4_096)(_judged)  # laboratories ask a few dozen questions, thousands of times a day


def _asked(question: Coded) -> Asked:
    return asked(codings_of(question))


def codings_of(coded: Coded) -> tuple[Code, Code]:
    """The first and the alternate triplet."""
    return (
        Code(coded.code, coded.system, coded.display),
        Code(coded.alt_code, coded.alt_system, coded.alt_display),
    )


def status(obx: Segment, obr: Segment | None) -> tuple[LabStatus, str]:
    """OBX-11, else OBR-25, else final with an issue. NotMapped when there is no result yet."""
    stated, issue = hl7_status(obx.text(11), obr.text(25) if obr is not None else "")
    if stated is None:
        raise NotMapped("no-result-yet", "ignored")
    return stated, issue


def is_question(obx: Segment) -> bool:
    """An answer of the person (by its code, or marked QST in OBX-29), not an observation: read by labs_questions."""
    known = observations().get(obx.coded(3).code)
    return (known is not None and known.cls == "question") or (obx.raw(29) != "" and obx.text(29).upper() == "QST")


def is_covid_order(obr: Segment | None) -> bool:
    """OBR-4 asks for a SARS-CoV-2 test or panel, so that an unknown code under it deserves a look."""
    return obr is not None and is_covid_test(codings_of(obr.coded(4)))
