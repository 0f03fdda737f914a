"""`hub connector pause|resume|rewind`: wishes that outlive every process, carried out by the role `connectors`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from hub.bus.control import REWOUND_STREAM
from hub.bus.position import LAST_RECORD_STREAM
from hub.commands.connector_role import known_name, open_workshop, tell, wish
from hub.config import instance_dir
from hub.connectors.catalog import Connector
from hub.connectors.file_drop import FileDropOptions
from hub.connectors.positions import PositionUnreadable
from hub.connectors.pull import ALL
from hub.connectors.rewinding import parse_time, summary, taken_since
from hub.errors import ConfigError
from hub.wiring_reading import catalogue
from hub.wiring_workshop import Workshop

__all__ = ["pause", "resume", "rewind", "streams_of"]

BACKFILL = "backfill."
_NAMES_SHOWN = 5
_Command = Callable[..., None]


def _options(command: _Command) -> _Command:
    """What the three have in common."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        click.option("--wait", default=30.0, show_default=True, help="Seconds to wait until the role follows."),
        click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default)."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@_options
@click.pass_context
def pause(ctx: click.Context, name: str, instance: str | None, wait: float, as_json: bool) -> None:
    """Take nothing more in through NAME, until `resume`, whatever restarts meanwhile. What was taken is answered first.

    Senders of MLLP find the port closed and keep their queue; senders over HTTP hear 503; files stay in the inbox; positions stand.
    """
    _ask(ctx, name, instance, wait, as_json, paused=True)


@click.command()
@click.argument("name")
@_options
@click.pass_context
def resume(ctx: click.Context, name: str, instance: str | None, wait: float, as_json: bool) -> None:
    """Take data in through NAME again. Of a connector that failed, try again now. Exit 1: it does not run."""
    _ask(ctx, name, instance, wait, as_json, paused=False)


@click.command()
@click.argument("name")
@click.option("--to", "to", required=True, help="`beginning`, a day or a time (ISO 8601), or a position as JSON.")
@click.option("--stream", help="Only this stream of the connector.")
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be read again.")
@_options
@click.pass_context
def rewind(
    ctx: click.Context,
    name: str,
    to: str,
    stream: str | None,
    yes: bool,
    instance: str | None,
    wait: float,
    as_json: bool,
) -> None:
    """Read again from an earlier point what NAME has fetched, or put files that it took back into its inbox.

    What is read twice has the same ids: nothing is counted twice. Also heals a position that cannot be opened.
    """
    directory = instance_dir(instance)
    known_name(directory, name)
    connector = catalogue(directory)[name]
    with open_workshop(directory) as opened:
        try:
            plan = asyncio.run(_plan(opened, connector, to, stream))
        except ConfigError as why:
            raise click.UsageError(f"{name} cannot be rewound there: {why}") from None
        if not as_json:
            click.echo("\n".join(plan.words))
        if not yes:
            if as_json:
                click.echo(json.dumps({"name": name, "applied": False, "would": plan.words}))
            else:
                click.echo("nothing was done; say --yes to do it")
            return
        answer = wish(opened, name, wait, rewind=plan.target)
    tell(ctx, name, answer, as_json=as_json)


def _ask(ctx: click.Context, name: str, instance: str | None, wait: float, as_json: bool, *, paused: bool) -> None:
    directory = instance_dir(instance)
    known_name(directory, name)
    with open_workshop(directory) as opened:
        answer = wish(opened, name, wait, paused=paused)
    tell(ctx, name, answer, as_json=as_json, runs=not paused)


class _Plan(NamedTuple):
    target: Mapping[str, Any]
    words: list[str]


async def _plan(opened: Workshop, connector: Connector, to: str, stream: str | None) -> _Plan:
    """What a rewind would do; ConfigError where this connector's door cannot be read again from there."""
    at = None if to == "beginning" or to.startswith("{") else parse_time(to)
    if isinstance(connector.door, FileDropOptions):
        if to.startswith("{"):
            raise ConfigError("its door keeps no position; give `beginning`, a day or a time")
        return _files(opened.settings.instance / "inbox" / connector.name, at)
    if not connector.door.remembers:
        connector.door.rewound(None, at)  # says why not
    there = await streams_of(opened, connector)
    if stream is not None and stream not in there:
        raise ConfigError(f"there is no stream {stream}; there are {', '.join(there)}")
    target: dict[str, Any] = {}
    words = []
    chosen = [stream] if stream is not None else there
    for each in chosen:
        try:
            position = await opened.positions.load(connector.name, each)
            stands = summary(position)
        except PositionUnreadable:
            position, stands = None, "at a position that cannot be opened"
        try:
            target[each] = _position(to) if to.startswith("{") else connector.door.rewound(position, at)
        except ConfigError:
            if position is not None or len(chosen) == 1:
                raise
            continue  # one of several that has read nothing yet
        words.append(f"{connector.name} {each}: stands {stands}; reads again from there on: {summary(target[each])}")
    return _Plan({"streams": target}, words)


def _files(inbox: Path, since: datetime | None) -> _Plan:
    units = taken_since(inbox, since)
    names = [unit.path.name for unit in units]
    shown = ", ".join(names[:_NAMES_SHOWN]) + (
        f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    )
    go_back = "unit in done/ and failed/ goes back" if len(units) == 1 else "units in done/ and failed/ go back"
    words = f"{len(units)} {go_back} into the inbox" + (f": {shown}" if names else "")
    return _Plan({"files_since": since.isoformat() if since is not None else None}, [words])


async def streams_of(opened: Workshop, connector: Connector) -> list[str]:
    """The connector's streams: those that its door asks for, and those that have a position from earlier."""
    asked = [each.name for each in getattr(connector.door, "asked", ())] or [ALL]
    found = await opened.positions.streams(connector.name)
    own = (REWOUND_STREAM, LAST_RECORD_STREAM)
    return sorted({*asked, *(each for each in found if each not in own and not each.startswith(BACKFILL))})


def _position(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise ConfigError("the position is not JSON") from None
    assert isinstance(found, dict)
    return found
