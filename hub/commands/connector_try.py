"""`hub connector try`: what the hub would make of a file, without a broker; with --explain, why."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from hub.commands.connector_agreement import trial_agreement
from hub.commands.connector_diff import differences
from hub.commands.connector_explain import explain_lines
from hub.commands.connector_hints import closing, word_at_fault, words_option
from hub.commands.connector_summary import Read, Summary, is_numbered, mask
from hub.commands.reading_bar import in_the_way, reading_bar
from hub.config import instance_dir
from hub.connectors.catalog import Connector, find
from hub.errors import EXIT_USAGE, ConfigError, HubError
from hub.goldens import expected_file, golden_line, line_of
from hub.wiring_names import FileNames
from hub.wiring_reading import OFFLINE_IDS, catalogue, explained


@click.command("try")
@click.argument("name")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per record, in input order.")
@click.option("--summary", is_flag=True, help="One JSON object of counts.")
@click.option(
    "--explain",
    is_flag=True,
    help="For each field where it was read and the row of the table that decided (of a declared map the rule and the input too); "
    "what the agreement removed; where it goes.",
)
@click.option(
    "--row", type=int, help="Only this row, message, or item of a list or bundle (from 1; a table's header is row 1)."
)
@click.option(
    "--show-values", is_flag=True, help="On a terminal: values of --explain, --diff and unmapped ones in the clear."
)
@click.option(
    "--diff",
    is_flag=True,
    help="What differs from expected/<file>.jsonl of the connector's folder, field by field; exit 1 if anything does.",
)
@click.option("--agreement", "agreement_file", type=click.Path(path_type=Path), help="Agreement file to apply.")
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
@click.pass_context
def try_connector(
    ctx: click.Context,
    name: str,
    path: Path,
    as_json: bool,
    summary: bool,
    explain: bool,
    row: int | None,
    show_values: bool,
    diff: bool,
    agreement_file: Path | None,
    instance: str | None,
) -> None:
    """What the hub would make of PATH (a file, or a folder of files), offline: no broker, no keys, nothing is kept.

    Shows agreed fields only. Exit 0: all was read; 1: something was rejected, were it the file as a whole (empty, or of
    another format); 2: it could not run, or no file in it is one that NAME takes.
    """
    counted, masked = Summary(), not (show_values and on_terminal())
    try:
        directory = instance_dir(instance)
        chosen = find(name, catalogue(directory))
        agreement = trial_agreement(chosen, agreement_file, directory)
        every: Read = explained(chosen, agreement, OFFLINE_IDS, path, explain=explain)
        failed, lines = False, explain or (as_json and not summary)
        with reading_bar([path], quiet=(lines or diff) and in_the_way()) as bar:
            every = bar.watch(every, lambda each: len(each[1].raw))
            read = counted.watch(every if row is None else (each for each in every if is_numbered(each[1].where, row)))
            if diff:
                failed = _print_diff(chosen, path, read, masked=masked)
            elif explain:
                _print_explained(read, chosen, given=path.name, masked=masked)
            elif as_json and not summary:
                _print_lines(read)
            else:
                _count_all(read)
        if show_values and masked:
            click.echo(
                "hub: --show-values shows nothing here: this is no terminal, and a file or log would keep them",
                err=True,
            )
        if not diff and not lines:
            click.echo(_summed(counted, as_json or summary, masked=masked))
    except BrokenPipeError:  # `… | head`: who reads has seen enough; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ctx.exit(EXIT_USAGE)
    except (HubError, OSError) as why:
        click.echo(f"hub: {why if isinstance(why, HubError) else f'{path}: {why.strerror}'}", err=True)
        ctx.exit(EXIT_USAGE)
    if row is not None and not counted.recognised:
        click.echo(f"hub: {path} has no row, message, item or document {row} that {name} reads", err=True)
    else:
        for line in closing(chosen, path, counted):
            click.echo(f"hub: {line}", err=True)
    ctx.exit(EXIT_USAGE if not counted.recognised else 1 if failed or counted.rejected else 0)


def _print_lines(read: Read) -> None:
    for _, mapped in read:
        click.echo(line_of(mapped))


def _print_explained(read: Read, chosen: Connector, *, given: str, masked: bool) -> None:
    names = None if chosen.declared is not None else FileNames(chosen.program or chosen.name, chosen.options)
    for traced, mapped in read:
        click.echo("\n".join(explain_lines(traced, mapped, masked=masked, names=names, given=given)))
        option = words_option(chosen, str(mapped.where.get("field", ""))) if mapped.reason == "unmapped-code" else ""
        if option and (word := word_at_fault(traced.mapped)):
            click.echo(
                f"  {mask(word) if masked else word} is no word that a table knows: decide it under {option} (docs/lists.md)"
            )


def _print_diff(chosen: Connector, path: Path, read: Read, *, masked: bool) -> bool:
    golden = expected_file(chosen, path)
    if not golden.is_file():
        raise ConfigError(f"there is no {golden}: `hub connector test {chosen.name} --update` writes it")
    before, now = golden.read_text(encoding="utf-8").splitlines(), [golden_line(mapped) for _, mapped in read]
    found = differences(before, now, masked=masked)
    click.echo("\n".join(found) if found else f"as expected: {len(now)} records")
    return bool(found)


def _count_all(read: Read) -> None:
    for _ in read:
        pass


def _summed(counted: Summary, as_json: bool, *, masked: bool) -> str:
    return json.dumps(counted.as_json(), ensure_ascii=False) if as_json else "\n".join(counted.words(masked=masked))


def on_terminal() -> bool:
    """Whether somebody reads this, rather than a file or a log."""
    return sys.stdout.isatty()
