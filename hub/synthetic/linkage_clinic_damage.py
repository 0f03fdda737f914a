"""What happens to a person's record on the way into a clinic's system: one small function for each kind of damage.

Each changes the fields that it is handed and says by False where it cannot (a name without a short form, a date whose day is
no month).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

from hub.synthetic.linkage_clinic_people import CONTACT, Fields, new_home, new_phone, ssn
from hub.synthetic.linkage_slips import slip_date, slip_digits, slip_letters
from hub.synthetic.linkage_variants import short_name, transliterated
from hub.synthetic.names import ORIGINS

__all__ = [
    "Damage", "birth_date", "born_a_year_off", "called_short", "day_and_month_swapped", "first_of_january", "last_four", "lost",
    "married", "middle_first", "moved", "name_before_told", "names_swapped", "nobody", "only_initial", "other_number",
    "other_phone", "other_sex", "slip_of", "spelt_otherwise", "surname_dropped", "surnames_turned",
]  # fmt: skip

Damage = Callable[[Fields, Random], bool]


def lost(*columns: str) -> Damage:
    """The clinic did not ask, or did not write it down. `address`: the whole of it."""
    gone = {each for column in columns for each in (_ADDRESS if column == "address" else (column,))}

    def change(fields: Fields, _: Random) -> bool:
        for column in gone:
            fields[column] = ""
        return True

    return change


def slip_of(column: str) -> Damage:
    """A letter or a digit dropped, doubled, changed or swapped with the next; a date a little off."""

    def change(fields: Fields, rng: Random) -> bool:
        told = fields.get(column, "")
        if len(told) < 4:
            return False
        if column == "birth_date":
            return _put(fields, column, slip_date(date.fromisoformat(told), rng).isoformat())
        slip = slip_digits if told.isdigit() else slip_letters
        return any(_put(fields, column, slip(told, rng)) for _ in range(8))  # a sign may be replaced by itself

    return change


def called_short(fields: Fields, rng: Random) -> bool:
    """Goes by a short name."""
    return _put(fields, "given_name", short_name(fields["given_name"], rng))


def spelt_otherwise(fields: Fields, rng: Random) -> bool:
    """A name of another script written by another rule; both names where both have one."""
    given, family = transliterated(fields["given_name"], rng), transliterated(fields["family_name"], rng)
    return _put(fields, "given_name", given) | _put(fields, "family_name", family)


def middle_first(fields: Fields, _: Random) -> bool:
    """Goes by the middle name; the first is not told."""
    return _put(fields, "given_name", fields.get("middle_name")) and lost("middle_name")(fields, _)


def only_initial(fields: Fields, _: Random) -> bool:
    fields["given_name"], fields["middle_name"] = fields["given_name"][:1], ""
    return True


def nobody(fields: Fields, rng: Random) -> bool:
    """A word where the given name should stand."""
    return _put(fields, "given_name", rng.choice(("Unknown", "Baby Boy", "Baby Girl", "Patient", "Newborn", "Refused")))


def names_swapped(fields: Fields, _: Random) -> bool:
    fields["given_name"], fields["family_name"] = fields["family_name"], fields["given_name"]
    return True


def married(fields: Fields, rng: Random) -> bool:
    """A woman under her husband's name."""
    if fields.get("sex") != "F":
        return False
    return _put(fields, "family_name", rng.choice(ORIGINS[fields["origin"]].family))


def name_before_told(fields: Fields, rng: Random) -> bool:
    """The same, and the name before is written into the field for it."""
    before = fields["family_name"]
    return married(fields, rng) and _put(fields, "previous_family_name", before)


def surname_dropped(fields: Fields, rng: Random) -> bool:
    words = fields["family_name"].split()
    return len(words) == 2 and _put(fields, "family_name", words[rng.random() < 0.3])


def surnames_turned(fields: Fields, rng: Random) -> bool:
    """Both surnames in the other order, with a hyphen or written as one."""
    words = fields["family_name"].split()
    if len(words) != 2:
        return False
    return _put(fields, "family_name", rng.choice((f"{words[1]} {words[0]}", "-".join(words), "".join(words))))


def birth_date(told: str) -> Damage:
    """A date that stands for an unknown one: 3000-01-01 as in the cases of CDC's RecordLinker, 1900-01-01 of older systems."""

    def change(fields: Fields, _: Random) -> bool:
        return _put(fields, "birth_date", told)

    return change


def day_and_month_swapped(fields: Fields, _: Random) -> bool:
    born = date.fromisoformat(fields["birth_date"])
    if born.day > 12 or born.day == born.month:
        return False
    return _put(fields, "birth_date", date(born.year, born.day, born.month).isoformat())


def first_of_january(fields: Fields, _: Random) -> bool:
    return _put(fields, "birth_date", f"{fields['birth_date'][:4]}-01-01")


def born_a_year_off(fields: Fields, rng: Random) -> bool:
    """One digit of the year mistyped."""
    year, rest = int(fields["birth_date"][:4]), fields["birth_date"][4:]
    other = year + rng.choice((-10, -1, 1, 10))
    return 1945 < other < 2022 and rest != "-02-29" and _put(fields, "birth_date", f"{other}{rest}")


def other_sex(fields: Fields, _: Random) -> bool:
    return _put(fields, "sex", {"F": "M", "M": "F"}.get(fields.get("sex", "")))


def last_four(fields: Fields, _: Random) -> bool:
    """Of the number only the last four digits."""
    return len(fields.get("ssn", "")) == 9 and _put(fields, "ssn", fields["ssn"][-4:])


def other_number(fields: Fields, rng: Random) -> bool:
    return _put(fields, "ssn", ssn(rng))


def moved(fields: Fields, rng: Random) -> bool:
    fields |= new_home(rng)
    return True


def other_phone(fields: Fields, rng: Random) -> bool:
    return _put(fields, "phone", new_phone(rng))


_ADDRESS = tuple(column for column in CONTACT if column not in {"phone", "email"})


def _put(fields: Fields, column: str, value: str | None) -> bool:
    """Whether there is a value and it is a new one."""
    if not value or value == fields.get(column):
        return False
    fields[column] = value
    return True
