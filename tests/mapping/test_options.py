"""Options of programs that read no list: a mistyped one is told before anything is read, with what was probably meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.connectors.catalog import SHIPPED, load
from hub.connectors.installed import programs
from hub.mapping.program import Optioned

KNOWING = ("hmis-csv", "hrsn-screening", "hrsn-fhir", "vaccine-supply", "hsds-directory", "gravity-referral")


def wrong(program: str, **options: Any) -> list[str]:
    found = programs()[program]
    assert isinstance(found, Optioned)
    return [f"{'.'.join(at)}: {why}" for at, why in found.wrong_options(options)]


@pytest.mark.parametrize("program", KNOWING)
def test_a_mistyped_option_is_told_with_what_was_meant(program: str) -> None:
    assert wrong(program, time_zone="America/Chicago") == ["time_zone: time_zone is no option; did you mean timezone?"]
    assert wrong(program, timezone="America/Chicago") == []
    (told,) = wrong(program, timezone="Chicago time")
    assert "America/Chicago" in told


@pytest.mark.parametrize(
    ("program", "options", "told"),
    [
        ("hmis-csv", {"isolation_projects": "93"}, "isolation_projects: is 93: a list"),
        ("hmis-csv", {"isolation_projects": [["93"]]}, "isolation_projects: names things"),
        ("hmis-csv", {"county": 1073}, "county: is 1073: five digits"),
        (
            "hmis-csv",
            {"absent_rows": "withdrawn"},
            "absent_rows: is withdrawn: it is one of as-directed, withdraw, keep",
        ),
        ("hmis-csv", {"most_absent": 20}, "most_absent: is 20: a share from 0 to 1"),
        ("hmis-csv", {"most_absent": True}, "most_absent: is True: a share"),
        ("hrsn-screening", {"consent_covers": "part-2"}, "consent_covers: is part-2: a list, such as [part-2]"),
        ("hrsn-fhir", {"consent_covers": ["part2"]}, "consent_covers: part2 cannot be named; there is part-2"),
        ("vaccine-supply", {"state": "Tenn"}, "state: is Tenn: no state of that name"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_told(program: str, options: dict[str, Any], told: str) -> None:
    (found,) = wrong(program, **options)
    assert found.startswith(told)


@pytest.mark.parametrize(
    ("program", "options"),
    [
        ("hmis-csv", {"isolation_projects": [93, "A-1"], "county": "01073", "absent_rows": "keep", "most_absent": 1}),
        ("hrsn-screening", {"consent_covers": ["part-2"]}),
        ("vaccine-supply", {"state": "Tennessee"}),
        ("hsds-directory", {"state": "tn"}),
    ],
)
def test_what_they_may_have_is_taken(program: str, options: dict[str, Any]) -> None:
    assert wrong(program, **options) == []


def test_a_connector_with_an_option_that_is_none_does_not_load(tmp_path: Path) -> None:
    text = (SHIPPED / "hmis-csv" / "connector.yaml").read_text()
    (tmp_path / "hmis-csv").mkdir()
    (tmp_path / "hmis-csv" / "connector.yaml").write_text(f"{text}options: {{isolation_project: [93]}}\n")
    catalog = load([tmp_path], programs=programs())
    assert "did you mean isolation_projects?" in catalog.broken["hmis-csv"]


def test_all_that_is_wrong_with_options_is_told_at_once(tmp_path: Path) -> None:
    text = (SHIPPED / "hmis-csv" / "connector.yaml").read_text()
    (tmp_path / "hmis-csv").mkdir()
    wrong_ones = "options: {isolation_project: [93], county: Cook, most_absent: 7, hashed_only: maybe}"
    (tmp_path / "hmis-csv" / "connector.yaml").write_text(f"{text}{wrong_ones}\n")
    told = load([tmp_path], programs=programs()).broken["hmis-csv"].splitlines()
    assert len(told) == 4
    for line, option in zip(told, ("isolation_project", "county", "most_absent", "hashed_only"), strict=True):
        assert f"options.{option}: " in line


@pytest.mark.parametrize("program", [name for name in KNOWING if name != "vaccine-supply"])
def test_options_that_a_shipped_folder_shows_are_options(program: str) -> None:
    lines = (SHIPPED / program / "connector.yaml").read_text().splitlines()
    shown = [line[2:] for line in lines[lines.index("# options:") :] if line.startswith("#   ")]
    assert wrong(program, **yaml.safe_load("\n".join(shown))) == []
