r"""What a result in words means: the whole text, case-free, by tables/result_words.csv, and nothing that is only like it.

What may stand around the word and changes nothing: blanks, quotes and asterisks, a full stop, an abnormal flag in brackets
(`DETECTED (A)`: flags decide nothing, health-standards.md §8 R14), a cycle threshold (`Positive, Ct 21.3`), and the virus itself
(`SARS-CoV-2 RNA: not detected`, `Negative for COVID-19`, `No SARS-CoV-2 detected`). Of several lines (`\.br\`, repetitions of a TX
field) the first says the result and the others are its comment, unless one of them says another result: then nobody knows.
Where several pathogens are told in one text (`SARS-CoV-2: DETECTED; Influenza A: Not Detected`), the one clause that names the
virus says the result, if each of the others names another pathogen.

Anything else, `Detected, see note` too, is no word of the table.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hub.domain.events import Meaning
from hub.domain.lab_names import named, plain, subjects
from hub.domain.lab_tables import word_meanings

__all__ = ["Worded", "worded"]

_MEMORABLE = 120  # characters: a longer text is a comment, and what a hostile source writes is not kept in memory
_HIGHLIGHT = re.compile(r"\\[HN]\\", re.IGNORECASE)  # start and end of highlighting in FT, HL7 v2.5.1 §2.7.2
_LINES = re.compile(r"[\r\n]+|\\\.(?:br|sp|ce)\d*\\", re.IGNORECASE)
_FLAG = re.compile(
    r"\s*(?:[(\[](?:A|AA|H|HH|L|LL|N|ABN|ABNORMAL|NORMAL|HIGH|CRITICAL)[)\]]|\*+\s*(?:ABNORMAL|HIGH|NORMAL|CRITICAL)\s*\*+)$"
)
_CYCLE = re.compile(
    r"\s*[,;]?\s*(?:\(\s*CT(?:\s+VALUE)?\s*[:=]?\s*\d{1,2}(?:\.\d+)?\s*\)|CT(?:\s+VALUE)?\s*[:=]?\s*\d{1,2}(?:\.\d+)?)$"
)
_CLAUSES = re.compile(r"[;|\r\n]+|\\\.(?:br|sp|ce)\d*\\", re.IGNORECASE)
_LONGEST_LIST = 500  # characters
_EDGES = " \t\"'*.!"
_SUBJECT_TAILS = (" RNA", " ANTIGEN", " AG", " VIRUS", " PCR", " NAAT", " NAA", " COVID 19", " 19")
_NONE = re.compile(r"NO (?:EVIDENCE OF )?(.+?) (?:WAS )?(?:DETECTED|FOUND)$")


class Worded(NamedTuple):
    """`meaning` None: no word of the table. `names_virus`: the text itself names SARS-CoV-2. `differ`: two results in it."""

    meaning: Meaning | None
    names_virus: bool = False
    differ: bool = False


def worded(text: str) -> Worded:
    """What this text says."""
    lines = [line for line in _LINES.split(_HIGHLIGHT.sub("", text)) if line.strip()]
    if not lines:
        return Worded(None)
    if len(lines) > 1 and _rest(plain(lines[0][:_MEMORABLE])) == "":  # a title: `SARS-CoV-2, NAA:` above the result
        lines = lines[1:]
    first = _line(lines[0])
    if first.meaning is not None:
        others = {said for line in lines[1:50] if (said := _line(line).meaning) is not None}
        if others - {first.meaning}:
            return Worded(None, differ=True)
    return _by_clauses(text) if first.meaning is None else first


def _by_clauses(text: str) -> Worded:
    """What the clause of the virus says among those of other pathogens."""
    if len(text) > _LONGEST_LIST:
        return Worded(None)
    clauses = [clause for clause in _CLAUSES.split(text) if clause.strip()]
    if len(clauses) == 1 and all(":" in clause for clause in text.split(",")):
        clauses = text.split(",")
    ours = [clause for clause in clauses if named(clause) == "covid"]
    if len(ours) != 1 or any(named(clause) not in ("other", "covid") for clause in clauses):
        return Worded(None)
    said = _line(ours[0].strip())
    return said if said.names_virus else Worded(None)


def _line(line: str) -> Worded:
    return _known(line) if len(line) <= _MEMORABLE else Worded(None)


@lru_cache(maxsize=2_048)
def _known(line: str) -> Worded:
    word = " ".join(line.upper().split())
    if "?" in word:
        return Worded(None)
    table = word_meanings()
    for _ in range(3):  # a flag behind a full stop behind a threshold
        if word in table:
            return Worded(table[word], named(word) == "covid")
        word = _CYCLE.sub("", _FLAG.sub("", word)).strip(_EDGES)
    words = plain(word)
    if (meaning := table.get(word) or _plain_meanings().get(words)) is not None:
        return Worded(meaning, named(word) == "covid")
    return _about_the_virus(words)


def _about_the_virus(words: str) -> Worded:
    """The same with the virus named before, behind, or within (`NO … DETECTED`)."""
    if (none := _NONE.match(words)) and _rest(none.group(1)) == "":
        return Worded("negative", True)
    rest = _rest(words)
    if rest is None:
        return Worded(None)
    meaning = _plain_meanings().get(rest) or _plain_meanings().get(rest.removesuffix(" FOR"))
    return Worded(meaning, meaning is not None)


def _rest(words: str) -> str | None:
    """What is left of the text without the name of the virus at its beginning or end; None when it names it at neither."""
    for name in subjects():
        if words.startswith(name) and not words[len(name) : len(name) + 1].isalnum():
            return _without_tail(words[len(name) :])
        for tail in ("", *_SUBJECT_TAILS):
            if words.endswith(f" {name}{tail}"):
                return words[: -len(f" {name}{tail}")].strip()
    return None


def _without_tail(rest: str) -> str:
    found = True
    while found:
        found = False
        for tail in _SUBJECT_TAILS:
            if rest == tail or rest.startswith(f"{tail} "):
                rest, found = rest[len(tail) :], True
    return rest.strip()


@lru_cache(maxsize=1)
def _plain_meanings() -> dict[str, Meaning]:
    """The table's words as `plain` writes them: punctuation apart, where they do not differ by it."""
    return {plain(word): meaning for word, meaning in word_meanings().items() if not word.startswith(("COVID", "SARS"))}
