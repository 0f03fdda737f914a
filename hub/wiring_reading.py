"""Reading a source's files with its own program, under its agreement, without a broker: for `hub connector try`, `preview`, tests.

The same code reads for the live doors (hub/wiring_intake.py): what `try` shows is what intake would publish, less sealing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from hub.connectors.catalog import Catalogue, Connector, load
from hub.connectors.door import Unit
from hub.connectors.installed import programs
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.errors import ConfigError, Reject
from hub.mapping.declared.program import Traced
from hub.mapping.program import MAPPING_VERSION, Mapped, MappingContext, Program
from hub.mapping.program import Unit as SourceUnit
from hub.ops import metrics

__all__ = ["OFFLINE_IDS", "Reader", "catalogue", "explained", "granted", "outcomes", "units"]

OFFLINE_IDS = Ids(sha256(b"hub connector try: ids of nobody's installation").digest())
"""Ids of offline trials: the same on every machine, and of no use to anyone, since no installation has this secret."""


def catalogue(instance: Path | None = None) -> Catalogue:
    """The connectors of the catalogue and of an instance (DIR/connectors/), each with a program that exists; and what is broken."""
    return load([instance / "connectors"] if instance is not None else [], programs=programs())


class Reader:
    """Parse and map with one connector's program: what the intake loop is handed."""

    def __init__(self, connector: Connector, agreement: IntakeAgreement, ids: Ids) -> None:
        if connector.agreement is not None and connector.agreement != agreement.agreement_id:
            raise ConfigError(
                f"{connector.name}: its connector.yaml names agreement {connector.agreement}, "
                f"the agreement file holds {agreement.agreement_id}"
            )
        self._connector = connector
        self._context = MappingContext(
            source=connector.name,
            agreement=agreement,
            keys=ids,
            mapping_version=MAPPING_VERSION if connector.declared is None else connector.mapping_version,
            options=connector.options,
        )

    def __call__(self, unit: Unit) -> Iterator[Mapped]:
        for traced in self.traced(unit):
            for found in traced.unmapped:
                metrics.UNMAPPED_CODES.inc(connector=self._connector.name, table=found.table)
            yield traced.mapped

    def traced(self, unit: Unit, *, explain: bool = False) -> Iterator[Traced]:
        """The same with the values that no code table has, and with how each field came to be (of a declared map)."""
        opened: list[BinaryIO] = []
        try:
            source = _source_unit(unit, opened)
            declared = self._connector.declared
            if declared is not None:
                yield from declared.traced(source, self._context, explain=explain)
            else:
                program: Program = programs()[self._connector.program or self._connector.name]
                for mapped in program.read(source, self._context):
                    yield Traced(mapped)
        finally:
            for file in opened:
                file.close()


def outcomes(connector: Connector, agreement: IntakeAgreement, ids: Ids, path: Path) -> Iterator[Mapped]:
    """What intake would make of a file or folder, in input order: events as the agreement lets them through."""
    read = Reader(connector, agreement, ids)
    for unit in units(connector, path):
        for mapped in read(unit):
            yield granted(mapped, agreement)


def explained(
    connector: Connector, agreement: IntakeAgreement, ids: Ids, path: Path, *, explain: bool = True
) -> Iterator[tuple[Traced, Mapped]]:
    """Each outcome with how it came to be, before the agreement; and as the agreement lets it through."""
    read = Reader(connector, agreement, ids)
    for unit in units(connector, path):
        for traced in read.traced(unit, explain=explain):
            yield traced, granted(traced.mapped, agreement)


def units(connector: Connector, path: Path) -> Iterator[Unit]:
    """How the connector's door would cut `path` into units; a folder given to a connector of files is its files, by name."""
    if not path.exists():
        raise ConfigError(f"{path}: there is no such file or folder")
    path = path.resolve()  # who names a link on the command line means what it points to
    if connector.door.shape == "folder":
        inner = {path.name: path} if path.is_file() else _files(path)
        yield Unit(path.name, inner)
    elif path.is_file():
        yield _file_unit(connector, path)
    else:
        for file in _files(path).values():
            yield _file_unit(connector, file)


def _file_unit(connector: Connector, path: Path) -> Unit:
    return Unit(path.name, path.read_bytes() if connector.door.shape == "bytes" else path)


def _files(folder: Path) -> dict[str, Path]:
    return {path.name: path.resolve() for path in sorted(folder.iterdir()) if path.is_file()}


def granted(mapped: Mapped, agreement: IntakeAgreement) -> Mapped:
    """The outcome as the agreement lets it through: an event of a kind not agreed is ignored, with the reason."""
    if mapped.event is None:
        return mapped
    try:
        return mapped._replace(event=agreement.grant(mapped.event))
    except Reject as refused:
        return mapped._replace(outcome="ignored", event=None, reason=refused.reason)


def _source_unit(unit: Unit, opened: list[BinaryIO]) -> SourceUnit:
    content = unit.content
    if isinstance(content, bytes):
        return SourceUnit(unit.name, {unit.name: content})
    files = content if isinstance(content, Mapping) else {unit.name: content}
    return SourceUnit(unit.name, {name: _opener(path, opened) for name, path in files.items()})


def _opener(path: Path, opened: list[BinaryIO]) -> Callable[[], BinaryIO]:
    def open_file() -> BinaryIO:
        # No link is followed, even one put there after the door looked.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        opened.append(file)
        return file

    return open_file
