"""Social-needs screenings: who says that food runs out, who has no steady place to live."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from hub.synthetic.facts import Ledger, Screening
from hub.synthetic.people import Person
from hub.synthetic.places import FACILITIES, FIRST_DAY, LAST_DAY
from hub.synthetic.registry import Registrar

__all__ = ["Screenings"]

HRSN = "hrsn-screening"


class Screenings:
    """Writes screenings into the ledger. Answers follow from how the person lives, so two screenings never contradict."""

    def __init__(self, ledger: Ledger, registrar: Registrar, rng: Random) -> None:
        self._ledger = ledger
        self._registrar = registrar
        self._rng = rng
        self._encounters = 0
        self._screened: dict[int, list[Screening]] = {}

    def ordinary(self, person: Person) -> None:
        """What happens without any infection: some are screened, a quarter of them last year, a few decline that it be shared."""
        rng = self._rng
        if person.age_on(FIRST_DAY) < 18:
            return
        worse_off = person.lacks_food or person.housing != "housed"
        if person.index == 0:
            self._screen(person, 0, date(2021, 1, 12))
            return
        if rng.random() >= (0.62 if worse_off else 0.12):
            return
        day = (
            date(2020, 4, 20) + timedelta(days=rng.randint(0, 250))
            if rng.random() < 0.25
            else FIRST_DAY + timedelta(days=rng.randint(0, 88))
        )
        facility = 0 if rng.random() < 0.6 else 1
        screening = self._screen(person, facility, day)
        draw = rng.random()
        if draw < 0.05:
            screening.consent = False
        elif draw < 0.10:
            screening.cancelled = True
        elif draw < 0.16 and day + timedelta(days=30) <= LAST_DAY:
            self._screen(person, facility, day + timedelta(days=30))

    def after_result(self, person: Person, day: date) -> bool:
        """The tracer hands the person on to the care network, which screens on `day`. False: they declined before."""
        if any(not s.consent or s.cancelled for s in self._screened.get(person.index, ())):
            return False
        self._screen(person, 0, day)
        return True

    def _screen(self, person: Person, facility: int, day: date) -> Screening:
        rng = self._rng
        self._encounters += 1
        sid = self._registrar.register(person, HRSN, FACILITIES[facility].facility_id)
        at = datetime.combine(day, time(rng.randint(9, 15), rng.randint(0, 59), rng.randint(0, 59)))
        steady: bool | None = person.housing == "housed"
        if steady and person.lacks_food and person.index % 4 == 0:
            steady = None
        screening = Screening(
            sid, facility, f"{FACILITIES[facility].facility_id}-E{self._encounters:06d}", at, steady, person.lacks_food
        )
        self._ledger.screenings.append(screening)
        self._screened.setdefault(person.index, []).append(screening)
        return screening
