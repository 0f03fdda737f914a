"""Who is let in: connections in total, connections of one address, how fast an address may connect, and how its connections end.

Cheap on purpose, and before TLS: an address that connects in a storm costs an accept and a close each. When the door is full, a
newcomer takes the place of the connection that has said nothing for longest; when none is silent, the newcomer is turned away.

All connections of an address share one account of faults: connections that ended badly (junk, a frame too large or cut off, a
failed handshake, answers not taken, hung up without a word) and messages in a row of which nothing could be read. A message that
could be read clears it, so a feed with a bad row now and then feels nothing, nor do others behind its address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["FIRST_PAUSE_S", "Allowance", "Gate"]

FAULTS_PER_S = 1.0
"""Forgiven beyond those at once: a load balancer may look every other second whether the port is open."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.01, 1.0
"""Before the next message is read of an address that sends nothing readable: doubled for each."""
_ADDRESSES = 4_096  # that are remembered; the oldest are forgotten first


class Allowance:
    """So many at once, refilled at `per_s`: what is left of it decides."""

    def __init__(self, per_s: float, burst: float, now: Callable[[], float]) -> None:
        self._per_s, self._burst, self._now = per_s, burst, now
        self._left, self._at = burst, now()

    @property
    def empty(self) -> bool:
        """Whether none is left."""
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        return self._left < 1

    def take(self) -> bool:
        """Use one; False when none is left."""
        if self.empty:
            return False
        self._left -= 1
        return True

    def fill(self) -> None:
        """All of it is there again."""
        self._left = self._burst


@dataclass
class _Account:
    """Of one address."""

    connects: Allowance
    faults: Allowance
    unreadable: int = 0  # messages in a row of which nothing could be read


class Gate:
    """Counts by address. `faults`: so many are forgiven at once. `now` is a clock in seconds."""

    def __init__(
        self, *, connections: int, per_address: int, connects_per_s: float, faults: int, now: Callable[[], float]
    ) -> None:
        self._connections, self._per_address, self._per_s = connections, per_address, connects_per_s
        self._faults, self._now = faults, now
        self._held: Counter[str] = Counter()
        self._accounts: dict[str, _Account] = {}

    @property
    def full(self) -> bool:
        return self._held.total() >= self._connections

    def refuses(self, address: str) -> str | None:
        """Why this address may not connect now, as a reason code; None when it may, as far as it alone is concerned."""
        account = self._account(address)
        if not account.connects.take():
            return "too-fast"
        if account.faults.empty:
            return "too-many-faults"
        return "too-many-from-address" if self._held[address] >= self._per_address else None

    def enter(self, address: str) -> None:
        self._held[address] += 1

    def leave(self, address: str, *, badly: bool = False) -> None:
        """`badly`: for a reason of mllp_host.BAD_ENDS, or without a word."""
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]
        if badly:
            self._account(address).faults.take()

    def heard(self, address: str, *, readable: bool) -> float:
        """A message was answered: seconds that this address must wait before its next one is read."""
        account = self._account(address)
        if readable:
            account.unreadable = 0
            account.faults.fill()
            return 0.0
        account.unreadable += 1
        beyond = account.unreadable - self._faults
        return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(beyond - 1, 30)) if beyond > 0 else 0.0

    def _account(self, address: str) -> _Account:
        if address not in self._accounts:
            if len(self._accounts) >= _ADDRESSES:
                del self._accounts[next(iter(self._accounts))]
            self._accounts[address] = _Account(
                Allowance(self._per_s, max(1.0, self._per_s * 2), self._now),
                Allowance(FAULTS_PER_S, self._faults, self._now),
            )
        return self._accounts[address]
