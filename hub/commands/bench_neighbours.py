"""`hub bench neighbours`: what an honest sender of HL7 v2 feels of greedy and hostile ones at the same MLLP door."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click

__all__ = ["neighbours"]

_KINDS = ("slowloris", "silent", "garbage", "oversize", "greedy", "empty", "deaf", "storm", "batches")
_SECOND = "lab-second"


@click.command()
@click.option("--rounds", default=3, show_default=True, help="Each is a while alone, then a while beside neighbours.")
@click.option("--seconds", default=5.0, show_default=True, help="Of each while.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Only these neighbours; default: all.")
@click.option(
    "--elsewhere", is_flag=True, help="Let them attack another connector of the same process, not the same door."
)
@click.option(
    "--control",
    "controlled",
    is_flag=True,
    help="Then let them attack a sink: what they take of this machine, not of the hub.",
)
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object at the end.")
def neighbours(
    rounds: int, seconds: float, kinds: tuple[str, ...], elsewhere: bool, controlled: bool, as_object: bool
) -> int:
    """Time until one honest sender is answered, alone and beside slow, broken, greedy and hostile ones, at a live MLLP door.

    Exit code 1 when its p99 is not under twice what it was alone, or when it was not answered AA each time. Needs a quiet machine.
    """
    from hub.bench.neighbours import HOSTILE, TARGET, control, door, measure

    clients = {kind: count for kind, count in HOSTILE.items() if not kinds or kind in kinds}
    asked: dict[str, Any] = {
        "clients": clients, "rounds": rounds, "seconds": seconds, "say": lambda line: click.echo(line, err=True),
    }  # fmt: skip
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-neighbours-") as folder,
        door(Path(folder) / "instance", _SECOND if elsewhere else None) as (port, second),
    ):
        found = measure(port, attacked=second or None, **asked)
        beside_sink = control(port, **asked) if controlled else None
    if as_object:
        click.echo(json.dumps(found.as_json() | {"control": beside_sink.as_json() if beside_sink else None}))
        return 0 if found.reached else 1
    for name, felt in (("alone", found.alone), ("beside neighbours", found.beside)):
        click.echo(
            f"{name}: {felt.messages} messages, p50 {felt.p50_ms} ms, p99 {felt.p99_ms} ms, not accepted {felt.refused}"
        )
    for kind, done in found.did.items():
        told = ", ".join(f"{count / found.seconds:.0f} {what}" for what, count in sorted(done.items()))
        click.echo(f"{kind}, a second: {told or 'nothing'}")
    verdict = "reached" if found.reached else "NOT reached"
    click.echo(f"p99 beside / alone = {found.ratio} (target under {TARGET}, {verdict})")
    if beside_sink is not None:
        click.echo(f"p99 while they attack a sink / alone = {beside_sink.ratio}: their share of this machine")
    return 0 if found.reached else 1
