"""Bed lists: who is where tonight, who is no more, and whose rows are never held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import hub.domain.isolation as isolation
from hub.connectors.catalog import SHIPPED
from hub.connectors.installed import programs
from hub.domain.measures import Denominators
from hub.errors import ConfigError
from hub.mapping.program import Mapped, MappingContext, Unit
from hub.preview import Preview
from hub.wiring_reading import Taken
from tests.builders import IDS
from tests.mapping.reading import MadeUpAgreement, Reader, counted

ROSTER = "shelter-roster-csv"
RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())
COLUMNS = (
    "Shelter ID,Shelter Type,Victim Service Provider,Night Of,Guest ID,Last Name,First Name,DOB,Bed,Check Out,"
    "Status,Printed At"
)
TONIGHT, YESTERDAY = "02/15/2021", "02/14/2021"


def guest(who: str = "G-1", **cells: str) -> str:
    """A row of COLUMNS; two ids are two people who have nothing in common."""
    names = {"1": "Vega,Marisol,03/09/1984", "2": "Okafor,Daniel,11/30/1951", "3": "Lind,Sven,07/04/1999"}
    told = {
        "site": "SH-1", "kind": "", "vsp": "No", "night": TONIGHT, "who": who, "name": names.get(who[-1:], "Moss,Ida,01/02/1970"),
        "bed": "A-1", "out": "", "status": "", "at": "",
    } | cells  # fmt: skip
    return ",".join(told.values())


def beds(*rows: str, head: str = COLUMNS) -> dict[str, str]:
    return {"beds.csv": "\n".join([head, *rows, ""])}


def reason(found: list[Mapped]) -> tuple[str | None, object]:
    (mapped,) = found
    return mapped.reason, mapped.where.get("field")


def present(events: Iterable[Any], day: date) -> int:
    """How many people the hub counts as present somewhere on that day."""
    preview = Preview(IDS, RULES, Denominators({}, "none"))
    preview.take(Taken("event", event, None, "") for event in events)
    return sum(n for stratum, n in preview.finish(day).totals.items() if stratum.startswith("present|"))


def test_r8_a_row_is_a_bed_night_and_proves_presence_until_the_next(read: Reader) -> None:
    (night,) = read.events(ROSTER, beds(guest()))
    assert (night.stay, night.presence, night.site_kind, night.entered_on) == (
        "night",
        True,
        "congregate",
        date(2021, 2, 15),
    )
    assert [present([night], date(2021, 2, day)) for day in (14, 15, 16)] == [0, 1, 0]


def test_r8_whoever_is_not_on_tonights_list_is_not_there_tonight(read: Reader) -> None:
    lists = [beds(guest("G-1", night=YESTERDAY), guest("G-2", night=YESTERDAY)), beds(guest("G-1"))]
    events = [event for each in lists for event in read.events(ROSTER, each)]
    assert [present(events, date(2021, 2, day)) for day in (14, 15)] == [2, 1]


def test_r5_a_list_says_nothing_of_another_shelter(read: Reader) -> None:
    before = read.events(ROSTER, beds(guest("G-1", site="SH-1"), guest("G-2", site="SH-2")))
    after = read.events(ROSTER, beds(guest("G-3", site="SH-1", at="02/15/2021 23:00")))
    assert present([*before, *after], date(2021, 2, 15)) == 3, (
        "a second list of one shelter withdraws nobody by silence"
    )


@pytest.mark.parametrize(
    ("out", "status"), [(TONIGHT, ""), ("", "Checked out"), ("", "No show"), (YESTERDAY, "Checked in")]
)
def test_somebody_who_left_today_is_not_there_tonight(read: Reader, out: str, status: str) -> None:
    stayed = read.events(ROSTER, beds(guest(at="02/15/2021 7:00 PM")))
    (left,) = read.events(ROSTER, beds(guest(out=out, status=status, at="02/15/2021 9:00 PM")))
    assert left.fact_key == stayed[0].fact_key
    assert (left.active, left.issues) == (False, ("left-before-night",))
    assert present([left, *stayed], date(2021, 2, 15)) == 0


def test_r4_the_later_print_of_a_list_stands_whatever_order_they_come_in(read: Reader) -> None:
    left = read.events(ROSTER, beds(guest(status="Checked out", at="02/15/2021 7:00 PM")))
    back = read.events(ROSTER, beds(guest(at="02/15/2021 11:30 PM")))
    assert back[0].changed_at == datetime(2021, 2, 15, 23, 30, tzinfo=UTC)
    assert present([*left, *back], date(2021, 2, 15)) == present([*back, *left], date(2021, 2, 15)) == 1


def test_a_list_sent_again_under_another_name_tells_nothing_new(read: Reader) -> None:
    content = beds(guest(), guest("G-2"))["beds.csv"]
    again = [[e.event_id for e in read.events(ROSTER, {name: content})] for name in ("a.csv", "b.csv")]
    assert again[0] == again[1]


@pytest.mark.parametrize(
    ("row", "options"),
    [
        (guest(vsp="Yes"), {}),
        (guest(vsp="1"), {}),
        (guest(vsp="unsure"), {}),
        (guest(vsp="Unknown"), {}),
        (guest(kind="Domestic Violence Shelter"), {}),
        (guest(site="HAVEN-1"), {"victim_service_sites": ["haven-1"]}),
    ],
)
def test_r20_a_row_of_a_victim_service_provider_is_refused_without_a_body(
    read: Reader, row: str, options: dict[str, Any]
) -> None:
    stopped, other = read(ROSTER, beds(row, guest("G-9")), **options)
    assert (stopped.reason, stopped.hard_stop, stopped.raw, stopped.head) == ("victim-service-provider", True, b"", b"")
    assert stopped.where == {"file": "beds.csv", "row": 2}
    assert other.outcome == "event"


@pytest.mark.parametrize("column", ["TargetPopulation", "HMISParticipationType"])
def test_r20_hmis_codes_stop_a_row_too(read: Reader, column: str) -> None:
    code = {"TargetPopulation": "1", "HMISParticipationType": "2"}[column]
    head = f"ProjectID,{column},Night,PersonalID,Bed"
    assert reason(read(ROSTER, beds(f"9,{code},2021-02-15,P1,1", head=head))) == ("victim-service-provider", None)
    assert read.events(ROSTER, beds("9,4,2021-02-15,P1,1", head=head))


@pytest.mark.parametrize("order", [1, -1])
def test_r20_a_shelter_that_one_row_calls_a_victim_service_provider_is_one_in_rows_that_say_nothing(
    read: Reader, order: int
) -> None:
    rows = [guest(vsp="Yes"), guest("G-2", vsp=""), guest("G-3", vsp="", site="SH-2"), guest("G-9", vsp="No")]
    found = read(ROSTER, beds(*rows[::order]))[::order]
    assert [(mapped.outcome, mapped.reason) for mapped in found] == [
        ("rejected", "victim-service-provider"), ("rejected", "victim-service-provider"), ("event", None), ("event", None),
    ]  # fmt: skip
    assert (found[1].hard_stop, found[1].raw, found[1].head) == (True, b"", b"")


def test_r20_a_whole_list_of_a_victim_service_provider_leaves_nothing_not_even_of_its_broken_rows(read: Reader) -> None:
    found = read(ROSTER, beds(guest(vsp="Yes"), "HAVEN,,Yes,02/15/2021,G-3,Nobody", guest("G-4", vsp="Yes")))
    assert counted(found)["rejected"] == {"victim-service-provider": 2, "short-row": 1}
    assert [(mapped.raw, mapped.hard_stop) for mapped in found] == [(b"", True)] * 3


def test_r20_free_text_leaves_neither_the_row_nor_its_dead_letter(read: Reader) -> None:
    head = COLUMNS + ",Notes"
    for row in (guest(), guest(night="02/30/2021")):
        (mapped,) = read(ROSTER, beds(row + ",asked for her sister Ana", head=head))
        assert b"Ana" not in mapped.raw
        assert b"Notes" not in mapped.head
        assert b"G-1" in mapped.raw
    (broken,) = read(ROSTER, beds("SH-1,,No,02/15/2021,G-1,her sister Ana", head=head))
    assert (broken.raw, broken.hard_stop) == (b"", True)


def test_r20_somebody_who_is_fleeing_carries_the_label(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Currently Fleeing"
    events = read.events(
        ROSTER,
        beds("A,2021-02-15,1,1,Yes", "A,2021-02-15,2,2,No", "A,2021-02-15,3,3,", "A,2021-02-15,4,4,99", head=head),
    )
    assert [("SDV" in event.labels) for event in events] == [True, False, False, False]


def test_r3_the_same_id_for_two_people_is_set_apart(read: Reader) -> None:
    one, other = guest(), guest(name="Haddad,Nour,08/14/1995", bed="A-2")
    for rows in ((one, other), (other, one), (one, guest(name="Haddad,Nour,", bed="A-3"))):
        found = read(ROSTER, beds(*rows))
        assert [(m.reason, m.where["field"], bool(m.raw)) for m in found] == [("duplicate-key", "guest id", True)] * 2


def test_a_guest_whose_birth_date_one_row_lacks_is_one_person(read: Reader) -> None:
    rows = beds(guest(name="Haddad,Nour,08/14/1995"), guest(name="Haddad,Nour,", bed="A-2"))
    assert [mapped.outcome for mapped in read(ROSTER, rows)] == ["event"] * 2


def test_r7_a_blank_birth_date_is_no_fault_and_nobody_is_made_up(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Name,DOB,Bed"
    known, unnamed = read.events(
        ROSTER, beds('A,2021-02-15,7,"Vega, Marisol",,1', 'A,2021-02-15,,"Vega, Marisol",unknown,2', head=head)
    )
    assert (known.person.family_name, known.person.given_name, known.person.birth_date) == ("Vega", "Marisol", None)
    assert (unnamed.source_person, unnamed.person) == (None, None)


def test_r8_sites_to_isolate_in_are_configured_and_a_day_center_is_no_presence(read: Reader) -> None:
    rows = beds(guest("1", site="MOTEL-3"), guest("2", kind="Drop-in"), guest("3", kind="Transitional Housing"))
    motel, day, transitional = read.events(ROSTER, rows, isolation_sites=["Motel-3"])
    assert (motel.site_kind, motel.presence) == ("isolation", True)
    assert (day.site_kind, day.presence) == ("other", False)
    assert transitional.site_kind == "transitional"


def test_empty_beds_are_no_faults_and_a_bed_of_nobody_known_is_a_night_of_nobody(read: Reader) -> None:
    vacant, bare, *unnamed, site = read(
        ROSTER,
        beds(
            "A,,No,02/15/2021,,,,,1,,Vacant,",
            "A,,No,02/15/2021,,,,,2,,,",
            "A,,No,02/15/2021,,,,,3,,Occupied,",
            "A,,No,02/15/2021,Anonymous,,,,4,,,",
        ),
    )
    assert (vacant.reason, bare.reason) == ("empty-bed", "empty-bed")
    assert [mapped.event and mapped.event.source_person for mapped in unnamed] == [None, None]
    assert site.event is not None
    assert site.event.kind == "site"
    assert counted(unnamed)["events"] == {"shelter-stay": 2}


def test_social_8_each_night_says_as_of_when_it_is_known_and_for_how_long(read: Reader) -> None:
    context = MappingContext(ROSTER, MadeUpAgreement(), IDS, cadence_s=86_400)
    (mapped,) = programs()[ROSTER].read(Unit("u", {"f": beds(guest())["beds.csv"].encode()}), context)
    night: Any = mapped.event
    assert (night.known_as_of, night.current_until) == (date(2021, 2, 15), date(2021, 2, 16))


def test_social_20_the_night_of_somebody_who_is_fleeing_names_neither_site_nor_household(read: Reader) -> None:
    head = "Shelter,Night,Guest ID,Bed,Currently Fleeing,Household ID"
    hidden, plain = read.events(ROSTER, beds("A,2021-02-15,1,1,Yes,H1", "A,2021-02-15,2,2,No,H1", head=head))
    assert hidden.site != plain.site
    assert (hidden.household, plain.household is None) == (None, False)


def test_days_are_read_in_the_order_of_the_settings_and_short_years_never(read: Reader) -> None:
    head = "Shelter;Night;Guest ID;Bed"
    (event,) = read.events(ROSTER, beds("A;15.02.2021;1;1", head=head), date_order="dmy")
    assert event.entered_on == date(2021, 2, 15)
    for bad in ("15.02.2021", "02/15/21", "02/30/2021", "soon"):
        assert reason(read(ROSTER, beds(f"A;{bad};1;1", head=head))) == ("bad-date", "night")
    with pytest.raises(ConfigError, match="date_order"):
        read(ROSTER, beds(head=head), date_order="ymd")


def test_columns_and_words_of_ones_own_are_settings(read: Reader) -> None:
    head, row = "Haus;Nacht;Gast;Bett;Zustand", "A;2021-02-15;1;1;belegt"
    columns = {"site": "Haus", "night": "Nacht", "person": "Gast", "bed": "Bett", "status": "Zustand"}
    assert reason(read(ROSTER, beds(row, head=head)))[0] == "unknown-header"
    assert reason(read(ROSTER, beds(row, head=head), columns=columns)) == ("unmapped-code", "zustand")
    assert read.events(ROSTER, beds(row, head=head), columns=columns, words={"status": {"Belegt": "present"}})


def test_r12_a_column_that_went_missing_has_a_name(read: Reader) -> None:
    assert reason(read(ROSTER, beds("A,1,1", head="Shelter,Guest ID,Bed"))) == ("missing-column", "night")


def test_the_day_in_a_list_that_lies_ahead_is_a_mistake_of_its_sender() -> None:
    context = MappingContext(ROSTER, MadeUpAgreement(), IDS, today=lambda: date(2021, 2, 14))
    (mapped,) = programs()[ROSTER].read(Unit("u", {"f": beds(guest())["beds.csv"].encode()}), context)
    assert mapped.reason == "date-in-the-future"


def test_the_shipped_samples_hold_the_traps(read: Reader) -> None:
    folder = SHIPPED / ROSTER / "samples"
    found = [mapped for path in sorted(folder.iterdir()) for mapped in read(ROSTER, {path.name: path.read_bytes()})]
    assert counted(found)["rejected"] == {
        "victim-service-provider": 1, "bad-date": 2, "unmapped-code": 1, "short-row": 1,
    }  # fmt: skip
    assert not any(b"bus ticket" in mapped.raw or b"Nobody" in mapped.raw for mapped in found)
