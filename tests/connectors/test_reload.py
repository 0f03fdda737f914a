"""What counts as a change of a connector: content, whole, and of that connector alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.connectors.reload import Looks


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    for name in ("shipped/lab", "own/pantry/codes", "agreements", "secrets/pantry"):
        (tmp_path / name).mkdir(parents=True)
    write(tmp_path / "shipped/lab/connector.yaml", "name: lab\n")
    write(tmp_path / "own/pantry/connector.yaml", "name: pantry\n")
    write(tmp_path / "agreements/pantry.yaml", "fields: []\n")
    return Looks([tmp_path / "shipped", tmp_path / "own"], tmp_path / "agreements", tmp_path / "secrets")


def write(path: Path, text: str) -> None:
    """As editors do: beside it, then renamed over it."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    part.replace(path)


def changed(looks: Looks) -> set[str]:
    """Names whose fingerprints differ after two more looks."""
    before = looks.look()
    looks.look()
    after = looks.look()
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_the_first_look_takes_everything_as_it_is(looks: Looks) -> None:
    assert sorted(looks.look()) == ["lab", "pantry"]


@pytest.mark.parametrize(
    "path", ["own/pantry/connector.yaml", "own/pantry/codes/race.csv", "own/pantry/hooks.py", "agreements/pantry.yaml",
             "secrets/pantry/token"]
)  # fmt: skip
def test_a_change_of_any_file_is_one_of_its_connector_alone(looks: Looks, tmp_path: Path, path: str) -> None:
    looks.look()
    write(tmp_path / path, "something else\n")
    assert changed(looks) == {"pantry"}


def test_the_same_bytes_again_are_no_change(looks: Looks, tmp_path: Path) -> None:
    path = tmp_path / "own/pantry/connector.yaml"
    looks.look()
    write(path, path.read_text())
    os.utime(path, (1, 1))
    assert changed(looks) == set()


def test_a_file_that_is_being_written_is_left_alone_until_it_rests(looks: Looks, tmp_path: Path) -> None:
    path, before = tmp_path / "own/pantry/connector.yaml", looks.look()["pantry"]
    for text in ("n", "name", "name: pan", "name: pantry\ntitle: x\n"):
        path.write_text(text)
        assert looks.look()["pantry"] == before
    assert looks.look()["pantry"] != before


def test_a_file_that_is_away_for_one_look_is_no_removal(looks: Looks, tmp_path: Path) -> None:
    path = tmp_path / "own/pantry/connector.yaml"
    before, text = looks.look(), path.read_text()
    path.unlink()
    assert looks.look() == before
    path.write_text(text)
    assert looks.look() == before
    path.unlink()
    looks.look()
    assert sorted(looks.look()) == ["lab"]


def test_a_new_folder_and_one_that_replaces_a_shipped_one_are_changes(looks: Looks, tmp_path: Path) -> None:
    looks.look()
    for name in ("lab", "shelter"):
        (tmp_path / "own" / name).mkdir()
        write(tmp_path / "own" / name / "connector.yaml", f"name: {name}\ntitle: own\n")
    assert changed(looks) == {"lab", "shelter"}


def test_what_is_no_file_is_not_read(looks: Looks, tmp_path: Path) -> None:
    looks.look()
    os.mkfifo(tmp_path / "secrets/pantry/pipe")
    (tmp_path / "own/pantry/hooks.py").symlink_to(tmp_path / "nowhere")
    assert changed(looks) == set()
