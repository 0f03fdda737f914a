"""Who is who, whatever came first (equity-identity.md, requirements 20, 21 and 23)."""

from __future__ import annotations

import random
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.events import PersonBlock
from hub.domain.linkage.blocking import block_keys, narrower_keys
from hub.domain.linkage.clusters import HumanDecision, LinkRecord, clusters
from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.model import shipped_model
from tests.domain.linkage.people import ANA, block, version

MODEL = shipped_model()
BORN = [date(1984, 5, 17), date(1984, 5, 18), date(1984, 1, 1), date(1960, 2, 3)]

told = st.fixed_dictionaries(
    {},
    optional={
        "given_name": st.sampled_from(["Ana", "Anna", "Luis", "Maria", "Marta"]),
        "family_name": st.sampled_from(["Ferreyra", "Ferreira", "Ferreyra Lopez", "Lopez"]),
        "birth_date": st.sampled_from(BORN),
        "phone": st.sampled_from(["5552017734", "5552017735"]),
        "ssn": st.sampled_from(["536417702", "536417720", "7702"]),
        "sex": st.sampled_from(["F", "M"]),
        "suffix": st.sampled_from(["Jr", "Sr"]),
    },
)
IDS = [f"p{number}" for number in range(8)]
records = st.lists(
    st.builds(
        lambda person, number, said: (person, version(number), block(**said)),
        st.sampled_from(IDS),
        st.integers(0, 9),
        told,
    ),
    max_size=14,
)
decisions = st.lists(
    st.builds(
        HumanDecision, st.integers(0, 20), st.sampled_from(IDS), st.sampled_from(IDS),
        st.sampled_from(["same", "different", "withdrawn"]),
    ),
    max_size=5,
)  # fmt: skip


@given(records, decisions, st.randoms(use_true_random=False))
def test_r23_order_and_repeats_change_nothing(
    found: list[LinkRecord], said: list[HumanDecision], chance: random.Random
) -> None:
    """equity-identity.md R23."""
    again, said_again = found + found[:3], said + said[:2]
    chance.shuffle(again)
    chance.shuffle(said_again)
    assert clusters(again, MODEL, said_again) == clusters(found, MODEL, said)


@given(records, decisions)
def test_the_people_are_all_source_persons_each_once(found: list[LinkRecord], said: list[HumanDecision]) -> None:
    people = [member for person in clusters(found, MODEL, said).people for member in person]
    assert sorted(people) == sorted({record[0] for record in found})


def test_r20_twins_at_one_address_stay_two_people() -> None:
    """equity-identity.md R20."""
    twins = [
        ("a", version(1), block(**{**ANA, "ssn": "536417702", "middle_name": None})),
        ("b", version(1), block(**{**ANA, "given_name": "Luisa", "ssn": "536417703", "middle_name": None})),
    ]
    assert len(clusters(twins, MODEL).people) == 2


def test_who_has_no_given_name_is_no_rival_of_one_who_has() -> None:
    """A newborn's record without a name may be his too, and keeps no two records of one name apart."""
    born = {"family_name": "Davis", "birth_date": date(2020, 3, 1), "sex": "M"}
    told: list[LinkRecord] = [
        ("a", version(1), block(**born, given_name="Michael", phone="6155550142")),
        ("b", version(1), block(**born, given_name="Michael", phone="9315550177", postal_code="37991")),
        ("c", version(1), block(**born, given_name="Baby Boy", postal_code="37991")),
    ]
    assert clusters(told, MODEL).people == {frozenset({"a", "b"}), frozenset({"c"})}


def test_r27_who_people_said_is_one_keeps_the_other_records_of_both() -> None:
    """Ana took another name and Eva is hers: neither name's other records fall away because they are unlike."""
    eva = {"given_name": "Eva", "family_name": "Otro", "birth_date": date(1970, 2, 3)}
    told: list[LinkRecord] = [(who, version(1), block(**ANA)) for who in ("a", "a2")]
    told += [(who, version(1), block(**eva)) for who in ("b", "b2")]
    assert len(clusters(told, MODEL).people) == 2
    assert len(clusters(told, MODEL, [HumanDecision(1, "a2", "b", "same")]).people) == 1
    apart = [HumanDecision(1, "a2", "b", "same"), HumanDecision(2, "a", "b2", "different")]
    assert clusters(told, MODEL, apart).people == {frozenset({"a", "a2", "b"}), frozenset({"b2"})}


def test_r21_a_shelters_phone_that_becomes_shared_takes_back_the_link_it_made() -> None:
    """equity-identity.md R21: retroactive."""
    pair: list[LinkRecord] = [
        ("a", version(1), block(given_name="Ana", family_name="Ferreyra", phone="5552017734")),
        ("b", version(1), block(given_name="Ana", family_name="Ferreyra", phone="5552017734", sex="F")),
    ]
    others: list[LinkRecord] = [
        (
            f"o{number}",
            version(1),
            block(given_name=name, family_name="Otro", birth_date=date(1970, 2, number + 2), phone="5552017734"),
        )
        for number, name in enumerate(["Eva", "Ivo", "Rui", "Noa", "Teo"])
    ]
    assert frozenset({"a", "b"}) in clusters([*pair, *others[:4]], MODEL).people
    assert frozenset({"a", "b"}) not in clusters([*pair, *others], MODEL).people


def test_what_splits_a_block_is_no_other_kind_of_key() -> None:
    """A postal code that looks like a year of birth would put a record into one block twice."""
    one = comparable(PersonBlock(given_name="Ana", family_name="Ruiz", birth_date=date(1980, 5, 2), postal_code="1980"))
    for key in block_keys(one):
        narrower = narrower_keys(key, one)
        assert len(set(narrower)) == len(narrower)
