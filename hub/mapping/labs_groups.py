"""Orders of a laboratory message: which order and specimen each OBX belongs to, and when it was collected and resulted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from hub.formats.hl7v2 import Message, Segment
from hub.mapping.dates import hl7_date
from hub.mapping.labs_observation import is_covid_order, is_covid_result, is_question

__all__ = [
    "Dates",
    "Group",
    "OfOrder",
    "collected_by_order",
    "dates",
    "filler",
    "first_filler",
    "is_previous_result",
    "observations_of",
    "specimen",
]


_CORRECTED = frozenset("CAB")  # OBX-11
_WITHDRAWN = frozenset("XWDxwd")  # OBR-25


class Group(NamedTuple):
    """An order, its specimen, whether any of its SARS-CoV-2 results carries a status of its own, and whether it is a corrected
    order of which some results say themselves that they are the correction: then the others are none. `number`: OBR-3, with its
    authority."""

    orc: Segment | None
    obr: Segment | None
    spm: Segment | None
    stated: bool = False
    told_apart: bool = False
    number: str = ""


class OfOrder(Segment):
    """An OBX that was not sent: the result of a withdrawn order."""

    __slots__ = ()


class _Open:
    """A group while its message is read."""

    __slots__ = ("obr", "observed", "orc", "spm")

    def __init__(self, orc: Segment | None, obr: Segment | None, spm: Segment | None) -> None:
        self.orc, self.obr, self.spm = orc, obr, spm
        self.observed: list[Segment] = []

    def closed(self, loose: Segment | None) -> Group:
        """The group; `loose`: the specimen of those that have none of their own."""
        obr = self.obr
        own = [obx.raw(11) for obx in self.observed]
        stated = "" in own and any(obx.text(11) and is_covid_result(obx) for obx in self.observed)  # hardly ever
        corrected = obr is not None and obr.raw(25).upper() == "C"
        apart = corrected and any(word.upper() in _CORRECTED for word in own)
        return Group(self.orc, obr, self.spm or loose, stated, apart, _filler(obr))


def observations_of(message: Message, *, heading: bool) -> list[tuple[Segment, Group]]:
    """Each OBX with the order above it and the specimen of that order, wherever in the group the specimen stands; of an order that
    is withdrawn without any result, one of the test that was ordered. `heading`: in an
    OUL (HL7 v2.5.1 §7.3, unverified: from memory) a specimen that stands above the orders is of those below it, and ORC follows
    OBR."""
    groups: list[_Open] = []
    orc: Segment | None = None
    above: Segment | None = None
    loose: Segment | None = None  # the first specimen, also where it stands above every order
    for segment in message.segments:
        name = segment.name
        if name == "OBX":
            if not groups:
                groups.append(_Open(orc, None, None))
            groups[-1].observed.append(segment)
        elif name == "ORC":
            orc = segment
            if heading and groups and not groups[-1].observed:
                groups[-1].orc = orc
        elif name == "OBR":
            groups.append(_Open(None if heading else orc, segment, above))
        elif name == "SPM":
            if heading and (above is not None or not groups):
                above = segment
            loose = loose or segment
            if above is None and groups and groups[-1].spm is None:
                groups[-1].spm = segment
    found: list[tuple[Segment, Group]] = []
    for each in groups:
        if each.obr is not None and each.obr.raw(25)[:1] in _WITHDRAWN and all(map(is_question, each.observed)):
            each.observed += _withdrawn(each.obr, message)
        whole = each.closed(loose)
        found += [(obx, whole) for obx in each.observed]
    return found


def _withdrawn(obr: Segment, message: Message) -> list[OfOrder]:
    """The result that a withdrawn order for a SARS-CoV-2 test does not name: one of the test that was ordered (OBR-4), so that what
    was told of it before does not stand."""
    if not is_covid_order(obr):
        return []
    field = message.separators.field
    line = field.join(("OBX", "", "", obr.raw(4), "", "", "", "", "", "", "", obr.raw(25)))
    return [OfOrder(line, message.separators, message.charset)]


def filler(group: Group) -> str:
    """Filler order number with its authority: OBR-3, else ORC-3, else the specimen."""
    return group.number or _filler(group.orc) or specimen(group)


def first_filler(message: Message, observed: Sequence[tuple[Segment, Group]]) -> str:
    """That of the first order that has one, else of the first ORC. `observed`: what `observations_of` gives."""
    if observed and observed[0][1].obr is message.first("OBR") and (number := observed[0][1].number):
        return number
    for obr in message.all("OBR"):
        if number := _filler(obr):
            return number
    return _filler(message.first("ORC"))


def _filler(order: Segment | None) -> str:
    """Field 3 of OBR or ORC: the number, and its universal id, else its namespace."""
    if order is None:
        return ""
    number, namespace, universal = (*order.components(3), "", "", "")[:3]
    return f"{number}^{universal or namespace}" if number else ""


def specimen(group: Group) -> str:
    """The laboratory's id of the specimen (SPM-2.2), else the sender's; empty when there is none."""
    spm = group.spm
    return (spm.text(2, 2) or spm.text(2, 1)) if spm is not None else ""


def is_previous_result(obx: Segment, group: Group) -> bool:
    """An earlier test told as an answer: this order's own result has a status and this one has none, nobody performed it, and it
    was observed before this specimen was taken, as far as that can be told. The only result of an order is never one."""
    if not group.stated or obx.text(11) or obx.raw(15) or obx.raw(23):
        return False
    observed, collected = _day(obx, 14), collected_by_order(group)
    return observed is None or collected is None or observed < collected


def collected_by_order(group: Group) -> date | None:
    """When its specimen was taken as the order tells: SPM-17, else OBR-7."""
    return _day(group.spm, 17) or _day(group.obr, 7)


class Dates(NamedTuple):
    """Of one observation. `collected`: SPM-17, else OBR-7, else OBX-14, and what was `written` there; `resulted`: OBR-22, else
    OBX-19; `issue`: `unreadable-date` where one of the five holds something that is no day, `date-in-the-future` where one lies
    ahead: the result stands without it, or with the next one that tells the same; `reported`: OBR-22 as written, empty where it
    lies ahead, as no correction would ever sort behind it."""

    collected: date | None
    written: str
    resulted: date | None
    issue: str
    reported: str


def dates(obx: Segment, group: Group, today: date = date.max) -> Dates:
    """When it was collected and resulted, by the civil calendar of the sender. `today`: as in MappingContext."""
    obr, spm = group.obr, group.spm
    told = ((spm, 17), (obr, 7), (obx, 14), (obr, 22), (obx, 19))
    days = [_day(segment, field) for segment, field in told]
    unread = None in days and any(
        day is None and segment is not None and segment.text(field)
        for day, (segment, field) in zip(days, told, strict=True)
    )
    late = False
    for day in days:  # a loop: of every result, and nearly never so
        if day is not None and day > today:
            late = True
            break
    told_late = late and days[3] is not None and days[3] > today
    if late:
        days = [None if day is not None and day > today else day for day in days]
    first = 0 if days[0] else 1 if days[1] else 2
    written, place = told[first]
    return Dates(
        days[first],
        written.text(place) if written is not None else "",
        days[3] or days[4],
        "date-in-the-future" if late else "unreadable-date" if unread else "",
        obr.text(22) if obr is not None and not told_late else "",
    )


def _day(segment: Segment | None, field: int) -> date | None:
    """The day of a time in a field. Eight digits at its head are the head of its text too: nothing is split or decoded for it."""
    if segment is None:
        return None
    head = segment.raw(field)[:8]
    return hl7_date(head if head.isdigit() else segment.text(field))
