"""One function per compared field: what two comparables say about it, as the name of a level, or None where one side is silent.

Levels go from most to least alike; `LEVELS` has them all, and a model must have a weight for each. What is missing is no evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.fuzz import ratio, token_sort_ratio

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.dates import birth_date
from hub.domain.linkage.names import core, family_level, given_level, near, part_level

__all__ = ["COMPARED", "LEVELS", "Comparison", "compare", "may_be_one_home"]

Comparison = Callable[[Comparable, Comparable], str | None]

_ORDER = ("exact", "nickname", "close", "spelling", "sounds", "initial", "alike", "similar", "different")
_RANK = {level: rank for rank, level in enumerate(_ORDER)}
_ALIKE = _RANK["sounds"]  # up to here two parts may be one name


def given(one: Comparable, other: Comparable) -> str | None:
    """`exact` (Mary Ann, Maryann too), `nickname`, `close`, `spelling` (another of one name), `sounds`, `part` (one of two given
    names), `initial`, `middle` (goes by the middle name), `swapped` (given and family name changed places), `crossed` (one name of
    one side stands in the other's other field, and the rest differs), `alike` (two known names that look alike; two given names of
    which one is equal and one differs), `similar`, `different`. Of two names on either side both count: Min-jung is no
    Hye-jin, though Min and Jin are a slip apart."""
    left, right = one.given, other.given
    if not left or not right:
        return None
    if left == right:
        return "exact"
    level = _best(left, right, given_level)
    if len(left) + len(right) > 2:
        if "".join(left) == "".join(right):
            return "exact"
        if _RANK[level] <= _ALIKE:
            whole = _both(left, right, given_level) if len(left) > 1 and len(right) > 1 else "exact"
            if whole == "exact":
                return "part" if level == "exact" else level
            if _RANK[whole] <= _ALIKE:
                return whole
            if level == "exact":
                return "alike"
            level = whole
        if len(left) != len(right) and near("".join(left), "".join(right)):
            return "close"
    elif _RANK[level] <= _ALIKE:
        return level
    across = _across(one, other)
    if across == 2:
        return "swapped"
    if level == "initial":
        return level
    if (other.middle and len(other.middle) > 1 and other.middle in left) or (
        one.middle and len(one.middle) > 1 and one.middle in right
    ):
        return "middle"
    return "crossed" if across and _neither_fits(one, other) else level


def middle(one: Comparable, other: Comparable) -> str | None:
    """`exact`, `initial`, `close` (any spelling of it), `different`."""
    if one.middle is None or other.middle is None:
        return None
    level = part_level(one.middle, other.middle)
    if level in {"exact", "initial"}:
        return level
    return "close" if _RANK[level] <= _ALIKE else "different"


def family(one: Comparable, other: Comparable) -> str | None:
    """`exact` (two surnames in any order, joined or apart), `close`, `spelling` (Zhang, Cheung), `sounds`, `part` (one of two
    surnames left out), `previous` (the other's former name), `initial`, `swapped`, `crossed` (as of given names), `similar`,
    `different`."""
    left, right = one.family, other.family
    if not left or not right:
        return None
    if left == right:
        return "exact"
    level = _best(left, right, family_level)
    if len(left) + len(right) > 2:
        if sorted(left) == sorted(right) or "".join(left) == "".join(right):
            return "exact"
        if len(left) == len(right) == 2 and _RANK[_both(left, right, family_level)] <= _ALIKE:
            return "close"
        if _RANK[level] <= _ALIKE:
            return "part"
    elif level == "sounds" and core(left[0]) == core(right[0]):
        return "close"
    elif _RANK[level] <= _ALIKE:
        return level
    if _previous(one, other) or _previous(other, one):
        return "previous"
    across = _across(one, other)
    if across == 2:
        return "swapped"
    return "crossed" if across and level != "initial" and _neither_fits(one, other) else level


def suffix(one: Comparable, other: Comparable) -> str | None:
    """`exact` or `different`: Junior and Senior are two people."""
    if one.suffix is None or other.suffix is None:
        return None
    return "exact" if one.suffix == other.suffix else "different"


def sex(one: Comparable, other: Comparable) -> str | None:
    """`exact` or `different`; people change it, and desks mistake it."""
    if one.sex is None or other.sex is None:
        return None
    return "exact" if one.sex == other.sex else "different"


def ssn(one: Comparable, other: Comparable) -> str | None:
    """`exact`, `typo` (one slip: an insertion, deletion, change or transposition), `last-four` (all that both have), `two-slips`,
    `different`. Numbers of another kind than Social Security numbers compare alike."""
    if one.ssn is not None and other.ssn is not None:
        if one.ssn == other.ssn:
            return "exact"
        slips = DamerauLevenshtein.distance(one.ssn, other.ssn, score_cutoff=2)
        return "typo" if slips == 1 else "two-slips" if slips == 2 else "different"
    if one.ssn4 is None or other.ssn4 is None:
        return None
    return "last-four" if one.ssn4 == other.ssn4 else "last-four-different"


def phone(one: Comparable, other: Comparable) -> str | None:
    """`exact` (of a number without area code: its seven digits), `typo` (one slip), `different`."""
    if one.phone is None or other.phone is None:
        return None
    left, right = one.phone, other.phone
    if left == right:
        return "exact"
    if len(left) != len(right):
        return "exact" if left[-7:] == right[-7:] else "different"
    if left[:4] != right[:4] and left[5:] != right[5:]:
        return "different"  # one slip leaves what is before it or what is behind it
    return "typo" if DamerauLevenshtein.distance(left, right, score_cutoff=1) <= 1 else "different"


def email(one: Comparable, other: Comparable) -> str | None:
    """`exact`, `close` (one slip, or the same name at another provider), `different`."""
    if one.email is None or other.email is None:
        return None
    if one.email == other.email:
        return "exact"
    left, right = one.email.partition("@")[0], other.email.partition("@")[0]
    if (left == right and len(left) >= 6) or DamerauLevenshtein.distance(one.email, other.email, score_cutoff=1) <= 1:
        return "close"
    return "different"


def address(one: Comparable, other: Comparable) -> str | None:
    """`exact`, `close` (same words in any order but for a slip or two; one side has more of them, as a flat), `street`
    (another or no house number), `different`."""
    if one.address is None or other.address is None:
        return None
    left, right = one.address, other.address
    if left == right:
        return "exact"
    words, others = set(left.split()), set(right.split())
    fewer = min(words, others, key=len)
    if len(fewer) > 2 and left[0].isdigit() and left.split()[0] == right.split()[0] and fewer <= words & others:
        return "close"
    if ratio(left, right, score_cutoff=85) or token_sort_ratio(left, right, score_cutoff=85):
        left_number, right_number = _house(left), _house(right)
        if left_number == right_number or sorted(left_number) == sorted(right_number):
            return "close"
        return "street"
    return "street" if ratio(left.lstrip("0123456789 "), right.lstrip("0123456789 "), score_cutoff=85) else "different"


def may_be_one_home(line: str, other: str) -> bool:
    """False only of lines that `address` takes neither for `exact` nor for `close`, and sooner: such have a house number in common,
    or none."""
    return not line[:1].isdigit() or line.partition(" ")[0] in other


def place(one: Comparable, other: Comparable) -> str | None:
    """City, postal code and county as one field, since they say the same: `postal-code` (equal, and no other city), `city`, `close`
    (one slip in code or city), `county`, `different`."""
    found = False
    if one.postal_code is not None and other.postal_code is not None:
        if one.postal_code == other.postal_code:
            return "postal-code"
        found = True
    if one.city is not None and other.city is not None:
        if one.city == other.city:
            return "city"
        if part_level(one.city, other.city) == "close":
            return "close"
        found = True
    if one.postal_code and other.postal_code:
        slips = DamerauLevenshtein.distance(one.postal_code, other.postal_code, score_cutoff=1)
        if slips <= 1:
            return "close"
    if one.county is not None and other.county is not None:
        return "county" if one.county == other.county else "different"
    return "different" if found else None


def _across(one: Comparable, other: Comparable) -> int:
    """How many of the two names of one side (given, family) stand in the other's other field: 2 where given and family name changed
    places, 1 where one name did (Dylan Lomman, Lomman Brayden); 0 where a name is missing."""
    if not (one.given and other.given and one.family and other.family):
        return 0
    return _standing(one.given, other.family) + _standing(one.family, other.given)


@lru_cache(maxsize=4_096)  # given and family names of a pair both ask
def _standing(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    if len(left) == len(right) == 1:
        return _one_name(left[0], right[0])
    return any(_one_name(mine, theirs) for mine in left for theirs in right) or near("".join(left), "".join(right))


def _one_name(given: str, family: str) -> bool:
    """Whether a name in the one field may be that in the other: near, and not two known given names (Juan, and a family Jean)."""
    return near(given, family) and given_level(given, family) != "alike"


def _neither_fits(one: Comparable, other: Comparable) -> bool:
    fits = min(_RANK[_best(one.given, other.given, given_level)], _RANK[_best(one.family, other.family, family_level)])
    return fits > _RANK["initial"]


def compare(one: Comparable, other: Comparable) -> dict[str, str]:
    """The level of every field that both say something about."""
    return {field: level for field, of in COMPARED.items() if (level := of(one, other)) is not None}


def _best(left: tuple[str, ...], right: tuple[str, ...], of: Callable[[str, str], str]) -> str:
    if len(left) == len(right) == 1:
        return of(left[0], right[0])
    return _ORDER[min([_RANK[of(mine, theirs)] for mine in left for theirs in right])]


def _both(left: tuple[str, ...], right: tuple[str, ...], of: Callable[[str, str], str]) -> str:
    straight = max(of(left[0], right[0]), of(left[1], right[1]), key=_RANK.__getitem__)
    crossed = max(of(left[0], right[1]), of(left[1], right[0]), key=_RANK.__getitem__)
    return min(straight, crossed, key=_RANK.__getitem__)


def _previous(one: Comparable, other: Comparable) -> bool:
    if not one.previous_family:
        return False
    return _RANK[_best(one.previous_family, other.family + other.previous_family, family_level)] <= _ALIKE


def _house(line: str) -> list[str]:
    return [word for word in line.split() if word[0].isdigit()]


COMPARED: Mapping[str, Comparison] = {
    "given": given, "middle": middle, "family": family, "suffix": suffix, "birth_date": birth_date, "sex": sex, "ssn": ssn,
    "phone": phone, "email": email, "address": address, "place": place,
}  # fmt: skip
"""The comparison of each field, in the order in which an explanation shows them."""
LEVELS: Mapping[str, tuple[str, ...]] = {
    "given": (
        "exact", "nickname", "close", "spelling", "sounds", "part", "initial", "middle", "swapped", "crossed", "alike", "similar",
        "different",
    ),
    "middle": ("exact", "initial", "close", "different"),
    "family": ("exact", "close", "spelling", "sounds", "part", "previous", "initial", "swapped", "crossed", "similar", "different"),
    "suffix": ("exact", "different"),
    "birth_date": (
        "exact", "new-year", "slip", "swapped", "year-month", "two-parts", "year", "near-year", "different",
    ),
    "sex": ("exact", "different"),
    "ssn": ("exact", "typo", "last-four", "two-slips", "last-four-different", "different"),
    "phone": ("exact", "typo", "different"),
    "email": ("exact", "close", "different"),
    "address": ("exact", "close", "street", "different"),
    "place": ("postal-code", "city", "close", "county", "different"),
}  # fmt: skip
"""Every level of every field, most alike first."""
