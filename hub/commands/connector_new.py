"""`hub connector new|schema`: a first folder out of a sample, and the JSON Schema of connector.yaml for editors."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import click

from hub.config import instance_dir, load_settings, today
from hub.connectors.catalog import FILE, Connector, load_one
from hub.connectors.catalog.reference import reference
from hub.connectors.drafting import draft
from hub.errors import ConfigError
from hub.routing import route
from hub.wiring_reading import catalogue


@click.command()
@click.argument("name")
@click.option("--from", "sample", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A sample: .csv (or any delimited text), .xlsx, .json/.ndjson (FHIR too), .hl7.")  # fmt: skip
@click.option("--header", is_flag=True, help="The first row names the columns, though it looks like a record.")
@click.option("--replace", is_flag=True, help="Take the name of a connector that the hub ships, and so its place here.")
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
def new(name: str, sample: Path, header: bool, replace: bool, instance: str | None) -> None:
    """Draft a connector out of a sample: connector.yaml, codes/, samples/, a draft agreement; says what is left to decide."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", name):
        raise click.UsageError(f"{name} is no name: lower-case letters, digits and hyphens, such as riverside-pantry")
    directory = instance_dir(instance)
    folder = directory / "connectors" / name
    if folder.exists():
        raise click.UsageError(f"{folder} is there already: remove it, or take another name")
    if name in catalogue() and not replace:
        raise click.UsageError(
            f"{name} is a connector of the hub, which a folder of that name would replace: take another name, or say --replace"
        )
    day = today(load_settings(directory))
    try:
        made = draft(name, sample, day, header=header)
    except ConfigError as why:  # of the sample, which the command line named: nothing is wrong with the installation
        raise click.UsageError(str(why)) from None
    try:
        where, content = made.sample
        for path, written in {**{path: text.encode() for path, text in made.files.items()}, where: content}.items():
            _write(folder / path, written)
        drafted = load_one(folder / FILE)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    click.echo(f"wrote {folder}: " + ", ".join([*made.files, where]))
    click.echo(
        "samples/ holds your sample as it is: use made-up data, or remove it before the folder leaves this machine"
    )
    if reader := _shipped_reader(sample):
        click.echo(
            f"{reader}, which the hub ships, may read it already: look at `hub connector try {reader} {sample}` first"
        )
    click.echo("\n".join(["to decide:", *(f"  - {each}" for each in made.todo)]))
    click.echo(
        f"next: hub connector try {name} {folder / where} --explain{' --row 2' if drafted.source.format == 'csv' else ''}"
    )


def _shipped_reader(sample: Path) -> str | None:
    """The hub's own connector for such a file, by what is in it."""
    return next(each.connector for each in route(sample, tuple(catalogue()), ()))


def _write(path: Path, content: bytes) -> None:
    """For this account's eyes only: a sample is somebody's data, and code tables hold values of it."""
    for missing in reversed([each for each in path.parents if not each.exists()]):
        missing.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(content)


@click.command()
@click.option("--docs", is_flag=True, help="The same for people: docs/connector-yaml.md.")
def schema(docs: bool) -> None:
    """The JSON Schema of connector.yaml, for editors."""
    if docs:
        click.echo(reference(), nl=False)
        return
    click.echo(
        json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **Connector.model_json_schema()}, indent=2
        )
    )
