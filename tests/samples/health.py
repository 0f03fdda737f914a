"""The 33 shared samples of laboratories and immunizations: what they must become (two tables), what they become, how it is shown.

health_outcomes.csv   a line for each kind of outcome of a file, as `hub connector try … --json` tells them: how many; for a
                      laboratory result its LOINC and what it means, for a dose its CVX (or `NDC`) and whether it is of COVID-19
health_files.csv      a line a file: what `hub preview --as-of` counts of it, without and with `--include-test`, and why that is so

Both were judged row by row against the samples' own README (its column "Flag") and health-standards.md §8, not copied from a run.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from hub.commands.connector import connector
from hub.commands.preview import preview

__all__ = ["FILES", "Counted", "Outcome", "Sample", "counted", "outcomes_of", "printed", "there"]

HERE = Path(__file__).parent
FOLDERS = (
    "prime-reportstream/oru", "data-exchange-hl7", "prime-reportstream/csv", "prime-reportstream/fhir", "cdc-iis-open-tools",
    "fhir-converter/vxu", "phdi", "phdi/vxu", "smm-tester/vxu", "izgateway-v2tofhir",
)  # fmt: skip
"""Where laboratories and immunizations lie under samples/health; the rest is contact tracing."""


class Outcome(NamedTuple):
    """One kind of outcome; a field that such an outcome does not have is empty."""

    outcome: str
    type: str
    code: str
    meaning: str
    status: str
    method: str
    processing: str
    reason: str


class Counted(NamedTuple):
    """What a preview counts: people, those with a positive result, those with a COVID-19 dose, needs by support and state."""

    people: int
    positive: int
    vaccinated: int
    needs: str


class Sample(NamedTuple):
    """`flag`: what the README says of it. `production` and `with_tests`: the preview on `as_of`."""

    path: str
    connector: str
    flag: str
    as_of: str
    production: Counted
    with_tests: Counted
    why: str
    outcomes: Counter[Outcome]

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def _table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _counted(row: Mapping[str, str], prefix: str) -> Counted:
    people, positive, vaccinated, needs = (row[prefix + name] for name in Counted._fields)
    return Counted(int(people), int(positive), int(vaccinated), needs)


def _load() -> dict[str, Sample]:
    outcomes: dict[str, Counter[Outcome]] = {}
    for row in _table("health_outcomes.csv"):
        outcomes.setdefault(row["file"], Counter())[Outcome(*(row[name] for name in Outcome._fields))] += int(
            row["count"]
        )
    return {
        row["file"]: Sample(
            row["file"], row["connector"], row["flag"], row["as_of"], _counted(row, ""), _counted(row, "test_"), row["why"],
            outcomes.get(row["file"], Counter()),
        )
        for row in _table("health_files.csv")
    }  # fmt: skip


FILES = _load()


def there(samples: Path) -> set[str]:
    """Every sample of laboratories and immunizations that lies there."""
    health = samples / "health"
    return {
        str(file.relative_to(health)) for folder in FOLDERS for file in (health / folder).iterdir() if file.is_file()
    }


def outcomes_of(sample: Sample, samples: Path, instance: Path) -> Counter[Outcome]:
    """What `hub connector try NAME FILE --json` says."""
    path = str(samples / "health" / sample.path)
    told = CliRunner().invoke(connector, ["try", "--instance", str(instance), sample.connector, path, "--json"])
    assert told.exit_code in (0, 1), told.output
    return Counter(_outcome(json.loads(line)) for line in told.stdout.splitlines())


def _outcome(line: Mapping[str, Any]) -> Outcome:
    event: Mapping[str, Any] = line["event"] or {}
    given = {name: event.get(name) or "" for name in ("meaning", "status", "method", "processing")}
    if line["type"] == "vaccination" and event:
        given["meaning"] = "covid-19" if event["covid"] else "other"
    code = event.get("loinc") or event.get("cvx") or ("NDC" if event.get("ndc") else "")
    return Outcome(outcome=line["outcome"], type=line["type"] or "", code=code, reason=line["reason"] or "", **given)


def counted(sample: Sample, samples: Path, *, include_test: bool) -> Counted:
    """What `hub preview FILE --as-of DAY --json` counts, and with `--include-test`."""
    arguments = [str(samples / "health" / sample.path), "--as-of", sample.as_of, "--json"]
    told = CliRunner().invoke(preview, [*arguments, *(["--include-test"] if include_test else [])])
    assert told.exit_code in (0, 1), told.output
    found = json.loads(told.stdout)
    needs = Counter(f"{need['support']} {need['state']}" for need in found["needs"])
    named = "; ".join(f"{number} {what}" for what, number in sorted(needs.items()))
    return Counted(found["people"], _of(found, "positive"), _of(found, "vaccinated"), named)


def _of(found: Mapping[str, Any], indicator: str) -> int:
    return sum(count for stratum, count in found["tallies"].items() if stratum.startswith(f"{indicator}|"))


def printed(rows: Iterable[tuple[Sample, Counter[Outcome], Counted, Counted]]) -> Iterator[str]:
    """The table, as people read it: of each file its outcomes, then what a preview counts; with tests where that is more."""
    yield f"\n{'file':<{_WIDE}}{'n':>3}  what `hub connector try` makes of it; → what `hub preview` counts"
    for sample, outcomes, production, with_tests in rows:
        lines = [f"{count:>3}  {_words(outcome)}" for outcome, count in sorted(outcomes.items())]
        lines.append(f"  →  {_sum(production)}")
        if with_tests != production:
            lines.append(f"  →  --include-test: {_sum(with_tests)}")
        for name, line in zip([sample.name, *[""] * len(lines)], lines, strict=False):
            yield f"{name if len(name) < _WIDE else name[: _WIDE - 2] + '…':<{_WIDE}}{line}"


_WIDE = 48


def _words(outcome: Outcome) -> str:
    if outcome.outcome != "event":
        return f"{outcome.outcome}: {outcome.reason}"
    return " · ".join(word for word in outcome[1:] if word)


def _sum(found: Counted) -> str:
    told = (f"{number} {word}" for word, number in zip(Counted._fields, found[:3], strict=False) if number)
    return ", ".join((*told, *([found.needs] if found.needs else []))) or "nobody"
