"""`hub connector test`: the standard checks (hub/testing/connector_checks.py), goldens first, on a connector's samples, offline."""

from __future__ import annotations

from pathlib import Path

import click

from hub.commands.connector_agreement import trial_agreement
from hub.config import instance_dir
from hub.connectors.catalog import Connector, find
from hub.connectors.catalog.map_lock import LOCK, unraised_parts, write_lock
from hub.domain.agreement import IntakeAgreement
from hub.goldens import expected_file, lines_of, samples_of
from hub.testing.connector_checks import CHECKS
from hub.wiring_reading import catalogue


@click.command()
@click.argument("name")
@click.option(
    "--update",
    is_flag=True,
    help="Write expected/ and map.lock anew from what the map gives now; review the difference.",
)
@click.option("--agreement", "agreement_file", type=click.Path(path_type=Path), help="Agreement file to apply.")
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
@click.pass_context
def test(ctx: click.Context, name: str, update: bool, agreement_file: Path | None, instance: str | None) -> None:
    """Run the standard checks on every file of samples/, and compare with expected/. Exit 1 when one fails."""
    directory = instance_dir(instance)
    chosen = find(name, catalogue(directory))
    agreement = trial_agreement(chosen, agreement_file, directory)
    if update:
        _lock(chosen)
    failed = 0
    for sample in samples_of(chosen):
        if update:
            _update(chosen, agreement, sample)
        for words, check in CHECKS.items():
            why = check(chosen, agreement, sample)
            failed += why is not None
            click.echo(f"{'ok    ' if why is None else 'FAILED'} {sample.name}: {words}{f': {why}' if why else ''}")
    ctx.exit(1 if failed else 0)


def _update(chosen: Connector, agreement: IntakeAgreement, sample: Path) -> None:
    golden, now = expected_file(chosen, sample), lines_of(chosen, agreement, sample)
    golden.parent.mkdir(exist_ok=True)
    golden.write_text("".join(f"{line}\n" for line in now), encoding="utf-8")
    click.echo(f"wrote  expected/{golden.name}: {len(now)} records")


def _lock(chosen: Connector) -> None:
    unraised = unraised_parts(chosen)
    if write_lock(chosen) is not None:
        click.echo(f"wrote  {LOCK}: the map of mapping_version {chosen.mapping_version}")
    if unraised:
        click.echo(
            f"note   {', '.join(unraised)} changed and mapping_version did not: raise it if the hub took anything in with it",
            err=True,
        )
