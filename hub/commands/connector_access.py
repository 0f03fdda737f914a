"""`hub connector access`: access words for an upload page, made here and shown once."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from hub.config import instance_dir, load_settings, today
from hub.connectors.catalog import find
from hub.connectors.upload.access import LABEL, hashed, new_word, read_accounts
from hub.errors import ConfigError
from hub.wiring_reading import catalogue

__all__ = ["access"]

_OVERLAP = timedelta(days=7)


@click.command("access")
@click.argument("name")
@click.argument("label", required=False)
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
@click.option("--rotate", is_flag=True, help="A new word; the old one works for 7 more days.")
@click.option("--remove", is_flag=True, help="No word of this label works any more.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day on which the new word works.")
def access(
    name: str, label: str | None, instance: str | None, rotate: bool, remove: bool, until: datetime | None
) -> None:
    """Who may send lists on the upload page of connector NAME. LABEL names a desk, a shift or a person at work.

    Without LABEL: list the labels. With it: make an access word, shown once; only its hash is kept.
    """
    directory = instance_dir(instance)
    find(name, catalogue(directory))
    path = directory / "secrets" / name / "access"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    accounts = read_accounts("\n".join(lines))
    if label is None:
        for account in accounts:
            click.echo(f"{account.label}{f' until {account.until}' if account.until else ''}")
        return
    if not LABEL.match(label):
        raise ConfigError("a label has lower-case letters, digits, dots and hyphens, 40 at most")
    known = any(account.label == label for account in accounts)
    if remove:
        if not known:
            raise ConfigError(f"{label} has no access word")
        _write(path, [line for line in lines if line.split()[:1] != [label]])
        click.echo(f"{label} can no longer sign in")
        return
    if known and not rotate:
        raise ConfigError(f"{label} has an access word: --rotate gives a new one, --remove takes it away")
    word = new_word()
    last = today(load_settings(directory)) + _OVERLAP
    kept = [_ending(line, last) if line.split()[:1] == [label] else line for line in lines]
    _write(path, [*kept, hashed(label, word, until.date() if until else None)])
    click.echo(f"access word of {label}, shown this once: {word}")


def _ending(line: str, last: date) -> str:
    """An old word's line, good until `last` or its own end, whichever is first."""
    words = line.split()
    own = date.fromisoformat(words[3]) if len(words) == 4 else last
    return f"{words[0]} {words[1]} until {min(own, last)}"


def _write(path: Path, lines: list[str]) -> None:
    """Whole or not at all, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
