"""Live linking with people who came as filters equals the truth over all at once, in any order and cut (requirements 23, 26)."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.events import PersonBlock
from hub.domain.linkage import blocking
from hub.domain.linkage.clusters import HumanDecision, LinkRecord, clusters
from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.encoding import NO_LANE, Encoder, Lane
from hub.domain.linkage.filter_schema import linkage_schema
from hub.domain.linkage.model import for_population, shipped_model
from hub.identity.sealed_comparables import open_comparables, seal_comparables
from hub.privacy.vault import Vault
from tests.domain.linkage.filtered import BEFORE, KEY, LANE, sent
from tests.domain.linkage.people import version
from tests.identity.linking_world import World
from tests.identity.memory_store import MemoryStore

MODEL = for_population(shipped_model(), 20_000)
WHO = [f"p{number:02d}" for number in range(12)]
BOTH = Lane([Encoder(linkage_schema("name-birth-1"), key) for key in (KEY, BEFORE)])
parts = st.tuples(
    st.sampled_from(["Ana", "Anna", "Luis", ""]),
    st.sampled_from(["Ferreyra", "Ferreira", "Lopez"]),
    st.sampled_from([date(1984, 5, 17), date(1984, 5, 18), None]),
)
blocks = st.one_of(
    parts.map(lambda told: PersonBlock(given_name=told[0] or None, family_name=told[1], birth_date=told[2])),
    st.tuples(parts, st.sampled_from([KEY, KEY, BEFORE])).map(lambda told: PersonBlock(hashed=sent(*told[0], told[1]))),
)
records = st.tuples(st.sampled_from(WHO), st.integers(0, 4).map(version), blocks)
words = st.tuples(st.sampled_from(WHO), st.sampled_from(WHO), st.sampled_from(["same", "different", "withdrawn"]))
worlds = st.lists(st.tuples(st.lists(records, max_size=8), st.lists(words, max_size=1)), max_size=7)


def zone(lane: Lane) -> World:
    """An installation with these secrets of the lane."""
    site = World(MemoryStore(), MODEL, lane=lane)
    assert not site.load_model(MODEL)
    return site


@settings(deadline=None)
@given(worlds, st.sampled_from([2, 4, 60]), st.sampled_from([NO_LANE, LANE, BOTH]))
def test_r23_r26_after_every_batch_the_people_are_those_of_the_truth(
    world: list[tuple[list[LinkRecord], list[Any]]], largest: int, lane: Lane
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "LARGEST", largest)
        site = zone(lane)
        so_far: list[LinkRecord] = []
        said: list[HumanDecision] = []
        for batch, decided in world:
            said += (decisions := [HumanDecision(len(said) + number, *word) for number, word in enumerate(decided)])
            so_far += batch
            site.take(batch, decisions)
            assert site.people() == clusters(so_far, MODEL, said, lane).people
            again = site.take(batch, decisions)
            assert (again.changed, again.touched, again.decisions) == (set(), {}, [])
        assert clusters(reversed(so_far), MODEL, reversed(said), lane) == clusters(so_far, MODEL, said, lane)


@settings(deadline=None, max_examples=40)
@given(worlds, st.permutations([NO_LANE, LANE, BOTH]))
def test_r26_other_secrets_weigh_everybody_anew(
    world: list[tuple[list[LinkRecord], list[Any]]], lanes: list[Lane]
) -> None:
    told = [record for batch, _ in world for record in batch]
    site = zone(lanes[0])
    site.take(told)
    for lane in lanes[1:]:
        assert site.load_model(MODEL, lane) is bool(told)
        assert site.people() == clusters(told, MODEL, lane=lane).people
        assert not site.load_model(MODEL, lane)


def test_a_change_of_the_secret_from_its_first_day_to_its_last() -> None:
    """docs/hashed-lane.md, rotation: with both secrets nobody parts; with the new one alone who was not sent again does."""
    ana, luis = ("Ana", "Ferreyra", date(1984, 5, 17)), ("Luis", "Lopez", date(1984, 5, 18))
    site = zone(Lane([Encoder(linkage_schema("name-birth-1"), BEFORE)]))
    for number, (who, told) in enumerate({"ana": ana, "luis": luis}.items()):
        block = PersonBlock(given_name=told[0], family_name=told[1], birth_date=told[2])
        site.take(
            [(who, version(number), block), (f"{who}-hashed", version(0), PersonBlock(hashed=sent(*told, BEFORE)))]
        )
    together = {frozenset({who, f"{who}-hashed"}) for who in ("ana", "luis")}
    assert site.people() == together
    site.load_model(MODEL, BOTH)
    assert site.people() == together
    site.take([("ana-hashed", version(1), PersonBlock(hashed=sent(*ana, KEY)))])
    assert site.people() == together
    site.load_model(MODEL, LANE)
    assert site.people() == {frozenset({"ana", "ana-hashed"}), frozenset({"luis"}), frozenset({"luis-hashed"})}
    decided = [each for linked in site.batches[-2:] for each in linked.decisions]
    assert [(each.kind, each.evidence) for each in decided] == [("split", ("new-model",))]


def test_what_is_made_in_the_zone_is_not_kept(tmp_path: Path) -> None:
    one = LANE(comparable(PersonBlock(given_name="Ana", family_name="Ferreyra", birth_date=date(1984, 5, 17))))
    other = comparable(PersonBlock(hashed=sent("Ana", "Ferreyra")))
    assert one.encoded
    with closing(Vault(tmp_path / "keys.sqlite", bytes(32))) as vault:
        kept = open_comparables(vault, seal_comparables(vault, {"one": one, "other": other}))
    assert kept == {"one": NO_LANE(one), "other": other}
    assert not kept["one"].encoded


def test_by_which_secrets_filters_are_made_is_said_and_no_secret_is() -> None:
    told = zone(LANE).linking.made_by
    assert told.endswith(f"/name-birth-1:{KEY.key_id}:{KEY.check('name-birth-1')}")
    assert KEY.secret.hex() not in told
