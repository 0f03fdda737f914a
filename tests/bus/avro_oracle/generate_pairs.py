# ruff: noqa: E501
"""The questions of the table: hand-made schemas that meet each other all against all, and seeded changes of them.

Prints what Oracle.java reads. How to make the table anew (needs Maven and a JDK; the table is committed so that tests need neither):

    cd tests/bus/avro_oracle
    mvn -q dependency:copy-dependencies -DoutputDirectory=/tmp/avro-oracle
    python generate_pairs.py > /tmp/avro-oracle/questions.json
    java -cp '/tmp/avro-oracle/*' Oracle.java < /tmp/avro-oracle/questions.json > ../../corpora/avro-compatibility/table.json
"""

from __future__ import annotations

import copy
import json
import random
import sys
from typing import Any

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]


def record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def enum(name: str, *symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def fixed(name: str, size: Any, **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size, **more}


def containers() -> list[Any]:
    some = ["int", "long", "string", "bytes", ["null", "int"], ["int", "string"]]
    arrays = [{"type": "array", "items": t} for t in some]
    maps = [{"type": "map", "values": t} for t in some]
    unions = [
        [],
        ["null"],
        ["int"],
        ["long"],
        ["null", "long"],
        ["int", "null"],
        ["float", "string"],
        ["double", "bytes"],
        ["string"],
        ["boolean", "int", "string", "null"],
    ]
    logical = [
        {"type": "int", "logicalType": "date"},
        {"type": "long", "logicalType": "timestamp-micros"},
        {"type": "long", "logicalType": "timestamp-millis"},
        {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 1},
        {"type": "string", "logicalType": "uuid"},
        {"type": "string", "logicalType": "made-up", "extra": {"b": 1, "a": [1, 2.5, None]}},
    ]
    return [
        *arrays,
        *maps,
        *some[4:],
        *unions,
        *logical,
        {"type": "array", "items": {"type": "map", "values": ["null", "string"]}},
    ]


def named() -> list[Any]:
    return [
        fixed("F", 4),
        fixed("F", 8),
        fixed("G", 4),
        fixed("G", 4, aliases=["F"]),
        fixed("F", 4, namespace="a.b"),
        fixed("G", 4, namespace="a.b", aliases=["F"]),
        fixed("G", 4, namespace="a.b", aliases=["a.c.F"]),
        fixed("F", 4, namespace="a.c"),
        enum("E", "A", "B"),
        enum("E", "A", "B", "C"),
        enum("E", "B", "A"),
        enum("E", "A"),
        enum("E", "A", "B", default="A"),
        enum("E", "A", default="A"),
        enum("D", "A", "B"),
        enum("D", "A", "B", aliases=["E"]),
        enum("E", "A", "B", namespace="x.y"),
        enum("x.y.E", "A", "B"),
        enum("D", "A", "B", namespace="x.y", aliases=["E"]),
        enum("D", "A", "B", namespace="x.y", aliases=["z.E"]),
        enum("E", "A", "B", namespace="z"),
        enum("E", "A", doc="a doc"),
    ]


def records() -> list[Any]:
    i, s = field("i", "int"), field("s", "string")
    return [
        record("R"),
        record("R", i),
        record("R", i, s),
        record("R", s, i),
        record("R", field("i", "long")),
        record("R", field("i", "long", default=5)),
        record("R", i, field("s", "string", default="")),
        record("R", i, field("s", ["null", "string"], default=None)),
        record("R", i, field("s", ["null", "string"])),
        record("R", i, field("s", ["string", "null"], default="x")),
        record("R", i, field("t", "string", aliases=["s"])),
        record("R", i, field("t", "string", aliases=["q", "s"])),
        record("R", field("j", "int", aliases=["i"]), field("t", ["null", "string"], aliases=["s"], default=None)),
        record("Q", i, s),
        record("Q", i, s, aliases=["R"]),
        record("Q", i, s, namespace="n", aliases=["R"]),
        record("Q", i, s, namespace="n", aliases=["m.R"]),
        record("R", i, s, namespace="m"),
        record("m.R", i, s),
        record("R", i, s, namespace="n"),
        record("R", i, s, doc="words", aliases=["Old"]),
        record("R", field("e", enum("E", "A", "B"))),
        record("R", field("e", enum("E", "A", "B", default="A"))),
        record("R", field("e", enum("E", "A", "B"), default="B")),
        record("R", field("e", enum("E", "A", "B", "C"))),
        record("R", i, field("e", enum("E", "A", "B", default="A"))),
        record("R", i, field("e", enum("E", "A", "B"), default="A")),
        record("R", field("f", fixed("F", 2))),
        record("R", field("f", fixed("F", 3))),
        record("R", field("f", fixed("F", 2), default="\u0000\u0001")),
        record("R", field("f", fixed("F", 2)), field("g", "F")),
        record("R", field("f", fixed("F", 2)), field("g", ["null", "F"], default=None)),
        record("R", field("i", ["int", "null"])),
        record("R", field("i", ["null", "int"], default=None)),
        record("R", field("i", ["null", "long"], default=None)),
        record("R", field("i", "int", order="descending")),
        record("R", field("i", "int", order="ignore", doc="d", note="kept")),
        record("R", field("d", {"type": "int", "logicalType": "date"})),
        record("R", field("d", "int", default=0)),
        record("R", field("a", {"type": "array", "items": "int"}, default=[])),
        record("R", field("a", {"type": "array", "items": "long"}, default=[1, 2])),
        record("R", field("m", {"type": "map", "values": "int"}, default={})),
        record("R", field("m", {"type": "map", "values": "double"}, default={"x": 1.0})),
        record("R", field("n", record("N", field("x", "int")))),
        record("R", field("n", record("N", field("x", "int"), field("y", "int", default=0)))),
        record("R", field("n", record("N", field("x", "int"), field("y", "int")))),
        record("R", field("n", record("N2", field("x", "int"), aliases=["N"]))),
        record("R", field("n", ["null", record("N", field("x", "int"))], default=None)),
        record(
            "R", field("n", ["null", record("N", field("x", "long")), record("O", field("x", "int"))], default=None)
        ),
        record("R", field("n", record("N", field("x", "int")), default={"x": 1})),
        record("a.R", field("n", record("N", field("x", "int"))), field("o", "N")),
        record("a.R", field("n", record("b.N", field("x", "int"))), field("o", "b.N")),
        record(
            "a.R",
            field("n", record("b.N", field("x", "int"), field("y", fixed("Z", 1)))),
            field("o", ["null", "b.Z"], default=None),
        ),
        record("Error", field("m", "string"), **{"type": "error"}),
        record("Error", field("m", "string")),
    ]


def recursive() -> list[Any]:
    def chain(name: str, kind: Any, *more: dict[str, Any], **attributes: Any) -> dict[str, Any]:
        return record(name, field("v", kind), field("next", ["null", name], default=None), *more, **attributes)

    return [
        chain("L", "int"),
        chain("L", "long"),
        chain("L", "string"),
        chain("L", "int", field("w", "int", default=1)),
        chain("L", "int", field("w", "int")),
        chain("M", "int", aliases=["L"]),
        chain("L", "int", namespace="p"),
        chain("M", "int", namespace="p", aliases=["L"]),
        record("T", field("children", {"type": "array", "items": "T"})),
        record("T", field("children", {"type": "array", "items": ["null", "T"]})),
        record("T", field("children", {"type": "map", "values": "T"})),
        record("A", field("b", ["null", record("B", field("a", ["null", "A"]), field("x", "int"))])),
        record("A", field("b", ["null", record("B", field("a", ["null", "A"]), field("x", "long"))])),
        record("A", field("b", ["null", record("B", field("a", ["null", "A"]), field("x", "string"))])),
        record("A", field("b", record("B", field("x", "int"), field("a", ["null", "A"])))),
    ]


def refused() -> list[Any]:
    """Schemas that Avro refuses, and some near them that it takes."""
    return [
        "integer",
        {"type": "rec"},
        {},
        [["int"]],
        ["int", "int"],
        ["int", {"type": "int", "logicalType": "date"}],
        ["null", record("R"), record("R")],
        record("1R"),
        record("R-x"),
        record("R", field("9", "int")),
        record("R", field("a", "int"), field("a", "long")),
        record("R", {"name": "a"}),
        {"type": "record", "name": "R"},
        {"type": "record", "fields": []},
        enum("E"),
        enum("E", "A", "A"),
        enum("E", "A-B"),
        enum("E", "A", default="B"),
        {"type": "enum", "name": "E"},
        fixed("F", -1),
        fixed("F", "4"),
        fixed("F", 0),
        {"type": "fixed", "name": "F"},
        {"type": "array"},
        {"type": "map"},
        record("R", field("a", "Unknown")),
        record("R", field("a", "int", default="x")),
        record("R", field("a", "int", default=1.5)),
        record("R", field("a", "int", default=2**31)),
        record("R", field("a", "long", default=2**40)),
        record("R", field("a", "long", default=1.0)),
        record("R", field("a", "double", default=1)),
        record("R", field("a", "float", default="1")),
        record("R", field("a", "string", default=None)),
        record("R", field("a", ["null", "int"], default=1)),
        record("R", field("a", ["int", "null"], default=None)),
        record("R", field("a", "boolean", default="true")),
        record("R", field("a", "bytes", default="\u00ff")),
        record("R", field("a", "bytes", default="\u0100")),
        record("R", field("a", fixed("F", 2), default="abc")),
        record("R", field("a", enum("E", "A"), default="Z")),
        record("R", field("a", {"type": "array", "items": "int"}, default=["x"])),
        record("R", field("a", {"type": "map", "values": "int"}, default={"k": None})),
        record("R", field("a", record("N", field("x", "int")), default={})),
        record("R", field("a", record("N", field("x", "int", default=3)), default={})),
        record("R", field("a", "int", order="up")),
        record("R", aliases=["bad-name"]),
        record("R", field("a", fixed("F", 1)), field("b", fixed("F", 1))),
        record("R", field("a", {"type": "R"})),
        {"type": {"type": "string"}},
        {"type": ["null", "int"]},
        record("R", field("a", {"type": {"type": "array", "items": "int"}})),
        record("int"),
        record("a.b.string", field("x", "int")),
        record("", field("x", "int")),
        record("R", field("a", "int", aliases="b")),
        record("R", field("a", "double", default="NaN")),
        record("a..b"),
        record(".R"),
        enum("E", "é"),
        record("Ré"),
    ]


def changed(random_: random.Random, schema: Any, depth: int = 0) -> Any:
    """One small seeded change somewhere in a copy of `schema`."""
    schema = copy.deepcopy(schema)
    if isinstance(schema, str):
        return random_.choice([*PRIMITIVES, ["null", schema]]) if schema in PRIMITIVES else schema
    if isinstance(schema, list):
        return change_union(random_, schema, depth)
    kind = schema.get("type")
    if kind in ("record", "error") and schema["fields"]:
        change_record(random_, schema, depth)
    elif kind == "enum":
        change_enum(random_, schema)
    elif kind == "fixed":
        schema["size"] = random_.choice([schema["size"], schema["size"] + 1])
    elif kind == "array":
        schema["items"] = changed(random_, schema["items"], depth + 1)
    elif kind == "map":
        schema["values"] = changed(random_, schema["values"], depth + 1)
    return schema


def change_union(random_: random.Random, schema: list[Any], depth: int) -> list[Any]:
    step = random_.randrange(3)
    if step == 0 and len(schema) > 1:
        schema.pop(random_.randrange(len(schema)))
    elif step == 1:
        schema.append(random_.choice(PRIMITIVES))
    elif schema:
        where = random_.randrange(len(schema))
        schema[where] = changed(random_, schema[where], depth + 1)
    return schema


def change_record(random_: random.Random, schema: dict[str, Any], depth: int) -> None:
    fields, step = schema["fields"], random_.randrange(7)
    target = random_.choice(fields)
    if step == 0:
        fields.remove(target)
    elif step == 1:
        fields.append(field(f"new{random_.randrange(3)}", "int", **random_.choice([{}, {"default": 0}])))
    elif step == 2:
        target["aliases"], target["name"] = random_.choice([[target["name"]], []]), target["name"] + "x"
    elif step == 3:
        schema["aliases"], schema["name"] = random_.choice([[schema["name"]], []]), schema["name"] + "x"
    elif step == 4:
        target.pop("default", None)
    elif step == 5:
        random_.shuffle(fields)
    else:
        target["type"] = changed(random_, target["type"], depth + 1)
        target.pop("default", None)


def change_enum(random_: random.Random, schema: dict[str, Any]) -> None:
    step = random_.randrange(3)
    if step == 0:
        schema["symbols"].append("Z")
    elif step == 1 and len(schema["symbols"]) > 1:
        schema["symbols"].pop()
        schema.pop("default", None)
    else:
        schema["default"] = schema["symbols"][0]


def questions(seed: int = 20210301) -> dict[str, Any]:
    random_ = random.Random(seed)
    hand_made: list[Any] = [*PRIMITIVES, *containers(), *named(), *records(), *recursive()]
    schemas: list[Any] = [*hand_made, *refused()]
    pairs = [[r, w] for r in range(len(hand_made)) for w in range(len(hand_made))]
    interesting = [s for s in [*records(), *recursive()] if s["fields"]]
    for _ in range(400):
        base = random_.choice(interesting)
        reader, writer = changed(random_, base), base
        for _ in range(random_.randrange(3)):
            reader, writer = changed(random_, reader), changed(random_, writer)
        schemas += [reader, writer]
        here = len(schemas) - 2
        pairs += [[here, here + 1], [here + 1, here]]
    return {"schemas": schemas, "pairs": pairs}


def write() -> None:
    json.dump(questions(), sys.stdout, ensure_ascii=True)


write()
