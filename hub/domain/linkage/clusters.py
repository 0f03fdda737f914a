"""The truth about who is who: `clusters`, a pure function of the records, the model and what people decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import astuple
from typing import Protocol, TypeVar

from hub.domain.events import PersonBlock
from hub.domain.identity import NEVER, Record, Version, tells
from hub.domain.linkage.blocking import candidate_pairs
from hub.domain.linkage.comparable import Comparable, comparable
from hub.domain.linkage.decisions import HumanDecision, Standing, standing
from hub.domain.linkage.encoding import NO_LANE, Lane
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.resolving import Clustering, Edge, Link, Review, Scorer, resolve
from hub.domain.linkage.shared import SharedValue, shared_values

__all__ = [
    "Clustering",
    "Edge",
    "HumanDecision",
    "Link",
    "LinkRecord",
    "Review",
    "clusters",
    "component_clusters",
    "components",
    "link_comparables",
    "newest",
    "told_parts",
    "weigh",
]

LinkRecord = Record
"""(source_person, version, block), as hub.domain.identity has it: one thing a source said about one of its persons."""


def clusters(
    records: Iterable[LinkRecord], model: LinkModel, decisions: Iterable[HumanDecision] = (), lane: Lane = NO_LANE
) -> Clustering:
    """The people behind these records. What counts of a source person says `newest`. `lane`: by which those in the clear are
    compared with those who came as filters.

    Order and repeats of records and decisions do not matter."""
    return link_comparables({each: lane(one) for each, one in newest(records).items()}, model, decisions)


def link_comparables(
    comparables: Mapping[str, Comparable], model: LinkModel, decisions: Iterable[HumanDecision] = ()
) -> Clustering:
    """`clusters` of what counts, by source person, with the filters by which it is compared."""
    shared = shared_values(comparables.values(), model.shared_over)
    edges = list(weigh(comparables, candidate_pairs(comparables), model, shared))
    stands = standing(decisions)
    found = [
        component_clusters(members, comparables, of_component, model, shared, stands)
        for members, of_component in components(comparables.keys(), edges, stands)
    ]
    reviews = sorted((one for part in found for one in part.reviews), key=lambda one: (-one.total, one.left, one.right))
    links = sorted((one for part in found for one in part.links), key=lambda one: (-one.total, one.left, one.right))
    return Clustering(frozenset(person for part in found for person in part.people), tuple(reviews), tuple(links))


def component_clusters(
    members: Set[str],
    comparables: Mapping[str, Comparable],
    edges: Iterable[Edge],
    model: LinkModel,
    shared: Set[SharedValue],
    decisions: Standing,
) -> Clustering:
    """`clusters` of one component by itself: equal to its part of the whole, given the same shared values and edges."""
    edges = list(edges)
    scorer = Scorer(comparables, model, shared)
    scorer.know(edges)
    return resolve(members, edges, scorer, decisions, model)


def newest(records: Iterable[LinkRecord]) -> dict[str, Comparable]:
    """What counts of each source person: its newest telling block (hub.domain.identity.tells); while none tells, its newest block,
    which may know a phone or half a name; of equal versions the greater; nothing at all where it has no block."""
    found: dict[str, tuple[_Rank, Comparable]] = {}
    for source_person, version, block in records:
        known = found.setdefault(source_person, (_LOWEST, Comparable()))
        if isinstance(block, PersonBlock) and (rank := (tells(block), version)) >= known[0][:2]:
            one = comparable(block)
            full = (*rank, told_parts(one))
            if full > known[0]:
                found[source_person] = (full, one)
    return {source_person: one for source_person, (_, one) in found.items()}


def told_parts(one: Comparable) -> tuple[str, ...]:
    """By what the greater of two comparables of one version is told."""
    return tuple(str(part) for part in astuple(one))


def weigh(
    comparables: Mapping[str, Comparable], pairs: Iterable[tuple[str, str]], model: LinkModel, shared: Set[SharedValue]
) -> Iterator[Edge]:
    """The pairs graded match or review."""
    scorer = Scorer(comparables, model, shared)
    for left, right in pairs:
        found = scorer.graded(left, right)
        if found is not None:
            yield Edge(left, right, found)


class Pair(Protocol):
    """What has two ends."""

    @property
    def left(self) -> str: ...

    @property
    def right(self) -> str: ...


_AnyPair = TypeVar("_AnyPair", bound=Pair)


def components(
    members: Iterable[str], edges: Iterable[_AnyPair], decisions: Standing
) -> Iterator[tuple[frozenset[str], tuple[_AnyPair, ...]]]:
    """The connected components of these pairs and of those that people decided to be the same, each with its pairs. Of all pairs
    graded match or review: a change of one record changes nothing outside its components before and after. Of those that bind
    (resolving.binds) alone: it changes no one's person outside them."""
    edges = list(edges)
    root = {member: member for member in members}

    def top(member: str) -> str:
        while root[member] != member:
            root[member] = root[root[member]]
            member = root[member]
        return member

    same = [
        pair for pair, (_, verdict) in decisions.items() if verdict == "same" and pair[0] in root and pair[1] in root
    ]
    for left, right in [*((edge.left, edge.right) for edge in edges), *same]:
        one, other = top(left), top(right)
        if one != other:
            root[max(one, other)] = min(one, other)
    together: dict[str, list[str]] = {}
    for member in root:
        together.setdefault(top(member), []).append(member)
    of: dict[str, list[_AnyPair]] = {}
    for edge in edges:
        of.setdefault(top(edge.left), []).append(edge)
    for name, found in together.items():
        yield frozenset(found), tuple(of.get(name, ()))


_Rank = tuple[bool, Version, tuple[str, ...]]
_LOWEST: _Rank = (False, NEVER, ())
