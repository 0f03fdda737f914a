"""`hub broker`: the embedded broker's jars."""

from __future__ import annotations

import click

from hub.bus.jars import ensure_jars, jar_dir, lock, locked_jars
from hub.verbs import Verbs


@click.group(cls=Verbs)
def broker() -> None:
    """The embedded broker's jars: fetch them ahead, list them, resolve the list anew."""


@broker.command()
def fetch() -> None:
    """Fetch and verify the jars now, so that the first `hub up` needs no network."""
    ensure_jars(progress=click.echo)
    click.echo(f"broker: {len(locked_jars())} jars verified in {jar_dir()}")


@broker.command("list")
def list_jars() -> None:
    """The committed list: sha256 and Maven coordinate."""
    for jar in locked_jars():
        click.echo(f"{jar.sha256}  {jar.coordinate}")


@broker.command("lock")
def lock_jars() -> None:
    """Resolve the list anew and print it: review the difference before committing it as hub/bus/kafka-jars.lock."""
    click.echo(lock(), nl=False)
