"""Issue-wide proof on files that other people wrote: the shared samples of social services, against social_outcomes.csv.

A line of the table is one kind of outcome of a file (or of a folder whose files are one unit), as `hub connector try … --json`
tells it: how many, and why that is right. Judged against the samples' README and social-standards.md, not copied from a run.
`what` says what an event tells, in a word or two of its kind (`_WHAT`).
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from hub.commands.connector import connector
from tests.conftest import SHOWN

pytestmark = pytest.mark.samples

_WHAT: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "screening": lambda event: f"{event['category']} {event['indicates_need']}",
    "person": lambda event: " ".join((event["race_ethnicity"] or {}).get("groups", ())),
    "referral": lambda event: str(event["status"]),
    "consent": lambda event: str(event["status"]),
    "service": lambda event: str(event["status"]),
    "living-situation": lambda event: str(event["situation"]),
}
_COUNTED = ("hmis-csv",)
"""Connectors of whose events only the kind is told: thousands of people are in one export."""


class Outcome(NamedTuple):
    """One kind of outcome; a field that such an outcome does not have is empty."""

    outcome: str
    type: str
    what: str
    reason: str


def _load() -> dict[tuple[str, str], Counter[Outcome]]:
    found: dict[tuple[str, str], Counter[Outcome]] = {}
    with (Path(__file__).parent / "social_outcomes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["why"], row
            outcome = Outcome(row["outcome"], row["type"], row["what"], row["reason"])
            found.setdefault((row["path"], row["connector"]), Counter())[outcome] += int(row["count"])
    return found


EXPECTED = _load()
SAMPLES = pytest.mark.parametrize(("path", "name"), EXPECTED, ids=lambda part: part.rsplit("/", 1)[-1][-40:])


def outcomes_of(path: str, name: str, samples: Path, instance: Path) -> Counter[Outcome]:
    """What `hub connector try NAME PATH --json` says."""
    arguments = ["try", "--instance", str(instance), name, str(samples / "social" / path), "--json"]
    told = CliRunner().invoke(connector, arguments)
    assert told.exit_code in (0, 1), told.output
    return Counter(_outcome(json.loads(line), name) for line in told.stdout.splitlines())


def _outcome(line: Mapping[str, Any], name: str) -> Outcome:
    kind = line["type"] or ""
    tell = _WHAT.get(kind) if line["event"] and name not in _COUNTED else None
    return Outcome(line["outcome"], kind, tell(line["event"]) if tell else "", line["reason"] or "")


@SAMPLES
def test_each_sample_becomes_what_the_table_says(path: str, name: str, shared_samples: Path, tmp_path: Path) -> None:
    """social-standards R1 to R14 and R20, on real files: events, rejected and ignored, with reasons."""
    assert outcomes_of(path, name, shared_samples, tmp_path / "no-instance") == EXPECTED[path, name]


def test_the_table_names_only_samples_that_are_there_and_is_printed(
    shared_samples: Path, record_property: Callable[[str, object], None]
) -> None:
    assert all((shared_samples / "social" / path).exists() for path, _ in EXPECTED)
    lines = [f"\n{'sample':<66}{'n':>6}  what `hub connector try` makes of it"]
    for (path, name), outcomes in EXPECTED.items():
        for outcome, count in sorted(outcomes.items()):
            words = " · ".join(word for word in outcome if word)
            lines.append(f"{name + ': ' + path[-48:]:<66}{count:>6}  {words}")
    record_property(SHOWN, "\n".join(lines))
