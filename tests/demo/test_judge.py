"""The verdict's figures out of measures that were made up to be awkward."""

from __future__ import annotations

import pytest

from hub.demo.judge import Observed, judge, widest_gap
from hub.domain.ids import Ids
from hub.domain.measures import Denominators, measures
from hub.synthetic import make_county
from hub.synthetic.county import County

IDS = Ids(b"j" * 32)


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(120, 5)


def linked(county: County, *, errors: bool) -> dict[str, str]:
    """Owners of all records as the truth has them; without `errors` of those alone that agree with another exactly."""
    agreeing = {sid for pair in county.truth.expected_links for sid in pair}
    return {
        IDS.source_person(*sid): f"person {person}" if errors or sid in agreeing else f"alone {sid}"
        for person, sids in county.truth.who.items()
        for sid in sids
    }


def observed(owners: dict[str, str]) -> Observed:
    return Observed((), owners, {}, {}, 0, {}, 0, {})


def test_every_pair_of_one_persons_records_is_counted_as_joined_or_missed(county: County) -> None:
    whole = judge(observed(linked(county, errors=True)), county, IDS)
    assert (whole.pairs_missed, whole.links_missed, whole.links_wrong) == (0, 0, 0)
    exact = judge(observed(linked(county, errors=False)), county, IDS)
    assert (exact.links_missed, exact.links_wrong) == (0, 0)
    assert whole.pairs == exact.pairs > exact.links_expected
    assert exact.pairs_missed == exact.pairs - exact.links_expected


def test_a_pair_of_two_people_who_were_joined_is_wrong_and_no_link_of_either(county: County) -> None:
    owners = linked(county, errors=True)
    one, other = sorted(set(owners.values()))[:2]
    mine, theirs = (sum(owner == each for owner in owners.values()) for each in (one, other))
    joined = {token: one if owner == other else owner for token, owner in owners.items()}
    assert judge(observed(joined), county, IDS).links_wrong == mine * theirs
    assert judge(observed(joined), county, IDS).pairs_missed == 0


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
