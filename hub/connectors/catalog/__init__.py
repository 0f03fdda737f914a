"""Connectors are folders: `<name>/connector.yaml` here, or in DIR/connectors/, which wins where both have one.

`load(folders)` gives them by name; a mistake is a ConfigError that names file, line and field. The hub's own connectors are such
folders too: there is no second way for insiders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from hub.connectors.doors import AnyDoor
from hub.declared import Declared, read_declared
from hub.errors import ConfigError

__all__ = ["SHIPPED", "Connector", "Source", "find", "load"]

SHIPPED = Path(__file__).resolve().parent
FILE = "connector.yaml"
_NAME = r"^[a-z][a-z0-9-]{0,62}$"


class Source(Declared):
    """What emits the data, in words people of the field know."""

    sector: Literal["labs", "immunization", "contact-tracing", "shelters", "food", "other"]
    format: Literal["hl7v2", "fhir", "csv", "hmis-csv"]
    standard: str = Field(description="which standard and version, as its users call it")


class Connector(Declared):
    """One connector.yaml."""

    name: str = Field(pattern=_NAME)
    title: str = Field(min_length=3)
    enabled: bool = True
    source: Source
    door: AnyDoor
    program: str = Field(pattern=_NAME, description="mapping program that reads it")
    emits: tuple[str, ...] = Field(min_length=1, description="event kinds it may give")
    expected_every_s: float | None = Field(default=None, gt=0, description="how often the source should send something")
    options: dict[str, Any] = Field(default_factory=dict, description="the program's own, such as `timezone`")


def load(folders: Sequence[Path] = (), *, programs: Mapping[str, object] | None = None) -> dict[str, Connector]:
    """Every connector of the catalogue and of `folders` (later wins), by name. With `programs`, an unknown one is an error."""
    found: dict[str, tuple[Path, Connector]] = {}
    for folder in (SHIPPED, *folders):
        for path in sorted(folder.glob(f"*/{FILE}")):
            connector = read_declared(path, Connector)
            if connector.name != path.parent.name:
                raise ConfigError(f"{path}: name: is {connector.name}, but its folder is called {path.parent.name}")
            found[connector.name] = (path, connector)
    if programs is not None:
        for path, connector in found.values():
            if connector.program not in programs:
                raise ConfigError(
                    f"{path}: program: there is no {connector.program}; there are {', '.join(sorted(programs))}"
                )
    return {name: connector for name, (_, connector) in sorted(found.items())}


def find(name: str, connectors: Mapping[str, Connector]) -> Connector:
    """The connector of that name; ConfigError listing the names there are."""
    if name not in connectors:
        raise ConfigError(f"there is no connector {name}; there are {', '.join(sorted(connectors))}")
    return connectors[name]
