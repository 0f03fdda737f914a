"""Who is let in: connections in total, connections of one address, how fast an address may connect, and how its connections end.

Cheap on purpose, and before TLS: an address that connects in a storm costs an accept and a close each. When the door is full, a
newcomer takes the place of the connection that has said nothing for longest; when none is silent, the newcomer is turned away.

All connections of an address share one account of faults: connections that ended badly (junk, a frame too large or cut off, a
failed handshake, answers not taken) and messages in a row of which nothing could be read. A message that could be read clears it,
and for an hour nothing is held against its address: many systems may stand behind one (NAT, a load balancer), and the broken one
must not starve the others. How fast it may connect bounds it all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

__all__ = ["Allowance", "Gate"]

FAULTS_PER_S = 5.0
"""Forgiven beyond those at once. A client that cannot get in tries again some times a second: it alone must not keep out who is new
behind its address, or of whom nothing is known since a start. A storm is held to it."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 1.0
"""Before the next message is read of an address that sends nothing readable: doubled for each."""
TRUSTED_S = 3_600.0
"""After a readable message its address is neither turned away for faults nor slowed down: the next message of a feed with little
to say (a small laboratory, an interface engine's heartbeat) comes within it, and a sender turned hostile has only so long."""
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
    readable_at: float = -inf  # when the last one was answered that could be
    pause_s: float = 0.0  # between two messages, of whichever of its connections
    until: float = -inf  # before which none is taken


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
        if account.faults.empty and not self._trusted(account):
            return "too-many-faults"
        return "too-many-from-address" if self._held[address] >= self._per_address else None

    def enter(self, address: str) -> None:
        self._held[address] += 1

    def leave(self, address: str, *, badly: bool = False) -> None:
        """`badly`: for a reason of mllp_host.BAD_ENDS, or after bytes that were no message."""
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]
        if badly:
            self._account(address).faults.take()

    def heard(self, address: str, *, readable: bool) -> bool:
        """A message was answered; whether its address is slowed down from now on."""
        account, now = self._account(address), self._now()
        if readable:
            account.unreadable, account.pause_s, account.readable_at = 0, 0.0, now
            account.faults.fill()
            return False
        account.unreadable += 1
        beyond, before = account.unreadable - self._faults, account.pause_s
        if beyond <= 0 or self._trusted(account):
            return False
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(beyond - 1, 30))
        if pause_s != before:  # else its next turn stands: no answer puts off another connection that waits
            account.pause_s, account.until = pause_s, now + pause_s
        return not before

    def wait_s(self, address: str) -> float:
        """Seconds until the next message of this address may be taken."""
        account = self._account(address)
        return max(0.0, account.until - self._now()) if account.pause_s else 0.0

    def taken(self, address: str) -> None:
        """A message of this address was taken: if it is slowed down, the next one waits, on whichever connection it comes."""
        account = self._account(address)
        if account.pause_s:
            account.until = self._now() + account.pause_s

    def _trusted(self, account: _Account) -> bool:
        return self._now() - account.readable_at < TRUSTED_S

    def _account(self, address: str) -> _Account:
        if address not in self._accounts:
            if len(self._accounts) >= _ADDRESSES:
                del self._accounts[next(iter(self._accounts))]
            self._accounts[address] = _Account(
                Allowance(self._per_s, max(1.0, self._per_s * 2), self._now),
                Allowance(FAULTS_PER_S, self._faults, self._now),
            )
        return self._accounts[address]
