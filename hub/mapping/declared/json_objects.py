"""Format `json`: documents (one, several, or one a line); with `each`, a JMESPath, one record per object that it finds.

    `guest.name.family`           JMESPath in the record
    `$.site.id`                   JMESPath in what stands above the records: the document's objects and values, no lists

A record of `each` is kept as `{"$record": …, "$above": …}`, which is read again as that one record: a sender may write it too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import jmespath

from hub.formats import fhir
from hub.formats.errors import ParseError
from hub.mapping.declared.format import (
    BadRule,
    Dates,
    Fault,
    Look,
    NotAValue,
    Reading,
    Record,
    RecordFormat,
    Where,
    bytes_of,
    member_path,
    without,
)
from hub.mapping.program import Alone, Content

__all__ = ["FORMAT", "JsonObjects", "dump", "jmespath_look", "searcher", "texts"]

_RECORD, _ABOVE, _TOP = "$record", "$above", "$."
_RECORDS = 100_000  # of one document
_ABOVE_BYTES = 65_536  # it is kept with each record


class JsonObjects:
    """`body` of a record: its object; `above`: what stands above it, None where the record is the document."""

    alone: Alone = "record"
    dates: Dates | None = None

    def __init__(self, reading: Reading) -> None:
        if reading.path_language not in (None, "jmespath"):
            raise BadRule("path_language", "json has JMESPath")
        self._each = searcher(reading.each, "each") if reading.each else None
        self._transport = [member_path(path) for path in reading.transport if not path.startswith(_TOP)]
        self._transport_above = [
            member_path(path.removeprefix(_TOP)) for path in reading.transport if path.startswith(_TOP)
        ]
        if self._each is None:
            self._transport += self._transport_above

    def records(self, file: str, content: Content) -> Iterator[Record | Fault]:
        """Every object that `each` finds, or every document."""
        for item in fhir.documents(bytes_of(content)):
            where: Where = {"file": file, "document": item.number}
            if isinstance(item, fhir.Broken):
                yield Fault(where, item.raw, item.error)
            elif isinstance(item.body, dict) and {_RECORD} <= item.body.keys() <= {_RECORD, _ABOVE}:
                yield self._record(where, item.raw, item.body[_RECORD], item.body.get(_ABOVE))
            else:
                yield from self._chosen(where, item)

    def _chosen(self, where: Where, item: fhir.Document) -> Iterator[Record | Fault]:
        at = f"document {item.number}"
        try:
            found = item.body if self._each is None else self._each(item.body)
        except NotAValue:
            yield Fault(where, item.raw, ParseError("not-an-object", at))
            return
        above = None if self._each is None else _above(item.body)
        several = isinstance(found, list)
        items = found if isinstance(found, list) else [found]
        if not items or len(items) > _RECORDS:
            yield Fault(where, item.raw, ParseError("too-many-entries" if items else "empty", at))
        elif above and len(dump(above)) > _ABOVE_BYTES:
            yield Fault(where, item.raw, ParseError("too-large", at))
        else:
            for number, body in enumerate(items, 1):
                here: Where = {**where, "item": number} if several else where
                whole = above is None or not isinstance(body, dict)
                raw = item.raw if whole and not several else dump(body if whole else {_RECORD: body, _ABOVE: above})
                yield self._record(here, raw, body, above)

    def _record(self, where: Where, raw: bytes, body: Any, above: Any) -> Record | Fault:
        if isinstance(body, dict):
            return Record(where, raw, body, above=above)
        return Fault(where, raw, ParseError("not-an-object", f"document {where['document']}"))

    def look(self, path: str, *, needed: bool = False) -> Look:  # noqa: ARG002 - an object may lack any member
        """JMESPath in the record, or with `$.` above it."""
        return jmespath_look(path)

    def content(self, record: Record) -> Any:
        """The record, and what stands above it."""
        said = without(record.body, self._transport)
        return said if record.above is None else [said, without(record.above, self._transport_above)]


def _above(document: Any) -> Any:
    """A document's objects and values, without its lists: what all of its records stand under."""
    if not isinstance(document, dict):
        return {}
    return {
        name: _above(value) if isinstance(value, dict) else value
        for name, value in document.items()
        if not isinstance(value, list)
    }


def searcher(path: str, part: str) -> Callable[[Any], Any]:
    """A JMESPath as a function that raises NotAValue; BadRule when it is none."""
    try:
        expression = jmespath.compile(path)
    except Exception:  # the library's errors have no common base of use here
        raise BadRule(part, f"{path} is no JMESPath; an example: guest.name.family") from None

    def search(value: Any) -> Any:
        try:
            return expression.search(value)
        except jmespath.exceptions.JMESPathError:
            raise NotAValue from None

    return search


def jmespath_look(path: str) -> Look:
    """Values at a JMESPath of the record; `$.`: above it."""
    top = path.startswith(_TOP)
    search = searcher(path.removeprefix(_TOP), "from")

    def read(record: Record) -> list[str]:
        return texts(search(record.body if not top or record.above is None else record.above))

    return read


def texts(found: Any) -> list[str]:
    """What was found as trimmed text, empty ones left out; NotAValue for an object or a list in a list."""
    made: list[str] = []
    for item in found if isinstance(found, list) else [found]:
        if item is None:
            continue
        if isinstance(item, bool):
            made.append("true" if item else "false")
        elif isinstance(item, str | int):
            made.append(str(item).strip())
        elif isinstance(item, float):
            made.append(str(int(item)) if item.is_integer() else repr(item))
        else:
            raise NotAValue
    return [text for text in made if text]


def dump(value: object) -> bytes:
    """Compact JSON, as read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


FORMAT = RecordFormat(JsonObjects)
