"""Which records of one unit went by: several outcomes may be of one record (a row that tells of four counts, a message with three
results), and people count rows and messages."""

from __future__ import annotations

from hub.report.tally import Place

__all__ = ["Seen"]

_MOST = 100_000_000
"""Numbers above are kept one by one: a bit each for all below them would be more than 12 MB."""


class Seen:
    """Exact, in a bit for each record that a number alone names; whatever is deeper in a document is kept by its words."""

    def __init__(self) -> None:
        self._numbered: dict[tuple[str, str], bytearray] = {}
        self._named: set[str] = set()

    def first(self, place: Place) -> bool:
        """Whether nothing of this record went by before."""
        file, number, words = place
        what, _, last = words.removeprefix(file).strip().partition(" ")
        if not last.isdecimal() or number > _MOST:
            before = len(self._named)
            self._named.add(words)
            return len(self._named) > before
        bits = self._numbered.setdefault((file, what), bytearray())
        at, bit = number >> 3, 1 << (number & 7)
        if at >= len(bits):
            bits.extend(bytes(at + 1 - len(bits) + (len(bits) >> 2)))
        if bits[at] & bit:
            return False
        bits[at] |= bit
        return True
