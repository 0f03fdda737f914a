"""What `hub identity explain` shows on a terminal: a comparison of two records as a waterfall."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.domain.linkage.vetoes import REASONS
from hub.identity.evaluation.explained import Explained

__all__ = ["console", "show_explained"]

_BAR = 1  # characters for a weight of one (evidence twice as likely of one person as of two)
_LONGEST_BAR = 24


def show_explained(found: Explained) -> None:
    to = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("field", "agreement", "weight", "sum", ""):
        table.add_column(name, justify="right" if name in ("weight", "sum") else "left")
    total = 0.0
    for part in found.parts:
        total += part.weight
        bar = "█" * min(_LONGEST_BAR, round(abs(part.weight) * _BAR))
        style = "green" if part.weight > 0 else "red"
        table.add_row(part.field, part.level, f"{part.weight:+.2f}", f"{total:+.2f}", Text(bar, style=style))
    to.print(table)
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
    to.print(_ended(found))


def _ended(found: Explained) -> str:
    if found.together:
        return "among all records of these files they end as one person"
    if found.waiting:
        return f"among all records of these files the pair waits for a human ({found.waiting})"
    return "among all records of these files they end as two people"


def console() -> Console:
    """Of the terminal's width; where the output is no terminal, of 120 characters."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)
