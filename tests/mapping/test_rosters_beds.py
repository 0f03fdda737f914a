"""Free beds of bed lists: what a list says of its night, less who is there, and never a bed by guess."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.domain.capacity import free_beds
from hub.domain.identity import version_of
from hub.domain.measures import Denominators
from hub.preview import Preview
from hub.wiring_reading import Taken
from tests.builders import IDS
from tests.mapping.reading import Reader, counted
from tests.mapping.test_rosters import ROSTER, RULES, beds, reason


def test_social_14_a_list_with_a_column_for_its_beds_tells_the_site_once(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Status,Capacity"
    found = read.events(
        ROSTER,
        beds(
            "A,2021-02-15,1,1,,20", "A,2021-02-15,,2,Vacant,20", "B,2021-02-15,2,1,,", "A,2021-02-16,1,1,,19", head=head
        ),
    )
    sites = [event for event in found if event.kind == "site"]
    assert [(site.beds, site.known_as_of) for site in sites] == [(20, date(2021, 2, 15)), (19, date(2021, 2, 16))]
    assert sites[0].fact_key == sites[1].fact_key
    assert sites[0].status_rank < sites[1].status_rank  # the later night stands
    assert reason(read(ROSTER, beds("A,2021-02-15,,2,Vacant,many", head=head))) == ("not-a-count", "capacity")


def sites_of(found: list[Any]) -> list[Any]:
    return [event for event in found if event.kind == "site"]


def free(events: list[Any], night: date) -> int | None:
    """Free beds of the only site, as the hub counts them."""
    preview = Preview(IDS, RULES, Denominators({}, "none"))
    preview.take(Taken("event", event, None, "") for event in events)
    (row,) = free_beds([max(sites_of(events), key=lambda site: site.status_rank)], preview.finish(night).totals, night)
    return row.free


def test_r14_of_the_beds_of_a_list_those_of_people_are_not_free_whose_nights_name_no_site(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Currently Fleeing,Capacity"
    rows = ("A,2021-02-15,1,1,Yes,5", "A,2021-02-15,1,1,Yes,5", "A,2021-02-15,2,2,No,5", "A,2021-02-15,3,3,Yes,4")
    found = read.events(ROSTER, beds(*rows, head=head))
    (site,) = sites_of(found)
    assert (site.beds, site.unnamed) == (4, 2), "the fewer of two words on its beds; who stands there twice is one"
    assert free(found, date(2021, 2, 15)) == 1


def test_r14_a_list_of_each_bed_says_what_is_vacant(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Status,Currently Fleeing"
    rows = (
        "A,2021-02-15,1,F-1,Occupied,No", "A,2021-02-15,2,F-1,Occupied,Yes", "A,2021-02-15,,3,Vacant,", "A,2021-02-15,,4,Vacant,",
        "A,2021-02-15,,4,Vacant,", "A,2021-02-15,,5,Out of service,", "A,2021-02-15,,,Vacant,", "A,2021-02-15,,6,,",
        "A,2021-02-15,,7,Occupied,", "B,2021-02-15,9,1,Occupied,",
    )  # fmt: skip
    found = read.events(ROSTER, beds(*rows, head=head))
    (site,) = sites_of(found)
    assert (site.beds, site.unnamed, site.known_as_of) == (5, 2, date(2021, 2, 15))
    assert free(found, date(2021, 2, 15)) == 2


def test_r14_a_row_read_again_alone_never_takes_the_place_of_its_list(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Capacity,Currently Fleeing"
    rows = ("A,2021-02-15,1,1,20,Yes", "A,2021-02-15,2,2,20,No")
    (whole,) = sites_of(read.events(ROSTER, beds(*rows, head=head)))
    (alone,) = sites_of(read.events(ROSTER, beds(rows[1], head=head)))
    (tomorrow,) = sites_of(read.events(ROSTER, beds("A,2021-02-16,1,1,20,No", head=head)))
    assert alone.fact_key == whole.fact_key
    assert alone.status_rank < whole.status_rank < tomorrow.status_rank


CAPACITY = "Shelter,Night,Guest ID,Bed,Check In,Capacity"


def between(events: list[Any], night: date) -> tuple[int | None, int | None, str | None]:
    """Between which numbers the free beds of the only site are, as preview says, and why they are not known."""
    preview = Preview(IDS, RULES, Denominators({}, "none"))
    preview.take(Taken("event", event, None, "") for event in events)
    (row,) = preview.finish(night).beds
    return row.at_least, row.at_most, row.unknown


def test_r14_a_row_that_cannot_be_read_is_no_free_bed(read: Reader) -> None:
    good = ("A,2021-02-15,1,1,,20", "A,2021-02-15,2,2,,20")
    bad = ("A,2021-02-15,3,3,someday,20", "A,soon,4,4,,20", "A,2021-02-15,5")
    found = [*read(ROSTER, beds(*good, *bad, head=CAPACITY))]
    assert counted(found)["rejected"] == {"bad-date": 2, "short-row": 1}
    events = [mapped.event for mapped in found if mapped.event]
    assert between(events, date(2021, 2, 15)) == (15, 18, "rows-not-read")
    assert between(read.events(ROSTER, beds(*good, head=CAPACITY)), date(2021, 2, 15)) == (18, 18, None)


def test_r14_a_site_of_which_no_row_can_be_read_has_as_many_people_as_rows(read: Reader) -> None:
    found = read(ROSTER, beds("A,2021-02-15,3,3,someday,20", "A,2021-02-15,4,4,someday,20", head=CAPACITY))
    assert between([mapped.event for mapped in found if mapped.event], date(2021, 2, 15)) == (18, 20, "rows-not-read")


def test_r14_a_list_sent_again_without_its_faults_stands_in_any_order(read: Reader) -> None:
    faulty = ("A,2021-02-15,1,1,,20", "A,2021-02-15,2,2,someday,20")
    mended = ("A,2021-02-15,1,1,,20", "A,2021-02-15,2,2,2021-02-15,20")
    first = [mapped.event for mapped in read(ROSTER, beds(*faulty, head=CAPACITY)) if mapped.event]
    again = read.events(ROSTER, beds(*mended, head=CAPACITY))
    for events in ([*first, *again], [*again, *first]):
        assert between(events, date(2021, 2, 15)) == (18, 18, None)


def test_r14_a_longer_list_stands_though_fewer_of_its_rows_can_be_read(read: Reader) -> None:
    early = [f"A,2021-02-15,{number},{number},,20" for number in range(10)]
    late = [*early[:9], *(f"A,2021-02-15,{number},{number},someday,20" for number in range(9, 17))]
    first, again = (
        [mapped.event for mapped in read(ROSTER, beds(*rows, head=CAPACITY)) if mapped.event] for rows in (early, late)
    )
    for events in ([*first, *again], [*again, *first]):
        assert between(events, date(2021, 2, 15)) == (2, 10, "rows-not-read")


@pytest.mark.parametrize("ends", ["of a row that is none", "of a site unknown"])
def test_r14_rows_that_may_be_of_any_site_make_a_list_longer_too(ends: str, read: Reader) -> None:
    bad = {"of a row that is none": "A,2021-02-15,5", "of a site unknown": ",2021-02-15,4,4,,20"}[ends]
    early = ["A,2021-02-15,1,1,,20", "A,2021-02-15,2,2,,20"]
    first, again = (
        sites_of([mapped.event for mapped in read(ROSTER, beds(*rows, head=CAPACITY)) if mapped.event])[0]
        for rows in (early, [early[0], bad, bad])
    )
    assert (first.unread, again.unread) == (0, 2)
    assert first.status_rank < again.status_rank


def test_r14_of_two_lists_that_are_as_long_the_one_with_more_who_take_a_bed_unnamed_stands(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Currently Fleeing,Capacity"
    for capacity in range(8, 20):  # the hash would fall either way
        none, both, one = (
            sites_of(read.events(ROSTER, beds(*(f"A,2021-02-15,{n},{n},{w},{capacity}" for n, w in enumerate(told)), head=head)))[0]
            for told in (("No", "No"), ("Yes", "Yes"), ("Yes", "No"))
        )  # fmt: skip
        assert version_of(none) < version_of(one) < version_of(both)


def test_r14_a_bed_that_is_empty_is_so_though_its_row_cannot_be_read(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Status,Capacity"
    rows = ("A,2021-02-15,1,1,,20", "A,2021-02-15,,2,Vacant,many", "A,soon,,3,Out of service,20")
    found = read(ROSTER, beds(*rows, head=head))
    assert between([mapped.event for mapped in found if mapped.event], date(2021, 2, 15)) == (19, 19, None)


def test_r14_a_vacant_bed_stays_free_whatever_cannot_be_read_of_the_others(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Status,Check In"
    rows = ("A,2021-02-15,1,1,Occupied,", "A,2021-02-15,,2,Vacant,", "A,2021-02-15,3,3,Occupied,someday")
    found = read(ROSTER, beds(*rows, head=head))
    assert between([mapped.event for mapped in found if mapped.event], date(2021, 2, 15)) == (1, 1, None)


def test_r14_of_the_night_after_a_list_nobody_knows_what_is_free_until_its_own_comes(read: Reader) -> None:
    events = read.events(ROSTER, beds("A,2021-02-15,1,1,,20", head=CAPACITY))
    assert between(events, date(2021, 2, 15)) == (19, 19, None)
    assert between(events, date(2021, 2, 16)) == (None, None, "out-of-date")
