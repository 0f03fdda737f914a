"""Words that stand where a source knows nobody (tables/placeholders.csv): `UNKNOWN` as a medical record number, `Unk` as a name,
1 January 1900 as a day of birth. Two people who share one are not the same person.

Only whole values are such words. People are called Doe, Test and Null: a name is none because of one part that may be a name.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from hub.domain.tables import rows

__all__ = [
    "PLACEHOLDER_BIRTH_DATE",
    "PLACEHOLDER_ID",
    "PLACEHOLDER_NAME",
    "real_address",
    "real_birth_date",
    "real_id",
    "real_names",
]

PLACEHOLDER_ID, PLACEHOLDER_NAME, PLACEHOLDER_BIRTH_DATE = (
    "placeholder-id",
    "placeholder-name",
    "placeholder-birth-date",
)
"""The issues of a record in which one was found."""

_BETWEEN = re.compile(r"[\W_]+")
_LONGEST = 40  # characters: no such word is longer
_FEWEST_NINES = 3  # `9` and `99` are the ids of people in a small system


def real_id(text: str) -> str:
    """The id, or empty where it names nobody: a word of the table, nothing but zeros, three or more nines, several X, or no letter
    and no digit at all."""
    return "" if text and len(text) <= _LONGEST and _names_nobody(text) else text


def real_names(family: str, given: str) -> tuple[str, str]:
    """Family and given name, each empty where it is a word of the table; both where both are a word that may be a name
    (`Null^Null`)."""
    if max(len(family), len(given)) > 2 * _LONGEST:
        return family, given
    last, first = _plain(family), _plain(given)
    if last not in (words := _name_words()) and first not in words:  # as the names of nearly everybody
        return family, given
    if last == first and last in _words("both-names"):
        return "", ""
    return ("" if last in _words("name") else family), ("" if first in _words("name") else given)


def real_address(line: str) -> str:
    """The address line, or empty where it is the word for none (`NO FIXED ADDRESS`) or names nothing as an id may."""
    return "" if _plain(line) in _words("address") else real_id(line)


def real_birth_date(day: date | None) -> date | None:
    """The day of birth; None where it is one that systems write for an unknown one."""
    return None if day in _unknown_days() else day


@lru_cache(maxsize=4_096)
def _names_nobody(text: str) -> bool:
    plain = _plain(text)
    marks = set(plain) - {" "}
    if len(marks) > 1:  # as those of nearly everybody
        return plain in _words("id")
    length = len(plain.replace(" ", ""))
    return (
        not marks
        or plain in _words("id")
        or marks == {"0"}
        or (marks == {"9"} and length >= _FEWEST_NINES)
        or (marks == {"X"} and length > 1)
    )


def _plain(text: str) -> str:
    """Words in capital letters with one blank between them."""
    whole = text.isalpha() or (text.isascii() and text.isalnum())
    return text.upper() if whole else _BETWEEN.sub(" ", text.upper()).strip()


@lru_cache(maxsize=1)
def _name_words() -> frozenset[str]:
    return _words("both-names") | _words("name")


@lru_cache(maxsize=1)
def _unknown_days() -> frozenset[date | None]:
    return frozenset(date.fromisoformat(word) for word in _words("birth-date"))


@lru_cache(maxsize=4)
def _words(kind: str) -> frozenset[str]:
    return frozenset(row["word"] for row in rows("placeholders") if row["kind"] == kind)
