"""A log without a broker: what identify reads and writes, surviving the worker, with faults on demand."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from hub.bus.consumer import Incoming
from hub.domain.events import Event, Model, Person, PersonBlock, ShelterStay
from hub.domain.identity_reviews import ReviewDecision
from hub.errors import Reject, RetryError
from hub.identity.batch import OutRecord

PERSON_TOPIC = "hub.person.event.v1"
TOPICS = {"link": "hub.identity.link.v1", "decision": "hub.identity.decision.v1"}
JUNK = b"junk"
NO_DECISION = b"junk of reviewers"
_LATE_MS = 4_102_444_800_000
_REVIEWS = "hub.identity.review.v1"
Sent = Event | bytes | ReviewDecision


def event_of(
    source_person: str | None, day: int, block: PersonBlock | None, event_id: str = "", source: str = "hmis-csv"
) -> Person:
    return Person(**_common(source_person, day, event_id or f"{source_person}-{day}", source), person=block)


def stay_of(source_person: str, day: int, block: PersonBlock | None = None) -> ShelterStay:
    return ShelterStay(
        **_common(source_person, day, f"stay-{source_person}-{day}", "hmis-csv"),
        person=block,
        stay="night",
        presence=True,
        site="site",
        site_kind="congregate",
        entered_on=date(2021, 1, day),
    )


def _common(source_person: str | None, day: int, event_id: str, source: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "source": source,
        "source_person": source_person,
        "fact_key": f"fact-{event_id}",
        "changed_at": datetime(2021, 1, day, tzinfo=UTC),
        "status_rank": 0,
        "content_hash": "h" * 32,
        "mapping_version": 1,
        "occurred_on": date(2021, 1, day),
        "active": True,
        "agreement_id": "a",
        "labels": ("R",),
        "purposes": ("isolation-support",),
    }


class FakeLog:
    """Topics as lists, one committed offset. `fail_report` makes the next `wait` a RetryError after half got through. All is
    taken in in 1970, what stands from `late_from` on in 2100."""

    def __init__(self, events: Iterable[Sent]) -> None:
        self.incoming = list(events)
        self.committed = 0
        self.out: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.headers: list[tuple[str, bytes]] = []
        self.fail_report = False
        self.away = False
        self.late_from: int | None = None

    def decided(self) -> list[Incoming]:
        """What people decided, all of its topic; a decision's number is its place in the whole log here."""
        return [_record(self, at) for at, each in enumerate(self.incoming) if _topic(each) == _REVIEWS]

    def intake(self) -> list[Incoming]:
        """All that was told, of all its topics."""
        return [_record(self, at) for at, each in enumerate(self.incoming) if _topic(each) != _REVIEWS]

    def said(self, topic: str) -> list[tuple[str, dict[str, Any]]]:
        return self.out.get(topic, [])


class FakeReader:
    """Reads on from the committed offset when it is made anew, as a restarted member does."""

    def __init__(self, log: FakeLog, size: int) -> None:
        self._log, self._size, self._next = log, size, log.committed

    def poll_batch(self, max_records: int = 0, timeout_s: float = 0) -> list[Incoming]:
        if self._log.away:
            raise RetryError("consumer:_TRANSPORT")
        part = self._log.incoming[self._next : self._next + self._size]
        found = [_record(self._log, self._next + n) for n in range(len(part))]
        self._next += len(part)
        return found

    def commit(self, records: Sequence[Incoming], /) -> None:
        self._log.committed = max(self._log.committed, records[-1].offset + 1)


class FakePending:
    """What is produced reaches the log at once, as librdkafka may send before anybody waits."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        assert key is not None
        said = {"kind": "gone"} if value is None else pickle.loads(value)
        self._log.out.setdefault(topic, []).append((key.decode(), said))
        self._log.headers.extend(headers or ())

    def wait(self) -> None:
        if self._log.fail_report:
            self._log.fail_report = False
            raise RetryError("not-delivered:_MSG_TIMED_OUT records=1")


class FakeWriter:
    def __init__(self, log: FakeLog) -> None:
        self._log = log

    def batch(self) -> FakePending:
        return FakePending(self._log)


class FakeWire:
    def __init__(self, log: FakeLog) -> None:
        self._log = log

    def event(self, record: Incoming) -> Event:
        found = self._log.incoming[int(record.value or b"")]
        if not isinstance(found, Event):
            raise Reject("bad-bytes", "decode")
        return found

    def decision(self, record: Incoming) -> ReviewDecision | None:
        found = self._log.incoming[int(record.value or b"")]
        if found == NO_DECISION:
            raise Reject("bad-bytes", "decode")
        return found if isinstance(found, ReviewDecision) else None

    def out(self, model: Model, key: str, because: Incoming) -> OutRecord:
        kind = type(model).kind  # type: ignore[attr-defined]
        value = pickle.dumps({"kind": kind, **model.model_dump()})
        return TOPICS.get(kind, PERSON_TOPIC), key.encode(), value, None, [("ce_type", kind.encode())]

    def unlinked(self, source_person: str, revision: int, because: Incoming) -> OutRecord:
        return TOPICS["link"], source_person.encode(), None, None, None

    def dead_letter(self, record: Incoming, why: Reject) -> OutRecord:
        value = pickle.dumps({"offset": record.offset, "reason": why.reason, "stage": why.stage})
        return "hub.stream.rejected.v1", record.key, value, None, None


def _record(log: FakeLog, at: int) -> Incoming:
    timestamp_ms = _LATE_MS if log.late_from is not None and at >= log.late_from else 0
    return Incoming(_topic(log.incoming[at]), 0, at, b"k", str(at).encode(), (), timestamp_ms)


def _topic(sent: Sent) -> str:
    if isinstance(sent, ReviewDecision) or sent == NO_DECISION:
        return _REVIEWS
    return "hub.intake.person.v1" if isinstance(sent, bytes) else f"hub.intake.{type(sent).kind}.v1"
