"""Remap: originals that became events are read again after a code table or the mapping changed.

The fact and its version in the source stay; only the mapping version rises, so every reader takes the new one for the
later. Where a changed map reads the time or the rank elsewhere and they come out lower, those on the bus are kept; so are those of
a row that somebody restated through an upload page, and a record that was taken back there stays taken back. An event
whose outcome is unchanged is published again only where the mapping's own version rose. Run twice, the second run
publishes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple, Protocol

from hub.domain.events import Coded, Event, LabResult, Screening, Vaccination
from hub.errors import Reject
from hub.mapping.program import Mapped

__all__ = [
    "Known",
    "Order",
    "Read",
    "Remapped",
    "Version",
    "known_of",
    "newest",
    "outcome_print",
    "remap",
    "unmapped",
    "version_of",
]

Version = tuple[str, datetime, int, str]
"""A fact and its version in the source: fact_key, changed_at, status_rank, content_hash."""

Order = tuple[datetime, int]
"""changed_at, status_rank: what versions of a fact are compared by first."""

_NOTHING: Mapping[str, Order] = MappingProxyType({})
_BOOKKEEPING = {"event_id", "mapping_version", "agreement_id"}


class Known(NamedTuple):
    """What stands on the bus for a version: the highest mapping version, a hash of what it says, whether it is no withdrawal."""

    mapping_version: int
    print: bytes
    active: bool = True


class _Standing(NamedTuple):
    """The highest version that the bus has of one record of a fact."""

    order: Order
    active: bool


@dataclass
class Remapped:
    """Counts of a remap: `changed` and `raised` are published, `new` are events that there were none of before."""

    changed: int = 0
    raised: int = 0
    new: int = 0
    unchanged: int = 0
    not_read: Counter[str] = field(default_factory=Counter)
    no_event: Counter[str] = field(default_factory=Counter)

    @property
    def published(self) -> int:
        return self.changed + self.raised + self.new


def version_of(event: Event) -> Version:
    return event.fact_key, event.changed_at, event.status_rank, event.content_hash


def outcome_print(event: Event) -> bytes:
    """Hash of all that an event says, less ids and versions; the person block in the clear, or None where it is dropped."""
    person = event.person if event.source_person is not None else None
    said = event.model_copy(update={"person": person}).model_dump_json(exclude=_BOOKKEEPING)
    return sha256(said.encode()).digest()


def known_of(events: Iterable[Event]) -> dict[Version, Known]:
    """The newest of each version among events of one connector, their person blocks opened."""
    known: dict[Version, Known] = {}
    for event in events:
        before = known.get(version_of(event))
        if before is None or event.mapping_version >= before.mapping_version:
            known[version_of(event)] = _known(event)
    return known


def _known(event: Event) -> Known:
    return Known(event.mapping_version, outcome_print(event), event.active)


class Read(Protocol):
    """Reads one original: with today's mapping version, or with the one given; no event of a fact named in `not_before` sorts
    before what stands there. Raises Reject where it cannot be read alone."""

    def __call__(self, mapping_version: int | None, not_before: Mapping[str, Order] = _NOTHING) -> list[Mapped]: ...


def remap(
    originals: Iterable[Read], known: Mapping[Version, Known], told: Remapped
) -> Iterator[tuple[Event, tuple[str, ...]]]:
    """The events to publish, in order, counted in `told`; with each, its issues beside those that it holds."""
    latest = dict(known)
    highest: dict[tuple[str, str], _Standing] = {}
    for (fact_key, changed_at, rank, content), stands in known.items():
        here = _Standing((changed_at, rank), stands.active)
        highest[fact_key, content] = max(here, highest.get((fact_key, content), here))
    for read in originals:
        try:
            outcomes = read(None)
        except Reject as why:
            told.not_read[why.reason] += 1
            continue
        for index, mapped in enumerate(outcomes):
            if mapped.event is None:
                told.no_event[mapped.reason or "unspecified"] += 1
                continue
            least = highest.get((mapped.event.fact_key, mapped.event.content_hash))
            if least is not None and _taken_back(mapped.event, least):
                told.unchanged += 1
                continue
            event = _due(*_no_earlier(mapped.event, index, read, least), index, latest, told)
            if event is not None:
                latest[version_of(event)] = _known(event)
                yield event, mapped.issues


def _taken_back(event: Event, stands: _Standing) -> bool:
    """Whether a withdrawal stands above the record that it takes back; to read the record anew is no reason to say it again."""
    return event.active and not stands.active and (event.changed_at, event.status_rank) < stands.order


def _no_earlier(event: Event, index: int, read: Read, least: _Standing | None) -> tuple[Event, Read]:
    """The event, and what reads it again: at the time and rank that the bus has for the same record, if its own are lower."""
    if least is None or (event.changed_at, event.status_rank) >= least.order:
        return event, read
    kept = {event.fact_key: least.order}
    lifted = read(None, kept)[index].event
    assert lifted is not None
    return lifted, lambda mapping_version, not_before=kept: read(mapping_version, not_before)


def _due(event: Event, read: Read, index: int, latest: Mapping[Version, Known], told: Remapped) -> Event | None:
    before = latest.get(version_of(event))
    if before is None:
        told.new += 1
        return event
    if before.print == outcome_print(event):
        if event.mapping_version <= before.mapping_version:
            told.unchanged += 1
            return None
        told.raised += 1
        return event
    told.changed += 1
    if event.mapping_version > before.mapping_version:
        return event
    return read(before.mapping_version + 1)[index].event  # the id of an event holds its mapping version


def newest(events: Iterable[Event]) -> Iterable[Event]:
    """The latest version of each fact."""
    latest: dict[str, Event] = {}
    for event in events:
        before = latest.get(event.fact_key)
        if before is None or _order(before) <= _order(event):
            latest[event.fact_key] = event
    return latest.values()


def _order(event: Event) -> tuple[datetime, int, str, int]:
    return event.changed_at, event.status_rank, event.content_hash, event.mapping_version


def unmapped(event: Event) -> Iterator[tuple[str, str]]:
    """(field, value as sent) of each coded value that no table row fits."""
    unknown = {issue.removeprefix("unknown-") for issue in getattr(event, "issues", ()) if issue.startswith("unknown-")}
    if isinstance(event, LabResult):
        if "test" in unknown:
            yield "test", _sent(event.test)
        if unknown & {"result-code", "result-word"}:
            yield "result", _sent(event.result)
    elif isinstance(event, Vaccination):
        if "product" in unknown:
            yield "product", f"cvx {event.cvx or '-'} ndc {event.ndc or '-'}"
    elif isinstance(event, Screening):
        if event.category == "unmapped":
            yield "question and answer", f"{_sent(event.question)} {_sent(event.answer)}"
    else:
        for name in type(event).model_fields:
            coded = getattr(event, name)
            if isinstance(coded, Coded) and coded.mapped is None:
                yield name, _sent(coded)


def _sent(coded: Coded | None) -> str:
    if coded is None:
        return "-"
    return " ".join(part for part in (coded.system, coded.code or coded.original) if part) or "-"
