"""Doors are looked up by kind, also those of other packages; a broken one costs only the connectors that use it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from hub.connectors import doors
from hub.connectors.catalog import SHIPPED, Connector, load
from hub.connectors.doors import Around, DoorKind, DoorOptions
from hub.connectors.file_drop import FileDropDoor
from hub.connectors.mllp_door import MllpDoor
from hub.errors import ConfigError
from tests.connectors.pulling import around_of
from tests.fakes import FakeDoor


class PigeonOptions(DoorOptions):
    """Somebody else's."""

    wings: int = 2


PIGEON = DoorKind(PigeonOptions, lambda options, around: FakeDoor([], lanes=options.wings))
NO_KIND = object()


@pytest.fixture(autouse=True)
def found() -> Iterator[None]:
    yield
    doors.discover.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> None:
    real = list(entry_points(group=doors.GROUP))
    added = [EntryPoint(name, value, doors.GROUP) for name, value in points]
    monkeypatch.setattr("hub.connectors.doors.entry_points", lambda group: [*real, *added])
    doors.discover.cache_clear()


def around(tmp_path: Path) -> Around:
    return around_of(tmp_path)


def declared(tmp_path: Path, door: str) -> Connector:
    folder = tmp_path / "iis-cvrs"
    folder.mkdir()
    text = (SHIPPED / "iis-cvrs" / "connector.yaml").read_text().replace("kind: file-drop\n  unit: file\n", door)
    (folder / "connector.yaml").write_text(text)
    return load([tmp_path])["iis-cvrs"]


def test_the_shipped_kinds_are_installed_like_anyones(tmp_path: Path) -> None:
    assert {"mllp", "file-drop"} <= doors.discover().keys()
    connectors = load()
    assert isinstance(doors.build(connectors["lab-elr-hl7v2"].door, around(tmp_path)), MllpDoor)
    assert isinstance(doors.build(connectors["iis-cvrs"].door, around(tmp_path)), FileDropDoor)


def test_a_door_of_another_package_is_declared_checked_and_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, ("carrier-pigeon", f"{__name__}:PIGEON"))
    monkeypatch.setattr(EntryPoint, "load", lambda point: PIGEON if point.name == "carrier-pigeon" else _really(point))
    door = declared(tmp_path, "kind: carrier-pigeon\n  wings: 3\n").door
    assert isinstance(door, PigeonOptions)
    assert (door.kind, door.wings, door.shape) == ("carrier-pigeon", 3, "file")
    assert isinstance(doors.build(door, around(tmp_path)), FakeDoor)
    with pytest.raises(ConfigError, match=r"connector\.yaml:9: door\.wings: "):
        declared(_other(tmp_path), "kind: carrier-pigeon\n  wings: many\n")


@pytest.mark.parametrize(
    ("points", "complaint"),
    [
        (
            (("x-door", "no.such.module:KIND"),),
            r"yaml:7: door: door x-door cannot be loaded from no\.such\.module:KIND",
        ),
        ((("x-door", "os:sep"),), r"yaml:7: door: door x-door: os:sep is no DoorKind"),
        (
            (("x-door", "os:sep"), ("x-door", "os:linesep")),
            r"yaml:7: door: door x-door is given by os:sep and by os:linesep",
        ),
    ],
)
def test_a_broken_door_is_named_where_it_is_used_and_harms_no_other(
    points: Any, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = set(load())
    install(monkeypatch, *points)
    assert set(load()) == shipped
    with pytest.raises(ConfigError, match=complaint):
        declared(tmp_path, "kind: x-door\n")


@pytest.mark.parametrize(
    ("door", "complaint"),
    [
        ("kind: nope\n", r"yaml:7: door: there is no door of kind nope; there are .*file-drop.*mllp"),
        ("kind: [a]\n", r"yaml:\d: door"),
        ("poll_s: 1.0\n", r"yaml:7: door: there is no door of kind"),
    ],
)
def test_a_kind_that_is_not_there_is_answered_with_those_there_are(door: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=complaint):
        declared(tmp_path, door)


def test_the_schema_for_editors_lists_the_options_of_every_kind() -> None:
    shown = str(Connector.model_json_schema())
    assert "max_frame_bytes" in shown
    assert "complete_when" in shown
    connector = load()["iis-cvrs"]
    assert Connector.model_validate(connector.model_dump()).door == connector.door


def _really(point: EntryPoint) -> Any:
    module, _, name = point.value.partition(":")
    return getattr(__import__(module, fromlist=[name]), name)


def _other(tmp_path: Path) -> Path:
    (tmp_path / "second").mkdir()
    return tmp_path / "second"
