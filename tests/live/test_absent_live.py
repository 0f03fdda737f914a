"""Absent rows through the inbox of a live installation: exports in the wrong order end as a reading in order does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.export_memory import ExportMemory
from hub.privacy.agreements import intake_agreement
from hub.wiring_bus import ids_of
from hub.wiring_reading import catalogue, taken
from tests.live.doors import Doors
from tests.mapping.made_up_hmis import Export
from tests.mapping.test_shelters_absent import NIGHTS, export, guests

pytestmark = pytest.mark.live

HMIS = "hmis-csv"
KINDS = ("shelter-stay", "living-situation")
Standing = dict[str, tuple[bool, str]]


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    found = Doors(tmp_path_factory.mktemp("absent"))
    found.agree(HMIS)
    try:
        found.start()
        found.running(HMIS)
        yield found
    finally:
        found.end()


def newest(events: Iterable[Mapping[str, Any]]) -> Standing:
    """By fact, whether its highest version stands, and on which day."""
    found: dict[str, Mapping[str, Any]] = {}
    for event in events:
        known = found.setdefault(event["fact_key"], event)
        if _version(event) > _version(known):
            found[event["fact_key"]] = event
    return {key: (event["active"], str(event["occurred_on"])) for key, event in found.items()}


def _version(event: Mapping[str, Any]) -> tuple[Any, ...]:
    return event["changed_at"], event["status_rank"], event["content_hash"], event["mapping_version"]


def content(made: Export) -> dict[str, bytes]:
    return {name: text if isinstance(text, bytes) else text.encode() for name, text in made.files().items()}


def in_order(doors: Doors, exports: Mapping[str, Export], folder: Path) -> Standing:
    """What reading the same drops offline, oldest first, makes of them."""
    agreement = intake_agreement(doors.instance / "agreements", HMIS, date.today())
    memory, events = ExportMemory(folder / "memory.sqlite"), list[Mapping[str, Any]]()
    for name, made in sorted(exports.items()):
        (folder / name).mkdir()
        for file, data in content(made).items():
            (folder / name / file).write_bytes(data)
        found = taken(catalogue(doors.instance)[HMIS], agreement, ids_of(doors.settings), folder / name, memory)
        events += [dict(each.event) for each in found if each.event is not None and each.event.kind in KINDS]
    return newest(events)


def test_social_05_exports_in_the_wrong_order_end_as_in_order_and_a_shrunken_one_waits(
    doors: Doors, tmp_path: Path
) -> None:
    exports = {
        "a": export(guests(*range(1, 10)), "2021-01-20"),
        "b": export([*guests(*range(1, 8)), *guests(8, nights=NIGHTS[:1])], "2021-01-21"),
        "c": export(guests(*range(1, 9), nights=NIGHTS[:2]), "2021-01-22"),
    }
    for name in ("c", "a", "b", "a"):
        receipt = doors.dropped(HMIS, name, content(exports[name]))
        assert not receipt.rejected or set(receipt.rejected) == {"too-many-absent"}
    there = newest(event for kind in KINDS for event in doors.events(HMIS, kind))
    assert there == in_order(doors, exports, tmp_path)
    assert not all(active for active, _ in there.values())

    shrunken = doors.dropped(HMIS, "d", content(export(guests(1, nights=NIGHTS[:2]), "2021-01-23")))
    assert shrunken.rejected == {"too-many-absent": 1}
    assert newest(event for kind in KINDS for event in doors.events(HMIS, kind)) == there
    (waiting,) = ExportMemory(doors.instance / "exports" / f"{HMIS}.sqlite").held()
    assert doors.hub("absent", HMIS, "--accept", waiting.export).exit_code == 0
    doors.dropped(HMIS, "e", content(export(guests(1, nights=NIGHTS[:2]), "2021-01-24")))
    ended = newest(event for kind in KINDS for event in doors.events(HMIS, kind))
    nights = [day for active, day in ended.values() if active and day in NIGHTS[1:]]
    assert nights == [NIGHTS[1]]
