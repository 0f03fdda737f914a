"""Values that a service shares, not a person: a shelter's address, a case worker's phone. They lose all weight once it shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.given_forms import spelling
from hub.domain.linkage.names import sound

__all__ = ["Person", "SharedValue", "person_of", "shared_values", "values_of"]

Person = tuple[tuple[str, ...], str]
"""A (name, birth date) pair as `person_of` makes it: rough where both are told, so that one person counts once."""


class SharedValue(NamedTuple):
    """A phone, e-mail or address (with its postal code or city: Main Street is everywhere) that may be anybody's."""

    field: str
    value: str


def values_of(one: Comparable) -> tuple[SharedValue, ...]:
    """The values of a comparable that could turn out to be shared."""
    found = []
    if one.phone is not None:
        found.append(SharedValue("phone", one.phone[-7:]))
    if one.email is not None:
        found.append(SharedValue("email", one.email))
    if one.address is not None:
        found.append(SharedValue("address", f"{one.address}|{one.postal_code or one.city or ''}"))
    return tuple(found)


def person_of(one: Comparable) -> Person | None:
    """The (name, birth date) pair that a user of a value counts as; None where neither is told.

    Of who tells a given name and a whole birth date the name is how that given name sounds: family names that are told in part, in
    another order or spelling made several users of one person, and a home of four a shelter, of Hispanic people first of all. Of
    others it is all parts of the name in alphabetical order, so that swapped names count once."""
    if not one.given and not one.family and one.birth_date is None:
        return None
    if one.given and one.birth_date is not None and not one.birth_weak:
        return (sound(spelling(one.given[0]) or one.given[0]),), one.birth_date.isoformat()
    return tuple(sorted(one.given + one.family)), one.birth_date.isoformat() if one.birth_date else ""


def shared_values(comparables: Iterable[Comparable], over: int) -> frozenset[SharedValue]:
    """The values that more than `over` distinct (name, birth date) pairs use."""
    users: dict[SharedValue, set[Person]] = {}
    for one in comparables:
        person = person_of(one)
        if person is not None:
            for value in values_of(one):
                users.setdefault(value, set()).add(person)
    return frozenset(value for value, people in users.items() if len(people) > over)
