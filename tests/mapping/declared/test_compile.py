"""Mistakes in a connector.yaml are told when it is loaded, with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigError
from tests.mapping.declared.shelter import BEDS_CODES, YAML, write


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "stay: {value: night}",
            "stays: {value: night}",
            r"yaml:22: map\.0\.fields\.stays: shelter-stay has no field stays",
        ),
        ("      stay: {value: night}\n", "", r"yaml:17: map\.0\.event: shelter-stay needs fields: stay"),
        (
            "{value: night}",
            "{value: evening}",
            r"yaml:22: map\.0\.fields\.stay\.value: stay is one of night, enrollment",
        ),
        (
            "codes: beds",
            "codes: bads",
            r"yaml:25: .*site_kind\.codes: there is no codes/bads\.csv; there are beds, race",
        ),
        (
            '      entered_on: {from: Night, format: "%m/%d/%Y"}',
            "      entered_on: Night",
            r"yaml:26: .*a date needs a format",
        ),
        ('DOB, format: "%m/%d/%Y"', 'DOB, format: "%m/%d/%y"', r"yaml:14: .*format: .* four-digit year"),
        ('DOB, format: "%m/%d/%Y"', 'DOB, format: "%d/%q/%Y"', r"yaml:14: .*format: no text fits %d/%q/%Y"),
        ('DOB, format: "%m/%d/%Y"', 'DOB, format: "%Y/%m/%Y"', r"yaml:14: .*format: no text fits"),
        ('DOB, format: "%m/%d/%Y"', 'DOB, format: "%m/%d"', r"yaml:14: .*format: no text fits"),
        ("America/New_York", "Americas/York", r"yaml:4: source\.timezone: Americas/York is no time zone"),
        ("event: shelter-stay", "event: sleepover", r"yaml:17: map\.0\.event: there is no event sleepover"),
        ("emits: [shelter-stay]", "emits: [shelter-stay, person]", r"yaml:6: emits\.1: no rule of `map` gives person"),
        (
            "    given_name: First",
            "    nickname: First",
            r"yaml:12: identity\.block\.nickname: the person block has no",
        ),
        (
            "    given_name: First",
            "    hashed: First",
            r"yaml:12: identity\.block\.hashed: the person block has no hashed; it has (?!.*hashed)",
        ),
        ("    dedupe: [Guest ID, Night]\n", "", r"yaml:17: map\.0\.event: .* needs `dedupe`"),
        (
            "{from: Updated, format: iso}",
            "{from: Updated, format: iso, hook: tidy}",
            r"yaml:20: .*hooks\.py has no function tidy",
        ),
        ("{from: Updated, format: iso}", "{format: iso}", r"yaml:20: map\.0\.changed_at: give either `from`"),
        ("presence: {value: true}", 'presence: {value: "true"}', r"yaml:23: .*presence cannot be 'true'"),
        ("format: csv,", "format: csv, each: rows,", r"yaml:4: source\.each: csv has no `each`"),
        ("map:\n", "program: iis-cvrs\nmap:\n", r"give either `map` \(rules\) or `program`"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in YAML
    with pytest.raises(ConfigError, match=complaint):
        write(tmp_path, YAML.replace(old, new, 1))


def test_every_complaint_is_told_at_once(tmp_path: Path) -> None:
    text = YAML.replace("codes: beds", "codes: bads").replace("stay: {value: night}", "stays: {value: night}")
    with pytest.raises(ConfigError) as told:
        write(tmp_path, text)
    assert len(str(told.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("a,b\n", r"beds\.csv:1: the columns must be"),
        (BEDS_CODES + "DORM,,other,mapped,\n", r"beds\.csv:5: source_value DORM stands here a second time"),
        (BEDS_CODES + "X,,other,,\n", r"beds\.csv:5: status must be one of"),
        (BEDS_CODES + "X,,,mapped,\n", r"beds\.csv:5: a target_code stands with status mapped"),
        (BEDS_CODES + "X,,bedroom,mapped,\n", r"codes/beds\.csv:5: X → bedroom: site_kind is one of congregate"),
        (BEDS_CODES + "X,,\n", r"beds\.csv:5: 3 cells where 5 are due"),
    ],
)
def test_a_mistake_in_a_code_table_is_named_with_its_row(tmp_path: Path, rows: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        write(tmp_path, beds=rows)


def test_a_sex_of_a_code_table_is_a_word_that_linking_knows(tmp_path: Path) -> None:
    text = YAML.replace("    given_name: First\n", "    given_name: First\n    sex: {from: Bed Type, codes: sexes}\n")
    rows = BEDS_CODES.splitlines()[0] + "\nWoman,,Female,mapped,\nMan,,M,mapped,\nNone,,,unknown,\n"
    assert write(tmp_path / "one", text, sexes=rows).declared is not None
    with pytest.raises(ConfigError, match=r"codes/sexes\.csv:5: Divers → diverse: sex is one of F, M, X"):
        write(tmp_path / "two", text, sexes=rows + "Divers,,diverse,mapped,\n")


def test_rows_that_differ_by_case_alone_may_not_mean_two_things_under_fold(tmp_path: Path) -> None:
    text = YAML.replace("codes: beds}", "codes: beds, match: fold}")
    first, second = BEDS_CODES.splitlines()[1:3]
    assert write(tmp_path / "one", text, beds=BEDS_CODES).declared is not None
    value = first.split(",")[0]
    other = ",".join([value.swapcase(), *second.split(",")[1:]])
    with pytest.raises(ConfigError, match=r"rows 2 and \d+ differ by case alone and mean different things"):
        write(tmp_path / "two", text, beds=BEDS_CODES + other + "\n")
    assert write(tmp_path / "three", beds=BEDS_CODES + other + "\n").declared is not None, (
        "as written, they are two values"
    )


def test_a_rule_without_a_code_table_has_nothing_to_match(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is about code tables"):
        write(tmp_path, YAML.replace("codes: beds}", "match: fold}"))


def test_a_hooks_file_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"hooks\.py: cannot be imported: SyntaxError"):
        write(tmp_path, hooks="def broken(:\n")
