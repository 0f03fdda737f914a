"""Free beds: what a site has, less who is there; nothing is free by guess."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from hub.domain.capacity import SiteBoard, free_beds, free_beds_of
from hub.domain.events import Site

NIGHT = date(2021, 2, 3)


def site(**changes: Any) -> Site:
    told: dict[str, Any] = {
        "event_id": "e", "source": "hmis-csv", "source_person": None, "fact_key": "f",
        "changed_at": datetime(2021, 1, 1, tzinfo=UTC), "status_rank": 1, "content_hash": "c", "mapping_version": 1,
        "occurred_on": None, "active": True, "agreement_id": "a",
        "labels": (), "purposes": (), "site": "s1", "site_kind": "congregate", "beds": 20, "known_as_of": date(2021, 2, 1),
        "current_until": date(2021, 2, 8), "unnamed": 0,
    }  # fmt: skip
    return Site(**{**told, **changes})


@pytest.mark.parametrize(
    ("changes", "present", "last_seen", "free"),
    [
        ({}, 5, 0, 15),
        ({}, 5, 2, 13),  # who was last seen there may still be
        ({"unnamed": 3}, 5, 0, 12),  # people whose stays may not name the site
        ({}, 25, 0, 0),
        ({"beds": None}, 5, 0, None),
        ({"current_until": date(2021, 2, 2)}, 5, 0, None),  # the source should have told anew
        ({"operating_until": date(2021, 2, 2)}, 0, 0, 0),
        ({"current_until": None, "known_as_of": None}, 5, 0, 15),
    ],
)
def test_social_14_capacity_is_the_inventory_less_tonights_stays(
    changes: dict[str, Any], present: int, last_seen: int, free: int | None
) -> None:
    row = free_beds_of(site(**changes), NIGHT, present, last_seen)
    assert (row.free, row.night) == (free, NIGHT)


def test_each_row_says_as_of_when_its_beds_are_known() -> None:
    (row,) = free_beds([site(), site(site="s0", active=False)], {"present|s1|site|congregate": 4}, NIGHT)
    assert row.as_json() == {
        "site": "s1", "site_kind": "congregate", "night": "2021-02-03", "beds": 20, "present": 4, "last_seen": 0, "free": 16,
        "known_as_of": "2021-02-01", "current": True, "unread": 0, "at_least": 16, "at_most": 16, "unknown": None,
    }  # fmt: skip


def of_night(night: date, **changes: Any) -> Site:
    """A word that holds for one night alone: a bed list's."""
    return site(known_as_of=night, current_until=night, status_rank=night.toordinal(), **changes)


def test_social_14_the_list_of_tomorrow_frees_no_bed_tonight() -> None:
    tomorrow = of_night(NIGHT + timedelta(days=1))
    row = free_beds_of(tomorrow, NIGHT, 0, 0)
    assert (row.free, row.at_most, row.unknown) == (None, None, "out-of-date")
    board = SiteBoard()
    board.put(tomorrow)
    assert [each.unknown for each in board.free_beds({}, NIGHT)] == ["out-of-date"]


def test_social_14_each_night_has_the_list_of_its_own_in_any_order() -> None:
    earlier = site(known_as_of=NIGHT, current_until=NIGHT, status_rank=1, beds=9)
    words = [of_night(NIGHT, unread=3), of_night(NIGHT + timedelta(days=1), beds=12), earlier]
    seen = set()
    for order in permutations(words):
        board = SiteBoard()
        for word in order:
            board.put(word)
        tonight, tomorrow, after = (board.free_beds({}, NIGHT + timedelta(days=days))[0] for days in range(3))
        assert (tonight.at_least, tonight.at_most, tomorrow.free, after.unknown) == (17, 20, 12, "out-of-date")
        seen.add(tuple(board.state()))
    assert len(seen) == 1


def test_a_site_with_lists_of_many_nights_keeps_the_newest_in_any_order() -> None:
    words = [of_night(NIGHT + timedelta(days=days), beds=days) for days in range(100)]
    boards = [SiteBoard(), SiteBoard()]
    for board, order in zip(boards, (words, words[::-1]), strict=True):
        for word in order:
            board.put(word)
        assert board.free_beds({}, NIGHT + timedelta(days=99))[0].free == 99
        assert board.free_beds({}, NIGHT)[0].unknown == "out-of-date"
    assert boards[0].state() == boards[1].state()
    assert len(boards[0].state()) == 62


@pytest.mark.parametrize(
    ("changes", "present", "at_least", "at_most", "free", "unknown"),
    [
        ({"unread": 3}, 5, 12, 15, None, "rows-not-read"),
        ({"unread": 3}, 18, 0, 2, None, "rows-not-read"),
        ({"unread": 3}, 20, 0, 0, 0, None),  # full, whoever they are
        ({"unread": 3, "beds": None}, 5, None, None, None, "beds-not-told"),
        ({"unread": 3, "current_until": date(2021, 2, 2)}, 5, None, None, None, "out-of-date"),
        ({"unread": 3, "operating_until": date(2021, 2, 2)}, 5, 0, 0, 0, None),
    ],
)
def test_social_14_rows_that_nobody_could_read_are_no_free_beds(
    changes: dict[str, Any],
    present: int,
    at_least: int | None,
    at_most: int | None,
    free: int | None,
    unknown: str | None,
) -> None:
    row = free_beds_of(site(**changes), NIGHT, present, 0)
    assert (row.at_least, row.at_most, row.free, row.unknown) == (at_least, at_most, free, unknown)


def test_the_newest_word_on_a_site_stands_in_any_order_and_one_that_is_withdrawn_leaves_none() -> None:
    words = [site(), site(status_rank=2, beds=12), site(fact_key="g", beds=9)]
    for order in permutations(words):
        board = SiteBoard()
        for word in (*order, *order):
            board.put(word)
        assert [row.free for row in board.free_beds({}, NIGHT)] == [12]
        board.put(site(status_rank=3, active=False))
        assert [row.free for row in board.free_beds({}, NIGHT)] == [9], "another fact on it still stands"
