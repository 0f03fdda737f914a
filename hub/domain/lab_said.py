"""What an answer of a laboratory says by itself: a code by tables/results.csv, else words (hub.domain.lab_words).

Of several codings the first of a system that we know decides, unless another of them says something else: then nobody knows.
A word in place of a code, and a code in place of its text, are read as what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from hub.domain.lab_tables import Meant, results
from hub.domain.lab_words import worded

__all__ = ["Answer", "Code", "is_loinc", "said"]

_LOINC_SYSTEMS = frozenset({
    "LN", "LOINC", "2.16.840.1.113883.6.1", "URN:OID:2.16.840.1.113883.6.1", "HTTP://LOINC.ORG",
})  # fmt: skip
_SNOMED_SYSTEMS = frozenset({
    "SCT", "SNOMED", "SNOMED-CT", "SNOMED CT", "SNOMEDCT", "SNOMED_CT", "SNM",
    "2.16.840.1.113883.6.96", "URN:OID:2.16.840.1.113883.6.96",
    "HTTP://SNOMED.INFO/SCT",
})  # fmt: skip


class Code(NamedTuple):
    """One coding as sent; empty strings where absent. `system` by any of its names (`LN`, OID, URL)."""

    code: str
    system: str = ""
    display: str = ""


class Answer(NamedTuple):
    """`kind`: `coded` (CWE, CE, CodeableConcept), `text` (ST, TX, FT, valueString) or `other` (a number, a date).

    `text` is the plain text of a `text` answer, and what a coded one says beside its codings.
    """

    kind: Literal["coded", "text", "other"]
    codings: tuple[Code, ...] = ()
    text: str = ""

    @property
    def given(self) -> bool:
        """False where nothing at all was answered."""
        return bool(self.text) or any(any(coding) for coding in self.codings)


def is_loinc(system: str) -> bool:
    """Whether this is a name of LOINC."""
    return (word := system.upper()) in _LOINC_SYSTEMS or word.startswith("LOINC")


def said(answer: Answer, cls: str) -> Meant:
    """What the answer means to a test of this class (observations.csv); `review` where no table says."""
    if answer.kind == "other":
        return Meant("review", "result-not-coded")
    if answer.kind == "text":
        meant = _by_word(answer.text, cls)
        return meant if meant.meaning != "review" or not answer.codings else _by_codings(answer.codings, "", cls)
    return _by_codings(answer.codings, answer.text, cls)


def _by_codings(codings: Sequence[Code], text: str, cls: str) -> Meant:
    """The first code of a system that we know, else the first code that the table holds, else words: of each coding its code,
    its display only where it has no code. Review where two codings are of different meaning."""
    if len(codings) > 1 and len({meaning for coding in codings if (meaning := _alone(coding, cls))}) > 1:
        return Meant("review", "answers-differ")
    for coding in codings:
        if coding.code and (coding.system.upper() in _SNOMED_SYSTEMS or is_loinc(coding.system)):
            return _by_coding(coding, cls)
    for coding in codings:
        if meant := _by_code(coding.code, cls):
            return Meant(meant.meaning, meant.issue or "code-system-unknown")
    if any(_differs(worded(coding.code).meaning, worded(coding.display).meaning) for coding in codings):
        return Meant("review", "answers-differ")
    words = [word for coding in codings if (word := coding.code or coding.display)] or [text]
    found = [_by_word(word, cls) for word in words]
    return next((meant for meant in found if meant.meaning != "review"), found[0])


def _differs(code: str | None, display: str | None) -> bool:
    return code is not None and display is not None and code != display


def _alone(coding: Code, cls: str) -> str | None:
    """What one of several codings says, by its display too where its code says nothing; None where nothing is known of it."""
    meant = _by_code(coding.code, cls)
    if meant is None:
        word = coding.code if worded(coding.code).meaning else coding.display
        meant = _by_word(word, cls) if word else None
    return meant.meaning if meant is not None and meant.meaning != "review" else None


def _by_coding(coding: Code, cls: str) -> Meant:
    """What a code of a known system means, whatever its display says; told where the display is another result."""
    meant = _by_code(coding.code, cls)
    if meant is None:
        return _misplaced(coding, cls)
    shown = worded(coding.display).meaning if coding.display and not meant.issue else None
    return meant if shown in (None, meant.meaning) else Meant(meant.meaning, "display-differs")


def _misplaced(coding: Code, cls: str) -> Meant:
    """A word in the place of the code (`Positive^Positive^SCT`), its code in the place of the text or not. What has a digit was
    meant to be a code, and one that no table holds."""
    unknown = Meant("review", "unknown-result-code")
    if any(char.isdigit() for char in coding.code):
        return unknown
    word = _by_word(coding.code, cls)
    if (meant := _by_code(coding.display, cls)) is not None:
        differs = worded(coding.code).meaning not in (None, meant.meaning)
        return Meant("review", "answers-differ") if differs else Meant(meant.meaning, meant.issue or "code-misplaced")
    if word.meaning == "review":
        return word if word.issue == "organism-not-named" else unknown
    if coding.display.isdigit():  # a code that we do not know stands where the text should
        return unknown
    differs = worded(coding.display).meaning not in (None, word.meaning)
    return Meant("review", "answers-differ") if differs else Meant(word.meaning, "code-misplaced")


def _by_code(code: str, cls: str) -> Meant | None:
    return results().get((code, cls)) or results().get((code, ""))


def _by_word(text: str, cls: str) -> Meant:
    read = worded(text)
    if read.meaning is None:
        if meant := _by_code(text.strip(), cls):  # a code sent as text
            return Meant(meant.meaning, meant.issue or "code-system-unknown")
        return Meant("review", "answers-differ" if read.differ else "unknown-result-word")
    if cls == "multi-analyte" and read.meaning == "positive" and not read.names_virus:
        return Meant("review", "organism-not-named")
    return Meant(read.meaning, "")
