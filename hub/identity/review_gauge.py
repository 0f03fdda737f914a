"""How many pairs of people wait for a person to decide, as a metric: counted in a thread of its own, on a connection that only
reads, so that no batch waits for it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from hub.errors import HubError
from hub.identity.database import Where, name_of, open_to_read, translated
from hub.identity.reviews import waiting
from hub.ops import metrics

__all__ = ["ReviewGauge"]

_EVERY_S = 60.0
_REST = 50
"""After a count it rests so many times as long as that took: of a large registry's time it takes two hundredths at most."""


class ReviewGauge:
    """Counts until `close`, at most once in `every_s` seconds; what cannot be counted now is counted the next time."""

    def __init__(self, where: Where, every_s: float = _EVERY_S) -> None:
        self._where, self._every_s = where, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="review-gauge", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Returns once the thread has ended."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            began = time.monotonic()
            with suppress(HubError):  # the worker meets it too, and says so
                metrics.REVIEWS_WAITING.set(_counted(self._where))
            pause = max(self._every_s, _REST * (time.monotonic() - began))


def _counted(where: Where) -> int:
    with translated(name_of(where)):
        engine = open_to_read(where)
        try:
            with engine.connect() as connection:
                return len(waiting(connection))
        finally:
            engine.dispose()
