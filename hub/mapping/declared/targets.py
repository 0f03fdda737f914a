"""What a rule fills (its target), what it shares with its neighbours, and what is noted while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, cast, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from hub.domain.events import Coded, RaceEthnicity
from hub.mapping.declared.codes import Table
from hub.mapping.declared.format import Opened
from hub.mapping.declared.model import OnError
from hub.mapping.stamp import Stamp

__all__ = ["TOKENS", "Around", "Hook", "Notes", "Step", "Target", "Unmapped", "target"]

Kind = Literal["str", "bool", "int", "date", "time", "word", "coded", "race", "token"]
Hook = Callable[[str], str | None]
TOKENS = frozenset({
    "site", "household", "plan", "report_key", "observation_key", "specimen_key", "part_key", "referral", "request", "part_of",
    "provider", "service", "organization",
})  # fmt: skip
"""Fields that hold an opaque token of an id of the source, never the id."""


class Target(NamedTuple):
    """What a field holds: `words` are the closed set of a `word`; `nullable`: an event may go without it;
    `clear`: it travels unsealed, so only what is a code may pass."""

    name: str
    kind: Kind
    words: tuple[str, ...] = ()
    nullable: bool = True
    clear: bool = False


class Unmapped(NamedTuple):
    """A value that no decided row of a code table has. `near`: the decided value that differs from it by case and blanks alone."""

    table: str
    field: str
    value: str
    near: str = ""


class Step(NamedTuple):
    """How one field came to be, for people: `inputs` are (path, text) as sent; `code` the row of the code table."""

    field: str
    rule: str
    inputs: tuple[tuple[str, str], ...]
    code: str
    output: Any
    note: str


@dataclass
class Notes:
    """What is remembered while one record becomes one event. `today`: as in MappingContext."""

    stamp: Stamp
    today: date = date.max
    issues: list[str] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)
    steps: list[Step] | None = None


class Around(NamedTuple):
    """What rules of one connector share. `ignore` are placeholders in lower case."""

    opened: Opened
    zone: ZoneInfo
    tables: Mapping[str, Table]
    hooks: Mapping[str, Hook]
    on_error: OnError
    ignore: frozenset[str] = frozenset()


def target(model: type[BaseModel], name: str) -> Target:
    """The field as its model declares it."""
    info = model.model_fields[name]
    parts = get_args(info.annotation) if get_origin(info.annotation) in (Union, UnionType) else (info.annotation,)
    kinds = [part for part in parts if part is not NoneType]
    kind = cast(Any, kinds[0])
    nullable = len(kinds) < len(parts) or not info.is_required()
    if name in TOKENS:
        return Target(name, "token", nullable=nullable)
    if get_origin(kind) is Literal:
        return Target(name, "word", get_args(kind), nullable)
    plain: dict[Any, Kind] = {
        str: "str", bool: "bool", int: "int", date: "date", datetime: "time", Coded: "coded", RaceEthnicity: "race",
    }  # fmt: skip
    return Target(name, plain[kind], nullable=nullable)
