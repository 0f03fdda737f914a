"""Measures out of totals: what is said, what is taken back, what waits, and under which ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import pytest

from hub.bus.consumer import Incoming
from hub.domain.measures import Denominators
from hub.domain.person_events import Tick
from hub.domain.tallies import Tally
from hub.errors import Reject, RetryError
from hub.ops.metrics import render
from hub.outlets import measures as outlet
from hub.outlets.measures import MeasureBoard, MeasurePorts, run_measures, said_before
from hub.outlets.wire import Said
from tests.outlets.pretend import Log, PickleWire, Rounds

TALLIES, MEASURES = "tallies", "measures"
WHITE = "vaccinated|47065|race_ethnicity|white"
BLACK = "vaccinated|47065|race_ethnicity|black"
NOBODY = Denominators({}, "none")
PEOPLE = Denominators({("47065", "white"): 100}, "made up 2021")


@pytest.fixture(autouse=True)
def no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "SETTLE_S", 0.0)


def tally(stratum: str, count: int, version: int, partition: int = 0) -> Tally:
    return Tally(stratum=stratum, partition=partition, count=count, version=version)


def changed(board: MeasureBoard) -> dict[str, Said]:
    wire = PickleWire()
    return {said.key.decode(): said for said in board.changed(MEASURES, lambda each: wire.encode(MEASURES, each))}


def shown(log: Log) -> dict[str, int]:
    """Numerators as the measure topic says them."""
    found = {key.decode(): log.wire.decode(record.value or b"")[1] for key, record in log.latest(MEASURES).items()}
    return {key: fields["numerator"] for key, fields in found.items()}


def run(log: Log, *steps: Callable[[], Iterable[Incoming]], people: Denominators = NOBODY) -> Rounds:
    """One life of the role over what stands on the log."""
    rounds = Rounds(*steps)
    said = said_before(((key, r.value or b"") for key, r in log.latest(MEASURES).items()), log.wire)
    ports = MeasurePorts(lambda: log.whole(TALLIES), rounds.read, log.send, log.set_aside, lambda: None)
    run_measures(ports, log.wire, MeasureBoard(people, said), MEASURES, rounds.stop, rounds.beat)
    return rounds


def test_only_what_differs_is_said_again() -> None:
    board = MeasureBoard(PEOPLE)
    board.put(WHITE, 0, 30, 1)
    board.put(BLACK, 0, 10, 1)
    assert set(changed(board)) == {
        f"vaccinated|{a}|race_ethnicity|{g}" for a in ("47065", "all") for g in ("white", "black")
    }
    assert changed(board) == {}
    board.put(WHITE, 0, 30, 2)
    assert changed(board) == {}


def test_a_measure_whose_stratum_empties_is_taken_back() -> None:
    board = MeasureBoard(PEOPLE)
    board.put(WHITE, 0, 30, 1)
    board.put(BLACK, 0, 10, 1)
    changed(board)
    board.put(BLACK, 0, 0, 2)
    gone = {key for key, said in changed(board).items() if said.value is None}
    assert gone == {BLACK, "vaccinated|all|race_ethnicity|black"}
    assert changed(board) == {}


def test_a_change_has_a_new_id_even_back_to_what_it_was_and_a_repeat_has_the_same() -> None:
    def ids(*counts: int) -> list[str]:
        board = MeasureBoard(NOBODY)
        found = []
        for version, count in enumerate(counts):
            board.put(WHITE, 0, count, version)
            found.append(changed(board)[WHITE].identity)
        return found

    there_and_back = ids(3, 4, 3, 0, 3, 0)
    assert len(set(there_and_back)) == 6
    assert ids(3, 4, 3, 0, 3, 0) == there_and_back


def test_tombstones_of_two_measures_have_two_ids() -> None:
    board = MeasureBoard(NOBODY)
    board.put(WHITE, 0, 1, 1)
    changed(board)
    board.put(WHITE, 0, 0, 2)
    gone = changed(board)
    assert len({said.identity for said in gone.values()}) == len(gone) == 2


def test_a_stratum_that_is_none_is_rejected_and_breaks_no_measure() -> None:
    board = MeasureBoard(NOBODY)
    with pytest.raises(Reject, match="not-a-stratum"):
        board.put("vaccinated|47065", 0, 1, 1)
    assert changed(board) == {}


def test_nothing_is_said_before_the_totals_are_read_to_their_end() -> None:
    log = Log()
    for version in range(1, 6):
        log.put(TALLIES, WHITE, tally(WHITE, version * 10, version))
    run(log, lambda: [])
    assert shown(log) == {WHITE: 50, "vaccinated|all|race_ethnicity|white": 50}
    assert len(log.said) == 2, "each measure once, with the last total"


def test_totals_that_are_read_a_second_time_change_nothing() -> None:
    log = Log()
    # equal versions: the later record stands, so reading the first again must not bring it back
    log.put(TALLIES, WHITE, tally(WHITE, 1, 7))
    log.put(TALLIES, WHITE, tally(WHITE, 2, 7))
    run(log, lambda: log.whole(TALLIES)[:1], lambda: log.whole(TALLIES)[1:])
    assert shown(log)[WHITE] == 2
    assert len(log.said) == 2


def test_what_comes_after_the_start_is_said_once_the_totals_settle() -> None:
    log = Log()
    log.put(TALLIES, WHITE, tally(WHITE, 1, 1))
    run(log, lambda: [log.put(TALLIES, WHITE, tally(WHITE, 2, 2))], lambda: [])
    assert shown(log)[WHITE] == 2


def test_a_restart_takes_back_what_stands_no_more_and_repeats_nothing() -> None:
    log = Log()
    log.put(TALLIES, WHITE, tally(WHITE, 1, 1))
    log.put(TALLIES, BLACK, tally(BLACK, 1, 1))
    run(log, lambda: [])
    log.put(TALLIES, BLACK, tally(BLACK, 0, 2))
    before = len(log.said)
    run(log, lambda: [])
    assert set(shown(log)) == {WHITE, "vaccinated|all|race_ethnicity|white"}
    gone = [said.key.decode() for said in log.said[before:] if said.value is None]
    assert gone == [BLACK, "vaccinated|all|race_ethnicity|black"]
    again = len(log.said)
    run(log, lambda: [])
    assert len(log.said) == again


def test_a_standing_measure_that_cannot_be_read_is_said_anew_or_taken_back() -> None:
    log = Log()
    log.put(TALLIES, WHITE, tally(WHITE, 1, 1))
    log.put(MEASURES, WHITE, b"junk")
    log.put(MEASURES, "what|is|this|key", b"junk")
    run(log, lambda: [])
    assert set(shown(log)) == {WHITE, "vaccinated|all|race_ethnicity|white"}


def test_one_unreadable_total_is_set_aside_and_its_neighbours_count() -> None:
    log = Log()
    log.put(TALLIES, "x", b"junk")
    log.put(TALLIES, "y", tally("no-stratum", 1, 1))
    log.put(TALLIES, "z", Tick(as_of=date(2021, 3, 10)))
    log.put(TALLIES, WHITE, tally(WHITE, 3, 1))
    run(log, lambda: [log.put(TALLIES, "x", b"junk"), log.put(TALLIES, BLACK, tally(BLACK, 4, 1))], lambda: [])
    assert (shown(log)[WHITE], shown(log)[BLACK]) == (3, 4)
    assert [(offset, reason) for _, offset, reason in log.letters] == [
        (0, "undecodable"), (1, "not-a-stratum"), (2, "unexpected-kind"), (4, "undecodable"),
    ]  # fmt: skip


def test_without_the_brokers_word_the_role_ends() -> None:
    log = Log(broken=True)
    log.put(TALLIES, WHITE, tally(WHITE, 1, 1))
    with pytest.raises(RetryError):
        run(log, lambda: [])


def test_open_needs_and_unknown_answers_are_shown_to_operators() -> None:
    log = Log()
    log.put(TALLIES, "p", tally("need-open|all|support|place", 7, 1))
    log.put(TALLIES, WHITE, tally(WHITE, 3, 1))
    log.put(TALLIES, "u", tally("vaccinated|47065|race_ethnicity|unknown", 1, 1))
    run(log, lambda: [])
    text = render().decode()
    assert 'hub_needs_open{need="place"} 7.0' in text
    assert 'hub_needs_open{need="food"} 0.0' in text
    assert 'hub_equity_unknown_ratio{dimension="race_ethnicity"} 0.25' in text
