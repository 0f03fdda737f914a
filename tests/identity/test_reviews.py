"""What waits for a person to decide (equity-identity.md, requirement 27), on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from random import Random

from sqlalchemy import Connection, select

from hub.domain.identity_reviews import reviewed
from hub.domain.linkage.decisions import Verdict
from hub.identity.database import Database
from hub.identity.linker import SourcePerson
from hub.identity.numbering import Numbering
from hub.identity.reviews import Said, asked_between, contradicted, count_waiting, keep, last_kept, waiting
from hub.identity.schema import HUMAN_DECISION
from hub.identity.sql_store import SqlStore
from hub.identity.store import StoredEdge
from hub.privacy.vault import Vault
from tests.domain.linkage.people import ANA, block, version
from tests.identity.conftest import Places
from tests.identity.linking_world import World
from tests.identity.sql_stores import KEK

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def said(number: int, one: str, other: str, verdict: Verdict, actor: str = "r.lopez") -> Said:
    return Said(number, reviewed(one, other, verdict, reason="records-compared", actor=actor, decided_at=AT))


@contextmanager
def opened(places: Places, folder: Path) -> Iterator[tuple[Connection, SqlStore]]:
    """One transaction of a registry, with a store in it."""
    with (
        closing(Vault(folder / "keys.sqlite", KEK)) as vault,
        closing(Database(places.of(folder))) as database,
        database.transaction() as db,
    ):
        yield db, SqlStore(db, vault, Numbering(db))


def people(store: SqlStore, **members: str) -> None:
    """Source persons of these people, a letter each."""
    rows = [SourcePerson(token, "lab", person, 1) for person, tokens in members.items() for token in tokens]
    store.put_rows(rows, {})


def test_r27_a_pair_between_two_people_waits_until_somebody_decides_and_again_when_they_take_it_back(
    places: Places, tmp_path: Path
) -> None:
    with opened(places, tmp_path) as (db, store):
        people(store, x="ab", y="c", z="d")
        doubtful, vetoed = StoredEdge("b", "c", 9.5, "review", None), StoredEdge("c", "d", 20.0, "match", "twins")
        store.change_edges([], [StoredEdge("a", "b", 30.0, "match", None), doubtful, vetoed])
        assert [tuple(each) for each in waiting(db, 9)] == [(*vetoed, 1), (*doubtful, 1)]
        assert [each.left for each in waiting(db, 1)] == ["c"]
        assert keep(db, [said(1, "d", "c", "different")]) == ([(1, "c", "d", "different")], [])
        assert [each.left for each in waiting(db, 9)] == ["b"]
        keep(db, [said(2, "c", "d", "withdrawn")])
        assert [each.left for each in waiting(db, 9)] == ["c", "b"]
        keep(db, [said(3, "c", "d", "different", "m.chan")])
        assert [each.left for each in waiting(db, 9)] == ["b"]
        kept = db.execute(select(HUMAN_DECISION).order_by(HUMAN_DECISION.c.seq)).all()
        assert [row.seq for row in kept] == [1, 2, 3]
        assert tuple(kept[0])[4:] == ("r.lopez", "2026-11-23T09:00:00+00:00", "records-compared")


def test_r27_two_people_are_one_question_however_many_of_their_records_are_alike(
    places: Places, tmp_path: Path
) -> None:
    with opened(places, tmp_path) as (db, store):
        people(store, x="ab", y="cd")
        alike = [
            StoredEdge("a", "c", 9.0, "review", None),
            StoredEdge("a", "d", 9.5, "review", None),
            StoredEdge("b", "c", 8.0, "review", None),
        ]
        store.change_edges([], [*alike, StoredEdge("a", "b", 30.0, "match", None)])
        assert waiting(db, 9) == [("a", "d", 9.5, "review", None, 3)]
        assert asked_between(db, "x", "y") == asked_between(db, "y", "x") == ("a", "d", 9.5, "review", None, 3)
        assert asked_between(db, "x", "x") is asked_between(db, "x", "nobody") is None
        keep(db, [said(1, "b", "c", "different")])  # of one pair of records, which holds for the people
        assert waiting(db, 9) == []
        assert asked_between(db, "x", "y") is None


def test_r27_the_database_counts_as_many_as_wait(places: Places, tmp_path: Path) -> None:
    """Drawn people, pairs and decisions, of which some are overruled or withdrawn, in either order and of unknown records."""
    drawn = Random(7)
    tokens = "abcdefghijkl"
    with opened(places, tmp_path) as (db, store):
        assert count_waiting(db) == 0
        store.put_rows([SourcePerson(each, "lab", f"p{drawn.randrange(7)}", 1) for each in tokens], {})
        pairs = list(combinations(tokens, 2))
        store.change_edges([], [StoredEdge(*pair, 9.0, "review", None) for pair in drawn.sample(pairs, 40)])
        counts = set()
        for number in range(1, 60):
            one, other = drawn.sample(tokens + "z", 2)
            verdict: Verdict = drawn.choice(("same", "different", "different", "withdrawn"))
            keep(db, [said(number, one, other, verdict)])
            assert count_waiting(db) == len(waiting(db))
            counts.add(count_waiting(db))
        assert len(counts) > 3


def test_r27_a_decision_that_is_read_again_changes_nothing_and_a_number_is_never_given_to_another(
    places: Places, tmp_path: Path
) -> None:
    with opened(places, tmp_path) as (db, _):
        assert last_kept(db) == 0
        first, second = said(1, "a", "b", "same"), said(2, "a", "c", "different")
        assert keep(db, [first]) == ([(1, "a", "b", "same")], [])
        assert keep(db, [first, second, second]) == ([(2, "a", "c", "different")], [])
        other = said(2, "a", "c", "same")
        assert keep(db, [first, other]) == ([], [other])
        assert keep(db, []) == ([], [])
        assert last_kept(db) == 2
        assert [row.verdict for row in db.execute(select(HUMAN_DECISION).order_by(HUMAN_DECISION.c.seq))] == [
            "same",
            "different",
        ]


def test_r27_who_was_said_to_be_one_person_and_is_not_is_told(places: Places, tmp_path: Path) -> None:
    with opened(places, tmp_path) as (db, store):
        site = World(store)
        site.take([("a", version(1), block(**ANA)), ("b", version(1), block(given_name="Bea"))])
        for told in (said(1, "a", "b", "same"), said(2, "b", "c", "same"), said(3, "a", "c", "different")):
            site.take([], keep(db, [told])[0])
        assert contradicted(db) == []  # nobody knows c yet
        site.take([("c", version(1), block(given_name="Cyd"))])
        assert site.people() == {frozenset("a"), frozenset("bc")}
        assert contradicted(db) == [("a", "b")]
        site.take([], keep(db, [said(4, "b", "a", "withdrawn")])[0])
        assert contradicted(db) == []


def test_r27_a_decision_keeps_its_author_when_it_is_linked_by(places: Places, tmp_path: Path) -> None:
    with opened(places, tmp_path) as (db, store):
        site = World(store)
        site.take([(token, version(1), block(**ANA)) for token in "ab"])
        assert site.people() == {frozenset("ab")}
        site.take([], keep(db, [said(1, "a", "b", "different")])[0])
        assert site.people() == {frozenset("a"), frozenset("b")}
        assert waiting(db, 9) == []
        assert [row.actor for row in db.execute(select(HUMAN_DECISION)).all()] == ["r.lopez"]
