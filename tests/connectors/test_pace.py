"""Who waits for each answer, and who sends ahead."""

from __future__ import annotations

from hub.connectors.pace import AHEAD_S, ONE_BY_ONE_S, Pace


def test_senders_that_all_send_ahead_are_not_mixed() -> None:
    pace = Pace()
    for lane in ("a", "b"):
        for unanswered in (1, 2, 3):
            pace.heard(lane, unanswered, 10.0)
    assert not pace.mixed(10.0)


def test_senders_that_all_wait_are_not_mixed() -> None:
    pace = Pace()
    pace.heard("a", 1, 10.0)
    pace.heard("b", 1, 10.1)
    assert not pace.mixed(10.1)


def test_one_that_waits_beside_one_that_sends_ahead_is_mixed_until_one_has_been_silent_for_long() -> None:
    pace = Pace()
    pace.heard("flood", 2, 10.0)
    pace.heard("honest", 1, 10.1)
    assert pace.mixed(10.2)
    assert not pace.mixed(10.0 + AHEAD_S)
    pace.heard("flood", 2, 40.0)
    assert pace.mixed(40.0)
    assert not pace.mixed(10.1 + ONE_BY_ONE_S)


def test_who_sends_ahead_still_does_so_when_its_last_answer_came() -> None:
    pace = Pace()
    pace.heard("flood", 2, 10.0)
    pace.heard("flood", 1, 10.5)
    assert not pace.mixed(10.5)
    pace.heard("flood", 1, 10.0 + AHEAD_S)
    pace.heard("other", 2, 11.1)
    assert pace.mixed(11.1)


def test_who_left_is_forgotten() -> None:
    pace = Pace()
    pace.heard("flood", 2, 10.0)
    pace.heard("honest", 1, 10.0)
    pace.left("flood")
    pace.left("never-there")
    assert not pace.mixed(10.0)
