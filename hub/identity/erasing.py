"""Who was erased since: taken out of the registry, and what must be said of it, in the one transaction of a batch.

Erasing begins in keys.sqlite (hub.privacy.vault): the key is gone, and with it whatever is sealed under it. That file numbers
erasures; the registry remembers up to which number it has done its part, so a worker that was killed, and a registry that is made
anew, take up what is left. What was taken in before an erasure is refused when it is read again, sealed or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.domain.erasures import Erasure, Erasures
from hub.domain.identity_reviews import ReviewDecision
from hub.identity.erasure_log import last_erased
from hub.identity.registry import Registry
from hub.privacy.vault import Vault

__all__ = ["Erasing"]

_MOST = 500
"""Erasures a transaction: each reads whole tables once, however many they are."""


class Erasing:
    """What the worker knows of erasures. One thread."""

    def __init__(self, vault: Vault, registry: Registry) -> None:
        self._vault, self._registry = vault, registry
        self._known = Erasures()
        self._read, self._done = 0, -1

    def pending(self) -> list[Erasure]:
        """The next erasures that the registry has not done its part of; none when there are none."""
        while found := self._vault.erasures(self._read):
            self._known.take(found)
            self._read = found[-1].number
        if self._done < 0:
            with self._registry.database.transaction() as connection:
                self._done = last_erased(connection)
        return self._vault.erasures(self._done, _MOST) if self._done < self._read else []

    def done(self, erasures: Sequence[Erasure]) -> None:
        """The registry has done its part of these, and that is stored."""
        self._done = erasures[-1].number

    def lives(self, source_person: str) -> int:
        """How often they were erased."""
        return self._known.lives(source_person)

    def ended(self, source_person: str, taken_in: datetime) -> bool:
        """Whether what was taken in then is gone."""
        return self._known.ended(source_person, taken_in)

    def unsaid(self, decision: ReviewDecision) -> bool:
        """Whether a decision names somebody who was erased after it."""
        return any(self._known.ended(each, decision.decided_at) for each in (decision.left, decision.right))
