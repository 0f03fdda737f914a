"""The benchmark of the fold: what it measures is checked, and a ratio is only as good as its lowest case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.bench.fold import Case, Measurement, ratios, run


def measured(fold: str, keys: str, engine: str, rate: float, *, verified: bool = True) -> Measurement:
    return Measurement(fold, keys, engine, 1_000, 1.0, rate, verified)


def test_a_ratio_is_the_lowest_over_the_cases_of_a_fold() -> None:
    found = [
        measured("toy", "unique", "hub", 90), measured("toy", "unique", "stock", 10),
        measured("toy", "few", "hub", 70), measured("toy", "few", "stock", 10),
    ]  # fmt: skip
    toy = next(answer for answer in ratios(found) if answer["peer"] == "stock" and answer["fold"] == "toy")
    assert (toy["ratio"], toy["reached"]) == (7.0, False)


def test_a_rate_with_a_wrong_final_state_counts_for_nothing() -> None:
    found = [measured("toy", "few", "hub", 90, verified=False), measured("toy", "few", "stock", 1)]
    assert all(answer["ratio"] is None and not answer["reached"] for answer in ratios(found))


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("case", [Case("toy", "few"), Case("real", "people")])
def test_hub_and_stock_faust_end_in_the_same_state(broker: Any, tmp_path: Path, case: Case) -> None:
    found = run(broker.bootstrap, tmp_path, records=3_000, stock_records=300, engines=("hub", "stock"), cases=(case,))
    assert [(m.engine, m.verified) for m in found] == [("hub", True), ("stock", True)]
