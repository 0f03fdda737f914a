"""Filters of who is known in the clear, made inside the linkage zone, so that they can be compared with those that a sector sends.

Bit for bit what clkhash 0.18 makes of the shipped schemas (tests/identity/hashed/test_encoding.py): HKDF-SHA256 (RFC 5869) gives
each field two keys, of which BLAKE takes the first; a letter pair sets as many bits as its share of the field's, each of them 16
bits (little-endian) of keyed BLAKE2b over the pair, by hashes salted with 0, 1, … of 32 such numbers each.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from struct import unpack
from typing import Any

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.filter_schema import SINGLE, LinkageSchema
from hub.domain.linkage.filters import Filters, text_of_filters

__all__ = ["NO_LANE", "Encoder", "HashKey", "Lane", "values"]

_KEYS_OF_A_FIELD = 2
_SHA256 = 32
_A_HASH = 32
"""Numbers that one BLAKE2b hash gives."""


@dataclass(frozen=True, slots=True)
class HashKey:
    """A secret that senders share, under the name that tells its version."""

    key_id: str
    secret: bytes = field(repr=False)

    def check(self, schema: str) -> str:
        """The same for the same secret, name and schema: 64 bits of an HMAC, of which nobody learns a secret of 32 random bytes."""
        return hmac.digest(self.secret, f"hub key check {schema} {self.key_id}".encode(), "sha256")[:8].hex()


def values(record: Comparable) -> dict[str, str]:
    """The text of each field that a schema may name, empty where there is none. Of a weak birth date only the year."""
    born = record.birth_date
    return {
        "given_name": " ".join(record.given),
        "family_name": " ".join(record.family),
        "birth_date": "" if born is None else f"{born:%Y}" if record.birth_weak else f"{born:%Y%m%d}",
        "city": record.city or "",
        "postal_code": record.postal_code or "",
    }


class Encoder:
    """Makes filters by one schema under one version of the secret."""

    def __init__(self, schema: LinkageSchema, key: HashKey) -> None:
        self._schema, self._key_id, self._key_check = schema, key.key_id, key.check(schema.name)
        self.made_by = f"{schema.name}:{key.key_id}:{self._key_check}"
        self._whole = tuple(zip(schema.fields, _marks(schema.clkhash, key.secret), strict=True))
        single = [name for name in schema.fields if name in SINGLE]
        self._single = tuple((name, _marks(schema.alone(name), key.secret)[0]) for name in single)

    def __call__(self, one: Comparable) -> Filters | None:
        """The filters of a comparable, as a sender of the same would make them with small ones; None where no field is filled."""
        told = values(one)
        filled = frozenset(name for name in self._schema.fields if told[name])
        if not filled:
            return None
        clk = 0
        for name, mark in self._whole:
            clk |= mark(told[name])
        fields = {
            name: mark(told[name])
            for name, mark in self._single
            if name in filled and not (name == "birth_date" and one.birth_weak)
        }
        return Filters(self.made_by, self._schema, self._key_id, self._key_check, filled, clk, fields)


class Lane:
    """What a linkage zone does with those it knows in the clear: it adds their filters, by each of these encoders, where they are
    compared. Without encoders nothing: filters that were sent are then compared with one another alone."""

    def __init__(self, encoders: Iterable[Encoder] = ()) -> None:
        self._encoders = tuple(sorted(encoders, key=lambda each: each.made_by))

    @property
    def made_by(self) -> tuple[str, ...]:
        """By what, for whoever must know whether it changed."""
        return tuple(each.made_by for each in self._encoders)

    def __call__(self, one: Comparable) -> Comparable:
        """The same with these filters and no others. Who came as filters stays as it is."""
        if one.hashed is not None or not (self._encoders or one.encoded):
            return one
        found = (encoder(one) for encoder in self._encoders)
        return replace(one, encoded=tuple(text_of_filters(each) for each in found if each is not None))


NO_LANE = Lane()
"""Of an installation that keeps no secret of this kind."""


def _marks(document: Mapping[str, Any], secret: bytes) -> list[Callable[[str], int]]:
    """For each field of a clkhash document what gives the bits of a value of it."""
    config, features = document["clkConfig"], document["features"]
    size = int(config["kdf"]["keySize"])
    made = _derived(secret, b64decode(config["kdf"]["info"]), size * _KEYS_OF_A_FIELD * len(features))
    return [
        _mark(feature["hashing"], made[place * size :][:size], int(config["l"]))
        for place, feature in zip(range(0, _KEYS_OF_A_FIELD * len(features), _KEYS_OF_A_FIELD), features, strict=True)
    ]


def _mark(hashing: Mapping[str, Any], key: bytes, size: int) -> Callable[[str], int]:
    pairs_of = _numbered if hashing["comparison"].get("positional") else _plain
    most = int(hashing["strategy"]["bitsPerFeature"])

    @lru_cache(maxsize=8_192)
    def numbers(pair: str, hashes: int) -> tuple[int, ...]:
        raw = b"".join(blake2b(pair.encode(), key=key, salt=str(each).encode()).digest() for each in range(hashes))
        return unpack(f"<{_A_HASH * hashes}H", raw)

    @lru_cache(maxsize=16_384)
    def bits(pair: str, count: int) -> int:
        found = 0
        for number in numbers(pair, -(-count // _A_HASH))[:count]:
            found |= 1 << (size - 1 - number % size)
        return found

    def mark(value: str) -> int:
        if not value:
            return 0
        pairs = pairs_of(f" {value} ")
        share, more = divmod(most, len(pairs))
        found = 0
        for place, pair in enumerate(pairs):
            found |= bits(pair, share + (place < more))
        return found

    return mark


def _plain(text: str) -> list[str]:
    return [text[place : place + 2] for place in range(len(text) - 1)]


def _numbered(text: str) -> list[str]:
    return [f"{place + 1} {text[place : place + 2]}" for place in range(len(text) - 1)]


def _derived(secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 without a salt (RFC 5869)."""
    key = hmac.digest(bytes(_SHA256), secret, "sha256")
    found = block = b""
    for number in range(1, -(-length // _SHA256) + 1):
        block = hmac.digest(key, block + info + bytes([number]), "sha256")
        found += block
    return found[:length]
