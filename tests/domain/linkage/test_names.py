"""When two given names are one name mistyped, two spellings of it, or two names (equity-identity.md, requirement 20: twins)."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.linkage.comparisons import compare
from hub.domain.linkage.model import shipped_model
from hub.domain.linkage.names import family_level, given_level
from hub.domain.linkage.scoring import score
from hub.domain.linkage.shared import shared_values
from tests.domain.linkage.people import one

MODEL = shipped_model()
HOME = {"family_name": "Ferreyra", "birth_date": date(2014, 5, 17), "phone": "5552017734"}


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("jayden", "hayden", "alike"),
        ("jayden", "jaydne", "close"),
        ("maria", "mario", "alike"),
        ("yusuf", "youssef", "spelling"),
        ("dmytro", "dmitri", "spelling"),
        ("cuc", "cuk", "sounds"),
        ("kee", "ke", "close"),
        ("viligmi", "veliami", "similar"),
        ("hai", "hi", "close"),
        ("an", "anh", "alike"),
        ("bob", "robert", "nickname"),
        ("tiff", "tiffany", "nickname"),
        ("winnie", "winifred", "nickname"),
        ("suue", "susan", "nickname"),
        ("micchael", "mike", "nickname"),
        ("pete", "pedro", "nickname"),
        ("john", "juan", "nickname"),
        ("min", "ming", "alike"),
        ("maria", "mariana", "alike"),
        ("ana", "anahi", "similar"),
        ("kenn", "kendrick", "different"),
        ("jaqu", "jaquiel", "similar"),
        ("marcus", "maya", "different"),
    ],
)
def test_what_names_are_known_tells_a_slip_from_another_name(left: str, right: str, level: str) -> None:
    assert given_level(left, right) == given_level(right, left) == level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("zhang", "cheung", "spelling"),
        ("chang", "jang", "spelling"),
        ("jung", "jeong", "spelling"),
        ("shevchenko", "szewczenko", "spelling"),
        ("elmasry", "almasri", "spelling"),
        ("zhang", "zheng", "close"),
        ("tang", "ding", "different"),
        ("vu", "voo", "sounds"),
        ("vu", "vo", "different"),
        ("henry", "enrique", "different"),
        ("peters", "peter", "close"),
    ],
)
def test_spellings_of_a_family_name_are_known_however_they_are_written(left: str, right: str, level: str) -> None:
    assert family_level(left, right) == family_level(right, left) == level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("Min-ho", "Park"), ("Minho", "Park"), "exact"),
        (("Min-ho", "Park"), ("Minnho", "Park"), "close"),
        (("Sung-min", "Yoon"), ("Sun-min", "Yoon"), "close"),
        (("Min-ho", "Park"), ("Min-su", "Park"), "alike"),
        (("Lee", "Min Jung"), ("Minjung", "Lee"), "swapped"),
    ],
)
def test_a_given_name_of_two_parts(left: tuple[str, str], right: tuple[str, str], level: str) -> None:
    told = [one(given_name=given, family_name=family) for given, family in (left, right)]
    assert compare(told[0], told[1])["given"] == compare(told[1], told[0])["given"] == level


def test_r20_twins_with_names_alike_are_two_and_a_mistyped_name_is_one() -> None:
    jayden = one(given_name="Jayden", **HOME)
    assert score(jayden, one(given_name="Hayden", **HOME), MODEL).veto == "twins"
    assert score(jayden, one(given_name="Jaydne", **HOME), MODEL).grade == "match"


@pytest.mark.parametrize(
    "word",
    [
        *("Baby Boy", "BabyGirl", "Twin A", "TwinA", "BabyA", "Baby Boy B", "BabyBoyB", "Newborn"),
        *("Male", "Boy D", "Girl 2", "BB1", "Baby Girl Maria"),
    ],
)
def test_r20_a_newborn_without_a_name_waits_for_a_person(word: str) -> None:
    found = score(one(given_name=word, **HOME), one(given_name="Nolan", **HOME), MODEL)
    assert (found.veto, found.grade) == ("no-name", "review")


@pytest.mark.parametrize("word", ["Boyd", "Malea", "Nba", "Bba", "Girla"])
def test_a_name_that_begins_like_a_newborns_word_is_a_name(word: str) -> None:
    assert one(given_name=word, **HOME).given == (word.casefold(),)
    assert not one(given_name=word, **HOME).newborn


def test_r20_who_changed_sex_and_given_name_is_asked_where_e_mail_and_birth_date_agree() -> None:
    told = {**HOME, "email": "g.ostrander@example.org"}
    left, right = {"given_name": "Gordon", "sex": "M"}, {"given_name": "Felicity", "sex": "F"}
    found = score(one(**left, **told), one(**right, **told), MODEL)
    assert (found.veto, found.grade) == ("sex-and-given", "review")
    other_day = {**told, "birth_date": date(1990, 2, 11)}
    assert score(one(**left, **told), one(**right, **other_day), MODEL).grade == "none"
    assert score(one(**left, **HOME), one(**right, **HOME), MODEL).grade == "none"


def test_r20_a_child_told_with_a_parents_number_waits_for_a_person() -> None:
    told = {**HOME, "ssn": "536417702", "address_line": "12 Alder Street", "postal_code": "97477"}
    mother = one(given_name="Denise", **{**told, "birth_date": date(1984, 4, 25)})
    assert score(mother, one(given_name="Rosa", **told), MODEL).grade == "review"


def test_r21_a_home_of_few_is_no_shelter_because_its_family_names_are_told_in_part() -> None:
    days = [date(1980 + year, 3, 9) for year in range(4)]
    forms = ["Villalobos Rivera", "Rivera", "Villalobos-Rivera"]
    told = {"address_line": "2378 Alder Street", "postal_code": "97477"}
    home = [one(given_name="Ana", family_name=form, birth_date=day, **told) for day in days for form in forms]
    assert not shared_values(home, 5)
    guests = [
        one(given_name="Ana", family_name="Rivera", birth_date=date(1990 + year, 3, 9), **told) for year in range(6)
    ]
    assert len(shared_values(guests, 5)) == 1


def test_a_known_given_name_that_is_only_near_a_family_name_is_another() -> None:
    juan, pierre = one(given_name="Juan", family_name="Dominguez"), one(given_name="Pierre", family_name="Jean")
    assert compare(juan, pierre)["given"] == "different"


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        ({"phone": "5552017734"}, {"phone": "5552017734", "birth_date": date(2011, 5, 21)}, "household"),
        (
            {"phone": "5552017734", "birth_date": date(2011, 5, 21)},
            {"phone": "6153318842", "birth_date": date(2011, 5, 21)},
            "maybe-twins",
        ),
    ],
)
def test_r20_who_shares_a_home_or_a_birth_date_and_has_another_given_name_is_asked_about(
    left: dict[str, object], right: dict[str, object], reason: str
) -> None:
    found = score(
        one(given_name="Mahmoud", family_name="Ferreyra", **left),
        one(given_name="Fatima", family_name="Ferreyra", **right),
        MODEL,
    )
    assert found.veto == reason
    assert found.grade != "match"
