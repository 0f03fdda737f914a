"""`hub identity erase` and `hub identity erased`: take a person out, and what was taken out of which store."""

from __future__ import annotations

import json
from collections import Counter

import click

from hub.config import load_settings
from hub.errors import UnknownName
from hub.identity.erasure_desk import ErasureDesk, SoFar
from hub.identity.role import open_erasure_desk
from hub.supervisor import running_instance
from hub.wiring_rejected import opened

_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_LEAST = 4
_STAYS = "what it does not reach: docs/what-is-kept.md, Erasing a person"


@click.command()
@click.argument("token")
@click.option("--purpose", required=True, help="Why; stands in the audit trail. No name.")
@click.option("--only", is_flag=True, help="TOKEN alone, not the records of other sources that are the same person.")
@click.option("--yes", is_flag=True, help="Erase; without it you are shown what would be.")
@_JSON
@_INSTANCE
@click.pass_context
def erase(
    ctx: click.Context, token: str, purpose: str, only: bool, yes: bool, as_json: bool, instance: str | None
) -> None:
    """Erase the person whose record at one source has TOKEN (which may be cut short), in all that the hub seals and in the
    registry.

    There is no way back. Stop their sources from sending them first: who is sent again is somebody new to the hub. An audit entry,
    which has counts and no token, is written before. Without --yes nothing is erased and the exit code is 1.
    """
    if not purpose.strip():
        raise click.UsageError("--purpose must say something: it stands in the audit trail beside your account")
    if len(token) < _LEAST:
        raise click.UsageError(f"{token!r} is too short: the first {_LEAST} characters of a token, or more")
    settings = load_settings(running_instance(instance))
    with open_erasure_desk(settings) as desk:
        whole = _token(desk, token)
        found = desk.person(whole)
        tokens = [whole] if only else sorted(found)
        sources = dict(sorted(Counter(found[each] for each in tokens).items()))
        answer: dict[str, object] = {"source_persons": len(tokens), "sources": sources, "erased": yes}
        if yes:
            with opened(settings) as audited:
                answer["audit"] = audited.trail.write(
                    "erase", purpose=purpose.strip()[:200], subject="erased", detail=f"source_persons={len(tokens)}"
                ).number
            answer["keys"] = desk.erase(tokens)
    if as_json:
        click.echo(json.dumps(answer))
    else:
        told = ", ".join(f"{source} {count}" for source, count in sources.items())
        click.echo(f"{'erased' if yes else 'would erase'}: {len(tokens)} records of one person ({told})")
        if yes:
            click.echo(
                f"{answer['keys']} keys are gone, audit entry {answer['audit']}; identify takes the rest out of the registry,"
            )
            click.echo(f"and `hub identity erased` says when it has; {_STAYS}")
        else:
            click.echo("nothing is erased yet: say --yes")
    if not yes:
        ctx.exit(1)


@click.command()
@_JSON
@_INSTANCE
def erased(as_json: bool, instance: str | None) -> None:
    """What was erased so far, in which store: counts, nobody's name or token. Works while the hub runs, and while it is down."""
    with open_erasure_desk(load_settings(running_instance(instance))) as desk:
        found = desk.so_far()
    if as_json:
        click.echo(json.dumps(_row(found)))
        return
    click.echo(f"keys.sqlite: {found.keys} erased; identify has still to do its part of {found.waiting}")
    for each in found.done:
        rows = ", ".join(f"{name} {count}" for name, count in sorted(each.counts.items()) if count) or "none"
        click.echo(
            f"registry, {each.at:%Y-%m-%d %H:%M}Z: {each.source_persons} of {each.asked} were known; rows taken out: {rows}; "
            f"{each.regrouped} records of others regrouped"
        )
    if found.again:
        click.echo(f"{found.again} of them were sent again since, as somebody new")
    click.echo(_STAYS)


def _row(found: SoFar) -> dict[str, object]:
    done = [{**each._asdict(), "at": each.at.isoformat()} for each in found.done]
    registry = {"rows": dict(found.rows), "done": done}
    return {"keys": found.keys, "waiting": found.waiting, "again": found.again, "registry": registry}


def _token(desk: ErasureDesk, text: str) -> str:
    found = desk.begins(text)
    if len(found) != 1:
        told = "several source persons have a token" if found else "no source person has a token"
        raise UnknownName(f"{told} that begins with {text}")
    return found[0]
