"""The file-drop door on a clock of its own: taken when whole, moved when safe, never followed out of its folder."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.door import Delivery, Receipt, unit_token
from hub.connectors.file_drop import FileDropDoor, FileDropOptions
from hub.connectors.watch import Watch
from hub.errors import ConfigError, FatalError
from tests.connectors.pretend import intake, values
from tests.fakes import FakeBus


class Desk:
    """A door, its clock and its folder. `settle` lets time pass until everything that is whole was taken."""

    def __init__(self, inbox: Path, **options: Any) -> None:
        self.inbox, self.now = inbox, 0.0
        self.bus = FakeBus()
        self.door = FileDropDoor(
            inbox,
            FileDropOptions(poll_s=0.001, **options),
            Watch("pretend"),
            clock=lambda: self.now,
            stamp=lambda: "2021-02-01T00:00:00Z",
        )

    def put(self, name: str, *lines: str) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
        return path

    def ready(self) -> list[str]:
        return [candidate.name for candidate in self.door._ready()]

    def receipt(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.inbox / f"{name}.receipt.json").read_text())
        return found


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox" / "pretend"
    folder.mkdir(parents=True)
    return folder


def taken(desk: Desk, until: Callable[[], bool]) -> None:
    """Run door and intake until `until` holds."""

    async def run() -> None:
        await desk.door.open()
        running = asyncio.create_task(intake(desk.door, desk.bus).run())
        async with asyncio.timeout(240):
            while not until() and not running.done():
                desk.now += 1.0
                await asyncio.sleep(0.001)
        await desk.door.stop_reading()
        await running

    asyncio.run(run())


def test_a_file_is_read_then_stands_in_done_with_a_receipt_beside_it(inbox: Path) -> None:
    desk = Desk(inbox)
    desk.put("doses.txt", "ann:1", "bad:no-date", "skip:not-covid")
    taken(desk, lambda: (inbox / "done" / "doses.txt").exists())
    assert values(desk.bus.log, "event") == [b"event-ann-1"]
    assert desk.receipt("done/doses.txt") == {
        "connector": "pretend", "unit": "doses.txt", "token": "6ff588fad038", "taken_at": "2021-02-01T00:00:00Z",
        "read_to_its_end": True,
        "events": {"vaccination": 1},
        "rejected": {"no-date": {"count": 1, "where": ["row 2"], "all_listed": True}},
        "ignored": {"not-covid": 1},
        "issues": {},
    }  # fmt: skip
    assert sorted(p.name for p in inbox.iterdir()) == ["done", "failed"]


@pytest.mark.parametrize("lines", [(), ("junk:not-a-table",)])
def test_a_file_of_which_nothing_could_be_read_stands_in_failed(inbox: Path, lines: tuple[str, ...]) -> None:
    desk = Desk(inbox)
    desk.put("junk.txt", *lines)
    taken(desk, lambda: (inbox / "failed" / "junk.txt").exists())
    assert desk.receipt("failed/junk.txt")["events"] == {}


def test_a_file_still_growing_is_left_alone(inbox: Path) -> None:
    desk = Desk(inbox, stable_s=2.0)
    path = desk.put("doses.txt", "ann:1")
    seen = []
    for second in range(6):
        desk.now = float(second)
        if second < 3:
            path.write_text("ann:1\n" * (second + 2))
        seen.append(desk.ready())
    assert seen == [[], [], [], [], ["doses.txt"], ["doses.txt"]]


def test_a_file_whose_reading_a_bug_ended_is_not_done(inbox: Path) -> None:
    desk = Desk(inbox)
    desk.put("doses.txt", "ann:1", "crash:x", "bob:2")
    taken(desk, lambda: (inbox / "failed" / "doses.txt").exists())
    assert desk.receipt("failed/doses.txt")["read_to_its_end"] is False
    assert values(desk.bus.log, "event") == [b"event-ann-1"]


def test_social_20_of_a_file_with_records_that_may_not_be_held_no_copy_stays_and_its_receipt_does_not_name_it(
    inbox: Path,
) -> None:
    desk = Desk(inbox)
    desk.put("safe-haven.csv", "ann:1", "stop:no-consent", "stop:no-consent")
    token = unit_token("safe-haven.csv")
    taken(desk, lambda: (inbox / "done" / f"{token}.receipt.json").exists() and not (inbox / "safe-haven.csv").exists())
    told = desk.receipt(f"done/{token}")
    assert (told["unit"], told["rejected"]["no-consent"]["count"]) == (token, 2)
    assert "safe-haven" not in json.dumps(told)
    assert told["rejected"]["no-consent"]["where"] == ["row 2", "row 3"]
    assert {path.name for path in inbox.rglob("*")} == {"done", f"{token}.receipt.json", "failed"}
    assert "stop" not in (inbox / "done" / f"{token}.receipt.json").read_text()
    assert values(desk.bus.log, "event") == [b"event-ann-1"]


@pytest.mark.parametrize("name", ["1", "row", "e", "where", "Schutzraum für Frauen.csv"])
def test_social_20_a_receipt_stays_whole_whatever_the_file_was_called(inbox: Path, name: str) -> None:
    desk, token = Desk(inbox), unit_token(name)
    desk.put(name, "ann:1", "stop:no-consent")
    taken(desk, lambda: (inbox / "done" / f"{token}.receipt.json").exists() and not (inbox / name).exists())
    told = desk.receipt(f"done/{token}")
    assert (told["events"], told["rejected"]["no-consent"]["count"], told["token"]) == ({"vaccination": 1}, 1, token)


def test_social_20_a_receipt_says_where_by_the_units_token() -> None:
    receipt = Receipt()
    for place in ("haven.csv row 2", "haven.csv", "haven.csv/a.csv row 3", "other.csv row 4"):
        receipt.accept("person", ("odd",), place)
    assert receipt.as_json(hide="haven.csv.gz", behind="T")["issues"]["odd"]["where"] == [
        "T row 2", "T", "T/a.csv row 3", "other.csv row 4"
    ]  # fmt: skip


def test_social_20_a_purge_that_a_crash_cut_short_is_finished_at_the_next_start(inbox: Path) -> None:
    left = inbox / "done" / ".purged-0123456789ab"
    left.mkdir(parents=True)
    (left / "Client.csv").write_text("made up")
    asyncio.run(Desk(inbox).door.open())
    assert not left.exists()


@pytest.mark.parametrize("name", ["x.csv.part", "x.csv.tmp", "x.filepart", ".hidden", "~lock.csv"])
def test_a_file_being_written_under_a_working_name_is_left_alone(inbox: Path, name: str) -> None:
    desk = Desk(inbox, stable_s=0)
    path = desk.put(name, "ann:1")
    assert [desk.ready(), desk.ready(), desk.ready()] == [[], [], []]
    path.rename(inbox / "x.csv")
    assert [desk.ready(), desk.ready()] == [[], ["x.csv"]]


def test_a_folder_is_taken_when_it_is_complete(inbox: Path) -> None:
    desk = Desk(inbox, unit="folder", complete_when=("Export.csv",), stable_s=1)
    desk.put("week-1/Client.csv", "x")
    for _ in range(3):
        desk.now += 1
        assert desk.ready() == []
    desk.put("week-1/export.CSV", "x")
    assert desk.ready() == []
    desk.now += 1
    assert desk.ready() == ["week-1"]
    desk.put("week-1/Exit.csv.part", "x")
    desk.now += 5
    assert [desk.ready(), desk.ready()] == [[], []]


def test_what_a_unit_is_made_of_is_put_together_once_for_all_its_rows(inbox: Path) -> None:
    desk = Desk(inbox, unit="folder")
    desk.put("drop/rows.txt", "ann:1")

    async def first() -> Delivery:
        await desk.door.open()
        desk.ready()
        desk.now += 60.0
        return await anext(aiter(desk.door))

    delivery = asyncio.run(first())
    assert delivery.unit is delivery.unit


def test_a_folder_moves_as_a_whole(inbox: Path) -> None:
    desk = Desk(inbox, unit="folder", complete_when=("a",))
    desk.put("week-1/a", "x")
    desk.put("week-1/nested/b", "x")
    read: list[Any] = []

    async def run() -> None:
        await desk.door.open()
        async for delivery in desk.door:
            read.append(delivery.unit.content)
            await delivery.ack(Receipt())
            await desk.door.stop_reading()

    desk.door.options = desk.door.options.model_copy(update={"stable_s": 0.0})
    asyncio.run(run())
    assert read == [{"a": inbox / "week-1" / "a"}]
    assert (inbox / "done" / "week-1" / "nested" / "b").exists()


def test_the_wrong_kind_of_unit_is_refused_in_words(inbox: Path) -> None:
    files, folders = Desk(inbox / "files"), Desk(inbox / "folders", unit="folder")
    files.put("a-folder/x", "ann:1")
    folders.put("a-file", "ann:1")
    taken(files, lambda: (files.inbox / "failed" / "a-folder").exists())
    taken(folders, lambda: (folders.inbox / "failed" / "a-file").exists())
    assert list(files.receipt("failed/a-folder")["rejected"]) == ["expected-a-file"]
    assert list(folders.receipt("failed/a-file")["rejected"]) == ["expected-a-folder"]
    assert files.bus.log == [("dead", b"expected-a-file", None, None, None)]


def test_a_file_that_is_whole_by_itself_needs_no_folder(inbox: Path) -> None:
    desk = Desk(inbox, unit="folder", alone=("*.json",))
    desk.put("Directory.JSON", "ann:1")
    desk.put("services.csv", "bob:2")
    taken(desk, lambda: not [path for path in inbox.iterdir() if path.is_file()])
    assert (inbox / "done" / "Directory.JSON").exists()
    assert values(desk.bus.log, "event") == [b"event-ann-1"]
    assert list(desk.receipt("failed/services.csv")["rejected"]) == ["expected-a-folder"]


def test_a_symbolic_link_is_never_followed(inbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ann:1")
    desk = Desk(inbox)
    (inbox / "link.txt").symlink_to(secret)
    taken(desk, lambda: os.path.lexists(inbox / "failed" / "link.txt"))
    assert desk.bus.log == [("dead", b"symbolic-link", None, None, None)]
    assert secret.read_text() == "ann:1"


def test_a_link_inside_a_folder_refuses_the_folder(inbox: Path, tmp_path: Path) -> None:
    desk = Desk(inbox, unit="folder", complete_when=("a",))
    desk.put("week-1/a", "x")
    (inbox / "week-1" / "b").symlink_to(tmp_path)
    taken(desk, lambda: (inbox / "failed" / "week-1").exists())
    assert desk.bus.log == [("dead", b"symbolic-link", None, None, None)]


def test_a_pipe_and_a_file_too_large_are_refused_unread(inbox: Path) -> None:
    desk = Desk(inbox, max_file_bytes=10)
    desk.put("large", "x" * 11)
    os.mkfifo(inbox / "pipe")
    taken(desk, lambda: len(list((inbox / "failed").glob("*.json"))) == 2)
    assert {record[1] for record in desk.bus.log} == {b"file-too-large", b"not-a-file"}


def test_names_may_hold_anything(inbox: Path) -> None:
    names = ["..csv", "a b\nc.csv", "ünï.csv", os.fsdecode(b"\xff\xfe.csv"), "-rf", "x" * 255]
    desk = Desk(inbox)
    for name in names[1:]:
        desk.put(name, "ann:1")
    taken(desk, lambda: len(list((inbox / "done").glob("*.receipt.json"))) == len(names) - 1)
    assert sorted(p.name for p in inbox.iterdir()) == ["done", "failed"]


def test_the_same_name_twice_keeps_both(inbox: Path) -> None:
    desk = Desk(inbox)
    for dose in ("1", "2"):
        desk.put("doses.txt", f"ann:{dose}")
        taken(desk, lambda: not (inbox / "doses.txt").exists())
        desk.door._stop = asyncio.Event()
    assert sorted(p.name for p in (inbox / "done").iterdir()) == [
        "doses.txt", "doses.txt.2", "doses.txt.2.receipt.json", "doses.txt.receipt.json",
    ]  # fmt: skip


def test_a_kill_half_way_leaves_the_file_and_the_second_reading_gives_the_same_ids(inbox: Path) -> None:
    rows = [f"p{n}:1" for n in range(1_000)]
    first = Desk(inbox)
    first.put("doses.txt", *rows)
    first.bus.crash_after = 900
    with pytest.raises(FatalError):
        taken(first, lambda: False)
    assert (inbox / "doses.txt").exists()
    second = Desk(inbox)
    taken(second, lambda: (inbox / "done" / "doses.txt").exists())
    ids = set(values(second.bus.log, "event"))
    assert ids == {b"event-p%d-1" % n for n in range(1_000)}
    assert set(values(first.bus.log, "event")) <= ids


def test_without_a_broker_the_file_stays_and_later_it_is_taken(inbox: Path) -> None:
    desk = Desk(inbox)
    desk.bus.away = True
    desk.put("doses.txt", "ann:1")

    def back() -> bool:
        if desk.bus.asked.is_set():
            assert desk.bus.log == [] or not desk.bus.away
            desk.bus.away = False
        return (inbox / "done" / "doses.txt").exists()

    taken(desk, back)
    assert values(desk.bus.log, "event") == [b"event-ann-1"]


def test_a_file_that_changed_while_it_was_read_is_read_again(inbox: Path) -> None:
    desk = Desk(inbox)
    path = desk.put("doses.txt", "ann:1")
    desk.bus.flowing.clear()

    def until() -> bool:
        if desk.bus.log and not desk.bus.flowing.is_set():
            path.write_text("ann:1\nbob:2")
            desk.bus.flowing.set()
        return (inbox / "done" / "doses.txt").exists()

    taken(desk, until)
    assert values(desk.bus.log, "event") == [b"event-ann-1", b"event-ann-1", b"event-bob-2"]
    assert desk.receipt("done/doses.txt")["events"] == {"vaccination": 2}


def test_a_move_that_fails_is_tried_again_without_reading_again(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(inbox)
    desk.put("doses.txt", "ann:1")
    real, tries = Path.rename, []

    def full(self: Path, target: Path) -> Path:
        tries.append(target)
        if len(tries) < 3:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", full)
    taken(desk, lambda: (inbox / "done" / "doses.txt").exists())
    assert values(desk.bus.log, "event") == [b"event-ann-1"]


def test_an_inbox_that_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="inbox"):
        asyncio.run(Desk(tmp_path / "file" / "inbox").door.open())


@pytest.mark.slow
def test_ten_thousand_small_files_are_each_taken_once(inbox: Path) -> None:
    desk = Desk(inbox, stable_s=0)
    for number in range(10_000):
        desk.put(f"{number}.txt", f"p{number}:1")
    taken(desk, lambda: len(list(inbox.iterdir())) == 2)  # done/ and failed/
    ids = values(desk.bus.log, "event")
    assert len(ids) == 10_000
    assert set(ids) == {b"event-p%d-1" % number for number in range(10_000)}
    assert len(list((inbox / "done").iterdir())) == 20_000


def test_a_file_written_over_under_its_old_size_and_time_is_read_again(inbox: Path) -> None:
    desk = Desk(inbox)
    path = desk.put("doses.txt", "ann:1")
    before = path.stat()
    desk.bus.flowing.clear()

    def until() -> bool:
        if desk.bus.log and not desk.bus.flowing.is_set():
            with path.open("r+") as file:
                file.write("bob:2")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            desk.bus.flowing.set()
        return (inbox / "done" / "doses.txt").exists()

    taken(desk, until)
    assert values(desk.bus.log, "event") == [b"event-ann-1", b"event-bob-2"]


def test_a_file_that_may_not_be_read_waits_and_its_neighbours_go_on(inbox: Path) -> None:
    desk = Desk(inbox)
    desk.put("closed.txt", "ann:1")
    desk.put("open.txt", "bob:1")
    real = Path.read_bytes

    def closed(self: Path) -> bytes:
        if self.name == "closed.txt" and desk.now < 100:
            raise PermissionError(13, "Permission denied")
        return real(self)

    with pytest.MonkeyPatch.context() as patched:  # root may read everything, so the permission itself cannot be shown
        patched.setattr(Path, "read_bytes", closed)
        taken(desk, lambda: (inbox / "done" / "closed.txt").exists())
    assert values(desk.bus.log, "event") == [b"event-bob-1", b"event-ann-1"]
