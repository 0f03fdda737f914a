"""The verdict's figures out of measures that were made up to be awkward."""

from __future__ import annotations

from hub.demo.judge import widest_gap
from hub.domain.measures import Denominators, measures


def test_the_widest_gap_is_never_to_or_of_a_group_whose_denominator_cannot_be_right() -> None:
    doses = {"asian": 60, "white": 300, "black": 100}
    people = {"asian": 50, "white": 600, "black": 500}
    gap = widest_gap(
        measures(
            {f"vaccinated|47065|race_ethnicity|{group}": count for group, count in doses.items()},
            Denominators({("47065", group): number for group, number in people.items()}, "made up"),
        )
    )
    assert gap is not None
    assert (gap["group"], gap["reference_group"]) == ("black", "white")
