"""`hub identity evaluate`: how well records are linked whose truth is known, and for whom not."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from hub.commands.identity_evaluated import show_evaluation
from hub.config import instance_dir, load_settings, today
from hub.errors import HubError
from hub.identity.evaluation.exposition import exposition
from hub.identity.evaluation.labelled import Labelled, LabelledSet, Unanswerable
from hub.identity.evaluation.population import WORLD, at_population
from hub.identity.evaluation.report import Outcome, judged
from hub.identity.evaluation.run import Watch, run
from hub.privacy.private_file import private_file
from hub.wiring_labelled import link_model, read_labelled
from hub.wiring_made_sets import SEED, SETS, made_set, write_set

__all__ = ["POPULATION", "evaluate", "in_words", "the_day"]

_FILE = click.Path(path_type=Path)
POPULATION = click.option(
    "--population",
    type=click.IntRange(min=1),
    help="People that the records are drawn from: the more, the more evidence a link needs. "
    f"Default: as many as records; of fewer than {WORLD:,} records what the model is made for.",
)
"""The option of every verb that links records."""


@click.command()
@click.option("--records", "first", type=_FILE, help="CSV of records, linked to itself; or two: B to A.")
@click.argument("second", required=False, type=_FILE, metavar="[B.csv]")
@click.option("--truth", type=_FILE, help="CSV of the pairs that are one person: left_id, right_id; label, kind.")
@click.option("--set", "name", type=click.Choice(list(SETS)), help="Instead of files: people that the hub makes up.")
@click.option("--people", type=click.IntRange(min=1), help=f"Of a made-up set [{', '.join(map(str, SETS.values()))}].")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Of a made-up set.")
@click.option("--set-out", type=click.Path(path_type=Path, file_okay=False), help="Write the made-up set there too.")
@click.option(
    "--pairs-out", type=_FILE, help="Write the pairs found and those for review: left_id, right_id, grade, score."
)
@click.option("--metrics-out", type=_FILE, help="Write Prometheus metrics, for node_exporter's textfile collector.")
@click.option("--model", "model_file", type=_FILE, help="Weights to try (JSON); default: those the hub ships with.")
@POPULATION
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def evaluate(
    first: Path | None, second: Path | None, truth: Path | None, name: str | None, people: int | None, seed: int,
    set_out: Path | None, pairs_out: Path | None, metrics_out: Path | None, model_file: Path | None,
    population: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Link records whose truth is known, one after the other as the worker does, and count what is right.

    Columns of records, of which any but record_id may be missing or empty: record_id, source, given_name, middle_name,
    family_name, previous_family_name, suffix, birth_date, sex, ssn, phone, email, address_line, city, state, postal_code,
    county, race_ethnicity. Groups are told apart by race_ethnicity and, where there, by the columns origin and housing.
    Of two files only pairs across them count, and every record of B is a case against A: sensitivity, PPV and specificity.
    Truth is closed: who is the same as one is the same as all that he is the same as. Its rows may have a label (match,
    no_match, possible_match); B's records in no row are nobody of A.

    \b
    Made-up sets: first    six sources of the mission; weights are learnt on people made so
                  second   other code, other shares of errors
                  clinic   a registry and damaged clinic records, each labelled
    """
    _fitting(first, truth, name, second)
    try:
        model = link_model(model_file)
        labelled = _labelled(first, second, truth, name, people, seed)
        if name is not None and set_out is not None:
            set_out.mkdir(parents=True, exist_ok=True)
            write_set(name, set_out, people, seed)
        with _bar(len(labelled.records)) as bar:
            outcome = run(labelled, at_population(model, len(labelled.records), population), bar)
        found = judged(labelled, outcome)
        if pairs_out is not None:
            _write_pairs(pairs_out, labelled, outcome)
        if metrics_out is not None:
            _write_whole(metrics_out, exposition(found))
    except (Unanswerable, OSError) as why:
        raise click.UsageError(in_words(why)) from None
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        show_evaluation(found)


def in_words(why: HubError | OSError) -> str:
    return str(why) if isinstance(why, HubError) else f"{why.filename}: {why.strerror}"


def the_day() -> date:
    return today(load_settings(instance_dir()))


def _fitting(first: Path | None, truth: Path | None, name: str | None, second: Path | None) -> None:
    if name is not None and (first or second or truth):
        raise click.UsageError("--set makes the records and the truth: leave --records and --truth out")
    if name is None and first is None:
        raise click.UsageError("Missing option '--records' (or '--set' for made-up people).")
    if name is None and truth is None:
        raise click.UsageError("Missing option '--truth': the CSV of the pairs that are one person.")


def _labelled(
    first: Path | None, second: Path | None, truth: Path | None, name: str | None, people: int | None, seed: int
) -> LabelledSet:
    if name is not None:
        return made_set(name, the_day(), people, seed)
    files = [path for path in (first, second) if path is not None]
    return read_labelled(files, truth or Path(), today=the_day())


def _write_whole(path: Path, content: bytes) -> None:
    """So that a collector never reads half of it."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _write_pairs(path: Path, labelled: LabelledSet, outcome: Outcome) -> None:
    """Match and review pairs by their ids; the record that came first is the left one. Scores are log2 odds.

    Open to its owner alone: ids of real files may be told.
    """
    ids = {record.key: record.record_id for record in labelled.records}
    graded = [(pair, "match") for pair in outcome.found] + [(pair, "review") for pair in outcome.review]
    with private_file(path, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("left_id", "right_id", "grade", "score"))
        for pair, grade in sorted(graded):
            writer.writerow((ids[pair[0]], ids[pair[1]], grade, f"{outcome.scores[pair]:.3f}"))


@contextmanager
def _bar(total: int) -> Iterator[Watch]:
    """Hands records on, with a bar on stderr where that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield iter
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.completed:,.0f} records"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=total)

        def watched(records: Iterable[Labelled]) -> Iterator[Labelled]:
            for place, record in enumerate(records):
                if place % 200 == 0:
                    shown.update(task, completed=place)
                yield record

        yield watched
