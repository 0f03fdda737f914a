"""The benchmark of the fold: what it measures is checked, and a ratio is only as good as its lowest case."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from hub.bench.fold import Case, Log, Measurement, ratios, run


def measured(fold: str, keys: str, engine: str, rate: float, *, verified: bool = True) -> Measurement:
    return Measurement(fold, keys, engine, 1_000, 1.0, rate, verified)


def test_a_ratio_is_the_lowest_over_the_cases_of_a_fold() -> None:
    found = [
        measured("toy", "unique", "hub", 90), measured("toy", "unique", "stock", 10),
        measured("toy", "few", "hub", 70), measured("toy", "few", "stock", 10),
    ]  # fmt: skip
    toy = next(answer for answer in ratios(found) if answer["peer"] == "stock" and answer["fold"] == "toy")
    assert (toy["ratio"], toy["reached"]) == (7.0, False)


def test_a_rate_with_a_wrong_final_state_counts_for_nothing() -> None:
    found = [measured("toy", "few", "hub", 90, verified=False), measured("toy", "few", "stock", 1)]
    assert all(answer["ratio"] is None and not answer["reached"] for answer in ratios(found))


class Waking:
    """A broker that says `code` when it is first asked what a group has committed, and then that it is all."""

    def __init__(self, code: int) -> None:
        self.code, self.asked = code, 0

    def committed(self, places: Sequence[TopicPartition], timeout: float) -> list[TopicPartition]:
        self.asked += 1
        if self.asked == 1:
            raise KafkaException(KafkaError(self.code))
        return [TopicPartition(place.topic, place.partition, 10) for place in places]


def committed_of(broker: Waking, monkeypatch: pytest.MonkeyPatch) -> float:
    @contextmanager
    def consumer(*_: object) -> Iterator[Waking]:
        yield broker

    monkeypatch.setattr(Log, "_consumer", consumer)
    monkeypatch.setattr(Log, "ends", lambda *_: {0: 10})
    runs = cast("subprocess.Popen[bytes]", SimpleNamespace(poll=lambda: None))
    return Log.__new__(Log).until_committed("group", "topic", runs)


@pytest.mark.parametrize(
    "code",
    [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS],
)
def test_a_broker_that_has_just_begun_to_keep_groups_is_asked_again(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Waking(code)
    assert committed_of(broker, monkeypatch) > 0
    assert broker.asked == 2


def test_another_fault_of_the_broker_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KafkaException):
        committed_of(Waking(KafkaError.GROUP_AUTHORIZATION_FAILED), monkeypatch)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("case", [Case("toy", "few"), Case("real", "people")])
def test_hub_and_stock_faust_end_in_the_same_state(broker: Any, tmp_path: Path, case: Case) -> None:
    found = run(broker.bootstrap, tmp_path, records=3_000, stock_records=300, engines=("hub", "stock"), cases=(case,))
    assert [(m.engine, m.verified) for m in found] == [("hub", True), ("stock", True)]
