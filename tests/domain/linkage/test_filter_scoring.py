"""Who is one person by filters: what matches without a person's word, what is asked about, what is nothing (requirement 26)."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.linkage import blocking
from hub.domain.linkage.blocking import candidate_pairs
from hub.domain.linkage.clusters import HumanDecision, link_comparables
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.encoding import HashKey
from hub.domain.linkage.grading import Grader
from hub.domain.linkage.model import LinkModel, for_population, shipped_model
from hub.domain.linkage.scoring import score
from hub.domain.linkage.vetoes import REASONS
from tests.domain.linkage.filtered import BEFORE, KEY, clear, filtered, sent

MODEL = shipped_model()
TOWN = for_population(MODEL, 20_000)
BORN, NEXT_DAY = date(1962, 3, 19), date(1962, 3, 18)
ANA = ("Anahita", "Villalobos")


def graded(one: Comparable, other: Comparable, model: LinkModel = MODEL) -> tuple[str, str | None]:
    found = score(one, other, model)
    assert score(other, one, model) == found
    assert found.total == pytest.approx(sum(part.weight for part in found.parts)) or not found.parts
    quick = Grader(model)(one, other)
    assert quick == (None if found.grade == "none" else found)
    return found.grade, found.veto


@pytest.mark.parametrize("other", [clear(*ANA), filtered(*ANA)])
def test_r26_the_same_names_and_birth_date_match(other: Comparable) -> None:
    assert graded(filtered(*ANA), other) == ("match", None)


@pytest.mark.parametrize("other", [clear("Maria", "Garcia"), filtered("Maria", "Garcia")])
def test_two_common_names_match_with_the_birth_date_alone(other: Comparable) -> None:
    assert graded(filtered("Maria", "Garcia"), other) == ("match", None)
    assert graded(filtered("Maria", "Garcia", None), clear("Maria", "Garcia", None)) == ("none", "not-told")


@pytest.mark.parametrize(
    ("given", "family", "born", "reason"),
    [
        ("Anahitta", "Villalobos", BORN, "alike-given"),
        ("Anahita", "Villalobos", NEXT_DAY, "near-birth-date"),
        ("Anahita", "Qureshi", BORN, "other-family"),
        ("Wendell", "Villalobos", BORN, "other-given"),
        ("", "Villalobos", BORN, "not-told"),
        ("Anahita", "Villalobos", None, "not-told"),
    ],
)
def test_r26_whatever_else_differs_is_a_matter_for_people_at_most(
    given: str, family: str, born: date | None, reason: str
) -> None:
    """Twins, father and son, namesakes and who changed a name: nobody sees what the filters were made of, so nobody is united."""
    for other in (clear(given, family, born), filtered(given, family, born)):
        grade, veto = graded(filtered(*ANA), other, TOWN)
        assert grade != "match"
        assert veto == reason
        assert veto in REASONS
    told = {"a": filtered(*ANA), "b": clear(*ANA), "c": filtered(given, family, born)}
    assert link_comparables(told, TOWN).people == {frozenset("ab"), frozenset("c")}


def test_who_is_known_in_the_clear_by_both_spellings_is_one_person() -> None:
    told = {"a": filtered(*ANA), "b": clear(*ANA), "c": clear("Anahitta", "Villalobos")}
    assert graded(told["a"], told["c"])[1] == "alike-given"
    assert link_comparables(told, MODEL).people == {frozenset("abc")}


def test_r26_fewer_than_two_agreeing_fields_never_match() -> None:
    for other in (filtered("Wendell", "Qureshi"), filtered("Anahita", "Qureshi", date(2001, 12, 30))):
        grade, veto = graded(filtered(*ANA), other, TOWN)
        assert (grade, veto) == ("none", "few-agree")


def test_two_fields_are_not_enough_among_many_people() -> None:
    """A million people have namesakes born on one day: with the family name untold by one, people are asked."""
    one, other = filtered(*ANA), clear("Anahita", "")
    assert graded(one, other)[0] != "match"


def test_r26_below_dice_070_nothing_is_said_for_a_pair() -> None:
    whole = sent(*ANA).split(":")
    other = sent("Wendell", "Qureshi", date(2001, 12, 30)).split(":")
    forged = ":".join((*whole[:5], other[5], *whole[6:]))  # the same small filters on another whole one
    assert graded(filtered(*ANA), Comparable(hashed=forged))[0] == "none"


def test_names_in_each_others_place_are_found() -> None:
    assert graded(filtered(*ANA), clear("Villalobos", "Anahita"), TOWN)[0] in {"match", "none"}
    found = score(filtered(*ANA), clear("Villalobos", "Anahita"), TOWN)
    assert {part.field: part.level for part in found.parts}["given"] == "swapped"


def test_without_small_filters_every_pair_waits() -> None:
    parts = sent(*ANA).split(":")
    bare = Comparable(hashed=":".join((*parts[:6], "-", "-", "-")))
    assert graded(bare, filtered(*ANA)) == ("review", "no-evidence")


def test_filters_of_two_secrets_say_nothing_and_stand_between_nobody() -> None:
    new, old = filtered(*ANA), filtered(*ANA, key=BEFORE)
    assert graded(new, old) == ("none", None)
    assert score(new, old, MODEL).total == MODEL.chain
    named_alike = filtered(*ANA, key=HashKey(KEY.key_id, bytes(32)))
    assert graded(new, named_alike) == ("none", None)
    assert graded(new, Comparable(given=("anahita",), family=("villalobos",), birth_date=BORN)) == ("none", None)


def test_two_in_the_clear_are_weighed_as_if_there_were_no_filters() -> None:
    one, other = clear(*ANA), clear("Anahitta", "Villalobos")
    bare = Comparable(given=("anahita",), family=("villalobos",), birth_date=BORN)
    assert score(one, other, MODEL) == score(
        bare, Comparable(("anahitta",), None, ("villalobos",), birth_date=BORN), MODEL
    )


def test_a_person_decides_and_is_not_overridden() -> None:
    told = {"a": filtered(*ANA), "b": clear(*ANA), "c": filtered("Anahitta", "Villalobos")}
    people = link_comparables(told, MODEL).people
    assert people == {frozenset("ab"), frozenset("c")}
    assert link_comparables(told, MODEL, [HumanDecision(1, "a", "b", "different")]).people == {*map(frozenset, "abc")}
    assert link_comparables(told, MODEL, [HumanDecision(1, "a", "c", "same")]).people == {frozenset("abc")}


def test_two_records_in_the_clear_who_are_two_people_are_no_way_round_it() -> None:
    """Brothers of one birth date: the filters of one are near to the other's too, and join him to nobody."""
    told = {"a": clear("Daniel", "Vega"), "b": clear("Daniela", "Vega"), "c": filtered("Daniela", "Vega")}
    assert link_comparables(told, MODEL).people == {frozenset("a"), frozenset("bc")}


def test_who_shares_a_birth_date_with_many_is_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "LARGEST", 3)
    told = {f"{n}": clear(f"{'abcdefgh'[n]}bel", f"Zoric{n}") for n in range(8)} | {"z": filtered("cbel", "Zoric2")}
    assert ("2", "z") in set(candidate_pairs(told))
    assert ("1", "z") not in set(candidate_pairs(told))
