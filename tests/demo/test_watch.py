"""The demo's eyes: a broker that goes away for a moment does not put them out, and nobody polls once they are shut."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

from hub.demo.watch import Watcher
from hub.errors import RetryError


def test_a_broker_that_was_away_is_asked_again() -> None:
    seen, polled = threading.Event(), list[str]()

    def poll() -> list[Any]:
        polled.append("asked")
        if len(polled) == 1:
            raise RetryError("consumer:_TRANSPORT")
        seen.set()
        return [SimpleNamespace(topic="needs", key=b"n", value=b"v")] if len(polled) == 2 else []

    fields = {"support": "food", "state": "open", "person_key": "p"}
    wire = cast(Any, SimpleNamespace(decode=lambda _: ("need", fields)))
    watcher = Watcher(poll, wire, "needs", "measures", "links").start()
    assert seen.wait(120)
    watcher.stop()
    assert watcher.needs() == {("food", "open"): 1}


def test_nobody_polls_once_it_has_stopped() -> None:
    polling, go_on = threading.Event(), threading.Event()
    under_way = list[str]()

    def poll() -> list[Any]:
        under_way.append("poll")
        polling.set()
        assert go_on.wait(120)
        under_way.clear()
        return []

    watcher = Watcher(poll, cast(Any, None), "needs", "measures", "links").start()
    assert polling.wait(120)
    stopping = threading.Thread(target=watcher.stop)
    stopping.start()
    go_on.set()
    stopping.join()
    assert not under_way


def test_coverage_is_of_groups_by_race_and_of_no_other_view() -> None:
    """Measures also say of how many people race is known: that is no group, and stood among them as the best covered."""
    told = [("race_ethnicity", "asian", 0.4), ("race-told", "known", 0.9), ("race_ethnicity", "white", 0.5)]
    rows = [{"area": "all", "dimension": view, "group": group, "estimate": share} for view, group, share in told]
    seen = threading.Event()

    def poll() -> list[Any]:
        if not rows:
            seen.set()
            return []
        return [SimpleNamespace(topic="measures", key=rows[-1]["group"], value=rows.pop())]

    wire = cast(Any, SimpleNamespace(decode=lambda fields: ("measure", fields)))
    watcher = Watcher(poll, wire, "needs", "measures", "links").start()
    assert seen.wait(120)
    watcher.stop()
    assert [row["group"] for row in watcher.coverage()] == ["white", "asian"]
