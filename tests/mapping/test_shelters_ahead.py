"""Days ahead of today in HMIS rows: what has happened cannot lie ahead; an entry or an exit may be planned."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.connectors.installed import programs
from hub.domain.ids import Ids
from hub.mapping.program import Mapped, MappingContext, Unit
from tests.mapping import made_up_hmis as made
from tests.mapping.made_up_hmis import Export, Guest
from tests.mapping.reading import MadeUpAgreement

AHEAD = "date-in-the-future"
TODAY = date(2021, 1, 31)


def tell(export: Export) -> list[Mapped]:
    files = {name: str(text).encode() for name, text in export.files().items()}
    context = MappingContext("hmis-csv", MadeUpAgreement(), Ids(b"k" * 32), today=lambda: TODAY)
    return list(programs()["hmis-csv"].read(Unit("export", files), context))


def refused(found: list[Mapped]) -> list[tuple[str | None, object, object]]:
    return [(m.reason, m.where["file"], m.where.get("field")) for m in found if m.outcome == "rejected"]


def stays(found: list[Mapped]) -> list[Any]:
    return [m.event for m in found if m.event is not None and m.type == "shelter-stay"]


def row(table: str, **cells: str) -> dict[str, str]:
    return made._stamped({f"{table}ID": "R1", "EnrollmentID": "E1", "PersonalID": "P1", **cells})


def test_a_bed_night_ahead_of_today_is_refused_and_its_neighbours_are_taken() -> None:
    found = tell(Export([Guest(1, "NBN", nights=("2021-01-30", "2062-01-31", "2021-01-31", "2021-02-01"))]))
    assert refused(found) == [(AHEAD, "Services.csv", "dateprovided")] * 2
    assert [stay.entered_on for stay in stays(found) if stay.stay == "night"] == [date(2021, 1, 30), TODAY]


def test_a_bed_night_ahead_that_was_deleted_is_withdrawn() -> None:
    export = Export([Guest(1, "NBN", nights=("2062-01-31",))])
    export.tables["Services"][0]["DateDeleted"] = "2021-01-31 09:00:00"
    found = tell(export)
    assert refused(found) == []
    assert [stay.active for stay in stays(found) if stay.stay == "night"] == [False]


@pytest.mark.parametrize(
    ("table", "cells", "field"),
    [
        ("CurrentLivingSituation",
         {"CurrentLivingSitID": "C1", "InformationDate": "2062-01-31", "CurrentLivingSituation": "116"}, "informationdate"),
        ("IncomeBenefits", {"InformationDate": "2021-02-01", "BenefitsFromAnySource": "1", "SNAP": "1"}, "informationdate"),
        ("Event", {"EventDate": "2021-02-01", "Event": "13", "ReferralResult": ""}, "eventdate"),
        ("Event", {"EventDate": "2021-01-30", "Event": "13", "ReferralResult": "1", "ResultDate": "2062-01-30"}, "resultdate"),
    ],
)  # fmt: skip
def test_what_was_seen_or_asked_on_a_day_ahead_is_refused(table: str, cells: dict[str, str], field: str) -> None:
    export = Export([Guest(1)])
    export.tables[table] = [row(table, **cells)]
    assert refused(tell(export)) == [(AHEAD, f"{table}.csv", field)]


def test_a_move_in_ahead_is_refused_and_the_stay_is_taken() -> None:
    export = Export([Guest(1, before="")])
    export.tables["Enrollment"][0]["MoveInDate"] = "2021-03-01"
    found = tell(export)
    assert refused(found) == [(AHEAD, "Enrollment.csv", "moveindate")]
    assert [stay.stay for stay in stays(found)] == ["enrollment"]


def test_an_entry_and_an_exit_may_be_planned_and_are_marked() -> None:
    found = tell(Export([Guest(1, entry="2021-02-03"), Guest(2, left="2021-02-10")]))
    assert refused(found) == []
    assert [(stay.left_on, stay.issues) for stay in stays(found)] == [
        (None, ("entry-after-export",)), (date(2021, 2, 10), ("exit-after-export",)),
    ]  # fmt: skip


def test_an_exit_that_nobody_can_plan_ends_no_stay() -> None:
    """A person would be present until then, whatever the next exports say of them."""
    found = tell(Export([Guest(1, left="2062-01-20")]))
    assert refused(found) == [(AHEAD, "Exit.csv", "exitdate")]
    assert [(stay.left_on, stay.known_as_of) for stay in stays(found)] == [(None, TODAY)]
