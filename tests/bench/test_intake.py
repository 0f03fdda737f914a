"""The benchmark of the intake: every record is taken, targets are judged by what was measured, and it leaves nothing behind."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.bench.intake import EVENTS, TARGETS, Plan, Ratio, Report, answers, run
from hub.bench.intake_cases import FORMATS, cases
from hub.bench.intake_drop import DropRun
from hub.bench.intake_hmis import ledger_of, write_export
from hub.bench.intake_live import PANTRY, FileRun, MllpRun
from hub.bench.intake_loops import every_field, message_bytes
from hub.bench.intake_records import Records
from hub.bench.memory import Memory, Sampler, cpu_seconds, read_of
from hub.commands import bench_intake
from hub.commands.bench import bench
from hub.formats import hl7v2
from hub.privacy.agreements import EXAMPLES, intake_agreement
from hub.synthetic.hmis import Hmis
from hub.synthetic.places import FIRST_DAY
from hub.wiring_reading import OFFLINE_IDS, Reader, catalogue

FLAT = Memory(100.0, 100.0, 101.0, 0.1, 0.01, (100.0,) * 11, 50)


def ratio(found: float, form: str = "oru", bare: str = "every-field") -> Ratio:
    return Ratio(form, bare, 100, 10, 1.0, 1.0, found, 1.0, 1.0, found, {})


def mllp(rate: float, window: int = 1, memory: Memory | None = FLAT) -> MllpRun:
    return MllpRun(100, 10, 4, window, 1.0, rate, {"AA": 100}, 1.0, 2.0, 1.0, 1.0, 1.0, memory)


NOT_MEASURED = frozenset(
    {
        "case-line-list",
        "commcare",
        "consent",
        "food-benefits",
        "food-pantry",
        "godata",
        "gravity-referral",
        "hsds-directory",
        "hrsn-fhir",
        "referral-csv",
        "sara-alert-api",
        "shelter-roster-csv",
        "shelter-roster-hashed",
    }
)
"""Lists of a few hundred rows a day; and polls, where the source's own pages are what takes time."""


def told(report: Report) -> dict[str, bool]:
    return {answer["name"]: answer["reached"] for answer in answers(report)}


EVENTS_ALONE, WHOLE_WAY, HMIS_ALONE, HMIS, DROP, NIGHTS, AHEAD, ONE_BY_ONE, MEMORY = (target.name for target in TARGETS)


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
    assert told(Report(2, 0.1, [ratio(0.49), ratio(0.9, "cvrs")], [], [])) == {WHOLE_WAY: False}
    measured = [ratio(0.5), ratio(0.4, "oru-events"), ratio(0.31, "hmis", "csv-and-encode")]
    assert told(Report(2, 0.1, measured, [mllp(2_001.0)], [])) == {
        WHOLE_WAY: True, EVENTS_ALONE: False, HMIS: True, ONE_BY_ONE: True, MEMORY: True,
    }  # fmt: skip


def test_senders_that_send_ahead_and_those_that_wait_are_judged_apart() -> None:
    found = [mllp(9_000.0, window=16, memory=None), mllp(900.0, memory=None)]
    assert told(Report(2, 0.1, [], found, [])) == {AHEAD: True, ONE_BY_ONE: False}


def test_memory_that_rises_anywhere_is_not_flat() -> None:
    rising = FileRun("iis-cvrs", 1, 1, 1.0, 1.0, 1.0, 1, 0, FLAT._replace(rise=0.06))
    assert told(Report(2, 0.1, [], [mllp(2_500.0)], [rising])) == {ONE_BY_ONE: True, MEMORY: False}


def test_an_export_is_judged_by_its_rate_and_by_what_more_nights_held() -> None:
    def drop(ratio: float, highest: float) -> DropRun:
        return DropRun(1, 1, 1, 1, 1.0, 1.0, 1.0, ratio, 1.0, 1.0, 1, 0, FLAT._replace(highest=highest))

    assert told(Report(2, 0.1, [], [], [], [drop(0.1, 200.0), drop(0.31, 210.0)])) == {DROP: True, NIGHTS: True}
    assert told(Report(2, 0.1, [], [], [], [drop(0.4, 200.0), drop(0.29, 230.0)])) == {DROP: False, NIGHTS: False}
    assert told(Report(2, 0.1, [], [], [], [drop(0.4, 200.0)])) == {DROP: True}


def test_memory_and_cpu_of_a_process_are_those_of_the_kernel() -> None:
    before = cpu_seconds(os.getpid())
    while time.process_time() < before + 0.05:
        sum(range(10_000))
    with Sampler(os.getpid(), lambda: 5, total=10) as sampler:
        pass
    assert sampler.found.samples >= 2
    assert 10 < sampler.found.start <= sampler.found.highest
    assert cpu_seconds(os.getpid()) > before


def test_memory_is_told_at_every_tenth_and_judged_by_the_second_half() -> None:
    steps, heard = iter(range(1, 10_000)), list[int]()
    over = threading.Event()

    def progress() -> int:
        done = min(100, next(steps))
        if done == 100:
            over.set()
        return done

    with Sampler(os.getpid(), progress, 100, lambda share, *_: heard.append(share), every_s=0.0001) as sampler:
        assert over.wait(60)
    assert heard == [*range(0, 101, 10)]
    assert len(sampler.found.tenths) == 11
    assert sampler.found.flat == (sampler.found.rise <= 0.05)


def test_how_far_a_process_has_read_a_file_is_seen_from_outside(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"row\n" * 10_000)
    with path.open("rb", buffering=0) as file:
        file.read(4_000)
        assert read_of(os.getpid(), path) == 4_000
    assert read_of(os.getpid(), path) == 0


def test_an_export_written_night_by_night_is_the_one_that_the_county_writes(tmp_path: Path) -> None:
    records = Records(12)
    write_export(records, tmp_path, enrollments=12, nights=60)
    whole = Hmis(ledger_of(records, 12, 5), records.residents).export(FIRST_DAY)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole
    assert whole["Services.csv"].count(b"\n") == 61


@pytest.mark.parametrize("form", FORMATS)
def test_every_record_of_every_format_becomes_an_event(form: str, tmp_path: Path) -> None:
    plan = Plan(messages=40, rows=40, enrollments=4, nights=40, formats=(form,))
    (case,) = cases(plan, tmp_path)
    for loop in case.bare.values():
        assert sum(1 for _ in loop()) >= 40
    if case.connector == PANTRY:  # of an instance of its own: see the live run
        return
    agreement = intake_agreement(EXAMPLES, case.connector, date(2021, 5, 1))
    read = Reader(catalogue()[case.connector], agreement, OFFLINE_IDS)
    outcomes = Counter((each.outcome, each.reason) for unit in case.units() for each in read(unit))
    assert outcomes["event", None] >= 40
    assert not [reason for outcome, reason in outcomes if outcome == "rejected"]


def test_every_shipped_connector_has_a_figure_of_its_own(tmp_path: Path) -> None:
    plan = Plan(messages=4, rows=4, enrollments=1, nights=1)
    assert {case.connector for case in cases(plan, tmp_path)} >= {*catalogue()} - NOT_MEASURED
    assert tuple(bench_intake._FORMATS) == FORMATS


@pytest.mark.live
@pytest.mark.slow
def test_every_record_of_a_small_run_is_taken(tmp_path: Path) -> None:
    plan = Plan(
        messages=60, rows=52, enrollments=3, nights=30, rounds=1, mllp=80, pipelined=40, csv_bytes=40_000,
        hmis_enrollments=20, hmis_nights_per=(1, 3),
    )  # fmt: skip
    report = run(plan)
    outcomes = {each.format: each.outcomes for each in report.ratios}
    alone = {form: outcomes.pop(form + EVENTS) for form in FORMATS}
    assert {*outcomes} == {*FORMATS}
    assert {form: found["event"] for form, found in alone.items()} == {
        form: found["event"] for form, found in outcomes.items()
    }
    assert outcomes["oru"] == outcomes["vxu"] == {"event": 60}
    for form in ("cvrs", "declared-csv", "lab-csv", "lab-fhir", "iis-fhir", "supply"):
        assert outcomes[form] == {"event": 52}
    assert outcomes["fhir"]["event"] >= 52
    assert outcomes["hmis"]["event"] >= 30
    assert outcomes["hrsn"]["event"] >= 52
    assert not any("rejected" in found for found in outcomes.values())
    assert [each.answers for each in report.mllp] == [{"AA": 80}, {"AA": 40}]
    assert [(each.events, each.rejected) for each in report.csv] == [(each.rows, 0) for each in report.csv]
    assert [(each.enrollments, each.nights, each.rejected) for each in report.hmis] == [(20, 20, 0), (20, 60, 0)]
    assert report.hmis[1].rows - report.hmis[0].rows == report.hmis[1].events - report.hmis[0].events == 40


def test_help_says_what_is_measured() -> None:
    help_text: Any = CliRunner().invoke(bench, ["intake", "--help"]).output
    assert "--quick" in help_text
    assert "--json" in help_text
    assert json.dumps(answers(Report(2, 0.0, [], [], []))) == "[]"
