"""How many facts there were, how often they were corrected, and how often a version came again: in constant memory.

Of at most k facts (those with the smallest hashes) all versions are told apart, up to 16 of each; what the rest did is taken
from them. Up to k facts all is exact; and where nothing was corrected, the estimate is 0 too, which a difference of two
estimates is not.
"""

from __future__ import annotations

from hub.report.sketch import Sketch, place_of

__all__ = ["Versions"]

_MOST = 16


class Versions:
    """Takes (fact, version) as they come."""

    def __init__(self, k: int) -> None:
        self._k = k
        self._facts = Sketch(k)
        self._versions: dict[int, tuple[int, ...]] = {}

    @property
    def exact(self) -> bool:
        return self._facts.exact

    def add(self, fact: str, version: str) -> None:
        """One arrival of a version of a fact."""
        at = self._facts.add(fact)
        if at in self._facts:
            self._note(at, (place_of(version),))
        if len(self._versions) >= 2 * self._k:
            self._forget()

    def merge(self, other: Versions) -> None:
        """Take in what came in another part."""
        self._facts.merge(other._facts)
        for at, versions in other._versions.items():
            self._note(at, versions)
        self._forget()

    @property
    def corrections(self) -> int:
        """Versions beyond the first of their fact."""
        return self._of_all(sum(len(self._versions[at]) - 1 for at in self._facts.kept))

    @property
    def repeats(self) -> int:
        """Arrivals of a version that had come before."""
        return self._of_all(sum(n - len(self._versions[at]) for at, n in self._facts.kept.items()))

    def _note(self, at: int, versions: tuple[int, ...]) -> None:
        known = self._versions.get(at, ())
        if any(each not in known for each in versions):
            self._versions[at] = tuple(sorted({*known, *versions})[:_MOST])

    def _forget(self) -> None:
        """Versions of facts that are kept no more."""
        self._versions = {at: versions for at, versions in self._versions.items() if at in self._facts}

    def _of_all(self, found: int) -> int:
        return found if self.exact else round(found * len(self._facts) / len(self._facts.kept))
