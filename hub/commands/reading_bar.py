"""A bar on stderr while a drop is read: how much of its bytes, how many records, how long still.

Only where a person looks: stderr is a terminal, and what is printed meanwhile goes elsewhere. The share is told by the originals of
what was read, so it runs a little ahead or behind where headers are long or records share theirs; nothing is held for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

__all__ = ["Bar", "in_the_way", "reading_bar"]

_EVERY = 200  # records between two looks at the clock
_Record = TypeVar("_Record")


class Bar:
    """`shown` None: nothing is drawn."""

    def __init__(self, shown: Progress | None, size: int) -> None:
        self._shown, self._size, self._bytes, self._records = shown, size, 0, 0
        self._task = shown.add_task("", total=size, records="0") if shown is not None else None

    def watch(self, records: Iterable[_Record], size_of: Callable[[_Record], int]) -> Iterator[_Record]:
        """The same records, counted."""
        if self._task is None:
            yield from records
            return
        for record in records:
            self._records += 1
            self._bytes += size_of(record)
            if self._records % _EVERY == 0:
                self._tell()
            yield record
        self._tell()

    def _tell(self) -> None:
        assert self._shown is not None
        assert self._task is not None
        self._shown.update(self._task, completed=min(self._bytes, self._size), records=f"{self._records:,}")


@contextmanager
def reading_bar(paths: Sequence[Path], *, quiet: bool, console: Console | None = None) -> Iterator[Bar]:
    """A bar for what lies under `paths`, gone at the end; none where `quiet`, or where stderr is no terminal."""
    console = console or Console(stderr=True)
    if quiet or not console.is_terminal:
        yield Bar(None, 0)
        return
    columns = (
        BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[records]} records read"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as shown:
        yield Bar(shown, max(1, sum(map(_size, paths))))


def in_the_way() -> bool:
    """Whether lines on stdout would be written into the bar."""
    return sys.stdout.isatty()


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size
