"""`hub bench identity`: how fast one core finds out who a record is about, and how long a merge takes to reach the last outlet."""

from __future__ import annotations

import json
from typing import Any

import click

from hub.commands.bench_answers import tell_answer

__all__ = ["identity"]


@click.command()
@click.option(
    "--people", "sizes", multiple=True, type=click.IntRange(100), default=(100_000,), show_default=True,
    help="How many are known before; may be given again. 1000000 takes ten minutes and some GB.",
)  # fmt: skip
@click.option(
    "--events", default=20_000, show_default=True, type=click.IntRange(1), help="Records that then arrive, timed."
)
@click.option(
    "--registry", type=click.Choice(["sqlite"]), default=None,
    help="Measure what the registry takes in, database and all, each batch of 1,000 one transaction forced to disk.",
)  # fmt: skip
@click.option(
    "--merge", is_flag=True, help="Measure on a running stack how long merges and splits take to reach the last outlet."
)
@click.option(
    "--pairs", default=30, show_default=True, type=click.IntRange(1), help="With --merge: each merged and split once."
)
@click.option(
    "--others", default=1_000, show_default=True, type=click.IntRange(0), help="With --merge: people beside the pairs."
)
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object at the end.")
def identity(
    sizes: tuple[int, ...], events: int, registry: str | None, merge: bool, pairs: int, others: int, as_object: bool
) -> int:
    """Records a second of one core, time and candidates of each, and memory, among so many made-up people, by the shipped weights.

    The comparison in memory, without database and broker; with --registry the database too; with --merge seconds from an intake
    record to the needs, the recipient and the measures that it changes. Exit code 1 when a figure (in memory: at 100,000 people)
    misses its target.
    """
    if merge:
        return _merging(pairs, others, as_object)
    if registry:
        return _registry(sizes, events, as_object)
    from hub.bench.identity import answers, as_json, run

    report = run(sizes, events, lambda line: click.echo(line, err=True))
    if as_object:
        click.echo(json.dumps(as_json(report)))
    else:
        _tell(as_json(report))
    return 0 if all(answer["reached"] for answer in answers(report)) else 1


def _registry(sizes: tuple[int, ...], events: int, as_object: bool) -> int:
    from hub.bench.identity_registry import as_json, measure

    reached = True
    for people in sizes:
        found = as_json(measure(people, events, lambda line: click.echo(line, err=True)))
        reached = reached and found["reached"]
        if as_object:
            click.echo(json.dumps(found))
        else:
            click.echo(
                f"{found['people']:,} people, {found['events']:,} records in {found['batches']} batches:"
                f" {found['per_second']:,} a second of one core, {found['per_second_clock']:,} by the clock;"
                f" {found['statements']} statements a batch;"
                f" {found['people_after']:,} people, {found['database_mb']:,.0f} MB; load {found['load']}; model {found['model']}"
            )
    return 0 if reached else 1


def _merging(pairs: int, others: int, as_object: bool) -> int:
    from hub.bench.merging import as_json, run

    found = as_json(run(pairs, others, lambda line: click.echo(line, err=True)))
    if as_object:
        click.echo(json.dumps(found))
    else:
        click.echo(f"{found['cores']} cores, load {found['load_before']} before the run")
        for each in found["waits"]:
            click.echo(
                f"{each['change']:<6} until {each['outlet']:<8}: p50 {each['p50_s']} s, p95 {each['p95_s']}, most {each['max_s']}; "
                f"{each['changes']} of them"
            )
        for answer in found["targets"]:
            tell_answer(answer)
    return 0 if all(answer["reached"] for answer in found["targets"]) else 1


def _tell(report: dict[str, Any]) -> None:
    click.echo(f"{report['cores']} cores, load {report['load_before']} before the run")
    for each in report["sizes"]:
        click.echo(
            f"{each['people']:>9,} people {each['per_second']:>7,} events/s of one core; p50 {each['p50_ms']} ms, "
            f"p95 {each['p95_ms']}, p99 {each['p99_ms']}; candidates: median {each['candidates_p50']}, "
            f"mean {each['candidates_mean']}, p99 {each['candidates_p99']}, most {each['candidates_most']}; "
            f"{each['found']:,} of {each['events']:,} found; "
            f"{each['memory_mb']:,.0f} MB, "
            f"{each['memory_mb'] * 2**20 / (each['people'] + each['events']):,.0f} bytes a record; model {each['model']}"
        )
    for each in report["growth"]:
        click.echo(
            f"{each['from']:,} to {each['to']:,} people ({each['people']} times): CPU an event {each['cpu_per_event']} times, p95 "
            f"{each['p95']}, candidates p99 {each['candidates_p99']}, memory {each['memory']}"
        )
    for answer in report["targets"]:
        tell_answer(answer)
