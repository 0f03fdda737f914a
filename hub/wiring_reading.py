"""Reading a source's files with its own program, under its agreement, without a broker: for `hub connector try`, `preview`, tests.

The same code reads for the live doors (hub/wiring_intake.py): what `try` shows is what intake would publish, less sealing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from hub.connectors.archive import ArchiveFault, is_archive, unpack
from hub.connectors.catalog import Catalogue, Connector, load
from hub.connectors.door import Unit
from hub.connectors.inbox import lacking
from hub.connectors.installed import programs
from hub.domain.absent_rows import Memory
from hub.domain.agreement import IntakeAgreement
from hub.domain.events import Event
from hub.domain.ids import Ids
from hub.errors import ConfigError, Reject
from hub.mapping.declared.program import Traced
from hub.mapping.program import MAPPING_VERSION, Mapped, MappingContext, Program, hard_stop
from hub.mapping.program import Unit as SourceUnit
from hub.ops import metrics
from hub.wiring_tables import use_own_tables

__all__ = ["OFFLINE_IDS", "Reader", "Taken", "catalogue", "explained", "granted", "outcomes", "taken", "units"]

OFFLINE_IDS = Ids(sha256(b"hub connector try: ids of nobody's installation").digest())
"""Ids of offline trials: the same on every machine, and of no use to anyone, since no installation has this secret."""


_FARTHEST_AHEAD = timedelta(hours=14)  # of UTC: Kiritimati


def _latest_date() -> date:
    """The civil date where it is latest on earth."""
    return (datetime.now(UTC) + _FARTHEST_AHEAD).date()


def catalogue(instance: Path | None = None) -> Catalogue:
    """The connectors of the catalogue and of an instance (DIR/connectors/), each with a program that exists; and what is broken.
    From now on this process reads the instance's own code tables."""
    if instance is not None:
        use_own_tables(instance)
    return load([instance / "connectors"] if instance is not None else [], programs=programs())


class Reader:
    """Parse and map with one connector's program: what the intake loop is handed. Zip and gzip files are unpacked into a folder
    (0700) of their own in `spool`, by default the system's temporary folder, and are gone when they are read. `memory`: what
    earlier exports told; without, no row is missed."""

    def __init__(
        self,
        connector: Connector,
        agreement: IntakeAgreement,
        ids: Ids,
        spool: Path | None = None,
        memory: Memory | None = None,
    ) -> None:
        if connector.agreement is not None and connector.agreement != agreement.agreement_id:
            raise ConfigError(
                f"{connector.name}: its connector.yaml names agreement {connector.agreement}, "
                f"the agreement file holds {agreement.agreement_id}"
            )
        self._connector, self._spool = connector, spool
        self._declared = connector.declared  # asked for once: of a model's private attribute it takes 3 us a message
        self._program: Program | None = None
        if connector.declared is None:
            self._program = programs()[connector.program or connector.name]
        self._context = MappingContext(
            source=connector.name,
            agreement=agreement,
            keys=ids,
            mapping_version=MAPPING_VERSION if connector.declared is None else connector.mapping_version,
            options=connector.options,
            today=_latest_date,
            cadence_s=connector.expected_every_s,
            memory=memory,
        )

    @property
    def mapping_version(self) -> int:
        """What events and dead letters of this reading carry."""
        return self._context.mapping_version

    def __call__(self, unit: Unit) -> Iterator[Mapped]:
        if self._program is not None and isinstance(unit.content, bytes):  # nothing to open, nothing to close behind it
            return self._program.read(_in_memory(unit.name, unit.content), self._context)
        return self._read(unit)

    def _read(self, unit: Unit) -> Iterator[Mapped]:
        if self._program is not None:
            with self._opened(unit) as source:
                yield from source if isinstance(source, list) else self._program.read(source, self._context)
            return
        for traced in self.traced(unit):
            for found in traced.unmapped:
                metrics.UNMAPPED_CODES.inc(connector=self._connector.name, table=found.table)
            yield traced.mapped

    def traced(self, unit: Unit, *, explain: bool = False) -> Iterator[Traced]:
        """The same with the values that no code table has, and with how each field came to be (of a declared map)."""
        with self._opened(unit) as source:
            if isinstance(source, list):
                yield from map(Traced, source)
            elif self._declared is not None:
                yield from self._declared.traced(source, self._context, explain=explain)
            else:
                assert self._program is not None
                yield from map(Traced, self._program.read(source, self._context))

    @contextmanager
    def _opened(self, unit: Unit) -> Iterator[SourceUnit | list[Mapped]]:
        """The unit's files for the block, or why it is not read."""
        if isinstance(unit.content, bytes):
            yield _in_memory(unit.name, unit.content)
            return
        with ExitStack() as held:
            try:
                source = self._source_unit(unit.name, unit.content, held)
            except ArchiveFault as fault:
                at = {"member": fault.member} if fault.member else {}
                yield [hard_stop(fault.reason, at)._replace(stage="parse")]
                return
            wanted = getattr(self._connector.door, "complete_when", ())
            waits_for = lacking(source.files, wanted) if self._connector.door.shape == "folder" else []
            if 0 < len(waits_for) < len(wanted):  # a drop of its files, but not all: the inbox would wait for them
                yield [hard_stop("missing-file", {"file": name})._replace(stage="parse") for name in waits_for]
                return
            yield source

    def _source_unit(self, name: str, content: Path | Mapping[str, Path], held: ExitStack) -> SourceUnit:
        """The unit's files; what is opened or unpacked for it is held until it is read. Raises ArchiveFault, OSError."""
        limits = self._connector.door.archives
        if isinstance(content, Path) and limits is not None and _packed(name, content):
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="unpacked-", dir=self._spool))
            flat = self._connector.door.shape == "folder"
            content = unpack(content, name, Path(folder), limits, flat=flat)
        files = content if isinstance(content, Mapping) else {name: content}
        return SourceUnit(name, {each: _opener(path, held) for each, path in files.items()})


def _in_memory(name: str, content: bytes) -> SourceUnit:
    return SourceUnit(name, {name: content})


def outcomes(connector: Connector, agreement: IntakeAgreement, ids: Ids, path: Path) -> Iterator[Mapped]:
    """What intake would make of a file or folder, in input order: events as the agreement lets them through."""
    read = Reader(connector, agreement, ids)
    for unit in units(connector, path):
        for mapped in read(unit):
            yield granted(mapped, agreement)


class Taken(NamedTuple):
    """An outcome for preview. `letter` is what its dead letter would be known by: the same fault of the same record at the same
    place of a unit of the same name is one letter, however often it comes (hub.wiring_outgoing)."""

    outcome: str
    event: Event | None
    reason: str | None
    letter: Hashable
    odd: tuple[str, ...] = ()
    where: Mapping[str, str | int] = MappingProxyType({})
    size: int = 0  # bytes of its original


def taken(
    connector: Connector, agreement: IntakeAgreement, ids: Ids, path: Path, memory: Memory | None = None
) -> Iterator[Taken]:
    """The same outcomes as `outcomes`, for preview. `memory`: of what was read before it under the same connector."""
    read = Reader(connector, agreement, ids, memory=memory)
    for unit in units(connector, path):
        for mapped in read(unit):
            found = granted(mapped, agreement)
            body = b"" if found.hard_stop else sha256(found.raw).digest()
            at = {name: value for name, value in found.where.items() if value != unit.name}
            letter = (connector.name, found.stage, found.reason, _named(unit), *at.items(), body)
            yield Taken(found.outcome, found.event, found.reason, letter, found.odd, found.where, len(found.raw))


def _named(unit: Unit) -> str | bytes:
    """A message or page has no name of its own: doors call it after its content."""
    return sha256(unit.content).digest() if isinstance(unit.content, bytes) else unit.name


def explained(
    connector: Connector, agreement: IntakeAgreement, ids: Ids, path: Path, *, explain: bool = True
) -> Iterator[tuple[Traced, Mapped]]:
    """Each outcome with how it came to be, before the agreement; and as the agreement lets it through. What is said of a unit as a
    whole names it."""
    read = Reader(connector, agreement, ids)
    for unit in units(connector, path):
        for traced in read.traced(unit, explain=explain):
            mapped = granted(traced.mapped, agreement)
            if mapped.event is None and not mapped.where.keys() - {"member"}:
                mapped = mapped._replace(where={"file": unit.name, **mapped.where})
            yield traced, mapped


def units(connector: Connector, path: Path) -> Iterator[Unit]:
    """How the connector's door would cut `path` into units; a folder given to a connector of files is its files, by name, and one
    of folders (or zips) given to a connector of folders is each of these."""
    if not path.exists():
        raise ConfigError(f"{path}: there is no such file or folder")
    path = path.resolve()  # who names a link on the command line means what it points to
    if path.is_file() and connector.door.archives is not None and _packed(path.name, path):
        yield Unit(path.name, path)
    elif connector.door.shape == "folder":
        yield from _folder_units(connector, path)
    elif path.is_file():
        yield _file_unit(connector, path)
    else:
        for file in _files(path).values():
            yield _file_unit(connector, file)


def _folder_units(connector: Connector, path: Path) -> Iterator[Unit]:
    """A folder with files is a unit; one that holds nothing but folders or zips is what each of them is."""
    files = {path.name: path} if path.is_file() else _files(path)
    told = [file for name, file in files.items() if not name.startswith(".")]
    inner = [] if told or path.is_file() else sorted(each for each in path.iterdir() if _is_unit_folder(each))
    for each in inner:
        yield from _folder_units(connector, each)
    zips = connector.door.archives is not None and all(_packed(file.name, file) for file in told)
    if told and zips:
        yield from (Unit(file.name, file) for file in told)
    elif not inner:
        yield Unit(path.name, files)


def _is_unit_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not path.name.startswith((".", "__MACOSX"))


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


def _packed(name: str, path: Path) -> bool:
    with _no_link(path) as file:
        return is_archive(name, file.read(8)) is not None


def _opener(path: Path, held: ExitStack) -> Callable[[], BinaryIO]:
    return lambda: held.enter_context(_no_link(path))


def _no_link(path: Path) -> BinaryIO:
    """No link is followed, even one put there after the door looked."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
