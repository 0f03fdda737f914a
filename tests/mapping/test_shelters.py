from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.reading import Reader, counted

HMIS = "hmis-csv"
WHEN = "2021-01-02 03:04:05"

TABLES = {
    "Export": (
        "ExportID,ExportDate,ExportStartDate,ExportEndDate,CSVVersion,ExportDirective,HashStatus\n"
        "1,2021-02-01,2020-10-01,2021-01-31,2024 v1.3,2,1\n"
    ),
    "Organization": "OrganizationID,VictimServiceProvider\nO1,0\nO2,1\n",
    "Project": (
        "ProjectID,OrganizationID,ProjectType,TargetPopulation,OperatingEndDate,DateUpdated\n"
        f"EE,O1,0,4,,{WHEN}\nNBN,O1,1,4,,{WHEN}\nTH,O1,2,4,,{WHEN}\nRRH,O1,13,4,,{WHEN}\nVSP,O2,0,4,,{WHEN}\n"
    ),
    "Inventory": (
        "InventoryID,ProjectID,BedInventory,InventoryStartDate,InventoryEndDate\n"
        "1,EE,20,2020-01-01,\n2,EE,9,2019-01-01,2019-12-31\n"
    ),
    "Client": (
        "PersonalID,FirstName,LastName,NameDataQuality,SSN,SSNDataQuality,DOB,DOBDataQuality,White,BlackAfAmerican,HispanicLatinaeo,"
        "RaceNone,DateUpdated,DateDeleted\n"
        f"P1,Person,One,1,111223333,1,1980-01-01,1,1,0,0,,{WHEN},\n"
        f"P2,Person,Two,1,,99,,99,0,0,0,9,{WHEN},\n"
        f"P3,Person,Three,1,111223334,1,1981-01-01,1,0,1,1,,{WHEN},\n"
    ),
    "Enrollment": (
        "EnrollmentID,PersonalID,ProjectID,EntryDate,HouseholdID,LivingSituation,MoveInDate,DateUpdated,DateDeleted\n"
        f"E1,P1,EE,2021-01-01,H1,116,,{WHEN},\nE2,P2,NBN,2021-01-01,H2,99,,{WHEN},\nE3,P3,VSP,2021-01-01,H3,101,,{WHEN},\n"
    ),
    "Exit": f"ExitID,EnrollmentID,PersonalID,ExitDate,Destination,DateUpdated,DateDeleted\nX1,E1,P1,2021-01-05,410,{WHEN},\n",
    "Services": (
        "ServicesID,EnrollmentID,PersonalID,DateProvided,RecordType,TypeProvided,DateUpdated,DateDeleted\n"
        f"S1,E2,P2,2021-01-01,200,200,{WHEN},\nS2,E2,P2,2021-01-02,200,200,{WHEN},\nS3,E3,P3,2021-01-02,200,200,{WHEN},\n"
    ),
    "CurrentLivingSituation": (
        "CurrentLivingSitID,EnrollmentID,PersonalID,InformationDate,CurrentLivingSituation,LocationDetails,DateUpdated\n"
        f"C1,E2,P2,2021-01-03,116,behind the SECRET bridge,{WHEN}\n"
    ),
    "IncomeBenefits": (
        "IncomeBenefitsID,EnrollmentID,PersonalID,InformationDate,SNAP,WIC,DateUpdated\n"
        f"I1,E1,P1,2021-01-01,0,1,{WHEN}\nI2,E2,P2,2021-01-01,99,,{WHEN}\n"
    ),
}  # fmt: skip


def export(**changes: str | None) -> dict[str, bytes | str]:
    """The made-up export; a table can be replaced, or left out with None."""
    return {f"{name}.csv": text for name, text in {**TABLES, **changes}.items() if text is not None}


def of(read: Reader, kind: str, files: dict[str, bytes | str], **options: Any) -> list[Any]:
    return [mapped.event for mapped in read(HMIS, files, **options) if mapped.type == kind and mapped.event is not None]


def test_an_export_becomes_what_it_holds(read: Reader) -> None:
    found = read(HMIS, export())
    assert counted(found) == {
        "events": {"site": 3, "person": 2, "shelter-stay": 4, "living-situation": 3, "food-assistance": 2},
        "rejected": {"victim-service-provider": 3},
        "ignored": {"not-a-shelter": 1, "victim-service-provider": 1, "no-answer": 1},
    }


def test_a_stay_in_an_entry_exit_shelter_is_presence_from_entry_to_exit(read: Reader) -> None:
    (stay,) = [e for e in of(read, "shelter-stay", export()) if e.stay == "enrollment" and e.presence]
    assert (stay.site_kind, stay.entered_on.isoformat(), stay.left_on.isoformat()) == (
        "congregate",
        "2021-01-01",
        "2021-01-05",
    )


def test_in_a_night_by_night_shelter_only_bed_nights_are_presence(read: Reader) -> None:
    stays = [e for e in of(read, "shelter-stay", export()) if e.left_on is None]
    assert [(stay.stay, stay.presence) for stay in stays] == [("enrollment", False), ("night", True), ("night", True)]


def test_rows_of_a_victim_service_provider_leave_no_trace_but_a_reason(read: Reader) -> None:
    found = read(HMIS, export())
    stopped = [mapped for mapped in found if mapped.reason == "victim-service-provider"]
    assert all(mapped.raw == b"" for mapped in stopped)
    assert sum(mapped.hard_stop for mapped in stopped) == 3
    assert not any(b"P3" in mapped.raw or b"Three" in mapped.raw for mapped in found)


@pytest.mark.parametrize(
    "changes",
    [
        {"Project": TABLES["Project"].replace("EE,O1,0,4", "EE,O1,0,1")},
        {"HMISParticipation": "HMISParticipationID,ProjectID,HMISParticipationType\n1,EE,2\n"},
        {"Organization": "OrganizationID,VictimServiceProvider\nO1,1\n"},
        {"Organization": "OrganizationID,VictimServiceProvider\nO1,Yes\n"},
        {"Organization": "OrganizationID,VictimServiceProvider\nO1,1.0\n"},
    ],
)
def test_each_sign_of_a_victim_service_provider_stops_its_rows(changes: dict[str, str], read: Reader) -> None:
    people = {event.person.local_id for event in of(read, "person", export(**changes))}
    assert "P1" not in people


def test_a_file_of_zero_bytes_that_could_be_spared_refuses_itself_alone(read: Reader) -> None:
    whole = counted(read(HMIS, export()))
    found = read(HMIS, export(Inventory="", Event=""))
    refused = [(mapped.reason, mapped.where) for mapped in found if mapped.reason == "empty"]
    assert refused == [("empty", {"file": "Event.csv"}), ("empty", {"file": "Inventory.csv"})]
    assert counted(found)["events"] == whole["events"]


def test_people_whose_provider_is_not_told_are_not_held_where_one_may_be_a_victim_service(read: Reader) -> None:
    people = of(
        read,
        "person",
        export(Enrollment=None, Exit=None, Services=None, CurrentLivingSituation=None, IncomeBenefits=None),
    )
    assert people == []


def test_configured_projects_are_isolation_sites(read: Reader) -> None:
    stays = of(read, "shelter-stay", export(), isolation_projects=["EE"])
    assert {stay.site_kind for stay in stays if stay.left_on} == {"isolation"}


def test_whoever_flees_is_labelled_everywhere(read: Reader) -> None:
    health = f"HealthAndDVID,EnrollmentID,PersonalID,InformationDate,CurrentlyFleeing,DateUpdated\n1,E1,P1,2021-01-01,1,{WHEN}\n"
    events = [mapped.event for mapped in read(HMIS, export(HealthAndDV=health)) if mapped.event]
    person = next(event.source_person for event in events if event.person and event.person.local_id == "P1")  # type: ignore[union-attr]
    assert {event.labels for event in events if event.source_person == person} == {("R", "SDV")}
    assert {event.labels for event in events if event.source_person != person} == {("R",)}


def test_free_text_leaves_the_row_before_it_is_kept(read: Reader) -> None:
    found = read(HMIS, export())
    assert not any(b"SECRET" in mapped.raw for mapped in found)
    assert not any("SECRET" in mapped.event.model_dump_json() for mapped in found if mapped.event)


def test_a_deleted_row_withdraws_and_outranks_its_former_state(read: Reader) -> None:
    was = of(read, "shelter-stay", export())[2]
    now = of(
        read, "shelter-stay", export(Services=TABLES["Services"].replace(f"200,{WHEN},\nS2", f"200,{WHEN},{WHEN}\nS2"))
    )
    night = next(stay for stay in now if not stay.active)
    assert night.fact_key in {stay.fact_key for stay in of(read, "shelter-stay", export())}
    assert (night.changed_at, night.status_rank) > (was.changed_at, was.status_rank)


def test_a_deleted_exit_opens_the_stay_again(read: Reader) -> None:
    deleted = TABLES["Exit"].replace(f"410,{WHEN},", "410,2021-01-02 03:04:05,2021-01-09 00:00:00")
    stays = [
        stay for stay in of(read, "shelter-stay", export(Exit=deleted)) if stay.presence and stay.stay == "enrollment"
    ]
    assert stays[0].left_on is None
    assert stays[0].changed_at > of(read, "shelter-stay", export())[0].changed_at


def test_beds_are_those_of_the_day_of_the_export(read: Reader) -> None:
    assert {site.beds for site in of(read, "site", export())} == {20, None}


def test_race_is_one_set_and_no_answer_is_not_a_no(read: Reader) -> None:
    first, second = of(read, "person", export())
    assert first.race_ethnicity.groups == ("white", "not-hispanic")
    assert (second.race_ethnicity.groups, second.race_ethnicity.absence) == ((), "declined")


@pytest.mark.parametrize(
    ("ethnicity", "groups"), [("0", ("white", "not-hispanic")), ("1", ("white", "hispanic")), ("8", ("white",))]
)
def test_fy2022_ethnicity_unknown_is_absent_and_never_not_hispanic(
    ethnicity: str, groups: tuple[str, ...], read: Reader
) -> None:
    client = f"PersonalID,White,Ethnicity,Female,Male,DateUpdated\nP1,1,{ethnicity},1,0,{WHEN}\n"
    files = export(Client=client, Export=TABLES["Export"].replace("2024 v1.3", "FY2022"))
    (person,) = of(read, "person", files)
    assert (person.race_ethnicity.groups, person.person.sex) == (groups, "F")
    told = person.race_ethnicity
    assert (told.standard, told.not_asked) == ("omb-1997", ("mena",))  # social-standards 16
    assert told.ethnicity_absence == ("asked-unknown" if ethnicity == "8" else None)


def test_social_16_race_none_beside_a_race_loses_and_is_said(read: Reader) -> None:
    files = export(Client=f"PersonalID,White,RaceNone,Female,Male,DateUpdated\nP1,1,9,1,0,{WHEN}\n")
    (mapped,) = [one for one in read("hmis-csv", files) if one.type == "person"]
    assert mapped.odd == ("race-none-with-race",)
    assert mapped.event is not None
    assert mapped.event.race_ethnicity is not None
    assert mapped.event.race_ethnicity.groups == ("white",)


@pytest.mark.parametrize(("hispanic", "version"), [("HispanicLatinaeo", "2024 v1.3"), ("HispanicLatinao", "2026 v1.0")])
def test_social_16_fy2024_and_fy2026_ask_one_question_that_offers_mena(
    hispanic: str, version: str, read: Reader
) -> None:
    files = export(
        Client=f"PersonalID,White,MidEastNAfrican,{hispanic},Sex,DateUpdated\nP1,1,1,1,0,{WHEN}\n",
        Export=TABLES["Export"].replace("2024 v1.3", version),
    )
    (person,) = of(read, "person", files)
    told = person.race_ethnicity
    assert (told.groups, told.standard, told.not_asked) == (("white", "mena", "hispanic"), "spd-15-2024", ())
    assert person.county_source is None


@pytest.mark.parametrize(
    ("code", "fy2022", "situation"),
    [("116", False, "homeless-unsheltered"), ("16", True, "homeless-unsheltered"), ("1", True, "homeless-sheltered"),
     ("435", False, "housed"), ("3", True, "housed"), ("207", False, "institutional"), ("36", True, "unstable")],
)  # fmt: skip
def test_living_situations_of_both_dialects_say_the_same(code: str, fy2022: bool, situation: str, read: Reader) -> None:
    changes = {"CurrentLivingSituation": TABLES["CurrentLivingSituation"].replace(",116,", f",{code},")}
    if fy2022:
        changes["Export"] = TABLES["Export"].replace("2024 v1.3", "FY2022")
        changes["Client"] = f"PersonalID,Ethnicity,DateUpdated\nP2,0,{WHEN}\n"
    lived = of(read, "living-situation", export(**changes))
    assert lived[-1].situation == situation


def test_food_benefits_are_facts_only_where_they_were_answered(read: Reader) -> None:
    assert [(e.program, e.enrolled) for e in of(read, "food-assistance", export())] == [("snap", "no"), ("wic", "yes")]


@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("Services", "S9,E9,P1,2021-01-01,200,200,,", "unknown-enrollment"),
        ("Services", "S9,E1,P2,2021-01-01,200,200,,", "person-mismatch"),
        ("Services", "S9,E1,P1,,200,200,,", "missing-key"),
        ("Services", "S9,E1,P1,2021-02-30,200,200,,", "bad-date"),
        ("Services", ",E1,P1,2021-01-01,200,200,,", "missing-key"),
        ("Client", ",Person,Nine,1,,99,,99,0,0,0,9,,", "missing-key"),
        ("Enrollment", "E1,P2,EE,2021-01-01,H1,116,,,", "duplicate-key"),
        ("Exit", "short", "short-row"),
    ],
)
def test_broken_rows_are_dead_letters_with_their_position(table: str, row: str, reason: str, read: Reader) -> None:
    text, organization = TABLES[table] + row + "\n", "OrganizationID,VictimServiceProvider\nO1,0\nO2,0\n"
    found = read(HMIS, export(Organization=organization, **{table: text}))
    rejected = [m for m in found if m.outcome == "rejected" and not m.hard_stop]
    assert reason in {mapped.reason for mapped in rejected}
    assert (f"{table}.csv", text.count("\n")) in {(m.where["file"], m.where["row"]) for m in rejected}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"Export": None}, "missing-file"), ({"Export": TABLES["Export"].replace("2024", "2031")}, "unknown-version"),
     ({"Export": TABLES["Export"].replace("2024 v1.3", "2026 v1")}, "version-mismatch"), ({"Services": ""}, "empty")],
)  # fmt: skip
def test_an_unreadable_export_or_table_is_one_dead_letter(
    changes: dict[str, str | None], reason: str, read: Reader
) -> None:
    assert reason in counted(read(HMIS, export(**changes)))["rejected"]


def test_hashed_or_placeholder_identifiers_are_left_out(read: Reader) -> None:
    hashed = "ab" * 32
    client = (
        "PersonalID,FirstName,LastName,SSN,SSNDataQuality,HispanicLatinaeo,DateUpdated\n"
        + "".join(f"P{n},{hashed},Name,777001234,1,0,{WHEN}\n" for n in (1, 2, 4))
        + f"P5,Person,Five,000000000,1,0,{WHEN}\n"
    )
    people = of(read, "person", export(Client=client, Organization=None))
    assert [(person.person.given_name, person.person.ssn) for person in people] == [(None, None)] * 3 + [
        ("Person", None)
    ]


def test_the_same_row_in_the_next_export_is_the_same_event(read: Reader) -> None:
    later = export(Export=TABLES["Export"].replace("1,2021-02-01", "2,2021-02-08"))
    once, again = ({m.event.event_id for m in read(HMIS, files) if m.event} for files in (export(), later))
    assert once == again


def test_an_export_with_semicolons_tells_the_same(read: Reader) -> None:
    other = {name: str(text).replace(",", ";") for name, text in export().items()}
    once, again = ({m.event.event_id for m in read(HMIS, files) if m.event} for files in (export(), other))
    assert once == again


@settings(max_examples=25)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_and_files_does_not_change_the_set_of_events(random: Any) -> None:
    read, shuffled = Reader(), {}
    names = list(TABLES)
    random.shuffle(names)
    for name in names:
        header, *lines = TABLES[name].splitlines()
        random.shuffle(lines)
        shuffled[f"{name}.csv"] = "\n".join([header, *lines]) + "\n"
    one_way, other = (
        {m.event.model_dump_json() for m in read(HMIS, files) if m.event} for files in (export(), shuffled)
    )
    assert one_way == other
