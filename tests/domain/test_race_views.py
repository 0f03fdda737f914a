"""Both federal views of one answer (social-standards.md 16 and 17), and measures made of them."""

from __future__ import annotations

import pytest

from hub.domain.measures import Denominators, load_denominators, measures
from hub.domain.race_views import in_views


def shown(word: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for view, group in in_views(word):
        found.setdefault(view, set()).add(group)
    return found


@pytest.mark.parametrize(
    ("word", "omb", "spd", "ethnicity"),
    [
        ("white/not-hispanic", "white", "white", "not-hispanic"),
        ("mena/not-hispanic", "white", "mena", "not-hispanic"),
        ("white+mena/not-hispanic", "white", "multiracial", "not-hispanic"),
        ("white/hispanic", "white", "multiracial", "hispanic"),
        ("asian+white/not-hispanic", "multiracial", "multiracial", "not-hispanic"),
        ("?unknown/hispanic", "unknown", "hispanic", "hispanic"),
        ("?declined/?declined", "unknown", "unknown", "unknown"),
        ("?unknown/not-hispanic", "unknown", "unknown", "not-hispanic"),
    ],
)
def test_social_16_one_answer_under_both_standards(word: str, omb: str, spd: str, ethnicity: str) -> None:
    found = shown(word)
    assert (found["omb-1997"], found["spd-15-2024"], found["omb-1997-ethnicity"]) == ({omb}, {spd}, {ethnicity})


def test_social_16_alone_or_in_combination_counts_a_person_in_every_group_they_named() -> None:
    found = shown("asian+white/hispanic")
    assert found["omb-1997-any"] == {"asian", "white"}
    assert found["spd-15-2024-any"] == {"asian", "white", "hispanic"}
    assert shown("?unknown/?unknown")["spd-15-2024-any"] == {"unknown"}


def test_social_16_white_of_a_question_without_mena_is_said_not_to_have_been_asked() -> None:
    assert shown("white/not-hispanic~mena")["mena-asked"] == {"no"}
    assert shown("white/not-hispanic")["mena-asked"] == {"not-said"}


def test_social_17_completeness_keeps_the_reasons_apart() -> None:
    assert shown("?declined/?not-asked")["race-told"] == {"declined"}
    assert shown("?declined/?not-asked")["ethnicity-told"] == {"not-asked"}
    assert shown("white/hispanic!conflict")["race-told"] == {"conflict"}


def _told() -> dict[str, int]:
    answers = {
        "white/not-hispanic": 300,
        "white+mena/not-hispanic": 40,
        "?unknown/hispanic": 60,
        "?declined/?declined": 100,
    }
    groups = {"white": 300, "multiracial": 40, "hispanic": 60, "unknown": 100}
    return {f"told-vaccinated|47065|told|{word}": count for word, count in answers.items()} | {
        f"vaccinated|47065|race_ethnicity|{group}": count for group, count in groups.items()
    }


def test_social_16_both_views_are_published_beside_the_reporting_groups() -> None:
    found = {m.key: m for m in measures(_told(), Denominators({("47065", "white"): 600}, "made up"))}
    assert found["vaccinated|47065|omb-1997|white"].numerator == 340
    assert found["vaccinated|47065|spd-15-2024|white"].numerator == 300
    assert found["vaccinated|47065|spd-15-2024|multiracial"].numerator == 40
    assert found["vaccinated|all|spd-15-2024-any|mena"].numerator == 40
    assert found["vaccinated|47065|race_ethnicity|white"].estimate == pytest.approx(0.5)
    assert found["vaccinated|47065|omb-1997|white"].estimate is None


def test_social_17_the_share_that_declined_stands_beside_the_rates_and_bounds_what_is_reliable() -> None:
    found = {m.key: m for m in measures(_told(), Denominators({("47065", "white"): 600}, "made up"))}
    assert found["vaccinated|47065|race-told|declined"].estimate == pytest.approx(0.2)
    assert found["vaccinated|47065|omb-1997|white"].unknown_share == pytest.approx(160 / 500)
    assert not found["vaccinated|47065|omb-1997|white"].reliable


def test_a_view_is_rated_where_its_own_population_is_known() -> None:
    head = "area,dimension,group,population,source,vintage\n"
    people = load_denominators(
        f"{head}47065,spd-15-2024,white,1000,made up,2024\n47065,race_ethnicity,white,600,made up,2024\n"
    )
    found = {m.key: m for m in measures(_told(), people)}
    assert found["vaccinated|47065|spd-15-2024|white"].estimate == pytest.approx(0.3)
    assert found["vaccinated|47065|race_ethnicity|white"].estimate == pytest.approx(0.5)
