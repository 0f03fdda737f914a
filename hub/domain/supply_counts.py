"""What the supply chain says of each provider: the newest word of every count, and no day counted twice.

A fact (one count of one product, site and period, or of one shipment) stands at its highest version, in any order and however
often it comes. Then, of one provider, product and count, facts that speak of the same days are not added up: the newer word
stands (a week whose bounds were corrected, a month told beside its weeks, two systems telling of one site). Parts of a whole
(shipments, lots) told by one source add up. COVID-19 vaccines only: what no table knows as one counts nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from hub.domain.events import VaccineSupply
from hub.domain.identity import Version, version_of
from hub.domain.ids import content_hash
from hub.domain.provider_pin import pin_of
from hub.domain.vaccines import family

__all__ = ["FLOWS", "STOCK", "Counted", "SupplyBoard"]

FLOWS = ("allocated", "delivered", "administered", "wasted", "expired")
STOCK = "on_hand"
_LONGEST_D = 400
"""A longer period counts as one from the beginning."""


class Provider(NamedTuple):
    """By PIN; by site token (`pin` None) where the source gives no PIN, and then no dose can be joined to it."""

    pin: str | None
    site: str


class Counted(NamedTuple):
    """Doses of one provider. `told`: which counts anybody gave, with their sum; of `on_hand` the newest day's. `first` and `last`:
    the days they speak of. `overlaps`: some were left out, speaking of other bounds of days that a newer word counts. `products`:
    the same of each product alone, by its family (hub.domain.vaccines)."""

    told: dict[str, int]
    county: str | None
    postal_code: str | None
    first: date | None
    last: date | None
    overlaps: bool
    site_name: str | None = None
    products: Mapping[str, Counted] = MappingProxyType({})


class _Fact(NamedTuple):
    """One count at one version. `first` None: from the beginning."""

    version: Version
    provider: Provider
    product: str
    measure: str
    doses: int
    first: date | None
    last: date
    part: tuple[str, str]
    county: str | None
    postal_code: str | None
    site_name: str | None


class SupplyBoard:
    """The newest version of every fact."""

    def __init__(self) -> None:
        self._facts: dict[str, tuple[Version, tuple[_Fact, ...]]] = {}

    def put(self, event: VaccineSupply) -> bool:
        """Take an event; False when it changes nothing."""
        version = version_of(event)
        known = self._facts.get(event.fact_key)
        if known is not None and known[0] >= version:
            return False
        self._facts[event.fact_key] = (version, tuple(_facts(event, version)))
        return True

    def state(self) -> str:
        """A hash of the facts and versions that stand."""
        facts = sorted(self._facts.items())
        return content_hash(*(f"{fact_key} {version}" for fact_key, (version, _) in facts))

    def counted(self) -> dict[Provider, Counted]:
        """Every provider of whom a count of COVID-19 vaccine stands."""
        by_provider: dict[Provider, list[_Fact]] = defaultdict(list)
        for _, facts in self._facts.values():
            for fact in facts:
                by_provider[fact.provider].append(fact)
        return {provider: _by_product(by_provider[provider]) for provider in sorted(by_provider, key=_order)}


def _order(provider: Provider) -> tuple[str, str]:
    return provider.pin or "", provider.site


def _facts(event: VaccineSupply, version: Version) -> Iterator[_Fact]:
    """One a count that the event gives."""
    pin = pin_of(event.provider_pin)
    provider = Provider(pin, "" if pin else event.site)
    last = event.period_until or event.period_from or event.occurred_on or event.changed_at.date()
    first = event.period_from or (None if event.period_until else event.occurred_on)
    if first is not None and not 0 <= (last - first).days <= _LONGEST_D:
        first = None if first < last else last
    part = (event.source, event.part_key or "")
    for measure in (*FLOWS, STOCK):
        doses: int | None = getattr(event, f"doses_{measure}")
        if event.active and event.covid and doses is not None and doses >= 0:
            yield _Fact(
                version, provider, event.cvx or event.ndc or "", measure, doses, last if measure == STOCK else first, last,
                part, event.county, event.postal_code, event.site_name,
            )  # fmt: skip


def _word(fact: _Fact) -> tuple[Any, ...]:
    """Sorts facts by how new their word is; nothing but what they say breaks ties."""
    days = (fact.first or date.min, fact.last)
    return (
        fact.version,
        fact.part,
        fact.measure,
        fact.product,
        days,
        fact.doses,
        fact.county or "",
        fact.postal_code or "",
        fact.site_name or "",
    )


def _by_product(facts: Iterable[_Fact]) -> Counted:
    by_family: dict[str, list[_Fact]] = defaultdict(list)
    for fact in facts:
        by_family[family(fact.product)].append(fact)
    products = {name: _counted(by_family[name]) for name in sorted(by_family)}
    return _counted([fact for of_family in by_family.values() for fact in of_family])._replace(products=products)


def _counted(facts: Iterable[_Fact]) -> Counted:
    newest_first = sorted(facts, key=_word, reverse=True)
    counts: dict[tuple[str, str], list[_Fact]] = defaultdict(list)
    for fact in newest_first:
        counts[fact.measure, fact.product].append(fact)
    told: dict[str, int] = defaultdict(int)
    stands: list[_Fact] = []
    overlaps = False
    for (measure, _), told_of in sorted(counts.items()):
        kept = _newest_day(told_of) if measure == STOCK else list(_apart(told_of))
        bounds = {(fact.first, fact.last) for fact in kept}
        overlaps = overlaps or (measure != STOCK and any((f.first, f.last) not in bounds for f in told_of))
        told[measure] += sum(fact.doses for fact in kept)
        stands += kept
    days = [day for fact in stands for day in (fact.first, fact.last) if day is not None]
    county = next((fact.county for fact in newest_first if fact.county), None)
    postal_code = next((fact.postal_code for fact in newest_first if fact.postal_code), None)
    site_name = next((fact.site_name for fact in newest_first if fact.site_name), None)
    first, last = min(days, default=None), max(days, default=None)
    return Counted(dict(sorted(told.items())), county, postal_code, first, last, overlaps, site_name)


def _newest_day(facts: Iterable[_Fact]) -> list[_Fact]:
    """What is on hand on the newest day; of several sources the newest word, its parts (lots) together."""
    ordered = sorted(facts, key=lambda fact: (fact.last, _word(fact)), reverse=True)
    day = [fact for fact in ordered if fact.last == ordered[0].last]
    return list(_apart(day))


class _Days:
    """Who counted which days already: a day belongs to one whole, or to parts of one source, each once."""

    def __init__(self) -> None:
        self._owners: dict[int, tuple[str, set[str]]] = {}
        self._until = 0
        self._earliest: int | None = None

    def take(self, fact: _Fact) -> bool:
        """Whether none of its days was counted; from now on they are."""
        last = fact.last.toordinal()
        if fact.first is None:
            if self._until or (self._earliest is not None and self._earliest <= last):
                return False
            self._until = last
            return True
        first = fact.first.toordinal()
        if first <= self._until or not all(self._free(day, fact.part) for day in range(first, last + 1)):
            return False
        source, part = fact.part
        for day in range(first, last + 1):
            self._owners.setdefault(day, (source, set()))[1].add(part)
        self._earliest = first if self._earliest is None else min(first, self._earliest)
        return True

    def _free(self, day: int, part: tuple[str, str]) -> bool:
        owner = self._owners.get(day)
        return owner is None or (bool(part[1]) and owner[0] == part[0] and owner[1].isdisjoint((part[1], "")))


def _apart(newest_first: Iterable[_Fact]) -> Iterator[_Fact]:
    """The facts that speak of days of which no newer one does."""
    days = _Days()
    for fact in newest_first:
        if days.take(fact):
            yield fact
