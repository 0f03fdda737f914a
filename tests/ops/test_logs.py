from __future__ import annotations

import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from hub.errors import Reject
from hub.ops.logs import configure, logger
from hub.ops.redact import WITHHELD

SECRET = "Zolaris Quenby 1980-02-03"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level, hook = root.handlers[:], root.level, threading.excepthook
    stream = io.StringIO()
    configure("test", "DEBUG", stream)
    yield stream
    root.handlers[:], threading.excepthook = before, hook
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_has_its_role_level_message_and_allowed_fields(out: io.StringIO) -> None:
    logger("hub.x").info("outbox drained", records=12, topic="hub.person.event.v1")
    (line,) = lines(out)
    assert line | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "role": "test",
        "logger": "hub.x",
        "event": "outbox drained",
        "records": 12,
        "topic": "hub.person.event.v1",
    }


def test_a_field_that_is_not_on_the_list_is_dropped_and_counted(out: io.StringIO) -> None:
    logger("hub.x").warning("rejected", family_name=SECRET, event_id=SECRET, reason="bad-date")
    (line,) = lines(out)
    assert SECRET not in out.getvalue()
    assert (line["reason"], line["dropped_fields"]) == ("bad-date", 2)


def test_a_reason_that_is_no_code_and_an_object_in_a_field_are_withheld(out: io.StringIO) -> None:
    logger("hub.x").info("rejected", reason=SECRET, where={"name": SECRET})
    assert SECRET not in out.getvalue()
    assert lines(out)[0]["where"] == "<dict>"


def test_a_message_put_together_at_run_time_is_withheld_ours_or_theirs(out: io.StringIO) -> None:
    logger("hub.x").info(f"cannot link {SECRET}")
    logging.getLogger("faust").warning(f"yielded {SECRET}")
    logging.getLogger("faust").warning("yielded " + SECRET)
    assert SECRET not in out.getvalue()
    assert [line["event"] for line in lines(out)] == [WITHHELD] * 3


def test_a_librarys_message_keeps_its_words_and_numbers_but_no_value(out: io.StringIO) -> None:
    log = logging.getLogger("aiokafka.consumer")
    log.warning("Heartbeat of %s failed after %d tries: %r", SECRET, 3, ValueError(SECRET))
    log.warning("offset %(offset)d of %(topic)s", {"offset": 7, "topic": "hub.person.event.v1"})
    log.warning("100%% of %.1f%%", 2.5)
    assert SECRET not in out.getvalue()
    assert [line["event"] for line in lines(out)] == [
        "Heartbeat of <str> failed after 3 tries: ValueError",
        "offset 7 of hub.person.event.v1",
        "100% of 2.5%",
    ]


def test_an_exception_shows_where_but_neither_text_nor_locals_of_others(out: io.StringIO) -> None:
    def inner(name: str) -> None:
        raise ValueError(name)

    try:
        try:
            inner(SECRET)
        except ValueError as error:
            raise Reject("bad-date", "map", "row 3") from error
    except Reject:
        logger("hub.x").exception("refused")
        logging.getLogger("mode").exception("Crashed")
    assert SECRET not in out.getvalue()
    for line in lines(out):
        assert line["exception"][0] == "hub.errors.Reject: map:bad-date at row 3"
        assert any("inner" in frame for frame in line["exception"])


def test_an_uncaught_exception_of_a_thread_goes_the_same_way(out: io.StringIO) -> None:
    def work() -> None:
        raise KeyError(SECRET)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert SECRET not in out.getvalue()
    assert lines(out)[0]["event"] == "uncaught exception"


def test_a_warning_goes_the_same_way(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(SECRET, stacklevel=1)
    assert SECRET not in out.getvalue()


def test_a_broken_format_of_a_library_loses_no_line(out: io.StringIO) -> None:
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if getattr(each, "stream", None) is out]  # pytest's would raise
    logging.getLogger("faust").warning("two %s %s", 1)
    assert lines(out)[0]["event"] == "two %s %s"
