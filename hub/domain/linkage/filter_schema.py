"""Linkage schemas: which fields go into a filter, and how. Shipped and versioned (tables/linkage_schemas): a change is a new name,
as filters of two schemas say nothing about each other.

`clkhash` of a document is a linkage schema of clkhash, version 3, and can be used with its own tools. The filters of single fields
are made of the same features, one at a time, in filters of `evidence.bits` and under other keys (HKDF `info`).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hub.domain.linkage.hashed import Bounds, Rules
from hub.domain.tables import document
from hub.errors import ConfigError

__all__ = ["SINGLE", "Evidence", "LinkageSchema", "linkage_schema", "schema_names"]

SINGLE: Mapping[str, str] = {"given_name": "name", "family_name": "name", "birth_date": "birth date"}
"""Fields of which a sender may add small filters, with what their keys are derived for: one key for both names, so that names that
stand in each other's place are found."""
_SHIPPED = ("name-birth-1", "name-birth-place-1")
_CLOSED = ConfigDict(frozen=True, extra="forbid")


class _Bounds(BaseModel):
    model_config = _CLOSED

    agree: float = Field(gt=0, le=1)
    apart: float = Field(ge=0, lt=1)


class Evidence(BaseModel):
    """The small filters of single fields: how long they are, how many bits a value sets, and from where on a field agrees or is
    another."""

    model_config = _CLOSED

    bits: int = Field(gt=0)
    bits_per_feature: int = Field(gt=0)
    name: _Bounds
    birth_date: _Bounds


class LinkageSchema(BaseModel):
    """`clkhash`: the document of clkhash that makes the filter of a whole record."""

    model_config = _CLOSED

    name: str
    about: str
    dice: float = Field(gt=0, le=1)
    margin: float = Field(ge=0, lt=1)
    evidence: Evidence
    clkhash: dict[str, Any]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a record, in the order in which clkhash wants them."""
        return tuple(feature["identifier"] for feature in self.clkhash["features"])

    @property
    def bits(self) -> int:
        return int(self.clkhash["clkConfig"]["l"])

    def most_bits(self, fields: Iterable[str]) -> int:
        """The bits that a filter of these fields can have at most."""
        told = set(fields)
        return sum(
            int(each["hashing"]["strategy"]["bitsPerFeature"])
            for each in self.clkhash["features"]
            if each["identifier"] in told
        )

    @property
    def rules(self) -> Rules:
        name, born = self.evidence.name, self.evidence.birth_date
        return Rules(self.dice, self.margin, Bounds(name.agree, name.apart), Bounds(born.agree, born.apart))

    def alone(self, field: str) -> dict[str, Any]:
        """The document of clkhash for the small filter of one field, which is one of SINGLE."""
        config: dict[str, Any] = self.clkhash["clkConfig"]
        info = b64decode(config["kdf"]["info"]) + b" " + SINGLE[field].encode()
        feature = next(each for each in self.clkhash["features"] if each["identifier"] == field)
        strategy = {"bitsPerFeature": self.evidence.bits_per_feature}
        return {
            **self.clkhash,
            "clkConfig": {
                **config, "l": self.evidence.bits, "kdf": {**config["kdf"], "info": b64encode(info).decode()},
            },
            "features": [{**feature, "hashing": {**feature["hashing"], "strategy": strategy}}],
        }  # fmt: skip


def schema_names() -> tuple[str, ...]:
    """The shipped schemas."""
    return tuple(_shipped())


def linkage_schema(name: str) -> LinkageSchema:
    """A shipped schema; ConfigError where there is none of this name."""
    found = _shipped().get(name)
    if found is None:
        raise ConfigError(f"there is no linkage schema of this name; there are {', '.join(schema_names())}")
    return found


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, LinkageSchema]:
    documents = (json.loads(document(f"linkage_schemas/{name}.json")) for name in _SHIPPED)
    return {schema.name: schema for schema in map(LinkageSchema.model_validate, documents)}
