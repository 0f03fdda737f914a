"""What `hub identity explain` shows on a terminal: a comparison of two records as a waterfall."""

from __future__ import annotations

import sys
from itertools import accumulate
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.domain.linkage.vetoes import REASONS
from hub.identity.evaluation.explained import Explained

__all__ = ["console", "level_words", "show_explained"]

_WIDE = 48
"""Characters of the waterfall."""
_LEVELS = {
    "exact": "the same", "close": "nearly the same", "spelling": "another spelling of it", "sounds": "sounds the same",
    "part": "one of several names",
    "nickname": "a short name", "initial": "the same initial", "middle": "is the other's middle name", "swapped": "swapped",
    "crossed": "one in the other's field", "previous": "a name before", "similar": "a little alike",
    "alike": "two names that look alike", "different": "different", "typo": "one slip", "two-slips": "two slips",
    "last-four": "the last four digits", "last-four-different": "other last four digits", "new-year": "year, 1 January",
    "slip": "a slip", "year-month": "year and month", "two-parts": "two of three parts", "year": "the year",
    "near-year": "a year nearby", "street": "the street", "postal-code": "the postal code", "city": "the town",
    "county": "the county", "capped": "together at most so much",
}  # fmt: skip
"""What a level says, in words; one without words stands as it is."""


def show_explained(found: Explained, ended: str | None = None) -> None:
    """Print it; `ended`: how the two end, where that is not told by the records of a file."""
    to = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("field", "agreement", "weight", "sum", ""):
        table.add_column(name, justify="right" if name in ("weight", "sum") else "left", no_wrap=True)
    scale, before = _Scale.of(found), 0.0
    for part in found.parts:
        after = before + part.weight
        bar = scale.bar(before, after)
        table.add_row(
            part.field.replace("_", " "), level_words(part.level), f"{part.weight:+.2f}", f"{after:+.2f}", bar
        )
        before = after
    table.add_row("all", "", "", f"{found.total:+.2f}", scale.bar(0.0, found.total), style="bold")
    to.print(table)
    to.print("█ speaks for one person, ░ against; │ 0, ? where a person is asked, ! where they are united", style="dim")
    for name in found.shared:
        to.print(f"{name}: shared by many people of these records, so it says nothing")
    if found.silent:
        to.print(f"no evidence, missing in one of them: {', '.join(found.silent)}")
    if found.veto is not None:
        to.print(f"veto: {found.veto} ({REASONS[found.veto]})")
    to.print(
        f"{found.total:+.2f} in log2 odds (review from {found.review:+.2f}, match from {found.match:+.2f}): "
        f"{found.grade} by this pair alone; model {found.model}"
    )
    to.print(ended or _ended(found))


def level_words(level: str) -> str:
    """What a level says."""
    return _LEVELS.get(level, level)


class _Scale(NamedTuple):
    """Where a sum stands in the waterfall; the least and the most that the sums of a comparison come to."""

    least: float
    most: float
    review: float
    match: float

    @classmethod
    def of(cls, found: Explained) -> _Scale:
        sums = [0.0, found.match, *accumulate(part.weight for part in found.parts)]
        return cls(min(sums), max(sums), found.review, found.match)

    def column(self, value: float) -> int:
        return round(
            (min(max(value, self.least), self.most) - self.least) / (self.most - self.least or 1.0) * (_WIDE - 1)
        )

    def bar(self, before: float, after: float) -> Text:
        """From the sum before to the sum after it, beside the marks."""
        signs = [" "] * _WIDE
        signs[self.column(0.0)] = "│"
        signs[self.column(self.review)] = "?"
        signs[self.column(self.match)] = "!"
        first, last = sorted((self.column(before), self.column(after)))
        if before != after:
            signs[first : last + 1] = ("█" if after > before else "░") * (last + 1 - first)
        return Text("".join(signs), style="green" if after >= before else "red")


def _ended(found: Explained) -> str:
    if found.together:
        return "among all records of these files they end as one person"
    if found.waiting:
        return f"among all records of these files the pair waits for a human ({found.waiting})"
    return "among all records of these files they end as two people"


def console() -> Console:
    """Of the terminal's width; where the output is no terminal, of 120 characters."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)
