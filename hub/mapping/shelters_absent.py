"""Rows that are missing from an HMIS export: what it speaks for, what is remembered of it, and the withdrawals that follow.

Absent rows say something only in a full refresh (ExportDirective 2, or where the connector's settings say so) whose
ExportPeriodType is not `updated` or `other`, with its period and its day told; only for projects in its Project.csv and for
days in its period that were over when it was made; only in tables that were there and read whole, each row with its key. Clients
and projects are never withdrawn. An enrollment is spoken for where it ran in the period: as long as it was last told to be open,
until the day up to which that was told. More absent rows of a table than `most_absent` of those known: nothing is withdrawn, and
somebody is asked.

Source: social-standards.md R5, §1.2 (lists), §1.3 (scope of a drop).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from hub.domain.absent_rows import Gone, Laid, Scope, Telling, Told, absent_rank, microseconds, moment
from hub.domain.events import EVENT_TYPES, Coded, Event
from hub.domain.ids import content_hash
from hub.formats.delimited import Row, RowFault
from hub.formats.hmis import Export
from hub.mapping.absences import ABSENT, MOST_ABSENT, held
from hub.mapping.dates import civil_date, local_time
from hub.mapping.program import Mapped, MappingContext, accepted, ignored
from hub.mapping.shelters_copies import KEYS
from hub.mapping.shelters_index import REMEMBERED, Index
from hub.mapping.shelters_runs import Run
from hub.mapping.stamp import Stamp

__all__ = ["UNDONE", "WATCHED", "Absences", "scope_of"]

UNDONE = "deletion-undone"
TABLES = ("Enrollment", "Exit", "Services", "CurrentLivingSituation", "IncomeBenefits", "Event")
WATCHED = (*TABLES, "Client", "Project")
"""Tables whose deleted rows may come back: of these, the last two are never missed."""
_FULL_REFRESH, _WHOLE = "2", frozenset({"", "2", "3"})
_NIGHTS = "Services"
_SHAPE: Mapping[str, Sequence[str]] = {
    "person": (),
    "site": ("site", "site_kind"),
    "shelter-stay": ("stay", "presence", "site", "site_kind"),
    "living-situation": (),
    "food-assistance": ("program",),
    "screening": ("category", "signal"),
    "referral": ("referral", "category"),
}
"""What is remembered of a fact, by kind, beside whose it is."""
_SAID: Mapping[str, Mapping[str, Any]] = {
    "living-situation": {"situation": "unknown"},
    "food-assistance": {"enrolled": "unknown"},
    "referral": {"status": "closed"},
    "screening": {"indicates_need": "unknown", "question": Coded(), "answer": Coded(), "final": False},
}
"""What a withdrawn fact says: nothing."""


def scope_of(export: Export, index: Index, context: MappingContext) -> Scope | None:
    """What an export speaks for; None where it cannot be put in order among the others, and is not remembered."""
    made_at, stamp, about = _made_at(export, context), Stamp(context), export.about
    if made_at is None:
        return None
    first, last = (civil_date(about.get(name, "")) for name in ("exportstartdate", "exportenddate"))
    until = min(last, moment(made_at).date()) if last else None
    named = (about.get("exportid", ""), about.get("exportdate", ""), f"{first}", f"{last}")
    return Scope(
        export=stamp.token("export", *named)[:12],
        made_at=made_at,
        first=first.toordinal() if first else 1,
        last=until.toordinal() if first and until else 0,
        projects=tuple(sorted(stamp.site(project) for project in index.projects)),
        most=float(context.options.get("most_absent", MOST_ABSENT)),
    )


class Absences:
    """Of one export: `watched` tables go by, `stands` is asked for what becomes of each row, then `outcomes` says what is gone.
    `context`: that from before `remembering`, since what rows must rise above are withdrawals, and one that is told again is to be
    the same event."""

    def __init__(self, export: Export, index: Index, context: MappingContext, made_at: int, telling: Telling) -> None:
        self._export, self._index, self._stamp, self._context = export, index, Stamp(context), context
        self._made_at, self._telling = made_at, telling
        self._row = context.keys.under("fact", context.source, "hmis-row")
        self._shape = lru_cache(maxsize=8_192)(_shape)
        self._whole: set[str] = set()
        self._as_of = index.as_of.toordinal() if index.as_of else 0
        self._key = ("", "")
        self._of_nights: dict[str, int] = {}

    def watched(
        self, table: str, rows: Iterable[Row | RowFault | Run], of_row: list[Mapped]
    ) -> Iterator[Row | RowFault | Run]:
        """The same rows. When the next is asked for, `of_row` holds what became of the one before, and that is remembered."""
        sound, nights, self._key = True, table == _NIGHTS, (table, "")
        for row in rows:
            of_row.clear()
            if not nights:
                self._key = (table, row.cells.get(KEYS[table], "") if isinstance(row, Row) else "")
            yield row
            if isinstance(row, Run):
                self._saw_run(row, of_row)
            elif not isinstance(row, Row):
                sound = False
            elif nights:
                sound = self._saw_night(row.cells, of_row) and sound
            else:
                sound = self._saw(table, row.cells, of_row) and sound
        if sound:
            self._whole.add(table)

    def stands(self, mapped: Mapped) -> Mapped:
        """What becomes of the row that was given last, unless it tells of a deletion that a later export undid."""
        event = mapped.event
        if event is None or event.active:
            return mapped
        table, key = self._key
        row = event.fact_key if table == _NIGHTS else self._row(table, key)
        if not self._telling.stands(row, event.fact_key):
            return mapped
        return ignored(UNDONE, mapped.where, mapped.raw, mapped.type)._replace(entity=mapped.entity)

    def _saw(self, table: str, cells: Mapping[str, str], found: Sequence[Mapped]) -> bool:
        """False: it has no key, so nobody can say which row is there."""
        telling = self._telling
        if any(mapped.hard_stop for mapped in found):
            return True  # nothing of it may be held, nor what was told of it before: that is gone
        key = cells.get(KEYS[table], "")
        events = [mapped.event for mapped in found if mapped.event is not None]
        if not key:
            return False
        row = self._row(table, key)
        telling.row(row)
        for event in events:
            telling.fact(self._told(row, event, table, cells))
        return True

    def _saw_night(self, cells: Mapping[str, str], found: Sequence[Mapped]) -> bool:
        """`_saw` of a bed night: there are millions, so the row goes by the name of its one fact, and what those of an enrollment
        have alike is put together once."""
        told = False
        key = cells.get(KEYS[_NIGHTS], "")
        for mapped in found:
            if mapped.hard_stop:
                return True
            event = mapped.event
            if event is not None and key:
                told, fact = True, event.fact_key
                enrollment = cells.get("enrollmentid", "")
                shape = self._of_nights.get(enrollment) or self._alike(enrollment, event)
                day = event.occurred_on.toordinal() if event.occurred_on else 0
                changed = microseconds(event.changed_at)
                self._telling.facts([(fact, "", shape, day, day, day, changed, event.active)])
        if key and not told:
            self._telling.row(self._stamp.fact_key("bed-night", key))
        return bool(key)

    def _saw_run(self, run: Run, found: Sequence[Mapped]) -> None:
        """`_saw_night` of many."""
        facts, shapes = list[Laid](), self._of_nights
        for (fact, enrollment, day, changed), mapped in zip(run.nights, found, strict=True):
            shape = shapes.get(enrollment)
            if shape is None:
                assert mapped.event is not None
                shape = self._alike(enrollment, mapped.event)
            facts.append((fact, "", shape, day, day, day, changed, True))
        self._telling.facts(facts)

    def _alike(self, enrollment_id: str, night: Event) -> int:
        """Number of what the nights of an enrollment have alike, by one of them."""
        told = self._told("", night, _NIGHTS, {"enrollmentid": enrollment_id})
        if len(self._of_nights) >= REMEMBERED:
            self._of_nights.clear()
        alike = self._of_nights[enrollment_id] = self._telling.shape(_NIGHTS, told.project, told.shape)
        return alike

    def outcomes(self) -> Iterator[Mapped]:
        """Withdrawals, and a rejected outcome for each table of which too much is absent."""
        trusted = self._whole.intersection(TABLES) if self._speaks() else ()
        ended = self._telling.end(frozenset(trusted))
        for each in ended.held:
            yield held(each, f"{each.table}.csv")
        for gone in ended.gone:
            yield accepted(self._withdrawn(gone), {"file": f"{gone.table}.csv"}, b"")._replace(issues=(ABSENT,))

    def _speaks(self) -> bool:
        """Whether rows that this export lacks are gone."""
        about, wanted = self._export.about, str(self._context.options.get("absent_rows", "as-directed"))
        if wanted == "keep" or not self._index.projects or about.get("exportperiodtype", "") not in _WHOLE:
            return False
        if moment(self._made_at).date() > self._context.today():  # dated ahead: a mistake of its source
            return False
        return wanted == "withdraw" or about.get("exportdirective", "") == _FULL_REFRESH

    def _told(self, row: str, event: Event, table: str, cells: Mapping[str, str]) -> Told:
        enrollment = self._index.enrollments.get(cells.get("enrollmentid", ""))
        day = first = last = event.occurred_on.toordinal() if event.occurred_on else 0
        if table == "Enrollment" and enrollment is not None:
            left = self._index.exits.get(cells["enrollmentid"])
            first = enrollment.entered_on.toordinal() if enrollment.entered_on else day
            last = left.left_on.toordinal() if left and left.left_on else max(self._as_of, first)
        kept = tuple(getattr(event, name) for name in _SHAPE[event.kind])
        return Told(
            row, event.fact_key, table, self._stamp.site(enrollment.project) if enrollment else "", first, last, day,
            microseconds(event.changed_at), event.active, self._shape(event.kind, event.source_person, event.labels, kept),
        )  # fmt: skip

    def _withdrawn(self, gone: Gone) -> Event:
        kind, person, labels, kept = json.loads(gone.shape)
        day = date.fromordinal(gone.day) if gone.day else None
        fields = self._stamp.fields(
            gone.fact,
            source_person=person,
            changed_at=moment(gone.changed),
            status_rank=absent_rank(gone.made_at),
            content=content_hash(ABSENT),
            occurred_on=day,
            active=False,
            labels=labels,
        )
        fields |= {**_SAID.get(kind, {}), **dict(zip(_SHAPE[kind], kept, strict=True))}
        if kind == "shelter-stay":
            fields["entered_on"] = day
        return EVENT_TYPES[kind](**fields)


_as_json = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps makes one anew each time


def _shape(kind: str, person: str | None, labels: Sequence[str], kept: Sequence[Any]) -> str:
    return _as_json([kind, person, list(labels), list(kept)])


def _made_at(export: Export, context: MappingContext) -> int | None:
    """When an export was made (ExportDate), in microseconds; where that is not told, the end of its period."""
    made = export.exported_at
    if made is None and (end := civil_date(export.about.get("exportenddate", ""))) is not None:
        made = datetime(end.year, end.month, end.day)
    if made is None:
        return None
    told = local_time(made, context.zone)
    return microseconds(told) if told is not None else None
