"""What is counted while a source's records go by. Tallies of two parts merge into the tally of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hub.domain.events import Coded, Event, PersonBlock, RaceEthnicity
from hub.domain.lab_status import is_mere_withdrawal
from hub.domain.minimum import cannot_have
from hub.domain.need_words import UNMAPPED
from hub.report.delays import delays_of
from hub.report.sketch import Sketch
from hub.report.versions import Versions

__all__ = ["KindTally", "Place", "Tally", "Unmapped", "filled_fields"]

Unmapped = tuple[str, str]
"""(field of the event, value as sent)"""

_FACTS, _PEOPLE, _LACKING, _VALUES = 16_384, 16_384, 1_024, 1_024
_ETHNIC = frozenset({"hispanic", "not-hispanic"})
_MOST_REASONS = 500
_OTHER = ("other", "")
_PLACES = 5
_OF_DATES = ("occurred_on", "collected_on", "resulted_on", "onset_on")
_UNREAD = {
    "unreadable-date": _OF_DATES,
    "unreadable-birth-date": ("person.birth_date",),
    "born-after-test": ("person.birth_date",),
    "unreadable-zip": ("person.postal_code",),
}
"""Issues that say of fields which hold nothing that something was sent and could not be read."""
Place = tuple[str, int, str]
"""(file, number of the record, in words): sorted as people look for it."""


def keep_place(kept: list[Place], place: Place | None) -> None:
    """The first five places, whatever the order in which they come."""
    if place is not None and place not in kept and (len(kept) < _PLACES or place < kept[-1]):
        kept.append(place)
        kept.sort()
        del kept[_PLACES:]


@dataclass
class KindTally:
    """One kind of event; a record that tells of several such events counts for each. `area_only`: records of nobody who can be
    known; `described`: those that hold a person block. `unread`: by field, records that hold nothing of it because what was sent
    could not be read; `unasked`: those that cannot have it. `places`: where the first records are that lack a field (its name),
    hold codes that no table has (`unmapped <field>`) or are odd (`issue <code>`)."""

    records: int = 0
    withdrawn: int = 0
    area_only: int = 0
    described: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    absences: Counter[str] = field(default_factory=Counter)
    issues: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    unasked: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[Place]] = field(default_factory=dict)
    delays: dict[str, Counter[int]] = field(default_factory=dict)
    lacking: dict[str, Sketch] = field(default_factory=dict)
    versions: Versions = field(default_factory=lambda: Versions(_FACTS))
    people: Sketch = field(default_factory=lambda: Sketch(_PEOPLE))
    values: Sketch = field(default_factory=lambda: Sketch(_VALUES, named=True))
    first_on: date | None = None
    last_on: date | None = None

    def take(
        self,
        event: Event,
        received_at: datetime | None,
        unmapped: Iterable[Unmapped],
        needed: Iterable[str],
        odd: Iterable[str] = (),
        place: Place | None = None,
    ) -> None:
        """One record. `needed`: fields for which the people who lack them are counted. `odd`: issues beside the event's own."""
        self.records += 1
        self.withdrawn += not event.active
        self.versions.add(event.fact_key, event.event_id)
        self.described += isinstance(event.person, PersonBlock)
        unmapped = tuple(unmapped)
        found = {
            *filled_fields(event),
            *(name for name, _ in unmapped),
        }  # what was sent in no known code was sent all the same
        self.filled.update(found)
        self.unasked.update(unasked := cannot_have(event) - found)
        needed = [name for name in needed if name not in unasked]
        self._count_person(event, found, needed)
        self.unmapped.update({name for name, _ in unmapped})
        for name, value in unmapped:
            self.values.add(f"{name}\t{value[:200]}")
        issues = (*getattr(event, "issues", ()), *odd)
        self.issues.update(issues)
        self.unread.update({name for issue in issues for name in _unread(issue) if name not in found})
        if place is not None:
            lacking = (name for name in needed if name not in found)
            coded = (f"unmapped {name}" for name, _ in unmapped)
            for word in (*lacking, *coded, *(f"issue {code}" for code in issues)):
                keep_place(self.places.setdefault(word, []), place)
        for clock, delay in delays_of(event, received_at):
            self.delays.setdefault(clock, Counter())[delay] += 1
        if event.occurred_on is not None:
            self.first_on = min(self.first_on or event.occurred_on, event.occurred_on)
            self.last_on = max(self.last_on or event.occurred_on, event.occurred_on)

    def _count_person(self, event: Event, found: set[str], needed: Iterable[str]) -> None:
        told = event.race_ethnicity
        if told is not None and told.absence is not None and "race_ethnicity" not in found:
            self.absences[told.absence] += 1
        if event.source_person is None:
            self.area_only += 1
            return
        self.people.add(event.source_person)
        for name in needed:
            if name not in found:
                self.lacking.setdefault(name, Sketch(_LACKING)).add(event.source_person)

    def merge(self, other: KindTally) -> None:
        """Take in the tally of another part."""
        for name in ("records", "withdrawn", "area_only", "described"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("filled", "unmapped", "absences", "issues", "unread", "unasked"):
            getattr(self, name).update(getattr(other, name))
        for word, places in other.places.items():
            for place in places:
                keep_place(self.places.setdefault(word, []), place)
        for clock, counted in other.delays.items():
            self.delays.setdefault(clock, Counter()).update(counted)
        for name, sketch in other.lacking.items():
            self.lacking.setdefault(name, Sketch(_LACKING)).merge(sketch)
        for name in ("versions", "people", "values"):
            getattr(self, name).merge(getattr(other, name))
        days = [day for day in (self.first_on, other.first_on) if day is not None]
        self.first_on = min(days, default=None)
        self.last_on = max((day for day in (self.last_on, other.last_on) if day is not None), default=None)


@dataclass
class Tally:
    """Everything of one source. `needed`: by kind, the fields for which people who lack them are counted. `rejected` and
    `ignored` by (reason, field); `hours`: records by the UTC hour in which they came, where that is known. `further`: outcomes of
    records that were counted already, `refused_further`: of those that were refused already."""

    needed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kinds: dict[str, KindTally] = field(default_factory=dict)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    ignored: Counter[tuple[str, str]] = field(default_factory=Counter)
    hours: Counter[datetime] = field(default_factory=Counter)
    places: dict[tuple[str, str], list[Place]] = field(default_factory=dict)
    further: int = 0
    refused_further: int = 0

    def event(
        self,
        event: Event,
        received_at: datetime | None = None,
        unmapped: Iterable[Unmapped] = (),
        odd: Iterable[str] = (),
        place: Place | None = None,
        *,
        further: bool = False,
    ) -> None:
        """A record that became an event. `odd`: issues beside the event's own. `further`: its record was counted already."""
        if is_mere_withdrawal(event):
            return
        kind = type(event).kind
        counted = self.kinds.setdefault(kind, KindTally())
        counted.take(event, received_at, unmapped, self.needed.get(kind, frozenset()), odd, place)
        self.further += further
        self._came(received_at)

    def refused(
        self,
        outcome: str,
        reason: str,
        field_at_fault: str = "",
        received_at: datetime | None = None,
        place: Place | None = None,
        *,
        further: bool = False,
        refused_further: bool = False,
    ) -> None:
        """A record that was `rejected` or `ignored`; of more than 500 different reasons and fields the rest is `other`. `further`:
        it was counted already, `refused_further`: as refused, for another reason."""
        counted = self.rejected if outcome == "rejected" else self.ignored
        key = (reason, field_at_fault)
        key = key if key in counted or len(counted) < _MOST_REASONS else _OTHER
        counted[key] += 1
        self.further += further
        self.refused_further += refused_further
        if outcome == "rejected":
            keep_place(self.places.setdefault(key, []), place)
        self._came(received_at)

    def merge(self, other: Tally) -> None:
        """Take in the tally of another part of the same source."""
        for kind, counted in other.kinds.items():
            self.kinds.setdefault(kind, KindTally()).merge(counted)
        self.rejected.update(other.rejected)
        self.ignored.update(other.ignored)
        self.hours.update(other.hours)
        self.further += other.further
        self.refused_further += other.refused_further
        for key, places in other.places.items():
            for place in places:
                keep_place(self.places.setdefault(key, []), place)

    @property
    def records(self) -> int:
        """Rows, messages or entries of documents; of what the hub holds, where nobody knows which events were one, events."""
        outcomes = sum(kind.records for kind in self.kinds.values()) + self.rejected.total() + self.ignored.total()
        return outcomes - self.further

    @property
    def refused_records(self) -> int:
        """How many of them were refused, in whole or in part."""
        return self.rejected.total() - self.refused_further

    def _came(self, received_at: datetime | None) -> None:
        if received_at is not None:
            self.hours[received_at.replace(minute=0, second=0, microsecond=0)] += 1


def filled_fields(event: Event) -> Iterator[str]:
    """Names (as in hub.domain.minimum.asked_fields) of what holds something; `unknown` and `unmapped` say nothing."""
    for name in type(event).model_fields:
        value: Any = getattr(event, name)
        if name == "person":
            if isinstance(value, PersonBlock):
                yield from (f"person.{each}" for each, held in value if held is not None)
        elif isinstance(value, RaceEthnicity):
            yield from _told(value)
        elif name == "changed_at":
            if value.year > 1970:
                yield name
        elif isinstance(value, Coded):
            if value.code or value.original or value.display or value.mapped:
                yield name
        elif value not in (None, "", (), "unknown", UNMAPPED):
            yield name


def _unread(issue: str) -> tuple[str, ...]:
    """The fields that an issue is about; of a declared map it names the event's own behind the code (`not-a-date.birth_date`)."""
    code, _, name = issue.partition(".")
    if name and code.startswith("not-"):
        return name, f"person.{name}"
    return _UNREAD.get(code, ())


def _told(race: RaceEthnicity) -> Iterator[str]:
    groups = set(race.groups)
    if groups:
        yield "race_ethnicity"
    if groups - _ETHNIC:
        yield "race_ethnicity.race"
    if groups & _ETHNIC:
        yield "race_ethnicity.ethnicity"
