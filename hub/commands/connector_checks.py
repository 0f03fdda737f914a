"""`hub connector test`: goldens and the standard checks on a connector's own samples, offline."""

from __future__ import annotations

from pathlib import Path

import click

from hub.commands.connector_agreement import trial_agreement
from hub.commands.connector_try import expected_file, line_of
from hub.config import instance_dir
from hub.connectors.catalog import Connector, find
from hub.domain.agreement import IntakeAgreement
from hub.errors import ConfigError
from hub.testing.connector_checks import CHECKS
from hub.wiring_reading import OFFLINE_IDS, catalogue, outcomes


@click.command()
@click.argument("name")
@click.option("--update", is_flag=True, help="Write expected/ anew from what the map gives now; review the difference.")
@click.option("--agreement", "agreement_file", type=click.Path(path_type=Path), help="Agreement file to apply.")
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
@click.pass_context
def test(ctx: click.Context, name: str, update: bool, agreement_file: Path | None, instance: str | None) -> None:
    """Run the standard checks on every file of samples/, and compare with expected/. Exit 1 when one fails."""
    directory = instance_dir(instance)
    chosen = find(name, catalogue(directory))
    agreement = trial_agreement(chosen, agreement_file, directory)
    samples = sorted(
        path for path in ((chosen.folder or Path()) / "samples").glob("*") if not path.name.startswith(".")
    )
    if not samples:
        raise ConfigError(f"{name} has no samples: put made-up ones into {(chosen.folder or Path()) / 'samples'}")
    failed = 0
    for sample in samples:
        failed += _golden(chosen, agreement, sample, update)
        for words, check in CHECKS.items():
            why = check(chosen, agreement, sample)
            failed += why is not None
            click.echo(f"{'ok    ' if why is None else 'FAILED'} {sample.name}: {words}{f': {why}' if why else ''}")
    ctx.exit(1 if failed else 0)


def _golden(chosen: Connector, agreement: IntakeAgreement, sample: Path, update: bool) -> int:
    """1 when the sample gives something else than expected/ holds."""
    golden = expected_file(chosen, sample)
    now = [line_of(mapped) for mapped in outcomes(chosen, agreement, OFFLINE_IDS, sample)]
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text("".join(f"{line}\n" for line in now), encoding="utf-8")
        click.echo(f"wrote  expected/{golden.name}: {len(now)} records")
        return 0
    if not golden.is_file():
        click.echo(f"FAILED {sample.name}: no expected/{golden.name}; --update writes it, then review it")
        return 1
    same = golden.read_text(encoding="utf-8").splitlines() == now
    more = "" if same else "; `hub connector try --diff` shows where"
    click.echo(f"{'ok    ' if same else 'FAILED'} {sample.name}: gives what expected/ holds{more}")
    return 0 if same else 1
