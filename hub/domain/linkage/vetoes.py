"""When two records are two people, or must be looked at by a person, whatever the sum says (equity-identity.md B3, requirement 20).

Twins, Junior and Senior and members of one household share nearly all that is compared; weights alone unite them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from hub.domain.linkage.comparable import Comparable

__all__ = ["REASONS", "Veto", "refutes", "veto"]


class Veto(NamedTuple):
    """Why a pair is not united: `apart` for ever, or only after a person looked (`review`)."""

    reason: str
    effect: Literal["apart", "review"]


REASONS: Mapping[str, str] = {
    "junior-senior": "same name, another suffix",
    "ssn-conflict": "two full Social Security numbers more than a slip or two apart",
    "generations": "same name, birth dates of two generations",
    "twins": "same family name, birth date and address or phone, another given name",
    "two-people": "another given name and another birth date",
    "sex-and-given": "another sex and another given name, but a number or contact details agree",
}
"""What each reason code says."""

_ALIKE_GIVEN = frozenset({"exact", "nickname", "close", "sounds", "part", "middle", "swapped", "initial"})
_ALIKE_FAMILY = frozenset({"exact", "close", "sounds", "part", "previous", "swapped"})
_SAME_DAY = frozenset({"exact", "new-year", "year-month", "year", "slip"})
_SAME_NUMBER = frozenset({"exact", "typo"})
_FULL = 9
_IN_A_ROW = 3
"""Numbers this near were given out one after the other, as twins' are, not mistyped."""
_GENERATION = 12  # years
"""A birth date this far off is no slip but another generation."""


def refutes(reason: str, levels: Mapping[str, str]) -> bool:
    """Whether a pair that agrees so shows that the reason does not hold for its side: a person known by both given names, or
    with both birth dates, by a number or a person's word. Conflicting numbers and suffixes nothing refutes."""
    if reason == "generations":
        return levels.get("birth_date") in _SAME_DAY
    if reason in {"twins", "two-people", "sex-and-given"}:
        return levels.get("given") in _ALIKE_GIVEN and levels.get("birth_date") in _SAME_DAY
    return False


def veto(one: Comparable, other: Comparable, levels: Mapping[str, str]) -> Veto | None:
    """The first reason that stands between these two, given the levels of their comparison; None where none does."""
    given, family, born = levels.get("given"), levels.get("family"), levels.get("birth_date")
    number = _same_number(one, other, levels)
    if levels.get("suffix") == "different":
        return Veto("junior-senior", "review" if number else "apart")
    if levels.get("ssn") == "different" and len(one.ssn or "") == len(other.ssn or "") == _FULL:
        alike = given in _ALIKE_GIVEN and family in _ALIKE_FAMILY and born == "exact"
        return Veto("ssn-conflict", "review" if alike else "apart")
    if given in _ALIKE_GIVEN and born == "different" and not number and _generation_apart(one, other):
        return Veto("generations", "apart")
    if given != "different":
        return _changed_sex(given, levels)
    if number:
        return _changed_sex(given, levels)
    if born == "different":
        return Veto("two-people", "apart")
    if levels.get("sex") == "different":
        strong = levels.get("ssn") == "last-four" and born in _SAME_DAY
        return Veto("sex-and-given", "review" if strong else "apart")
    if family in _ALIKE_FAMILY and born in _SAME_DAY and _one_household(levels):
        return Veto("twins", "apart")
    return None


def _changed_sex(given: str | None, levels: Mapping[str, str]) -> Veto | None:
    if levels.get("sex") == "different" and given in {"different", "similar", "close"}:
        return Veto("sex-and-given", "review")
    return None


def _same_number(one: Comparable, other: Comparable, levels: Mapping[str, str]) -> bool:
    """The same number, mistyped at most once; numbers given out in a row are two."""
    if levels.get("ssn") == "exact":
        return True
    if levels.get("ssn") != "typo" or one.ssn is None or other.ssn is None:
        return False
    return abs(int(one.ssn) - int(other.ssn)) > _IN_A_ROW


def _one_household(levels: Mapping[str, str]) -> bool:
    return (
        levels.get("address") in {"exact", "close"} or levels.get("phone") == "exact" or levels.get("email") == "exact"
    )


def _generation_apart(one: Comparable, other: Comparable) -> bool:
    return (
        one.birth_date is not None
        and other.birth_date is not None
        and abs(one.birth_date.year - other.birth_date.year) >= _GENERATION
    )
