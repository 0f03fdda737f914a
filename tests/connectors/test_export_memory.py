"""The file in which exports are remembered: how it is asked, and what happens where it cannot be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.connectors import export_telling
from hub.connectors.door import Unit
from hub.connectors.export_memory import ExportMemory
from hub.connectors.packing import Packer
from hub.domain.absent_rows import Chosen, Scope, Told
from tests.connectors.pretend import Agreed, PretendPack
from tests.connectors.pretend import unit as made_up
from tests.connectors.test_packing import Handed

DAY = 86_400_000_000


def scope(day: int) -> Scope:
    return Scope(f"export {day}", day * DAY, 1, 100, ("project",), 1.0)


def tell(memory: ExportMemory, day: int, rows: range) -> int:
    """How many facts are gone."""
    with memory.telling(scope(day)) as telling:
        for number in rows:
            telling.row(f"row {number}")
            telling.fact(Told(f"row {number}", f"fact {number}", "Services", "project", 50, 50, 50, DAY, True, "[]"))
        return len(list(telling.end(frozenset({"Services"})).gone))


def test_what_an_older_export_told_is_looked_up_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    plans: list[str] = []
    judge = export_telling.ExportTelling._judge

    def explained(telling, export):  # type: ignore[no-untyped-def]
        telling._db.set_trace_callback(asked.append)
        held = list(judge(telling, export))
        telling._db.set_trace_callback(None)
        for each in asked:
            plans.extend(row[3] for row in telling._db.execute(f"EXPLAIN QUERY PLAN {each}"))
        asked.clear()
        return held

    monkeypatch.setattr(export_telling.ExportTelling, "_judge", explained)
    memory = ExportMemory(tmp_path / "m.sqlite")
    tell(memory, 21, range(3))
    plans.clear()
    assert tell(memory, 20, range(5)) == 2  # the newer one speaks for what the older one told
    of_this = [plan for plan in plans if " n " in f"{plan} "]
    assert of_this
    assert all(plan.startswith("SEARCH n USING") and "AUTOMATIC" not in plan for plan in of_this), of_this


def test_a_memory_that_cannot_be_opened_or_written_is_trouble_of_the_disk(tmp_path: Path) -> None:
    """OSError: the unit is read again (hub.connectors.packing), and is no dead letter that nothing was remembered of."""
    blocked = ExportMemory(tmp_path)
    for ask in (blocked.choices, blocked.held, lambda: blocked.chose({"who": Chosen(1)})):
        with pytest.raises(OSError, match="unable to open"):
            ask()
    with pytest.raises(OSError, match="disk is full"), ExportMemory(tmp_path / "m.sqlite").telling(scope(20)):
        raise sqlite3.OperationalError("database or disk is full")


def test_a_unit_that_could_not_be_remembered_is_tried_again_and_makes_no_dead_letter(tmp_path: Path) -> None:
    def remembers(unit: Unit) -> Iterator[Any]:
        ExportMemory(tmp_path).chose({"who": Chosen(1)})
        return iter(())

    packer = Packer(remembers, Agreed(), PretendPack())
    job = packer.begin(Handed(made_up("one")))
    assert packer.chunk([job]).outgoing == []
    assert isinstance(job.trouble, OSError)
    assert not job.receipt.broken_off
