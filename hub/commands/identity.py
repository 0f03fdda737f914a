"""`hub identity`: how well records are linked, why two of them are, or are not, one person, and models learnt anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click

from hub.commands.identity_evaluate import POPULATION, evaluate, in_words, the_day
from hub.commands.identity_hashed import evaluate_hashed, hash_records, match_hashed
from hub.commands.identity_shown import show_explained
from hub.domain.linkage.model import LinkModel
from hub.identity.evaluation.explained import explained
from hub.identity.evaluation.labelled import Labelled, Unanswerable
from hub.identity.evaluation.population import at_population
from hub.identity.training.learn import shares
from hub.verbs import Verb, Verbs
from hub.wiring_labelled import link_model, read_records
from hub.wiring_training import PEOPLE, trained_on_files, trained_on_made, written

_FILE = click.Path(path_type=Path)
_MODEL = click.option(
    "--model", "model_file", type=_FILE, help="Weights to try (JSON); default: those the hub ships with."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


# They import the role and the registry, which none of the others needs.
_LATER = {
    "review": Verb("hub.commands.identity_review:review", "Who may be one person, for you to decide."),
    "erase": Verb("hub.commands.identity_erase:erase", "Erase a person, in all that is sealed and in the registry."),
    "erased": Verb("hub.commands.identity_erase:erased", "What was erased so far, in which store: counts."),
}


@click.group(cls=Verbs, later=_LATER)
def identity() -> None:
    """Who is the same person: how well records are linked, and why."""


identity.add_command(evaluate)
identity.add_command(hash_records)
identity.add_command(match_hashed)
identity.add_command(evaluate_hashed)


@identity.command()
@click.argument("left")
@click.argument("right")
@click.option(
    "--records",
    "files",
    type=_FILE,
    multiple=True,
    required=True,
    help="CSV with both; or given twice: A in the first.",
)
@_MODEL
@POPULATION
@_JSON
def explain(
    left: str, right: str, files: tuple[Path, ...], model_file: Path | None, population: int | None, as_json: bool
) -> None:
    """Why the records LEFT and RIGHT (their record_id) are one person or not: which field gave what, no value shown.

    With the --population that `evaluate` was run with, the answer is the one that counted there. A field that one of them lacks
    gives nothing, and so does a phone, an e-mail or an address that many people of the files share.
    """
    if len(files) > 2:
        raise click.UsageError("--records: one file or two")
    try:
        model: LinkModel = link_model(model_file)
        records = [record for side, path in enumerate(files) for record in read_records(path, side, today=the_day())]
        one = _named(left, records, 0, files[0])
        other = _named(right, records, len(files) - 1, files[-1])
    except Unanswerable as why:
        raise click.UsageError(in_words(why)) from None
    if one.key == other.key:
        raise click.UsageError("LEFT and RIGHT are the same record")
    found = explained(one, other, records, at_population(model, len(records), population))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        show_explained(found)


@identity.command()
@click.option("--records", "records", type=_FILE, help="CSV of labelled records; default: made-up people of the hub.")
@click.option("--truth", type=_FILE, help="CSV of the pairs that are one person: left_id, right_id.")
@click.option(
    "--people", type=click.IntRange(min=200), default=PEOPLE, show_default=True, help="How many made-up ones."
)
@click.option("--version", required=True, help="What the model is to be called, in decisions and figures.")
@click.option("--out", type=_FILE, required=True, help="Where to write the model (JSON): for --model of evaluate.")
@_JSON
def train(records: Path | None, truth: Path | None, people: int, version: str, out: Path, as_json: bool) -> None:
    """Learn weights and thresholds from records whose truth is known, and say how they do on people they were not chosen by.

    Half of the people choose, the other half are reported on. Takes about a minute for every 3,000 made-up people.
    """
    if (records is None) != (truth is None):
        raise click.UsageError("--records and --truth go together")
    try:
        if records is not None and truth is not None:
            learnt = trained_on_files(records, truth, version=version, on=the_day())
        else:
            learnt, _ = trained_on_made(version=version, on=the_day(), people=people)
        out.write_text(written(learnt), encoding="utf-8")
    except (Unanswerable, OSError) as why:
        raise click.UsageError(in_words(why)) from None
    except ValueError as why:
        raise click.UsageError(f"nothing can be learnt from these: {why}") from None
    told = shares(learnt.held_out.whole)
    if as_json:
        click.echo(json.dumps({"model": version, "fitted": shares(learnt.fitted), "held_out": told}))
    else:
        click.echo(f"{out}: {version}; on the half of the people that did not choose it:")
        click.echo(f"  precision {told['precision']}, recall {told['recall']}, of {told['pairs']} pairs")


def _named(record_id: str, records: Iterable[Labelled], side: int, path: Path) -> Labelled:
    found = next((record for record in records if record.side == side and record.record_id == record_id), None)
    if found is None:
        raise Unanswerable(f"{path.name} has no record with the record_id {record_id}")
    return found
