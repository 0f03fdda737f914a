"""How the demo looks: a live table on a terminal, plain lines elsewhere. Nothing is printed with `--json` but the last object."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hub.demo.words import GROUP_WORDS

__all__ = ["Moment", "PlainScreen", "QuietScreen", "Screen", "TableScreen", "screen_for"]


class Moment(Protocol):
    """What can be shown of a moment of the run."""

    day: date
    sent: int
    share: float
    needs: Counter[tuple[str, str]]
    coverage: Sequence[Mapping[str, Any]]


class Screen(Protocol):
    """Where the demo is seen."""

    def __enter__(self) -> Screen: ...
    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def say(self, line: str) -> None:
        """One line that stays."""

    def show(self, moment: Moment) -> None:
        """How things stand."""


class QuietScreen:
    """For `--json`: progress goes nowhere."""

    def __enter__(self) -> QuietScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def say(self, line: str) -> None:
        pass

    def show(self, moment: Moment) -> None:
        pass


class PlainScreen(QuietScreen):
    """A line a simulated week, for logs and pipes."""

    def __init__(self) -> None:
        self._week: tuple[int, int] | None = None

    def say(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def show(self, moment: Moment) -> None:
        week = moment.day.isocalendar()[:2]
        if week != self._week:
            self._week = week
            self.say(_line(moment))


class TableScreen:
    """A table that changes in place; said lines scroll above it."""

    def __init__(self) -> None:
        self._console = Console()
        self._live = Live(Text("starting"), console=self._console, refresh_per_second=8, transient=True)

    def __enter__(self) -> TableScreen:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        self._console.print(line, highlight=False)

    def show(self, moment: Moment) -> None:
        self._live.update(_table(moment))


def screen_for(*, json: bool) -> Screen:
    """The screen that fits where the output goes."""
    if json:
        return QuietScreen()
    return TableScreen() if sys.stdout.isatty() else PlainScreen()


def _line(moment: Moment) -> str:
    needs = moment.needs
    best, worst = (moment.coverage[0], moment.coverage[-1]) if moment.coverage else (None, None)
    parts = [
        f"{moment.day}  {moment.sent:6,} records sent",
        f"open: place {needs['place', 'open']:3}, food {needs['food', 'open']:3}",
        f"helped {needs['place', 'helped'] + needs['food', 'helped']:3}",
    ]
    if best and worst:
        parts.append(
            f"dose: {_group(best)} {100 * best['estimate']:.0f} % … {_group(worst)} {100 * worst['estimate']:.0f} %"
        )
    return "  |  ".join(parts)


def _group(row: Mapping[str, Any]) -> str:
    return GROUP_WORDS.get(row["group"], str(row["group"]))


def _table(moment: Moment) -> Group:
    head = Text(f"simulated day {moment.day}   {moment.sent:,} records sent   {100 * moment.share:.0f} %", style="bold")
    needs = Table("need", "open", "helped", "ended without help", title_justify="left", box=None, padding=(0, 3))
    for support, words in (("place", "a place to isolate"), ("food", "food")):
        states = [moment.needs[support, state] for state in ("open", "helped", "ended")]
        needs.add_row(words, *(f"{count:,}" for count in states))
    coverage = Table("people", "with a dose", "", "between", box=None, padding=(0, 3))
    for row in moment.coverage:
        low, high = row["lower"], row["upper"]
        span = f"{100 * low:.1f} and {100 * high:.1f} %" if low is not None else "population too small"
        bar = "█" * round(40 * min(1.0, row["estimate"]))
        coverage.add_row(_group(row), f"{100 * row['estimate']:.1f} %", bar, span)
    return Group(head, Text(), needs, Text(), coverage)
