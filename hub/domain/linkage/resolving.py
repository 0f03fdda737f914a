"""From weighed pairs to people: one pass over the pairs, best first, that unites unless something stands between the two sides.

The same for every order of the input. A pair only says something about its own connected component, so that a component computed
by itself equals its part of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import Standing
from hub.domain.linkage.grading import Grader
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import Score, score
from hub.domain.linkage.shared import SharedValue
from hub.domain.linkage.standing_between import differ_by_slips, told_twice
from hub.domain.linkage.vetoes import UNKNOWING, refutes

__all__ = ["Clustering", "Edge", "Link", "Review", "Scorer", "binds", "resolve"]

_NOTHING_KNOWN = frozenset({None, *UNKNOWING})
_ROUNDING = 1e-6


class Edge(NamedTuple):
    """A weighed pair, the smaller id first."""

    left: str
    right: str
    score: Score


class Link(NamedTuple):
    """A pair that united two sides, and why: its weight, or a person's decision."""

    left: str
    right: str
    total: float
    cause: Literal["match", "human"]


class Review(NamedTuple):
    """A pair that a person should look at: nearly enough (`score`), a veto's reason code, `chain` (members of the two sides speak
    against one another), `told-twice` (each side tells twice a given name or birth date that the other does not), `margin` (two
    candidates too close), `decisions` (people decided both ways)."""

    left: str
    right: str
    total: float
    reason: str


@dataclass(frozen=True, slots=True)
class Clustering:
    """The people as sets of source persons, together all of them; the pairs to review, best first; the links that made people."""

    people: frozenset[frozenset[str]]
    reviews: tuple[Review, ...] = ()
    links: tuple[Link, ...] = ()


class Scorer:
    """Scores pairs of one component, each once."""

    def __init__(self, comparables: Mapping[str, Comparable], model: LinkModel, shared: Set[SharedValue]) -> None:
        self._comparables, self._model, self._shared = comparables, model, shared
        self._known: dict[tuple[str, str], Score] = {}
        self._grader = Grader(model)

    def __call__(self, left: str, right: str) -> Score:
        """The score of two source persons."""
        pair = (left, right) if left < right else (right, left)
        found = self._known.get(pair)
        if found is None:
            found = score(self._comparables[pair[0]], self._comparables[pair[1]], self._model, self._shared)
            self._known[pair] = found
        return found

    def graded(self, left: str, right: str) -> Score | None:
        """The score of two source persons who are a match or for review; None of others, and sooner than their score."""
        pair = (left, right) if left < right else (right, left)
        found = self._known.get(pair)
        if found is not None:
            return None if found.grade == "none" else found
        found = self._grader(self._comparables[pair[0]], self._comparables[pair[1]], self._shared)
        if found is not None:
            self._known[pair] = found
        return found

    def know(self, edges: Iterable[Edge]) -> None:
        """Take over scores that were computed before."""
        self._known.update(((edge.left, edge.right), edge.score) for edge in edges)


def binds(total: float, model: LinkModel) -> bool:
    """Whether a weighed pair of this total can have a say in who is united: a match can, and who comes within the margin of one.
    All others are only looked at by people, so that who is one person follows from the components of the pairs that bind."""
    return total >= model.match - model.margin - _ROUNDING


def resolve(
    members: Set[str], edges: Iterable[Edge], scorer: Scorer, decisions: Standing, model: LinkModel
) -> Clustering:
    """The people among `members`. `edges`: every candidate pair among them that is graded match or review. Decisions on others than
    `members` are passed over."""
    return _Resolving(members, edges, scorer, decisions, model).run()


class _Resolving:
    def __init__(
        self, members: Set[str], edges: Iterable[Edge], scorer: Scorer, decisions: Standing, model: LinkModel
    ) -> None:
        self._score, self._model = scorer, model
        self._edges = sorted(edges, key=lambda edge: (-edge.score.total, edge.left, edge.right))
        self._cluster = {member: frozenset({member}) for member in members}
        self._core = dict(
            self._cluster
        )  # who is in one cluster by weights: a person's word makes one person of unlike cores
        self._decided = {pair: said for pair, said in decisions.items() if pair[0] in members and pair[1] in members}
        self._of: dict[str, list[Edge]] = {}
        for edge in self._edges:
            self._of.setdefault(edge.left, []).append(edge)
            self._of.setdefault(edge.right, []).append(edge)
        self._links: list[Link] = []
        self._reviews: list[Review] = []

    def run(self) -> Clustering:
        for pair, (_, verdict) in sorted(self._decided.items(), key=lambda item: (-item[1][0], item[0])):
            if verdict == "same":
                self._decide(*pair)
        for edge in self._edges:
            self._weigh(edge)
        reviews = {(review.left, review.right): review for review in reversed(self._reviews)}
        return Clustering(
            people=frozenset(self._cluster.values()),
            reviews=tuple(
                sorted(
                    (
                        review
                        for pair, review in reviews.items()
                        if self._cluster[pair[0]] is not self._cluster[pair[1]]
                    ),
                    key=lambda review: (-review.total, review.left, review.right),
                )
            ),
            links=tuple(self._links),
        )

    def _decide(self, left: str, right: str) -> None:
        if self._told_apart(self._cluster[left], self._cluster[right]):
            self._reviews.append(Review(left, right, 0.0, "decisions"))
        elif self._cluster[left] is not self._cluster[right]:
            self._unite(Link(left, right, 0.0, "human"))

    def _weigh(self, edge: Edge) -> None:
        mine, theirs = self._cluster[edge.left], self._cluster[edge.right]
        if self._core[edge.left] is self._core[edge.right] or self._told_apart(mine, theirs):
            return
        reason = self._between(edge, self._core[edge.left], self._core[edge.right])
        if reason is None:
            core = self._core[edge.left] | self._core[edge.right]
            self._core.update((member, core) for member in core)
        if mine is theirs:
            return
        if reason is None:
            self._unite(Link(edge.left, edge.right, edge.score.total, "match"))
        else:
            self._reviews.append(Review(edge.left, edge.right, edge.score.total, reason))

    def _between(self, edge: Edge, mine: frozenset[str], theirs: frozenset[str]) -> str | None:
        """What stands between two cores. Between others of the two clusters a person's word stands for whatever differs."""
        if edge.score.grade != "match":
            return edge.score.veto or "score"
        for one in mine:
            for other in theirs:
                found = self._score(one, other)
                if found.veto is not None and not self._refuted(found.veto, one, other, mine, theirs):
                    return found.veto
                if found.total < self._model.chain:
                    return "chain"
        pairs = product(mine, theirs) if min(len(mine), len(theirs)) > 1 else ()
        if told_twice((one, other, _levels(self._score(one, other))) for one, other in pairs):
            return "told-twice"
        rivals = self._rivals(edge, mine, theirs) or self._rivals(edge, theirs, mine)
        return "margin" if rivals else None

    def _refuted(self, reason: str, one: str, other: str, mine: frozenset[str], theirs: frozenset[str]) -> bool:
        """Whether another member of either side is known to be what the reason says it cannot be."""
        fits = [self._score(member, other) for member in mine if member != one]
        fits += [self._score(one, member) for member in theirs if member != other]
        return any(_fits(found) and refutes(reason, _levels(found)) for found in fits)

    def _rivals(self, edge: Edge, mine: frozenset[str], theirs: frozenset[str]) -> bool:
        """Whether somebody who is not `theirs` fits `mine` (cores both) about as well."""
        own, others = self._cluster[next(iter(mine))], self._cluster[next(iter(theirs))]
        for member in mine:
            for rival in self._of.get(member, ()):
                if abs(rival.score.total - edge.score.total) > self._model.margin:
                    continue
                end = rival.left if rival.right == member else rival.right
                third = self._cluster[end]
                if third is own or third is others or self._told_apart(own, third):
                    continue
                if self._told_apart(third, others) or self._apart(self._core[end], theirs, mine):
                    return True
        return False

    def _apart(self, one: frozenset[str], theirs: frozenset[str], both_fit: frozenset[str]) -> bool:
        """Whether something is known to stand between two cores that both fit a third. Of whom no given name is told nothing is: he
        is no rival of one of whom it is told twice. Nor are two who may be one person with a slip in either."""
        for left, right in product(one, theirs):
            found = self._score(left, right)
            if found.total < self._model.chain:
                return True
            if found.veto not in _NOTHING_KNOWN and not self._by_slips(found.veto or "", left, right, both_fit):
                return True
        return False

    def _by_slips(self, reason: str, left: str, right: str, both_fit: frozenset[str]) -> bool:
        to_left, to_right = (
            [_levels(found) for found in (self._score(member, end) for member in both_fit) if _fits(found)]
            for end in (left, right)
        )
        return differ_by_slips(reason, to_left, to_right)

    def _told_apart(self, mine: frozenset[str], theirs: frozenset[str]) -> bool:
        return any(
            said[1] == "different"
            and ((pair[0] in mine and pair[1] in theirs) or (pair[0] in theirs and pair[1] in mine))
            for pair, said in self._decided.items()
        )

    def _unite(self, link: Link) -> None:
        united = self._cluster[link.left] | self._cluster[link.right]
        for member in united:
            self._cluster[member] = united
        self._links.append(link)


def _fits(found: Score) -> bool:
    return found.veto is None and found.grade == "match"


def _levels(found: Score) -> dict[str, str]:
    return {part.field: part.level for part in found.parts}
