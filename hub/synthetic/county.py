"""The made-up county: seeded people who are the same across sources, living from 2021-01-01 to 2021-03-31 on a simulated clock.

The same people count and seed give the same bytes. Nothing here knows the hub: what must be found is worked out by
rules of its own.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from hub.synthetic.deliveries import Delivery, Dispatch
from hub.synthetic.epidemic import Epidemic
from hub.synthetic.evidence import known_of
from hub.synthetic.facts import Ledger, SourceId
from hub.synthetic.people import Household, Person, make_people
from hub.synthetic.places import AREAS, ISOLATION_PROJECT, LAST_DAY
from hub.synthetic.registry import Registrar
from hub.synthetic.screening import Screenings
from hub.synthetic.shelters import Shelters
from hub.synthetic.tracing import Tracing
from hub.synthetic.truth import Truth, truth_of
from hub.synthetic.vaccines import Vaccines

__all__ = ["County", "PopulationRow", "Story", "make_county"]


class PopulationRow(NamedTuple):
    """A denominator: how many people of a group live in an area."""

    area: str
    dimension: str
    group: str
    population: int
    source: str
    vintage: str


class Story(NamedTuple):
    """One made-up person to follow: from a positive result through a need to a bed."""

    person: Person
    records: tuple[SourceId, ...]
    result_delivery: str
    result_on: date
    slept_at: str
    moved_on: date
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class County:
    """A finished county. `people` by index, `ledger` what its systems wrote down, `truth` what must be found."""

    seed: int
    people: tuple[Person, ...]
    ledger: Ledger
    truth: Truth
    _dispatch: Dispatch

    @property
    def isolation_projects(self) -> tuple[str, ...]:
        """HMIS projects that are isolation sites, not congregate shelters: configuration of the shelter connector."""
        return (ISOLATION_PROJECT,)

    def deliveries(self) -> Iterator[Delivery]:
        """Everything that arrives at the doors, in simulated order."""
        return self._dispatch.all()

    def population(self) -> list[PopulationRow]:
        """Denominators by county and race/ethnicity, zeros included."""
        counts = Counter((person.area.fips, person.group) for person in self.people)
        return [
            PopulationRow(area.fips, "race_ethnicity", group, counts[area.fips, group], "synthetic", "2021")
            for area in AREAS
            for group in sorted(area.groups)
        ]

    def write(self, folder: Path) -> dict[str, int]:
        """Every delivery as files under `folder/<connector>/`, and `folder/population.csv`.

        Returns files by connector. Overwrites; removes nothing.
        """
        written: Counter[str] = Counter()
        for delivery in self.deliveries():
            home = folder / delivery.connector
            payload = {delivery.name: delivery.payload} if isinstance(delivery.payload, bytes) else delivery.payload
            if not isinstance(delivery.payload, bytes):
                home = home / delivery.name
            home.mkdir(parents=True, exist_ok=True)
            for name, content in payload.items():
                (home / name).write_bytes(content)
                written[delivery.connector] += 1
        (folder / "population.csv").write_bytes(self.population_csv())
        return dict(sorted(written.items()))

    def population_csv(self) -> bytes:
        """`population()` as CSV with a header."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(PopulationRow._fields)
        writer.writerows(self.population())
        return text.getvalue().encode()

    def story(self) -> Story:
        """The first person of every county: her result comes on 2021-02-12 at 09:12, and a day later she accepts a bed."""
        person = self.people[0]
        records = self.truth.who[0]
        order = next(order for order in self.ledger.orders if order.sid in records and order.positive())
        hotel = next(stay for stay in self.ledger.stays if stay.sid in records and stay.project == ISOLATION_PROJECT)
        report = order.reports[-1]
        night = report.reported_at.date() - timedelta(days=1)
        lines = (
            f"{report.reported_at:%Y-%m-%d %H:%M}  a positive result (specimen of {order.collected_at:%Y-%m-%d})",
            f"{night}        slept in the night shelter",
            f"{hotel.entry}        accepts a bed at the isolation site",
        )
        name = f"{order.sid.authority}-{order.filler}-{len(order.reports)}.hl7"
        return Story(person, records, name, report.reported_at.date(), self.truth.nights[0][night], hotel.entry, lines)


def make_county(people: int, seed: int) -> County:
    """A county of `people` made-up residents. ValueError when there are none."""
    households = make_people(people, Random(f"{seed}/people"))
    residents = [member for household in households for member in household.members]
    ledger = Ledger()
    _live(households, residents, ledger, seed)
    _tidy(ledger)
    dispatch = Dispatch(ledger, residents, Random(f"{seed}/faults"))
    return County(seed, tuple(residents), ledger, truth_of(ledger, residents, dispatch.planted), dispatch)


def _live(households: list[Household], residents: list[Person], ledger: Ledger, seed: int) -> None:
    """Lives in order: homes and screenings first, then the epidemic where it leaves no doubt, then what follows from it."""
    registrar = Registrar(residents, ledger, Random(f"{seed}/clerks"))
    shelters = Shelters(ledger, registrar, Random(f"{seed}/shelters"))
    screenings = Screenings(ledger, registrar, Random(f"{seed}/screenings"))
    vaccines = Vaccines(ledger, registrar, Random(f"{seed}/vaccines"))
    for household in households:
        shelters.settle(household)
    for person in residents:
        screenings.ordinary(person)
        vaccines.offer(person)
    known = known_of(ledger)
    epidemic = Epidemic(ledger, registrar, known, Random(f"{seed}/epidemic"))
    found = [(household, epidemic.spread(household)) for household in households]
    tracing = Tracing(ledger, registrar, shelters, screenings, known, Random(f"{seed}/tracing"))
    for household, illnesses in found:
        tracing.follow(household, illnesses)


def _tidy(ledger: Ledger) -> None:
    """What is reported after the last day never arrives; a record with nothing that stands tells no one's race."""
    for order in ledger.orders:
        order.reports = [report for report in order.reports if report.reported_at.date() <= LAST_DAY]
    ledger.orders = [order for order in ledger.orders if order.reports]
    ledger.monitorees = [monitoree for monitoree in ledger.monitorees if monitoree.states]
    stands = {order.sid for order in ledger.orders if order.reports[-1].status != "W" and not order.test_message}
    stands |= {screening.sid for screening in ledger.screenings if screening.consent and not screening.cancelled}
    for sid, record in ledger.registrations.items():
        if sid.connector in ("lab-elr-hl7v2", "hrsn-screening") and sid not in stands:
            record.race_known = False
