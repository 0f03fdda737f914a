"""The part that all events share: ids, version, agreement, labels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from hub.domain.agreement import merge_labels
from hub.domain.events import Processing
from hub.domain.ids import content_hash, with_lengths
from hub.domain.trusted import Trusted
from hub.mapping.program import EPOCH, MappingContext

__all__ = ["Recurring", "Stamp", "unless_production"]


def unless_production(processing: Processing) -> tuple[str, ...]:
    """What the content of a version says more than its record: a test and the real record that it rehearses are two versions."""
    return () if processing == "production" else (processing,)


_ROOM = 10**12  # seconds: more than until the year 9999


def _and_sent(status_rank: int, sent_at: datetime) -> int:
    """A rank that compares by status first, then by when it was sent."""
    return status_rank * _ROOM + max(int(sent_at.timestamp()), 0)


class Stamp:
    """Makes the common fields of events under one context.

    Remembers tokens of people and sites that recur. Safe to share between threads.
    """

    _made: ClassVar[dict[str, tuple[MappingContext, Stamp]]] = {}

    @classmethod
    def of(cls, context: MappingContext) -> Stamp:
        """The one of this very context, made once: where each message is a unit, a new one each time took 90 us of 460 (three
        caches, and the garbage they leave)."""
        known = cls._made.get(context.source)
        if known is None or known[0] is not context:
            known = cls._made[context.source] = (context, cls(context))
        return known[1]

    def __init__(self, context: MappingContext) -> None:
        self._context = context
        self._not_before, self._rises = context.not_before, context.rises
        self._event_id = context.keys.under("event")
        self.token = context.keys.under(context.source)
        """Any other opaque token of this source."""
        self._fact_key = lru_cache(maxsize=64)(lambda kind: context.keys.under("fact", context.source, kind))
        self._version = str(context.mapping_version)
        self._fixed: dict[str, Any] = {
            "source": context.source,
            "mapping_version": context.mapping_version,
            "agreement_id": context.agreement.agreement_id,
            "purposes": tuple(context.agreement.purposes),
        }
        agreed = tuple(context.agreement.labels)
        self._begun: dict[Trusted[Any], dict[str, Any]] = {}
        self._labels = lru_cache(maxsize=256)(lambda labels: merge_labels(agreed, labels))
        self._person = lru_cache(maxsize=20_000)(
            lambda authority, local_id: context.keys.source_person(context.source, authority, local_id)
        )
        self.site = lru_cache(maxsize=5_000)(lambda site_id: context.keys.site(context.source, site_id))

    @cached_property
    def zone(self) -> ZoneInfo:
        """That of the context, looked up once."""
        return self._context.zone

    def person(self, authority: str, local_id: str) -> str:
        """source_person of a local id under its authority."""
        return self._person(authority, local_id)

    def fact_key(self, kind: str, *native_key: str) -> str:
        """Token of the fact as the source knows it."""
        return self._fact_key(kind)(*native_key)

    def recurring(self, kind: str) -> Recurring:
        """The same fields for a kind of fact of which a source has millions, each known by one native key."""
        return Recurring(self, kind)

    def fields(
        self,
        fact_key: str,
        *,
        source_person: str | None,
        changed_at: datetime | None,
        status_rank: int,
        content: str,
        occurred_on: date | None,
        active: bool = True,
        labels: Sequence[str] = (),
        sent_at: datetime | None = None,
    ) -> dict[str, Any]:
        """The common fields of an event; `content` is the content hash of its record. `sent_at`: when the message was sent, where
        that is not `changed_at`: of two versions of one time and status the one sent later stands.

        The event id is of the version as the source knows it: a value that comes back later (A, B, A) is a third event, not
        the first again, and the same record sent again is the same event.
        """
        if labels:
            content = content_hash(content, *labels)  # a record that became more sensitive is told anew
        held = {
            **self._fixed,
            "source_person": source_person,
            "occurred_on": occurred_on,
            "active": active,
            "labels": self._labels(tuple(labels)),
        }
        self.put(held, fact_key, changed_at, status_rank, content, sent_at)
        return held

    def shared(self, labels: tuple[str, ...] = ()) -> dict[str, Any]:
        """Those that all events of the source have alike, where they have no labels of their own, or these."""
        return {**self._fixed, "labels": self._labels(labels)}

    def begun(self, built: Trusted[Any]) -> dict[str, Any]:
        """Every field of an event, with what all events of the source have alike (and no labels of their own): whoever makes one
        sets the rest, and hands it to `built.of`."""
        known = self._begun.get(built)
        if known is None:
            known = self._begun[built] = built.blank(self.shared())
        return known.copy()

    def put(
        self, held: dict[str, Any], fact_key: str, changed_at: datetime | None, status_rank: int, content: str,
        sent_at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Complete `held`, which has all other common fields, as `fields` does: an event's dictionary is filled once."""
        at, known_rank = changed_at or EPOCH, status_rank
        if sent_at is not None:
            status_rank = _and_sent(status_rank, sent_at)
        if self._not_before:
            least = self._not_before.get(fact_key, (at, status_rank))
            if least > (at, status_rank):
                at, status_rank = least
                known_rank = status_rank
        above = self._rises(fact_key) if self._rises is not None and held["active"] else None
        if above is not None and above > (at, status_rank):
            at, status_rank = above
            known_rank = status_rank
        held["event_id"] = self._event_id(fact_key, f"{content} {at.isoformat()} {known_rank}", self._version)
        held["fact_key"] = fact_key
        held["changed_at"] = at
        held["status_rank"] = status_rank
        held["content_hash"] = content


class Recurring:
    """The common fields of facts of one kind, in a third of the time; the same as `Stamp.fields` gives."""

    def __init__(self, stamp: Stamp, kind: str) -> None:
        context = stamp._context
        self._stamp = stamp
        self._fact_key = context.keys.under("fact", context.source, kind)
        self._fact_keys = context.keys.each_under("fact", context.source, kind)
        self._event_ids = context.keys.each_under("event")
        self._behind = with_lengths(stamp._version)
        self._iso = lru_cache(maxsize=4_096)(datetime.isoformat)

    def shared(self, labels: tuple[str, ...] = ()) -> dict[str, Any]:
        """Those of `Stamp.shared`."""
        return self._stamp.shared(labels)

    def version(self, changed_at: datetime | None, status_rank: int) -> tuple[datetime, str]:
        """The time of change that an event has, and what its id says behind its content."""
        at = changed_at or EPOCH
        return at, f" {self._iso(at)} {status_rank}"

    def fact_keys(self, keys: Sequence[str]) -> list[str]:
        """Of many facts at once; ASCII."""
        return self._fact_keys([f"{len(key)}:{key}" for key in keys])

    def event_ids(self, fact_keys: Sequence[str], versions: Sequence[str]) -> list[str]:
        """Of these facts, none of them `lifted`; a version is content and what `version` says, ASCII."""
        behind, told = self._behind, zip(fact_keys, versions, strict=True)
        return self._event_ids([f"{len(key)}:{key}{len(text)}:{text}{behind}" for key, text in told])

    def lifted(self, fact_keys: Sequence[str]) -> set[str]:
        """Those facts whose version may not be what their rows say."""
        not_before, rises = self._stamp._not_before, self._stamp._rises
        lifted = {key for key in fact_keys if key in not_before} if not_before else set[str]()
        return lifted if rises is None else lifted.union([key for key in fact_keys if rises(key) is not None])

    def put(
        self, held: dict[str, Any], key: str, changed_at: datetime | None, status_rank: int, content: str, labels: tuple[str, ...]
    ) -> None:  # fmt: skip
        """Complete `held`, which has the shared ones, `source_person`, `occurred_on` and `active`, for the fact of this key."""
        stamp, fact_key = self._stamp, self._fact_key(key)
        if labels or fact_key in stamp._not_before or (stamp._rises is not None and stamp._rises(fact_key)):
            fields = stamp.fields(
                fact_key, source_person=held["source_person"], changed_at=changed_at, status_rank=status_rank, content=content,
                occurred_on=held["occurred_on"], active=held["active"], labels=labels,
            )  # fmt: skip
            held.update(fields)
            return
        at = changed_at or EPOCH
        held["event_id"] = stamp._event_id(fact_key, f"{content} {self._iso(at)} {status_rank}", stamp._version)
        held["fact_key"], held["changed_at"], held["status_rank"], held["content_hash"] = (
            fact_key,
            at,
            status_rank,
            content,
        )
