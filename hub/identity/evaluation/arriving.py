"""Records that arrive one after the other, as at the worker: each is compared with the earlier ones that share a block with it.

The index holds positions, not records. A block that grows past `LARGEST` is split where it stands by hub.domain.linkage.blocking's
rule; what earlier arrivals were compared with then stays compared, so candidates depend a little on the order. Who ends as whom
doesn't: that is stated by hub.domain.linkage.clusters over all records (hub.identity.evaluation.run).
"""

from __future__ import annotations

from hub.domain.linkage.blocking import LARGEST, block_keys, narrower_keys
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.grading import Grader
from hub.domain.linkage.model import LinkModel
from hub.domain.linkage.scoring import Score
from hub.domain.linkage.shared import Person, SharedValue, person_of, values_of

__all__ = ["Arrivals", "BlockIndex"]

_NONE: frozenset[SharedValue] = frozenset()


class BlockIndex:
    """Who shares a block with whom, in memory."""

    def __init__(self) -> None:
        self._blocks: dict[str, int | list[int]] = {}  # most have one member all the time
        self._split: set[str] = set()
        self._known: list[Comparable] = []

    def add(self, one: Comparable) -> set[int]:
        """The positions of the earlier comparables to compare this one with; it has the next position from now on."""
        at = len(self._known)
        self._known.append(one)
        found: set[int] = set()
        for key in block_keys(one):
            if key in self._split:
                for narrower in narrower_keys(key, one):
                    self._enter(narrower, at, found)
            elif self._enter(key, at, found):
                self._widen(key)
        return found

    def _enter(self, key: str, at: int, found: set[int]) -> bool:
        """Whether the block is now too large. One that was already takes nobody in and gives nothing."""
        members = self._blocks.get(key)
        if members is None or members == at:  # itself: two long keys of one record may be cut to the same
            self._blocks[key] = at
            return False
        if isinstance(members, int):
            found.add(members)
            self._blocks[key] = [members, at]
            return False
        if len(members) <= LARGEST:
            found.update(members)
            members.append(at)
        return len(members) > LARGEST

    def _widen(self, key: str) -> None:
        self._split.add(key)
        ignored: set[int] = set()
        members = self._blocks.pop(key)
        for at in [members] if isinstance(members, int) else members:
            for narrower in narrower_keys(key, self._known[at]):
                self._enter(narrower, at, ignored)


class Arrivals:
    """What the worker keeps of records to link the next one: blocks, comparables, and who uses which shared value."""

    def __init__(self, model: LinkModel) -> None:
        self._model = model
        self._grader = Grader(model)
        self._index = BlockIndex()
        self._known: list[Comparable] = []
        self._values: list[tuple[SharedValue, ...]] = []
        self._users: dict[SharedValue, Person | set[Person]] = {}  # most are one person's
        self._shared: set[SharedValue] = set()

    def add(self, one: Comparable) -> tuple[int, list[tuple[int, Score]]]:
        """With how many earlier records this one was compared, and those of them that are a match or for review."""
        known, grader, shared, values = self._known, self._grader, self._shared, self._values
        candidates = self.know(one)
        own = not shared.isdisjoint(values[-1])
        graded = [
            (at, grader(one, known[at], shared if own or not shared.isdisjoint(values[at]) else _NONE))
            for at in candidates
        ]
        return len(candidates), [(at, each) for at, each in graded if each is not None]

    def know(self, one: Comparable) -> set[int]:
        """Keep a record without comparing it: the positions of those that it would be compared with."""
        values = values_of(one)
        self._learn(one, values)
        self._known.append(one)
        self._values.append(values)
        return self._index.add(one)

    def _learn(self, one: Comparable, values: tuple[SharedValue, ...]) -> None:
        person = person_of(one)
        if person is None:
            return
        for value in values:
            users = self._users.setdefault(value, person)
            if isinstance(users, tuple):
                if users == person:
                    continue
                users = self._users[value] = {users}
            if len(users) <= self._model.shared_over:
                users.add(person)
                if len(users) > self._model.shared_over:
                    self._shared.add(value)
