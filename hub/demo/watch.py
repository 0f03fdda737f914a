"""What the demo sees while it runs: needs and measures as they appear on the topics, on a thread of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from hub.domain.measures import ALL_AREAS, RACE
from hub.errors import RetryError
from hub.outlets.wire import Wire

__all__ = ["Watcher"]

_AGAIN_S = 0.1
Poll = Callable[[], "list[Any]"]


class Watcher:
    """Follows needs, measures and links; `needs` by id, `measures` by key, newest last. Read from any thread."""

    def __init__(self, poll: Poll, wire: Wire, needs_topic: str, measures_topic: str, link_topic: str) -> None:
        self._poll, self._wire = poll, wire
        self._topics = (needs_topic, measures_topic, link_topic)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._needs: dict[bytes, Mapping[str, Any]] = {}
        self._measures: dict[bytes, Mapping[str, Any]] = {}
        self._owners: dict[str, tuple[int, str]] = {}
        self._thread = threading.Thread(target=self._run, name="demo-watch", daemon=True)

    def start(self) -> Watcher:
        """Begin to follow."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End; what was seen stays readable. Nobody polls any more on return: what is polled may be closed."""
        self._stop.set()
        self._thread.join()

    def needs(self) -> Counter[tuple[str, str]]:
        """Number of needs by (support, state)."""
        with self._lock:
            return Counter((need["support"], need["state"]) for need in self._needs.values())

    def coverage(self) -> list[Mapping[str, Any]]:
        """Vaccination of groups by race and ethnicity over all areas, best covered first."""
        with self._lock:
            everywhere = [row for row in self._measures.values() if row["area"] == ALL_AREAS]
        rows = [row for row in everywhere if row["dimension"] == RACE and row["estimate"] is not None]
        return sorted(rows, key=lambda row: (-row["estimate"], row["group"]))

    def owner(self, source_person: str) -> str | None:
        """The person_key of a source_person, once it is linked."""
        with self._lock:
            known = self._owners.get(source_person)
        return known[1] if known else None

    def needs_of(self, person_key: str) -> list[Mapping[str, Any]]:
        """All needs of one person."""
        with self._lock:
            return [need for need in self._needs.values() if need["person_key"] == person_key]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                records = self._poll()
            except RetryError:  # the broker is away: it may come back
                self._stop.wait(_AGAIN_S)
                continue
            for record in records:
                if record.value is None:
                    with self._lock:
                        self._measures.pop(record.key, None)  # of the three, only a measure is ever taken back
                    continue
                _, fields = self._wire.decode(record.value)
                with self._lock:
                    self._take(record.topic, record.key, fields)

    def _take(self, topic: str, key: bytes, fields: Mapping[str, Any]) -> None:
        needs, measures, _ = self._topics
        if topic == needs:
            self._needs[key] = fields
        elif topic == measures:
            self._measures[key] = fields
        else:
            revision, _ = self._owners.get(fields["source_person"], (0, ""))
            if fields["link_revision"] >= revision:
                self._owners[fields["source_person"]] = (fields["link_revision"], fields["person_key"])
