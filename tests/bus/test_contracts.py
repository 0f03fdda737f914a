"""The files under schemas/avro/ are the code, and may follow what was released."""

from __future__ import annotations

import json
import subprocess
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from fastavro import parse_schema

from hub.bus.avro_parse import parse
from hub.bus.avro_schema import avro_schema, schema_file_name, schema_file_text, schema_folder
from hub.bus.contracts import breaks, differences, released, write
from hub.bus.topics import TOPICS, Topic, models
from hub.domain.events import LabResult, Model, Sealed
from hub.domain.tallies import Tally
from hub.errors import ConfigError

ROOT = Path(__file__).parents[2]


def test_the_committed_files_equal_the_code() -> None:
    assert differences(TOPICS, schema_folder()) == []


def test_the_contracts_may_follow_every_release() -> None:
    assert breaks(TOPICS, released(ROOT)) == []


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_each_contract_is_a_schema_for_avro_and_for_fastavro(model: type[Model]) -> None:
    assert parse(schema_file_text(model)).fullname == f"hub.{model.__name__}"
    parse_schema(avro_schema(model))


def test_file_names_are_told_apart() -> None:
    assert len({schema_file_name(model) for model in models()}) == len(models())
    assert schema_file_name(LabResult) == "lab-result.v1.avsc"


def test_the_person_block_is_one_sealed_field() -> None:
    (person,) = (field for field in avro_schema(LabResult)["fields"] if field["name"] == "person")
    assert person["type"][0] == "null"
    assert [field["name"] for field in person["type"][1]["fields"]] == ["key_id", "ciphertext"]


class Every(Model):
    """One field of each kind."""

    text: str
    number: int
    share: float
    flag: bool
    data: bytes
    day: date
    at: datetime
    word: Literal["a", "b"] = "a"
    words: tuple[str, ...] = ()
    inner: Sealed
    again: Sealed | None = None
    maybe: date | None


def test_every_kind_of_field_has_its_avro_type() -> None:
    fields = {field["name"]: field for field in avro_schema(Every)["fields"]}
    day, at = {"type": "int", "logicalType": "date"}, {"type": "long", "logicalType": "timestamp-micros"}
    plain = {"text": "string", "number": "long", "share": "double", "flag": "boolean", "data": "bytes"}
    assert {name: fields[name]["type"] for name in plain} == plain
    assert fields["day"]["type"] == day
    assert fields["at"]["type"] == at
    assert (fields["word"]["type"], fields["word"]["default"]) == ("string", "a")
    assert (fields["words"]["type"], fields["words"]["default"]) == ({"type": "array", "items": "string"}, [])
    assert fields["inner"]["type"]["name"] == "Sealed"
    assert fields["again"]["type"] == ["null", "Sealed"]
    assert fields["maybe"]["type"] == ["null", day]
    assert fields["maybe"]["default"] is None


class NoPlace(Model):
    """A type that no contract can hold."""

    either: int | str


def test_a_type_without_a_place_is_refused() -> None:
    with pytest.raises(TypeError):
        avro_schema(NoPlace)


def test_a_file_that_differs_is_found_and_written_anew(tmp_path: Path) -> None:
    write(TOPICS, tmp_path)
    assert differences(TOPICS, tmp_path) == []
    (tmp_path / "tally.v1.avsc").write_text("{}")
    (tmp_path / "link.v1.avsc").unlink()
    (tmp_path / "stray.v1.avsc").write_text("{}")
    assert {(f.file, f.words) for f in differences(TOPICS, tmp_path)} == {
        ("link.v1.avsc", "missing"),
        ("stray.v1.avsc", "belongs to no record"),
        ("tally.v1.avsc", "differs from the code"),
    }
    write(TOPICS, tmp_path)
    assert differences(TOPICS, tmp_path) == []


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="no contracts at"):
        differences(TOPICS, Path("/nowhere/at/all"))


@pytest.mark.parametrize(("public", "broken"), [(False, False), (True, True)])
def test_a_public_contract_must_stay_readable_both_ways(public: bool, broken: bool) -> None:
    def without_count(schema: dict[str, Any]) -> str:
        return json.dumps({**schema, "fields": [*schema["fields"], {"name": "old", "type": "string"}]})

    topic = Topic("t", "k", (Tally,), public=public)
    found = breaks([topic], {"tally.v1.avsc": [without_count(avro_schema(Tally))]})
    assert bool(found) is broken


def test_each_release_is_read_from_its_tag(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        names = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *names, *arguments], check=True, capture_output=True)

    folder = tmp_path / "schemas" / "avro"
    folder.mkdir(parents=True)
    git("init", "-q")
    for tag, text in (("v0.1.0", '"int"'), ("v0.2.0", '"long"')):
        (folder / "x.v1.avsc").write_text(text)
        git("add", ".")
        git("commit", "-q", "-m", tag)
        git("tag", tag)
    assert released(tmp_path) == {"x.v1.avsc": ['"int"', '"long"']}
    assert released(tmp_path / "schemas" / "avro" / "nowhere") == {}
