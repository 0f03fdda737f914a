"""`hub synthetic write FOLDER`: the made-up county as files, laid out for `hub preview` and for the doors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hub.synthetic import make_county
from hub.verbs import Verbs


@click.group(cls=Verbs)
def synthetic() -> None:
    """Made-up people, the same across sources, with true formats. Simulated time: 2021-01-01 to 2021-03-31."""


@synthetic.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--people", type=click.IntRange(min=1), default=2000, show_default=True, help="How many residents.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--truth", type=click.Path(dir_okay=False, path_type=Path), help="Also write what must be found, as JSON."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def write(folder: Path, people: int, seed: int, truth: Path | None, as_json: bool) -> None:
    """Write every message and file of the county under FOLDER/<connector>/, and FOLDER/population.csv."""
    county = make_county(people, seed)
    files = county.write(folder)
    if truth is not None:
        truth.write_text(json.dumps(county.truth.summary(), indent=2) + "\n")
    if as_json:
        click.echo(
            json.dumps({"people": people, "seed": seed, "files": files, "as_of": county.truth.as_of.isoformat()})
        )
        return
    click.echo(f"{people} made-up people, seed {seed}, simulated time 2021-01-01 to {county.truth.as_of}: {folder}")
    for connector, count in files.items():
        click.echo(f"  {connector:<16} {count} files")
    click.echo(f"Next: hub preview {folder} --as-of {county.truth.as_of}")
