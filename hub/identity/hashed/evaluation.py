"""How well the hashed lane links records whose truth is known: what is alike, and what of it merges without a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.filter_schema import LinkageSchema
from hub.domain.linkage.hashed import HashedLink
from hub.identity.evaluation.labelled import LabelledSet, Pair
from hub.identity.evaluation.quality import Quality, quality
from hub.identity.hashed.file import HashKey
from hub.identity.hashed.linking import links
from hub.identity.hashed.making import hashed

__all__ = ["HashedEvaluation", "evaluated"]


@dataclass(frozen=True, slots=True)
class HashedEvaluation:
    """`linked`: all links, one to one, at the schema's Dice coefficient; `merged`: those of them that need no person."""

    schema: str
    records: int
    links: tuple[HashedLink, ...]
    linked: Quality
    merged: Quality
    waiting: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """Precision, recall and F1 of `linked`; those of `merged` under that name; `waiting`: pairs for review by reason."""
        return {
            **self.linked.as_json(),
            "merged": self.merged.as_json(),
            "review_pairs": sum(self.waiting.values()),
            "waiting": dict(sorted(self.waiting.items())),
            "schema": self.schema,
            "records": self.records,
        }


def evaluated(labelled: LabelledSet, schema: LinkageSchema, key: HashKey, *, evidence: bool) -> HashedEvaluation:
    """The records of two files, hashed under this key and linked by their filters alone; a `second` is no link.

    Raises ConfigError where `make setup-hashed` has not run.
    """
    sides = [
        {record.key: comparable(record.block) for record in labelled.records if record.side == side} for side in (0, 1)
    ]
    left, right = (hashed(side, schema, key, evidence=evidence) for side in sides)
    found = links(left, right)
    linked: set[Pair] = {(link.left, link.right) for link in found if link.reason != "second"}
    merged: set[Pair] = {(link.left, link.right) for link in found if link.grade == "match"}
    return HashedEvaluation(
        schema=schema.name,
        records=len(labelled.records),
        links=found,
        linked=quality(linked, labelled.truth),
        merged=quality(merged, labelled.truth),
        waiting=Counter(link.reason for link in found if link.grade == "review"),
    )
