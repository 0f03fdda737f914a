"""The kinds of clinic cases: what was damaged, and what the label is.

A label says what somebody who sees both records and knows the truth would have a system do: `match` where what is left tells who it
is, `no-match` where it is another person, `possible` where it may be either, so that a person has to look. `least` of a match: so
many of five things still stand as the registry has them, letter for letter: given name, family name, birth date, number (or its
last four digits), and a phone, an e-mail or an address line.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Literal, NamedTuple

from hub.synthetic.linkage_clinic_damage import (
    Damage,
    birth_date,
    born_a_year_off,
    called_short,
    day_and_month_swapped,
    first_of_january,
    last_four,
    lost,
    married,
    middle_first,
    moved,
    name_before_told,
    names_swapped,
    nobody,
    only_initial,
    other_number,
    other_phone,
    other_sex,
    slip_of,
    spelt_otherwise,
    surname_dropped,
    surnames_turned,
)  # fmt: skip
from hub.synthetic.linkage_clinic_people import CONTACT, Fields, Known, ssn, stranger

__all__ = ["KINDS", "Kind", "Label", "agreeing"]

Label = Literal["match", "no-match", "possible"]
_Maker = Callable[[Known, Random], Fields | None]


class Kind(NamedTuple):
    """A kind of case. `damages` happen to a copy of the person; `other` instead makes another person beside the one of the
    registry. `beside`: who is asked for in the registry, by how the person behind is related."""

    name: str
    label: Label
    damages: tuple[Damage, ...] = ()
    least: int = 0
    beside: str = ""
    other: _Maker | None = None
    whole: bool = False  # nothing else of the copy is lost
    told: str = ""  # what the registry has to know, or nobody could see the damage


def agreeing(one: Fields, other: Fields) -> int:
    """How many of the five things stand in both, letter for letter."""
    same = sum(
        bool(one.get(column)) and one[column] == other.get(column)
        for column in ("given_name", "family_name", "birth_date")
    )
    numbers = [fields["ssn"][-4:] for fields in (one, other) if fields.get("ssn")]
    contact = any(one.get(column) and one[column] == other.get(column) for column in ("phone", "email", "address_line"))
    return same + (len(numbers) == 2 and numbers[0] == numbers[1]) + contact


def _namesake(years: tuple[int, ...]) -> _Maker:
    """A stranger of the same full name, born so many years apart on another day, who lives elsewhere."""

    def make(known: Known, rng: Random) -> Fields:
        one = known.true
        other = stranger(rng, group=one["race_ethnicity"], origin=one["origin"])
        year = int(one["birth_date"][:4]) + rng.choice(years)
        born = f"{year}-{int(one['birth_date'][5:7]) % 12 + 1:02d}-{(int(one['birth_date'][8:]) + 11) % 28 + 1:02d}"
        same = {column: one[column] for column in ("given_name", "family_name", "sex")}
        return other | same | {"birth_date": born}

    return make


def _like(*columns: str) -> _Maker:
    """Another person, of whom only these columns are as in the registry."""

    def make(known: Known, rng: Random) -> Fields | None:
        one = known.true
        other = stranger(rng, group=one["race_ethnicity"], origin=one["origin"])
        return other | {column: one[column] for column in columns} if other["given_name"] != one["given_name"] else None

    return make


def _child_of_the_name(known: Known, rng: Random) -> Fields | None:
    """A son of the same name at the same address, of whom nobody wrote Jr."""
    one = known.true
    if one["sex"] != "M" or int(one["birth_date"][:4]) > 1985:
        return None
    born = f"{int(one['birth_date'][:4]) + rng.randint(21, 36)}-{rng.randint(1, 12):02d}-{rng.randint(2, 28):02d}"
    return one | {"birth_date": born, "ssn": ssn(rng), "email": ""}


def _given_of_another(known: Known, rng: Random) -> str:
    return stranger(rng, group=known.true["race_ethnicity"], origin=known.true["origin"])["given_name"]


def _twin(known: Known, rng: Random) -> Fields | None:
    """Of one day, home and number of a household, with an SSN given out right after."""
    one, given = known.true, _given_of_another(known, rng)
    following = f"{min(int(one['ssn']) + 1, 899_999_999):09d}"
    return (
        None
        if given == one["given_name"]
        else one | {"given_name": given, "ssn": following, "middle_name": "", "email": ""}
    )


def _sibling(known: Known, rng: Random) -> Fields | None:
    one, given = known.true, _given_of_another(known, rng)
    born = f"{int(one['birth_date'][:4]) + 1}-{rng.randint(1, 12):02d}-{rng.randint(2, 28):02d}"
    return (
        None
        if given == one["given_name"]
        else one | {"given_name": given, "ssn": ssn(rng), "birth_date": born, "email": ""}
    )


def _changed(known: Known, rng: Random) -> Fields | None:
    """The same person, under another given name and sex; or a twin of the other sex: nobody can tell from this."""
    one = known.true
    other = stranger(rng, group=one["race_ethnicity"], origin=one["origin"])
    if other["sex"] == one["sex"]:
        return None
    return one | {"given_name": other["given_name"], "sex": other["sex"], "middle_name": "", "ssn": one["ssn"][-4:]}


def _at_the_same_place(known: Known, rng: Random) -> Fields | None:
    return _like(*CONTACT[2:], "phone")(known, rng) if known.true["housing"] == "unhoused" else None


KINDS: tuple[Kind, ...] = (
    Kind("typo in the family name", "match", (slip_of("family_name"),), 2),
    Kind("typo in both names", "match", (slip_of("given_name"), slip_of("family_name")), 2),
    Kind("nickname, no address", "match", (called_short, lost("address")), 2),
    Kind("nickname and another phone", "match", (called_short, other_phone), 2),
    Kind("no address, no number, no phone", "match", (lost("address", "ssn", "phone", "email"),), 3),
    Kind("moved house", "match", (moved, other_phone), 3),
    Kind("moved house, typo in the given name", "match", (moved, other_phone, slip_of("given_name")), 2),
    Kind("married name", "match", (married,), 3),
    Kind("married name, the name before told, moved", "match", (name_before_told, moved), 2),
    Kind("day and month swapped", "match", (day_and_month_swapped,), 3),
    Kind("day and month swapped, nickname", "match", (day_and_month_swapped, called_short), 2),
    Kind("born a year or ten off", "match", (born_a_year_off,), 3),
    Kind("wrong sex", "match", (other_sex,), 3),
    Kind("last four of the number, typo, no phone", "match", (last_four, slip_of("given_name"), lost("phone")), 3),
    Kind("typo in the number and the name", "match", (slip_of("ssn"), slip_of("family_name")), 2),
    Kind("born on 3000-01-01", "match", (birth_date("3000-01-01"),), 3),
    Kind("born on 1900-01-01, nickname", "match", (birth_date("1900-01-01"), called_short), 2),
    Kind("1 January", "match", (first_of_january,), 3),
    Kind("no birth date", "match", (lost("birth_date"),), 3),
    Kind("no given name, whole number", "match", (nobody,), 4, whole=True),
    Kind("given and family name swapped", "match", (names_swapped,), 1),
    Kind("one of two surnames", "match", (surname_dropped,), 2),
    Kind("two surnames turned, hyphen or one word", "match", (surnames_turned, lost("address")), 2),
    Kind("spelt otherwise", "match", (spelt_otherwise,), 1),
    Kind("goes by the middle name", "match", (middle_first,), 3),
    Kind("only an initial", "match", (only_initial,), 3),
    Kind("twin in the registry, typo", "match", (slip_of("given_name"),), 2, beside="twin"),
    Kind("father or son in the registry", "match", (lost("middle_name"),), 3, beside="father"),
    Kind("sibling in the registry, born a year off", "match", (born_a_year_off,), 3, beside="sibling"),
    Kind("an old record", "match", (moved, other_phone, lost("ssn", "email"), slip_of("family_name")), 2),
    Kind("stranger", "no-match", other=_like()),
    Kind("stranger of the same name, born the same year", "no-match", other=_namesake((0,))),
    Kind("stranger of the same name", "no-match", other=_namesake((-3, -2, 2, 3))),
    Kind("stranger of the same family name and birthday", "no-match", other=_like("family_name", "birth_date")),
    Kind("stranger of the same birthday and town", "no-match", other=_like("birth_date", "sex", *CONTACT[3:])),
    Kind("twin", "no-match", other=_twin),
    Kind("son of the name", "no-match", other=_child_of_the_name),
    Kind("sibling a year later", "no-match", other=_sibling),
    Kind("husband or wife", "no-match", other=_like("family_name", "phone", *CONTACT[2:])),
    Kind("new tenant, who took the phone over", "no-match", other=_like("phone", *CONTACT[2:])),
    Kind("at the same shelter", "no-match", other=_at_the_same_place),
    Kind("gave somebody's number", "no-match", other=_like("ssn"), whole=True),
    Kind("twins, and no given name", "possible", (lost("given_name", "middle_name", "ssn", "email"),), beside="twin"),
    Kind("name and year alone", "possible", (first_of_january, lost("ssn", "middle_name", "sex", "address", "phone", "email"))),
    Kind("name and town alone", "possible", (lost("birth_date", "ssn", "middle_name", "phone", "email", "address_line"),)),
    Kind("married name, and little else", "possible", (married, lost("ssn", "middle_name", "address", "phone", "email"))),
    Kind("another given name and sex", "possible", other=_changed),
    Kind("same name and birth date, another number", "possible", (other_number, moved, other_phone, lost("email")), told="ssn"),
    Kind("no given name, no number", "possible", (nobody, lost("ssn", "email", "middle_name"))),
    Kind("an initial, family name and birth date alone", "possible", (only_initial, lost("ssn", "email", "phone", "address"))),
)  # fmt: skip
"""In the order in which cases are made: the failures of equity-identity.md B3 that one record can show."""
