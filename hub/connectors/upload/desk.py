"""What an upload page is handed of its connector and its installation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.connectors.door import Mapped, Unit
from hub.connectors.upload.kept import Safe

__all__ = ["UploadDesk"]


@dataclass(frozen=True)
class UploadDesk:
    """`look` reads a list as intake would, with nothing published or counted; columns are written as in connector.yaml."""

    title: str
    recipient: str  # of the agreement: who gets what is sent
    look: Callable[[Unit], Iterator[Mapped]]
    needed: tuple[str, ...]  # columns a list must have
    known: tuple[str, ...]  # all columns that are looked at
    safe: Safe
    kept: Path  # where uploads are kept: DIR/uploads/<connector>.sqlite
    keep_days: int  # of the agreement: how long they can be taken back
    today: Callable[[], date]
    zone: ZoneInfo  # in which times are shown
    by_row: bool = True  # a declared map of CSV: every row is a record, and its columns are known
    reads: str = ""  # what a page whose columns are not known takes, in the words of its connector.yaml
    choices: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # words a column may hold, by its lower-case name
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # how dates are written in it, likewise
    filled: frozenset[str] = frozenset()  # columns that no row may leave empty, likewise
