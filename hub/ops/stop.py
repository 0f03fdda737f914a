"""How a role of threads is told to end: SIGTERM (a supervisor) or SIGINT (somebody at a terminal)."""

from __future__ import annotations

import signal
import threading

__all__ = ["until_sigterm"]


def until_sigterm() -> threading.Event:
    """An event that is set once this process was asked to end; call it in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
