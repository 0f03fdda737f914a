"""Filters of records, as the sender makes them: values are normalised by the hub's own rules, so that both senders do alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.encoding import Encoder, HashKey, values
from hub.domain.linkage.filter_schema import SINGLE, LinkageSchema
from hub.domain.linkage.filters import text_of_filters
from hub.domain.linkage.hashed import HashedRecord
from hub.identity.hashed.file import HashedFile
from hub.identity.hashed.library import filters_of

__all__ = ["cells", "hashed", "values"]


def hashed(records: Mapping[str, Comparable], schema: LinkageSchema, key: HashKey, *, evidence: bool) -> HashedFile:
    """The file for these records, by their ids. With `evidence` it has small filters of single fields too: of those filled, except
    a birth date of which only the year is believed. Who has no filled field at all is left out.

    Raises ConfigError where `make setup-hashed` has not run.
    """
    told = {record_id: values(record) for record_id, record in records.items()}
    told = {record_id: each for record_id, each in told.items() if any(each[name] for name in schema.fields)}
    single = [name for name in schema.fields if name in SINGLE] if evidence else []
    asked = [(schema.clkhash, [[each[name] for name in schema.fields] for each in told.values()])]
    asked += [(schema.alone(name), [[each[name]] for each in told.values()]) for name in single]
    whole, *small = filters_of(asked, key.secret)
    found = {}
    for place, (record_id, each) in enumerate(told.items()):
        weak = {"birth_date"} if records[record_id].birth_weak else set()
        filled = [name for name in schema.fields if each[name]]
        fields = {
            name: _bits(bits[place])
            for name, bits in zip(single, small, strict=True)
            if name in filled and name not in weak
        }
        found[record_id] = HashedRecord(record_id, _bits(whole[place]), frozenset(filled), fields)
    return HashedFile(schema, key.key_id, key.check(schema.name), evidence, found)


def cells(records: Mapping[str, Comparable], schema: LinkageSchema, key: HashKey, *, evidence: bool) -> dict[str, str]:
    """By id what `hashed` would send of these records, each as one text for a cell of a table (hub.domain.linkage.filters)."""
    encoder = Encoder(schema, key)
    found = ((record_id, encoder(record)) for record_id, record in records.items())
    return {
        record_id: text_of_filters(made if evidence else replace(made, fields={}))
        for record_id, made in found
        if made is not None
    }


def _bits(raw: bytes) -> int:
    return int.from_bytes(raw, "big")
