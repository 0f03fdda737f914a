"""What may stand in a log line, decided by an allow-list: everything else is dropped, nobody has to remember to hide it.

- A message must stand literally in the source file that logs it; one put together at run time is withheld.
- Only the fields of `FIELDS` pass, and only as numbers, short text or class names.
- Of an exception: its class and where it was raised. Its text only when it is a HubError, whose texts hold reason codes
  and positions by contract. Never locals.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import MutableMapping
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

from hub.errors import HubError

__all__ = ["FIELDS", "WITHHELD", "exception_summary", "literals", "redact", "safe_template"]

WITHHELD = "(message withheld: it was put together at run time)"

FIELDS = frozenset({
    "address", "agreement", "attempt", "bytes", "committed", "connector", "count", "door", "duration_s", "event_kind",
    "exit_code", "generation", "grade", "group", "host", "instance", "kind", "lag", "line", "offset", "outcome", "part",
    "partition", "partitions", "path", "pid", "port", "process", "processor", "profile", "reason", "records", "role",
    "row", "schema", "schema_id", "seconds", "signal", "source", "stage", "state", "status", "step", "stream", "subject",
    "table", "topic", "version", "where", "worker",
})  # fmt: skip
"""Fields a log line may carry. Adding one is a decision for the privacy officer: it must never hold a person's data."""

_MAX_TEXT = 200
_SLUG_FIELDS = frozenset({"reason", "stage", "outcome", "grade", "state", "kind", "event_kind"})
_SLUG = re.compile(r"[a-z0-9][a-z0-9._:-]{0,80}\Z")
_NAMES = re.compile(r"(?:hub\.[a-z0-9.-]+|__consumer_offsets|[a-z0-9.-]+-changelog)(?:[-:]\d+)?\Z")
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ #0]*[\d*]*(?:\.[\d*]+)?([a-zA-Z%])")
_FRAMES = 12


def redact(fields: MutableMapping[str, Any]) -> dict[str, Any]:
    """The fields of one line that may be written, values made plain."""
    return {name: _plain(value, slug=name in _SLUG_FIELDS) for name, value in fields.items() if name in FIELDS}


def exception_summary(error: BaseException) -> list[str]:
    """An exception and its causes, outermost first: class, text of a HubError, innermost frames as file:line function."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        text = f": {current}" if isinstance(current, HubError) else ""
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}{text}")
        lines.extend(_frames(current.__traceback__))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return lines


def safe_template(template: object, args: object, source: str) -> str:
    """A stdlib log message: the template if `source` (a file) holds it literally, filled with harmless arguments only."""
    if not isinstance(template, str) or template not in literals(source):
        return WITHHELD
    if not args:
        return template
    try:
        if isinstance(args, dict):
            return _numbers_to_text(template) % {name: _harmless(value) for name, value in args.items()}
        values = args if isinstance(args, tuple) else (args,)
        return _numbers_to_text(template) % tuple(_harmless(value) for value in values)
    except (TypeError, ValueError, KeyError):
        return template


@functools.lru_cache(maxsize=500)
def literals(source: str) -> frozenset[str]:
    """Every string that stands literally in a Python file; none when it cannot be read."""
    try:
        tree = ast.parse(Path(source).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    pieces = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    return frozenset(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces
    )


def _frames(trace: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in walk_tb(trace)][-_FRAMES:]
    return [f"  {code.co_filename}:{line} {code.co_name}" for code, line in frames]


def _plain(value: object, *, slug: bool) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, Path):
        value = str(value)
    if not isinstance(value, str):
        return f"<{type(value).__name__}>"
    if slug:
        return value if _SLUG.match(value) else "<withheld>"
    return value[:_MAX_TEXT]


def _harmless(value: object) -> str:
    """Numbers, topic names and class names; anything else is a type name."""
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, str) and _NAMES.match(value):
        return value
    return f"<{type(value).__name__}>"


def _numbers_to_text(template: str) -> str:
    return _PLACEHOLDER.sub(lambda found: "%%" if found[1] == "%" else _as_text(found[0]), template)


def _as_text(placeholder: str) -> str:
    name = re.match(r"%(\(\w+\))", placeholder)
    return f"%{name[1]}s" if name else "%s"
