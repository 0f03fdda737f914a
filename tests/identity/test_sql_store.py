"""Linking by weights on a real database: the same people, nothing in the clear, what was erased gone, one question a call."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, make_url

from hub.domain.events import PersonBlock
from hub.domain.linkage import blocking
from hub.domain.linkage.clusters import HumanDecision, LinkRecord, clusters
from hub.domain.linkage.comparable import comparable
from hub.identity.database import Database, Where
from hub.identity.linker import SourcePerson
from hub.identity.sealed_comparables import open_comparables, seal_comparables
from hub.identity.store import LinkStore, StoredEdge, Use
from hub.privacy.vault import Vault
from hub.synthetic.linkage_records import made_records
from tests.domain.linkage.people import ANA, one, version
from tests.fixtures_postgres import Postgres
from tests.identity.conftest import Places
from tests.identity.linking_world import World
from tests.identity.memory_store import MemoryStore
from tests.identity.plans import noted, read_whole_on_server, tables_read_whole
from tests.identity.sql_stores import KEK, transaction
from tests.identity.test_linking import MODEL, worlds

_MANY = 300


@contextmanager
def _opened(where: Where, folder: Path) -> Iterator[tuple[Database, Vault]]:
    with closing(Vault(folder / "keys.sqlite", KEK)) as vault, closing(Database(where)) as database:
        yield database, vault


def test_r23_the_people_are_those_of_the_truth_over_a_database_too(places: Places) -> None:
    """Requirements 21, 23 and 27; a transaction for each batch."""

    @settings(max_examples=places.examples(40, 12), deadline=None)
    @given(worlds, st.sampled_from([2, 60]), st.sampled_from([1, 5]))
    def check(world: list[tuple[list[LinkRecord], list[Any]]], largest: int, over: int) -> None:
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
            patch.setattr(blocking, "LARGEST", largest)
            _is_the_truth(places.emptied(Path(folder)), Path(folder), world, over)

    check()


def _is_the_truth(where: Where, folder: Path, world: list[tuple[list[LinkRecord], list[Any]]], over: int) -> None:
    model = replace(MODEL, shared_over=over)
    records: list[LinkRecord] = []
    said: list[HumanDecision] = []
    site = World(MemoryStore(), model)
    with _opened(where, folder) as (database, vault):
        for batch, decided in world:
            decisions = [HumanDecision(len(said) + number, *word) for number, word in enumerate(decided)]
            records += batch
            said += decisions
            with transaction(database, vault) as store:
                site.link_store = store
                site.take(batch, decisions)
                assert site.people() == clusters(records, model, said).people


def _made_up() -> list[LinkRecord]:
    """Records of the generator of linkage sets, as blocks."""
    fields = PersonBlock.model_fields.keys() - {"birth_date_partial"}
    return [
        (
            record.record_id,
            version(number),
            PersonBlock.model_validate_json(
                json.dumps({name: value for name, value in record.fields.items() if name in fields and value})
            ),
        )
        for number, record in enumerate(made_records(40, seed=7).records)
    ]


def _clear_values(records: Iterable[LinkRecord]) -> set[str]:
    """Whatever somebody could be known by: as told, and as compared."""
    found: set[str] = set()
    for _, _, told in records:
        assert told is not None
        for value in told.model_dump(
            mode="json", exclude={"sex", "state", "race_ethnicity"}, exclude_none=True
        ).values():
            found.update([str(value), *re.split(r"\W+", str(value))])
        compared = comparable(told)
        for each in (compared.phone, compared.ssn, compared.email, compared.address, *compared.given, *compared.family):
            found.add(each or "")
        found.add(f"{compared.birth_date:%Y%m%d}" if compared.birth_date else "")
    return {value for value in found if len(value) > 3 and value not in ("True", "False")}


def test_no_value_of_anybody_is_kept_in_the_clear(places: Places, tmp_path: Path) -> None:
    """Issue 7 point 3: identifiers are encrypted at rest. Searched: every table, and the files with their write-ahead logs."""
    records = _made_up()
    with _opened(places.of(tmp_path), tmp_path) as (database, vault):
        site = World(MemoryStore())
        for start in range(0, len(records), 25):
            with transaction(database, vault) as store:
                site.link_store = store
                site.take(records[start : start + 25], [HumanDecision(start, "a", "b", "different")])
        with transaction(database, vault) as store:
            opened = store.comparables({token for token, _, _ in records})
            assert all(told is not None and opened[token] == comparable(told) for token, _, told in records)
            assert store.edges({token for token, _, _ in records})
        held = places.held(tmp_path).lower()
    values = _clear_values(records)
    assert len(values) > 200
    ids = {token.lower() for token, _, _ in records}
    assert not [value for value in values if value.lower() not in ids and _stands(value.lower().encode(), held)]


def _stands(value: bytes, held: bytes) -> bool:
    """Whether a value stands there as a word: four letters come up in the middle of some of a million random ones."""
    alone = len(value) < 7
    return bool(re.search(rb"(?<![0-9a-z])%b(?![0-9a-z])" % re.escape(value), held)) if alone else value in held


def test_what_is_sealed_belongs_to_its_person_and_has_a_length_of_many(tmp_path: Path) -> None:
    with closing(Vault(tmp_path / "keys.sqlite", KEK)) as vault:
        told = {"a": one(**ANA), "b": one(given_name="Bo", family_name="Li")}
        sealed = seal_comparables(vault, told)
        assert open_comparables(vault, sealed) == told
        assert {len(each) % 64 for each in sealed.values()} == {12 + 16}  # nonce and tag
        assert open_comparables(vault, {"a": sealed["b"], "b": sealed["a"]}) == {}


def test_who_was_erased_is_left_out_also_when_their_source_sends_them_again(places: Places, tmp_path: Path) -> None:
    with _opened(places.of(tmp_path), tmp_path) as (database, vault):
        with transaction(database, vault) as store:
            store.put_rows([SourcePerson(token, "lab", "p", 1) for token in "ab"], {each: one(**ANA) for each in "ab"})
        vault.erase("a")
        with transaction(database, vault) as store:
            assert store.comparables({"a", "b"}) == {"b": one(**ANA)}
            vault.ensure_keys(["a"])
            assert store.comparables({"a", "b"}) == {"b": one(**ANA)}
            store.put_rows([], {"a": one(given_name="Ana")})
            assert store.comparables({"a"}) == {"a": one(given_name="Ana")}


def _calls(count: int) -> dict[str, Callable[[LinkStore], object]]:
    """Every call of the port, for so many."""
    tokens = [f"t{number:03d}" for number in range(count)]
    some = set(tokens)
    members = {each: {each} for each in tokens}
    nobody = {each: {f"{each}z"} for each in tokens}
    uses = [Use(each, each, each) for each in tokens]
    edges = [StoredEdge(each, f"{each}z", 1.5, "match", None) for each in tokens]
    said = [HumanDecision(number, each, "z", "same") for number, each in enumerate(tokens)]
    return {
        "put_persons": lambda store: store.put_persons(tokens, {"m" + each: each for each in tokens}),
        "put_rows": lambda store: store.put_rows(
            [SourcePerson(each, "lab", each, 1) for each in tokens], {each: one(**ANA) for each in tokens}
        ),
        "rows": lambda store: store.rows(some),
        "comparables": lambda store: store.comparables(some),
        "people": lambda store: store.people(some),
        "ages": lambda store: store.ages(some),
        "tokens_after": lambda store: store.tokens_after("", count),
        "change_members": lambda store: store.change_members(nobody, members),
        "members": lambda store: store.members(some, 5),
        "change_users": lambda store: store.change_users(uses[:1] * count, uses),
        "people_of": lambda store: store.people_of(some, 5),
        "users": lambda store: store.users(some),
        "change_shared": lambda store: store.change_shared({"none", *tokens}, some),
        "shared": lambda store: store.shared(),
        "change_edges": lambda store: store.change_edges([("none", each) for each in tokens], edges),
        "edges": lambda store: store.edges(some),
        "put_decisions": lambda store: store.put_decisions(said),
        "decisions": lambda store: store.decisions(some),
    }


def test_every_call_asks_as_often_for_one_as_for_hundreds(places: Places, tmp_path: Path) -> None:
    asked: dict[int, dict[str, int]] = {}
    for count in (1, _MANY):
        (folder := tmp_path / str(count)).mkdir()
        statements = list[str]()
        with _opened(places.of(folder), folder) as (database, vault), transaction(database, vault) as store:
            event.listen(database.engine, "before_cursor_execute", lambda *told, to=statements: to.append(told[2]))
            for name, call in _calls(count).items():
                statements.clear()
                call(store)
                asked.setdefault(count, {})[name] = len(statements)
    assert asked[1] == asked[_MANY]
    assert max(asked[1].values()) <= 3


def test_no_question_of_a_batch_reads_a_whole_table(tmp_path: Path) -> None:
    """What is asked for every batch must not take longer because the registry grew."""
    path = tmp_path / "identity.sqlite"
    with _opened(path, tmp_path) as (database, vault), transaction(database, vault) as store:
        asked = noted(database.engine)
        for name, call in _calls(2).items():
            if name != "shared":  # once at start
                call(store)
    assert len(asked) > 20
    assert tables_read_whole(path, asked) == []


def test_a_server_has_an_index_for_every_question_of_a_batch_too(postgres: Postgres, tmp_path: Path) -> None:
    """What it takes where tables are small is its choice; that it could go by an index is ours."""
    where = make_url(postgres.url(postgres.database()))
    with _opened(where, tmp_path) as (database, vault):
        with transaction(database, vault) as store:
            asked = noted(database.engine)
            for name, call in _calls(2).items():
                if name != "shared":
                    call(store)
        assert len(asked) > 20
        assert read_whole_on_server(database, list(asked)) == []
