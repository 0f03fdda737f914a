"""PID of a laboratory message: who the source says this is, and who may not become a person at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from hub.domain.event_parts import CountySource
from hub.domain.events import PersonBlock, RaceEthnicity
from hub.domain.placeholders import (
    PLACEHOLDER_BIRTH_DATE,
    PLACEHOLDER_ID,
    PLACEHOLDER_NAME,
    real_birth_date,
    real_id,
    real_names,
)
from hub.domain.trusted import Trusted
from hub.formats.hl7v2 import Coded, Message, Segment
from hub.formats.hl7v2_segment import remembering
from hub.mapping.area import Area, area
from hub.mapping.dates import hl7_date
from hub.mapping.hl7_items import header
from hub.mapping.race import contradiction, read_race

__all__ = ["BORN_LATER", "Patient", "facility", "patient"]

BORN_LATER = "born-after-test"
"""Issue of a result whose patient is born after it was told: the day of birth is not taken."""
_WITHHELD_NAMES = frozenset({"U", "S"})  # table 0200: unspecified, pseudonym: what de-identified reports carry
_OWN_TYPES = frozenset({"L", "M", "N"})  # table 0301: locally defined
_MOST_REPETITIONS = 50
"""So many repetitions of a field are looked at: reaching the n-th costs n, and a hostile field may have a million."""
_SSN_TYPES = frozenset({"SS", "SSN"})
_NOT_OWN = _SSN_TYPES | {"MA", "MB", "MC"}
"""Types of ids (table 0203) that are of the person everywhere, and not what this source calls them: SSN, Medicaid, Medicare."""
_KNOWN_CODES = ("CDCREC", "HL70005", "HL70189", "NULLFL", "HL70002")


class _Name(NamedTuple):
    """PID-5, data type XPN."""

    family: str = ""
    given: str = ""
    middle: str = ""
    suffix: str = ""
    prefix: str = ""
    degree: str = ""
    type: str = ""


_NO_NAME = _Name()
_block_of = Trusted(PersonBlock)  # texts that the reader split off, a day, and places of our own tables


class Patient(NamedTuple):
    """`key` names the person under `authority`: the id of the report, else name and birth date; empty when the report names
    nobody: it counts for its area and never becomes a person. `issues`: what was odd."""

    authority: str
    local_id: str
    block: PersonBlock | None
    race: RaceEthnicity | None
    key: str = ""
    issues: tuple[str, ...] = ()
    county_source: CountySource | None = None


def facility(message: Message) -> str:
    """The sending facility."""
    return header(message.msh).facility


def patient(message: Message, pid: Segment, county_asked: str, latest: date = date.max) -> Patient:
    """The patient of a message; `county_asked` is the county of residence given as an answer (87721-7); nobody is born after
    `latest`."""
    name, name_issue = _told_name(_name(pid))
    born, birth_date, birth_issue = _told_birth(pid.text(7))
    if birth_date is not None and birth_date > latest:
        born, birth_date, birth_issue = "", None, BORN_LATER
    withheld = not (name.family or name.given) and (not born or name.type.upper() in _WITHHELD_NAMES)
    local_id, authority, id_issue = _id(message, pid)
    if withheld:
        local_id = ""
    home = _padded(pid.components(11))
    place = area(home[3], home[4], home[8], county_asked)
    block = _block(pid, name, born, birth_date, home, place, local_id, identified=not withheld)
    race, race_issues = _race(pid)
    unread = "unreadable-birth-date" if born and not withheld and birth_date is None else ""
    key = local_id
    if not withheld and not local_id:
        key = _name_and_birth_date(name, born)
        authority = f"{facility(message)} name-and-birth-date"
    issues = (*place.issues, *race_issues)
    if unread or id_issue or name_issue or birth_issue:
        issues = (*[issue for issue in (unread, id_issue, name_issue, birth_issue) if issue], *issues)
    return Patient(authority, local_id, block, race, key, issues, place.county_source)


def _id(message: Message, pid: Segment) -> tuple[str, str, str]:
    """The id of the report, its assigning authority, and what was odd: the first of PID-3, else of PID-2, that names somebody and
    is no SSN or number of a payer."""
    odd = ""
    for field in (3, 2):
        others = pid.may_hold(field, _NOT_OWN)
        for n in range(1, min(pid.repetitions(field), _MOST_REPETITIONS) + 1):
            if others and pid.text(field, 5, 1, n).upper() in _NOT_OWN:
                continue
            if sent := pid.text(field, 1, 1, n):
                if local_id := real_id(sent):
                    return local_id, _authority(message, pid, field, n), odd
                odd = PLACEHOLDER_ID
    return "", _authority(message, pid, 3, 1), odd


def _told_name(name: _Name) -> tuple[_Name, str]:
    """PID-5 without the parts that name nobody."""
    family, given = real_names(name.family, name.given)
    if (family, given) == name[:2]:
        return name, ""
    return name._replace(family=family, given=given), PLACEHOLDER_NAME


def _told_birth(born: str) -> tuple[str, date | None, str]:
    """PID-7 and its day, or nothing where it is a day that systems write for an unknown one. A year or month alone gives its first
    day, marked partial by the caller."""
    day = hl7_date(born)
    if day is None and len(born) in (4, 6) and born.isdigit():
        return born, hl7_date((born + "0101")[:8]), ""
    return (born, day, "") if real_birth_date(day) == day else ("", None, PLACEHOLDER_BIRTH_DATE)


def _name_and_birth_date(name: _Name, born: str) -> str:
    """What names a person whose report gives no id; empty unless family name, given name and the whole day are told."""
    day = hl7_date(born)
    if not (name.family and name.given and day):
        return ""
    return "^".join((name.family.casefold(), name.given.casefold(), f"{day}"))


def _name(pid: Segment) -> _Name:
    """PID-5: the first repetition that holds a name (de-identified reports begin with an empty one), else the last; a maiden name
    (table 0200: M) only where there is no other."""
    found, maiden = _NO_NAME, None
    for parts in pid.repeated(5, _MOST_REPETITIONS):
        found = _Name(*parts[:7])
        if found.family or found.given:
            if found.type != "M":
                return found
            maiden = maiden or found
    return maiden or found


def _padded(components: tuple[str, ...]) -> tuple[str, ...]:
    """With empty ones behind them: any of the first nine can be asked for."""
    return (*components, "", "", "", "", "", "", "", "", "")


def _authority(message: Message, pid: Segment, field: int, n: int) -> str:
    """The assigning authority of an id: its universal id; else the sending facility and its namespace, as a namespace alone (or a
    universal id of a type of one's own, table 0301) means something only there: two laboratories' `LIS` are two."""
    namespace, universal, kind = (*pid.subcomponents(field, 4, n), "", "", "")[:3]
    if universal and kind.upper() not in _OWN_TYPES:
        return universal
    return " ".join([part for part in (facility(message), namespace, universal) if part])


def _block(
    pid: Segment,
    name: _Name,
    born: str,
    birth_date: date | None,
    home: tuple[str, ...],
    place: Area,
    local_id: str,
    *,
    identified: bool,
) -> PersonBlock | None:
    if not identified:
        told = PersonBlock(state=place.state, postal_code=place.postal_code, county=place.county)
        return told if place.state or place.postal_code or place.county else None
    phone, email = _telecom(pid)
    return _block_of.of({  # every field of the model, in its order
        "given_name": name.given or None,
        "middle_name": name.middle or None,
        "family_name": name.family or None,
        "previous_family_name": None,
        "suffix": name.suffix or None,
        "birth_date": birth_date,
        "birth_date_partial": bool(born) and len(born) < 8,
        "sex": pid.text(8).upper() or None,
        "ssn": (pid.text(19) or _ssn(pid)).replace("-", "") or None,
        "phone": phone,
        "email": email,
        "address_line": home[0] or None,
        "city": home[2] or None,
        "state": place.state,
        "postal_code": place.postal_code,
        "county": place.county,
        "local_id": local_id or None,
        "member_id": None,
        "hashed": None,
    })  # fmt: skip


def _ssn(pid: Segment) -> str:
    """The SSN among the ids of PID-3, where PID-19 has been out of use since HL7 2.3.1."""
    if not pid.may_hold(3, _SSN_TYPES):
        return ""
    numbers = range(1, min(pid.repetitions(3), _MOST_REPETITIONS) + 1)
    return next((pid.text(3, 1, 1, n) for n in numbers if pid.text(3, 5, 1, n).upper() in _SSN_TYPES), "")


def _telecom(pid: Segment) -> tuple[str | None, str | None]:
    """Phone digits (area code and number, else the formatted number) and e-mail of PID-13, the first of each."""
    phone = email = None
    for parts in pid.repeated(13, _MOST_REPETITIONS):
        whole, _, _, address, _, code, number = (*parts, "", "", "", "", "", "", "")[:7]
        if email is None and "@" in address:
            email = address
        if phone is None:
            digits = code + number or whole
            if not digits.isdigit():
                digits = "".join([char for char in digits if char.isdigit()])
            if len(digits) >= 7:
                phone = digits
    return phone, email


_Race = tuple[RaceEthnicity | None, tuple[str, ...]]


@remembering(10, 22)
def _race(pid: Segment) -> _Race:
    races, ethnicities = _each_coded(pid, 10), _each_coded(pid, 22)
    told, issues = read_race([_value(one) for one in races], [_value(one) for one in ethnicities])
    return told, (*issues, *contradiction(_beside(races), _beside(ethnicities)))


def _each_coded(pid: Segment, field: int) -> list[Coded]:
    return [pid.coded(field, n) for n in range(1, min(pid.repetitions(field), _MOST_REPETITIONS) + 1)]


def _beside(told: Sequence[Coded]) -> list[tuple[str, str]]:
    return [(one.code, one.display) for one in told if one.code and one.display]


def _value(coded: Coded) -> str:
    """Code before text: where they contradict, the code wins.

    The alternate triplet only when the first names no known system.
    """
    if coded.alt_code and coded.system.upper() not in _KNOWN_CODES and coded.alt_system.upper() in _KNOWN_CODES:
        return coded.alt_code
    return coded.code or coded.display
