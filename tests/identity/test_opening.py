"""What the intake's records are: each ends in one of four heaps, in the order of the records."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hub.domain.events import Event
from hub.identity.opening import open_all
from hub.privacy.vault import Vault
from tests.identity.fake_log import JUNK, FakeLog, FakeWire, event_of, stay_of
from tests.identity.test_worker import ANA, BEA


def test_a_record_is_of_a_person_or_of_nobody_or_a_test_or_refused(tmp_path: Path) -> None:
    test = stay_of("shelter", 4, BEA).model_copy(update={"processing": "test"})
    with closing(Vault(tmp_path / "keys.sqlite", b"k" * 32)) as vault:
        sealed = [
            vault.seal_person(each)
            for each in (
                event_of("gone", 1, BEA),
                event_of("lab", 2, ANA),
                test,
                event_of(None, 5, ANA),
                stay_of("lab", 6),
            )
        ]
        vault.erase("gone")
        sent: list[Event | bytes] = [*sealed, JUNK]
        log = FakeLog(sent)
        found = open_all(log.intake(), FakeWire(log), vault)
    assert [(each.record.offset, each.event, each.block, each.source_person) for each in found.people] == [
        (1, sent[1], ANA, "lab"),
        (4, sent[4], None, "lab"),
    ]
    assert [(record.offset, why.reason, why.stage) for record, why in found.refused] == [
        (5, "bad-bytes", "decode"),
        (0, "key-erased", "open"),
    ]
    assert (found.tests, found.nobodys) == ([sent[2]], [sent[3]])
