"""The audit trail's single writer: reads the last entry, chains the next one to it, and returns when it is confirmed.

One file lock per installation keeps writers one after another; entries from another machine with another lock file would
break the chain, which `hub audit verify` shows.
"""

from __future__ import annotations

import fcntl
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hub.domain.disclosure import Action, Disclosure, entry
from hub.errors import ConfigError

__all__ = ["Trail", "locked"]


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock file while the block runs; the kernel lets go when the process dies. ConfigError when it is held by
    another and `wait` is false."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            raise ConfigError(f"another process holds {path}: wait until it is done") from None
        yield
    finally:
        os.close(handle)


class Trail:
    """`read` gives the entries as they stand, in order; `append` returns when the broker has confirmed."""

    def __init__(
        self,
        lock: Path,
        read: Callable[[], Iterable[Disclosure]],
        append: Callable[[Disclosure], None],
        now: Callable[[], datetime],
        actor: str,
    ) -> None:
        self._lock, self._read, self._append, self._now, self._actor = lock, read, append, now, actor

    def write(self, action: Action, *, purpose: str, subject: str, detail: str) -> Disclosure:
        """The new last entry, durable: disclose only after this returned."""
        with locked(self._lock):
            last = next(iter(deque(self._read(), maxlen=1)), None)
            made = entry(
                last, at=self._now(), actor=self._actor, action=action, purpose=purpose, subject=subject, detail=detail
            )
            self._append(made)
            return made
