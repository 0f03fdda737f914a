"""The compiled readers and writers against fastavro, on every contract: the same bytes, the same fields, the same refusals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bus.avro_compile import compiled_reader, compiled_writer
from hub.bus.avro_parse import parse_node
from hub.bus.avro_schema import avro_schema
from hub.bus.avro_types import AvroType
from hub.bus.topics import models
from hub.domain.events import Model

PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=90),
    "bytes": st.binary(max_size=200),
    "boolean": st.booleans(),
    "double": st.floats(allow_nan=False),
    "long": st.integers(-(2**63), 2**63 - 1),
}
LOGICAL: dict[str, st.SearchStrategy[Any]] = {
    "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "timestamp-micros": st.integers(-(10**16), 10**17).map(
        lambda n: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)
    ),
}


def values(kind: AvroType) -> st.SearchStrategy[Any]:
    if "logicalType" in kind.extra:
        return LOGICAL[kind.extra["logicalType"]]
    if kind.kind == "record":
        return st.fixed_dictionaries({each.name: values(each.type) for each in kind.fields})
    if kind.kind == "array":
        return st.lists(values(kind.element()), max_size=70)
    if kind.kind == "union":
        return st.none() | values(kind.branches[1])
    return PLAIN[kind.kind]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_bytes_and_fields_equal_fastavros(model: type[Model]) -> None:
    schema = avro_schema(model)
    parsed, kind = parse_schema(schema), parse_node(schema)
    read, write = compiled_reader(kind), compiled_writer(kind)
    assert read is not None
    assert write is not None

    @settings(max_examples=15, deadline=None, database=None)
    @given(values(kind))
    def same(fields: dict[str, Any]) -> None:
        out = BytesIO()
        schemaless_writer(out, parsed, fields)
        body = out.getvalue()
        assert write(b"head", fields) == b"head" + body
        assert read(b"head" + body, 4) == (schemaless_reader(BytesIO(body), parsed, None), 4 + len(body))

    same()


JUNK = parse_node(
    {
        "type": "record",
        "name": "J",
        "fields": [
            {"name": "a", "type": ["null", "string"]},
            {"name": "b", "type": {"type": "array", "items": "long"}},
            {"name": "c", "type": "boolean"},
            {"name": "d", "type": {"type": "int", "logicalType": "date"}},
        ],
    }
)


@settings(max_examples=400, deadline=None, database=None)
@given(st.binary(max_size=30))
def test_junk_never_reads_past_its_end_or_hangs(junk: bytes) -> None:
    read = compiled_reader(JUNK)
    assert read is not None
    try:
        fields, end = read(junk, 0)
    except (IndexError, ValueError, OverflowError):
        return
    if end == len(junk):
        assert fields.keys() == {"a", "b", "c", "d"}


def test_blocks_with_sizes_are_read_too() -> None:
    read = compiled_reader(JUNK)
    assert read is not None
    assert read(b"\x00" + b"\x03\x04\x02\x04" + b"\x02\x06" + b"\x00" + b"\x01" + b"\x00", 0) == (
        {"a": None, "b": [1, 2, 3], "c": True, "d": date(1970, 1, 1)},
        10,
    )


@pytest.mark.parametrize(
    "kind",
    [
        ["int", "string"],
        {"type": "map", "values": "int"},
        {"type": "fixed", "name": "F", "size": 2},
        {"type": "bytes", "logicalType": "made-up"},
        {"type": "long", "logicalType": "time-micros"},
        "float",
    ],
)
def test_what_is_not_done_here_is_left_to_fastavro(kind: Any) -> None:
    schema = parse_node({"type": "record", "name": "R", "fields": [{"name": "x", "type": kind}]})
    done = kind == {"type": "bytes", "logicalType": "made-up"}
    assert (compiled_reader(schema) is not None) is done
    assert (compiled_writer(schema) is not None) is done
