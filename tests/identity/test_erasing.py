"""Who is erased is gone from the registry too, on both databases, and stays gone; those who were linked by them are linked anew."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeGuard

import pytest
from sqlalchemy import select

from hub.domain import who
from hub.domain.erasures import begins
from hub.domain.events import Event, PersonBlock
from hub.domain.identity_reviews import ReviewDecision, reviewed
from hub.domain.linkage.decisions import Verdict
from hub.identity.database import Database, Where, open_to_read
from hub.identity.erasure_log import all_erased
from hub.identity.linker import Sighting
from hub.identity.reviews import last_kept, standing_decisions
from hub.identity.schema import METADATA
from tests.domain.linkage.people import version
from tests.identity.conftest import Places
from tests.identity.fake_log import PERSON_TOPIC, Sent, event_of, stay_of
from tests.identity.registries import registry_of
from tests.identity.test_worker import Killed, Site

PHONE = "5552017734"
ANA = PersonBlock(given_name="Ana", family_name="Zolaris", birth_date=date(1980, 2, 3), phone=PHONE, local_id="mrn-7")
BEA = PersonBlock(given_name="Bea", family_name="Morrow", birth_date=date(1961, 7, 9))
DECIDED = datetime(2021, 2, 12, tzinfo=UTC)


def mentions(where: Where, token: str) -> dict[str, int]:
    """In how many rows of which tables a source person is named."""
    found: Counter[str] = Counter()
    engine = open_to_read(where)
    with engine.connect() as connection:
        for table in METADATA.sorted_tables:
            for row in connection.execute(select(table)):
                texts = [each for each in row if isinstance(each, str)]
                found[table.name] += any(token == each or f'"{token}"' in each for each in texts)
    engine.dispose()
    return {name: count for name, count in found.items() if count}


def said_of(left: str, right: str, verdict: Verdict) -> ReviewDecision:
    return reviewed(left, right, verdict, reason="records-compared", actor="a-reviewer", decided_at=DECIDED)


def test_nothing_of_who_was_erased_is_left_in_any_table(places: Places, tmp_path: Path) -> None:
    told: list[Sent] = [
        event_of("gone", 1, ANA), event_of("stays", 1, ANA), event_of("other", 1, BEA), stay_of("gone", 2),
        said_of("gone", "other", "different"),
    ]  # fmt: skip
    site = Site(tmp_path, told, where=places.of(tmp_path))
    site.run_to_end()
    assert mentions(site.where, "gone").keys() >= {"source_person", "comparable", "block_member", "value_use", "edge"}
    site.vault.erase("gone")
    site.run_to_end()
    assert mentions(site.where, "gone") == {}
    assert mentions(site.where, "stays")


CHAIN: list[Sent] = [event_of("a", 1, ANA), event_of("b", 1, ANA), event_of("c", 1, BEA), said_of("a", "c", "same")]


def test_those_whom_only_the_erased_one_joined_are_two_again(places: Places, tmp_path: Path) -> None:
    site = Site(tmp_path, CHAIN, where=places.of(tmp_path))
    site.run_to_end()
    before = site.owners()
    assert len(set(before.values())) == 1
    site.vault.erase("a")
    site.run_to_end()
    owners = site.owners()
    assert owners["b"] != owners["c"]
    assert before["b"] in {owners["b"], owners["c"]}
    last = site.log.said("hub.identity.decision.v1")[-1][1]
    assert (last["grade"], last["evidence"][0]) == ("split", "record-erased")
    links = {key: said.get("person_key") for key, said in site.log.said("hub.identity.link.v1")}
    assert links == {"a": None, "b": owners["b"], "c": owners["c"]}


def test_every_row_that_ever_knew_them_is_told_and_nobody_else(tmp_path: Path) -> None:
    moved = [event_of("a", 1, ANA), event_of("b", 1, BEA), event_of("b", 2, ANA), event_of("c", 1, BEA)]
    site = Site(tmp_path, moved, batch=1)
    site.run_to_end()
    keys = {key for key, said in site.log.said(PERSON_TOPIC) if said["source_person"] == "b"}
    assert len(keys) == 2
    said, owner = len(site.log.said(PERSON_TOPIC)), site.owners()["b"]
    site.vault.erase("b")
    site.run_to_end()
    told = site.log.said(PERSON_TOPIC)[said:]
    assert sorted(told) == [
        (key, {"kind": "membership", "source_person": "b", "revision": begins(1), "owner": owner})
        for key in sorted(keys)
    ]


@pytest.mark.parametrize("rebuilt", [False, True], ids=["read-again", "a-registry-made-anew"])
def test_they_stay_gone_when_everything_is_read_again(places: Places, tmp_path: Path, rebuilt: bool) -> None:
    """What has a block does not open any more; what has none, and what people decided, would bring the token back."""
    told = [*CHAIN, stay_of("a", 2), event_of("d", 1, BEA)]
    site = Site(tmp_path, told, where=places.of(tmp_path))
    site.run_to_end()
    site.vault.erase("a")
    site.run_to_end()
    if rebuilt:
        (folder := tmp_path / "anew").mkdir()
        site.where = places.of(folder)
    site.log.committed, site.log.out = 0, {}
    site.run_to_end()
    assert mentions(site.where, "a") == {}
    assert not [said for _, said in site.log.said(PERSON_TOPIC) if said.get("source_person") == "a"]
    letters = [(said["offset"], said["reason"]) for _, said in site.log.said("hub.stream.rejected.v1")]
    assert letters == [(0, "key-erased"), (4, "key-erased")]
    assert _people(site) == set(who.groups([each for each in told if _of(each, "b", "c", "d")]).values())


def test_their_other_decisions_keep_their_numbers(tmp_path: Path) -> None:
    site = Site(tmp_path, [*CHAIN, said_of("b", "c", "different"), said_of("a", "b", "different")])
    site.run_to_end()
    site.vault.erase("a")
    site.run_to_end()
    site.run_to_end()
    assert site.log.said("hub.stream.rejected.v1") == []
    with closing(Database(site.where)) as database, database.transaction() as connection:
        assert last_kept(connection) == 6
        assert standing_decisions(connection) == {("b", "c"): "different"}


def test_who_is_told_of_again_is_somebody_new(tmp_path: Path) -> None:
    """A source that sends them after the erasure: with nothing of what was before, and linked by what is said now alone."""
    site = Site(tmp_path, [event_of("a", 1, ANA), event_of("b", 1, ANA)])
    site.run_to_end()
    site.vault.erase("a")
    site.run_to_end()
    site.log.late_from = 2
    again = [event_of("a", 1, ANA, "again"), event_of("c", 1, ANA)]
    site.clear = [*site.clear, *again]
    site.log.incoming += [site.vault.seal_person(each) for each in again]
    site.run_to_end()
    assert len(set(site.owners().values())) == 1
    said = [said for _, said in site.log.said(PERSON_TOPIC) if said.get("event_id") == "again"]
    assert [each["link_revision"] for each in said] == [begins(1) + 1]
    site.vault.erase("a")
    site.run_to_end()
    assert mentions(site.where, "a") == {}
    assert site.log.said(PERSON_TOPIC)[-1][1]["revision"] == begins(2)


def test_an_earlier_event_of_who_was_told_of_again_is_still_gone(tmp_path: Path) -> None:
    site = Site(tmp_path, [event_of("a", 1, ANA), stay_of("a", 2), event_of("a", 3, ANA, "again")])
    site.vault.erase("a")
    site.log.late_from = 2
    site.log.incoming[2] = site.vault.seal_person(event_of("a", 3, ANA, "again"))
    site.run_to_end()
    assert [said["event_id"] for _, said in site.log.said(PERSON_TOPIC)] == ["again"]


@pytest.mark.parametrize("moment", ["half-produced", "produced", "confirmed", "forgotten"])
def test_killed_while_it_is_told_nothing_stays_unsaid(tmp_path: Path, moment: str) -> None:
    site = Site(tmp_path, CHAIN)
    site.run_to_end()
    site.vault.erase("a")
    kills = iter([moment])

    def step(name: str) -> None:
        if name == moment and next(kills, None):
            raise Killed

    site.run_to_end(step)
    assert site.restarts == 1
    assert mentions(site.where, "a") == {}
    owners = site.owners()
    assert owners["b"] != owners["c"]
    ended = {key for key, said in site.log.said(PERSON_TOPIC) if said.get("revision") == begins(1)}
    assert ended == {key for key, said in site.log.said(PERSON_TOPIC) if said["source_person"] == "a"}


def test_what_was_done_is_kept_in_counts_without_a_token(places: Places, tmp_path: Path) -> None:
    site = Site(tmp_path, CHAIN, where=places.of(tmp_path))
    site.run_to_end()
    held = mentions(site.where, "a")
    site.vault.erase("a", "nobody")
    site.run_to_end()
    with closing(Database(site.where)) as database, database.transaction() as connection:
        (done,) = all_erased(connection)
    assert (done.number, done.asked, done.source_persons, done.regrouped) == (2, 2, 1, 1)
    assert {name: count for name, count in done.counts.items() if count} == held


def test_the_files_of_sqlite_have_nothing_of_the_rows_that_were_deleted(tmp_path: Path) -> None:
    """They are overwritten and the write-ahead log is cut; what lay in pages freed before may stay (docs/what-is-kept.md)."""
    site = Site(tmp_path, [event_of("b", 1, BEA)])
    site.run_to_end()
    registry = registry_of(site.where, site.vault)
    with registry.batch() as batch:
        batch.see([Sighting("somebody-gone", "lab", version(1), block=ANA)])
    assert _in_files(tmp_path, b"somebody-gone")
    with registry.batch() as batch:
        batch.take_out(1, 1, {"somebody-gone": 1}, DECIDED)
    registry.database.cut_log()
    assert not _in_files(tmp_path, b"somebody-gone")
    registry.close()


def _in_files(folder: Path, token: bytes) -> bool:
    return any(token in path.read_bytes() for path in folder.glob("identity.sqlite*"))


def _of(sent: object, *source_persons: str) -> TypeGuard[Event]:
    return isinstance(sent, Event) and sent.source_person in source_persons


def _people(site: Site) -> set[frozenset[str]]:
    people: dict[str, set[str]] = {}
    for token, owner in site.owners().items():
        people.setdefault(owner, set()).add(token)
    return {frozenset(each) for each in people.values()}
