"""What linking by weights keeps, and asks of a database within ONE batch transaction. Every call takes sets and answers for all of
them at once: the number of calls a batch does not depend on how many events it has.

    rows, comparables       each source person: whom it belongs to; what counts of it
    members                 who stands in which block (hub.domain.linkage.blocking)
    users, shared           who uses which phone, e-mail or address; which of these are a service's (…linkage.shared)
    edges                   the pairs graded match or review
    decisions               what people said about pairs
    ages, model, normal     which person is older; what all of the above was made by

No clear text but in `Comparable`: blocks, values and (name, birth date) pairs are keyed tokens, comparables are sealed by the store
under their source person's own key. What the store does not know is left out of the answers. A call sees what earlier calls of
the transaction put. No answer depends on order, but for `tokens_after`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple, Protocol

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import HumanDecision
from hub.identity.linker import SourcePerson

__all__ = ["Dropped", "LinkStore", "Pair", "StoredEdge", "Use"]

Pair = tuple[str, str]
"""Two source persons, the smaller token first."""


class Use(NamedTuple):
    """A source person that uses a value; `person`: the token of its (name, birth date)."""

    value: str
    person: str
    source_person: str


class StoredEdge(NamedTuple):
    """A pair graded match or review, without the parts of its score: they follow from the comparables."""

    left: str
    right: str
    total: float
    grade: str
    veto: str | None


class Dropped(NamedTuple):
    """What a store had of source persons: `rows` as they stood, `near` others they were weighed or decided with, the blocks they
    stood in (who of them in each), the values they used; `counts`: how many rows of what."""

    rows: dict[str, SourcePerson]
    near: set[str]
    blocks: dict[str, set[str]]
    values: set[str]
    counts: dict[str, int]


class LinkStore(Protocol):
    """See the module. Removing what is not there and adding what is there already are no errors and change nothing."""

    def rows(self, source_persons: Set[str]) -> dict[str, SourcePerson]:
        """Source persons as they stand; the caller may change the objects and put them back."""

    def comparables(self, source_persons: Set[str]) -> dict[str, Comparable]:
        """What counts of them. One whose key was erased is left out, as is one without."""

    def put_rows(self, rows: Iterable[SourcePerson], comparables: Mapping[str, Comparable]) -> None:
        """Add or replace source persons; `comparables` of those for whom another one counts now, all of them known or in `rows`."""

    def tokens_after(self, source_person: str, most: int) -> list[str]:
        """The next source persons by token, at most so many, in order; from the beginning after ''."""

    def people(self, person_keys: Set[str]) -> dict[str, set[str]]:
        """The source persons that belong to each."""

    def ages(self, person_keys: Set[str]) -> dict[str, int]:
        """A smaller number was created earlier."""

    def put_persons(self, created: Sequence[str], merged: Mapping[str, str]) -> None:
        """New person keys, the oldest first, and into which key others were merged."""

    def members(self, blocks: Set[str], most: int) -> dict[str, set[str]]:
        """The members of each block; of one that has more than `most`, any `most` of them."""

    def change_members(self, removed: Mapping[str, Set[str]], added: Mapping[str, Set[str]]) -> None:
        """By block, who is taken out of it and who is put into it. First removed, then added."""

    def people_of(self, values: Set[str], most: int) -> dict[str, set[str]]:
        """The distinct (name, birth date) tokens of each value's users; where there are more than `most`, any `most` of them."""

    def users(self, values: Set[str]) -> dict[str, set[str]]:
        """All source persons that use each value."""

    def change_users(self, removed: Iterable[Use], added: Iterable[Use]) -> None:
        """First removed, then added."""

    def shared(self) -> set[str]:
        """All values that are a service's; read once at start."""

    def change_shared(self, removed: Set[str], added: Set[str]) -> None:
        """Values that are a service's no more, and that are now."""

    def edges(self, source_persons: Set[str]) -> list[StoredEdge]:
        """Every edge that has one of these at either end, once."""

    def change_edges(self, removed: Iterable[Pair], added: Iterable[StoredEdge]) -> None:
        """First removed, then added; an added edge replaces the one of its pair."""

    def decisions(self, source_persons: Set[str]) -> list[HumanDecision]:
        """What people said about pairs with one of these at either end, each once; also on pairs whose other end is unknown."""

    def put_decisions(self, decisions: Iterable[HumanDecision]) -> None:
        """Append to the log; a number it has already changes nothing."""

    def model(self) -> str | None:
        """By what the edges were weighed and the blocks made; None: by nothing yet."""

    def put_model(self, version: str) -> None:
        """Say so."""

    def normal(self) -> str | None:
        """By which normalisation the comparables were made (hub.domain.linkage.comparable.NORMAL); None: nobody said."""

    def put_normal(self, number: str) -> None:
        """Say so."""

    def drop(self, source_persons: Set[str]) -> Dropped:
        """Forget them, and all that has them in it; of a human decision only its number stays. Shared values stay. Reads whole
        tables: not for batches."""

    def clear_links(self) -> None:
        """Forget all members, users, shared values and edges, before everything is weighed anew. People and decisions stay."""
