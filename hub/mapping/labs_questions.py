"""Questions asked at order entry (AOE) in a laboratory message: anywhere in it, as OBX or flattened into NTE text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from hub.domain.lab_answers import Answers, Learnt, learnt
from hub.domain.lab_tables import observations
from hub.formats.hl7v2 import Message, Segment
from hub.formats.hl7v2_segment import remembering
from hub.mapping.dates import hl7_date
from hub.mapping.labs_observation import is_question

__all__ = ["Said", "answers", "said"]

_NOTE = re.compile(r"(\d{3,6}-\d) [^:]{1,200}:.*?(\S+) (\S+)$")
_WITHDRAWN = frozenset({"W", "D", "X"})


class Said(NamedTuple):
    """What an OBX says as an answer of the person; nothing where it answers no question that the hub keeps, or is withdrawn.
    `is_question`: it is no observation, whether the hub keeps its answer or not."""

    told: tuple[Learnt, ...]
    is_question: bool


@remembering(3, 5, 6, 11, 29)
def said(obx: Segment) -> Said:
    """What an OBX says, whichever message it is in."""
    return Said(tuple(told for told in _told(obx) if told is not None), is_question(obx))


def answers(message: Message, asked: Iterable[Said]) -> Answers:
    """All answers of a message, of its OBX as `said` reads them and of its NTE; the first known one of each question stands."""
    found = Answers()
    for one in asked:
        for told in one.told:
            found.take(*told)
    for note in message.all("NTE"):
        _noted(found, note)
    return found


def _told(obx: Segment) -> tuple[Learnt | None, ...]:
    question, table = obx.coded(3), observations()
    known = table.get(question.code) or table.get(question.alt_code)
    if known is None or not known.asks or obx.text(11).upper() in _WITHDRAWN:
        return ()
    value = obx.text(5)
    if known.asks == "onset":
        return (learnt(known.asks, value, on=hl7_date(value)),)
    if known.asks == "age":  # a structured number has its comparator first: ^10
        return (learnt(known.asks, value or obx.text(5, 2), unit=obx.text(6)),)
    answered = obx.coded(5)
    return learnt(known.asks, answered.code or answered.display), learnt(known.asks, answered.alt_code)


def _noted(found: Answers, note: Segment) -> None:
    """`95421-4 Resides in a congregate care setting: No N HL70136`: code, question, display, code, system."""
    match = _NOTE.match(note.text(3)[:400])
    known = observations().get(match.group(1)) if match else None
    if match and known is not None and known.asks:
        found.tell(known.asks, match.group(2), on=hl7_date(match.group(2)) if known.asks == "onset" else None)
