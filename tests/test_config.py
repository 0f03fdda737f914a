"""Settings: where they come from, which one wins, and what is said when one is wrong."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.config import Settings, load_settings, save_settings, today
from hub.domain.who import POPULATION
from hub.errors import ConfigError


def test_without_a_file_the_embedded_defaults_hold(tmp_path: Path) -> None:
    found = load_settings(tmp_path, environment={})
    assert (found.profile, found.partitions, found.replication, found.min_insync_replicas) == ("embedded", 4, 1, 1)


def test_production_replicates_three_times(tmp_path: Path) -> None:
    environment = {"HUB_PROFILE": "production", "HUB_BOOTSTRAP": "k:9092", "HUB_REGISTRY_URL": "http://r:8081"}
    found = load_settings(tmp_path, environment)
    assert (found.replication, found.min_insync_replicas, found.standbys) == (3, 2, 1)


def test_the_environment_wins_over_the_run_and_the_run_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"bootstrap": "file:1", "partitions": 8, "ports": {"clock": 1}}))
    run = {"settings": {"bootstrap": "run:2", "registry_url": "http://run", "ports": {"streams": 2}}}
    (tmp_path / "run.json").write_text(json.dumps(run))
    found = load_settings(tmp_path, {"HUB_BOOTSTRAP": "environment:3"})
    assert (found.bootstrap, found.registry_url, found.partitions) == ("environment:3", "http://run", 8)
    assert found.ports == {"clock": 1, "streams": 2}


def test_what_is_saved_is_what_is_read(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, clock="scripted", as_of=date(2021, 3, 31), ports={"clock": 9})
    save_settings(settings)
    assert load_settings(tmp_path, environment={}) == settings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"partitions": 0}', "partitions: .*greater than or equal to 1"),
        ('{"partitons": 4}', "partitons: Extra inputs"),
        ('{"partitons": 4}', "did you mean partitions"),
        (
            '{\n  "partitions": 4,\n  "host": \n}',
            r"settings\.json: line 4, column 1: Expecting value: mend it or remove it",
        ),
        ('{"profile": "production"}', "give bootstrap and registry_url"),
        ('{"clock": "scripted"}', "needs as_of"),
        ('{"time_zone": "Mars/Olympus"}', "time_zone: .*no such time zone.*America/Chicago"),
        ('{"time_zone": "America"}', "time_zone: .*no such time zone"),
        ('{"time_zone": "../etc"}', "time_zone: .*no such time zone"),
        ("{", "mend it or remove it"),
        ("[]", "must hold one JSON object"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_settings(tmp_path, environment={})


def test_without_a_broker_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    found = load_settings(tmp_path, environment={})
    with pytest.raises(ConfigError, match="hub up --instance"):
        found.require_bootstrap()
    with pytest.raises(ConfigError, match="HUB_REGISTRY_URL"):
        found.require_registry_url()


def test_records_may_be_of_a_million_people_unless_an_installation_knows_better(tmp_path: Path) -> None:
    assert load_settings(tmp_path, environment={}).identity_population == POPULATION == 1_000_000
    assert load_settings(tmp_path, {"HUB_IDENTITY_POPULATION": "85000"}).identity_population == 85_000
    with pytest.raises(ConfigError, match="identity_population"):
        load_settings(tmp_path, {"HUB_IDENTITY_POPULATION": "0"})


def test_the_registry_of_people_is_a_file_unless_a_postgresql_is_named(tmp_path: Path) -> None:
    assert load_settings(tmp_path, environment={}).identity_database is None
    url = "postgresql://hub@db.example:5433/identity?sslmode=require"
    assert load_settings(tmp_path, {"HUB_IDENTITY_DATABASE": url}).identity_database == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:///identity.sqlite", "give postgresql"),
        ("postgresql://hub@db.example", "give postgresql"),
        ("postgresql://hub@db.example:port/identity", "give postgresql"),
        ("postgresql://hub:s3cret@db.example/identity", "secrets/identity-database"),
        ("postgresql://hub@db.example/identity?password=s3cret", "secrets/identity-database"),
    ],
)
def test_a_registry_url_that_is_none_or_holds_a_password_is_refused(tmp_path: Path, url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        load_settings(tmp_path, {"HUB_IDENTITY_DATABASE": url})
    assert "s3cret" not in str(refused.value)


def test_the_environment_may_give_the_time_zone(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {"HUB_TIME_ZONE": "America/Chicago"}).time_zone == "America/Chicago"
    with pytest.raises(ConfigError, match="no such time zone"):
        load_settings(tmp_path, {"HUB_TIME_ZONE": "Mars/Olympus"})


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("UTC", datetime(2021, 3, 14, 23, 59, 59, tzinfo=UTC), date(2021, 3, 14)),
        ("UTC", datetime(2021, 3, 15, tzinfo=UTC), date(2021, 3, 15)),
        # before and after the clocks went forward on 2021-03-14: 6 hours behind UTC, then 5
        ("America/Chicago", datetime(2021, 3, 14, 5, 59, 59, tzinfo=UTC), date(2021, 3, 13)),
        ("America/Chicago", datetime(2021, 3, 14, 6, tzinfo=UTC), date(2021, 3, 14)),
        ("America/Chicago", datetime(2021, 3, 15, 4, 59, 59, tzinfo=UTC), date(2021, 3, 14)),
        ("America/Chicago", datetime(2021, 3, 15, 5, tzinfo=UTC), date(2021, 3, 15)),
        ("Pacific/Guam", datetime(2021, 3, 14, 14, tzinfo=UTC), date(2021, 3, 15)),
    ],
)
def test_the_day_begins_at_the_countys_own_midnight(tmp_path: Path, zone: str, at: datetime, day: date) -> None:
    assert today(Settings(instance=tmp_path, time_zone=zone), lambda: at) == day
