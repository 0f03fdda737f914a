"""The score of a pair that is a match or for review; next to nothing spent on the others, nearly all of those that share a block.

Fields are compared one after the other, the decisive ones first, and no further once even the best that the rest could say leaves
the pair below `review`. A veto only lowers a grade, so it needs no look before that.
"""

from __future__ import annotations

from collections.abc import Set

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.comparisons import COMPARED
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import CONTACT, IMPLIES_PLACE, NAMES, Score, name_weight, score_of_levels
from hub.domain.linkage.shared import SharedValue, values_of

__all__ = ["Grader"]

_OWN = ("birth_date", "ssn", "sex", "middle", "given", "family", "suffix")
"""All fields but those of contact: those first that tell most strangers apart."""
_CONTACT = ("phone", "email", "address", "place")
"""Those of contact; the place last, for an address may imply it."""
_ROUNDING = 1e-6
"""Bits. The bound is summed in another order than the total: a pair this near to `review` is scored in full."""

if {*_OWN, *_CONTACT} != set(COMPARED) or set(_CONTACT) != CONTACT:
    raise ValueError("grading: every compared field once")


class Grader:
    """Grades pairs by one model."""

    def __init__(self, model: LinkModel) -> None:
        best = {field: max(0.0, *weights.values()) for field, weights in model.weights.items()}
        self._model = model
        self._floor = model.review - _ROUNDING
        self._most_of_own = sum(best[field] for field in _OWN)
        self._most_of_contact = min(model.contact_most, sum(best[field] for field in _CONTACT))
        self._own = [(field, COMPARED[field], model.weights[field], best[field]) for field in _OWN]
        self._contact = [
            (field, COMPARED[field], model.weights[field], sum(best[later] for later in _CONTACT[at + 1 :]))
            for at, field in enumerate(_CONTACT)
        ]

    def __call__(self, one: Comparable, other: Comparable, shared: Set[SharedValue] = frozenset()) -> Score | None:
        """What `hub.domain.linkage.scoring.score` says of the two, exactly; None where it grades them `none`."""
        model = self._model
        levels: dict[str, str] = {}
        most, floor = self._most_of_own, self._floor - self._most_of_contact
        for field, compared, weights, best in self._own:
            level = compared(one, other)
            if level is None:
                most -= best
            else:
                levels[field] = level
                most += weights[level] - best
            if most < floor:
                return None
        if model.common:
            for field in NAMES:
                level = levels.get(field)
                if level is not None and (weight := model.weights[field][level]) > 0:
                    most -= weight - name_weight(field, level, weight, one, other, model)
            if most < floor:
                return None
        if shared and shared.isdisjoint((*values_of(one), *values_of(other))):
            shared = frozenset()
        if self._contact_cannot_reach(most, one, other, levels, beyond_doubt=not shared):
            return None
        ordered = {field: levels[field] for field in COMPARED if field in levels}
        found = score_of_levels(one, other, ordered, model, shared)
        return None if found.grade == "none" else found

    def _contact_cannot_reach(
        self, most: float, one: Comparable, other: Comparable, levels: dict[str, str], *, beyond_doubt: bool
    ) -> bool:
        """Whether `most` and what contact details say stay below `review`; puts their levels into `levels`. A detail that speaks
        against the pair counts only `beyond_doubt`: where the pair has a shared value, this may be it, and says nothing then."""
        floor, at_most = self._floor, self._model.contact_most
        contact = 0.0
        for field, compared, weights, later in self._contact:
            level = compared(one, other)
            if level is not None:
                levels[field] = level
                weight = weights[level]
                if weight > 0:
                    contact += weight
                elif beyond_doubt:
                    most += weight
                if field == "address" and level in IMPLIES_PLACE:
                    return most + min(at_most, contact) < floor
            if most + min(at_most, contact + later) < floor:
                return True
        return False
