"""Life without a home: beds night by night, entry-exit shelters, outreach; and the isolation site for those who are sick."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from hub.synthetic.facts import Benefit, Contact, Ledger, SourceId, Stay
from hub.synthetic.people import Household, Person
from hub.synthetic.places import FIRST_DAY, ISOLATION_PROJECT, LAST_DAY, OUTREACH_PROJECT
from hub.synthetic.registry import Registrar

__all__ = ["Shelters"]

HMIS = "hmis-csv"
STREET, SHELTER, FAMILY, FRIENDS, RENTING = 116, 101, 312, 313, 410  # HUD living situations, FY2024


class Shelters:
    """Writes enrollments, bed nights, outreach contacts and benefits into the ledger."""

    def __init__(self, ledger: Ledger, registrar: Registrar, rng: Random) -> None:
        self._ledger = ledger
        self._registrar = registrar
        self._rng = rng
        self._enrollments = 40_000
        self._contacts = 0
        self._stays: dict[SourceId, list[Stay]] = {}

    def settle(self, household: Household) -> None:
        """Where this household sleeps from autumn on, before anybody falls sick."""
        first = household.members[0]
        if first.housing == "sheltered":
            self._shelter(household)
        elif first.housing == "unsheltered":
            for member in household.members:
                self._outreach(member)
        elif first.housing == "housed" and self._rng.random() < 0.012:
            self._earlier_stay(household)

    def isolate(self, person: Person, day: date, until: date) -> None:
        """A bed at the isolation site is accepted: in on `day`, out the day after `until`, and back to the shelter."""
        sid = self._registrar.register(person, HMIS)
        came_from = {"sheltered": SHELTER, "unsheltered": STREET, "doubled-up": FRIENDS}.get(person.housing, RENTING)
        leave = until + timedelta(days=1)
        stay = self._enroll(sid, ISOLATION_PROJECT, day, came_from, f"i{person.index}", True)
        stay.entry_exit = True
        if leave <= LAST_DAY:
            stay.exit, stay.destination = leave, came_from
        back = leave + timedelta(days=5)
        for earlier in [s for s in self._stays[sid] if s is not stay and s.project != OUTREACH_PROJECT]:
            earlier.nights = [night for night in earlier.nights if not day <= night < back]
            if earlier.entry_exit and earlier.entry < day and (earlier.exit is None or earlier.exit > day):
                self._step_out(earlier, day, leave)

    def _step_out(self, earlier: Stay, day: date, leave: date) -> None:
        """The shelter exits the guest for the hotel and takes them back after, under a new enrollment."""
        back_until, destination = earlier.exit, earlier.destination
        earlier.exit, earlier.destination = day, SHELTER
        if leave <= LAST_DAY and (back_until is None or back_until > leave):
            back = self._enroll(earlier.sid, earlier.project, leave, SHELTER, earlier.household, earlier.head)
            back.entry_exit, back.exit, back.destination = True, back_until, destination

    def _enroll(self, sid: SourceId, project: str, entry: date, came_from: int, household: str, head: bool) -> Stay:
        self._enrollments += self._rng.randint(1, 4)
        stay = Stay(sid, str(self._enrollments), project, f"s_{household}", head, entry, came_from)
        self._ledger.stays.append(stay)
        self._stays.setdefault(sid, []).append(stay)
        return stay

    def _shelter(self, household: Household) -> None:
        rng = self._rng
        if len(household.members) > 2:
            self._entry_exit(household, "2104")
        elif household.index != 0 and rng.random() < 0.42:
            self._entry_exit(household, "2103")
        else:
            project = "2101" if household.index == 0 else rng.choices(("2101", "2102"), (60, 40))[0]
            for member in household.members:
                self._nights(member, project)

    def _entry_exit(self, household: Household, project: str) -> None:
        rng = self._rng
        entry = FIRST_DAY + timedelta(days=int(rng.triangular(-90, 80, -20)))
        length = int(rng.expovariate(1 / 70)) + 3
        leaves = entry + timedelta(days=length)
        came_from = rng.choice((STREET, SHELTER, FAMILY, FRIENDS, RENTING))
        destination = rng.choice((RENTING, RENTING, FRIENDS, FAMILY, 30))
        for place, member in enumerate(household.members):
            sid = self._registrar.register(member, HMIS)
            stay = self._enroll(sid, project, entry, came_from, f"h{household.index}", place == 0)
            stay.entry_exit = True
            if leaves <= LAST_DAY:
                stay.exit, stay.destination = leaves, destination
            if member.age_on(FIRST_DAY) >= 18 and rng.random() < 0.5:
                self._ledger.benefits.append(
                    Benefit(
                        sid, stay.enrollment_id, entry, rng.random() < 0.5, member.sex == "F" and rng.random() < 0.15
                    )
                )

    def _nights(self, person: Person, project: str) -> None:
        """Bouts of nights with gaps; many leave without a word, so an open enrollment is not presence."""
        rng = self._rng
        if person.index == 0:
            begin, bout = date(2021, 1, 24), 19
            nights = [begin + timedelta(days=n) for n in range(bout)]
        else:
            begin = FIRST_DAY + timedelta(days=int(rng.triangular(-60, 75, -5)))
            bout = int(rng.expovariate(1 / 40)) + 2
            nights = [
                day
                for n in range(bout)
                if (day := begin + timedelta(days=n)) < LAST_DAY and (n == 0 or rng.random() < 0.72)
            ]
        sid = self._registrar.register(person, HMIS)
        stay = self._enroll(
            sid, project, begin, rng.choice((STREET, STREET, SHELTER, FRIENDS)), f"n{person.index}", True
        )
        stay.nights = nights
        if person.index != 0 and nights and nights[-1] < LAST_DAY - timedelta(days=30) and rng.random() < 0.5:
            stay.exit, stay.destination = nights[-1] + timedelta(days=rng.randint(1, 20)), 30
        if rng.random() < 0.2:
            self._ledger.benefits.append(Benefit(sid, stay.enrollment_id, begin, rng.random() < 0.45, False))

    def _outreach(self, person: Person) -> None:
        rng = self._rng
        sid = self._registrar.register(person, HMIS)
        day = FIRST_DAY + timedelta(days=rng.randint(-50, 30))
        stay = self._enroll(sid, OUTREACH_PROJECT, day, STREET, f"o{person.index}", True)
        while day < LAST_DAY:
            self._contacts += 1
            self._ledger.contacts.append(Contact(sid, str(7000 + self._contacts), stay.enrollment_id, day, STREET))
            day += timedelta(days=rng.randint(5, 19))

    def _earlier_stay(self, household: Household) -> None:
        """Housed today, in a shelter last autumn: no ground for a need in winter."""
        rng = self._rng
        entry = date(2020, 10, rng.randint(1, 31))
        leaves = entry + timedelta(days=rng.randint(5, 35))
        for place, member in enumerate(household.members):
            sid = self._registrar.register(member, HMIS)
            stay = self._enroll(
                sid, "2104" if len(household.members) > 1 else "2103", entry, FRIENDS, f"h{household.index}", place == 0
            )
            stay.entry_exit, stay.exit, stay.destination = True, leaves, RENTING
