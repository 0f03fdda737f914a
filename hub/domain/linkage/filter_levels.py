"""How two people compare by their filters: the levels of given name, family name and birth date that the small filters tell, and
why nobody may be united by them without a person's word.

Nobody sees what the filters were made of, so the rules are narrower than those between clear records (vetoes): one person without
being asked about is only who has the same given name and the same whole birth date, by filters that are equal, and an alike family
name. A given name that is only alike may be a twin's, a birth date that is only near a namesake's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.filters import Filters
from hub.domain.linkage.hashed import FEWEST_AGREE, Bounds, dice

__all__ = ["ByFilters", "by_filters"]

_SAME = frozenset({"exact", "swapped"})
_AGREE = frozenset({"exact", "swapped", "close", "slip"})
_NEAR = {"given": "close", "family": "close", "birth_date": "slip"}
_HALF = {"given": "similar", "family": "similar", "birth_date": "two-parts"}
_FIELDS = {"given": "given_name", "family": "family_name", "birth_date": "birth_date"}


class ByFilters(NamedTuple):
    """`levels`: by compared field, in words of hub.domain.linkage.comparisons. `alike`: whether the filters of the whole records
    are as much alike as their schema asks (requirement 26: Dice 0.70). `reason`: why it needs a person, a code of
    vetoes.REASONS."""

    levels: Mapping[str, str]
    alike: bool
    reason: str | None


def by_filters(one: Comparable, other: Comparable) -> ByFilters | None:
    """The comparison of two, of whom one came as filters at least; None where no filters of both were made alike: by one schema,
    under one version of one secret. Nothing can be said of such two, neither for nor against."""
    theirs = {made.made_by: made for made in other.filters}
    for mine in one.filters:
        if mine.made_by in theirs:
            return _compared(mine, theirs[mine.made_by])
    return None


def _compared(mine: Filters, theirs: Filters) -> ByFilters:
    rules = mine.schema.rules
    one, other = mine.fields, theirs.fields
    bounds = {"given": rules.name, "family": rules.name, "birth_date": rules.birth_date}
    levels = {
        field: _level(field, one[name], other[name], bounds[field])
        for field, name in _FIELDS.items()
        if name in one and name in other
    }
    if _crossed(one, other) and "exact" not in (levels["given"], levels["family"]):
        levels["given"] = levels["family"] = "swapped"
    common = len(mine.filled & theirs.filled)
    alike = common >= FEWEST_AGREE and dice(mine.clk, theirs.clk) >= rules.dice
    return ByFilters(levels, alike, _reason(levels, sent=bool(one) and bool(other)))


def _level(field: str, one: int, other: int, bounds: Bounds) -> str:
    if one == other:
        return "exact"
    much = dice(one, other)
    return _NEAR[field] if much >= bounds.agree else "different" if much < bounds.apart else _HALF[field]


def _crossed(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Whether given and family name stand in each other's place."""
    if not all(name in told for told in (one, other) for name in ("given_name", "family_name")):
        return False
    return one["given_name"] == other["family_name"] and one["family_name"] == other["given_name"]


def _reason(levels: Mapping[str, str], *, sent: bool) -> str | None:
    given, family, born = levels.get("given"), levels.get("family"), levels.get("birth_date")
    if not sent:
        return "no-evidence"
    if sum(level in _AGREE for level in levels.values()) < FEWEST_AGREE:
        return "few-agree"
    if given == "different":
        return "other-given"
    if born == "different":
        return "other-birth-date"
    if given is None or born is None:
        return "not-told"
    if given not in _SAME:
        return "alike-given"
    if born != "exact":
        return "near-birth-date"
    return "other-family" if family == "different" else None
