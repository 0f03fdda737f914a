"""Lists: tables by columns' names, a row at a time, each row to what its connector makes of it.

Shared by the programs for bed lists, pantry visits, benefit files and line lists. Of a row only the columns with a known field are
kept: what else a sender writes (notes, remarks, addresses) leaves neither this room nor the row, dead letters included. A row that
is no row cannot be told apart so: where the list has unknown columns or may be a victim service provider's, nothing of it is kept.

Options of all: `columns` (field → column), `date_order` (`mdy`, `dmy`), `timezone`, `words` (field → label → code), `hashed` (of a
source that may not share identifiers: hub.mapping.lists_hashed).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable

from hub.domain.ids import content_hash
from hub.errors import ConfigError
from hub.formats.delimited import Row, RowFault, Table
from hub.formats.errors import ParseError
from hub.mapping.lists_hashed import CLEAR_FIELDS, CLEAR_STOP, HashedOnly, hashed_only
from hub.mapping.lists_header import Heading, Needs
from hub.mapping.lists_options import text_of, wrong_options
from hub.mapping.lists_table import open_list
from hub.mapping.lists_values import NOTHING, UNNAMED, day_of, plain_word, time_of, word_of
from hub.mapping.program import (
    CHANGED_AHEAD,
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Unit,
    guarded,
    hard_stop,
    ignored,
    unreadable,
)
from hub.mapping.stamp import Stamp
from hub.mapping.workbooks import delimited_text, sheets_not_read

__all__ = ["Line", "ListKind", "ListProgram", "Lister"]


class ListKind(NamedTuple):
    """One kind of list. `guards`: fields whose presence makes a broken row one that may not be kept."""

    program: str
    event: str
    needs: Needs
    guards: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset({"updated"})
    """Fields that say nothing of the fact: when it was printed or changed."""
    several: frozenset[str] = frozenset()
    """Fields that may have a column for each answer (REDCap's check boxes)."""
    options: frozenset[str] = frozenset()
    """Options beside those of all lists."""
    voided: tuple[str, str] = ("", "")
    """The field, and the label in it, by which a list says that a row is none; what a column `Voided` or `Deleted` says so too is
    read as this."""


class Lister:
    """What all rows of a file share: its heading, the connector's settings, the stamp."""

    def __init__(self, kind: ListKind, header: Heading, stamp: Stamp, context: MappingContext) -> None:
        self.kind, self.header, self.stamp, self.context = kind, header, stamp, context
        self.hashed = hashed_only(context.options)
        self.order = str(context.options.get("date_order", "mdy"))
        self._words: Mapping[tuple[str, str], str] = {
            (text_of(field), plain_word(text_of(label))): text_of(code)
            for field, labels in (context.options.get("words") or {}).items()
            for label, code in labels.items()
        }

    def word(self, field: str, text: str) -> str | None:
        """The code of a label: the connector's own, else the table's; None where neither has it."""
        found = self._words.get((field, plain_word(text)))
        return found if found is not None else word_of(self.kind.program, field, text)


class Line:
    """One row by field. Empty text for what is not there or not given."""

    def __init__(self, lister: Lister, cells: Mapping[str, str], where: Mapping[str, str | int], raw: bytes) -> None:
        self._lister, self._cells, self.where, self.raw = lister, cells, where, raw
        self.changed_ahead = False
        self._values = {
            field: value
            for field, name in lister.header.columns.items()
            if (value := cells[name]).casefold() not in NOTHING or (field in _ANSWERS and value)
        }
        field, label = lister.kind.voided
        if (void := self._values.get("void")) is not None and field:
            word = lister.word("void", void) or ("void" if day_of(void, lister.order) else None)
            if word != "kept":
                self._values[field] = (
                    label if word == "void" else void
                )  # what nobody knows is refused as such a label is

    def __getitem__(self, field: str) -> str:
        return self._values.get(field, "")

    @property
    def hashed(self) -> HashedOnly | None:
        """What filters the source sends in place of names; None where it may share these."""
        return self._lister.hashed

    @property
    def may_not_be_held(self) -> bool:
        """Whether something that identifies stands here in the clear, of a source that may share hashes only."""
        return self._lister.hashed is not None and any(map(self._values.get, CLEAR_FIELDS))

    def unnamed(self, *fields: str) -> bool:
        """Whether one of these says that somebody was there whom nobody names (`Anonymous`)."""
        return any(self._cells.get(self.column(field), "").casefold() in UNNAMED for field in fields)

    def needed(self, *fields: str) -> str:
        """The first of these that is given. NotMapped (`missing-key`) where none is."""
        for field in fields:
            if value := self._values.get(field):
                return value
        raise NotMapped("missing-key", field=self.column(*fields))

    def column(self, *fields: str) -> str:
        return self._lister.header.column(*fields)

    def day(self, field: str) -> date | None:
        """NotMapped (`bad-date`) for what is no day, or a day after today."""
        text = self[field]
        found = day_of(text, self._lister.order) if text else None
        if text and found is None:
            raise NotMapped("bad-date", field=self.column(field))
        return found

    def past_day(self, field: str) -> date | None:
        """A day that cannot lie ahead. NotMapped (`date-in-the-future`)."""
        found = self.day(field)
        if found is not None and found > self._lister.context.today():
            raise NotMapped("date-in-the-future", field=self.column(field))
        return found

    def time(self, field: str) -> datetime | None:
        """NotMapped (`bad-date`) for what is no time."""
        text = self[field]
        found = time_of(text, self._lister.order, self._lister.context.zone) if text else None
        if text and found is None:
            raise NotMapped("bad-date", field=self.column(field))
        return found

    def changed(self) -> datetime | None:
        """When the row was written, as its column of that says; None too where that lies ahead: it is then told beside the row."""
        told = self.time("updated")
        found = self._lister.context.not_ahead(told)
        self.changed_ahead = told is not None and found is None
        return found

    def word(self, field: str) -> str | None:
        """The code of this field's label; None where it is empty or no row decides it."""
        text = self[field]
        return self._lister.word(field, text) if text else None

    def chosen(self, field: str) -> list[str]:
        """The answers of a field with a column for each that are ticked."""
        columns = self._lister.header.choices.get(field, ())
        return [choice for column, choice in columns if self._cells[column].casefold() in _TICKED]

    def content(self, *more: str) -> str:
        """Hash of what the row says of the fact."""
        told = sorted(item for item in self._values.items() if item[0] not in self._lister.kind.untold)
        ticked = (f"{field}:{choice}" for field in sorted(self._lister.header.choices) for choice in self.chosen(field))
        return content_hash(*(f"{field}={value}" for field, value in told), *ticked, *more)


_ANSWERS = frozenset(
    {"race", "ethnicity", "vsp", "fleeing", "snap", "wic", "visit_type", "status", "consent_status", "record_status"}
)
"""Fields in which `unknown`, `none` or `refused` is an answer."""

_TICKED = frozenset({"1", "checked", "yes", "y", "x", "true"})


class Mapper(Protocol):
    """What one connector makes of the rows of one file."""

    def map_line(self, line: Line, /) -> list[Mapped]: ...


@runtime_checkable
class Looking(Protocol):
    """A mapper that looks at every row before any is mapped: where one id names two people, neither is taken (R3)."""

    def look(self, line: Line, /) -> None: ...


@runtime_checkable
class Missing(Protocol):
    """A mapper that must know how many rows were none at all: what it counts is then not all that there is."""

    def missed(self) -> None: ...


@runtime_checkable
class Summing(Protocol):
    """A mapper that has something to say once the whole file is read."""

    def finish(self) -> Iterator[Mapped]: ...


class ListProgram:
    """The program that reads lists of `kind`, each file with a `mapper` of its own."""

    alone: Alone = "headed"

    def __init__(self, kind: ListKind, mapper: Callable[[Lister], Mapper]) -> None:
        self.name, self._kind, self._mapper = kind.program, kind, mapper

    def wrong_options(self, options: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        """What is wrong with a connector's options: the way to each, and why."""
        return wrong_options(self._kind.program, self._kind.options, options)

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every row of every file. ConfigError for an option that is none."""
        for at, why in self.wrong_options(context.options):
            raise ConfigError(f"{'.'.join(('options', *at))}: {why}")
        yield from _read_lists(self._kind, unit, context, self._mapper)


def _read_lists(
    kind: ListKind, unit: Unit, context: MappingContext, mapper: Callable[[Lister], Mapper]
) -> Iterator[Mapped]:
    """Every row of every file; a file whose header is of another kind is one rejected outcome."""
    stamp = Stamp.of(context)
    for file, content in unit.files.items():
        try:
            text = delimited_text(content)
            table, header = open_list(text, kind.program, kind.needs, context.options, kind.several)
            lister = Lister(kind, header, stamp, context)
        except ParseError as error:
            yield unreadable(error, {"file": file}, b"")
            continue
        keep = _Keeping(lister, table.columns)
        made = mapper(lister)
        if isinstance(made, Looking):
            again = text if isinstance(text, bytes) else delimited_text(content)
            _look(made, lister, open_list(again, kind.program, kind.needs, context.options, kind.several)[0])

        def outcome(row: Row | RowFault, made: Mapper = made, keep: _Keeping = keep, file: str = file) -> list[Mapped]:
            if isinstance(row, RowFault):
                if isinstance(made, Missing):
                    made.missed()
                return [keep.fault(row, {"file": file, "row": row.number})]
            line = Line(keep.lister, row.cells, {"file": file, "row": row.number}, keep.raw(row))
            if line.may_not_be_held:
                if isinstance(made, Missing):
                    made.missed()
                return [hard_stop(CLEAR_STOP, line.where, kind.event)]
            found = made.map_line(line)
            if line.changed_ahead:
                found = [_marked(each) for each in found]
            return found

        def locate(
            row: Row | RowFault, keep: _Keeping = keep, file: str = file
        ) -> tuple[Mapping[str, str | int], bytes]:
            return {"file": file, "row": row.number}, b"" if isinstance(row, RowFault) else keep.raw(row)

        empty = True
        for mapped in guarded(table.rows(), outcome, locate, kind.event):
            empty = False
            yield mapped._replace(head=keep.head if mapped.raw else b"", unread=keep.lister.header.unknown)
        if empty:
            yield ignored("no-rows", {"file": file}, b"", kind.event)
        elif isinstance(made, Summing):
            yield from made.finish()
        yield from sheets_not_read(
            file, content, lambda head: open_list(head, kind.program, kind.needs, context.options, kind.several)[0]
        )


def _marked(mapped: Mapped) -> Mapped:
    """An event of a row whose time of change is not believed."""
    return mapped if mapped.event is None else mapped._replace(issues=(*mapped.issues, CHANGED_AHEAD))


def _look(mapper: Looking, lister: Lister, table: Table) -> None:
    """Show a mapper all rows once; what it cannot read of one is told when that is mapped."""
    for row in table.rows():
        if isinstance(row, Row):
            with suppress(NotMapped):
                mapper.look(Line(lister, row.cells, {}, b""))


class _Keeping:
    """What is kept of a row: its known columns, as a table of their own."""

    def __init__(self, lister: Lister, columns: tuple[str, ...]) -> None:
        self.lister = lister
        known = lister.header.known
        kept = [column for column in columns if column.lower() in known]
        self._names = tuple(column.lower() for column in kept)
        self.head = _written(kept)
        watched = lister.hashed is not None or lister.kind.guards.intersection(lister.header.columns)
        self._whole = not lister.header.unknown and not watched

    def raw(self, row: Row) -> bytes:
        return _written([row.cells[name] for name in self._names])

    def fault(self, row: RowFault, where: Mapping[str, str | int]) -> Mapped:
        """A row that is none: bodiless where it could hold what may not be kept."""
        found = unreadable(row.error, where, row.raw if self._whole else b"")
        return found if self._whole else found._replace(hard_stop=True)


def _written(values: list[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue().encode()
