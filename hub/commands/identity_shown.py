"""What `hub identity` shows on a terminal: an evaluation as tables, a comparison of two records as a waterfall."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.domain.linkage.vetoes import REASONS
from hub.identity.evaluation.explained import Explained
from hub.identity.evaluation.quality import Quality
from hub.identity.evaluation.report import Evaluation, percentile

__all__ = ["show_evaluation", "show_explained"]

_BAR = 1  # characters for a weight of one (evidence twice as likely of one person as of two)
_LONGEST_BAR = 24
_FIELDS = {"race_ethnicity": "race and ethnicity", "origin": "origin of the name", "housing": "housing status"}


def show_evaluation(found: Evaluation) -> None:
    console, out = _console(), found.outcome
    whole = found.whole
    console.print(f"{len(out.candidates):,} records, {out.people:,} people; model {out.model}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "share", "95 % interval", "pairs"):
        table.add_column(name, justify="left" if not name else "right")
    told = whole.as_json()
    table.add_row(
        "precision", _share(whole.precision), _interval(told["precision_interval"]), _of(whole.right, whole.found)
    )
    table.add_row("recall", _share(whole.recall), _interval(told["recall_interval"]), _of(whole.right, whole.true))
    table.add_row("F1", _share(whole.f1), "", "")
    table.add_row("review", "", "", f"{len(out.review):,} wait for a human, {found.waiting:,} of them true")
    console.print(table)
    missed = found.missed()
    console.print(
        f"missed true pairs: {missed['review']:,} in review, {missed['uncompared']:,} never compared (no block in common), "
        f"{missed['apart']:,} too little alike or vetoed"
    )
    for column, groups in found.groups.items():
        console.print()
        console.print(_groups(_FIELDS.get(column, column), groups))
        gaps = found.gaps[column]
        console.print(f"largest gap: recall {_points(gaps.recall)}, precision {_points(gaps.precision)}")
    console.print()
    speed = f"{len(out.candidates) / out.seconds:,.0f}" if out.seconds > 0 else "-"
    console.print(
        f"candidates per record: median {percentile(out.candidates, 50)}, p99 {percentile(out.candidates, 99)}, "
        f"most {max(out.candidates, default=0)}; {speed} records/s of CPU"
    )


def show_explained(found: Explained) -> None:
    console = _console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("field", "agreement", "weight", "sum", ""):
        table.add_column(name, justify="right" if name in ("weight", "sum") else "left")
    total = 0.0
    for part in found.parts:
        total += part.weight
        bar = "█" * min(_LONGEST_BAR, round(abs(part.weight) * _BAR))
        style = "green" if part.weight > 0 else "red"
        table.add_row(part.field, part.level, f"{part.weight:+.2f}", f"{total:+.2f}", Text(bar, style=style))
    console.print(table)
    for name in found.shared:
        console.print(f"{name}: shared by many people of these records, so it says nothing")
    if found.silent:
        console.print(f"no evidence, missing in one of them: {', '.join(found.silent)}")
    if found.veto is not None:
        console.print(f"veto: {found.veto} ({REASONS[found.veto]})")
    console.print(
        f"{found.total:+.2f} in log2 odds (review from {found.review:+.2f}, match from {found.match:+.2f}): "
        f"{found.grade} by this pair alone; model {found.model}"
    )
    console.print(_ended(found))


def _ended(found: Explained) -> str:
    if found.together:
        return "among all records of these files they end as one person"
    if found.waiting:
        return f"among all records of these files the pair waits for a human ({found.waiting})"
    return "among all records of these files they end as two people"


def _groups(name: str, groups: Mapping[str, Quality]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in (name, "true pairs", "recall", "95 % interval", "precision", "95 % interval"):
        table.add_column(title, justify="left" if title == name else "right")
    for group, each in groups.items():
        told = each.as_json()
        table.add_row(
            group, f"{each.true:,}", _share(each.recall), _interval(told["recall_interval"]), _share(each.precision),
            _interval(told["precision_interval"]),
        )  # fmt: skip
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _interval(told: object) -> str:
    return f"{told[0]:.4f} to {told[1]:.4f}" if isinstance(told, list) else "-"


def _points(value: float | None) -> str:
    return "- (fewer than two groups are large enough)" if value is None else f"{100 * value:.1f} points"


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)
