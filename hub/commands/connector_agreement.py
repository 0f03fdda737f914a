"""Under which agreement an offline trial runs: the one given, the installation's, the folder's draft, the shipped example."""

from __future__ import annotations

from pathlib import Path

import click

from hub.config import load_settings, today
from hub.connectors.catalog import Connector
from hub.declared import read_declared
from hub.domain.agreement import IntakeAgreement
from hub.privacy.agreements import example_agreement, intake_agreement

__all__ = ["DRAFT", "trial_agreement"]

DRAFT = "agreement.draft.yaml"


def trial_agreement(connector: Connector, file: Path | None, directory: Path) -> IntakeAgreement:
    """A draft or an example is said aloud on stderr: it is nobody's real agreement."""
    name = connector.name
    if file is not None:
        return intake_agreement(file.parent, file.stem, today(load_settings(directory)))
    if (directory / "agreements" / f"{name}.yaml").is_file():
        return intake_agreement(directory / "agreements", name, today(load_settings(directory)))
    if connector.folder is not None and (draft := connector.folder / DRAFT).is_file():
        click.echo(f"no agreement for {name} in {directory / 'agreements'}: its draft is applied", err=True)
        return read_declared(draft, IntakeAgreement)
    click.echo(f"no agreement for {name} in {directory / 'agreements'}: the shipped example is applied", err=True)
    return example_agreement(name)
