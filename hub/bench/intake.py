"""`hub bench intake`: the intake beside loops that do next to nothing, and what the doors take; all in one run, on one broker.

- ratios: records/s of the hub's intake over a bare loop on the same input (hub.bench.intake_loops), the median of rounds;
- MLLP: senders in a process of their own at the door of `hub run connectors`, every message answered only when the broker has it;
- a large CSV through a drop folder; both with the memory of the door's process.

CPU figures are in microseconds of one core a record and depend little on how loaded the machine is; rates do.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka.admin import AdminClient, NewTopic

from hub.bench.intake_live import PANTRY, FileRun, MllpRun, Say, drop_file, send, stack
from hub.bench.intake_loops import (
    BARE_TOPIC,
    Spent,
    bare,
    csv_and_encode,
    every_field,
    message_bytes,
    resources,
    table_rows,
    through,
)
from hub.bench.intake_records import Records
from hub.config import today
from hub.connectors.door import Unit
from hub.privacy.agreements import intake_agreement
from hub.supervisor import Stack
from hub.wiring_reading import catalogue
from hub.wiring_workshop import Workshop, workshop

__all__ = ["TARGETS", "Plan", "Ratio", "Report", "answers", "as_json", "run"]

LABS, CVRS, SARA, HMIS = "lab-elr-hl7v2", "iis-cvrs", "sara-alert", "hmis-csv"
_ANYTHING = 1 << 40


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    messages: int = 20_000
    rows: int = 20_000
    enrollments: int = 100
    nights: int = 36_500
    rounds: int = 3
    mllp: int = 200_000
    pipelined: int = 20_000
    connections: int = 4
    window: int = 16
    csv_bytes: int = 1_000_000_000
    parts: tuple[str, ...] = ("ratios", "mllp", "csv")

    @classmethod
    def quick(cls) -> Plan:
        """A minute or two: enough to see a change, too little to quote."""
        return cls(
            messages=4_000,
            rows=4_000,
            enrollments=20,
            nights=4_000,
            rounds=2,
            mllp=8_000,
            pipelined=4_000,
            csv_bytes=10_000_000,
        )


class Ratio(NamedTuple):
    """The hub over one bare loop. `cpu_us`: microseconds of CPU a record, `ratio` of the rates, `cpu_ratio` of the CPU times."""

    format: str
    bare: str
    records: int
    persons: int
    hub_per_second: float
    bare_per_second: float
    ratio: float
    hub_cpu_us: float
    bare_cpu_us: float
    cpu_ratio: float
    outcomes: dict[str, int]


class Report(NamedTuple):
    """Everything of one run; `load` is the machine's load average before it began, `cores` how many it has."""

    cores: int
    load: float
    ratios: list[Ratio]
    mllp: list[MllpRun]
    csv: list[FileRun]


class Target(NamedTuple):
    """A figure that an issue asks for, and how to find it in a report: None where it was not measured."""

    name: str
    least: float
    found: Callable[[Report], float | None]


def _ratio(form: str, loop: str) -> Callable[[Report], float | None]:
    return lambda report: next((r.ratio for r in report.ratios if (r.format, r.bare) == (form, loop)), None)


def _lockstep(report: Report) -> float | None:
    return next((m.per_second for m in report.mllp if m.window == 1 and m.connections == 4), None)


def _flat(report: Report) -> float | None:
    """MB per 100,000 messages or rows, at worst; negated, so that more is better."""
    slopes = [m.memory.slope for m in report.mllp if m.memory is not None] + [f.memory.slope for f in report.csv]
    return -max(slopes) if slopes else None


TARGETS = (
    Target("oru / bare loop, every field read", 0.5, _ratio("oru", "every-field")),
    Target("hmis / csv and encode", 0.3, _ratio("hmis", "csv-and-encode")),
    Target("mllp messages/s, 4 connections, each waits for its answer", 2_000, _lockstep),
    Target("memory, MB per 100,000 records, negated", -5.0, _flat),
)


def run(plan: Plan, say: Say = lambda _: None) -> Report:
    """All measurements, one after the other, on a stack of its own in a temporary folder. RetryError when a process fails."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="hub-bench-intake-") as folder, stack(Path(folder) / "instance", say) as up:
        ratios = list(_ratios(plan, up, Path(folder), say)) if "ratios" in plan.parts else []
        mllp = list(_mllp(plan, up, say)) if "mllp" in plan.parts else []
        files = list(_files(plan, up, say)) if "csv" in plan.parts else []
    return Report(os.cpu_count() or 1, round(load, 2), ratios, mllp, files)


def answers(report: Report) -> list[dict[str, Any]]:
    """For each target that was measured: what was found, and whether it is reached."""
    measured = [(target, target.found(report)) for target in TARGETS]
    return [
        {"name": target.name, "target": target.least, "found": round(found, 3), "reached": found >= target.least}
        for target, found in measured
        if found is not None
    ]


def as_json(report: Report) -> dict[str, Any]:
    """One object: every figure and every target."""
    return {
        "cores": report.cores,
        "load_before": report.load,
        "ratios": [each._asdict() for each in report.ratios],
        "mllp": [{**m._asdict(), "memory": m.memory._asdict() if m.memory else None} for m in report.mllp],
        "csv": [{**f._asdict(), "memory": f.memory._asdict()} for f in report.csv],
        "targets": answers(report),
    }


class _Case(NamedTuple):
    """A format: its units, and the bare loops beside it, by name."""

    format: str
    connector: str
    persons: int
    units: Callable[[], Iterator[Unit]]
    bare: dict[str, Callable[[], Iterator[bytes]]]


def _ratios(plan: Plan, up: Stack, folder: Path, say: Say) -> Iterator[Ratio]:
    admin = AdminClient({"bootstrap.servers": up.settings.require_bootstrap()})
    for future in admin.create_topics([NewTopic(BARE_TOPIC, up.settings.partitions, 1)]).values():
        future.result(30)
    with workshop(up.settings, "hub-bench") as shop, closing(shop.codec):
        for case in _cases(plan, folder):
            say(f"{case.format}: {plan.rounds} rounds of the hub and {', '.join(case.bare)} …")
            yield from _compare(case, plan.rounds, shop)


def _cases(plan: Plan, folder: Path) -> Iterator[_Case]:
    records = Records(max(1, plan.messages // 4))
    messages = list(records.messages(plan.messages))
    yield _Case(
        "oru", LABS, records.distinct(plan.messages), lambda: (Unit(f"message-{n}", m) for n, m in enumerate(messages)),
        {"every-field": lambda: every_field(messages), "reader-alone": lambda: message_bytes(messages)},
    )  # fmt: skip
    records = Records(max(1, plan.rows // 4))
    made = {
        "cvrs": (CVRS, "20210401_01_TNA.txt", records.cvrs(plan.rows)),
        "fhir": (SARA, "Patient_20210401.ndjson", records.monitorees(plan.rows)),
        "declared-csv": (PANTRY, "visits.csv", records.table(plan.rows)),
    }
    for form, (connector, name, lines) in made.items():
        path = folder / form / name
        path.parent.mkdir()
        path.write_bytes(b"".join(lines))
        yield _file_case(form, connector, records.distinct(plan.rows), path)
    yield _hmis(plan, folder)


def _file_case(form: str, connector: str, persons: int, path: Path) -> _Case:
    loops: dict[str, Callable[[], Iterator[bytes]]] = {
        "reader-alone": lambda: table_rows([path]),
        "csv-and-encode": lambda: csv_and_encode([path]),
    }
    if form == "fhir":
        loops = {"reader-alone": lambda: resources([path])}
    return _Case(form, connector, persons, lambda: iter([Unit(path.name, path)]), loops)


def _hmis(plan: Plan, folder: Path) -> _Case:
    export = folder / "hmis"
    export.mkdir()
    for name, content in Records(plan.enrollments).hmis(plan.enrollments, plan.nights).items():
        (export / name).write_bytes(content)
    paths = {path.name: path for path in sorted(export.iterdir())}
    loops: dict[str, Callable[[], Iterator[bytes]]] = {
        "csv-and-encode": lambda: csv_and_encode(list(paths.values())),
        "reader-alone": lambda: table_rows(list(paths.values())),
    }
    return _Case("hmis", HMIS, plan.enrollments, lambda: iter([Unit("export", paths)]), loops)


def _compare(case: _Case, rounds: int, shop: Workshop) -> Iterator[Ratio]:
    settings = shop.settings
    connector = catalogue(settings.instance)[case.connector]
    agreement = intake_agreement(settings.instance / "agreements", case.connector, today(settings))
    hub: list[Spent] = []
    beside: dict[str, list[Spent]] = {name: [] for name in case.bare}
    outcomes: dict[str, int] = {}
    for _ in range(rounds):
        spent, found = through(case.units(), connector, agreement, shop)
        hub.append(spent)
        outcomes = dict(found)
        for name, loop in case.bare.items():
            beside[name].append(bare(loop, shop.producer))
    for name, loops in beside.items():
        yield _ratio_of(case, name, hub, loops, outcomes)


def _ratio_of(case: _Case, name: str, hub: list[Spent], loops: list[Spent], outcomes: dict[str, int]) -> Ratio:
    """The medians of the rounds. Records are those that the bare loop read: some rows of an HMIS export become no event."""
    records, middle = loops[0].records, statistics.median
    return Ratio(
        format=case.format,
        bare=name,
        records=records,
        persons=case.persons,
        hub_per_second=round(middle(records / each.seconds for each in hub), 1),
        bare_per_second=round(middle(records / each.seconds for each in loops), 1),
        ratio=round(middle(one.seconds / ours.seconds for ours, one in zip(hub, loops, strict=True)), 3),
        hub_cpu_us=round(middle(each.cpu_s for each in hub) / records * 1e6, 1),
        bare_cpu_us=round(middle(each.cpu_s for each in loops) / records * 1e6, 1),
        cpu_ratio=round(middle(one.cpu_s / ours.cpu_s for ours, one in zip(hub, loops, strict=True)), 3),
        outcomes=outcomes,
    )


def _mllp(plan: Plan, up: Stack, say: Say) -> Iterator[MllpRun]:
    records = Records(max(1, (plan.mllp + plan.pipelined) // 4))
    say(f"mllp: {plan.mllp} messages on {plan.connections} connections, each waits for its answer …")
    yield send(up, records, plan.mllp, first=0, connections=plan.connections, window=1, memory=True)
    say(f"mllp: {plan.pipelined} messages, up to {plan.window} unanswered on each connection …")
    yield send(up, records, plan.pipelined, first=plan.mllp, connections=plan.connections, window=plan.window)


def _files(plan: Plan, up: Stack, say: Say) -> Iterator[FileRun]:
    for connector, rows in ((CVRS, Records(50_000).cvrs), (PANTRY, Records(50_000).table)):
        say(f"csv: a file of {plan.csv_bytes / 1e6:,.0f} MB through the inbox of {connector} …")
        yield drop_file(up, connector, rows(_ANYTHING), plan.csv_bytes)
