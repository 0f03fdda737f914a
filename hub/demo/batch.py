"""The county's batch answer: its files through preview, in one go, as of its last day."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from hub.config import load_settings, today
from hub.connectors.catalog import Connector
from hub.connectors.export_memory import ExportMemory, memory_path
from hub.domain import who
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.domain.measures import Denominators, load_denominators
from hub.preview import Preview, PreviewResult
from hub.privacy.agreements import example_agreement, intake_agreement
from hub.synthetic.county import County
from hub.wiring_bus import isolation_rules
from hub.wiring_reading import catalogue, taken

__all__ = ["preview_of", "read_county", "with_isolation_sites"]


def preview_of(county: County, ids: Ids, instance: Path) -> PreviewResult:
    """Everything the county delivered, under the connectors and agreements of an instance."""
    settings = load_settings(instance)
    day = today(settings)
    connectors = catalogue(instance)
    agreements = {name: intake_agreement(instance / "agreements", name, day) for name in connectors}
    with tempfile.TemporaryDirectory(prefix="hub-demo-") as scratch:
        return _read(county, ids, connectors, agreements, Path(scratch), settings.identity_population)


def read_county(county: County, ids: Ids, scratch: Path) -> PreviewResult:
    """The same under the shipped connectors and example agreements; `scratch` is an empty folder."""
    connectors = {name: with_isolation_sites(connector, county) for name, connector in catalogue().items()}
    return _read(county, ids, connectors, {name: example_agreement(name) for name in connectors}, scratch)


def with_isolation_sites(connector: Connector, county: County) -> Connector:
    """The shelter connector told which of the county's projects are isolation sites."""
    if connector.program != "hmis-csv":
        return connector
    options = {**connector.options, "isolation_projects": list(county.isolation_projects)}
    return connector.model_copy(update={"options": options})


def _read(
    county: County,
    ids: Ids,
    connectors: Mapping[str, Connector],
    agreements: Mapping[str, IntakeAgreement],
    scratch: Path,
    identity_population: int = who.POPULATION,
) -> PreviewResult:
    county.write(scratch)
    populations: Denominators = load_denominators(county.population_csv().decode())
    preview = Preview(ids, isolation_rules(), populations, identity_population=identity_population)
    for name, connector in connectors.items():
        home, memory = scratch / name, ExportMemory(memory_path(scratch, name))
        for unit in sorted(home.iterdir()) if home.is_dir() else ():
            preview.take(taken(connector, agreements[name], ids, unit, memory))
    return preview.finish(county.truth.as_of)
