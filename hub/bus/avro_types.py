"""Avro types and their one canonical text.

The text is what `Schema.toString()` of Apache Avro 1.12 gives: Confluent's registry knows a schema by it, so that the
same schema written in two ways has one id.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})


class InvalidSchema(ValueError):
    """The text is no Avro schema; the message says what is wrong and never quotes more than a name."""


@dataclass(eq=False)
class AvroField:
    """One field of a record. `default` counts only where `has_default`."""

    name: str
    type: AvroType
    has_default: bool = False
    default: Any = None
    doc: str | None = None
    order: str = "ascending"
    aliases: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class AvroType:
    """One node of a schema.

    `kind` is a primitive, `record`, `enum`, `fixed`, `array`, `map` or `union`; a type named twice is one object.
    """

    kind: str
    name: str = ""
    namespace: str = ""
    doc: str | None = None
    aliases: tuple[str, ...] = ()
    is_error: bool = False
    fields: list[AvroField] = field(default_factory=list)
    symbols: tuple[str, ...] = ()
    enum_default: str | None = None
    size: int = 0
    of: AvroType | None = None
    branches: list[AvroType] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def fullname(self) -> str:
        """Namespace and name of a named type; the kind of any other."""
        return full_name(self.name, self.namespace) if self.name else self.kind

    def element(self) -> AvroType:
        """What an array or a map holds."""
        if self.of is None:
            raise InvalidSchema(f"{self.kind} without an element type")
        return self.of

    def field_named(self, name: str) -> AvroField | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)


def canonical(schema: AvroType) -> str:
    """The one text of a schema: attributes in Avro's order, no spaces, a repeated type by its name."""
    return json.dumps(written(schema, "", set()), ensure_ascii=False, separators=(",", ":"))


def with_sorted_extras(schema: AvroType) -> AvroType:
    """The same schema, the attributes that Avro does not know put in order (in place)."""
    todo, seen = [schema], set[int]()
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        each.extra = dict(sorted(each.extra.items()))
        todo += [*each.branches, *([each.of] if each.of else [])]
        for one in each.fields:
            one.extra = dict(sorted(one.extra.items()))
            todo.append(one.type)
    return schema


def full_name(name: str, namespace: str) -> str:
    """`a.b.Name`, or `Name` where there is no namespace."""
    return f"{namespace}.{name}" if namespace else name


def _as_text(value: Any) -> Any:
    """JSON has no NaN and no infinity: Avro writes them as texts."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def written(schema: AvroType, space: str, seen: set[str]) -> Any:
    """The JSON node of a schema met inside `space`; `seen` holds the full names defined so far."""
    kind = schema.kind
    if kind == "union":
        return [written(branch, space, seen) for branch in schema.branches]
    if kind in PRIMITIVES:
        return {"type": kind, **schema.extra} if schema.extra else kind
    if kind in ("array", "map"):
        return {
            "type": kind,
            "items" if kind == "array" else "values": written(schema.element(), space, seen),
            **schema.extra,
        }
    if schema.fullname in seen:
        return _qualified(schema, space)
    seen.add(schema.fullname)
    return dict(_named_parts(schema, space, seen))


def _qualified(schema: AvroType, space: str) -> str:
    return schema.name if schema.namespace == space and schema.name not in PRIMITIVES else schema.fullname


def _named_parts(schema: AvroType, space: str, seen: set[str]) -> Iterator[tuple[str, Any]]:
    yield "type", "error" if schema.is_error else schema.kind
    yield "name", schema.name
    if schema.namespace != space:
        yield "namespace", schema.namespace
    if schema.doc is not None:
        yield "doc", schema.doc
    if schema.kind == "enum":
        yield "symbols", list(schema.symbols)
        if schema.enum_default is not None:
            yield "default", schema.enum_default
    elif schema.kind == "fixed":
        yield "size", schema.size
    else:
        yield "fields", [dict(_field_parts(each, schema.namespace, seen)) for each in schema.fields]
    yield from schema.extra.items()
    if schema.aliases:
        yield "aliases", [_relative(alias, schema.namespace) for alias in schema.aliases]


def _relative(alias: str, space: str) -> str:
    head, _, tail = alias.rpartition(".")
    return tail if head == space else alias


def _field_parts(each: AvroField, space: str, seen: set[str]) -> Iterator[tuple[str, Any]]:
    yield "name", each.name
    yield "type", written(each.type, space, seen)
    if each.doc is not None:
        yield "doc", each.doc
    if each.has_default:
        yield "default", _as_text(each.default)
    if each.order != "ascending":
        yield "order", each.order
    if each.aliases:
        yield "aliases", list(each.aliases)
    yield from each.extra.items()
