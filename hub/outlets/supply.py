"""Vaccine supply against doses given, live: the second thing that the process of the measures says.

In: `hub.intake.vaccine-supply.v1`, whole from its beginning and as it grows; the totals of doses seen, which stand on the tally
topic beside those of the measures. Out: `hub.equity.supply.v1`, compacted by line: what differs from what was said, and a tombstone
for a line that stands no more. The same pure code as `hub preview`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hub.domain.events import VaccineSupply
from hub.domain.ids import content_hash
from hub.domain.supply import SEEN, SEEN_OF, SupplyMeasure, supply_measures
from hub.domain.supply_counts import Counted, Provider, SupplyBoard
from hub.errors import Reject
from hub.outlets.wire import ReadRecord, Said, Wire, decoded

__all__ = ["SupplyDesk", "supply_said_before"]


class SupplyDesk:
    """Supply as read so far and its lines as last published. `intake` and `topic`: where supply comes in and lines go out. `said`:
    what the lines' topic says at the start, by key; None stands for something that cannot be read any more."""

    def __init__(
        self, intake: str, topic: str, wire: Wire, said: Mapping[str, SupplyMeasure | None] | None = None
    ) -> None:
        self.intake, self._topic, self._wire = intake, topic, wire
        self._board = SupplyBoard()
        self._counted: dict[Provider, Counted] | None = None
        self._said = dict(said or {})

    def put(self, record: ReadRecord) -> None:
        """Take a record of the intake topic; Reject when it is no supply."""
        assert record.value is not None
        try:
            event = VaccineSupply.model_validate(decoded(self._wire, record.value, VaccineSupply), strict=False)
        except ValueError:
            raise Reject("invalid-event", "validate") from None
        if self._board.put(event):
            self._counted = None

    def changed(self, totals: Mapping[str, int], versions: Callable[[], Mapping[tuple[str, int], int]]) -> list[Said]:
        """What must be said now, tombstones included; it counts as said from now on. `totals`: people by stratum; `versions`: of
        the partial totals behind them, asked for only where there is news."""
        if self._counted is None:
            self._counted = self._board.counted()
        now = {line.key: line for line in supply_measures(self._counted, totals)}
        news: dict[str, SupplyMeasure | None] = {key: line for key, line in now.items() if self._said.get(key) != line}
        news.update(dict.fromkeys(self._said.keys() - now.keys()))
        rests_on = self._rests_on(versions()) if news else ""
        self._said = dict(now)
        return [
            Said(
                self._topic,
                key.encode(),
                None if line is None else self._wire.encode(self._topic, line),
                content_hash(key, rests_on, line.model_dump_json() if line else ""),
            )
            for key, line in sorted(news.items())
        ]

    def _rests_on(self, versions: Mapping[tuple[str, int], int]) -> str:
        """The versions of everything the lines rest on: it differs with each change, also one back to what was."""
        told = (f"{SEEN}|", f"{SEEN_OF}|")
        seen = [f"{stratum}#{part}@{v}" for (stratum, part), v in versions.items() if stratum.startswith(told)]
        return content_hash(self._board.state(), *sorted(seen))


def supply_said_before(records: Iterable[tuple[bytes, bytes]], wire: Wire) -> dict[str, SupplyMeasure | None]:
    """The lines that stand on their topic, out of its (key, value) pairs."""
    return {key.decode("utf-8", "replace"): _line(value, wire) for key, value in records}


def _line(value: bytes, wire: Wire) -> SupplyMeasure | None:
    try:
        return SupplyMeasure.model_validate(decoded(wire, value, SupplyMeasure), strict=False)
    except (Reject, ValueError):
        return None
