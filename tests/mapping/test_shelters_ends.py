"""R4 for exits, which end a stay and are part of its fact: what stands is what the newest export says, in any order of arrival."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.export_memory import ExportMemory
from hub.mapping.program import Mapped
from tests.mapping.made_up_hmis import Export, Guest
from tests.mapping.test_shelters_absent import gone, read, told
from tests.mapping.test_shelters_deleted import newest

LEFT = date(2021, 1, 9)


class Says(NamedTuple):
    """What one export says of the exit of guest 1: the days of January on which it was changed and deleted. `there` False: it
    has none."""

    updated: int = 10
    deleted: int = 0
    there: bool = True


def made(day: int, says: Says, *, destination: str = "410") -> Export:
    guests = [Guest(1, "EE", left=f"{LEFT}" if says.there else "", after=destination), Guest(2, "EE")]
    found = Export(guests, day=f"2021-01-{day:02}")
    for row in [*found.tables["Enrollment"], *found.tables["Exit"]]:
        row["DateUpdated"] = "2021-01-05 08:00:00"
    for row in found.tables["Exit"]:
        row["DateUpdated"] = f"2021-01-{says.updated:02} 08:00:00"
        row["DateDeleted"] = f"2021-01-{says.deleted:02} 09:00:00" if says.deleted else ""
    return found


def tell(folder: Path, *exports: Export) -> list[Mapped]:
    memory = ExportMemory(folder / "m.sqlite")
    return [mapped for each in exports for mapped in read(memory, each)]


def stay(found: list[Mapped]) -> Any:
    """The one stay of guest 1 as it stands in the end."""
    of_1 = next(event.source_person for event in told(found) if getattr(event, "stay", "") == "enrollment")
    (last,) = [
        event
        for event in newest(found).values()
        if getattr(event, "stay", "") == "enrollment" and event.source_person == of_1
    ]
    return last


LIVES = {
    "restored": [Says(), Says(deleted=12), Says()],
    "restored with an older change": [Says(10), Says(10, deleted=12), Says(8)],
    "deleted again on the same day": [Says(), Says(deleted=12), Says(), Says(deleted=12)],
    "deleted before it was changed": [Says(15), Says(10, deleted=12)],
    "deleted and left out": [Says(), Says(deleted=12), Says(there=False)],
    "deleted, left out and back": [Says(deleted=12), Says(there=False), Says()],
}


@pytest.mark.parametrize("destination", ["410", "99"])
@pytest.mark.parametrize("name", LIVES)
def test_r4_an_exit_stands_as_the_newest_export_has_it_in_any_order(
    name: str, destination: str, tmp_path: Path
) -> None:
    life = LIVES[name]
    exports = [made(20 + number, says, destination=destination) for number, says in enumerate(life)]
    ended = life[-1].there and not life[-1].deleted
    for number, order in enumerate(permutations(exports)):
        found = tell(tmp_path / f"{number}", *order)
        last = stay(found)
        assert (last.left_on, last.active) == (LEFT if ended else None, True), number
        assert not [event for event in gone(found) if event.kind == "shelter-stay"]


def test_r4_an_open_stay_is_known_as_of_the_newest_export_once_its_exit_was_deleted(tmp_path: Path) -> None:
    found = tell(tmp_path, made(20, Says()), made(21, Says(deleted=12)), made(22, Says(there=False)))
    assert stay(found).known_as_of == date(2021, 1, 22)


def test_r4_the_exits_of_exports_told_again_are_no_new_events(tmp_path: Path) -> None:
    exports = [made(20, Says()), made(21, Says(deleted=12)), made(22, Says())]
    ids = {event.event_id for event in told(tell(tmp_path, *exports))}
    assert {event.event_id for event in told(tell(tmp_path, exports[2]))} <= ids


@pytest.mark.parametrize("updated", ["2021-01-08 08:00:00", "2021-01-14 08:00:00"])
def test_of_several_exits_of_an_enrollment_one_that_is_not_deleted_ends_it(updated: str, tmp_path: Path) -> None:
    export = made(20, Says(deleted=12))
    (row,) = export.tables["Exit"]
    export.tables["Exit"] = [
        row, {**row, "ExitID": "X-new", "ExitDate": "2021-01-11", "DateUpdated": updated, "DateDeleted": ""},
    ]  # fmt: skip
    assert stay(tell(tmp_path, made(19, Says()), export)).left_on == date(2021, 1, 11)


SAYS = st.one_of(
    st.builds(Says, st.integers(6, 18), st.just(0), st.just(True)),
    st.builds(Says, st.integers(6, 18), st.integers(6, 18), st.just(True)),
)


@settings(max_examples=40, deadline=None)
@given(life=st.lists(SAYS, min_size=2, max_size=5), order=st.randoms(use_true_random=False))
def test_r4_whatever_was_told_of_an_exit_the_newest_export_decides(life: list[Says], order: Random) -> None:
    exports = [made(20 + number, says) for number, says in enumerate(life) for _ in range(order.choice((1, 1, 2)))]
    order.shuffle(exports)
    with TemporaryDirectory() as folder:
        assert stay(tell(Path(folder), *exports)).left_on == (None if life[-1].deleted else LEFT)
