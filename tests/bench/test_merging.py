"""The measurement of a merge on a running stack: that it measures and tells, not how fast this machine is (equity-identity.md,
requirement 25)."""

from __future__ import annotations

import json

import pytest

import hub.bench.merging
from hub.bench.merging import OUTLETS, Report, Waits, as_json, run
from hub.bench.merging_people import life, made_pairs
from hub.cli import main


def report(p95_s: float) -> Report:
    return Report(2, 0.5, 1, 0, [Waits("either", "all", 2, 0.5, p95_s, 20.0)])


def exit_code(*options: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "identity", "--merge", *options])
    return ended.value.code


def test_people_of_pairs_have_names_of_their_own_and_two_records_each() -> None:
    pairs = list(made_pairs(200))
    assert len({block.family_name for pair in pairs for block in (pair.first, pair.second)}) == 400
    assert len({event.source_person for event in life(pairs[0], 1)}) == 2
    assert list(made_pairs(3)) == list(made_pairs(3))


@pytest.mark.parametrize(("p95_s", "code"), [(10.0, 0), (10.01, 1)])
def test_what_is_asked_of_the_p95_of_all_decides(
    p95_s: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hub.bench.merging, "run", lambda *_: report(p95_s))
    assert exit_code("--json") == code
    (answer,) = json.loads(capsys.readouterr().out)["targets"]
    assert (answer["found"], answer["reached"]) == (p95_s, not code)
    assert exit_code() == code
    assert f"{'NOT ' if code else ''}reached: p95 of a merge or split" in capsys.readouterr().out


@pytest.mark.live
def test_r25_merges_and_splits_reach_every_outlet_of_a_running_stack() -> None:
    found = run(2, 20)
    assert [(each.change, each.outlet) for each in found.waits] == [
        (change, outlet) for change in ("merge", "split", "either") for outlet in OUTLETS
    ]
    assert [each.changes for each in found.waits] == [*[2] * 8, *[4] * 4]
    assert all(0 <= each.p50_s <= each.p95_s <= each.max_s for each in found.waits)
    assert as_json(found)["pairs"] == 2
