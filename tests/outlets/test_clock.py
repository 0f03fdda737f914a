"""The clock ticks the county's day, at once and at its midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hub.config import Settings, today
from hub.domain.person_events import Tick
from hub.errors import RetryError
from hub.outlets.clock import run_clock


class Time:
    """Civil time of a county, half an hour a look."""

    def __init__(self, start: datetime, looks: int, zone: str = "UTC") -> None:
        self._now, self._looks = start, looks
        self._settings = Settings(instance=Path("nowhere"), time_zone=zone)
        self.ticks: list[date] = []
        self.beats = 0

    def today(self) -> date:
        return today(self._settings, lambda: self._now)

    def tick(self, tick: Tick) -> None:
        self.ticks.append(tick.as_of)

    def stop(self) -> bool:
        return self._looks == 0

    def wait(self, _: float) -> None:
        self._looks -= 1
        self._now += timedelta(minutes=30)

    def beat(self) -> None:
        self.beats += 1

    def run(self) -> list[date]:
        run_clock(self.today, self.tick, self.stop, self.wait, self.beat)
        return self.ticks


def test_it_ticks_at_once_and_when_the_day_changes() -> None:
    time = Time(datetime(2021, 3, 10, 23, tzinfo=UTC), looks=4)
    assert time.run() == [date(2021, 3, 10), date(2021, 3, 11)]
    assert time.beats == 4


@pytest.mark.parametrize(
    ("zone", "ticks"),
    [
        ("UTC", [date(2021, 3, 10), date(2021, 3, 11)]),
        ("America/Chicago", [date(2021, 3, 10)]),
        ("Pacific/Guam", [date(2021, 3, 11)]),
    ],
)
def test_midnight_is_the_countys_own(zone: str, ticks: list[date]) -> None:
    assert Time(datetime(2021, 3, 10, 23, tzinfo=UTC), looks=4, zone=zone).run() == ticks


def test_a_tick_that_is_not_confirmed_ends_the_clock() -> None:
    time = Time(datetime(2021, 3, 10, tzinfo=UTC), looks=2)

    def fails(_: Tick) -> None:
        raise RetryError("not-delivered")

    with pytest.raises(RetryError):
        run_clock(time.today, fails, time.stop, time.wait, time.beat)
