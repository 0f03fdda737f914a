"""Names under `ports` of settings.json that nothing has: a slip there leaves a door on a port of its own choosing."""

from __future__ import annotations

import json
from pathlib import Path

from hub.config import ROLES
from hub.suggest import did_you_mean
from hub.supervisor.stack import DOORS
from hub.wiring_reading import catalogue

__all__ = ["unknown_ports"]


def unknown_ports(instance: Path) -> list[str]:
    """A line each, with the name that was probably meant. Of a settings.json that can be read; else none."""
    try:
        named = json.loads((instance / "settings.json").read_text(encoding="utf-8")).get("ports", {})
    except (OSError, ValueError, AttributeError):
        return []
    found = catalogue(instance)
    known = [*ROLES, *DOORS, *found, *found.broken]
    return [
        f"{instance / 'settings.json'}: ports.{name}: no process, door or connector has this name: the port is not used; "
        f"{did_you_mean(name, dict.fromkeys(known)) or 'the doors over HTTP are `http`, of MLLP the name of the connector'}"
        for name in named
        if name not in known
    ]
