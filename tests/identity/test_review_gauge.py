"""How many wait, counted beside the worker."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest

from hub.identity import review_gauge
from hub.identity.database import Database
from hub.identity.review_gauge import ReviewGauge
from hub.identity.store import StoredEdge
from hub.ops import metrics
from hub.ops.metrics import REGISTRY
from tests.identity.conftest import Places
from tests.identity.test_reviews import opened, people


def test_who_waits_is_counted_beside_the_worker_that_has_the_registry_open(places: Places, tmp_path: Path) -> None:
    with opened(places, tmp_path) as (_, store):
        people(store, x="a", y="b", z="c")
        store.change_edges([], [StoredEdge("a", "b", 9.5, "review", None), StoredEdge("b", "c", 9.0, "review", None)])
    metrics.REVIEWS_WAITING.set(0)
    with closing(ReviewGauge(places.of(tmp_path), every_s=0.05)):
        wait_for(2.0)


def wait_for(count: float) -> None:
    pause = threading.Event()
    for _ in range(600):
        if REGISTRY.get_sample_value("hub_reviews_waiting") == count:
            return
        pause.wait(0.1)
    raise AssertionError("nobody was counted")


class Told:
    """A log, kept."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, dict[str, object]]] = []

    def warning(self, words: str, **more: object) -> None:
        self.warnings.append((words, more))


def test_a_count_that_failed_is_made_again_and_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Database(tmp_path / "identity.sqlite").close()
    failures = iter([ValueError("of Ana"), ValueError("of Ana")])

    def counted(_: object) -> int:
        for failure in failures:
            raise failure
        return 3

    monkeypatch.setattr(review_gauge, "count_waiting", counted)
    monkeypatch.setattr(review_gauge, "_log", told := Told())
    metrics.REVIEWS_WAITING.set(0)
    with closing(ReviewGauge(tmp_path / "identity.sqlite", every_s=0.01)):
        wait_for(3.0)
    ((words, more),) = told.warnings
    assert "not counted" in words
    assert more == {"error": "ValueError"}


def test_nobody_waits_for_a_count_that_does_not_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Database(tmp_path / "identity.sqlite").close()
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def counted(_: object) -> int:
        begun.set()
        go_on.wait()
        ended.set()
        return 0

    monkeypatch.setattr(review_gauge, "count_waiting", counted)
    gauge = ReviewGauge(tmp_path / "identity.sqlite", leave_s=0.01)
    assert begun.wait(60)
    gauge.close()
    assert not ended.is_set()
    go_on.set()
    gauge.close()
    assert ended.wait(60)


def test_a_registry_that_is_not_there_is_left_to_the_worker_to_complain_of(tmp_path: Path) -> None:
    ReviewGauge(tmp_path / "absent" / "identity.sqlite").close()
    assert not (tmp_path / "absent").exists()
