"""Values of a database: as cells of a table, as positions in JSON, and moved back by an overlap."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.connectors.away import SourceAway
from hub.errors import ConfigError

__all__ = ["DELIMITERS", "alike", "earlier", "heard", "said", "table"]

DELIMITERS = {"comma": ",", "tab": "\t", "pipe": "|"}
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d|)")


def table(rows: list[dict[str, Any]], delimiter: str = "comma") -> bytes:
    """CSV with a header line: times in ISO 8601, nothing for NULL, bytes in hex, JSON and arrays as JSON; quoted
    where a value needs it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=DELIMITERS[delimiter])
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return out.getvalue().encode()


def earlier(cursor: Any, overlap_s: float, overlap: int) -> Any:
    """The cursor less the overlap (seconds for a time, else a number), in its own type; a text that is no time stays as it is."""
    back = timedelta(seconds=overlap_s)
    if isinstance(cursor, datetime):
        return cursor - back
    if isinstance(cursor, date):
        return cursor - timedelta(days=-(-overlap_s // 86_400))
    if isinstance(cursor, int | float | Decimal):
        return cursor - overlap
    if isinstance(cursor, str) and (parts := _TIME.fullmatch(cursor)) is not None:
        moved = datetime.fromisoformat(f"{parts[1]}T{parts[3]}") - back
        fraction = f".{'0' * (len(parts[4]) - 1)}" if parts[4] else ""
        return moved.strftime(f"%Y-%m-%d{parts[2]}%H:%M:%S") + fraction + parts[5]
    return cursor


def alike(cursor: Any, to: datetime) -> Any:
    """The time `to` as the cursor column writes times; ConfigError when it holds no times."""
    to = to.astimezone(UTC)
    if isinstance(cursor, datetime):
        return to if cursor.tzinfo is not None else to.replace(tzinfo=None)
    if isinstance(cursor, date):
        return to.date()
    if isinstance(cursor, str) and (parts := _TIME.fullmatch(cursor)) is not None:
        fraction = f".{'0' * (len(parts[4]) - 1)}" if parts[4] else ""
        return to.strftime(f"%Y-%m-%d{parts[2]}%H:%M:%S") + fraction + parts[5]
    raise ConfigError("its cursor is not a time: give the beginning, or a position as JSON")


def said(value: Any) -> Any:
    """A value as JSON that `heard` takes back."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for name, (kind, _) in _TYPES.items():
        if isinstance(value, kind):
            return {name: value.isoformat() if isinstance(value, date) else str(value)}
    raise SourceAway("sql-cursor-type")


def heard(value: Any) -> Any:
    """What `said` was given."""
    if not isinstance(value, dict):
        return value
    [(name, text)] = value.items()
    return _TYPES[name][1](text)


_TYPES: dict[str, tuple[type, Callable[[str], Any]]] = {
    "time": (datetime, datetime.fromisoformat),  # before date: a datetime is one
    "date": (date, date.fromisoformat),
    "number": (Decimal, Decimal),
    "uuid": (UUID, UUID),
}


def _cell(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.hex() if isinstance(value, bytes) else value
