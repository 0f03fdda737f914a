"""`hub.identity.store.LinkStore` in memory, as plainly as can be: what a real one must equal (test_store)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.decisions import HumanDecision
from hub.identity.linker import SourcePerson
from hub.identity.store import Dropped, Pair, StoredEdge, Use


class MemoryStore:
    """Gives out copies, as a database does."""

    def __init__(self) -> None:
        self.all_rows: dict[str, SourcePerson] = {}
        self.all_comparables: dict[str, Comparable] = {}
        self.all_members: set[tuple[str, str]] = set()  # block, source person
        self.all_uses: set[Use] = set()
        self.all_shared: set[str] = set()
        self.all_edges: dict[Pair, StoredEdge] = {}
        self.log: dict[int, HumanDecision] = {}
        self.created: list[str] = []
        self.merged: dict[str, str] = {}
        self.version: str | None = None
        self.number: str | None = None

    def rows(self, source_persons: Set[str]) -> dict[str, SourcePerson]:
        return {token: replace(self.all_rows[token]) for token in source_persons & self.all_rows.keys()}

    def comparables(self, source_persons: Set[str]) -> dict[str, Comparable]:
        return {token: self.all_comparables[token] for token in source_persons & self.all_comparables.keys()}

    def put_rows(self, rows: Iterable[SourcePerson], comparables: Mapping[str, Comparable]) -> None:
        self.all_rows.update((row.token, replace(row)) for row in rows)
        self.all_comparables.update(comparables)

    def tokens_after(self, source_person: str, most: int) -> list[str]:
        return sorted(token for token in self.all_rows if token > source_person)[:most]

    def people(self, person_keys: Set[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row in self.all_rows.values():
            if row.person_key in person_keys:
                found.setdefault(row.person_key, set()).add(row.token)
        return found

    def ages(self, person_keys: Set[str]) -> dict[str, int]:
        return {key: age for age, key in enumerate(self.created) if key in person_keys}

    def put_persons(self, created: Sequence[str], merged: Mapping[str, str]) -> None:
        self.created.extend(created)
        self.merged.update(merged)

    def members(self, blocks: Set[str], most: int) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for block, token in self.all_members:
            if block in blocks and len(found.setdefault(block, set())) < most:
                found[block].add(token)
        return found

    def change_members(self, removed: Mapping[str, Set[str]], added: Mapping[str, Set[str]]) -> None:
        self.all_members.difference_update((block, token) for block, gone in removed.items() for token in gone)
        self.all_members.update((block, token) for block, new in added.items() for token in new)

    def people_of(self, values: Set[str], most: int) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for value, person, _ in self.all_uses:
            if value in values and len(found.setdefault(value, set())) < most:
                found[value].add(person)
        return found

    def users(self, values: Set[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for value, _, token in self.all_uses:
            if value in values:
                found.setdefault(value, set()).add(token)
        return found

    def change_users(self, removed: Iterable[Use], added: Iterable[Use]) -> None:
        self.all_uses.difference_update(removed)
        self.all_uses.update(added)

    def shared(self) -> set[str]:
        return set(self.all_shared)

    def change_shared(self, removed: Set[str], added: Set[str]) -> None:
        self.all_shared = (self.all_shared - removed) | added

    def edges(self, source_persons: Set[str]) -> list[StoredEdge]:
        return [edge for pair, edge in self.all_edges.items() if not source_persons.isdisjoint(pair)]

    def change_edges(self, removed: Iterable[Pair], added: Iterable[StoredEdge]) -> None:
        for pair in removed:
            self.all_edges.pop(pair, None)
        self.all_edges.update(((edge.left, edge.right), edge) for edge in added)

    def decisions(self, source_persons: Set[str]) -> list[HumanDecision]:
        return [said for said in self.log.values() if not source_persons.isdisjoint((said.left, said.right))]

    def put_decisions(self, decisions: Iterable[HumanDecision]) -> None:
        for said in decisions:
            self.log.setdefault(said.number, said)

    def model(self) -> str | None:
        return self.version

    def put_model(self, version: str) -> None:
        self.version = version

    def normal(self) -> str | None:
        return self.number

    def put_normal(self, number: str) -> None:
        self.number = number

    def drop(self, source_persons: Set[str]) -> Dropped:
        rows = {token: self.all_rows.pop(token) for token in source_persons & self.all_rows.keys()}
        blocks: dict[str, set[str]] = {}
        for block, token in self.all_members:
            if token in source_persons:
                blocks.setdefault(block, set()).add(token)
        uses = {use for use in self.all_uses if use.source_person in source_persons}
        pairs = [pair for pair in self.all_edges if not source_persons.isdisjoint(pair)]
        said = self.decisions(source_persons)
        near = {each for pair in pairs for each in pair} | {each for one in said for each in (one.left, one.right)}
        counts = {"source_person": len(rows), "edge": len(pairs)}
        self.all_comparables = {k: one for k, one in self.all_comparables.items() if k not in source_persons}
        self.all_members = {each for each in self.all_members if each[1] not in source_persons}
        self.all_uses -= uses
        self.change_edges(pairs, ())
        self.log = {number: one for number, one in self.log.items() if one not in said}
        return Dropped(rows, near - source_persons, blocks, {use.value for use in uses}, counts)

    def clear_links(self) -> None:
        self.all_members, self.all_uses, self.all_shared, self.all_edges = set(), set(), set(), {}
