"""Doses of one person: which reports speak of the same dose, and when the series was complete by the rule of its product and day.

EHR, pharmacy and registry each report a dose, as newly given or from memory, with the day off by one or two and the product
unnamed: reports of COVID-19 doses at most `same_dose_d` days apart are one dose (health-standards.md §8 R22; they all belong to
one person, who got one vaccine). Everything here depends on the set of doses alone, never on their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from hub.domain.ids import content_hash
from hub.domain.tables import rows, text
from hub.domain.vaccines import UNSPECIFIED, covid_group

__all__ = ["Given", "SeriesRule", "completed_on", "distinct_doses", "series_rules", "series_rules_version", "unjudged"]


class Given(NamedTuple):
    """A COVID-19 dose as reported. `day`: ordinal; `historical`: told from memory or by another (RXA-9 01 to 08); `family` as in
    cvx.csv; `pin`: the provider that gave it (hub.domain.provider_pin), empty where not told."""

    day: int
    historical: bool
    family: str
    pin: str = ""


class SeriesRule(NamedTuple):
    """`doses` of the family (or of `counts_with`) at least `interval_d` less `grace_d` days apart complete a series, where the last
    one was given from `since` until `until` (ordinals)."""

    doses: int
    interval_d: int
    grace_d: int
    counts_with: frozenset[str]
    since: int
    until: int


Rules = Mapping[str, Sequence[SeriesRule]]


def distinct_doses(reported: Iterable[Given], within_d: int | None = None) -> list[Given]:
    """One of each dose, by day. `within_d` days apart are the same (None: as the table says), counted from the first of them.

    Of several reports the giver's own tells the day, and whoever names the product or the provider tells that.
    """
    apart = covid_group().same_dose_d if within_d is None else within_d
    found: list[list[Given]] = []
    for dose in sorted(set(reported)):
        if found and dose.day - found[-1][0].day <= apart:
            found[-1].append(dose)
        else:
            found.append([dose])
    return [_one(reports) for reports in found]


def _one(reports: Sequence[Given]) -> Given:
    own = min(reports, key=lambda dose: (dose.historical, dose.day, dose.family))
    named = [dose for dose in reports if dose.family not in ("", UNSPECIFIED)]
    told = min(named, key=lambda dose: (dose.historical, dose.day, dose.family), default=own)
    pins = min(((dose.historical, dose.day, dose.pin) for dose in reports if dose.pin), default=None)
    return own._replace(family=told.family, pin=pins[-1] if pins else "")


def completed_on(doses: Sequence[Given], rules: Rules | None = None) -> int | None:
    """The day (ordinal) on which these distinct doses first completed a series; None where no rule says that they do.

    A dose too early after the one before it does not count. For a product without a rule on that day nothing is claimed:
    see `unjudged`.
    """
    by_family = series_rules() if rules is None else rules
    ordered = sorted(doses)
    for n, dose in enumerate(ordered):
        for rule in by_family.get(dose.family, ()):
            if rule.since <= dose.day <= rule.until and _completes(ordered[: n + 1], rule, dose.family):
                return dose.day
    return None


def unjudged(doses: Iterable[Given], rules: Rules | None = None) -> bool:
    """Whether one of these doses is of a product for which no rule holds on its day, so that nobody can say that a series which no
    rule completes is incomplete (three doses of the youngest, vaccines of other countries, a product that was not told)."""
    by_family = series_rules() if rules is None else rules
    return any(
        not any(rule.since <= dose.day <= rule.until for rule in by_family.get(dose.family, ())) for dose in doses
    )


def _completes(doses: Sequence[Given], rule: SeriesRule, family: str) -> bool:
    """Whether the last of `doses` counts and is the one that was missing."""
    counted, last = 0, 0
    for dose in doses:
        if dose.family != family and dose.family not in rule.counts_with:
            continue
        if not counted or dose.day - last >= rule.interval_d - rule.grace_d:
            counted, last = counted + 1, dose.day
    return counted >= rule.doses and last == doses[-1].day


@lru_cache(maxsize=1)
def series_rules() -> Rules:
    """Rules of vaccine_series.csv by family."""
    found: dict[str, list[SeriesRule]] = {}
    for row in rows("vaccine_series"):
        found.setdefault(row["family"], []).append(
            SeriesRule(
                int(row["doses"]),
                int(row["interval_d"]),
                int(row["grace_d"]),
                frozenset(row["counts_with"].split()),
                date.fromisoformat(row["effective_from"]).toordinal(),
                date.fromisoformat(row["effective_until"] or "9999-12-31").toordinal(),
            )
        )
    return found


@lru_cache(maxsize=1)
def series_rules_version() -> str:
    """What a count of complete series cites: the table, the newest version of its rows, and a hash of its text, which tells an
    installation's own table from the hub's: `vaccine_series 2023-10 3ce57bfb`."""
    newest = max(row["version"] for row in rows("vaccine_series"))
    return f"vaccine_series {newest} {content_hash(text('vaccine_series'))[:8]}"
