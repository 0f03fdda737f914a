"""The benchmark of the intake: every record is taken, targets are judged by what was measured, and it leaves nothing behind."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.bench.intake import Plan, Ratio, Report, answers, run
from hub.bench.intake_live import FileRun, MllpRun
from hub.bench.intake_loops import every_field, message_bytes
from hub.bench.intake_records import Records
from hub.bench.memory import Memory, Sampler, cpu_seconds
from hub.commands.bench import bench
from hub.formats import hl7v2

FLAT = Memory(100.0, 100.0, 101.0, 0.1, 50)


def ratio(found: float, form: str = "oru", bare: str = "every-field") -> Ratio:
    return Ratio(form, bare, 100, 10, 1.0, 1.0, found, 1.0, 1.0, found, {})


def mllp(rate: float, window: int = 1, memory: Memory | None = FLAT) -> MllpRun:
    return MllpRun(100, 10, 4, window, 1.0, rate, {"AA": 100}, 1.0, 2.0, 1.0, 1.0, 1.0, memory)


def told(report: Report) -> dict[str, bool]:
    return {answer["name"].split(" ")[0]: answer["reached"] for answer in answers(report)}


def test_the_messages_are_laboratory_reports_of_many_people_and_the_same_each_time() -> None:
    records = Records(200)
    messages = list(records.messages(400))
    assert messages == list(Records(200).messages(400))
    assert len(set(messages)) == 400
    first = hl7v2.read_one(messages[0])
    names = [segment.name for segment in first.segments]
    assert names[:6] == ["MSH", "SFT", "PID", "ORC", "OBR", "OBX"]
    assert names.count("OBX") >= 4
    assert names[-1] == "SPM"
    people = {hl7v2.read_one(message).segments[2].text(3) for message in messages}
    assert 100 < len(people) == records.distinct(400) <= 200


def test_the_bare_loops_give_back_the_messages() -> None:
    messages = list(Records(5).messages(5))
    assert list(message_bytes(messages)) == list(every_field(messages)) == messages


def test_a_figure_is_judged_where_it_was_measured_and_nowhere_else() -> None:
    assert told(Report(2, 0.1, [], [], [])) == {}
    assert told(Report(2, 0.1, [ratio(0.49), ratio(0.9, "cvrs")], [], [])) == {"oru": False}
    assert told(Report(2, 0.1, [ratio(0.5), ratio(0.31, "hmis", "csv-and-encode")], [mllp(2_001.0)], [])) == {
        "oru": True,
        "hmis": True,
        "mllp": True,
        "memory,": True,
    }


def test_only_senders_that_wait_for_each_answer_count_for_the_door() -> None:
    assert told(Report(2, 0.1, [], [mllp(9_000.0, window=16, memory=None)], [])) == {}


def test_memory_that_rises_anywhere_is_not_flat() -> None:
    rising = FileRun("iis-cvrs", 1, 1, 1.0, 1.0, 1.0, 1, 0, FLAT._replace(slope=20.0))
    assert told(Report(2, 0.1, [], [mllp(2_500.0)], [rising])) == {"mllp": True, "memory,": False}


def test_memory_and_cpu_of_a_process_are_those_of_the_kernel() -> None:
    before = cpu_seconds(os.getpid())
    while time.process_time() < before + 0.05:
        sum(range(10_000))
    with Sampler(os.getpid(), lambda: 5, warm=0) as sampler:
        pass
    assert sampler.found.samples >= 1
    assert 10 < sampler.found.start <= sampler.found.highest
    assert cpu_seconds(os.getpid()) > before


@pytest.mark.live
@pytest.mark.slow
def test_every_record_of_a_small_run_is_taken(tmp_path: Path) -> None:
    plan = Plan(messages=60, rows=50, enrollments=3, nights=30, rounds=1, mllp=80, pipelined=40, csv_bytes=20_000)
    report = run(plan)
    outcomes = {each.format: each.outcomes for each in report.ratios}
    assert outcomes["oru"] == {"event": 60}
    assert outcomes["cvrs"] == outcomes["declared-csv"] == {"event": 50}
    assert outcomes["fhir"]["event"] >= 50
    assert outcomes["hmis"]["event"] >= 30
    assert not any("rejected" in found for found in outcomes.values())
    assert [each.answers for each in report.mllp] == [{"AA": 80}, {"AA": 40}]
    assert [(each.events, each.rejected) for each in report.csv] == [(each.rows, 0) for each in report.csv]


def test_help_says_what_is_measured() -> None:
    help_text: Any = CliRunner().invoke(bench, ["intake", "--help"]).output
    assert "--quick" in help_text
    assert "--json" in help_text
    assert json.dumps(answers(Report(2, 0.0, [], [], []))) == "[]"
