"""Values on the wire: Avro in the Confluent format (byte 0, schema id as 4 bytes big-endian, body), strict both ways.

    codec = Codec(SchemaIds(url), TOPICS); codec.open()      registers the schemas of these topics, once, at start
    value = codec.encode(topic, model)                       validated by pydantic first: fastavro writes 1.9 as 1
    kind, fields = codec.decode_dict(value)                  ("lab-result", {...}): dates and times as Python's
    model = codec.decode(value)                              the validated model

Any thread. Reject("not-encodable", "encode") for a model that does not hold what it says, or a clear person block;
Reject(…, "decode") with one of `DECODE_REASONS` for bytes. RetryError when an unknown id must be looked up and the
registry is away.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO
from typing import Any, NamedTuple, Protocol

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from pydantic import ValidationError

from hub.bus.avro_compile import Read, Write, compiled_reader, compiled_writer
from hub.bus.avro_parse import parse, parse_node
from hub.bus.avro_schema import NAMESPACE, avro_schema
from hub.bus.avro_types import AvroType, InvalidSchema, canonical
from hub.bus.compatibility import can_read
from hub.bus.model_writer import WriteModel, model_writer
from hub.bus.topics import Topic
from hub.domain.events import Model, PersonBlock, Sealed
from hub.domain.trusted import restated
from hub.errors import ConfigError, Reject

MAX_VALUE_BYTES = 4_000_000
DECODE_REASONS = ("no-value", "too-large", "bad-magic", "unknown-schema", "unreadable-schema", "undecodable", "trailing-bytes",
                  "invalid-event")  # fmt: skip
_HEAD = 5


class Schemas(Protocol):
    """Where ids come from (hub.bus.schema_registry.SchemaIds)."""

    def register(self, subject: str, schema: dict[str, Any]) -> int: ...

    def text(self, schema_id: int) -> str: ...

    def close(self) -> None: ...


class _Writer(NamedTuple):
    head: bytes
    write: Write
    write_model: WriteModel | None


class _Reader(NamedTuple):
    kind: str
    model: type[Model]
    read: Read


class Codec:
    """Encodes and decodes the record types of `topics`."""

    def __init__(self, ids: Schemas, topics: Iterable[Topic]) -> None:
        self._ids = ids
        self._topics = list(topics)
        self._models = {f"{NAMESPACE}.{m.__name__}": m for topic in self._topics for m in topic.models}
        self._write: dict[type[Model], Write] = {}
        self._write_model: dict[type[Model], WriteModel | None] = {}
        self._writers: dict[tuple[str, type[Model]], _Writer] = {}
        self._readers: dict[int, _Reader] = {}

    def open(self) -> None:
        """Registers every schema of its topics. ConfigError when the registry refuses one (incompatible)."""
        for topic in self._topics:
            for model in topic.models:
                self._writer(topic, model)

    def close(self) -> None:
        """Closes what it asks for ids; it still encodes, and decodes what it knows."""
        self._ids.close()

    def encode(self, topic: str, model: Model, sealed: Sealed | None = None) -> bytes:
        """The value of `model` for `topic`; `sealed`, if given, in place of its clear person block."""
        writer = self._writers.get((topic, type(model)))
        if writer is None:
            raise ConfigError(f"{type(model).__name__} has no contract on {topic}")
        value = writer.write_model(writer.head, model, sealed) if writer.write_model is not None else None
        if value is None:
            value = _checked(writer, model if sealed is None else restated(model, {"person": sealed}))
        if len(value) > MAX_VALUE_BYTES:
            raise Reject("too-large", "encode")
        return value

    def encode_dict(self, topic: str, model: type[Model], fields: dict[str, Any]) -> bytes:
        """The value of a record given by its fields (nested records as dictionaries, lists as tuples)."""
        try:
            made = model.model_validate(fields)
        except ValidationError:
            raise Reject("not-encodable", "encode") from None
        return self.encode(topic, made)

    def decode_dict(self, value: bytes | None) -> tuple[str, dict[str, Any]]:
        """(kind, fields) of a value, as our schema of that record reads it."""
        reader, fields = self._read(value)
        return reader.kind, fields

    def decode(self, value: bytes | None) -> Model:
        """The model of a value, validated: coded words and closed fields too."""
        reader, fields = self._read(value)
        try:
            return reader.model.model_validate(fields, strict=False)
        except ValidationError:
            raise Reject("invalid-event", "decode") from None

    def _read(self, value: bytes | None) -> tuple[_Reader, dict[str, Any]]:
        if value is None:
            raise Reject("no-value", "decode")
        size = len(value)
        if size > MAX_VALUE_BYTES:
            raise Reject("too-large", "decode")
        if size < _HEAD or value[0]:
            raise Reject("bad-magic", "decode")
        schema_id = int.from_bytes(value[1:_HEAD], "big")
        reader = self._readers.get(schema_id) or self._learn(schema_id)
        try:
            fields, end = reader.read(value, _HEAD)
        except Exception:
            raise Reject("undecodable", "decode") from None
        if end != size:
            raise Reject("trailing-bytes" if end < size else "undecodable", "decode")
        return reader, fields

    def _writer(self, topic: Topic, model: type[Model]) -> None:
        schema = avro_schema(model)
        schema_id = self._ids.register(topic.subject(model), schema)
        if model not in self._write:
            self._write[model] = writer_of(schema)
            self._write_model[model] = model_writer(model)
        self._writers[topic.name, model] = _Writer(
            b"\0" + schema_id.to_bytes(4, "big"), self._write[model], self._write_model[model]
        )

    def _learn(self, schema_id: int) -> _Reader:
        """How to read an id met for the first time: only records we know, that our schema can read, and that are safe."""
        text = self._ids.text(schema_id)
        try:
            written = parse(text)
            model = self._models.get(written.fullname)
            ours = avro_schema(model) if model else {}
            if model is None or not is_bounded(written) or not can_read(parse_node(ours), written):
                raise Reject("unreadable-schema", "decode")
        except (InvalidSchema, RecursionError):
            raise Reject("unreadable-schema", "decode") from None
        made = _Reader(getattr(model, "kind", ""), model, reader_of(json.loads(text), ours))
        self._readers[schema_id] = made
        return made


def writer_of(schema: dict[str, Any]) -> Write:
    """Writes by one schema; compiled where it can be, else fastavro's."""
    compiled = compiled_writer(parse_node(schema))
    if compiled:
        return compiled
    parsed = parse_schema(schema)

    def write(head: bytes, fields: dict[str, Any]) -> bytes:
        out = BytesIO()
        out.write(head)
        schemaless_writer(out, parsed, fields)
        return out.getvalue()

    return write


def reader_of(writer: dict[str, Any], ours: dict[str, Any]) -> Read:
    """Reads what `writer` wrote as our schema has it: compiled when they are the same, else resolved by fastavro."""
    same = canonical(parse_node(writer)) == canonical(parse_node(ours))
    compiled = compiled_reader(parse_node(ours)) if same else None
    if compiled:
        return compiled
    written, wanted = parse_schema(writer), parse_schema(ours)

    def read(value: bytes, start: int) -> tuple[dict[str, Any], int]:
        body = BytesIO(value)
        body.seek(start)
        fields: dict[str, Any] = schemaless_reader(body, written, None if same else wanted)
        return fields, body.tell()

    return read


def is_bounded(schema: AvroType, above: tuple[int, ...] = ()) -> bool:
    """May foreign bytes be read by this schema? No for a recursive one (fastavro dies of depth) and for arrays of nothing
    (five bytes would become millions of items)."""
    if id(schema) in above:
        return False
    inside = (*above, id(schema))
    below = [*schema.branches, *([schema.of] if schema.of else []), *(f.type for f in schema.fields)]
    if not all(is_bounded(each, inside) for each in below):
        return False
    return not (schema.kind == "array" and schema.of is not None and _takes_nothing(schema.of))


def _takes_nothing(schema: AvroType) -> bool:
    """Does a value of this type take no byte at all? Not for recursive types."""
    if schema.kind == "record":
        return all(_takes_nothing(f.type) for f in schema.fields)
    return schema.kind == "null" or (schema.kind == "fixed" and schema.size == 0)


def _checked(writer: _Writer, model: Model) -> bytes:
    """The value by way of pydantic, which decides what may be written."""
    fields = _plain(model)
    try:
        type(model).__pydantic_validator__.validate_python(fields)
        return writer.write(writer.head, fields)
    except Exception:
        # A writer raises whatever Python does; none of it may show a value.
        raise Reject("not-encodable", "encode") from None


def _plain(model: Model) -> dict[str, Any]:
    """A model's fields for validation and writing; a clear person block never gets further than this."""
    if isinstance(getattr(model, "person", None), PersonBlock):
        raise Reject("clear-person-block", "encode")
    return model.model_dump(warnings=False)  # a warning would show the value
