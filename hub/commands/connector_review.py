"""`hub connector review`: laboratory results that no table can judge, and the way to the record of each."""

from __future__ import annotations

import base64
import json
from datetime import UTC
from typing import Any

import click

from hub.config import load_settings
from hub.connectors.catalog import find
from hub.errors import Reject, UnknownName
from hub.supervisor import running_instance
from hub.wiring_reading import catalogue
from hub.wiring_rejected import opened
from hub.wiring_review import Waiting, original_of, waiting

_SHORT = 12


@click.command()
@click.argument("name")
@click.argument("event_id", required=False)
@click.option("--reveal", is_flag=True, help="With EVENT_ID: open the record it came in. Needs --purpose.")
@click.option("--purpose", help="Why the record must be seen; stands in the audit trail.")
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="How many to list, newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
def review(
    name: str,
    event_id: str | None,
    reveal: bool,
    purpose: str | None,
    limit: int,
    as_json: bool,
    instance: str | None,
) -> None:
    """Results of NAME that mean `review`: which test, when, why, and where the original stands. EVENT_ID, which may be cut short,
    is one of them.

    They isolate nobody until the laboratory corrects them, or a table row is added and `hub connector remap NAME` reads them again.
    --reveal shows the whole record of a person, and writes an audit entry before it opens it.
    """
    if reveal and (event_id is None or not (purpose or "").strip()):
        raise click.UsageError("--reveal takes one EVENT_ID and a --purpose: it stands in the audit trail")
    settings = load_settings(running_instance(instance))
    find(name, catalogue(settings.instance))
    settings.require_bootstrap()
    with opened(settings) as desk:
        found = waiting(desk, name)
        if event_id is not None:
            found = [_one(found, event_id)]
        rows = [_row(each) for each in found[max(0, len(found) - limit) :]] if event_id is None else [_row(found[0])]
        if reveal and purpose:
            rows[0]["audit"] = desk.trail.write(
                "reveal", purpose=purpose.strip()[:200], subject=rows[0]["id"], detail=f"review connector={name}"
            ).number
            try:
                kept = original_of(desk, found[0])
            except Reject as why:
                raise UnknownName(f"its record cannot be shown: {why.reason}; ask the sender for it") from None
            rows[0] |= {"file_name": kept.file} | _text("head", kept.head) | _text("original", kept.raw)
    _tell(name, rows, len(found), as_json=as_json, one=event_id is not None)


def _tell(name: str, rows: list[dict[str, Any]], count: int, *, as_json: bool, one: bool) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
    elif one:
        for word, value in rows[0].items():
            shown = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{word:16} {'-' if shown in (None, '') else shown}")
    else:
        click.echo(f"results of {name} that wait for review: {count}")
        for row in rows:
            marks = " ".join(word for word in (row["status"], row["processing"]) if word not in ("final", "production"))
            click.echo(
                f"{row['id'][:_SHORT]}  {row['told_at'][:16]}Z  {row['test'] or '-':<9}  {', '.join(row['reasons']) or '-'}"
                f"  {row['stands_at'] or 'original not kept'}{f'  ({marks})' if marks else ''}"
            )
        if rows:
            click.echo(
                f"\n`hub rejected explain REASON` says what a reason means; `hub connector review {name} ID --reveal --purpose "
                '"…"` shows the record.'
            )


def _one(found: list[Waiting], event_id: str) -> Waiting:
    chosen = [each for each in found if each.result.event_id.startswith(event_id)]
    if len(chosen) != 1:
        raise UnknownName(f"{len(chosen)} results in review have an id that begins so; --json lists whole ids")
    return chosen[0]


def _row(found: Waiting) -> dict[str, Any]:
    result, originals = found
    on = result.collected_on or result.resulted_on
    return {
        "id": result.event_id, "told_at": result.changed_at.astimezone(UTC).isoformat(timespec="seconds"),
        "collected_or_resulted_on": on.isoformat() if on else None, "status": result.status, "processing": result.processing,
        "test": result.loinc or (result.test.code if result.test is not None else None), "reasons": list(result.issues),
        "stands_at": " or ".join(f"{each.file} {each.where}".strip() for each in originals) or None,
    }  # fmt: skip


def _text(name: str, content: bytes) -> dict[str, str]:
    """HL7's line ends as a screen shows lines."""
    try:
        return {name: content.decode().replace("\r\n", "\n").replace("\r", "\n")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}
