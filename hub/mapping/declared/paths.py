"""Paths as people of each format write them, compiled to functions that give every value found, as trimmed text.

    csv    `first_name`                  a column, in any case
    hl7v2  `PID-5.1` `PID-3[2].4.2`      field, repetition, component, sub-component, counted from 1 as in the standard
           `OBX[].5` `NK1[].2.1`         of every such segment of the message
    json   `guest.name.family`           JMESPath in the record; `$.site.id` JMESPath from the top of the document
    fhir   `name[0].family` `identifier[?system=='urn:x'].value`     JMESPath in the resource

Read with `each: OBX`, `OBX-…` is the segment at hand; of any other segment the nearest one before it counts, else the
first one behind it (the OBR above an OBX, the SPM below).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import jmespath

from hub.formats.hl7v2_segment import Segment
from hub.mapping.declared.parsing import BadRule
from hub.mapping.declared.records import Record

__all__ = ["Look", "look"]

Look = Callable[[Record], list[str]]
"""Every value at a path, trimmed, empty ones left out. Raises NotAValue where something with parts stands."""

_HL7 = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?P<all>\[\])?[-.](?P<field>\d{1,3})(?:\[(?P<repetition>\d{1,3}|\*)\])?"
    r"(?:\.(?P<component>\d{1,2}))?(?:\.(?P<sub>\d{1,2}))?\Z",
    re.ASCII,
)


class NotAValue(Exception):
    """The path leads to an object or a list of objects, not to a value."""


def look(format_: str, path: str, each: str | None) -> Look:
    """BadRule when it is no path of this format."""
    if format_ == "csv":
        column = path.strip().lower()
        return lambda record: [value] if (value := record.cells.get(column, "")) else []
    if format_ == "hl7v2":
        return _hl7(path, each)
    return _json(path)


def _hl7(path: str, each: str | None) -> Look:
    match = _HL7.match(path.strip())
    if not match or match["field"] == "0":
        raise BadRule("from", f"{path} is no HL7 path; an example: PID-5.1, or OBX[].5 for every OBX")
    name, number = match["segment"], int(match["field"])
    component, sub = int(match["component"] or 1), int(match["sub"] or 1)
    repetition = match["repetition"] or "1"
    every = bool(match["all"])

    def values(segment: Segment) -> list[str]:
        wanted = range(1, segment.repetitions(number) + 1) if repetition == "*" else (int(repetition),)
        found = (segment.text(number, component, sub, n) for n in wanted)
        return [value for value in found if value]

    def read(record: Record) -> list[str]:
        if every:
            return [value for segment in record.segments if segment.name == name for value in values(segment)]
        segment = _near(record, name, name == each)
        return values(segment) if segment is not None else []

    return read


def _near(record: Record, name: str, at_hand: bool) -> Segment | None:
    segments, at = record.segments, record.at
    if at_hand:
        return segments[at] if at >= 0 else None
    before = next((segments[n] for n in range(at, -1, -1) if segments[n].name == name), None)
    return before or next((segment for segment in segments[max(at, 0) :] if segment.name == name), None)


def _json(path: str) -> Look:
    top = path.startswith("$.")
    try:
        expression = jmespath.compile(path.removeprefix("$."))
    except Exception:  # the library's errors have no common base of use here
        raise BadRule("from", f"{path} is no JMESPath; an example: guest.name.family") from None

    def read(record: Record) -> list[str]:
        try:
            return _texts(expression.search(record.document if top else record.body))
        except jmespath.exceptions.JMESPathError:
            raise NotAValue from None

    return read


def _texts(found: Any) -> list[str]:
    items: Sequence[Any] = found if isinstance(found, list) else [found]
    texts: list[str] = []
    for item in items:
        if item is None:
            continue
        if isinstance(item, bool):
            texts.append("true" if item else "false")
        elif isinstance(item, str | int):
            texts.append(str(item).strip())
        elif isinstance(item, float):
            texts.append(str(int(item)) if item.is_integer() else repr(item))
        else:
            raise NotAValue
    return [text for text in texts if text]
