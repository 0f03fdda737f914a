"""Which layout of laboratory CSV a header is: by the names of its columns, in any order, case and spelling with or without
underscores. The names stand in tables/lab_csv_columns.csv with their source; a new layout or name is a row there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from hub.formats.delimited import Table, open_table
from hub.formats.errors import ParseError
from hub.formats.lines import Source
from hub.mapping.tables import rows

__all__ = ["DELIMITERS", "Layout", "layout_of", "open_lab_table"]

DELIMITERS = ",|\t;"
"""What may stand between the columns."""
_BY_NAMES = "by-names"
_NEEDED = frozenset({"test_code", "result"})
_KEYS = frozenset({"order_id", "specimen_id", "local_id", "family_name"})
_WANTED = (
    (frozenset({"test_code"}), "LOINC"),
    (frozenset({"result"}), "Result"),
    (_KEYS, "Accession Number, Specimen ID, Patient ID or Last Name"),
)
"""What a header without a layout must have, and names of columns that would do."""


class Layout(NamedTuple):
    """A header understood. `columns`: by field, the names of its columns as the header has them (lower case), the one to
    be believed first. `unknown`: columns beside, as they are called, that the layout does not know; they are not read.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]

    @property
    def by_names(self) -> bool:
        """The header is of no layout; what its columns hold was told by their names."""
        return self.name == _BY_NAMES

    def column(self, field: str) -> str:
        """The column to name where this field is at fault; empty when the header has none."""
        return next(iter(self.columns.get(field, ())), "")


class _Column(NamedTuple):
    name: str
    field: str
    required: bool


def open_lab_table(content: bytes | Source) -> Table:
    """A table whose header is of a layout, or the first lines of any other file as they are. ParseError as of `open_table`."""
    return open_table(content, delimiters=DELIMITERS, knows=_is_layout)


def _is_layout(names: Sequence[str]) -> bool:
    try:
        layout_of(names)
    except ParseError:
        return False
    return True


def layout_of(header: Sequence[str]) -> Layout:
    """The layout whose required columns are all there; of several the one that knows most columns. A header of no layout is
    read by the names of its columns, where one of them is for the code of the test and one for its result.

    Raises ParseError: `missing-column` naming them where the header is nearly one of a layout, else `unknown-header` naming what
    would do to read it by the names of its columns.
    """
    sent = {_plain(name): name.lower() for name in header}
    layouts = _layouts()
    known = {
        name: len(sent.keys() & columns.keys())
        for name, columns in layouts.items()
        if name != _BY_NAMES and not _missing(columns, sent.keys())
    }
    if not known:
        if not _told_by_names(layouts[_BY_NAMES], sent.keys()):
            raise _refusal(set(sent))
        known = {_BY_NAMES: len(sent.keys() & layouts[_BY_NAMES].keys())}
    chosen = max(known, key=lambda name: known[name])
    found: dict[str, tuple[str, ...]] = {}
    for plain, column in layouts[chosen].items():
        if column.field and plain in sent:
            found[column.field] = (*found.get(column.field, ()), sent[plain])
    return Layout(chosen, found, tuple(name for name in header if _plain(name) not in layouts[chosen]))


def _told_by_names(columns: Mapping[str, _Column], sent: Collection[str]) -> bool:
    """There is a column for the code of the test, one for its result, and one that tells results apart."""
    fields = {column.field for plain, column in columns.items() if plain in sent}
    return fields >= _NEEDED and not fields.isdisjoint(_KEYS)


def _refusal(sent: set[str]) -> ParseError:
    layouts = [columns for name, columns in _layouts().items() if name != _BY_NAMES]
    nearly = max(layouts, key=lambda columns: _required(columns) - len(_missing(columns, sent)))
    missing = _missing(nearly, sent)
    if 2 * len(missing) > _required(nearly):
        known = {column.field for plain, column in _layouts()[_BY_NAMES].items() if plain in sent}
        lacking = [name for fields, name in _WANTED if known.isdisjoint(fields)]
        return ParseError("unknown-header", "row 1", "; ".join(lacking))
    return ParseError("missing-column", "row 1", ", ".join(sorted(missing)))


def _missing(columns: Mapping[str, _Column], sent: Collection[str]) -> list[str]:
    return [column.name for plain, column in columns.items() if column.required and plain not in sent]


def _required(columns: Mapping[str, _Column]) -> int:
    return sum(column.required for column in columns.values())


@lru_cache(maxsize=1)
def _layouts() -> Mapping[str, Mapping[str, _Column]]:
    found: dict[str, dict[str, _Column]] = {}
    for row in rows("lab_csv_columns"):
        column = _Column(row["column"], row["field"], row["use"] == "required")
        found.setdefault(row["layout"], {})[_plain(column.name)] = column
    return found


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))
