"""`hub schemas`: the contracts, checked against the code and against earlier releases."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from hub.bus.avro_schema import schema_file_name, schema_folder
from hub.bus.contracts import Finding, breaks, differences, released, write
from hub.bus.topics import TOPICS
from hub.dictionary import dictionary, dictionary_text
from hub.domain.minimum import MinimumSet
from hub.verbs import Verbs
from hub.wiring_report import minimum_set


@click.group(cls=Verbs)
def schemas() -> None:
    """List the contracts, check them against the code, or explain every field."""


DICTIONARY = "data-dictionary.md"


@schemas.command("dictionary")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show_dictionary(as_json: bool) -> None:
    """Every event and field: its type, how much it is needed, what rests on it, and which standard asks for it."""
    asked, day = _minimum()
    if as_json:
        click.echo(json.dumps(dictionary(asked, day), ensure_ascii=False))
    else:
        click.echo(dictionary_text(asked, day), nl=False)


def _minimum() -> tuple[MinimumSet, date]:
    """The newest minimum data set, and from when on it holds."""
    every = minimum_set(date.max)
    return every, max(row.valid_from for row in every)


def _is_current(page: Path) -> bool:
    return page.is_file() and page.read_text(encoding="utf-8") == dictionary_text(*_minimum())


def _write_dictionary(page: Path) -> list[str]:
    """Its name, where it had to be written anew."""
    if not page.parent.is_dir() or _is_current(page):
        return []
    page.write_text(dictionary_text(*_minimum()), encoding="utf-8")
    return [f"docs/{DICTIONARY}"]


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
    """Do schemas/avro/ and the data dictionary equal the code, and may they follow the released ones? Exit 1 when not."""
    folder = schema_folder()
    page = folder.parents[1] / "docs" / DICTIONARY
    if rewrite and folder.is_dir():
        for name in (*write(TOPICS, folder), *_write_dictionary(page)):
            click.echo(json.dumps({"wrote": name}) if as_json else f"wrote {name}")
    found = differences(TOPICS, folder) + breaks(TOPICS, released(folder.parents[1]))
    if page.parent.is_dir() and not _is_current(page):
        found.append(Finding(f"docs/{DICTIONARY}", "differs from the code"))
    for finding in found:
        click.echo(json.dumps(finding._asdict()) if as_json else f"{finding.file}: {finding.words}")
    if not found and not as_json:
        click.echo("the contracts equal the code, and may follow every release")
    ctx.exit(1 if found else 0)
