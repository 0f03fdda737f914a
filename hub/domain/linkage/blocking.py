"""Which pairs are compared at all: those that share a block key. Many narrow keys, so that no single error hides a pair.

What recall rests on: a pair of one person shares at least one key unless both its names and its birth date are damaged and no
number, phone, e-mail or address agrees. What speed rests on: no block has more than `LARGEST` members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.given_forms import roots, spelling
from hub.domain.linkage.names import core, family_spellings, sound

__all__ = ["LARGEST", "block_keys", "candidate_pairs", "narrower_keys"]

LARGEST = 60
"""Members of a block compared with each other. A larger one is split by `narrower_keys`; what is too large then is skipped."""
_NEVER_SPLIT = frozenset("speah")
"""Keys of numbers, phones, e-mails and addresses: so many users say that the value is nobody's own."""
_OF_FILTERS = "c"


def block_keys(one: Comparable) -> tuple[str, ...]:
    """The keys under which a comparable is found, sorted, each once. They depend on nothing but the comparable. In clear: a store
    keeps them as keyed tokens."""
    parts = one.family + one.previous_family
    families = {sound(core(name)) for part in parts for name in (part, *family_spellings(part))}
    first = one.given[0] if one.given else None
    keys = set(_date_keys(one, families, first))
    if first is not None:
        for name in {*roots(first), spelling(first) or first}:
            heard = sound(name)
            for family in families:
                pair = "+".join(sorted((heard, family)))
                keys.add(f"n:{pair}")
                if one.birth_date is not None:
                    keys.add(f"y:{pair}:{one.birth_date.year}")
        for part in parts:
            keys.add(f"n:{'+'.join(sorted((first[:3], sound(core(part)))))}")
            keys.add(f"n:{'+'.join(sorted((sound(first), part[:3])))}")
    keys.update(_value_keys(one, first))
    if one.hashed is not None or one.encoded:
        keys.update(_filter_keys(one))
    return tuple(sorted(keys))


def narrower_keys(key: str, one: Comparable) -> tuple[str, ...]:
    """What an oversized block is split by: year of birth and sex, postal code, full name; none for a value with too many users."""
    if key[0] in _NEVER_SPLIT:
        return ()
    if key[0] == _OF_FILTERS:
        return _narrower_filter_keys(key, one)
    found = []
    if one.birth_date is not None and key[0] not in "di":
        found.append(f"{key}/y{one.birth_date.year}{one.sex or ''}")
    if one.postal_code is not None:
        found.append(f"{key}/z{one.postal_code}")
    if one.given and one.family:
        found.append(f"{key}/n{one.given[0]}+{one.family[0]}"[:80])
    return tuple(found)


def candidate_pairs(comparables: Mapping[str, Comparable]) -> Iterator[tuple[str, str]]:
    """Every pair of ids that shares a block, once, the smaller id first. The same set for every order of arrival."""
    blocks: dict[str, list[str]] = {}
    for source_person, one in comparables.items():
        for key in block_keys(one):
            blocks.setdefault(key, []).append(source_person)
    narrow: dict[str, list[str]] = {}
    for key in [key for key, members in blocks.items() if len(members) > LARGEST]:
        for source_person in blocks.pop(key):
            for narrower in narrower_keys(key, comparables[source_person]):
                narrow.setdefault(narrower, []).append(source_person)
    blocks.update({key: members for key, members in narrow.items() if len(members) <= LARGEST})
    seen: set[tuple[str, str]] = set()
    for members in blocks.values():
        for left, right in combinations(members, 2):
            pair = (left, right) if left < right else (right, left)
            if pair not in seen:
                seen.add(pair)
                yield pair


def _filter_keys(one: Comparable) -> Iterator[str]:
    """Of filters that are equal: a whole birth date, and both names in either order. Filters that are only alike share no key."""
    for made in one.filters:
        fields = made.fields
        if "birth_date" in fields:
            yield f"{_OF_FILTERS}:{made.made_by}:b{fields['birth_date']:x}"
        if "given_name" in fields and "family_name" in fields:
            names = sorted((fields["given_name"], fields["family_name"]))
            yield f"{_OF_FILTERS}:{made.made_by}:n{names[0]:x}+{names[1]:x}"


def _narrower_filter_keys(key: str, one: Comparable) -> tuple[str, ...]:
    """A birth date too many have is split by given name and by family name; a name too many have is not."""
    made_by, _, value = key.removeprefix(f"{_OF_FILTERS}:").rpartition(":")
    if value[0] != "b":
        return ()
    fields = next(made.fields for made in one.filters if made.made_by == made_by)
    return tuple(f"{key}/{fields[name]:x}" for name in ("given_name", "family_name") if name in fields)


def _date_keys(one: Comparable, families: set[str], first: str | None) -> Iterator[str]:
    born = one.birth_date
    if born is None:
        return
    heard = {*families, sound(first)} if first else families
    year, month, day = f"{born.year:04d}", f"{born.month:02d}", f"{born.day:02d}"
    if not one.birth_weak:
        yield f"d:{year}{month}{day}"
    for name in heard:
        if not one.birth_weak:
            yield f"i:{year}{month}{day}:{name[:1]}"
            yield f"b:{name}:{month}{day}"
            yield f"b:{name}:{year}-{day}"
        yield f"b:{name}:{year}{month}"


def _value_keys(one: Comparable, first: str | None) -> Iterator[str]:
    if one.ssn is not None:
        yield f"s:{one.ssn}"
        for letter in {sound(part)[:1] for part in (first, *one.family[:1]) if part}:
            yield f"f:{one.ssn[:-4]}:{letter}"
    if one.ssn4 is not None and one.birth_date is not None:
        yield f"4:{one.ssn4}:{one.birth_date.year}"
    if one.ssn4 is not None and first is not None:
        yield f"4:{one.ssn4}:{sound(first)[:1]}"
    elif one.ssn4 is not None and one.family:
        yield f"4:{one.ssn4}:{sound(one.family[0])[:1]}"
    if one.phone is not None:
        yield f"p:{one.phone[-7:]}"
    if one.email is not None:
        yield f"e:{one.email}"
    if one.address is not None:
        yield f"a:{one.address}|{one.postal_code or one.city or ''}"
        house, _, street = one.address.partition(" ")
        if house[:1].isdigit() and street:
            yield f"h:{house}:{sound(street.split()[0])}:{(one.postal_code or '')[:2]}"
