"""Why two records are, or are not, one person: what each field gave, what stands between them, how they end among the others."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from hub.domain.linkage.clusters import link_comparables
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.comparisons import COMPARED
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import Grade, Part, score
from hub.domain.linkage.shared import SharedValue, shared_values, values_of
from hub.domain.linkage.vetoes import REASONS
from hub.identity.evaluation.labelled import Labelled
from hub.identity.evaluation.run import comparables_of

__all__ = ["Explained", "compared", "explained"]


@dataclass(frozen=True, slots=True)
class Explained:
    """`parts` add up to `total` (log2 odds); `silent` fields say nothing because one side lacks them, `shared` ones because many
    use the value; `grade` is of the pair alone. `together`: all records considered they end as one person; `waiting`: why a
    human must look, if so. No value of a person is in it."""

    parts: tuple[Part, ...]
    total: float
    grade: Grade
    veto: str | None
    silent: tuple[str, ...]
    shared: tuple[str, ...]
    together: bool
    waiting: str | None
    match: float
    review: float
    model: str

    def as_json(self) -> dict[str, object]:
        return {
            "parts": [
                {"field": part.field, "level": part.level, "weight": round(part.weight, 3)} for part in self.parts
            ],
            "score": round(self.total, 3),
            "grade": self.grade,
            "veto": self.veto,
            "veto_means": REASONS[self.veto] if self.veto else None,
            "missing": list(self.silent),
            "shared": list(self.shared),
            "one_person": self.together,
            "review": self.waiting,
            "thresholds": {"match": self.match, "review": self.review},
            "model": self.model,
        }


def explained(one: Labelled, other: Labelled, records: Iterable[Labelled], model: LinkModel) -> Explained:
    """The comparison of two of `records`, all of which count for what is shared and for how the two end."""
    comparables = comparables_of(records)
    left, right = comparables[one.key], comparables[other.key]
    shared = shared_values(comparables.values(), model.shared_over)
    clustering = link_comparables(comparables, model)
    both = {one.key, other.key}
    return compared(
        left,
        right,
        model,
        shared,
        together=any(both <= person for person in clustering.people),
        waiting=next((each.reason for each in clustering.reviews if {each.left, each.right} == both), None),
    )


def compared(
    left: Comparable,
    right: Comparable,
    model: LinkModel,
    shared: Set[SharedValue],
    *,
    together: bool,
    waiting: str | None,
) -> Explained:
    """The comparison of two, given which values are shared and how the two end among all others."""
    found = score(left, right, model, shared)
    told = tuple(sorted({value.field for side in (left, right) for value in values_of(side) if value in shared}))
    said = {part.field for part in found.parts}
    return Explained(
        parts=found.parts,
        total=found.total,
        grade=found.grade,
        veto=found.veto,
        silent=tuple(field for field in COMPARED if COMPARED[field](left, right) is None and field not in said),
        shared=told,
        together=together,
        waiting=waiting,
        match=model.match,
        review=model.review,
        model=model.version,
    )
