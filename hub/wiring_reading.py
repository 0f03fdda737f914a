"""Reading a source's files with its own program, under its agreement, without a broker: for `hub connector try`, `preview`, tests.

The same code reads for the live doors (hub/wiring_intake.py): what `try` shows is what intake would publish, less sealing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from hub.connectors.catalog import Connector, load
from hub.connectors.door import Unit
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.errors import ConfigError, Reject
from hub.mapping.catalog import PROGRAMS
from hub.mapping.program import Mapped, MappingContext, Program
from hub.mapping.program import Unit as SourceUnit

__all__ = ["OFFLINE_IDS", "Reader", "catalogue", "outcomes", "units"]

OFFLINE_IDS = Ids(sha256(b"hub connector try: ids of nobody's installation").digest())
"""Ids of offline trials: the same on every machine, and of no use to anyone, since no installation has this secret."""


def catalogue(instance: Path | None = None) -> dict[str, Connector]:
    """The connectors of the catalogue and of an instance (DIR/connectors/), each with a program that exists."""
    return load([instance / "connectors"] if instance is not None else [], programs=PROGRAMS)


class Reader:
    """Parse and map with one connector's program: what the intake loop is handed."""

    def __init__(self, connector: Connector, agreement: IntakeAgreement, ids: Ids) -> None:
        self._program: Program = PROGRAMS[connector.program]
        self._context = MappingContext(source=connector.name, agreement=agreement, keys=ids, options=connector.options)

    def __call__(self, unit: Unit) -> Iterator[Mapped]:
        opened: list[BinaryIO] = []
        try:
            yield from self._program.read(_source_unit(unit, opened), self._context)
        finally:
            for file in opened:
                file.close()


def outcomes(connector: Connector, agreement: IntakeAgreement, ids: Ids, path: Path) -> Iterator[Mapped]:
    """What intake would make of a file or folder, in input order: events as the agreement lets them through."""
    read = Reader(connector, agreement, ids)
    for unit in units(connector, path):
        for mapped in read(unit):
            yield _granted(mapped, agreement)


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


def _granted(mapped: Mapped, agreement: IntakeAgreement) -> Mapped:
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
