"""Linking by weights, batch by batch, equals the truth over all at once (equity-identity.md, requirements 16, 21, 23, 24, 27)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.linkage import blocking, fingerprint
from hub.domain.linkage.clusters import HumanDecision, LinkRecord, clusters
from hub.domain.linkage.model import shipped_model
from hub.identity.linking_anew import weigh_all_anew
from tests.domain.linkage.people import ANA, block, version
from tests.identity.linking_world import World
from tests.identity.memory_store import MemoryStore

MODEL = shipped_model()
NAMES = [f"p{number:02d}" for number in range(14)]

told = st.fixed_dictionaries(
    {},
    optional={
        "given_name": st.sampled_from(["Ana", "Anna", "Luis", "Marta", "Baby Boy"]),
        "family_name": st.sampled_from(["Ferreyra", "Ferreira", "Ferreyra Lopez", "Lopez"]),
        "birth_date": st.sampled_from([date(1984, 5, 17), date(1984, 5, 18), date(1984, 1, 1), date(1960, 2, 3)]),
        "phone": st.sampled_from(["5552017734", "5552017735"]),
        "ssn": st.sampled_from(["536417702", "536417703", "7702"]),
        "sex": st.sampled_from(["F", "M"]),
        "suffix": st.sampled_from(["Jr", "Sr"]),
        "address_line": st.sampled_from(["12 Alder Street", "9 Mission Road"]),
        "postal_code": st.sampled_from(["97477", "97402"]),
    },
)
records = st.builds(
    lambda who, number, said: (who, version(number), said),
    st.sampled_from(NAMES),
    st.integers(0, 5),
    st.one_of(st.none(), st.builds(lambda said: block(**said), told)),
)
words = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(["same", "different", "withdrawn"]))
worlds = st.lists(st.tuples(st.lists(records, max_size=9), st.lists(words, max_size=2)), max_size=8)


@settings(deadline=None)
@given(worlds, st.sampled_from([2, 4, 60]), st.sampled_from([1, 2, 5]))
def test_r23_after_every_batch_the_people_are_those_of_the_truth_and_every_move_is_told(
    world: list[tuple[list[LinkRecord], list[Any]]], largest: int, over: int
) -> None:
    """Requirements 21, 23, 24 and 27: records, older ones after newer ones, and decisions in any order and any cut into batches;
    limits so small that blocks and values cross them, both ways."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "LARGEST", largest)
        model = replace(MODEL, shared_over=over)
        site = World(MemoryStore(), model)
        so_far: list[LinkRecord] = []
        said: list[HumanDecision] = []
        for batch, decided in world:
            decisions = [HumanDecision(len(said) + number, *word) for number, word in enumerate(decided)]
            so_far += batch
            said += decisions
            before = site.owners()
            site.take(batch, decisions)
            assert site.people() == clusters(so_far, model, said).people
            _every_move_is_told(site, before)
            again = site.take(batch, decisions)
            assert (again.changed, again.touched, again.decisions, again.created) == (set(), {}, [], [])


@settings(deadline=None)
@given(worlds, st.sampled_from([2, 60]))
def test_another_model_is_loaded_while_people_are_linked_and_nothing_else_changes(
    world: list[tuple[list[LinkRecord], list[Any]]], largest: int
) -> None:
    """Requirement 16 (other weights are taken up at the next start) and 27 (decisions survive it)."""
    strict = replace(MODEL, version="strict", match=MODEL.match + 8, review=MODEL.review + 8, shared_over=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "LARGEST", largest)
        site = World(MemoryStore())
        assert not site.load_model(MODEL)
        told = [record for batch, _ in world for record in batch]
        said = [
            HumanDecision(number, *word) for number, word in enumerate(word for _, words in world for word in words)
        ]
        site.take(told, said)
        partition = site.people()
        for model in (strict, MODEL):
            before, batches = site.owners(), len(site.batches)
            assert site.load_model(model) is bool(told)
            assert site.people() == clusters(told, model, said).people
            decisions = [each for linked in site.batches[batches:] for each in linked.decisions]
            moved = [token for each in decisions for token in each.moved]
            assert sorted(moved) == sorted(token for token, key in site.owners().items() if before[token] != key)
            assert {each.model for each in decisions} <= {model.version}
            assert not site.load_model(model)
        assert site.people() == partition


def test_weighing_anew_that_was_cut_short_is_not_taken_for_done_by_the_model_of_before() -> None:
    """The links of the old model are gone by then: who goes back to it must weigh everybody anew too."""
    told = [_ana("a"), _ana("b"), ("c", version(1), block(**EVA))]
    site = _site()
    assert not site.load_model(MODEL)
    site.take(told)
    site.linking = site.made_with(replace(MODEL, version="other"))
    with pytest.raises(_Killed):
        weigh_all_anew(_killed_after(1, site), site.linking)
    assert site.link_store.edges({"a"}) == []
    assert site.load_model(MODEL)
    site.take([("d", version(1), block(**ANA))])
    assert site.people() == clusters([*told, ("d", version(1), block(**ANA))], MODEL).people


def test_weights_changed_under_the_same_version_weigh_everybody_anew() -> None:
    site = _site()
    site.load_model(MODEL)
    site.take([_ana("a"), _ana("b")])
    assert not site.load_model(replace(MODEL, source="the same weights in other words"))
    phone = {level: bits / 2 for level, bits in MODEL.weights["phone"].items()}
    assert site.load_model(replace(MODEL, weights={**MODEL.weights, "phone": phone}))
    assert site.load_model(replace(MODEL, margin=MODEL.margin + 1))


def test_a_change_of_the_rules_weighs_everybody_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    site = _site()
    site.load_model(MODEL)
    site.take([_ana("a"), _ana("b")])
    monkeypatch.setattr(fingerprint, "RULES", fingerprint.RULES + 1)
    assert site.load_model(MODEL)
    assert not site.load_model(MODEL)


def _every_move_is_told(site: World, before: dict[str, str]) -> None:
    """Requirement 24: decisions are the only way membership changes, each source person in one of them at most."""
    linked, after = site.batches[-1], site.owners()
    assert set(linked.touched) == {token for token in before if before[token] != after[token]}
    assert sorted(token for each in linked.decisions for token in each.moved) == sorted(
        linked.touched.keys() | (after.keys() - before.keys())
    )
    for each in linked.decisions:
        assert each.evidence
        assert {before.get(token) for token in each.moved} == {each.before}
        assert {after[token] for token in each.moved} == {each.after}
    gone = set(before.values()) - set(after.values())
    assert gone == set(linked.merged)
    assert set(linked.merged.values()) <= set(after.values())


class _Killed(Exception):
    """What a kill is to a test."""


def _killed_after(transactions: int, site: World) -> Callable[[], AbstractContextManager[World]]:
    """Transactions of which the first so many are kept; the next is never begun."""
    left = count(transactions, -1)

    def transaction() -> AbstractContextManager[World]:
        if next(left) == 0:
            raise _Killed
        return nullcontext(site)

    return transaction


def _site(*batches: list[LinkRecord]) -> World:
    site = World(MemoryStore())
    for batch in batches:
        site.take(batch)
    return site


def _ana(who: str, day: int = 1, **told: Any) -> LinkRecord:
    return (who, version(day), block(**{**ANA, **told}))


EVA = {"given_name": "Eva", "family_name": "Otro", "birth_date": date(1970, 2, 3)}


def _eva(who: str, day: int = 1) -> LinkRecord:
    return (who, version(day), block(**EVA))


def test_the_oldest_key_survives_a_merge_and_the_record_says_what_spoke_for_it() -> None:
    site = _site([_ana("a")], [_eva("b")], [_eva("b2")])
    site.take([_ana("b2", 2)])  # the source corrects itself
    first, second = site.batches[0].decisions[0], site.batches[1].decisions[0]
    moved = site.batches[-1].decisions[0]
    assert (moved.kind, moved.moved, moved.before, moved.after) == ("split", ("b2",), second.after, first.after)
    assert moved.evidence[0] == "name-or-birth-date-changed"
    site.take([_ana("b", 2)])
    (merged,) = site.batches[-1].decisions
    assert (merged.kind, merged.person_key, merged.before) == ("merge", first.person_key, second.person_key)
    assert len(merged.evidence) == 3
    assert {code.partition(":")[2] for code in merged.evidence} == {"exact"}
    assert (merged.model, merged.actor) == (MODEL.version, "identify")
    assert site.batches[-1].merged == {second.person_key: first.person_key}
    assert site.batches[-1].touched == {"b": {first.person_key, second.person_key}}
    assert site.batches[-1].rows["b"].link_revision == 2


def test_r23_merge_then_unmerge_restores_who_was_who_and_touches_nobody_else() -> None:
    site = _site([_ana("a"), _ana("a2"), _eva("b"), _eva("b2"), ("c", version(1), None)])
    before, partition = site.owners(), site.people()
    site.take([], [HumanDecision(1, "a", "b", "same")])
    (merged,) = site.batches[-1].decisions
    assert (merged.kind, merged.evidence, merged.actor) == ("merge", ("human",), "reviewer")
    assert site.people() == {frozenset({"a", "a2", "b", "b2"}), frozenset({"c"})}
    site.take([], [HumanDecision(2, "a", "b", "withdrawn")])
    (split,) = site.batches[-1].decisions
    assert (split.kind, split.evidence, split.actor) == ("split", ("decision-withdrawn",), "reviewer")
    assert site.people() == partition
    untouched = {token for token in before if token not in split.moved}
    assert {token: site.owners()[token] for token in untouched} == {token: before[token] for token in untouched}
    assert "c" not in {token for linked in site.batches[1:] for token in linked.rows}


def test_r27_what_a_person_decided_no_later_record_overrides() -> None:
    site = _site([_ana("a"), _ana("b")])
    assert len(site.people()) == 1
    site.take([], [HumanDecision(1, "b", "a", "different")])
    (split,) = site.batches[-1].decisions
    assert (split.kind, split.evidence, split.actor) == ("split", ("decided-different",), "reviewer")
    site.take([_ana("b", 2, phone="(555) 201-7799")])
    assert site.people() == {frozenset({"a"}), frozenset({"b"})}


def test_a_decision_on_somebody_who_is_not_known_yet_counts_when_they_come() -> None:
    site = _site([_ana("a")])
    site.take([], [HumanDecision(1, "a", "z", "same")])
    assert site.people() == {frozenset({"a"})}
    site.take([_eva("z")])
    assert site.people() == {frozenset({"a", "z"})}
    (link,) = site.batches[-1].decisions
    assert (link.kind, link.evidence, link.actor) == ("link", ("human",), "reviewer")


def test_r21_a_phone_that_turns_out_to_be_a_shelters_takes_back_the_link_it_made() -> None:
    pair: list[LinkRecord] = [
        (who, version(1), block(given_name="Ana", family_name="Ferreyra", phone="5552017734")) for who in "ab"
    ]
    others: list[LinkRecord] = [
        (
            f"o{n}",
            version(1),
            block(given_name=name, family_name="Otro", birth_date=date(1970, 2, n + 2), phone="5552017734"),
        )
        for n, name in enumerate(["Eva", "Ivo", "Rui", "Noa", "Teo"])
    ]
    site = _site(pair, *([other] for other in others[:4]))
    assert frozenset({"a", "b"}) in site.people()
    site.take(others[4:])
    assert frozenset({"a", "b"}) not in site.people()
    split = next(each for each in site.batches[-1].decisions if each.kind == "split")
    assert split.evidence[0] == "shared-value"
    site.take(
        [
            (
                "o0",
                version(2),
                block(given_name="Eva", family_name="Otro", birth_date=date(1970, 2, 2), phone="5552017799"),
            )
        ]
    )
    assert frozenset({"a", "b"}) in site.people()


def test_a_name_withheld_now_undoes_the_link_and_an_older_block_changes_nothing() -> None:
    site = _site(
        [_ana("a"), (*_ana("b", 5)[:2], block(given_name="Ana", family_name="Ferreyra", birth_date=ANA["birth_date"]))]
    )
    assert len(site.people()) == 1
    site.take([("b", version(9), block(given_name="Baby Boy", family_name="Ferreyra", birth_date=ANA["birth_date"]))])
    assert len(site.people()) == 2
    older = site.take([_ana("b", 7)])
    assert (older.changed, older.decisions) == (set(), [])


def test_the_key_of_a_person_stays_with_most_of_its_records() -> None:
    site = _site([_ana("c"), _ana("d"), _ana("a")])
    key = site.owners()["a"]
    site.take([_eva("a", 2)])
    assert site.owners() == {"a": site.batches[-1].created[0], "c": key, "d": key}


def test_a_new_person_is_created_once_and_its_other_records_are_linked_to_it() -> None:
    (linked,) = _site([_ana("b"), _ana("a"), _ana("c")]).batches
    assert [(each.kind, each.moved, each.before) for each in linked.decisions] == [
        ("create", ("a",), None),
        ("link", ("b",), None),
        ("link", ("c",), None),
    ]
    assert linked.decisions[0].evidence == ("first-seen",)


@settings(deadline=None)
@given(worlds, st.lists(st.sets(st.sampled_from(NAMES), min_size=1, max_size=4), min_size=1, max_size=3),
       st.sampled_from([2, 4, 60]), st.sampled_from([1, 2, 5]))  # fmt: skip
def test_r23_without_who_was_erased_the_people_are_those_of_whom_nobody_ever_told_of_them(
    world: list[tuple[list[LinkRecord], list[Any]]], erased: list[set[str]], largest: int, over: int
) -> None:
    """Requirements 21, 23 and 24 when records go: the truth over what is left, blocks and values that cross their limits included;
    what was told before and is told after links as if they had never been there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "LARGEST", largest)
        model = replace(MODEL, shared_over=over)
        site = World(MemoryStore(), model)
        so_far: list[LinkRecord] = []
        said: list[HumanDecision] = []
        for number, (batch, decided) in enumerate(world):
            decisions = [HumanDecision(len(said) + number, *word) for number, word in enumerate(decided)]
            so_far += batch
            said += decisions
            site.take(batch, decisions)
            if number % 3 == 2 and erased:
                gone, before = erased.pop(), site.owners()
                linked, dropped = site.linking.take_out(site.link_store, gone)
                site.keep(linked)
                assert dropped.rows.keys() == before.keys() & gone
                so_far = [each for each in so_far if each[0] not in gone]
                said = [each if gone.isdisjoint((each.left, each.right)) else HumanDecision(each.number, "", "", "same")
                        for each in said]  # fmt: skip
                _every_move_is_told(site, {token: key for token, key in before.items() if token not in gone})
            assert site.people() == clusters(so_far, model, [each for each in said if each.left]).people


@pytest.mark.parametrize("larger_again", [False, True])
def test_who_is_erased_makes_a_block_small_enough_to_be_compared_whole(
    monkeypatch: pytest.MonkeyPatch, larger_again: bool
) -> None:
    """Three are too many for a block of two: only those of one year and sex are compared. Of two left all are; and when a third
    comes again they are split as if the first had never been."""
    monkeypatch.setattr(blocking, "LARGEST", 2)
    women = [(token, version(1), block(**ANA | {"sex": "F"})) for token in "ab"]
    other = [(token, version(1), block(**ANA | {"sex": None})) for token in "cd"]
    site = _site()
    site.take([women[0], *other])
    assert site.people() == clusters([women[0], *other], MODEL).people == {*map(frozenset, ("a", "cd"))}
    linked, _ = site.linking.take_out(site.link_store, {"c"})
    site.keep(linked)
    assert site.people() == clusters([women[0], other[1]], MODEL).people == {frozenset("ad")}
    if larger_again:
        site.take([women[1]])
        told = [*women, other[1]]
        assert site.people() == clusters(told, MODEL).people
        linked, _ = site.linking.take_out(site.link_store, {"d"})
        site.keep(linked)
        site.take([other[0]])
        assert site.people() == clusters([*women, other[0]], MODEL).people
