"""A drop of screenings that lacks a file, offline: nothing of it is taken, and what is waited for is said (as the inbox waits)."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result

from hub.commands.connector import connector
from hub.commands.preview import preview
from tests.mapping.test_screenings import answer, drop

FOOD = answer("88122-7", "LA28397-0")


def written(folder: Path, *left_out: str, **renamed: str) -> Path:
    folder.mkdir()
    for name, content in drop(FOOD).items():
        kind = next(kind for kind in ("ADMIN", "DEMOGRAPHIC", "SCREENING") if kind in name)
        if kind not in left_out:
            (folder / renamed.get(kind, name)).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def tried(path: Path, tmp_path: Path) -> Result:
    return CliRunner().invoke(
        connector, ["try", "hrsn-screening", str(path), "--summary", "--instance", str(tmp_path / "none")]
    )


def previewed(path: Path) -> Result:
    return CliRunner().invoke(preview, [str(path), "--as-of", "2026-03-02", "--json"])


@pytest.mark.parametrize("zipped", [False, True])
def test_without_the_flags_of_visits_nothing_is_taken_and_they_are_named(zipped: bool, tmp_path: Path) -> None:
    path = written(tmp_path / "drop", "ADMIN")
    if zipped:
        with ZipFile(tmp_path / "drop.zip", "w") as packed:
            for file in path.iterdir():
                packed.write(file, file.name)
        path = tmp_path / "drop.zip"
    found = tried(path, tmp_path)
    assert found.exit_code == 1
    assert json.loads(found.stdout)["events"] == {}
    assert "missing-file" in found.stdout
    told = previewed(path)
    assert told.exit_code == 1
    assert json.loads(told.stdout)["events"] == {}
    (refusal,) = json.loads(told.stdout)["refusals"]
    assert refusal["reason"] == "missing-file"
    assert refusal["file"].endswith("*ADMIN*.csv")


def test_preview_knows_a_set_by_the_names_that_its_inbox_waits_for(tmp_path: Path) -> None:
    path = written(
        tmp_path / "d", DEMOGRAPHIC="Demographic_feb.csv", ADMIN="x_admin.csv", SCREENING="screening_feb.csv"
    )
    assert json.loads(previewed(path).stdout)["events"] == {"person": 1, "screening": 1}
    assert json.loads(tried(path, tmp_path).stdout)["events"] == {"person": 1, "screening": 1}


def test_preview_says_of_answers_alone_which_file_lacks(tmp_path: Path) -> None:
    (why,) = json.loads(previewed(written(tmp_path / "drop", "DEMOGRAPHIC")).stdout)["not_routed"]
    assert "there is no *DEMOGRAPHIC*.csv beside SCREENING*.csv" in why
