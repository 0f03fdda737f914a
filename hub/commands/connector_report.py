"""`hub connector report`: one page on a source that its own IT can act on."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from hub.commands.connector_agreement import trial_agreement
from hub.commands.connector_role import connectors_page
from hub.config import instance_dir, load_settings, today
from hub.connectors.catalog import Connector, find
from hub.connectors.rewinding import parse_time
from hub.errors import EXIT_USAGE, ConfigError, HubError
from hub.privacy.agreements import intake_agreement
from hub.report.first import fixes
from hub.report.page import make_page
from hub.report.parts import Page
from hub.report.screen import screen
from hub.report.sheet import sheet
from hub.report.tally import Tally
from hub.supervisor import running_instance
from hub.wiring_reading import catalogue
from hub.wiring_rejected import opened
from hub.wiring_report import about, file_tally, held_tally, minimum_set, names_of

_WINDOW = timedelta(days=30)
_VALUES_SHOWN = 20


@click.command("report")
@click.argument("name")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--since", help="Without PATHS: what came since this day or time (default: 30 days ago).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--html",
    "html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one HTML file that needs nothing else.",
)
@click.option(
    "--rounded", is_flag=True, help="With --html, for others than the source itself: no count below 11, others to ten."
)
@click.option("--show-values", is_flag=True, help="Over files, on a terminal: unmapped values in the clear.")
@click.option(
    "--agreement", "agreement_file", type=click.Path(path_type=Path), help="Over files: agreement file to apply."
)
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
@click.pass_context
def report(
    ctx: click.Context,
    name: str,
    paths: tuple[Path, ...],
    since: str | None,
    as_json: bool,
    html: Path | None,
    rounded: bool,
    show_values: bool,
    agreement_file: Path | None,
    instance: str | None,
) -> None:
    """What the source NAME fills, codes, sends late, and what is refused; and what to fix first.

    Over PATHS (files or folders, offline, nothing is kept), or without them over what the hub took in. No record, no value and
    nothing of a person is in it. docs/connector-report.md says how to read it.
    """
    if rounded and html is None:
        raise click.UsageError("--rounded goes with --html: the terminal and --json are for the source and the hub")
    if show_values and (not paths or as_json or html is not None or not sys.stdout.isatty()):
        raise click.UsageError("--show-values is only for PATHS and a terminal")
    if paths and since is not None:
        raise click.UsageError("--since is of what the hub took in: leave PATHS away, or it")
    if paths:
        try:
            made, tally = _over_files(name, paths, agreement_file, instance)
        except (HubError, OSError) as why:  # of the files, which the command line named, as in `try`
            click.echo(f"hub: {why if isinstance(why, HubError) else why.strerror}", err=True)
            ctx.exit(EXIT_USAGE)
    else:
        made, tally = _over_topics(name, since, instance)
    if html is not None:
        html.write_text(sheet(made, rounded=rounded), encoding="utf-8")
        click.echo(f"wrote {html}", err=True)
    if as_json:
        click.echo(
            json.dumps({**made.as_json(), "fix_first": [asdict(fix) for fix in fixes(made)]}, ensure_ascii=False)
        )
    elif html is None:
        _print(made, tally, show_values=show_values)
    if not made.records:
        click.echo(f"hub: nothing of {name} is there to be counted", err=True)
        ctx.exit(EXIT_USAGE if paths else 1)


def _over_files(
    name: str, paths: tuple[Path, ...], agreement_file: Path | None, instance: str | None
) -> tuple[Page, Tally]:
    directory = instance_dir(instance)
    chosen = find(name, catalogue(directory))
    agreement = trial_agreement(chosen, agreement_file, directory)
    day = today(load_settings(directory))
    asked = minimum_set(day)
    names = names_of(chosen)
    tally = file_tally(chosen, agreement, paths, asked, names)
    window = f"{len(paths)} {'file or folder' if len(paths) == 1 else 'files or folders'}, read offline"
    return make_page(tally, about(chosen, agreement, day, window, names, now=None), asked), tally


def _over_topics(name: str, since: str | None, instance: str | None) -> tuple[Page, Tally]:
    directory = running_instance(instance)
    settings = load_settings(directory)
    chosen: Connector = find(name, catalogue(directory))
    settings.require_bootstrap()
    agreement = intake_agreement(directory / "agreements", name, today(settings))
    now = datetime.now(UTC)
    start = _start(since, now)
    asked = minimum_set(today(settings))
    with opened(settings) as desk:
        desk.trail.write(
            "report", purpose="data quality of a source", subject=name, detail=f"since={start.isoformat()}"
        )
    tally = held_tally(settings, chosen, start, asked)
    window = f"received {start:%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M} UTC"
    whose = about(chosen, agreement, today(settings), window, names_of(chosen), now=now)
    live = next((each for each in connectors_page(settings) or () if each["name"] == name), None)
    if live is not None:
        aside = Counter({(reason, ""): count for reason, count in live["ignored"].items()})
        whose = replace(whose, aside=aside, aside_since=live["since"])
    return make_page(tally, whose, asked), tally


def _start(since: str | None, now: datetime) -> datetime:
    if since is None:
        return now - _WINDOW
    try:
        start = parse_time(since)
    except ConfigError as why:
        raise click.UsageError(f"--since: {why}") from None
    if start > now:
        raise click.UsageError("--since lies in the future")
    return start


def _print(made: Page, tally: Tally, *, show_values: bool) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    try:
        for part in screen(made):
            console.print(part)
        if show_values:
            _print_values(console, tally)
    except BrokenPipeError:  # `… | head`: who reads has seen enough; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_values(console: Console, tally: Tally) -> None:
    for kind, counted in tally.kinds.items():
        for place, (word, n) in enumerate(counted.values.most_common()):
            if place == _VALUES_SHOWN:
                break
            field, _, value = word.partition("\t")
            console.print(Text(f"unmapped   {n:>7,}  {kind} {field}: {value!r}"))
