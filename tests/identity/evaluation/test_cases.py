"""Records against a registry, one case each: sensitivity, positive predictive value, specificity."""

from __future__ import annotations

from hub.domain.events import PersonBlock
from hub.identity.evaluation.cases import case_results
from hub.identity.evaluation.labelled import Labelled, LabelledSet, Pair


def record(key: str, side: int) -> Labelled:
    return Labelled(key, key, side, "made-up", PersonBlock(), {})


RECORDS = [*(record(f"r{n}", 0) for n in range(3)), *(record(f"c{n}", 1) for n in range(6))]
TRUTH: frozenset[Pair] = frozenset({("r0", "c0"), ("r1", "c1"), ("r2", "c2")})
LABELLED = LabelledSet(RECORDS, TRUTH, True, frozenset({("r0", "c5")}), {"c0": "typo", "c1": "typo", "c3": "stranger"})


def test_every_ending_is_counted_under_its_label_and_its_kind() -> None:
    found = {("r0", "c0"), ("r1", "c1"), ("r2", "c1"), ("r0", "c3")}
    cases = case_results(LABELLED, found, {("r0", "c5"), ("r2", "c2"), ("r1", "c0")})
    assert cases is not None
    assert cases.ended["match"] == {"right": 1, "wrong": 1, "review": 1, "none": 0}
    assert cases.ended["no-match"] == {"right": 0, "wrong": 1, "review": 0, "none": 1}
    assert cases.ended["possible"] == {"right": 0, "wrong": 0, "review": 1, "none": 0}
    assert (cases.sensitivity, cases.predictive_value, cases.specificity) == ((1, 3), (1, 3), (1, 2))
    assert cases.kinds["match", "typo"] == {"right": 1, "wrong": 1, "review": 0, "none": 0}
    told = cases.as_json()
    assert (told["sensitivity"], told["ppv"], told["specificity"]) == (1 / 3, 1 / 3, 1 / 2)


def test_a_possible_case_that_is_united_counts_in_no_share_and_is_told() -> None:
    cases = case_results(LABELLED, {("r0", "c5")}, set())
    assert cases is not None
    assert cases.ended["possible"]["wrong"] == 1
    assert cases.as_json()["ppv"] is None


def test_of_one_file_there_are_no_cases() -> None:
    assert case_results(LabelledSet(RECORDS, TRUTH), set(), set()) is None
