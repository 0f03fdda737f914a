"""What waits for a person to decide (equity-identity.md, requirement 27), on both databases."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from hub.identity.database import Database
from hub.identity.linker import SourcePerson
from hub.identity.numbering import Numbering
from hub.identity.reviews import decide, waiting
from hub.identity.schema import HUMAN_DECISION
from hub.identity.sql_store import SqlStore
from hub.identity.store import StoredEdge
from hub.privacy.vault import Vault
from tests.domain.linkage.people import ANA, block, version
from tests.identity.conftest import Places
from tests.identity.linking_world import World
from tests.identity.sql_stores import KEK

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_r27_a_pair_between_two_people_waits_until_somebody_decides_and_again_when_they_take_it_back(
    places: Places, tmp_path: Path
) -> None:
    with (
        closing(Vault(tmp_path / "keys.sqlite", KEK)) as vault,
        closing(Database(places.of(tmp_path))) as database,
        database.transaction() as db,
    ):
        store = SqlStore(db, vault, Numbering(db))
        store.put_rows(
            [SourcePerson(token, "lab", person, 1) for token, person in zip("abcd", "xxyz", strict=True)], {}
        )
        doubtful, vetoed = StoredEdge("b", "c", 9.5, "review", None), StoredEdge("c", "d", 20.0, "match", "twins")
        store.change_edges([], [StoredEdge("a", "b", 30.0, "match", None), doubtful, vetoed])
        assert [tuple(each) for each in waiting(db, 9)] == [tuple(vetoed), tuple(doubtful)]
        assert [each.left for each in waiting(db, 1)] == ["c"]
        first = decide(db, "d", "c", "different", actor="r.lopez", reason="spoke-with-both", at=AT)
        assert first == (1, "c", "d", "different")
        assert [each.left for each in waiting(db, 9)] == ["b"]
        decide(db, "c", "d", "withdrawn", actor="r.lopez", reason="mistaken", at=AT)
        assert [each.left for each in waiting(db, 9)] == ["c", "b"]
        decide(db, "c", "d", "same", actor="m.chan", reason="id-seen", at=AT)
        assert [each.left for each in waiting(db, 9)] == ["b"]
        kept = db.execute(select(HUMAN_DECISION).order_by(HUMAN_DECISION.c.seq)).all()
        assert [row.seq for row in kept] == [1, 2, 3]
        assert tuple(kept[0])[4:] == ("r.lopez", "2026-11-23T09:00:00+00:00", "spoke-with-both")


def test_r27_a_decision_keeps_its_author_when_it_is_linked_by(places: Places, tmp_path: Path) -> None:
    with (
        closing(Vault(tmp_path / "keys.sqlite", KEK)) as vault,
        closing(Database(places.of(tmp_path))) as database,
        database.transaction() as db,
    ):
        site = World(SqlStore(db, vault, Numbering(db)))
        site.take([(token, version(1), block(**ANA)) for token in "ab"])
        assert site.people() == {frozenset("ab")}
        said = decide(db, "a", "b", "different", actor="r.lopez", reason="spoke-with-both", at=AT)
        site.take([], [said])
        assert site.people() == {frozenset("a"), frozenset("b")}
        assert waiting(db, 9) == []
        assert [row.actor for row in db.execute(select(HUMAN_DECISION)).all()] == ["r.lopez"]
