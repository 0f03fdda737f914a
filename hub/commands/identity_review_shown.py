"""What `hub identity review` shows: on a terminal, and as rows for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, replace
from typing import Any

import click
from rich.table import Table

from hub.commands.identity_shown import console, level_words, show_explained
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import Verdict
from hub.domain.linkage.scoring import Grade
from hub.domain.linkage.vetoes import REASONS
from hub.identity.evaluation.explained import Explained
from hub.identity.review_desk import Revealed, Standing
from hub.identity.reviews import Said, Waiting

__all__ = [
    "DECIDED", "GRADES", "coarse", "decision_row", "question_row", "show_agreement", "show_decisions", "show_meanwhile",
    "show_pair", "show_questions", "show_refused", "side_row",
]  # fmt: skip

DECIDED: tuple[Verdict, ...] = ("same", "different")
GRADES: tuple[Grade, ...] = ("match", "review", "none")
_HIDDEN = frozenset({"birth_weak", "newborn", "ssn4"})


def coarse(why: Explained) -> Explained:
    """Its weights to half a bit: how much a name gives says how common it is, and exactly told, often which name."""
    parts = tuple(part._replace(weight=_half_bits(part.weight)) for part in why.parts)
    return replace(why, parts=parts, total=_half_bits(why.total))


def _half_bits(weight: float) -> float:
    return round(weight * 2) / 2 + 0.0  # no -0.0


def question_row(waiting: Waiting, why: Explained) -> dict[str, Any]:
    """One who waits, for a machine; `why` is coarse."""
    levels = {part.field: {"level": part.level, "weight": part.weight} for part in why.parts}
    return {**waiting._asdict(), "total": _half_bits(waiting.total), "fields": levels, "missing": list(why.silent)}


def show_questions(
    found: Sequence[Waiting], why: Sequence[Explained], count: int, both_ways: Sequence[tuple[str, str]]
) -> None:
    """The queue on a terminal; `why` is coarse."""
    if not found:
        click.echo("nobody waits")
    else:
        click.echo(f"{count} wait{'s' * (count == 1)}; the likeliest {len(found)}:\n" if count > len(found) else
                   f"{count} wait{'s' * (count == 1)}, the likeliest first:\n")  # fmt: skip
    for waiting, explained in zip(found, why, strict=True):
        more = f", {waiting.pairs} pairs of records" if waiting.pairs > 1 else ""
        click.echo(f"{waiting.left} {waiting.right}  {_half_bits(waiting.total):+.1f}{more}")
        for words, speaks in (("for", 1), ("against", -1)):
            told = sorted(
                (part for part in explained.parts if part.weight * speaks > 0), key=lambda part: -speaks * part.weight
            )
            if told:
                listed = (f"{part.field.replace('_', ' ')} {level_words(part.level)}" for part in told)
                click.echo(f"  {words:8} {', '.join(listed)}")
        if waiting.veto is not None:
            click.echo(f"  asked    {waiting.veto}: {REASONS.get(waiting.veto, waiting.veto)}")
        if not explained.parts:
            click.echo("  nothing is known of one of them any more: its key was erased")
    if found:
        click.echo("\n`hub identity review show LEFT RIGHT` says which field gave what; `decide` decides.")
    for left, right in both_ways:
        click.echo(f"decided both ways: {left} {right} were said to be one person, and records of theirs to be two")


def show_pair(
    left: str,
    right: str,
    why: Explained,
    how: Standing,
    sides: tuple[Revealed | None, Revealed | None] | None,
    entry: int | None,
) -> None:
    """One pair on a terminal: the waterfall, and both sides where they were opened."""
    click.echo(f"{left} {right}")
    if sides is not None:
        _show_sides(sides)
        click.echo(f"as compared, not as told; entry {entry} of the audit trail\n")
    show_explained(why, _ended(how))
    if sides is None and why.parts:
        click.echo("weights and sums to half a bit; exact with --reveal, as an exact one may tell the name")


def _ended(how: Standing) -> str:
    if 0 in how.records:
        return "nobody told of one of them yet"
    if how.together:
        return f"they are one person now, of {how.records[0]} records"
    return f"they are two people now, of {how.records[0]} and {how.records[1]} records"


def _show_sides(sides: tuple[Revealed | None, Revealed | None]) -> None:
    rows = [side_row(each) or {} for each in sides]
    table = Table(box=None, pad_edge=False, show_header=False)
    names = [name for name in _NAMES if any(row.get(name) for row in rows)]
    for name in names:
        table.add_row(name.replace("_", " "), *(_plain(row.get(name)) for row in rows))
    console().print(table, markup=False)
    if not all(rows):
        click.echo("of one of them nothing is known: it was erased, or never told")


def side_row(side: Revealed | None) -> dict[str, Any] | None:
    """What a record tells, as it is compared. Of a number of the Social Security the last four digits: how alike two are, a level
    says."""
    if side is None:
        return None
    row: dict[str, Any] = {"source": side.source, "local_id": side.local_id}
    for each in fields(Comparable):
        value = getattr(side.told, each.name)
        if each.name in _HIDDEN or not value:
            continue
        if each.name == "ssn":
            continue
        if each.name == "hashed":
            row[each.name] = "filters in place of names: ask its source"
            continue
        row[each.name] = " ".join(value) if isinstance(value, tuple) else str(value)
    if side.told.ssn4 or side.told.ssn:
        row["ssn"] = f"…{side.told.ssn4 or (side.told.ssn or '')[-4:]}"
    return row


_NAMES = ("source", "local_id", *(each.name for each in fields(Comparable)))


def _plain(value: str | None) -> str:
    """For a terminal: what a source wrote may hold anything."""
    return "".join(each if each.isprintable() else "?" for each in value) if value else "–"


def decision_row(said: Said, holds: Set[int], taken: int | None) -> dict[str, Any]:
    """A decision, for a machine. `taken`: None where nobody knows."""
    row = said.decision.model_dump(mode="json")
    stands = said.number in holds
    return {"number": said.number, **row, "stands": stands, "taken_in": None if taken is None else said.number <= taken}


def show_decisions(rows: Sequence[Mapping[str, Any]]) -> None:
    """The log on a terminal."""
    if not rows:
        click.echo("nobody decided anything yet")
    for row in rows:
        end = "stands" if row["stands"] else "-" if row["verdict"] == "withdrawn" else "no longer"
        if row["taken_in"] is False:
            end = "not taken in yet"
        click.echo(
            f"{row['number']:>5}  {_at(row)}  {_by(row)}  {row['verdict']:9} {row['reason']:17} {row['left']} {row['right']}  {end}"
        )


def _at(row: Mapping[str, Any]) -> str:
    return f"{row['decided_at']:.16}".replace("T", " ") + "Z"


def _by(row: Mapping[str, Any]) -> str:
    return str(row["actor"]) if row["entered_by"] is None else f"{row['actor']} (entered by {row['entered_by']})"


def show_refused(stands: Said) -> None:
    """Why a decision was not written: another verdict stands."""
    click.echo(f"nothing was written. {_told(stands)}, and that stands. Say --overrule if it shall not.", err=True)


def show_meanwhile(other: Said, *, stands: bool) -> None:
    """What another reviewer said of the pair while this decision was written; `stands`: theirs does, as the later one."""
    whose = "theirs" if stands else "yours"
    click.echo(
        f"while you decided, {_told(other)}. Both are written, and {whose} stands, as the later one: talk to them.",
        err=True,
    )


def _told(said: Said) -> str:
    row = decision_row(said, set(), None)
    return (
        f"{_by(row)} said at {_at(row)} that the two are {row['verdict']} ({row['reason']}; decision {row['number']})"
    )


def show_agreement(counts: Mapping[Verdict, Mapping[Grade, int]]) -> None:
    """What a model makes of the decided pairs, on a terminal."""
    click.echo(f"{'people said':12}{'it unites':>12}{'it asks':>12}{'it leaves':>12}")
    for said, of in counts.items():
        click.echo(f"{said:12}" + "".join(f"{of[grade]:>12}" for grade in GRADES))
    wrong, missed = counts["different"]["match"], counts["same"]["none"]
    click.echo(
        f"{wrong} it would unite that people told apart, {missed} it would not even ask about that are one person"
    )
