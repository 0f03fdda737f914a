"""Originals and dead letters: what the hub took, and what it could not work on, encrypted under one key each.

`Original` stands on hub.intake.raw.v1, `Rejected` on hub.intake.rejected.v1 (keyed by connector), `StreamRejected` on
hub.stream.rejected.v1 (keyed as its source). A hard stop (data the hub must not hold) leaves a `Rejected` without
`original`. `where`, `file` and `reason` are positions, tokens and codes, never values. Originals that were taken in together share
a record, also those of several files or messages: `Original.more`, taken apart by `each_of`.

Sealing is handed in (`Vault.seal_bytes`), so that this room holds no key: a sealed original opens only in its topic.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from hub import __version__
from hub.domain.events import Model, Sealed
from hub.domain.trusted import Trusted
from hub.errors import Reject

RAW_TOPIC = "hub.intake.raw.v1"
REJECTED_TOPIC = "hub.intake.rejected.v1"
REDRIVEN_TOPIC = "hub.intake.redriven.v1"
STREAM_REJECTED_TOPIC = "hub.stream.rejected.v1"
ORIGINAL_FIELD = "original"
MAX_ORIGINAL_BYTES = 3_000_000
"""A longer original is not kept whole: its dead letter says how long it was and what it hashed to."""

Seal = Callable[[bytes, str, str], Sealed]
"""(clear bytes, topic, field) → sealed under a key of its own (hub.privacy.vault.Vault.seal_bytes)."""


_HEADED = b"\0hub-headed-1\n"
"""How the clear bytes of a headed original begin: no text of a source does."""


class Kept(NamedTuple):
    """An opened original: the record as it came, and what it needs to be read alone: `head` (a table's header row) and
    the `file` name it stood in. Both empty where the record says all."""

    raw: bytes
    head: bytes = b""
    file: str = ""


def headed(seal: Seal, head: bytes, file: str) -> Seal:
    """`seal` that puts a header row and the file's name beside what it seals; `seal` itself without a header."""
    return (lambda data, topic, field: seal(under_head(data, head, file), topic, field)) if head else seal


def under_head(raw: bytes, head: bytes, file: str) -> bytes:
    """What is sealed of a record: `raw`, behind its header row and the file's name where it has a header row."""
    if not head:
        return raw
    about = json.dumps({"file": file, "head": len(head)}, ensure_ascii=True).encode()
    return b"%b%b\n%b%b" % (_HEADED, about, head, raw)


def kept(clear: bytes) -> Kept:
    """What `headed` or a plain seal put away."""
    if not clear.startswith(_HEADED):
        return Kept(clear)
    about, _, rest = clear[len(_HEADED) :].partition(b"\n")
    told = json.loads(about)
    return Kept(rest[told["head"] :], rest[: told["head"]], told["file"])


class FurtherOriginal(Model):
    """Another record as it came, sealed under a key of its own."""

    kind: ClassVar[str] = "further-original"

    event_id: str = Field(description="the first event that was made of it")
    content_hash: str = Field(description="SHA-256 of the original bytes, hex")
    where: str = Field(description="position in the file")
    original: Sealed
    file: str | None = Field(default=None, description="token of its file or connection; none: that of the first")


class Original(Model):
    """A record as it came, kept for a remap."""

    kind: ClassVar[str] = "original"

    connector: str
    event_id: str = Field(description="the first event that was made of it")
    content_hash: str = Field(description="SHA-256 of the original bytes, hex")
    file: str = Field(description="token of the file or connection")
    where: str = Field(description="position in it: message or row")
    received_at: datetime
    original: Sealed
    more: tuple[FurtherOriginal, ...] = Field(default=(), description="further records that were taken in with it")


class Rejected(Model):
    """A record the hub could not make an event of. `original` None: it must not be held, or it is too long."""

    kind: ClassVar[str] = "rejected"

    connector: str
    stage: str
    reason: str
    file: str = Field(description="token of the file or connection")
    where: str = Field(description="position in it: message, row, segment")
    size: int = Field(description="bytes of the original, 0 when it was not to be held")
    content_hash: str | None = Field(description="SHA-256 of the original bytes, hex; None when it was not to be held")
    received_at: datetime
    hub_version: str
    mapping_version: int
    original: Sealed | None


class Redriven(Model):
    """What became of a dead letter when it was last redriven; keyed by the dead letter's id, on a compacted topic.

    `rejected` leaves the letter open; the others close it: its events are on the bus, or the hub has no use for it.
    """

    kind: ClassVar[str] = "redriven"

    letter: str = Field(description="id of the dead letter")
    connector: str
    result: Literal["event", "ignored", "rejected"]
    reason: str | None = Field(description="why it is rejected still, or ignored now")
    events: tuple[str, ...] = Field(description="ids of the events that are made of it")
    redriven_at: datetime
    hub_version: str
    mapping_version: int


class StreamRejected(Model):
    """A record inside the hub that could not be worked on: must not happen in health."""

    kind: ClassVar[str] = "stream-rejected"

    topic: str
    partition: int
    offset: int
    stage: str
    reason: str
    hub_version: str
    original: Sealed | None


def further(sealed: Sealed, *, event_id: str, raw: bytes, where: str, file: str | None = None) -> FurtherOriginal:
    """`raw`, which is `sealed` for hub.intake.raw.v1; `file`: token of its own, where that is not the first's. Not checked again
    here: who encodes it checks what it holds."""
    return _further.of({
        "event_id": event_id, "content_hash": _hash(raw), "where": where, "original": sealed, "file": file,
    })  # fmt: skip


def together(connector: str, file: str, received_at: datetime, rows: Sequence[FurtherOriginal]) -> Original:
    """One record of at least one original; `file` is the first's, and of each that names none. Not checked here either."""
    first = rows[0].__dict__
    shared = {"connector": connector, "file": file, "received_at": received_at}
    return _original.of({**first, **shared, "more": tuple(rows[1:])})


def each_of(original: Original) -> Iterator[Original]:
    """The originals of one record, each as if it stood alone, in the order they were taken in."""
    if not original.more:
        yield original
        return
    yield original.model_copy(update={"more": ()})
    for one in original.more:
        file = original.file if one.file is None else one.file
        yield original.model_copy(update={**dict(one), "file": file, "more": ()})


_further, _original = Trusted(FurtherOriginal), Trusted(Original)


def rejected(
    seal: Seal,
    *,
    connector: str,
    stage: str,
    reason: str,
    file: str,
    where: str,
    raw: bytes | None,
    received_at: datetime,
    mapping_version: int,
) -> Rejected:
    """A dead letter; `raw` None is a hard stop: nothing of the record is kept, not even its hash."""
    short = raw is not None and len(raw) <= MAX_ORIGINAL_BYTES
    return Rejected(
        connector=connector,
        stage=stage,
        reason=reason,
        file=file,
        where=where,
        size=len(raw or b""),
        content_hash=None if raw is None else _hash(raw),
        received_at=received_at,
        hub_version=__version__,
        mapping_version=mapping_version,
        original=seal(raw, REJECTED_TOPIC, ORIGINAL_FIELD) if raw is not None and short else None,
    )


def stream_rejected(
    seal: Seal | None, *, topic: str, partition: int, offset: int, why: Reject, value: bytes | None
) -> StreamRejected:
    """A dead letter for a record of one of the hub's own topics; without `seal` (or value) it is bodiless."""
    keep = seal is not None and value is not None and len(value) <= MAX_ORIGINAL_BYTES
    return StreamRejected(
        topic=topic,
        partition=partition,
        offset=offset,
        stage=why.stage,
        reason=why.reason,
        hub_version=__version__,
        original=seal(value, STREAM_REJECTED_TOPIC, ORIGINAL_FIELD) if seal and value is not None and keep else None,
    )


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
