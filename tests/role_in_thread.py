"""A role of the hub in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.config import Settings

__all__ = ["running"]

Failed = Callable[[], str | None]


@contextmanager
def running(role: Callable[[Settings, threading.Event], None], settings: Settings, name: str) -> Iterator[Failed]:
    """Run a role while the block runs; what it fails with fails the test. Whoever waits for it meanwhile may ask what it ended
    with; None: it runs."""
    stop, failed = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            role(settings, stop)
        except BaseException as why:
            failed.append(why)

    thread = threading.Thread(target=work, name=name)
    thread.start()
    try:
        yield lambda: None if thread.is_alive() else repr(failed)
    finally:
        stop.set()
        thread.join(240)
    if failed:
        raise failed[0]
    assert not thread.is_alive()
