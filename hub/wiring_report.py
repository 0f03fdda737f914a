"""What `hub connector report` counts: files as the connector reads them today, or what the hub took in from it since a day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from hub.bus.cloud_events import event_id_of, issues_of, received_at_of, source_of
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, latest_by_key, read_to_end
from hub.bus.dead_letter import REDRIVEN_TOPIC, REJECTED_TOPIC, Redriven, Rejected
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS, intake_topic
from hub.config import Settings
from hub.connectors.catalog import Connector
from hub.domain.agreement import IntakeAgreement
from hub.domain.events import EVENT_TYPES, Event
from hub.domain.lab_status import is_mere_withdrawal
from hub.domain.minimum import MinimumSet, load_minimum
from hub.errors import Reject
from hub.mapping.program import Mapped
from hub.privacy.vault import Vault
from hub.redrive.reasons import reasons
from hub.redrive.remap import unmapped as unmapped_of
from hub.report.names import SenderNames
from hub.report.page import people_fields
from hub.report.parts import About
from hub.report.seen import Seen
from hub.report.tally import Place, Tally, Unmapped
from hub.wiring_names import FileNames
from hub.wiring_reading import OFFLINE_IDS, explained

__all__ = ["about", "file_tally", "held_tally", "minimum_set", "names_of"]

_FIELD = re.compile(r"(?:^| )field (.+)$")
_NUMBER = re.compile(r"\d+")
_APART = ("file", "field")
_UNMAPPED_IN = {"product": "cvx", "question and answer": "answer"}
"""What hub.redrive.remap calls a coded value that is no single field, and the field to fix."""


@lru_cache(maxsize=8)
def minimum_set(day: date) -> MinimumSet:
    """The minimum data set as it holds on a day."""
    return load_minimum((files("hub.domain") / "tables" / "minimum_data_set.csv").read_text(encoding="utf-8"), day)


def names_of(connector: Connector) -> SenderNames:
    """What its sender calls the fields: as its program's table and the headers that `file_tally` sees say, or by its own rules."""
    if connector.program:
        return FileNames(connector.program, connector.options)
    return SenderNames(_of_rules(connector))


def about(
    connector: Connector,
    agreement: IntakeAgreement,
    day: date,
    window: str,
    names: SenderNames,
    *,
    now: datetime | None,
) -> About:
    """Whose page. `names`: of `names_of`. `now`: of a report over what the hub holds; None over files."""
    identifiers = {f"person.{name}" for name in agreement.person_block}
    return About(
        name=connector.name,
        title=connector.title,
        standard=connector.source.standard,
        made_on=day,
        window=window,
        agreement_id=agreement.agreement_id,
        granted={kind: frozenset(fields) | identifiers for kind, fields in agreement.events.items()},
        names=names,
        reasons={code: (reason.means, reason.do) for code, reason in reasons().items()},
        keeps_ignored=now is None,
        expected_every_s=connector.expected_every_s,
        now=now,
    )


def file_tally(
    connector: Connector, agreement: IntakeAgreement, paths: Iterable[Path], asked: MinimumSet, names: SenderNames
) -> Tally:
    """Over files or folders, offline, as `try` reads them. `names` learns their headers."""
    tally = _tally(connector, asked)
    for path in paths:
        count = _Counting(tally)
        for traced, mapped in explained(connector, agreement, OFFLINE_IDS, path, explain=False):
            found = [(each.field, each.value) for each in traced.unmapped] if connector.declared else None
            if isinstance(names, FileNames):
                names.take(mapped)
            count.outcome(mapped, found)
    return tally


class _Counting:
    """The outcomes of one unit into a tally, its records once each."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._seen, self._refused = tally, Seen(), Seen()
        self._for_reason: defaultdict[tuple[str, str], Seen] = defaultdict(Seen)

    def outcome(self, mapped: Mapped, found: list[Unmapped] | None) -> None:
        """`found`: coded values that no table has; None: as the event says."""
        tally, event = self._tally, mapped.event
        within = " ".join(f"{x} {n}" for x, n in mapped.where.items() if x not in _APART)
        place = _place(str(mapped.where.get("file", "")), within)
        if event is not None:
            if not is_mere_withdrawal(event):
                found = _unmapped(event) if found is None else found
                tally.event(event, None, found, mapped.issues, place, further=not self._seen.first(place))
            return
        reason = mapped.reason or "unspecified", str(mapped.where.get("field", ""))
        if reason[0] == "file-not-used" or not self._for_reason[reason].first(place):
            return
        refused_further = mapped.outcome == "rejected" and not self._refused.first(place)
        further = reason[0] == "column-not-used" or not self._seen.first(place)  # a column is no record
        tally.refused(mapped.outcome, *reason, place=place, further=further, refused_further=refused_further)


def _place(file: str, within: str) -> Place:
    """Where a record is, sorted by the file and the number of the record in it."""
    number = _NUMBER.search(within)
    return file, int(number.group()) if number else 0, f"{file} {within}".strip()


def held_tally(settings: Settings, connector: Connector, since: datetime, asked: MinimumSet) -> Tally:
    """Over the hub's topics, from `since` on by the hub's clock. Person blocks are opened to be counted, one at a time; those of
    people whose key was erased are left out. Raises ConfigError and RetryError of the bus."""
    tally = _tally(connector, asked)
    secrets = settings.instance / "secrets"
    vault = Vault.from_files(settings.instance / "keys.sqlite", secrets / "kek")
    ids = SchemaIds(settings.require_registry_url())
    try:
        codec = Codec(ids, TOPICS)
        codec.open()
        bus = _Held(settings.require_bootstrap(), connector.name, since, codec)
        for kind in connector.emits:
            for received_at, event, odd in bus.events(kind):
                try:
                    opened = event.model_copy(update={"person": vault.open_person(event)})
                except Reject:
                    continue
                tally.event(opened, received_at, _unmapped(event), odd)
        for letter in bus.letters():
            at_fault = _FIELD.search(letter.where)
            place = _place("", _FIELD.sub("", letter.where)) if letter.where else None
            tally.refused("rejected", letter.reason, at_fault.group(1) if at_fault else "", letter.received_at, place)
    finally:
        ids.close()
        vault.close()
    return tally


@dataclass(frozen=True)
class _Held:
    """What the topics hold of one connector."""

    bootstrap: str
    name: str
    since: datetime
    codec: Codec

    def events(self, kind: str) -> Iterator[tuple[datetime, Event, tuple[str, ...]]]:
        """When each was taken in, the event, and what is odd about it beside what it says itself."""
        for record in self._records(intake_topic(kind)):
            received_at = received_at_of(record.headers)
            if received_at is None or received_at < self.since:
                continue
            event = self.codec.decode(record.value)
            if isinstance(event, Event):
                yield received_at, event, issues_of(record.headers)

    def letters(self) -> Iterator[Rejected]:
        """Those that are open: what a redrive made an event of is counted as that."""
        marks = (self.codec.decode(record.value) for record in latest_by_key(self.bootstrap, REDRIVEN_TOPIC).values())
        closed = {each.letter for each in marks if isinstance(each, Redriven) and each.result != "rejected"}
        for record in self._records(REJECTED_TOPIC):
            letter = self.codec.decode(record.value)
            is_open = event_id_of(record.headers) not in closed
            if is_open and isinstance(letter, Rejected) and letter.received_at >= self.since:
                yield letter

    def _records(self, topic: str) -> Iterator[Incoming]:
        for record in read_to_end(self.bootstrap, topic, since=self.since):
            if source_of(record.headers) == self.name and record.value is not None:
                yield record


def _tally(connector: Connector, asked: MinimumSet) -> Tally:
    kinds = {kind: frozenset[str]() for kind in (*connector.emits, *EVENT_TYPES)}
    return Tally(needed=people_fields(kinds, asked))


def _unmapped(event: Event) -> list[Unmapped]:
    return [(_UNMAPPED_IN.get(field, field), value) for field, value in unmapped_of(event)]


def _of_rules(connector: Connector) -> Mapping[tuple[str, str], str]:
    """Where a declared map reads each field."""
    found: dict[tuple[str, str], str] = {}
    who = connector.identity
    if who is not None:
        found["*", "source_person"] = _paths(who.id.from_)
        found |= {("*", f"person.{name}"): _paths(rule.from_) for name, rule in who.block.items()}
    for rule in connector.map:
        for name in ("occurred_on", "changed_at"):
            own = getattr(rule, name)
            if own is not None:
                found[rule.event, name] = _paths(own.from_)
        found |= {(rule.event, name): _paths(each.from_) for name, each in rule.fields.items()}
    return found


def _paths(paths: tuple[str, ...]) -> str:
    return ", ".join(paths)
