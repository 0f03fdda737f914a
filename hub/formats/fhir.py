"""FHIR R4 JSON: a document, NDJSON, a list, or several documents in one body, to single resources; bundles are flattened.

JSON that two readers could understand differently is refused: duplicate keys, NaN and Infinity, numbers that overflow.
Depth and size are capped. `read` yields each resource and each piece that is not one, in order; a bad line of an NDJSON
file does not stop the rest. XML is refused under a reason of its own. An entry that only answers a request (of a
transaction-response, say) holds nothing to read.

Sources: RFC 8259 §4 and §6; FHIR R4 Bundle; findings on the standard library in the reference notes (deep arrays,
duplicate keys, NaN).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from hub.formats.errors import ParseError, Reason

__all__ = ["Broken", "Document", "Limits", "Resource", "documents", "read"]

_SPACE = re.compile(r"[ \t\r\n\x1e]*")  # 0x1E: RFC 7464 record separator
_BAD_BYTE = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of a byte that is not UTF-8
_RESTARTS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps per JSON document."""

    characters: int = 16 * 1024 * 1024
    depth: int = 64
    entries: int = 50_000


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `number` counts documents from 1, `path` is where in its document (`Bundle.entry[3]`), `raw` its
    JSON, `bundle` the bundle it is an entry of.
    """

    number: int
    path: str
    body: Mapping[str, Any]
    raw: bytes
    bundle: Mapping[str, Any] | None = None

    @property
    def type(self) -> str:
        """`resourceType`."""
        return str(self.body["resourceType"])


@dataclass(frozen=True, slots=True)
class Document:
    """One whole JSON document that need be no resource: an object or a list."""

    number: int
    body: Any
    raw: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A document, or an entry of a bundle, that is no resource; `bundle` the one it is an entry of."""

    number: int
    path: str
    error: ParseError
    raw: bytes
    bundle: Mapping[str, Any] | None = None


class _Refused(ValueError):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def read(data: bytes, limits: Limits = Limits()) -> Iterator[Resource | Broken]:
    """Every resource of a unit, in order; none where its bundles are empty. Raises nothing."""
    if _is_xml(data):
        yield Broken(1, "", ParseError("xml-not-json", "document 1"), data)
        return
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")  # a bad byte costs its own document only
    lines = text.split("\n")
    documents = _lines(lines) if _is_ndjson(lines) else _documents(text, limits)
    number = 0
    for number, (document, value) in enumerate(documents, start=1):
        yield from _resources(document, value, number, limits)
    if not number:
        yield Broken(1, "", ParseError("empty", "document 1"), data)


def documents(data: bytes, limits: Limits = Limits()) -> Iterator[Document | Broken]:
    """Every JSON document of a unit (one, or one a line), as strictly as `read` but of any shape. Raises nothing."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
    lines = text.split("\n")
    number = 0
    for number, (document, value) in enumerate(
        _lines(lines) if _is_ndjson(lines) else _documents(text, limits), start=1
    ):
        try:
            yield Document(number, _checked(document, value, f"document {number}", limits), _bytes(document))
        except ParseError as error:
            yield Broken(number, "", error, _bytes(document))
    if not number:
        yield Broken(1, "", ParseError("empty", "document 1"), data)


def _is_xml(data: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def _is_ndjson(lines: list[str]) -> bool:
    """One document a line: most lines look like a whole object."""
    filled = [line.strip() for line in lines if line.strip()]
    whole = sum(line.startswith("{") and line.endswith("}") for line in filled)
    return len(filled) > 1 and whole * 2 > len(filled)


def _lines(lines: list[str]) -> Iterator[tuple[str, object]]:
    for line in lines:
        document = line.strip("\x1e\r \t")
        if document:
            yield document, _UNREAD


def _documents(text: str, limits: Limits) -> Iterator[tuple[str, object]]:
    """One document after another. After a bad one go on at the next line that begins with an object, a few times."""
    at, restarts = _skip(text, 0), 0
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            restarts += 1
            following = text.find("\n{", at + 1) if restarts < _RESTARTS else -1
            end = following + 1 if following >= 0 else len(text)
            value = _UNREAD
        yield text[at:end], value if end - at <= limits.characters else _UNREAD
        at = _skip(text, end)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


_UNREAD = object()


def _resources(document: str, value: object, number: int, limits: Limits) -> Iterator[Resource | Broken]:
    where = f"document {number}"
    try:
        value = _checked(document, value, where, limits)
        if isinstance(value, list) and any(map(_is_resource, value)):
            if len(value) > limits.entries:
                raise ParseError("too-many-entries", where)
        elif not _is_resource(value):
            raise ParseError("not-a-resource", where)
    except ParseError as error:
        yield Broken(number, "", error, _bytes(document))
        return
    if isinstance(value, list):
        yield from _listed(value, number, limits)
        return
    if value["resourceType"] != "Bundle":
        yield Resource(number, value["resourceType"], value, _bytes(document))
        return
    yield from _entries(value, "Bundle", number, limits)


def _is_resource(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str)


def _listed(values: list[object], number: int, limits: Limits) -> Iterator[Resource | Broken]:
    """What a list of resources and bundles holds; FHIR knows none, but exports are written so."""
    for index, value in enumerate(values):
        here = f"[{index}]"
        if not _is_resource(value):
            yield Broken(number, here, ParseError("not-a-resource", f"document {number} {here}"), _dump(value))
        elif value["resourceType"] == "Bundle":
            yield from _entries(value, f"{here}.Bundle", number, limits)
        else:
            yield Resource(number, f"{here}.{value['resourceType']}", value, _dump(value))


def _checked(document: str, value: object, where: str, limits: Limits) -> object:
    """The document as a value within the caps; ParseError."""
    if len(document) > limits.characters:
        raise ParseError("too-large", where)
    if _BAD_BYTE.search(document):
        raise ParseError("not-utf8", where)
    if value is _UNREAD:
        value = _decode(document, where)
    _check_depth(value, limits.depth, where)
    return value


def _entries(bundle: Mapping[str, Any], path: str, number: int, limits: Limits) -> Iterator[Resource | Broken]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or len(entries) > limits.entries:
        reason: Reason = "too-many-entries" if isinstance(entries, list) else "not-a-resource"
        yield Broken(number, path, ParseError(reason, f"document {number}"), _dump(bundle))
        return
    for index, entry in enumerate(entries):
        here = f"{path}.entry[{index}]"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and "response" in entry and not entry.keys() & {"resource", "request"}:
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            yield Broken(number, here, ParseError("not-a-resource", f"document {number} {here}"), _dump(entry), bundle)
        elif resource["resourceType"] == "Bundle":
            yield from _entries(resource, here, number, limits)
        else:
            yield Resource(number, here, resource, _dump(resource), bundle)


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def _check_depth(value: object, limit: int, where: str) -> None:
    """Level by level, so that depth costs no recursion of ours (the decoder's own ends in RecursionError)."""
    level = [value]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise ParseError("too-deep", where)


def _decode(document: str, where: str) -> object:
    try:
        return _DECODER.decode(document)
    except _Refused as refused:
        raise ParseError(refused.reason, where) from None
    except RecursionError:
        raise ParseError("too-deep", where) from None
    except ValueError:  # not JSON, or an integer of thousands of digits
        raise ParseError("not-json", where) from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Refused("duplicate-key")
    return made


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _Refused("not-a-number")
    return value


def _constant(_: str) -> object:
    raise _Refused("not-a-number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)


def _bytes(document: str) -> bytes:
    """The document as it came."""
    return document.encode(errors="surrogateescape")
