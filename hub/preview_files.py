"""Preview over files and folders: routes them, reads each under its agreement, computes the batch answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from hub.config import load_settings, today
from hub.connectors.catalog import Connector
from hub.domain.ids import Ids
from hub.domain.measures import Denominators, load_denominators
from hub.preview import Preview, PreviewResult
from hub.privacy.agreements import example_agreement, intake_agreement
from hub.routing import Routed, route
from hub.wiring_bus import denominators, ids_of, isolation_rules
from hub.wiring_reading import OFFLINE_IDS, catalogue, outcomes

__all__ = ["preview_files"]


def preview_files(
    paths: Sequence[Path],
    as_of: date,
    *,
    instance: Path | None = None,
    include_test: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[PreviewResult, list[str]]:
    """The batch answer over all units under `paths`, and what nobody reads (name and why).

    Without an `instance`: offline ids, the example agreements, and populations of a population.csv that lies beside the files.
    """
    connectors = catalogue(instance)
    routed = [unit for path in paths for unit in route(path, tuple(connectors))]
    preview = Preview(_ids(instance), isolation_rules(), _denominators(instance, paths), include_test=include_test)
    nobodys: list[str] = []
    for done, unit in enumerate(routed, 1):
        if unit.connector is None:
            nobodys.append(f"{unit.path.name}: {unit.why}")
        else:
            _take(preview, unit, connectors[unit.connector], instance)
        if tell is not None:
            tell(done, len(routed))
    return preview.finish(as_of), nobodys


def _take(preview: Preview, unit: Routed, connector: Connector, instance: Path | None) -> None:
    if instance is None:
        agreement = example_agreement(connector.name)
    else:
        agreement = intake_agreement(instance / "agreements", connector.name, today(load_settings(instance)))
    preview.take(outcomes(connector, agreement, _ids(instance), unit.path))


def _ids(instance: Path | None) -> Ids:
    return OFFLINE_IDS if instance is None else ids_of(load_settings(instance))


def _denominators(instance: Path | None, paths: Sequence[Path]) -> Denominators:
    if instance is not None:
        return denominators(load_settings(instance))
    beside = next((path / "population.csv" for path in paths if (path / "population.csv").is_file()), None)
    return load_denominators(beside.read_text(encoding="utf-8")) if beside else Denominators({}, "none")
