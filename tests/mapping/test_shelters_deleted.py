"""Rows that HMIS software marks as deleted (DateDeleted), and their restores: what stands is what the newest export says of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import permutations
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors import export_telling
from hub.connectors.export_memory import ExportMemory
from hub.mapping.program import Mapped
from tests.mapping.made_up_hmis import Export
from tests.mapping.test_shelters_absent import event_ids, export, gone, guests, read, told

NIGHT = "2021-01-04"


class Said(NamedTuple):
    """What one export says of guest 1: when their rows were changed and deleted (days of January). `there` False: nothing."""

    updated: int = 0
    deleted: int = 0
    there: bool = True


def made(day: int, said: Said) -> Export:
    found = export([*guests(1, nights=[NIGHT] * said.there), *guests(2, nights=[NIGHT])], f"2021-01-{day:02}")
    for table in ("Services", "Enrollment", "Client", "Project"):
        for row in found.tables[table]:
            if row.get("PersonalID", "P1") == "P1" and row.get("ProjectID", "NBN") == "NBN":
                row["DateUpdated"] = f"2021-01-{said.updated or 1:02} 08:00:00"
                row["DateDeleted"] = f"2021-01-{said.deleted:02} 08:00:00" if said.deleted else ""
    if not said.there:
        found.tables["Enrollment"] = [row for row in found.tables["Enrollment"] if row["PersonalID"] != "P1"]
    return found


def newest(found: list[Mapped]) -> dict[str, Any]:
    """Of each fact the version that sorts last: what everybody downstream sees of it."""
    last: dict[str, Any] = {}
    for event in told(found):
        known = last.get(event.fact_key, event)
        last[event.fact_key] = max(
            known, event, key=lambda each: (each.changed_at, each.status_rank, each.content_hash)
        )
    return last


def standing(found: list[Mapped], kinds: frozenset[str] = frozenset({"shelter-stay", "living-situation"})) -> set[str]:
    return {key for key, event in newest(found).items() if event.active and event.kind in kinds}


def tell(folder: Path, *exports: Export) -> list[Mapped]:
    memory = ExportMemory(folder / "m.sqlite")
    return [mapped for each in exports for mapped in read(memory, each)]


EVERYTHING = frozenset({"shelter-stay", "living-situation", "person", "site"})


@pytest.mark.parametrize("updated", [10, 8])
def test_social_05_a_row_restored_without_a_later_change_time_stands_again_in_any_order(
    tmp_path: Path, updated: int
) -> None:
    exports = [made(20, Said(10)), made(21, Said(10, deleted=20)), made(22, Said(updated))]
    whole = standing(tell(tmp_path / "whole", exports[0]), EVERYTHING)
    without = standing(tell(tmp_path / "without", *exports[:2]), EVERYTHING)
    assert len(whole - without) == 5  # a night, the enrollment and where they lived before, the person, the shelter
    for number, order in enumerate(permutations(exports)):
        found = tell(tmp_path / f"{number}", *order)
        assert standing(found, EVERYTHING) == whole, number
        late = [mapped for mapped in found if mapped.reason == "deletion-undone"]
        assert len(late) == 5 * (order.index(exports[1]) > order.index(exports[2]))
        assert {mapped.outcome for mapped in late} <= {"ignored"}


def test_what_was_deleted_and_restored_can_be_deleted_and_be_missed_again(tmp_path: Path) -> None:
    life = [Said(10), Said(10, deleted=15), Said(8), Said(9, deleted=14), Said(8), Said(there=False), Said(8)]
    exports = [made(20 + number, said) for number, said in enumerate(life)]
    whole = standing(tell(tmp_path / "whole", exports[0]))
    for number, said in enumerate(life, 1):
        left = standing(tell(tmp_path / f"{number}", *exports[:number]))
        assert (left == whole) == (said.there and not said.deleted), number


def test_what_stays_deleted_or_restored_is_told_once(tmp_path: Path) -> None:
    def ids(*exports: Export) -> list[str]:
        return event_ids([event for event in told(tell(tmp_path, *exports)) if getattr(event, "stay", "") == "night"])

    ids(made(20, Said(10)))
    deleted = ids(made(21, Said(10, deleted=20)))
    assert ids(made(22, Said(10, deleted=20))) == ids(made(21, Said(10, deleted=20))) == deleted
    restored = ids(made(23, Said(10)))
    assert ids(made(23, Said(10))) == restored


def test_a_deletion_that_a_record_of_an_older_export_overtakes_is_told_above_it_and_once(tmp_path: Path) -> None:
    """An older export may have the later change (social-standards.md 1.3): the newer says that the row is deleted."""
    newer, older = made(22, Said(10, deleted=11)), made(20, Said(18))
    for number, order in enumerate(permutations((newer, older))):
        found = tell(tmp_path / f"{number}", *order, newer)
        assert not standing(found) & standing(tell(tmp_path / "alone", older)) - standing(tell(tmp_path / "new", newer))
        assert len(event_ids(gone(found))) == 2 * len(set(event_ids(gone(found))))


def test_where_many_facts_are_gone_each_is_looked_up_and_all_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = [made(20, Said(10)), made(21, Said(10, deleted=20)), made(22, Said(there=False)), made(23, Said(8))]
    by_heart = newest(tell(tmp_path / "by-heart", *exports))
    monkeypatch.setattr(export_telling, "_KNOWN", 1)
    assert newest(tell(tmp_path / "looked-up", *exports)) == by_heart


SAYS = st.one_of(
    st.none(),
    st.builds(Said, st.integers(1, 15)),
    st.builds(Said, st.integers(1, 15), st.integers(1, 15)),
    st.just(Said(there=False)),
)


@settings(max_examples=40, deadline=None)
@given(told_by_day=st.lists(SAYS, min_size=2, max_size=5), order=st.randoms(use_true_random=False))
def test_whether_a_fact_stands_is_what_the_newest_export_says_of_it_in_any_order_of_arrival(
    told_by_day: list[Said | None], order: Random
) -> None:
    says = [(20 + number, said) for number, said in enumerate(told_by_day) if said is not None]
    exports = [made(day, said) for day, said in says for _ in range(order.choice((1, 1, 2)))]
    order.shuffle(exports)
    last = says[-1][1] if says else Said(there=False)
    ever = any(said.there for _, said in says)
    with TemporaryDirectory() as folder:
        left = standing(tell(Path(folder), *exports))
        alone = standing(tell(Path(folder) / "other", made(20, Said(there=False))))
    expected = 3 if ever and last.there and not last.deleted else 0
    assert len(left - alone) == expected


def test_a_memory_of_an_earlier_release_knows_what_was_deleted(tmp_path: Path) -> None:
    """Client and Project rows were not in it: they stand again with a later change time only."""
    exports = [made(20, Said(10)), made(21, Said(10, deleted=20)), made(22, Said(10))]
    found = tell(tmp_path, *exports[:2])
    with closing(sqlite3.connect(tmp_path / "m.sqlite", isolation_level=None)) as db:
        db.execute("DROP INDEX fact_not_there")
        for column in ("stood", "deleted", "deleted_changed", "back"):
            db.execute(f"ALTER TABLE fact DROP COLUMN {column}")
    found += tell(tmp_path, exports[2])
    assert standing(found) == standing(tell(tmp_path / "whole", exports[0]))
