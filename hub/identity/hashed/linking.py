"""Links the files of two senders, where they were made alike."""

from __future__ import annotations

from hub.domain.linkage.hashed import HashedLink, hashed_links
from hub.errors import HubError
from hub.identity.hashed.file import HashedFile
from hub.identity.hashed.library import alike_pairs

__all__ = ["Incomparable", "links"]

_MOST = 10
"""Pairs looked at for a record: the most alike. A rival behind ten better ones is nobody's."""


class Incomparable(HubError):
    """Two files whose filters say nothing about each other: the text says why."""


def links(left: HashedFile, right: HashedFile) -> tuple[HashedLink, ...]:
    """The links between two senders (hub.domain.linkage.hashed.hashed_links).

    Raises Incomparable where they were made by two schemas, or under two versions of the secret or two secrets of one name; and
    ConfigError where `make setup-hashed` has not run. Every record is compared with every other: 25 million pairs take seconds.
    """
    if left.schema.name != right.schema.name:
        raise Incomparable(f"the files were made by two schemas: {left.schema.name} and {right.schema.name}")
    if left.key_id != right.key_id:
        raise Incomparable(
            f"the files were made under two versions of the secret, {left.key_id} and {right.key_id}: one sender hashes again"
        )
    if left.key_check != right.key_check:
        raise Incomparable(f"both files name the secret {left.key_id}, and mean two: one sender has another file")
    schema, size = left.schema, left.schema.bits // 8
    ours, theirs = list(left.records), list(right.records)
    alike = alike_pairs(
        [record.clk.to_bytes(size, "big") for record in left.records.values()],
        [record.clk.to_bytes(size, "big") for record in right.records.values()],
        dice=schema.dice,
        most=_MOST,
    )
    return hashed_links(
        left.records, right.records, ((ours[one], theirs[other], much) for one, other, much in alike), schema.rules
    )
