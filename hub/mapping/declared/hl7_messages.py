"""Format `hl7v2`: messages, or with `each: OBX` one record per such segment.

    `PID-5.1` `PID-3[2].4.2`      field, repetition, component, sub-component, counted from 1 as in the standard
    `OBX[].5` `NK1[].2.1`         of every such segment of the message

Read with `each: OBX`, `OBX-…` is the segment at hand; of any other segment the nearest one before it counts, else the
first one behind it (the OBR above an OBX, the SPM below).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hub.formats import hl7v2
from hub.formats.errors import ParseError
from hub.formats.hl7v2_segment import Segment
from hub.mapping.declared.format import BadRule, Dates, Fault, Look, Reading, Record, RecordFormat, Where, bytes_of
from hub.mapping.program import Alone, Content

__all__ = ["FORMAT", "Hl7Messages"]

_PATH = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?P<all>\[\])?[-.](?P<field>\d{1,3})(?:\[(?P<repetition>\d{1,3}|\*)\])?"
    r"(?:\.(?P<component>\d{1,2}))?(?:\.(?P<sub>\d{1,2}))?\Z",
    re.ASCII,
)
_TRANSPORT = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{2})(?:[-.](?P<field>\d{1,3}))?\Z", re.ASCII)
_OF_EVERY_SENDING = {"MSH": (7, 10, 13, 14)}
"""HL7 v2.5.1 §2.14.9: time of the message, its control id, sequence number, continuation pointer."""


class Place(NamedTuple):
    """Body of a record: a message, and the index of the segment at hand (-1: the whole message)."""

    segments: tuple[Segment, ...]
    at: int = -1


class Hl7Messages:
    """Messages in MLLP frames, batches or one after another."""

    alone: Alone = "record"
    dates: Dates | None = "hl7"

    def __init__(self, reading: Reading) -> None:
        self._each = reading.each
        if reading.each is not None and not re.fullmatch("[A-Z][A-Z0-9]{2}", reading.each):
            raise BadRule("each", f"{reading.each} is no segment; an example: OBX")
        if reading.path_language is not None:
            raise BadRule("path_language", "hl7v2 has one kind of path, such as PID-5.1")
        fields = {name: set(numbers) for name, numbers in _OF_EVERY_SENDING.items()}
        self._left_out: set[str] = set()
        for path in reading.transport:
            match = _TRANSPORT.match(path)
            if match is None:
                raise BadRule("transport", f"{path} must be a segment or a field of one, such as ZTS or OBX-19")
            if match["field"] is None:
                self._left_out.add(match["segment"])
            else:
                fields.setdefault(match["segment"], set()).add(int(match["field"]))
        self._fields: Mapping[str, set[int]] = fields

    def records(self, file: str, content: Content) -> Iterator[Record | Fault]:
        """A message without the segment of `each` is a record too: it is not lost silently. An empty batch holds none."""
        for item in hl7v2.read(bytes_of(content)):
            if isinstance(item, hl7v2.Mismatch):
                yield Fault({"file": file}, b"", ParseError("batch-count-mismatch", item.segment))
                continue
            where: Where = {"file": file, "message": item.number}
            if isinstance(item, hl7v2.Broken):
                if item.error.reason == "empty-batch":
                    continue
                yield Fault(where, item.raw, item.error)
                continue
            found = [n for n, segment in enumerate(item.segments) if segment.name == self._each]
            for at in found or [-1]:
                yield Record(where, item.raw, Place(item.segments, at))

    def look(self, path: str, *, needed: bool = False) -> Look:  # noqa: ARG002 - a message may lack any segment
        """Values of the segment at hand, of the nearest one, or of every one of that name."""
        match = _PATH.match(path.strip())
        if not match or match["field"] == "0":
            raise BadRule("from", f"{path} is no HL7 path; an example: PID-5.1, or OBX[].5 for every OBX")
        name, number = match["segment"], int(match["field"])
        component, sub = int(match["component"] or 1), int(match["sub"] or 1)
        repetition, every, at_hand = match["repetition"] or "1", bool(match["all"]), name == self._each

        def values(segment: Segment) -> list[str]:
            wanted = range(1, segment.repetitions(number) + 1) if repetition == "*" else (int(repetition),)
            found = (segment.text(number, component, sub, n) for n in wanted)
            return [value for value in found if value]

        def read(record: Record) -> list[str]:
            place: Place = record.body
            if every:
                return [value for segment in place.segments if segment.name == name for value in values(segment)]
            segment = _near(place, name, at_hand)
            return values(segment) if segment is not None else []

        return read

    def content(self, record: Record) -> Any:
        """The whole message, whichever segment is at hand: a path may look at any."""
        place: Place = record.body
        separator = place.segments[0].line[3:4]
        lines = [self._said(segment, separator) for segment in place.segments if segment.name not in self._left_out]
        return [place.at, *lines]

    def _said(self, segment: Segment, separator: str) -> str:
        line = segment.line
        if numbers := self._fields.get(segment.name):
            first = 1 if segment.name == "MSH" else 0  # MSH-1 is the separator itself
            fields = line.split(separator)
            line = separator.join("" if n + first in numbers else field for n, field in enumerate(fields))
        return line.rstrip(f"{separator} \r\n")


def _near(place: Place, name: str, at_hand: bool) -> Segment | None:
    segments, at = place
    if at_hand:
        return segments[at] if at >= 0 else None
    before = next((segments[n] for n in range(at, -1, -1) if segments[n].name == name), None)
    return before or next((segment for segment in segments[max(at, 0) :] if segment.name == name), None)


FORMAT = RecordFormat(Hl7Messages)
