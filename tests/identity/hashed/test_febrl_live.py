"""FEBRL4 by the rules of the live lane (docs/hashed-lane.md): its second half came as filters, the first in the clear or so too.

Precision is held to what requirement 26 asks. The recall of 0.89 and 0.99 that it asks of all links is the offline lane's alone
(test_febrl.py); the floors here only keep it where it is, 2026-11-24: united 0.526 and 0.410, asked about too 0.805 and 0.747.
"""

from __future__ import annotations

from datetime import date
from itertools import combinations
from pathlib import Path

import pytest

from hub.domain.linkage.clusters import link_comparables
from hub.domain.linkage.comparable import Comparable, comparable
from hub.domain.linkage.encoding import Encoder, Lane
from hub.domain.linkage.filter_schema import linkage_schema
from hub.domain.linkage.filters import text_of_filters
from hub.domain.linkage.model import shipped_model
from hub.wiring_labelled import read_labelled
from tests.domain.linkage.filtered import KEY
from tests.identity.evaluation.febrl import febrl, write_records, write_truth


@pytest.mark.parametrize(
    ("schema", "in_clear", "united", "asked"),
    [("name-birth-1", True, 0.52, 0.80), ("name-birth-place-1", False, 0.40, 0.74)],
)
def test_r26_febrl4_live(schema: str, in_clear: bool, united: float, asked: float, tmp_path: Path) -> None:
    files = [febrl("dataset4a"), febrl("dataset4b")]
    paths = [write_records(tmp_path / f"{number}.csv", rows) for number, rows in enumerate(files)]
    labelled = read_labelled(paths, write_truth(tmp_path / "truth.csv", *files), today=date(2026, 11, 24))
    truth = {frozenset(pair) for pair in labelled.truth}
    encoder = Encoder(linkage_schema(schema), KEY)
    lane, told = Lane([encoder]), {}
    for record in labelled.records:
        one = comparable(record.block)
        if in_clear and record.side == 0:
            told[record.key] = lane(one)
        elif (made := encoder(one)) is not None:
            told[record.key] = Comparable(hashed=text_of_filters(made))
    found = link_comparables(told, shipped_model())
    merged = {frozenset(pair) for person in found.people for pair in combinations(person, 2)}
    waiting = {frozenset((each.left, each.right)) for each in found.reviews}
    assert len(merged & truth) / len(merged) >= 0.999
    assert len(merged & truth) / len(truth) >= united
    assert len((merged | waiting) & truth) / len(merged | waiting) >= 0.995
    assert len((merged | waiting) & truth) / len(truth) >= asked
