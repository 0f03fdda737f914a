"""What a connector is while it runs, what it should be, and how it shows itself: the words between its files and the fleet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from hub.connectors.door import Door
from hub.connectors.intake import Intake
from hub.connectors.watch import Watch

__all__ = ["Order", "Running", "Shown", "Version"]


@dataclass(frozen=True)
class Running:
    """One connector, built."""

    door: Door
    intake: Intake
    watch: Watch


class Version(NamedTuple):
    """One way a connector can be: `key` is a fingerprint of all that it is made of, `source` and `facts` are its maker's own.

    `make` gives it with nothing opened yet; ConfigError when it cannot be, RetryError when that cannot be said now.
    """

    key: str
    make: Callable[[Watch], Awaitable[Running]]
    source: Any = None
    facts: Mapping[str, Any] = {}


class Order(NamedTuple):
    """What a connector should be. `off`: reason code for taking nothing in, with `detail` in words; else the versions to try.

    `complaint`: why what its owner wrote last is none of them.
    """

    versions: tuple[Version, ...] = ()
    complaint: str = ""
    off: str = ""
    detail: str = ""


class Shown(NamedTuple):
    """How a connector is now. `why` is a code, `detail` its words; `stale`: why it does not run as its newest files say; `again_s`:
    in so many seconds what would not start is tried again by itself, None where nothing waits for that."""

    name: str
    state: str
    why: str
    detail: str
    stale: str
    watch: Watch
    version: Version | None
    again_s: float | None = None
