"""Which kinds of doors there are: `door: {kind: …}` of a connector.yaml, looked up among installed entry points.

A kind is one object, a `DoorKind`, named in entry-point group `hub.doors`; the hub's own stand in its pyproject like anyone's:

    [project.entry-points."hub.doors"]
    carrier-pigeon = "their_package.pigeons:KIND"

with `KIND = DoorKind(PigeonOptions, build)`, `PigeonOptions` a `DoorOptions`, and `build(options, around)` giving a door
(hub.connectors.door.Door). The name of the entry point is the kind; a name that is taken twice, or does not load, is a
ConfigError of the connectors that use it and of no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import GetJsonSchemaHandler, create_model
from pydantic_core import PydanticCustomError, core_schema

from hub.connectors.archive import ArchiveLimits
from hub.connectors.door import Door, Mapped, Receipt, Unit
from hub.connectors.front import Front
from hub.connectors.positions import Position, Positions
from hub.connectors.upload.desk import UploadDesk
from hub.connectors.watch import Watch
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["GROUP", "Answer", "AnyDoor", "Around", "DoorKind", "DoorOptions", "Found", "Replays", "build", "discover"]

GROUP = "hub.doors"


class DoorOptions(Declared):
    """Section `door` of a connector.yaml; a kind adds its own fields. `kind` is the name of its entry point."""

    kind: str = ""

    @property
    def shape(self) -> Literal["bytes", "file", "folder"]:
        """What `Unit.content` of this door holds: how `hub connector try` must hand a file over."""
        return "file"

    @property
    def archives(self) -> ArchiveLimits | None:
        """What a zip or gzip file that comes through may unpack to; None: a file is read as it is."""
        return None

    @property
    def remembers(self) -> bool:
        """Whether the door keeps positions (hub.connectors.positions)."""
        return False

    @property
    def answers(self) -> bool:
        """Whether somebody waits until what came is safe: then its records go to the broker at once, else when there are more."""
        return True

    def rewound(self, position: Position | None, to: datetime | None) -> Position | None:
        """Where a stream must stand to be read again from `to` (None: its beginning), when it stands at `position`; None: at its
        beginning. ConfigError where the door cannot go there, saying what to do instead."""
        del position
        if not self.remembers:
            raise ConfigError("nothing can be fetched again through this door: ask the sender to send it again")
        if to is not None:
            raise ConfigError("this door can only go back to the beginning")
        return None

    def backfilled(self, position: Position | None, since: datetime, until: datetime | None) -> Position | None:
        """Where a stream that stands at `position` must begin for a second reading, beside the live one, of what changed from
        `since` to `until` (None: now). ConfigError where the door cannot do that, saying what to do instead."""
        begin = self.rewound(position, since)
        if until is not None and "cursor" not in (begin or {}):
            raise ConfigError("its source is not read in the order of changes, so there is no --until")
        return begin


class Answer(Protocol):
    """Builds the acknowledgement of a message from its receipt; None when its sender asked for none."""

    def __call__(self, message: bytes, receipt: Receipt) -> bytes | None: ...


@dataclass(frozen=True)
class Around:
    """What an installation hands to a door."""

    connector: str
    watch: Watch
    host: str
    port: int  # 0: any free one
    inbox: Path  # where senders may put files: DIR/inbox/<connector>
    answer: Answer
    positions: Positions
    spool: Path  # the door's own, emptied at its start: DIR/spool/<connector>
    secret: Callable[[str], str]  # by name, from DIR/secrets/<connector>/; ConfigError when it is not there
    front: Front = field(default_factory=Front)  # the process's HTTP server, into which doors mount
    format: str = ""  # of the source, as its connector.yaml has it
    upload: UploadDesk | None = (
        None  # what a page needs on which people send files; None: its source is several files at once
    )


@runtime_checkable
class Replays(Protocol):
    """A door that reads its units itself, because somebody has seen what becomes of each row: the loop takes what it kept."""

    def replay(self, unit: Unit) -> Iterator[Mapped]: ...


@dataclass(frozen=True)
class DoorKind:
    """A kind of door: its options, and what makes one. `build` may raise ConfigError; it opens nothing yet."""

    options: type[DoorOptions]
    build: Callable[[Any, Around], Door]


class Found(NamedTuple):
    """A kind as installed; `section` is its options with `kind` fixed, or None when it could not be loaded (`why`)."""

    kind: DoorKind | None
    section: type[DoorOptions] | None
    why: str = ""


@cache
def discover() -> Mapping[str, Found]:
    """Every installed kind by name, loaded once."""
    named: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        named.setdefault(point.name, []).append(point)
    return {name: _load(name, points) for name, points in named.items()}


def build(options: DoorOptions, around: Around) -> Door:
    """The door that these options declare; ConfigError when its kind is not installed."""
    found = discover().get(options.kind)
    if found is None or found.kind is None:
        raise ConfigError(f"{around.connector}: {_absent(options.kind)}")
    return found.kind.build(options, around)


def _load(name: str, points: list[EntryPoint]) -> Found:
    if len({point.value for point in points}) > 1:
        return Found(
            None, None, f"door {name} is given by {' and by '.join(point.value for point in points)}: remove one"
        )
    try:
        kind = points[0].load()
    except Exception as why:  # somebody else's code: whatever it raises, the other doors go on
        return Found(None, None, f"door {name} cannot be loaded from {points[0].value}: {type(why).__name__}")
    if not (isinstance(kind, DoorKind) and issubclass(kind.options, DoorOptions)):
        return Found(None, None, f"door {name}: {points[0].value} is no DoorKind")
    fixed: dict[str, Any] = {"kind": (Literal[name], ...)}
    return Found(kind, _named(kind.options, fixed))


def _named(options: type[DoorOptions], fixed: dict[str, Any]) -> type[DoorOptions]:
    """The options with their `kind` fixed."""
    return create_model(options.__name__, __base__=options, __module__=options.__module__, **fixed)


def _absent(name: object) -> str:
    kinds = discover()
    if isinstance(name, str) and name in kinds:
        return kinds[name].why
    there = ", ".join(known for known, found in kinds.items() if found.section is not None)
    return f"there is no door of kind {name}; there are {there or 'none: install the hub anew, its entry points are missing'}"


def _choose(value: Any) -> DoorOptions:
    if isinstance(value, DoorOptions):
        return value
    if not isinstance(value, Mapping):
        raise PydanticCustomError("door", "must hold fields, first of all kind")
    found = discover().get(value.get("kind", ""))
    if found is None or found.section is None:
        raise PydanticCustomError("door", "{why}", {"why": _absent(value.get("kind", ""))})
    return found.section.model_validate(value)


class _ByKind:
    """Validates section `door` with the options of its kind, among the kinds installed at that moment."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _choose, serialization=core_schema.plain_serializer_function_ser_schema(lambda door: door.model_dump())
        )

    def __get_pydantic_json_schema__(self, _schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        sections = [found.section for found in discover().values() if found.section is not None]
        return {"oneOf": [handler(section.__pydantic_core_schema__) for section in sections]}


AnyDoor = Annotated[DoorOptions, _ByKind()]
"""Type of a field that holds the options of any installed kind; its JSON Schema lists them all."""
