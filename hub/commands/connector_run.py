"""`hub connector run|backfill`: one connector alone in the foreground, with progress, and a receipt at its end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from hub.commands.connector_control import BACKFILL, streams_of
from hub.commands.connector_role import connectors_page, open_workshop
from hub.config import Settings, instance_dir, load_settings, today
from hub.connectors.catalog import Connector, find
from hub.connectors.file_drop import FileDropOptions
from hub.connectors.positions import Position
from hub.connectors.pull import ALL
from hub.connectors.rewinding import parse_time, summary
from hub.connectors.watch import PAUSED_BY_OPERATOR, Watch
from hub.errors import ConfigError
from hub.ops.ports import is_free
from hub.privacy.agreements import intake_agreement
from hub.wiring_alone import Alone, run_alone
from hub.wiring_positions import BusPositions, PositionLog
from hub.wiring_reading import catalogue
from hub.wiring_workshop import Workshop

__all__ = ["backfill", "run_connector"]

_OUTCOMES = ("accepted", "rejected", "ignored", "blocked")
_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
_JSON = click.option("--json", "as_json", is_flag=True, help="The receipt as one JSON object.")


@click.command("run")
@click.argument("name")
@click.option("--once", is_flag=True, help="Take what is there now, then end (doors that fetch, and inboxes).")
@_JSON
@_INSTANCE
@click.pass_context
def run_connector(ctx: click.Context, name: str, once: bool, as_json: bool, instance: str | None) -> None:
    """Run NAME alone, here, until Ctrl-C: same door, agreement and positions as in the role `connectors`, which must not run it.

    Exit 0: all became events or was set aside; 1: some of it became dead letters; 2: the role runs it, or has its port; 70: source
    or broker away; 78: it cannot run as it is.
    """
    directory = instance_dir(instance)
    connector, settings = find(name, catalogue(directory)), load_settings(directory)
    if once and not (connector.door.remembers or isinstance(connector.door, FileDropOptions)):
        raise click.UsageError(f"{name} is sent to: it cannot know when everything is there; run it without --once")
    _not_in_the_role(settings, name)
    _front_is_free(settings, connector)
    agreement = intake_agreement(directory / "agreements", name, today(settings))
    with open_workshop(directory) as opened:
        _run(ctx, opened, Alone(connector, agreement, once=once), as_json)


@click.command()
@click.argument("name")
@click.option("--since", required=True, help="A day or a time (ISO 8601), UTC where it says nothing else.")
@click.option("--until", help="A day or a time; what changed later is not read. Only of sql-poll and sftp-pull.")
@_JSON
@_INSTANCE
@click.pass_context
def backfill(ctx: click.Context, name: str, since: str, until: str | None, as_json: bool, instance: str | None) -> None:
    """Fetch again from its source what changed since a time, beside the live connector, whose positions stay where they are.

    What the hub has already gets the same ids. After Ctrl-C or a crash the same command goes on where it was. It goes as fast as
    the broker confirms. Exit codes as of `run`; 2 too where its door cannot do it.

    Doors that can: sql-poll and http-poll (with `since`, or bulk export) by the source's own change times, sftp-pull by the times
    of files on the server. file-drop: `hub connector rewind`. mllp, http-push, upload: ask the sender to send again.
    """
    directory = instance_dir(instance)
    connector, settings = find(name, catalogue(directory)), load_settings(directory)
    agreement = intake_agreement(directory / "agreements", name, today(settings))
    try:
        begin, end = parse_time(since), parse_time(until) if until is not None else None
    except ConfigError as why:
        raise click.UsageError(str(why)) from None
    with open_workshop(directory) as opened:
        try:
            positions = asyncio.run(_apart(opened, connector, begin, end))
        except ConfigError as why:
            raise click.UsageError(f"{name} cannot be filled back from there: {why}") from None
        within = _before(connector, end) if end is not None and positions.in_order else None
        alone = Alone(
            connector, agreement, once=True, positions=positions, spool=f"{name}.backfill", within=within, until=end
        )
        _run(ctx, opened, alone, as_json, whole=positions.forget)


class _Apart(BusPositions):
    """Positions of one backfill, under streams of their own; a stream that has none yet begins where the backfill does."""

    def __init__(self, log: PositionLog, connector: str, mark: str, begin: Mapping[str, Position | None]) -> None:
        super().__init__(log, connector)
        self._mark, self._begin = mark, begin

    async def load(self, stream: str) -> Mapping[str, Any] | None:
        return await super().load(f"{self._mark}.{stream}") or self._begin.get(stream)

    async def save(self, stream: str, position: Mapping[str, Any]) -> None:
        await super().save(f"{self._mark}.{stream}", position)

    @property
    def in_order(self) -> bool:
        """Whether its streams are read in the order of a cursor."""
        return any("cursor" in (position or {}) for position in self._begin.values())

    async def forget(self) -> None:
        """It is done: the same command begins anew."""
        for stream in self._begin:
            await self._log.forget(self._connector, f"{self._mark}.{stream}")


async def _apart(opened: Workshop, connector: Connector, begin: datetime, end: datetime | None) -> _Apart:
    """ConfigError when this connector's door cannot read again from `begin`, or until `end`, saying what to do instead."""
    if isinstance(connector.door, FileDropOptions):
        raise ConfigError(f"`hub connector rewind {connector.name} --to …` puts files that it took back into its inbox")
    begins: dict[str, Position | None] = {}
    streams = await streams_of(opened, connector) if connector.door.remembers else [ALL]
    for stream in streams:
        position = await opened.positions.load(connector.name, stream) if connector.door.remembers else None
        try:
            begins[stream] = connector.door.backfilled(position, begin, end)
        except ConfigError:
            if position is not None or len(streams) == 1:
                raise
            begins[stream] = None  # one of several that has read nothing yet
    mark = f"{BACKFILL}{_stamp(begin)}.{_stamp(end) if end is not None else 'now'}"
    return _Apart(opened.positions, connector.name, mark, begins)


def _before(connector: Connector, end: datetime) -> Callable[[Position], bool]:
    def within(position: Position) -> bool:
        limit = connector.door.rewound(position, end)
        assert limit is not None
        return bool(_plain(position["cursor"]) <= _plain(limit["cursor"]))

    return within


def _plain(cursor: Any) -> Any:
    return next(iter(cursor.values())) if isinstance(cursor, dict) else cursor


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _not_in_the_role(settings: Settings, name: str) -> None:
    entry = next((each for each in connectors_page(settings) or () if each["name"] == name), None)
    if entry is not None and entry["state"] != "stopped" and entry["why"] != PAUSED_BY_OPERATOR:
        raise click.UsageError(f"the role `connectors` has {name} already: `hub connector pause {name}` first")


def _front_is_free(settings: Settings, connector: Connector) -> None:
    """All HTTP doors of the role share a port, so a paused one still has it: UsageError while somebody listens there."""
    port = settings.port("http")
    if connector.door.kind in ("http-push", "upload") and port and not is_free(port, settings.host):
        raise click.UsageError(
            f"port {port}, where senders reach {connector.name}, is taken: the role `connectors` serves all HTTP doors there, "
            "also while they are paused; stop it first"
        )


def _run(
    ctx: click.Context,
    opened: Workshop,
    alone: Alone,
    as_json: bool,
    whole: Callable[[], Any] | None = None,
) -> None:
    """Run with progress on stderr; the receipt on stdout also says what came before an error."""
    began, told, counts = time.monotonic(), 0.0, dict.fromkeys(_OUTCOMES, 0)

    def tell(watch: Watch) -> None:
        nonlocal told
        now = {outcome: watch.counts[outcome] for outcome in _OUTCOMES}
        if now != counts and time.monotonic() - told > 1.0:
            told = time.monotonic()
            click.echo(f"{alone.connector.name}: {_words(now)}", err=True)
        counts.update(now)

    async def work() -> tuple[bool, dict[str, str]]:
        done = await run_alone(opened, alone, tell)
        stands = await _stands(opened, alone)
        if done and whole is not None:
            await whole()
        return done, stands

    done, stands = False, dict[str, str]()
    try:
        done, stands = asyncio.run(work())
    finally:
        seconds = round(time.monotonic() - began, 1)
        receipt = {"name": alone.connector.name, "whole": done, **counts, "seconds": seconds, "positions": stands}
        click.echo(json.dumps(receipt) if as_json else _receipt(receipt))
    ctx.exit(1 if counts["rejected"] else 0)


async def _stands(opened: Workshop, alone: Alone) -> dict[str, str]:
    if not alone.connector.door.remembers:
        return {}
    positions = alone.positions or opened.positions.of_connector(alone.connector.name)
    streams = await streams_of(opened, alone.connector)
    return {stream: summary(await positions.load(stream)) for stream in streams}


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "nothing yet"


def _receipt(receipt: Mapping[str, Any]) -> str:
    how = "all that was there" if receipt["whole"] else "stopped before the end"
    stands = "".join(f"; {stream} stands {words}" for stream, words in receipt["positions"].items())
    counts = {outcome: receipt[outcome] for outcome in _OUTCOMES}
    return f"{receipt['name']}: {how}: {_words(counts)} in {receipt['seconds']} s{stands}"
