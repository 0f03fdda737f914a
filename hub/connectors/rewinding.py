"""Going back: which positions let a source be read again, and which files were taken since when.

What is read again has the same ids, so going back costs time and never makes a second copy.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from hub.errors import ConfigError

__all__ = ["Taken", "bring_back", "parse_time", "summary", "taken_since"]

_TAKEN = ("done", "failed")  # where the file-drop door puts what it took
_RECEIPT = ".receipt.json"
_HIDDEN = ("key", "seen")  # of the sql-poll door: a number may be a guest's
_SHOWN = re.compile(r"[0-9][0-9T:.+Z -]{0,40}")  # a time or a number; anything else may be a key of the source


class Taken(NamedTuple):
    """A unit that stands in done/ or failed/, with when it was taken."""

    path: Path
    taken_at: datetime


def taken_since(inbox: Path, since: datetime | None) -> list[Taken]:
    """Units that were taken at `since` or later (None: all of them), the oldest first, as their receipts say."""
    found = [each for folder in _TAKEN for each in _taken(inbox / folder)]
    return sorted((each for each in found if since is None or each.taken_at >= since), key=lambda each: each.taken_at)


def bring_back(inbox: Path, since: datetime | None) -> int:
    """Put them back into the inbox, each in one step; how many. A name that stands there already is left: it is the newer."""
    count = 0
    for unit in taken_since(inbox, since):
        if os.path.lexists(inbox / unit.path.name):
            continue
        unit.path.rename(inbox / unit.path.name)
        count += 1
    return count


def _taken(folder: Path) -> Iterator[Taken]:
    for receipt in sorted(folder.glob(f"*{_RECEIPT}")):
        unit = receipt.with_name(receipt.name.removesuffix(_RECEIPT))
        try:
            at = parse_time(json.loads(receipt.read_text(encoding="utf-8"))["taken_at"])
        except (OSError, ValueError, KeyError, TypeError, ConfigError):
            continue  # not a receipt of ours
        if unit.exists() and not unit.is_symlink():
            yield Taken(unit, at)


def parse_time(text: str) -> datetime:
    """A day or a time as ISO 8601 writes it, UTC where it says nothing else; ConfigError otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise ConfigError("give a day or a time, such as 2026-11-01 or 2026-11-01T06:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def summary(position: Mapping[str, Any] | None) -> str:
    """A position in a few words: times and numbers only, and no key of a row, because it may be a person's."""
    if not position:
        return "at the beginning"
    shown = [(name, value) for name, value in sorted(position.items()) if name not in _HIDDEN]
    words = [f"{name} {told}" for name, value in shown if (told := _told(value))]
    if "next" in position or "status" in position:
        words.append("in the middle of a round")
    return ", ".join(words) or "set"


def _told(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        [value] = value.values()
    if isinstance(value, list):
        return f"{len(value)} files"
    return str(value) if isinstance(value, str | int | float) and _SHOWN.fullmatch(str(value)) else ""
