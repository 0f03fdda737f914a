"""Rows that are missing from a full refresh, or deleted in an export: what it tells, for what it speaks, and what follows.

Whether a fact stands is what the newest export says of it that has its row, standing or deleted, or speaks for it and lacks it; of
exports made at one time one that has it standing counts before one that lacks it, and of a row that they have standing and
deleted the one changed last, deleted where that is the same. So an older export that comes late takes nothing back that a newer
one has, and brings nothing back that a newer one deleted or lacks: the same exports end alike in any order. A withdrawal is a
version of the fact above every one told before; an export made later that has the row standing tells a version above that,
whatever the change time of the row. A deletion that a newer export undid is not told.

What a fact that stands says is its row changed last (R4), in any order too, but for one case: where a row comes back with an
earlier change time than it had before it was gone, it says what it said before or what it says now, by which of them arrived last
before it stood again.

Source: social-standards.md R4, R5 and §1.3 (absent rows are withdrawn inside the projects and days that an export speaks for, never
clients; what exceeds a share is asked about first; DateDeleted is a soft delete that a later export may restore).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

__all__ = [
    "END_OF_STAY",
    "Chosen",
    "Ended",
    "Gone",
    "Held",
    "Laid",
    "Memory",
    "Scope",
    "Standing",
    "Telling",
    "Told",
    "absent_rank",
    "microseconds",
    "moment",
    "restored_rank",
    "too_many",
]

_SINCE, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_ABOVE = 4 * 10**12
"""Above the ranks of told versions, whose statuses are 1 to 3 times 10**12 and seconds (hub.mapping.stamp)."""
LEAST_HELD = 10
LEAST_HELD_OF = {"service": 3}
"""So few absent rows are never asked about; of a directory, which may have a dozen services in all, fewer. (Chosen.)"""
HALF_HELD_OF = frozenset({"service"})
"""Of these more than half of what is known is asked about however few it is: an HMIS export says itself that it is a full refresh,
and a JSON list of services may be the reply to a search. (Chosen.)"""

END_OF_STAY = "end-of-stay"
"""Table of what is remembered of the ends of stays, beside the facts that tell them: never withdrawn, whatever an export lacks."""


class Scope(NamedTuple):
    """One export. `made_at` in microseconds since 1970; `first` and `last` (ordinals) are the days and `projects` (tokens) the
    projects that it speaks for; `most`: the share of a table's known rows that may be absent without asking."""

    export: str
    made_at: int
    first: int
    last: int
    projects: tuple[str, ...]
    most: float


class Told(NamedTuple):
    """One fact as an export tells it. `row` is the token of its row; `first` to `last` (ordinals) are the days that it is about,
    `day` when it happened; `changed` in microseconds. `shape`: what its withdrawal needs beside its key (JSON, no identifier)."""

    row: str
    fact: str
    table: str
    project: str
    first: int
    last: int
    day: int
    changed: int
    active: bool
    shape: str


Laid = tuple[str, str, int, int, int, int, int, bool]
"""A `Told` as it is laid aside: row, fact ("" where it is named as its row), number of its shape, then its days and the rest."""


class Standing(NamedTuple):
    """When the newest exports were made that have a row standing, and deleted (None: none has); the highest change time told."""

    stood: int | None
    deleted: int | None
    changed: int

    @property
    def stands(self) -> bool:
        """What the newest of them says; of one time, that it stands."""
        return (self.stood or 0) >= (self.deleted or 0)


class Gone(NamedTuple):
    """A fact that is withdrawn because an export made at `made_at` lacks its row; `changed`: of its highest version."""

    fact: str
    table: str
    day: int
    changed: int
    made_at: int
    shape: str


class Held(NamedTuple):
    """An export that lacks so many rows of a table that nothing is withdrawn until somebody said that it is right."""

    export: str
    table: str
    absent: int
    known: int


class Chosen(NamedTuple):
    """Microseconds since 1970; None: never."""

    given: int | None = None
    refused: int | None = None


class Ended(NamedTuple):
    """What follows of one export, and of newer ones for what it told. `gone` is read while the telling is open; it holds again what
    a few exports before this one found gone and is not back: nobody knows whether what they told arrived."""

    held: tuple[Held, ...]
    gone: Iterator[Gone]


class Telling(Protocol):
    """One export being told. Nothing is remembered of it before `end`."""

    @property
    def withdrawn(self) -> Callable[[str], int | None]:
        """Of a fact that no export has standing since an earlier one lacked it, or had it deleted, or one of the same time lacked
        it: the change time of that. None: this export brings nothing back."""

    def stands(self, row: str, fact: str) -> bool:
        """Whether an export made later has this fact standing: what this one says of its deletion is undone."""

    def standing(self, row: str, fact: str) -> Standing | None:
        """What all exports that were read before say of this fact; None: nothing."""

    def row(self, row: str) -> None:
        """This row is there, whatever became of it."""

    def fact(self, told: Told) -> None: ...

    def shape(self, table: str, project: str, text: str) -> int:
        """A number for what many facts have alike, as `Told` names it."""

    def facts(self, told: Sequence[Laid]) -> None:
        """Many at once."""

    def end(self, tables: frozenset[str]) -> Ended:
        """`tables`: those of which absent rows say something; none where the export takes nothing back."""


class Memory(Protocol):
    """What the exports of one connector told. Telling the same export again ends alike."""

    def telling(self, scope: Scope) -> AbstractContextManager[Telling]: ...

    def choices(self) -> Mapping[str, Chosen]:
        """By person (token): when they were last told to have consented, and to have refused."""

    def chose(self, told: Mapping[str, Chosen]) -> None:
        """Remember these; of two times of one word the later."""


def absent_rank(made_at: int) -> int:
    """Status rank of a withdrawal because an export made then lacks the row."""
    return _ABOVE + 2 * (made_at // 1_000_000)


def restored_rank(made_at: int) -> int:
    """Status rank of a fact that an export made then has again: above every withdrawal of before and of exports made then too,
    below those of later exports, and above what exports made in between said of it."""
    return absent_rank(made_at) + 1


def too_many(table: str, absent: int, known: int, most: float) -> bool:
    """Whether somebody has to be asked before `absent` of `known` rows of a table are withdrawn."""
    few = absent <= LEAST_HELD_OF.get(table, LEAST_HELD)
    most_of_it = table in HALF_HELD_OF and absent * 2 > known
    return absent > known * most and (most_of_it or not few)


def moment(told: int) -> datetime:
    """Microseconds since 1970 as a time."""
    return _SINCE + told * _MICROSECOND


def microseconds(at: datetime) -> int:
    """A time as microseconds since 1970."""
    return (at - _SINCE) // _MICROSECOND
