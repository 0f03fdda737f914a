"""How late a source is, by named clocks, as histograms that merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.domain.events import Event

__all__ = ["CLOCKS", "Clock", "delays_of", "quantile"]

_LONGEST_D, _LONGEST_H = 3_660, 24 * 366
_NO_TIME = 1970  # the year that stands in changed_at where the source gives no time


class Clock(NamedTuple):
    """From which clock to which; `unit` is what the numbers are."""

    since: str
    until: str
    unit: str


_HAPPENED = "the day it happened (civil date of the source)"
_CHANGED = "its last change at the source (the source's time, UTC)"
_RECEIVED = "received (the hub's clock, UTC)"
CLOCKS: Mapping[str, Clock] = {
    "happened-to-changed": Clock(_HAPPENED, _CHANGED, "days"),
    "changed-to-received": Clock(_CHANGED, _RECEIVED, "hours"),
    "happened-to-received": Clock(_HAPPENED, _RECEIVED, "days"),
}
"""By name. Days are whole civil days (UTC on the later side), hours are rounded down; negative: the later came first."""


def delays_of(event: Event, received_at: datetime | None) -> Iterator[tuple[str, int]]:
    """(clock, delay) of one record, as far as both ends are known. Longer than ten years, or a year in hours, counts as that."""
    changed = event.changed_at if event.changed_at.year > _NO_TIME else None
    day = event.occurred_on
    if changed is not None and day is not None:
        yield "happened-to-changed", _within((changed.date() - day).days, _LONGEST_D)
    if received_at is not None and changed is not None:
        yield "changed-to-received", _within((received_at - changed) // timedelta(hours=1), _LONGEST_H)
    if received_at is not None and day is not None:
        yield "happened-to-received", _within((received_at.date() - day).days, _LONGEST_D)


def quantile(counted: Counter[int], share: float) -> int | None:
    """The smallest delay that at least `share` of the records do not exceed; None without records."""
    wanted = share * counted.total()
    passed = 0
    for delay in sorted(counted):
        passed += counted[delay]
        if passed >= wanted:
            return delay
    return None


def _within(value: int, most: int) -> int:
    return max(-most, min(most, value))
