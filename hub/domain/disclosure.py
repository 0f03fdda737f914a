"""The audit trail: who saw or moved what, under which purpose, as a chain that shows every later change.

Each entry holds the hash of the one before it: h_i = SHA256(h_{i-1} ‖ canonical record), h_{-1} = 64 zeros. The canonical
record is the entry without its own hash as JSON: keys sorted, no blanks, ASCII, times in ISO 8601 UTC. Cutting entries off
the end shows only to who kept a later hash: write down what `hub audit verify` prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar, Literal

from pydantic import Field

from hub.domain.events import Model

__all__ = ["DISCLOSURE_TOPIC", "START", "Action", "Disclosure", "entry", "first_break"]

DISCLOSURE_TOPIC = "hub.audit.disclosure.v1"
START = "0" * 64

Action = Literal["reveal", "redrive", "redrive-done", "remap", "remap-done", "reveal-unmapped", "report", "erase"]


class Disclosure(Model):
    """One entry. It names dead letters, connectors, pseudonyms and counts, never a person or a value."""

    kind: ClassVar[str] = "disclosure"

    number: int = Field(description="0 for the first entry, then one more each")
    at: datetime
    actor: str = Field(description="account of who asked")
    action: Action
    purpose: str
    subject: str = Field(description="id of the dead letter or event, two source_persons, the connector, or `erased`")
    detail: str = Field(description="filter, counts: codes and numbers only")
    previous: str = Field(description="hash of the entry before, hex")
    hash: str = Field(description="SHA-256 over `previous` and this entry, hex")


def entry(
    last: Disclosure | None, *, at: datetime, actor: str, action: Action, purpose: str, subject: str, detail: str
) -> Disclosure:
    """The entry after `last`."""
    made = Disclosure(
        number=0 if last is None else last.number + 1,
        at=at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000),  # what the wire keeps
        actor=actor,
        action=action,
        purpose=purpose,
        subject=subject,
        detail=detail,
        previous=START if last is None else last.hash,
        hash="",
    )
    return made.model_copy(update={"hash": _hash(made)})


def first_break(entries: Iterable[Disclosure]) -> int | None:
    """Position (0 is the first) of the first entry that was changed, moved, or stands after a gap; None when none was."""
    last, number = START, 0
    for number, each in enumerate(entries):
        if each.number != number or each.previous != last or each.hash != _hash(each):
            return number
        last = each.hash
    return None


def _hash(made: Disclosure) -> str:
    fields = made.model_dump(exclude={"hash"})
    fields["at"] = made.at.astimezone(UTC).isoformat(timespec="milliseconds")
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256((made.previous + canonical).encode()).hexdigest()
