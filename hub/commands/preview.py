"""`hub preview`: the whole path without a broker."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.domain.supply import SupplyMeasure
    from hub.preview import PreviewResult


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--as-of", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day on which needs are looked at.")
@click.option(
    "--instance", type=click.Path(path_type=Path), help="Use this installation's ids, agreements and populations."
)
@click.option(
    "--connectors",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of connectors of your own (default: connectors/ of --instance).",
)
@click.option(
    "--include-test",
    is_flag=True,
    help="Let records of tests and debugging count as production; without it they are only counted.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def preview(
    ctx: click.Context,
    paths: tuple[Path, ...],
    as_of: datetime,
    instance: Path | None,
    connectors: Path | None,
    include_test: bool,
    as_json: bool,
) -> None:
    """Files in; events, links, needs, sites, tallies and measures out, by the code that runs live.

    A folder is routed by what is in it, or by a `hub-preview.yaml` beside the files (glob pattern: connector name). What the hub
    does not know by itself is for the connector of your own, of --instance or --connectors, that makes events of it.
    Exit 0 when all was read, 1 when something was rejected or nobody's.
    """
    from hub.commands.preview_places import places_json, places_words, tests_words
    from hub.commands.reading_bar import reading_bar
    from hub.preview_files import preview_files

    with reading_bar(paths, quiet=as_json) as bar:
        found = preview_files(
            paths, as_of.date(), instance=instance, connectors=connectors, include_test=include_test,
            watch=lambda read: bar.watch(read, lambda each: each.size),
        )  # fmt: skip
    if found.examples:
        click.echo(
            f"under the example agreements, which are nobody's: {', '.join(found.examples)} (--instance DIR takes the real ones)"
            if instance is None
            else f"under drafts, which nobody signed: {', '.join(found.examples)} (`hub connector agree NAME`)",
            err=True,
        )
    if as_json:
        more = {"not_routed": found.not_routed, "agreements": found.agreements}
        more |= places_json(found.counts, include_test=include_test)
        click.echo(json.dumps({**found.result.as_json(), **more}))
    else:
        tests = list(tests_words(found.counts, include_test=include_test))
        click.echo(
            "\n".join([*_words(found.result, found.not_routed, as_of.date()), *tests, *places_words(found.counts)])
        )
    ctx.exit(1 if found.result.rejected or found.not_routed else 0)


def _words(result: PreviewResult, nobodys: list[str], as_of: date) -> list[str]:
    from hub.commands.preview_standing import housing_words, needs_words, sites_words

    lines = [f"On {as_of}: {len(result.people):,} people"]
    lines += [f"  {count:8,}  {kind} events" for kind, count in result.events.items()]
    lines += [f"  {count:8,}  rejected: {reason}" for reason, count in result.rejected.items()]
    lines += [f"  {count:8,}  ignored: {reason}" for reason, count in result.ignored.items()]
    lines += [f"  {count:8,}  accepted, but: {code}" for code, count in result.issues.items()]
    lines += [f"  {'':8}  not routed: {why}" for why in nobodys]
    lines += [*needs_words(result.needs), *sites_words(result.sites, result.totals), *housing_words(result.housing)]
    return [*lines, *_supply_words(result)]


def _supply_words(result: PreviewResult) -> list[str]:
    """Doses of every provider and area, `-` where nobody told, in one table."""
    if not result.supply:
        return []
    head = ("vaccine supply", "allocated", "delivered", "reported", "seen", "wasted", "on hand", "unused")
    rows = [
        (
            _whose(line),
            *("-" if n is None else f"{n:,}" for n in _doses(line)),
            ", ".join(_beside(line)),
        )
        for line in result.supply
    ]
    shown = [(*head, ""), *rows]
    table = [f"  {name:20}{''.join(f'{n:>11}' for n in counts)}  {odd}".rstrip() for name, *counts, odd in shown]
    return [
        "",
        *table,
        "  -: not told; under `seen`, that no vaccination record carries the PIN (no-dose-joined) or there is none",
    ]


def _whose(line: SupplyMeasure) -> str:
    """The provider or county; below it, set in, each product alone."""
    if line.product != "all":
        return f"  {line.product}"
    if line.level == "area":
        return "all counties" if line.area == "all" else f"county {line.area}"
    return line.provider_pin or f"site {(line.site or '')[:6]}…"


def _beside(line: SupplyMeasure) -> list[str]:
    """The site's name, once, and what is odd of it."""
    if line.level == "area":
        return []
    return [*([line.site_name] if line.site_name and line.product == "all" else []), *line.issues]


def _doses(line: SupplyMeasure) -> tuple[int | None, ...]:
    return (line.allocated, line.delivered, line.reported, line.seen, line.wasted, line.on_hand, line.unused)
