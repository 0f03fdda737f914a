"""Who was erased since: taken out of the registry, and what must be said of it, in the one transaction of a batch.

Erasing begins in keys.sqlite (hub.privacy.vault): the key is gone, and with it whatever is sealed under it. That file numbers
erasures; the registry remembers up to which number it has done its part, so a worker that was killed, and a registry that is made
anew, take up what is left. What was taken in before an erasure is refused when it is read again, sealed or not.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from hub.bus.consumer import Incoming
from hub.domain.erasures import Erasure, Erasures
from hub.domain.identity_reviews import ReviewDecision
from hub.identity.batch import Batch
from hub.identity.erasure_log import last_erased
from hub.identity.opening import taken_in
from hub.identity.registry import Registry
from hub.ops import metrics
from hub.ops.logs import logger
from hub.privacy.vault import Vault

__all__ = ["Erasing"]

_log = logger(__name__)
_MOST = 500
"""Erasures a transaction: each reads whole tables once, however many they are."""


class Erasing:
    """What the worker knows of erasures. One thread."""

    def __init__(self, vault: Vault, registry: Registry) -> None:
        self._vault, self._registry = vault, registry
        self._known = Erasures()
        self._read, self._done = 0, -1

    def take_out(self, page: Callable[[], AbstractContextManager[Batch]], beat: Callable[[], None]) -> int:
        """Do the registry's part of all that was erased, up to `_MOST` in each `page`, a transaction whose outbox is published
        when it ends; number of source persons. `beat` is called after every page."""
        count = 0
        while pending := self._pending():
            lives = {each.source_person: self.lives(each.source_person) for each in pending if each.at is not None}
            with page() as batch:
                erased = batch.take_out(len(pending), pending[-1].number, lives, datetime.now(UTC))
            self._done = erased.number
            self._registry.database.cut_log()
            metrics.ERASED.inc(erased.source_persons)
            _log.info(
                "took out who was erased",
                asked=erased.asked,
                source_persons=erased.source_persons,
                regrouped=erased.regrouped,
                rows=sum(erased.counts.values()),
            )
            count += erased.source_persons
            beat()
        return count

    def _pending(self) -> list[Erasure]:
        """The next erasures that the registry has not done its part of."""
        while found := self._vault.erasures(self._read):
            self._known.take(found)
            self._read = found[-1].number
        if self._done < 0:
            with self._registry.database.transaction() as connection:
                self._done = last_erased(connection)
        return self._vault.erasures(self._done, _MOST) if self._done < self._read else []

    def lives(self, source_person: str) -> int:
        """How often they were erased."""
        return self._known.lives(source_person)

    def ended(self, source_person: str, record: Incoming) -> bool:
        """Whether what was taken in with this record is gone."""
        return self._known.lives(source_person) > 0 and self._known.ended(source_person, taken_in(record))

    def unsaid(self, decision: ReviewDecision) -> bool:
        """Whether a decision names somebody who was erased after it."""
        return any(self._known.ended(each, decision.decided_at) for each in (decision.left, decision.right))
