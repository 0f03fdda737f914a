"""The need vocabulary, one table for all sources (tables/needs.csv): what an answer, a diagnosis, a field or a service says.

Keys by `system`: `loinc` question and answer, since one question has different answers in different tools (`*`: any answer);
`icd-10-cm` the longest prefix of the code; `snomed` and `gravity` a code that says all; `hmis` a column and its FY2024 code (of
these `Event` is read by hub.mapping.shelters_referrals, income and insurance by hub.mapping.shelters_income; where somebody
lives is told by living_situations.csv); `food` a program and what happened. Every row
has its source; what no row decides is nobody's need (social-standards.md requirement 13).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from hub.domain.event_parts import YesNo
from hub.domain.need_words import Signal
from hub.mapping.tables import rows

__all__ = ["NOT_A_NEED", "Need", "System", "diagnosis", "is_asked", "need_of", "takes_several"]

System = Literal["loinc", "icd-10-cm", "snomed", "gravity", "hmis", "food"]
NOT_A_NEED = "not-a-social-need"
"""In place of a category: the question is known, and asks for something else."""
_ANY = "*"
_LONGEST_ICD = 8  # characters with its dot: Z59.861, T74.11XA


class Need(NamedTuple):
    """What a row says. `multi`: the question takes several answers, each a fact of its own; `label`: its sensitivity."""

    category: str
    indicates_need: YesNo
    signal: Signal
    multi: bool
    label: str


def need_of(system: System, question: str, answer: str) -> Need | None:
    """The row of a question (empty where the code says all) and an answer; None where there is none."""
    table = _table()
    return table.get((system, question, answer)) or table.get((system, question, _ANY))


def diagnosis(code: str) -> Need | None:
    """What an ICD-10-CM code says, with or without its dot: by the longest prefix in the table (Z59.02 by Z59.0)."""
    plain = code.strip().upper().replace(".", "")
    dotted = f"{plain[:3]}.{plain[3:]}" if len(plain) > 3 else plain
    for length in range(min(len(dotted), _LONGEST_ICD), 2, -1):
        found = _table().get(("icd-10-cm", "", dotted[:length]))
        if found is not None and not dotted[:length].endswith("."):
            return found
    return None


def is_asked(question: str) -> bool:
    """Whether a LOINC question stands in the table."""
    return question in _questions()


def takes_several(question: str) -> bool:
    """Whether a LOINC question takes several answers."""
    return question in _several()


@lru_cache(maxsize=1)
def _table() -> Mapping[tuple[str, str, str], Need]:
    return {
        (row["system"], row["question"], row["answer"]): Need(
            row["category"],
            cast(YesNo, row["indicates_need"]),
            cast(Signal, row["signal"]),
            row["multi"] == "yes",
            row["label"],
        )
        for row in rows("needs")
    }


@lru_cache(maxsize=1)
def _questions() -> frozenset[str]:
    return frozenset(question for system, question, _ in _table() if system == "loinc")


@lru_cache(maxsize=1)
def _several() -> frozenset[str]:
    return frozenset(question for (system, question, _), need in _table().items() if system == "loinc" and need.multi)
