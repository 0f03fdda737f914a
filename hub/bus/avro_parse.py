"""Avro schema text → types.

Refuses what Apache Avro 1.12 refuses (the parser of Confluent's registry) and nothing else:
tests/corpora/avro-compatibility/table.json holds what the Java code says of a thousand schemas.
"""

from __future__ import annotations

import json
from typing import Any

from hub.bus.avro_types import PRIMITIVES, AvroField, AvroType, InvalidSchema, canonical, full_name, written

NAMED = frozenset({"record", "error", "enum", "fixed"})
_SCHEMA_WORDS = frozenset(
    {"doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases"}
)
_FIELD_WORDS = frozenset({"default", "doc", "name", "order", "type", "aliases"})
_ORDERS = ("ascending", "descending", "ignore")
_MISSING: Any = object()
MAX_DEPTH = 100


def parse(text: str) -> AvroType:
    """The type that an Avro schema text describes. Raises `InvalidSchema`."""
    try:
        node = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        raise InvalidSchema("not JSON") from wrong
    return parse_node(node)


def parse_node(node: Any) -> AvroType:
    """Like `parse`, of a schema that is already read from JSON."""
    parser = _Parser()
    schema = parser.schema(node, "", 0)
    return parser.finish(schema)


def normalized(text: str) -> str:
    """`canonical(parse(text))`."""
    return canonical(parse(text))


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _name(text: str, what: str) -> str:
    if not text:
        raise InvalidSchema(f"empty name of a {what}")
    letter = text[0].isalpha() or text[0] == "_"
    if not letter or not all(c.isalpha() or c.isdigit() or c == "_" for c in text):
        raise InvalidSchema(f"bad name of a {what}: {text[:80]!r}")
    return text


def _split(name: str, space: str) -> tuple[str, str]:
    """(name, namespace) of a name that may be full, met inside `space`."""
    head, dot, tail = name.rpartition(".")
    if not dot:
        return _name(name, "type"), space
    for part in head.split(".") if head else ():
        _name(part, "namespace")
    return _name(tail, "type"), head


def _texts(node: dict[str, Any], key: str) -> list[str]:
    value = node.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise InvalidSchema(f"{key} is not a list of texts")
    return value


def _text(node: dict[str, Any], key: str) -> str:
    value = node.get(key)
    if not isinstance(value, str):
        raise InvalidSchema(f"no {key}")
    return value


def _optional_text(node: dict[str, Any], key: str) -> str | None:
    value = node.get(key)
    return value if isinstance(value, str) else None


class _Parser:
    def __init__(self) -> None:
        self.names: dict[str, AvroType] = {}
        self.pending: dict[str, AvroType] = {}
        self.with_default: list[AvroField] = []

    def finish(self, schema: AvroType) -> AvroType:
        """Binds names used before their definition and checks the defaults."""
        for name in self.pending:
            if name not in self.names:
                raise InvalidSchema(f"unknown type {name[:80]!r}")
        bound = self._bind(schema, set())
        for each in self.with_default:
            if not _fits(each.type, each.default):
                raise InvalidSchema(f"bad default of field {each.name!r}")
        return bound

    def schema(self, node: Any, space: str, depth: int) -> AvroType:
        if depth > MAX_DEPTH:
            raise InvalidSchema(f"nested deeper than {MAX_DEPTH}")
        if isinstance(node, str):
            return self._reference(node, space)
        if isinstance(node, list):
            return self._union(node, space, depth)
        if not isinstance(node, dict):
            raise InvalidSchema("a schema is a text, a list or an object")
        kind = _text(node, "type")
        if kind in PRIMITIVES:
            made = AvroType(kind)
        elif kind in NAMED:
            return self._named(node, kind, space, depth)
        elif kind in ("array", "map"):
            key = "items" if kind == "array" else "values"
            if key not in node:
                raise InvalidSchema(f"{kind} without {key}")
            made = AvroType(kind, of=self.schema(node[key], space, depth + 1))
        else:
            return self._reference(kind, space)
        made.extra = {k: v for k, v in node.items() if k not in _SCHEMA_WORDS}
        return made

    def _reference(self, name: str, space: str) -> AvroType:
        if name in PRIMITIVES:
            return AvroType(name)
        simple, namespace = _split(name, space)
        full = full_name(simple, namespace)
        if full not in self.names and "." not in name and name in self.names:
            full = name
        if full in self.names:
            return self.names[full]
        return self.pending.setdefault(full, AvroType("unresolved", simple, namespace))

    def _union(self, node: list[Any], space: str, depth: int) -> AvroType:
        branches = [self.schema(each, space, depth + 1) for each in node]
        seen: set[str] = set()
        for branch in branches:
            if branch.kind == "union":
                raise InvalidSchema("a union directly in a union")
            if branch.fullname in seen:
                raise InvalidSchema(f"twice in a union: {branch.fullname[:80]!r}")
            seen.add(branch.fullname)
        return AvroType("union", branches=branches)

    def _named(self, node: dict[str, Any], kind: str, space: str, depth: int) -> AvroType:
        given = _optional_text(node, "namespace")
        name, namespace = _split(_text(node, "name"), space if given is None else given)
        for part in namespace.split(".") if namespace else ():
            _name(part, "namespace")
        if name in PRIMITIVES and not namespace:
            raise InvalidSchema(f"{name!r} is a primitive")
        made = AvroType(
            "record" if kind == "error" else kind,
            name,
            namespace,
            _optional_text(node, "doc"),
            is_error=kind == "error",
        )
        made.aliases = tuple(full_name(*_split(alias, namespace)) for alias in _texts(node, "aliases"))
        words = _SCHEMA_WORDS | {"default"} if kind == "enum" else _SCHEMA_WORDS
        made.extra = {k: v for k, v in node.items() if k not in words}
        if kind == "fixed":
            made.size = self._size(node)
        elif kind == "enum":
            self._enum(made, node)
        self._define(made)
        if made.kind == "record":
            self._fields(made, node, depth)
        return made

    def _define(self, made: AvroType) -> None:
        known = self.names.setdefault(made.fullname, made)
        if known is not made and (made.kind == "record" or written(known, "", set()) != written(made, "", set())):
            raise InvalidSchema(f"defined twice: {made.fullname[:80]!r}")

    @staticmethod
    def _size(node: dict[str, Any]) -> int:
        size = node.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise InvalidSchema("fixed without a size")
        return size

    @staticmethod
    def _enum(made: AvroType, node: dict[str, Any]) -> None:
        if not isinstance(node.get("symbols"), list):
            raise InvalidSchema("enum without symbols")
        symbols = [_name(symbol, "symbol") for symbol in _texts(node, "symbols")]
        if len(set(symbols)) != len(symbols):
            raise InvalidSchema(f"a symbol twice in {made.name!r}")
        made.symbols = tuple(symbols)
        made.enum_default = _optional_text(node, "default")
        if made.enum_default is not None and made.enum_default not in symbols:
            raise InvalidSchema(f"the default of {made.name!r} is no symbol of it")

    def _fields(self, made: AvroType, node: dict[str, Any], depth: int) -> None:
        if not isinstance(node.get("fields"), list):
            raise InvalidSchema("record without fields")
        for each in node["fields"]:
            if not isinstance(each, dict) or "type" not in each:
                raise InvalidSchema(f"a field of {made.name!r} without a type")
            one = self._field(each, made.namespace, depth)
            if made.field_named(one.name):
                raise InvalidSchema(f"field twice: {one.name!r}")
            made.fields.append(one)

    def _field(self, node: dict[str, Any], space: str, depth: int) -> AvroField:
        name = _name(_text(node, "name"), "field")
        kind = self.schema(node["type"], space, depth + 1)
        made = AvroField(name, kind, doc=_optional_text(node, "doc"), aliases=tuple(_texts(node, "aliases")))
        made.order = str(node.get("order", "ascending")).lower()
        if made.order not in _ORDERS:
            raise InvalidSchema(f"bad order of field {name!r}")
        made.extra = {k: v for k, v in node.items() if k not in _FIELD_WORDS}
        if "default" in node:
            made.has_default, made.default = True, _as_number(kind.kind, node["default"])
            self.with_default.append(made)
        return made

    def _bind(self, schema: AvroType, seen: set[int]) -> AvroType:
        if schema.kind == "unresolved":
            return self.names[schema.fullname]
        if id(schema) in seen:
            return schema
        seen.add(id(schema))
        schema.of = self._bind(schema.of, seen) if schema.of else None
        schema.branches = [self._bind(branch, seen) for branch in schema.branches]
        for each in schema.fields:
            each.type = self._bind(each.type, seen)
        return schema


def _as_number(kind: str, value: Any) -> Any:
    """Avro reads a text default of a float or a double as a number."""
    if kind not in ("float", "double") or not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


_RANGES = {"int": 31, "long": 63}


def _fits(schema: AvroType, value: Any) -> bool:
    """Is `value` (JSON) a default that Avro takes for this type?"""
    kind = schema.kind
    if kind in _RANGES:
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and -(2 ** _RANGES[kind]) <= value < 2 ** _RANGES[kind]
        )
    if kind in ("string", "bytes", "enum", "fixed"):
        return isinstance(value, str)
    if kind in ("float", "double"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "null":
        return value is None
    if kind == "union":
        return any(_fits(branch, value) for branch in schema.branches)
    if kind == "array":
        return isinstance(value, list) and all(_fits(schema.element(), each) for each in value)
    if not isinstance(value, dict):
        return False
    if kind == "map":
        return all(_fits(schema.element(), each) for each in value.values())
    return all(_fits(f.type, value.get(f.name, f.default if f.has_default else _MISSING)) for f in schema.fields)
