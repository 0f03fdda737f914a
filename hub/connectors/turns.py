"""Whose turn it is: waiting work of many senders, handed out so that no sender can take the turns of another.

Senders (a client certificate, else an address) are served round robin, and within one sender its connections. So a sender
that floods a hundred connections waits for itself, and one that sends a single message waits for one message of each other.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import Generic, TypeVar

__all__ = ["Turns"]

_T = TypeVar("_T")
_Lanes = OrderedDict[str, deque[_T]]


class Turns(Generic[_T]):
    """Not bounded: who puts bounds what one lane may hold."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, _Lanes[_T]] = OrderedDict()
        self._changed = asyncio.Event()
        self._ended = False
        self._count = 0
        self._served: set[str] = set()  # senders of this round

    def __len__(self) -> int:
        """How many items wait."""
        return self._count

    def put(self, sender: str, lane: str, item: _T) -> None:
        """Items of one lane keep their order."""
        self._senders.setdefault(sender, OrderedDict()).setdefault(lane, deque()).append(item)
        self._count += 1
        self._changed.set()

    def end(self) -> None:
        """Nothing more is put; what waits is still handed out."""
        self._ended = True
        self._changed.set()

    async def next(self) -> _T | None:
        """The item whose turn it is; waits for one. None once ended and empty."""
        while not self._senders:
            if self._ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        self._served.clear()
        return self._pop()

    def now(self, *, anew: bool = False) -> _T | None:
        """One more of the round that `next` or `anew` began, if one waits: of several senders one each, of a single one any."""
        if anew:
            self._served.clear()
        if not self._senders or (len(self._served) > 1 and next(iter(self._senders)) in self._served):
            return None
        return self._pop()

    def _pop(self) -> _T:
        sender, lanes = next(iter(self._senders.items()))
        lane, items = next(iter(lanes.items()))
        item = items.popleft()
        self._served.add(sender)
        self._count -= 1
        if items:
            lanes.move_to_end(lane)
        else:
            del lanes[lane]
        if lanes:
            self._senders.move_to_end(sender)
        else:
            del self._senders[sender]
        return item
