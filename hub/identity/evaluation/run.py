"""Takes in labelled records one by one, as the worker does, and then states who is who by the pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from time import perf_counter, process_time

from hub.domain.linkage.blocking import candidate_pairs
from hub.domain.linkage.clusters import link_comparables
from hub.domain.linkage.comparable import Comparable, comparable
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import score
from hub.domain.linkage.shared import shared_values
from hub.identity.evaluation.arriving import Arrivals
from hub.identity.evaluation.labelled import Labelled, LabelledSet, Pair, asked_pairs
from hub.identity.evaluation.report import Outcome

__all__ = ["Watch", "comparables_of", "run"]

Watch = Callable[[Iterable[Labelled]], Iterator[Labelled]]
"""Hands the records on, and may show how far they are."""


def run(labelled: LabelledSet, model: LinkModel, watch: Watch | None = None) -> Outcome:
    """Link these records in their order. Each counts with all it says: none is the newer word of another.

    Time is that of taking records in; the clusters over all are stated after it.
    """
    arrivals, candidates, latencies = Arrivals(model), [], []
    began = process_time()
    for record in labelled.records if watch is None else watch(labelled.records):
        at = perf_counter()
        compared, _ = arrivals.add(comparable(record.block))
        latencies.append(perf_counter() - at)
        candidates.append(compared)
    seconds = process_time() - began
    return _stated(labelled, model, candidates, latencies, seconds)


def comparables_of(records: Iterable[Labelled]) -> dict[str, Comparable]:
    return {record.key: comparable(record.block) for record in records}


def _stated(
    labelled: LabelledSet,
    model: LinkModel,
    candidates: Sequence[int],
    latencies: Sequence[float],
    seconds: float,
) -> Outcome:
    records = labelled.records
    comparables = comparables_of(records)
    clustering = link_comparables(comparables, model)
    keys = [record.key for record in records]
    sides = {record.key: record.side for record in records} if labelled.two_files else None
    place = {key: at for at, key in enumerate(keys)}
    found = asked_pairs(clustering.people, keys, sides)
    reviewed: dict[Pair, float] = {}
    for review in clustering.reviews:
        left, right = sorted((review.left, review.right), key=place.__getitem__)
        if sides is None or sides[left] != sides[right]:
            reviewed[left, right] = review.total
    shared = shared_values(comparables.values(), model.shared_over)
    scores = {pair: score(comparables[pair[0]], comparables[pair[1]], model, shared).total for pair in found}
    return Outcome(
        found=found,
        review=frozenset(reviewed) - found,
        scores={**reviewed, **scores},
        uncompared=frozenset(_uncompared(labelled.truth - found - reviewed.keys(), comparables)),
        candidates=candidates,
        latencies=latencies,
        seconds=seconds,
        people=len(clustering.people),
        model=model.version,
    )


def _uncompared(pairs: Set[Pair], comparables: Mapping[str, Comparable]) -> Iterator[Pair]:
    compared = set(candidate_pairs(comparables)) if pairs else set()
    return (pair for pair in pairs if (min(pair), max(pair)) not in compared)
