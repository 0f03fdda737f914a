"""Zips through the inbox under the real reader: taken as the folder or files in them would be, live and offline alike."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import stat
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.bus.dead_letter import Rejected
from hub.commands.connector_summary import position
from hub.connectors.door import Problem, Unit
from hub.connectors.file_drop import FileDropDoor
from hub.connectors.intake import Intake
from hub.connectors.packing import Outgoing, Packer
from hub.connectors.watch import Watch
from hub.domain.events import Sealed
from hub.preview_files import preview_files
from hub.privacy.agreements import example_agreement
from hub.wiring_outgoing import SealedPack
from hub.wiring_reading import OFFLINE_IDS, Reader, catalogue, explained, outcomes
from tests.connectors.pretend import PretendPack, values
from tests.fakes import FakeBus
from tests.live.records import Made, dose, doses, export, night

SOMEBODY = Made(1, "Ann", "Made-up")
DAY = date(2021, 2, 3)
AS_OF = date(2021, 3, 31)


class Letters(PretendPack):
    """Also notes each dead letter's problem."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[Problem] = []

    def dead_letter(
        self, problem: Problem, raw: bytes | None, unit: Unit, *, head: bytes = b"", file: str = ""
    ) -> Outgoing:
        self.problems.append(problem)
        return super().dead_letter(problem, raw, unit, head=head, file=file)


class Scene:
    """A shipped connector on an inbox of its own."""

    def __init__(self, folder: Path, name: str, **options: Any) -> None:
        self.folder, self.inbox, self.spool = folder, folder / "inbox", folder / "spool"
        self.inbox.mkdir(parents=True)
        shipped = catalogue()[name]
        told = {"poll_s": 0.001, "stable_s": 0.0, **options}
        self.connector = shipped.model_copy(update={"door": shipped.door.model_copy(update=told)})
        self.agreement = example_agreement(name)
        self.bus, self.pack = FakeBus(), Letters()

    def put(self, name: str, content: bytes) -> Path:
        path = self.inbox / name
        path.write_bytes(content)
        return path

    def live(self, until: Callable[[], bool]) -> None:
        door = FileDropDoor(self.inbox, self.connector.door, Watch("zips"), self.spool)  # type: ignore[arg-type]
        read = Reader(self.connector, self.agreement, OFFLINE_IDS, self.spool)
        intake = Intake(door, Packer(read, self.agreement, self.pack), self.bus, Watch("zips"), first_pause_s=0.0)

        async def run() -> None:
            await door.open()
            running = asyncio.create_task(intake.run())
            async with asyncio.timeout(240):
                while not until() and not running.done():
                    await asyncio.sleep(0.001)
            await door.stop_reading()
            await running

        asyncio.run(run())

    def ids(self) -> set[bytes | None]:
        return set(values(self.bus.log, "event"))

    def offline(self, path: Path) -> set[bytes]:
        found = outcomes(self.connector, self.agreement, OFFLINE_IDS, path)
        return {mapped.event.event_id.encode() for mapped in found if mapped.event is not None}

    def failed(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.inbox / "failed" / f"{name}.receipt.json").read_text())
        return found


def zipped(files: dict[str, bytes], top: str = "") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{top}{name}", content)
    return made.getvalue()


def week(nights: int = 1) -> dict[str, bytes]:
    payload = export("week", [night(SOMEBODY, DAY)] * nights, clients=[SOMEBODY]).payload
    assert not isinstance(payload, bytes)
    return dict(payload)


def rows(number: int) -> bytes:
    payload = doses(DAY, [dose(Made(number, "Ann", "Made-up"))]).payload
    assert isinstance(payload, bytes)
    return payload


@pytest.mark.parametrize("top", ["", "HMIS export of the week/"])
def test_an_hmis_zip_is_the_folder_in_it_live_in_try_and_in_preview(top: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path, "hmis-csv")
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for name, content in week().items():
        (folder / name).write_bytes(content)
    given = tmp_path / "week.ZIP"
    given.write_bytes(zipped(week(), top))
    scene.put("week.ZIP", given.read_bytes())
    scene.live(lambda: (scene.inbox / "done" / "week.ZIP").exists())
    assert scene.ids() == scene.offline(given) == scene.offline(folder)
    assert scene.ids()
    assert not list(scene.spool.iterdir())
    as_zip, as_folder = (preview_files([path], AS_OF)[0].as_json() for path in (given, folder))
    assert as_zip == as_folder
    assert as_zip["events"]["shelter-stay"] >= 1


@pytest.mark.parametrize("form", ["zip", "gz"])
def test_a_packed_file_is_the_files_in_it_live_in_try_and_in_preview(form: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path, "iis-cvrs")
    name = f"doses.txt.{form}"
    content = zipped({"one.txt": rows(1), "more/two.txt": rows(2)}) if form == "zip" else gzip.compress(rows(1))
    given = tmp_path / name
    given.write_bytes(content)
    scene.put(name, content)
    scene.live(lambda: (scene.inbox / "done" / name).exists())
    assert scene.ids() == scene.offline(given)
    assert len(scene.ids()) == (2 if form == "zip" else 1)
    assert preview_files([given], AS_OF)[0].events == {"vaccination": len(scene.ids())}


def test_a_dead_letter_of_a_packed_row_names_its_file_and_row(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "iis-cvrs")
    scene.put("doses.zip", zipped({"one.txt": rows(1), "two.txt": rows(2) + b"too\tshort\r\n"}))
    scene.live(lambda: (scene.inbox / "done" / "doses.zip").exists())
    [problem] = scene.pack.problems
    assert (problem.reason, problem.file, problem.where.split(" field")[0]) == ("short-row", "two.txt", "row 3")
    assert len(scene.ids()) == 2


@pytest.mark.parametrize(
    ("content", "reason", "where"),
    [
        (zipped({"../doses.txt": b"x"}), "zip-unsafe-name", "member 1"),
        (zipped({"a.zip": zipped({"doses.txt": rows(1)})}), "zip-nested", "member 1"),
        (zipped({"a.txt": bytes(40_000_000)}), "zip-too-large", ""),
        (zipped({"doses.txt": rows(1)})[:-30], "zip-broken", ""),
        (b"", "zip-broken", ""),
    ],
)
def test_a_bad_zip_is_one_dead_letter_without_body_and_its_receipt_says_why(
    content: bytes, reason: str, where: str, tmp_path: Path
) -> None:
    scene = Scene(tmp_path, "iis-cvrs")
    given = tmp_path / "doses.zip"
    given.write_bytes(content)
    scene.put("doses.zip", content)
    scene.live(lambda: (scene.inbox / "failed" / "doses.zip").exists())
    assert [(topic, key, value) for topic, key, value, *_ in scene.bus.log] == [("dead", reason.encode(), None)]
    assert scene.failed("doses.zip")["rejected"] == {reason: {"count": 1, "where": [where], "all_listed": True}}
    [offline] = outcomes(scene.connector, scene.agreement, OFFLINE_IDS, given)
    assert (offline.outcome, offline.reason, offline.raw) == ("rejected", reason, b"")
    [(_, told)] = explained(scene.connector, scene.agreement, OFFLINE_IDS, given)
    assert position(told.where) == f"doses.zip {where}".strip()
    assert not list(scene.spool.iterdir())


def test_another_file_where_a_folder_or_a_zip_is_expected_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "hmis-csv")
    scene.put("week.csv.gz", gzip.compress(b"x"))
    scene.live(lambda: (scene.inbox / "failed" / "week.csv.gz").exists())
    assert list(scene.failed("week.csv.gz")["rejected"]) == ["expected-a-folder"]


def test_unpacking_can_be_switched_off(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "iis-cvrs", unpack=None)
    scene.put("doses.zip", zipped({"doses.txt": rows(1)}))
    scene.live(lambda: (scene.inbox / "failed" / "doses.zip").exists())
    assert not scene.ids()


def test_a_zip_half_read_leaves_nothing_in_the_spool_after_the_next_start(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "iis-cvrs")
    (scene.spool / "unpacked-before").mkdir(parents=True)
    (scene.spool / "unpacked-before" / "00001").write_bytes(rows(1))
    scene.put("doses.zip", zipped({"doses.txt": rows(1)}))
    scene.live(lambda: (scene.inbox / "done" / "doses.zip").exists())
    assert not list(scene.spool.iterdir())
    assert stat.S_IMODE(scene.spool.stat().st_mode) == 0o700


def test_a_disk_that_is_full_while_unpacking_refuses_nothing_and_promises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path, "iis-cvrs")
    scene.put("doses.zip", zipped({"doses.txt": rows(1)}))
    tries: list[str] = []

    def full(*_: object, **__: object) -> object:
        tries.append("")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("hub.wiring_reading.unpack", full)
        scene.live(lambda: len(tries) == 1)
    assert scene.bus.log == []
    assert (scene.inbox / "doses.zip").exists()
    scene.live(lambda: (scene.inbox / "done" / "doses.zip").exists())
    assert len(scene.ids()) == 1


def test_two_exports_with_one_fault_in_one_row_are_two_letters_and_one_export_twice_is_one(tmp_path: Path) -> None:
    class Plain:
        def encode(self, topic: str, record: Rejected) -> bytes:
            return record.file.encode()

    class Unsealed:
        def seal_bytes(self, data: bytes, topic: str, field: str) -> Any:
            return Sealed(key_id="k", ciphertext=data)

    pack = SealedPack("hmis-csv", Plain(), Unsealed())  # type: ignore[arg-type]
    problem = Problem("short-row", "parse", "row 3", "Client.csv")

    def letter(unit: str) -> tuple[bytes, bytes]:
        _, _, value, _, headers = pack.dead_letter(problem, b"row", Unit(unit, {}))
        assert value is not None
        assert headers is not None
        return value, dict(headers)["ce_id"]

    first, again, other = letter("week-1"), letter("week-1"), letter("week-2")
    assert first == again
    assert first[1] != other[1]
    assert first[0].startswith(Unit("week-1", {}).token.encode() + b"/")


def test_preview_counts_one_letter_once_and_the_same_fault_of_another_export_again(tmp_path: Path) -> None:
    broken = week() | {"Client.csv": week()["Client.csv"] + b"too,short\n"}
    for place in ("a/week-1", "b/week-1", "a/week-2"):
        (tmp_path / place).mkdir(parents=True)
        for name, content in broken.items():
            (tmp_path / place / name).write_bytes(content)
    paths = [tmp_path / "a" / "week-1", tmp_path / "b" / "week-1", tmp_path / "a" / "week-2"]
    assert preview_files(paths[:1], AS_OF)[0].rejected == {"short-row": 1}
    assert preview_files(paths[:2], AS_OF)[0].rejected == {"short-row": 1}
    assert preview_files(paths, AS_OF)[0].rejected == {"short-row": 2}
