"""Issue-wide proof on files that other people wrote: every shared sample of laboratories and immunizations, against two tables.

The run prints what the hub makes of them (`make samples` runs this alone); why that is right stands in health_files.csv.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random

import pytest

import hub.domain.isolation as isolation
from hub.domain.measures import Denominators
from hub.preview import Preview, PreviewResult
from hub.privacy.agreements import example_agreement
from hub.wiring_reading import OFFLINE_IDS, Taken, catalogue, taken
from tests.conftest import SHOWN
from tests.samples.health import FILES, Sample, counted, outcomes_of, printed, there

pytestmark = pytest.mark.samples
SAMPLES = pytest.mark.parametrize("sample", FILES.values(), ids=lambda sample: sample.name)
RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())
AS_OF = date(2024, 9, 10)


@SAMPLES
def test_r41_each_sample_becomes_what_the_table_says(sample: Sample, shared_samples: Path, tmp_path: Path) -> None:
    """health-standards §8 R41: types, meanings, statuses, methods, processing, rejections and what is set aside, with reasons."""
    assert outcomes_of(sample, shared_samples, tmp_path / "no-instance") == sample.outcomes


@SAMPLES
def test_r41_each_sample_flags_and_counts_what_the_table_says_and_tests_only_when_asked(
    sample: Sample, shared_samples: Path
) -> None:
    """health-standards §8 R8, R11, R41."""
    assert counted(sample, shared_samples, include_test=False) == sample.production
    assert counted(sample, shared_samples, include_test=True) == sample.with_tests


def test_r41_the_table_leaves_out_no_sample_and_agrees_with_their_readme(shared_samples: Path) -> None:
    assert set(FILES) == there(shared_samples)
    assert len(FILES) == 33
    flagged = {sample.flag: set[int]() for sample in FILES.values()}
    for sample in FILES.values():
        flagged[sample.flag].add(sample.with_tests.positive)
    assert flagged["yes"] == {1}
    for flag in ("no", "no, and must cancel", "policy", "cannot be joined", "cancels", "closes"):
        assert flagged[flag] == {0}, flag


def test_the_table_is_printed(
    shared_samples: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rows = [
        (
            sample, outcomes_of(sample, shared_samples, tmp_path / "no-instance"),
            counted(sample, shared_samples, include_test=False), counted(sample, shared_samples, include_test=True),
        )
        for sample in FILES.values()
    ]  # fmt: skip
    table = "\n".join(printed(rows))
    assert all(f"\n{sample.name[:40]}" in table for sample in FILES.values())
    record_property(SHOWN, table)


@pytest.fixture(scope="module")
def units(shared_samples: Path) -> list[list[Taken]]:
    """What each file gives, read once."""
    connectors = catalogue()
    found = []
    for path, sample in FILES.items():
        agreement = example_agreement(sample.connector)
        found.append(
            list(taken(connectors[sample.connector], agreement, OFFLINE_IDS, shared_samples / "health" / path))
        )
    return found


def shuffled(units: list[list[Taken]], seed: int) -> Iterator[list[Taken]]:
    """Every file twice, in any order, its records in any order too."""
    twice = units * 2
    Random(seed).shuffle(twice)
    for unit in twice:
        records = list(unit)
        Random(seed).shuffle(records)
        yield records


def end(units: list[list[Taken]], *, include_test: bool) -> tuple[object, ...]:
    """What stands when all is taken; how often it came is no part of it."""
    preview = Preview(OFFLINE_IDS, RULES, Denominators({}, "none"), include_test=include_test)
    for unit in units:
        preview.take(unit)
    found: PreviewResult = preview.finish(AS_OF)
    return (
        found.people,
        found.needs,
        found.groups,
        found.sites,
        found.totals,
        found.measures,
        found.distinct_events,
        found.rejected,
    )


@pytest.mark.parametrize("include_test", [False, True])
def test_r41_shuffled_and_twice_the_samples_end_alike(units: list[list[Taken]], include_test: bool) -> None:
    """health-standards §8 R20, R41; over the live stack: tests/live/test_equals_preview.py."""
    once = end(units, include_test=include_test)
    for seed in range(5):
        assert end(list(shuffled(units, seed)), include_test=include_test) == once
