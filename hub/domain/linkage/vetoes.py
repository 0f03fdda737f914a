"""When two records are two people, or must be looked at by a person, whatever the sum says (equity-identity.md B3, requirement 20).

Twins, Junior and Senior and members of one household share nearly all that is compared; weights alone unite them.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Literal, NamedTuple

from hub.domain.linkage.comparable import Comparable

__all__ = [
    "ALIKE_GIVEN", "REASONS", "UNKNOWING", "Veto", "few_agree", "own_agrees", "perhaps_namesakes", "refutes", "unseen", "veto",
]  # fmt: skip


class Veto(NamedTuple):
    """Why a pair is not united: `apart` for ever, or only after a person looked (`review`)."""

    reason: str
    effect: Literal["apart", "review"]


REASONS: Mapping[str, str] = {
    "junior-senior": "same name, another suffix",
    "ssn-conflict": "two full Social Security numbers more than a slip or two apart",
    "generations": "same name and home, phone or suffix, birth dates of two generations",
    "twins": "same family name, birth date and address or phone, another given name",
    "maybe-twins": "same family name and birth date, and either another given name in one town or with another phone or address, or"
    " given names that may be one or two at one address or phone",
    "household": "same family name and address, phone or e-mail, another given name, and a birth date of one alone",
    "number-of-another": "the same Social Security number, another given name and birth date: a child told with a parent's",
    "siblings": "same family name and address or phone, another given name and another birth date",
    "birth-dates": "alike names, two birth dates and no number in common, at one home too: families name after one another",
    "two-people": "another given name and another birth date",
    "middle-name": "the given name of one is the middle name of the other, at one home or with two birth dates: families name"
    " after one another",
    "initial": "of a given name only the initial, and no number in common: a twin, or one of many of the family name",
    "no-name": "a newborn without a name, or no name at all: a brother or a stranger may be meant",
    "namesakes": "one name, birth dates that are near and not equal, and another home, phone or e-mail",
    "no-given-name": "one family name, birth date and address or phone, and a given name of one alone: a twin may be meant",
    "nothing-equal": "given name, family name and birth date are only roughly alike and none of them is equal",
    "no-evidence": "of one of them no filters of single fields were sent: which fields agree cannot be known",
    "few-agree": "by their filters fewer than two of given name, family name and birth date agree",
    "not-told": "filters, and of one of them none of a given name or a whole birth date: a namesake or a twin may be meant",
    "other-given": "by their filters another given name: a twin, or another member of the family, may be meant",
    "alike-given": "by their filters given names that are alike and not equal: twins and sisters have such names",
    "other-birth-date": "by their filters another birth date: a father, a mother or a stranger of the same name may be meant",
    "near-birth-date": "by their filters birth dates that are near and not equal: a namesake may be meant",
    "other-family": "by their filters another family name: it may have changed, or a stranger born on that day is meant",
    "sex-and-given": "another sex and another given name: people change both, and brother and sister differ in both;"
    " asked about where given names or a number agree nearly, or the birth date with an e-mail or the last four; else two people",
}
"""What each reason code says."""

ALIKE_GIVEN = frozenset({"exact", "nickname", "close", "spelling", "sounds", "part", "middle", "swapped", "initial"})
_ALIKE_FAMILY = frozenset({"exact", "close", "spelling", "sounds", "part", "previous", "swapped", "crossed"})
_OTHER_GIVEN = frozenset({"alike", "different"})
_DOUBTFUL_GIVEN = frozenset({"similar", "initial"})
_MAY_BE_OTHERS = frozenset({"different", "similar", "alike", "close"})
"""Given names that brother and sister may have; with no number in common a pet form too: Danny and Daniela."""
_INEXACT = frozenset({"close", "spelling", "sounds", "similar"})
_SAME_DAY = frozenset({"exact", "new-year", "year-month", "year", "slip"})
_OTHER_DAY = frozenset({"different", "two-parts", "near-year"})
_NEAR_DAY = frozenset({"slip", "two-parts", "near-year"})
_ONE_DATE = frozenset({"exact", "slip", "swapped", "year-month"})
_OTHER_PLACE = frozenset({"close", "county", "different"})
_SAME_NUMBER = frozenset({"exact", "typo"})
_FULL = 9
_IN_A_ROW = 3
"""Numbers this near were given out one after the other, as twins' are, not mistyped."""
_FEW = 2
"""Things in which two agree: with no more of them another person may be meant."""
_GENERATION = 12  # years
"""A birth date this far off is no slip but another generation."""
UNKNOWING = frozenset({"no-name", "no-given-name", "initial", "no-evidence", "few-agree", "not-told"})
"""Reasons by which nothing is known to differ: such two may as well be one person."""


def refutes(reason: str, levels: Mapping[str, str]) -> bool:
    """Whether a pair that agrees so shows that the reason does not hold for its side: a person known by both given names, or
    with both birth dates, by a number or a person's word. Conflicting numbers and suffixes nothing refutes."""
    if reason in {"ssn-conflict", "junior-senior", "number-of-another"}:
        return False
    if levels.get("ssn") in _SAME_NUMBER:
        return True
    if reason in {"generations", "birth-dates"}:
        return levels.get("birth_date") in _SAME_DAY
    if reason == "namesakes":
        return levels.get("birth_date") == "exact"
    return levels.get("given") in ALIKE_GIVEN and levels.get("birth_date") in _SAME_DAY


def veto(one: Comparable, other: Comparable, levels: Mapping[str, str]) -> Veto | None:
    """The first reason that stands between these two, given the levels of their comparison; None where none does."""
    given, family, born = levels.get("given"), levels.get("family"), levels.get("birth_date")
    number = _same_number(one, other, levels)
    if levels.get("suffix") == "different":
        return Veto("junior-senior", "review" if number else "apart")
    if levels.get("ssn") == "different" and len(one.ssn or "") == len(other.ssn or "") == _FULL:
        alike = given in ALIKE_GIVEN and family in _ALIKE_FAMILY and born == "exact"
        return Veto("ssn-conflict", "review" if alike else "apart")
    if number:
        if given in _OTHER_GIVEN and born in _OTHER_DAY and len(one.ssn or "") == _FULL:
            return Veto("number-of-another", "review")
        return _changed_sex(given, levels, _MAY_BE_OTHERS)
    if one.newborn or other.newborn or (given is None and family is None):
        return Veto("no-name", "review")
    home = _one_household(levels)
    if given in ALIKE_GIVEN and born in {"different", "two-parts"} and _generation_apart(one, other):
        return Veto("generations", "apart") if home or one.suffix or other.suffix else Veto("birth-dates", "review")
    if born == "different" and given not in _OTHER_GIVEN:
        return Veto("birth-dates", "review")
    if given in _OTHER_GIVEN:
        return _other_given(given, levels, home=home)
    if given in _DOUBTFUL_GIVEN and family in _ALIKE_FAMILY and born in _SAME_DAY and home:
        return Veto("maybe-twins", "review")
    own = given == "spelling" and levels.get("email") == "exact"  # one name, and what reaches him
    if {given, family} <= _INEXACT and {given, family} != {"close"} and born not in {None, "exact"} and not own:
        return Veto("nothing-equal", "review")
    return _changed_sex(given, levels, _MAY_BE_OTHERS | {"nickname"})


def perhaps_namesakes(levels: Mapping[str, str]) -> bool:
    """Whether two who share common names may well be two: their birth dates are near and not equal, and nothing of their own (a
    number, home, phone or e-mail) agrees."""
    return levels.get("birth_date") in _NEAR_DAY and not own_agrees(levels)


def own_agrees(levels: Mapping[str, str]) -> bool:
    """Whether anything agrees that belongs to few people: a number or its last four, home, phone or e-mail."""
    return levels.get("ssn") in {*_SAME_NUMBER, "last-four"} or _one_household(levels)


def unseen(levels: Mapping[str, str], *, beyond_doubt: bool) -> Veto | None:
    """Whom else may be meant, though nothing speaks against the two: a twin where of one no given name is told, or an initial or a
    middle name alone; where the sum is not `beyond_doubt`, a namesake born about the same day who lives elsewhere. Asked about in a
    large population, where he may have no record yet."""
    given, born, home = levels.get("given"), levels.get("birth_date"), _one_household(levels)
    number = levels.get("ssn") in {*_SAME_NUMBER, "last-four"}
    if number or levels.get("family") not in _ALIKE_FAMILY:
        return None
    if given is None and home and born in _SAME_DAY:
        return Veto("no-given-name", "review")
    if given == "initial" and levels.get("email") != "exact":
        return Veto("initial", "review")
    if given == "middle" and (home or born not in {None, "exact"}):
        return Veto("middle-name", "review")
    if given in ALIKE_GIVEN and perhaps_namesakes(levels) and _elsewhere(levels) and not beyond_doubt:
        return Veto("namesakes", "review")
    return None


def few_agree(levels: Mapping[str, str]) -> bool:
    """Whether two agree in no more than two of five things: given name, family name, birth date, a number, and a phone, e-mail or
    home. A year, an initial, a middle name or a town is none of them."""
    contact = _one_household(levels) or levels.get("email") == "close"
    agree = (
        levels.get("given") in ALIKE_GIVEN - {"initial", "middle"},
        levels.get("family") in _ALIKE_FAMILY,
        levels.get("birth_date") in _ONE_DATE,
        levels.get("ssn") in {*_SAME_NUMBER, "last-four"},
        contact,
    )
    return sum(agree) <= _FEW


def _elsewhere(levels: Mapping[str, str]) -> bool:
    """Whether a home or what reaches a person differs. An e-mail or a phone nearly alike is no other one."""
    return levels.get("place") in _OTHER_PLACE or any(
        levels.get(field) in {"street", "different"} for field in ("address", "phone", "email")
    )


def _other_given(given: str | None, levels: Mapping[str, str], *, home: bool) -> Veto | None:
    family, born = levels.get("family"), levels.get("birth_date")
    if born in _OTHER_DAY and (given == "different" or home):
        return Veto("siblings" if home and family in _ALIKE_FAMILY else "two-people", "apart")
    if levels.get("sex") == "different":
        strong = born in _SAME_DAY and (levels.get("ssn") == "last-four" or levels.get("email") == "exact")
        return Veto("sex-and-given", "review" if strong else "apart")
    if family in _ALIKE_FAMILY and born in _SAME_DAY:
        if home:
            return Veto("twins", "apart")
        if (
            levels.get("place") in {"postal-code", "city"}
            or levels.get("address") == "street"
            or _reached_otherwise(levels)
        ):
            return Veto("maybe-twins", "review")
    if born is None and home and family in _ALIKE_FAMILY:
        return Veto("household", "review")
    return None


def _reached_otherwise(levels: Mapping[str, str]) -> bool:
    """Whether both tell a phone or a home, and not the same."""
    return levels.get("phone") == "different" or levels.get("address") == "different"


def _changed_sex(given: str | None, levels: Mapping[str, str], others: Set[str]) -> Veto | None:
    if levels.get("sex") == "different" and given in others:
        return Veto("sex-and-given", "review")
    return None


def _same_number(one: Comparable, other: Comparable, levels: Mapping[str, str]) -> bool:
    """The same number, mistyped at most once, where family name, birth date or home agree too; numbers in a row are two."""
    if levels.get("ssn") == "exact":
        return True
    if levels.get("ssn") != "typo" or one.ssn is None or other.ssn is None:
        return False
    besides = levels.get("family") in _ALIKE_FAMILY or levels.get("birth_date") in _SAME_DAY or _one_household(levels)
    return besides and abs(int(one.ssn) - int(other.ssn)) > _IN_A_ROW


def _one_household(levels: Mapping[str, str]) -> bool:
    return (
        levels.get("address") in {"exact", "close"}
        or levels.get("phone") in {"exact", "typo"}
        or levels.get("email") == "exact"
    )


def _generation_apart(one: Comparable, other: Comparable) -> bool:
    return (
        one.birth_date is not None
        and other.birth_date is not None
        and abs(one.birth_date.year - other.birth_date.year) >= _GENERATION
    )
