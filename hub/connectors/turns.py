"""Whose turn it is: waiting work of many senders, handed out so that no sender can take the turns of another.

Senders (a client certificate, else an address) are served round robin, and within one sender its connections. So a sender
that floods a hundred connections waits for itself, and one that sends a single message waits for one message of each other.
Those who send ahead and those who wait for each answer (hub.connectors.pace) have turns of their own, one after the other. While
a message of one who waits is worked on, up to its answer, no new turn of those who send ahead begins, but for one each `LONGEST_S`:
they have the pauses between, which one sender who waits leaves most of the time, and many of them never.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

__all__ = ["LONGEST_S", "Turns"]

LONGEST_S = 0.010
"""From one turn of those who send ahead to the next, whoever is worked on: so none of them is ever starved."""

_T = TypeVar("_T")
_Lanes = OrderedDict[str, deque[_T]]


class Turns(Generic[_T]):
    """Not bounded: who puts bounds what one lane may hold."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._one_by_one: _Waiting[_T] = _Waiting()
        self._ahead: _Waiting[_T] = _Waiting()
        self._current: _Waiting[_T] = self._one_by_one
        self._changed = asyncio.Event()
        self._held_until = 0.0
        self._in_hand: Counter[str] = Counter()  # lanes of those who wait for each answer → messages being worked on
        self._ahead_at = -LONGEST_S  # when a turn of those who send ahead last ended
        self._ended = False

    def __len__(self) -> int:
        """How many items wait."""
        return self._one_by_one.count + self._ahead.count

    @property
    def ahead(self) -> bool:
        """Whether this turn is of those who send ahead."""
        return self._current is self._ahead

    def put(self, sender: str, lane: str, item: _T, *, ahead: bool = False) -> None:
        """Items of one lane keep their order: what comes while others of its lane wait, waits with them. Who sends ahead takes what
        waits of its lane along: its first message came before anybody knew."""
        if ahead:
            for earlier in self._one_by_one.withdraw(sender, lane):
                self._ahead.put(sender, lane, earlier)
        else:
            ahead = self._ahead.holds(sender, lane)
        (self._ahead if ahead else self._one_by_one).put(sender, lane, item)
        self._changed.set()

    def end(self) -> None:
        """Nothing more is put; what waits is still handed out."""
        self._ended = True
        self._changed.set()

    async def next(self) -> _T | None:
        """The item whose turn it is; waits for one. None once ended and empty."""
        while (chosen := self._chosen()) is None:
            if self._ended and not len(self):
                return None
            await self._change(self._held_s() if self._ahead.count else None)
        self._current = chosen
        chosen.begin()
        return self._handed_out(chosen.pop())

    def answered(self, lane: str) -> None:
        """One message of this connection that was handed out is done with."""
        if lane in self._in_hand:
            self._in_hand -= Counter((lane,))
            if not self._in_hand:
                self._changed.set()

    def _chosen(self) -> _Waiting[_T] | None:
        ahead = self._ahead if self._ahead.count and not self._held_s() else None
        if self._one_by_one.count and (ahead is None or self.ahead or self._now() < self._ahead_at + LONGEST_S):
            return self._one_by_one
        return ahead

    def _held_s(self) -> float:
        if self._ended:
            return 0.0
        until = max(self._held_until, self._ahead_at + LONGEST_S) if self._in_hand else self._held_until
        return max(0.0, until - self._now())

    async def _change(self, most_s: float | None) -> None:
        """Wait until something is put, or that long."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), most_s)

    def hold(self, seconds: float) -> None:
        """A turn in which those who send ahead could be served ended: give them no other for so long."""
        now = self._now()
        if not self._in_hand or now >= self._ahead_at + LONGEST_S:  # else it was of one who joined while they were held
            self._ahead_at = now
        self._held_until = now + seconds

    async def rest(self, seconds: float) -> None:
        """`hold`, and return when that is over, or as soon as one waits who waits for each answer."""
        self.hold(seconds)
        while not self._one_by_one.count and (left := self._held_s()):
            await self._change(left)

    def now(self, *, anew: bool = False) -> _T | None:
        """One more of the round that `next` or `anew` began, if one waits: of several senders one each, of a single one any. A
        round begun anew is of those who wait for each answer, if there are any."""
        if anew:
            self._current = self._one_by_one if self._one_by_one.count else self._current
            self._current.begin()
        return self._handed_out(self._current.more())

    def _handed_out(self, chosen: tuple[str, _T] | None) -> _T | None:
        if chosen is None:
            return None
        lane, item = chosen
        if not self.ahead:
            self._in_hand[lane] += 1
        return item


class _Waiting(Generic[_T]):
    """Senders, their lanes, and what waits in each."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, _Lanes[_T]] = OrderedDict()
        self._served: set[str] = set()  # senders of this round
        self.count = 0

    def holds(self, sender: str, lane: str) -> bool:
        return lane in self._senders.get(sender, ())

    def put(self, sender: str, lane: str, item: _T) -> None:
        self._senders.setdefault(sender, OrderedDict()).setdefault(lane, deque()).append(item)
        self.count += 1

    def withdraw(self, sender: str, lane: str) -> deque[_T]:
        """What waits of this lane, which waits here no more."""
        lanes = self._senders.get(sender, OrderedDict())
        items = lanes.pop(lane, deque())
        self.count -= len(items)
        if items and not lanes:
            del self._senders[sender]
        return items

    def begin(self) -> None:
        self._served.clear()

    def more(self) -> tuple[str, _T] | None:
        if not self._senders or (len(self._served) > 1 and next(iter(self._senders)) in self._served):
            return None
        return self.pop()

    def pop(self) -> tuple[str, _T]:
        """Lane and item."""
        sender, lanes = next(iter(self._senders.items()))
        lane, items = next(iter(lanes.items()))
        item = items.popleft()
        self._served.add(sender)
        self.count -= 1
        if items:
            lanes.move_to_end(lane)
        else:
            del lanes[lane]
        if lanes:
            self._senders.move_to_end(sender)
        else:
            del self._senders[sender]
        return lane, item
