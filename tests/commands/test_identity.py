"""`hub identity evaluate` and `explain`: what they print, what they write, and what they say of files that do not fit."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from hub.cli import main
from hub.commands.identity_shown import _LEVELS, _Scale
from hub.domain.linkage.comparisons import LEVELS

A = (
    "record_id,given_name,family_name,birth_date,ssn,race_ethnicity\n"
    "1,Ana,Villalobos,1962-03-19,219-09-9999,hispanic\n2,Wendell,Pruitt,1948-11-02,,white\n"
)
B = (
    "record_id,given_name,family_name,birth_date,ssn\n"
    "1,Ana,Vilalobos,1962-03-19,219-09-9999\n9,Gertrude,Okafor,1999-05-30,\n"
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(A)
    Path("b.csv").write_text(B)
    Path("pairs.csv").write_text("left_id,right_id\n1,1\n")
    Path("strangers.csv").write_text("left_id,right_id\n1,77\n")
    return tmp_path


def hub(line: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_two_files_are_linked_and_the_pairs_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out.csv").touch(mode=0o644)
    assert hub("identity evaluate --records a.csv b.csv --truth pairs.csv --pairs-out out.csv --json") == 0
    assert Path("out.csv").stat().st_mode & 0o077 == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["precision"], told["recall"], told["records"], told["people"]) == (1, 1, 4, 3)
    with Path("out.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["left_id"], row["right_id"], row["grade"]) for row in rows] == [("1", "1", "match")]
    assert float(rows[0]["score"]) > 20


def test_without_json_there_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert hub("identity evaluate --records a.csv b.csv --truth pairs.csv") == 0
    told = capsys.readouterr().out
    for words in ("precision", "1 of 1", "race and ethnicity", "hispanic", "candidates per record", "largest gap"):
        assert words in told
    assert "Villalobos" not in told


def test_one_file_is_linked_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pairs.csv").write_text("left_id,right_id\n")
    assert hub("identity evaluate --records a.csv --truth pairs.csv --json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["precision"], told["recall"], told["true_pairs"]) == (None, None, 0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("evaluate --records gone.csv --truth pairs.csv", "gone.csv: No such file"),
        ("evaluate --records pairs.csv --truth pairs.csv", "pairs.csv has no column record_id"),
        ("evaluate --records a.csv --truth a.csv", "a.csv has no column left_id"),
        (
            "evaluate --records a.csv b.csv --truth strangers.csv",
            "strangers.csv row 2: right_id names no record of b.csv",
        ),
        ("evaluate --records a.csv --truth pairs.csv --pairs-out no/where.csv", "No such file"),
        ("evaluate --records a.csv --truth pairs.csv --model a.csv", "a.csv is no model"),
        ("evaluate --set first --records a.csv", "leave --records and --truth out"),
        ("evaluate --set clinic --people 50", "too small for the cases"),
        ("evaluate --truth pairs.csv", "Missing option '--records'"),
        ("evaluate --records a.csv", "Missing option '--truth'"),
        ("explain 1 77 --records a.csv", "a.csv has no record with the record_id 77"),
        ("explain 1 1 --records a.csv", "the same record"),
    ],
)
def test_files_that_do_not_fit_end_with_2_and_say_where(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hub(f"identity {line}") == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_explain_shows_a_waterfall_and_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert hub("identity explain 1 1 --records a.csv --records b.csv") == 0
    told = capsys.readouterr().out
    for words in (
        "birth date",
        "the same",
        "nearly the same",
        "█",
        "in log2 odds",
        "they end as one person",
        "no evidence, missing in one",
    ):
        assert words in told
    assert "illalobos" not in told


def test_a_waterfall_goes_on_where_the_part_before_ended_and_shows_what_speaks_against() -> None:
    scale = _Scale(least=-10.0, most=37.0, review=17.0, match=27.0)
    assert scale.bar(0.0, 10.0).plain == " " * 10 + "█" * 11 + " " * 6 + "?" + " " * 9 + "!" + " " * 10
    assert scale.bar(10.0, -10.0).plain.startswith("░" * 21 + " ")
    assert len(scale.bar(0.0, 0.0).plain) == 48


def test_every_level_of_a_comparison_has_words() -> None:
    assert {level for levels in LEVELS.values() for level in levels} - _LEVELS.keys() == set()


def test_explain_as_json_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert hub("identity explain 2 1 --records a.csv --json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["one_person"] is False
    assert sum(part["weight"] for part in told["parts"]) == pytest.approx(told["score"], abs=0.01)


def test_explain_answers_for_the_population_that_evaluate_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    for asked in ("", "--population 1000000", "--population 4000000"):
        assert hub(f"identity explain 1 2 --records a.csv --json {asked}") == 0
        seen.append(json.loads(capsys.readouterr().out)["thresholds"])
    assert seen[0] == seen[1]  # so few records are a sample: the model's own million
    assert {key: bits - seen[1][key] for key, bits in seen[2].items()} == {
        "match": pytest.approx(2),
        "review": pytest.approx(2),
    }


def test_a_made_up_set_is_evaluated_and_written_so_that_its_files_say_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert hub("identity evaluate --set second --people 60 --set-out made --json") == 0
    told = json.loads(capsys.readouterr().out)
    assert hub("identity evaluate --records made/second-records.csv --truth made/second-pairs.csv --json") == 0
    again = json.loads(capsys.readouterr().out)
    assert (told["recall"], told["precision"], told["records"]) == (
        again["recall"],
        again["precision"],
        again["records"],
    )


def test_the_clinic_set_tells_cases_by_kind_for_whom_less_is_found_and_what_that_does_to_coverage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert hub("identity evaluate --set clinic --metrics-out clinic.prom") == 0
    told = capsys.readouterr().out
    for words in (
        "sensitivity",
        "PPV",
        "specificity",
        "day and month swapped",
        "too few to compare",
        "coverage ratio changed most",
    ):
        assert words in told
    metrics = Path("clinic.prom").read_text()
    assert 'hub_identity_cases_share{share="sensitivity"}' in metrics
    assert 'hub_identity_recall{bound="lower",dimension="race_ethnicity",group="white"}' in metrics
    assert 'group="nhpi"' not in metrics
