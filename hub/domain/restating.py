"""Saying a fact again, or taking it back, so that the fold believes the later word.

A version is (`changed_at`, `status_rank`, `content_hash`, …), compared in that order, and the highest stands
(hub.domain.history). Somebody who uploads lists has no version numbers: what counts for them is what they sent last. So
each word about a fact gets a version above the one before, made from it alone:

- the same content as the word that stands: the same version, hence the same event id: a repeat is no news;
- other content, no older by the source's own account: the source's version where it is higher already, else the
  `status_rank` above the standing one;
- older by the source's own account (`changed_at`, `status_rank`): as it is, and it loses, as it would from any other door;
- after a withdrawal: always above it. That is why a row that is sent again after its upload was pulled back stands again.

A withdrawal is the standing event with `active` false, one `status_rank` higher. Every kind of event carries `active`,
and every projection of needs and tallies leaves out what is not, so there is no kind that cannot be taken back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from hub.domain.events import Event, PersonBlock, Sealed
from hub.domain.ids import content_hash

__all__ = ["Rank", "Said", "next_word", "restated", "withdrawn"]

_E = TypeVar("_E", bound=Event)
Rank = tuple[datetime, int]
"""The part of a version that a restatement may raise: `changed_at`, `status_rank`."""
_STATUS = {"vaccination": "withdrawn", "lab-result": "withdrawn"}


class Said(NamedTuple):
    """The word that stands about one fact: what the source gave it (`natural`, `content`), how it was published (`rank`),
    and whether it was a withdrawal (`active` false)."""

    natural: Rank
    content: str
    rank: Rank
    active: bool


def next_word(event: Event, said: Said | None) -> Said | None:
    """What stands after `event` was said; None where it loses, being older by the source's own account."""
    natural = (event.changed_at, event.status_rank)
    if said is None:
        return Said(natural, event.content_hash, natural, True)
    if said.active:
        if said.content == event.content_hash and said.natural == natural:
            return said
        if natural < said.natural:
            return None
    return Said(natural, event.content_hash, natural if natural > said.rank else _above(said.rank), True)


def restated(event: _E, rank: Rank) -> _E:
    """`event` at this rank; itself where it has it already. The id follows from its own and the rank."""
    if rank == (event.changed_at, event.status_rank):
        return event
    return event.model_copy(update=_at(event, rank, "said"))


def withdrawn(event: _E, rank: Rank, person: PersonBlock | Sealed | None = None) -> tuple[_E, Rank]:
    """The event that takes back `event`, which stands at `rank`; and its own rank.

    `person`: what else the source says of this person, so that linking does not go on by what is taken back; None where
    it says nothing else.
    """
    higher = _above(rank)
    changes = {**_at(event, higher, "withdrawn"), "active": False, "person": person}
    status = _STATUS.get(type(event).kind)
    if status is not None:
        changes["status"] = status
    return event.model_copy(update=changes), higher


def _above(rank: Rank) -> Rank:
    return rank[0], rank[1] + 1


def _at(event: Event, rank: Rank, word: str) -> dict[str, Any]:
    changed_at, status_rank = rank
    event_id = content_hash(event.event_id, changed_at.isoformat(), str(status_rank), word)
    return {"changed_at": changed_at, "status_rank": status_rank, "event_id": event_id}
