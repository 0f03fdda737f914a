"""Questions asked at order entry (AOE): answers anywhere in the message, as OBX or flattened into NTE text.

Unknown stays unknown, it is never read as no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from hub.domain.events import YesNo
from hub.domain.lab_tables import observations
from hub.formats.hl7v2 import Message, Segment
from hub.mapping.dates import hl7_date

__all__ = ["Answers", "answers"]

_NOTE = re.compile(r"(\d{3,6}-\d) [^:]{1,200}:.*?(\S+) (\S+)$")
_WITHDRAWN = frozenset({"W", "D", "X"})
_YES_NO: dict[str, YesNo] = {"Y": "yes", "YES": "yes", "N": "no", "NO": "no"}


@dataclass(slots=True)
class Answers:
    """What was asked of the person beside the test."""

    onset: date | None = None
    symptomatic: YesNo = "unknown"
    congregate: YesNo = "unknown"
    residence: str | None = None
    county: str = ""


def answers(message: Message) -> Answers:
    """All answers of a message; the first known one of each question stands."""
    found = Answers()
    for asks, value in (*_observed(message), *_noted(message)):
        if asks == "onset":
            found.onset = found.onset or hl7_date(value)
        elif asks in ("symptomatic", "congregate"):
            if getattr(found, asks) == "unknown":
                setattr(found, asks, _YES_NO.get(value.upper(), "unknown"))
        elif asks == "residence":
            found.residence = found.residence or (value if value.isdigit() else None)
        elif asks == "county":
            found.county = found.county or value
    return found


def _observed(message: Message) -> Iterator[tuple[str, str]]:
    table = observations()
    for obx in message.all("OBX"):
        question = obx.coded(3)
        known = table.get(question.code) or table.get(question.alt_code)
        if known is not None and known.asks and obx.text(11).upper() not in _WITHDRAWN:
            yield known.asks, obx.text(5)


def _noted(message: Message) -> Iterator[tuple[str, str]]:
    """`95421-4 Resides in a congregate care setting: No N HL70136`: code, question, display, code, system."""
    table = observations()
    for note in _notes(message):
        match = _NOTE.match(note.text(3)[:400])
        known = table.get(match.group(1)) if match else None
        if match and known is not None and known.asks:
            yield known.asks, match.group(2)


def _notes(message: Message) -> Iterator[Segment]:
    return (segment for segment in message.segments if segment.name == "NTE")
