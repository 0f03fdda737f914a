"""OBX of a laboratory message: what was asked, what was answered, how final it is.

Positive needs three things: a diagnostic code, an answer that the table calls positive, and (elsewhere) a final status.
Abnormal flags, display text and notes decide nothing; words only where no code was sent, exactly and case-free.
Whatever is not in the tables goes to review, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, cast

from hub.domain.events import LabStatus, Meaning, Method
from hub.formats.hl7v2 import Coded, Segment
from hub.mapping.program import NotMapped
from hub.mapping.tables import Observation, keyed, observations, results

__all__ = ["Asked", "answered", "asked", "status"]

_LOINC_SYSTEMS = frozenset({"LN", "LOINC", "2.16.840.1.113883.6.1", "HTTP://LOINC.ORG"})
_SNOMED_SYSTEMS = frozenset({"SCT", "SNOMED", "SNOMED-CT", "SNM", "2.16.840.1.113883.6.96", "HTTP://SNOMED.INFO/SCT"})
_CODED_TYPES = frozenset({"CWE", "CE", "CNE", "CF", ""})
_TEXT_TYPES = frozenset({"ST", "TX", "FT"})
_COVID_CLASSES = frozenset({"diagnostic", "genus", "multi-analyte", "panel"})
_NEVER = frozenset({"serology", "t-cell", "control", "other-pathogen"})

_OBX_11: Mapping[str, LabStatus] = {
    "F": "final", "U": "final", "P": "preliminary", "R": "preliminary", "S": "preliminary", "C": "corrected", "A": "corrected",
    "W": "withdrawn", "D": "withdrawn", "X": "withdrawn",
}  # fmt: skip
_OBR_25: Mapping[str, LabStatus] = {
    "F": "final", "C": "corrected", "P": "preliminary", "A": "preliminary", "R": "preliminary", "X": "withdrawn",
}  # fmt: skip
_MEMORABLE = 200  # characters: what a hostile source writes is not kept in memory
_NO_RESULT_YET = frozenset({"I", "O", "N"})


class Asked(NamedTuple):
    """`loinc` as understood (None when the code is in no table), `known` its table row, `issue` what was odd about
    it.
    """

    loinc: str | None
    known: Observation | None
    coded: Coded
    issue: str


def asked(obx: Segment) -> Asked:
    """OBX-3: the first triplet if its system is LOINC, else the alternate one, else a code that the table holds
    anyway.
    """
    coded = obx.coded(3)
    return _asked_before(coded) if len(obx.raw(3)) <= _MEMORABLE else _asked(coded)


def _asked(coded: Coded) -> Asked:
    table = observations()
    if coded.system.upper() in _LOINC_SYSTEMS:
        return Asked(coded.code or None, table.get(coded.code), coded, "")
    if coded.alt_system.upper() in _LOINC_SYSTEMS:
        return Asked(coded.alt_code or None, table.get(coded.alt_code), coded, "")
    known = table.get(coded.code)
    if known is not None and known.cls != "question":
        return Asked(coded.code, known, coded, "code-system-unknown")
    return Asked(None, known, coded, "")


_asked_before = lru_cache(maxsize=2_048)(_asked)  # laboratories ask a few dozen questions, thousands of times a day


def answered(obx: Segment, question: Asked, *, covid_order: bool) -> tuple[Meaning, str]:
    """What this observation means, and the issue of its answer.

    NotMapped when it is no result that the hub may keep.
    """
    known = question.known
    if known is None or known.cls in ("panel", "epidemiology", "question"):
        if known is not None:
            raise NotMapped("not-a-result", "ignored")
        if not covid_order:
            raise NotMapped("not-covid", "ignored")
        if obx.text(2).upper() not in _CODED_TYPES | _TEXT_TYPES:
            raise NotMapped("not-a-result", "ignored")
        return "review", "unknown-test"
    if known.cls in _NEVER:
        return "not-covid", ""
    if obx.raw(5) == "":
        return "review", "no-result"
    meaning, issue = _meaning(obx, known.cls)
    if known.cls == "genus" and meaning == "positive":
        return "presumptive-positive", "genus-level"
    return meaning, issue


def _meaning(obx: Segment, cls: str) -> tuple[Meaning, str]:
    kind = obx.text(2).upper()
    if kind in _TEXT_TYPES:
        return _by_word(obx.text(5))
    if kind not in _CODED_TYPES:
        return "review", "result-not-coded"
    coded = obx.coded(5)
    table = results()
    for code, system in ((coded.code, coded.system), (coded.alt_code, coded.alt_system)):
        if code and system.upper() in _SNOMED_SYSTEMS:
            answer = table.get((code, cls)) or table.get((code, ""))
            return (cast(Meaning, answer.meaning), answer.issue) if answer else ("review", "unknown-result-code")
    answer = table.get((coded.code, cls)) or table.get((coded.code, ""))
    if answer is not None:
        return cast(Meaning, answer.meaning), answer.issue or "code-system-unknown"
    return _by_word(coded.code or coded.display)


def _by_word(text: str) -> tuple[Meaning, str]:
    meaning = keyed("result_words", "words", "meaning").get(text.strip().upper())
    return (cast(Meaning, meaning), "") if meaning else ("review", "unknown-result-word")


def status(obx: Segment, obr: Segment | None) -> tuple[LabStatus, str]:
    """OBX-11, else OBR-25, else final with an issue. NotMapped when there is no result yet."""
    code = obx.text(11).upper()
    report = obr.text(25).upper() if obr is not None else ""
    if code:
        if code in _NO_RESULT_YET:
            raise NotMapped("no-result-yet", "ignored")
        if code not in _OBX_11:
            return "preliminary", "status-unknown"
        return _OBX_11[code], "status-conflict" if report == "W" and code != "W" else ""
    if report in _NO_RESULT_YET:
        raise NotMapped("no-result-yet", "ignored")
    return _OBR_25.get(report, "final"), "status-missing"


def is_question(obx: Segment) -> bool:
    """An answer of the person (by its code, or marked QST in OBX-29), not an observation: read by labs_questions."""
    known = observations().get(obx.coded(3).code)
    return (known is not None and known.cls == "question") or (obx.raw(29) != "" and obx.text(29).upper() == "QST")


def is_covid_order(obr: Segment | None) -> bool:
    """OBR-4 asks for a SARS-CoV-2 test or panel, so that an unknown code under it deserves a look."""
    if obr is None:
        return False
    ordered = obr.coded(4)
    known = observations().get(ordered.code) or observations().get(ordered.alt_code)
    return known is not None and known.cls in _COVID_CLASSES


def method_of(question: Asked) -> Method:
    """How it was measured, by the table."""
    return cast(Method, question.known.method) if question.known is not None else "other"
