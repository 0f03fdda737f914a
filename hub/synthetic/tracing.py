"""Contact tracing: cases told to isolate, contacts told to quarantine, some of whom become cases; and what tracers arrange."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from hub.synthetic.epidemic import Illness
from hub.synthetic.evidence import Known
from hub.synthetic.facts import Ledger, Monitoree, MonitoreeState, SourceId
from hub.synthetic.people import Household, Person
from hub.synthetic.places import LAST_DAY
from hub.synthetic.registry import Registrar
from hub.synthetic.screening import Screenings
from hub.synthetic.shelters import Shelters

__all__ = ["Tracing"]

SARA = "sara-alert"
DAY = timedelta(days=1)
DONE = "Meets criteria to discontinue isolation"


class Tracing:
    """Writes monitorees into the ledger and arranges isolation beds and screenings for those who are sick."""

    def __init__(
        self,
        ledger: Ledger,
        registrar: Registrar,
        shelters: Shelters,
        screenings: Screenings,
        known: dict[SourceId, Known],
        rng: Random,
    ) -> None:
        self._ledger = ledger
        self._registrar = registrar
        self._shelters = shelters
        self._screenings = screenings
        self._rng = rng
        self._tested = {ledger.registrations[order.sid].person for order in ledger.orders if order.positive()}
        self._monitorees: dict[SourceId, Monitoree] = {}
        self._slept: dict[int, set[date]] = {}
        for sid, record in known.items():
            if sid.connector == "hmis-csv":
                self._slept.setdefault(ledger.registrations[sid].person, set()).update(record.place)

    def follow(self, household: Household, illnesses: list[Illness]) -> None:
        """One household's illnesses, in the order in which they were found."""
        cases = {illness.person.index: illness for illness in illnesses}
        for illness in illnesses:
            if self._case(illness) and household.members[0].housing in ("housed", "doubled-up"):
                self._contacts(household, illness, cases)
            self._help(illness)

    def _monitoree(self, person: Person) -> Monitoree:
        sid = self._registrar.register(person, SARA)
        if sid not in self._monitorees:
            self._monitorees[sid] = Monitoree(sid, int(sid.local_id), [])
            self._ledger.monitorees.append(self._monitorees[sid])
        return self._monitorees[sid]

    def _case(self, illness: Illness) -> bool:
        """Enrolls the case: first without onset, the next day with it, closed when isolation is over. False: never reached."""
        rng, person = self._rng, illness.person
        only_here = person.index not in self._tested
        at = datetime.combine(illness.resulted_at.date() + DAY, time(rng.randint(8, 11), rng.randint(0, 59)))
        if at.date() >= LAST_DAY or not (only_here or rng.random() < 0.8 or person.index == 0):
            return False
        monitoree = self._monitoree(person)
        became = at.date() if monitoree.states else None
        states = [MonitoreeState(at, True, "Confirmed", None, None, became_case=became)]
        asked = at + timedelta(hours=23)
        if only_here or illness.onset is None or asked.date() >= LAST_DAY or rng.random() < 0.5:
            monitoree.lab = (illness.specimen, illness.resulted_at)
        if illness.onset is not None:
            states.append(states[0]._replace(at=asked, onset=illness.onset))
        closing = datetime.combine(
            max(illness.until + rng.randint(1, 3) * DAY, asked.date() + 2 * DAY), time(14, rng.randint(0, 59))
        )
        states.append(states[-1]._replace(at=closing, closed=True, reason=DONE))
        monitoree.states += [state for state in states if state.at.date() < LAST_DAY]
        return True

    def _contacts(self, household: Household, illness: Illness, cases: dict[int, Illness]) -> None:
        """Those who share the home quarantine for 14 days; who is or becomes a case is not (any more) a contact."""
        rng = self._rng
        at = datetime.combine(illness.resulted_at.date() + DAY, time(rng.randint(12, 15), rng.randint(0, 59)))
        for member in household.members:
            own = cases.get(member.index)
            if member.index == illness.person.index or rng.random() > 0.6 or at.date() >= LAST_DAY:
                continue
            if own is not None and own.resulted_at.date() <= at.date():
                continue
            monitoree = self._monitoree(member)
            if monitoree.states:
                continue
            exposed = MonitoreeState(at, False, "Unknown", None, illness.start + 2 * DAY)
            monitoree.states.append(exposed)
            over = datetime.combine(illness.start + 17 * DAY, time(9, 30))
            if own is None and over.date() < LAST_DAY and over > at:
                monitoree.states.append(exposed._replace(at=over, closed=True, reason="Completed Monitoring"))

    def _help(self, illness: Illness) -> None:
        """A bed at the isolation site for some who lack a place (and a few who live crowded); a screening for some."""
        rng, person = self._rng, illness.person
        move = illness.resulted_at.date() + rng.randint(1, 2) * DAY
        if person.index == 0:
            move = illness.resulted_at.date() + DAY
        latest = min(illness.start + 8 * DAY, LAST_DAY - 2 * DAY)
        seen_before = any(illness.specimen - 12 * DAY <= day < move for day in self._slept.get(person.index, ()))
        wanted = 1.0 if person.index == 0 else 0.3 if illness.lacks_place else 0.03
        from_bed = seen_before or person.housing in ("housed", "doubled-up")
        if rng.random() < wanted and move <= latest and from_bed:
            self._shelters.isolate(person, move, illness.until)
        screened = illness.resulted_at.date() + rng.randint(1, 5) * DAY
        if person.index != 0 and rng.random() < 0.18 and screened <= latest:
            self._screenings.after_result(person, screened)
