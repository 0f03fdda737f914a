"""`hub bench`: how fast the folds, the intake and the linkage run on this machine, beside their peers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from hub.commands.bench_identity import identity
from hub.commands.bench_intake import intake
from hub.commands.bench_neighbours import neighbours
from hub.verbs import Verbs


@click.group(cls=Verbs)
def bench() -> None:
    """Measure the folds, the intake and the linkage on this machine, beside their peers."""


bench.add_command(identity)
bench.add_command(intake)
bench.add_command(neighbours)


@bench.command()
@click.option(
    "--records", default=300_000, show_default=True, help="Of the toy, for the hub and Quix; the join gets a third."
)
@click.option("--stock-records", default=20_000, show_default=True, help="For stock Faust, which is much slower.")
@click.option("--engine", "engines", multiple=True, type=click.Choice(["hub", "stock", "quix"]), help="Default: all.")
@click.option(
    "--case", "names", multiple=True, type=click.Choice(["toy-unique", "toy-few", "real-people"]), help="Default: all."
)
@click.option("--bootstrap", help="A broker that runs; default: one of its own.")
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object at the end.")
def fold(
    records: int,
    stock_records: int,
    engines: tuple[str, ...],
    names: tuple[str, ...],
    bootstrap: str | None,
    as_object: bool,
) -> int:
    """Records per second of the toy fold (count per key) and of the join, on the hub's app, stock Faust and Quix Streams.

    Exit code 1 when a ratio is under its target. Quix Streams needs an environment of its own: `make setup-quix`.
    """
    from hub.bench.fold import CASES, QUIX_PYTHON, as_json, ratios, run

    chosen = engines or ("hub", "stock", "quix")
    if "quix" in chosen and not QUIX_PYTHON.exists():
        click.echo("Quix Streams is left out: its environment is missing, run `make setup-quix` first.", err=True)
        chosen = tuple(engine for engine in chosen if engine != "quix")
    cases = tuple(case for case in CASES if not names or f"{case.fold}-{case.keys}" in names)
    with _broker(bootstrap) as address, tempfile.TemporaryDirectory(prefix="hub-bench-") as directory:
        found = run(
            address, Path(directory), records=records, stock_records=stock_records, engines=chosen, cases=cases,
            say=lambda line: click.echo(line, err=True),
        )  # fmt: skip
    answers = [answer for answer in ratios(found) if answer["ratio"] is not None]
    if as_object:
        click.echo(json.dumps(as_json(found)))
    else:
        for answer in answers:
            verdict = "reached" if answer["reached"] else "NOT reached"
            click.echo(
                f"{answer['fold']}: hub / {answer['peer']} = {answer['ratio']} (target {answer['target']}, {verdict})"
            )
    return 0 if all(answer["reached"] for answer in answers) and all(m.verified for m in found) else 1


@contextmanager
def _broker(bootstrap: str | None) -> Iterator[str]:
    if bootstrap:
        yield bootstrap
        return
    from hub.bus.embedded import EmbeddedBroker

    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-broker-") as directory,
        EmbeddedBroker(Path(directory) / "kafka") as broker,
    ):
        yield broker.bootstrap
