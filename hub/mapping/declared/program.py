"""All rules of one connector, compiled: records → events.

Compiled by compile.py. A record is an event, or rejected with a code such as `not-a-date.entered_on`, `missing-key`,
`unmapped-code.site_kind`; never half an event. The content hash covers the whole record as the source wrote it, less what
`source.transport` names, whatever the map reads of it: a changed map gives the same version of the source, at a higher
mapping version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from hub.domain.agreement import merge_labels
from hub.domain.events import Event, PersonBlock
from hub.domain.ids import content_hash
from hub.mapping.declared.fields import FieldRule
from hub.mapping.declared.format import Fault, Look, NotAValue, Opened, Record, canonical
from hub.mapping.declared.model import EventRule, Identity, OnError
from hub.mapping.declared.targets import Notes, Step, Unmapped
from hub.mapping.places import county_fips
from hub.mapping.program import (
    CHANGED_AHEAD,
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Unit,
    at_field,
    fault_of,
    ignored,
    is_ahead,
    rejected,
    unreadable,
)
from hub.mapping.stamp import Stamp

__all__ = ["KEYS_OF_LAB", "Compiled", "DeclaredProgram", "Filter", "Spec", "Traced", "Who"]

KEYS_OF_LAB = ("observation_key", "report_key")
NOT_FOR_US = "filtered"
AHEAD = "date-in-the-future"
BORN_LATER = "born-after-record"
NOBODY = "nobody"
"""Issue of an accepted record that could name a person and does not."""
_PAST = frozenset({
    "birth_date", "closed_on", "collected_on", "first_positive_on", "known_as_of", "last_exposure_on", "left_on", "occurred_on",
    "onset_on", "resulted_on",
})  # fmt: skip
"""Days that tell what has happened. Ends of validity and of isolation lie ahead, and so may a reserved bed's `entered_on`."""
_MAY_BEGIN_LATER = frozenset({"consent", "coverage", "service", "site", "vaccine-supply"})
"""Kinds whose day may be that from which something holds."""


class Spec(NamedTuple):
    """The parts of a connector.yaml that mapping needs."""

    name: str
    format: str
    events: Sequence[EventRule]
    identity: Identity | None
    dedupe: Sequence[str]
    on_error: OnError
    timezone: str = "UTC"
    each: str | None = None
    transport: Sequence[str] = ()
    path_language: str | None = None


class Traced(NamedTuple):
    """One outcome, the values without a decided code row, and (when asked for) how each field came to be."""

    mapped: Mapped
    unmapped: tuple[Unmapped, ...] = ()
    steps: tuple[Step, ...] = ()


class Filter(NamedTuple):
    read: Look
    equals: tuple[str, ...]
    not_equals: tuple[str, ...]
    present: bool | None

    def holds(self, record: Record) -> bool:
        try:
            found = self.read(record)
        except NotAValue:
            return False
        if self.present is not None and self.present != bool(found):
            return False
        if self.equals and not any(value in self.equals for value in found):
            return False
        return not any(value in self.not_equals for value in found)


class Compiled(NamedTuple):
    kind: str
    model: type[Event]
    where: tuple[Filter, ...]
    key: tuple[tuple[str, Look], ...]
    common: Mapping[str, FieldRule]
    fields: Mapping[str, FieldRule]
    of_person: bool
    labels: tuple[str, ...]
    empty: tuple[str, ...]
    flags: bool


class Who(NamedTuple):
    id: FieldRule
    authority: FieldRule
    block: Mapping[str, FieldRule]


class DeclaredProgram:
    """The `Program` of a declared map."""

    def __init__(self, name: str, opened: Opened, events: Sequence[Compiled], who: Who | None) -> None:
        self.name = name
        self.alone: Alone = opened.alone
        self._opened, self._events, self._who = opened, events, who

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every outcome of a unit, in input order."""
        for traced in self.traced(unit, context):
            yield traced.mapped

    def traced(self, unit: Unit, context: MappingContext, *, explain: bool = False) -> Iterator[Traced]:
        """The same with what is worth knowing beside it."""
        stamp = Stamp(context)
        for file, content in unit.files.items():
            for record in self._opened.records(file, content):
                if isinstance(record, Fault):
                    yield Traced(unreadable(record.error, record.where, record.raw)._replace(head=record.head))
                else:
                    yield from self._outcomes(record, stamp, explain, context.today())

    def _outcomes(self, record: Record, stamp: Stamp, explain: bool, today: date) -> list[Traced]:
        """One a rule that its filters let through; the first failure of a record is the only outcome of it."""
        found: list[Traced] = []
        content = ""
        for rule in self._events if record.chosen else ():
            notes = Notes(stamp, today, steps=[] if explain else None)
            try:
                if not all(check.holds(record) for check in rule.where):
                    continue
                content = content or content_hash(canonical(self._opened.content(record)))
                event = self._event(rule, record, content, notes)
                # What was left empty is told beside an event that has no field for it.
                issues = () if rule.flags or not notes.issues else tuple(dict.fromkeys(notes.issues))
                outcome = Mapped(
                    "event", event, rule.kind, None, record.where, record.raw, head=record.head, issues=issues
                )
            except NotMapped as why:
                where = at_field(record.where, why.field)
                outcome = Mapped(why.outcome, None, rule.kind, why.reason, where, record.raw, head=record.head)
            except Exception as error:  # kept: to be read by mended code, or to be shown to who can mend it
                outcome = rejected(fault_of(error), record.where, record.raw, rule.kind)._replace(head=record.head)
            found.append(Traced(outcome, tuple(notes.unmapped), tuple(notes.steps or ())))
        return found or [Traced(ignored(NOT_FOR_US, record.where, record.raw)._replace(head=record.head))]

    def _event(self, rule: Compiled, record: Record, content: str, notes: Notes) -> Event:
        key = [_key_part(path, read, record) for path, read in rule.key]
        common = {name: each.value(record, notes) for name, each in rule.common.items()}
        fields = {name: each.value(record, notes) for name, each in rule.fields.items()}
        happened: date | None = None
        withdrawn = common.get("active") is False or fields.get("status") == "withdrawn"  # taken whatever its day
        if rule.kind not in _MAY_BEGIN_LATER and not withdrawn:
            _take_none_ahead(common, rule.common, notes)
            _take_none_ahead(fields, rule.fields, notes)
            happened = common.get("occurred_on")
        source_person, block = self._person(record, notes, happened) if rule.of_person and self._who else (None, None)
        fields = {name: value for name, value in fields.items() if value is not None}
        fact_key = notes.stamp.fact_key(rule.kind, *key)
        changed_at = common.get("changed_at")
        if isinstance(changed_at, datetime) and is_ahead(changed_at, notes.today):
            changed_at = None
            notes.issues.append(CHANGED_AHEAD)
        made: dict[str, Any] = dict.fromkeys(rule.empty)
        if rule.kind == "lab-result":
            made |= dict.fromkeys(KEYS_OF_LAB, fact_key)
        if rule.flags:
            made["issues"] = tuple(dict.fromkeys(notes.issues))
        stamped = notes.stamp.fields(
            fact_key,
            source_person=source_person,
            changed_at=changed_at if isinstance(changed_at, datetime) else None,
            status_rank=common.get("status_rank") or 0,
            content=content,
            occurred_on=common.get("occurred_on"),
            active=common.get("active") is not False,
        )
        if rule.labels:  # they are the map's, so they make no version of the source
            stamped["labels"] = merge_labels(stamped["labels"], rule.labels)
        return rule.model(**stamped, person=block, **(made | fields))

    def _person(self, record: Record, notes: Notes, happened: date | None) -> tuple[str | None, PersonBlock | None]:
        """(source_person, block); both None where the record names nobody: it counts for its area only. Nobody is born after what
        has `happened` to them."""
        assert self._who is not None
        local_id = self._who.id.value(record, notes)
        authority = self._who.authority.value(record, notes)
        block = {name: rule.value(record, notes) for name, rule in self._who.block.items()}
        _take_none_ahead(block, self._who.block, notes)
        born = block.get("birth_date")
        if born is not None and happened is not None and born > happened:
            self._who.block["birth_date"].refuse(BORN_LATER, notes)
            block["birth_date"] = None
        if local_id is None:
            notes.issues.append(NOBODY)
            return None, None
        if "county" in block and block["county"] is not None:
            block["county"] = county_fips(block["county"], block.get("state"))
            if block["county"] is None:
                notes.issues.append("not-a-county.county")
        block = {name: value for name, value in block.items() if value is not None}
        return notes.stamp.person(authority or "", local_id), PersonBlock(**{"local_id": local_id, **block})


def _take_none_ahead(values: dict[str, Any], rules: Mapping[str, FieldRule], notes: Notes) -> None:
    """Treat each day ahead of today that should have passed as a text that is no day. NotMapped (`date-in-the-future`)."""
    for name in _PAST.intersection(values):
        told = values[name]
        if told is not None and told > notes.today:
            rules[name].refuse(AHEAD, notes)
            values[name] = None


def _key_part(path: str, read: Look, record: Record) -> str:
    try:
        found = read(record)
    except NotAValue:
        found = []
    if not found:
        raise NotMapped("missing-key", field=path)
    return "\x1f".join(found)
