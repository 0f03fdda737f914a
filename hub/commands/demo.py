"""`hub demo`: a made-up county through the real doors of a real stack."""

from __future__ import annotations

import json
import logging
import re

import click

from hub.config import DEMO_INSTANCE, instance_dir

_KILL = re.compile(r"(?P<role>[a-z]+)@(?P<percent>\d{1,3})%")


@click.command()
@click.option(
    "--people",
    default=2_000,
    show_default=True,
    type=click.IntRange(50, 1_000_000),
    help="How many live in the county.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same county.")
@click.option(
    "--instance",
    default=str(DEMO_INSTANCE),
    show_default=True,
    help="Where the demo's stack keeps its files; made, or wiped if an earlier demo made it.",
)
@click.option("--keep", is_flag=True, help="Leave the stack up at the end (then: hub status, hub down).")
@click.option(
    "--kill", "kills", multiple=True, metavar="ROLE@N%", help="kill -9 a role when N % of the deliveries are sent."
)
@click.option("--json", "as_json", is_flag=True, help="No show; one JSON object at the end.")
@click.pass_context
def demo(
    ctx: click.Context, people: int, seed: int, instance: str, keep: bool, kills: tuple[str, ...], as_json: bool
) -> None:
    """Send a made-up county through the real doors, show needs and measures as they appear, and judge the end.

    Exit 0 when the end equals a batch computation over the same files, 1 when it does not.
    """
    from hub.demo.run import run_demo
    from hub.demo.screen import screen_for

    logging.getLogger("hub").addHandler(logging.NullHandler())  # the roles log to files; the screen is for people
    logging.getLogger("hub").propagate = False
    home = instance_dir(instance)
    screen = screen_for(json=as_json)
    try:
        with screen:
            result = run_demo(
                people=people,
                seed=seed,
                instance=home,
                screen=screen,
                kill=sorted(map(_kill, kills), key=lambda kill: kill.share),
            )
    except KeyboardInterrupt:
        click.echo(f"\nstopped; no process is left; files are in {home}", err=True)
        ctx.exit(130)
    if keep:
        from hub.commands.stack import start_in_background
        from hub.demo.stack import DEMO_ROLES

        start_in_background(home, list(DEMO_ROLES), 120)
    if as_json:
        click.echo(json.dumps(result.figures))
    else:
        click.echo("\n" + "\n".join(result.words) + f"\n\n{_next(keep)}")
    ctx.exit(0 if result.figures["equal_to_preview"] else 1)


def _kill(text: str):  # type: ignore[no-untyped-def]
    from hub.demo.run import Kill

    found = _KILL.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text}: write it like streams@40%")
    return Kill(found["role"], int(found["percent"]) / 100)


def _next(keep: bool) -> str:
    if keep:
        return (
            "The stack is up. Next: `hub status`; then read hub.delivery.isolation-support.v1\n"
            "as deploy/examples/subscriber.py does. Its end: `hub down`."
        )
    return 'Next: `hub demo --keep`, then read the alerts as a subscriber would (README, "I want alerts").'
