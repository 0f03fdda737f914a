"""Free beds: what a site has, less who is there; nothing is free by guess."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.domain.capacity import free_beds, free_beds_of
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
        "known_as_of": "2021-02-01", "current": True,
    }  # fmt: skip
