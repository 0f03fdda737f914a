"""`hub connector remap NAME` and `hub connector unmapped NAME`: after a code table or a mapping changed; and what to change."""

from __future__ import annotations

import json
from collections import Counter

import click

from hub.config import Settings, load_settings
from hub.connectors.catalog import find
from hub.domain.events import Event
from hub.redrive.remap import Remapped
from hub.redrive.remap import remap as remapped
from hub.redrive.trail import locked
from hub.supervisor import running_instance
from hub.wiring_reading import catalogue
from hub.wiring_rejected import Desk, opened

_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_CHUNK = 200


@click.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only count what would be published.")
@click.option("--purpose", default="remap", show_default=True, help="Stands in the audit trail.")
@_INSTANCE
@_JSON
def remap(name: str, dry_run: bool, purpose: str, instance: str | None, as_json: bool) -> None:
    """Read the kept originals of NAME again: events whose outcome changed are published with a higher mapping version.

    Goes on where it was killed; a second run publishes nothing.
    """
    settings = _named(name, instance)
    told = Remapped()
    with locked(settings.instance / "redrive.lock", wait=False), opened(settings) as desk:
        desk.source(name)
        desk.trail.write("remap", purpose=purpose, subject=name, detail="dry-run" if dry_run else "")
        _remap(desk, name, dry_run, told)
        counted = f"changed={told.changed} raised={told.raised} new={told.new} unchanged={told.unchanged}"
        desk.trail.write(
            "remap-done", purpose=purpose, subject=name, detail=f"{counted}{' dry-run' if dry_run else ''}"
        )
    if as_json:
        counts = {"changed": told.changed, "raised": told.raised, "new": told.new, "unchanged": told.unchanged}
        click.echo(json.dumps({**counts, "not_read": told.not_read, "no_event": told.no_event, "dry_run": dry_run}))
        return
    click.echo(f"{'would publish' if dry_run else 'published'} {told.published}: {counted}")
    for reason, count in told.not_read.most_common():
        click.echo(f"{count:>6}  originals not read again: {reason} (`hub rejected explain {reason}`)")
    for reason, count in told.no_event.most_common():
        click.echo(f"{count:>6}  give no event now: {reason}; what was published of them before stands")


def _named(name: str, instance: str | None) -> Settings:
    """The settings of the installation; UnknownName or ConfigError before anything is opened or written."""
    settings = load_settings(running_instance(instance))
    find(name, catalogue(settings.instance))
    settings.require_bootstrap()
    return settings


def _remap(desk: Desk, name: str, dry_run: bool, told: Remapped) -> None:
    chunk: list[Event] = []
    issues: dict[str, tuple[str, ...]] = {}
    for event, beside in remapped(desk.originals(name), desk.known(name), told):
        chunk.append(event)
        issues[event.event_id] = beside
        if len(chunk) == _CHUNK:
            if not dry_run:
                desk.send(name, chunk, issues)
            chunk, issues = [], {}
    if chunk and not dry_run:
        desk.send(name, chunk, issues)


@click.command("unmapped")
@click.argument("name")
@click.option("--reveal", is_flag=True, help="Show the values as sent. Needs --purpose.")
@click.option("--purpose", help="Why the values must be seen; stands in the audit trail.")
@_INSTANCE
@_JSON
def list_unmapped(name: str, reveal: bool, purpose: str | None, instance: str | None, as_json: bool) -> None:
    """Coded values of NAME that no table row fits, counted: a steward's list. Values only with --reveal and a purpose."""
    if reveal and not (purpose or "").strip():
        raise click.UsageError("say --purpose: it stands in the audit trail beside your account")
    counted: Counter[tuple[str, str, str]] = Counter()
    with opened(_named(name, instance)) as desk:
        if reveal:
            desk.trail.write("reveal-unmapped", purpose=str(purpose).strip()[:200], subject=name, detail="")
        counted.update((kind, field, value if reveal else "") for kind, field, value in desk.unmapped(name))
    for (kind, field, value), count in counted.most_common():
        row = {"kind": kind, "field": field, "count": count, **({"value": value} if reveal else {})}
        click.echo(json.dumps(row) if as_json else f"{count:>6}  {kind}  {field}  {value}".rstrip())
    if not counted and not as_json:
        click.echo("every coded value has its row")
