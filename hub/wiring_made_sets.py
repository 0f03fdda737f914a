"""The made-up sets on which `hub identity evaluate --set` shows what the linkage reaches, read as files of them would be.

Their seeds are others than those of training (hub.wiring_training), so that no person of a set was learnt from. Of `first` the way
to make people and errors is the one that weights are learnt on; `second` and `clinic` come from other code and other shares.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.identity.evaluation.labelled import LabelledSet, Unanswerable
from hub.synthetic.linkage_clinic import clinic_set
from hub.wiring_labelled import read_labelled
from hub.wiring_training import GENERATORS, made

__all__ = ["SEED", "SETS", "made_set", "write_set"]

SETS = {"first": 3000, "second": 3000, "clinic": 1000}
"""The sets, and how many people each has where nothing else is asked for."""
SEED = 7


def made_set(name: str, today: date, people: int | None = None, seed: int = SEED) -> LabelledSet:
    """One of SETS. Raises `Unanswerable` where it cannot be made of so few people."""
    if name != "clinic":
        return made(name, people or SETS[name], seed, today)
    with TemporaryDirectory() as folder:
        registry, clinic, pairs = write_set(name, Path(folder), people, seed)
        return read_labelled([registry, clinic], pairs, today=today)


def write_set(name: str, folder: Path, people: int | None = None, seed: int = SEED) -> tuple[Path, ...]:
    """Writes the files of a set into a folder that is there: records, of `clinic` two files, and the pairs."""
    asked = people or SETS[name]
    pairs = folder / f"{name}-pairs.csv"
    if name != "clinic":
        records = folder / f"{name}-records.csv"
        GENERATORS[name](asked, seed).write(records, pairs)
        return records, pairs
    registry, clinic = folder / "clinic-registry.csv", folder / "clinic-records.csv"
    try:
        clinic_set(asked, seed).write(registry, clinic, pairs)
    except ValueError as why:
        raise Unanswerable(str(why)) from None
    return registry, clinic, pairs
