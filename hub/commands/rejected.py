"""`hub rejected list|show|explain|redrive`: what the hub could not work on, why, and what comes of it today."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from hub.config import load_settings
from hub.errors import UnknownName
from hub.redrive.drive import Pace, Verdict, judge, redrive
from hub.redrive.letters import Filter, Letter, counts
from hub.redrive.reasons import reasons
from hub.redrive.trail import locked
from hub.suggest import did_you_mean
from hub.supervisor import running_instance
from hub.verbs import Verbs
from hub.wiring_reading import catalogue
from hub.wiring_rejected import Desk, opened

_F = TypeVar("_F", bound=Callable[..., Any])
_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_BAR = 32


def _since(_ctx: click.Context, _option: click.Parameter, value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


def _filters(command: _F) -> _F:
    for option in reversed(
        (
            click.option("--connector", help="Of this connector."),
            click.option("--reason", help="With this reason code."),
            click.option("--stage", help="Refused at this stage: frame, parse, map, encode, publish."),
            click.option("--since", type=click.DateTime(), callback=_since, help="Arrived at or after, UTC."),
            click.option("--file", help="Of the file with this token (it stands in `list` and in the logs)."),
            click.option("--id", help="With this id, which may be cut short."),
        )
    ):
        command = option(command)
    return command


@click.group(cls=Verbs)
def rejected() -> None:
    """Dead letters: look at them, understand them, redrive them."""


@rejected.command("list")
@_filters
@click.option("--all", "closed", is_flag=True, help="Also those that something came of.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True, help="How many to show, newest first."
)
@_INSTANCE
@_JSON
def list_letters(instance: str | None, as_json: bool, limit: int, **wanted: Any) -> None:
    """Counts by reason, and dead letters, newest first; positions and codes only."""
    directory = running_instance(instance)
    with opened(load_settings(directory)) as desk:
        letters = _chosen(desk, Filter(**wanted), directory)
    newest_first = letters[::-1]
    if as_json:
        for letter in newest_first:
            click.echo(json.dumps(_row(letter)))
        return
    click.echo(picture(letters))
    for letter in newest_first[:limit]:
        found = letter.rejected
        at = f"{found.received_at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
        click.echo(
            f"{letter.id[:12]}  {at}  {found.connector}  {found.stage}:{found.reason}  {found.file} {found.where}"
        )
    if letters:
        click.echo("\n`hub rejected explain REASON` says what a code means; `show ID` shows one.")


def picture(letters: Sequence[Letter]) -> str:
    """Counts by connector and reason, most first, as bars whose lengths are proportional."""
    if not letters:
        return "no dead letters"
    counted = counts(letters)
    most = counted[0][2]
    left = max(len(f"{connector}  {reason}") for connector, reason, _ in counted)
    lines = [
        f"{f'{connector}  {reason}':<{left}}  {count:>6}  {'█' * max(1, round(_BAR * count / most))}"
        for connector, reason, count in counted
    ]
    return "\n".join([_letters(len(letters)), "", *lines, ""])


@rejected.command()
@click.argument("letter_id")
@click.option("--reveal", is_flag=True, help="Open the original: the whole record of a person. Needs --purpose.")
@click.option("--purpose", help="Why the original must be seen; stands in the audit trail.")
@_INSTANCE
@_JSON
def show(letter_id: str, reveal: bool, purpose: str | None, instance: str | None, as_json: bool) -> None:
    """One dead letter; its original only with --reveal and a purpose, which leaves an audit entry first."""
    if reveal:
        purpose = _purpose(purpose)
    with opened(load_settings(running_instance(instance))) as desk:
        letter = _one(desk, letter_id)
        row = _row(letter)
        if reveal and purpose:
            detail = f"reason={letter.rejected.reason} connector={letter.rejected.connector}"
            entry = desk.trail.write("reveal", purpose=purpose, subject=letter.id, detail=detail)
            original = desk.open(letter)
            row |= {"audit": entry.number, "file_name": original.file}
            row |= _bytes("head", original.head) | _bytes("original", original.raw)
    if as_json:
        click.echo(json.dumps(row))
    else:
        for name, value in row.items():
            lines = (
                _in_words(value).replace("\r\n", "\n").replace("\r", "\n")
            )  # a bare CR writes each segment over the last
            click.echo(f"{name:16} {lines}")


@rejected.command()
@click.argument("reason", required=False)
@_JSON
def explain(reason: str | None, as_json: bool) -> None:
    """What a reason code means and what to do; all of them without an argument."""
    known = reasons()
    code, _, field = (reason or "").partition(".")  # a declared map names the event's field behind the code
    if reason is not None and code not in known:
        meant = " ".join(filter(None, (did_you_mean(code, known), "`hub rejected explain` lists them")))
        raise click.UsageError(f"there is no reason code {code}: {meant}")
    if field and not as_json:
        click.echo(f"of the event's field {field}:")
    for told in [code] if reason else sorted(known):
        if as_json:
            click.echo(json.dumps({"reason": told, **known[told]._asdict()}))
        else:
            click.echo(f"{told}\n  {known[told].means}\n  → {known[told].do}")


@rejected.command("redrive")
@_filters
@click.option("--filter", "words", multiple=True, help="The same as `name=value`: --filter reason=bad-date.")
@click.option("--dry-run", is_flag=True, help="Only show what would come of them.")
@click.option("--rate", type=click.FloatRange(min=0.1), default=50.0, show_default=True, help="Letters a second.")
@click.option("--purpose", default="redrive", show_default=True, help="Stands in the audit trail.")
@click.option("--yes", is_flag=True, help="Do not ask after showing the difference.")
@_INSTANCE
@_JSON
def redrive_letters(
    instance: str | None,
    as_json: bool,
    words: tuple[str, ...],
    dry_run: bool,
    rate: float,
    purpose: str,
    yes: bool,
    **wanted: Any,
) -> None:
    """Read the originals again with today's mapping and agreement, show the difference, publish what is missing.

    Events that stand on the bus already are not published again. Killed half-way, the same command goes on.
    Exit 0: something came of each, or nothing was (to be) done; 1: some are still rejected; 2: no such connector, reason or id.
    """
    chosen = Filter(**{**wanted, **_parsed(words)})
    settings = load_settings(running_instance(instance))
    purpose = _purpose(purpose)
    with locked(settings.instance / "redrive.lock", wait=False), opened(settings) as desk:
        letters = _chosen(desk, chosen, settings.instance)
        desk.trail.write(
            "redrive", purpose=purpose, subject=chosen.connector or "all", detail=_what(chosen, letters, dry_run)
        )
        verdicts = [judge(letter, desk.again) for letter in letters]
        connectors = {letter.rejected.connector for letter in letters}
        ids = {event.event_id for verdict in verdicts for event in verdict.events}
        published = desk.published(ids, connectors)
        _difference(verdicts, published, as_json)
        del verdicts
        if not letters and not (dry_run and as_json):
            _say_nothing("nothing to redrive: no such dead letter is open", as_json=as_json)
        if dry_run or not letters:
            return
        if not yes and not click.confirm(f"redrive {_letters(len(letters))}?", err=True):
            _say_nothing("nothing was done", as_json=as_json)
            return
        results: Counter[str] = Counter()
        for verdict, new in redrive(letters, desk.again, published, desk, Pace(rate)):
            results[verdict.result] += 1
            results["published"] += new
        told = " ".join(f"{name}={count}" for name, count in sorted(results.items()))
        desk.trail.write("redrive-done", purpose=purpose, subject=chosen.connector or "all", detail=told)
        click.echo(json.dumps({"done": results}) if as_json else f"done: {told}")
    click.get_current_context().exit(1 if results["rejected"] else 0)


def _say_nothing(words: str, *, as_json: bool) -> None:
    click.echo(json.dumps({"done": {}}) if as_json else words)


def _letters(count: int) -> str:
    return f"{count} dead letter{'s' * (count != 1)}"


def _chosen(desk: Desk, chosen: Filter, directory: Path) -> list[Letter]:
    """The letters that were asked for. UsageError for a connector or reason that neither the hub nor any letter knows, UnknownName
    for an id that no letter has, open or not."""
    letters = list(desk.letters())
    asked = (
        ("connector", chosen.connector, {*catalogue(directory), *(each.rejected.connector for each in letters)}),
        ("reason", chosen.reason, {*reasons(), *(each.rejected.reason for each in letters)}),
    )
    for what, wanted, known in asked:
        if wanted is not None and wanted not in known and wanted.partition(".")[0] not in known:
            raise click.UsageError(f"there is no {what} {wanted}: {did_you_mean(wanted, sorted(known))}".rstrip(": "))
    if chosen.id and not any(letter.id.startswith(chosen.id) for letter in letters):
        raise _no_such(0)
    return list(filter(chosen, letters))


def _what(chosen: Filter, letters: Sequence[Letter], dry_run: bool) -> str:
    return f"{chosen.words()} letters={len(letters)}{' dry-run' if dry_run else ''}"


def _difference(verdicts: Iterable[Verdict], published: set[str], as_json: bool) -> None:
    totals: Counter[tuple[str, str]] = Counter()
    for verdict in verdicts:
        before = verdict.letter.rejected.reason
        new = sum(event.event_id not in published for event in verdict.events)
        now = {
            "event": "an event",
            "ignored": f"ignored ({verdict.reason})",
            "rejected": f"rejected ({verdict.reason})",
        }
        totals[before, now[verdict.result]] += 1
        if as_json:
            row = {"id": verdict.letter.id, "before": before, "now": verdict.result, "reason": verdict.reason}
            click.echo(json.dumps({**row, "events": len(verdict.events), "to_publish": new}))
        elif new and verdict.result == "rejected":
            totals[before, "… with events to publish beside it"] += 1
    if not as_json:
        for (before, after), count in totals.most_common():
            click.echo(f"{count:>6}  {before} → {after}")


def _parsed(words: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in ("connector", "reason", "stage", "since", "file", "id"):
            raise click.UsageError("--filter takes connector=, reason=, stage=, since=, file= or id=")
        found[name] = value
    if "since" in found:
        try:
            at = datetime.fromisoformat(found["since"])
        except ValueError:
            raise click.UsageError("--filter since= takes a time such as 2021-03-01T08:00:00") from None
        found["since"] = at if at.tzinfo else at.replace(tzinfo=UTC)
    return found


def _purpose(purpose: str | None) -> str:
    if not purpose or not purpose.strip():
        raise click.UsageError("say --purpose: it stands in the audit trail beside your account")
    return purpose.strip()[:200]


def _one(desk: Desk, letter_id: str) -> Letter:
    found = [letter for letter in desk.letters() if letter.id.startswith(letter_id)]
    if len(found) != 1:
        raise _no_such(len(found))
    return found[0]


def _no_such(count: int) -> UnknownName:
    return UnknownName(f"{count} dead letters have an id that begins so; `hub rejected list --all --json` has the ids")


def _row(letter: Letter) -> dict[str, Any]:
    found, last = letter.rejected, letter.last
    row: dict[str, Any] = {"id": letter.id, "open": letter.open, "arrivals": letter.arrivals}
    row |= found.model_dump(mode="json", exclude={"original"})
    row |= {"original_kept": found.original is not None}
    row |= {"last_redrive": None if last is None else last.model_dump(mode="json", exclude={"letter", "connector"})}
    return row


def _in_words(value: Any) -> str:
    """For people: yes and no, none for what is not there, parts one after the other."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(part)}" for name, part in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)


def _bytes(name: str, content: bytes) -> dict[str, str]:
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}
