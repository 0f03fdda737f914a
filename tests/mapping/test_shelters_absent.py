"""Rows that are missing from a full refresh (social-standards.md R5): what goes, what stays, in whatever order exports come."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from itertools import permutations
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.export_memory import ExportMemory
from hub.connectors.installed import programs
from hub.domain.facts import AnyFact, Living, Stay
from hub.domain.ids import Ids
from hub.mapping.program import Mapped, MappingContext, Unit
from tests.mapping.made_up_hmis import Export, Guest
from tests.mapping.reading import MadeUpAgreement, facts_of

NIGHTS = ("2021-01-04", "2021-01-05", "2021-01-06")
Take = Callable[..., list[Mapped]]


@pytest.fixture
def memory(tmp_path: Path) -> ExportMemory:
    return ExportMemory(tmp_path / "exports" / "hmis-csv.sqlite")


@pytest.fixture
def take(memory: ExportMemory) -> Take:
    return lambda export, **options: read(memory, export, **options)


def begun(memory: ExportMemory, export: Export, **options: Any) -> Iterator[Mapped]:
    files = {name: text.encode() if isinstance(text, str) else text for name, text in export.files().items()}
    context = MappingContext("hmis-csv", MadeUpAgreement(), Ids(b"k" * 32), options=options, memory=memory)
    return programs()["hmis-csv"].read(Unit("unit", files), context)


def read(memory: ExportMemory, export: Export, **options: Any) -> list[Mapped]:
    return list(begun(memory, export, **options))


def told(found: Sequence[Mapped]) -> list[Any]:
    return [mapped.event for mapped in found if mapped.event is not None]


def gone(found: Sequence[Mapped]) -> list[Any]:
    return [mapped.event for mapped in found if "absent-from-export" in mapped.issues]


def event_ids(events: Sequence[Any]) -> list[str]:
    return sorted(event.event_id for event in events)


def standing(found: Sequence[Mapped]) -> dict[str, AnyFact]:
    """Facts that stand in the end, with what the projections read of them."""
    kept = facts_of(event for event in told(found) if event.source_person is not None)
    return {key: fact for key, fact in kept.items() if fact.active}


def shown(found: Sequence[Mapped]) -> dict[str, tuple[Any, ...]]:
    """Stays and situations among them, without the version: nothing that the hub shows depends on it."""
    return {
        key: (type(fact), fact.occurred, getattr(fact, "left", None), getattr(fact, "situation", None))
        for key, fact in standing(found).items()
        if isinstance(fact, Stay | Living)
    }


def guests(*numbers: int, nights: Sequence[str] = NIGHTS) -> list[Guest]:
    return [Guest(n, "NBN", nights=tuple(nights)) for n in numbers]


def export(people: Sequence[Guest], day: str, **more: Any) -> Export:
    """An export that has every project, whoever is there."""
    made = Export([*people, Guest(99, "EE")], day=day, **more)
    made.tables["Project"] = Export([Guest(1, "NBN"), Guest(2, "EE"), Guest(3, "SO")]).tables["Project"]
    return made


def test_social_05_a_row_missing_from_a_full_refresh_is_withdrawn_and_a_later_one_brings_it_back(take: Take) -> None:
    first = take(export(guests(1, 2), "2021-01-20"))
    second = take(export(guests(1), "2021-01-21"))
    assert {(event.kind, event.active) for event in gone(second)} == {
        ("shelter-stay", False),
        ("living-situation", False),
    }
    assert len(gone(second)) == 3 + 1 + 1  # nights, the enrollment and where they lived before it
    assert len(standing([*first, *second])) == len(standing(first)) - 5
    third = take(export(guests(1, 2), "2021-01-22"))
    assert not gone(third)
    assert shown([*first, *second, *third]) == shown(third)
    assert not gone(take(export(guests(1, 2), "2021-01-23")))


def test_an_open_stay_that_came_back_goes_on_being_confirmed_by_each_export(take: Take) -> None:
    found = take(export([Guest(1)], "2021-01-20")) + take(export([], "2021-01-21"))
    for day in range(22, 29):
        found += take(export([Guest(1)], f"2021-01-{day}"))
        stays = [fact for fact in standing(found).values() if isinstance(fact, Stay) and fact.entered]
        assert {date.fromordinal(stay.known).day for stay in stays} == {day}
    gone_again = take(export([], "2021-01-29"))
    assert len(gone(gone_again)) == 2
    assert len([fact for fact in standing([*found, *gone_again]).values() if isinstance(fact, Stay)]) == 1  # guest 99


def test_clients_and_projects_are_never_withdrawn(take: Take) -> None:
    first, second = take(export(guests(1, 2), "2021-01-20")), export(guests(1), "2021-01-21")
    del second.tables["Project"][0]
    found = [*first, *take(second)]
    assert {event.kind for event in gone(found)} <= {"shelter-stay", "living-situation"}
    assert sum(event.kind == "person" and event.active for event in told(found)) == 3 + 2


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a delta", {"ExportDirective": "1"}),
        ("neither", {"ExportDirective": "3"}),
        ("not said", {"ExportDirective": ""}),
        ("what was updated in the period", {"ExportPeriodType": "1"}),
        ("another period type", {"ExportPeriodType": "4"}),
        ("no start", {"ExportStartDate": ""}),
        ("no end", {"ExportEndDate": ""}),
        ("another period", {"ExportStartDate": "2021-01-21"}),
        ("a period before", {"ExportStartDate": "2020-01-01", "ExportEndDate": "2021-01-03"}),
    ],
)
def test_an_export_that_does_not_speak_for_a_row_takes_none_back(take: Take, what: str, change: dict[str, str]) -> None:
    take(export(guests(1, 2), "2021-01-20"))
    second = export(guests(1), "2021-01-21")
    second.tables["Export"][0] |= change
    nights = [event for event in gone(take(second)) if event.kind == "shelter-stay" and event.stay == "night"]
    assert not nights, what


def test_an_open_enrollment_is_missed_where_the_period_begins_by_when_it_was_last_told_to_be_open(take: Take) -> None:
    take(export([Guest(1), Guest(2, left="2021-01-10")], "2021-01-20"))
    second = export([], "2021-02-20")
    second.tables["Export"][0]["ExportStartDate"] = "2021-02-01"
    assert not gone(take(second))  # guest 1 may have left in between
    third = export([], "2021-02-21")
    third.tables["Export"][0]["ExportStartDate"] = "2021-01-15"
    assert {(e.kind, str(e.occurred_on)) for e in gone(take(third))} == {
        ("shelter-stay", "2021-01-04"),
        ("living-situation", "2021-01-04"),
    }


def test_only_the_projects_of_the_export_are_spoken_for(take: Take) -> None:
    take(export([*guests(1), Guest(2)], "2021-01-20"))
    second = export([], "2021-01-21")
    second.tables["Project"] = [row for row in second.tables["Project"] if row["ProjectID"] == "EE"]
    assert {event.fact_key for event in gone(take(second))} == {
        event.fact_key for event in told(read(memory_of_none(), export([Guest(2)], "2021-01-20")))
        if event.kind in ("shelter-stay", "living-situation") and event.source_person == _person(2)
    }  # fmt: skip


def memory_of_none() -> Any:
    return None


def _person(number: int) -> str:
    return Ids(b"k" * 32).source_person("hmis-csv", "PersonalID", f"P{number}")


def test_a_table_that_is_not_there_or_cannot_be_read_whole_takes_nothing_back(take: Take) -> None:
    take(export(guests(1, 2), "2021-01-20"))
    without = export(guests(1), "2021-01-21")
    del without.tables["Services"]
    first = gone(take(without))
    assert {event.kind for event in first if event.kind == "shelter-stay" and event.stay == "night"} == set()
    unkeyed = export(guests(1), "2021-01-22")
    unkeyed.tables["Services"].append({**unkeyed.tables["Services"][0], "ServicesID": ""})
    assert event_ids(gone(take(unkeyed))) == event_ids(first)  # nothing beside what is told again


def test_a_row_that_is_there_and_gives_no_event_is_not_absent(take: Take) -> None:
    take(export(guests(1, 2), "2021-01-20"))
    second = export(guests(1, 2), "2021-01-21")
    for row in second.tables["Services"]:
        if row["PersonalID"] == "P2":
            row["DateProvided"] = "nonsense"
    found = take(second)
    assert not gone(found)
    assert sum(mapped.reason == "bad-date" for mapped in found) == 3


def test_what_was_deleted_before_is_not_withdrawn_again(take: Take) -> None:
    first = export(guests(1, 2), "2021-01-20")
    for row in first.tables["Services"]:
        row["DateDeleted"] = "2021-01-19 10:00:00" if row["PersonalID"] == "P2" else ""
    take(first)
    assert {event.stay for event in gone(take(export(guests(1), "2021-01-21"))) if event.kind == "shelter-stay"} == {
        "enrollment"
    }


def test_social_05_three_exports_end_alike_in_any_order_each_read_twice(tmp_path: Path) -> None:
    first, second = export(guests(1, 2), "2021-01-20"), export(guests(1, nights=NIGHTS[:2]), "2021-01-21")
    third = export([*guests(2), *guests(3, nights=NIGHTS[:1])], "2021-01-22")
    ends = []
    for number, order in enumerate(permutations((first, second, third))):
        memory = ExportMemory(tmp_path / f"{number}.sqlite")
        found = [mapped for each in order for _ in range(2) for mapped in read(memory, each)]
        ends.append(shown(found))
    assert all(end == ends[0] for end in ends)
    alone = shown(read(ExportMemory(tmp_path / "alone.sqlite"), third))
    assert ends[0] == alone  # all three speak for the same days and projects: the newest says what stands


def test_an_older_export_that_comes_late_takes_nothing_back_and_what_it_alone_has_is_gone(take: Take) -> None:
    newer = take(export(guests(2), "2021-01-22"))
    older = take(export(guests(1), "2021-01-20"))
    assert {event.source_person for event in gone(older)} == {_person(1)}
    assert shown([*newer, *older]) == shown(newer)


def test_a_record_that_an_older_export_has_changed_later_stays_withdrawn(take: Take) -> None:
    """Fixtures exist whose export of the 5th was changed later than that of the 7th (social-standards.md 1.3)."""
    found = take(export(guests(1, 2), "2021-01-18"))
    found += take(export(guests(1), "2021-01-22"))
    late = export(guests(1, 2), "2021-01-20")
    for row in late.tables["Services"]:
        row["DateUpdated"] = "2021-01-23 09:00:00"
    found += take(late)
    assert shown(found).keys() == shown(take(export(guests(1), "2021-01-22"))).keys()


def test_a_row_that_comes_back_changed_earlier_stands_again(take: Take) -> None:
    found = take(export(guests(1, 2), "2021-01-20")) + take(export(guests(1), "2021-01-21"))
    restored = export(guests(1, 2), "2021-01-22")
    for table in ("Services", "Enrollment"):
        for row in restored.tables[table]:
            row["DateUpdated"] = "2021-01-02 08:00:00"
    found += take(restored)
    assert len([fact for fact in standing(found).values() if isinstance(fact, Stay)]) == 3 + 1 + 3 + 1 + 1


def test_social_05_a_shrunken_export_withdraws_nothing_and_asks(take: Take, memory: ExportMemory) -> None:
    take(export(guests(*range(1, 9)), "2021-01-20"))
    found = take(export(guests(1), "2021-01-21"))
    assert not gone(found)
    (asked,) = [mapped for mapped in found if mapped.reason == "too-many-absent"]
    assert (asked.outcome, asked.where["file"], asked.where["absent"], asked.where["of"]) == (
        "rejected",
        "Services.csv",
        21,
        24,
    )
    (waiting,) = memory.held()
    assert dict(waiting.absent) == {"Services": (21, 24)}
    assert not waiting.accepted
    assert not memory.accept("nonsense")
    assert memory.accept(waiting.export)
    found = take(export(guests(1), "2021-01-21"))  # the same again
    assert len(gone(found)) == 7 * 5
    assert memory.held() == []


def test_what_was_accepted_is_carried_out_with_the_next_export_whatever_that_is(
    take: Take, memory: ExportMemory
) -> None:
    take(export(guests(*range(1, 9)), "2021-01-20"))
    take(export(guests(1), "2021-01-21"))
    (waiting,) = memory.held()
    memory.accept(waiting.export)
    delta = export(guests(1), "2021-01-22", directive="1")
    assert len(gone(take(delta))) == len(gone(take(delta))) == 7 * 5  # and again where a crash had it read twice
    again = gone(take(export(guests(1), "2021-01-23")))
    assert event_ids(again) == event_ids(gone(take(delta)))


def test_settings_say_how_much_may_be_absent_and_whether_absent_rows_say_anything(take: Take) -> None:
    take(export(guests(*range(1, 9)), "2021-01-20"))
    assert not gone(take(export(guests(1), "2021-01-21"), absent_rows="keep"))
    assert (
        len(gone(take(export(guests(1), "2021-01-22", directive="3"), absent_rows="withdraw", most_absent=1.0))) == 35
    )


def test_an_export_that_breaks_off_is_not_remembered(memory: ExportMemory) -> None:
    read(memory, export(guests(1, 2), "2021-01-20"))
    broken = begun(memory, export(guests(1), "2021-01-21"))
    for _ in range(4):
        next(broken)
    broken.close()  # type: ignore[attr-defined]
    assert not gone(read(memory, export(guests(1, 2), "2021-01-22")))


def test_an_export_is_withdrawn_from_again_where_it_is_read_again(take: Take) -> None:
    take(export(guests(1, 2), "2021-01-20"))
    first, again = take(export(guests(1), "2021-01-21")), take(export(guests(1), "2021-01-21"))
    assert [event.event_id for event in gone(first)] == [event.event_id for event in gone(again)] != []


def test_a_withdrawal_whose_export_was_lost_is_told_by_the_next_three_and_then_no_more(take: Take) -> None:
    """The broker was away, and each night's export has the name of the one before: what was read is never read again."""
    stood = take(export(guests(1, 2), "2021-01-20"))
    lost = gone(take(export(guests(1), "2021-01-21")))
    later = [take(export(guests(1), f"2021-01-{day}", directive="1")) for day in (22, 23, 24, 25)]
    for each in later[:3]:
        assert len(gone(each)) == 5
        assert shown([*stood, *each]).keys() == shown(each).keys()
        assert event_ids(gone(each)) == event_ids(lost)  # a repeat is the same event
    assert not gone(later[3])


def test_an_export_read_again_tells_again_what_it_told_before_and_is_not_counted_twice(take: Take) -> None:
    take(export(guests(1, 2), "2021-01-20"))
    lost = gone(take(export(guests(1), "2021-01-21")))
    for day in (22, 22, 22, 23, 24, 24):
        assert event_ids(gone(take(export(guests(1), f"2021-01-{day}")))) == event_ids(lost)
    assert not gone(take(export(guests(1), "2021-01-25")))


def test_exports_without_its_project_do_not_count_and_do_not_tell_a_withdrawal(take: Take) -> None:
    """One connector may take in the exports of many agencies."""
    take(export(guests(1, 2), "2021-01-20"))
    lost = gone(take(export(guests(1), "2021-01-21")))
    other = export([], "2021-01-22")
    other.tables["Project"] = [row for row in other.tables["Project"] if row["ProjectID"] == "EE"]
    for hour in range(6):
        other.tables["Export"][0]["ExportDate"] = f"2021-01-22 0{hour}:00:00"
        assert not gone(take(other))
    assert event_ids(gone(take(export(guests(1), "2021-01-23")))) == event_ids(lost)


def test_a_withdrawal_is_not_told_again_once_the_row_is_back_and_anew_when_it_goes_anew(take: Take) -> None:
    found = take(export(guests(1, 2), "2021-01-20")) + take(export(guests(1), "2021-01-21"))
    back = take(export(guests(1, 2), "2021-01-22"))
    assert not gone(back)
    assert not gone(take(export(guests(1, 2), "2021-01-23")))
    lost = gone(take(export(guests(1), "2021-01-24")))
    told_again = take(export(guests(1), "2021-01-25"))
    assert event_ids(gone(told_again)) == event_ids(lost)
    assert shown([*found, *back, *told_again]).keys() == shown(told_again).keys()


def test_whoever_flees_stays_labelled_when_they_are_withdrawn(take: Take) -> None:
    first = export(guests(1, 2), "2021-01-20")
    first.tables["HealthAndDV"] = [
        {"HealthAndDVID": "D1", "EnrollmentID": "E2", "PersonalID": "P2", "CurrentlyFleeing": "1", "DateDeleted": ""}
    ]
    take(first)
    assert {event.labels for event in gone(take(export(guests(1), "2021-01-21")))} == {("R", "SDV")}


def test_a_project_that_became_a_victim_service_providers_is_held_no_longer(take: Take) -> None:
    take(export(guests(1, 2), "2021-01-20"))
    second = export(guests(1, 2), "2021-01-21")
    for row in second.tables["Project"]:
        row["TargetPopulation"] = "1" if row["ProjectID"] == "NBN" else "4"
    found = take(second)
    assert {event.source_person for event in gone(found)} == {_person(1), _person(2)}


def test_nothing_of_a_person_is_in_the_memory_and_nobody_else_reads_it(take: Take, tmp_path: Path) -> None:
    take(export(guests(1, 2), "2021-01-20"))
    path = tmp_path / "exports" / "hmis-csv.sqlite"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(path)) as db:
        everything = "\n".join(db.iterdump())
    for value in ("Given1", "Family1", "512000007", "P1'", '"P1"', "E1", "S1-", "NBN"):
        assert value not in everything


def test_an_export_dated_ahead_takes_nothing_back(memory: ExportMemory) -> None:
    read(memory, export(guests(1, 2), "2021-01-20"))
    ahead = export(guests(1), "2021-01-21")
    files = {name: text.encode() for name, text in ahead.files().items() if isinstance(text, str)}
    context = MappingContext(
        "hmis-csv", MadeUpAgreement(), Ids(b"k" * 32), memory=memory, today=lambda: date(2021, 1, 20)
    )
    assert not gone(list(programs()["hmis-csv"].read(Unit("unit", files), context)))


def test_living_situations_are_remembered_by_their_own_rows(take: Take) -> None:
    first = export(guests(1), "2021-01-20")
    first.tables["CurrentLivingSituation"] = [
        {"CurrentLivingSitID": f"C{n}", "EnrollmentID": "E1", "PersonalID": "P1", "InformationDate": f"2021-01-0{n}",
         "CurrentLivingSituation": "116", "DateUpdated": "2021-01-10 08:00:00"} for n in (5, 6)
    ]  # fmt: skip
    second = export(guests(1), "2021-01-21")
    second.tables["CurrentLivingSituation"] = first.tables["CurrentLivingSituation"][:1]
    found = take(first) + take(second)
    assert [str(event.occurred_on) for event in gone(found)] == ["2021-01-06"]
    assert sum(isinstance(fact, Living) for fact in standing(found).values()) == 1 + 2


DAYS = tuple(f"2021-01-{day}" for day in range(20, 26))
ROWS = st.frozensets(st.sampled_from(NIGHTS), min_size=0)


@settings(max_examples=40, deadline=None)
@given(
    told=st.lists(st.tuples(ROWS, st.sampled_from("122"), st.booleans()), min_size=2, max_size=5),
    order=st.randoms(use_true_random=False),
    lost=st.frozensets(st.integers(0, 8), max_size=3),
)
def test_what_stands_is_what_was_told_after_the_last_full_refresh_that_lacks_it(
    told: list[tuple[frozenset[str], str, bool]], order: Random, lost: frozenset[int]
) -> None:
    """Against the rule itself, in any order of arrival; the last of each is whether it comes twice. `lost`: arrivals, but the last,
    whose withdrawals do not reach the broker."""
    exports = list(zip(DAYS, told, strict=False))
    arriving = [each for each in exports for _ in range(1 + each[1][2])]
    order.shuffle(arriving)
    with TemporaryDirectory() as folder:
        memory, found = ExportMemory(Path(folder) / "m.sqlite"), list[Mapped]()
        for number, (day, (nights, directive, _)) in enumerate(arriving, 1 - len(arriving)):
            made = export(guests(1, nights=sorted(nights)), day, directive=directive)
            made.tables["Services"] = made.tables["Services"] or [_no_night(made)]
            all_of_it = read(memory, made)
            withdrawn = {id(event) for event in gone(all_of_it) if -number - 1 in lost}
            found += [mapped for mapped in all_of_it if id(mapped.event) not in withdrawn]
    expected = set()
    for night in NIGHTS:
        last = max((day for day, (nights, *_) in exports if night in nights), default="")
        missed = [day for day, (nights, directive, _) in exports if directive == "2" and night not in nights]
        if last and all(day < last for day in missed):
            expected.add(date.fromisoformat(night).toordinal())
    stays = [fact for fact in standing(found).values() if isinstance(fact, Stay)]
    assert {stay.entered for stay in stays if stay.left == stay.entered + 1} == expected


def _no_night(made: Export) -> dict[str, str]:
    """A service that is no bed night: the table is there."""
    row = export(guests(1), "2021-01-20").tables["Services"][0]
    return {**row, "ServicesID": "S0", "RecordType": "144"}


def test_social_05_the_fy2024_sample_again_withdraws_nothing_and_without_some_rows_those(
    shared_samples: Path, tmp_path: Path
) -> None:
    folder = shared_samples / "social" / "hmis-fy2024-datalab"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    memory = ExportMemory(tmp_path / "m.sqlite")

    def told_of(files: dict[str, bytes]) -> list[Mapped]:
        context = MappingContext("hmis-csv", MadeUpAgreement(), Ids(b"k" * 32), memory=memory)
        return list(programs()["hmis-csv"].read(Unit("unit", files), context))

    whole = told_of(files)
    assert not gone(whole)
    assert {e.event_id for e in told(whole)} == {e.event_id for e in told(told_of(files))}
    head, *rows = files["Services.csv"].splitlines(keepends=True)
    later = files["Export.csv"].replace(b"02-07-2023", b"02-14-2023")
    fewer = told_of(
        {**files, "Services.csv": head + b"".join(row for row in rows if b"2022-03-1" not in row), "Export.csv": later}
    )
    assert {event.kind for event in gone(fewer)} == {"shelter-stay"}
    nights = {str(event.occurred_on) for event in gone(fewer)}
    assert nights == {f"2022-03-1{day}" for day in range(10)}
    again = told_of({**files, "Export.csv": files["Export.csv"].replace(b"02-07-2023", b"02-21-2023")})
    assert shown([*whole, *fewer, *again]) == shown(whole)
    cut = told_of(
        {
            **files,
            "Services.csv": head + rows[0] + rows[-1],
            "Export.csv": files["Export.csv"].replace(b"02-07-2023", b"02-28-2023"),
        }
    )
    assert [mapped.where["file"] for mapped in cut if mapped.reason == "too-many-absent"] == ["Services.csv"]


@pytest.mark.parametrize("name", ["X2021-01-21", "X2021-01-21-corrected"])
def test_social_05_of_two_exports_of_one_day_what_one_of_them_has_stands_in_any_order(
    name: str, tmp_path: Path
) -> None:
    """ExportDate is told to the day by many: which of two is the newer nobody can say."""
    first, fewer, corrected = (
        export(guests(*numbers), day) for numbers, day in (((1, 2), "2021-01-20"), ((1,), "2021-01-21"), ((1, 2), "2021-01-21"))
    )  # fmt: skip
    corrected.tables["Export"][0]["ExportID"] = name
    for each in (first, fewer, corrected):
        each.tables["Export"][0]["ExportDate"] = each.tables["Export"][0]["ExportDate"][:10]
    alone = shown(read(ExportMemory(tmp_path / "alone.sqlite"), corrected))
    for number, order in enumerate(permutations((first, fewer, corrected))):
        memory = ExportMemory(tmp_path / f"{number}.sqlite")
        found = [mapped for each in order for mapped in read(memory, each)]
        assert shown(found) == alone
        again = [{event.event_id for event in told(read(memory, corrected))} for _ in range(2)]
        assert again[0] == again[1]
        assert shown(found + [mapped for each in order for mapped in read(memory, each)]) == alone


def test_what_a_held_export_takes_back_once_it_lacks_less_is_told_again_where_that_export_is_read_again(
    take: Take, memory: ExportMemory
) -> None:
    """After a crash between what was remembered and what was sent."""
    take(export(guests(*range(1, 9)), "2021-01-20"))
    take(export(guests(1), "2021-01-21"))
    assert memory.held()
    most = export(guests(*range(1, 8)), "2021-01-22", directive="1")
    lost = take(most)
    assert memory.held() == []
    assert {event.source_person for event in gone(lost)} == {_person(8)}
    assert [event.event_id for event in gone(take(most))] == [event.event_id for event in gone(lost)]
