"""`hub connector …` as an integration engineer types it: the contract of design §8."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.commands.connector import connector
from hub.connectors.catalog import SHIPPED
from hub.mapping.vaccinations import COLUMNS
from hub.privacy.agreements import EXAMPLES
from tests.connectors.made_up_lab import NEGATIVE, message


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def hub(instance: Path, *arguments: str | Path) -> Result:
    command, *rest = map(str, arguments)
    return CliRunner().invoke(connector, [command, "--instance", str(instance), *rest], catch_exceptions=False)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    path = tmp_path / "labs.hl7"
    path.write_bytes(message(1) + message(2, NEGATIVE).replace(b"PID|", b"XXX|") + message(3, NEGATIVE))
    return path


def test_try_prints_one_object_per_record_in_input_order(instance: Path, labs: Path) -> None:
    result = hub(instance, "try", "lab-elr-hl7v2", labs, "--json")
    found = lines(result)
    assert [(line["outcome"], line["reason"], line["where"]["message"]) for line in found] == [
        ("event", None, 1), ("rejected", "no-patient", 2), ("event", None, 3),
    ]  # fmt: skip
    assert set(found[0]) == {"outcome", "type", "event", "reason", "where"}
    event = found[0]["event"]
    assert (found[0]["type"], event["meaning"]) == ("lab-result", "positive")
    assert (event["status"], event["processing"]) == ("final", "production")
    assert event["loinc"] == "94500-6"
    assert event["observation_key"]
    assert event["report_key"]
    assert found[2]["event"]["meaning"] == "negative"
    assert result.exit_code == 1


def test_try_gives_the_same_ids_each_time(instance: Path, labs: Path) -> None:
    first, second = (lines(hub(instance, "try", "lab-elr-hl7v2", labs, "--json")) for _ in range(2))
    assert [line["event"] for line in first] == [line["event"] for line in second]


def test_try_exits_0_when_all_was_read(instance: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.hl7"
    path.write_bytes(message(1))
    assert hub(instance, "try", "lab-elr-hl7v2", path, "--json").exit_code == 0


@pytest.mark.parametrize("arguments", [("nobody", "labs.hl7"), ("lab-elr-hl7v2", "absent.hl7")])
def test_try_exits_2_when_it_cannot_run(instance: Path, labs: Path, arguments: tuple[str, str]) -> None:
    name, file = arguments
    result = hub(instance, "try", name, labs.parent / file, "--json")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_try_shows_agreed_fields_only(instance: Path, labs: Path) -> None:
    agreements = instance / "agreements"
    agreements.mkdir(parents=True)
    text = (EXAMPLES / "lab-elr-hl7v2.yaml").read_text()
    narrow = text[: text.index("person_block:")] + (
        "person_block: [birth_date]\nevents:\n  lab-result: [meaning, status, processing, method]\n"
    )
    (agreements / "lab-elr-hl7v2.yaml").write_text(narrow)
    result = hub(instance, "try", "lab-elr-hl7v2", labs, "--json")
    event = lines(result)[0]["event"]
    assert {name for name, value in event["person"].items() if value} == {"birth_date"}
    assert (event["loinc"], event["race_ethnicity"], event["test"], event["collected_on"]) == (None, None, None, None)
    assert event["meaning"] == "positive"
    assert "Madeup1" not in result.output


def test_a_kind_that_was_not_agreed_is_counted_as_such(instance: Path, shared_samples: Path) -> None:
    agreements = instance / "agreements"
    agreements.mkdir(parents=True)
    whole = (EXAMPLES / "hmis-csv.yaml").read_text().splitlines(keepends=True)
    (agreements / "hmis-csv.yaml").write_text("".join(line for line in whole if "food-assistance:" not in line))
    result = hub(instance, "try", "hmis-csv", shared_samples / "social/hmis-fy2022-es-nbn", "--summary")
    summary = json.loads(result.stdout)
    assert summary["ignored"]["kind-not-agreed"] > 0
    assert "food-assistance" not in summary["events"]


def test_the_summary_of_an_hmis_export_counts_its_entities(instance: Path, shared_samples: Path) -> None:
    result = hub(instance, "try", "hmis-csv", shared_samples / "social/hmis-fy2024-datalab", "--summary")
    summary = json.loads(result.stdout)
    assert {"events", "rejected", "ignored", "entities", "issues"} <= set(summary)
    assert summary["entities"] == {"clients": 514, "enrollments": 574, "exits": 447, "bed_nights": 6385}
    assert result.exit_code == 0


def test_a_screening_without_consent_is_rejected_and_shows_nothing_of_the_person(
    instance: Path, shared_samples: Path
) -> None:
    result = hub(instance, "try", "hrsn-screening", shared_samples / "social/ny-1115-hrsn", "--json")
    found = lines(result)
    assert {line["reason"] for line in found if line["outcome"] == "rejected"} == {"no-consent"}
    assert not [line for line in found if line["event"]]
    assert result.exit_code == 1


def test_words_for_people_name_rows_and_no_values(instance: Path, labs: Path) -> None:
    result = hub(instance, "try", "lab-elr-hl7v2", labs)
    assert "labs.hl7 message 2 field PID: no-patient" in result.stdout
    assert "Madeup" not in result.output


WRONG = [
    ("hmis-csv", "empty", 1, "missing-file"),
    ("hrsn-screening", "wrong", 2, "*DEMOGRAPHIC*.csv"),
    ("iis-cvrs", "empty", 2, "CVRS"),
    ("lab-elr-hl7v2", "empty", 2, "HL7 v2.5.1"),
    ("sara-alert", "wrong", 1, "Sara Alert FHIR R4"),
]


@pytest.mark.parametrize(("name", "folder", "code", "told"), WRONG)
def test_a_wrong_folder_is_no_success_and_the_next_step_is_said(
    instance: Path, tmp_path: Path, name: str, folder: str, code: int, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "notes.csv").write_text("hello,world\n1,2\n")
    for option in ("--summary", "--json"):
        result = hub(instance, "try", name, tmp_path / folder, option)
        assert result.exit_code == code
        assert told in result.output
        assert "hub connector new" in result.stderr


def test_a_row_that_is_not_there_is_said(instance: Path, labs: Path) -> None:
    result = hub(instance, "try", "lab-elr-hl7v2", labs, "--explain", "--row", "77")
    assert (result.exit_code, "no row, message, item or document 77" in result.stderr) == (2, True)


def test_a_file_that_an_export_lacks_is_named(instance: Path, tmp_path: Path, shared_samples: Path) -> None:
    folder = tmp_path / "export"
    shutil.copytree(shared_samples / "social/hmis-fy2022-es-nbn", folder, copy_function=shutil.copyfile)
    (folder / "Client.csv").unlink()
    result = hub(instance, "try", "hmis-csv", folder)
    assert result.exit_code == 1
    assert "Client.csv: missing-file" in result.stdout


def test_what_is_odd_about_accepted_records_is_counted_with_rows(instance: Path, tmp_path: Path) -> None:
    path = tmp_path / "20210301_01_TNA.txt"
    cells = {"vax_event_id": "E1", "recip_id": "R1", "admin_date": "2021-02-15", "cvx": "999"}
    path.write_text("\t".join(COLUMNS) + "\n" + "\t".join(cells.get(name, "") for name in COLUMNS) + "\n")
    summary = json.loads(hub(instance, "try", "iis-cvrs", path, "--summary").stdout)
    assert summary["events"] == {"vaccination": 1}
    assert summary["issues"] == {"unknown-product": 1}
    assert summary["issues_where"] == {"unknown-product": [{"file": path.name, "row": 2}]}
    assert "accepted, but unknown-product" in hub(instance, "try", "iis-cvrs", path).stdout


def test_another_connectors_agreement_is_called_that(instance: Path, labs: Path) -> None:
    result = hub(instance, "try", "lab-elr-hl7v2", labs, "--agreement", EXAMPLES / "iis-cvrs.yaml")
    assert result.exit_code == 2
    assert "is the agreement of connector iis-cvrs, not of lab-elr-hl7v2" in result.stderr
    result = hub(instance, "try", "lab-elr-hl7v2", labs, "--agreement", labs.parent / "absent.yaml")
    assert (result.exit_code, "there is no such file" in result.stderr) == (2, True)


AGREED = ("--discloser", "Made-up Lab", "--recipient", "Made-up County", "--basis", "a contract of 2021")


@pytest.mark.parametrize(
    "name",
    [
        "hmis-csv",
        "hrsn-fhir",
        "hrsn-screening",
        "vaccine-supply",
        "case-line-list",
        "food-benefits",
        "food-pantry",
        "shelter-roster-csv",
        "shelter-roster-hashed",
        "hsds-directory",
        "consent",
        "gravity-referral",
        "referral-csv",
        "iis-cvrs",
        "iis-fhir",
        "iis-vxu",
        "lab-csv",
        "lab-elr-fhir",
        "lab-elr-hl7v2",
        "sara-alert",
        "sara-alert-api",
        "godata",
        "commcare",
    ],
)
def test_one_command_writes_an_agreement_that_lints(instance: Path, name: str) -> None:
    first = hub(instance, "agree", name)
    assert first.exit_code == 2
    assert "--discloser … --recipient … --basis …" in first.stderr
    assert hub(instance, "agree", name, *AGREED).exit_code == 0
    linted = hub(instance, "lint", name)
    assert (linted.exit_code, "not granted" in linted.stdout) == (0, False)
    written = (instance / "agreements" / f"{name}.yaml").read_text()
    again = hub(instance, "agree", name, *AGREED)
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    assert (instance / "agreements" / f"{name}.yaml").read_text() == written


def test_an_agreement_grants_the_purposes_that_were_named_and_says_them(instance: Path) -> None:
    said = hub(instance, "agree", "iis-cvrs", *AGREED, "--purpose", "vaccine-equity").stdout
    assert "for the purposes: vaccine-equity\n" in said
    assert "isolation-support" not in (instance / "agreements" / "iis-cvrs.yaml").read_text()
    assert "for the purposes: isolation-support, vaccine-equity" in hub(instance, "agree", "lab-csv", *AGREED).stdout


def test_list_says_of_each_connector_what_it_lacks(instance: Path) -> None:
    entries = {entry["name"]: entry for entry in lines(hub(instance, "list", "--json"))}
    assert set(entries) == {
        "lab-elr-fhir",
        "lab-elr-hl7v2",
        "lab-csv",
        "iis-cvrs",
        "iis-vxu",
        "iis-fhir",
        "sara-alert",
        "sara-alert-api",
        "godata",
        "commcare",
        "hmis-csv",
        "hrsn-fhir",
        "hrsn-screening",
        "vaccine-supply",
        "case-line-list",
        "food-benefits",
        "food-pantry",
        "shelter-roster-csv",
        "shelter-roster-hashed",
        "hsds-directory",
        "consent",
        "gravity-referral",
        "referral-csv",
    }
    assert str(instance / "agreements" / "hmis-csv.yaml") in entries["hmis-csv"]["agreement"]
    assert (entries["hmis-csv"]["state"], entries["hmis-csv"]["why"]) == ("stopped", "no-agreement")
    said = hub(instance, "list").stdout
    assert said.count("hub connector agree") == 1
    assert said.count(str(instance / "agreements")) == 0


def test_lint_exits_1_until_there_is_an_agreement(instance: Path) -> None:
    assert hub(instance, "lint", "hmis-csv").exit_code == 1
    (instance / "agreements").mkdir(parents=True)
    shutil.copy(EXAMPLES / "hmis-csv.yaml", instance / "agreements")
    result = hub(instance, "lint", "hmis-csv")
    assert result.exit_code == 0
    assert "ok, under example-hmis-csv" in result.stdout


def test_lint_of_a_fresh_installation_is_two_lines_and_one_s_own_stands_above_them(instance: Path) -> None:
    own = instance / "connectors" / "my-roster"
    shutil.copytree(SHIPPED / "shelter-roster-csv", own)
    text = (own / "connector.yaml").read_text()
    (own / "connector.yaml").write_text(text.replace("name: shelter-roster-csv", "name: my-roster"))
    mine, lacking, off = (result := hub(instance, "lint")).stdout.splitlines()
    assert result.exit_code == 1
    assert mine.startswith("my-roster: ")
    assert lacking.startswith("cannot start, no agreement")
    assert "hmis-csv" in lacking
    assert off.startswith("switched off")
    assert off.endswith(": commcare, godata, sara-alert-api, shelter-roster-hashed")
    assert "cannot start" in hub(instance, "lint", "commcare").stdout, "asked for by name, it is looked at"


def test_a_broken_folder_is_named_with_file_line_and_field_and_the_others_are_listed(instance: Path) -> None:
    own = instance / "connectors" / "pantry"
    own.mkdir(parents=True)
    (own / "connector.yaml").write_text("name: pantry\ntitel: x\n")
    listed = lines(hub(instance, "list", "--json"))
    assert "connector.yaml:2: titel: " in next(each["broken"] for each in listed if each["name"] == "pantry")
    assert "hmis-csv" in [each["name"] for each in listed]
    linted = hub(instance, "lint")
    assert linted.exit_code == 1
    assert "connector.yaml:2: titel: " in linted.output
