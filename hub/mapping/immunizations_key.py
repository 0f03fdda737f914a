"""What names a dose in HL7 v2: the sender's number of it (ORC-3, or a registry's id among RXA-9) and what kind of vaccine it was,
else person, day and kind of vaccine.

A number names one dose of a kind: a COVID-19 dose and an influenza dose under the number of a visit are two, in one message or in
several, and neither takes the other's place, whatever is added, updated or deleted later. Day and product are no part of the name:
an update that corrects them, and a deletion that tells them wrongly, find their dose (health-standards.md §8 R21). Only where one
message gives a number to several days of one kind, the day is part of it: the number alone names none of them (told as
`order-number-shared`), and a later message finds one of these doses only if it tells of several days under that number as well.

All COVID-19 vaccines are one kind, so that a corrected product is a correction; of the others each code is a kind of its own. An
update or a deletion that names no vaccine at all (CVX 998, or nothing) speaks of a COVID-19 dose.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hub.domain.placeholders import real_id
from hub.domain.vaccines import COVID, is_covid, judge
from hub.formats.hl7v2 import Segment
from hub.mapping.vaccine_codes import is_cvx, vaccine_codes

__all__ = [
    "Name",
    "Told",
    "action",
    "added_names",
    "codes",
    "name_of",
    "numbered",
    "shared_names",
    "type_is_covid",
]

_ACTIONS = frozenset("XAUD")
_VACCINE_TYPE = "30956-7"
_MOST_REPETITIONS = 20


class Told(NamedTuple):
    """One order of a message. `orc` None: the RXA has none of its own; `rxa` None: nothing is said of a vaccine."""

    orc: Segment | None
    rxa: Segment | None
    observed: tuple[Segment, ...]


class Name(NamedTuple):
    """`number` is empty where the sender has none; `kind`: of vaccine; `day`: RXA-3 as sent, as far as the day."""

    number: str
    authority: str
    kind: str
    day: str

    @property
    def without_day(self) -> Name:
        return self._replace(day="")


def name_of(told: Told, rxa: Segment) -> Name:
    """What names the dose of an RXA."""
    return Name(*_number(told.orc, rxa), _kind(told, rxa), rxa.text(3)[:8])


def shared_names(told: Iterable[Told]) -> frozenset[Name]:
    """Names (without a day) under which one message tells of several days: these name none of them."""
    days: dict[Name, set[str]] = {}
    for name in _added(told):
        days.setdefault(name.without_day, set()).add(name.day)
    return frozenset(name for name, found in days.items() if len(found) > 1)


def numbered(name: Name, shared: frozenset[Name]) -> Name:
    """The name of a numbered dose: its day is part of it only where the message needs that."""
    return name if name.without_day in shared else name.without_day


def added_names(told: Iterable[Told], shared: frozenset[Name]) -> frozenset[Name]:
    """Names of the doses that one message adds or updates, whatever else it deletes."""
    return frozenset(numbered(name, shared) for name in _added(told))


def _added(told: Iterable[Told]) -> list[Name]:
    """Names of numbered doses that one message adds or updates."""
    found = [name_of(each, each.rxa) for each in told if each.rxa is not None and action(each.rxa)[0] != "D"]
    return [name for name in found if name.number]


def action(rxa: Segment) -> tuple[str, tuple[str, ...]]:
    """RXA-21 (table 0323), and what is odd about it; empty is an addition."""
    told = rxa.text(21).upper() or "A"
    return (told, ()) if told in _ACTIONS else ("A", ("action-unknown",))


def codes(rxa: Segment) -> tuple[str, str, tuple[str, ...]]:
    """CVX and NDC of RXA-5, whichever triplet they stand in; empty where not sent; and what is odd about them."""
    sent = rxa.coded(5)
    return vaccine_codes(((sent.code, sent.system), (sent.alt_code, sent.alt_system)))


def type_is_covid(told: Told) -> bool:
    """OBX 30956-7, the vaccine's type by CVX."""
    for obx in told.observed:
        sent = obx.coded(5)
        if obx.text(3) == _VACCINE_TYPE and is_cvx(sent.system) and is_covid(sent.code):
            return True
    return False


def _kind(told: Told, rxa: Segment) -> str:
    cvx, ndc, _ = codes(rxa)
    vaccine = judge(cvx, ndc, type_is_covid(told))
    names_none = vaccine.no_dose or not (cvx or ndc or rxa.text(5))
    if vaccine.covid or (names_none and action(rxa)[0] in "UD"):
        return COVID
    return vaccine.cvx or ndc or rxa.text(5)


def _number(orc: Segment | None, rxa: Segment) -> tuple[str, str]:
    """What the sender calls this dose, and whose number that is; empty where it calls it nothing."""
    if orc is not None and (
        number := real_id(orc.text(3))
    ):  # 9999, too, is what the guide writes where nothing was ordered
        return number, orc.text(3, 3) or orc.text(3, 2)
    for n in range(1, min(rxa.repetitions(9), _MOST_REPETITIONS) + 1):
        if rxa.text(9, 3, 1, n).upper() == "IMM_ID" and (number := real_id(rxa.text(9, 1, 1, n))):
            return number, "IMM_ID"
    return "", ""
