"""The epidemic: infections in two waves, tests and what laboratories report of them, and what happens to those who are sick.

Day 0 is the onset, else the day of the specimen. Traps for readers are planted on people who are not sick: positives that are
corrected or withdrawn, preliminary ones never confirmed, antibodies, rehearsal messages.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from math import exp
from random import Random

from hub.synthetic.evidence import ISOLATION, Known, lacks_place, moved_home, unmistakable
from hub.synthetic.facts import LabOrder, LabReport, Ledger, SourceId
from hub.synthetic.people import Household, Person
from hub.synthetic.places import FIRST_DAY, LABS, LAST_DAY
from hub.synthetic.registry import Registrar

__all__ = ["Epidemic", "Illness"]

ELR = "lab-elr-hl7v2"
DAY = timedelta(days=1)
_RISK = {"white": 1.0, "asian": 0.9, "multiracial": 1.1, "black": 1.3, "hispanic": 1.6, "aian": 1.5, "nhpi": 1.5}
_ATTACK = {"housed": 0.085, "doubled-up": 0.18, "sheltered": 0.5, "unsheltered": 0.35}
_SPAN = 90
_WAVES = list(accumulate(exp(-(((n - 12) / 18) ** 2)) + 1.7 * exp(-(((n - 87) / 6) ** 2)) + 0.1 for n in range(_SPAN)))


@dataclass(slots=True)
class Illness:
    """One infection that was found. `start` is the onset (`onset` None: no symptoms, then the specimen's day)."""

    person: Person
    onset: date | None
    specimen: date
    resulted_at: datetime
    lacks_place: bool

    @property
    def start(self) -> date:
        return self.onset or self.specimen

    @property
    def until(self) -> date:
        """The last day of isolation."""
        return self.start + ISOLATION


class Epidemic:
    """Draws who falls sick and writes the tests into the ledger."""

    def __init__(self, ledger: Ledger, registrar: Registrar, known: dict[SourceId, Known], rng: Random) -> None:
        self._ledger = ledger
        self._registrar = registrar
        self._rng = rng
        self._filler = 0
        self._records: dict[int, list[Known]] = defaultdict(list)
        for sid, record in known.items():
            self._records[ledger.registrations[sid].person].append(record)

    def spread(self, household: Household) -> list[Illness]:
        """Infections of this household that come to light, with all its tests; in the order in which they were found."""
        found: dict[int, Illness] = {}
        for person in household.members:
            illness: Illness | None = None
            risk = _ATTACK[person.housing] * _RISK[person.group]
            if person.index == 0:
                illness = self._illness(person, date(2021, 2, 9), date(2021, 2, 11), datetime(2021, 2, 12, 9, 12))
            elif self._rng.random() < risk:
                illness = self._draw(person, None)
            elif found and self._rng.random() < 0.22:
                illness = self._draw(person, min(i.start for i in found.values()) + self._rng.randint(3, 7) * DAY)
            if illness is not None:
                found[person.index] = illness
        for person in household.members:
            self._ordinary_tests(person, found.get(person.index))
        return sorted(found.values(), key=lambda i: (i.resulted_at, i.person.index))

    def _draw(self, person: Person, onset: date | None) -> Illness | None:
        """An infection on a day that leaves no doubt about what the person needs; None when there is no such day."""
        rng = self._rng
        symptoms = rng.random() < 0.75
        for _ in range(1 if onset else 25):
            first = onset or FIRST_DAY - 3 * DAY + rng.choices(range(_SPAN), cum_weights=_WAVES)[0] * DAY
            specimen = max(first + rng.randint(1, 4) * DAY if symptoms else first, FIRST_DAY)
            antigen = rng.random() < 0.3
            resulted = datetime.combine(
                specimen + (0 if antigen else rng.randint(1, 3)) * DAY, time(rng.randint(16, 19), rng.randint(0, 59))
            )
            closing = first + ISOLATION - DAY <= LAST_DAY <= specimen + ISOLATION + DAY
            if resulted.date() >= LAST_DAY or closing or first < FIRST_DAY - 4 * DAY:
                continue
            records = self._records[person.index]
            if all(unmistakable(each, first, specimen) for each in records) and not moved_home(
                records, first, specimen
            ):
                return self._illness(person, first if symptoms else None, specimen, resulted)
        return None

    def _illness(self, person: Person, onset: date | None, specimen: date, resulted: datetime) -> Illness:
        start = onset or specimen
        days = {day for record in self._records[person.index] for day in record.place}
        illness = Illness(person, onset, specimen, resulted, lacks_place(days, start, start + ISOLATION))
        if person.index != 0 and self._rng.random() < 0.05:
            return illness  # tested out of the state: only the tracer will know
        self._positive(illness)
        return illness

    def _positive(self, illness: Illness) -> None:
        rng, person, resulted = self._rng, illness.person, illness.resulted_at
        lab = self._lab(person, antigen=resulted.date() == illness.specimen)
        order = self._order(person, lab, illness.specimen, [LabReport("F", "positive", resulted)])
        order.symptomatic = illness.onset is not None
        if illness.onset and (person.index == 0 or rng.random() < 0.7):
            order.onset = illness.onset
        if rng.random() < 0.6:
            order.congregate = illness.lacks_place and person.housing == "sheltered"
        draw = rng.random()
        if person.index == 0:
            pass
        elif draw < 0.08:
            order.reports.insert(0, LabReport("P", "positive", resulted - timedelta(minutes=40)))
        elif draw < 0.12:
            order.reports = [
                LabReport("F", "negative", resulted - timedelta(minutes=35)),
                LabReport("C", "positive", resulted),
            ]
        elif draw < 0.27 and resulted.date() == illness.specimen:
            later = illness.specimen + DAY
            confirm = self._order(
                person,
                0,
                later,
                [LabReport("F", "positive", datetime.combine(later + DAY, time(10, rng.randint(0, 59))))],
            )
            confirm.onset, confirm.symptomatic = order.onset, order.symptomatic
        elif draw < 0.33:
            self._order(
                person,
                lab,
                illness.specimen + 7 * DAY,
                [LabReport("F", "negative", datetime.combine(illness.specimen + 8 * DAY, time(11, 5)))],
            )

    def _ordinary_tests(self, person: Person, illness: Illness | None) -> None:
        """Negatives before any illness, and the traps on people who are well."""
        rng = self._rng
        often = {"sheltered": 1.8, "unsheltered": 0.6}.get(person.housing, 0.7)
        while rng.random() < often / (1 + often):
            day = FIRST_DAY + rng.randint(0, 88) * DAY
            if illness is not None and day > illness.start - 6 * DAY:
                continue
            at = datetime.combine(day + rng.randint(0, 2) * DAY, time(rng.randint(16, 19), rng.randint(0, 59)))
            lab = self._lab(person, antigen=at.date() == day)
            self._order(person, lab, day, [LabReport("F", "inconclusive" if rng.random() < 0.015 else "negative", at)])
        if illness is None and rng.random() < (0.2 if person.housing == "sheltered" else 0.012):
            self._trap(person)

    def _trap(self, person: Person) -> None:
        """A positive that asks nobody to isolate, at least not in the end."""
        rng = self._rng
        day = FIRST_DAY + rng.randint(2, 80) * DAY
        at = datetime.combine(day + DAY, time(15, rng.randint(0, 59)))
        later = at + timedelta(hours=rng.choice((3, 22, 46)))
        kind = rng.choices(("corrected", "withdrawn", "preliminary", "antibody", "rehearsal"), (35, 25, 15, 15, 10))[0]
        order = self._order(person, self._lab(person, antigen=False), day, [LabReport("F", "positive", at)])
        if kind == "corrected":
            order.reports.append(LabReport("C", "negative", later))
        elif kind == "withdrawn":
            order.reports.append(LabReport("W", "positive", later))
        elif kind == "preliminary":
            order.reports = [LabReport("P", "positive", at)]
        elif kind == "antibody":
            order.serology = True
        else:
            order.test_message = True

    def _lab(self, person: Person, *, antigen: bool) -> int:
        if antigen:
            return 3 if person.housing in ("sheltered", "unsheltered") else 2
        return 0 if self._rng.random() < 0.6 else 1

    def _order(self, person: Person, lab: int, day: date, reports: list[LabReport]) -> LabOrder:
        self._filler += self._rng.randint(1, 5)
        sid = self._registrar.register(person, ELR, LABS[lab].clia, upper=LABS[lab].upper)
        at = datetime.combine(day, time(self._rng.randint(8, 14), self._rng.randint(0, 59)))
        order = LabOrder(sid, lab, f"{day:%y%m%d}{self._filler:06d}", at, reports)
        self._ledger.orders.append(order)
        return order
