"""What an observation is that means nothing by itself and stands beside a result: tables/lab_notes.csv.

It decides nothing alone: where no result of the same order says what was found, somebody must look (hub.domain.lab_report).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from hub.domain.events import Meaning
from hub.domain.lab_names import plain
from hub.domain.lab_said import Answer, said
from hub.domain.tables import rows

__all__ = ["Beside", "beside_a_result", "beside_a_test", "may_tell_a_positive", "said_by_a_note"]

Beside = Literal["", "number", "note", "line", "panel"]
"""`number`: a cycle threshold or a count; `note`: a local observation that is no result (a question, a control, a service done);
`line`: a line of a report in words that says no result; `panel`: the answer to a panel, which repeats that of its test."""

_NUMBER = re.compile(
    r"[<>=~ ]*\d[\d.,]*(?:E[+-]?\d+)?(?: ?\*? ?10\^?\d+)?(?: ?(?:COPIES|CP|IU|CT|CYCLES?|LOG10|LOG)[A-Z0-9/ ]*)?",
    re.IGNORECASE,
)
_OF_A_RESULT = re.compile(
    r"POSITI|NEGATI|DETECT|REACTIV|CONCLUSI|DETERMIN|EQUIVOC|INVALID|PRESUM|CONFIRM|PENDING|ABNORMAL|SEE |RESULT"
    r"|\b(?:POS|NEG|DET|NDET|PRES|PRESENT|FOUND|ABN)\b|\+",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"POSITIVE|\bPOS\b|(?<!NOT )(?<!NON[- ])\b(?:DETECTED|REACTIVE)\b|\+", re.IGNORECASE)
_IN_GENERAL = re.compile(
    r"\b(?:RESULTS|SHOULD|MAY|CAN|COULD|DOES|DO|IF|WHEN|INDICAT\w+|ASSAY|METHOD|FDA|EUA|AUTHORI[SZ]ED|LIMIT|FALSE|PRECLUDE"
    r"|INTERPRET\w*|REFERENCE|EXPECTED|NORMAL)\b",
    re.IGNORECASE,
)
_LONGEST = 200  # characters of what is looked at


def beside_a_test(answer: Answer, issue: str) -> Beside:
    """What the answer to a known test is, that is reviewed for this issue."""
    if issue == "result-not-coded" or (issue == "unknown-result-word" and _NUMBER.fullmatch(_words(answer))):
        return "number"
    if issue == "unknown-result-word" and answer.kind == "text" and not _OF_A_RESULT.search(answer.text[:_LONGEST]):
        return "line" if len(answer.text) <= _LONGEST else ""
    return ""


def may_tell_a_positive(text: str) -> bool:
    """Whether a line of text under a result, which is no word of the table, speaks of a positive, and not of tests in general."""
    line = text[:_LONGEST]
    return _POSITIVE.search(line) is not None and _IN_GENERAL.search(line) is None


def beside_a_result(names: Iterable[str], answer: Answer) -> Beside:
    """What a test of unknown code is, by its names and its answer."""
    notes, weak, assays, answers = _phrases()
    name = plain(" / ".join(names)[:_LONGEST])
    if notes.search(name) or (weak.search(name) and not assays.search(name)):
        return "note"
    return "note" if plain(_words(answer)) in answers else ""


def said_by_a_note(names: Iterable[str], answer: Answer) -> Meaning | None:
    """What a note says of the virus by its answer; `review` where that may be anything: the name is of a test, or the answer sounds
    like a result. None: nothing."""
    meaning, issue = said(answer, "diagnostic")
    if meaning != "review":
        return meaning
    told = (answer.text, *(text for coding in answer.codings for text in (coding.code, coding.display)))
    if issue == "answers-differ" or any(_OF_A_RESULT.search(text[:_LONGEST]) for text in told):
        return "review"
    _, _, assays, answers = _phrases()
    is_done = plain(_words(answer)) in answers
    return "review" if assays.search(plain(" / ".join(names)[:_LONGEST])) and not is_done else None


def _words(answer: Answer) -> str:
    told = answer.text or next((coding.code or coding.display for coding in answer.codings), "")
    return told.strip()[:_LONGEST]


@lru_cache(maxsize=1)
def _phrases() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], frozenset[str]]:
    found: dict[str, list[str]] = {}
    for row in rows("lab_notes"):
        found.setdefault(row["where"], []).append(plain(row["phrase"]))
    told = [
        re.compile(rf"\b(?:{'|'.join(map(re.escape, found[where]))})\b")
        for where in ("name", "name-of-no-assay", "assay")
    ]
    return told[0], told[1], told[2], frozenset(found["answer"])
