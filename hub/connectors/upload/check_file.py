"""A file looked at with whatever reads its connector: row by row where its rows can be mended on the page, else record by record.

A declared map of CSV is looked at row by row (check.py). A mapping program may read tables of its own kind, HL7 or FHIR: where each
of its outcomes names a row of a plain CSV table, its rows can be mended here just the same; else the page shows what became of each
record of the file, by its place, and what needs a look is mended where the file comes from. A zip of one file
is that file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from hub.connectors.archive import ArchiveFault, ArchiveLimits, only_file
from hub.connectors.door import Mapped, Unit
from hub.connectors.upload.check import Checked, CheckedRow, Look, Problem, Unreadable, check
from hub.formats.delimited import open_table
from hub.formats.errors import ParseError
from hub.formats.spreadsheet import as_table, is_workbook

__all__ = ["check_file", "taken_out"]

_PLAIN = ",;|"  # delimiters of tables whose rows can be written again; tab-separated ones may know no quotes

_MEMBERS = 100
"""Entries of a zip that are looked at: folders, and what operating systems add, are none of its files."""


def taken_out(file: str, data: bytes, max_bytes: int) -> tuple[str, bytes]:
    """The one file in a zip or gzip file, which may not unpack to more than `max_bytes`; any other file as it is, a workbook too.
    Nothing is written to the disk. Raises Unreadable: `zip-several-files`, and what file drops refuse (hub.connectors.archive)."""
    if not file.lower().endswith((".zip", ".gz")):
        return file, data
    try:
        return only_file(data, file, ArchiveLimits(members=_MEMBERS, member_bytes=max_bytes, total_bytes=max_bytes))
    except ArchiveFault as fault:
        raise Unreadable(fault.reason) from None


def check_file(
    file: str, data: bytes, look: Look, *, by_row: bool, needed: Sequence[str], sheet: str | None, max_rows: int
) -> Checked:
    """What would become of a file. `by_row`: each of its rows is a record. Raises Unreadable when it is none that is taken."""
    if by_row:
        return check(file, data, look, needed=needed, sheet=sheet, max_rows=max_rows)
    if not data.strip():
        raise Unreadable("empty")
    try:
        table = as_table(data, sheet) if is_workbook(data[:8]) else data
    except ParseError as why:
        raise Unreadable(why.reason) from None
    found = list(islice(look(Unit(file, table)), max_rows + 1))
    if len(found) > max_rows:
        raise Unreadable("too-many-rows")
    if found and all(_numbered(each) for each in found):
        header = _header_of(table, {each.head for each in found} - {b""})
        if header is not None:
            return check(file, table, look, needed=(), sheet=None, max_rows=max_rows, header=header)
    places = [_place(each, file) for each in found]
    if not any(places):  # it is told of the file as a whole
        raise Unreadable(next((each.reason for each in found if each.reason), None) or "unreadable")
    return Checked(file, (), tuple(_records(found, places)), b"", look, whole=True)


def _header_of(data: bytes, heads: Collection[bytes]) -> Sequence[str] | None:
    """Names in lower case of the columns of a table that can be written again, below titles where its program read it so.

    `heads`: under which the originals of its rows are kept. None where these are less than the table has: some columns are not to
    be kept.
    """
    try:
        wanted = [open_table(head, delimiters=_PLAIN + "\t", apart=True).names for head in heads]
        knows = [*map(list, wanted)].__contains__ if wanted else None
        table = open_table(data, delimiters=_PLAIN + "\t", knows=knows, apart=True)
    except ParseError:
        return None
    return table.names if table.delimiter in _PLAIN and (not wanted or table.names in wanted) else None


def _numbered(mapped: Mapped) -> bool:
    row = mapped.where.get("row")
    return isinstance(row, int) and row > 1


def _place(mapped: Mapped, file: str) -> str:
    """Where a record stands, in words: `row 12`, `message 3`, `Client.csv row 12`; "" for the file as a whole."""
    at = {name: value for name, value in mapped.where.items() if name not in ("file", "field")}
    inner = str(mapped.where.get("file", file))
    words = [f"{name} {value}" for name, value in at.items()]
    return " ".join([inner, *words] if inner != file else words)


def _records(found: Sequence[Mapped], places: Sequence[str]) -> Iterator[CheckedRow]:
    """One of each place, in the order of the file."""
    together: dict[str, list[Mapped]] = {}
    for mapped, place in zip(found, places, strict=True):
        together.setdefault(place, []).append(mapped)
    for number, (place, here) in enumerate(together.items(), start=1):
        yield _record(number, place or "the file", here)


def _record(number: int, place: str, found: Sequence[Mapped]) -> CheckedRow:
    """Taken where something of it is; what is wrong with the rest of it is told beside."""
    problems = tuple(dict.fromkeys(_problem(each.reason) for each in found if each.outcome == "rejected"))
    events = [each for each in found if each.event is not None]
    if events:
        odd = [_problem(issue) for each in events for issue in getattr(each, "issues", ())]
        return CheckedRow(
            number, (), "taken", place=place, mendable=False, left_empty=tuple(dict.fromkeys([*problems, *odd])),
            events=tuple(each.event for each in events if each.event is not None), raw=events[0].raw, head=events[0].head,
        )  # fmt: skip
    if problems:
        return CheckedRow(number, (), "problem", problems, place=place, mendable=False)
    reason = next((each.reason for each in found if each.reason), None)
    return CheckedRow(number, (), "ignored", reason=reason or "filtered", place=place)


def _problem(reason: str | None) -> Problem:
    code, _, field = (reason or "unspecified").partition(".")
    return Problem(code, (field,) if field else ())
