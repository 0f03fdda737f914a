"""The file that a sector sends: no identifier, but filters of them. JSON, one object a line, so that people can read what leaves.

The first line says how the filters were made: `format`, `schema`, `key_id` (the version of the secret, by name) and `key_check`
(by which the hub sees whether two senders mean the same secret, without knowing it), `evidence` (whether filters of single fields
are in it), `records` (how many there are). Then a line a person: `id`, `clk` (base64), `filled` (the names of its fields), and
`fields` (base64 each).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.domain.linkage.encoding import HashKey
from hub.domain.linkage.filter_schema import SINGLE, LinkageSchema, linkage_schema
from hub.domain.linkage.filters import KEY_ID
from hub.domain.linkage.hashed import HashedRecord
from hub.errors import ConfigError, HubError
from hub.privacy.private_file import private_file

__all__ = ["KEY_ID", "HashKey", "HashedFile", "UnreadableFilters", "read_filters", "write_filters"]

_FORMAT = "hub-clk-1"
_CLOSED = ConfigDict(frozen=True, extra="forbid", strict=True)


class UnreadableFilters(HubError):
    """A file of filters that is none: the text names file and line, and no value."""


@dataclass(frozen=True, slots=True)
class HashedFile:
    """The people of one sender, by id."""

    schema: LinkageSchema
    key_id: str
    key_check: str
    evidence: bool
    records: Mapping[str, HashedRecord] = field(repr=False)


class _Head(BaseModel):
    model_config = _CLOSED

    format: Literal["hub-clk-1"]
    schema_name: str = Field(alias="schema")
    key_id: str = Field(pattern=rf"^{KEY_ID.pattern}$")
    key_check: str = Field(pattern=r"^[0-9a-f]{16}$")
    evidence: bool
    records: int = Field(ge=0)


class _Line(BaseModel):
    model_config = _CLOSED

    id: Annotated[str, Field(min_length=1, max_length=200)]
    clk: str
    filled: list[str]
    fields: dict[str, str] = {}


def write_filters(path: Path, told: HashedFile) -> None:
    """Open to its owner alone, whole or not at all. People stand in the order of their filters: the sender's may be by name."""
    with private_file(path) as stream:
        for line in _lines(told):
            stream.write(json.dumps(line) + "\n")


def read_filters(path: Path) -> HashedFile:
    """Raises UnreadableFilters where the file cannot be read, is none of ours, is cut, or holds a person twice."""
    try:
        with path.open("rb") as stream:
            head = _Head.model_validate_json(stream.readline())
            schema = linkage_schema(head.schema_name)
            records: dict[str, HashedRecord] = {}
            for number, text in enumerate(stream, start=2):
                record = _record(text, head, schema, f"{path.name} line {number}")
                if record.record_id in records:
                    raise UnreadableFilters(f"{path.name} line {number}: an id of an earlier line again")
                records[record.record_id] = record
        if len(records) != head.records:
            raise UnreadableFilters(f"{path.name}: {len(records)} records, and its first line says {head.records}")
    except OSError as why:
        raise UnreadableFilters(f"{path.name}: {why.strerror}") from None
    except ConfigError as why:
        raise UnreadableFilters(f"{path.name} line 1: {why}") from None
    except ValidationError:
        raise UnreadableFilters(
            f"{path.name} line 1: not the head of a file of filters (`hub identity hash` writes them)"
        ) from None
    return HashedFile(schema, head.key_id, head.key_check, head.evidence, records)


def _lines(told: HashedFile) -> Iterator[dict[str, object]]:
    yield {
        "format": _FORMAT,
        "schema": told.schema.name,
        "key_id": told.key_id,
        "key_check": told.key_check,
        "evidence": told.evidence,
        "records": len(told.records),
    }
    for record in sorted(told.records.values(), key=lambda each: (each.clk, each.record_id)):
        line: dict[str, object] = {
            "id": record.record_id,
            "clk": _base64(record.clk, told.schema.bits),
            "filled": [name for name in told.schema.fields if name in record.filled],
        }
        if told.evidence:
            small = told.schema.evidence.bits
            line["fields"] = {name: _base64(bits, small) for name, bits in sorted(record.fields.items())}
        yield line


def _record(text: bytes, head: _Head, schema: LinkageSchema, where: str) -> HashedRecord:
    try:
        line = _Line.model_validate_json(text)
        fields = {name: _bits(bits, schema.evidence.bits) for name, bits in line.fields.items()}
        clk = _bits(line.clk, schema.bits)
    except ValueError:
        raise UnreadableFilters(f"{where}: not a record of {schema.name}") from None
    known = set(line.filled) <= set(schema.fields) and fields.keys() <= SINGLE.keys() & set(line.filled)
    if not known or (fields and not head.evidence):
        raise UnreadableFilters(
            f"{where}: fields that {schema.name} does not have, or that the first line does not announce"
        )
    return HashedRecord(line.id, clk, frozenset(line.filled), fields)


def _base64(bits: int, size: int) -> str:
    return b64encode(bits.to_bytes(size // 8, "big")).decode()


def _bits(text: str, size: int) -> int:
    raw = b64decode(text, validate=True)
    if len(raw) * 8 != size:
        raise ValueError("a filter of another length")
    return int.from_bytes(raw, "big")
