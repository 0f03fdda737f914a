"""Questions asked at order entry (AOE) in a laboratory message: anywhere in it, as OBX or flattened into NTE text."""

from __future__ import annotations

import re

from hub.domain.lab_answers import Answers
from hub.domain.lab_tables import observations
from hub.formats.hl7v2 import Message, Segment
from hub.mapping.dates import hl7_date

__all__ = ["answers"]

_NOTE = re.compile(r"(\d{3,6}-\d) [^:]{1,200}:.*?(\S+) (\S+)$")
_WITHDRAWN = frozenset({"W", "D", "X"})


def answers(message: Message) -> Answers:
    """All answers of a message; the first known one of each question stands."""
    found = Answers()
    table = observations()
    for obx in message.all("OBX"):
        question = obx.coded(3)
        known = table.get(question.code) or table.get(question.alt_code)
        if known is not None and known.asks and obx.text(11).upper() not in _WITHDRAWN:
            _observed(found, known.asks, obx)
    for segment in message.segments:
        if segment.name == "NTE":
            _noted(found, segment)
    return found


def _observed(found: Answers, asks: str, obx: Segment) -> None:
    value = obx.text(5)
    if asks == "onset":
        found.tell(asks, value, on=hl7_date(value))
    elif asks == "age":  # a structured number has its comparator first: ^10
        found.tell(asks, value or obx.text(5, 2), unit=obx.text(6))
    else:
        answered = obx.coded(5)
        found.tell(asks, answered.code or answered.display)
        if answered.alt_code:
            found.tell(asks, answered.alt_code)


def _noted(found: Answers, note: Segment) -> None:
    """`95421-4 Resides in a congregate care setting: No N HL70136`: code, question, display, code, system."""
    match = _NOTE.match(note.text(3)[:400])
    known = observations().get(match.group(1)) if match else None
    if match and known is not None and known.asks:
        found.tell(known.asks, match.group(2), on=hl7_date(match.group(2)) if known.asks == "onset" else None)
