"""What a path on the command line is, to a connector of folders: a drop, or the drops that stand in it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from hub.wiring_reading import catalogue, units

DROP = ("Client.csv", "Export.csv")


def drop(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in DROP:
        (folder / name).write_text("ExportID\n1\n")
    return folder


def packed(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        for name in DROP:
            file.writestr(name, "ExportID\n1\n")
    return path


def names(path: Path) -> list[str]:
    return [unit.name for unit in units(catalogue()["hmis-csv"], path)]


def test_a_folder_of_files_is_one_drop_whatever_else_stands_in_it(tmp_path: Path) -> None:
    drop(drop(tmp_path / "export") / "old")
    packed(tmp_path / "export" / "last-week.zip")
    (unit,) = units(catalogue()["hmis-csv"], tmp_path / "export")
    assert unit.name == "export"
    assert isinstance(unit.content, dict)
    assert sorted(unit.content) == [*DROP, "last-week.zip"]


def test_folders_and_zips_in_a_folder_of_nothing_else_are_each_a_drop(tmp_path: Path) -> None:
    for name in ("2021", "2022", "__MACOSX", ".hidden"):
        drop(tmp_path / "all" / "exports" / name)
    packed(tmp_path / "all" / "zips" / "2023.zip")
    (tmp_path / "all" / ".DS_Store").write_bytes(b"\0")
    assert names(tmp_path / "all") == ["2021", "2022", "2023.zip"]


@pytest.mark.parametrize("inside", [[], [".DS_Store"]])
def test_an_empty_folder_is_a_drop_that_lacks_everything(inside: list[str], tmp_path: Path) -> None:
    for name in inside:
        (tmp_path / name).write_bytes(b"\0")
    assert names(tmp_path) == [tmp_path.name]


def test_no_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    drop(tmp_path / "elsewhere")
    (tmp_path / "drops").mkdir()
    (tmp_path / "drops" / "link").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path / "drops") == ["drops"]
