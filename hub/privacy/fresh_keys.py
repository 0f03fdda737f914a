"""The newest data keys that each thread asked its vault for. They may not be on disk yet, so no other thread may seal with them
unasked; for a moment after, the thread that has them need not ask whether they were erased meanwhile."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["FreshKeys"]


_Keys = tuple[Mapping[str, bytes], dict[str, AESGCM]]
"""Keys, and the ciphers that were made of them: of a key that seals nothing none is, which takes longer than to seal."""


def _no_keys() -> _Keys:
    return {}, {}


class _Held:
    """By one thread, and how long (monotonic seconds) that may be believed."""

    def __init__(self) -> None:
        self.keys = _no_keys()
        self.until = 0.0


_NOTHING = _Held()


class _OfThread(threading.local):
    held = _NOTHING


class FreshKeys:
    """Of one vault, which holds a lock for `hold` and `drop`; `find` asks for none."""

    def __init__(self) -> None:
        self._own = _OfThread()
        self._all = weakref.WeakSet[_Held]()  # of the threads that live

    def hold(self, keys: Mapping[str, bytes], seconds: float) -> None:
        """For this thread, in place of what it held."""
        if self._own.held is _NOTHING:
            self._own.held = _Held()
            self._all.add(self._own.held)
        self._own.held.keys, self._own.held.until = (keys, {}), time.monotonic() + seconds

    def find(self, key_id: str) -> AESGCM | None:
        """What this thread holds, while that may be believed."""
        held = self._own.held
        if time.monotonic() >= held.until:
            return None
        keys, ciphers = held.keys  # those that are dropped meanwhile are dropped with what is made of them now
        cipher = ciphers.get(key_id)
        if cipher is None and (key := keys.get(key_id)) is not None:
            cipher = ciphers[key_id] = AESGCM(key)
        return cipher

    def drop(self) -> None:
        """What any thread holds: a key was erased, or could not be written, and no cipher outlives its key in memory."""
        for held in self._all:
            held.keys = _no_keys()

    def held(self) -> set[str]:
        """Ids of the keys that any thread holds."""
        return {key_id for each in self._all for key_id in each.keys[0]}
