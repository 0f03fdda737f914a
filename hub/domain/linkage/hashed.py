"""Who is the same person, where all that is known is Bloom filters that two senders made with one secret (requirement 26).

A record's filter (CLK) holds all its fields in one, so its Dice coefficient says how much is alike and not what. Whether two fields
agree is therefore read off small filters of single fields, where both senders send them. Without these a pair waits for people:
links by filters alone never merge by themselves with fewer than two agreeing fields, nor where of one of them no given name or no
whole birth date was sent: two of one common name, or twins, agree in all that is left.

Both senders hold a person once: links are one to one. Pure, and the same for every order of records and pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = ["FEWEST_AGREE", "REASONS", "Bounds", "HashedLink", "HashedRecord", "Rules", "dice", "hashed_links"]

FEWEST_AGREE = 2
"""Fields that must agree for a link without a person's word (equity-identity.md, requirement 26)."""

REASONS: Mapping[str, str] = {
    "no-evidence": "of one of them no filters of single fields were sent: which fields agree cannot be known",
    "few-agree": "fewer than two of given name, family name and birth date agree",
    "not-told": "of one of them no given name or no whole birth date was sent: a namesake or a twin may be meant",
    "other-given": "another given name: a twin, or another member of the family, may be meant",
    "other-birth-date": "another birth date: a father, a mother or a stranger of the same name may be meant",
    "rival": "another record is as much alike, or nearly",
    "second": "one of the two is more alike to another record, by little",
}
"""Why a pair waits for people."""

_Judgement = tuple[Literal["match", "review"], str]


@dataclass(frozen=True, slots=True)
class HashedRecord:
    """One person of one sender. `filled`: the fields that the filter holds; `fields`: small filters of single fields, if sent."""

    record_id: str
    clk: int = field(repr=False)
    filled: frozenset[str] = field(repr=False)
    fields: Mapping[str, int] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The Dice coefficient from which on a single field agrees, and below which it is another."""

    agree: float
    apart: float


@dataclass(frozen=True, slots=True)
class Rules:
    """`dice`: from where on two records are alike; `margin`: a rival this near leaves it open."""

    dice: float
    margin: float
    name: Bounds
    birth_date: Bounds


class HashedLink(NamedTuple):
    """A pair with its Dice coefficient; `reason` is one of REASONS where it waits for people, empty where it is one person."""

    left: str
    right: str
    dice: float
    grade: Literal["match", "review"]
    reason: str


def dice(one: int, other: int) -> float:
    """Twice the bits in common over the bits of both; 0 of two empty filters, which say nothing."""
    bits = one.bit_count() + other.bit_count()
    return 2 * (one & other).bit_count() / bits if bits else 0.0


def hashed_links(
    left: Mapping[str, HashedRecord],
    right: Mapping[str, HashedRecord],
    alike: Iterable[tuple[str, str, float]],
    rules: Rules,
) -> tuple[HashedLink, ...]:
    """The links between the records of two senders, most alike first. `alike`: pairs of their ids and Dice coefficients of the
    whole filters. Passed over are those below the rules', those with fewer than two filled fields in common, and those of which no
    name and no birth date agrees: neighbours under one roof are alike by their place.

    One to one, greedily: first the pairs that may match, the most alike of them first, then those that would wait. A match with a
    rival within the margin waits, and so does the rival, as `second`. Who has another given name or birth date is no rival.
    """
    judged = [
        HashedLink(one, other, much, *judgement)
        for one, other, much in set(alike)
        if much >= rules.dice
        and len(left[one].filled & right[other].filled) >= FEWEST_AGREE
        and (judgement := _judged(left[one].fields, right[other].fields, rules)) is not None
    ]
    judged.sort(key=lambda link: (link.grade != "match", -link.dice, link.left, link.right))
    near = _by_end(link for link in judged if not link.reason.startswith("other-"))
    taken: set[tuple[int, str]] = set()
    found: dict[tuple[str, str], HashedLink] = {}
    for link in judged:
        if taken.intersection(_ends(link)):
            continue
        taken.update(_ends(link))
        rivals = (
            [
                each
                for end in _ends(link)
                for each in near[end]
                if each != link and each.dice >= link.dice - rules.margin
            ]
            if link.grade == "match"
            else []
        )
        found[link.left, link.right] = link._replace(grade="review", reason="rival") if rivals else link
        for rival in rivals:
            found.setdefault((rival.left, rival.right), rival._replace(grade="review", reason="second"))
    return tuple(sorted(found.values(), key=lambda link: (-link.dice, link.left, link.right)))


def _judged(one: Mapping[str, int], other: Mapping[str, int], rules: Rules) -> _Judgement | None:
    """What the pair is by itself; None where no name and no birth date agrees. Given and family name may stand in each other's
    place."""
    if not one or not other:
        return "review", "no-evidence"
    alike = {name: dice(one[name], other[name]) for name in one.keys() & other.keys()}
    given, family, born = alike.get("given_name"), alike.get("family_name"), alike.get("birth_date")
    if given is not None and family is not None:
        crossed = [dice(one["given_name"], other["family_name"]), dice(one["family_name"], other["given_name"])]
        if min(crossed) >= rules.name.agree > min(given, family):
            given, family = crossed
    agreed = sum(each is not None and each >= rules.name.agree for each in (given, family))
    agreed += born is not None and born >= rules.birth_date.agree
    if not agreed:
        return None
    if agreed < FEWEST_AGREE:
        return "review", "few-agree"
    if given is not None and given < rules.name.apart:
        return "review", "other-given"
    if born is not None and born < rules.birth_date.apart:
        return "review", "other-birth-date"
    if given is None or born is None:
        return "review", "not-told"
    return "match", ""


def _by_end(links: Iterable[HashedLink]) -> Mapping[tuple[int, str], list[HashedLink]]:
    found: dict[tuple[int, str], list[HashedLink]] = defaultdict(list)
    for link in links:
        for end in _ends(link):
            found[end].append(link)
    return found


def _ends(link: HashedLink) -> tuple[tuple[int, str], tuple[int, str]]:
    return (0, link.left), (1, link.right)
