"""The ledger on a pretended log: no list is folded but the one that continues its partition."""

from __future__ import annotations

import random

import pytest

from hub.errors import FatalError
from hub.streams.ledger import LISTS_AHEAD, Hole, Ledger, Place, SourceList
from hub.streams.processor import Record

P0 = Place("source", 0)


def records(first: int, end: int) -> list[Record]:
    return [Record(b"k", b"v", offset, [], 0) for offset in range(first, end)]


def accepted(ledger: Ledger, first: int, end: int) -> SourceList:
    found = ledger.accept(P0, first, end, records(first, end))
    assert isinstance(found, SourceList)
    return found


def placed(at: int = 0) -> Ledger:
    ledger = Ledger()
    ledger.place(P0, at)
    return ledger


def test_nothing_is_accepted_while_the_position_is_unknown() -> None:
    assert Ledger().accept(P0, 0, 10, records(0, 10)) is None


def test_a_list_that_starts_before_the_position_is_trimmed() -> None:
    found = accepted(placed(5), 0, 10)
    assert (found.start, found.end, [record.offset for record in found.records]) == (5, 10, [5, 6, 7, 8, 9])


def test_a_list_that_was_read_before_is_nothing_new() -> None:
    assert placed(10).accept(P0, 0, 10, records(0, 10)) is None


def test_a_list_behind_a_hole_is_not_accepted_and_the_position_stays() -> None:
    ledger = placed(5)
    assert ledger.accept(P0, 7, 10, records(7, 10)) == Hole(5, 7)
    assert ledger.position(P0) == 5


def test_holes_that_are_in_the_log_itself_are_none() -> None:
    ledger = placed(0)
    found = ledger.accept(P0, 0, 10, [Record(b"k", b"v", 9, [], 0)])
    assert isinstance(found, SourceList)
    assert ledger.position(P0) == 10


def test_a_stretch_of_log_without_records_moves_the_position_on() -> None:
    ledger = placed(0)
    assert isinstance(ledger.accept(P0, 0, 3, []), SourceList)
    assert ledger.position(P0) == 3


def test_only_so_many_lists_of_a_partition_are_under_way() -> None:
    ledger = placed()
    first = accepted(ledger, 0, 10)
    for n in range(1, LISTS_AHEAD):
        accepted(ledger, n * 10, n * 10 + 10)
    assert not ledger.has_room(P0)
    ledger.begin(first)
    ledger.finish(first)
    assert ledger.has_room(P0)


def test_a_queued_list_is_stale_after_a_suspension() -> None:
    ledger = placed()
    found = accepted(ledger, 0, 10)
    ledger.suspend()
    ledger.place(P0, 0)
    assert not ledger.is_current(found)


def test_a_list_in_the_fold_may_finish_and_be_committed_after_a_suspension() -> None:
    ledger = placed()
    found = accepted(ledger, 0, 10)
    ledger.begin(found)
    ledger.suspend()
    ledger.finish(found)
    assert ledger.committable() == {P0: 10}
    ledger.forget()
    assert ledger.committable() == {}


def test_a_list_that_skips_one_is_refused_before_the_fold() -> None:
    ledger = placed()
    accepted(ledger, 0, 10)
    second = accepted(ledger, 10, 20)
    with pytest.raises(FatalError, match="hole-before-fold"):
        ledger.begin(second)


def test_a_list_cannot_finish_before_the_one_it_follows() -> None:
    ledger = placed()
    first, second = accepted(ledger, 0, 10), accepted(ledger, 10, 20)
    ledger.begin(first)
    ledger.begin(second)
    with pytest.raises(FatalError, match="hole-before-commit"):
        ledger.finish(second)


def test_only_what_is_finished_is_committable_and_only_once() -> None:
    ledger = placed()
    found = accepted(ledger, 0, 10)
    ledger.begin(found)
    assert ledger.committable() == {}
    ledger.finish(found)
    ledger.committed({P0: 10})
    assert ledger.committable() == {}


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_fetched_dropped_and_suspended_each_record_is_folded_and_none_is_skipped(seed: int) -> None:
    dice, ledger, end = random.Random(seed), Ledger(), 300
    cursor, committed, folded, queue = 0, 0, list[int](), list[SourceList]()
    ledger.place(P0, 0)
    while committed < end:
        move = dice.random()
        if (
            move < 0.1
        ):  # a rebalance: what is finished may be committed, the queue is dropped, reading starts at the commit
            ledger.suspend()
            if dice.random() < 0.5:
                committed = ledger.committable().get(P0, committed)
            ledger.forget()
            queue.clear() if dice.random() < 0.5 else None
            ledger.place(P0, committed)
            cursor = max(0, committed - dice.randrange(3)) if dice.random() < 0.8 else committed + dice.randrange(20)
        elif move < 0.6:  # a fetch, perhaps dropped on its way
            upto = min(end, cursor + dice.randrange(1, 30))
            if dice.random() < 0.8 and ledger.has_room(P0):
                found = ledger.accept(P0, cursor, upto, records(cursor, upto))
                if isinstance(found, Hole):
                    upto = found.wanted
                elif found is not None:
                    queue.append(found)
            cursor = upto if dice.random() < 0.9 else max(0, upto - 5)
        elif queue:
            found = queue.pop(0)
            if ledger.is_current(found):
                ledger.begin(found)
                folded.extend(record.offset for record in found.records)
                ledger.finish(found)
        elif dice.random() < 0.5:
            offsets = ledger.committable()
            ledger.committed(offsets)
            committed = offsets.get(P0, committed)
    for before, after in zip([-1, *folded], folded, strict=False):
        assert after <= before + 1, f"skipped from {before} to {after}"
    assert set(folded) == set(range(end))
