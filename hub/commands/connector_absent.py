"""`hub connector absent`: exports that lack so many rows that nobody withdraws them unasked, and the word that it is right."""

from __future__ import annotations

import json

import click

from hub.config import instance_dir
from hub.connectors.catalog import find
from hub.connectors.export_memory import ExportMemory, Waiting, memory_path
from hub.domain.absent_rows import moment
from hub.errors import UnknownName
from hub.wiring_reading import catalogue

__all__ = ["absent"]


@click.command()
@click.argument("name")
@click.option("--accept", metavar="EXPORT", help="What this export lacks is really gone: withdraw it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
def absent(name: str, accept: str | None, as_json: bool, instance: str | None) -> None:
    """Exports of NAME that lack more rows than may be withdrawn without asking: by table, how many of those known.

    What such an export tells was taken in; what it lacks stands until you --accept it. That is carried out with the next export
    that comes; `hub connector rewind NAME --to` a time before the last drop has it read, and so carried out, at once.
    """
    directory = instance_dir(instance)
    find(name, catalogue(directory))
    memory = ExportMemory(memory_path(directory, name))
    if accept is not None and not memory.accept(accept):
        raise UnknownName(f"{name} has no export {accept} that waits: `hub connector absent {name}` lists them")
    waiting = memory.held()
    for each in waiting:
        click.echo(json.dumps(_as_json(each)) if as_json else _in_words(each))
    if not waiting and not as_json:
        click.echo("no export lacks more rows than may be withdrawn without asking")


def _as_json(each: Waiting) -> dict[str, object]:
    absent = {table: {"absent": count, "known": known} for table, (count, known) in sorted(each.absent.items())}
    return {
        "export": each.export,
        "made_at": moment(each.made_at).isoformat(),
        "accepted": each.accepted,
        "tables": absent,
    }


def _in_words(each: Waiting) -> str:
    lacks = ", ".join(
        f"{count:,} of {known:,} rows of {table}" for table, (count, known) in sorted(each.absent.items())
    )
    then = "they are withdrawn with the next export" if each.accepted else f"right? --accept {each.export}"
    return f"{each.export} made {moment(each.made_at):%Y-%m-%d %H:%M} UTC lacks {lacks}: {then}"
