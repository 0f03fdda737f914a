"""A list looked at before anything of it is sent: what would become of each row, and why. Pure: bytes in, rows out.

`check(file, …)` reads a CSV or xlsx file with the connector's own map; `Checked.mended(edits)` puts new cells into rows that
had a problem and reads again. Row numbers are those of the file as a spreadsheet shows it.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from hub.connectors.door import Mapped, Unit
from hub.connectors.upload.kept import Taken
from hub.domain.events import Event
from hub.formats.delimited import NO_VALUE, RowFault, open_table
from hub.formats.errors import ParseError
from hub.formats.spreadsheet import as_table, is_workbook

__all__ = [
    "BLANK",
    "NOTES",
    "SAID_AGAIN",
    "SENT",
    "Checked",
    "CheckedRow",
    "Problem",
    "Unreadable",
    "check",
    "problems_csv",
]

Look = Callable[[Unit], Iterator[Mapped]]
"""Reads a unit as intake would: every outcome as the agreement lets it through, nothing published, nothing counted. `issues` of
an outcome, if it has any: what is odd about a record that is taken, as `code.Column, Column`."""
BLANK = "blank-row"
SAID_AGAIN = "said-again"
SENT = "sent"
"""Reason codes of rows that are left out: nothing stands in them; a row further down says the same thing; sent already."""
NOTES = ("Row in the first file", "What to do")
"""Columns of ours in a file of problem rows."""
_MENDABLE = frozenset({"short-row", "cell-without-value"})
_DELIMITERS = ",|\t;"


class Unreadable(Exception):
    """The file as a whole cannot be taken: `reason` is a code, `columns` those that are missing."""

    def __init__(self, reason: str, columns: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason, self.columns = reason, tuple(columns)


class Problem(NamedTuple):
    """Why a row cannot be taken: a reason code; `columns` (as the file calls them) it is about, where that is known."""

    reason: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckedRow:
    """`cells` are the file's own; `fixed` says that they were changed on the page. `fault`: why the row as it stands in the file is
    no row at all; `mendable`: it can be made one on the page. `left_empty`: what a row that is taken goes without. `place`: of a
    record that is no row of a table, where it stands, with the `head` to read its original under."""

    number: int
    cells: tuple[str, ...]
    outcome: Literal["taken", "ignored", "problem"]
    problems: tuple[Problem, ...] = ()
    reason: str = ""
    again: int = 0
    fault: Problem | None = None
    mendable: bool = True
    fixed: bool = False
    left_empty: tuple[Problem, ...] = ()
    events: tuple[Event, ...] = ()
    raw: bytes = b""
    head: bytes = b""
    place: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.place or f"Row {self.number}"


@dataclass(frozen=True)
class Checked:
    """A whole file. `whole`: its records are no rows of a table, so nothing can be mended here."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[CheckedRow, ...]
    head: bytes
    look: Look
    whole: bool = False

    @property
    def counts(self) -> Counter[str]:
        """Rows by outcome."""
        return Counter(row.outcome for row in self.rows)

    @property
    def problems(self) -> list[CheckedRow]:
        return [row for row in self.rows if row.outcome == "problem"]

    def taken(self) -> list[Taken]:
        """What sending it means, in the file's order; each event has its row as the original."""
        return [
            Taken(event, row.number, row.raw, row.head if self.whole else self.head, _noted(row, event, first=not n))
            for row in self.rows
            if row.outcome == "taken"
            for n, event in enumerate(row.events)
        ]

    def after_sending(self) -> Checked:
        """The same list with what was sent out of the way; rows with a problem can still be mended."""
        rows = [
            replace(row, outcome="ignored", reason=SENT, events=()) if row.outcome == "taken" else row
            for row in self.rows
        ]
        return replace(self, rows=tuple(rows))

    def mended(self, edits: Mapping[int, Sequence[str]]) -> Checked:
        """The file with other cells in rows that had a problem (others stay as they are), read again. A row may be emptied."""
        if self.whole:
            return self
        rows = [
            replace(row, cells=_trimmed(edits[row.number], len(self.columns)), fixed=True)
            if row.number in edits and row.outcome == "problem" and row.mendable
            else row
            for row in self.rows
        ]
        return replace(self, rows=_judged(rows, self.file, self.columns, self.look))


def check(
    file: str,
    data: bytes,
    look: Look,
    *,
    needed: Sequence[str],
    sheet: str | None,
    max_rows: int,
    header: Sequence[str] = (),
) -> Checked:
    """The rows of a file of this name. `header`: names in lower case that may stand below titles, where its program reads such
    lists. Raises Unreadable when it is no list that this connector takes."""
    try:
        if is_workbook(data[:8]):
            data = as_table(data, sheet)
        knows = [*header].__eq__ if header else None
        table = open_table(data, delimiters=_DELIMITERS, knows=knows, apart=True)
    except ParseError as why:
        raise Unreadable(why.reason) from None
    if table.doubled:  # below, each is called by its place: whether it may stand twice is asked of the file as it is
        first = next(iter(look(Unit(file, data))), None)
        if first is not None and first.outcome == "rejected" and "row" not in first.where:
            raise Unreadable(first.reason or "duplicate-column")
    if missing := [column for column in needed if column.lower() not in table.names]:
        raise Unreadable("missing-column", missing)
    ours = {name.lower() for name in NOTES}.intersection(table.names)
    keep = [n for n, name in enumerate(table.names) if name not in ours]
    columns = tuple(table.columns[n] for n in keep)
    rows: list[CheckedRow] = []
    for found in table.rows():
        if len(rows) >= max_rows:
            raise Unreadable("too-many-rows")
        if isinstance(found, RowFault):
            rows.append(_faulty(found, table.columns, table.delimiter))
            continue
        cells = list(found.cells.values())
        rows.append(CheckedRow(found.number, tuple(_as_meant(cells[n]) if ours else cells[n] for n in keep), "taken"))
    if not rows:
        raise Unreadable("no-rows")
    return Checked(file, columns, _judged(rows, file, columns, look), _line(columns), look)


def _noted(row: CheckedRow, event: Event, *, first: bool) -> tuple[str, ...]:
    """What is odd about a row, told once, beside an event that does not hold it itself."""
    told = row.left_empty if first and not hasattr(event, "issues") else ()
    return tuple(".".join(filter(None, (problem.reason, ", ".join(problem.columns)))) for problem in told)


def problems_csv(checked: Checked, words: Callable[[CheckedRow], str]) -> bytes:
    """The rows with a problem alone, to be mended in a spreadsheet and sent as they are: the file's columns, then row number and
    reason. UTF-8 with a byte order mark (spreadsheets ask for it); cells that a spreadsheet would run as a formula begin with an
    apostrophe. `check` knows such a file again, and takes both away."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*map(_harmless, checked.columns), *NOTES])
    for row in checked.problems:
        writer.writerow([*map(_harmless, row.cells), row.place or row.number, _harmless(words(row))])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _judged(rows: Sequence[CheckedRow], file: str, columns: Sequence[str], look: Look) -> tuple[CheckedRow, ...]:
    """Every row that is one read by the map; blank ones and repeats left out."""
    waiting = [row for row in rows if row.reason != SENT and (row.fault is None or row.fixed)]
    lines = {row.number: _line(row.cells) for row in waiting if any(row.cells)}
    order = list(lines)
    found: dict[int, list[Mapped]] = {number: [] for number in order}
    for mapped in look(Unit(file, _line(columns) + b"".join(lines.values()))):
        at = mapped.where.get("row")
        if not isinstance(at, int) or not 0 <= at - 2 < len(order):
            raise Unreadable(mapped.reason or "unreadable")
        found[order[at - 2]].append(mapped)
    return tuple(_once([_outcome(row, found.get(row.number), lines.get(row.number, b""), columns) for row in rows]))


def _outcome(row: CheckedRow, found: Sequence[Mapped] | None, raw: bytes, columns: Sequence[str]) -> CheckedRow:
    if row.fault is not None and not row.fixed:
        return replace(row, outcome="problem", problems=(row.fault,))
    if row.reason == SENT:
        return row
    clean = replace(row, problems=(), reason="", again=0, left_empty=(), events=(), raw=raw)
    if found is None:
        return replace(clean, outcome="ignored", reason=BLANK)
    problems = tuple(dict.fromkeys(_problem(each, columns) for each in found if each.outcome == "rejected"))
    if problems:
        return replace(clean, outcome="problem", problems=problems)
    events = tuple(each.event for each in found if each.event is not None)
    if events:
        odd = (issue.partition(".") for each in found for issue in getattr(each, "issues", ()))
        left_empty = tuple(dict.fromkeys(Problem(code, _columns(names, columns)) for code, _, names in odd))
        return replace(clean, outcome="taken", events=events, left_empty=left_empty)
    reason = next((each.reason for each in found if each.reason), None)
    return replace(clean, outcome="ignored", reason=reason or "filtered")


def _problem(mapped: Mapped, columns: Sequence[str]) -> Problem:
    """Reason without the hub's own field name, and the columns it is about as this file writes them."""
    reason = (mapped.reason or "unspecified").split(".", 1)[0]
    return Problem(reason, _columns(str(mapped.where.get("field", "")), columns))


def _columns(names: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Those that are named, as this file writes them."""
    wanted = [name.strip().lower() for name in names.split(",")]
    return tuple(column for column in columns if column.lower() in wanted)


def _once(rows: Sequence[CheckedRow]) -> Iterator[CheckedRow]:
    """Of rows that tell the same facts only the last is taken."""
    last: dict[tuple[str, str | None], int] = {}
    for row in rows:
        last.update({(event.fact_key, event.source_person): row.number for event in row.events})
    for row in rows:
        kept = tuple(event for event in row.events if last[event.fact_key, event.source_person] == row.number)
        if row.events and not kept:
            first = row.events[0]
            yield replace(
                row, outcome="ignored", reason=SAID_AGAIN, events=(), again=last[first.fact_key, first.source_person]
            )
        else:
            yield replace(row, events=kept)


def _faulty(found: RowFault, columns: Sequence[str], delimiter: str) -> CheckedRow:
    reason, width = found.error.reason, len(columns)
    if reason == "empty-row":
        return CheckedRow(found.number, ("",) * width, "ignored")
    text = found.raw.decode(errors="replace")
    try:
        cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        cells = []
    about = tuple(name for name, cell in zip(columns, cells, strict=False) if cell == NO_VALUE)
    mendable = reason in _MENDABLE and len(cells) <= width
    shown = ["" if cell == NO_VALUE else cell for cell in cells]
    return CheckedRow(
        found.number, _trimmed(shown, width), "problem", fault=Problem(reason, about), mendable=mendable,
    )  # fmt: skip


def _as_meant(cell: str) -> str:
    """What `_harmless` was given."""
    return cell[1:] if cell.startswith("'") and _harmless(cell[1:]) == cell else cell


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(
        cells
    )  # the writer quotes those line ends in cells that it writes itself
    return out.getvalue().removesuffix("\r\n").encode(errors="replace") + b"\n"


def _trimmed(cells: Sequence[str], width: int) -> tuple[str, ...]:
    fitting = [*cells[:width], *[""] * (width - len(cells))]
    return tuple(cell.replace("\x00", "").strip() for cell in fitting)


def _harmless(cell: str) -> str:
    """No formula: what a spreadsheet would run becomes text."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell
