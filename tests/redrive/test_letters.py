"""Which letters there are, in words and bars; and how fast they are worked on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.bus.dead_letter import Rejected
from hub.commands.rejected import picture
from hub.redrive.drive import Pace
from hub.redrive.letters import Filter, Letter, collect, counts

AT = datetime(2021, 2, 5, tzinfo=UTC)


def rejected(reason: str = "bad-date", connector: str = "iis-cvrs", hours: int = 0, file: str = "f0") -> Rejected:
    return Rejected(
        connector=connector, stage="map", reason=reason, file=file, where="row 2", size=3, content_hash="00",
        received_at=AT + timedelta(hours=hours), hub_version="0", mapping_version=1, original=None,
    )  # fmt: skip


def test_a_letter_that_came_twice_is_one_letter_that_arrived_twice() -> None:
    (other, twice) = collect([("a", rejected()), ("b", rejected()), ("a", rejected(hours=1))], {})
    assert (other.id, twice.id, twice.arrivals) == ("b", "a", 2)
    assert twice.rejected.received_at == AT + timedelta(hours=1)


def test_letters_of_several_partitions_come_in_the_order_of_their_arrival() -> None:
    """The topic is keyed by connector: it is read partition by partition."""
    written = [
        *((f"a{hours}", rejected(connector="iis-cvrs", hours=hours)) for hours in (1, 4)),
        *((f"b{hours}", rejected(connector="lab-elr-hl7v2", hours=hours)) for hours in (0, 2, 3)),
        ("c", rejected(connector="lab-elr-hl7v2", hours=3)),
    ]
    assert [letter.id for letter in collect(written, {})] == ["b0", "a1", "b2", "b3", "c", "a4"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), "abc"),
        (Filter(connector="iis-cvrs"), "ab"),
        (Filter(reason="no-patient"), "c"),
        (Filter(stage="parse"), ""),
        (Filter(since=AT + timedelta(hours=1)), "bc"),
        (Filter(file="f1"), "b"),
        (Filter(id="c"), "c"),
    ],
)
def test_letters_are_found_by_what_they_say(wanted: Filter, found: str) -> None:
    letters = collect(
        [
            ("a", rejected()),
            ("b", rejected(hours=1, file="f1")),
            ("c", rejected("no-patient", "lab-elr-hl7v2", hours=2)),
        ],
        {},
    )
    assert "".join(letter.id for letter in letters if wanted(letter)) == found


def test_the_picture_is_longest_where_most_letters_are() -> None:
    letters = [Letter(str(n), rejected("bad-date" if n % 4 else "missing-key"), 1, None) for n in range(8)]
    assert counts(letters) == [("iis-cvrs", "bad-date", 6), ("iis-cvrs", "missing-key", 2)]
    lines = picture(letters).splitlines()
    assert lines[0] == "8 dead letters"
    assert [line.count("█") for line in lines[2:4]] == [32, 11]
    assert picture([]) == "no dead letters"


def test_a_rate_is_kept_and_is_no_burst() -> None:
    now, waited = [0.0], []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    pace = Pace(4, clock=lambda: now[0], sleep=sleep)
    assert pace.chunk == 4
    for _ in range(9):
        pace()
    assert now[0] == pytest.approx(2.0)
    now[0] += 100  # a long wait earns no burst
    before = now[0]
    for _ in range(5):
        pace()
    assert now[0] - before >= 0.75
    assert Pace(None).chunk == 100
