"""social-standards.md, requirements 8 to 20 for the HMIS reader: presence, housing, households, capacity, and what may not
be held."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.connectors.installed import programs
from hub.domain.housing import housing_status
from hub.formats.hmis import open_export
from hub.mapping.program import Mapped, MappingContext, Unit
from hub.mapping.shelters_index import Enrollment, Index
from tests.builders import IDS
from tests.mapping import made_up_hmis as made
from tests.mapping.made_up_hmis import Export, Guest
from tests.mapping.reading import MadeUpAgreement, Reader, counted, facts_of

HMIS = "hmis-csv"
WEEKLY = 604_800.0


def tell(export: Export, **options: Any) -> list[Mapped]:
    """What a connector that is expected weekly makes of an export."""
    files = {name: str(text).encode() for name, text in export.files().items()}
    context = MappingContext(HMIS, MadeUpAgreement(), IDS, options=options, cadence_s=WEEKLY)
    return list(programs()[HMIS].read(Unit("export", files), context))


def of(found: list[Mapped], kind: str) -> list[Any]:
    return [mapped.event for mapped in found if mapped.event is not None and mapped.type == kind]


def flees(export: Export, number: int) -> Export:
    export.tables["HealthAndDV"] = [made._stamped({
        "HealthAndDVID": "D1", "EnrollmentID": f"E{number}", "PersonalID": f"P{number}", "InformationDate": "2021-01-05",
        "CurrentlyFleeing": "1"})]  # fmt: skip
    return export


def beds(export: Export, **inventory: int) -> Export:
    export.tables["Inventory"] = [
        made._stamped({"InventoryID": f"I{project}", "ProjectID": project, "BedInventory": str(count),
                       "InventoryStartDate": "2020-01-01"})
        for project, count in inventory.items()
    ]  # fmt: skip
    return export


@pytest.mark.parametrize(
    ("project", "kind", "presence"),
    [
        ("EE", "congregate", True),
        ("SH", "congregate", True),
        ("NBN", "congregate", False),
        ("TH", "transitional", True),
    ],
)
def test_social_8_an_enrollment_is_presence_only_where_people_stay_from_entry_to_exit(
    project: str, kind: str, presence: bool
) -> None:
    (stay,) = of(tell(Export([Guest(1, project)])), "shelter-stay")
    assert (stay.site_kind, stay.presence, stay.left_on) == (kind, presence, None)


@pytest.mark.parametrize("project", ["SO", "SSO", "CE"])
def test_social_8_outreach_services_and_coordinated_entry_are_never_presence(project: str) -> None:
    export = Export([Guest(1, project, nights=("2021-01-05",))])
    assert [stay.presence for stay in of(tell(export), "shelter-stay")] == [False]
    assert of(tell(export), "site") == []


def test_social_8_a_hotel_is_an_isolation_site_where_the_settings_name_its_project() -> None:
    (stay,) = of(tell(Export([Guest(1, "EE")]), isolation_projects=["EE"]), "shelter-stay")
    assert stay.site_kind == "isolation"


def test_social_8_an_open_stay_says_as_of_when_it_is_known_and_until_when_that_counts_as_now() -> None:
    (stay,) = of(tell(Export([Guest(1, "EE")])), "shelter-stay")
    assert (stay.known_as_of, stay.current_until) == (date(2021, 1, 31), date(2021, 2, 7))


def test_social_8_the_next_export_confirms_an_open_stay_and_says_nothing_new_of_a_closed_one() -> None:
    guests = [Guest(1, "EE"), Guest(2, "EE", left="2021-01-20")]
    first, second = (
        {s.fact_key: s for s in of(tell(Export(guests, day=day)), "shelter-stay")}
        for day in ("2021-01-24", "2021-01-31")
    )
    events = [
        (first[key].event_id == second[key].event_id, first[key].status_rank <= second[key].status_rank)
        for key in first
    ]
    assert sorted(events) == [(False, True), (True, True)]


def test_social_8_a_stay_that_was_left_stands_over_its_confirmation_at_one_time_of_change() -> None:
    open_stay, closed = (
        of(tell(Export([Guest(1, "EE", left=left)])), "shelter-stay")[0] for left in ("", "2021-01-20")
    )
    assert open_stay.changed_at == closed.changed_at
    (fact,) = facts_of([closed, open_stay]).values()
    assert fact.left == date(2021, 1, 20).toordinal()  # type: ignore[union-attr]


def test_social_8_a_bed_night_on_the_exit_date_is_kept_with_an_issue() -> None:
    found = tell(Export([Guest(1, "NBN", left="2021-01-05", nights=("2021-01-04", "2021-01-05"))]))
    assert Counter(code for m in found for code in m.odd) == {"bed-night-on-exit-date": 1}
    assert len([s for s in of(found, "shelter-stay") if s.stay == "night"]) == 2


def test_social_8_each_night_is_known_for_itself_and_current_for_one_cadence() -> None:
    (night,) = [
        s for s in of(tell(Export([Guest(1, "NBN", nights=("2021-01-05",))])), "shelter-stay") if s.stay == "night"
    ]
    assert (night.known_as_of, night.current_until) == (date(2021, 1, 5), date(2021, 1, 12))


def test_an_export_of_the_last_or_the_first_day_there_is_is_read() -> None:
    """Some software writes 9999-12-31 or 0001-01-01 where it knows no day; another day after or before it there is not."""
    last = tell(Export([Guest(1), Guest(2, "NBN", nights=("9999-12-31",))], day="9999-12-31"))
    first = tell(Export([Guest(2, "NBN")], day="0001-01-01"))
    assert [m.reason for m in (*last, *first) if m.outcome == "rejected"] == []
    assert {stay.current_until for stay in of(last, "shelter-stay") if stay.current_until} == {date.max}
    assert [site.current_until for site in of(first, "site")] == [date.min]


@pytest.mark.parametrize(
    ("guest", "situation", "day"),
    [
        (Guest(1, "SO", before="116"), "homeless-unsheltered", "2021-01-04"),
        (Guest(1, "NBN", before="116", nights=("2021-01-09",)), "homeless-sheltered", "2021-01-09"),
        (Guest(1, "EE", left="2021-01-20", after="410"), "housed", "2021-01-20"),
        (Guest(1, "EE", left="2021-01-20", after="99"), "homeless-sheltered", "2021-01-19"),
    ],
)
def test_social_9_housing_status_comes_of_the_latest_word_with_its_day(guest: Guest, situation: str, day: str) -> None:
    events = [m.event for m in tell(Export([guest])) if m.event is not None and m.event.source_person is not None]
    named = [(("sp", key), fact) for key, fact in facts_of(events).items()]
    status = housing_status(named, date(2021, 1, 25).toordinal())
    assert status is not None
    assert (status.situation, f"{date.fromordinal(status.day)}") == (situation, day)


def test_social_11_households_are_carried_with_who_is_their_head() -> None:
    export = Export([Guest(1), Guest(2)])
    export.tables["Enrollment"][1] |= {"HouseholdID": "H1", "RelationshipToHoH": "2"}
    one, two = of(tell(export), "shelter-stay")
    assert one.household == two.household
    assert (one.household_head, two.household_head) == ("yes", "no")


def test_social_14_a_site_says_its_beds_and_as_of_when() -> None:
    site = next(s for s in of(tell(beds(Export([Guest(1, "EE")]), EE=20)), "site"))
    assert (site.beds, site.known_as_of, site.current_until, site.unnamed) == (
        20,
        date(2021, 1, 31),
        date(2021, 2, 7),
        0,
    )


@pytest.mark.parametrize(("night", "until"), [("2021-01-31", date(2021, 1, 31)), ("2021-01-30", date(2021, 1, 30))])
def test_social_14_where_people_are_told_night_by_night_beds_are_known_of_a_night_that_is_told(
    night: str, until: date
) -> None:
    (site,) = of(tell(beds(Export([Guest(1, "NBN", nights=(night,))]), NBN=30)), "site")
    assert (site.known_as_of, site.current_until) == (date(2021, 1, 31), until)


def test_social_14_people_who_may_not_be_placed_still_take_a_bed() -> None:
    export = flees(beds(Export([Guest(1, "EE"), Guest(2, "NBN", nights=("2021-01-31",))]), EE=20, NBN=30), 1)
    export.tables["HealthAndDV"].append({**export.tables["HealthAndDV"][0], "HealthAndDVID": "D2", "PersonalID": "P2"})
    assert {site.beds: site.unnamed for site in of(tell(export), "site")} == {20: 1, 30: 1}


def test_social_20_whoever_flees_is_labelled_and_neither_site_nor_household_nor_county_is_told() -> None:
    export = flees(Export([Guest(1, "EE"), Guest(2, "EE")]), 1)
    for row in export.tables["Enrollment"]:
        row |= {"LastPermanentStreet": "12 Made-up Street"}
    found = tell(export, county="47065")
    hidden, plain = of(found, "shelter-stay")
    assert ("SDV" in hidden.labels, "SDV" in plain.labels) == (True, False)
    assert hidden.site != plain.site
    assert (hidden.household, plain.household is None) == (None, False)
    fleeing, other = of(found, "person")
    assert (fleeing.person.county, fleeing.county_source, other.person.county) == (None, None, "47065")
    rows = {
        mapped.event.source_person: mapped.raw for mapped in found if mapped.type == "shelter-stay" and mapped.event
    }
    assert b"Made-up Street" not in rows[hidden.source_person]
    assert b",EE," not in rows[hidden.source_person]
    assert b"Made-up Street" in rows[plain.source_person]


@pytest.mark.parametrize("left", ["", "2021-01-25"])
def test_social_20_a_child_who_came_with_somebody_who_flees_says_no_more_of_where_they_are(left: str) -> None:
    """CurrentlyFleeing is asked of heads of household and adults alone (unverified: from memory; HMIS element 4.11)."""
    export = flees(beds(Export([Guest(1, "EE", left=left), Guest(2, "EE", left=left), Guest(3, "EE")]), EE=20), 1)
    mother, child, other = export.tables["Enrollment"]
    child |= {
        "HouseholdID": mother["HouseholdID"],
        "RelationshipToHoH": "2",
        "LastPermanentStreet": "12 Made-up Street",
    }
    mother |= {"LastPermanentStreet": ""}
    other |= {"LastPermanentStreet": ""}
    found = tell(export, county="47065")
    hers, childs, others = of(found, "shelter-stay")
    assert (childs.site, childs.household, "SDV" in childs.labels) == (hers.site, None, True)
    assert (others.site == hers.site, others.household is None, "SDV" in others.labels) == (False, False, False)
    assert [event.person.county for event in of(found, "person")] == [None, None, "47065"]
    assert not any(b"Made-up Street" in mapped.raw for mapped in found)
    assert [site.unnamed for site in of(found, "site")] == [0 if left else 2]


def test_social_20_who_shared_a_household_with_the_child_elsewhere_is_not_said_to_flee() -> None:
    export = flees(Export([Guest(1, "EE"), Guest(2, "EE"), Guest(3, "SH")]), 1)
    mother, child, father = export.tables["Enrollment"]
    child |= {"HouseholdID": mother["HouseholdID"]}
    export.tables["Enrollment"].append(
        {**child, "EnrollmentID": "E9", "ProjectID": "SH", "HouseholdID": father["HouseholdID"]}
    )
    labels = {event.person.local_id: event.labels for event in of(tell(export), "person")}
    assert {who: "SDV" in some for who, some in labels.items()} == {"P1": True, "P2": True, "P3": False}


def test_beds_of_people_who_may_not_be_placed_are_counted_once_for_all_projects() -> None:
    class Watched(dict[str, Enrollment]):
        looked = 0

        def items(self) -> Any:
            Watched.looked += 1
            return super().items()

    export = flees(Export([Guest(1, "EE"), Guest(2, "SH"), Guest(3, "TH")]), 1)
    files = {name: str(text).encode() for name, text in export.files().items()}
    index = Index.of(open_export(files), ZoneInfo("UTC"), frozenset())
    index.enrollments = Watched(index.enrollments)
    assert [index.unnamed(project) for project in ("EE", "SH", "TH")] == [1, 0, 0]
    assert Watched.looked <= 1


def with_victim_services(**project: str) -> Export:
    export = Export([Guest(1, "EE"), Guest(2, "NBN", nights=("2021-01-05",))])
    export.tables["Organization"].append(
        {**export.tables["Organization"][0], "OrganizationID": "O2", "VictimServiceProvider": "1"}
    )
    export.tables["Project"][1] |= {"OrganizationID": "O2", **project}
    return export


def test_social_20_every_row_of_a_victim_service_provider_is_refused_without_a_body_and_the_others_are_taken() -> None:
    found = tell(with_victim_services())
    assert counted(found)["rejected"] == {"victim-service-provider": 3}  # client, enrollment, bed night
    assert all(m.raw == b"" and m.hard_stop for m in found if m.outcome == "rejected")
    assert {e.person.local_id for e in of(found, "person")} == {"P1"}


@pytest.mark.parametrize("broken", ["2021-02-30", ""])
def test_social_20_of_a_broken_row_that_may_be_theirs_nothing_is_kept_either(broken: str) -> None:
    export = with_victim_services()
    export.tables["Services"][0]["DateProvided"] = broken
    export.tables["Services"].append(
        {**export.tables["Services"][0], "ServicesID": "S9", "EnrollmentID": "E9", "PersonalID": "P9"}
    )
    rejected = [m for m in tell(export) if m.outcome == "rejected"]
    assert {m.reason for m in rejected} == {"victim-service-provider", "unknown-enrollment"}
    assert all(m.raw == b"" and m.hard_stop for m in rejected)


def test_social_20_a_copy_of_a_row_of_theirs_leaves_nothing() -> None:
    export = with_victim_services()
    export.tables["Services"] *= 2
    copies = [m for m in tell(export) if m.reason == "repeated-row"]
    assert [m.raw for m in copies] == [b""]


def test_social_20_an_organization_without_a_project_in_the_drop_stops_nobody(read: Reader) -> None:
    export = Export([Guest(1)])
    export.tables["Organization"].append(
        {**export.tables["Organization"][0], "OrganizationID": "O2", "VictimServiceProvider": "1"}
    )
    assert counted(read(HMIS, export.files()))["rejected"] == {}


def test_social_20_free_text_never_leaves() -> None:
    export = Export(
        [
            Guest(1, left="2021-01-20", more={"AdditionalRaceEthnicity": "SECRET"}),
            Guest(2, "NBN", nights=("2021-01-05",)),
        ]
    )
    export.tables["Exit"][0]["OtherDestination"] = "SECRET"
    export.tables["Services"][0]["OtherTypeProvided"] = "SECRET"
    export.tables["CurrentLivingSituation"] = [made._stamped({
        "CurrentLivingSitID": "C1", "EnrollmentID": "E1", "PersonalID": "P1", "InformationDate": "2021-01-06",
        "CurrentLivingSituation": "116", "LocationDetails": "SECRET"})]  # fmt: skip
    found = tell(export)
    assert not any(b"SECRET" in m.raw for m in found)
    assert not any("SECRET" in m.event.model_dump_json() for m in found if m.event)
    export.tables["Services"][0]["DateProvided"] = (
        "SECRET,SECRET"  # a cell more than columns, once written without quotes
    )
    files = {name: str(text).replace('"SECRET,SECRET"', "SECRET,SECRET") for name, text in export.files().items()}
    found = list(
        programs()[HMIS].read(
            Unit("u", {n: t.encode() for n, t in files.items()}), MappingContext(HMIS, MadeUpAgreement(), IDS)
        )
    )
    assert counted(found)["rejected"] == {"long-row": 1}
    assert not any(b"SECRET" in m.raw for m in found)
