"""What people decided, as it comes in: read beside the intake topics, numbered by its place on its topic.

A registry that is made anew hears all of it before any intake (`recalled`), so that nobody is united or parted in between; a
decision on source persons that nobody told of yet waits in the log, and holds as soon as they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from hub.bus.consumer import Incoming
from hub.errors import Reject
from hub.identity.ports import Wire
from hub.identity.reviews import Said

__all__ = ["NUMBER_TAKEN", "Heard", "hear", "recalled"]

NUMBER_TAKEN = "number-taken"
"""Another decision has this one's number already: the topic is not the one that the registry read so far."""
_PAGE = 1_000


class Heard(NamedTuple):
    """Of a batch: decisions, with the record of each by its number; what is none, and why; the records of all other topics."""

    said: list[Said]
    records: dict[int, Incoming]
    refused: list[tuple[Incoming, Reject]]
    others: list[Incoming]


def hear(wire: Wire, incoming: Iterable[Incoming]) -> Heard:
    """Sort a batch."""
    heard = Heard([], {}, [], [])
    for record in incoming:
        try:
            decision = wire.decision(record)
        except Reject as why:
            heard.refused.append((record, why))
            continue
        if decision is None:
            heard.others.append(record)
        else:
            number = record.offset + 1  # its topic has one partition, so none is given twice
            heard.said.append(Said(number, decision))
            heard.records[number] = record
    return heard


def recalled(wire: Wire, records: Iterable[Incoming]) -> Iterator[Heard]:
    """All of the topic, in pages."""
    left = iter(records)
    while page := list(islice(left, _PAGE)):
        yield hear(wire, page)
