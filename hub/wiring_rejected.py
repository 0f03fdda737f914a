"""What `hub rejected`, `hub audit` and `hub connector remap|unmapped` are made of: the bus, the vault, the programs."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from hub.account import account
from hub.bus.cloud_events import cloud_events_headers, event_id_of
from hub.bus.codec import Codec
from hub.bus.consumer import latest_by_key, read_to_end
from hub.bus.dead_letter import (
    ORIGINAL_FIELD,
    RAW_TOPIC,
    REDRIVEN_TOPIC,
    REJECTED_TOPIC,
    Kept,
    Original,
    Redriven,
    Rejected,
    each_of,
    kept,
)
from hub.bus.producer import DurableProducer, OutRecord
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS, intake_topic
from hub.config import Settings, today
from hub.connectors.catalog import Connector, find
from hub.connectors.door import Unit
from hub.connectors.installed import programs
from hub.domain.agreement import IntakeAgreement
from hub.domain.disclosure import DISCLOSURE_TOPIC, Disclosure
from hub.domain.events import Event
from hub.domain.ids import Ids
from hub.errors import Reject
from hub.mapping.program import Mapped
from hub.privacy.agreements import intake_agreement
from hub.privacy.secrets import read_secret
from hub.privacy.vault import Vault
from hub.redrive.drive import Verdict
from hub.redrive.letters import Letter, collect
from hub.redrive.reasons import NEEDS_ITS_FILE, NO_ORIGINAL
from hub.redrive.remap import Known, Order, Read, Version, known_of, newest, unmapped
from hub.redrive.trail import Trail
from hub.wiring_outgoing import SealedPack
from hub.wiring_reading import Reader, catalogue, granted

__all__ = ["Desk", "Source", "opened", "read_alone"]

_ONE_RECORD = re.compile(r"(message|document|row|record) \d")


class _Placed(NamedTuple):
    """Stands for the unit that a record came in: only its token is known any more."""

    token: str


class Source(Reader):
    """One connector as it reads today, under today's agreement."""

    def __init__(self, connector: Connector, agreement: IntakeAgreement, ids: Ids) -> None:
        super().__init__(connector, agreement, ids)
        self.connector, self.agreement = connector, agreement

    def at_version(self, mapping_version: int | None, not_before: Mapping[str, Order]) -> Source:
        """The same reading, whose events carry this mapping version (None: today's), and sort no earlier than said."""
        made = copy.copy(self)
        version = self.mapping_version if mapping_version is None else mapping_version
        made._context = replace(self._context, mapping_version=version, not_before=not_before)
        return made


def read_alone(source: Source, found: Kept, where: str) -> list[Mapped]:
    """What the connector makes of one record, as agreed. Reject(needs-its-file) where one record is not enough."""
    return [granted(mapped, source.agreement) for mapped in source(_alone(source, found, where))]


def _alone(source: Source, found: Kept, where: str) -> Unit:
    """The record as a unit of its own."""
    program: Any = source.connector.declared or programs().get(source.connector.program or source.connector.name)
    alone = getattr(program, "alone", "never")
    whole = bool(_ONE_RECORD.match(where)) or (not where and alone == "record")
    if not found.raw or not whole or alone == "never" or (alone == "headed" and not found.head):
        raise Reject(NEEDS_ITS_FILE, stage="open")
    return Unit(found.file or "record", found.head + found.raw)


class Desk:
    """An operator's desk: reads the topics, opens originals, publishes as intake does. Also the `Ports` of redrive."""

    def __init__(self, settings: Settings, ids: Ids, vault: Vault, codec: Codec, producer: DurableProducer) -> None:
        self._settings, self._ids, self._vault, self._codec, self._producer = settings, ids, vault, codec, producer
        self._bootstrap = settings.require_bootstrap()
        self._sources: dict[str, Source] = {}
        self.mapping_version = 0
        lock = settings.instance / "audit.lock"
        self.trail = Trail(lock, self.entries, self._append, lambda: datetime.now(UTC), account())

    def source(self, name: str) -> Source:
        """ConfigError when there is no such connector, or no agreement in force today."""
        if name not in self._sources:
            connector = find(name, catalogue(self._settings.instance))
            agreement = intake_agreement(self._settings.instance / "agreements", name, today(self._settings))
            self._sources[name] = Source(connector, agreement, self._ids)
        return self._sources[name]

    def letters(self) -> list[Letter]:
        """Every dead letter of the last 90 days, once each."""
        marks: dict[str, Redriven] = {}
        for record in latest_by_key(self._bootstrap, REDRIVEN_TOPIC).values():
            mark = self._codec.decode(record.value)
            assert isinstance(mark, Redriven)
            marks[mark.letter] = mark
        return collect(self._written(), marks)

    def _written(self) -> Iterator[tuple[str, Rejected]]:
        for record in read_to_end(self._bootstrap, REJECTED_TOPIC):
            letter = self._codec.decode(record.value)
            assert isinstance(letter, Rejected)
            yield event_id_of(record.headers) or f"{record.partition}.{record.offset}", letter

    def open(self, letter: Letter) -> Kept:
        """The original, in the clear. Reject: it holds none, or it does not open."""
        sealed = letter.rejected.original
        if sealed is None:
            raise Reject(NO_ORIGINAL, stage="open")
        return kept(self._vault.open(sealed, REJECTED_TOPIC, ORIGINAL_FIELD))

    def again(self, letter: Letter) -> tuple[Kept, list[Mapped]]:
        """`Again` of redrive."""
        source = self.source(letter.rejected.connector)
        self.mapping_version = source.mapping_version
        found = self.open(letter)
        return found, read_alone(source, found, letter.rejected.where)

    def published(self, wanted: Iterable[str], connectors: Iterable[str]) -> set[str]:
        """Which of these event ids stand on the topics that the connectors write to. Reads those topics whole."""
        ids = set(wanted)
        kinds = {kind for name in connectors for kind in self.source(name).agreement.events} if ids else set()
        found: set[str] = set()
        for kind in sorted(kinds):
            for record in read_to_end(self._bootstrap, intake_topic(kind)):
                if (event_id := event_id_of(record.headers)) in ids:
                    found.add(event_id)
        return found

    def pack(self, verdict: Verdict, new: Sequence[Event]) -> list[OutRecord]:
        """`Ports.pack` of redrive."""
        letter = verdict.letter.rejected
        sealed = SealedPack(letter.connector, self._codec, self._vault)
        sealed.prepare(sorted({event.source_person for event in new if event.source_person}))
        out: list[OutRecord] = [sealed.event(event, verdict.issues.get(event.event_id, ())) for event in new]
        found = verdict.kept
        if new and found and self.source(letter.connector).agreement.keep_originals:
            placed = cast(Unit, _Placed(letter.file))
            out.append(sealed.original(new[0], found.raw, placed, letter.where, head=found.head, file=found.file))
        return out

    def publish(self, records: Sequence[OutRecord]) -> None:
        """In order; returns when the broker has confirmed them all."""
        batch = self._producer.batch()
        for topic, key, value, partition, headers in records:
            batch.produce(topic, key, value, partition, headers)
        batch.wait()

    def mark(self, marks: Sequence[Redriven]) -> None:
        """`Ports.mark` of redrive."""
        self.publish([self._out(REDRIVEN_TOPIC, mark.letter, mark.letter, mark) for mark in marks])

    def entries(self) -> Iterator[Disclosure]:
        """The audit trail."""
        for record in read_to_end(self._bootstrap, DISCLOSURE_TOPIC):
            entry = self._codec.decode(record.value)
            assert isinstance(entry, Disclosure)
            yield entry

    def _append(self, entry: Disclosure) -> None:
        self.publish([self._out(DISCLOSURE_TOPIC, entry.subject, entry.hash[:32], entry)])

    def _out(self, topic: str, key: str, identity: str, record: Redriven | Disclosure) -> OutRecord:
        headers = cloud_events_headers(event_id=identity, source="desk", kind=topic)
        return topic, key.encode(), self._codec.encode(topic, record), None, headers

    def events(self, name: str) -> Iterator[Event]:
        """What stands on the bus of a connector, person blocks sealed."""
        for kind in sorted(self.source(name).agreement.events):
            for record in read_to_end(self._bootstrap, intake_topic(kind)):
                event = self._codec.decode(record.value)
                if isinstance(event, Event) and event.source == name:
                    yield event

    def unmapped(self, name: str) -> Iterator[tuple[str, str, str]]:
        """(kind or code table, field, value as sent) of what no table row fits: of a declared map, in its kept originals
        and open letters as they are read today; of a program, in the newest version of each event."""
        source = self.source(name)
        if source.connector.declared is None:
            for event in newest(self.events(name)):
                yield from ((type(event).kind, field, value) for field, value in unmapped(event))
            return
        for found, where in self._kept(name):
            try:
                unit = _alone(source, found, where)
            except Reject:
                continue
            for traced in source.traced(unit):
                yield from ((value.table, value.field, value.value) for value in traced.unmapped)

    def _kept(self, name: str) -> Iterator[tuple[Kept, str]]:
        """What can be opened of a connector: accepted records, each once, and open letters; and where each stood."""
        seen: set[str] = set()
        for original in self.kept_of(name):
            if original.content_hash not in seen:
                seen.add(original.content_hash)
                with suppress(Reject):
                    yield self.opened(original), original.where
        for letter in self.letters():
            if letter.open and letter.rejected.connector == name:
                with suppress(Reject):
                    yield self.open(letter), letter.rejected.where

    def known(self, name: str) -> Mapping[Version, Known]:
        """The same as remap compares it. A person whose key was erased is left out: so is their original."""
        return known_of(self._in_the_clear(name))

    def _in_the_clear(self, name: str) -> Iterator[Event]:
        for event in self.events(name):
            try:
                yield event.model_copy(update={"person": self._vault.open_person(event)})
            except Reject:
                continue

    def kept_of(self, name: str) -> Iterator[Original]:
        """The kept originals of a connector, sealed, oldest first."""
        for record in read_to_end(self._bootstrap, RAW_TOPIC):
            original = self._codec.decode(record.value)
            if isinstance(original, Original) and original.connector == name:
                yield from each_of(original)

    def opened(self, original: Original) -> Kept:
        """In the clear. Reject: its key was erased."""
        return kept(self._vault.open(original.original, RAW_TOPIC, ORIGINAL_FIELD))

    def originals(self, name: str) -> Iterator[Read]:
        """The kept originals of a connector, oldest first, each as what reads it."""
        return (self._reading(original) for original in self.kept_of(name))

    def _reading(self, original: Original) -> Read:
        source = self.source(original.connector)

        def read(mapping_version: int | None, not_before: Mapping[str, Order] = MappingProxyType({})) -> list[Mapped]:
            found = self.opened(original)
            plain = mapping_version is None and not not_before
            reader = source if plain else source.at_version(mapping_version, not_before)
            return read_alone(reader, found, original.where)

        return read

    def send(
        self, name: str, events: Sequence[Event], issues: Mapping[str, Sequence[str]] = MappingProxyType({})
    ) -> None:
        """Publish events of a remap, sealed; their originals stand there already. `issues`: by event id, beside those it holds."""
        sealed = SealedPack(name, self._codec, self._vault)
        sealed.prepare(sorted({event.source_person for event in events if event.source_person}))
        self.publish([sealed.event(event, issues.get(event.event_id, ())) for event in events])


@contextmanager
def opened(settings: Settings) -> Iterator[Desk]:
    """The desk of one installation, its broker and registry up."""
    secrets = settings.instance / "secrets"
    vault = Vault.from_files(settings.instance / "keys.sqlite", secrets / "kek")
    ids = SchemaIds(settings.require_registry_url())
    producer = DurableProducer(settings.require_bootstrap(), client_id="hub-desk")
    try:
        codec = Codec(ids, TOPICS)
        codec.open()
        yield Desk(settings, Ids(read_secret(secrets / "hmac")), vault, codec, producer)
    finally:
        producer.close()
        ids.close()
        vault.close()
