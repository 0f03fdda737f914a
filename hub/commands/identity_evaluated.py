"""What `hub identity evaluate` shows on a terminal: shares with intervals, who is found less, what that does to coverage, cases."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from hub.commands.identity_shown import console
from hub.identity.evaluation.cases import Cases, Ending
from hub.identity.evaluation.coverage import Coverage, ratios
from hub.identity.evaluation.persons import Chance, PersonGap, Persons
from hub.identity.evaluation.quality import SMALLEST, Gap, Quality
from hub.identity.evaluation.report import Evaluation, percentile

__all__ = ["show_evaluation"]

_FIELDS = {"race_ethnicity": "race and ethnicity", "origin": "origin of the name", "housing": "housing status"}
_FEW = "*"
_SHARES = {"sensitivity": "of the cases of somebody there, united with him alone", "ppv": "of the cases united with somebody, "
           "with the right one alone", "specificity": "of the cases of nobody there, left alone"}  # fmt: skip


def show_evaluation(found: Evaluation) -> None:
    to, out = console(), found.outcome
    to.print(f"{len(out.candidates):,} records, {out.people:,} people; model {out.model}")
    _show_whole(to, found)
    if found.cases is not None:
        _show_cases(to, found.cases)
    for column, groups in found.groups.items():
        to.print()
        to.print(_groups(_FIELDS.get(column, column), groups, found.coverage[column], found.persons[column]))
        to.print(_gap(found.gaps[column], found.chance[column]))
        to.print(_person_gap(found.person_gaps[column]))
        if line := _coverage(found.coverage[column]):
            to.print(line)
    if any(each.too_small for groups in found.groups.values() for each in groups.values()):
        to.print(f"\n{_FEW} fewer than {SMALLEST} true pairs: too few to compare; the gaps leave the group out")
    if found.groups:
        to.print("per person: of each person the share of pairs found, everybody with one vote")
        to.print(
            "coverage: had 60 % of every group a dose told in another record, so much would be seen through the links"
        )
    to.print()
    speed = f"{len(out.candidates) / out.seconds:,.0f}" if out.seconds > 0 else "-"
    to.print(
        f"candidates per record: median {percentile(out.candidates, 50)}, p99 {percentile(out.candidates, 99)}, "
        f"most {max(out.candidates, default=0)}; {speed} records/s of CPU"
    )


def _show_whole(to: Console, found: Evaluation) -> None:
    whole, told = found.whole, found.whole.as_json()
    table = _table("", "share", "95 % interval", "pairs")
    for name, share, part, of in (
        ("precision", whole.precision, whole.right, whole.found), ("recall", whole.recall, whole.right, whole.true),
    ):  # fmt: skip
        table.add_row(name, _share(share), _interval(told[f"{name}_interval"]), f"{part:,} of {of:,}")
    table.add_row("F1", _share(whole.f1), "", "")
    table.add_row("review", "", "", f"{len(found.outcome.review):,} wait for a human, {found.waiting:,} of them true")
    to.print(table)
    missed = found.missed()
    to.print(
        f"missed true pairs: {missed['review']:,} in review, {missed['uncompared']:,} never compared (no block in common), "
        f"{missed['apart']:,} too little alike or vetoed"
    )


def _show_cases(to: Console, cases: Cases) -> None:
    told = cases.as_json()
    table = _table("each record of the second file as a case", "share", "95 % interval", "")
    for name, meaning in _SHARES.items():
        share = told[name]
        table.add_row(
            name if name != "ppv" else "PPV", _share(share if isinstance(share, float) else None),
            _interval(told[f"{name}_interval"]), meaning,
        )  # fmt: skip
    to.print()
    to.print(table)
    ended = _table("asked", "cases", "united rightly", "wrongly", "review", "left alone")
    for label, counts in cases.ended.items():
        if sum(counts.values()):
            ended.add_row(label, f"{sum(counts.values()):,}", *_endings(counts))
    to.print(ended)
    if not cases.kinds:
        return
    kinds = _table("kind of case", "asked", "cases", "united rightly", "wrongly", "review", "left alone")
    for (label, kind), counts in cases.kinds.items():
        kinds.add_row(kind, label, f"{sum(counts.values()):,}", *_endings(counts))
    to.print()
    to.print(kinds)


def _endings(counts: Mapping[Ending, int]) -> list[str]:
    return [f"{counts[ending]:,}" for ending in ("right", "wrong", "review", "none")]


def _groups(
    name: str, groups: Mapping[str, Quality], covered: Mapping[str, Coverage], persons: Mapping[str, Persons]
) -> Table:
    table = _table(
        name, "true pairs", "recall", "95 % interval", "precision", "95 % interval", "per person", "coverage seen"
    )
    for group, each in groups.items():
        told, seen, voting = each.as_json(), covered.get(group), persons.get(group)
        table.add_row(
            f"{group}{_FEW}" if each.too_small else group,
            f"{each.true:,}", _share(each.recall), _interval(told["recall_interval"]), _share(each.precision),
            _interval(told["precision_interval"]), _share(voting.recall if voting else None),
            f"{seen.linked / seen.people:.3f}" if seen else "-",
        )  # fmt: skip
    return table


def _gap(gap: Gap, chance: Chance) -> str:
    recall = _points(gap.recall, gap.least_found, gap.recall_interval) + _lots(gap.recall, chance.recall)
    precision = _points(gap.precision, gap.least_precise, gap.precision_interval)
    return f"largest gap: recall {recall}; precision {precision}{_lots(gap.precision, chance.precision)}"


def _person_gap(gap: PersonGap) -> str:
    return f"largest gap per person: recall {_points(gap.recall, gap.least_found, gap.interval)}"


def _lots(value: float | None, seldom_exceeded: float | None) -> str:
    """What gap lots would give."""
    if not value or seldom_exceeded is None:
        return ""
    within = "not told from chance" if value <= seldom_exceeded else "more than chance"
    return f", {within} (by lot up to {100 * seldom_exceeded:.1f} in 19 of 20 draws)"


def _coverage(groups: Mapping[str, Coverage]) -> str:
    """The group whose ratio the links change most."""
    compared = ratios(groups)
    if len(compared) < 2:
        return ""
    most = max(compared, key=lambda group: (abs(compared[group][1] - compared[group][0]), group))
    base = max((group for group in compared), key=lambda group: groups[group].people)
    true, linked = compared[most]
    return f"coverage ratio changed most: {most} to {base} {true:.3f} in truth, {linked:.3f} through the links"


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (first, *others):
        table.add_column(name, justify="left" if name in (first, "", "asked") else "right")
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _interval(told: object) -> str:
    return f"{told[0]:.4f} to {told[1]:.4f}" if isinstance(told, list) else "-"


def _points(value: float | None, least: str | None, within: tuple[float, float] | None) -> str:
    if value is None:
        return "- (fewer than two groups are large enough)"
    if not value or within is None:
        return f"{100 * value:.1f} points"
    return f"{100 * value:.1f} points ({100 * within[0]:.1f} to {100 * within[1]:.1f}), least {least}"
