"""`hub bench identity`: how fast one core finds out who a record is about, among 100,000 people and among more.

The index (hub.identity.evaluation.arriving: blocks, comparables and who uses which shared value, in memory) is filled with a
record of each person; then further records of the same people arrive, each normalised, compared with all that share a block with
it, and added. One process a size, so that its memory is that of the size alone. No database, no broker: what the comparison costs.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from hub.bench.identity_people import portions_to_time
from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.model import for_population, shipped_model
from hub.errors import RetryError
from hub.identity.evaluation.arriving import Arrivals
from hub.identity.evaluation.report import percentile
from hub.wiring import collect_seldom

__all__ = ["TARGETS", "Measured", "Report", "answers", "as_json", "growth", "measure", "run"]

Say = Callable[[str], None]
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
_ASKED_AT = 100_000


class Measured(NamedTuple):
    """One size. `people` known, each by one record; then `events` arrived: `per_second` of CPU time, milliseconds each by the
    clock, each compared with so many records; `found`: those that match somebody. `memory_mb`: what all of it holds when the last
    has arrived, beyond the process before the first (0 or less where that fits in pages the process had freed)."""

    people: int
    events: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    candidates_mean: float
    candidates_p50: int
    candidates_p99: int
    candidates_most: int
    found: int
    memory_mb: float
    model: str


class Report(NamedTuple):
    """`load` is the machine's load average before the run, `cores` how many it has."""

    cores: int
    load: float
    sizes: list[Measured]


class Target(NamedTuple):
    """A figure that is asked for at 100,000 people (equity-identity.md, requirement 19)."""

    name: str
    found: Callable[[Measured], float]
    target: float
    at_least: bool


TARGETS = (
    Target("events/s of one core", lambda each: each.per_second, 2_000, True),
    Target("p95 of an event, ms", lambda each: each.p95_ms, 5, False),
    Target("candidates of an event, p99", lambda each: each.candidates_p99, 200, False),
)


def run(sizes: Sequence[int], events: int, say: Say = lambda _: None) -> Report:
    """Each size in a process of its own, the smallest first. RetryError when one ends before it has measured."""
    load = os.getloadavg()[0]
    found = [_in_a_process(people, events, say) for people in sorted(set(sizes))]
    return Report(os.cpu_count() or 1, round(load, 2), found)


def measure(people: int, events: int, say: Say = lambda _: None) -> Measured:
    """One size, in this process."""
    collect_seldom()
    before, model = _resident_mb(), for_population(shipped_model(), people)
    arrivals, known, later = Arrivals(model), 0, []
    for portion in portions_to_time(people, events):
        later += portion.later
        for block in portion.first:
            arrivals.know(comparable(block))
        known += len(portion.first)
        if known * 10 // people > (known - len(portion.first)) * 10 // people:
            say(f"{people:,} people: {known:,} known, {_resident_mb() - before:,.0f} MB")
    collect_seldom()
    candidates, latencies, matched = [], [], 0
    began = process_time()
    for block in later[:events]:
        at = perf_counter()
        compared, graded = arrivals.add(comparable(block))
        latencies.append(perf_counter() - at)
        candidates.append(compared)
        matched += any(score.grade == "match" for _, score in graded)
    spent = process_time() - began
    return Measured(
        people=known,
        events=len(latencies),
        per_second=round(len(latencies) / spent),
        p50_ms=round(1000 * percentile(latencies, 50), 3),
        p95_ms=round(1000 * percentile(latencies, 95), 3),
        p99_ms=round(1000 * percentile(latencies, 99), 3),
        candidates_mean=round(sum(candidates) / len(candidates), 1),
        candidates_p50=int(percentile(candidates, 50)),
        candidates_p99=int(percentile(candidates, 99)),
        candidates_most=max(candidates),
        found=matched,
        memory_mb=round(_resident_mb() - before, 1),
        model=model.version,
    )


def answers(report: Report) -> list[dict[str, Any]]:
    """For each target what was found at 100,000 people, and whether it is reached; none where that size was not measured."""
    return [
        {
            "name": target.name,
            "people": each.people,
            "found": target.found(each),
            "target": target.target,
            "reached": target.found(each) >= target.target if target.at_least else target.found(each) <= target.target,
        }
        for each in report.sizes
        if _ASKED_AT <= each.people < 2 * _ASKED_AT
        for target in TARGETS
    ]


def growth(report: Report) -> list[dict[str, Any]]:
    """From size to size: how many times the people, CPU time an event, candidates, memory. None: the smaller is unmeasurable."""
    return [
        {
            "from": one.people,
            "to": other.people,
            "people": round(other.people / one.people, 2),
            "cpu_per_event": round(one.per_second / other.per_second, 2),
            "p95": _times(other.p95_ms, one.p95_ms),
            "candidates_p99": round(other.candidates_p99 / max(1, one.candidates_p99), 2),
            "memory": _times(other.memory_mb, one.memory_mb),
        }
        for one, other in pairwise(report.sizes)
    ]


def _times(larger: float, smaller: float) -> float | None:
    """None where the smaller is too small to be measured: a few hundred people fit in pages that the process had before."""
    return round(larger / smaller, 2) if smaller > 0 else None


def as_json(report: Report) -> dict[str, Any]:
    """One object: every figure, every target, the growth."""
    return {
        "cores": report.cores,
        "load_before": report.load,
        "sizes": [each._asdict() for each in report.sizes],
        "growth": growth(report),
        "targets": answers(report),
    }


def _in_a_process(people: int, events: int, say: Say) -> Measured:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sender, people, events), daemon=True)
    process.start()
    sender.close()
    with receiver:
        try:
            while not isinstance(told := receiver.recv(), Measured):
                say(told)
        except EOFError:
            process.join()
            raise RetryError(f"bench-process-ended exit={process.exitcode}") from None
    process.join()
    process.close()
    return told


def _tell(sender: Connection, people: int, events: int) -> None:
    with sender:
        sender.send(measure(people, events, sender.send))


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MB
