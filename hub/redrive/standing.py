"""How many dead letters are open, and since when: told by following the two topics from their beginning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from hub.bus.dead_letter import Redriven, Rejected
from hub.ops import metrics

__all__ = ["Open", "Standing"]


class Open(NamedTuple):
    """Dead letters of one connector that nothing came of yet: how many, and when the last of them arrived."""

    letters: int
    last_at: datetime


class Standing:
    """Keeps an arrival time per letter that is still on the bus (90 days); `show` sets the metrics and `open`, by
    connector: only those that have some. `open` may be read from any thread."""

    def __init__(self) -> None:
        self._arrived: dict[str, tuple[str, datetime]] = {}
        self._marks: dict[str, Redriven] = {}
        self._connectors: set[str] = set()
        self.open: Mapping[str, Open] = {}

    def take(self, letter_id: str, record: Rejected | Redriven) -> None:
        """One record of hub.intake.rejected.v1 (with its id) or hub.intake.redriven.v1, in any order."""
        if isinstance(record, Redriven):
            self._marks[record.letter] = record
            metrics.DLQ_REDRIVEN.inc(result=record.result)
            return
        before = self._arrived.get(letter_id)
        if before is None or before[1] < record.received_at:
            self._arrived[letter_id] = (record.connector, record.received_at)
        self._connectors.add(record.connector)

    def show(self, now: datetime) -> None:
        """Set hub_dlq_open and hub_dlq_oldest_age_seconds of each connector, and `open`."""
        found: dict[str, Open] = {}
        oldest: dict[str, datetime] = {}
        for letter_id, (connector, at) in self._arrived.items():
            mark = self._marks.get(letter_id)
            if mark is None or mark.result == "rejected" or at > mark.redriven_at:
                before = found.get(connector)
                found[connector] = Open(before.letters + 1, max(before.last_at, at)) if before else Open(1, at)
                oldest[connector] = min(at, oldest.get(connector, at))
        for connector in self._connectors:
            metrics.DLQ_OPEN.set(found[connector].letters if connector in found else 0, connector=connector)
            age = (now - oldest[connector]).total_seconds() if connector in oldest else 0.0
            metrics.DLQ_OLDEST_AGE.set(max(0.0, age), connector=connector)
        self.open = found
