"""What stands between two records whatever the sum says, and what is asked about because somebody unseen may be meant."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.domain.linkage.model import for_population, shipped_model
from hub.domain.linkage.scoring import Score, score
from hub.domain.linkage.vetoes import REASONS, few_agree
from tests.domain.linkage.people import one

MODEL = shipped_model()
VILLAGE = for_population(MODEL, 10_000)
BORN = date(1974, 9, 28)
MONIQUE: dict[str, Any] = {"given_name": "Monique", "family_name": "Tolliver", "birth_date": BORN, "sex": "F"}
WEIR: dict[str, Any] = {
    "address_line": "307 Weir St",
    "city": "Millbend",
    "postal_code": "37992",
    "phone": "6155550199",
}
RIDGE: dict[str, Any] = {"address_line": "735 Ridge Rd", "city": "Cedargap", "postal_code": "37996"}


def compared(left: dict[str, Any], right: dict[str, Any], model: Any = MODEL) -> Score:
    found = score(one(**left), one(**right), model)
    assert found == score(one(**right), one(**left), model)
    assert found.veto is None or found.veto in REASONS
    return found


def test_r20_a_namesake_born_a_day_later_in_another_town_is_asked_about() -> None:
    found = compared(MONIQUE | WEIR, MONIQUE | RIDGE | {"birth_date": date(1974, 9, 29)})
    assert (found.veto, found.grade) == ("namesakes", "review")


@pytest.mark.parametrize("common", [WEIR, {"ssn": "411873302"}, {"ssn": "3302"}])
def test_a_day_mistyped_at_one_home_or_with_one_number_is_a_slip(common: dict[str, Any]) -> None:
    found = compared(MONIQUE | common, MONIQUE | common | {"birth_date": date(1974, 9, 29)})
    assert (found.veto, found.grade) == (None, "match")


@pytest.mark.parametrize(
    ("one_told", "other_told"),
    [
        ({"given_name": "Carol"}, {"given_name": "Amelia", "middle_name": "Carol"}),
        ({"given_name": "Carol"}, {"given_name": "Amelia", "middle_name": "Carol", "birth_date": date(1974, 9, 8)}),
    ],
)
def test_r20_who_is_called_as_the_other_in_the_middle_may_be_a_twin_or_a_cousin(
    one_told: dict[str, Any], other_told: dict[str, Any]
) -> None:
    found = compared(MONIQUE | WEIR | one_told, MONIQUE | WEIR | other_told)
    assert (found.veto, found.grade) == ("middle-name", "review")


def test_r18_an_initial_is_no_name() -> None:
    found = compared(MONIQUE, MONIQUE | {"given_name": "M"})
    assert (found.veto, found.grade) == ("initial", "review")


def test_an_initial_and_the_last_four_are_enough() -> None:
    told = MONIQUE | {"ssn": "3302"}
    assert compared(told, told | {"given_name": "M"}).grade == "match"


def test_r18_r20_one_given_name_alone_may_be_a_twins() -> None:
    nameless = {key: value for key, value in (MONIQUE | WEIR).items() if key != "given_name"}
    found = compared(MONIQUE | WEIR, nameless)
    assert (found.veto, found.grade) == ("no-given-name", "review")
    assert compared(MONIQUE | WEIR, nameless, VILLAGE).grade == "match"


@pytest.mark.parametrize(
    "told",
    [
        {"given_name": "Lorenza", "family_name": "Quintrell", "city": "Alderton", "postal_code": "37991"},
        {"given_name": "Lorenza", "family_name": "Quintrell"},
        {"family_name": "Quintrell", "birth_date": BORN},
    ],
)
def test_r18_two_things_alone_are_asked_about_in_a_large_population(told: dict[str, Any]) -> None:
    assert compared(told, told).grade == "review"
    assert compared(told, told, VILLAGE).grade == "match"


def test_r18_a_rare_name_and_the_year_alone_are_asked_about() -> None:
    told: dict[str, Any] = {"given_name": "Lorenza", "family_name": "Quintrell", "birth_date": date(1978, 8, 19)}
    assert compared(told, told | {"birth_date": date(1978, 1, 1)}).grade == "review"


@pytest.mark.parametrize("people", [5_000, 20_000, 100_000, 1_000_000])
@pytest.mark.parametrize(
    ("left", "right"), [(("Mohamed", "Lee"), ("Muhammad", "Yi")), (("Yusuf", "Hussein"), ("Youssef", "Hossain"))]
)
def test_r20_two_spellings_and_a_day_apart_are_never_enough(
    left: tuple[str, str], right: tuple[str, str], people: int
) -> None:
    one_told, other_told = (
        {"given_name": given, "family_name": family, "birth_date": date(1985, 3, day), "postal_code": "37991"}
        for (given, family), day in ((left, 12), (right, 13))
    )
    found = compared(one_told, other_told, for_population(MODEL, people))
    assert found.veto == "nothing-equal"
    assert found.grade != "match"


def test_r20_brother_and_sister_with_one_pet_form_are_asked_about() -> None:
    charlotte = MONIQUE | WEIR | {"given_name": "Charlotte"}
    found = compared(charlotte, charlotte | {"given_name": "Charlie", "sex": "M"})
    assert (found.veto, found.grade) == ("sex-and-given", "review")
    number = {"ssn": "411873302"}
    assert compared(charlotte | number, charlotte | number | {"given_name": "Charlie", "sex": "M"}).grade == "match"


def test_two_spellings_of_one_name_with_one_e_mail_are_one_person() -> None:
    told: dict[str, Any] = {"birth_date": date(1985, 1, 1), "email": "yhussein44@example.org", "postal_code": "37991"}
    one_told = told | {"given_name": "Yusuf", "family_name": "Hussein"}
    assert compared(one_told, told | {"given_name": "Youssef", "family_name": "Hossain"}).grade == "match"
    assert compared(one_told, told | {"given_name": "Yusuff", "family_name": "Hossain"}).veto == "nothing-equal"


def test_a_third_thing_is_enough() -> None:
    assert compared(MONIQUE, MONIQUE).grade == "match"


@pytest.mark.parametrize(
    ("levels", "few"),
    [
        ({"given": "exact", "family": "exact", "birth_date": "year", "place": "city", "sex": "exact"}, True),
        ({"given": "exact", "family": "exact", "birth_date": "slip"}, False),
        ({"given": "middle", "family": "exact", "birth_date": "exact"}, True),
        ({"given": "initial", "family": "exact", "birth_date": "exact"}, True),
        ({"given": "swapped", "family": "swapped", "phone": "exact", "address": "exact"}, False),
        ({"family": "exact", "ssn": "last-four"}, True),
    ],
)
def test_what_counts_as_agreeing(levels: dict[str, str], few: bool) -> None:
    assert few_agree(levels) is few


def test_what_is_asked_beyond_a_match_grows_with_the_population() -> None:
    assert for_population(MODEL, 5_000).doubt == for_population(MODEL, 20_000).doubt == 0.0
    assert 0 < for_population(MODEL, 100_000).doubt < MODEL.doubt == for_population(MODEL, MODEL.population).doubt


def test_a_newborns_word_on_a_grown_man_is_a_missing_name() -> None:
    told: dict[str, Any] = {"given_name": "BABY BOY", "family_name": "Castlemaine"}
    child, man = one(**told, birth_date=date(2021, 2, 20)), one(**told, birth_date=date(1984, 6, 11))
    assert (child.given, child.newborn) == ((), True)
    assert (man.given, man.newborn) == ((), False)
    assert one(**told).newborn


@pytest.mark.parametrize("word", ["NMN", "NMI", "None", "N/A", "Unknown"])
def test_no_middle_name_is_no_middle_name(word: str) -> None:
    assert one(**MONIQUE, middle_name=word).middle is None


@pytest.mark.parametrize("word", ["FNU", "First Name Unknown", "Unknown Male"])
def test_first_name_unknown_is_no_given_name(word: str) -> None:
    assert one(given_name=word, family_name="Zahirullah").given == ()
