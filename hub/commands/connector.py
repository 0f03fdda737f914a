"""`hub connector list|lint`, and the group that holds the other verbs: what can be plugged in, and what each still lacks."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hub.commands.connector_absent import absent
from hub.commands.connector_access import access
from hub.commands.connector_agreement import agree, ungranted
from hub.commands.connector_checks import test
from hub.commands.connector_control import pause, resume, rewind
from hub.commands.connector_new import new, schema
from hub.commands.connector_places import entries, lines
from hub.commands.connector_report import report
from hub.commands.connector_review import review
from hub.commands.connector_run import backfill, run_connector
from hub.commands.connector_try import try_connector
from hub.commands.remap import list_unmapped, remap
from hub.config import instance_dir, load_settings, today
from hub.connectors.catalog import SHIPPED, Connector, find
from hub.connectors.catalog.folder import read_codes
from hub.connectors.catalog.map_lock import LOCK, unraised_parts
from hub.connectors.http_push import PushOptions
from hub.connectors.http_push_keys import Doorkeeper
from hub.domain.agreement import IntakeAgreement
from hub.errors import ConfigError
from hub.mapping.declared.codes import alike
from hub.privacy.agreements import intake_agreement
from hub.privacy.secrets import open_to_others, read_credential
from hub.supervisor import read_state, running_instance
from hub.verbs import Verbs
from hub.wiring_reading import catalogue

_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")


@click.group(cls=Verbs)
def connector() -> None:
    """Plug in a source system."""


connector.add_command(remap)
connector.add_command(list_unmapped)
for verb in (
    new,
    schema,
    test,
    try_connector,
    agree,
    pause,
    resume,
    rewind,
    backfill,
    run_connector,
    absent,
    access,
    report,
    review,
):
    connector.add_command(verb)


@connector.command("list")
@_INSTANCE
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_connectors(instance: str | None, as_json: bool) -> None:
    """Every connector: where its data comes in, how it is, until when its agreement holds, its last record."""
    directory = running_instance(instance)
    found = entries(directory, up=read_state(directory).running)
    for entry in found:
        if as_json:
            click.echo(json.dumps(entry))
        else:
            click.echo("\n".join(lines(entry, title=True)))
    lacking = [entry["name"] for entry in found if entry.get("why") == "no-agreement"]
    if lacking and not as_json:
        click.echo(f"no agreement in force for {', '.join(lacking)}: `hub connector agree NAME` writes one")


@connector.command("lint")
@click.argument("name", required=False)
@_INSTANCE
@click.pass_context
def lint(ctx: click.Context, name: str | None, instance: str | None) -> None:
    """Check connector.yaml, the agreement and the key files of one connector, or of all.

    Warns of a map that differs from map.lock under the same mapping_version. Of all, one line names those that are switched off and
    one those that nobody agreed on. Exit 0: each that is switched on can start; 1: one could not; 2: there is no such connector.
    """
    directory = instance_dir(instance)
    connectors = catalogue(directory)
    chosen = connectors.values() if name is None else [find(name, connectors)]
    broken = connectors.broken if name is None else {}
    failed = len(broken)
    for each_name, reason in broken.items():
        click.echo(f"{each_name}: cannot start: {reason}")
    off: list[str] = []
    lacking: list[str] = []
    for each in chosen:
        if name is None and not each.enabled:
            off.append(each.name)
            continue
        shipped = each.folder is None or each.folder.parent == SHIPPED
        if name is None and shipped and not (directory / "agreements" / f"{each.name}.yaml").is_file():
            lacking.append(each.name)
            continue
        agreement, unraised, faults = None, list[str](), list[str]()
        try:
            agreement = intake_agreement(directory / "agreements", each.name, today(load_settings(directory)))
        except ConfigError as why:
            faults.append(str(why))
        faults += open_to_others(directory / "secrets" / each.name)
        try:
            _keys(each, directory)
        except ConfigError as why:
            faults.append(str(why))
        try:
            unraised = unraised_parts(each)
        except ConfigError as why:
            faults.append(str(why))
        for fault in dict.fromkeys(faults):  # all of them, and not one more each time
            click.echo(f"{each.name}: cannot start: {fault}")
        failed += bool(faults)
        if agreement is not None and not faults:
            click.echo(
                f"{each.name}: ok, under {agreement.agreement_id}{_not_granted(each, agreement)}{_undecided(each)}"
            )
            for doubled in _alike(each):
                click.echo(f"{each.name}: warning: {doubled}")
            if unraised:
                click.echo(f"{each.name}: warning: {_unraised(each, unraised)}")
    if lacking:
        click.echo(f"cannot start, no agreement (`hub connector agree NAME` writes one): {', '.join(lacking)}")
    if off:
        click.echo(f"switched off, not looked at (`hub connector lint NAME` looks at one): {', '.join(off)}")
    ctx.exit(1 if failed or lacking else 0)


def _keys(found: Connector, directory: Path) -> None:
    """ConfigError where the key files of a push door are not there, or a line of them is no key; it names the line alone."""
    if isinstance(found.door, PushOptions):
        Doorkeeper(found.door, lambda name: read_credential(directory / "secrets" / found.name / name))


def _not_granted(found: Connector, agreement: IntakeAgreement) -> str:
    missing = [kind for kind in found.emits if kind not in agreement.events]
    fields = [each for each in ungranted(found, agreement) if each.partition(".")[0] not in missing]
    whole = f"; not granted, so ignored (kind-not-agreed): {', '.join(missing)}" if missing else ""
    return whole + (f"; not granted, so left out: {', '.join(fields)}" if fields else "")


def _undecided(found: Connector) -> str:
    """Rows of code tables that nobody has decided about."""
    if found.folder is None:
        return ""
    waiting = {name: len(table.todo) for name, table in read_codes(found.folder).items() if table.todo}
    return (
        f"; codes not decided yet: {', '.join(f'{n} in codes/{name}.csv' for name, n in waiting.items())}"
        if waiting
        else ""
    )


def _unraised(found: Connector, parts: list[str]) -> str:
    return (
        f"{', '.join(parts)} changed since {LOCK} was written, mapping_version is still {found.mapping_version}: what comes again "
        f"keeps its id and says something else. Raise it, then `hub connector test {found.name} --update` and `hub connector remap "
        f"{found.name}`; where the hub has taken nothing in with this map yet, the first of the two is enough"
    )


def _alike(found: Connector) -> list[str]:
    """Values of a code table that differ by case and blanks alone: a slip, or a table for `match: fold`."""
    if found.folder is None:
        return []
    return [
        f"codes/{name}.csv: {' and '.join(group)} differ by case or blanks alone; if they mean the same, keep one: `match: fold`"
        for name, table in read_codes(found.folder).items()
        for group in alike(table)
    ]
