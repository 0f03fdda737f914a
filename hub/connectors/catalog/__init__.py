"""Connectors are folders: `<name>/connector.yaml` here, or in DIR/connectors/, which wins where both have one.

`load(folders)` gives them by name. A folder with a mistake is no connector and no reason to refuse the others: it stands in
`Catalogue.broken` with file, line and field. The hub's own connectors are such folders too: there is no second way for insiders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from hub.connectors.catalog.folder import declared_program
from hub.connectors.doors import AnyDoor
from hub.declared import Declared, complaint, read_declared
from hub.errors import ConfigError, UnknownName
from hub.mapping.declared.model import EventRule, Identity, OnError
from hub.mapping.declared.program import DeclaredProgram, Spec
from hub.mapping.program import Optioned
from hub.suggest import did_you_mean

__all__ = ["SHIPPED", "Cadence", "Catalogue", "Connector", "Source", "find", "load", "load_one"]

SHIPPED = Path(__file__).resolve().parent
FILE = "connector.yaml"
_NAME = r"^[a-z][a-z0-9-]{0,62}$"


class Source(Declared):
    """What emits the data, in words people of the field know."""

    sector: Literal["labs", "immunization", "contact-tracing", "shelters", "food", "referrals", "other"]
    format: str = Field(
        pattern=_NAME,
        description="for `map`: csv, hl7v2, json, fhir, or one that an installed package adds (docs/extending.md); "
        "for `program`: what it reads, as its users call it",
    )
    standard: str = Field(description="which standard and version, as its users call it")
    timezone: str = Field(
        default="UTC", description="IANA zone of times that the source writes without one; needs `map`"
    )
    each: str | None = Field(
        default=None,
        description="what one record is, where it is not the whole message or document: of hl7v2 a segment such as `OBX`, "
        "of json a JMESPath such as `guests[]`, of fhir a FHIRPath such as `entry.resource.ofType(Observation)`",
    )
    path_language: str | None = Field(
        default=None, description="of fhir: `fhirpath` (the default) or `jmespath`; the other formats have one each"
    )
    transport: tuple[str, ...] = Field(
        default=(),
        description="columns, or paths, that change with each export and say nothing of the fact (time of export, batch "
        "number): where only they differ, it is the same version. json: `$.exported_at` above the records; hl7v2: `OBX-19`, "
        "`ZTS`. Always left out: MSH-7, 10, 13, 14 of hl7v2; meta.lastUpdated, meta.versionId, text of fhir",
    )


class Cadence(Declared):
    """When silence is a fault."""

    expected_every_s: float = Field(gt=0, description="how often the source should send something, in seconds")
    grace_s: float = Field(default=0, ge=0, description="how much later than that is still no fault")


class Connector(Declared):
    """One connector.yaml. Either `program` (a mapping program of the hub) or `map` (rules, no Python) reads the source."""

    name: str = Field(pattern=_NAME, description="also the name of its folder")
    title: str = Field(min_length=3, description="one line for people")
    enabled: bool = Field(default=True, description="false switches it off")
    source: Source
    door: AnyDoor = Field(description="how the data comes in; its fields depend on `kind`")
    cadence: Cadence | None = None
    emits: tuple[str, ...] = Field(min_length=1, description="event kinds it may give")
    program: str | None = Field(default=None, pattern=_NAME, description="mapping program of the hub that reads it")
    options: dict[str, Any] = Field(default_factory=dict, description="the program's own, such as `timezone`")
    map: tuple[EventRule, ...] = Field(default=(), description="what a record becomes: one rule per event")
    identity: Identity | None = Field(default=None, description="who a record is about")
    agreement: str | None = Field(default=None, description="agreement_id it must run under; any other is refused")
    dedupe: tuple[str, ...] = Field(default=(), description="natural key: paths whose values name a fact, and no other")
    on_error: OnError = Field(
        default="reject",
        description="for a bad or unmapped value: reject the record, or leave the field empty and say so",
    )
    mapping_version: int = Field(
        default=1, ge=1, description="raise it with every change of `map` or codes: later versions replace earlier ones"
    )
    _path: Path | None = PrivateAttr(default=None)
    _declared: DeclaredProgram | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_way(self) -> Connector:
        if (self.program is None) == (not self.map):
            raise ValueError("give either `map` (rules) or `program` (a mapping program of the hub)")
        source = self.source
        of_map = source.each or source.transport or source.path_language or source.timezone != "UTC"
        if self.program is not None and (self.identity or self.dedupe or of_map):
            raise ValueError(
                "identity, dedupe and source.each, transport, path_language, timezone belong to `map`; a program has `options`"
            )
        return self

    @property
    def expected_every_s(self) -> float | None:
        """How long it may be silent: the cadence with its grace; None when nothing is expected."""
        return None if self.cadence is None else self.cadence.expected_every_s + self.cadence.grace_s

    @property
    def folder(self) -> Path | None:
        """Where it was read from; None when it was made in code."""
        return self._path.parent if self._path is not None else None

    @property
    def declared(self) -> DeclaredProgram | None:
        """The compiled `map`; None for a connector with a `program`, or one that was not loaded from a folder."""
        return self._declared

    def spec(self) -> Spec:
        """The parts that mapping needs."""
        source = self.source
        return Spec(
            self.name, source.format, self.map, self.identity, self.dedupe, self.on_error, source.timezone, source.each,
            source.transport, source.path_language,
        )  # fmt: skip


class Catalogue(dict[str, Connector]):
    """The connectors that load, by name; asking for a broken one is a ConfigError that says what is wrong with it.

    `broken`: name of the folder → one `file:line: field: why` per complaint. A broken folder of the installation does not fall back
    to the shipped connector of that name, which would map, or take in, something else than its owner wrote down.
    """

    def __init__(self, connectors: Mapping[str, Connector], broken: Mapping[str, str]) -> None:
        super().__init__(connectors)
        self.broken = dict(broken)

    def __missing__(self, name: str) -> Connector:
        if name in self.broken:
            raise ConfigError(self.broken[name])
        raise KeyError(name)


def load(folders: Sequence[Path] = (), *, programs: Mapping[str, object] | None = None) -> Catalogue:
    """Every connector of the catalogue and of `folders` (later wins). With `programs`, an unknown one is a mistake."""
    found: dict[str, Connector] = {}
    broken: dict[str, str] = {}
    for folder in (SHIPPED, *folders):
        for path in sorted(folder.glob(f"*/{FILE}")):
            name = path.parent.name
            found.pop(name, None)
            broken.pop(name, None)
            try:
                found[name] = load_one(path, programs=programs)
            except ConfigError as why:
                broken[name] = str(why)
            except Exception as bug:  # of us, or of a format that somebody installed: the other folders load
                broken[name] = f"{path}: cannot be loaded: {type(bug).__name__}"
    return Catalogue(dict(sorted(found.items())), dict(sorted(broken.items())))


def load_one(path: Path, *, programs: Mapping[str, object] | None = None) -> Connector:
    """One connector.yaml with its codes and hooks, its map checked against the event models; else ConfigError."""
    connector = read_declared(path, Connector)
    if connector.name != path.parent.name:
        raise ConfigError(f"{path}: name: is {connector.name}, but its folder is called {path.parent.name}")
    connector._path = path
    if connector.program is None:
        connector._declared = declared_program(path, connector.spec(), connector.emits)
    elif programs is not None and connector.program is not None:
        try:
            program = programs[connector.program]
        except KeyError:
            why = f"there is no {connector.program}; there are {', '.join(sorted(programs))}"
            raise ConfigError(complaint(path, ("program",), why)) from None
        except ConfigError as broken:  # of the package that gives it
            raise ConfigError(complaint(path, ("program",), str(broken))) from None
        wrong = program.wrong_options(connector.options) if isinstance(program, Optioned) else ()
        if complaints := [complaint(path, ("options", *at), why) for at, why in wrong]:
            raise ConfigError("\n".join(complaints))
    return connector


def find(name: str, connectors: Mapping[str, Connector]) -> Connector:
    """The connector of that name; ConfigError saying what is wrong with it, UnknownName listing the names there are."""
    if isinstance(connectors, Catalogue) and name in connectors.broken:
        raise ConfigError(connectors.broken[name])
    if name not in connectors:
        meant = did_you_mean(name, connectors) or f"there are {', '.join(sorted(connectors))}"
        raise UnknownName(f"there is no connector {name}: {meant}")
    return connectors[name]
