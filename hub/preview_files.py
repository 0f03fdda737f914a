"""Preview over files and folders: routes them, reads each under its agreement, computes the batch answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hub.config import load_settings, today
from hub.connectors.catalog import Connector, load
from hub.connectors.export_memory import ExportMemory, memory_path
from hub.connectors.installed import programs
from hub.declared import read_declared
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.domain.measures import Denominators, load_denominators
from hub.errors import UnknownName
from hub.preview import Preview, PreviewResult
from hub.preview_counts import FileCounts
from hub.preview_own import claimed, own_connectors
from hub.privacy.agreements import DRAFT, example_agreement, intake_agreement
from hub.privacy.hashed_secrets import lane_of
from hub.routing import Routed, route
from hub.wiring_bus import denominators, ids_of, isolation_rules
from hub.wiring_reading import OFFLINE_IDS, Taken, catalogue, taken
from hub.wiring_tables import use_own_tables

__all__ = ["Previewed", "preview_files"]


class Previewed(NamedTuple):
    """The batch answer; what nobody reads (name and why); and under which agreement each connector was read (its id).

    `examples`: connectors that were read under the shipped example, or the draft in their folder, which is nobody's agreement.
    `counts`: what each file held, where its refusals are, and how many events are of tests.
    """

    result: PreviewResult
    not_routed: list[str]
    agreements: dict[str, str]
    examples: list[str]
    counts: FileCounts


def preview_files(
    paths: Sequence[Path],
    as_of: date,
    *,
    instance: Path | None = None,
    connectors: Path | None = None,
    include_test: bool = False,
    watch: Callable[[Iterator[Taken]], Iterator[Taken]] = lambda read: read,
) -> Previewed:
    """The batch answer over all units under `paths`; UnknownName when there is nothing under them.

    Without an `instance`: offline ids, the example agreements, and populations of a population.csv that lies beside the files.
    `connectors`: a folder of declared ones, by default those of the instance; a file that nobody else knows is for the one that
    makes events of it. `watch` sees every outcome as it is read.
    """
    if instance is not None:
        use_own_tables(instance)
    catalog = load([connectors], programs=programs()) if connectors is not None else catalogue(instance)
    own = own_connectors(catalog.values())
    known, on = tuple(catalog), [name for name, each in catalog.items() if each.enabled]
    routed = [_owned(unit, own, instance) for path in paths for unit in route(path, known, on)]
    preview = _preview(instance, paths, include_test=include_test)
    nobodys: list[str] = []
    counts = FileCounts()
    agreements: dict[str, IntakeAgreement] = {}
    if not routed:
        raise UnknownName(f"there is no file under {' or '.join(str(path) for path in paths)}")
    with TemporaryDirectory(prefix="hub-preview-") as memories:
        for unit in routed:
            if unit.connector is None:
                nobodys.append(f"{unit.path.name}: {unit.why}")
            else:
                connector = catalog[unit.connector]
                if connector.name not in agreements:
                    agreements[connector.name] = _agreement(connector, instance)
                memory = ExportMemory(memory_path(Path(memories), connector.name))
                found = watch(taken(connector, agreements[connector.name], _ids(instance), unit.path, memory))
                preview.take(counts.watch(_shown(unit.path, paths), connector.name, found))
    applied = {name: agreement.agreement_id for name, agreement in agreements.items()}
    trials = sorted(name for name in applied if instance is None or not _signed(instance, name).is_file())
    return Previewed(preview.finish(as_of), nobodys, applied, trials, counts)


def _preview(instance: Path | None, paths: Sequence[Path], *, include_test: bool) -> Preview:
    populations = _denominators(instance, paths)
    if instance is None:
        return Preview(_ids(instance), isolation_rules(), populations, include_test=include_test)
    settings = load_settings(instance)
    return Preview(
        _ids(instance), isolation_rules(settings.jurisdiction), populations,
        include_test=include_test, identity_population=settings.identity_population, lane=lane_of(instance),
    )  # fmt: skip


def _owned(unit: Routed, own: Sequence[Connector], instance: Path | None) -> Routed:
    """The unit, given to an own connector where the hub itself knows nobody for it."""
    if unit.connector is not None or not unit.path.is_file():
        return unit
    name, why = claimed(unit.path, own, lambda connector: _agreement(connector, instance))
    return unit._replace(connector=name, why=why or unit.why)


def _shown(path: Path, given: Sequence[Path]) -> str:
    """The file as people find it: below the folder that was named, without what is above."""
    above = next((each for each in given if path.is_relative_to(each)), None)
    return path.name if above is None or above == path else path.relative_to(above.parent).as_posix()


def _agreement(connector: Connector, instance: Path | None) -> IntakeAgreement:
    """The signed one of the instance; of a connector that has none yet its draft; else the shipped example."""
    draft = connector.folder / DRAFT if connector.folder is not None else None
    if instance is not None and (draft is None or not draft.is_file() or _signed(instance, connector.name).is_file()):
        return intake_agreement(instance / "agreements", connector.name, today(load_settings(instance)))
    if draft is not None and draft.is_file():
        return read_declared(draft, IntakeAgreement)
    return example_agreement(connector.name)


def _signed(instance: Path, name: str) -> Path:
    return instance / "agreements" / f"{name}.yaml"


def _ids(instance: Path | None) -> Ids:
    return OFFLINE_IDS if instance is None else ids_of(load_settings(instance))


def _denominators(instance: Path | None, paths: Sequence[Path]) -> Denominators:
    if instance is not None:
        return denominators(load_settings(instance))
    beside = next((path / "population.csv" for path in paths if (path / "population.csv").is_file()), None)
    return load_denominators(beside.read_text(encoding="utf-8")) if beside else Denominators({}, "none")
