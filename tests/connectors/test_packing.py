"""What the packer reads in the time of one turn, and how originals go with their records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

import pytest

from hub.connectors.door import Receipt, Unit
from hub.connectors.originals import ToKeep
from hub.connectors.packing import Outgoing, Packer
from hub.domain.events import PersonBlock
from hub.errors import Reject
from tests.connectors.pretend import Agreed, PretendPack, Record, read, unit, values


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


@pytest.mark.parametrize(("kept", "asked"), [(True, ["ann", "bob"]), (False, ["ann"])])
def test_without_originals_keys_are_asked_for_only_of_whom_a_person_block_is_sealed(
    kept: bool, asked: list[str]
) -> None:
    def one_of_two_with_a_block(unit: Unit) -> Iterator[Record]:
        ann, bob = read(unit)
        assert ann.event is not None
        yield replace(ann, event=ann.event.model_copy(update={"person": PersonBlock(given_name="Ann")}))
        yield bob

    agreed, pack = Agreed(), PretendPack()
    agreed.keep_originals = kept
    packer = Packer(one_of_two_with_a_block, agreed, pack)
    assert len(packer.chunk([packer.begin(Handed(unit("ann:1", "bob:2")))]).outgoing) == (4 if kept else 2)
    assert pack.prepared == [asked]


class OneSpoils(PretendPack):
    """Cannot write the original of `odd:…`, alone or among others."""

    def originals(self, rows: Sequence[ToKeep]) -> list[Outgoing]:
        if any(row.raw.startswith(b"odd") for row in rows):
            raise ZeroDivisionError("a bug of ours")
        return super().originals(rows)


def test_whose_original_cannot_be_written_is_a_dead_letter_alone_and_its_neighbours_go_on() -> None:
    packer = Packer(read, Agreed(), OneSpoils())
    job = packer.begin(Handed(unit("ann:1", "odd:2", "cid:3")))
    outgoing = packer.chunk([job]).outgoing
    assert [key for topic, key, *_ in outgoing if topic == "event"] == [b"ann", b"cid"]
    assert values(outgoing, "original") == [b"ann:1", b"cid:3"]
    assert values(outgoing, "dead") == [b"odd:2"]
    assert job.receipt.events.total() == 2
    assert job.receipt.rejected == {"mapping-error": 1}


def test_originals_of_units_that_are_read_together_go_together() -> None:
    asked: list[int] = []

    class Noting(PretendPack):
        def originals(self, rows: Sequence[ToKeep]) -> list[Outgoing]:
            asked.append(len(rows))
            return super().originals(rows)

    packer = Packer(read, Agreed(), Noting())
    jobs = [packer.begin(Handed(unit(line, name=line), lane=line)) for line in ("ann:1", "bob:2", "cid:3")]
    chunk = packer.chunk(jobs)
    assert asked == [3]
    assert values(chunk.outgoing, "original") == [b"ann:1", b"bob:2", b"cid:3"]
    assert chunk.lanes == {"ann:1", "bob:2", "cid:3"}
    assert [job.receipt.events.total() for job in jobs] == [1, 1, 1]


def test_an_original_that_cannot_be_written_spoils_no_other_unit_not_even_one_that_is_alike() -> None:
    packer = Packer(read, Agreed(), SecondSpoils())
    jobs = [packer.begin(Handed(unit("ann:1"))) for _ in range(3)]
    outgoing = packer.chunk(jobs).outgoing
    assert [job.receipt.events.total() for job in jobs] == [1, 0, 1]
    assert [job.receipt.rejected.total() for job in jobs] == [0, 1, 0]
    assert values(outgoing, "original") == [b"ann:1", b"ann:1"]
    assert values(outgoing, "dead") == [b"ann:1"]


class SecondSpoils(PretendPack):
    """Cannot write several together, and of those that it is asked for alone not the second."""

    def __init__(self) -> None:
        super().__init__()
        self.alone = 0

    def originals(self, rows: Sequence[ToKeep]) -> list[Outgoing]:
        self.alone += len(rows) == 1
        if len(rows) > 1 or self.alone == 2:
            raise ZeroDivisionError("a bug of ours")
        return super().originals(rows)


def _each_thrice(unit: Unit) -> Iterator[Record]:
    """Three events of every record."""
    for record in read(unit):
        yield from (record,) * 3


@pytest.mark.parametrize("seconds", [inf, -1.0], ids=["in-one-turn", "in-several"])
def test_all_events_of_one_record_share_the_fate_of_its_original(seconds: float) -> None:
    packer = Packer(_each_thrice, Agreed(), OneSpoils())
    job = packer.begin(Handed(unit("odd:1", "ann:2")))
    outgoing: list[Outgoing] = []
    while job.records is not None:
        outgoing += packer.chunk([job], seconds).outgoing
    assert [key for topic, key, *_ in outgoing if topic == "event"] == [b"ann"] * 3
    assert values(outgoing, "original") == [b"ann:2"]
    assert values(outgoing, "dead") == [b"odd:1"] * 3, "the same letter each time"


def test_a_large_original_goes_with_its_own_record_and_no_event_without_it() -> None:
    packer = Packer(read, Agreed(), TooLarge())
    job = packer.begin(Handed(unit("ann:1", "bob:" + "2" * 100_000, "cid:3")))
    outgoing = packer.chunk([job]).outgoing
    assert [key for topic, key, *_ in outgoing if topic == "event"] == [b"ann", b"cid"]
    assert values(outgoing, "dead") == [None]
    assert values(outgoing, "original") == [b"ann:1", b"cid:3"]


class TooLarge(PretendPack):
    """A broker that takes no large original."""

    def originals(self, rows: Sequence[ToKeep]) -> list[Outgoing]:
        if any(len(row.raw) > 1_000 for row in rows):
            raise Reject("too-large", "encode")
        return super().originals(rows)
