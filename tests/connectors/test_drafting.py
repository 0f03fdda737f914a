"""A draft of an export that the hub has never seen: what it proposes, what it leaves open, and that it reads its own sample."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
import yaml
from click.testing import CliRunner, Result

from hub.commands.connector import connector
from hub.connectors.drafting import Draft, draft
from hub.errors import ConfigError
from tests.connectors.made_up_exports import EXPORTS, SCREENING


def drafted(name: str, tmp_path: Path) -> tuple[Draft, dict[str, Any]]:
    file, content = EXPORTS[name]
    (tmp_path / file).write_bytes(content)
    made = draft(name, tmp_path / file, date(2021, 3, 1))
    return made, yaml.safe_load(made.files["connector.yaml"])


WANTED = [
    ("food-bank", "food-assistance", "Member No", {"given_name", "family_name", "birth_date", "postal_code"}),
    ("shelter", "shelter-stay", "ResidentNo", {"given_name", "family_name", "birth_date", "sex"}),
    ("lab", "lab-result", "Patient ID", {"given_name", "family_name", "birth_date"}),
    ("line-211", "screening", "$.caller.id", {"given_name", "family_name", "birth_date", "postal_code"}),
    ("lis", "lab-result", "PID-3.1", {"given_name", "family_name", "birth_date", "sex", "postal_code"}),
    ("clinic", "vaccination", "patient.reference", {"given_name", "family_name", "birth_date", "sex", "postal_code"}),
]


@pytest.mark.parametrize(("name", "kind", "person", "block"), WANTED)
def test_kind_person_and_identifiers_are_found_by_their_names(
    name: str, kind: str, person: str, block: set[str], tmp_path: Path
) -> None:
    _, document = drafted(name, tmp_path)
    assert document["emits"] == [kind]
    assert document["identity"]["id"] == person
    assert set(document["identity"]["block"]) == block


@pytest.mark.parametrize(
    ("names", "block"),
    [
        (("Okafor, Tom", "Vega, Marisol"), {"given_name": "given-name", "family_name": "family-name"}),
        (("Tom Okafor", "Marisol Vega"), {}),
    ],
)
def test_whole_names_are_taken_apart_where_a_comma_says_how_and_are_asked_about_elsewhere(
    names: tuple[str, str], block: dict[str, str], tmp_path: Path
) -> None:
    rows = "".join(f'G-{n},"{name}",02/15/2021\n' for n, name in enumerate(names))
    (tmp_path / "s.csv").write_text(f"Guest No,Guest Name,Pickup Date\n{rows}")
    made = draft("south", tmp_path / "s.csv", date(2021, 3, 1))
    rules = yaml.safe_load(made.files["connector.yaml"])["identity"]["block"]
    assert {name: rule["parse"] for name, rule in rules.items()} == block
    assert any("Guest Name: holds whole names" in todo for todo in made.todo) is (not block)


SHORT_NAMES = (
    "Acc #;Pt Name;Pt DOB;Pt Zip;Coll Dt;Rslt Dt;Test Desc;Finding;Stat;Printed On\n"
    'H1;"Vance, Orla";07/04/1958;40831;02/14/2021;02/15/2021 08:12;SARS-CoV-2 RNA NP;DETECTED (2019-nCoV);F;02/15/2021\n'
    'H2;"Oakes, Tilda";07/04/1971;40831;02/14/2021;02/15/2021 08:12;SARS-CoV-2 AG;Not Detected;P;02/15/2021\n'
)


def test_a_county_laboratory_s_short_names_are_understood(tmp_path: Path) -> None:
    (tmp_path / "phl.csv").write_text(SHORT_NAMES)
    made = draft("phl", tmp_path / "phl.csv", date(2021, 3, 1))
    document = yaml.safe_load(made.files["connector.yaml"])
    assert document["emits"] == ["lab-result"]
    (rule,) = document["map"]
    told = {name: each.get("from") for name, each in rule["fields"].items()}
    assert told == {
        "meaning": "Finding", "status": "Stat", "method": "Test Desc", "resulted_on": "Rslt Dt", "collected_on": "Coll Dt",
        "processing": None,
    }  # fmt: skip
    assert (rule["occurred_on"]["from"], rule["changed_at"]["from"]) == ("Coll Dt", "Rslt Dt")
    assert set(document["identity"]["block"]) == {"given_name", "family_name", "birth_date", "postal_code"}
    assert document["dedupe"] == ["Acc #", "Coll Dt", "Test Desc"]
    assert document["source"]["transport"] == ["Printed On"]
    assert "F,,final,mapped" in made.files["codes/statuses.csv"]
    assert "SARS-CoV-2 AG,,,,TODO" in made.files["codes/methods.csv"]
    assert any("`where` keeps those of COVID-19" in todo for todo in made.todo)


def test_days_before_months_and_days_of_a_spreadsheet_are_told(tmp_path: Path) -> None:
    assert drafted("food-bank", tmp_path)[1]["identity"]["block"]["birth_date"]["format"] == "%d/%m/%Y"
    assert drafted("lab", tmp_path)[1]["map"][0]["occurred_on"] == {
        "from": "Collected",
        "format": "excel",
        "required": True,
    }


def test_results_that_the_hub_knows_are_mapped_and_local_tests_are_left_to_people(tmp_path: Path) -> None:
    made, document = drafted("lis", tmp_path)
    assert "POS,,positive,mapped" in made.files["codes/results.csv"]
    assert "COVPCR,,,,TODO" in made.files["codes/tests.csv"]
    assert document["map"][0]["where"] == [{"path": "OBX-3.1", "equals": ["COVAG", "COVPCR", "FLUA"]}]
    assert any("strike the tests" in each for each in made.todo)


def test_a_list_inside_a_document_is_what_the_records_are(tmp_path: Path) -> None:
    made, document = drafted("line-211", tmp_path)
    assert document["source"]["each"] == "answers[]"
    assert "code" in document["dedupe"]
    assert any("source.each" in each for each in made.todo)


def test_a_stay_with_a_day_of_leaving_is_no_single_night(tmp_path: Path) -> None:
    fields = drafted("shelter", tmp_path)[1]["map"][0]["fields"]
    assert (fields["stay"], fields["left_on"]["from"]) == ({"value": "enrollment"}, "Check Out")


def test_what_nobody_recognises_is_a_person_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Key,Remark\n1,hello\n")
    made = draft("odd", tmp_path / "x.csv", date(2021, 3, 1))
    assert any(each.startswith("map.event: no column says what happened") for each in made.todo)
    assert any(each.startswith("identity.id:") for each in made.todo)


def hub(instance: Path, command: str, *arguments: str | Path) -> Result:
    line = [command, "--instance", str(instance), *map(str, arguments)]
    return CliRunner().invoke(connector, line, catch_exceptions=False)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_draft_reads_its_own_sample(name: str, tmp_path: Path) -> None:
    file, content = EXPORTS[name]
    (tmp_path / file).write_bytes(content)
    new = hub(tmp_path / "i", "new", name, "--from", tmp_path / file)
    assert new.exit_code == 0
    advice = new.stdout.splitlines()[-1].removeprefix("next: hub connector ").split()
    assert hub(tmp_path / "i", *advice).exit_code != 2
    found = json.loads(hub(tmp_path / "i", "try", name, tmp_path / file, "--summary").stdout)
    refused = (
        {"unmapped-code.category": 2} if content == SCREENING else {}
    )  # what an answer means, people must say first
    assert found["rejected"] == refused
    assert sum(found["events"].values()) + sum(refused.values()) > 1


def test_a_workbook_is_drafted_as_the_table_it_holds(tmp_path: Path) -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Client ID", "Night"])
    book.active.append(["C-1", date(2021, 2, 15)])
    book.save(out)
    (tmp_path / "beds.xlsx").write_bytes(out.getvalue())
    assert hub(tmp_path / "i", "new", "beds", "--from", tmp_path / "beds.xlsx").exit_code == 0
    kept = tmp_path / "i" / "connectors" / "beds" / "samples" / "beds.csv"
    found = json.loads(hub(tmp_path / "i", "try", "beds", kept, "--summary").stdout)
    assert (found["events"], found["rejected"]) == ({"shelter-stay": 1}, {})


def test_one_bad_value_costs_no_column_and_a_name_that_cannot_be_true_does(tmp_path: Path) -> None:
    sample = tmp_path / "pantry.csv"
    days = [f"{month:02}/15/2021" for month in range(1, 10)]
    rows = [f"P-{at},{day},FIN" for at, day in enumerate([*days, "some day"])]
    sample.write_text("\n".join(["Guest ID,Pickup Date,State", *rows, ""]))
    made = draft("pantry", sample, date(2021, 3, 1))
    document = yaml.safe_load(made.files["connector.yaml"])
    assert document["map"][0]["occurred_on"]["format"] == "%m/%d/%Y"
    assert "Pickup Date: %m/%d/%Y fits 9 of 10 values; what are the others?" in made.todo
    assert "state" not in document["identity"]["block"]
    assert "State: its values are no US states: not mapped; what are they?" in made.todo


SOUP = (
    '"Client #";"DOB";"{day}";"Hot meals";"Exported"\n'
    '"SK-12";"09.03.1984";"15.02.2021";"2";"2021-02-28"\n'
    '"SK-44";"?";"16.02.2021";"1";"2021-02-28"\n'
)


def of_soup(day: str, folder: Path) -> tuple[Draft, dict[str, Any]]:
    (folder / "soup.csv").write_text(SOUP.format(day=day))
    made = draft("soup", folder / "soup.csv", date(2021, 3, 1))
    return made, yaml.safe_load(made.files["connector.yaml"])


@pytest.mark.parametrize("day", ["Served on", "Handed over"])
def test_the_only_column_of_days_is_the_day_whatever_it_is_called(day: str, tmp_path: Path) -> None:
    made, document = of_soup(day, tmp_path)
    assert document["map"][0]["occurred_on"] == {"from": day, "format": "%d.%m.%Y", "required": True}
    assert document["dedupe"] == ["Client #", day]
    asked = [each for each in made.todo if "is it the day that it happened?" in each]
    assert bool(asked) == (day == "Handed over")


def test_a_draft_without_a_day_says_so(tmp_path: Path) -> None:
    (tmp_path / "meals.csv").write_text("Client #,Hot meals\nSK-12,2\n")
    made = draft("meals", tmp_path / "meals.csv", date(2021, 3, 1))
    assert [each for each in made.todo if each.startswith("map.occurred_on: no column is called like the day")]


def test_what_people_write_where_they_have_no_date_costs_no_column(tmp_path: Path) -> None:
    _, document = of_soup("Served on", tmp_path)
    told = document["identity"]["block"]["birth_date"]
    assert told == {"from": "DOB", "format": "%d.%m.%Y", "ignore": ["?"], "on_error": "null_and_flag"}


HEADLESS = [
    "Iris Marsh,01/01/1980,94500-6,Detected\n",
    "Iris Marsh,F,Detected\nTom Reed,M,Detected\n",
    "C-01;Quill;2021-02-15\n",
    "Quill,(615) 555-0100\n",
    "Quill,62704\n",
    "Quill,iris@example.org\n",
    "MRN0012345,Quill\n",
]


@pytest.mark.parametrize("text", HEADLESS)
def test_a_table_without_names_is_refused_and_nothing_of_it_is_said_or_written(text: str, tmp_path: Path) -> None:
    sample = tmp_path / "nohead.csv"
    sample.write_text(text)
    said = hub(tmp_path / "instance", "new", "nohead", "--from", sample)
    assert (said.exit_code, "the first row looks like a record" in said.output) == (2, True)
    for value in ("Marsh", "1980", "Quill", "C-01", "555", "62704", "iris@", "MRN"):
        assert value not in said.output
    assert not (tmp_path / "instance" / "connectors" / "nohead").exists()


def test_names_that_look_like_a_record_are_names_when_that_is_said(tmp_path: Path) -> None:
    sample = tmp_path / "wide.csv"
    sample.write_text("Person ID,2021-02-15,2021-02-16\nP-1,yes,no\n")
    with pytest.raises(ConfigError, match="columns 2, 3"):
        draft("wide", sample, date(2021, 3, 1))
    assert hub(tmp_path / "instance", "new", "wide", "--from", sample, "--header").exit_code == 0


@pytest.mark.parametrize("name", ["PID-3.1", "OBX-14", "Address 1", "ICD10", "COVID-19", "Q12", "race___1", "Dose #2"])
def test_names_with_numbers_are_names(name: str, tmp_path: Path) -> None:
    sample = tmp_path / "some.csv"
    sample.write_text(f"Person ID,{name}\nP-1,yes\n")
    assert "Person ID" in draft("some", sample, date(2021, 3, 1)).files["connector.yaml"]


def test_columns_that_the_draft_leaves_out_are_to_be_decided(tmp_path: Path) -> None:
    sample = tmp_path / "lab.csv"
    sample.write_text("Patient ID,Pt Last,Collected,Finding,Lab CLIA\nP-1,Vega,2021-02-15,Detected,05D0000001\n")
    made = draft("lab", sample, date(2021, 3, 1))
    assert "nobody maps yet: Lab CLIA" in made.todo
    assert "family_name: Pt Last" in made.files["connector.yaml"]


def test_a_sample_that_a_shipped_connector_reads_is_said_to_be_one(tmp_path: Path) -> None:
    told = "lab-csv, which the hub ships, may read it already"
    known, other = tmp_path / "known.csv", tmp_path / "other.csv"
    known.write_text(
        "Last Name,First Name,DOB,LOINC,Result,Collection Date,Accession\nV,A,1/2/1980,94500-6,Positive,1/5/2021,A1\n"
    )
    other.write_text("Member No,Parcel\nM-1,box\n")
    assert told in hub(tmp_path / "instance", "new", "lab2", "--from", known).output
    assert "may read it already" not in hub(tmp_path / "instance", "new", "boxes", "--from", other).output


@pytest.mark.parametrize("name", ["line-211", "lis", "clinic"])
def test_what_a_sample_is_is_told_by_how_it_begins_and_not_by_its_name(name: str, tmp_path: Path) -> None:
    _, content = EXPORTS[name]
    (tmp_path / "export.txt").write_bytes(b"\xef\xbb\xbf\n" + content)
    made = draft(name, tmp_path / "export.txt", date(2021, 3, 1))
    _, known = drafted(name, tmp_path)
    assert yaml.safe_load(made.files["connector.yaml"]) == known


@pytest.mark.parametrize(
    "text", ["<html><table><tr><td>Quill</td></tr></table>", "%PDF-1.4\nQuill", '<?xml version="1.0"?><Quill/>']
)
def test_what_is_no_data_is_refused_whatever_it_is_called(text: str, tmp_path: Path) -> None:
    (tmp_path / "guests.xls").write_text(text)
    said = hub(tmp_path / "instance", "new", "guests", "--from", tmp_path / "guests.xls")
    assert (said.exit_code, "ask for an export as CSV" in said.output, "Quill" in said.output) == (2, True, False)


def test_a_column_called_as_databases_write_names_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("[Client ID],[Night]\nC-1,2021-02-15\n")
    assert "'[Client ID]'" in draft("a", tmp_path / "a.csv", date(2021, 3, 1)).files["connector.yaml"]


def test_a_title_above_the_names_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Quill House,,\n\nClient ID,Night,Bed\nC-1,2021-02-15,4\n")
    with pytest.raises(ConfigError, match=r"no row fits the first line \(2 long-row\)") as why:
        draft("a", tmp_path / "a.csv", date(2021, 3, 1))
    assert "Quill" not in str(why.value)


def test_rows_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Client ID,Night\nC-1,2021-02-15\nC-2\nC-3,2021-02-15,x\n")
    assert "rows that cannot be read: 1 long-row, 1 short-row" in draft("a", tmp_path / "a.csv", date(2021, 3, 1)).todo


def test_a_column_without_a_name_costs_no_export(tmp_path: Path) -> None:
    """As a data frame writes its index."""
    sample = tmp_path / "beds.csv"
    sample.write_text(",Client ID,Night,\n0,C-1,2021-02-15,\n1,C-2,2021-02-15,\n")
    assert hub(tmp_path / "i", "new", "beds", "--from", sample).exit_code == 0
    found = json.loads(hub(tmp_path / "i", "try", "beds", sample, "--summary").stdout)
    assert (found["events"], found["rejected"]) == ({"shelter-stay": 2}, {})


def test_a_name_that_stands_twice_is_no_column_to_map(tmp_path: Path) -> None:
    sample, twice = tmp_path / "beds.csv", tmp_path / "twice.csv"
    sample.write_text("Client ID,Night,Notes\nC-1,2021-02-15,x\n")
    twice.write_text("Client ID,Night,Notes,Notes\nC-1,2021-02-15,x,y\n")
    assert hub(tmp_path / "i", "new", "beds", "--from", sample).exit_code == 0
    assert json.loads(hub(tmp_path / "i", "try", "beds", twice, "--summary").stdout)["events"] == {"shelter-stay": 1}
    twice.write_text("Client ID,Night,night\nC-1,2021-02-15,2021-02-16\n")
    found = json.loads(hub(tmp_path / "i", "try", "beds", twice, "--summary").stdout)
    assert (found["events"], found["rejected"]) == ({}, {"duplicate-column": 1})
    assert "duplicate-column" in hub(tmp_path / "i", "new", "twice", "--from", twice).output


def test_numbers_initials_and_answers_as_clinics_write_them_are_known(tmp_path: Path) -> None:
    rows = "P-1,03/09/1980,02/15/2021,Hispanic/Latino\nP-2,11/30/1979,02/16/2021,Prefer not to answer\n"
    (tmp_path / "s.csv").write_text(f"PatNr,D.O.B.,Pickup Date,Race\n{rows}")
    made = draft("s", tmp_path / "s.csv", date(2021, 3, 1))
    identity = yaml.safe_load(made.files["connector.yaml"])["identity"]
    assert (identity["id"], identity["block"]["birth_date"]["from"]) == ("PatNr", "D.O.B.")
    table = made.files["codes/race.csv"]
    assert "Hispanic/Latino,,hispanic,mapped," in table
    assert "Prefer not to answer,,,declined," in table
    assert any(each.startswith("source.timezone: ") for each in made.todo)
