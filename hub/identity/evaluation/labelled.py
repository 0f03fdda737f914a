"""Records whose truth is known: what is linked, and the pairs that are one person.

One file is linked to itself, of two files the second to the first. All records of both are in the run, as in the registry; counted
are the pairs that the question asks for: any two of one file, or one of each of two. Of two files every record of the second is
also a case against the first as a registry (hub.identity.evaluation.cases).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from hub.domain.events import PersonBlock
from hub.errors import HubError

__all__ = [
    "GROUPED_BY",
    "UNKNOWN",
    "Labelled",
    "LabelledSet",
    "Pair",
    "Unanswerable",
    "asked_pairs",
    "closed",
    "together",
]

GROUPED_BY = ("race_ethnicity", "origin", "housing")
"""Columns by whose values precision and recall are told apart: race and ethnicity, origin of the name, housing status
(equity-identity.md, requirement 22). The linkage looks at none of them."""
UNKNOWN = "unknown"
"""The group of a record that has no value in such a column."""
Pair = tuple[str, str]
"""Keys of two records, the one that came first in front."""


class Unanswerable(HubError):
    """The files do not fit together: the text names file, row and column, and no value."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One record. `key` is unique over all files, `record_id` in its file; `side` is 0 for the first file and 1 for the second;
    `groups` holds a value for each column of GROUPED_BY that its file has."""

    key: str
    record_id: str
    side: int
    source: str
    block: PersonBlock = field(repr=False)
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """`records` in the order in which they are to arrive, `truth` the pairs that are one person, closed (see `closed`).

    `possible`: pairs that are labelled as undecidable by what the records say: somebody has to look. They count neither as right
    nor as wrong. `kinds`: what is special about a record of the second file (a kind of damage), by key, where the labels say it.
    """

    records: Sequence[Labelled]
    truth: frozenset[Pair]
    two_files: bool = False
    possible: frozenset[Pair] = frozenset()
    kinds: Mapping[str, str] = field(default_factory=dict)


def closed(
    keys: Sequence[str], same: Iterable[tuple[str, str]], sides: Mapping[str, int] | None = None
) -> frozenset[Pair]:
    """All pairs that follow from those told: who is the same as one is the same as all that he is the same as.

    `keys` in their order, which orders each pair. With `sides` only pairs across the two sides are told, else all.
    """
    return asked_pairs(together(keys, same), keys, sides)


def together(keys: Sequence[str], same: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The groups into which these pairs unite the keys, those of one key too."""
    parent = {key: key for key in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = key = parent[parent[key]]
        return key

    for one, other in same:
        parent[root(one)] = root(other)
    groups: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        groups[root(key)].append(key)
    return list(groups.values())


def asked_pairs(
    people: Iterable[Iterable[str]], keys: Sequence[str], sides: Mapping[str, int] | None = None
) -> frozenset[Pair]:
    """The pairs of records within these groups that the question asks for: all, or with `sides` one of each side."""
    place = {key: at for at, key in enumerate(keys)}
    return frozenset(pair for group in people for pair in _within(sorted(group, key=place.__getitem__), sides))


def _within(group: Sequence[str], sides: Mapping[str, int] | None) -> Iterator[Pair]:
    if sides is None:
        return iter(combinations(group, 2))
    left, right = ([key for key in group if sides[key] == side] for side in (0, 1))
    return iter(product(left, right))
