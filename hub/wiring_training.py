"""Puts training together: the made-up people of hub.synthetic or a county's own labelled files, learnt by hub.identity.training."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.domain.tables import document
from hub.identity.evaluation.labelled import LabelledSet
from hub.identity.training.learn import Learnt, Report, learn, reported
from hub.synthetic.linkage_records import made_records
from hub.synthetic.linkage_second import other_records
from hub.synthetic.linkage_set import LinkageSet
from hub.wiring_labelled import read_labelled

__all__ = ["GENERATORS", "PEOPLE", "SEEDS", "made", "trained_on_files", "trained_on_made", "written"]

PEOPLE = 8_000
"""Made-up people to learn from, half of them to report on."""
SEEDS: Mapping[str, int] = {"first": 20261123, "second": 20261124}
"""Seeds of both generators."""
GENERATORS: Mapping[str, Callable[[int, int], LinkageSet]] = {"first": made_records, "second": other_records}


def made(generator: str, people: int, seed: int, today: date) -> LabelledSet:
    """Made-up records of one of GENERATORS, read as a file of them would be."""
    with TemporaryDirectory() as folder:
        records, pairs = Path(folder, "records.csv"), Path(folder, "pairs.csv")
        GENERATORS[generator](people, seed).write(records, pairs)
        return read_labelled([records], pairs, today=today)


def trained_on_made(*, version: str, on: date, people: int = PEOPLE) -> tuple[Learnt, Report]:
    """A model learnt on the first generator's people, and how it does on people of the second, of which
    nothing was learnt and by which nothing was chosen."""
    source = (
        f"hub identity train, {on}: {people} made-up people of hub.synthetic.linkage_records, seed {SEEDS['first']}; errors as"
        " the docstrings there say; shares of common names: these people's, and of the United States, unverified: from memory"
    )
    learnt = learn(made("first", people, SEEDS["first"], on), _former(), version=version, source=source, on=on)
    return learnt, reported(made("second", people // 2, SEEDS["second"], on), learnt.model)


def trained_on_files(records: Path, truth: Path, *, version: str, on: date) -> Learnt:
    """A model learnt on labelled records of one's own (the files of `hub identity evaluate`). Raises `Unanswerable` where they
    cannot be read. The document holds no value of a record but names that at least five of the people bear."""
    source = f"hub identity train, {on}: labelled records of the installation"
    return learn(read_labelled([records], truth, today=on), _former(), version=version, source=source, on=on)


def written(learnt: Learnt) -> str:
    """The model's document as text, a level a line."""
    return json.dumps(learnt.document, ensure_ascii=False, indent=1) + "\n"


def _former() -> Mapping[str, object]:
    found = json.loads(document("link_model.json"))
    if not isinstance(found, dict):
        raise ValueError("link_model.json: no object")
    return found
