"""R14 in a resource directory: nobody is sent where it is closed or full, and nothing of the staff is kept."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.domain.need_words import NEED_CATEGORIES
from hub.mapping.tables import rows
from hub.routing import route
from tests.mapping.reading import Reader, counted

HSDS = "hsds-directory"


def service(**more: Any) -> dict[str, Any]:
    return {"id": "s-1", "name": "Riverside", "status": "active", "organization": {"id": "o-1"}} | more


def place(number: str = "l-1", **address: str) -> dict[str, Any]:
    told = {"state_province": "TN", "postal_code": "37402", "address_type": "physical"} | address
    return {"id": f"at-{number}", "location": {"id": number, "addresses": [told]}}


def one(read: Reader, body: object) -> Any:
    (event,) = read.events(HSDS, {"a.json": json.dumps(body)})
    return event


def term(code: str = "", name: str = "", value: str = "") -> dict[str, Any]:
    return {"value": value, "taxonomy_term": {"id": "t", "code": code, "name": name}}


@pytest.mark.parametrize(
    ("status", "told", "offered"),
    [
        ("active", "active", True),
        ("Active", "active", True),
        ("", "unknown", True),
        ("inactive", "inactive", False),
        ("defunct", "defunct", False),
        ("temporarily closed", "temporarily-closed", False),
        ("Temporarily_Closed", "temporarily-closed", False),
        ("on hold", "unknown", False),
    ],
)
def test_r14_only_what_is_active_is_offered(read: Reader, status: str, told: str, offered: bool) -> None:
    event = one(read, service(status=status))
    assert (event.status, event.offered) == (told, offered)


@pytest.mark.parametrize(
    ("more", "capacity", "offered"),
    [
        ({}, "unknown", True),
        ({"attributes": [term("no-capacity")]}, "no-capacity", False),
        ({"attributes": [term("capacity", value="no-capacity")]}, "no-capacity", False),
        ({"attributes": [term("waitlist")]}, "waitlist", True),
        ({"capacity": "No Capacity"}, "no-capacity", False),
        ({"capacity": "additional-assessment-required"}, "additional-assessment-required", True),
        ({"capacities": [{"available": 0, "maximum": 9}]}, "no-capacity", False),
        ({"service_capacities": [{"available": 0}, {"available": 3}]}, "capacity", True),
        ({"capacities": [{"available": "few"}]}, "unknown", True),
    ],
)
def test_r14_nothing_is_offered_that_has_no_capacity(read: Reader, more: Any, capacity: str, offered: bool) -> None:
    event = one(read, service(**more))
    assert (event.capacity, event.offered) == (capacity, offered)


@pytest.mark.parametrize(
    ("terms", "categories"),
    [
        ([term("BD-1800.2000", "anything")], ("food-insecurity",)),
        ([term("BH-8900.9100")], ("utility-insecurity",)),
        ([term("BH-1800.8500-180")], ("homelessness",)),
        ([term("BHX-1800")], ()),
        ([term("homelessness"), term("", "Food Pantries")], ("food-insecurity", "homelessness")),
        ([term("RX-8450", "Counseling")], ()),
    ],
)
def test_r13_needs_by_the_codes_and_words_of_terms(read: Reader, terms: list[Any], categories: tuple[str, ...]) -> None:
    assert one(read, service(attributes=terms)).categories == categories


def test_a_service_is_told_at_each_of_its_places(read: Reader) -> None:
    first, second = read.events(
        HSDS, {"a.json": json.dumps(service(service_at_locations=[place(), place("l-2", postal_code="37203")]))}
    )
    assert first.service == second.service
    assert first.site != second.site
    assert (first.fact_key != second.fact_key, first.postal_code, second.county) == (True, "37402", "47037")
    assert first.source_person is None


def test_days_hours_and_last_day(read: Reader) -> None:
    weekly = {"byday": "MO, WE", "opens_at": "9:00", "closes_at": "17:00:00", "valid_to": "2035-01-31"}
    older = {"weekday": "Saturday", "opens_at": "10:00", "closes_at": "12:00", "valid_to": "2035-02-28"}
    event = one(read, service(schedules=[weekly, older, older]))
    assert (event.schedule, event.valid_until) == ("MO,WE 09:00-17:00; SA 10:00-12:00", date(2035, 2, 28))
    free = one(read, service(schedules=[{"description": "ask Dana", "byday": "whenever"}]))
    assert (free.schedule, free.valid_until) == (None, None)


@pytest.mark.parametrize(
    "document",
    [
        [service(), service(id="s-2")],
        {"contents": [service(), service(id="s-2")], "page_number": 1},
        {
            "id": "o-1",
            "name": "Org",
            "services": [
                {"id": "s-1", "name": "a", "status": "active"},
                {"id": "s-2", "name": "b", "status": "active"},
            ],
        },
        {
            "organizations": [
                {"id": "o-1", "services": [{"id": "s-1", "status": "active"}]},
                {"id": "o-2", "services": [{"id": "s-2", "status": "active"}]},
            ]
        },
        [
            {"id": "at", "service": service(), "location": {"id": "l"}},
            {"id": "at2", "service": service(id="s-2"), "location": {"id": "l"}},
        ],
    ],
)
def test_services_are_found_in_whatever_holds_them(read: Reader, document: object) -> None:
    found = read.events(HSDS, {"a.json": json.dumps(document)})
    assert len({event.service for event in found}) == 2
    assert all(event.organization for event in found)


def test_one_document_a_line(read: Reader) -> None:
    found = read(HSDS, {"a.ndjson": "\n".join([json.dumps(service()), '{"id": ', json.dumps(service(id="s-2"))])})
    assert [mapped.outcome for mapped in found] == ["event", "rejected", "event"]
    assert found[1].raw == b""


def test_what_is_no_service_says_so(read: Reader) -> None:
    told = counted(
        read(
            HSDS,
            {
                "a.json": json.dumps(
                    [
                        {"id": "o", "name": "Org", "website": "x"},
                        7,
                        service(id=None),
                        {"id": "l", "location_type": "physical"},
                    ]
                )
            },
        )
    )
    assert told["rejected"] == {"not-a-service": 1, "missing-key": 1}
    assert counted(read(HSDS, {"a.json": "[]"}))["ignored"] == {"no-service": 1}
    assert counted(read(HSDS, {"readme.txt": "hello"}))["ignored"] == {"file-not-used": 1}


def test_nothing_of_the_staff_is_kept_or_told_and_it_is_read_again_alike(read: Reader) -> None:
    staff = {"name": "Dana Whitfield"}
    told = service(
        contacts=[staff], phones=[{"number": "615-555-0100"}], description="Ask Dana", alert="Dana is away",
        eligibility_description="Dana", attributes=[term("BD-1800.2000", "Food"), term("waitlist")],
        service_at_locations=[place(attention="Dana Whitfield")],
        schedules=[{"byday": "MO", "notes": "Dana"}], languages=[{"code": "es", "note": "Dana"}],
    )  # fmt: skip
    (mapped,) = read(HSDS, {"a.json": json.dumps(told)})
    assert mapped.event is not None
    assert b"Dana" not in mapped.raw + mapped.event.model_dump_json().encode()
    assert [each.event for each in read(HSDS, {"alone.json": mapped.raw})] == [mapped.event]


TABLES = {
    "services.csv": "id,organization_id,program_id,name,status\ns-1,o-1,,Pantry,active\ns-2,,p-1,Rides,inactive\n",
    "Programs.csv": "id,organization_id\np-1,o-1\n",
    "services_at_location.csv": "id,service_id,location_id\na,s-1,l-1\n",
    "locations.csv": "id,name\nl-1,Hall\n",
    "physical_addresses.csv": "id,location_id,city,state_province,postal_code\nd,l-1,Chattanooga,TN,37402\n",
    "regular_schedules.csv": "id,service_id,weekday,opens_at,closes_at\nh,s-1,Monday,09:00,12:00\n",
    "service_taxonomy.csv": "id,service_id,taxonomy_id\nx,s-1,BD-1800.2000\n",
    "contacts.csv": "id,service_id,name\nc,s-1,Dana Whitfield\n",
}


def test_tables_are_joined_whatever_their_order_and_say_what_json_says(read: Reader) -> None:
    forward, backward = read(HSDS, TABLES), read(HSDS, dict(reversed(TABLES.items())))
    events = [mapped.event for mapped in forward if mapped.event is not None]
    assert events == [mapped.event for mapped in backward if mapped.event is not None]
    pantry, rides = events
    told: Any = pantry
    assert (told.categories, told.schedule, told.postal_code) == (("food-insecurity",), "MO 09:00-12:00", "37402")
    assert told.organization == getattr(rides, "organization", None)
    assert counted(forward)["ignored"] == {"file-not-used": 1}
    nested = service(
        organization={"id": "o-1"}, name="Pantry", attributes=[term("BD-1800.2000")],
        schedules=[{"weekday": "Monday", "opens_at": "09:00", "closes_at": "12:00"}], service_at_locations=[place()],
    )  # fmt: skip
    assert one(read, nested).event_id == told.event_id


@pytest.mark.parametrize("head", ["id,name,status", "\ufeffID;Name;Status", "id|name|STATUS"])
def test_tables_have_any_delimiter_and_case(read: Reader, head: str) -> None:
    delimiter = next(mark for mark in ",;|" if mark in head)
    row = delimiter.join(("1", "Pantry", "TEMPORARILY CLOSED"))
    (event,) = read.events(HSDS, {"services.csv": f"{head}\n{row}\n"})
    assert (event.status, event.offered) == ("temporarily-closed", False)


def test_a_table_without_its_neighbours_is_read_as_far_as_it_goes(read: Reader) -> None:
    (event, other) = read.events(HSDS, {"services.csv": TABLES["services.csv"]})
    assert (event.postal_code, other.status) == (None, "inactive")
    assert counted(read(HSDS, {"locations.csv": TABLES["locations.csv"]}))["ignored"] == {"no-service": 1}


def test_the_full_service_of_the_standard(read: Reader, shared_samples: Path) -> None:
    path = shared_samples / "social/hsds/service_full.json"
    (mapped,) = read(HSDS, {path.name: path.read_bytes()})
    event: Any = mapped.event
    assert (event.status, event.offered, event.capacity, event.schedule) == (
        "active",
        True,
        "unknown",
        "TH,FR 10:00-18:00",
    )
    assert (event.minimum_age, event.maximum_age, event.languages, event.valid_until) == (
        12,
        100,
        ("ur",),
        date(2005, 1, 1),
    )
    assert b"Persona" not in mapped.raw
    assert [routed.connector for routed in route(path, [])] == [HSDS]


def test_the_categories_of_the_table_are_words_of_the_vocabulary() -> None:
    assert {row["category"] for row in rows("service_terms")} <= NEED_CATEGORIES


def stands(*events: Any) -> str:
    """The status of the version that stands, whatever the order of arrival."""
    return str(max(events, key=lambda each: (each.changed_at, each.status_rank, each.content_hash)).status)


@pytest.mark.parametrize("closed", ["defunct", "inactive", "temporarily closed"])
def test_r14_without_any_time_what_is_closed_stands(read: Reader, closed: str) -> None:
    opened = [one(read, service(name=name)) for name in ("Riverside", "Food Bank", "Hall", "Pantry", "Harbor")]
    shut = one(read, service(status=closed))
    assert stands(*opened, shut) == closed.replace(" ", "-")
    assert shut.issues == ("no-change-time",)
    full = one(read, service(capacity="no-capacity"))
    assert full.status_rank > opened[0].status_rank


def test_the_day_of_a_directory_says_which_of_two_is_the_later(read: Reader) -> None:
    told = {name: json.dumps(service(status=word)) for name, word in (("a", "active"), ("z", "defunct"))}
    (shut,) = read.events(HSDS, {"export/directory-2021-02-01.json": told["z"]})
    (opened,) = read.events(HSDS, {"directory_20210301.json": told["a"]})
    assert (stands(shut, opened), opened.occurred_on, opened.issues) == ("active", date(2021, 3, 1), ())


def test_metadata_of_a_service_or_its_place_say_when_it_was_changed_in_json_and_in_tables(read: Reader) -> None:
    there = place() | {"metadata": [{"last_action_date": "2021-04-02"}]}
    told = service(metadata=[{"last_action_date": "2021-03-01"}], service_at_locations=[there])
    assert one(read, told).occurred_on == date(2021, 4, 2)
    assert one(read, told | {"last_modified": "2021-01-05"}).occurred_on == date(2021, 1, 5)
    joined = TABLES | {"metadata.csv": "id,resource_id,resource_type,last_action_date\nm,s-1,service,2021-03-01\n"}
    pantry, rides = read.events(HSDS, joined)
    assert (pantry.occurred_on, rides.occurred_on) == (date(2021, 3, 1), None)


def test_a_service_dated_by_its_file_or_metadata_is_read_again_alike(read: Reader) -> None:
    for file, more in (("d-2021-03-01.json", {}), ("d.json", {"metadata": [{"last_action_date": "2021-03-01"}]})):
        (mapped,) = read(HSDS, {file: json.dumps(service(**more))}, timezone="America/Chicago")
        (again,) = read(HSDS, {"alone.json": mapped.raw}, timezone="America/Chicago")
        assert again.event == mapped.event
