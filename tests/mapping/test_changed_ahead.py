"""A sender whose clock is ahead: what it tells stands, marked, and not over every correction until then (reliability-security.md
T9)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.connectors.catalog import SHIPPED
from hub.connectors.installed import programs
from hub.domain.ids import Ids
from hub.mapping.program import CHANGED_AHEAD, EPOCH, Mapped, MappingContext, Unit, is_ahead
from tests.mapping.made_up_fhir import body, message
from tests.mapping.made_up_hmis import Export, Guest
from tests.mapping.made_up_vxu import orc, rxa, vxu
from tests.mapping.reading import MadeUpAgreement
from tests.mapping.test_labs import oru

TODAY = date(2021, 3, 1)
AHEAD = "20990101120000+0000"


def read(program: str, files: dict[str, bytes | str], today: date = TODAY) -> list[Mapped]:
    context = MappingContext(program, MadeUpAgreement(), Ids(b"k" * 32), today=lambda: today)
    content = {name: data if isinstance(data, bytes) else data.encode() for name, data in files.items()}
    return list(programs()[program].read(Unit("u", content), context))


def events(program: str, files: dict[str, bytes | str], kind: str, today: date = TODAY) -> list[Any]:
    return [each.event for each in read(program, files, today) if each.type == kind and each.event is not None]


def events_of(found: list[Mapped]) -> list[Any]:
    return [each.event for each in found if each.event is not None]


def order(event: Any) -> tuple[datetime, int, str]:
    return event.changed_at, event.status_rank, event.content_hash


@pytest.mark.parametrize(
    ("at", "ahead"),
    [
        (datetime(2021, 3, 2, 23, 59, tzinfo=UTC), False),  # a clock that is a day ahead is still believed
        (datetime(2021, 3, 3, tzinfo=UTC), True),
        (datetime(9999, 12, 31, tzinfo=UTC), True),
    ],
)
def test_a_day_of_difference_is_believed(at: datetime, ahead: bool) -> None:
    assert is_ahead(at, TODAY) is ahead
    assert not is_ahead(datetime.max.replace(tzinfo=UTC), date.max)


def test_a_laboratory_s_message_of_2099_stands_until_any_other_word_comes() -> None:
    """Without OBR-22 nothing but MSH-7 says when."""

    def of(sent: str, status: str = "F") -> Any:
        return events("lab-elr-hl7v2", {"m": oru(at="", sent=sent, status=status)}, "lab-result")[0]

    wrong, right = of(AHEAD), [of("20210108120000+0000", status) for status in "FC"]
    assert wrong.changed_at == EPOCH
    assert CHANGED_AHEAD in wrong.issues
    assert all(order(wrong) < order(each) for each in right)


def test_of_two_results_of_one_time_the_correction_stands_also_where_its_sender_s_clock_is_ahead() -> None:
    (final,) = events("lab-elr-hl7v2", {"m": oru(sent="20210107120000+0000")}, "lab-result")
    (corrected,) = events("lab-elr-hl7v2", {"m": oru(sent=AHEAD, status="C", control="M2")}, "lab-result")
    assert order(final) < order(corrected)
    assert corrected.changed_at == final.changed_at


def test_a_dose_told_in_2099_is_corrected_today() -> None:
    (wrong,) = events("iis-vxu", {"m": vxu(orc(), rxa(), at=AHEAD)}, "vaccination")
    (right,) = events(
        "iis-vxu", {"m": vxu(orc(), rxa("20210121", action="U"), at="20210226120000+0000")}, "vaccination"
    )
    assert (wrong.changed_at, CHANGED_AHEAD in wrong.issues) == (EPOCH, True)
    assert order(wrong) < order(right)


def test_a_bundle_of_2099_is_corrected_today() -> None:
    def of(timestamp: str, **changes: Any) -> Any:
        made = {**message(**changes), "timestamp": timestamp}
        for entry in made["entry"]:
            entry["resource"].pop("issued", None)
        return events("lab-elr-fhir", {"b.json": body(made)}, "lab-result")[0]

    wrong, right = of("2099-01-01T00:00:00Z"), of("2021-02-17T00:00:00Z", status="corrected")
    assert (wrong.changed_at, wrong.fact_key, CHANGED_AHEAD in wrong.issues) == (EPOCH, right.fact_key, True)
    assert order(wrong) < order(right)


ROWS = {
    "food-pantry": ("External Client ID,First Name,Visit ID,Visit Date,Visit Type,Agency,Last Updated",
                    "C-1,Moe,V-1,02/15/2021,TEFAP,Alder,"),
    "shelter-roster-csv": ("site,as_of,guest_no,name,room,updated_at", "Mission,2021-02-15,77,Moe Sky,Dorm 1,"),
    "vaccine-supply": ("PIN,CVX,Week Start,Week Ending,Doses Administered,Submitted At", "4512,207,2021-02-01,2021-02-07,180,"),
}  # fmt: skip


@pytest.mark.parametrize("program", ROWS)
def test_a_row_written_in_2099_is_corrected_today_and_marked(program: str) -> None:
    header, row = ROWS[program]
    found = [
        read(program, {"f.csv": f"{header}\n{row}{at}\n"})[0] for at in ("2099-01-01T00:00:00Z", "2021-02-16T00:00:00Z")
    ]
    assert [CHANGED_AHEAD in each.odd for each in found] == [True, False]
    wrong, right = events_of(found)
    assert wrong.changed_at == EPOCH
    assert (wrong.fact_key, order(wrong) < order(right)) == (right.fact_key, True)


def test_an_hmis_row_changed_in_2099_is_corrected_today_and_a_deletion_of_2099_deletes() -> None:
    def of(**cells: str) -> Any:
        export = Export([Guest(1, "NBN", nights=("2021-01-30",)), Guest(2)])
        for rows in export.tables.values():
            for row in rows:
                row.update({name: value for name, value in cells.items() if name in row})
        found = read("hmis-csv", {name: str(text) for name, text in export.files().items()})
        told = [each for each in found if each.event is not None]
        stays = [each for each in told if each.type == "shelter-stay"]  # of the events of a row, the first is marked
        assert all(CHANGED_AHEAD in each.odd for each in stays if cells)
        assert cells or not any(CHANGED_AHEAD in each.odd for each in told)
        return {
            each.event.fact_key: each.event for each in found if each.event is not None and each.type == "shelter-stay"
        }

    right, wrong, gone = of(), of(DateUpdated="2099-01-01 08:00:00"), of(DateDeleted="2099-01-01 08:00:00")
    assert right.keys() == wrong.keys() == gone.keys()
    for fact, stay in right.items():
        assert order(wrong[fact]) < order(stay)
        assert order(stay) < order(gone[fact])
        assert not gone[fact].active


def test_a_registry_file_named_after_a_day_of_2099_is_corrected_today() -> None:
    sample = (SHIPPED / "iis-cvrs" / "samples" / "doses.txt").read_bytes()
    (wrong, *_), (right, *_) = (
        events("iis-cvrs", {f"{day}_1_CA.txt": sample}, "vaccination", date(2021, 4, 1))
        for day in ("20990331", "20210331")
    )
    assert (wrong.changed_at, CHANGED_AHEAD in wrong.issues, CHANGED_AHEAD in right.issues) == (EPOCH, True, False)
    assert (wrong.fact_key, order(wrong) < order(right)) == (right.fact_key, True)


def test_a_time_in_a_declared_map_is_not_believed_either(tmp_path: Any) -> None:
    from tests.mapping.declared.shelter import BEDS, write

    connector = write(tmp_path)
    assert connector.declared is not None
    context = MappingContext("night-shelter", MadeUpAgreement(), Ids(b"k" * 32), today=lambda: TODAY)
    text = BEDS.replace("2021-01-16T06:00:00", "2099-01-16T06:00:00", 1)
    first = next(iter(connector.declared.read(Unit("u", {"f.csv": text.encode()}), context)))
    assert first.event is not None
    assert (first.event.changed_at, CHANGED_AHEAD in first.odd) == (EPOCH, True)
