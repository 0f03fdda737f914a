"""`hub preview` says under whose agreement it reads, what nobody reads and why, and what is odd about what it read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.commands.preview import preview
from hub.errors import UnknownName
from hub.mapping.vaccinations import COLUMNS
from hub.privacy.agreements import DRAFT
from hub.privacy.secrets import make_secret


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
            "looks like a set of screenings, but there is no *DEMOGRAPHIC*.csv beside SCREENING*.csv",
        ),
        (
            ("notes.txt",),
            "nothing in it is of a format the hub knows; a connector that reads it can be named in hub-preview.yaml",
        ),
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


BEDS = "Guest ID,Night,House\nG-1,2021-02-15,A\nG-2,2021-02-15,A\nG-3,sometime,A\n"


def beds(connectors: Path, name: str = "night-beds") -> Path:
    """A connector of somebody's own for `BEDS`, with the draft of an agreement."""
    folder = connectors / name
    folder.mkdir(parents=True)
    (folder / "connector.yaml").write_text(
        f"""
name: {name}
title: Bed list of a made-up night shelter
source: {{sector: shelters, format: csv, standard: its own list}}
door: {{kind: file-drop, unit: file}}
emits: [shelter-stay]
dedupe: [Guest ID, Night]
identity: {{id: Guest ID, authority: {{value: house}}}}
map:
  - event: shelter-stay
    occurred_on: {{from: Night, format: iso, required: true}}
    fields:
      stay: {{value: night}}
      presence: {{value: true}}
      site: House
      site_kind: {{value: congregate}}
      entered_on: {{from: Night, format: iso}}
"""
    )
    (folder / "agreement.draft.yaml").write_text(
        f"""
kind: intake
agreement_id: draft-{name}
connector: {name}
discloser: not said
recipient: not said
basis: not said
valid_from: 2021-01-01
valid_until: 2035-12-31
purposes: [isolation-support]
labels: [R]
retention_days: 30
person_block: [local_id]
events:
  shelter-stay: [stay, presence, site, site_kind, entered_on]
"""
    )
    return folder


@pytest.fixture
def list_of_beds(tmp_path: Path) -> Path:
    path = tmp_path / "february.csv"
    path.write_text(BEDS)
    return path


@pytest.mark.parametrize("option", ["--connectors", "--instance"])
def test_a_file_of_a_declared_connector_is_found_by_what_is_in_it(
    tmp_path: Path, list_of_beds: Path, option: str
) -> None:
    instance = tmp_path / "instance"
    beds(instance / "connectors")
    if option == "--instance":
        make_secret(instance / "secrets" / "hmac")
    given = instance if option == "--instance" else instance / "connectors"
    result = run(list_of_beds, option, given, "--json")
    told = json.loads(result.stdout)
    assert (told["events"], told["rejected"]) == ({"shelter-stay": 2}, {"not-a-date.occurred_on": 1})
    assert told["agreements"] == {"night-beds": "draft-night-beds"}
    assert "which nobody signed" in result.stderr or "which are nobody's" in result.stderr


def test_a_file_that_two_connectors_read_alike_is_nobodys_until_somebody_says_so(
    tmp_path: Path, list_of_beds: Path
) -> None:
    connectors = tmp_path / "connectors"
    for name in ("night-beds", "other-beds"):
        beds(connectors, name)
    [told] = json.loads(run(list_of_beds, "--connectors", connectors, "--json").stdout)["not_routed"]
    assert told == "february.csv: night-beds and other-beds both read it: name one in hub-preview.yaml"


def test_a_connector_that_was_not_tried_for_want_of_an_agreement_is_named(tmp_path: Path, list_of_beds: Path) -> None:
    beds(tmp_path / "connectors")
    (tmp_path / "connectors" / "night-beds" / DRAFT).unlink()
    [told] = json.loads(run(list_of_beds, "--connectors", tmp_path / "connectors", "--json").stdout)["not_routed"]
    assert "for want of an agreement" in told
    assert told.endswith(": night-beds")


def test_a_declared_connector_takes_no_file_that_it_makes_nothing_of(tmp_path: Path) -> None:
    beds(tmp_path / "connectors")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    [told] = json.loads(run(tmp_path / "other.csv", "--connectors", tmp_path / "connectors", "--json").stdout)[
        "not_routed"
    ]
    assert told.startswith("other.csv: nothing in it")
