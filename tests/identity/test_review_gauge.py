"""How many wait, counted beside the worker."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

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
    with closing(ReviewGauge(places.of(tmp_path))):
        pause = threading.Event()
        for _ in range(600):
            if REGISTRY.get_sample_value("hub_reviews_waiting") == 2.0:
                return
            pause.wait(0.1)
    raise AssertionError("nobody was counted")


def test_a_registry_that_is_not_there_is_left_to_the_worker_to_complain_of(tmp_path: Path) -> None:
    ReviewGauge(tmp_path / "absent" / "identity.sqlite").close()
    assert not (tmp_path / "absent").exists()
