"""Made-up records for `hub bench intake`: as the county's writers write them, as many as asked, lazily and the same each time.

Every record is a fact of its own (own order, dose, monitoree state or bed night) of one of `people` persons. Who comes next is
drawn: at first nearly everybody is new to the hub, later ever fewer, so that data keys are made at the rate of a real feed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random

from hub.synthetic.cvrs import CVRS_COLUMNS, cvrs_row
from hub.synthetic.facts import (
    Dose,
    LabOrder,
    LabReport,
    Monitoree,
    MonitoreeState,
    Registration,
    Screening,
    SourceId,
)
from hub.synthetic.hrsn import hrsn_set
from hub.synthetic.oru import oru_message
from hub.synthetic.people import Person, make_people
from hub.synthetic.places import FACILITIES, LABS
from hub.synthetic.sara import patient_line

__all__ = ["Records"]

_SCATTER = 2_654_435_761  # Knuth's multiplicative hash: draws by number, without keeping what was drawn
_PCR = next(number for number, lab in enumerate(LABS) if lab.kind == "pcr")


class Records:
    """`people` distinct persons, and what sources write about them."""

    def __init__(self, people: int, seed: int = 1) -> None:
        self.people = people
        self._seed = seed

    @cached_property
    def residents(self) -> list[Person]:
        """Everybody, by index."""
        households = make_people(self.people, Random(f"{self._seed}/bench"))
        return [member for household in households for member in household.members]

    def person(self, number: int) -> Person:
        """Whose record `number` is: drawn, and the same each time."""
        return self.residents[(number * _SCATTER ^ number >> 7) % 2**32 % self.people]

    def _registered(self, person: Person, connector: str, authority: str, local_id: str) -> Registration:
        sid = SourceId(connector, authority, local_id)
        known = person.index % 5 > 0
        return Registration(sid, person.index, person.given, person.middle, person.family, person.birth_date, known)

    def distinct(self, count: int, first: int = 0) -> int:
        """How many persons the records `first` … `first + count` tell of."""
        return len({self.person(number).index for number in range(first, first + count)})

    def messages(self, count: int, first: int = 0) -> Iterator[bytes]:
        """ORU^R01 messages 2.5.1: MSH, SFT, PID, ORC, OBR, the result and three or four answers (AOE) in OBX, SPM."""
        for number in range(first, first + count):
            person = self.person(number)
            draw = Random(number)
            collected = datetime(2021, 1, 4, 8) + timedelta(minutes=draw.randrange(120_000))
            sick = draw.random() < 0.2
            report = LabReport("F", "positive" if sick else "negative", collected + timedelta(hours=20))
            record = self._registered(person, "lab-elr-hl7v2", LABS[_PCR].clia, f"{person.index + 1_000:06d}")
            order = LabOrder(
                record.sid, _PCR, f"B{number:08d}", collected, [report],
                onset=collected.date() - timedelta(days=2) if sick else None, symptomatic=sick, congregate=draw.random() < 0.05,
            )  # fmt: skip
            yield oru_message(order, report, 1, person, record)

    def cvrs(self, count: int) -> Iterator[bytes]:
        """A CVRS file, line by line, its header first: one dose a row."""
        yield ("\t".join(CVRS_COLUMNS) + "\r\n").encode()
        for number in range(count):
            person = self.person(number)
            record = self._registered(person, "iis-cvrs", "recip_id", f"TNIIS{person.index + 1_000:07d}")
            day = date(2021, 1, 4) + timedelta(days=number % 80)
            dose = Dose(record.sid, f"BENCH{number:09d}", day, "208", 1 + number % 2, 0, f"EL{number % 9_000:04d}")
            yield ("\t".join(cvrs_row(dose, person, record)) + "\r\n").encode()

    def monitorees(self, count: int) -> Iterator[bytes]:
        """Sara Alert Patient resources, one a line."""
        for number in range(count):
            person = self.person(number)
            at = datetime(2021, 1, 4, 8) + timedelta(minutes=number)
            record = self._registered(person, "sara-alert", "Patient", str(number + 1))
            state = MonitoreeState(at, True, "Confirmed", at.date() - timedelta(days=3), at.date() - timedelta(days=6))
            yield patient_line(Monitoree(record.sid, number + 1, [state]), state, person, record)

    def screenings(self, count: int) -> dict[str, bytes]:
        """A drop of `count` social-needs screenings of four answers each: its three files."""
        registrations: dict[SourceId, Registration] = {}
        made: list[Screening] = []
        for number in range(count):
            person, place = self.person(number), number % len(FACILITIES)
            sid = SourceId("hrsn-screening", FACILITIES[place].facility_id, f"M{person.index:06d}")
            registrations[sid] = self._registered(person, *sid)
            at = datetime(2021, 1, 4, 8) + timedelta(minutes=number)
            made.append(Screening(sid, place, f"E{number:08d}", at, number % 3 > 0, number % 4 == 0))
        return hrsn_set(made, registrations, self.residents, "bench")

    def table(self, count: int) -> Iterator[bytes]:
        """A pantry's CSV for a declared map, line by line, its header first: one visit a row."""
        yield b"visit,client,visited,program,served,first_name,last_name,born,zip,phone,race,ethnicity\r\n"
        for number in range(count):
            person = self.person(number)
            day = date(2021, 1, 4) + timedelta(days=number % 80)
            yield (
                f"V{number:09d},P{person.index:06d},{day.isoformat()},{'pantry' if number % 4 else 'meals'},"
                f"{'yes' if number % 9 else 'no'},{person.given},{person.family},{person.birth_date:%m/%d/%Y},{person.zip_code},"
                f"{person.phone},{person.races[0] if person.races else 'other'},{'H' if person.hispanic else 'N'}\r\n"
            ).encode()
