"""Going back: where each kind of door can be read again from, and which files come back."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.doors import discover
from hub.connectors.file_drop import FileDropOptions
from hub.connectors.http_poll import HttpPollOptions, Since
from hub.connectors.mllp_options import MllpOptions
from hub.connectors.rewinding import bring_back, parse_time, summary, taken_since
from hub.connectors.sftp_pull import SftpPullOptions
from hub.connectors.sql_poll import SqlPollOptions
from hub.errors import ConfigError

DAY = datetime(2026, 11, 1, 6, tzinfo=UTC)
SQL = SqlPollOptions(kind="sql-poll", query="select * from t", cursor="changed_at", key="id")


def test_an_http_poll_goes_back_to_a_time_or_to_the_beginning() -> None:
    options = HttpPollOptions(kind="http-poll", url="https://x.example.org/a", since=Since(param="_lastUpdated"))
    assert options.rewound({"since": "2026-11-20T00:00:00+00:00", "next": "https://x"}, DAY) == {
        "since": "2026-11-01T06:00:00+00:00"
    }
    assert options.rewound({"since": "x"}, None) is None
    every = HttpPollOptions(kind="http-poll", url="https://x.example.org/a")
    with pytest.raises(ConfigError, match="everything at each round"):
        every.rewound(None, DAY)


@pytest.mark.parametrize(
    ("cursor", "back"),
    [
        ("2026-11-20 10:00:00", "2026-11-01 06:00:00"),
        ("2026-11-20T10:00:00.123Z", "2026-11-01T06:00:00.000Z"),
        ({"time": "2026-11-20T10:00:00"}, {"time": "2026-11-01T06:00:00"}),
        ({"time": "2026-11-20T10:00:00+00:00"}, {"time": "2026-11-01T06:00:00+00:00"}),
        ({"date": "2026-11-20"}, {"date": "2026-11-01"}),
    ],
)
def test_an_sql_poll_goes_back_to_a_time_as_its_cursor_column_writes_it(cursor: Any, back: Any) -> None:
    assert SQL.rewound({"cursor": cursor, "key": 7}, DAY) == {"cursor": back, "key": 7}
    assert SQL.rewound({"cursor": cursor, "key": 7}, None) is None


@pytest.mark.parametrize("position", [{"cursor": 12, "key": 7}, {"cursor": "v-12", "key": 7}, None])
def test_an_sql_poll_says_when_a_time_means_nothing_to_it(position: Any) -> None:
    with pytest.raises(ConfigError, match=r"not a time|nothing yet"):
        SQL.rewound(position, DAY)


def test_an_sftp_pull_goes_back_only_where_it_remembers() -> None:
    known = {"kind": "sftp-pull", "host": "h", "user": "u"}
    assert SftpPullOptions(**known, after="remember").rewound({"taken": ["a"]}, None) is None  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="only go back to the beginning"):
        SftpPullOptions(**known, after="remember").rewound({"taken": ["a"]}, DAY)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="moved back there"):
        SftpPullOptions(**known).rewound(None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [MllpOptions(kind="mllp"), FileDropOptions(kind="file-drop")])
def test_a_door_that_is_sent_to_asks_for_sending_again(options: Any) -> None:
    with pytest.raises(ConfigError, match="ask the sender"):
        options.rewound(None, None)


def take(inbox: Path, folder: str, name: str, at: str) -> None:
    (inbox / folder).mkdir(parents=True, exist_ok=True)
    (inbox / folder / name).write_text(name)
    (inbox / folder / f"{name}.receipt.json").write_text(json.dumps({"taken_at": at}))


def test_files_that_were_taken_since_come_back_and_no_newer_one_is_overwritten(tmp_path: Path) -> None:
    take(tmp_path, "done", "old.csv", "2026-10-01T00:00:00Z")
    take(tmp_path, "done", "a.csv", "2026-11-02T00:00:00Z")
    take(tmp_path, "failed", "b.csv", "2026-11-03T00:00:00Z")
    take(tmp_path, "done", "again.csv", "2026-11-04T00:00:00Z")
    (tmp_path / "again.csv").write_text("newer")
    (tmp_path / "done" / "link.csv").symlink_to("/etc/hostname")
    (tmp_path / "done" / "link.csv.receipt.json").write_text(json.dumps({"taken_at": "2026-11-05T00:00:00Z"}))
    (tmp_path / "done" / "odd.receipt.json").write_text("[]")
    assert [unit.path.name for unit in taken_since(tmp_path, DAY)] == ["a.csv", "b.csv", "again.csv"]
    assert bring_back(tmp_path, DAY) == 2
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["a.csv", "again.csv", "b.csv"]
    assert (tmp_path / "again.csv").read_text() == "newer"
    assert bring_back(tmp_path, None) == 1
    assert os.listdir(tmp_path / "failed") == ["b.csv.receipt.json"]  # noqa: PTH208 - names are enough


def test_a_position_is_told_without_keys_of_the_source() -> None:
    assert summary(None) == "at the beginning"
    assert summary({"cursor": "2026-11-20 10:00:00", "key": "MRN-made-up-77"}) == "cursor 2026-11-20 10:00:00"
    assert (
        summary({"cursor": {"time": "2026-11-20T10:00:00+00:00"}, "key": "Ann"}) == "cursor 2026-11-20T10:00:00+00:00"
    )
    assert summary({"cursor": 12, "key": 4711, "seen": ["made up"]}) == "cursor 12"
    assert summary({"since": None, "next": "https://h?patient=Ann"}) == "in the middle of a round"
    assert summary({"taken": ["a", "b"]}) == "taken 2 files"


def test_times_are_utc_where_they_say_nothing_else() -> None:
    assert parse_time("2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)
    assert parse_time("2026-11-01T00:00:00-06:00") == DAY
    with pytest.raises(ConfigError, match="give a day or a time"):
        parse_time("yesterday")


@pytest.mark.parametrize("kind", ["mllp", "http-push", "upload"])
def test_a_door_that_is_sent_to_says_that_a_backfill_is_for_the_sender_to_make(kind: str) -> None:
    found = discover()[kind].section
    assert found is not None
    section = {"kind": kind, **({"api_keys": "keys"} if kind == "http-push" else {})}
    with pytest.raises(ConfigError, match="ask the sender to send it again"):
        found.model_validate(section).backfilled(None, datetime(2021, 2, 1, tzinfo=UTC), None)


def test_an_http_source_read_whole_each_time_says_how_to_read_it_now() -> None:
    found = discover()["http-poll"].section
    assert found is not None
    options = found.model_validate({"kind": "http-poll", "url": "https://registry.example.org/doses"})
    with pytest.raises(ConfigError, match="--once"):
        options.backfilled(None, datetime(2021, 2, 1, tzinfo=UTC), None)
