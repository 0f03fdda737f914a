"""What stands between two groups of records, each of them one person by weights, though no single pair of them speaks against it.

A slip is made once. What several records of either side tell alike, and none of the other side does, is no slip: namesakes born
twenty days apart, twins of whom both names are told. And of two records that both fit a third, and differ by a slip in each,
neither is a stranger for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from hub.domain.linkage.vetoes import ALIKE_GIVEN, own_agrees, refutes

__all__ = ["differ_by_slips", "told_twice"]

_TWICE = 2
_SAYS_THE_SAME: Mapping[str, Set[str]] = {
    "given": ALIKE_GIVEN | {"crossed"},
    "birth_date": frozenset({"exact", "year-month"}),
}
"""Of each of these fields, the levels of two records that tell the same. Family names change: of unions that two of them stood
between, three in five were right; of those between two birth dates none, of those between two given names one in five
(`hub identity evaluate`, `first` and `second`, 13 seeds, 2026-11-24)."""
_ESTIMATES = frozenset({"new-year", "year", "near-year"})
"""Birth dates of which one is known by the year alone: they tell no date."""
_NEAR_NAME = frozenset({"exact", "close"})
_OF_DATES = frozenset({"birth-dates", "namesakes"})
_OF_NAMES = frozenset({"twins", "maybe-twins"})


def told_twice(pairs: Iterable[tuple[str, str, Mapping[str, str]]]) -> bool:
    """Whether a given name or a birth date is told at least twice on either side, and by none of one as by one of the other, while
    nothing of their own (a number, home, phone or e-mail) agrees. `pairs`: every record of the one side with every record of the
    other, and the levels of their comparison."""
    told: dict[str, tuple[set[str], set[str]]] = {field: (set(), set()) for field in _SAYS_THE_SAME}
    agree: set[str] = set()
    for left, right, levels in pairs:
        if own_agrees(levels):
            return False
        for field, same in _SAYS_THE_SAME.items():
            if field in levels and levels[field] not in _ESTIMATES:
                told[field][0].add(left)
                told[field][1].add(right)
                if levels[field] in same:
                    agree.add(field)
    return any(min(len(side) for side in sides) >= _TWICE for field, sides in told.items() if field not in agree)


def differ_by_slips(reason: str, to_one: Sequence[Mapping[str, str]], to_other: Sequence[Mapping[str, str]]) -> bool:
    """Whether two records between which this reason stands may still be one person. `to_one` and `to_other`: how they compare with
    the records of a third whom both fit, of those whom they match by themselves.

    Two birth dates: one of the two has that of the third, so that the other one is the slip. Two given names: both are one slip
    from the third's, which is so neither of twins, whose names are known."""
    if reason in _OF_DATES:
        known = [levels for levels in (*to_one, *to_other) if levels.get("birth_date") not in _ESTIMATES]
        return any(refutes(reason, levels) for levels in known)
    if reason in _OF_NAMES:
        return all(any(_near_in_name(levels) for levels in side) for side in (to_one, to_other))
    return False


def _near_in_name(levels: Mapping[str, str]) -> bool:
    return levels.get("given") in _NEAR_NAME and levels.get("birth_date") == "exact"
