"""`hub connector report` over the made-up samples of the shipped connectors, and of a declared one; and the data dictionary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.commands.connector import connector
from hub.commands.schemas import schemas
from hub.connectors.catalog import SHIPPED
from hub.report.seen import Seen

PANTRY = (
    "Guest ID,First Name,Last Name,DOB,Zip,Pickup Date,Race,Last Updated\n"
    "P-1,Marisol,Vega,03/09/1984,62704,02/15/2021,Latina,2021-02-15T18:00:00\n"
    "P-2,Tom,Okafor,11/30/1979,,02/15/2021,Black,2021-02-15T18:00:00\n"
)
ROOT = Path(__file__).resolve().parents[2]


def hub(instance: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(
        connector, [str(each) for each in arguments] + ["--instance", str(instance)], catch_exceptions=False
    )


def reported(instance: Path, *arguments: str | Path) -> dict[str, Any]:
    said = hub(instance, "report", *arguments, "--json")
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert isinstance(found, dict)
    return found


GOLDEN = {
    "lab-elr-hl7v2": ("results.hl7", {"no-patient"}, "lab-result: congregate is missing", "an OBX with OBX-3 95421-4"),
    "iis-cvrs": ("doses.txt", {"bad-date"}, "vaccination: provider pin is missing", "vtrcks_prov_pin"),
    "sara-alert": ("patients.ndjson", {"no-patient"}, "person: race and ethnicity is missing", "us-core-race, us-core-ethnicity"),
    "hmis-csv": ("export", {"victim-service-provider"}, "site: beds is missing", "Inventory.csv BedInventory"),
    "hrsn-screening": ("drop", {"no-consent", "no-demographics"}, "person: phone is missing", "phone"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_the_report_of_a_shipped_sample_says_what_its_sender_should_fill(name: str, tmp_path: Path) -> None:
    sample, refused, what, where = GOLDEN[name]
    found = reported(tmp_path, name, SHIPPED / name / "samples" / sample)
    assert {line["reason"] for line in found["rejected"]} == refused
    assert (what, where) in {(fix["what"], fix["where"]) for fix in found["fix_first"]}
    tried = CliRunner().invoke(
        connector, ["try", name, str(SHIPPED / name / "samples" / sample), "--summary", "--instance", str(tmp_path)]
    )
    counted = json.loads(tried.stdout)
    assert {kind["kind"]: kind["records"] for kind in found["kinds"]} == counted["events"]
    assert sum(line["records"] for line in found["rejected"]) == sum(counted["rejected"].values())


def test_a_row_that_tells_of_several_events_is_one_record(tmp_path: Path) -> None:
    rows = ["PIN,CVX,Week Start,Week Ending,Doses Administered,Doses Wasted,Doses On Hand,Submitted At"]
    rows += [f"451{n},207,2021-02-01,2021-02-07,180,4,20,2021-02-08T08:00:00" for n in range(3)]
    rows.append("Luna,207,2021-02-01,2021-02-07,180,4,20,2021-02-08T08:00:00")
    sample = tmp_path / "supply.csv"
    sample.write_text("\n".join(rows))
    found = reported(tmp_path / "i", "vaccine-supply", sample)
    assert (found["records"], found["events"], found["refused"]) == (4, 9, 1)
    assert [(fix["records"], fix["of"]) for fix in found["fix_first"] if "not-a-pin" in fix["what"]] == [(1, 4)]
    assert reported(tmp_path / "i", "vaccine-supply", sample, sample)["records"] == 8
    assert "4 records, 9 became events, 1 refused" in hub(tmp_path / "i", "report", "vaccine-supply", sample).stdout


def test_results_of_one_message_are_one_record_and_entries_of_a_bundle_one_each() -> None:
    seen = Seen()
    places = ("row 1", "row 1", "message 1", "message 1 path Bundle.entry[2]")
    assert [seen.first(("f", 1, f"f {within}")) for within in places] == [True, False, True, True]
    assert [seen.first(("f", n, f"f row {n}")) for n in (9, 8, 1, 9, 70_000, 70_000)] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]
    assert seen.first(("g", 1, "g row 1"))


def test_one_file_twice_is_told_as_sent_again(tmp_path: Path) -> None:
    sample = SHIPPED / "iis-cvrs" / "samples" / "doses.txt"
    once, twice = reported(tmp_path, "iis-cvrs", sample), reported(tmp_path, "iis-cvrs", sample, sample)
    assert twice["records"] == 2 * once["records"]
    assert twice["kinds"][0]["repeats"] == once["events"]


def test_a_declared_connector_is_reported_by_its_own_column_names(tmp_path: Path) -> None:
    sample = tmp_path / "pantry.csv"
    sample.write_text(PANTRY)
    assert hub(tmp_path / "i", "new", "pantry", "--from", sample).exit_code == 0
    found = reported(tmp_path / "i", "pantry", sample)
    lines = {line["field"]: line for kind in found["kinds"] for line in kind["fields"]}
    assert (lines["person.postal_code"]["sender"], lines["person.postal_code"]["filled"]) == ("Zip", 1)
    assert "Okafor" not in json.dumps(found)


def test_the_page_for_people_and_the_html_file_say_the_same_first_thing(tmp_path: Path) -> None:
    sample = SHIPPED / "iis-cvrs" / "samples" / "doses.txt"
    said = hub(tmp_path, "report", "iis-cvrs", sample)
    assert "1. Refused: bad-date: 1 of " in said.stdout
    assert "first at: doses.txt row " in said.stdout
    assert "2. vaccination: provider pin is missing: 3 of 3" in said.stdout
    made = tmp_path / "report.html"
    assert hub(tmp_path, "report", "iis-cvrs", sample, "--html", made).exit_code == 0
    assert "vaccination: provider pin is missing" in made.read_text()
    assert "Exact counts" in made.read_text()
    assert hub(tmp_path, "report", "iis-cvrs", sample, "--html", made, "--rounded").exit_code == 0
    assert "under 11" in made.read_text()


@pytest.mark.parametrize("wrong", [("--rounded",), ("--show-values", "--json"), ("--since", "2021-01-01")])
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    sample = SHIPPED / "iis-cvrs" / "samples" / "doses.txt"
    assert hub(tmp_path, "report", "iis-cvrs", sample, *wrong).exit_code == 2


def test_the_data_dictionary_equals_the_models_and_the_table() -> None:
    said = CliRunner().invoke(schemas, ["dictionary"], catch_exceptions=False)
    told = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert said.stdout == told, "run `hub schemas check --write`"


def test_machines_get_every_kind_and_field_of_the_dictionary() -> None:
    said = json.loads(CliRunner().invoke(schemas, ["dictionary", "--json"], catch_exceptions=False).stdout)
    fields = {event["kind"]: {field["name"]: field for field in event["fields"]} for event in said["events"]}
    assert fields["lab-result"]["meaning"]["need"] == "required"
    assert "positive" in fields["lab-result"]["meaning"]["words"]
    assert fields["site"]["beds"]["avro"] == "long, may be empty"


def test_a_report_over_records_of_another_source_does_not_say_that_all_is_well(tmp_path: Path) -> None:
    doses = SHIPPED / "iis-vxu" / "samples" / "doses.hl7"
    said = hub(tmp_path, "report", "lab-elr-hl7v2", doses)
    assert (said.exit_code, "Nothing to fix" in said.output) == (0, False)
    assert "Is the file another source's?" in said.output
    page = tmp_path / "page.html"
    assert hub(tmp_path, "report", "lab-elr-hl7v2", doses, "--html", page).exit_code == 0
    text = page.read_text()
    assert ("filled, coded and in time" in text, "Are they of another source?" in text) == (False, True)
