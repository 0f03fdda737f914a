"""Who is let in: connections in total, connections of one address, and how fast an address may connect.

Cheap on purpose, and before TLS: an address that connects in a storm costs an accept and a close each. When the door is full, a
newcomer takes the place of the connection that has said nothing for longest; when none is silent, the newcomer is turned away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

__all__ = ["Allowance", "Gate"]

_ADDRESSES = 4_096  # that are remembered; the oldest are forgotten first


class Allowance:
    """So many at once, refilled at `per_s`: what is left of it decides."""

    def __init__(self, per_s: float, burst: float, now: Callable[[], float]) -> None:
        self._per_s, self._burst, self._now = per_s, burst, now
        self._left, self._at = burst, now()

    def take(self) -> bool:
        """Use one; False when none is left."""
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Gate:
    """Counts by address. `now` is a clock in seconds."""

    def __init__(self, *, connections: int, per_address: int, connects_per_s: float, now: Callable[[], float]) -> None:
        self._connections, self._per_address, self._per_s = connections, per_address, connects_per_s
        self._now = now
        self._held: Counter[str] = Counter()
        self._rates: dict[str, Allowance] = {}

    @property
    def full(self) -> bool:
        return self._held.total() >= self._connections

    def refuses(self, address: str) -> str | None:
        """Why this address may not connect now, as a reason code; None when it may, as far as it alone is concerned."""
        if address not in self._rates:
            if len(self._rates) >= _ADDRESSES:
                del self._rates[next(iter(self._rates))]
            self._rates[address] = Allowance(self._per_s, max(1.0, self._per_s * 2), self._now)
        if not self._rates[address].take():
            return "too-fast"
        return "too-many-from-address" if self._held[address] >= self._per_address else None

    def enter(self, address: str) -> None:
        self._held[address] += 1

    def leave(self, address: str) -> None:
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]
