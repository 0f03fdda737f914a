"""What operators see of the records that a connector acknowledged and set aside: how many, and why."""

from __future__ import annotations

import pytest

from hub.connectors import watch as watching
from hub.connectors.door import Receipt
from hub.connectors.watch import Watch
from hub.ops import metrics


def aside(**reasons: int) -> Receipt:
    receipt = Receipt()
    for reason, count in reasons.items():
        for _ in range(count):
            receipt.ignore(reason.replace("_", "-"))
    return receipt


class Log:
    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    def info(self, words: str, **fields: object) -> None:
        self.lines.append({"words": words, **fields})


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()
    monkeypatch.setattr(watching, "log", made)
    return made


def test_what_is_set_aside_is_counted_by_reason_in_the_metric_and_on_the_page(log: Log) -> None:
    watch = Watch("aside-one")
    watch.settled("t", aside(not_a_lab_report=2, not_covid=1))
    watch.settled("t", aside(not_covid=1))
    assert dict(watch.ignored) == {"not-a-lab-report": 2, "not-covid": 2}
    assert watch.counts["ignored"] == 4
    shown = metrics.render().decode()
    assert 'hub_connector_ignored_total{connector="aside-one",reason="not-a-lab-report"} 2.0' in shown


def test_social_20_each_refusal_of_what_may_not_be_held_is_counted_without_identity(log: Log) -> None:
    receipt = Receipt()
    for _ in range(3):
        receipt.stop("victim-service-provider")
    Watch("stops-one").settled("t", receipt)
    shown = metrics.render().decode()
    assert 'hub_hard_stops_total{connector="stops-one",reason="victim-service-provider"} 3.0' in shown


def test_a_reason_that_is_no_code_never_becomes_a_label(log: Log) -> None:
    Watch("aside-two").settled("t", aside(**{"Ann Example": 1}))
    shown = metrics.render().decode()
    assert "Ann Example" not in shown
    assert 'hub_connector_ignored_total{connector="aside-two",reason="other"} 1.0' in shown


def test_each_reason_is_logged_at_once_and_then_now_and_then(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(watching, "monotonic", lambda: now[0])
    watch = Watch("aside-three")
    for _ in range(3):
        watch.settled("t", aside(not_covid=2))
    watch.settled("t", aside(not_a_lab_report=1))
    now[0] += watching.ASIDE_TOLD_EVERY_S
    watch.settled("t", aside(not_covid=1))
    told = [(line["reason"], line["count"]) for line in log.lines if "set aside" in str(line["words"])]
    assert told == [("not-covid", 2), ("not-a-lab-report", 1), ("not-covid", 5)]
