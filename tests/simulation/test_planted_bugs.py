"""T24: the simulation catches the four classic mistakes; a check that cannot fail proves nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

import hub.domain.history as history
from hub.domain.history import SubHistory
from hub.streams.join import JoinProcessor
from hub.streams.processor import Effects
from tests.simulation import world as simulated
from tests.simulation.world import Log, Worker, found, make_world, run, truth

SEEDS = 60


def caught(make: Any = JoinProcessor) -> bool:
    """Whether some seed's end differs from the batch answer."""
    for seed in range(SEEDS):
        world = make_world(seed)
        expected = truth(world)
        try:
            if _is_wrong(run(world, seed, make=make), expected):
                return True
        except (AssertionError, ValueError):
            return True
    return False


def _is_wrong(log: Log, expected: Any) -> bool:
    try:
        return bool(found(log) != expected)
    except AssertionError:
        return True


def test_nothing_is_planted_and_nothing_is_caught() -> None:
    assert not caught()


def test_a_fold_without_dedup_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals = itertools.count()

    def keep_each_arrival(sub: SubHistory, fact_key: str, fact: Any) -> None:
        sub.facts[f"{fact_key}/{next(arrivals)}"] = fact

    plain: Callable[..., Any] = SubHistory.keep
    monkeypatch.setattr(SubHistory, "keep", keep_each_arrival)
    worlds = [(make_world(seed), seed) for seed in range(SEEDS)]
    wrong = 0
    for world, seed in worlds:
        with monkeypatch.context() as honest:
            honest.setattr(SubHistory, "keep", plain)
            expected = truth(world)
        wrong += _is_wrong(run(world, seed), expected)
    assert wrong


def test_committing_before_the_outputs_are_out_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver = Worker._deliver

    def commit_first(self: Worker, partition: int, effects: Effects, crash: bool) -> None:
        self.log.committed[partition] = len(self.log.person[partition])
        deliver(self, partition, effects, crash)

    monkeypatch.setattr(Worker, "_deliver", commit_first)
    assert caught()


class SkipsRepeats(JoinProcessor):
    """Says nothing where a record changed nothing: the first saying may never have left."""

    def fold(self, partition: int, records: Any, read: Any) -> Effects:
        before = {key: read(key) for key in {record.key for record in records}}
        effects = super().fold(partition, records, read)
        same = {
            key
            for key, value in before.items()
            if value is not None
            and key in effects.rows
            and (row := history.decode_row(value)).subs == history.decode_row(effects.rows[key]).subs
            and row.as_of == history.decode_row(effects.rows[key]).as_of
        }
        if same:
            effects.outputs = [output for output in effects.outputs if output.topic == "tallies"]
        return effects


def test_skipping_what_was_seen_before_is_caught() -> None:
    assert caught(SkipsRepeats)


def test_a_producer_with_another_partitioner_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = simulated.place
    calls = itertools.count()
    monkeypatch.setattr(
        simulated, "place", lambda key: honest(key) if next(calls) % 2 else len(key + b"!") % simulated.PARTITIONS
    )
    assert caught()
