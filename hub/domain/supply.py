"""Vaccine supply against doses given, by provider and by area: allocated, delivered, reported as given, seen given, wasted.

Reported is what the site tells of itself; seen are the doses that vaccination records carry under its PIN: each dose of each person
once however many sources tell of it, no refusals, nothing withdrawn, no tests. Where the two differ, records are missing, late, or
filed under another PIN. Each line is there of all products together and of each alone, of all days until now. `first` and `last`
are the days that the supply counts speak of, so a difference says something where they reach back to the first dose.

An area is the county of the site, not of the people it vaccinates. A count that nobody gave is None, never 0; so is what was seen
at a PIN that no record of a dose carries: whether nothing was given there or its records name no PIN cannot be told apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from hub.domain.events import Model
from hub.domain.supply_counts import Counted, Provider
from hub.domain.vaccine_series import Given
from hub.domain.vaccines import UNSPECIFIED

__all__ = ["ALL_AREAS", "ALL_PRODUCTS", "SEEN", "SEEN_OF", "SupplyMeasure", "seen_strata", "supply_measures"]

SEEN = "dose-seen"
"""Stratum `dose-seen|<PIN>|provider|<n>`: people whose n-th dose from this provider was seen."""
SEEN_OF = "dose-seen-of"
"""Stratum `dose-seen-of|<PIN>|<family>|<n>`: people whose n-th dose of a product's family from this provider was seen."""
ALL_AREAS = ALL_PRODUCTS = "all"
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
        description="doses administered, as vaccination records tell; None where no PIN joins any dose"
    )
    wasted: int | None = Field(description="wasted or expired")
    on_hand: int | None = Field(description="on the newest day told")
    reported_less_seen: int | None = Field(description="None where either is; of an area the sum over its sites")
    unused: int | None = Field(description="delivered less seen less wasted; of an area the sum over its sites")
    first: date | None
    last: date | None
    issues: tuple[str, ...] = Field(
        description="overlapping-periods, more-given-than-delivered, no-supply-told, no-pin, no-dose-joined; of an area its sites'"
    )
    product: str = Field(
        default=ALL_PRODUCTS,
        description="family of the product (table cvx), unspecified where not told; all: of all products",
    )
    site_name: str | None = Field(default=None, description="what supply's newest word that names it calls the site")

    @property
    def key(self) -> str:
        """The record key: compaction keeps the newest of a line."""
        name = self.area if self.level == "area" else self.provider_pin or self.site
        return f"{self.level}|{name}" + ("" if self.product == ALL_PRODUCTS else f"|{self.product}")


def seen_strata(doses: Iterable[Given]) -> set[str]:
    """The strata of one person's distinct doses; one whose records name no provider is in none."""
    given = [dose for dose in doses if dose.pin]
    counts = Counter(f"{SEEN}|{dose.pin}|provider" for dose in given)
    counts.update(f"{SEEN_OF}|{dose.pin}|{dose.family or UNSPECIFIED}" for dose in given)
    return {f"{key}|{n}" for key, number in counts.items() for n in range(1, number + 1)}


def supply_measures(counted: Mapping[Provider, Counted], totals: Mapping[str, int]) -> list[SupplyMeasure]:
    """Every provider that supply or doses speak of, then every area; each of all products, then by product. `totals`: people by
    stratum."""
    seen = _seen(totals)
    providers = {**{Provider(pin, ""): _NOTHING for pin in seen}, **counted}
    if not counted:
        return []  # without any word on supply there is nothing to compare doses with
    lines = [
        line for provider, said in providers.items() for line in _lines(provider, said, seen.get(provider.pin or ""))
    ]
    by_area: dict[tuple[str, str], list[SupplyMeasure]] = defaultdict(list)
    for line in lines:
        by_area[line.area, line.product].append(line)
        by_area[ALL_AREAS, line.product].append(line)
    lines += [_area(area, product, of_area) for (area, product), of_area in by_area.items()]
    return sorted(lines, key=_order)


def _order(line: SupplyMeasure) -> tuple[bool, str, bool, str]:
    name = line.area if line.level == "area" else line.provider_pin or line.site or ""
    return line.level == "area", name, line.product != ALL_PRODUCTS, line.product


_NOTHING = Counted({}, None, None, None, None, False)


def _seen(totals: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Doses by PIN and product, of all products too; a PIN that no dose carries (any more) is not in it."""
    found: dict[str, dict[str, int]] = {}
    for stratum, people in totals.items():
        indicator, pin, of_family, _ = stratum.split("|")
        if people and indicator in (SEEN, SEEN_OF):
            product = ALL_PRODUCTS if indicator == SEEN else of_family
            at = found.setdefault(pin, {})
            at[product] = at.get(product, 0) + people
    return found


def _lines(provider: Provider, said: Counted, seen: Mapping[str, int] | None) -> Iterator[SupplyMeasure]:
    """Of all products, then of each that supply or doses name there."""
    place: dict[str, Any] = {
        "county": said.county,
        "postal_code": said.postal_code,
        "site_name": said.site_name,
    }  # the same place, whichever product's word named it
    for product in (ALL_PRODUCTS, *sorted((said.products.keys() | (seen or {}).keys()) - {ALL_PRODUCTS})):
        of_product = said if product == ALL_PRODUCTS else said.products.get(product, _NOTHING)._replace(**place)
        yield _line(provider, product, of_product, None if seen is None else seen.get(product, 0))


def _line(provider: Provider, product: str, said: Counted, seen: int | None) -> SupplyMeasure:
    told = said.told
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
        issues=tuple(_issues(provider, said, seen, left)),
        product=product,
        site_name=said.site_name,
    )


def _issues(provider: Provider, said: Counted, seen: int | None, left: int | None) -> Iterator[str]:
    if left is not None and left < 0:
        yield "more-given-than-delivered"
    if provider.pin is None:
        yield "no-pin"
    elif seen is None:
        yield "no-dose-joined"
    if not said.told:
        yield "no-supply-told"
    if said.overlaps:
        yield "overlapping-periods"


def _area(area: str, product: str, lines: Iterable[SupplyMeasure]) -> SupplyMeasure:
    of_area = list(lines)
    sums: dict[str, Any] = {
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
        product=product,
        **sums,
    )


def _sum(*told: int | None) -> int | None:
    """Of what was told; None where nothing was."""
    numbers = [number for number in told if number is not None]
    return sum(numbers) if numbers else None
