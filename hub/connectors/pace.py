"""How senders send: one by one, waiting for each answer, or ahead. Who sends ahead asks for throughput, who waits for each answer
feels every moment; only where both are there must turns be short.
"""

from __future__ import annotations

__all__ = ["AHEAD_S", "ONE_BY_ONE_S", "Pace"]

AHEAD_S = 1.0
"""Who has not sent ahead for so long does not do so any more."""
ONE_BY_ONE_S = 30.0
"""Who waits for each answer is reckoned with for so long: many send a message now and then."""


class Pace:
    """Of the connections (`lane`) of one door. Times are seconds of one clock that only rises."""

    def __init__(self) -> None:
        self._ahead: dict[str, float] = {}  # lane → when it last had more than one message unanswered, oldest first
        self._one_by_one: dict[str, float] = {}  # every other lane → when it last sent

    def heard(self, lane: str, unanswered: int, now: float) -> bool:
        """`lane` sent a message and waits for so many answers, this one's among them: whether it sends ahead."""
        if unanswered > 1:
            self.left(lane)
            self._ahead[lane] = now
        elif now - self._ahead.get(lane, now - AHEAD_S) >= AHEAD_S:
            self.left(lane)
            self._one_by_one[lane] = now
        return lane in self._ahead

    def ahead(self, lane: str) -> bool:
        """Whether it was last heard to send ahead."""
        return lane in self._ahead

    def left(self, lane: str) -> None:
        """It is gone, if it was ever there."""
        self._ahead.pop(lane, None)
        self._one_by_one.pop(lane, None)

    def mixed(self, now: float) -> bool:
        """Whether some lately waited for each answer while others sent ahead."""
        return _within(AHEAD_S, self._ahead, now) and _within(ONE_BY_ONE_S, self._one_by_one, now)


def _within(seconds: float, lanes: dict[str, float], now: float) -> bool:
    newest = next(reversed(lanes.values()), None)
    return newest is not None and now - newest < seconds
