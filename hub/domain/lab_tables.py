"""What laboratory codes stand for: questions (LOINC), answers (SNOMED CT and words) and status words, out of tables/.

`observations.csv`: class and method of a test code, or which question an order-entry code asks. `results.csv`:
meaning of a coded answer, for some classes its own. `result_words.csv`: meaning of a word, exact and case-free.
`lab_status.csv`: status codes of HL7 (OBX-11, OBR-25), FHIR and CSV uploads.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, cast

from hub.domain.events import LabStatus, Meaning, Method
from hub.domain.tables import keyed, rows

__all__ = ["Meant", "Observation", "observations", "results", "statuses", "word_meanings"]


class Observation(NamedTuple):
    """What a test code asks for: `cls` diagnostic, genus, multi-analyte, serology, t-cell, variant, control,
    other-pathogen, panel, epidemiology or question; `asks` names the question."""

    cls: str
    method: Method
    asks: str


class Meant(NamedTuple):
    """What an answer means, and the issue it brings (`pooled-specimen`)."""

    meaning: Meaning
    issue: str


@lru_cache(maxsize=1)
def observations() -> Mapping[str, Observation]:
    """By LOINC code (or the local code of an epidemiology block)."""
    return {
        row["code"]: Observation(row["class"], cast(Method, row["method"] or "other"), row["asks"])
        for row in rows("observations")
    }


@lru_cache(maxsize=1)
def results() -> Mapping[tuple[str, str], Meant]:
    """By SNOMED CT code and observation class; class `` holds for every class without a row of its own."""
    return {
        (row["code"], row["observation_class"]): Meant(cast(Meaning, row["meaning"]), row["issue"])
        for row in rows("results")
    }


def word_meanings() -> Mapping[str, Meaning]:
    """By the word in capital letters."""
    return cast(Mapping[str, Meaning], keyed("result_words", "words", "meaning"))


@lru_cache(maxsize=1)
def statuses() -> Mapping[tuple[str, str], LabStatus | None]:
    """By field (`obx-11`, `obr-25`, `fhir`, `csv`) and code or word in capital letters; None: no result yet."""
    return {
        (row["field"], row["code"]): None if row["status"] == "pending" else cast(LabStatus, row["status"])
        for row in rows("lab_status")
    }
