"""The people of a labelled set in two halves: on one weights and thresholds are chosen, on the other they are reported.

Records of one person stay together, and so do those who share a phone, an e-mail or an address: were twins put into
different halves, neither half would show that they are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.shared import shared_values, values_of
from hub.identity.evaluation.labelled import Labelled, LabelledSet, together

__all__ = ["halves"]


def halves(labelled: LabelledSet, comparables: Mapping[str, Comparable], over: int) -> tuple[LabelledSet, LabelledSet]:
    """Two sets, each record in one of them, in the order in which they came. Which half a household is in hangs on the
    smallest of its record keys alone. `over`: a value used by more people than this binds nobody (as
    `LinkModel.shared_over`)."""
    keys = [record.key for record in labelled.records]
    bound = [*labelled.truth, *_neighbours(labelled.records, comparables, over)]
    first = {
        key for group in together(keys, bound) if sha256(min(group).encode()).digest()[0] % 2 == 0 for key in group
    }
    return _part(labelled, first), _part(labelled, set(keys) - first)


def _part(labelled: LabelledSet, keys: set[str]) -> LabelledSet:
    return LabelledSet(
        [record for record in labelled.records if record.key in keys],
        frozenset(pair for pair in labelled.truth if pair[0] in keys),
        labelled.two_files,
    )


def _neighbours(
    records: Sequence[Labelled], comparables: Mapping[str, Comparable], over: int
) -> Iterator[tuple[str, str]]:
    services = shared_values(comparables.values(), over)
    last: dict[object, str] = {}
    for record in records:
        for value in values_of(comparables[record.key]):
            if value not in services:
                yield last.setdefault(value, record.key), record.key
