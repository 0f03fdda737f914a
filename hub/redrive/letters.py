"""Dead letters as they stand now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from hub.bus.dead_letter import Redriven, Rejected

__all__ = ["Filter", "Letter", "collect", "counts"]


class Letter(NamedTuple):
    """One dead letter. `arrivals`: how often its record came and was refused alike. `last`: what its last redrive said."""

    id: str
    rejected: Rejected
    arrivals: int
    last: Redriven | None

    @property
    def open(self) -> bool:
        """Nothing came of it yet, or the same record came and was refused again since."""
        last = self.last
        return last is None or last.result == "rejected" or self.rejected.received_at > last.redriven_at


@dataclass(frozen=True)
class Filter:
    """Which letters; what is None is not asked. `since` is the time of arrival; `id` may be cut short; `file` is the token of a
    unit, as its receipt tells it, or of one file in it (`unit/file`)."""

    connector: str | None = None
    reason: str | None = None
    stage: str | None = None
    since: datetime | None = None
    file: str | None = None
    id: str | None = None
    closed: bool = False

    def __call__(self, letter: Letter) -> bool:
        found = letter.rejected
        asked = (
            (self.connector, found.connector),
            (self.reason, found.reason),
            (self.stage, found.stage),
        )
        if self.file is not None and self.file not in (found.file, found.file.partition("/")[0]):
            return False
        if any(wanted is not None and wanted != is_ for wanted, is_ in asked):
            return False
        if self.since is not None and found.received_at < self.since:
            return False
        return letter.id.startswith(self.id or "") and (self.closed or letter.open)

    def words(self) -> str:
        """As it stands in the audit trail: codes and tokens only."""
        told = {**self.__dict__, "since": self.since.isoformat() if self.since else None}
        return " ".join(f"{name}={value}" for name, value in told.items() if value) or "all"


def collect(written: Iterable[tuple[str, Rejected]], marks: Mapping[str, Redriven]) -> list[Letter]:
    """Each letter once, in the order of its last arrival, from (id, letter) pairs in log order of each partition."""
    found: dict[str, Letter] = {}
    for letter_id, rejected in written:
        before = found.pop(letter_id, None)
        found[letter_id] = Letter(letter_id, rejected, 1 + (before.arrivals if before else 0), marks.get(letter_id))
    return sorted(found.values(), key=lambda letter: letter.rejected.received_at)


def counts(letters: Iterable[Letter]) -> list[tuple[str, str, int]]:
    """(connector, reason, letters), most first."""
    counted = Counter((letter.rejected.connector, letter.rejected.reason) for letter in letters)
    return [(connector, reason, count) for (connector, reason), count in sorted(counted.items(), key=_most_first)]


def _most_first(item: tuple[tuple[str, str], int]) -> tuple[int, tuple[str, str]]:
    return -item[1], item[0]
