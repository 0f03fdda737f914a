"""What librdkafka reports reaches the operator as a code and the broker's address, and none of its own text."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from confluent_kafka import Producer

from hub.bus import library_log
from hub.bus.library_log import LIBRARY_LOG, Telling, reason_of
from hub.ops.logs import configure
from hub.ops.redact import WITHHELD


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, threading.excepthook
    stream = io.StringIO()
    configure("test", stream=stream)
    yield stream
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock, read by a filter of its own."""
    clock = [1_000.0]
    monkeypatch.setattr(LIBRARY_LOG, "filters", [Telling(lambda: clock[0])])
    return clock


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def say(text: str, facility: str = "FAIL") -> None:
    LIBRARY_LOG.log(logging.ERROR, "%s [%s] %s", facility, "rdkafka#producer-1", text)


def test_a_broker_that_is_away_is_told_with_its_address_and_why_and_once(out: io.StringIO, now: list[float]) -> None:
    producer = Producer({"bootstrap.servers": "127.0.0.1:1"}, logger=LIBRARY_LOG)
    for _ in range(600):
        producer.poll(0.1)
        if out.getvalue():
            break
    for _ in range(10):
        producer.poll(0.1)
    [line] = [each for each in lines(out) if each["reason"] == "connection-refused"]
    assert (line["address"], line["kind"], line["level"]) == ("127.0.0.1:1", "fail", "error")
    assert line["event"] != WITHHELD


def test_what_is_said_again_is_counted_and_told_a_minute_later(out: io.StringIO, now: list[float]) -> None:
    text = "[thrd:kafka-1.example.org:9092/2]: kafka-1.example.org:9092/2: Disconnected (after 8ms in state UP)"
    for _ in range(50):
        say(text)
    now[0] += library_log.AGAIN_S
    say(text)
    assert [(each["reason"], each["address"], each["count"]) for each in lines(out)] == [
        ("disconnected", "kafka-1.example.org:9092", 1),
        ("disconnected", "kafka-1.example.org:9092", 50),
    ]


def test_nothing_of_its_text_is_kept(out: io.StringIO, now: list[float]) -> None:
    say("zzqq: a text that nobody knows of Ann Vega", facility="Ann Vega")
    assert "zzqq" not in out.getvalue()
    assert "Vega" not in out.getvalue()
    [line] = lines(out)
    assert (line["reason"], line["kind"], "address" in line) == ("other", "other", False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Failed to resolve 'nowhere.invalid:1': Name or service not known", "name-not-resolved"),
        ("2/2 brokers are down", "all-brokers-down"),
        ("SASL SCRAM-SHA-512 mechanism handshake failed: authentication failed", "login-refused"),
        ("SSL handshake failed: certificate verify failed", "tls-failed"),
        ("ApiVersionRequest timed out", "timed-out"),
        ("Application maximum poll interval (300000ms) exceeded by 12ms", "polled-too-rarely"),
    ],
)
def test_reasons_are_a_closed_set(text: str, code: str) -> None:
    assert reason_of(text) == code
