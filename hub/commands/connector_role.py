"""The role `connectors` as the command line sees it: its page /connectors, and wishes that it carries out."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import click

from hub.commands.connector_places import state
from hub.config import Settings, load_settings
from hub.connectors.catalog import find
from hub.wiring_control import ControlLog
from hub.wiring_reading import catalogue
from hub.wiring_workshop import Workshop, workshop

__all__ = ["Answer", "connectors_page", "known_name", "open_workshop", "tell", "wish"]

_ANSWER_S = 3.0
_AGAIN_S = 0.2
_ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, never bound


class Answer(NamedTuple):
    """What became of a wish. `entry`: the connector on the page of the role, None when none answers here; `applied`: it follows."""

    request: str
    applied: bool
    entry: dict[str, Any] | None


def connectors_page(settings: Settings) -> list[dict[str, Any]] | None:
    """What /connectors of this installation's role says; None when there is none, or it does not answer here."""
    port = settings.port("connectors")
    if not port:
        return None
    host = "127.0.0.1" if settings.host in _ANYWHERE else settings.host
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/connectors", timeout=_ANSWER_S) as answer:
            found = json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return None
    return found if isinstance(found, list) else None


def known_name(directory: Path, name: str) -> None:
    """UnknownName unless there is a connector of that name; a broken one may run on as before, so it counts."""
    connectors = catalogue(directory)
    if name not in connectors.broken:
        find(name, connectors)


def wish(
    opened: Workshop, name: str, wait_s: float, *, paused: bool | None = None, rewind: Mapping[str, Any] | None = None
) -> Answer:
    """Write down what is wanted, and wait until the role says that it is so; for `wait_s` at most."""
    control = asyncio.run(ControlLog(opened).ask(name, paused=paused, rewind=rewind))
    until, idle = time.monotonic() + wait_s, threading.Event()
    while True:
        page = connectors_page(opened.settings)
        entry = next((each for each in page or () if each["name"] == name), None)
        if page is None or (entry is not None and entry["request"] == control.request):
            return Answer(control.request, page is not None, entry)
        if time.monotonic() > until:
            return Answer(control.request, False, entry)
        idle.wait(_AGAIN_S)


def tell(ctx: click.Context, name: str, answer: Answer, *, as_json: bool, runs: bool = False) -> None:
    """Say what became of it. Exit 0 when the role follows it, or will when it starts; 1 when it runs and does not follow yet.
    `runs`: the connector is to run; 1 also when it does not."""
    entry = answer.entry or {}
    late = answer.entry is not None and not answer.applied
    if as_json:
        keys = ("state", "why", "detail", "stale", "said", "positions")
        told = {"name": name, "request": answer.request, "applied": answer.applied}
        click.echo(json.dumps({**told, **{key: entry[key] for key in keys if key in entry}}))
    elif late:
        click.echo(f"{name}: written down, but the role has not followed yet; it is {state(entry)}")
    elif not answer.applied:
        click.echo(f"{name}: written down; no role `connectors` answers here: it follows at its next start")
    else:
        said = f"; {entry['said']}" if entry["said"] else ""
        detail = entry["detail"] if entry["detail"] != state(entry) else ""
        click.echo(f"{name}: {state(entry)}{said}" + (f"\n{detail}" if detail else ""))
    refused = str(entry.get("said", "")).startswith("refused")
    rests = runs and answer.applied and entry.get("state") != "running"
    ctx.exit(1 if late or refused or rests else 0)


def open_workshop(instance: Path) -> AbstractContextManager[Workshop]:
    """The workshop of an operator at this instance."""
    return workshop(load_settings(instance), "operator")
