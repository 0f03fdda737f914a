"""`hub audit verify|list`: who saw or moved what, and whether the trail is whole."""

from __future__ import annotations

import json

import click

from hub.config import load_settings
from hub.domain.disclosure import first_break
from hub.supervisor import running_instance
from hub.verbs import Verbs
from hub.wiring_rejected import opened

_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group(cls=Verbs)
def audit() -> None:
    """The audit trail of disclosures: a chain of hashes."""


@audit.command()
@_INSTANCE
@_JSON
@click.pass_context
def verify(ctx: click.Context, instance: str | None, as_json: bool) -> None:
    """Is every entry as it was written, in its place? Exit 1 when not, naming the first that is not."""
    with opened(load_settings(running_instance(instance))) as desk:
        entries = list(desk.entries())
    broken = first_break(entries)
    last = entries[-1].hash if entries else None
    if as_json:
        click.echo(json.dumps({"entries": len(entries), "first_break": broken, "last_hash": last}))
    elif broken is not None:
        click.echo(
            f"the trail is broken at entry {broken} of {len(entries)}: it was changed, moved, or one before it is missing"
        )
    else:
        click.echo(
            f"{len(entries)} entries, each as it was written; the last hash is {last or 'none'}: keep it elsewhere"
        )
    ctx.exit(1 if broken is not None else 0)


@audit.command("list")
@_INSTANCE
@_JSON
def list_entries(instance: str | None, as_json: bool) -> None:
    """Every entry, oldest first."""
    with opened(load_settings(running_instance(instance))) as desk:
        for each in desk.entries():
            if as_json:
                click.echo(each.model_dump_json())
            else:
                at = f"{each.at:%Y-%m-%d %H:%M:%S}Z"
                click.echo(
                    f"{each.number:>5}  {at}  {each.actor}  {each.action}  {each.subject[:24]}  {each.purpose}  {each.detail}"
                )
