"""The clock's ticks: records in the person topic, sent to each partition by its number (keys would miss partitions).

Every fold sees the same ticks on a replay; no fold looks at a clock. In production the wall clock ticks once a day in the county's
time zone; the demo and tests script it. A tick says "it is `as_of` now"; a repeat changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

from hub.domain.person_events import Tick
from hub.outlets.wire import Stop

__all__ = ["TICK_KEY", "run_clock"]

TICK_KEY = b"~tick"  # nobody's key: `~` is in no token

_LOOK_S = 5.0  # how late after midnight a tick may come
_REPEAT_S = 3600.0  # a tick again each hour: a person topic rebuilt by an operator needs no waiting for midnight


def run_clock(
    today: Callable[[], date],
    tick: Callable[[Tick], None],
    stop: Stop,
    wait: Callable[[float], object],
    beat: Callable[[], None],
) -> None:
    """Tick at once, at each change of the day and each hour, until `stop`. `tick` returns when all partitions have it."""
    said: date | None = None
    said_at = 0.0
    while not stop():
        beat()
        now = today()
        if now != said or time.monotonic() - said_at > _REPEAT_S:
            tick(Tick(as_of=now))
            said, said_at = now, time.monotonic()
        wait(_LOOK_S)
