"""What a stream app refuses before it starts, and what it says of its changelog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.bus.producer import DurableProducer
from hub.errors import ConfigError
from hub.streams.app import StreamSettings, changelog_config, changelog_topic, check_topics, make_app
from tests.streams.toy import Counting


def settings(**overrides: Any) -> StreamSettings:
    return StreamSettings("127.0.0.1:1", "app", "source", 4, Path("/nonexistent"), overrides=overrides)


@pytest.mark.parametrize(
    "unsafe",
    [
        {"processing_guarantee": "exactly_once"},
        {"producer_threaded": True},
        {"stream_publish_on_commit": True},
        {"agent_concurrency": 2},
    ],
)
def test_a_setting_that_would_lose_events_is_refused(unsafe: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="unsafe-setting"):
        make_app(settings(**unsafe), Counting(), producer=DurableProducer("127.0.0.1:1"))


def test_a_changelog_is_compacted_and_as_safe_as_its_replicas_allow() -> None:
    assert changelog_config(3)["min.insync.replicas"] == "2"
    assert changelog_config(1)["min.insync.replicas"] == "1"
    assert changelog_config(3)["cleanup.policy"] == "compact"


class KnownTopics:
    """A producer that only knows how many partitions there are."""

    def __init__(self, **partitions: int) -> None:
        self._partitions = partitions

    def partitions(self, topic: str) -> int:
        return self._partitions.get(topic.replace("-", "_").replace(".", "_"), 0)


def test_source_and_changelog_must_have_the_partitions_of_the_settings() -> None:
    rejected = {"hub_stream_rejected_v1": 1}
    assert changelog_topic("app") == "app-rows-changelog"
    check_topics(settings(), KnownTopics(source=4, app_rows_changelog=4, **rejected))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="app-rows-changelog has 8"):
        check_topics(settings(), KnownTopics(source=4, app_rows_changelog=8, **rejected))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="source has no such topic"):
        check_topics(settings(), KnownTopics(app_rows_changelog=4, **rejected))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no-such-topic"):
        check_topics(settings(), KnownTopics(source=4, app_rows_changelog=4))  # type: ignore[arg-type]
