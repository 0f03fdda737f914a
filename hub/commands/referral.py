"""`hub referral write`: support needs as referrals to send, FHIR Task and ServiceRequest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from hub.mapping.referral_request import Ends, Order, transaction
from hub.mapping.referral_withdrawal import withdrawal
from hub.verbs import Verbs

__all__ = ["referral"]

_REFERENCE = re.compile(r"(https?://\S+/)?[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}|urn:\S+")
"""FHIR R4 Reference.reference: relative, absolute, or a URN."""
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+$")
_WHY = (
    ": a line is written where it is an open need with `support` and `local_id` (`hub tail hub.delivery.SUBSCRIBER.v1`)"
)


@click.group(cls=Verbs)
def referral() -> None:
    """Referrals: what is asked of services for people who need support."""


@referral.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--requester", required=True, help="Who asks, as the receiver's server calls it: Organization/county.")
@click.option("--owner", default="", help="Who is asked; left out: whoever takes it.")
@click.option(
    "--system", required=True, help="URI of the receiver's own numbers of people: https://shelters.example/clients."
)
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S"]), help="When it is asked, UTC (default: now).")
@click.pass_context
def write(ctx: click.Context, file: Path, requester: str, owner: str, system: str, at: datetime | None) -> None:
    """Write a FHIR transaction a line for each open need in FILE: what `hub tail hub.delivery.SUBSCRIBER.v1` gives.

    The person is named by `local_id`, so the delivery agreement must grant it beside `support`; nothing else of them is
    written. A line without these is left out and counted; exit 1 where there was one. Of several lines of a
    need the last stands; for one that was taken back a transaction is written that cancels its referral where it is
    still open. Its receiver answers 404 where it is not: then nothing is to be done.
    """
    _check(requester, owner, system)
    asked, ends = (at or datetime.now(UTC)).replace(tzinfo=UTC, microsecond=0), Ends(requester, owner, system)
    written = withdrawn = left_out = 0
    for line in _newest(_lines(file)):
        gone = _taken_back(line)
        told = withdrawal(gone) if gone else _asked(line, ends, asked)
        if told is None:
            left_out += 1
            continue
        click.echo(json.dumps(told, separators=(",", ":")))
        withdrawn, written = withdrawn + bool(gone), written + (not gone)
    click.echo(
        f"{_number(written, 'referral')} written; {_number(withdrawn, 'withdrawal')} written; "
        f"{_number(left_out, 'line')} left out{_WHY if left_out else ''}",
        err=True,
    )
    ctx.exit(1 if left_out else 0)


def _taken_back(line: Mapping[str, Any]) -> str:
    """The number of a need that is delivered no more; empty for any other line."""
    number = line.get("key")
    return number if "value" in line and line["value"] is None and isinstance(number, str) else ""


def _asked(line: Mapping[str, Any], ends: Ends, at: datetime) -> dict[str, Any] | None:
    """The referral of a delivered need; None where there is none to write."""
    order = _order(line)
    try:
        return transaction(order, ends, at) if order is not None else None
    except KeyError:
        return None


def _check(requester: str, owner: str, system: str) -> None:
    """UsageError for ends that no FHIR server could resolve: `Type/id` or a URL, and a URI of numbers."""
    for option, told in (("requester", requester), ("owner", owner)):
        if told and not _REFERENCE.fullmatch(told):
            raise click.UsageError(
                f"--{option}: a reference as the receiver's server has it, such as Organization/county"
            )
    if not _URI.match(system):
        raise click.UsageError("--system: a URI, such as https://shelters.example/clients or urn:oid:2.16.840.1")


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    """The objects of a file with one a line. UsageError names the first line that is none."""
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise click.UsageError(f"{file.name}, line {number}: this is no JSON object")
            yield found


def _newest(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last word of each need, in the order in which they were first told."""
    found: dict[object, Mapping[str, Any]] = {}
    for number, line in enumerate(lines):
        found[line.get("key") or line.get("need_id") or number] = line
    return list(found.values())


def _order(line: Mapping[str, Any]) -> Order | None:
    """The order of a delivered need; None where it is closed, or names neither person nor support."""
    value = line.get("value", line)
    if not isinstance(value, dict) or value.get("state", "open") != "open":
        return None
    number, support, person = value.get("need_id") or line.get("key"), value.get("support"), value.get("local_id")
    if not (isinstance(number, str) and isinstance(support, str) and isinstance(person, str) and number and person):
        return None
    until = value.get("until")
    try:
        day = date.fromisoformat(until) if isinstance(until, str) else None
    except ValueError:
        day = None
    return Order(number, support, value.get("urgency") == "urgent", day, person)
