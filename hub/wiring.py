"""The one place that joins rooms: what each role of `hub run ROLE` is made of.

Each role serves /metrics, /livez and /readyz, drains on SIGTERM, and ends with the exit codes of hub.errors.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable

from hub.config import ROLES, Settings
from hub.errors import ConfigError
from hub.ops.logs import configure
from hub.wiring_tables import use_own_tables

__all__ = ["collect_seldom", "run_role"]

_ROLES = {
    "registry": "hub.wiring_bus:run_registry",
    "connectors": "hub.wiring_intake:run",
    "identify": "hub.identity.role:run",
    "streams": "hub.wiring_streams:run",
    "measures": "hub.wiring_outlets:run_measures_role",
    "delivery": "hub.wiring_delivery:run",
    "clock": "hub.wiring_outlets:run_clock_role",
}
assert set(_ROLES) == set(ROLES)
_GARBAGE_AFTER = 20_000  # objects


def run_role(role: str, settings: Settings) -> None:
    """Run one role until SIGTERM. ConfigError, RetryError and FatalError end it; the caller turns them into exit codes."""
    if role not in _ROLES:
        raise ConfigError(f"there is no role {role}: known are {', '.join(ROLES)}")
    configure(role)
    module, _, name = _ROLES[role].partition(":")
    run: Callable[[Settings], None] = getattr(importlib.import_module(module), name)
    use_own_tables(settings.instance)
    collect_seldom()
    run(settings)


def collect_seldom() -> None:
    """Look for cyclic garbage after every 20,000 objects in place of every 700, and never among what was imported: records make
    many objects and no cycles, and looking took a twentieth of the work of a message."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER, 10, 10)
