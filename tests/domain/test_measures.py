"""Coverage and gaps against figures that others published or that hand calculation gives."""

from __future__ import annotations

import pytest

from hub.domain.measures import Denominators, EquityMeasure, load_denominators, measures, newcombe, wilson
from hub.domain.tallies import PartitionTally, TallyBoard


def test_wilson_equals_the_published_example() -> None:
    # Newcombe 1998 (Statistics in Medicine 17:857), table I: 81/263 by the score method: 0.2553 to 0.3662
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_newcombe_equals_the_published_example() -> None:
    # Newcombe 1998 (Statistics in Medicine 17:873), table II (a): 56/70 - 48/80, method 10: 0.0524 to 0.3339
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_gap_is_to_the_best_covered_group_and_unknown_is_no_group() -> None:
    totals = {
        f"vaccinated|47065|race_ethnicity|{group}": count
        for group, count in {"white": 300, "black": 100, "unknown": 50}.items()
    }
    found = {
        m.group: m
        for m in measures(totals, Denominators({("47065", "white"): 600, ("47065", "black"): 500}, "made up 2021"))
        if m.area == "47065"
    }
    assert found["black"].reference_group == "white"
    assert found["black"].difference == pytest.approx(0.2 - 0.5)
    assert found["white"].difference is None
    assert found["unknown"].denominator is None
    assert found["unknown"].unknown_share == pytest.approx(50 / 450)


def test_coverage_above_one_is_shown_and_doubted() -> None:
    (one, _) = measures(
        {"vaccinated|47065|race_ethnicity|white": 40}, Denominators({("47065", "white"): 35}, "made up")
    )
    assert one.estimate == pytest.approx(40 / 35)
    assert one.denominator_suspect
    assert one.lower is None


def test_totals_are_absolute_so_a_repeat_changes_nothing() -> None:
    tally = PartitionTally(0)
    touched = tally.move(["a"], [])
    board = TallyBoard()
    for _ in range(3):
        for total in tally.totals(touched, 5):
            board.put(total.stratum, total.partition, total.count, total.version)
    board.put("a", 0, 9, 4)
    board.put("a", 1, 2, 1)
    assert board.totals() == {"a": 3}


def _doubted() -> dict[str, EquityMeasure]:
    """asian: more doses than people; white: well covered; black: behind."""
    doses = {"asian": 60, "white": 300, "black": 100}
    people = {"asian": 50, "white": 600, "black": 500}
    found = measures(
        {f"vaccinated|47065|race_ethnicity|{group}": count for group, count in doses.items()},
        Denominators({("47065", group): number for group, number in people.items()}, "made up"),
    )
    return {measure.group: measure for measure in found if measure.area == "47065"}


def test_a_group_with_more_doses_than_people_is_nobodys_reference() -> None:
    found = _doubted()
    assert found["asian"].denominator_suspect
    assert found["black"].reference_group == "white"
    assert found["black"].difference == pytest.approx(0.2 - 0.5)


def test_a_group_with_more_doses_than_people_is_not_reliable_and_has_no_gap() -> None:
    asian = _doubted()["asian"]
    assert not asian.reliable
    assert (asian.reference_group, asian.difference) == (None, None)


def test_a_population_of_all_areas_is_refused_because_it_is_the_sum_of_the_others() -> None:
    head = "area,dimension,group,population,source,vintage\n"
    with pytest.raises(ValueError, match="all"):
        load_denominators(
            f"{head}47065,race_ethnicity,white,10,made up,2021\nall,race_ethnicity,white,10,made up,2021\n"
        )
