"""Our verdicts against those of Apache Avro's Java code (tests/bus/avro_oracle/ makes the table)."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import avro.errors
import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from hub.bus.avro_parse import parse, parse_node
from hub.bus.avro_types import AvroType, InvalidSchema, canonical
from hub.bus.compatibility import broken_rules, can_read, incompatibilities

TABLE = Path(__file__).parent.parent / "corpora" / "avro-compatibility" / "table.json"


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TABLE.read_text())
    return loaded


def parsed(node: Any) -> AvroType | None:
    try:
        return parse_node(node)
    except InvalidSchema:
        return None


def test_each_verdict_equals_avros_own(table: dict[str, Any]) -> None:
    schemas = [parsed(row["schema"]) for row in table["schemas"]]
    wrong = []
    for reader, writer, verdict in table["pairs"]:
        r, w = schemas[reader], schemas[writer]
        assert r is not None
        assert w is not None
        if can_read(r, w) != bool(verdict):
            wrong.append((verdict, table["schemas"][reader]["schema"], table["schemas"][writer]["schema"]))
    assert wrong == []
    assert len(table["pairs"]) > 18_000


def test_the_parser_refuses_what_avro_refuses_and_nothing_else(table: dict[str, Any]) -> None:
    wrong = [row for row in table["schemas"] if (parsed(row["schema"]) is None) != (row["canonical"] is None)]
    assert wrong == []


def test_the_canonical_text_is_avros_own(table: dict[str, Any]) -> None:
    wrong = []
    for row in table["schemas"]:
        schema = parsed(row["schema"])
        if schema is not None and canonical(schema) != row["canonical"]:
            wrong.append((canonical(schema), row["canonical"]))
    assert wrong == []


def test_a_canonical_text_is_its_own_canonical_text(table: dict[str, Any]) -> None:
    for row in table["schemas"]:
        if row["canonical"] is not None:
            assert canonical(parse(row["canonical"])) == row["canonical"]


def test_the_python_library_still_judges_otherwise(table: dict[str, Any]) -> None:
    """Why the checker is our own. When this fails, a newer `avro` agrees with the Java code: use it instead."""
    library: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in table["schemas"]:
            try:
                library.append(avro.schema.parse(json.dumps(row["schema"])))
            except avro.errors.AvroException:
                library.append(None)
    otherwise = 0
    for reader, writer, verdict in table["pairs"]:
        if library[reader] is None or library[writer] is None:
            otherwise += 1
            continue
        try:
            found = ReaderWriterCompatibilityChecker().get_compatibility(library[reader], library[writer])
            otherwise += (found.compatibility is SchemaCompatibilityType.compatible) != bool(verdict)
        except avro.errors.AvroRuntimeException:
            otherwise += 1
    assert otherwise > 0


def record(*fields: dict[str, Any]) -> AvroType:
    return parse_node({"type": "record", "name": "R", "fields": list(fields)})


PLAIN = {"name": "a", "type": "int"}
ADDED_WITH_DEFAULT = {"name": "b", "type": "int", "default": 0}
ADDED_WITHOUT = {"name": "b", "type": "int"}


@pytest.mark.parametrize(
    ("level", "new", "allowed"),
    [
        ("NONE", record(ADDED_WITHOUT), True),
        ("BACKWARD", record(PLAIN, ADDED_WITHOUT), False),
        ("BACKWARD", record(PLAIN, ADDED_WITH_DEFAULT), True),
        ("FORWARD", record(PLAIN, ADDED_WITHOUT), True),
        ("FORWARD", record(ADDED_WITH_DEFAULT), False),
        ("FULL", record(PLAIN, ADDED_WITH_DEFAULT), True),
        ("FULL", record(PLAIN, ADDED_WITHOUT), False),
    ],
)
def test_a_level_asks_what_its_name_says(level: str, new: AvroType, allowed: bool) -> None:
    assert (broken_rules(level, new, [record(PLAIN)]) == []) is allowed


def test_only_the_transitive_levels_look_past_the_last_version() -> None:
    first, second = record(ADDED_WITHOUT), record()
    third = record({"name": "b", "type": "string", "default": ""})
    assert broken_rules("BACKWARD", third, [first, second]) == []
    assert broken_rules("BACKWARD_TRANSITIVE", third, [first, second]) != []


def test_a_reason_names_its_place() -> None:
    found = incompatibilities(record(PLAIN, ADDED_WITHOUT), record(PLAIN))
    assert [str(why) for why in found] == ["READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: b"]


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "[" * 100_000, '{"type":"array","items":' * 5_000 + '"int"' + "}" * 5_000]
)
def test_junk_is_refused_without_harm(text: str) -> None:
    with pytest.raises(InvalidSchema):
        parse(text)
