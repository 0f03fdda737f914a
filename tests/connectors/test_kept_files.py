"""What stays in done/ and failed/: nobody else's to read, and gone when its days are over."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.connectors.file_drop import FileDropOptions
from hub.connectors.kept import delete_older, make_private
from tests.connectors.test_file_drop import Desk, taken

DAY_S = 86_400


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_was_taken_is_readable_by_the_hubs_account_alone(tmp_path: Path) -> None:
    inbox = tmp_path / "pretend"
    (inbox / "done").mkdir(parents=True, mode=0o755)
    desk = Desk(inbox)
    desk.put("doses.txt", "ann:1").chmod(0o644)
    desk.put("junk.txt", "junk:not-a-table").chmod(0o666)
    taken(desk, lambda: (inbox / "done" / "doses.txt").exists() and (inbox / "failed" / "junk.txt").exists())
    assert {mode(inbox / folder) for folder in ("done", "failed")} == {0o700}
    kept = [path for folder in ("done", "failed") for path in (inbox / folder).iterdir()]
    assert sorted(path.name for path in kept) == [
        "doses.txt", "doses.txt.receipt.json", "junk.txt", "junk.txt.receipt.json",
    ]  # fmt: skip
    assert {mode(path) for path in kept} == {0o600}


def test_a_folder_is_closed_with_all_in_it_and_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "theirs.csv"
    outside.write_text("not ours")
    outside.chmod(0o644)
    (tmp_path / "export" / "more").mkdir(parents=True)
    (tmp_path / "export" / "more" / "Client.csv").write_text("made up")
    (tmp_path / "export" / "link.csv").symlink_to(outside)
    make_private(tmp_path / "export")
    assert mode(tmp_path / "export") == mode(tmp_path / "export" / "more") == 0o700
    assert mode(tmp_path / "export" / "more" / "Client.csv") == 0o600
    assert mode(outside) == 0o644


def test_kept_files_are_deleted_when_their_days_are_over_and_never_where_none_are_said(tmp_path: Path) -> None:
    inbox = tmp_path / "pretend"
    days = [0.0]

    def life(name: str, **options: int) -> set[str]:
        """One life of a door that takes one file on that day; what stands in done/ afterwards."""
        desk = Desk(inbox, **options)
        desk.door._wall = lambda: time.time() + days[0] * DAY_S
        desk.put(name, "ann:1")
        taken(desk, lambda: (inbox / "done" / name).exists() and desk.now > 10)
        return {path.name for path in (inbox / "done").iterdir() if not path.name.endswith(".receipt.json")}

    inbox.mkdir()
    assert life("first.txt") == {"first.txt"}
    days[0] = 400.0
    assert life("second.txt") == {"first.txt", "second.txt"}
    days[0] = 29.0
    assert life("third.txt", keep_days=30) == {"first.txt", "second.txt", "third.txt"}


def test_old_files_folders_and_receipts_go_and_a_link_goes_without_what_it_leads_to(tmp_path: Path) -> None:
    done, theirs = tmp_path / "done", tmp_path / "theirs"
    (done / "export").mkdir(parents=True)
    (done / "export" / "Client.csv").write_text("made up")
    (done / "export.receipt.json").write_text("{}")
    theirs.mkdir()
    (theirs / "file").write_text("not ours")
    (done / "link").symlink_to(theirs)
    assert delete_older(done, time.time() - DAY_S) == 0
    assert delete_older(done, time.time() + DAY_S) == 3
    assert list(done.iterdir()) == []
    assert (theirs / "file").exists()
    assert delete_older(tmp_path / "nowhere", time.time()) == 0


def test_a_door_deletes_at_its_first_look_what_an_earlier_run_kept_too_long(tmp_path: Path) -> None:
    inbox = tmp_path / "pretend"
    (inbox / "done").mkdir(parents=True)
    (inbox / "done" / "old.txt").write_text("made up")
    desk = Desk(inbox, keep_days=30)
    desk.door._wall = lambda: time.time() + 31 * DAY_S
    taken(desk, lambda: not (inbox / "done" / "old.txt").exists())


def test_no_days_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="keep_days"):
        FileDropOptions(keep_days=0)
