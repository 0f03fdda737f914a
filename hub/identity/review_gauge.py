"""How many pairs of people wait for a person to decide, as a metric: counted by the database, asked by a thread of its own on a
connection that only reads, so that no batch waits for it."""

from __future__ import annotations

import threading
import time

from hub.errors import HubError
from hub.identity.database import Where, name_of, open_to_read, translated
from hub.identity.reviews import count_waiting
from hub.ops import metrics
from hub.ops.logs import logger

__all__ = ["ReviewGauge"]

_log = logger(__name__)

_EVERY_S = 60.0
_REST = 50
"""After a count it rests so many times as long as that took: of a large registry's time it takes two hundredths at most."""
_LEAVE_S = 5.0


class ReviewGauge:
    """Counts until `close`, at most once in `every_s` seconds; what cannot be counted now is counted the next time."""

    def __init__(self, where: Where, every_s: float = _EVERY_S, leave_s: float = _LEAVE_S) -> None:
        self._where, self._every_s, self._leave_s = where, every_s, leave_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="review-gauge", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Returns once the thread has ended, or after `leave_s` seconds: a count that takes longer ends by itself, or with the
        process."""
        self._stop.set()
        self._thread.join(self._leave_s)

    def _run(self) -> None:
        pause, told = 0.0, False
        while not self._stop.wait(pause):
            began, pause = time.monotonic(), self._every_s
            try:
                metrics.REVIEWS_WAITING.set(_counted(self._where))
                pause, told = max(pause, _REST * (time.monotonic() - began)), False
            except HubError:  # the worker meets it too, and says so
                continue
            except Exception as why:  # the metric would stand still for ever, and nobody would know
                if not told:
                    _log.warning("who waits for a review was not counted", error=type(why).__name__)
                told = True


def _counted(where: Where) -> int:
    with translated(name_of(where)):
        engine = open_to_read(where)
        try:
            with engine.connect() as connection:
                return count_waiting(connection)
        finally:
            engine.dispose()
