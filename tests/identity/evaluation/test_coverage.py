"""What links do to coverage (equity-identity.md, requirement 22): a missed link looks like a dose not given."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from hub.domain.events import PersonBlock
from hub.identity.evaluation.coverage import Coverage, coverage_by, doses_of, ratios
from hub.identity.evaluation.exposition import exposition
from hub.identity.evaluation.labelled import Labelled, LabelledSet, Pair
from hub.identity.evaluation.quality import SMALLEST
from hub.identity.evaluation.report import Evaluation, Outcome, judged


def people(**groups: int) -> tuple[LabelledSet, dict[str, str]]:
    """So many people of each group, two records each."""
    records, truth, group_of = [], set(), {}
    for group, count in groups.items():
        for number in range(count):
            pair = (f"{group}{number}a", f"{group}{number}b")
            truth.add(pair)
            for key in pair:
                records.append(Labelled(key, key, 0, "made-up", PersonBlock(), {"race_ethnicity": group}))
                group_of[key] = group
    return LabelledSet(records, frozenset(truth)), group_of


def judged_as_found(labelled: LabelledSet, found: frozenset[Pair]) -> Evaluation:
    return judged(labelled, Outcome(found, frozenset(), {}, frozenset(), [], [], 0.0, 0, "made-up"))


def test_six_of_ten_of_every_group_had_a_dose_in_another_record() -> None:
    labelled, group_of = people(black=100, white=50)
    assert coverage_by(labelled, labelled.truth, group_of) == {
        "black": Coverage(100, 60, 60),
        "white": Coverage(50, 30, 30),
    }


def test_r22_links_missed_in_one_group_look_like_fewer_doses_there() -> None:
    labelled, group_of = people(black=100, white=100)
    dosed = set(doses_of(labelled, group_of).told)
    lost = set(sorted(pair for pair in labelled.truth if pair[0] in dosed and pair[0].startswith("black"))[:15])
    found = coverage_by(labelled, labelled.truth - lost, group_of)
    assert found == {"black": Coverage(100, 60, 45), "white": Coverage(100, 60, 60)}
    told = ratios(found)
    assert told["black"] in {(1.0, 0.75), (1.0, 1.0)}
    assert {linked for _, linked in told.values()} in ({0.75, 1.0}, {1.0, 60 / 45})


def test_r22_a_wrong_link_looks_like_a_dose() -> None:
    labelled, group_of = people(black=5)
    doses = doses_of(labelled, group_of)
    undosed = next(key for key in doses.asked if key not in doses.told)
    wrong = (undosed, next(iter(doses.told.values())))
    assert coverage_by(labelled, labelled.truth | {wrong}, group_of)["black"].linked == 4


def test_a_group_of_few_has_no_ratio() -> None:
    labelled, group_of = people(white=SMALLEST, nhpi=SMALLEST - 1)
    found = coverage_by(labelled, labelled.truth, group_of)
    assert found["nhpi"].as_json()["too_small"] is True
    assert set(ratios(found)) == {"white"}


def test_somebody_of_one_record_is_not_asked_about() -> None:
    labelled, _ = people(white=1)
    alone = LabelledSet([*labelled.records, Labelled("x", "x", 0, "made-up", PersonBlock(), {})], labelled.truth)
    assert doses_of(alone, {}).asked == ["white0a"]


def test_r22_metrics_hold_shares_gaps_and_ratios_and_no_small_group() -> None:
    labelled, _ = people(white=SMALLEST, black=SMALLEST, nhpi=3)
    found = judged_as_found(labelled, frozenset(pair for pair in labelled.truth if pair[0] != "black0a"))
    text = exposition(found).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    recall = {(s.labels["group"], s.labels["bound"]): s.value for s in families["hub_identity_recall"].samples}
    assert recall["black", "estimate"] == 29 / 30
    assert ("nhpi", "estimate") not in recall
    assert ("all", "lower") in recall
    gaps = {s.labels["share"]: s.value for s in families["hub_identity_gap"].samples}
    assert abs(gaps["recall"] - 1 / 30) < 1e-12
    assert {s.labels["group"] for s in families["hub_identity_coverage_ratio"].samples} == {"black", "white"}


def test_metrics_keep_a_group_that_is_no_word_out_of_the_labels() -> None:
    labelled, _ = people(**{"Mary O'Hara, 615 555 0123": SMALLEST})
    text = exposition(judged_as_found(labelled, labelled.truth)).decode()
    assert "Mary" not in text
    assert 'group="other"' in text


def test_the_gap_names_who_is_found_least() -> None:
    labelled, _ = people(white=SMALLEST, black=SMALLEST)
    found = judged_as_found(labelled, frozenset(pair for pair in labelled.truth if pair[0] != "black0a"))
    assert found.gaps["race_ethnicity"].least_found == "black"
    told = found.as_json()
    assert isinstance(told["coverage"], dict)
    assert told["coverage"]["race_ethnicity"]["white"]["ratio_true"] == 1
