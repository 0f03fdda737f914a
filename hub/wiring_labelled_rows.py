"""Rows of the files of `hub identity evaluate`, and what is said of a file that has not the columns for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hub.formats.delimited import RowFault, Table, open_table
from hub.formats.errors import ParseError
from hub.identity.evaluation.labelled import Unanswerable
from hub.suggest import did_you_mean

__all__ = ["cells_of"]

_DELIMITERS = ",;|\t"


def cells_of(path: Path, *, required: Sequence[str], known: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells of every row. `known`: of a file that has none of these columns but the required, the text says so.
    Raises `Unanswerable`."""
    try:
        with path.open("rb") as stream:
            table = open_table(stream, delimiters=_DELIMITERS)
            _require(table, required, known, path)
            for row in table.rows():
                if isinstance(row, RowFault):
                    if row.error.reason == "empty-row":
                        continue
                    raise Unanswerable(f"{path.name}: {row.error}")
                yield row.number, row.cells
    except ParseError as why:
        raise Unanswerable(f"{path.name}: {why}") from None
    except OSError as why:
        raise Unanswerable(f"{path.name}: {why.strerror}") from None


def _require(table: Table, required: Sequence[str], known: Sequence[str], path: Path) -> None:
    for name in required:
        if name not in table.names:
            raise Unanswerable(f"{path.name} has no column {name}; {_meant(name, table.names, (*required, *known))}")
    if known and not (set(table.names) & set(known)) - set(required):
        raise Unanswerable(f"{path.name} has nothing to compare: of its columns none is {', '.join(known[1:])}")


def _meant(name: str, columns: Sequence[str], known: Sequence[str]) -> str:
    """What the first line holds, as far as it is known to be no value: in a file without header it is a person. (What is nearly the
    name of our column is one.)"""
    if near := did_you_mean(name, columns):
        return near
    there = [column for column in columns if column in known]
    told = f"its first line has {', '.join(there)}" if there else "its first line names no column that is known here"
    others = len(columns) - len(there)
    return f"{told} and {others} other(s)" if there and others else told
