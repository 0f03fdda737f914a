"""Equity measures out of tallies: coverage by group with its interval, the gap to the best covered group, completeness.

Coverage = people with a dose / population of the group. Intervals: Wilson score for a proportion (Wilson 1927; without
continuity correction), Newcombe's hybrid score for a difference (Newcombe 1998, method 10), both at 95 %. Nothing is
clamped: a coverage above 1 is shown with `denominator_suspect`, and has no interval, no gap and no part in the gaps of
others, because its denominator cannot be right. Unknown race is never a group: its share is `unknown_share`, and above
20 % every rate of that area is marked unreliable (equity-identity.md requirement 5). No count is suppressed or rounded here,
not even 1: who publishes outside must do it (docs/race-and-place.md).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from io import StringIO
from math import sqrt
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from hub.domain.events import Model
from hub.domain.race_views import COMPLETENESS, VIEWS, view_totals

__all__ = ["ALL_AREAS", "RACE", "Denominators", "EquityMeasure", "load_denominators", "measures", "newcombe", "wilson"]

_Z = 1.959963984540054  # 97.5 % point of the standard normal
_UNKNOWN_LIMIT = 0.20
_MIN_GROUP = 30  # fewer people than this say nothing about a group (NCHS presentation standards: n >= 30)
ALL_AREAS = "all"
RACE = "race_ethnicity"


class EquityMeasure(Model):
    """One figure of `hub.equity.measure.v1`, keyed `indicator|area|dimension|group`. Shares are 0–1, `difference` in
    the same unit."""

    kind: ClassVar[str] = "equity-measure"

    indicator: str
    area: str
    dimension: str
    group: str
    numerator: int
    denominator: int | None
    denominator_source: str | None
    estimate: float | None
    lower: float | None
    upper: float | None
    reference_group: str | None
    difference: float | None
    difference_lower: float | None
    difference_upper: float | None
    unknown_share: float
    reliable: bool
    denominator_suspect: bool

    @property
    def key(self) -> str:
        """The record key: compaction keeps the newest of a measure."""
        return f"{self.indicator}|{self.area}|{self.dimension}|{self.group}"


class Denominators(NamedTuple):
    """Population by (area, group) of one source and vintage, and by (view, area, group) where a view has its own."""

    people: Mapping[tuple[str, str], int]
    source: str
    in_view: Mapping[tuple[str, str, str], int] = MappingProxyType({})

    def of(self, view: str) -> Mapping[tuple[str, str], int]:
        """Population of a view by (area, group)."""
        if view == RACE:
            return self.people
        return {(area, group): people for (name, area, group), people in self.in_view.items() if name == view}


def load_denominators(text: str) -> Denominators:
    """Population of a CSV: area, dimension, group, population, source, vintage; a dimension is `race_ethnicity` or a view of
    hub.domain.race_views, others are left out. ValueError when unreadable, or when it has a row for all areas: that is the sum
    of the others."""
    rows = [row for row in csv.DictReader(StringIO(text)) if row["dimension"] in (RACE, *VIEWS)]
    if any(row["area"] == ALL_AREAS for row in rows):
        raise ValueError(f"area {ALL_AREAS} is the sum of the others: leave it out")
    people = {(row["area"], row["group"]): int(row["population"]) for row in rows if row["dimension"] == RACE}
    in_view = {
        (row["dimension"], row["area"], row["group"]): int(row["population"])
        for row in rows
        if row["dimension"] != RACE
    }
    sources = sorted({f"{row['source']} {row['vintage']}" for row in rows})
    return Denominators(people, "; ".join(sources) or "none", in_view)


def wilson(events: float, people: int) -> tuple[float, float] | None:
    """95 % Wilson score interval of events/people; None where it has none (no people, more events than people). `events` may be
    a sum of shares of each of them, who differ less than by yes and no: the interval is rather too wide then."""
    if people <= 0 or not 0 <= events <= people:
        return None
    share, z2 = events / people, _Z * _Z
    middle = share + z2 / (2 * people)
    half = _Z * sqrt(share * (1 - share) / people + z2 / (4 * people * people))
    scale = 1 + z2 / people
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def newcombe(events: float, people: int, reference_events: float, reference_people: int) -> tuple[float, float] | None:
    """95 % interval of the difference of two independent proportions (group minus reference), by Newcombe's hybrid
    score method."""
    one, two = wilson(events, people), wilson(reference_events, reference_people)
    if one is None or two is None:
        return None
    p1, p2 = events / people, reference_events / reference_people
    lower = p1 - p2 - sqrt((p1 - one[0]) ** 2 + (two[1] - p2) ** 2)
    upper = p1 - p2 + sqrt((one[1] - p1) ** 2 + (p2 - two[0]) ** 2)
    return lower, upper


def measures(totals: Mapping[str, int], denominators: Denominators) -> list[EquityMeasure]:
    """Vaccine coverage by race and ethnicity for each county and for all: in one reporting group, and under both federal
    standards (hub.domain.race_views) beside how complete the answers are. Sorted by area, the reporting groups last, so
    that `race_ethnicity` stands where a reader keeps the last of a group. Strata without people are left out."""
    shown = {**view_totals(totals), **totals}
    found = [measure for view in (*VIEWS, *COMPLETENESS, RACE) for measure in _of_view(view, shown, denominators)]
    return sorted(found, key=lambda measure: measure.area)


def _of_view(view: str, totals: Mapping[str, int], denominators: Denominators) -> Iterator[EquityMeasure]:
    counts, people = _by_area(), _by_area()
    given: dict[str, int] = defaultdict(int)
    for stratum, count in totals.items():
        indicator, area, dimension, group = stratum.split("|")
        if indicator == "vaccinated" and count:
            for where in (area, ALL_AREAS):
                counts[where][group] += count if dimension == view else 0
                given[where] += count if dimension == RACE else 0
    for (area, group), number in denominators.of(view).items():
        people[area][group] += number
        people[ALL_AREAS][group] += number
    for area in sorted({*counts, *people}):
        vaccinated = {group: count for group, count in counts.get(area, {}).items() if count}
        if view in COMPLETENESS:
            yield from (_share(view, area, group, count, given[area]) for group, count in sorted(vaccinated.items()))
        else:
            yield from _area(view, area, vaccinated, people.get(area, {}), denominators.source, given[area])


def _by_area() -> dict[str, dict[str, int]]:
    return defaultdict(lambda: defaultdict(int))


def _area(
    view: str, area: str, vaccinated: Mapping[str, int], people: Mapping[str, int], source: str, given: int
) -> list[EquityMeasure]:
    unknown = vaccinated.get("unknown", 0) / given if given else 0.0
    rated = {
        group: vaccinated.get(group, 0) / number
        for group, number in people.items()
        if number >= _MIN_GROUP and group != "unknown" and vaccinated.get(group, 0) <= number
    }
    reference = max(rated, key=lambda group: (rated[group], group), default=None)
    groups = sorted({*vaccinated, *people})
    return [_measure(view, area, group, vaccinated, people, source, unknown, reference) for group in groups]


def _share(view: str, area: str, group: str, events: int, given: int) -> EquityMeasure:
    """How many of those vaccinated have told it, or why not: a share of them, no coverage."""
    interval = wilson(events, given)
    return EquityMeasure(
        indicator="vaccinated",
        area=area,
        dimension=view,
        group=group,
        numerator=events,
        denominator=given or None,
        denominator_source="people with a dose" if given else None,
        estimate=events / given if given else None,
        lower=interval[0] if interval else None,
        upper=interval[1] if interval else None,
        reference_group=None,
        difference=None,
        difference_lower=None,
        difference_upper=None,
        unknown_share=0.0,
        reliable=True,
        denominator_suspect=False,
    )


def _measure(
    view: str,
    area: str,
    group: str,
    vaccinated: Mapping[str, int],
    people: Mapping[str, int],
    source: str,
    unknown: float,
    reference: str | None,
) -> EquityMeasure:
    events, number = vaccinated.get(group, 0), people.get(group, 0) if group != "unknown" else 0
    interval = wilson(events, number)
    suspect = bool(number) and events > number
    sound = number >= _MIN_GROUP and not suspect
    compared = reference if sound and reference not in (None, group) else None
    gap = newcombe(events, number, vaccinated.get(compared, 0), people[compared]) if compared else None
    estimate = events / number if number else None
    return EquityMeasure(
        indicator="vaccinated",
        area=area,
        dimension=view,
        group=group,
        numerator=events,
        denominator=number or None,
        denominator_source=source if number else None,
        estimate=estimate,
        lower=interval[0] if interval else None,
        upper=interval[1] if interval else None,
        reference_group=compared,
        difference=estimate - vaccinated.get(compared, 0) / people[compared]
        if compared and estimate is not None
        else None,
        difference_lower=gap[0] if gap else None,
        difference_upper=gap[1] if gap else None,
        unknown_share=unknown,
        reliable=unknown <= _UNKNOWN_LIMIT and sound,
        denominator_suspect=suspect,
    )
