"""Doses handed out against doses given, site by site: what counts, what never counts twice, what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.events import VaccineSupply
from hub.domain.history import decode_row
from hub.domain.ids import content_hash
from hub.domain.projection import Projector
from hub.domain.supply import SupplyMeasure, seen_strata, supply_measures
from hub.domain.supply_counts import SupplyBoard
from hub.domain.vaccine_series import Given, distinct_doses
from tests.builders import IDS, Story
from tests.domain.test_needs import RULES

W1, W2 = (date(2021, 2, 1), date(2021, 2, 7)), (date(2021, 2, 8), date(2021, 2, 14))


def told(
    fact: str, at: int = 1, *, pin: str | None = "4512", days: tuple[date | None, date] = W1, source: str = "state",
    active: bool = True, **fields: Any,
) -> VaccineSupply:  # fmt: skip
    """One event of supply at a version."""
    content = content_hash(fact, repr((active, pin, days, sorted(fields.items()))))
    return VaccineSupply(
        event_id=f"{fact}-{at}-{content}", source=source, source_person=None, fact_key=fact,
        changed_at=datetime(2021, 3, at, tzinfo=UTC), status_rank=0, content_hash=content, mapping_version=1,
        occurred_on=days[1], active=active, agreement_id="a", labels=("N",), purposes=("vaccine-equity",), site=f"site {pin}",
        provider_pin=pin, period_from=days[0], period_until=days[1], **{"covid": True, "cvx": "207", **fields},
    )  # fmt: skip


def lines(events: Iterable[VaccineSupply], totals: dict[str, int] | None = None) -> dict[str, SupplyMeasure]:
    board = SupplyBoard()
    for event in events:
        board.put(event)
    return {line.key: line for line in supply_measures(board.counted(), totals or {})}


def one(events: Iterable[VaccineSupply], totals: dict[str, int] | None = None) -> SupplyMeasure:
    return lines(events, totals)["provider|4512"]


def test_a_site_has_its_counts_and_what_nobody_told_is_none() -> None:
    line = one([told("a", doses_delivered=300), told("b", doses_administered=180), told("c", doses_wasted=4)])
    assert (line.delivered, line.reported, line.wasted, line.allocated, line.on_hand) == (300, 180, 4, None, None)
    assert (line.seen, line.reported_less_seen, line.unused) == (None, None, None)
    assert line.issues == ("no-dose-joined",)


def test_weeks_add_up_and_expired_doses_are_wasted_ones() -> None:
    line = one([
        told("a", doses_wasted=4), told("b", days=W2, doses_wasted=2), told("c", doses_expired=1),
        told("d", cvx="208", doses_wasted=3),
    ])  # fmt: skip
    assert line.wasted == 10
    assert (line.first, line.last) == (W1[0], W2[1])


def test_a_restated_count_replaces_and_a_withdrawn_one_goes() -> None:
    first, restated, gone = (
        told("a", 1, doses_delivered=300), told("a", 2, doses_delivered=200), told("a", 3, active=False)
    )  # fmt: skip
    assert one([restated, first, first]).delivered == 200
    assert lines([gone, restated, first]) == {}


def test_a_week_whose_bounds_were_corrected_counts_once_and_it_is_said() -> None:
    line = one(
        [
            told("a", 1, doses_administered=100),
            told("b", 2, days=(date(2021, 2, 2), date(2021, 2, 8)), doses_administered=90),
        ]
    )
    assert (line.reported, line.issues) == (90, ("no-dose-joined", "overlapping-periods"))


def test_two_systems_that_tell_of_the_same_days_are_not_added_up() -> None:
    line = one([told("a", 1, doses_administered=100), told("b", 2, source="pharmacy", doses_administered=98)])
    assert (line.reported, line.issues) == (98, ("no-dose-joined",))


def test_shipments_of_one_day_add_up_and_not_with_a_weekly_count_of_the_same_doses() -> None:
    day = (date(2021, 2, 3), date(2021, 2, 3))
    shipped = [told(f"s{n}", 2, days=day, part_key=f"ship{n}", doses_delivered=100) for n in (1, 2)]
    assert one(shipped).delivered == 200
    assert one([*shipped, told("week", 1, source="site", doses_delivered=200)]).delivered == 200
    assert one([*shipped, told("week", 3, source="site", doses_delivered=200)]).delivered == 200


def test_a_total_to_date_stands_for_all_days_until_its_own() -> None:
    total = told("t", 3, days=(None, W2[1]), doses_administered=500)
    later = told("w", 1, days=(date(2021, 2, 15), date(2021, 2, 21)), doses_administered=50)
    assert one([told("a", 1, doses_administered=100), total, later]).reported == 550


def test_on_hand_is_of_the_newest_day_not_a_sum_of_days() -> None:
    line = one([
        told("a", 2, days=(W1[1], W1[1]), doses_on_hand=116), told("b", 1, days=(W2[1], W2[1]), doses_on_hand=24),
        told("c", 1, days=(W1[1], W1[1]), cvx="208", doses_on_hand=6),
    ])  # fmt: skip
    assert line.on_hand == 30


def test_other_vaccines_and_impossible_figures_count_nowhere() -> None:
    assert lines([told("a", covid=False, cvx="140", doses_delivered=300), told("b", doses_delivered=-5)]) == {}


def test_a_site_is_one_however_its_pin_is_written() -> None:
    line = one([told("a", pin="004512", doses_delivered=1), told("b", pin=" 4512", days=W2, doses_delivered=2)])
    assert line.delivered == 3


def test_a_site_without_a_pin_is_shown_and_no_dose_can_be_joined_to_it() -> None:
    line = lines([told("a", pin=None, doses_delivered=10)])["provider|site None"]
    assert (line.seen, line.unused, line.issues) == (None, None, ("no-pin",))


def test_a_provider_who_gives_doses_without_any_supply_told_is_shown_where_supply_is_told_at_all() -> None:
    seen = {"dose-seen|A77|provider|1": 7, "dose-seen|A77|provider|2": 3, "vaccinated|47065|race_ethnicity|white": 5}
    found = lines([told("a", doses_delivered=5)], seen)
    assert (found["provider|A77"].seen, found["provider|A77"].issues) == (10, ("no-supply-told",))
    assert lines([], seen) == {}


def test_more_doses_seen_than_delivered_is_said() -> None:
    line = one([told("a", doses_delivered=5)], {"dose-seen|4512|provider|1": 7})
    assert (line.unused, line.issues) == (-2, ("more-given-than-delivered",))


def test_an_area_sums_its_sites_and_what_no_site_told_stays_none() -> None:
    found = lines([
        told("a", county="47065", doses_delivered=300), told("b", pin="A77", county="47065", doses_administered=40),
        told("c", pin="B3", doses_delivered=7),
    ], {"dose-seen|A77|provider|1": 30})  # fmt: skip
    area, everywhere = found["area|47065"], found["area|all"]
    assert (area.sites, area.delivered, area.reported, area.allocated) == (2, 300, 40, None)
    assert (area.seen, area.reported_less_seen) == (30, 10)
    assert (everywhere.sites, everywhere.delivered) == (3, 307)
    assert found["area|unknown"].sites == 1


def test_each_product_has_a_line_of_its_own_and_together_they_are_the_line_of_all() -> None:
    found = lines([
        told("a", cvx="207", doses_delivered=300), told("b", cvx="208", doses_delivered=90),
        told("c", cvx="217", doses_delivered=10), told("d", cvx=None, doses_delivered=1),
    ], {"dose-seen|4512|provider|1": 50, "dose-seen-of|4512|moderna|1": 40, "dose-seen-of|4512|janssen|1": 10})  # fmt: skip
    at = {
        line.product: (line.delivered, line.seen, line.unused, line.issues)
        for line in found.values()
        if line.area == "unknown"
    }
    told_of = {line.product: (line.delivered, line.seen) for line in found.values() if line.level == "provider"}
    assert told_of == {
        "all": (401, 50), "moderna": (300, 40), "pfizer": (100, 0), "unspecified": (1, 0), "janssen": (None, 10),
    }  # fmt: skip
    assert found["provider|4512|janssen"].issues == ("no-supply-told",)
    assert at["moderna"] == (300, 40, 260, ())
    assert found["area|all|pfizer"].delivered == 100


def test_a_dose_that_names_no_product_is_seen_at_its_provider_under_unspecified() -> None:
    assert seen_strata([Given(738_000, False, "", "4512")]) == {
        "dose-seen|4512|provider|1", "dose-seen-of|4512|unspecified|1",
    }  # fmt: skip


def test_a_site_whose_doses_nobody_joins_is_not_told_to_have_given_none() -> None:
    found = lines(
        [told("a", doses_delivered=300), told("b", pin="A77", doses_delivered=5)], {"dose-seen|4512|provider|1": 0}
    )
    assert {found[key].seen for key in ("provider|4512", "provider|A77", "provider|A77|moderna", "area|all")} == {None}
    assert found["provider|4512"].issues == ("no-dose-joined",)


def test_a_site_is_called_as_its_newest_word_that_names_it_does() -> None:
    found = lines([
        told("a", 1, doses_delivered=1, site_name="Old Name"), told("b", 2, doses_wasted=1, site_name="Made-up Clinic"),
        told("c", 3, cvx="208", doses_delivered=1),
    ])  # fmt: skip
    assert {line.site_name for line in found.values() if line.level == "provider"} == {"Made-up Clinic"}
    assert found["area|all"].site_name is None


# Doses as seen


def seen_of(story: Story, as_of: date = date(2021, 12, 31)) -> Counter[str]:
    row = decode_row(None)
    for record in story.records:
        row.apply(story.owner, 1, record)
    gained = Projector(IDS, RULES).project(story.owner, row, as_of).gained
    return Counter(stratum for stratum in gained if stratum.startswith("dose-seen|"))


def dose(story: Story, fact: str, on: date, pin: str | None = "004512", **fields: Any) -> Story:
    told_of = {"status": "administered", "covid": True, "cvx": "207", "historical": False, **fields}
    return story.tells("vaccination", fact, occurred_on=on, provider_pin=pin, **told_of)


def test_two_doses_of_a_person_at_one_provider_are_two_doses() -> None:
    story = dose(dose(Story("p"), "d1", date(2021, 2, 3)), "d2", date(2021, 3, 3), pin=" 4512")
    assert seen_of(story) == {"dose-seen|4512|provider|1": 1, "dose-seen|4512|provider|2": 1}


def test_a_dose_that_several_sources_tell_of_is_one_dose_of_whoever_names_the_provider() -> None:
    reports = [
        Given(738_000, True, "moderna"),
        Given(738_001, False, "moderna"),
        Given(738_000, False, "moderna", "4512"),
    ]
    assert seen_strata(distinct_doses(reports)) == {"dose-seen|4512|provider|1", "dose-seen-of|4512|moderna|1"}


def test_refusals_tests_withdrawals_and_doses_to_come_are_never_seen() -> None:
    story = Story("p")
    dose(story, "refused", date(2021, 2, 3), status="refused")
    dose(story, "flu", date(2021, 2, 3), covid=False, cvx="140")
    dose(story, "test", date(2021, 2, 4), processing="test")
    dose(story, "tomorrow", date(2021, 6, 2))
    dose(story, "deleted", date(2021, 4, 4), status="withdrawn", active=False)
    dose(story, "nobody's", date(2021, 5, 4), pin=None)
    assert seen_of(story, date(2021, 6, 1)) == {}


# Any order, any repeats

_FACTS = st.builds(
    told,
    st.sampled_from(["a", "b", "c", "d"]),
    st.integers(1, 3),
    pin=st.sampled_from(["4512", "A77"]),
    days=st.sampled_from([W1, W2, (date(2021, 2, 3), date(2021, 2, 10)), (None, W2[1]), (W1[0], W1[0])]),
    source=st.sampled_from(["state", "site"]),
    active=st.booleans(),
    part_key=st.sampled_from([None, "lot1", "lot2"]),
    doses_delivered=st.one_of(st.none(), st.integers(0, 9)),
    doses_on_hand=st.one_of(st.none(), st.integers(0, 9)),
    county=st.sampled_from([None, "47065", "47115"]),
)


@given(st.lists(_FACTS, max_size=12), st.randoms(use_true_random=False))
def test_in_any_order_and_however_often_it_comes_the_lines_are_the_same(
    events: list[VaccineSupply], chance: Any
) -> None:
    mixed = [*events, *events]
    chance.shuffle(mixed)
    assert lines(mixed) == lines(events)


@given(st.lists(_FACTS, max_size=12))
def test_what_is_told_anew_as_zero_leaves_nothing_of_what_was_told_before(events: list[VaccineSupply]) -> None:
    anew = [
        told(each.fact_key, 9, days=(each.period_from, each.period_until or W1[1]), doses_delivered=0, doses_on_hand=0)
        for each in events
    ]
    for line in lines([*anew, *events]).values():
        assert (line.delivered, line.on_hand, line.unused) == (0, 0, None)
