"""Vaccination from January 2021: by age at first, then wider; and, as it was, easier to reach for some than for others."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from hub.synthetic.facts import Dose, Ledger
from hub.synthetic.people import Person
from hub.synthetic.places import FIRST_DAY, LAST_DAY
from hub.synthetic.registry import Registrar

__all__ = ["Vaccines"]

IIS = "iis-cvrs"
UPTAKE = {"white": 1.0, "asian": 1.05, "multiracial": 0.8, "black": 0.55, "hispanic": 0.5, "aian": 0.9, "nhpi": 0.65}
_OPENS = ((75, date(2021, 1, 4)), (65, date(2021, 2, 1)), (55, date(2021, 3, 1)), (16, date(2021, 3, 22)))
_HEALTH_WORKERS = 0.07
_INTERVAL = {"207": 28, "208": 21}
_LOTS = {"207": ("011M20A", "027L20A", "013A21A"), "208": ("EL1284", "EN6201", "ER8732"), "212": ("1805018", "1802070")}
_JANSSEN_FROM = date(2021, 3, 3)


class Vaccines:
    """Writes doses and refusals into the ledger; one dose in fifty is reported twice, by two systems of the giver."""

    def __init__(self, ledger: Ledger, registrar: Registrar, rng: Random) -> None:
        self._ledger = ledger
        self._registrar = registrar
        self._rng = rng
        self._events = 0

    def offer(self, person: Person) -> None:
        """What this person's winter was like: offered or not, taken or refused, a second dose in time or not."""
        rng = self._rng
        age = person.age_on(FIRST_DAY)
        opens = next((day for least, day in _OPENS if age >= least), None)
        if opens is None:
            return
        if age < 65 and rng.random() < _HEALTH_WORKERS:
            opens = FIRST_DAY + timedelta(days=3)
        chance = 0.72 * UPTAKE[person.group] * person.area.access * (0.4 if person.housing != "housed" else 1.0)
        day = opens + timedelta(days=int(rng.expovariate(1 / 16)))
        if day >= LAST_DAY:
            return
        if rng.random() >= chance:
            if rng.random() < 0.03:
                self._write(person, day, "208", 1, refused=True)
            return
        cvx = "212" if day >= _JANSSEN_FROM and rng.random() < 0.12 else rng.choice(("207", "208"))
        self._dose(person, day, cvx, 1)
        second = day + timedelta(days=_INTERVAL.get(cvx, 0) + rng.randint(0, 3))
        if cvx in _INTERVAL and second < LAST_DAY and rng.random() < 0.9:
            self._dose(person, second, cvx, 2)

    def _dose(self, person: Person, day: date, cvx: str, number: int) -> None:
        self._write(person, day, cvx, number)
        if self._rng.random() < 0.02:
            self._write(person, day, cvx, number, again=self._rng.random() < 0.4)

    def _write(
        self, person: Person, day: date, cvx: str, number: int, *, refused: bool = False, again: bool = False
    ) -> None:
        self._events += 1
        sid = self._registrar.register(person, IIS, upper=True, again=again)
        site = {"47901": 0, "47903": 1, "47905": 2}[person.area.fips]
        lot = "" if refused else self._rng.choice(_LOTS[cvx])
        complete = not refused and (number == 2 or cvx == "212")
        self._ledger.doses.append(
            Dose(sid, f"TNIIS-V{self._events:07d}", day, cvx, number, site, lot, refused, complete)
        )
