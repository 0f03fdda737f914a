"""A person who mistypes a YAML file is told where."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.declared import Declared, read_declared
from hub.errors import ConfigError


class Inner(Declared):
    port: int


class Thing(Declared):
    name: str
    since: date | None = None
    tags: tuple[str, ...] = ()
    inner: Inner | None = None


def read(tmp_path: Path, text: str) -> Thing:
    path = tmp_path / "thing.yaml"
    path.write_text(text)
    return read_declared(path, Thing)


def test_a_correct_file_is_read_whole(tmp_path: Path) -> None:
    thing = read(tmp_path, "name: x\nsince: 2021-01-01\ntags: [a, b]\ninner:\n  port: 7\n")
    assert thing == Thing(name="x", since=date(2021, 1, 1), tags=("a", "b"), inner=Inner(port=7))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: x\ninner:\n  port: high\n", r"thing\.yaml:3: inner\.port: .*integer"),
        ("name: x\n\nnmae: y\n", r"thing\.yaml:3: nmae: unknown field; did you mean name\?"),
        ("tags: []\n", r"thing\.yaml:1: name: Field required"),
        ("name: x\nname: y\n", r"thing\.yaml:2: name stands here a second time"),
        ("name: x\ntags: [a, 1]\n", r"thing\.yaml:2: tags\.1: .*string"),
        ("name: [x\n", r"thing\.yaml:2: is not YAML"),
        ("name: x\nsince: 2021-02-30\n", r"thing\.yaml: is not YAML"),
        ("- a\n", r"thing\.yaml:1: must hold fields"),
        ("", r"thing\.yaml:1: must hold fields"),
        ("name: &a [*a]\n", r"nested deeper|is not YAML"),
        ("name: \0\n", r"thing\.yaml: is not YAML"),
        ("[" * 100_000, r"thing\.yaml: is not YAML"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, text)


def test_a_file_that_is_not_text_or_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_declared(tmp_path / "absent.yaml", Thing)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary\.yaml"):
        read_declared(tmp_path / "binary.yaml", Thing)


def test_a_file_far_too_large_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="larger than"):
        read(tmp_path, "name: x\n" + "#" * 300_000)
