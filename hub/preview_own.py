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
_UNTRIED = (
    "it is of no format that the hub knows by itself, and these were not tried, for want of an agreement in force "
    "(`hub connector agree NAME`; --instance DIR takes those of an installation):"
)


def own_connectors(connectors: Iterable[Connector]) -> list[Connector]:
    """Those that somebody declared here, by a map, and did not switch off."""
    return [
        each for each in connectors
        if each.declared is not None and each.enabled and each.folder is not None and each.folder.parent != SHIPPED
    ]  # fmt: skip


def claimed(
    path: Path, own: Iterable[Connector], agreement_of: Callable[[Connector], IntakeAgreement]
) -> tuple[str | None, str]:
    """(connector, ""); or (None, why not), "" where no connector makes an event of it. Where none does, those that could not be
    tried for want of an agreement are named: it may be theirs."""
    made: dict[str, int] = {}
    untried: list[str] = []
    for connector in own:
        try:
            agreement = agreement_of(connector)
        except (HubError, OSError):
            untried.append(connector.name)
            continue
        try:
            first = islice(outcomes(connector, agreement, OFFLINE_IDS, path), _LOOKED_AT)
            if events := sum(mapped.event is not None for mapped in first):
                made[connector.name] = events
        except (HubError, OSError):
            continue  # not its file
    most = max(made.values(), default=0)
    names = sorted(name for name, events in made.items() if events == most)
    if len(names) > 1:
        return None, f"{' and '.join(names)} both read it: name one in hub-preview.yaml"
    if names:
        return names[0], ""
    return None, f"{_UNTRIED} {', '.join(sorted(untried))}" if untried else ""
