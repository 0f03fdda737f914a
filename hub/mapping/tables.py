"""The dated code tables (tables/*.csv): what a code means is data with a source and a version, not code.

Each table is read once. A table that does not hold what its reader expects is a programming error and raises at
first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from hub.domain import tables

__all__ = ["ScreeningAnswer", "keyed", "rows", "screening_answers"]


def rows(name: str) -> list[dict[str, str]]:
    """All rows of a table of this room, in file order."""
    return tables.rows(name, "hub.mapping")


def keyed(name: str, key: str, value: str) -> Mapping[str, str]:
    """One column of a table by another one."""
    return tables.keyed(name, key, value, "hub.mapping")


class ScreeningAnswer(NamedTuple):
    """Need category of a (question, answer) pair; `multi`: the question takes several answers; `label`: sensitivity."""

    category: str
    indicates_need: str
    multi: bool
    label: str


@lru_cache(maxsize=1)
def screening_answers() -> Mapping[tuple[str, str], ScreeningAnswer]:
    """By LOINC question and LOINC answer: one question has different answer lists in different tools."""
    return {
        (row["question"], row["answer"]): ScreeningAnswer(
            row["category"], row["indicates_need"], row["multi"] == "yes", row["label"]
        )
        for row in rows("screening_answers")
    }
