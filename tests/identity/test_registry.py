from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import count, permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.domain.events import PersonBlock
from hub.domain.identity import NEVER, Record, Version
from hub.domain.linkage.clusters import clusters
from hub.domain.linkage.model import shipped_model
from hub.errors import RetryError
from hub.identity.database import Where
from hub.identity.linker import Sighting
from hub.identity.lookup import Lookup
from hub.identity.registry import mint_person_key
from hub.identity.schema import DECISION
from hub.privacy.vault import Vault
from tests.identity.conftest import Places
from tests.identity.registries import registry_of

ANA, BEA, ALONE = (
    PersonBlock(given_name="Ana", family_name="Zolaris", birth_date=date(1980, 2, 3), local_id=" mrn-7 "),
    PersonBlock(given_name="Bea", family_name="Zolaris", birth_date=date(1980, 2, 3), local_id="mrn-7"),
    PersonBlock(given_name="Baby", family_name="Zolaris", birth_date=date(1980, 2, 3)),
)


def at(day: int) -> Version:
    return (datetime(2021, 1, day, tzinfo=UTC), 0, "h", 1)


def sight(token: str, day: int | None = None, block: PersonBlock | None = None, source: str = "s") -> Sighting:
    version = NEVER if day is None else at(day)
    return Sighting(token, source, version, block.local_id if block else None, block)


class Bench:
    """A registry and everything it said."""

    def __init__(self, where: Where, directory: Path) -> None:
        self.where, self.directory = where, directory
        self.vault = Vault(directory / "keys.sqlite", b"k" * 32)
        numbers = count(1)
        self.registry = registry_of(where, self.vault, lambda: f"person{next(numbers)}")
        self.memberships: list[tuple[str, int, str, str]] = []
        self.grades: list[str] = []

    def see(self, *sightings: Sighting) -> dict[str, tuple[str, int]]:
        with self.registry.batch() as batch:
            found = batch.see(sightings)
        self.memberships += [(row.token, row.link_revision, row.person_key, told) for row, told in batch.memberships]
        self.grades += [decided.kind for _, decided in batch.decisions]
        return {token: (row.person_key, row.link_revision) for token, row in found.items()}

    def close(self) -> None:
        self.registry.close()
        self.vault.close()


@pytest.fixture
def bench(places: Places, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(places.of(tmp_path), tmp_path)
    yield bench
    bench.close()


def test_a_source_person_keeps_its_person_over_repeats_and_restarts(bench: Bench) -> None:
    first = bench.see(sight("a", 1, ANA))
    assert first == bench.see(sight("a", 1, ANA), sight("a")) == {"a": ("person1", 1)}
    bench.close()
    again = Bench(bench.where, bench.directory)
    assert again.see(sight("a", 1, ANA)) == first
    again.close()
    assert bench.grades == ["create"]


def test_equal_name_and_birth_date_are_linked_at_first_sight_without_a_move(bench: Bench) -> None:
    bench.see(sight("a", 1, ANA))
    assert bench.see(sight("b", 1, ANA))["b"] == ("person1", 1)
    assert (bench.grades, bench.memberships) == (["create", "link"], [])


def test_a_stay_before_its_client_gets_a_person_and_is_merged_when_the_client_comes(bench: Bench) -> None:
    bench.see(sight("lab", 1, ANA))
    bench.see(sight("stay"))
    found = bench.see(sight("stay", 1, ANA))
    assert found["stay"] == ("person1", 2)
    assert bench.memberships == [("stay", 2, "person1", "person1"), ("stay", 2, "person1", "person2")]
    assert bench.grades == ["create", "create", "merge"]


def test_the_oldest_person_survives_a_merge_whoever_moved(bench: Bench) -> None:
    bench.see(sight("stay"))
    bench.see(sight("lab", 1, ANA), sight("iis", 1, ANA))
    found = bench.see(sight("stay", 1, ANA))
    assert {person for person, _ in found.values()} == {"person1"}
    assert sorted(bench.memberships) == [
        ("iis", 2, "person1", "person1"),
        ("iis", 2, "person1", "person2"),
        ("lab", 2, "person1", "person1"),
        ("lab", 2, "person1", "person2"),
    ]


def test_a_changed_name_splits_off_and_both_people_are_told(bench: Bench) -> None:
    bench.see(sight("a", 1, ANA), sight("b", 1, ANA))
    assert bench.see(sight("b", 2, BEA))["b"] == ("person2", 2)
    assert bench.memberships == [("b", 2, "person2", "person1"), ("b", 2, "person2", "person2")]
    assert bench.grades[-1] == "split"


def test_a_changed_name_of_someone_alone_moves_nothing(bench: Bench) -> None:
    bench.see(sight("a", 1, ANA))
    assert bench.see(sight("a", 2, BEA))["a"] == ("person1", 1)
    assert bench.see(sight("b", 1, BEA))["b"] == ("person1", 1)
    assert bench.see(sight("c", 1, ANA))["c"] == ("person2", 1)


def test_there_and_back_again_gives_rising_revisions_and_no_key_is_used_twice(bench: Bench) -> None:
    bench.see(sight("a", 1, ANA), sight("b", 1, ANA))
    keys = [bench.see(sight("b", day, block))["b"] for day, block in [(2, BEA), (3, ANA), (4, BEA), (5, ANA)]]
    assert keys == [("person2", 2), ("person1", 3), ("person3", 4), ("person1", 5)]


def test_there_and_back_again_in_one_batch_moves_nobody(bench: Bench) -> None:
    found = bench.see(sight("a", 1, ANA), sight("b", 1, ANA), sight("b", 2, BEA), sight("b", 3, ANA))
    assert found["b"] == ("person1", 1)
    assert bench.memberships == []


def test_an_older_block_that_comes_late_moves_nobody(bench: Bench) -> None:
    bench.see(sight("a", 1, ANA), sight("b", 2, BEA))
    assert bench.see(sight("b", 1, ANA))["b"] == ("person2", 1)


STREAM = st.lists(
    st.tuples(st.sampled_from("abcde"), st.none() | st.integers(1, 5), st.sampled_from([None, ANA, BEA, ALONE])),
    max_size=20,
)


def _records(stream: Sequence[tuple[str, int | None, PersonBlock | None]]) -> list[Record]:
    return [(token, NEVER if day is None else at(day), block if day else None) for token, day, block in stream]


@pytest.mark.slow
def test_the_registry_ends_in_the_clusters_of_the_pure_function_for_every_order(places: Places) -> None:
    @settings(max_examples=places.examples(150, 30), deadline=None)
    @given(STREAM, st.integers(1, 7))
    def check(stream: list[tuple[str, int | None, PersonBlock | None]], batch_size: int) -> None:
        _ends_as_the_pure_function_says(places, stream, batch_size)

    check()


def _ends_as_the_pure_function_says(
    places: Places, stream: list[tuple[str, int | None, PersonBlock | None]], batch_size: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(places.emptied(Path(directory)), Path(directory))
        owners: dict[str, tuple[str, int]] = {}
        told: dict[str, dict[str, tuple[int, str]]] = {}  # what each person's row knows of its source persons
        for start in range(0, len(stream), batch_size):
            part = [
                sight(token, day, block if day else None) for token, day, block in stream[start : start + batch_size]
            ]
            before = len(bench.memberships)
            now = bench.see(*part)
            for token, (person, revision) in now.items():
                known = owners.get(token)
                assert known is None or (revision > known[1] if person != known[0] else revision >= known[1])
                owners[token] = (person, revision)
                if any(each.source_person == token for each in part):
                    told.setdefault(person, {})[token] = (revision, person)
            for token, revision, owner, to in bench.memberships[before:]:
                told.setdefault(to, {})[token] = max(told.get(to, {}).get(token, (0, "")), (revision, owner))
        assert bench.registry.clusters() == clusters(_records(stream), shipped_model()).people
        for person, known_rows in told.items():  # no row believes it still owns one that has moved away
            for token, (_, owner) in known_rows.items():
                assert (owner == person) == (owners[token][0] == person)
        bench.close()


@pytest.mark.slow
def test_the_same_records_in_every_order_end_in_the_same_people(places: Places, tmp_path: Path) -> None:
    stream = [("a", 1, ANA), ("b", 1, ANA), ("b", 2, BEA), ("c", None, None), ("c", 1, BEA)]
    ends = set()
    orders = list(permutations(stream))[:: places.examples(1, 11)]
    for number, order in enumerate(orders):
        (folder := tmp_path / str(number)).mkdir()
        bench = Bench(places.emptied(folder), folder)
        for one in order:
            bench.see(sight(*one))
        ends.add(frozenset(bench.registry.clusters()))
        bench.close()
    assert ends == {frozenset({frozenset("a"), frozenset("bc")})}


def test_links_and_outbox_stand_or_fall_together(bench: Bench) -> None:
    def crash() -> None:
        with bench.registry.batch() as batch:
            batch.see([sight("a", 1, ANA)])
            batch.put([("t", b"k", b"v", None, None)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    assert bench.registry.clusters() == set()
    assert bench.registry.outbox() == []


def test_the_outbox_gives_back_what_was_put_in_order_until_it_is_published(bench: Bench) -> None:
    records = [("t", b"k", b"v", None, [("ce_id", b"1")]), ("t", None, None, 3, None)]
    with bench.registry.batch() as batch:
        batch.put(records[:1])
        batch.put(records[1:])
    assert [row.record for row in bench.registry.outbox()] == records
    bench.registry.published(batch.rows[0].seq)
    assert [row.record for row in bench.registry.outbox()] == records[1:]
    bench.registry.published(batch.rows[1].seq)
    with bench.registry.batch() as later:
        later.put(records[:1])
    assert later.rows[0].seq > batch.rows[1].seq


def test_delivery_finds_a_subscribers_own_ids_also_by_a_key_that_was_merged_away(bench: Bench) -> None:
    bench.see(sight("lab", 1, ANA, "lab-elr-hl7v2"))
    bench.see(sight("stay", source="hmis-csv"))
    bench.see(sight("stay", 1, ANA, "hmis-csv"))
    lookup = Lookup(bench.where, bench.vault)
    assert lookup.local_ids("person1", "hmis-csv") == lookup.local_ids("person2", "hmis-csv") == ("mrn-7",)
    assert lookup.local_ids("person1", "food-bank") == ()
    assert lookup.local_ids("nobody", "hmis-csv") == ()
    bench.vault.erase("stay")
    assert lookup.local_ids("person1", "hmis-csv") == ()
    lookup.close()


def test_a_lookup_before_identify_ever_ran_is_to_be_tried_again(places: Places, tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys.sqlite", b"k" * 32)
    with pytest.raises(RetryError, match="yet"), closing(Lookup(places.of(tmp_path), vault)) as lookup:
        lookup.current("person1")
    vault.close()


def test_no_identifier_is_kept_in_the_clear(bench: Bench, places: Places) -> None:
    bench.see(sight("a", 1, ANA), sight("b", 2, BEA))
    with bench.registry.batch() as batch:
        batch.put([("t", b"k", b"95814 and 1980-02", None, None)])
    held = places.held(bench.directory)
    assert b"first-seen" in held
    assert not [word for word in (b"Zolaris", b"zolaris", b"1980-02", b"mrn-7", b"95814") if word in held]


def test_every_decision_is_kept_with_its_evidence_before_and_after(bench: Bench) -> None:
    bench.see(sight("a", 1, ANA), sight("b"))
    bench.see(sight("b", 1, ANA))
    with bench.registry.database.transaction() as connection:
        kept = connection.execute(select(DECISION).order_by(DECISION.c.seq)).all()
    assert [row[0] for row in kept] == [1, 2, 3]
    assert kept[2][1:3] == ("merge", "person1")
    assert sorted(json.loads(kept[2][3])) == ["birth_date:exact", "family:exact", "given:exact"]
    assert tuple(kept[2][4:]) == (shipped_model().version, "identify", '["b"]', "person2", "person1")


def test_minted_keys_are_26_opaque_characters_and_never_alike() -> None:
    minted = {mint_person_key() for _ in range(1_000)}
    assert len(minted) == 1_000
    assert all(len(key) == 26 and set(key) <= set("abcdefghijklmnopqrstuvwxyz234567") for key in minted)
