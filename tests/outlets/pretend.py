"""A bus in memory for the outlets: compacted topics, readable to their end or followed, that can refuse to confirm."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hub.bus.consumer import Incoming
from hub.domain.events import Model
from hub.domain.measures import Denominators
from hub.errors import Reject, RetryError
from hub.outlets.desk import Desk, standing
from hub.outlets.measures import MeasureBoard, MeasurePorts, run_measures
from hub.outlets.wire import ReadRecord, Said

__all__ = ["Log", "PickleWire", "Rounds", "run_desk"]


L = TypeVar("L", bound=Model)


class PickleWire:
    """Bytes of (kind, fields); anything else cannot be read."""

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        try:
            kind, fields = pickle.loads(value)
        except (pickle.UnpicklingError, EOFError):
            raise Reject("undecodable", "decode") from None
        return kind, fields

    def encode(self, topic: str, model: Model) -> bytes:
        return pickle.dumps((model.kind, model.model_dump()))  # type: ignore[attr-defined]


@dataclass
class Log:
    """Topics of one partition each. `broken`: no send is confirmed."""

    wire: PickleWire = field(default_factory=PickleWire)
    records: dict[str, list[Incoming]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    letters: list[tuple[str, int, str]] = field(default_factory=list)
    broken: bool = False

    def put(self, topic: str, key: str, value: Model | bytes | None, identity: str = "") -> Incoming:
        """Append a record."""
        data = self.wire.encode(topic, value) if isinstance(value, Model) else value
        records = self.records.setdefault(topic, [])
        headers = (("ce_id", identity.encode()),)
        records.append(Incoming(topic, 0, len(records), key.encode(), data, headers, 0))
        return records[-1]

    def send(self, says: Sequence[Said]) -> None:
        """hub.outlets.wire.Send."""
        if self.broken:
            raise RetryError("not-delivered")
        for said in says:
            self.said.append(said)
            self.put(said.topic, said.key.decode(), said.value, said.identity)

    def set_aside(self, record: ReadRecord, why: Reject) -> None:
        """hub.outlets.wire.SetAside."""
        self.letters.append((record.topic, record.offset, why.reason))

    def whole(self, topic: str) -> list[Incoming]:
        """The topic to its end."""
        return list(self.records.get(topic, []))

    def standing(self, topic: str, model: type[L]) -> dict[str, L | None]:
        """What the compacted topic says at the start of an outlet."""
        return standing(((key, record.value or b"") for key, record in self.latest(topic).items()), self.wire, model)

    def shown(self, topic: str, model: type[L]) -> dict[str, L]:
        """The lines that stand on the compacted topic."""
        return {
            key.decode(): model.model_validate(self.wire.decode(record.value or b"")[1])
            for key, record in self.latest(topic).items()
        }

    def latest(self, topic: str) -> dict[bytes, Incoming]:
        """What the compacted topic says."""
        newest = {record.key: record for record in self.whole(topic) if record.key is not None}
        return {key: record for key, record in newest.items() if record.value is not None}


class Rounds:
    """Steps of an outlet's loop, one for each read; then it is asked to stop."""

    def __init__(self, *steps: Callable[[], Iterable[Incoming]]) -> None:
        self._steps = list(steps)
        self.beats = 0

    def read(self) -> list[Incoming]:
        return list(self._steps.pop(0)())

    def stop(self) -> bool:
        return not self._steps

    def beat(self) -> None:
        self.beats += 1


def run_desk(log: Log, desk: Desk, inputs: Sequence[str], *steps: Callable[[], Iterable[Incoming]]) -> None:
    """One life of the role of the measures with this desk, over what stands on the log's `inputs`."""
    rounds = Rounds(*steps)

    def whole() -> list[Incoming]:
        return [record for topic in inputs for record in log.whole(topic)]

    ports = MeasurePorts(whole, rounds.read, log.send, log.set_aside, lambda: None)
    run_measures(ports, log.wire, MeasureBoard(Denominators({}, "none")), "measures", rounds.stop, rounds.beat, [desk])
