"""PID of a laboratory message: who the source says this is, and who may not become a person at all."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from hub.domain.events import PersonBlock, RaceEthnicity
from hub.formats.hl7v2 import Coded, Message, Segment
from hub.mapping.dates import hl7_date
from hub.mapping.places import county_fips, postal_code, state_code
from hub.mapping.race import race_ethnicity

__all__ = ["Patient", "facility", "patient"]

_WITHHELD_NAMES = frozenset({"U", "S"})  # table 0200: unspecified, pseudonym: what de-identified reports carry
_KNOWN_CODES = ("CDCREC", "HL70005", "HL70189", "NULLFL", "HL70002")


class Patient(NamedTuple):
    """`local_id` is empty when the report names nobody: it counts for its area and never becomes a person."""

    authority: str
    local_id: str
    block: PersonBlock | None
    race: RaceEthnicity | None


def facility(message: Message) -> str:
    """The sending facility, MSH-4: its universal id (CLIA, OID), else its name."""
    return message.msh.text(4, 2) or message.msh.text(4)


def patient(message: Message, pid: Segment, county_asked: str) -> Patient:
    """The patient of a message; `county_asked` is the county of residence given as an answer (87721-7)."""
    name = _name_repetition(pid)
    born = pid.text(7)
    named = pid.text(5, 1, repetition=name) or pid.text(5, 2, repetition=name)
    withheld = not named and (not born or pid.text(5, 7, repetition=name).upper() in _WITHHELD_NAMES)
    local_id = "" if withheld else pid.text(3) or pid.text(2)
    block = _block(pid, name, county_asked, local_id, identified=not withheld)
    return Patient(_authority(message, pid), local_id, block, _race(pid))


def _name_repetition(pid: Segment) -> int:
    """The first repetition that holds a name (de-identified reports begin with an empty one)."""
    count = pid.repetitions(5)
    return next(
        (n for n in range(1, count + 1) if pid.text(5, 1, repetition=n) or pid.text(5, 2, repetition=n)), max(count, 1)
    )


def _authority(message: Message, pid: Segment) -> str:
    """The assigning authority of PID-3: universal id, else namespace, else the sending facility."""
    return pid.text(3, 4, 2) or pid.text(3, 4, 1) or facility(message)


def _block(pid: Segment, name: int, county_asked: str, local_id: str, *, identified: bool) -> PersonBlock | None:
    state = state_code(pid.text(11, 4))
    county = county_fips(pid.text(11, 9), state) or county_fips(county_asked, state)
    zip_code = postal_code(pid.text(11, 5), state)
    if not identified:
        area = PersonBlock(state=state, postal_code=zip_code, county=county)
        return area if state or zip_code or county else None
    born = pid.text(7)
    phone, email = _telecom(pid)
    return PersonBlock(
        given_name=pid.text(5, 2, repetition=name) or None,
        middle_name=pid.text(5, 3, repetition=name) or None,
        family_name=pid.text(5, 1, repetition=name) or None,
        suffix=pid.text(5, 4, repetition=name) or None,
        birth_date=_birth_date(born),
        birth_date_partial=bool(born) and len(born) < 8,
        sex=pid.text(8).upper() or None,
        ssn=pid.text(19).replace("-", "") or None,
        phone=phone,
        email=email,
        address_line=pid.text(11, 1) or None,
        city=pid.text(11, 3) or None,
        state=state,
        postal_code=zip_code,
        county=county,
        local_id=local_id or None,
    )


def _birth_date(text: str) -> date | None:
    """PID-7; a year or month alone gives the first day, marked partial by the caller."""
    return hl7_date((text + "0101")[:8] if len(text) in (4, 6) and text.isdigit() else text)


def _telecom(pid: Segment) -> tuple[str | None, str | None]:
    """Phone digits (area code and number, else the formatted number) and e-mail of PID-13, the first of each."""
    phone = email = None
    for n in range(1, pid.repetitions(13) + 1):
        address = pid.text(13, 4, repetition=n)
        if email is None and "@" in address:
            email = address
        digits = pid.text(13, 6, repetition=n) + pid.text(13, 7, repetition=n) or pid.text(13, 1, repetition=n)
        digits = "".join(char for char in digits if char.isdigit())
        if phone is None and len(digits) >= 7:
            phone = digits
    return phone, email


def _race(pid: Segment) -> RaceEthnicity | None:
    races = [_value(pid.coded(10, n)) for n in range(1, pid.repetitions(10) + 1)]
    ethnicities = [_value(pid.coded(22, n)) for n in range(1, pid.repetitions(22) + 1)]
    return race_ethnicity(races, ethnicities)


def _value(coded: Coded) -> str:
    """Code before text: where they contradict, the code wins.

    The alternate triplet only when the first names no known system.
    """
    if coded.alt_code and coded.system.upper() not in _KNOWN_CODES and coded.alt_system.upper() in _KNOWN_CODES:
        return coded.alt_code
    return coded.code or coded.display
