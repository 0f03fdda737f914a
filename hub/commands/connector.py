"""`hub connector list|try|lint`: what can be plugged in, and what the hub would make of a file, without a broker."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from hub.commands.remap import list_unmapped, remap
from hub.config import instance_dir, load_settings, today
from hub.connectors.catalog import Connector, find
from hub.domain.agreement import IntakeAgreement
from hub.errors import ConfigError, HubError
from hub.mapping.program import Mapped
from hub.privacy.agreements import example_agreement, intake_agreement
from hub.wiring_reading import OFFLINE_IDS, catalogue, outcomes

CANNOT_RUN = 2
_SHOWN = 20  # rejected records listed for people; machines ask for --json
_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")


@click.group()
def connector() -> None:
    """Plug in a source system."""


connector.add_command(remap)
connector.add_command(list_unmapped)


@connector.command("list")
@_INSTANCE
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_connectors(instance: str | None, as_json: bool) -> None:
    """Every connector: where its data comes in, what it emits, and whether an agreement allows it."""
    directory = instance_dir(instance)
    for found in catalogue(directory).values():
        entry = _entry(found, directory)
        if as_json:
            click.echo(json.dumps(entry))
        else:
            lines = (found.title, f"{found.door.kind}; {found.source.standard}", str(entry["agreement"]), "")
            click.echo(f"{found.name:16} " + f"\n{'':16} ".join(lines))


@connector.command("try")
@click.argument("name")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per record, in input order.")
@click.option("--summary", is_flag=True, help="One JSON object of counts.")
@click.option("--agreement", "agreement_file", type=click.Path(path_type=Path), help="Agreement file to apply.")
@_INSTANCE
@click.pass_context
def try_connector(
    ctx: click.Context,
    name: str,
    path: Path,
    as_json: bool,
    summary: bool,
    agreement_file: Path | None,
    instance: str | None,
) -> None:
    """What the hub would make of PATH (a file, or a folder of files), offline: no broker, no keys, nothing is kept.

    Shows agreed fields only. Exit 0: all was read; 1: something was rejected; 2: it could not run.
    """
    try:
        directory = instance_dir(instance)
        chosen = find(name, catalogue(directory))
        agreement = _agreement(chosen.name, agreement_file, directory)
        read = outcomes(chosen, agreement, OFFLINE_IDS, path)
        if as_json and not summary:
            rejected = _print_lines(read)
        else:
            rejected = _print_summary(read, as_json or summary)
    except BrokenPipeError:  # `… | head`: who reads has seen enough; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ctx.exit(CANNOT_RUN)
    except (HubError, OSError) as why:
        click.echo(f"hub: {why if isinstance(why, HubError) else f'{path}: {why.strerror}'}", err=True)
        ctx.exit(CANNOT_RUN)
    ctx.exit(1 if rejected else 0)


@connector.command("lint")
@click.argument("name", required=False)
@_INSTANCE
@click.pass_context
def lint(ctx: click.Context, name: str | None, instance: str | None) -> None:
    """Check connector.yaml and the agreement of one connector, or of all. Exit 1 when one could not start."""
    directory = instance_dir(instance)
    connectors = catalogue(directory)
    chosen = connectors.values() if name is None else [find(name, connectors)]
    failed = 0
    for each in chosen:
        try:
            agreement = intake_agreement(directory / "agreements", each.name, today(load_settings(directory)))
        except ConfigError as why:
            failed += 1
            click.echo(f"{each.name}: cannot start: {why}")
        else:
            click.echo(f"{each.name}: ok, under {agreement.agreement_id}{_not_granted(each, agreement)}")
    ctx.exit(1 if failed else 0)


def _entry(found: Connector, directory: Path) -> dict[str, Any]:
    try:
        day = today(load_settings(directory))
        allowed = f"agreement {intake_agreement(directory / 'agreements', found.name, day).agreement_id}"
    except ConfigError as why:
        allowed = f"cannot start: {why}"
    return {
        "name": found.name, "title": found.title, "enabled": found.enabled, "door": found.door.kind, "program": found.program,
        "emits": list(found.emits), "sector": found.source.sector, "standard": found.source.standard, "agreement": allowed,
    }  # fmt: skip


def _agreement(name: str, file: Path | None, directory: Path) -> IntakeAgreement:
    """The one given, else the installation's, else the shipped example (said aloud: it is nobody's real agreement)."""
    if file is not None:
        return intake_agreement(file.parent, file.stem, today(load_settings(directory)))
    if (directory / "agreements" / f"{name}.yaml").is_file():
        return intake_agreement(directory / "agreements", name, today(load_settings(directory)))
    click.echo(f"no agreement for {name} in {directory / 'agreements'}: the shipped example is applied", err=True)
    return example_agreement(name)


def _print_lines(read: Iterable[Mapped]) -> int:
    rejected = 0
    for mapped in read:
        rejected += mapped.outcome == "rejected"
        line = {
            "outcome": mapped.outcome,
            "type": mapped.type,
            "event": None if mapped.event is None else mapped.event.model_dump(mode="json"),
            "reason": mapped.reason,
            "where": dict(mapped.where),
        }
        click.echo(json.dumps(line, ensure_ascii=False))
    return rejected


def _print_summary(read: Iterator[Mapped], as_json: bool) -> int:
    events: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    entities: Counter[str] = Counter()
    shown: list[str] = []
    for mapped in read:
        if mapped.entity is not None:
            entities[mapped.entity] += 1
        if mapped.event is not None:
            events[type(mapped.event).kind] += 1
        elif mapped.outcome == "rejected":
            rejected[mapped.reason or "unspecified"] += 1
            if len(shown) < _SHOWN:
                shown.append(f"  {_position(mapped)}: {mapped.reason}")
        else:
            ignored[mapped.reason or "unspecified"] += 1
    found = {"events": events, "rejected": rejected, "ignored": ignored, "entities": entities}
    if as_json:
        click.echo(json.dumps({word: dict(sorted(counts.items())) for word, counts in found.items()}))
    else:
        for word, counts in found.items():
            click.echo(f"{word:9} {', '.join(f'{count} {what}' for what, count in sorted(counts.items())) or 'none'}")
        click.echo("\n".join([*shown, *(["  …"] if rejected.total() > len(shown) else [])]), nl=bool(shown))
    return rejected.total()


def _position(mapped: Mapped) -> str:
    return " ".join(str(part) if name == "file" else f"{name} {part}" for name, part in mapped.where.items())


def _not_granted(found: Connector, agreement: IntakeAgreement) -> str:
    missing = [kind for kind in found.emits if kind not in agreement.events]
    return f"; not granted, so ignored (kind-not-agreed): {', '.join(missing)}" if missing else ""
