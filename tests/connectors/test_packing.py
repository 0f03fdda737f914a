"""What the packer reads in the time of one turn."""

from __future__ import annotations

from dataclasses import dataclass

from hub.connectors.door import Receipt, Unit
from hub.connectors.packing import Packer
from tests.connectors.pretend import Agreed, PretendPack, read, unit


@dataclass
class Handed:
    unit: Unit
    lane: str = "lane"
    fault: str | None = None

    async def ack(self, receipt: Receipt) -> None:
        """Nobody waits."""

    async def refuse(self, why: str) -> None:
        """Nobody waits."""


def test_a_single_message_is_done_in_the_turn_that_read_it_though_its_time_is_over() -> None:
    packer = Packer(read, Agreed(), PretendPack())
    jobs = [packer.begin(Handed(unit("one", name=name))) for name in ("a", "b")]
    packer.chunk(jobs, seconds=-1.0)
    assert [job.records is None for job in jobs] == [True, False]


def test_a_long_unit_is_left_when_the_time_is_over_and_goes_on_where_it_was() -> None:
    packer = Packer(read, Agreed(), PretendPack())
    job = packer.begin(Handed(unit("one", "two", "three", "four", "five")))
    sizes = []
    while job.records is not None:
        sizes.append(len(packer.chunk([job], seconds=-1.0).outgoing))
    assert sizes[0]
    assert sum(sizes) == len(packer.chunk([packer.begin(job.delivery)]).outgoing)
    assert len(sizes) > 1
