"""Questions asked at order entry (AOE) in a laboratory message: anywhere in it, as OBX or flattened into NTE text."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from hub.domain.lab_answers import Answers
from hub.domain.lab_tables import observations
from hub.formats.hl7v2 import Message, Segment
from hub.formats.hl7v2_segment import remembering
from hub.mapping.dates import hl7_date

__all__ = ["answers"]

_NOTE = re.compile(r"(\d{3,6}-\d) [^:]{1,200}:.*?(\S+) (\S+)$")
_WITHDRAWN = frozenset({"W", "D", "X"})


def answers(message: Message) -> Answers:
    """All answers of a message; the first known one of each question stands."""
    found = Answers()
    for obx in message.all("OBX"):
        for told in _told(obx):
            found.tell(told.asks, told.value, on=told.on, unit=told.unit)
    for note in message.all("NTE"):
        _noted(found, note)
    return found


class _Told(NamedTuple):
    asks: str
    value: str
    on: date | None = None
    unit: str = ""


@remembering(3, 5, 6, 11)
def _told(obx: Segment) -> tuple[_Told, ...]:
    """What an OBX tells; nothing where it answers no question that the hub keeps, or is withdrawn."""
    question, table = obx.coded(3), observations()
    known = table.get(question.code) or table.get(question.alt_code)
    if known is None or not known.asks or obx.text(11).upper() in _WITHDRAWN:
        return ()
    value = obx.text(5)
    if known.asks == "onset":
        return (_Told(known.asks, value, on=hl7_date(value)),)
    if known.asks == "age":  # a structured number has its comparator first: ^10
        return (_Told(known.asks, value or obx.text(5, 2), unit=obx.text(6)),)
    answered = obx.coded(5)
    first = _Told(known.asks, answered.code or answered.display)
    return (first, _Told(known.asks, answered.alt_code)) if answered.alt_code else (first,)


def _noted(found: Answers, note: Segment) -> None:
    """`95421-4 Resides in a congregate care setting: No N HL70136`: code, question, display, code, system."""
    match = _NOTE.match(note.text(3)[:400])
    known = observations().get(match.group(1)) if match else None
    if match and known is not None and known.asks:
        found.tell(known.asks, match.group(2), on=hl7_date(match.group(2)) if known.asks == "onset" else None)
