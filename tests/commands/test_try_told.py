"""What `hub connector try` tells beside counts: what results are, and which columns are wanted or not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.commands.connector import connector
from tests.connectors.made_up_lab import NEGATIVE, message
from tests.mapping.made_up_lab_csv import COLUMNS, LAB, standard
from tests.mapping.made_up_vxu import vxu

BY_NAMES = "Last Name,First Name,DOB,LOINC,Result,Collection Date,Accession,Testing Facility CLIA #,Favourite Colour"
ROW = "Example,Person,1/2/1980,94500-6,Positive,1/5/2021,A1,05D0000001,green"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    return tmp_path / "given"


def tried(name: str, path: Path, *options: str) -> Result:
    arguments = ["try", name, str(path), "--instance", str(path.parent / "instance"), *options]
    return CliRunner().invoke(connector, arguments, catch_exceptions=False)


def summary(name: str, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tried(name, path, "--summary").stdout)
    return found


def test_results_are_counted_by_meaning_status_and_processing(given: Path) -> None:
    trial = message(3).replace(b"|P|2.5.1", b"|T|2.5.1")
    given.write_bytes(message(1) + message(2, NEGATIVE) + trial)
    assert summary("lab-elr-hl7v2", given)["told"] == {
        "lab-result": {
            "meaning": {"negative": 1, "positive": 2},
            "status": {"final": 3},
            "processing": {"production": 2, "test": 1},
        }
    }
    said = tried("lab-elr-hl7v2", given).stdout
    assert "  lab-result meaning: 1 negative, 2 positive\n" in said
    assert "  lab-result processing: 2 production, 1 test\n" in said


def test_doses_are_counted_by_status_product_and_processing(given: Path) -> None:
    given.write_bytes(vxu() + vxu(processing="T", at="20210302120000-0600"))
    assert summary("iis-vxu", given)["told"]["vaccination"] == {
        "status": {"administered": 2}, "covid": {"yes": 2}, "processing": {"production": 1, "test": 1},
    }  # fmt: skip


def test_a_header_by_names_tells_its_laboratory_and_which_columns_are_not_read(given: Path) -> None:
    given.write_text(f"{BY_NAMES}\n{ROW}\n")
    found = summary(LAB, given)
    assert found["issues"] == {
        "header-by-names": 1,
        "status-missing": 1,
        "unknown-column": 1,
    }  # and not `no-laboratory`
    assert found["columns_not_read"] == ["favourite colour"]
    assert "not read: favourite colour" in tried(LAB, given).stdout


def test_no_event_holds_the_name_of_a_column_that_is_not_read(given: Path) -> None:
    given.write_text(f"{BY_NAMES}\n{ROW}\n")
    assert "colour" not in tried(LAB, given, "--json").stdout.lower()


@pytest.mark.parametrize("name", ["Facility CLIA", "Testing Facility CLIA #", "Performing Laboratory CLIA"])
def test_a_clia_number_is_known_by_the_names_that_laboratories_give_it(name: str, given: Path) -> None:
    given.write_text(f"{BY_NAMES.replace('Testing Facility CLIA #', name)}\n{ROW}\n")
    assert "no-laboratory" not in summary(LAB, given)["issues"]


def test_unread_columns_of_a_layout_are_named_too(given: Path) -> None:
    given.write_text(standard({}, columns=[*COLUMNS["standard"], "shoe_size"]))
    assert summary(LAB, given)["columns_not_read"] == ["shoe_size"]


@pytest.mark.parametrize(
    ("name", "header", "wanted"),
    [
        (LAB, "Last Name,LOINC,Outcome of it", "Result"),
        (LAB, "LOINC,Result", "Accession Number, Specimen ID, Patient ID or Last Name"),
        ("vaccine-supply", "PIN,CVX,Week Of", "doses (allocated, delivered, administered, wasted, expired or on_hand)"),
        ("vaccine-supply", "colour,size", "provider_pin, cvx, doses"),
        ("shelter-roster-csv", "colour,size", " or "),
    ],
)
def test_an_unknown_header_is_told_with_what_would_do(name: str, header: str, wanted: str, given: Path) -> None:
    given.write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    said = tried(name, given).stdout
    assert "unknown-header" in said
    assert wanted in said


def test_a_header_with_more_than_it_may_have_says_which_column(given: Path) -> None:
    from hub.mapping.vaccinations import COLUMNS as OF_DOSES

    given.write_text("\t".join([*OF_DOSES, "shoe_size"]) + "\n")
    assert "field column 46: unknown-column" in tried("iis-cvrs", given).stdout


ROSTER = "shelter-roster-csv"
ANOTHER = "Is it another source's?"


def test_a_word_that_no_table_knows_is_told_with_the_option_that_decides_it(
    given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given.write_text("Shelter,Night,Guest ID,Bed,Status\nA,2021-02-15,1,1,upstairs\n")
    assert "under options.words in connector.yaml (docs/lists.md)" in tried(ROSTER, given).output
    said = tried(ROSTER, given, "--explain", "--row", "2", "--show-values").output
    assert "--show-values shows nothing here: this is no terminal" in said
    assert "••• (8 characters) is no word that a table knows: decide it under options.words.status" in said
    assert "upstairs" not in said
    monkeypatch.setattr("hub.commands.connector_try.on_terminal", lambda: True)
    assert "  upstairs is no word" in tried(ROSTER, given, "--explain", "--row", "2", "--show-values").output


@pytest.mark.parametrize("name", ["iis-vxu", "lab-elr-hl7v2"])
def test_a_file_of_another_source_in_the_right_format_is_asked_about(name: str, given: Path) -> None:
    given.write_bytes(message(1) if name == "iis-vxu" else vxu())
    said = tried(name, given)
    assert (said.exit_code, ANOTHER in said.output) == (0, True)
    given.write_bytes(vxu() if name == "iis-vxu" else message(1))
    assert ANOTHER not in tried(name, given).output


@pytest.mark.parametrize(
    ("name", "text", "told", "another"),
    [
        ("lab-elr-fhir", "<Bundle/>", "xml-not-json: The file is FHIR as XML", False),
        ("lab-elr-fhir", '{"resourceType": "Bundle", "ent', "not-json: The document is no JSON", False),
        ("lab-elr-fhir", "colour,size\n1,2\n", "not-json", True),
        (ROSTER, "colour,size\n1,2\n", "no column for: bed (such as ", True),
        (LAB, "Last Name,LOINC,Outcome of it\nV,94500-6,1\n", "no column for: ", True),
    ],
)
def test_why_nothing_could_be_read_is_told_in_words_and_whose_it_is_only_where_it_may_be_another_s(
    name: str, text: str, told: str, another: bool, given: Path
) -> None:
    given.write_text(text)
    said = tried(name, given).output
    assert told in said
    assert (ANOTHER in said) == another
