"""Which of an installation's own connectors a file is for, where nothing in it is of a format that the hub knows by itself.

Nobody can tell a pantry's CSV by its first bytes. So each connector with a map of its own reads the first records, as `hub
connector try` would; the file is for the one that makes the most events of them. Where two make as many, neither has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from hub.connectors.catalog import SHIPPED, Connector
from hub.domain.agreement import IntakeAgreement
from hub.errors import HubError
from hub.wiring_reading import OFFLINE_IDS, outcomes

__all__ = ["claimed", "own_connectors"]

_LOOKED_AT = 50


def own_connectors(connectors: Iterable[Connector]) -> list[Connector]:
    """Those that somebody declared here, by a map, and did not switch off."""
    return [
        each for each in connectors
        if each.declared is not None and each.enabled and each.folder is not None and each.folder.parent != SHIPPED
    ]  # fmt: skip


def claimed(
    path: Path, own: Iterable[Connector], agreement_of: Callable[[Connector], IntakeAgreement]
) -> tuple[str | None, str]:
    """(connector, ""); or (None, why not), "" where no connector makes an event of it."""
    made: dict[str, int] = {}
    for connector in own:
        try:
            first = islice(outcomes(connector, agreement_of(connector), OFFLINE_IDS, path), _LOOKED_AT)
            if events := sum(mapped.event is not None for mapped in first):
                made[connector.name] = events
        except (HubError, OSError):
            continue  # not its file, or no agreement that could be tried
    most = max(made.values(), default=0)
    names = sorted(name for name, events in made.items() if events == most)
    if len(names) > 1:
        return None, f"{' and '.join(names)} both read it: name one in hub-preview.yaml"
    return (names[0], "") if names else (None, "")
