"""From what reading gave to what goes on the broker: agree, seal, encode, or a dead letter. Runs in a worker thread.

One record's trouble is its own: whatever it raises becomes its dead letter, and its neighbours go on. Only trouble of the
installation (RetryError, FatalError, ConfigError) leaves this room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from hub.connectors.door import Delivery, Mapped, Problem, Read, Receipt, Unit
from hub.connectors.originals import ToKeep
from hub.domain.events import Event
from hub.errors import ConfigError, FatalError, Reject, RetryError

__all__ = ["Chunk", "Grant", "Job", "Outgoing", "Pack", "Packer"]

Outgoing = tuple[str, bytes | None, bytes | None, int | None, list[tuple[str, bytes]] | None]
"""topic, key, value, partition, headers: what the bus takes."""

CHUNK_RECORDS = 400  # ~20-60 ms of work: how long others may have to wait for the interpreter
CHUNK_BYTES = 4 * 1024 * 1024
_LARGE = 64 * 1024  # an original that may be too large for the broker: then its record is a dead letter and no event
MAPPING_ERROR = "mapping-error"
"""Reason code of our own bugs: the record is kept as a dead letter, to be read again by fixed code."""

_OURS = (RetryError, FatalError, ConfigError)


class Grant(Protocol):
    """What the agreement lets through (hub.domain.agreement)."""

    def grant(self, event: Event) -> Event: ...

    @property
    def keep_originals(self) -> bool: ...


class Pack(Protocol):
    """Seals and encodes; the wiring room makes it of the vault and the codec. Raises Reject for what cannot be encoded."""

    def begin(self, source_persons: Sequence[str]) -> Future[None] | None:
        """Make the data keys of these people in one transaction, which may still be under way on return: nothing that is sealed
        from here on may reach the broker before the future is done, and nothing at all when it raises. None: they are there."""

    def event(self, event: Event, issues: Sequence[str] = ()) -> Outgoing:
        """`issues`: codes beside those that the event holds."""
        ...

    def originals(self, rows: Sequence[ToKeep]) -> list[Outgoing]:
        """Of records of one unit or of several, in order."""
        ...

    def dead_letter(
        self, problem: Problem, raw: bytes | None, unit: Unit, *, head: bytes = b"", file: str = ""
    ) -> Outgoing: ...


class Chunk(NamedTuple):
    """Records for the broker, in order, and what must be done before the first is handed over (`Pack.begin`). `lanes`: whose they
    are; what is of one lane keeps its order from chunk to chunk."""

    outgoing: list[Outgoing]
    keys: Future[None] | None = None
    lanes: frozenset[str] = frozenset({""})


@dataclass
class Job:
    """One delivery on its way. `records` is None once it was read to its end; `trouble` is why it must be refused."""

    delivery: Delivery
    records: Iterator[Mapped] | None
    receipt: Receipt = field(default_factory=Receipt)
    trouble: Exception | None = None
    last_original: bytes | None = None


class _Found(NamedTuple):
    job: Job
    event: Event | None  # already filtered by the agreement
    raw: bytes | None
    where: str
    file: str
    problem: Problem | None
    head: bytes = b""
    issues: tuple[str, ...] = ()  # beside those that the event holds


_Written = tuple[Sequence[Outgoing], Problem | None, int | None]
"""A record before it counts: what is to be sent of it unless there is a problem, and which of the shared originals is its."""


_new = tuple.__new__


class Packer:
    """Turns records into outgoing broker records under one connector's agreement."""

    def __init__(self, read: Read, agreement: Grant, pack: Pack) -> None:
        self._read = read
        self._agreement = agreement
        self._pack = pack

    def begin(self, delivery: Delivery) -> Job:
        """A job for this delivery, nothing read yet; what the door could not get whole becomes a dead letter without body."""
        if delivery.fault is not None:
            return Job(delivery, iter([_Fault(delivery.fault)]))
        return Job(delivery, self._lazily(delivery.unit))

    def _lazily(self, unit: Unit) -> Iterator[Mapped]:
        """Opening and reading both happen, and fail, in `_next`."""
        yield from self._read(unit)

    def chunk(self, jobs: list[Job], seconds: float = inf) -> Chunk:
        """The next outgoing records of `jobs`, in order, at most a chunk, or what can be read in `seconds`; a job read to its end
        has `records` None. A job that is begun is read at least to its second record or its end: a single message is never left
        for want of asking whether there is more of it."""
        found: list[_Found] = []
        until = monotonic() + seconds
        size = 0
        for number, job in enumerate(jobs):
            if number and monotonic() > until:
                break
            asked = 0
            while job.records is not None and len(found) < CHUNK_RECORDS and size < CHUNK_BYTES:
                if asked > 1 and until != inf and monotonic() > until:
                    break
                asked += 1
                item = self._next(job)
                if item is not None:
                    found.append(item)
                    size += len(item.raw or b"")
        return self._packed_all(found)

    def _packed_all(self, found: list[_Found]) -> Chunk:
        sealed = self._agreement.keep_originals  # of each event; else of those with a person block alone
        people = {
            item.event.source_person
            for item in found
            if item.event is not None and (sealed or item.event.person is not None)
        }
        keys = self._pack.begin(sorted(person for person in people if person is not None))
        return Chunk(self._packed(found), keys, frozenset({item.job.delivery.lane for item in found}))

    def _next(self, job: Job) -> _Found | None:
        """The next record of a job that leaves a trace on the broker; None when it was ignored or the job is at its end."""
        assert job.records is not None
        try:
            mapped = next(job.records, None)
        except _OURS:
            raise
        except OSError as trouble:  # the source's files, not our broker: this unit alone is tried again
            job.records, job.trouble = None, trouble
            return None
        except Exception as bug:
            job.records = None
            reason, stage = (bug.reason, bug.stage) if isinstance(bug, Reject) else (MAPPING_ERROR, "map")
            job.receipt.broken_off = True
            unit = job.delivery.unit
            raw = unit.content if isinstance(unit.content, bytes) else None
            return _Found(job, None, raw, "", "", Problem(reason, stage, ""))
        if mapped is None:
            job.records = None
            return None
        return self._judged(job, mapped)

    def _judged(self, job: Job, mapped: Mapped) -> _Found | None:
        file, where = _position(mapped.where)
        if mapped.outcome == "ignored":
            job.receipt.ignore(mapped.reason or "unspecified")
            return None
        if mapped.outcome == "rejected" or mapped.event is None:
            problem = Problem(mapped.reason or "unspecified", mapped.stage, where, file)
            raw = None if mapped.hard_stop else mapped.raw
            if (
                mapped.hard_stop and mapped.stage == "map"
            ):  # its content, not its form: a broken archive is kept to be looked at
                job.receipt.stop(problem.reason)
            return _Found(job, None, raw, where, file, problem, mapped.head)
        try:
            granted, issues = self._agreement.grant(mapped.event), getattr(mapped, "issues", ())
            # A third of the time of _Found(…): of every record.
            return _new(_Found, (job, granted, mapped.raw, where, file, None, mapped.head, issues))
        except Reject as refused:
            # Never taken, so there is nothing to keep: counted, as the receipt says.
            job.receipt.ignore(refused.reason)
            return None

    def _packed(self, items: Sequence[_Found]) -> list[Outgoing]:
        """Every record as its event or as a dead letter, then the originals that go together. A record counts as an event once its
        original is written too: it is never both."""
        to_keep, keep = list[tuple[Job, ToKeep]](), self._agreement.keep_originals
        records = [self._written(found, to_keep, keep=keep) for found in items]
        originals, spoilt = self._originals(to_keep)
        outgoing: list[Outgoing] = []
        for found, (made, problem, original) in zip(items, records, strict=True):
            job = found.job
            if spoilt and original in spoilt:
                problem = _problem(spoilt[original], found)
            if problem is not None:
                job.receipt.reject(problem)
                outgoing.append(self._letter(problem, found, job.delivery.unit))
                continue
            assert found.event is not None
            issues = (*getattr(found.event, "issues", ()), *found.issues)
            where = f"{found.file} {found.where}".strip() if issues else ""
            job.receipt.accept(type(found.event).kind, issues, where)
            outgoing += made
        return outgoing + originals

    def _written(self, found: _Found, to_keep: list[tuple[Job, ToKeep]], *, keep: bool) -> _Written:
        """`to_keep` grows by its original, once for all events that came of it, unless that is large: then it goes with its own
        event."""
        job, event, raw, where, file, problem, head, issues = found
        if event is None:
            return (), problem, None
        try:
            outgoing = [self._pack.event(event, issues)]
            if keep and raw and raw != job.last_original:
                row = _new(ToKeep, (job.delivery.unit, event, raw, where, head, file))
                if len(raw) + len(head) > _LARGE:
                    outgoing += self._pack.originals([row])
                else:
                    to_keep.append((job, row))
                job.last_original = raw
        except _OURS:
            raise
        except Exception as why:
            return (), _problem(why, found), None
        last, kept = to_keep[-1] if to_keep else (None, None)
        shared = kept is not None and last is job and kept.raw == raw
        return outgoing, None, len(to_keep) - 1 if shared else None

    def _originals(self, rows: Sequence[tuple[Job, ToKeep]]) -> tuple[list[Outgoing], dict[int, Exception]]:
        """Together, or, where one makes trouble, each for itself; and the trouble of those that are not written, by number."""
        spoilt = dict[int, Exception]()
        try:
            return (self._pack.originals([row for _, row in rows]) if rows else []), spoilt
        except _OURS:
            raise
        except Exception:
            outgoing: list[Outgoing] = []
            for number, (job, row) in enumerate(rows):
                try:
                    outgoing += self._pack.originals([row])
                except _OURS:
                    raise
                except Exception as why:
                    spoilt[number] = why
                    if job.last_original == row.raw:  # more of this record may follow in the next turn
                        job.last_original = None
            return outgoing, spoilt

    def _letter(self, problem: Problem, found: _Found, unit: Unit) -> Outgoing:
        try:
            return self._pack.dead_letter(problem, found.raw, unit, head=found.head, file=found.file)
        except Reject:  # an original too large for the broker: better a letter without body than none
            return self._pack.dead_letter(problem, None, unit)


def _problem(why: Exception, found: _Found) -> Problem:
    reason, stage = (why.reason, why.stage) if isinstance(why, Reject) else (MAPPING_ERROR, "encode")
    return Problem(reason, stage, found.where, found.file)


def _position(where: Mapping[str, str | int]) -> tuple[str, str]:
    """File, and the rest in words: `row 12`, `message 3`."""
    if len(where) == 2 and "file" in where and "row" in where:  # as in millions of rows
        return str(where["file"]), f"row {where['row']}"
    return str(where.get("file", "")), " ".join(
        [f"{name} {number}" for name, number in where.items() if name != "file"]
    )


class _Fault:
    """What a door reports when it could not get a whole unit, in the shape of a rejected record without body."""

    outcome: Literal["rejected"] = "rejected"
    event: Event | None = None
    where: Mapping[str, str | int] = MappingProxyType({})
    raw = b""
    head = b""
    hard_stop = True
    stage = "frame"

    def __init__(self, reason: str) -> None:
        self.reason: str | None = reason
