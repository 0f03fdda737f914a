"""`hub connector try`: what the hub would make of a file, without a broker; with --explain, why."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

import click

from hub.commands.connector_agreement import trial_agreement
from hub.commands.connector_explain import explain_lines
from hub.config import instance_dir
from hub.connectors.catalog import Connector, find
from hub.errors import ConfigError, HubError
from hub.mapping.declared.program import Traced
from hub.mapping.declared.targets import Unmapped
from hub.mapping.program import Mapped
from hub.wiring_reading import OFFLINE_IDS, catalogue, explained

CANNOT_RUN = 2
_SHOWN = 20  # rejected records and unmapped values listed for people; machines ask for --json
Read = Iterable[tuple[Traced, Mapped]]


@click.command("try")
@click.argument("name")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per record, in input order.")
@click.option("--summary", is_flag=True, help="One JSON object of counts.")
@click.option(
    "--explain", is_flag=True, help="For each field: rule, input, code row; what the agreement removed; where it goes."
)
@click.option("--row", type=int, help="Only this row (or message, or document).")
@click.option("--show-values", is_flag=True, help="With --explain on a terminal: values in the clear, not masked.")
@click.option(
    "--diff", is_flag=True, help="The difference to expected/<file>.jsonl of the connector's folder; exit 1 if any."
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

    Shows agreed fields only. Exit 0: all was read; 1: something was rejected; 2: it could not run.
    """
    try:
        directory = instance_dir(instance)
        chosen = find(name, catalogue(directory))
        agreement = trial_agreement(chosen, agreement_file, directory)
        read: Read = explained(chosen, agreement, OFFLINE_IDS, path, explain=explain)
        if row is not None:
            read = (each for each in read if row in each[1].where.values())
        if diff:
            failed = _print_diff(chosen, path, read)
        elif explain:
            failed = _print_explained(read, masked=not (show_values and sys.stdout.isatty()))
        elif as_json and not summary:
            failed = _print_lines(read)
        else:
            failed = _print_summary(iter(read), as_json or summary)
    except BrokenPipeError:  # `… | head`: who reads has seen enough; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ctx.exit(CANNOT_RUN)
    except (HubError, OSError) as why:
        click.echo(f"hub: {why if isinstance(why, HubError) else f'{path}: {why.strerror}'}", err=True)
        ctx.exit(CANNOT_RUN)
    ctx.exit(1 if failed else 0)


def line_of(mapped: Mapped) -> str:
    """One outcome as its JSON line."""
    line = {
        "outcome": mapped.outcome,
        "type": mapped.type,
        "event": None if mapped.event is None else mapped.event.model_dump(mode="json"),
        "reason": mapped.reason,
        "where": dict(mapped.where),
    }
    return json.dumps(line, ensure_ascii=False)


def expected_file(chosen: Connector, path: Path) -> Path:
    """Where the golden of a sample lies."""
    if chosen.folder is None:
        raise ConfigError(f"{chosen.name} was not read from a folder: it has no expected/")
    return chosen.folder / "expected" / f"{path.name}.jsonl"


def _print_lines(read: Read) -> int:
    rejected = 0
    for _, mapped in read:
        rejected += mapped.outcome == "rejected"
        click.echo(line_of(mapped))
    return rejected


def _print_explained(read: Read, *, masked: bool) -> int:
    rejected = 0
    for traced, mapped in read:
        rejected += mapped.outcome == "rejected"
        click.echo("\n".join(explain_lines(traced, mapped, masked=masked)))
    return rejected


def _print_diff(chosen: Connector, path: Path, read: Read) -> int:
    golden = expected_file(chosen, path)
    if not golden.is_file():
        raise ConfigError(f"there is no {golden}: `hub connector test {chosen.name} --update` writes it")
    before, now = golden.read_text(encoding="utf-8").splitlines(), [line_of(mapped) for _, mapped in read]
    found = list(unified_diff(before, now, "expected", "now", n=0, lineterm=""))
    click.echo("\n".join(found) if found else f"as expected: {len(now)} records")
    return len(found)


def _print_summary(read: Iterator[tuple[Traced, Mapped]], as_json: bool) -> int:
    counts: dict[str, Counter[str]] = {word: Counter() for word in ("events", "rejected", "ignored", "entities")}
    unmapped: Counter[Unmapped] = Counter()
    shown: list[str] = []
    for traced, mapped in read:
        unmapped.update(traced.unmapped)
        if mapped.entity is not None:
            counts["entities"][mapped.entity] += 1
        if mapped.event is not None:
            counts["events"][type(mapped.event).kind] += 1
        elif mapped.outcome == "rejected":
            counts["rejected"][mapped.reason or "unspecified"] += 1
            if len(shown) < _SHOWN:
                shown.append(f"  {_position(mapped)}: {mapped.reason}")
        else:
            counts["ignored"][mapped.reason or "unspecified"] += 1
    rejected = counts["rejected"].total()
    if as_json:
        found: dict[str, Any] = {word: dict(sorted(some.items())) for word, some in counts.items()}
        if unmapped:
            found["unmapped"] = [{**each._asdict(), "count": n} for each, n in unmapped.most_common()]
        click.echo(json.dumps(found, ensure_ascii=False))
        return rejected
    for word, some in counts.items():
        click.echo(f"{word:9} {', '.join(f'{count} {what}' for what, count in sorted(some.items())) or 'none'}")
    click.echo("\n".join([*shown, *(["  …"] if rejected > len(shown) else [])]), nl=bool(shown))
    for each, n in unmapped.most_common(_SHOWN):
        click.echo(f"unmapped  {each.value} ({n} times, field {each.field}): decide it in codes/{each.table}.csv")
    return rejected


def _position(mapped: Mapped) -> str:
    return " ".join(str(part) if name == "file" else f"{name} {part}" for name, part in mapped.where.items())
