"""The score of a pair that is a match or for review; next to nothing spent on the others, nearly all of those that share a block.

What a pair can reach at most is found step by step, the quick and decisive steps first, and it is left as soon as that lies below
`review`. Strangers of one name live elsewhere and were born on another day, so that hardly any names are compared that way. A veto
only lowers a grade, so it needs no look before that.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.comparisons import COMPARED, may_be_one_home
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import CONTACT, IMPLIES_PLACE, NAMES, Score, name_weight, score
from hub.domain.linkage.shared import SharedValue, values_of

__all__ = ["Grader"]

_OWN = ("birth_date", "ssn", "sex", "middle", "suffix")
"""What is neither a name nor of contact."""
_ROUNDING = 1e-6
"""Bits. The bound is summed in another order than the total: a pair this near to `review` is scored in full."""
_NO_VALUES: frozenset[SharedValue] = frozenset()

if {*_OWN, *NAMES, *CONTACT} != set(COMPARED) or {"phone", "email", "address", "place"} != CONTACT:
    raise ValueError("grading: every compared field once")


class Grader:
    """Grades pairs by one model."""

    def __init__(self, model: LinkModel) -> None:
        self._model = model
        self._floor = model.review - _ROUNDING
        gains = {field: _gain(weights) for field, weights in model.weights.items()}
        self._own = [(COMPARED[field], gains[field]) for field in _OWN]
        self._reach = [(COMPARED[field], gains[field]) for field in ("phone", "email")]
        self._address, self._place = gains["address"], gains["place"]
        self._other_home = max(
            weight for level, weight in model.weights["address"].items() if level not in IMPLIES_PLACE
        )
        self._best_place = max(self._place.values())
        self._given, self._family = (_MostOfName(field, model) for field in NAMES)

    def __call__(self, one: Comparable, other: Comparable, shared: Set[SharedValue] = _NO_VALUES) -> Score | None:
        """What `hub.domain.linkage.scoring.score` says of the two, exactly; None where it grades them `none`."""
        if one.hashed is not None or other.hashed is not None:
            found = score(one, other, self._model, shared)
            return None if found.grade == "none" else found
        given, family = self._given(one.given, other.given), self._family(one.family, other.family)
        most = given + family
        for compared, gain in self._own:
            most += gain[compared(one, other)]
        most = self._with_contact(most, one, other, shared)
        if most < self._floor:
            return None
        for field, at_most in (("given", given), ("family", family)):
            most += self._of_name(field, one, other) - at_most
            if most < self._floor:
                return None
        found = score(one, other, self._model, shared)
        return None if found.grade == "none" else found

    def _with_contact(self, most: float, one: Comparable, other: Comparable, shared: Set[SharedValue]) -> float:
        """`most` and the most that contact details say. One that speaks against the pair counts only where the pair has no shared
        value: otherwise this may be it, and says nothing then."""
        at_most, floor = self._model.contact_most, self._floor
        if most + at_most < floor:
            return most
        contact = against = 0.0
        level = None
        for compared, gain in self._reach:
            weight = gain[compared(one, other)]
            if weight > 0:
                contact += weight
            else:
                against += weight
        if one.address is not None and other.address is not None:
            weight = self._other_home
            if may_be_one_home(one.address, other.address):
                level = COMPARED["address"](one, other)
                weight = self._address[level]
            if weight > 0:
                contact += weight
            else:
                against += weight
        if level not in IMPLIES_PLACE:
            reached = most + min(at_most, contact + self._best_place)
            if reached < floor or (not shared and reached + against < floor):
                return reached + against
            weight = self._place[COMPARED["place"](one, other)]
            if weight > 0:
                contact += weight
            else:
                against += weight
        reached = most + min(at_most, contact)
        if reached < floor or not shared or shared.isdisjoint((*values_of(one), *values_of(other))):
            return reached + against
        return reached

    def _of_name(self, field: str, one: Comparable, other: Comparable) -> float:
        level = COMPARED[field](one, other)
        if level is None:
            return 0.0
        weight = self._model.weights[field][level]
        return name_weight(field, level, weight, one, other, self._model) if weight > 0 else weight


class _MostOfName:
    """The most that a name can say, before it is compared. Rests on two rules of hub.domain.linkage.comparisons: equal names are
    `exact`, and two names of one part each that are not equal are not."""

    def __init__(self, field: str, model: LinkModel) -> None:
        weights = model.weights[field]
        self._exact = weights["exact"]
        self._best = max(0.0, *weights.values())
        self._unequal = max(weight for level, weight in weights.items() if level != "exact")
        self._common: dict[str, float] = {}
        for name in model.common.get(field, ()):
            one = Comparable(given=(name,), family=(name,))
            self._common[name] = name_weight(field, "exact", self._exact, one, one, model)

    def __call__(self, mine: tuple[str, ...], theirs: tuple[str, ...]) -> float:
        if not mine or not theirs:
            return 0.0
        if mine == theirs:
            return self._common.get(mine[0], self._exact) if len(mine) == 1 else self._exact
        return self._unequal if len(mine) == len(theirs) == 1 else self._best


def _gain(weights: Mapping[str, float]) -> dict[str | None, float]:
    """By level; of a field that one side does not tell, nothing."""
    return {None: 0.0} | dict(weights)
