"""What an upload is made of, and how its parts are sealed for the disk."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.domain.events import EVENT_TYPES, Event, Sealed
from hub.domain.restating import Rank, restated
from hub.errors import Reject

__all__ = ["NOTED", "Kept", "Safe", "Sealer", "Taken", "Upload"]


NOTED = "noted "
"""Begins those of an upload's counts that are about what is odd, and not kinds of events."""


class Safe(Protocol):
    """Sealing and opening (the vault, seen from here). `open` raises Reject where the key was erased."""

    def ensure_keys(self, key_ids: Iterable[str]) -> None: ...
    def seal(self, plaintext: bytes, key_id: str, *place: str) -> Sealed: ...
    def open(self, sealed: Sealed, *place: str) -> bytes: ...


class Taken(NamedTuple):
    """One event of an upload: as the agreement lets it through, with its row of the file and the original. `issues`: what is odd
    about the row, of an event that has no field for it."""

    event: Event
    row: int
    raw: bytes = b""
    head: bytes = b""
    issues: tuple[str, ...] = ()


class Kept(NamedTuple):
    """One word as it is kept: `event` as the source gave it, `outgoing` as it is published."""

    event: Event
    row: int
    raw: bytes
    head: bytes
    outgoing: Event
    issues: tuple[str, ...] = ()


class Upload(NamedTuple):
    """One upload as its receipt tells it: `counts` of events by kind, times in UTC; `undone`: what the pull-back did, facts by
    `withdrawn`, `restored` (to what an earlier upload said), `kept` (another upload says it too), `erased`; `refused` in either:
    events that became dead letters or that the agreement no longer lets through."""

    id: str
    who: str
    state: str
    began: datetime
    ended: datetime | None
    rows: int
    counts: Mapping[str, int]
    file: str
    pulled: datetime | None
    pulled_by: str | None
    undone: Mapping[str, int]

    @property
    def noted(self) -> dict[str, int]:
        """What is odd about rows that were taken: how often, by code and columns."""
        return {code.removeprefix(NOTED): n for code, n in self.counts.items() if code.startswith(NOTED)}

    def as_json(self, connector: str, recipient: str) -> dict[str, object]:
        """The receipt for a machine, or a drawer."""
        return {
            "receipt": self.id, "connector": connector, "recipient": recipient, "state": self.state, "file": self.file,
            "sent_by": self.who, "sent_at": self.began.isoformat(timespec="seconds"),
            "received_at": self.ended.isoformat(timespec="seconds") if self.ended else None, "rows": self.rows,
            "recorded": {kind: n for kind, n in self.counts.items() if not kind.startswith(NOTED)}, "noted": self.noted,
            "taken_back_by": self.pulled_by,
            "taken_back_at": self.pulled.isoformat(timespec="seconds") if self.pulled else None, "taken_back": dict(self.undone),
        }  # fmt: skip


class Sealer:
    """Seals for one connector: what is about a person under that person's key, the rest under a key of this door."""

    def __init__(self, safe: Safe, connector: str) -> None:
        self._safe, self._connector = safe, connector
        self._door_key = f"upload-{connector}"

    def prepare(self, people: Iterable[str | None]) -> None:
        """Make their keys, and the door's, in one transaction."""
        self._safe.ensure_keys({self._door_key, *(person for person in people if person)})

    def word(self, taken: Taken, rank: Rank) -> Sealed:
        """An event as its source gave it, and the rank to publish it at."""
        event = taken.event
        kept = {
            "kind": type(event).kind, "event": event.model_dump_json(), "row": taken.row, "rank": [rank[0].isoformat(), rank[1]],
            "raw": base64.b64encode(taken.raw).decode(), "head": base64.b64encode(taken.head).decode(), "issues": taken.issues,
        }  # fmt: skip
        key_id = event.source_person or self._door_key
        return self._safe.seal(json.dumps(kept).encode(), key_id, "upload", self._connector, "word")

    def opened(self, sealed: Sealed) -> Kept | None:
        """None where the key of the person was erased."""
        try:
            kept = json.loads(self._safe.open(sealed, "upload", self._connector, "word"))
        except Reject:
            return None
        event = EVENT_TYPES[kept["kind"]].model_validate_json(kept["event"])
        at, rank = kept["rank"]
        raw, head = base64.b64decode(kept["raw"]), base64.b64decode(kept["head"])
        outgoing = restated(event, (datetime.fromisoformat(at), rank))
        return Kept(event, kept["row"], raw, head, outgoing, tuple(kept.get("issues", ())))

    def name(self, file: str, upload_id: str) -> bytes:
        """A file name: the sender's, so it may say anything."""
        return self._safe.seal(
            file.encode(errors="replace"), self._door_key, "upload", self._connector, upload_id
        ).ciphertext

    def opened_name(self, sealed: bytes, upload_id: str) -> str:
        """Empty where it cannot be opened."""
        try:
            return self._safe.open(
                Sealed(key_id=self._door_key, ciphertext=sealed), "upload", self._connector, upload_id
            ).decode()
        except Reject:
            return ""
