"""What the store does when its file cannot be read or written: it says that it should be tried again, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.upload.kept import Taken
from hub.connectors.upload.store import UploadStore
from hub.errors import RetryError
from hub.privacy.vault import Vault
from tests.connectors.upload.stating import NOW, Desk, a_box


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    vault = Vault(tmp_path / "keys.sqlite", b"k" * 32)
    yield vault
    vault.close()


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: list(store.replay("upload-1")),
        lambda store: store.unfinished(),
        lambda store: store.of("desk"),
        lambda store: store.find("upload-1", "desk"),
        lambda store: store.begin("upload-2", "desk", "march.csv", [], NOW),
        lambda store: store.pull_back("upload-1", "desk", NOW),
        lambda store: store.forget(NOW),
    ],
)
def test_a_store_that_does_not_answer_is_tried_again(
    tmp_path: Path, vault: Vault, ask: Callable[[UploadStore], object]
) -> None:
    store = UploadStore(tmp_path / "pantry.sqlite", "pantry", vault)
    Desk(store).send(a_box("box-1", "a"), crash_at=0)
    store.close()
    with pytest.raises(RetryError, match="upload-store"):
        ask(store)


class Unsteady(sqlite3.Connection):
    """A disk that is full for a moment, just when something is to be made durable."""

    full = False

    def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
        if self.full and sql == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *given)


def test_after_a_disk_that_was_full_the_same_list_can_be_sent(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Unsteady))
    store = UploadStore(tmp_path / "pantry.sqlite", "pantry", vault)
    monkeypatch.setattr(Unsteady, "full", True)
    taken = [Taken(a_box("box-1", "a"), 2)]
    with pytest.raises(RetryError, match="upload-store"):
        store.begin("upload-1", "desk", "march.csv", taken, NOW)
    monkeypatch.setattr(Unsteady, "full", False)
    assert store.unfinished() == []
    store.begin("upload-1", "desk", "march.csv", taken, NOW)
    assert store.unfinished() == ["upload-1"]
    store.close()
