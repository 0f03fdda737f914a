"""Records of the intake, decoded and opened: whose events they are, and what their sources say of who that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from hub.bus.consumer import Incoming
from hub.domain.events import Event, PersonBlock, is_production
from hub.errors import Reject
from hub.identity.ports import Wire
from hub.privacy.vault import ERASED, Vault

__all__ = ["Opened", "OpenedAll", "open_all", "taken_in"]


class Opened(NamedTuple):
    """The event of a source person (`event.source_person`, here by itself), with its block in the clear."""

    record: Incoming
    event: Event
    block: PersonBlock | None
    source_person: str


class OpenedAll(NamedTuple):
    """`people`: events of source persons. `refused`: what cannot be decoded, then what cannot be opened, and why. `tests`: events
    of made-up people. `nobodys`: events of an area alone. `ended`: of who was erased since, refused too: what they take from others
    they take still."""

    people: list[Opened]
    refused: list[tuple[Incoming, Reject]]
    tests: list[Event]
    nobodys: list[Event]
    ended: list[tuple[Incoming, Event]]


def taken_in(record: Incoming) -> datetime:
    """When the hub took a record in: as its connector says, else when the broker got it."""
    for name, value in record.headers:
        if name == "ce_time":
            try:
                at = datetime.fromisoformat(value.decode())
            except ValueError:
                break
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.fromtimestamp(max(record.timestamp_ms, 0) / 1_000, UTC)


def open_all(
    records: Sequence[Incoming],
    wire: Wire,
    vault: Vault,
    ended: Callable[[str, Incoming], bool] = lambda _source_person, _record: False,
) -> OpenedAll:
    """In the order of the records; the keys of all of them are read at once. `ended`: whether what was taken in then of a source
    person is gone: such a record is refused, sealed or not."""
    found = OpenedAll([], [], [], [], [])
    events: list[tuple[Incoming, Event, str]] = []
    for record in records:
        try:
            event = wire.event(record)
        except Reject as why:
            found.refused.append((record, why))
            continue
        if not is_production(event):
            found.tests.append(event)
        elif event.source_person is None:
            found.nobodys.append(event)
        else:
            events.append((record, event, event.source_person))
    vault.load_keys(source_person for _, _, source_person in events)
    for record, event, source_person in events:
        if ended(source_person, record):
            found.refused.append((record, Reject(ERASED, stage="open")))
            found.ended.append((record, event))
            continue
        try:
            found.people.append(Opened(record, event, vault.open_person(event), source_person))
        except Reject as why:
            found.refused.append((record, why))
    return found
