"""The clerks: each system registers people under ids and spellings of its own, mostly right, now and then with an error."""

from __future__ import annotations

from datetime import date
from random import Random

from hub.synthetic.facts import Ledger, Registration, SourceId
from hub.synthetic.people import Person
from hub.synthetic.spelling import name_key, plain_capitals

__all__ = ["Registrar"]

ERROR_RATE = 0.025
RACE_UNKNOWN = {"lab-elr-hl7v2": 0.25, "iis-cvrs": 0.15, "sara-alert": 0.12, "hmis-csv": 0.03, "hrsn-screening": 0.08}


class Registrar:
    """Registers people in the ledger; the same (person, connector, authority) gets the same record again."""

    def __init__(self, people: list[Person], ledger: Ledger, rng: Random) -> None:
        self._rng = rng
        self._ledger = ledger
        self._keys = {name_key(p.given, p.family, p.birth_date) for p in people}
        self._known: dict[tuple[int, str, str], SourceId] = {}
        self._next: dict[tuple[str, str], int] = {}

    def register(
        self, person: Person, connector: str, authority: str = "", *, upper: bool = False, again: bool = False
    ) -> SourceId:
        """The person's id at this system, made at first sight. `again`: a second record of somebody known there."""
        authority = authority or _FIELDS[connector]
        key = (person.index, connector, authority)
        if key in self._known and not again:
            return self._known[key]
        number = self._next.get((connector, authority), 1000) + self._rng.randint(1, 3)
        self._next[connector, authority] = number
        sid = SourceId(connector, authority, _PATTERNS[connector].format(number))
        self._known[key] = sid
        self._ledger.registrations[sid] = self._spelling(person, sid, upper)
        return sid

    def _spelling(self, person: Person, sid: SourceId, upper: bool) -> Registration:
        known = self._rng.random() >= RACE_UNKNOWN[sid.connector]
        if sid.connector == "hrsn-screening" and len(person.races) > 1:
            known = False  # the form has one box, and ticking one of two would be wrong
        record = Registration(sid, person.index, person.given, person.middle, person.family, person.birth_date, known)
        if person.index != 0 and self._rng.random() < ERROR_RATE:
            self._err(record)
        if upper:
            record.given, record.middle, record.family = (
                plain_capitals(n) for n in (record.given, record.middle, record.family)
            )
        return record

    def _err(self, record: Registration) -> None:
        """One clerk's error, never one that makes somebody else of the person."""
        given, family, born = record.given, record.family, record.birth_date
        assert born is not None
        kind = self._rng.choice(("swap", "drop", "day", "year", "unasked"))
        if kind == "unasked" and record.sid.connector == "hmis-csv":
            record.birth_date, record.exact = None, False
            return
        if kind in ("swap", "unasked"):
            at = self._rng.randrange(len(family) - 1)
            family = family[:at] + family[at + 1] + family[at] + family[at + 2 :]
        elif kind == "drop":
            at = self._rng.randrange(1, len(given))
            given = given[:at] + given[at + 1 :]
        elif kind == "day":
            born = date(born.year, born.day, born.month) if born.day <= 12 else born.replace(day=born.day - 10)
        else:
            born = born.replace(day=min(born.day, 28), year=born.year - 1)
        key = name_key(given, family, born)
        if key not in self._keys:
            self._keys.add(key)
            record.given, record.family, record.birth_date, record.exact = given, family, born, False


_FIELDS = {"iis-cvrs": "recip_id", "sara-alert": "Patient", "hmis-csv": "PersonalID"}
_PATTERNS = {
    "lab-elr-hl7v2": "{:06d}",
    "iis-cvrs": "TNIIS{:07d}",
    "sara-alert": "{}",
    "hmis-csv": "{:06d}",
    "hrsn-screening": "MRN-{:06d}",
}
