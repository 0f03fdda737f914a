"""Preview over files and folders: routes them, reads each under its agreement, computes the batch answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from hub.config import load_settings, today
from hub.connectors.catalog import Connector
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.domain.measures import Denominators, load_denominators
from hub.errors import UnknownName
from hub.preview import Preview, PreviewResult
from hub.privacy.agreements import example_agreement, intake_agreement
from hub.routing import Routed, route
from hub.wiring_bus import denominators, ids_of, isolation_rules
from hub.wiring_reading import OFFLINE_IDS, catalogue, taken

__all__ = ["Previewed", "preview_files"]


class Previewed(NamedTuple):
    """The batch answer; what nobody reads (name and why); and under which agreement each connector was read (its id).

    `examples`: connectors that were read under the shipped example, which is nobody's agreement.
    """

    result: PreviewResult
    not_routed: list[str]
    agreements: dict[str, str]
    examples: list[str]


def preview_files(
    paths: Sequence[Path],
    as_of: date,
    *,
    instance: Path | None = None,
    include_test: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> Previewed:
    """The batch answer over all units under `paths`; UnknownName when there is nothing under them.

    Without an `instance`: offline ids, the example agreements, and populations of a population.csv that lies beside the files.
    """
    connectors = catalogue(instance)
    routed = [unit for path in paths for unit in route(path, tuple(connectors))]
    rules = isolation_rules() if instance is None else isolation_rules(load_settings(instance).jurisdiction)
    preview = Preview(_ids(instance), rules, _denominators(instance, paths), include_test=include_test)
    nobodys: list[str] = []
    agreements: dict[str, IntakeAgreement] = {}
    if not routed:
        raise UnknownName(f"there is no file under {' or '.join(str(path) for path in paths)}")
    for done, unit in enumerate(routed, 1):
        if unit.connector is None:
            nobodys.append(f"{unit.path.name}: {unit.why}")
        else:
            connector = connectors[unit.connector]
            if connector.name not in agreements:
                agreements[connector.name] = _agreement(connector, instance)
            _take(preview, unit, connector, agreements[connector.name], instance)
        if tell is not None:
            tell(done, len(routed))
    applied = {name: agreement.agreement_id for name, agreement in agreements.items()}
    return Previewed(preview.finish(as_of), nobodys, applied, sorted(applied) if instance is None else [])


def _agreement(connector: Connector, instance: Path | None) -> IntakeAgreement:
    if instance is None:
        return example_agreement(connector.name)
    return intake_agreement(instance / "agreements", connector.name, today(load_settings(instance)))


def _take(
    preview: Preview, unit: Routed, connector: Connector, agreement: IntakeAgreement, instance: Path | None
) -> None:
    preview.take(taken(connector, agreement, _ids(instance), unit.path))


def _ids(instance: Path | None) -> Ids:
    return OFFLINE_IDS if instance is None else ids_of(load_settings(instance))


def _denominators(instance: Path | None, paths: Sequence[Path]) -> Denominators:
    if instance is not None:
        return denominators(load_settings(instance))
    beside = next((path / "population.csv" for path in paths if (path / "population.csv").is_file()), None)
    return load_denominators(beside.read_text(encoding="utf-8")) if beside else Denominators({}, "none")
