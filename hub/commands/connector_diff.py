"""Two readings of a sample set against each other, record by record and field by field: `hub connector try --diff`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from hub.commands.connector_shown import shown_json
from hub.commands.connector_summary import position
from hub.domain.events import EVENT_TYPES, Event, PersonBlock

__all__ = ["differences"]

_NAMES = frozenset({"event_id"})
"""What differs wherever anything else does."""
_EVERYWHERE = frozenset({"mapping_version", "content_hash"})
"""What may differ in every record at once, and is told in one line."""


class _Record(NamedTuple):
    place: str
    kind: str
    fields: dict[str, Any]


def differences(before: Sequence[str], now: Sequence[str], *, masked: bool) -> list[str]:
    """Lines for people; none where both are the same. `before` and `now`: golden lines. With `masked`, only words of the hub are
    shown of a value that changed."""
    found, together = list[str](), Counter[str]()
    for old, new in _paired(before, now):
        if old is None or new is None:
            one, sign = (old, "-") if old is not None else (new, "+")
            assert one is not None
            found.append(f"{sign} {one.place}: {one.kind}, {_outcome(one)}")
        elif _outcome(old) != _outcome(new):
            found.append(f"  {new.place}: {new.kind}, {_outcome(old)} → {_outcome(new)}")
        elif changed := [
            name for name in sorted(old.fields | new.fields) if old.fields.get(name) != new.fields.get(name)
        ]:
            told = [name for name in changed if name not in _NAMES | _EVERYWHERE]
            if "mapping_version" in changed:
                together[
                    f"mapping_version {old.fields.get('mapping_version')} → {new.fields.get('mapping_version')}"
                ] += 1
            found += [f"  {new.place}: {new.kind} {_change(old, new, name, masked)}" for name in told]
            if not told and "mapping_version" not in changed:
                found.append(f"  {new.place}: {new.kind} {', '.join(changed)}")
    return [*found, *(f"  {n} records: {what}" for what, n in together.items())]


def _paired(before: Sequence[str], now: Sequence[str]) -> Iterator[tuple[_Record | None, _Record | None]]:
    """Records of one place and kind, in order; those of the old reading first."""
    old, new = _by_place(before), _by_place(now)
    for key in dict.fromkeys([*old, *new]):
        yield from zip_longest(old.get(key, []), new.get(key, []))


def _by_place(lines: Sequence[str]) -> dict[tuple[str, str], list[_Record]]:
    found: dict[tuple[str, str], list[_Record]] = {}
    for line in lines:
        record = _record(json.loads(line))
        found.setdefault((record.place, record.kind), []).append(record)
    return found


def _record(told: dict[str, Any]) -> _Record:
    event = told.get("event") or {}
    person = {f"person.{name}": value for name, value in (event.get("person") or {}).items()}
    fields = {name: value for name, value in event.items() if name != "person"} | person
    fields |= {name: told[name] for name in ("outcome", "reason", "issues") if told.get(name) is not None}
    where = {name: part for name, part in told["where"].items() if name != "field"}
    return _Record(position(where), told.get("type") or "record", fields)


def _outcome(record: _Record) -> str:
    reason = record.fields.get("reason")
    return f"{record.fields['outcome']}{f' ({reason})' if reason else ''}"


def _change(old: _Record, new: _Record, name: str, masked: bool) -> str:
    model = PersonBlock if name.startswith("person.") else EVENT_TYPES.get(new.kind, Event)
    one, other = (
        shown_json(model, name.removeprefix("person."), each.fields.get(name), masked=masked) for each in (old, new)
    )
    return f"{name}: {one} → {other}{' (another text)' if one == other else ''}"
