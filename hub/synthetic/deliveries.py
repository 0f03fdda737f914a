"""What the systems send, when: messages as results come, files by day or week, in the order of the simulated clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from hub.synthetic.cvrs import cvrs_file, cvrs_row
from hub.synthetic.facts import Dose, Ledger, Monitoree, MonitoreeState, Screening
from hub.synthetic.faults import Planted, broken_message, broken_monitoree, broken_night, broken_row
from hub.synthetic.hmis import Hmis
from hub.synthetic.hrsn import QUESTIONS, hrsn_set
from hub.synthetic.oru import oru_message
from hub.synthetic.people import Person
from hub.synthetic.places import FIRST_DAY, LAST_DAY
from hub.synthetic.sara import observation_line, patient_line

__all__ = ["Delivery", "Dispatch"]

DAY = timedelta(days=1)
PEOPLE_PER_FAULT = 400


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing arriving at one door: a message or file (bytes), or a set of files (name to bytes).

    `at` is simulated local time; `name` holds nothing of a person.
    """

    day: date
    connector: str
    name: str
    payload: bytes | Mapping[str, bytes]
    at: datetime


class Dispatch:
    """Writes everything in a ledger as deliveries, with bad records among them (`planted`, known at once)."""

    def __init__(self, ledger: Ledger, people: Sequence[Person], rng: Random) -> None:
        self._ledger = ledger
        self._people = people
        self._faults = max(1, round(len(people) / PEOPLE_PER_FAULT))
        self.planted: list[Planted] = []
        self._messages = self._broken_messages(rng)
        self._doses = self._doses_by_file()
        self._states = self._states_by_file()
        self._screened = self._screenings_by_set()
        self._bad_rows = self._spread("iis-cvrs", [f"{day:%Y%m%d}_01_TNA.txt" for day in self._doses], rng)
        self._bad_lines = self._spread("sara-alert", [f"Patient_{day:%Y%m%d}.ndjson" for day in self._states], rng)
        self._bad_nights = self._spread("hmis-csv", [f"hmis-{day:%Y%m%d}" for day in _weekly(0)[-4:-1]], rng)
        for name, faults in (
            (n, f) for spread in (self._bad_rows, self._bad_lines, self._bad_nights) for n, f in spread.items()
        ):
            for connector, number in faults:
                self.planted.append(Planted(connector, _REASONS[connector][number % 2], name))
        for day, screenings in self._screened.items():
            refused = [s for s in screenings if not s.consent]
            if refused:  # every row that says something of the person: who they are, and each answer
                rows = len({s.sid for s in refused}) + len(QUESTIONS) * len(refused)
                self.planted.append(Planted("hrsn-screening", "no-consent", f"hrsn-{day:%Y%m%d}", rows))

    def all(self) -> Iterator[Delivery]:
        """Every delivery, earliest first."""
        made = [*self._lab(), *self._cvrs(), *self._sara(), *self._hmis(), *self._hrsn()]
        yield from sorted(made, key=lambda delivery: (delivery.at, delivery.connector, delivery.name))

    def _broken_messages(self, rng: Random) -> list[tuple[datetime, str, bytes]]:
        made = []
        for number in range(self._faults):
            day = FIRST_DAY + rng.randint(1, 88) * DAY
            reason, content = broken_message(number, day, rng)
            name = f"line-noise-{number:03d}.hl7"
            made.append((datetime.combine(day, time(rng.randint(8, 18), rng.randint(0, 59))), name, content))
            self.planted.append(Planted("lab-elr-hl7v2", reason, name))
        return made

    def _spread(self, connector: str, names: Sequence[str], rng: Random) -> dict[str, list[tuple[str, int]]]:
        """Bad records of a connector, dealt out to its deliveries."""
        dealt: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for number in range(self._faults if names else 0):
            dealt[rng.choice(names)].append((connector, number))
        return dealt

    def _lab(self) -> Iterator[Delivery]:
        for order in self._ledger.orders:
            record = self._ledger.registrations[order.sid]
            for number, report in enumerate(order.reports, 1):
                content = oru_message(order, report, number, self._people[record.person], record)
                name = f"{order.sid.authority}-{order.filler}-{number}.hl7"
                yield Delivery(report.reported_at.date(), "lab-elr-hl7v2", name, content, report.reported_at)
        for at, name, content in self._messages:
            yield Delivery(at.date(), "lab-elr-hl7v2", name, content, at)

    def _doses_by_file(self) -> dict[date, list[Dose]]:
        files: dict[date, list[Dose]] = defaultdict(list)
        for dose in sorted(self._ledger.doses, key=lambda dose: (dose.day, dose.event_id)):
            files[dose.day + DAY].append(dose)
        return files

    def _cvrs(self) -> Iterator[Delivery]:
        for day, doses in self._doses.items():
            rows = [
                cvrs_row(dose, self._people[(r := self._ledger.registrations[dose.sid]).person], r) for dose in doses
            ]
            rows += [broken_row(number, rows[0])[1] for _, number in self._bad_rows.get(f"{day:%Y%m%d}_01_TNA.txt", ())]
            name, content = cvrs_file(rows, day)
            yield Delivery(day, "iis-cvrs", name, content, datetime.combine(day, time(12)))

    def _states_by_file(self) -> dict[date, list[tuple[MonitoreeState, Monitoree]]]:
        files: dict[date, list[tuple[MonitoreeState, Monitoree]]] = defaultdict(list)
        changes = [(state, monitoree) for monitoree in self._ledger.monitorees for state in monitoree.states]
        for state, monitoree in sorted(changes, key=lambda change: (change[0].at, change[1].number)):
            files[state.at.date() + DAY].append((state, monitoree))
        return files

    def _sara(self) -> Iterator[Delivery]:
        """Daily exports of all that changed the day before."""
        for day, changes in self._states.items():
            at = datetime.combine(day, time(6))
            lines = [
                patient_line(m, s, self._people[(r := self._ledger.registrations[m.sid]).person], r) for s, m in changes
            ]
            lines += [broken_monitoree(lines[0])[1] for _ in self._bad_lines.get(f"Patient_{day:%Y%m%d}.ndjson", ())]
            yield Delivery(day, "sara-alert", f"Patient_{day:%Y%m%d}.ndjson", b"".join(lines), at)
            labs = [
                observation_line(m) for s, m in changes if m.lab is not None and s.isolation and _first_case(m) is s
            ]
            if labs:
                yield Delivery(day, "sara-alert", f"Observation_{day:%Y%m%d}.ndjson", b"".join(labs), at)

    def _hmis(self) -> Iterator[Delivery]:
        """A full refresh every Monday and on the last day."""
        writer = Hmis(self._ledger, self._people)
        for day in _weekly(0):
            name = f"hmis-{day:%Y%m%d}"
            bad = [broken_night(number, self._ledger.stays[0])[1] for _, number in self._bad_nights.get(name, ())]
            yield Delivery(day, "hmis-csv", name, writer.export(day, {"Services": bad}), datetime.combine(day, time(3)))

    def _screenings_by_set(self) -> dict[date, list[Screening]]:
        """A set every Friday and on the last day; the first brings last year's."""
        sets: dict[date, list[Screening]] = defaultdict(list)
        fridays = _weekly(4)
        for screening in sorted(self._ledger.screenings, key=lambda screening: (screening.at, screening.encounter)):
            sets[next(day for day in fridays if screening.at.date() <= day)].append(screening)
        return sets

    def _hrsn(self) -> Iterator[Delivery]:
        for day, screenings in self._screened.items():
            name = f"hrsn-{day:%Y%m%d}"
            files = hrsn_set(screenings, self._ledger.registrations, self._people, f"made-up-{day:%Y%m%d}")
            yield Delivery(day, "hrsn-screening", name, files, datetime.combine(day, time(18)))


_REASONS = {
    "iis-cvrs": ("short-row", "long-row"),
    "sara-alert": ("not-json", "not-json"),
    "hmis-csv": ("bad-date", "bad-date"),
}


def _first_case(monitoree: Monitoree) -> MonitoreeState:
    return next(state for state in monitoree.states if state.isolation)


def _weekly(weekday: int) -> list[date]:
    """Every such weekday (0 = Monday) of the simulated time, and its last day."""
    days = [FIRST_DAY + n * DAY for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    return [day for day in days if day.weekday() == weekday or day == LAST_DAY]
