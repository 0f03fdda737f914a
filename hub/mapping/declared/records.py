"""Bytes to the records that rules look into: CSV rows, HL7 v2 messages or segments, JSON objects, FHIR resources.

What cannot be read is a `Fault` with its position and its bytes; the records beside it are read as if it had not been there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath

from hub.formats import fhir, hl7v2
from hub.formats.delimited import RowFault, open_table
from hub.formats.errors import ParseError
from hub.formats.hl7v2_segment import Segment
from hub.mapping.program import Content

__all__ = ["Fault", "Record", "reader"]

Where = Mapping[str, str | int]
_TABLE_EVENTS = 100_000  # items of one JSON document


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that rules look into. Which of the parts is filled depends on the format.

    `raw` is the original; `head` is what must stand above it to be read alone (the header row of a table).
    """

    where: Where
    raw: bytes
    head: bytes = b""
    cells: Mapping[str, str] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    at: int = -1  # index of the segment this record is about; -1: the whole message
    body: Any = None
    document: Any = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What could not be read."""

    where: Where
    raw: bytes
    error: ParseError


Reader = Callable[[str, Content, frozenset[str]], Iterator[Record | Fault]]
"""(file name, content, columns that must be there) → records in input order. Raises what opening the file raises."""


def reader(format_: str, each: str | None) -> Reader:
    """The reader of a format. `each`: HL7 v2, a segment name; JSON, a JMESPath that gives the records of a document."""
    if format_ == "csv":
        return _rows
    if format_ == "hl7v2":
        return lambda file, content, _columns: _messages(file, _bytes(content), each)
    if format_ == "fhir":
        return lambda file, content, _columns: _resources(file, _bytes(content))
    expression = jmespath.compile(each) if each else None
    return lambda file, content, _columns: _objects(file, _bytes(content), expression)


def _bytes(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content().read()


def _rows(file: str, content: Content, columns: frozenset[str]) -> Iterator[Record | Fault]:
    try:
        table = open_table(content if isinstance(content, bytes) else content(), delimiters=",|\t;")
        table.require(columns, file)
    except ParseError as error:
        yield Fault({"file": file}, b"", error)
        return
    head = table.header()
    for row in table.rows():
        where: Where = {"file": file, "row": row.number}
        if isinstance(row, RowFault):
            yield Fault(where, row.raw, row.error)
        else:
            yield Record(where, row.raw, head, cells=row.cells)


def _messages(file: str, data: bytes, each: str | None) -> Iterator[Record | Fault]:
    for item in hl7v2.read(data):
        if isinstance(item, hl7v2.Mismatch):
            yield Fault({"file": file}, b"", ParseError("batch-count-mismatch", item.segment))
            continue
        where: Where = {"file": file, "message": item.number}
        if isinstance(item, hl7v2.Broken):
            yield Fault(where, item.raw, item.error)
        elif each is None:
            yield Record(where, item.raw, segments=item.segments)
        else:
            found = [index for index, segment in enumerate(item.segments) if segment.name == each]
            for index in found or [-1]:  # a message without such a segment is a record too: it is not lost silently
                yield Record(where, item.raw, segments=item.segments, at=index)


def _resources(file: str, data: bytes) -> Iterator[Record | Fault]:
    for item in fhir.read(data):
        where: Where = {"file": file, "document": item.number, **({"path": item.path} if "[" in item.path else {})}
        if isinstance(item, fhir.Broken):
            yield Fault(where, item.raw, item.error)
        else:
            yield Record(where, item.raw, body=item.body, document=item.body)


def _objects(file: str, data: bytes, each: Any) -> Iterator[Record | Fault]:
    for item in fhir.documents(data):
        where: Where = {"file": file, "document": item.number}
        if isinstance(item, fhir.Broken):
            yield Fault(where, item.raw, item.error)
            continue
        found = each.search(item.body) if each is not None else item.body
        several = isinstance(found, list)
        items = found if isinstance(found, list) else [found]
        if not items or len(items) > _TABLE_EVENTS:
            yield Fault(
                where, item.raw, ParseError("too-many-entries" if items else "empty", f"document {item.number}")
            )
            continue
        for number, body in enumerate(items, 1):
            here: Where = {**where, "item": number} if several else where
            raw = _dump(body) if several else item.raw
            if isinstance(body, dict):
                yield Record(here, raw, body=body, document=item.body)
            else:
                yield Fault(here, raw, ParseError("not-an-object", f"document {item.number}"))


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
