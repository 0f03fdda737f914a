"""Supply against doses given, live: the same lines as in preview, said once, taken back when nothing stands behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import pytest

from hub.bus.consumer import Incoming
from hub.domain.supply import SupplyMeasure
from hub.domain.tallies import Tally
from hub.outlets import measures as outlet
from hub.outlets.supply import SupplyDesk
from tests.domain.test_supply import W2, lines, told
from tests.outlets.pretend import Log, run_desk

TALLIES, INTAKE, SUPPLY = "tallies", "intake", "supply"
SEEN = "dose-seen|4512|provider|1"
DELIVERED = told("a", doses_delivered=300, county="47065")


@pytest.fixture(autouse=True)
def no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "SETTLE_S", 0.0)


def run(log: Log, *steps: Callable[[], Iterable[Incoming]]) -> None:
    """One life of the role over what stands on the log."""
    desk = SupplyDesk(INTAKE, SUPPLY, log.wire, log.standing(SUPPLY, SupplyMeasure))
    run_desk(log, desk, (TALLIES, INTAKE), *steps)


def seen(log: Log, count: int, version: int, partition: int = 0) -> Incoming:
    tally = Tally(stratum=SEEN, partition=partition, count=count, version=version)
    return log.put(TALLIES, tally.key, tally)


def shown(log: Log) -> dict[str, SupplyMeasure]:
    return log.shown(SUPPLY, SupplyMeasure)


def nothing() -> list[Incoming]:
    return []


def test_the_lines_are_those_of_the_batch_whatever_comes_first() -> None:
    log = Log()
    seen(log, 100, 1)
    later = told("b", days=W2, doses_delivered=50)
    run(
        log,
        lambda: [log.put(INTAKE, "s", DELIVERED)],
        lambda: [log.put(INTAKE, "s", later), seen(log, 80, 1, partition=1)],
    )
    assert shown(log) == lines([later, DELIVERED], {SEEN: 180})
    assert shown(log)["provider|4512"].unused == 350 - 180


def test_a_repeat_says_nothing_and_neither_does_a_restart() -> None:
    log = Log()
    log.put(INTAKE, "s", DELIVERED)
    seen(log, 100, 1)
    run(log, nothing)
    said = len(log.said)
    assert said == 6  # provider, county and all counties: of all products, and of the one
    run(log, lambda: [log.put(INTAKE, "s", DELIVERED)], nothing)
    assert len(log.said) == said


def test_a_line_without_any_ground_is_taken_back() -> None:
    log = Log()
    log.put(INTAKE, "s", DELIVERED)
    run(log, lambda: [log.put(INTAKE, "s", told("a", 2, active=False))])
    assert log.latest(SUPPLY) == {}
    run(log, nothing)
    assert log.latest(SUPPLY) == {}


def test_a_change_back_to_what_it_was_has_an_id_of_its_own() -> None:
    log = Log()
    log.put(INTAKE, "s", DELIVERED)
    run(log, lambda: [seen(log, 7, 1)], lambda: [seen(log, 0, 2)], lambda: [seen(log, 7, 3)])
    ids = [said.identity for said in log.said if said.key == b"provider|4512"]
    assert len(ids) == 4
    assert len(set(ids)) == 4


def test_what_is_no_supply_is_set_aside_and_the_rest_goes_on() -> None:
    log = Log()
    log.put(INTAKE, "s", b"junk")
    log.put(INTAKE, "s", DELIVERED)
    run(log, nothing)
    assert log.letters == [(INTAKE, 0, "undecodable")]
    assert shown(log)["area|47065"].delivered == 300


def test_the_days_that_are_counted_are_told() -> None:
    log = Log()
    log.put(INTAKE, "s", DELIVERED)
    run(log, nothing)
    line = shown(log)["area|all"]
    assert (line.first, line.last) == (date(2021, 2, 1), date(2021, 2, 7))
