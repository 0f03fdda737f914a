"""Records that come in against a registry, one case each: was the right person found, a wrong one, or somebody asked?

Sensitivity, positive predictive value and specificity of cases, as CDC's RecordLinker reports its own (equity-identity.md B1). Its
script leaves `possible_match` cases out of all three, and so does this: what becomes of those is told by itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal, get_args

from hub.domain.measures import wilson
from hub.identity.evaluation.labelled import LabelledSet, Pair

__all__ = ["Cases", "Ending", "Label", "case_results"]

Label = Literal["match", "no-match", "possible"]
"""What is asked of a case: it is a person of the registry; it is nobody of it; somebody has to look."""
Ending = Literal["right", "wrong", "review", "none"]
"""What became of it: united with the records that are this person and no other; united with another (too); waits for a human;
a person of its own. A case that is nobody of the registry is never `right`."""


@dataclass(frozen=True, slots=True)
class Cases:
    """How many cases of each label ended how; `kinds`: the same for each kind of case, with its label."""

    ended: Mapping[Label, Mapping[Ending, int]]
    kinds: Mapping[tuple[Label, str], Mapping[Ending, int]]

    @property
    def sensitivity(self) -> tuple[int, int]:
        """Of the cases that are somebody of the registry, those united with him alone."""
        return self.ended["match"]["right"], sum(self.ended["match"].values())

    @property
    def predictive_value(self) -> tuple[int, int]:
        """Of the cases united with somebody, those united with the right one alone."""
        right = self.ended["match"]["right"]
        return right, right + self.ended["match"]["wrong"] + self.ended["no-match"]["wrong"]

    @property
    def specificity(self) -> tuple[int, int]:
        """Of the cases that are nobody of the registry, those not united with anybody."""
        return sum(self.ended["no-match"].values()) - self.ended["no-match"]["wrong"], sum(
            self.ended["no-match"].values()
        )

    def as_json(self) -> dict[str, object]:
        """Shares with 95 % Wilson intervals; None where there is nothing to share."""
        shares = {"sensitivity": self.sensitivity, "ppv": self.predictive_value, "specificity": self.specificity}
        told: dict[str, object] = {}
        for name, (part, whole) in shares.items():
            within = wilson(part, whole)
            told |= {name: part / whole if whole else None, f"{name}_interval": list(within) if within else None}
        ended = {label.replace("-", "_"): dict(counts) for label, counts in self.ended.items()}
        kinds = {kind: {"label": label, **counts} for (label, kind), counts in self.kinds.items()}
        return told | {"ended": ended, "kinds": kinds}


def case_results(labelled: LabelledSet, found: Set[Pair], review: Set[Pair]) -> Cases | None:
    """What became of every record of the second file; None where there is one file alone.

    A record that the truth names is a `match`; else one of a possible pair is `possible`; else it is nobody of the registry.
    """
    if not labelled.two_files:
        return None
    true, possible, united, waiting = (_by_case(pairs) for pairs in (labelled.truth, labelled.possible, found, review))
    ended: dict[Label, Counter[Ending]] = {
        label: Counter(dict.fromkeys(get_args(Ending), 0)) for label in get_args(Label)
    }
    kinds: dict[tuple[Label, str], Counter[Ending]] = defaultdict(lambda: Counter(dict.fromkeys(get_args(Ending), 0)))
    for record in labelled.records:
        if not record.side:
            continue
        key = record.key
        label: Label = "match" if key in true else "possible" if key in possible else "no-match"
        ending = _ending(united.get(key, set()), true.get(key, set()), waiting=key in waiting)
        ended[label][ending] += 1
        if key in labelled.kinds:
            kinds[label, labelled.kinds[key]][ending] += 1
    return Cases(ended, dict(sorted(kinds.items())))


def _ending(united: Set[str], true: Set[str], *, waiting: bool) -> Ending:
    if united:
        return "right" if united <= true else "wrong"
    return "review" if waiting else "none"


def _by_case(pairs: Set[Pair]) -> dict[str, set[str]]:
    """The records of the registry by the case that each pair is about: the second of a pair, as its file comes second."""
    found: dict[str, set[str]] = defaultdict(set)
    for left, right in pairs:
        found[right].add(left)
    return found
