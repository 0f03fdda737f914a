"""Linking labelled records one by one, and what is told about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

from hub.domain.events import PersonBlock
from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.model import shipped_model
from hub.identity.evaluation.arriving import BlockIndex
from hub.identity.evaluation.explained import explained
from hub.identity.evaluation.labelled import Labelled, LabelledSet, closed
from hub.identity.evaluation.report import judged, percentile
from hub.identity.evaluation.run import run


def record(key: str, given: str, family: str, born: str, *, race: str = "", side: int = 0, **more: str) -> Labelled:
    block = PersonBlock.model_validate(
        {"given_name": given, "family_name": family, "birth_date": date.fromisoformat(born), **more}
    )
    return Labelled(key, key, side, "made-up", block, {"race_ethnicity": race} if race else {})


ANA = record("a", "Ana", "Villalobos", "1962-03-19", race="hispanic", ssn="219-09-9999")
ANNA = record("b", "Ana", "Vilalobos", "1962-03-19", ssn="219-09-9999", side=1)
OTHER = record("c", "Wendell", "Pruitt", "1948-11-02", race="white")
SAME_AS_OTHER = record("d", "Gertrude", "Okafor", "1999-05-30", race="white", side=1)


def labelled(*records: Labelled, same: tuple[tuple[str, str], ...], two_files: bool = False) -> LabelledSet:
    keys = [each.key for each in records]
    sides: Mapping[str, int] | None = {each.key: each.side for each in records} if two_files else None
    return LabelledSet(records, closed(keys, same, sides), two_files)


def test_what_is_found_is_counted_beside_the_truth_and_by_group() -> None:
    told = labelled(ANA, OTHER, ANNA, SAME_AS_OTHER, same=(("a", "b"), ("c", "d")))
    found = judged(told, run(told, shipped_model()))
    assert (found.whole.found, found.whole.true, found.whole.right) == (1, 2, 1)
    assert {group: each.recall for group, each in found.groups["race_ethnicity"].items()} == {"hispanic": 1, "white": 0}
    assert found.missed() == {"review": 0, "uncompared": 1, "apart": 0}
    assert found.outcome.people == 3


def test_the_object_has_what_design_8_names_and_is_json() -> None:
    told = labelled(ANA, ANNA, same=(("a", "b"),), two_files=True)
    found = json.loads(json.dumps(judged(told, run(told, shipped_model())).as_json()))
    assert {"precision", "recall", "f1", "review_pairs", "groups", "candidates_p99", "events_per_s"} <= found.keys()
    assert (found["precision"], found["recall"], found["f1"], found["candidates_p99"]) == (1, 1, 1, 1)
    assert found["groups"] == found["groups_by"]["race_ethnicity"]
    assert found["groups"]["hispanic"]["coverage_factor"] == 1


def test_of_two_files_a_pair_within_one_is_not_counted() -> None:
    again = record("e", "Ana", "Villalobos", "1962-03-19", ssn="219-09-9999")
    told = labelled(ANA, again, same=(), two_files=True)
    assert run(told, shipped_model()).found == frozenset()


def test_the_bar_is_handed_every_record() -> None:
    seen: list[str] = []

    def watch(records):  # type: ignore[no-untyped-def]
        for each in records:
            seen.append(each.key)
            yield each

    run(labelled(ANA, OTHER, same=()), shipped_model(), watch)
    assert seen == ["a", "c"]


def test_a_block_that_grows_too_large_is_split_and_then_bounds_what_is_compared() -> None:
    """Two hundred people of one phone, as at a shelter's desk: the phone alone makes nobody a candidate of all."""
    index = BlockIndex()
    found = [
        len(
            index.add(
                comparable(PersonBlock(given_name="Jo", family_name=f"{chr(97 + n % 26)}zz{n}", phone="2105550100"))
            )
        )
        for n in range(200)
    ]
    assert max(found) <= 60
    assert found[-1] < 60


def test_an_explanation_adds_up_and_shows_no_value() -> None:
    found = explained(ANA, ANNA, [ANA, ANNA, OTHER], shipped_model())
    assert found.together
    assert sum(part.weight for part in found.parts) == found.total
    assert {"given", "family", "birth_date", "ssn"} <= {part.field for part in found.parts}
    assert "phone" in found.silent
    told = json.dumps(found.as_json())
    assert not [word for word in ("Ana", "illalobos", "219", "1962") if word in told]


def test_an_explanation_says_what_is_shared_by_too_many() -> None:
    crowd = [record(f"s{n}", name, f"{name}son", f"19{50 + n}-04-0{n + 1}", phone="2105550100") for n, name in enumerate(
        ("Abel", "Bertha", "Cyrus", "Delia", "Egon", "Frida", "Gustav")
    )]  # fmt: skip
    found = explained(crowd[0], crowd[1], crowd, shipped_model())
    assert found.shared == ("phone",)
    assert "phone" not in {part.field for part in found.parts}


def test_percentiles_are_values_that_were_seen() -> None:
    assert [percentile(range(1, 101), share) for share in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([], 99) == 0
