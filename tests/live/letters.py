"""The dead letters of a stack, from a moment on."""

from __future__ import annotations

from typing import Any

from hub.bus.consumer import Incoming
from hub.bus.dead_letter import REJECTED_TOPIC, STREAM_REJECTED_TOPIC
from tests.live.town import Town

__all__ = ["Letters"]


class Letters:
    """The dead letters that came since it was made."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._before = {_place(r) for topic in (REJECTED_TOPIC, STREAM_REJECTED_TOPIC) for r in town.records(topic)}

    def of(self, topic: str) -> list[dict[str, Any]]:
        new = [record for record in self._town.records(topic) if _place(record) not in self._before]
        return [self._town.codec.decode_dict(record.value)[1] for record in new]

    def wait(self, topic: str) -> list[dict[str, Any]]:
        """As soon as there is one."""
        while not (found := self.of(topic)):
            assert not self._town.stack.failures()
        return found


def _place(record: Incoming) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
