"""`hub bench identity --registry sqlite`: how fast the registry takes records in when people are linked by weights.

What the identify worker does to its database, on one of its own in a temporary folder: batches of sightings, each one transaction
with everything it reads, seals and writes, forced to disk. Not in it: reading and opening events, and publishing. The data keys are
made before, as connectors make them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from sqlalchemy import event

from hub.bench.identity_people import portions_to_time
from hub.domain.events import PersonBlock
from hub.domain.ids import Ids
from hub.domain.linkage.model import for_population, shipped_model
from hub.identity.linker import Sighting
from hub.identity.linking import Linking
from hub.identity.registry import Registry, mint_person_key
from hub.privacy.vault import Vault
from hub.wiring import collect_seldom

__all__ = ["BATCH", "TARGET", "Stored", "as_json", "measure"]

Say = Callable[[str], None]
BATCH = 1_000
"""Sightings a transaction, as many as the worker takes at most."""
TARGET = 2_000
"""Records a second of one core: what requirement 19 (equity-identity.md) asks of the comparison, asked of all of it here."""
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_SOURCE = "bench"


class Stored(NamedTuple):
    """`people` known, each by one record; then `events` arrived in batches. `per_second` of CPU time, `per_second_clock` by the
    clock, `statements` of SQL a batch, `database_mb` of the file with its log. `people_after`: how many they are then."""

    people: int
    events: int
    batches: int
    per_second: float
    per_second_clock: float
    statements: float
    database_mb: float
    people_after: int
    load: float
    model: str


def measure(people: int, events: int, say: Say = lambda _: None, batch: int = BATCH) -> Stored:
    """One size, in this process. All of it is thrown away at the end."""
    collect_seldom()
    model = for_population(shipped_model(), people)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        ids, file = Ids(os.urandom(32)), Path(folder) / "identity.sqlite"
        linking = Linking(model, ids, mint_person_key)
        with (
            closing(Vault(Path(folder) / "keys.sqlite", os.urandom(32))) as vault,
            closing(Registry(file, vault, linking)) as registry,
        ):
            intake = _Intake(registry, vault, ids)
            later, known = [], 0
            for portion in portions_to_time(people, events):
                later += portion.later
                intake.take(portion.first, batch)
                known += len(portion.first)
                say(f"{known:,} of {people:,} people known, {_size_mb(file):,.0f} MB")
            collect_seldom()
            intake.spent = intake.waited = 0.0
            with _counted(registry) as statements:
                batches = intake.take(later[:events], batch)
            return Stored(
                people=known,
                events=len(later[:events]),
                batches=batches,
                per_second=round(len(later[:events]) / intake.spent),
                per_second_clock=round(len(later[:events]) / intake.waited),
                statements=round(len(statements) / batches, 1),
                database_mb=round(_size_mb(file), 1),
                people_after=len(registry.clusters()),
                load=round(os.getloadavg()[0], 2),
                model=model.version,
            )


def as_json(found: Stored) -> dict[str, Any]:
    """One object: every figure, and whether the target is reached."""
    return {**found._asdict(), "target": TARGET, "reached": found.per_second >= TARGET}


class _Intake:
    """Takes blocks in, each as the first of another source person. `spent`: seconds of CPU time within batches, `waited`: by the
    clock."""

    def __init__(self, registry: Registry, vault: Vault, ids: Ids) -> None:
        self._registry, self._vault, self._ids = registry, vault, ids
        self._seen = 0
        self.spent = self.waited = 0.0

    def take(self, blocks: Sequence[PersonBlock], batch: int) -> int:
        """How many batches it took."""
        left, taken = iter(blocks), 0
        while part := [self._sighting(block) for block in islice(left, batch)]:
            self._vault.ensure_keys(each.source_person for each in part)
            cpu, clock = process_time(), perf_counter()
            with self._registry.batch() as transaction:
                transaction.see(part)
            self.spent += process_time() - cpu
            self.waited += perf_counter() - clock
            taken += 1
        return taken

    def _sighting(self, block: PersonBlock) -> Sighting:
        self._seen += 1
        local_id = str(self._seen)
        version = (_BEGIN + timedelta(seconds=self._seen), 0, local_id, 1)
        token = self._ids.source_person(_SOURCE, _SOURCE, local_id)
        return Sighting(token, _SOURCE, version, local_id=local_id, block=block)


@contextmanager
def _counted(registry: Registry) -> Iterator[list[None]]:
    """One entry for each statement that is sent to the database meanwhile."""
    sent: list[None] = []

    def count(*_: object) -> None:
        sent.append(None)

    event.listen(registry.database.engine, "before_cursor_execute", count)
    try:
        yield sent
    finally:
        event.remove(registry.database.engine, "before_cursor_execute", count)


def _size_mb(file: Path) -> float:
    return sum(each.stat().st_size for each in file.parent.glob(file.name + "*")) / 2**20
