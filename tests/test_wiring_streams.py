"""What a partition published is read back though one total of the topic cannot be read."""

from __future__ import annotations

from hub.domain.tallies import Tally
from hub.wiring_streams import read_back
from tests.outlets.pretend import Log


def test_one_unreadable_total_is_set_aside_and_the_others_are_read_back() -> None:
    log = Log()
    log.put("tallies", "a#0", Tally(stratum="a", partition=0, count=1, version=5))
    log.put("tallies", "b#0", b"junk")
    log.put("tallies", "b#0", None)
    log.put("tallies", "c#0", Tally(stratum="c", partition=0, count=1, version=7))
    log.put("tallies", "d#1", Tally(stratum="d", partition=1, count=1, version=9))
    published = read_back(log.whole("tallies"), log.wire.decode, 0, log.set_aside)
    assert published == (frozenset({"a", "c"}), 7)
    assert log.letters == [("tallies", 1, "undecodable")]
