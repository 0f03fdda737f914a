"""Vaccine supply against doses given, by provider and by area: allocated, delivered, reported as given, seen given, wasted.

Reported is what the site tells of itself; seen are the doses that vaccination records carry under its PIN: each dose of each person
once however many sources tell of it, no refusals, nothing withdrawn, no tests. Where the two differ, records are missing, late, or
filed under another PIN. Sums over products and over all days until now; `first` and `last` are the days that the supply counts
speak of, so a difference says something where they reach back to the first dose.

An area is the county of the site, not of the people it vaccinates. A count that nobody gave is None, never 0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from hub.domain.events import Model
from hub.domain.supply_counts import Counted, Provider
from hub.domain.vaccine_series import Given

__all__ = ["ALL_AREAS", "SEEN", "SupplyMeasure", "seen_strata", "supply_measures"]

SEEN = "dose-seen"
"""Stratum `dose-seen|<PIN>|provider|<n>`: people whose n-th dose from this provider was seen."""
ALL_AREAS = "all"
UNKNOWN_AREA = "unknown"


class SupplyMeasure(Model):
    """One line of `hub.equity.supply.v1`: a provider, or the sum of the providers of an area. Numbers are doses of COVID-19
    vaccine."""

    kind: ClassVar[str] = "supply-measure"

    level: Literal["provider", "area"]
    area: str = Field(description="FIPS county of the site; unknown; all (of the sum of all areas)")
    provider_pin: str | None = Field(description="None of an area, and of a site without a PIN")
    site: str | None = Field(description="site token of a site without a PIN")
    postal_code: str | None
    sites: int = Field(description="providers in this line")
    allocated: int | None
    delivered: int | None
    reported: int | None = Field(description="doses administered, as the site tells")
    seen: int | None = Field(
        description="doses administered, as vaccination records tell; None where no PIN joins them"
    )
    wasted: int | None = Field(description="wasted or expired")
    on_hand: int | None = Field(description="on the newest day told")
    reported_less_seen: int | None = Field(description="None where either is; of an area the sum over its sites")
    unused: int | None = Field(description="delivered less seen less wasted; of an area the sum over its sites")
    first: date | None
    last: date | None
    issues: tuple[str, ...] = Field(
        description="overlapping-periods, more-given-than-delivered, no-supply-told, no-pin; of an area those of its sites"
    )

    @property
    def key(self) -> str:
        """The record key: compaction keeps the newest of a line."""
        name = self.area if self.level == "area" else self.provider_pin or self.site
        return f"{self.level}|{name}"


def seen_strata(doses: Iterable[Given]) -> set[str]:
    """The strata of one person's distinct doses; one whose records name no provider is in none."""
    counts = Counter(dose.pin for dose in doses if dose.pin)
    return {f"{SEEN}|{pin}|provider|{n}" for pin, number in counts.items() for n in range(1, number + 1)}


def supply_measures(counted: Mapping[Provider, Counted], totals: Mapping[str, int]) -> list[SupplyMeasure]:
    """Every provider that supply or doses speak of, then every area, sorted by key. `totals`: people by stratum."""
    seen = _seen(totals)
    providers = {**{Provider(pin, ""): _NOTHING for pin in seen}, **counted}
    if not counted:
        return []  # without any word on supply there is nothing to compare doses with
    lines = [_line(provider, said, seen) for provider, said in providers.items()]
    by_area: dict[str, list[SupplyMeasure]] = defaultdict(list)
    for line in lines:
        by_area[line.area].append(line)
        by_area[ALL_AREAS].append(line)
    lines += [_area(area, of_area) for area, of_area in by_area.items()]
    return sorted(lines, key=lambda line: (line.level == "area", line.key))


_NOTHING = Counted({}, None, None, None, None, False)


def _seen(totals: Mapping[str, int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for stratum, people in totals.items():
        indicator, pin, _, _ = stratum.split("|")
        if indicator == SEEN:
            found[pin] += people
    return {pin: doses for pin, doses in found.items() if doses}


def _line(provider: Provider, said: Counted, seen_by_pin: Mapping[str, int]) -> SupplyMeasure:
    told = said.told
    seen = seen_by_pin.get(provider.pin, 0) if provider.pin else None
    delivered, reported = told.get("delivered"), told.get("administered")
    wasted = _sum(told.get("wasted"), told.get("expired"))
    left = None if delivered is None or seen is None else delivered - seen - (wasted or 0)
    return SupplyMeasure(
        level="provider",
        area=said.county or UNKNOWN_AREA,
        provider_pin=provider.pin,
        site=provider.site or None,
        postal_code=said.postal_code,
        sites=1,
        allocated=told.get("allocated"),
        delivered=delivered,
        reported=reported,
        seen=seen,
        wasted=wasted,
        on_hand=told.get("on_hand"),
        reported_less_seen=None if reported is None or seen is None else reported - seen,
        unused=left,
        first=said.first,
        last=said.last,
        issues=tuple(_issues(provider, said, left)),
    )


def _issues(provider: Provider, said: Counted, left: int | None) -> Iterator[str]:
    if left is not None and left < 0:
        yield "more-given-than-delivered"
    if provider.pin is None:
        yield "no-pin"
    if not said.told:
        yield "no-supply-told"
    if said.overlaps:
        yield "overlapping-periods"


def _area(area: str, lines: Iterable[SupplyMeasure]) -> SupplyMeasure:
    of_area = list(lines)
    sums = {
        name: _sum(*(getattr(line, name) for line in of_area))
        for name in (
            "allocated", "delivered", "reported", "seen", "wasted", "on_hand", "reported_less_seen", "unused",
        )
    }  # fmt: skip
    return SupplyMeasure(
        level="area",
        area=area,
        provider_pin=None,
        site=None,
        postal_code=None,
        sites=len(of_area),
        first=min((line.first for line in of_area if line.first), default=None),
        last=max((line.last for line in of_area if line.last), default=None),
        issues=tuple(sorted({issue for line in of_area for issue in line.issues})),
        **sums,
    )


def _sum(*told: int | None) -> int | None:
    """Of what was told; None where nothing was."""
    numbers = [number for number in told if number is not None]
    return sum(numbers) if numbers else None
