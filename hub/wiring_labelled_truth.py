"""Reads the truth of `hub identity evaluate`: which records are one person, and which nobody can decide from what they say.

Columns: `left_id` and `right_id`, of two files a record of the first and one of the second. `label` (may be missing: then each
row is a match): `match`, `no_match` or `possible_match`, in any of the spellings of `_LABELS`. A pair that is no match needs no
row; one may stand there with an empty id, for a record that is like nobody. `kind`: words for what is special about the right
record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hub.identity.evaluation.cases import Label
from hub.identity.evaluation.labelled import Labelled, Unanswerable
from hub.wiring_labelled_rows import cells_of

__all__ = ["Truth", "read_truth"]

_NO_LETTER = re.compile(r"[^a-z0-9]+")
_LABELS: Mapping[str, Label] = {
    "": "match", "match": "match", "matched": "match", "true": "match", "yes": "match", "same": "match", "certain": "match",
    "certainmatch": "match", "1": "match",
    "nomatch": "no-match", "nonmatch": "no-match", "notmatch": "no-match", "false": "no-match", "no": "no-match",
    "different": "no-match", "certainlynot": "no-match", "certainlynotmatch": "no-match", "0": "no-match",
    "possible": "possible", "possiblematch": "possible", "review": "possible", "maybe": "possible",
}  # fmt: skip


class Truth(NamedTuple):
    """Pairs of keys as told, not closed; `kinds` by the key of the right record."""

    same: list[tuple[str, str]]
    possible: list[tuple[str, str]]
    kinds: dict[str, str]


def read_truth(path: Path, records: Sequence[Labelled], files: Sequence[Path]) -> Truth:
    """The truth about these records of one or two files. Of two a row may name the second's record first, where that leaves no
    doubt. Raises `Unanswerable` where a row names a record that is not there, or has another label."""
    known = [{record.record_id: record.key for record in records if record.side == side} for side in range(len(files))]
    truth = Truth([], [], {})
    for number, cells in cells_of(path, required=("left_id", "right_id"), known=()):
        where = f"{path.name} row {number}"
        label = _LABELS.get(_NO_LETTER.sub("", cells.get("label", "").lower()))
        if label is None:
            raise Unanswerable(f"{where}: label is none of match, no_match and possible_match")
        left, right = _keys(cells, known, files, where, may_lack=label == "no-match")
        if right and cells.get("kind"):
            truth.kinds[right] = cells["kind"]
        if label != "no-match":
            (truth.same if label == "match" else truth.possible).append((left, right))
    return truth


def _keys(
    cells: Mapping[str, str], known: Sequence[Mapping[str, str]], files: Sequence[Path], where: str, *, may_lack: bool
) -> tuple[str, str]:
    """The keys of both records; empty for an id that is empty where it may be."""
    left, right = known[0], known[-1]
    one, other = cells["left_id"], cells["right_id"]
    if not (_named(one, left) and _named(other, right)) and _named(one, right) and _named(other, left):
        one, other = other, one
    keys = []
    for column, told, ids, file in (("left_id", one, left, files[0]), ("right_id", other, right, files[-1])):
        key = _named(told, ids)
        if key is None and not (may_lack and not told):
            raise Unanswerable(f"{where}: {column} names no record of {file.name}")
        keys.append(key or "")
    return keys[0], keys[1]


def _named(told: str, ids: Mapping[str, str]) -> str | None:
    """The key of this id; `12.0`, as a table program writes the number 12 in a column with gaps, names 12."""
    return ids.get(told) or (ids.get(told[:-2]) if told.endswith(".0") else None)
