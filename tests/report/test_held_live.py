"""A report over what a real broker holds of one connector: events with sealed person blocks, dead letters, a window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.bus.dead_letter import Redriven
from hub.bus.embedded import EmbeddedBroker
from hub.bus.topic_admin import apply_topics
from hub.bus.topics import TOPICS
from hub.config import Settings
from hub.connectors.door import Problem, Unit
from hub.privacy.agreements import EXAMPLES
from hub.privacy.secrets import make_secret
from hub.report.page import make_page
from hub.report.parts import Page
from hub.wiring_outgoing import SealedPack
from hub.wiring_rejected import Desk, opened
from hub.wiring_report import about, held_tally, minimum_set, names_of
from tests.connectors.made_up_lab import message
from tests.fixtures_registry import running_registry

pytestmark = pytest.mark.live
LAB = "lab-elr-hl7v2"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    for name in ("kek", "hmac"):
        make_secret(tmp_path / "secrets" / name)
    (tmp_path / "agreements").mkdir()
    text = (EXAMPLES / f"{LAB}.yaml").read_text(encoding="utf-8")
    (tmp_path / "agreements" / f"{LAB}.yaml").write_text(text, encoding="utf-8")
    with EmbeddedBroker(tmp_path / "kafka") as broker, running_registry(broker.bootstrap) as registry:
        apply_topics(broker.bootstrap, TOPICS, partitions=2, replication=1, min_insync_replicas=1)
        yield Settings(instance=tmp_path, bootstrap=broker.bootstrap, registry_url=registry.url)


def fill(desk: Desk, times: list[datetime]) -> None:
    """A result and a dead letter at each time, as intake would have published them then; and one result of another connector."""
    source = desk.source(LAB)
    for n, at in enumerate(times):
        (event,) = [m.event for m in source(Unit("u", message(n))) if m.event is not None]
        event = source.agreement.grant(event)
        for name in (LAB, "other") if n == 0 else (LAB,):
            pack = SealedPack(name, desk._codec, desk._vault, now=lambda at=at: at)  # type: ignore[misc]
            pack.prepare([event.source_person] if event.source_person else [])
            letter = pack.dead_letter(Problem("no-patient", "map", f"message {n} field PID", ""), b"x", Unit("u", b""))
            desk.publish([pack.event(event), letter])


def reported(settings: Settings, since: datetime, now: datetime) -> Page:
    with opened(settings) as desk:
        source = desk.source(LAB)
    asked = minimum_set(now.date())
    tally = held_tally(settings, source.connector, since, asked)
    return make_page(
        tally, about(source.connector, source.agreement, now.date(), "live", names_of(source.connector), now=now), asked
    )


def test_what_the_topics_hold_is_counted_in_its_window_and_opened_only_to_be_counted(settings: Settings) -> None:
    now = datetime.now(UTC)
    with opened(settings) as desk:
        fill(desk, [now - timedelta(days=40), now - timedelta(hours=50), now - timedelta(hours=2)])
    page = reported(settings, now - timedelta(days=30), now)
    (kind,) = page.kinds
    assert (kind.records, kind.people, page.ignored) == (2, 2, None)
    assert [(line.reason, line.field, line.records) for line in page.rejected] == [("no-patient", "PID", 2)]
    filled = {line.field: line.filled for line in kind.fields}
    assert (filled["person.family_name"], filled["person.birth_date"]) == (2, 2)
    assert {"happened-to-received", "changed-to-received"} <= {line.clock for line in kind.delays}
    assert page.arrival is not None
    assert (page.arrival.longest_gap_h, page.arrival.silent_h) in {(48, 2), (48, 1), (48, 3)}
    assert reported(settings, now - timedelta(days=60), now).kinds[0].records == 3
    assert reported(settings, now - timedelta(hours=1), now).records == 0


def test_what_is_odd_beside_an_event_is_counted_and_a_letter_that_was_redriven_is_not(settings: Settings) -> None:
    now = datetime.now(UTC)
    with opened(settings) as desk:
        source = desk.source(LAB)
        (event,) = [m.event for m in source(Unit("u", message(1))) if m.event is not None]
        pack = SealedPack(LAB, desk._codec, desk._vault, now=lambda: now - timedelta(hours=1))
        pack.prepare([event.source_person] if event.source_person else [])
        letters = [
            pack.dead_letter(Problem("no-patient", "map", f"message {n} field PID", ""), b"x", Unit("u", b""))
            for n in (1, 2)
        ]
        desk.publish([pack.event(source.agreement.grant(event), ("unreadable-zip", "nobody")), *letters])
        first = desk.letters()[0].id
        mark = Redriven(
            letter=first,
            connector=LAB,
            result="event",
            reason=None,
            events=("e1",),
            redriven_at=now,
            hub_version="0",
            mapping_version=1,
        )
        desk.mark([mark])
    page = reported(settings, now - timedelta(days=1), now)
    (kind,) = page.kinds
    assert {"unreadable-zip": 1, "nobody": 1}.items() <= dict(kind.issues).items()
    assert [(line.reason, line.records) for line in page.rejected] == [("no-patient", 1)]
