"""What linking by weights relies on in every store: the plain one in memory, and the registry's on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.domain.linkage.decisions import HumanDecision
from hub.identity.linker import SourcePerson
from hub.identity.store import LinkStore, StoredEdge, Use
from tests.domain.linkage.people import ANA, one, version
from tests.identity.conftest import Places
from tests.identity.memory_store import MemoryStore
from tests.identity.sql_stores import sql_store


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LinkStore]:
    """An empty store, within a transaction."""
    if request.param == "memory":
        yield MemoryStore()
        return
    places = Places(request.getfixturevalue("postgres") if request.param == "postgresql" else None)
    with sql_store(places.of(tmp_path), tmp_path) as opened:
        yield opened


def _row(token: str, person_key: str = "p") -> SourcePerson:
    return SourcePerson(token, "lab", person_key, 1, version=version(3), telling=True)


def test_source_persons_come_back_as_they_were_put_and_a_second_put_replaces(store: LinkStore) -> None:
    store.put_persons(["p"], {})
    store.put_rows([_row("a"), _row("b")], {"a": one(**ANA)})
    assert store.rows({"a", "nobody"}) == {"a": _row("a")}
    assert store.comparables({"a", "b", "nobody"}) == {"a": one(**ANA)}
    moved = store.rows({"b"})["b"]
    moved.person_key, moved.link_revision, moved.telling = "q", 2, False
    assert store.rows({"b"}) == {"b": _row("b")}
    store.put_persons(["q"], {})
    store.put_rows(
        [moved], {"b": one(birth_date=date(1980, 5, 2), birth_date_partial=True, family_name="de la Cruz-Díaz")}
    )
    assert store.rows({"a", "b"}) == {"a": _row("a"), "b": moved}
    assert store.people({"p", "q", "none"}) == {"p": {"a"}, "q": {"b"}}
    again = store.comparables({"b"})["b"]
    assert (again.birth_date, again.birth_weak, again.family) == (date(1980, 5, 2), True, ("delacruz", "diaz"))
    assert store.comparables({"a"}) == {"a": one(**ANA)}


def test_tokens_come_in_order_page_by_page(store: LinkStore) -> None:
    store.put_persons(["p"], {})
    store.put_rows([_row(token) for token in "cabd"], {})
    assert store.tokens_after("", 3) == ["a", "b", "c"]
    assert store.tokens_after("c", 3) == ["d"]
    assert store.tokens_after("d", 3) == []


def test_persons_age_in_the_order_of_their_creation(store: LinkStore) -> None:
    store.put_persons(["z", "m"], {})
    store.put_persons(["a"], {"m": "z"})
    ages = store.ages({"a", "m", "z", "none"})
    assert sorted(ages, key=ages.__getitem__) == ["z", "m", "a"]


def test_blocks_are_read_up_to_a_number_of_members(store: LinkStore) -> None:
    store.change_members({}, {"x": {"a", "b", "c"}, "y": {"a"}})
    assert store.members({"x", "y", "none"}, 3) == {"x": {"a", "b", "c"}, "y": {"a"}}
    few = store.members({"x"}, 2)["x"]
    assert len(few) == 2
    assert few < {"a", "b", "c"}
    store.change_members({"x": {"b"}, "y": {"b"}}, {"x": {"c", "d"}})
    assert store.members({"x"}, 9) == {"x": {"a", "c", "d"}}
    store.change_members({"y": {"a"}}, {})
    assert not store.members({"y"}, 9)


def test_users_of_a_value_are_counted_as_people_and_listed_as_source_persons(store: LinkStore) -> None:
    uses = [Use("phone", "ana", "a"), Use("phone", "ana", "b"), Use("phone", "bea", "c"), Use("mail", "ana", "a")]
    store.change_users([], uses)
    assert store.people_of({"phone", "mail", "none"}, 9) == {"phone": {"ana", "bea"}, "mail": {"ana"}}
    assert len(store.people_of({"phone"}, 1)["phone"]) == 1
    assert store.users({"phone", "none"}) == {"phone": {"a", "b", "c"}}
    store.change_users([uses[0], uses[2]], [uses[1], Use("phone", "eva", "a")])
    assert store.people_of({"phone"}, 9) == {"phone": {"ana", "eva"}}
    store.change_users([Use("phone", "ana", "b")], [Use("phone", "bea", "b")])
    assert store.users({"phone"}) == {"phone": {"a", "b"}}


def test_shared_values_come_and_go(store: LinkStore) -> None:
    store.change_shared(set(), {"x", "y"})
    store.change_shared({"y", "none"}, {"z", "x"})
    assert store.shared() == {"x", "z"}


def test_edges_are_found_from_either_end_each_once(store: LinkStore) -> None:
    ab, bc, cd = (
        StoredEdge("a", "b", 20.1 + 0.2, "match", None),
        StoredEdge("b", "c", 13.5, "review", "twins"),
        StoredEdge("c", "d", -0.1, "review", None),
    )
    store.change_edges([], [ab, bc, cd])
    assert sorted(store.edges({"b", "c", "none"})) == [ab, bc, cd]
    assert store.edges({"a"}) == [ab]
    lower = bc._replace(total=13.0, veto=None)
    store.change_edges([("a", "b"), ("a", "d")], [lower])
    assert store.edges({"a", "b"}) == [lower]


def test_what_people_decided_stays_in_the_log(store: LinkStore) -> None:
    said = [
        HumanDecision(1, "b", "a", "same"),
        HumanDecision(2, "a", "b", "withdrawn"),
        HumanDecision(5, "c", "d", "different"),
    ]
    store.put_decisions(said)
    store.put_decisions([said[0], HumanDecision(2, "a", "b", "same")])
    assert sorted(store.decisions({"a", "b"})) == said[:2]
    assert sorted(store.decisions({"a", "d", "none"})) == said


def test_links_are_forgotten_people_and_decisions_are_not(store: LinkStore) -> None:
    assert store.model() is None
    store.put_model("one")
    store.put_model("two")
    assert store.model() == "two"
    store.put_persons(["p"], {})
    store.put_rows([_row("a")], {"a": one(**ANA)})
    store.put_decisions([HumanDecision(1, "a", "b", "same")])
    store.change_members({}, {"x": {"a"}})
    store.change_users([], [Use("phone", "ana", "a")])
    store.change_shared(set(), {"phone"})
    store.change_edges([], [StoredEdge("a", "b", 20.0, "match", None)])
    store.clear_links()
    assert not store.members({"x"}, 9)
    assert not store.users({"phone"})
    assert not store.shared()
    assert not store.edges({"a"})
    assert store.comparables({"a"}) == {"a": one(**ANA)}
    assert store.people({"p"}) == {"p": {"a"}}
    assert len(store.decisions({"a"})) == 1
