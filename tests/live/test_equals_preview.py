"""The promise, whole: any order, everything twice, and the live stack says exactly what a batch computation says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from hub.bus.topics import intake_topic
from hub.demo.feed import waiting
from hub.domain.events import EVENT_TYPES
from hub.synthetic.county import County, make_county
from tests.live.joined_sources import joined_units, take_files
from tests.live.town import HMIS, HRSN, SARA, Town, Unit
from tests.samples.health import FILES

pytestmark = [pytest.mark.live, pytest.mark.slow]

PEOPLE = 200
ROUNDS = 16
FOLDERS = ((HMIS, "social/hmis-fy2022-es-nbn"), (HMIS, "social/hmis-fy2024-datalab"), (HRSN, "social/ny-1115-hrsn"))
RUNS = ((1, date(2021, 3, 31)), (2, date(2022, 6, 30)))
"""Seed and the day it ends on: the county's last day, and a day in the middle of the shelters' sample."""


def samples(folder: Path) -> list[Unit]:
    """Every sample file of laboratories, immunizations, tracers, shelters and screenings, a message or file or folder each."""
    health, api = folder / "health", folder / "health/sara-alert/api"
    found = [Unit(each.connector, each.name, (health / path).read_bytes()) for path, each in FILES.items()]
    found += [Unit(SARA, path.name, path.read_bytes()) for path in sorted(api.glob("*.json"))]
    for who, name in FOLDERS:
        inner = {path.name: path.read_bytes() for path in sorted((folder / name).iterdir())}
        found.append(Unit(who, Path(name).name, inner))
    return found


def shuffled(units: list[Unit], rng: Random, rounds: int = ROUNDS) -> list[list[Unit]]:
    """Rounds in which each unit comes twice, in any order within and across doors."""
    found: list[list[Unit]] = [[] for _ in range(rounds)]
    for unit in units:
        for number in rng.sample(range(rounds), 2):
            found[number].append(unit)
    for each in found:
        rng.shuffle(each)
    return found


@pytest.fixture(params=RUNS, ids=lambda run: f"seed-{run[0]}")
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, date, County, Town]]:
    seed, as_of = request.param
    county = make_county(PEOPLE, seed)
    town = Town(tmp_path / "instance", county)
    try:
        town.start()
        yield seed, as_of, county, town
    finally:
        town.end()


@pytest.mark.samples
def test_shuffled_and_twice_the_stack_says_exactly_what_preview_says(
    run: tuple[int, date, County, Town], shared_samples: Path
) -> None:
    """health-standards §8 R41, over the live stack; offline: tests/samples/test_health_samples.py."""
    seed, as_of, county, town = run
    rng = Random(seed)
    units = [Unit(d.connector, d.name, d.payload) for d in county.deliveries()] + samples(shared_samples)
    for each in shuffled(units, rng):
        town.send(each)
        town.tick(as_of - timedelta(days=rng.randrange(200)))
        _wait_until_taken(town)
    town.tick(as_of)
    observed, batch = town.assert_equal_to_preview(as_of)

    assert len(batch.needs) >= 10
    assert len(batch.people) > 600
    assert sum(batch.rejected.values()) >= 32  # 31 of the screenings' sample, one of Sara Alert's, the county's own
    assert batch.measures
    assert batch.distinct_events > 9_000
    told = sum(len(town.records(intake_topic(kind))) for kind in EVENT_TYPES)
    assert told >= 2 * observed.events, "everything came twice"
    assert set(town.stack.restarts.values()) == {0}


def test_every_kind_of_source_joined_on_the_same_people_says_live_what_preview_says(tmp_path: Path) -> None:
    """Tracing, shelters, food, screenings, referrals, consents, directories and supply beside a laboratory, in any order, twice."""
    rng, as_of = Random(3), date(2021, 2, 16)
    town = Town(tmp_path / "instance", make_county(20, 3))
    take_files(town)
    try:
        town.start()
        for each in shuffled(joined_units(), rng, rounds=3):
            town.send(each)
            town.tick(as_of - timedelta(days=rng.randrange(10)))
            _wait_until_taken(town)
        town.tick(as_of)
        observed, batch = town.assert_equal_to_preview(as_of)
        told = {kind for kind in EVENT_TYPES if town.records(intake_topic(kind))}
        assert told >= {
            "case",
            "exposure",
            "shelter-stay",
            "food-assistance",
            "screening",
            "referral",
            "consent",
            "service",
        }
        assert len(batch.needs) >= 2
        assert sum(len(town.records(intake_topic(kind))) for kind in EVENT_TYPES) >= 2 * observed.events
        assert set(town.stack.restarts.values()) == {0}
    finally:
        town.end()


def _wait_until_taken(town: Town) -> None:
    """Until the doors have taken this round: the next may hold the same names."""
    while any(waiting(inbox) for inbox in (town.instance / "inbox").iterdir()):
        assert not town.stack.failures()
        town.pause()
