"""How much speaks for two records being one person: the sum of what each field gives, vetoes, and a grade."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Literal, NamedTuple

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.comparisons import compare
from hub.domain.linkage.filter_levels import by_filters
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.shared import SharedValue, values_of
from hub.domain.linkage.vetoes import few_agree, perhaps_namesakes, unseen, veto

__all__ = ["CONTACT", "IMPLIES_PLACE", "NAMES", "Grade", "Part", "Score", "name_weight", "score", "score_of_levels"]

Grade = Literal["match", "review", "none"]
NAMES = ("given", "family")
"""The fields of which a common value says less."""
CONTACT = frozenset({"address", "place", "phone", "email"})
"""The fields that a household shares."""
IMPLIES_PLACE = frozenset({"exact", "close"})
"""Levels of an address that leave the place nothing to say."""
_NO_DISCOUNT = frozenset({"initial", "middle", "similar", "different", "crossed", "alike"})
_LEAST = 1.0
_ABOUT_ONE_DAY = frozenset({"exact", "slip"})


class Part(NamedTuple):
    """What one field gave: bits for (positive) or against one person. `contact`/`capped` takes back what a household shares,
    `names`/`common` what given and family name say twice where both are common, `names`/`namesakes` more of it where the birth
    dates are only near."""

    field: str
    level: str
    weight: float


class Score(NamedTuple):
    """The sum, its parts in the order of the fields, the reason code of a veto if one stands, and the grade."""

    total: float
    parts: tuple[Part, ...]
    veto: str | None
    grade: Grade


def score(one: Comparable, other: Comparable, model: LinkModel, shared: Set[SharedValue] = frozenset()) -> Score:
    """Weigh two comparables. The same for either order. A field that one side lacks gives nothing, nor does a value in `shared`
    or the place of a shared address; a name that is common gives less; contact details together at most `contact_most`.

    A veto that stands apart makes the grade `none`, one for review makes a match a review. Who came as filters is weighed by
    them."""
    if one.hashed is not None or other.hashed is not None:
        return _score_of_filters(one, other, model)
    return score_of_levels(one, other, compare(one, other), model, shared)


def score_of_levels(
    one: Comparable, other: Comparable, levels: dict[str, str], model: LinkModel, shared: Set[SharedValue]
) -> Score:
    """`score`, given how the fields of the two compare, in the order of `compare`. Takes out of `levels` what says nothing."""
    if shared:
        _take_shared(one, other, levels, shared)
    if levels.get("address") in IMPLIES_PLACE:
        levels.pop("place", None)  # the line implies the place
    parts = []
    total = contact = 0.0
    common = 0
    for field, level in levels.items():
        weight = model.weights[field][level]
        if weight > 0:
            if field in NAMES and model.common:
                common += level == "exact" and _listed(field, one, model)
                weight = name_weight(field, level, weight, one, other, model)
            elif field in CONTACT:
                contact += weight
        total += weight
        parts.append(Part(field, level, weight))
    if contact > model.contact_most:
        total -= contact - model.contact_most
        parts.append(Part("contact", "capped", model.contact_most - contact))
    stands = veto(one, other, levels)
    if common == len(NAMES):
        total -= model.together
        parts.append(Part("names", "common", -model.together))
        if perhaps_namesakes(levels):
            total -= model.namesakes
            parts.append(Part("names", "namesakes", -model.namesakes))
    needed = model.match
    if model.doubt:
        stands = stands or unseen(levels, beyond_doubt=total >= model.match + model.doubt)
        needed += model.doubt if few_agree(levels) else 0.0
    grade: Grade = "match" if total >= needed else "review" if total >= model.review else "none"
    if stands is not None and grade != "none":
        grade = "none" if stands.effect == "apart" else "review"
    return Score(total, tuple(parts), stands.reason if stands else None, grade)


def _score_of_filters(one: Comparable, other: Comparable, model: LinkModel) -> Score:
    """What filters say of two, of whom one came as filters at least. How common a name is the side in the clear tells; where
    neither is, the commonest of the model's lists is assumed for whether they match, and none for whether a person is asked."""
    found = by_filters(one, other)
    if found is None:
        return Score(model.chain, (), None, "none")
    parts = [Part("filters", "alike" if found.alike else "different", 0.0)]
    parts += [Part(field, level, model.weights[field][level]) for field, level in found.levels.items()]
    most = sum(part.weight for part in parts)
    least = most - _commonness(found.levels, one if one.hashed is None else other, model)
    if least < most:
        parts.append(Part("names", "common", least - most))
    if not found.alike:
        return Score(least, tuple(parts), found.reason, "none")
    if found.reason is None and least >= model.match + (model.doubt if few_agree(found.levels) else 0.0):
        return Score(least, tuple(parts), None, "match")
    sure = "different" not in found.levels.values() and found.levels.get("birth_date") in _ABOUT_ONE_DAY
    asked = found.reason == "no-evidence" or (most if sure else least) >= model.review
    return Score(least, tuple(parts), found.reason, "review" if asked else "none")


def _commonness(levels: Mapping[str, str], clear: Comparable, model: LinkModel) -> float:
    """Bits that agreements on names say less than those on rare ones. `clear` has no name where both came as filters."""
    least = 0.0
    for field in NAMES:
        level = levels.get(field)
        weight = model.weights[field][level] if level is not None else 0.0
        if level is None or weight <= 0:
            continue
        told = clear.given if field == "given" else clear.family
        if told:
            least += weight - name_weight(field, level, weight, clear, clear, model)
        elif level not in _NO_DISCOUNT:
            least += weight - max(weight - max(model.common.get(field, {"": 0.0}).values()), min(weight, _LEAST))
    both = all(levels.get(field) == "exact" for field in NAMES)
    listed = clear.hashed is not None or all(_listed(field, clear, model) for field in NAMES)
    return least + (model.together if both and listed and model.common else 0.0)


def _take_shared(one: Comparable, other: Comparable, levels: dict[str, str], shared: Set[SharedValue]) -> None:
    for value in {*values_of(one), *values_of(other)}:
        if value in shared:
            levels.pop(value.field, None)
            if value.field == "address":
                levels.pop("place", None)


def _listed(field: str, one: Comparable, model: LinkModel) -> bool:
    return all(model.lists(field, name) for name in (one.given if field == "given" else one.family))


def name_weight(field: str, level: str, weight: float, one: Comparable, other: Comparable, model: LinkModel) -> float:
    """The weight of an agreement on a name, less where the name is a common one; never more than `weight`."""
    if level == "swapped":
        return weight - sum(
            model.discount(field, name) for name in {*one.given, *one.family} & {*other.given, *other.family}
        )
    left, right = (one.given, other.given) if field == "given" else (one.family, other.family)
    if level in _NO_DISCOUNT or (level == "exact" and len(left) > 1):
        return weight
    if left == right and len(left) == 1:
        return max(weight - model.discount(field, left[0]), min(weight, _LEAST))
    names = set(left) & set(right) or {*left, *right}
    return max(weight - min(model.discount(field, name) for name in names), min(weight, _LEAST))
