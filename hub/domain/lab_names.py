"""What the name of a test or order speaks of, where its code is in no table (tables/pathogen_names.csv).

A name never makes a result positive. It decides only whether somebody must look: a test that names SARS-CoV-2 under an unknown
code goes to review and is not lost; one that names another pathogen and not this one is not its business; one that is plainly of
something else (HIV, syphilis, lead; by its name or its LOINC code, which the table holds too) is not kept whatever was ordered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from hub.domain.tables import rows

__all__ = ["Named", "named", "plain", "subjects"]

Named = Literal["covid", "unrelated", "other", ""]
"""`covid` wins: a name of both (a combined test) is looked at; `other` are pathogens that one panel tests for beside it."""

_BETWEEN = re.compile(r"[^A-Z0-9]+")


def plain(text: str) -> str:
    """Words in capital letters with one blank between them, whatever stood there (`SARS-CoV-2` and `sars_cov 2` alike)."""
    return _BETWEEN.sub(" ", text.upper()).strip()


@lru_cache(maxsize=1)
def subjects() -> tuple[str, ...]:
    """The names of SARS-CoV-2 as `plain` writes them, the longest first."""
    found = {plain(row["name"]) for row in rows("pathogen_names") if row["pathogen"] == "covid"}
    return tuple(sorted(found, key=lambda name: (-len(name), name)))


_SHORT = 4  # letters: so short a name must begin a word (`human CoV 229E` holds no `nCoV`)


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Of the names run together or not (`SARSCOV2`, `COVID19 PCR`), no digit behind a digit (`coronavirus 229E` is another
    one); of what is unrelated, and of other pathogens, as whole words."""
    found: dict[str, list[str]] = {"covid": [], "unrelated": [], "other": []}
    for row in rows("pathogen_names"):
        name = plain(row["name"])
        if row["pathogen"] in ("other", "unrelated"):
            found[row["pathogen"]].append(re.escape(name))
            continue
        start = r"\b" if len(name.replace(" ", "")) <= _SHORT else ""
        end = r"(?![0-9])" if name[-1].isdigit() else ""
        found["covid"].append(f"{start}{name.replace(' ', ' ?')}{end}")
    unrelated, other = (re.compile(rf"\b(?:{'|'.join(found[which])})(?: VIRUS)?\b") for which in ("unrelated", "other"))
    return re.compile("|".join(found["covid"])), unrelated, other


@lru_cache(maxsize=2_048)
def _named(text: str) -> Named:
    words = plain(text)
    covid, unrelated, other = _patterns()
    if covid.search(words):
        return "covid"
    if unrelated.search(words):
        return "unrelated"
    return "other" if other.search(words) else ""


def named(*texts: str) -> Named:
    """What these codes and displays, taken together, speak of."""
    return _named(" / ".join(text[:200] for text in texts if text))
