"""What the demo says at its end, in plain sentences: tested, positive, needed help, found, missed, widest gap and how sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.demo.judge import Verdict

__all__ = ["GROUP_WORDS", "closing_words"]

GROUP_WORDS = {
    "aian": "American Indian or Alaska Native",
    "asian": "Asian",
    "black": "Black",
    "hispanic": "Hispanic",
    "mena": "Middle Eastern or North African",
    "multiracial": "multiracial",
    "nhpi": "Native Hawaiian or Pacific Islander",
    "other": "other",
    "white": "white",
}


def closing_words(
    *,
    people: int,
    tested: int,
    positive: int,
    verdict: Verdict,
    states: Mapping[str, int],
    gap: Mapping[str, Any] | None,
    equal: bool,
) -> list[str]:
    """The last lines of `hub demo`. `states`: needs by state; `gap` the widest gap's measure, None without one."""
    found = verdict.needs_expected - verdict.needs_missed
    lines = [
        f"In this made-up county of {people:,} people, {tested:,} were tested and {positive:,} had to isolate.",
        f"{verdict.needs_expected:,} times somebody had to isolate and lacked a place or food: the hub found {found:,}, "
        f"missed {verdict.needs_missed:,}, and raised {verdict.needs_wrong:,} needs that nobody has. "
        f"{states['helped']:,} were helped, {states['ended']:,} got through isolation without help, "
        f"{states['open']:,} are open on the last day.",
        f"Of {verdict.pairs:,} pairs of records of one person, those with a clerk's error too, it joined "
        f"{verdict.pairs - verdict.pairs_missed:,} and missed {verdict.pairs_missed:,}; it joined {verdict.links_wrong:,} pairs of "
        f"two people.",
    ]
    if gap is None:
        lines.append("No group is large enough to say whom vaccination passes by.")
    else:
        lines.append(_gap_words(gap))
    lines.append(
        "A batch computation over the same files gives exactly the same."
        if equal
        else "A batch computation over the same files gives something else: this is a bug, please report it."
    )
    return lines


def _gap_words(gap: Mapping[str, Any]) -> str:
    group, reference = (GROUP_WORDS.get(gap[name], str(gap[name])) for name in ("group", "reference_group"))
    points, low, high = (-100 * gap[name] for name in ("difference", "difference_upper", "difference_lower"))
    sure = "the gap is real" if low > 0 else "it may be chance"
    return (
        f"Widest gap in vaccination: {group} people are {points:.0f} points behind {reference} people "
        f"({100 * gap['estimate']:.0f} % have a dose); between {_points(low)} and {_points(high)} points "
        f"with 95 % confidence: {sure}. "
        f"The race of {100 * gap['unknown_share']:.0f} % of those vaccinated is unknown."
    )


def _points(value: float) -> str:
    """Percentage points, whole; a small number keeps a digit, so that "more than nothing" does not read as 0."""
    return f"{value:.0f}" if abs(value) >= 1 else f"{value:.1f}"
