"""`hub identity hash`, `match-hashed`, `evaluate-hashed`: for sectors that may not share identifiers (docs/hashed-lane.md)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from hub.commands.identity_evaluate import in_words, the_day
from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.filter_schema import linkage_schema, schema_names
from hub.domain.linkage.hashed import REASONS, HashedLink
from hub.identity.evaluation.labelled import Unanswerable
from hub.identity.evaluation.quality import Quality
from hub.identity.hashed.evaluation import HashedEvaluation, evaluated
from hub.identity.hashed.file import KEY_ID, HashKey, UnreadableFilters, read_filters, write_filters
from hub.identity.hashed.linking import Incomparable, links
from hub.identity.hashed.making import cells, hashed
from hub.privacy.private_file import private_file
from hub.privacy.secrets import read_secret
from hub.wiring_labelled import read_labelled, read_records

__all__ = ["evaluate_hashed", "hash_records", "match_hashed"]

_FILE = click.Path(path_type=Path)
_SCHEMA = click.option(
    "--schema", "schema_name", type=click.Choice(schema_names()), required=True, help="Which fields go in, and how."
)
_SECRET = click.option(
    "--secret-file", type=_FILE, required=True, help="32 random bytes that the senders share; mode 0600."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.command("hash")
@click.option(
    "--records", type=_FILE, required=True, help="CSV of records, with the columns of `hub identity evaluate`."
)
@_SCHEMA
@_SECRET
@click.option("--key-id", required=True, help="The name of this version of the secret, such as 2026-11.")
@click.option("--out", type=_FILE, required=True, help="Where to write the file to send: JSON, a line a person.")
@click.option("--evidence", is_flag=True, help="Add small filters of names and birth date: links then need no person.")
@click.option(
    "--cells", "as_cells", is_flag=True, help="A CSV of record_id and filters, for a list that the hub takes in."
)
def hash_records(
    records: Path, schema_name: str, secret_file: Path, key_id: str, out: Path, evidence: bool, as_cells: bool
) -> None:
    """Write what a sector sends instead of identifiers: a Bloom filter of each record, made here, under a secret of the senders.

    Of RECORDS nothing leaves but record_id (take one that means nothing elsewhere), the names of the fields that are filled, and
    filters. Needs `make setup-hashed`, with --cells nothing more. Prints the check of the secret, by which who takes filters in
    knows that they were made with the right one.
    """
    if not KEY_ID.fullmatch(key_id):
        raise click.UsageError("--key-id: letters, digits, dots, underscores and hyphens, such as 2026-11")
    key = HashKey(key_id, read_secret(secret_file))
    try:
        people = {record.record_id: comparable(record.block) for record in read_records(records, today=the_day())}
        schema = linkage_schema(schema_name)
        if as_cells:
            texts = cells(people, schema, key, evidence=evidence)
            _write_cells(out, texts)
            count = len(texts)
        else:
            told = hashed(people, schema, key, evidence=evidence)
            write_filters(out, told)
            count = len(told.records)
    except (Unanswerable, OSError) as why:
        raise click.UsageError(in_words(why)) from None
    said = f"{schema_name}, secret {key_id}, check {key.check(schema_name)}"
    click.echo(f"{out}: {count:,} of {len(people):,} records, {said}")


@click.command("match-hashed")
@click.argument("left", type=_FILE)
@click.argument("right", type=_FILE)
@click.option("--pairs-out", type=_FILE, help="Write the links: left_id, right_id, grade, score, reason.")
@_JSON
def match_hashed(left: Path, right: Path, pairs_out: Path | None, as_json: bool) -> None:
    """Link the files of two senders by their filters alone. The secret is not needed, nor is any identifier.

    Files of two schemas, or under two secrets, say nothing about each other and are refused. Needs `make setup-hashed`.
    """
    try:
        found = links(read_filters(left), read_filters(right))
        if pairs_out is not None:
            _write_pairs(pairs_out, ((link.left, link.right, link) for link in found))
    except (UnreadableFilters, Incomparable, OSError) as why:
        raise click.UsageError(in_words(why)) from None
    matches = sum(link.grade == "match" for link in found)
    waiting = {reason: sum(link.reason == reason for link in found) for reason in REASONS}
    if as_json:
        told = {reason: number for reason, number in waiting.items() if number}
        click.echo(json.dumps({"matches": matches, "review_pairs": len(found) - matches, "waiting": told}))
        return
    click.echo(f"{matches:,} links need no person")
    _show_waiting(waiting)


@click.command("evaluate-hashed")
@click.option(
    "--records", "first", type=_FILE, required=True, help="CSV of records of one sender; then those of another."
)
@click.argument("second", type=_FILE, metavar="B.csv")
@click.option("--truth", type=_FILE, required=True, help="CSV of the pairs that are one person: left_id, right_id.")
@_SCHEMA
@_SECRET
@click.option(
    "--no-evidence", is_flag=True, help="As if no sender sent filters of single fields: nothing merges by itself."
)
@click.option("--pairs-out", type=_FILE, help="Write the links: left_id, right_id, grade, score, reason.")
@_JSON
def evaluate_hashed(
    first: Path, second: Path, truth: Path, schema_name: str, secret_file: Path, no_evidence: bool,
    pairs_out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Hash records whose truth is known, link them by their filters alone, and count what is right.

    Columns and truth as of `hub identity evaluate`. Needs `make setup-hashed`.
    """
    key = HashKey("evaluation", read_secret(secret_file))
    try:
        labelled = read_labelled([first, second], truth, today=the_day())
        found = evaluated(labelled, linkage_schema(schema_name), key, evidence=not no_evidence)
        if pairs_out is not None:
            ids = {record.key: record.record_id for record in labelled.records}
            _write_pairs(pairs_out, ((ids[link.left], ids[link.right], link) for link in found.links))
    except (Unanswerable, OSError) as why:
        raise click.UsageError(in_words(why)) from None
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        _show(found)


def _write_cells(path: Path, told: Mapping[str, str]) -> None:
    """In the order of the filters: the sender's may be by name."""
    by_filters = sorted((text, record_id) for record_id, text in told.items())
    with private_file(path, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("record_id", "filters"))
        writer.writerows((record_id, text) for text, record_id in by_filters)


def _write_pairs(path: Path, named: Iterable[tuple[str, str, HashedLink]]) -> None:
    """Scores are Dice coefficients. Who is one with whom is for the owner of the file alone."""
    with private_file(path, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("left_id", "right_id", "grade", "score", "reason"))
        writer.writerows((left, right, link.grade, f"{link.dice:.3f}", link.reason) for left, right, link in named)


def _show(found: HashedEvaluation) -> None:
    click.echo(f"{found.records:,} records, {found.schema}")
    _show_quality("linked", found.linked)
    _show_quality("merged without a person", found.merged)
    _show_waiting(found.waiting)


def _show_quality(name: str, told: Quality) -> None:
    precision, recall = ("-" if share is None else f"{share:.4f}" for share in (told.precision, told.recall))
    click.echo(f"{name}: precision {precision}, recall {recall} of {told.true:,} pairs")


def _show_waiting(waiting: Mapping[str, int]) -> None:
    for reason, why in REASONS.items():
        if waiting.get(reason):
            click.echo(f"{waiting[reason]:,} pairs wait for a person: {why} ({reason})")
