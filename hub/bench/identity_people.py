"""Made-up people for `hub bench identity`: one record of each to fill the index with, and further records of them to measure by.

They come in portions, so that a million people need no more memory than one portion beside the index itself. Their family names are
those of hub.synthetic.linkage_names, about two thousand: fewer than so many people have in life, so blocks of names are larger.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from hub.domain.events import PersonBlock
from hub.synthetic.linkage_records import made_records
from hub.synthetic.linkage_set import MadeRecord

__all__ = ["Portion", "portions", "portions_to_time"]

_PORTION = 5_000
_SEED = 20261200  # other people than those of training


class Portion(NamedTuple):
    """`first`: a record of each person; `later`: the others of the same people."""

    first: list[PersonBlock]
    later: list[PersonBlock]


def portions_to_time(people: int, events: int) -> Iterator[Portion]:
    """So many people, and of every portion as many later records, so that the `events` are of all the people. A few more of both;
    fewer events where the people have no more records."""
    each = -(-events * _PORTION // people)
    for portion in portions(people, _SEED):
        yield portion._replace(later=portion.later[:each])


def portions(people: int, seed: int) -> Iterator[Portion]:
    """At least `people` people, of whom each has a record; the last portion is as large as the others or smaller."""
    made = 0
    while made < people:
        portion = _portion(min(_PORTION, people - made), seed + made)
        made += len(portion.first)
        yield portion


def _portion(people: int, seed: int) -> Portion:
    seen: set[str] = set()
    portion = Portion([], [])
    for record in made_records(people, seed).records:
        (portion.later if record.person in seen else portion.first).append(_block(record))
        seen.add(record.person)
    return portion


def _block(record: MadeRecord) -> PersonBlock:
    told = {name: value for name, value in record.fields.items() if name in PersonBlock.model_fields}
    born = told.pop("birth_date", None)
    partial = told.pop("birth_date_partial", "") == "1"
    return PersonBlock(**told, birth_date=date.fromisoformat(born) if born else None, birth_date_partial=partial)
