"""From clusters to people with keys: which key each cluster keeps, who moved, and the decisions that say so. Pure.

The key of a person stays with the cluster that has most of its source persons (of equally many, the one with the smallest token).
A cluster that so inherits several keys keeps the oldest, and the others are merged into it; one that inherits none gets a new key.
Keys may depend on what came first, who is one person does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from hub.identity.linker import Decided, SourcePerson

__all__ = ["Move", "Named", "Why", "rename"]


class Move(NamedTuple):
    """These source persons go from the person `before` (None: they are new) to `after`. `stayed`: who was one person with them and
    is no more."""

    kind: Literal["create", "link", "merge", "split"]
    moved: tuple[str, ...]
    before: str | None
    after: str
    stayed: Set[str]


Why = Callable[[Move], tuple[tuple[str, ...], str]]
"""Evidence and actor of a move."""


@dataclass(slots=True)
class Named:
    """What changed: for the caller to store and to tell."""

    changed: set[str] = field(default_factory=set)
    created: list[str] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)
    touched: dict[str, set[str]] = field(default_factory=dict)
    decisions: list[Decided] = field(default_factory=list)


def rename(
    clusters: Iterable[frozenset[str]],
    rows: Mapping[str, SourcePerson],
    new: Set[str],
    ages: Mapping[str, int],
    mint: Callable[[], str],
    model: str,
    why: Why,
) -> Named:
    """Give every source person of these clusters its person key (in `rows`). `new`: those that had none. The clusters hold all
    source persons of every key that one of them had. `ages`: a smaller number was created earlier."""
    named = Named()
    before = {token: rows[token].person_key for cluster in clusters for token in cluster if token not in new}
    people: dict[str, set[str]] = {}
    for token, key in before.items():
        people.setdefault(key, set()).add(token)
    # a cluster that is a person as it was needs no name and no decision
    renamed = sorted((cluster for cluster in clusters if not _as_it_was(cluster, before, people)), key=min)
    inherited = _inherited(renamed, before)
    owner: dict[frozenset[str], str] = {}
    for cluster in renamed:
        keys = inherited.get(cluster)
        if keys:
            owner[cluster] = min(keys, key=ages.__getitem__)
            named.merged.update((key, owner[cluster]) for key in keys if key != owner[cluster])
        else:
            owner[cluster] = mint()
            named.created.append(owner[cluster])
    minted = set(named.created)
    for cluster in renamed:
        for move in _moves(cluster, owner[cluster], before, people, minted, named.merged):
            evidence, actor = why(move)
            person_key = move.before if move.kind == "split" and move.before is not None else move.after
            named.decisions.append(
                Decided(move.kind, person_key, evidence, move.moved, move.before, move.after, model, actor)
            )
            for token in move.moved:
                _give(rows[token], move, named)
    return named


def _as_it_was(cluster: frozenset[str], before: Mapping[str, str], people: Mapping[str, set[str]]) -> bool:
    key = before.get(next(iter(cluster)))
    return key is not None and people[key] == cluster


def _inherited(clusters: Iterable[frozenset[str]], before: Mapping[str, str]) -> dict[frozenset[str], list[str]]:
    claims: dict[str, list[tuple[int, str, frozenset[str]]]] = {}
    for cluster in clusters:
        parts: dict[str, list[str]] = {}
        for token in cluster:
            if token in before:
                parts.setdefault(before[token], []).append(token)
        for key, part in parts.items():
            claims.setdefault(key, []).append((-len(part), min(part), cluster))
    found: dict[frozenset[str], list[str]] = {}
    for key, claimed in claims.items():
        found.setdefault(min(claimed, key=lambda claim: claim[:2])[2], []).append(key)
    return found


def _moves(
    cluster: frozenset[str],
    owner: str,
    before: Mapping[str, str],
    people: Mapping[str, set[str]],
    minted: Set[str],
    merged: Mapping[str, str],
) -> list[Move]:
    groups: dict[str | None, list[str]] = {}
    for token in sorted(cluster):
        if before.get(token) != owner:
            groups.setdefault(before.get(token), []).append(token)
    fresh = groups.pop(None, [])
    moves: list[Move] = []
    if fresh and owner in minted and not groups:
        first = fresh.pop(0)
        moves.append(Move("create", (first,), None, owner, frozenset()))
    for key, moved in sorted((str(key), moved) for key, moved in groups.items()):
        kind: Literal["merge", "split"] = "merge" if merged.get(key) == owner else "split"
        stayed = people[key] - cluster if kind == "split" else frozenset()
        moves.append(Move(kind, tuple(moved), key, owner, stayed))
    moves.extend(Move("link", (token,), None, owner, frozenset()) for token in fresh)
    return moves


def _give(row: SourcePerson, move: Move, named: Named) -> None:
    if move.before is not None:
        row.link_revision += 1
        named.touched[row.token] = {move.before, move.after}
    row.person_key = move.after
    named.changed.add(row.token)
