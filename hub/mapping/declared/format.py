"""What a format is to the engine: bytes → records, a path → its values, and what of a record its version hangs on.

The hub's own formats (csv, hl7v2, json, fhir) and anybody's else are `RecordFormat`s named in entry-point group `hub.formats`:

    [project.entry-points."hub.formats"]
    fixed-width = "their_package.columns:FORMAT"

with `FORMAT = RecordFormat(open)` and `open(Reading(…))` giving an `Opened`. docs/extending.md takes one through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from hub.formats.errors import ParseError
from hub.mapping.declared.parsing import BadRule
from hub.mapping.program import Alone, Content

__all__ = [
    "BadRule", "Dates", "Fault", "Look", "NotAValue", "Opened", "Path", "Reading", "Record", "RecordFormat", "Where", "bytes_of",
    "canonical", "member_path", "without",
]  # fmt: skip

Where = dict[str, str | int]
Dates = Literal["iso", "hl7"]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that rules look into.

    `where`: `file`, and `row`, `message`, `document` …: a position, never a value. `raw` is the original; with `head` before
    it, it is read again alone. `body` is what the format's own paths look into, `above` what stands around it. Where
    `chosen` is False there was nothing for `each` to choose in the document: it is told of as ignored.
    """

    where: Where
    raw: bytes
    body: Any
    head: bytes = b""
    above: Any = None
    chosen: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """What could not be read: a dead letter with its reason; the records beside it go on."""

    where: Where
    raw: bytes
    error: ParseError
    head: bytes = b""


Look = Callable[[Record], list[str]]
"""Every value at a path, trimmed, empty ones left out. Raises NotAValue where something with parts stands."""


class NotAValue(Exception):
    """The path leads to an object or a list of objects, not to a value."""


class Reading(NamedTuple):
    """What section `source` of a connector.yaml says about reading."""

    each: str | None = None
    transport: tuple[str, ...] = ()
    path_language: str | None = None


@runtime_checkable
class Opened(Protocol):
    """A format set up for one connector. All of it is pure: the same bytes give the same records, each time."""

    alone: Alone
    """`record`: `raw` is read again by itself; `headed`: under its `head`; `never`: only the whole file will do."""
    dates: Dates | None
    """How the format writes dates and times, where a rule says nothing; None: a rule must say."""

    def records(self, file: str, content: Content) -> Iterator[Record | Fault]:
        """In input order. Raises only what opening the file raises: whatever cannot be read is a Fault."""
        ...

    def look(self, path: str, *, needed: bool = False) -> Look:
        """A path as people of the format write it; BadRule("", why) when it is none. `needed`: a table without this column is
        the wrong file."""
        ...

    def content(self, record: Record) -> Any:
        """All that the source says in this record, less transport, whatever is mapped of it: what JSON can hold. Two records
        with the same content are the same version."""
        ...


@dataclass(frozen=True)
class RecordFormat:
    """A kind of record. `open` raises BadRule("each" | "transport" | "path_language", why) for what it cannot do."""

    open: Callable[[Reading], Opened]


def bytes_of(content: Content) -> bytes:
    """The whole of a file."""
    return content if isinstance(content, bytes) else content().read()


def canonical(value: Any) -> str:
    """JSON that is the same for the same value, whatever the order of its keys."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def member_path(path: str) -> Path:
    """`meta.lastUpdated` as its names; lists on the way are walked through. BadRule when it is more than names."""
    names = tuple(name.removesuffix("[]").removesuffix("[*]").strip('"`') for name in path.split("."))
    if not all(names) or any(sign in name for name in names for sign in "[]()'"):
        raise BadRule("transport", f"{path} must be names with dots between them, such as meta.lastUpdated")
    return names


def without(value: Any, paths: Sequence[Path]) -> Any:
    """The value less what these paths name; what is not named stays as it is."""
    if not paths:
        return value
    if isinstance(value, list):
        return [without(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        below = [path[1:] for path in paths if path[0] == name]
        if () not in below:
            kept[name] = without(inner, below)
    return kept
