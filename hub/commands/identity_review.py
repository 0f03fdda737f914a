"""`hub identity review list|show|decide|log|agreement`: who may be one person, for a person to decide."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import click
from pydantic import ValidationError

from hub.account import account
from hub.commands.identity_evaluate import in_words
from hub.commands.identity_review_shown import (
    DECIDED,
    GRADES,
    coarse,
    decision_row,
    question_row,
    show_agreement,
    show_decisions,
    show_meanwhile,
    show_pair,
    show_questions,
    show_refused,
    side_row,
)
from hub.config import load_settings
from hub.domain.identity_reviews import REVIEW_REASONS, ReviewDecision, reviewed
from hub.domain.linkage.decisions import Verdict, standing
from hub.domain.linkage.model import for_population
from hub.errors import HubError, UnknownName
from hub.identity.evaluation.labelled import Unanswerable
from hub.identity.review_desk import ReviewDesk
from hub.identity.reviews import Said
from hub.identity.role import open_review_desk
from hub.supervisor import running_instance
from hub.verbs import Verbs
from hub.wiring_decisions import decision_log
from hub.wiring_labelled import link_model
from hub.wiring_rejected import opened

_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
_WHOLE = re.compile(r"[a-z2-7]{26}")
"""A source person's token (hub.domain.ids)."""
_LEAST = 4
_UNWEIGHED = "identify has not weighed anybody here yet: nobody is asked about, and decisions are kept until it has"


@click.group(cls=Verbs)
def review() -> None:
    """Who may be one person: what waits for you, why, and what you decide.

    LEFT and RIGHT are tokens of two source persons, which may be cut short.
    """


@review.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the likeliest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@_INSTANCE
def list_waiting(limit: int, as_json: bool, instance: str | None) -> None:
    """Pairs of people that may be one, the likeliest first: which fields agree, never a value.

    Two people are one line, by the likeliest pair of their records. Works while the hub runs, and while it is down.
    """
    with open_review_desk(load_settings(running_instance(instance))) as desk:
        everybody = desk.questions()
        found = everybody[:limit]
        why = [coarse(each) for each in desk.explained([(each.left, each.right) for each in found])]
        weighed = desk.weighed()
        both_ways = desk.contradicted()
    if as_json:
        for each, explained in zip(found, why, strict=True):
            click.echo(json.dumps(question_row(each, explained)))
    else:
        show_questions(found, why, len(everybody), both_ways)
        if not weighed:
            click.echo(_UNWEIGHED)


@review.command()
@click.argument("left")
@click.argument("right")
@click.option("--reveal", is_flag=True, help="Show what both records tell, in the clear. Needs --purpose.")
@click.option("--purpose", help="Why they must be seen; stands in the audit trail.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_INSTANCE
def show(left: str, right: str, reveal: bool, purpose: str | None, as_json: bool, instance: str | None) -> None:
    """Why LEFT and RIGHT are one person, or not: which field gave what. Values only with --reveal and a purpose, which leaves an
    audit entry first."""
    if reveal and not (purpose or "").strip():
        raise click.UsageError("--reveal takes a --purpose: it stands in the audit trail beside your account")
    settings = load_settings(running_instance(instance))
    with open_review_desk(settings) as desk:
        left, right = _both(desk, left, right, known=True)
        (why,), how = desk.explained([(left, right)]), desk.standing(left, right)
        why = replace(why, waiting=desk.asked(left, right))
        entry, sides = None, None
        if reveal and purpose:
            with opened(settings) as audited:
                detail = f"identity-review records={sum(size > 0 for size in how.records)}"
                entry = audited.trail.write(
                    "reveal", purpose=purpose.strip()[:200], subject=".".join(sorted((left, right))), detail=detail
                ).number
            sides = desk.revealed(left, right)
        else:
            why = coarse(why)
    if as_json:
        row: dict[str, Any] = {"left": left, "right": right, **why.as_json(), "records": list(how.records)}
        if sides is not None:
            row |= {"audit": entry, "told": [side_row(each) for each in sides]}
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        show_pair(left, right, why, how, sides, entry)


@review.command()
@click.argument("left")
@click.argument("right")
@click.argument("verdict", type=click.Choice(tuple(REVIEW_REASONS)))
@click.option("--reason", required=True, help="A code for why; any other word lists them.")
@click.option("--actor", help="Who decided, where it isn't your account: an account, no name.")
@click.option("--overrule", is_flag=True, help="Also where somebody said otherwise, and that stands.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_INSTANCE
@click.pass_context
def decide(
    ctx: click.Context,
    left: str,
    right: str,
    verdict: str,
    reason: str,
    actor: str | None,
    overrule: bool,
    as_json: bool,
    instance: str | None,
) -> None:
    """Say that LEFT and RIGHT are the same person or different ones, or withdraw what was said.

    No weight overrules it, and a registry that is made anew reads it again. Of two decisions on one pair the later one stands:
    where another verdict stands already, the answer is who gave it, when and why, and exit code 1 until you say --overrule. What
    you said yourself you may withdraw. Where somebody says otherwise in the same moment, both are written: the answer is what they
    said and which stands, and exit code 1.
    """
    said = cast(Verdict, verdict)
    if reason not in REVIEW_REASONS[said]:
        listed = "\n".join(f"  {code:18} {words}" for code, words in REVIEW_REASONS[said].items())
        raise click.UsageError(f"--reason for {verdict} is one of\n{listed}")
    settings = load_settings(running_instance(instance))
    with open_review_desk(settings) as desk:
        left, right = _both(desk, left, right, known=False)
        how, weighed = desk.standing(left, right), desk.weighed()
    try:
        at, by = datetime.now(UTC), account()
        decision = reviewed(left, right, said, reason=reason, actor=actor or by, decided_at=at, entered_by=by)
    except ValidationError:
        raise click.UsageError("--actor is an account: letters, digits, dot, underscore and hyphen") from None
    with decision_log(settings) as log:
        read = list(log.all())
        before = _overruled(read, decision)
        if before is not None and not overrule:
            show_refused(before)
            ctx.exit(1)
        log.append(decision)
        # No lock is between two reviewers on two machines: whoever wrote later finds the other's word now.
        meanwhile = [each for each in _of_pair(log.all(), decision) if each.number > (read[-1].number if read else 0)]
    others = [each for each in meanwhile if each.decision.verdict != said]
    if others:
        show_meanwhile(others[-1], stands=others[-1] is meanwhile[-1])
    if as_json:
        click.echo(decision.model_dump_json())
    else:
        click.echo(f"{verdict}: {decision.left} {decision.right} ({reason}, by {decision.actor})")
        if 0 in how.records:
            click.echo("nobody told of one of them yet: it holds from when somebody does")
        if not weighed:
            click.echo(_UNWEIGHED)
        click.echo("identify takes it in with its next batch; `hub identity review log` says when it has")
    if others:
        ctx.exit(1)


@review.command("log")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@_INSTANCE
def show_log(limit: int, as_json: bool, instance: str | None) -> None:
    """Who decided what, when and why, the oldest first; whether it stands, and whether identify took it in."""
    settings = load_settings(running_instance(instance))
    with decision_log(settings) as log:
        said = list(log.all())
    try:
        with open_review_desk(settings) as desk:
            taken = desk.taken()
    except HubError:  # there is no registry yet, or it's on another machine: the log stands by itself
        taken = None
    holds = {number for number, _ in standing(each.decision.numbered(each.number) for each in said).values()}
    for each in (rows := [decision_row(each, holds, taken) for each in said[-limit:]]):
        if as_json:
            click.echo(json.dumps(each))
    if not as_json:
        show_decisions(rows)


@review.command()
@click.option(
    "--model", "model_file", type=click.Path(path_type=Path), help="Weights to try (JSON); default: those in use."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_INSTANCE
def agreement(model_file: Path | None, as_json: bool, instance: str | None) -> None:
    """How a model grades the pairs that people decided: of those said to be one person, and of those said to be two, how many it
    would unite, ask about or leave. Each pair by itself; no value is shown.

    These pairs are the doubtful ones: a model that does well on them may be chosen by it, but its shares are of no other pairs.
    """
    settings = load_settings(running_instance(instance))
    try:
        model = None if model_file is None else for_population(link_model(model_file), settings.identity_population)
    except Unanswerable as why:
        raise click.UsageError(in_words(why)) from None
    with open_review_desk(settings) as desk:
        found = desk.agreement(model)
    counts = {said: {grade: found[said, grade] for grade in GRADES} for said in DECIDED}
    if as_json:
        click.echo(json.dumps(counts))
    else:
        show_agreement(counts)


def _overruled(said: Iterable[Said], decision: ReviewDecision) -> Said | None:
    """What stands of this pair and would not any more; None where nothing does, or they take back their own word."""
    of_pair = {each.number: each for each in _of_pair(said, decision)}
    stands = standing(each.decision.numbered(number) for number, each in of_pair.items())
    if not stands:
        return None
    ((number, verdict),) = stands.values()
    before = of_pair[number]
    own = decision.verdict == "withdrawn" and before.decision.actor == decision.actor
    return None if own or verdict == decision.verdict else before


def _of_pair(said: Iterable[Said], decision: ReviewDecision) -> list[Said]:
    return [each for each in said if (each.decision.left, each.decision.right) == (decision.left, decision.right)]


def _both(desk: ReviewDesk, left: str, right: str, *, known: bool) -> tuple[str, str]:
    found = _token(desk, left, known=known), _token(desk, right, known=known)
    if found[0] == found[1]:
        raise click.UsageError("LEFT and RIGHT are the same source person")
    return found


def _token(desk: ReviewDesk, text: str, *, known: bool) -> str:
    """The token that begins so. A whole one stands for itself where it need not be known."""
    if len(text) < _LEAST:
        raise click.UsageError(f"{text!r} is too short: the first {_LEAST} characters of a token, or more")
    found = desk.begins(text, 2)
    if len(found) == 1:
        return found[0]
    if not found and not known and _WHOLE.fullmatch(text):
        return text
    told = "several source persons have a token" if found else "no source person has a token"
    raise UnknownName(f"{told} that begins with {text}: `hub identity review list --json` has them whole")
