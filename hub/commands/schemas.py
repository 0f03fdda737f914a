"""`hub schemas`: the contracts, checked against the code and against earlier releases."""

from __future__ import annotations

import json

import click

from hub.bus.avro_schema import schema_file_name, schema_folder
from hub.bus.contracts import breaks, differences, released, write
from hub.bus.topics import TOPICS
from hub.verbs import Verbs


@click.group(cls=Verbs)
def schemas() -> None:
    """List the contracts, or check them against the code."""


@schemas.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_schemas(as_json: bool) -> None:
    """Each record, its subject at the registry, its compatibility level and its file."""
    for topic in TOPICS:
        for model in topic.models:
            row = {
                "record": f"hub.{model.__name__}",
                "subject": topic.subject(model),
                "compatibility": topic.level,
                "file": f"schemas/avro/{schema_file_name(model)}",
            }
            click.echo(
                json.dumps(row) if as_json else f"{row['record']:<28} {row['compatibility']:<20} {row['subject']}"
            )


@schemas.command()
@click.option("--write", "rewrite", is_flag=True, help="Write the files anew where they differ from the code.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def check(ctx: click.Context, rewrite: bool, as_json: bool) -> None:
    """Do the files in schemas/avro/ equal the code, and may they follow the released ones? Exit 1 when not."""
    folder = schema_folder()
    if rewrite and folder.is_dir():
        for name in write(TOPICS, folder):
            click.echo(json.dumps({"wrote": name}) if as_json else f"wrote {name}")
    found = differences(TOPICS, folder) + breaks(TOPICS, released(folder.parents[1]))
    for finding in found:
        click.echo(json.dumps(finding._asdict()) if as_json else f"{finding.file}: {finding.words}")
    if not found and not as_json:
        click.echo("the contracts equal the code, and may follow every release")
    ctx.exit(1 if found else 0)
