"""identify: intake events in, person events out, in batches, nothing lost and nobody mixed up whatever is killed when.

One batch: poll → open the person blocks → registry and outbox in ONE transaction → publish the outbox → wait for every
report → forget the outbox rows → commit the offsets. A crash anywhere leaves either an uncommitted batch, which is read
again (the registry knows it already: the same events are said again under the same ids), or outbox rows, which are
published first on the next start. The order on the topic is: memberships of a move, then the events of the batch.

Errors: what cannot be decoded or opened becomes a dead letter and its neighbours go on. RetryError ends the process
(exit 70) with nothing committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from pydantic import ValidationError

from hub.bus.consumer import Incoming
from hub.domain.events import Event, Model, PersonBlock
from hub.domain.identity import linked_fields, version_of
from hub.domain.identity_events import Decision, Link
from hub.domain.moved import took
from hub.domain.person_events import Membership, person_event
from hub.errors import Reject
from hub.identity.batch import Batch, OutboxRow, OutRecord
from hub.identity.erasing import Erasing
from hub.identity.intake_again import read_again
from hub.identity.linker import Sighting, SourcePerson
from hub.identity.linking_anew import weigh_all_anew
from hub.identity.moves import as_nobodys
from hub.identity.opening import Opened, OpenedAll, open_all
from hub.identity.ports import Reader, Wire, Writer
from hub.identity.registry import Registry
from hub.identity.review_intake import NUMBER_TAKEN, Heard, hear, recalled
from hub.ops import metrics
from hub.ops.logs import logger
from hub.privacy.vault import Vault

__all__ = ["GROUP", "STEPS", "Identify"]

STEPS = ("polled", "seen", "stored", "half-produced", "produced", "confirmed", "forgotten", "committed")
"""Between any two of these the process may be killed; the tests do."""

GROUP = "hub.identify"
"""Its consumer group."""

_POLL_S = 0.2
_log = logger(__name__)


class Identify:
    """The worker. A batch has up to `max_records`; `step` is told each of STEPS as it is reached (tests kill it there)."""

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        wire: Wire,
        registry: Registry,
        vault: Vault,
        *,
        max_records: int = 1_000,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._reader, self._writer, self._wire = reader, writer, wire
        self._registry, self._vault = registry, vault
        self._erasing = Erasing(vault, registry)
        self._max_records, self._step = max_records, step
        self._rejected: dict[tuple[str, str, str], list[tuple[int, int]]] = {}

    def drain(self) -> int:
        """Publish what an earlier run left in the outbox; number of records. Must be done before the first `work`."""
        count = 0
        while rows := self._registry.outbox():
            self._publish(rows)
            count += len(rows)
        if count:
            _log.info("published what an earlier run left in the outbox", records=count)
        return count

    def load_model(self, beat: Callable[[], None], intake: Iterable[Incoming]) -> None:
        """Link by the model at hand from now on: where people were linked by another, weigh them anew and tell what changed; where
        they were linked by equal names, or by names normalised otherwise, read all `intake` again before, from its beginning. Must
        be done before the first `work`, the outbox being drained. `beat` is called from time to time."""
        linking = self._registry.linking
        read_again(self._registry.batch, linking, intake, self._wire, self._vault, beat)
        weigh_all_anew(self._page, linking, beat=beat)
        self.erase(beat)  # now that all are linked by this model: whose key is gone says nothing to it

    def recall(self, records: Iterable[Incoming], beat: Callable[[], None]) -> None:
        """Take in what people decided, all of their topic: what the registry has already changes nothing. Must be done before the
        first `work`, so that a new registry knows it before any intake, the model being loaded. What is refused becomes dead
        letters, at each start under the same ids: the group may have committed past it. `beat` as there."""
        for heard in recalled(self._wire, records):
            with self._page() as batch:
                batch.put(self._hear(batch, heard))
                batch.see([])
            beat()
        self._log_rejected()

    def erase(self, beat: Callable[[], None] = lambda: None) -> int:
        """Take out whoever was erased since, of all tables, and take back what was said of them: number of source persons. Others
        are linked as if they had never been there."""
        return self._erasing.take_out(self._page, beat)

    @contextmanager
    def _page(self) -> Iterator[Batch]:
        with self._registry.batch() as batch:
            yield batch
            batch.put(self._said(batch, Incoming("", 0, 0, None, None, (), int(time.time() * 1_000))))
        self._publish(batch.rows)
        _count(batch)

    def _hear(self, batch: Batch, heard: Heard) -> list[OutRecord]:
        """Take in what people decided; dead letters of what is no decision, or has the number of another."""
        letters = [self._letter(record, why) for record, why in heard.refused]
        taken = [heard.records[each.number] for each in batch.hear(heard.said, self._erasing.unsaid)]
        return letters + [self._letter(record, Reject(NUMBER_TAKEN, "fold")) for record in taken]

    def work(self) -> int:
        """Take out whoever was erased, then work on one batch, if there is one; number of records read."""
        incoming = self._reader.poll_batch(self._max_records, _POLL_S)
        self.erase()
        if not incoming:
            return 0
        self._step("polled")
        with metrics.PROCESS_SECONDS.time(processor="identify"):
            heard = hear(self._wire, incoming)
            found = self._open(heard.others)
            opened, letters = found.people, [self._letter(record, why) for record, why in found.refused]
            with self._registry.batch() as batch:
                letters += self._hear(batch, heard)
                people = batch.see([self._sighting(each) for each in opened])
                batch.put(self._said(batch, incoming[-1]))
                batch.put(self._taken_by_nobody(batch, found.ended))
                batch.put(self._events(opened, people, self._told_of_others(batch, opened), letters))
                batch.put(letters)
                self._step("seen")
            self._step("stored")
            self._publish(batch.rows)
            self._reader.commit(incoming)
            self._step("committed")
        self._log_rejected()
        _count(batch)
        _measure_lag(incoming)
        return len(incoming)

    def _open(self, incoming: Sequence[Incoming]) -> OpenedAll:
        """Decode and open; events of nobody are counted and end here, and so do tests: made-up people link nobody."""
        found = open_all(incoming, self._wire, self._vault, self._erasing.ended)
        for event in found.tests:
            metrics.TEST_EVENTS.inc(kind=type(event).kind)
        for event in found.nobodys:
            metrics.AREA_ONLY_EVENTS.inc(kind=type(event).kind)
        return found

    def _sighting(self, of: Opened) -> Sighting:
        local_id = of.block.local_id if of.block is not None else None
        life = self._erasing.lives(of.source_person)
        return Sighting(of.source_person, of.event.source, version_of(of.event), local_id, of.block, life)

    def _said(self, batch: Batch, because: Incoming) -> Iterator[OutRecord]:
        """What the batch changed about who is who."""
        out = self._wire.out
        for seq, said in batch.decisions:
            decision = Decision(
                decision=seq,
                grade=said.kind,  # type: ignore[arg-type]
                person_key=said.person_key,
                evidence=said.evidence,
                model=said.model,
                actor=said.actor,
                moved=said.moved,
                before=said.before,
                after=said.after,
            )
            yield out(decision, said.person_key, because)
        for row in batch.links:
            link = Link(source_person=row.token, person_key=row.person_key, link_revision=row.link_revision)
            yield out(link, row.token, because)
        for row, told in batch.memberships:
            membership = Membership(source_person=row.token, revision=row.link_revision, owner=row.person_key)
            yield out(membership, told, because)
        for each in batch.gone:
            yield self._wire.unlinked(each.source_person, each.revision, because)
            ended = Membership(source_person=each.source_person, revision=each.revision, owner=each.owner)
            for told in sorted(each.told):
                yield out(ended, told, because)

    def _taken_by_nobody(self, batch: Batch, ended: Sequence[tuple[Incoming, Event]]) -> Iterator[OutRecord]:
        """What those lose whose facts were moved to somebody who is erased since: they were never theirs."""
        taking = [(record, as_nobodys(event)) for record, event in ended if took(event) is not None]
        for (record, _), lost in zip(taking, self._lost(batch, [event for _, event in taking]), strict=True):
            for withdrawn, loser in lost:
                yield self._person_event(record, withdrawn, None, loser)

    def _told_of_others(self, batch: Batch, opened: Sequence[Opened]) -> list[list[tuple[Event, SourcePerson]]]:
        """For each event, what must be said before it to those who lose its fact (hub.domain.moved)."""
        return self._lost(batch, [each.event for each in opened])

    def _lost(self, batch: Batch, events: Sequence[Event]) -> list[list[tuple[Event, SourcePerson]]]:
        found = batch.told_of_others(events)
        people = batch.people({each.source_person for said in found for each in said if each.source_person is not None})
        return [[(each, people[each.source_person]) for each in said if each.source_person in people] for said in found]

    def _events(
        self,
        opened: Iterable[Opened],
        people: dict[str, SourcePerson],
        moved: Iterable[Sequence[tuple[Event, SourcePerson]]],
        letters: list[OutRecord],
    ) -> Iterator[OutRecord]:
        for (record, event, block, source_person), lost in zip(opened, moved, strict=True):
            try:
                for withdrawn, loser in lost:
                    yield self._person_event(record, withdrawn, None, loser)
                yield self._person_event(record, event, block, people[source_person])
            except Reject as why:
                letters.append(self._letter(record, why))
            except ValidationError:
                letters.append(self._letter(record, Reject("bad-person-event", "validate")))

    def _person_event(self, record: Incoming, event: Event, block: PersonBlock | None, row: SourcePerson) -> OutRecord:
        year_month, county, postal_code = linked_fields(block)
        model: Model = person_event(
            event,
            person_key=row.person_key,
            link_revision=row.link_revision,
            birth_year_month=year_month,
            county=county,
            postal_code=postal_code,
        )
        return self._wire.out(model, row.person_key, record)

    def _letter(self, record: Incoming, why: Reject) -> OutRecord:
        metrics.STREAM_REJECTED.inc(stage=why.stage, reason=why.reason, topic=record.topic)
        self._rejected.setdefault((record.topic, why.stage, why.reason), []).append((record.partition, record.offset))
        return self._wire.dead_letter(record, why)

    def _log_rejected(self) -> None:
        """One line per topic and reason and batch, with the first of them: a flood of bad records is no flood of logs."""
        for (topic, stage, reason), places in self._rejected.items():
            partition, offset = places[0]
            _log.error(
                "rejected records of a topic that identify reads",
                topic=topic,
                stage=stage,
                reason=reason,
                count=len(places),
                partition=partition,
                offset=offset,
            )
        self._rejected.clear()

    def _publish(self, rows: Sequence[OutboxRow]) -> None:
        if not rows:
            return
        metrics.OUTBOX_RECORDS.set(len(rows))
        pending = self._writer.batch()
        for number, row in enumerate(rows):
            pending.produce(*row.record)
            if number == len(rows) // 2:
                self._step("half-produced")
        self._step("produced")
        pending.wait()
        self._step("confirmed")
        self._registry.published(rows[-1].seq)
        metrics.OUTBOX_RECORDS.set(0)
        self._step("forgotten")


def _count(batch: Batch) -> None:
    for _, decided in batch.decisions:
        metrics.LINK_DECISIONS.inc(len(decided.moved), grade=decided.kind)
        if decided.kind == "split":
            metrics.UNLINKS.inc(len(decided.moved))
    for said in batch.heard:
        metrics.REVIEW_DECISIONS.inc(verdict=said.verdict)


def _measure_lag(incoming: Sequence[Incoming]) -> None:
    now_ms = time.time() * 1_000
    newest: dict[str, int] = {}
    for record in incoming:
        newest[record.topic] = max(newest.get(record.topic, 0), record.timestamp_ms)
    for topic, timestamp_ms in newest.items():
        metrics.LAG_SECONDS.set(max(0.0, now_ms - timestamp_ms) / 1_000, group=GROUP, topic=topic)
