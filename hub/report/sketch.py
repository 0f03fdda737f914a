"""How many different words there were, and which came how often, in constant memory, whatever comes.

Bottom-k sketch (Cohen and Kaplan 2007): the k words with the smallest hashes are kept with their exact counts. Up to k different
words all is exact; beyond, the number of different words is estimated with a standard error of 1/sqrt(k). The union of the
sketches of two parts is the sketch of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from heapq import heapify, heappop, heappush

__all__ = ["Sketch", "place_of"]

_SPACE = 2**64


def place_of(word: str) -> int:
    """64 bits that stand for a word."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")


class Sketch:
    """`k` words at most are kept, by hash alone; with `named`, the words themselves too (for codes, never for a person's)."""

    def __init__(self, k: int, *, named: bool = False) -> None:
        if k < 2:
            raise ValueError("a sketch keeps two words or more")
        self._k, self._named = k, named
        self._counts: dict[int, int] = {}
        self._words: dict[int, str] = {}
        self._largest: list[int] = []  # negated: the first is the largest kept
        self.exact = True

    def add(self, word: str) -> int:
        """One more occurrence of `word`. Returns its place (hash): whether it is kept, `in` says."""
        place = place_of(word)
        self._add(place, 1, word)
        return place

    def __contains__(self, place: int) -> bool:
        return place in self._counts

    @property
    def kept(self) -> Mapping[int, int]:
        """Occurrences of each word that is kept, by its place."""
        return self._counts

    def _add(self, place: int, count: int, word: str) -> None:
        if place in self._counts:
            self._counts[place] += count
            return
        if len(self._counts) == self._k:
            self.exact = False
            if place > -self._largest[0]:
                return
            gone = -heappop(self._largest)
            del self._counts[gone]
            self._words.pop(gone, None)
        self._counts[place] = count
        heappush(self._largest, -place)
        if self._named:
            self._words[place] = word

    def merge(self, other: Sketch) -> None:
        """Take in what another sketch of the same k saw."""
        if other._k != self._k:
            raise ValueError("only sketches of one size merge")
        both = dict(self._counts)
        for place, count in other._counts.items():
            both[place] = both.get(place, 0) + count
        words = {**other._words, **self._words}
        kept = sorted(both)[: self._k]
        self.exact = self.exact and other.exact and len(kept) == len(both)
        self._counts = {place: both[place] for place in kept}
        self._words = {place: words[place] for place in kept if place in words}
        self._largest = [-place for place in kept]
        heapify(self._largest)

    def __len__(self) -> int:
        """How many different words: exact while `exact`, else the estimate."""
        if self.exact:
            return len(self._counts)
        return round((self._k - 1) * _SPACE / -self._largest[0])

    def most_common(self) -> Iterator[tuple[str, int]]:
        """The named words that are kept, most frequent first; equals by word."""
        named = ((self._words[place], count) for place, count in self._counts.items() if place in self._words)
        return iter(sorted(named, key=lambda each: (-each[1], each[0])))

    def state(self) -> tuple[bool, tuple[tuple[int, int], ...]]:
        """What there is to compare two sketches by."""
        return self.exact, tuple(sorted(self._counts.items()))
