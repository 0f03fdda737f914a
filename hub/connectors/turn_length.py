"""How long a turn of the intake loop may be, and how long those rest who send ahead, so that who waits for each answer hardly feels
them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from hub.connectors.door import TakesTurns

__all__ = ["LATE_COMERS", "reading_s", "rest", "rest_s"]

TURN_S = 0.0005
"""Of reading, where some senders wait for each answer while others send ahead: sealing and encoding take half as long again, and
then the next is heard."""
LONG_TURN_S = 0.015
"""The same while all send alike: all ahead, for throughput, or all one by one, and a turn holds one of each."""
LATE_COMERS = 16
"""That many may join a turn that began long, before senders who wait for each answer were there."""
RESTS = 0.5
"""Times its own length, after a turn of senders who send ahead beside others who wait: what that turn asked of the broker and the
machine is under way before the next. Longer ones cost the flood much and helped nobody: what helps who waits is that no turn of a
flood begins while a message of theirs is worked on (hub.connectors.turns)."""
LONGEST_REST_S = 0.002
"""Most of a longer turn was waiting for the disk."""


def reading_s(door: TakesTurns | None) -> float:
    """How long one turn may read; None is a door that takes no turns."""
    if door is None:
        return inf
    return TURN_S if door.mixed() else LONG_TURN_S


def rest_s(turn_s: float) -> float:
    """How long senders who send ahead beside others who wait have no turn, after one that took so long."""
    return min(RESTS * turn_s, LONGEST_REST_S)


async def rest(door: TakesTurns, left: Sequence[str], turn_s: float) -> None:
    """Between two turns of units that need several: `left` are the lanes of those not read to their end."""
    if left and door.mixed() and all(door.sends_ahead(lane) for lane in left):
        await door.rest(rest_s(turn_s))
