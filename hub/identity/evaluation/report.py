"""What an evaluation found, as the one object that `hub identity evaluate --json` prints and as what its table shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.identity.evaluation.cases import Cases, case_results
from hub.identity.evaluation.coverage import Coverage, coverage_by, ratios
from hub.identity.evaluation.labelled import GROUPED_BY, UNKNOWN, LabelledSet, Pair, together
from hub.identity.evaluation.persons import Chance, PersonGap, Persons, by_chance, person_gap, persons_by
from hub.identity.evaluation.quality import Gap, Quality, by_group, gap, quality

__all__ = ["Evaluation", "Outcome", "judged", "percentile"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a linkage made of the records of a `LabelledSet`.

    `found`: the pairs asked for whose records ended as one person; `review`: those that wait for a human; `scores`: log2 odds
    of each of both; `uncompared`: pairs that are one person and shared no block; `candidates`: for each record in its order, with
    how many earlier ones it was compared; `latencies`: seconds for each; `seconds`: CPU time of taking all of them in; `people`:
    how many there are in the end.
    """

    found: frozenset[Pair]
    review: frozenset[Pair]
    scores: Mapping[Pair, float]
    uncompared: frozenset[Pair]
    candidates: Sequence[int]
    latencies: Sequence[float]
    seconds: float
    people: int
    model: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """By the column that tells the groups apart, of those that some record fills: `groups`, `gaps`, `coverage` (of made-up doses),
    `persons` and `person_gaps` (recall with one vote each), `chance` (the gaps that lots give). Pairs labelled as possible count
    nowhere but in `cases`, which is there for two files."""

    outcome: Outcome
    whole: Quality
    waiting: int
    groups: Mapping[str, Mapping[str, Quality]]
    gaps: Mapping[str, Gap]
    coverage: Mapping[str, Mapping[str, Coverage]]
    persons: Mapping[str, Mapping[str, Persons]]
    person_gaps: Mapping[str, PersonGap]
    chance: Mapping[str, Chance]
    cases: Cases | None

    def missed(self) -> dict[str, int]:
        uncompared = len(self.outcome.uncompared)
        lost = self.whole.true - self.whole.right - self.waiting
        return {"review": self.waiting, "uncompared": uncompared, "apart": lost - uncompared}

    def as_json(self) -> dict[str, object]:
        """`groups` is by race and ethnicity, `groups_by` by each column; `persons_by` the same with one vote for each
        person. `missed`: true pairs that were not found, by why: in
        review, never compared, or compared and too little alike or vetoed (`apart`)."""
        by = {column: _groups_json(groups) for column, groups in self.groups.items()}
        out = self.outcome
        return {
            **self.whole.as_json(),
            "review_pairs": len(out.review),
            "missed": self.missed(),
            "groups": by.get("race_ethnicity", {}),
            "groups_by": by,
            "gaps": {
                column: {
                    "precision": each.precision,
                    "recall": each.recall,
                    "least_precise": each.least_precise,
                    "least_found": each.least_found,
                    "precision_interval": each.precision_interval,
                    "recall_interval": each.recall_interval,
                    "precision_by_chance": self.chance[column].precision,
                    "recall_by_chance": self.chance[column].recall,
                    "recall_per_person": self.person_gaps[column].recall,
                    "recall_per_person_interval": self.person_gaps[column].interval,
                    "least_found_per_person": self.person_gaps[column].least_found,
                }
                for column, each in self.gaps.items()
            },
            "persons_by": {
                column: {group: each.as_json() for group, each in groups.items()}
                for column, groups in self.persons.items()
            },
            "coverage": {column: _coverage_json(groups) for column, groups in self.coverage.items()},
            "cases": self.cases.as_json() if self.cases is not None else None,
            "records": len(out.candidates),
            "people": out.people,
            "candidates_p50": percentile(out.candidates, 50),
            "candidates_p99": percentile(out.candidates, 99),
            "candidates_max": max(out.candidates, default=0),
            "events_per_s": round(len(out.candidates) / out.seconds) if out.seconds > 0 else None,
            "latency_p95_ms": round(1000 * percentile(out.latencies, 95), 3),
            "model": out.model,
        }


def judged(labelled: LabelledSet, outcome: Outcome) -> Evaluation:
    """The outcome beside the truth."""
    decided = outcome.found - labelled.possible
    group_of = {
        column: {record.key: record.groups.get(column, UNKNOWN) for record in labelled.records}
        for column in GROUPED_BY
        if any(record.groups.get(column) for record in labelled.records)
    }
    truth = labelled.truth
    groups = {column: by_group(decided, truth, known) for column, known in group_of.items()}
    people = together([record.key for record in labelled.records], truth)
    persons = {column: persons_by(people, decided, truth, known) for column, known in group_of.items()}
    return Evaluation(
        outcome=outcome,
        whole=quality(decided, labelled.truth),
        waiting=len(outcome.review & labelled.truth),
        groups=groups,
        gaps={column: gap(each) for column, each in groups.items()},
        coverage={column: coverage_by(labelled, outcome.found, known) for column, known in group_of.items()},
        persons=persons,
        person_gaps={column: person_gap(each) for column, each in persons.items()},
        chance={column: by_chance(people, decided, truth, known) for column, known in group_of.items()},
        cases=case_results(labelled, outcome.found, outcome.review),
    )


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that `share` percent of the values do not exceed (nearest rank); 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else 0


def _groups_json(groups: Mapping[str, Quality]) -> dict[str, dict[str, object]]:
    """`coverage_factor`: recall beside that of the group best found. A missed link looks like a dose not given, so where doses
    reach people through links alone, the coverage ratio of the two groups comes out that much too low."""
    recalls = {group: each.recall for group, each in groups.items() if each.recall is not None and group != UNKNOWN}
    best = max(recalls.values(), default=0.0)
    return {
        group: {
            **each.as_json(),
            "too_small": each.too_small,
            "coverage_factor": recalls[group] / best if best and group in recalls else None,
        }
        for group, each in groups.items()
    }


def _coverage_json(groups: Mapping[str, Coverage]) -> dict[str, dict[str, object]]:
    """`ratio_true` and `ratio_found`: to the coverage of the group with the most people; absent where a group is too small."""
    compared = ratios(groups)
    return {
        group: {**each.as_json(), **dict(zip(("ratio_true", "ratio_found"), compared.get(group, ()), strict=False))}
        for group, each in groups.items()
    }
