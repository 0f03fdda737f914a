"""The filters that a sector sends of one of its people in place of names and birth date, as one text that stands in a cell of a
table: `hub-clk-1:SCHEMA:KEY_ID:KEY_CHECK:FILLED:CLK:GIVEN:FAMILY:BORN`.

SCHEMA is a linkage schema, KEY_ID the name of the version of the secret, KEY_CHECK what tells whether two mean the same secret.
FILLED has a letter for each field that is not empty. Then come the filter of the whole record and the small ones of single fields,
in base64, `-` where there is none. No part of it can be turned back without the secret; with it, every part can by guessing.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from hub.domain.linkage.filter_schema import SINGLE, LinkageSchema, linkage_schema
from hub.errors import ConfigError

__all__ = ["KEY_ID", "Filters", "filters_of", "text_of_filters"]

KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""What a version of a secret may be called."""
_KEY_CHECK = re.compile(r"[0-9a-f]{16}")
_FORMAT = "hub-clk-1"
_LETTERS = {"given_name": "g", "family_name": "f", "birth_date": "b", "city": "c", "postal_code": "p"}
_NONE = "-"
_PARTS = 6 + len(SINGLE)
_MOST_TEXT = 2_000
"""Characters: the longest of the shipped schemas has 340."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of one person. `made_by`: schema, version and check of the secret; only filters of one of these are compared.
    `filled`: the fields that went in; `fields`: small filters of single ones. Printed, it shows no filter."""

    made_by: str
    schema: LinkageSchema = field(repr=False)
    key_id: str
    key_check: str
    filled: frozenset[str] = field(repr=False)
    clk: int = field(repr=False)
    fields: Mapping[str, int] = field(repr=False)


def text_of_filters(found: Filters) -> str:
    """As it is sent."""
    schema, small = found.schema, found.schema.evidence.bits
    filled = "".join(_LETTERS[name] for name in schema.fields if name in found.filled)
    single = (_written(found.fields[name], small) if name in found.fields else _NONE for name in SINGLE)
    return ":".join((_FORMAT, found.made_by, filled, _written(found.clk, schema.bits), *single))


@lru_cache(maxsize=65_536)
def filters_of(text: str) -> Filters:
    """What such a text says. ValueError, which shows nothing of it, for what is none: another format or schema, filters of another
    length, without a bit or with more bits than their fields can set, and clear text in place of a filter, which has no byte of 128
    or more."""
    parts = text.split(":") if len(text) <= _MOST_TEXT else []
    if len(parts) != _PARTS or parts[0] != _FORMAT:
        raise ValueError("no text of filters")
    _, name, key_id, key_check, letters, clk, *single = parts
    try:
        schema = linkage_schema(name)
    except ConfigError:
        raise ValueError("another schema") from None
    if not KEY_ID.fullmatch(key_id) or not _KEY_CHECK.fullmatch(key_check):
        raise ValueError("no version of a secret")
    filled = tuple(each for each in schema.fields if _LETTERS[each] in letters)
    if not filled or "".join(_LETTERS[each] for each in filled) != letters:
        raise ValueError("no fields of the schema")
    evidence = schema.evidence
    fields = {
        each: _read(bits, evidence.bits, evidence.bits_per_feature)
        for each, bits in zip(SINGLE, single, strict=True)
        if bits != _NONE
    }
    if not fields.keys() <= set(filled):
        raise ValueError("a filter of an empty field")
    whole = _read(clk, schema.bits, schema.most_bits(filled))
    if not any(byte & 0x80 for byte in whole.to_bytes(schema.bits // 8, "big")):
        raise ValueError("no filter")
    return Filters(f"{name}:{key_id}:{key_check}", schema, key_id, key_check, frozenset(filled), whole, fields)


def _written(bits: int, size: int) -> str:
    return b64encode(bits.to_bytes(size // 8, "big")).decode()


def _read(text: str, size: int, most: int) -> int:
    raw = b64decode(text, validate=True)
    bits = int.from_bytes(raw, "big")
    if len(raw) * 8 != size or not 0 < bits.bit_count() <= most:
        raise ValueError("no filter of the schema")
    return bits
