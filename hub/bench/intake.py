"""`hub bench intake`: the intake beside loops that do next to nothing, and what the doors take; all in one run, on one broker.

- ratios: records/s of the hub's intake over a bare loop on the same input (hub.bench.intake_loops), the median of rounds;
- MLLP: senders in a process of their own at the door of `hub run connectors`, every message answered only when the broker has it;
- a large CSV through a drop folder;
- an HMIS export of 100,000 enrollments through another, beside the bare loop; all three with the memory of the door's process.

CPU figures are in microseconds of one core a record and depend little on how loaded the machine is; rates do.
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka.admin import AdminClient, NewTopic

from hub.bench.intake_cases import Case, cases
from hub.bench.intake_drop import DropRun, drop_export
from hub.bench.intake_health import lab_rows
from hub.bench.intake_live import PANTRY, FileRun, MllpRun, Say, drop_file, send, stack
from hub.bench.intake_loops import BARE_TOPIC, Spent, bare, events_alone, through
from hub.bench.intake_plan import Plan
from hub.bench.intake_records import Records
from hub.bench.memory import FLAT, Memory
from hub.config import today
from hub.privacy.agreements import intake_agreement
from hub.supervisor import Stack
from hub.wiring import collect_seldom
from hub.wiring_reading import catalogue
from hub.wiring_workshop import Workshop, workshop

__all__ = ["EVENTS", "TARGETS", "Plan", "Ratio", "Report", "answers", "as_json", "run"]

_ANYTHING = 1 << 40
_CSV_PEOPLE = 50_000


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
    hmis: Sequence[DropRun] = ()


class Target(NamedTuple):
    """A figure that an issue asks for, and how to find it in a report: None where it was not measured."""

    name: str
    least: float
    found: Callable[[Report], float | None]


def _ratio(form: str, loop: str) -> Callable[[Report], float | None]:
    return lambda report: next((r.ratio for r in report.ratios if (r.format, r.bare) == (form, loop)), None)


def _mllp_rate(*, ahead: bool) -> Callable[[Report], float | None]:
    """Of senders who send ahead, or of those who wait for each answer."""
    return lambda report: next(
        (m.per_second for m in report.mllp if (m.window > 1) == ahead and m.connections == 4), None
    )


def _flat(report: Report) -> float | None:
    """The worst rise over the second half of a run, negated, so that more is better."""
    watched = [*(m.memory for m in report.mllp if m.memory is not None), *(f.memory for f in report.csv)]
    return -max(memory.rise for memory in watched) if watched else None


def _drop(report: Report) -> float | None:
    """Of the export with the most nights."""
    return report.hmis[-1].ratio if report.hmis else None


def _as_many_nights(report: Report) -> float | None:
    """What the export with the most nights held at its highest, of what the one with the fewest held, negated."""
    return -report.hmis[-1].memory.highest / report.hmis[0].memory.highest if len(report.hmis) > 1 else None


EVENTS = "-events"
"""Behind a format's name: only parsed, mapped, encoded and produced. Without it: the whole way of a record behind a door."""

TARGETS = (
    Target(
        "oru parsed, mapped, encoded, produced / bare loop, every field read",
        0.5,
        _ratio("oru" + EVENTS, "every-field"),
    ),
    Target("oru, the whole way behind a door / the same", 0.5, _ratio("oru", "every-field")),
    Target("hmis parsed, mapped, encoded, produced / csv and encode", 0.3, _ratio("hmis" + EVENTS, "csv-and-encode")),
    Target("hmis, the whole way behind a door / the same", 0.3, _ratio("hmis", "csv-and-encode")),
    Target("hmis export through its folder / csv and encode", 0.3, _drop),
    Target("memory of the export with the most nights / with the fewest, negated", -1.1, _as_many_nights),
    Target("mllp messages/s, 4 connections, which send ahead", 2_000, _mllp_rate(ahead=True)),
    Target("mllp messages/s, 4 connections, which wait for each answer", 2_000, _mllp_rate(ahead=False)),
    Target("memory, rise over the second half as a share of itself, negated", -FLAT, _flat),
)


def run(plan: Plan, say: Say = lambda _: None) -> Report:
    """All measurements, one after the other, on a stack of its own in a temporary folder. RetryError when a process fails."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="hub-bench-intake-") as folder, stack(Path(folder) / "instance", say) as up:
        ratios = list(_ratios(plan, up, Path(folder), say)) if "ratios" in plan.parts else []
        mllp = list(_mllp(plan, up, say)) if "mllp" in plan.parts else []
        files = list(_files(plan, up, say)) if "csv" in plan.parts else []
        drops = list(_drops(plan, up, say)) if "hmis" in plan.parts else []
    return Report(os.cpu_count() or 1, round(load, 2), ratios, mllp, files, drops)


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
        "mllp": [{**m._asdict(), "memory": m.memory and _memory(m.memory)} for m in report.mllp],
        "csv": [{**f._asdict(), "memory": _memory(f.memory)} for f in report.csv],
        "hmis": [{**d._asdict(), "memory": _memory(d.memory)} for d in report.hmis],
        "targets": answers(report),
    }


def _memory(found: Memory) -> dict[str, Any]:
    return {**found._asdict(), "flat": found.flat}


def _ratios(plan: Plan, up: Stack, folder: Path, say: Say) -> Iterator[Ratio]:
    _make_topic(up)
    with workshop(up.settings, "hub-bench") as shop, closing(shop.codec), _as_in_a_role():
        for case in cases(plan, folder):
            say(f"{case.format}: {plan.rounds} rounds of the hub and {', '.join(case.bare)} …")
            yield from _compare(case, plan.rounds, shop)


def _make_topic(up: Stack) -> None:
    """The topic of the bare loops."""
    admin = AdminClient({"bootstrap.servers": up.settings.require_bootstrap()})
    if BARE_TOPIC in admin.list_topics(timeout=30).topics:
        return
    for future in admin.create_topics([NewTopic(BARE_TOPIC, up.settings.partitions, 1)]).values():
        future.result(30)


@contextmanager
def _as_in_a_role() -> Iterator[None]:
    """Cyclic garbage is looked for as seldom as behind a live door, beside bare loops too."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def _compare(case: Case, rounds: int, shop: Workshop) -> Iterator[Ratio]:
    settings = shop.settings
    connector = catalogue(settings.instance)[case.connector]
    agreement = intake_agreement(settings.instance / "agreements", case.connector, today(settings))
    hub: list[Spent] = []
    beside: dict[str, list[Spent]] = {name: [] for name in case.bare}
    outcomes: dict[str, int] = {}
    alone: list[Spent] = []
    produced: Counter[str] = Counter()
    for _ in range(rounds):
        spent, found = through(case.units(), connector, agreement, shop)
        hub.append(spent)
        outcomes = dict(found)
        spent, produced = events_alone(case.units(), connector, agreement, shop)
        alone.append(spent)
        for name, loop in case.bare.items():
            beside[name].append(bare(loop, shop.producer_of(connector.door)))
    for name, loops in beside.items():
        yield _ratio_of(case, name, hub, loops, outcomes)
        yield _ratio_of(case._replace(format=case.format + EVENTS), name, alone, loops, dict(produced))


def _ratio_of(case: Case, name: str, hub: list[Spent], loops: list[Spent], outcomes: dict[str, int]) -> Ratio:
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
    say(f"mllp: {plan.mllp:,} messages on {plan.connections} connections, each waits for its answer …")
    yield send(up, records, plan.mllp, first=0, connections=plan.connections, window=1, say=say)
    say(f"mllp: {plan.pipelined:,} messages, up to {plan.window} unanswered on each connection …")
    yield send(up, records, plan.pipelined, first=plan.mllp, connections=plan.connections, window=plan.window)


def _files(plan: Plan, up: Stack, say: Say) -> Iterator[FileRun]:
    wide = "lab-csv", "results.csv", lab_rows(Records(_CSV_PEOPLE), _ANYTHING), plan.csv_bytes
    narrow = PANTRY, "visits.csv", Records(_CSV_PEOPLE).table(_ANYTHING), max(1, plan.csv_bytes // 10)
    for connector, name, rows, size in (wide, narrow):
        say(f"csv: a file of {size / 1e6:,.0f} MB through the inbox of {connector} …")
        yield drop_file(up, connector, name, rows, size, say)


def _drops(plan: Plan, up: Stack, say: Say) -> Iterator[DropRun]:
    _make_topic(up)
    with workshop(up.settings, "hub-bench") as shop, closing(shop.codec):
        producer = shop.producer_of(catalogue(up.settings.instance)["hmis-csv"].door)
        for nights in plan.hmis_nights_per:
            yield drop_export(up, producer, plan.hmis_enrollments, nights, say)
