"""Free beds tonight, live: the same rows as in preview, said once, of the day that the clock ticks, taken back with their site."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest

from hub.bus.consumer import Incoming
from hub.domain.capacity import FreeBeds, SiteBoard
from hub.domain.events import Site
from hub.domain.person_events import Tick
from hub.domain.tallies import Tally
from hub.ops.metrics import render
from hub.outlets import measures as outlet
from hub.outlets.beds import BedsDesk
from tests.domain.test_capacity import NIGHT, site
from tests.outlets.pretend import Log, run_desk

TALLIES, INTAKE, CLOCK, BEDS = "tallies", "intake", "clock", "beds"
PRESENT, LAST_SEEN = "present|s1|site|congregate", "last-seen|s1|site|congregate"


@pytest.fixture(autouse=True)
def no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "SETTLE_S", 0.0)


def run(log: Log, *steps: Callable[[], Iterable[Incoming]], night: date | None = NIGHT) -> None:
    """One life of the role, in one night, over what stands on the log."""
    if night is not None:
        log.put(CLOCK, "t", Tick(as_of=night))
    desk = BedsDesk(INTAKE, CLOCK, BEDS, log.wire, log.standing(BEDS, FreeBeds))
    run_desk(log, desk, (TALLIES, INTAKE, CLOCK), *steps)


def counted(log: Log, stratum: str, count: int, version: int, partition: int = 0) -> Incoming:
    tally = Tally(stratum=stratum, partition=partition, count=count, version=version)
    return log.put(TALLIES, tally.key, tally)


def shown(log: Log) -> dict[str, FreeBeds]:
    return log.shown(BEDS, FreeBeds)


def batch(sites: Iterable[Site], totals: dict[str, int], night: date = NIGHT) -> dict[str, FreeBeds]:
    board = SiteBoard()
    for each in sites:
        board.put(each)
    return {row.site: row for row in board.free_beds(totals, night)}


def nothing() -> list[Incoming]:
    return []


def test_social_14_the_rows_are_those_of_the_batch_whatever_comes_first() -> None:
    log, other = Log(), site(fact_key="g", site="s2", beds=None)
    counted(log, PRESENT, 5, 1)
    run(
        log,
        lambda: [log.put(INTAKE, "s1", site())],
        lambda: [log.put(INTAKE, "s2", other), counted(log, PRESENT, 3, 1, partition=1), counted(log, LAST_SEEN, 2, 4)],
    )
    assert shown(log) == batch([other, site()], {PRESENT: 8, LAST_SEEN: 2})
    assert (shown(log)["s1"].free, shown(log)["s2"].unknown) == (10, "beds-not-told")


def test_a_repeat_says_nothing_and_neither_does_a_restart() -> None:
    log = Log()
    log.put(INTAKE, "s1", site())
    run(log, nothing)
    run(log, lambda: [log.put(INTAKE, "s1", site())], nothing)
    assert [said.key for said in log.said] == [b"s1"]


def test_on_a_day_on_which_the_source_should_have_told_anew_nothing_is_free_though_no_record_came() -> None:
    log, until = Log(), NIGHT + timedelta(days=5)
    log.put(INTAKE, "s1", site(current_until=until))
    nights = [NIGHT, until, until + timedelta(days=1)]
    for night in nights:
        run(log, nothing, night=night)
    assert [log.wire.decode(said.value or b"")[1]["night"] for said in log.said] == nights
    assert (shown(log)["s1"].free, shown(log)["s1"].current, shown(log)["s1"].unknown) == (None, False, "out-of-date")


def test_the_day_may_change_while_the_role_lives_and_never_goes_back() -> None:
    log, tomorrow = Log(), NIGHT + timedelta(days=1)
    log.put(INTAKE, "s1", site())
    run(log, lambda: [log.put(CLOCK, "t", Tick(as_of=tomorrow))], lambda: [log.put(CLOCK, "t", Tick(as_of=NIGHT))])
    assert [log.wire.decode(said.value or b"")[1]["night"] for said in log.said] == [NIGHT, tomorrow]


def test_before_the_first_tick_nothing_is_said_and_nothing_taken_back() -> None:
    log, other = Log(), Log()
    log.put(INTAKE, "s1", site())
    run(log, nothing)
    other.records = {BEDS: log.records[BEDS]}
    run(other, nothing, night=None)
    assert (other.said, shown(other)) == ([], shown(log))


def test_a_site_that_is_withdrawn_is_taken_back() -> None:
    log = Log()
    log.put(INTAKE, "s1", site())
    run(log, lambda: [log.put(INTAKE, "s1", site(active=False, status_rank=2))])
    assert log.latest(BEDS) == {}


def test_a_change_back_to_what_it_was_has_an_id_of_its_own() -> None:
    log = Log()
    log.put(INTAKE, "s1", site())
    run(log, *(lambda n=n, v=v: [counted(log, PRESENT, n, v)] for v, n in enumerate((7, 0, 7))))
    ids = [said.identity for said in log.said]
    assert len(ids) == len(set(ids)) == 4


def test_what_is_no_site_is_set_aside_and_the_rest_goes_on() -> None:
    log = Log()
    log.put(INTAKE, "s1", b"junk")
    log.put(INTAKE, "s1", site())
    run(log, nothing)
    assert log.letters == [(INTAKE, 0, "undecodable")]
    assert shown(log)["s1"].free == 20


def test_operators_see_how_many_beds_are_free_and_of_how_many_sites_nobody_knows_and_no_site_by_name() -> None:
    log = Log()
    for told in (site(), site(site="s2", fact_key="g", unread=3), site(site="s3", fact_key="h", beds=None)):
        log.put(INTAKE, told.site, told)
    run(log, nothing)
    text = render().decode()
    assert 'hub_beds_free{site_kind="congregate"} 37.0' in text
    for state in ("known", "rows-not-read", "beds-not-told"):
        assert f'hub_sites{{free_beds="{state}",site_kind="congregate"}} 1.0' in text
    assert "s1" not in text
