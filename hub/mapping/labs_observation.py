"""OBX of a laboratory message: what was asked and answered and how final it is, put to the judgement of the domain."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from hub.domain.events import Coded, LabStatus
from hub.domain.lab_meaning import Answer, Asked, Code, Judged, Policy, Unkept, asked, is_covid_test, judge, judge_all
from hub.domain.lab_status import hl7_status
from hub.domain.lab_tables import observations
from hub.formats import hl7v2
from hub.formats.hl7v2 import Segment
from hub.formats.hl7v2_segment import remembering
from hub.mapping.codes import code_of
from hub.mapping.lab_codes import coded_answer, coded_test
from hub.mapping.program import NotMapped

__all__ = ["Read", "codings_of", "is_covid_order", "is_covid_result", "is_question", "read", "read_as", "status"]

_CODED_TYPES = frozenset({"CWE", "CE", "CNE", "CF", "IS", "ID", ""})
_TEXT_TYPES = frozenset({"ST", "TX", "FT", "STX", "TXT", "STRING"})
_NUMBERS = frozenset("0123456789")
_ORIGINAL_TEXT = 9  # CWE.9
_DOCUMENTS = frozenset({"ED", "RP"})
_MOST_ANSWERS = 50
_MEMORABLE = 200  # characters: what a hostile source writes is not kept in memory

_TWO_WORDS = 24  # characters: of two statuses

_Kind = Literal["coded", "text", "other"]


class Read(NamedTuple):
    """What an observation means, and what was tested and answered as far as it may stand in the clear. `loinc` where it is one."""

    meant: Judged
    loinc: str | None
    test: Coded
    result: Coded | None


def read(obx: Segment, obr: Segment | None, policy: Policy) -> Read:
    """This observation under its order. NotMapped when it is no result that the hub may keep."""
    found, if_ordered = _read(obx, policy)
    if if_ordered != found and is_covid_order(obr):
        found = if_ordered
    if isinstance(found, Unkept):
        raise NotMapped(found.reason, "ignored")
    return found


@remembering(2, 3, 5)  # laboratories ask a few dozen questions, thousands of times a day
def _read(obx: Segment, policy: Policy) -> tuple[Read | Unkept, Read | Unkept]:
    """Under an order that does not ask for a SARS-CoV-2 test, and under one that does: nearly always the same."""
    found, if_ordered = (_judged(obx, covid_order, policy) for covid_order in (False, True))
    return _shown(obx, found), _shown(obx, if_ordered)


def _shown(obx: Segment, found: Judged | Unkept) -> Read | Unkept:
    return found if isinstance(found, Unkept) else read_as(obx, found)


@remembering(3, 5)
def read_as(obx: Segment, meant: Judged) -> Read:
    """This observation where it is known what it means."""
    answered = coded_answer(codings_of(obx.coded(5)), meant.meaning) if obx.raw(5) else None
    return Read(meant, code_of(meant.loinc or ""), coded_test(codings_of(obx.coded(3)), meant.loinc), answered)


def _judged(obx: Segment, covid_order: bool, policy: Policy) -> Judged | Unkept:
    question, kind = obx.coded(3), _kind(obx)
    if kind == "coded" and (told := obx.repetitions(5)) > 1:
        return _judged_each(obx, question, min(told, _MOST_ANSWERS), covid_order, policy)
    answered = obx.coded(5) if kind != "other" else None
    return _judged_one(question, kind, answered, _text(obx, kind, answered), covid_order, policy)


def _text(obx: Segment, kind: _Kind, answered: hl7v2.Coded | None) -> str:
    """The answer in words: all lines of a text (repetitions of TX are its lines), of a coded one its original text (CWE.9) where
    it has neither code nor display; of a number only whether there is one."""
    if kind == "text":
        return "\n".join(obx.text(5, repetition=n) for n in range(1, min(obx.repetitions(5), _MOST_ANSWERS) + 1))
    if kind == "other":
        return obx.raw(5)[:1]
    return "" if answered is None or any(answered) else obx.text(5, _ORIGINAL_TEXT)


def _judged_each(obx: Segment, question: hl7v2.Coded, told: int, covid_order: bool, policy: Policy) -> Judged | Unkept:
    """A field of several answers (`~`)."""
    answers = [Answer("coded", codings_of(obx.coded(5, n))) for n in range(1, told + 1)]
    given = [answer for answer in answers if answer.given] or answers[:1]
    return judge_all(_asked(question), given, covid_order=covid_order, policy=policy)


def _kind(obx: Segment) -> _Kind:
    """By OBX-2; a type that is for numbers or documents is text where the value is a word without any digit (`NM` with
    `NEGATIVE`)."""
    word = obx.text(2).upper()
    if word in _CODED_TYPES:
        return "coded"
    if word in _TEXT_TYPES or (
        word not in _DOCUMENTS and obx.raw(5)[:1].isalpha() and not _NUMBERS & set(obx.raw(5)[:_MEMORABLE])
    ):
        return "text"
    return "other"


def _judged_one(
    question: hl7v2.Coded, kind: _Kind, answered: hl7v2.Coded | None, text: str, covid_order: bool, policy: Policy
) -> Judged | Unkept:
    codings = tuple(code for code in codings_of(answered) if any(code)) if answered is not None else ()
    if kind == "text" and len(codings) == 1 and not any(codings[0][1:]):
        codings = ()  # plain text, no coded value under a wrong type
    return judge(_asked(question), Answer(kind, codings, text), covid_order=covid_order, policy=policy)


def _asked(question: hl7v2.Coded) -> Asked:
    return asked(codings_of(question))


def codings_of(coded: hl7v2.Coded) -> tuple[Code, Code]:
    """The first and the alternate triplet."""
    return (
        Code(coded.code, coded.system, coded.display),
        Code(coded.alt_code, coded.alt_system, coded.alt_display),
    )


def status(obx: Segment, obr: Segment | None, *, told_apart: bool = False) -> tuple[LabStatus, str]:
    """OBX-11 within OBR-25, else OBR-25, else final with an issue. `told_apart`: the results of this corrected order say themselves
    which of them are the correction. NotMapped when there is no result yet."""
    own = obx.text(11)
    order = obr.text(25) if obr is not None and not (told_apart and own) else ""
    stated, issue = (_status_before if len(own) + len(order) <= _TWO_WORDS else hl7_status)(own, order)
    if stated is None:
        raise NotMapped("no-result-yet", "ignored")
    return stated, issue


_status_before = lru_cache(maxsize=256)(hl7_status)  # an F, nearly always


def is_question(obx: Segment) -> bool:
    """An answer of the person (by its code, or marked QST in OBX-29), not an observation: read by labs_questions."""
    return _asks_the_person(obx) or (obx.raw(29) != "" and obx.text(29).upper() == "QST")


@remembering(3)
def _asks_the_person(obx: Segment) -> bool:
    known = observations().get(obx.coded(3).code)
    return known is not None and known.cls == "question"


def is_covid_order(obr: Segment | None) -> bool:
    """OBR-4 asks for a SARS-CoV-2 test or panel, so that an unknown code under it deserves a look."""
    return obr is not None and _asks_for_covid(obr)


@remembering(4)
def _asks_for_covid(obr: Segment) -> bool:
    return is_covid_test(codings_of(obr.coded(4)))


def is_covid_result(obx: Segment) -> bool:
    """OBX-3 is a SARS-CoV-2 test, by its code or its name."""
    return not is_question(obx) and is_covid_test(codings_of(obx.coded(3)))
