"""What stands after any order of sending, sending again, pulling back and crashing: judged by the real fold."""

from __future__ import annotations

import random
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.connectors.upload.store import UploadStore
from hub.domain.events import EVENT_TYPES, PLACE_KINDS, Event, PersonBlock
from hub.privacy.vault import Vault
from tests.builders import IDS
from tests.connectors.upload.stating import NOW, Desk, a_box, an_event, key, short

EARLY, LATE = datetime(2021, 1, 1, tzinfo=UTC), datetime(2021, 2, 1, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    vault = Vault(tmp_path / "keys.sqlite", b"k" * 32)
    yield vault
    vault.close()


@pytest.fixture
def desk(tmp_path: Path, vault: Vault) -> Iterator[Desk]:
    store = UploadStore(tmp_path / "pantry.sqlite", "pantry", vault)
    yield Desk(store)
    store.close()


def ids(events: list[Event]) -> list[str]:
    return [event.event_id for event in events]


def test_a_repeat_of_the_same_rows_has_the_same_ids(desk: Desk) -> None:
    rows = (a_box("box-1", "a"), a_box("box-2", "b", at=LATE))
    desk.send(*rows)
    desk.send(*rows)
    assert ids(desk.published) == ids([*rows, *rows])


def test_what_was_sent_last_stands_where_the_source_gives_no_times(desk: Desk) -> None:
    for content in ("a", "b", "c", "a", "b"):
        desk.send(a_box("box-1", content))
        assert desk.believed() == {key("box-1"): short(content)}
    assert len(set(ids(desk.published))) == 5


def test_an_older_export_does_not_replace_a_newer_one_by_the_sources_own_account(desk: Desk) -> None:
    desk.send(a_box("box-1", "new", at=LATE))
    desk.send(a_box("box-1", "old", at=EARLY))
    assert desk.believed() == {key("box-1"): short("new")}
    desk.send(a_box("box-1", "mended, the time left as it was", at=LATE))
    assert desk.believed() == {key("box-1"): short("mended, the time left as it was")}


@pytest.mark.parametrize("kind", sorted(EVENT_TYPES))
def test_every_kind_of_event_can_be_pulled_back(desk: Desk, kind: str) -> None:
    sent = desk.send(an_event(kind, "f", "a"))
    assert desk.pull_back(sent)
    *_, taken_back = desk.published
    assert (type(taken_back).kind, taken_back.active, taken_back.fact_key) == (kind, False, key("f", kind))
    assert taken_back.event_id not in ids(desk.published[:-1])
    assert kind not in ("lab-result", "vaccination") or getattr(taken_back, "status", "") == "withdrawn"
    if kind not in PLACE_KINDS:  # nobody's: it stands on a topic of its own
        assert desk.believed() == {}


def test_rows_sent_again_after_a_pull_back_stand_again_however_old_their_times_are(desk: Desk) -> None:
    wrong = desk.send(a_box("box-1", "a", at=LATE), a_box("box-2", "b"))
    desk.pull_back(wrong)
    assert desk.believed() == {}
    again = desk.send(a_box("box-1", "a", at=LATE), a_box("box-2", "b"))
    assert desk.believed() == {key("box-1"): short("a"), key("box-2"): short("b")}
    desk.pull_back(again)
    assert desk.believed() == {}
    desk.send(a_box("box-1", "c", at=EARLY))
    assert desk.believed() == {key("box-1"): short("c")}


def test_a_row_that_a_later_upload_sent_too_is_left_standing(desk: Desk) -> None:
    first = desk.send(a_box("box-1", "a"), a_box("box-2", "b"))
    desk.send(a_box("box-1", "a"))
    desk.pull_back(first)
    assert desk.believed() == {key("box-1"): short("a")}
    upload = desk.store.find(first, "desk")
    assert upload is not None
    assert (upload.state, dict(upload.undone)) == ("withdrawn", {"withdrawn": 1, "restored": 0, "kept": 1, "erased": 0})


def test_pulling_back_the_later_of_two_leaves_what_the_earlier_said(desk: Desk) -> None:
    desk.send(a_box("box-1", "a"), a_box("box-2", "b"))
    wrong = desk.send(a_box("box-1", "wrong"), a_box("box-2", "b"), a_box("box-3", "wrong"))
    desk.pull_back(wrong)
    assert desk.believed() == {key("box-1"): short("a"), key("box-2"): short("b")}


def test_the_person_is_who_the_other_uploads_say_after_a_pull_back(desk: Desk) -> None:
    desk.send(a_box("box-1", "a", name="Rosa"))
    wrong = desk.send(a_box("box-9", "b", name="Somebody Else"))
    desk.pull_back(wrong)
    told = desk.published[-1].person
    assert isinstance(told, PersonBlock)
    assert told.given_name == "Rosa"
    desk.pull_back(desk.send(a_box("box-7", "c", person="p2")))
    assert desk.published[-1].person is None


@pytest.mark.parametrize("seed", range(16))
def test_after_any_pull_backs_the_rest_stands_as_if_nothing_else_had_been_sent(desk: Desk, seed: int) -> None:
    """Random uploads of three facts with and without times; some pulled back, in any order, with crashes in between."""
    chance = random.Random(seed)
    sent: dict[str, list[Event]] = {}
    for _ in range(6):
        rows = [
            a_box(f"box-{n}", chance.choice("abc"), at=chance.choice([EARLY, LATE]) if seed % 2 else EARLY)
            for n in range(3)
            if chance.random() < 0.7
        ]
        crash = chance.choice([None, 0, 1])
        upload = desk.send(*rows, crash_at=crash)
        if crash is not None:
            desk.run(upload)
        sent[upload] = rows
        if chance.random() < 0.5:
            gone, crash = chance.choice(list(sent)), chance.choice([None, 0, 1])
            assert desk.pull_back(gone, crash_at=crash)
            if crash is not None:
                assert desk.store.unfinished() == [gone]
                desk.run(gone)
            del sent[gone]
    standing: dict[str, Event] = {}
    for rows in sent.values():
        for event in rows:
            if event.fact_key not in standing or event.changed_at >= standing[event.fact_key].changed_at:
                standing[event.fact_key] = event
    assert desk.believed() == {fact: event.content_hash[:16] for fact, event in standing.items()}
    shuffled = chance.sample(desk.published, len(desk.published))
    assert desk.believed(shuffled + shuffled[:3]) == desk.believed()


def test_a_stop_at_any_point_ends_in_the_same_records(desk: Desk, tmp_path: Path, vault: Vault) -> None:
    rows = (a_box("box-1", "a"), a_box("box-2", "b"))
    upload = desk.send(*rows, crash_at=1)
    desk.store.begin(upload, "desk", "march.csv", [], NOW)  # a form that was posted twice
    desk.store.close()
    store = UploadStore(tmp_path / "pantry.sqlite", "pantry", vault)
    after = Desk(store)
    assert store.unfinished() == [upload]
    after.run(upload)
    assert ids(after.published) == ids(list(rows))
    assert store.pull_back(upload, "desk", NOW)
    first = [kept.outgoing.event_id for kept in store.replay(upload)]
    assert [kept.outgoing.event_id for kept in store.replay(upload)] == first
    assert not store.pull_back(upload, "desk", NOW)  # once is enough
    store.done(upload, {}, NOW)
    assert (store.unfinished(), list(store.replay(upload))) == ([], [])
    store.close()


def test_nothing_personal_stands_on_the_disk_and_it_is_forgotten_in_time(desk: Desk, tmp_path: Path) -> None:
    upload = desk.send(a_box("box-1", "Marisol", name="Marisol"))
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("pantry.sqlite*"))
    for secret in (b"Marisol", b"Vega", b"march.csv", b'pantry"', b"row 2"):
        assert secret not in kept
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.glob("pantry.sqlite*"))
    found = desk.store.find(upload, "desk")
    assert found is not None
    assert found.file == "march.csv"
    assert desk.store.find(upload, "another-desk") is None
    assert desk.store.forget(NOW) == 0
    assert desk.store.forget(NOW + timedelta(seconds=1)) == 1
    assert desk.store.of("desk") == []
    assert not desk.store.pull_back(upload, "desk", NOW)


def test_a_row_sent_again_after_its_upload_was_forgotten_rises_above_its_withdrawal(desk: Desk) -> None:
    desk.pull_back(desk.send(a_box("box-1", "a")))
    desk.store.forget(NOW + timedelta(days=1))
    desk.send(a_box("box-1", "a"))
    assert desk.believed() == {key("box-1"): short("a")}


def test_what_was_erased_cannot_be_told_again(desk: Desk, vault: Vault) -> None:
    upload = desk.send(a_box("box-1", "a", person="p1"), a_box("box-2", "b", person="p2"))
    vault.erase("p1")
    assert desk.pull_back(upload)
    found = desk.store.find(upload, "desk")
    assert found is not None
    assert dict(found.undone) == {"withdrawn": 1, "restored": 0, "kept": 0, "erased": 1}
    assert desk.published[-1].source_person == "p2"


def test_ids_of_restatements_tell_nothing_and_depend_on_nothing_else(desk: Desk) -> None:
    event = a_box("box-1", "a")
    desk.pull_back(desk.send(event))
    taken_back = desk.published[-1]
    assert len(taken_back.event_id) == 32
    assert IDS.event_id(event.fact_key, "x", 1) != taken_back.event_id
