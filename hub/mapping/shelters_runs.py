"""Ordinary bed nights of an HMIS export, many at a time: the same events as hub.mapping.shelters_nights makes of each row, at half
the cost.

The rows of a year of bed nights differ in four columns: key, enrollment, person, day. What stands behind them recurs (rows of a
day's work are mostly written together), so it is read once for all rows that have the same there. Names of many facts are
hashed together. Whatever is not ordinary (a row that is refused or deleted, with text that is not kept,
told anew after it was withdrawn) comes as its row, in its place, to be read as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from datetime import date, datetime
from typing import NamedTuple

from hub.domain.absent_rows import microseconds
from hub.domain.events import ShelterStay
from hub.domain.ids import content_hash
from hub.formats.delimited import Plain, Row, RowFault, Table
from hub.mapping.program import EPOCH, Mapped, NotMapped
from hub.mapping.shelters_facts import STANDING, Where
from hub.mapping.shelters_index import TRANSPORT, Index, changed_ahead
from hub.mapping.shelters_index import changed_at as time_of_change
from hub.mapping.shelters_kept import Kept
from hub.mapping.shelters_lists import coded, coded_rows, may_need_coding
from hub.mapping.shelters_missed import BED_NIGHT
from hub.mapping.shelters_nights import BED_NIGHTS, Bed, Nights, issues_of

__all__ = ["Run", "Runs"]

_FIRST = ("servicesid", "enrollmentid", "personalid", "dateprovided")
_NEEDED = ("recordtype", "dateupdated", "datedeleted")
_KEPT = 4_096
"""Ends of rows that are remembered, some 2 MB; and days."""
_AT_ONCE = 64
"""Nights of a run: as many names as are spelled together. What is made of a whole block has left the processor's cache before it is
sealed."""


_new = tuple.__new__
"""Of every night: a named tuple that is made by its name takes three times as long."""

Night = tuple[str, str, int, int]
"""What is remembered of a night that a run tells: its fact, its enrollment, its day, when it was changed in microseconds."""


class Run(NamedTuple):
    """Bed nights that stand one behind the other: their outcomes, and of each what is remembered."""

    found: list[Mapped]
    nights: list[Night]


class _End(NamedTuple):
    """What rows with the same cells behind the first four have alike. `told`: its part of their content; `behind`: what their event
    ids say behind that."""

    told: str
    changed_at: datetime
    behind: str
    changed: int


_Row = tuple[str, int, bytes, str, Bed, date, tuple[str, ...], str, _End]
"""A row that is an ordinary bed night unless its fact was withdrawn: key, number, line, enrollment, what its nights share, the
night, what is odd, content, end."""

_UNREAD = _End("", EPOCH, "", 0)
"""In place of an end that was not met before."""


class Runs:
    """Of one table of Services. `aside`: numbers of rows that do not stand."""

    def __init__(self, table: Table, nights: Nights, index: Index, kept: Kept, aside: Set[int]) -> None:
        self._table, self._nights, self._index, self._kept, self._aside = table, nights, index, kept, aside
        self._names = table.names[len(_FIRST) :]
        usual = table.names[: len(_FIRST)] == _FIRST and set(_NEEDED) <= set(self._names)
        self._usual = usual and not kept.hides_places
        self._beds, self._delimiter = nights.beds, table.delimiter
        self._ends: dict[str, _End | None] = {}
        self._days: dict[str, date | None] = {}

    def rows(self) -> Iterator[Row | RowFault | Run]:
        """Every row in order, ordinary nights in runs."""
        if not self._usual:
            yield from coded_rows(self._table)
            return
        for piece in self._table.pieces():
            if isinstance(piece, Plain):
                yield from self._of_plain(piece)
            else:
                yield coded(piece)

    def _of_plain(self, plain: Plain) -> Iterator[Row | RowFault | Run]:
        table, number, some = self._table, plain.number, list[_Row]()
        block = b"".join(plain.lines)
        odd = may_need_coding(block) or not block.isascii()
        for line, text in zip(plain.lines, plain.texts, strict=True):
            ordinary = (
                None
                if table.reordered or (odd and (may_need_coding(line) or not text.isascii()))
                else self._ordinary(number, line, text)
            )
            if ordinary is not None:
                some.append(ordinary)
                if len(some) >= _AT_ONCE:
                    yield from self._told(some)
                    some = []
            else:
                yield from self._told(some)
                some = []
                if (row := table.row(number, line)) is not None:
                    yield coded(row)
            number += 1
        yield from self._told(some)

    def _ordinary(self, number: int, line: bytes, text: str) -> _Row | None:
        try:
            key, enrollment, person, day, rest = text.split(self._delimiter, 4)
        except ValueError:
            return None
        end = self._ends.get(rest, _UNREAD)
        if end is _UNREAD:
            end = self._end(rest)
        night = self._days[day] if day in self._days else self._day(day)
        if end is None or night is None or not key or number in self._aside:
            return None
        bed = self._beds.get(enrollment) or self._bed(enrollment, person)
        if bed is None:
            return None
        whose, _, entered_on, left_on, _, (stopped, _, labels, odd, kind, _) = bed
        if whose != person or stopped:
            return None
        issues = odd if entered_on <= night < left_on else issues_of(bed, night)
        told = f"servicesid={key}\x1fenrollmentid={enrollment}\x1fpersonalid={person}\x1fdateprovided={day}{end[0]}"
        content = content_hash(told, kind, *issues)
        if labels:
            content = content_hash(content, *labels)  # as hub.mapping.stamp.Stamp.fields has it
        return key, number, line, enrollment, bed, night, issues, content, end

    def _bed(self, enrollment: str, person: str) -> Bed | None:
        """None where a row of this enrollment is refused."""
        try:
            return self._nights.bed_of(enrollment, {"enrollmentid": enrollment, "personalid": person})
        except NotMapped:
            return None

    def _end(self, rest: str) -> _End | None:
        """None where rows that end so are not ordinary."""
        if len(self._ends) >= _KEPT:
            self._ends.clear()
        self._ends[rest] = made = self._new_end(rest.split(self._table.delimiter))
        return made

    def _is_ahead(self, cells: dict[str, str]) -> bool:
        return changed_ahead(cells, self._index.zone, self._nights.today)

    def _new_end(self, values: Sequence[str]) -> _End | None:
        if len(values) != len(self._names):
            return None
        cells = dict(zip(self._names, values, strict=True))
        dropped = any(value and self._kept.dropped(name) for name, value in cells.items())
        if cells["recordtype"] != BED_NIGHT or cells["datedeleted"] or dropped or self._is_ahead(cells):
            return None
        told = [f"\x1f{name}={value}" for name, value in cells.items() if value and name not in TRANSPORT]
        at, behind = self._nights.stamp.version(time_of_change(cells, self._index.zone, self._nights.today), STANDING)
        return _End("".join(told), at, behind, microseconds(at))

    def _day(self, text: str) -> date | None:
        if len(self._days) >= _KEPT:
            self._days.clear()
        night = self._nights.day(text) if text else None
        if night is not None and night > self._nights.today:  # refused, as its row is read
            night = None
        self._days[text] = night
        return night

    def _told(self, rows: list[_Row]) -> Iterator[Row | RowFault | Run]:
        """These as runs, but for those that were withdrawn before."""
        if not rows:
            return
        keys = self._nights.stamp.fact_keys([row[0] for row in rows])
        lifted = self._nights.stamp.lifted(keys)
        if not lifted:
            yield self._run(rows, keys)
            return
        begun = 0
        for at, key in enumerate(keys):
            if key in lifted:
                if begun < at:
                    yield self._run(rows[begun:at], keys[begun:at])
                begun = at + 1
                if (row := self._table.row(rows[at][1], rows[at][2])) is not None:
                    yield coded(row)
        if begun < len(rows):
            yield self._run(rows[begun:], keys[begun:])

    def _run(self, rows: Sequence[_Row], keys: Sequence[str]) -> Run:
        nights, file, as_of = self._nights, self._kept.file, self._index.as_of
        built, until, kind = nights.built.of, nights.until, ShelterStay.kind
        event_ids = nights.stamp.event_ids(keys, [row[7] + row[8][2] for row in rows])
        found, told = list[Mapped](), list[Night]()
        for fact, event_id, row in zip(keys, event_ids, rows, strict=True):
            _, number, line, enrollment, bed, night, issues, content, (_, changed_at, _, changed) = row
            _, project, _, _, source_person, (_, unnamed, _, _, _, held) = bed
            if night == as_of:
                nights.unnamed[project] += unnamed
            fields = held.copy()  # and one by one: what is merged of two dictionaries takes twice as long
            fields["event_id"], fields["fact_key"], fields["source_person"] = event_id, fact, source_person
            fields["changed_at"], fields["status_rank"], fields["content_hash"] = changed_at, STANDING, content
            fields["occurred_on"] = fields["entered_on"] = fields["known_as_of"] = night
            fields["active"], fields["issues"], fields["current_until"] = True, issues, until(night)
            where: Where = {"file": file, "row": number}
            outcome = ("event", built(fields), kind, None, where, line, False, "map", BED_NIGHTS, b"", (), ())
            found.append(_new(Mapped, outcome))
            told.append((fact, enrollment, night.toordinal(), changed))
        return Run(found, told)
