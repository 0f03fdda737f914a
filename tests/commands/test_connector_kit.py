"""`hub connector new|try --explain|--diff|test|schema` as an IT team types them."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from hub.commands.connector import connector
from hub.connectors.catalog import load_one
from hub.errors import ConfigError
from tests.connectors.made_up_lab import message

PANTRY = (
    "Guest ID,First Name,Last Name,DOB,Zip,Pickup Date,Race,Last Updated\n"
    "P-1,Marisol,Vega,03/09/1984,62704,02/15/2021,Group L,2021-02-15T18:00:00\n"
    "P-2,Tom,Okafor,11/30/1979,62702,02/15/2021,Black,2021-02-15T18:00:00\n"
)


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "pantry.csv"
    path.write_text(PANTRY)
    return path


def hub(instance: Path, command: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(
        connector, [command, "--instance", str(instance), *map(str, arguments)], catch_exceptions=False
    )


@pytest.fixture
def pantry(instance: Path, sample: Path) -> Path:
    assert hub(instance, "new", "pantry", "--from", sample).exit_code == 0
    return instance / "connectors" / "pantry"


def test_a_draft_loads_proposes_what_names_say_and_lists_the_rest(instance: Path, sample: Path) -> None:
    said = hub(instance, "new", "pantry", "--from", sample).output
    folder = instance / "connectors" / "pantry"
    made = load_one(folder / "connector.yaml")
    assert made.emits == ("food-assistance",)
    assert made.identity is not None
    assert set(made.identity.block) == {"given_name", "family_name", "birth_date", "postal_code"}
    assert made.dedupe == ("Guest ID", "Pickup Date")
    assert (
        "Group L,,,,TODO" in (folder / "codes" / "race.csv").read_text()
    )  # not in the hub's own table: nobody guesses
    assert "codes/race.csv: 1 values wait" in said
    assert (folder / "samples" / "pantry.csv").read_text() == PANTRY


def test_a_draft_of_a_date_that_two_formats_fit_says_so(instance: Path, sample: Path) -> None:
    sample.write_text(PANTRY.replace("02/15/2021", "02/03/2021"))
    said = hub(instance, "new", "pantry", "--from", sample).output
    assert "Pickup Date: %m/%d/%Y and %d/%m/%Y both fit every value" in said


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("guests.json", json.dumps([{"guest_id": 1, "name": {"last": "Roe"}, "night": "2021-02-15"}]), "shelter-stay"),
        ("guests.ndjson", '{"guest_id": 1, "night": "2021-02-15"}\n{"guest_id": 2, "night": "2021-02-16"}\n', "shelter-stay"),
        ("lab.hl7", message(1).decode(), "lab-result"),
    ],
)  # fmt: skip
def test_json_and_hl7_samples_become_drafts_that_give_events(
    instance: Path, tmp_path: Path, name: str, content: str, kind: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    assert hub(instance, "new", "drafted", "--from", path).exit_code == 0
    found = json.loads(hub(instance, "try", "drafted", path, "--summary").stdout)
    assert set(found["events"]) == {kind}
    assert not found["rejected"]


def test_a_folder_that_is_there_is_never_written_over(instance: Path, sample: Path, pantry: Path) -> None:
    before = (pantry / "connector.yaml").read_text()
    again = hub(instance, "new", "pantry", "--from", sample)
    assert (again.exit_code, "is there already" in again.output) == (2, True)
    assert (pantry / "connector.yaml").read_text() == before


def test_the_name_of_a_shipped_connector_is_taken_only_when_that_is_said(instance: Path, sample: Path) -> None:
    told = hub(instance, "new", "iis-cvrs", "--from", sample)
    assert (told.exit_code, "--replace" in told.output) == (2, True)
    assert not (instance / "connectors" / "iis-cvrs").exists()
    assert hub(instance, "new", "iis-cvrs", "--from", sample, "--replace").exit_code == 0


def test_what_was_drafted_out_of_a_sample_is_for_one_account_only(instance: Path, pantry: Path) -> None:
    made = [pantry.parent, pantry, *pantry.rglob("*")]
    assert {f"{path.stat().st_mode & 0o777:o}" for path in made if path.is_dir()} == {"700"}
    assert {f"{path.stat().st_mode & 0o777:o}" for path in made if path.is_file()} == {"600"}


def test_an_explanation_names_rule_code_row_topic_and_schema_and_shows_no_value(
    instance: Path, sample: Path, pantry: Path
) -> None:
    said = hub(instance, "try", "pantry", sample, "--explain", "--row", "3", "--show-values").stdout
    assert "Guest ID = ••• (3 characters)" in said
    assert "race.csv row 2: mapped black" in said
    assert "to hub.intake.food-assistance.v1, key source_person" in said
    assert "schema food-assistance.v1.avsc" in said
    assert "row 2" not in said.splitlines()[0]
    for value in ("Okafor", "11/30/1979", "62702", "P-2"):
        assert value not in said


def patient(number: int) -> dict[str, object]:
    """A made-up Patient of a bundle."""
    told = {"resourceType": "Patient", "id": f"p{number}", "birthDate": "1984-03-09", "gender": "female"}
    return {
        "resource": {**told, "identifier": [{"system": "urn:x", "value": f"P-{number}"}], "name": [{"family": "Vega"}]}
    }


BUNDLE = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [patient(n) for n in (1, 2, 3)]})
GUESTS = json.dumps([{"guest_id": n, "night": "2021-02-15"} for n in (1, 2, 3)])
BATCH = b"".join(message(n) for n in (1, 2, 3)).decode()


@pytest.mark.parametrize(("name", "content"), [("b.json", BUNDLE), ("guests.json", GUESTS), ("lab.hl7", BATCH)])
def test_one_item_of_a_bundle_a_list_or_a_batch_is_tried_by_its_number(
    instance: Path, tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    assert hub(instance, "new", "drafted", "--from", path).exit_code == 0
    every = hub(instance, "try", "drafted", path, "--json").stdout.splitlines()
    assert len(every) == 3
    for number, line in enumerate(every, 1):
        assert hub(instance, "try", "drafted", path, "--json", "--row", str(number)).stdout.splitlines() == [line]
    assert hub(instance, "try", "drafted", path, "--json", "--row", "4").exit_code == 2


def test_an_explanation_says_what_the_agreement_removed(instance: Path, sample: Path, pantry: Path) -> None:
    draft = pantry / "agreement.draft.yaml"
    agreement = yaml.safe_load(draft.read_text())
    agreement["person_block"] = ["birth_date", "local_id"]
    draft.write_text(yaml.safe_dump(agreement))
    said = hub(instance, "try", "pantry", sample, "--explain", "--row", "2").stdout
    assert "the agreement removed: person.given_name, person.family_name, person.postal_code" in said


def test_what_is_left_empty_is_told_of_an_event_that_has_no_field_for_it(
    instance: Path, sample: Path, pantry: Path
) -> None:
    (pantry / "codes" / "race.csv").write_text(
        "source_value,system,target_code,status,note\nGroup L,,hispanic,mapped,\nBlack,,black,mapped,\n"
    )
    sample.write_text(PANTRY.replace("11/30/1979", "sometime"))
    text = yaml.safe_load((pantry / "connector.yaml").read_text())
    block = text["identity"]["block"]
    block["birth_date"] = {"from": "DOB", "format": "%m/%d/%Y", "on_error": "null_and_flag"}
    (pantry / "connector.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    said = hub(instance, "try", "pantry", sample).stdout
    assert "1 not-a-date.birth_date" in said
    assert "accepted, but not-a-date.birth_date: pantry.csv row 3" in said
    lines = [json.loads(line) for line in hub(instance, "try", "pantry", sample, "--json").stdout.splitlines()]
    assert [line.get("issues") for line in lines] == [None, ["not-a-date.birth_date"]]
    agreed = instance / "agreements" / "pantry.yaml"
    agreed.parent.mkdir(exist_ok=True)
    agreed.write_text((pantry / "agreement.draft.yaml").read_text())
    told = json.loads(hub(instance, "report", "pantry", sample, "--json").stdout)
    assert "not-a-date.birth_date" in json.dumps(told)


def test_unmapped_codes_are_listed_with_the_table_to_edit(instance: Path, sample: Path, pantry: Path) -> None:
    found = json.loads(hub(instance, "try", "pantry", sample, "--summary").stdout)
    masked = "••• (7 characters)"
    assert found["unmapped"] == [{"table": "race", "field": "race_ethnicity", "value": masked, "count": 1}]


@pytest.mark.parametrize("options", [(), ("--summary",), ("--show-values",), ("--summary", "--show-values")])
def test_an_unmapped_value_is_never_written_off_a_terminal(
    options: tuple[str, ...], instance: Path, tmp_path: Path, pantry: Path
) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_text(PANTRY.replace("Group L", "Nadia Quill SSN 123-45-6789"))
    said = hub(instance, "try", "pantry", odd, *options).output
    assert "unmapped" in said
    assert "Quill" not in said
    assert "6789" not in said


def test_an_unmapped_value_is_shown_on_a_terminal_to_who_asks(
    instance: Path, sample: Path, pantry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.commands.connector_try.on_terminal", lambda: True)
    shown, asked = "unmapped  Group L (1 times", "--show-values, on a terminal"
    said = hub(instance, "try", "pantry", sample).stdout
    assert (shown in said, asked in said) == (False, True)
    said = hub(instance, "try", "pantry", sample, "--show-values").stdout
    assert (shown in said, asked in said) == (True, False)


def test_goldens_are_written_compared_and_their_difference_shown(instance: Path, sample: Path, pantry: Path) -> None:
    assert "no expected/pantry.csv.jsonl" in hub(instance, "test", "pantry").output
    assert hub(instance, "test", "pantry", "--update").exit_code == 0
    assert hub(instance, "test", "pantry").exit_code == 0
    assert hub(instance, "try", "pantry", sample, "--diff").exit_code == 0
    codes = pantry / "codes" / "race.csv"
    codes.write_text(codes.read_text().replace("Group L,,,,TODO", "Group L,,hispanic,mapped,"))
    changed = hub(instance, "try", "pantry", sample, "--diff")
    assert changed.exit_code == 1
    assert "race_ethnicity: unknown → hispanic" in changed.stdout
    assert "event_id" not in changed.stdout
    failed = hub(instance, "test", "pantry")
    assert failed.exit_code == 1
    assert "FAILED pantry.csv: gives what expected/ holds" in failed.output


def test_a_value_that_differs_by_case_alone_is_unmapped_and_both_ways_out_are_said(
    instance: Path, sample: Path, pantry: Path
) -> None:
    codes = pantry / "codes" / "race.csv"
    codes.write_text(codes.read_text().replace("Group L,,,,TODO", "group  l,,hispanic,mapped,"))
    assert (
        "it is a row of the table but for case or blanks: `match: fold`"
        in hub(instance, "try", "pantry", sample).stdout
    )
    document = yaml.safe_load((pantry / "connector.yaml").read_text())
    document["map"][0]["fields"]["race_ethnicity"]["match"] = "fold"
    (pantry / "connector.yaml").write_text(yaml.safe_dump(document))
    found = json.loads(hub(instance, "try", "pantry", sample, "--summary").stdout)
    assert "unmapped" not in found


def test_lint_warns_of_rows_that_differ_by_case_alone(instance: Path, pantry: Path) -> None:
    locked = Locked(instance, pantry)
    codes = pantry / "codes" / "race.csv"
    codes.write_text(codes.read_text() + "BLACK,,,,TODO\n")
    assert "codes/race.csv: Black and BLACK differ by case or blanks alone" in locked.warned()


def test_a_sample_as_spreadsheets_save_it_passes_the_standard_checks(instance: Path, tmp_path: Path) -> None:
    path = tmp_path / "marked.csv"
    path.write_bytes(codecs.BOM_UTF8 + PANTRY.replace(",", ";").encode())
    assert hub(instance, "new", "marked", "--from", path).exit_code == 0
    result = hub(instance, "test", "marked", "--update")
    assert (result.exit_code, "FAILED" in result.output) == (0, False)


class Locked:
    """A drafted connector under its agreement, with its map locked as version 1; `warned` is what lint says beside ok."""

    def __init__(self, instance: Path, folder: Path) -> None:
        self.instance, self.folder, self.yaml = instance, folder, folder / "connector.yaml"
        assert (
            hub(
                instance, "agree", "pantry", "--discloser", "Pantry", "--recipient", "County", "--basis", "a contract"
            ).exit_code
            == 0
        )
        assert "wrote  map.lock" in hub(instance, "test", "pantry", "--update").output
        assert self.warned() == ""

    def warned(self) -> str:
        result = hub(self.instance, "lint", "pantry")
        assert result.exit_code == 0
        return "".join(line for line in result.stdout.splitlines() if "warning" in line)


def test_lint_warns_of_a_map_that_changed_under_the_same_mapping_version(instance: Path, pantry: Path) -> None:
    locked = Locked(instance, pantry)
    document = yaml.safe_load(locked.yaml.read_text())
    del document["identity"]["block"]["postal_code"]
    locked.yaml.write_text(yaml.safe_dump(document))
    assert "warning: map changed since map.lock was written, mapping_version is still 1" in locked.warned()
    locked.yaml.write_text(locked.yaml.read_text() + "mapping_version: 2\n")
    assert locked.warned() == "", "a raised version may be another map"
    told = hub(instance, "test", "pantry", "--update").output
    assert "the map of mapping_version 2" in told
    assert "mapping_version: 2\n" in (pantry / "map.lock").read_text()


def test_lint_names_the_code_table_and_the_hooks_that_changed(instance: Path, pantry: Path) -> None:
    (pantry / "hooks.py").write_text("def tidy(text: str) -> str:\n    return text.strip()\n")
    locked = Locked(instance, pantry)
    codes = pantry / "codes" / "race.csv"
    codes.write_text(codes.read_text().replace("Group L,,,,TODO", "Group L,,hispanic,mapped,"))
    (pantry / "hooks.py").write_text("def tidy(text: str) -> str:\n    return text.upper()\n")
    assert "warning: codes/race.csv, hooks.py changed" in locked.warned()
    assert "mapping_version did not" in hub(instance, "test", "pantry", "--update").output
    assert locked.warned() == "", "the reviewer saw the line change in map.lock"


def test_what_decides_nothing_raises_no_alarm_about_the_map(instance: Path, pantry: Path) -> None:
    (pantry / "hooks.py").write_text("def tidy(text: str) -> str:\n    return text.strip()\n")
    locked = Locked(instance, pantry)
    document = yaml.safe_load(locked.yaml.read_text())
    document["title"] = "Another title"
    document["on_error"] = "reject"  # the default, written out
    shuffled = {name: document[name] for name in sorted(document, reverse=True)}
    locked.yaml.write_text("# a comment\n\n" + yaml.safe_dump(shuffled, sort_keys=False))
    (pantry / "hooks.py").write_text("# tidy\n\n\ndef tidy(text: str) -> str:  # says it\n    return  text.strip()\n")
    codes = pantry / "codes" / "race.csv"
    head, *rows = codes.read_text().splitlines()
    codes.write_text("\n".join([head, "", *reversed(rows), "Klingon,,,,TODO decide"]) + "\n")
    assert locked.warned() == ""


def test_a_natural_key_that_is_none_fails_the_standard_checks(instance: Path, pantry: Path) -> None:
    yaml_file = pantry / "connector.yaml"
    document = yaml.safe_load(yaml_file.read_text())
    document["identity"]["id"] = {"value": "everybody"}
    document["emits"] = ["vaccination"]
    yaml_file.write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError, match=r"emits\.0: no rule of `map` gives vaccination"):
        hub(instance, "test", "pantry", "--update")


def test_the_json_schema_allows_the_short_form_of_a_rule() -> None:
    result = CliRunner().invoke(connector, ["schema"], catch_exceptions=False)
    schema = json.loads(result.stdout)
    assert {"name", "source", "door", "map", "identity", "dedupe", "on_error"} <= set(schema["properties"])
    assert schema["$defs"]["Rule"]["anyOf"][0] == {"type": "string"}
