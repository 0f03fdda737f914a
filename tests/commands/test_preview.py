"""`hub preview` says under whose agreement it reads, what nobody reads and why, and what is odd about what it read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.commands.preview import preview
from hub.errors import UnknownName
from hub.mapping.vaccinations import COLUMNS


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(preview, [*map(str, arguments), "--as-of", "2021-03-02"], catch_exceptions=False)


@pytest.fixture
def doses(tmp_path: Path) -> Path:
    """A folder with one dose of a product that nobody knows."""
    folder = tmp_path / "doses"
    folder.mkdir()
    cells = {"vax_event_id": "E1", "recip_id": "R1", "admin_date": "2021-02-15", "cvx": "999"}
    lines = ["\t".join(COLUMNS), "\t".join(cells.get(name, "") for name in COLUMNS)]
    (folder / "20210301_01_TNA.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_the_example_agreements_are_applied_aloud(doses: Path) -> None:
    result = run(doses, "--json")
    assert json.loads(result.stdout)["agreements"] == {"iis-cvrs": "example-iis-cvrs"}
    assert "under the example agreements, which are nobody's: iis-cvrs" in result.stderr


def test_what_is_odd_about_accepted_records_is_counted(doses: Path) -> None:
    assert json.loads(run(doses, "--json").stdout)["issues"] == {"unknown-product": 1}
    assert "1  accepted, but: unknown-product" in run(doses).stdout


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("Export.csv", "Enrollment.csv", "Exit.csv"), "looks like an HMIS export, but there is no Client.csv"),
        (
            ("SCREENING_1.csv",),
            "looks like a set of screenings, but there is no DEMOGRAPHIC_DATA*.csv beside SCREENING*.csv",
        ),
        (("notes.txt",), "nothing in it is of a format the hub knows"),
    ],
)
def test_what_nobody_reads_is_said_with_the_reason(names: tuple[str, ...], why: str, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("a,b\n1,2\n")
    result = run(folder, "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)["not_routed"]
    assert told.endswith(why)


def test_an_empty_folder_is_no_preview(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no file under"):
        run(tmp_path)
