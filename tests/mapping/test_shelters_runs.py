"""Bed nights that are read many at a time are the same outcomes, in the same order, as bed nights read one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.export_memory import ExportMemory
from hub.connectors.installed import programs
from hub.domain.ids import Ids, with_lengths
from hub.formats.lines import Lines
from hub.mapping.program import Mapped, MappingContext, Unit
from hub.mapping.shelters_nights import Nights
from tests.mapping.reading import MadeUpAgreement
from tests.mapping.test_shelters import HMIS, TABLES, WHEN, export

HEADER = (
    "ServicesID,EnrollmentID,PersonalID,DateProvided,RecordType,TypeProvided,OtherTypeProvided,"
    "DateUpdated,DateDeleted,ExportID"
)
FLEES = f"HealthAndDVID,EnrollmentID,PersonalID,CurrentlyFleeing,DateUpdated\nD1,E5,P5,1,{WHEN}\n"
PEOPLE = TABLES["Client"] + "".join(f"P{n},Person,N{n},1,,99,,99,1,0,0,,{WHEN},\n" for n in (4, 5))
STAYS = TABLES["Enrollment"] + f"E4,P4,TH,2020-12-30,H4,116,,{WHEN},\nE5,P5,NBN,2021-01-01,H5,116,,{WHEN},\n"


def night(key: str, enrollment: str = "E2", person: str = "P2", day: str = "2021-01-02", end: str = "") -> str:
    return f"{key},{enrollment},{person},{day},{end or f'200,200,,{WHEN},,1'}"


LINES = (
    *(night(f"S{n}", day=f"2021-01-{n:02}") for n in range(1, 8)),
    *(night(f"T{n}", f"E{n}", f"P{n}") for n in range(1, 7)),  # entry-exit, stopped, ended, of another site, fleeing, unknown
    night("U1", person="P1"), night("U2", day="2020-12-31"), night("U3", day="no day"), night("U4", day=""), night(""),
    night("U5", day="2021-01-31"), night("U6", end=f"200,200,behind the bridge,{WHEN},,1"),
    night("U7", end=f"200,200,,{WHEN},{WHEN},1"), night("U8", end=f"200.0,200,,{WHEN},,1"), night("U9", end="200,200,,,,2"),
    night("V1", end=f"14,1,,{WHEN},,1"), night("V2", end=f"200,200,,{WHEN},"), night("V3", end=f"200,200,,{WHEN},,1,"),
    night("V4", end=f"200,200,NA,{WHEN},,1"), night("V5", end=f"200,200,,{WHEN},1900-01-01,1"), night("V6", day="01/03/2021"),
    night("é"), night(" V7"), night("NULL"), "", ",,,,,,,,,", HEADER, ",".join(reversed(HEADER.split(","))), '"V8","E2',
    f'"V9","E2","P2","2021-01-04","200","200","","{WHEN}","","1"',
)  # fmt: skip


def files(lines: Sequence[str], day: int = 1) -> dict[str, bytes]:
    about = TABLES["Export"].replace("1,2021-02-01", f"{day},2021-02-0{day}")
    text = "\n".join([HEADER, *lines]) + "\n"
    told = export(Export=about, Services=text, Client=PEOPLE, Enrollment=STAYS, HealthAndDV=FLEES)
    return {name: content.encode() if isinstance(content, str) else content for name, content in told.items()}


def outcomes(exports: Sequence[Mapping[str, bytes]], memory: Path) -> tuple[list[Mapped], list[Any]]:
    """Of some exports, one after the other; and what is remembered in the end."""
    found: list[Mapped] = []
    context = MappingContext(HMIS, MadeUpAgreement(), Ids(b"k" * 32), memory=ExportMemory(memory), cadence_s=86_400)
    for each in exports:
        found += programs()[HMIS].read(Unit("unit", each), context)
    with closing(sqlite3.connect(memory)) as db:
        asked = "SELECT f.*, s.told_in, s.project, s.text FROM fact f JOIN shape s ON s.id = f.shape ORDER BY row, fact"
        kept = [(row, fact, *rest) for row, fact, _, *rest in db.execute(asked)]
    return found, kept


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(LINES), max_size=25), min_size=1, max_size=3))
def test_nights_in_runs_are_those_that_are_read_one_by_one(drops: list[list[str]]) -> None:
    exports = [files(lines, day) for day, lines in enumerate(drops, 1)]
    with TemporaryDirectory() as folder:
        in_runs = outcomes(exports, Path(folder) / "a" / "runs.sqlite")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Lines, "plain", lambda *_: None)
            one_by_one = outcomes(exports, Path(folder) / "b" / "each.sqlite")
    assert in_runs == one_by_one


def test_ordinary_nights_are_not_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Nights, "service", lambda *_: [])
    drop = files([*LINES[:3], "V9,E2", *LINES[3:7]])
    found, kept = outcomes([drop, drop], tmp_path / "m" / "m.sqlite")
    nights = [mapped.event for mapped in found if mapped.entity == "bed_nights" and mapped.event is not None]
    assert len({event.event_id for event in nights}) == 7
    assert sum(told_in == "Services" for *_, told_in, _, _ in kept) == 7


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_tokens_of_many_are_those_of_each(count: int) -> None:
    ids = Ids(b"k" * 32)
    parts = [(f"{n}", "é" * (n % 3)) for n in range(count)]
    each = [ids.under("fact", "x")(*pair) for pair in parts]
    assert ids.each_under("fact", "x")([with_lengths(*pair) for pair in parts]) == each
