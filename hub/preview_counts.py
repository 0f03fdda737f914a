"""What `hub preview` tells of each file: how many events, refusals and ignored records, where each refusal is, and what is a test.

Names of files as they were given, places in them and codes; no value of a record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hub.wiring_reading import Taken

__all__ = ["FileCount", "FileCounts", "Refusal"]

_REFUSALS_KEPT = 1_000


@dataclass
class FileCount:
    """One file as one connector reads it: events by kind, refused and ignored records by reason."""

    file: str
    connector: str
    events: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        counts = {name: dict(sorted(getattr(self, name).items())) for name in ("events", "rejected", "ignored")}
        return {"file": self.file, "connector": self.connector, **counts}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Where a refused record is: `row 3 field DOB`, `message 2`; empty for a file as a whole."""

    file: str
    place: str
    reason: str


class FileCounts:
    """Watches outcomes go by. `refusals`: the first thousand; `more` says how many came after them. `tests`: different events of
    tests and debugging, by kind and processing."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], FileCount] = {}
        self.refusals: list[Refusal] = []
        self.more = 0
        self._tests: dict[tuple[str, str], set[str]] = {}

    @property
    def files(self) -> list[FileCount]:
        """In the order in which they were read."""
        return list(self._files.values())

    @property
    def tests(self) -> dict[str, int]:
        """`lab-result test` → 3."""
        return {f"{kind} {processing}": len(ids) for (kind, processing), ids in sorted(self._tests.items())}

    def watch(self, path: str, connector: str, outcomes: Iterable[Taken]) -> Iterator[Taken]:
        """The same outcomes, counted. `path`: the file or folder that they are of, as it is shown."""
        for outcome in outcomes:
            self._count(path, connector, outcome)
            yield outcome

    def _count(self, path: str, connector: str, outcome: Taken) -> None:
        member = str(outcome.where.get("file", ""))
        name = path if not member or path.rpartition("/")[2] == member else f"{path}/{member}"
        counted = self._files.get((name, connector))
        if counted is None:
            counted = self._files[name, connector] = FileCount(name, connector)
        if outcome.event is not None:
            kind, processing = type(outcome.event).kind, getattr(outcome.event, "processing", "production")
            counted.events[kind] += 1
            if processing != "production":
                self._tests.setdefault((kind, processing), set()).add(outcome.event.event_id)
            return
        reason = outcome.reason or "unknown"
        (counted.rejected if outcome.outcome == "rejected" else counted.ignored)[reason] += 1
        if outcome.outcome == "rejected":
            if len(self.refusals) == _REFUSALS_KEPT:
                self.more += 1
                return
            place = " ".join(f"{part} {at}" for part, at in outcome.where.items() if part != "file")
            self.refusals.append(Refusal(name, place, reason))
