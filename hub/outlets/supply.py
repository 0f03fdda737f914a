"""Vaccine supply against doses given, live: a desk in the process of the measures.

In: `hub.intake.vaccine-supply.v1`, whole from its beginning and as it grows; the totals of doses seen, which stand on the tally
topic beside those of the measures. Out: `hub.equity.supply.v1`, compacted by line. The same pure code as `hub preview`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.domain.events import VaccineSupply
from hub.domain.supply import SEEN, SEEN_OF, SupplyMeasure, supply_measures
from hub.domain.supply_counts import Counted, Provider, SupplyBoard
from hub.outlets.desk import Standing, Versions, ground
from hub.outlets.wire import ReadRecord, Said, Wire, validated

__all__ = ["SupplyDesk"]


class SupplyDesk:
    """hub.outlets.desk.Desk of supply. `intake` and `topic`: where supply comes in and lines go out. `said`: what the lines' topic
    says at the start (hub.outlets.desk.standing)."""

    def __init__(
        self, intake: str, topic: str, wire: Wire, said: Mapping[str, SupplyMeasure | None] | None = None
    ) -> None:
        self.intakes, self._wire = (intake,), wire
        self._board = SupplyBoard()
        self._counted: dict[Provider, Counted] | None = None
        self._lines = Standing[SupplyMeasure](topic, wire, said)

    def put(self, record: ReadRecord) -> None:
        """Take a record of the intake topic; Reject when it is no supply."""
        assert record.value is not None
        if self._board.put(validated(self._wire, record.value, VaccineSupply)):
            self._counted = None

    def changed(self, totals: Mapping[str, int], versions: Callable[[], Versions]) -> list[Said]:
        """The lines that differ from what was said."""
        if self._counted is None:
            self._counted = self._board.counted()
        now = {line.key: line for line in supply_measures(self._counted, totals)}
        return self._lines.news(now, lambda: ground([self._board.state()], versions(), (SEEN, SEEN_OF)))
