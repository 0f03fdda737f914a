"""People of the linkage sets: households with twins, fathers and sons of one name, siblings a year apart, and strangers who
live at one shelter.

Not the people of the county (hub.synthetic.people): there, no two people share name and birth date by construction; here
some do, as in life, and most of what linkage gets wrong is built in on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from hub.synthetic.linkage_names import STOCK, draw_family, draw_given
from hub.synthetic.linkage_variants import plain

__all__ = ["Resident", "residents"]

_TODAY = date(2021, 3, 31)
# Shares of groups among the people the mission meets (people without a home among them), not of a whole country; chosen.
_GROUPS = {"white": 38, "black": 25, "hispanic": 22, "asian": 8, "aian": 3, "nhpi": 2, "multiracial": 2}
_ORIGINS = {
    "white": {"english": 84, "slavic": 8, "arabic": 8},
    "black": {"african-american": 76, "east-african": 12, "haitian": 12},
    "hispanic": {"latin": 100},
    "asian": {"chinese": 30, "vietnamese": 25, "south-asian": 25, "korean": 20},
    "aian": {"native": 80, "english": 20},
    "nhpi": {"pacific": 100},
    "multiracial": {"english": 50, "african-american": 50},
}
_UNHOUSED = {
    "white": 0.16,
    "black": 0.26,
    "hispanic": 0.2,
    "asian": 0.08,
    "aian": 0.28,
    "nhpi": 0.25,
    "multiracial": 0.2,
}
_ARRIVED = frozenset({"arabic", "east-african", "haitian", "slavic", "vietnamese", "chinese", "korean", "south-asian"})
_FIRST_OF_JANUARY = {
    "arabic": 0.12,
    "east-african": 0.22,
}  # papers of refugees without a known day of birth; rates chosen
_AREA_CODES = ("423", "615", "731", "865", "901", "931")
_STREETS = (
    "Main St", "Oak Ave", "Maple Dr", "Cedar Ln", "Elm St", "Washington Ave", "Park Rd", "Lake Dr", "Hill St", "Walnut St",
    "2nd St", "5th Ave", "Church St", "Mill Rd", "Chestnut St", "River Rd", "Highland Ave", "Spring St", "Franklin Pike",
    "Jackson St",
)  # fmt: skip
_TOWNS = (  # name, postal codes, county
    ("Alderton", ("37901", "37912", "37914", "37917", "37921", "37938"), "47901"),
    ("Brackwater", ("37849", "37754"), "47901"),
    ("Coldspring", ("38301", "38305"), "47903"),
    ("Dunmore", ("38358", "38351"), "47903"),
    ("Eastlake", ("37601", "37604", "37615"), "47905"),
    ("Fort Harlan", ("37643", "37682"), "47905"),
    ("Glenrock", ("38012",), "47907"),
    ("Harrow", ("38225", "38237"), "47909"),
)
_SHELTERS = tuple(
    (f"{number} Mission St", f"{code}55502{number:02d}")
    for number, code in zip(range(20, 32), _AREA_CODES * 2, strict=True)
)


@dataclass(frozen=True, slots=True)
class Resident:
    """One made-up person as they are; `person` and `household` name them in the truth. `family` holds one surname or two."""

    person: str
    household: str
    given: str
    middle: str
    family: tuple[str, ...]
    previous_family: str  # of a woman who took her husband's name
    suffix: str
    born: date
    sex: str  # F | M
    ssn: str  # nine digits; empty: has none
    phone: str
    email: str
    address: str
    city: str
    state: str
    postal_code: str
    county: str
    race_ethnicity: str
    origin: str
    housing: str  # housed | sheltered | unsheltered


def residents(people: int, seed: int) -> list[Resident]:
    """At least `people` residents in whole households, the same for the same seed; ValueError below one."""
    if people < 1:
        raise ValueError("a linkage set needs people")
    rng = Random(f"linkage-people-{seed}")
    made: list[Resident] = []
    for number in range(people):
        if len(made) >= people:
            break
        made += _household(f"h{number}", len(made), rng)
    return made


def _household(household: str, first: int, rng: Random) -> list[Resident]:
    group = rng.choices(list(_GROUPS), list(_GROUPS.values()))[0]
    origin = rng.choices(list(_ORIGINS[group]), list(_ORIGINS[group].values()))[0]
    head = _head(household, first, group, origin, rng)
    size = (
        rng.choices((1, 2, 3, 4, 5), (44, 22, 14, 12, 8))[0]
        if head.housing == "housed"
        else rng.choices((1, 2, 3), (84, 8, 8))[0]
    )
    members = [head]
    for other in _others(head, size - 1, rng):
        given = other.given
        while other.suffix != "Jr" and any(given == member.given for member in members):
            given = draw_given(other.origin, other.sex, rng)  # nobody gives two children one name
        members.append(replace(other, given=given, person=f"p{first + len(members)}"))
    if any(member.suffix == "Jr" for member in members):
        members[0] = replace(head, suffix="Sr")
    return members


def _head(household: str, number: int, group: str, origin: str, rng: Random) -> Resident:
    sex = rng.choice("FM")
    given = draw_given(origin, sex, rng)
    family = _surnames(origin, rng)
    city, codes, county = rng.choices(_TOWNS, [len(town[1]) for town in _TOWNS])[0]
    housing = rng.choice(("sheltered", "sheltered", "unsheltered")) if rng.random() < _UNHOUSED[group] else "housed"
    shelter = rng.choice(_SHELTERS)
    return Resident(
        person=f"p{number}",
        household=household,
        given=given,
        middle=draw_given(origin, sex, rng) if rng.random() < 0.6 else "",
        family=family,
        previous_family=draw_family(origin, rng) if sex == "F" and rng.random() < 0.18 else "",
        suffix="",
        born=_born(origin, int(rng.triangular(19, 92, 38)), rng),
        sex=sex,
        ssn=_ssn(origin, rng),
        phone=shelter[1] if housing == "sheltered" and rng.random() < 0.5 else _phone(rng),
        email=_email(given, family, rng),
        address=shelter[0]
        if housing == "sheltered"
        else f"{rng.randint(1, 2400)} {rng.choice(_STREETS)}"
        if housing == "housed"
        else "",
        city=city,
        state="TN",
        postal_code=rng.choice(codes),
        county=county,
        race_ethnicity=group,
        origin=origin,
        housing=housing,
    )


def _others(head: Resident, count: int, rng: Random) -> Iterator[Resident]:
    """Who lives with the head: a partner, children, a grown child of the same name, a twin, a room-mate of another family."""
    last: date | None = None
    for place in range(count):
        sex = rng.choice("FM")
        draw = rng.random()
        if draw < 0.05:  # a room-mate: a stranger at the same address
            yield _relative(
                head,
                rng,
                sex=sex,
                family=_surnames(head.origin, rng),
                born=_born(head.origin, rng.randint(20, 60), rng),
            )
        elif place == 0 and draw < 0.7:  # a partner, with the head's family name or an own one
            shared = rng.random() < 0.55
            partner = _relative(
                head,
                rng,
                sex="F" if head.sex == "M" else "M",
                family=head.family if shared else _surnames(head.origin, rng),
                born=_shifted(head.born, rng.randint(-2400, 2400), rng),
            )
            yield (
                replace(partner, previous_family=draw_family(head.origin, rng))
                if shared and partner.sex == "F"
                else partner
            )
        elif last is not None and draw < 0.17:  # a twin of the child before
            yield _relative(head, rng, sex=sex, family=head.family, born=last)
        elif last is not None and draw < 0.3:  # a sibling about a year later
            last = _shifted(last, rng.randint(330, 430), rng)
            yield _relative(head, rng, sex=sex, family=head.family, born=last)
        else:
            last = _shifted(head.born, rng.randint(18 * 365, 38 * 365), rng)
            named = sex == head.sex == "M" and rng.random() < 0.15  # a son of his father's name
            child = _relative(head, rng, sex=sex, family=head.family, born=last, given=head.given if named else "")
            yield replace(child, suffix="Jr", middle=head.middle) if named else child


def _relative(
    head: Resident, rng: Random, *, sex: str, family: tuple[str, ...], born: date, given: str = ""
) -> Resident:
    while not given or (given == head.given and sex != head.sex):
        given = draw_given(head.origin, sex, rng)
    minor = born > date(2004, 1, 1)
    return replace(
        head,
        given=given,
        middle=draw_given(head.origin, sex, rng) if rng.random() < 0.6 else "",
        family=family,
        previous_family="",
        born=born,
        sex=sex,
        ssn=_ssn(head.origin, rng),
        phone=head.phone if minor or rng.random() < 0.25 else _phone(rng),
        email="" if minor and rng.random() < 0.7 else _email(given, family, rng),
    )


def _surnames(origin: str, rng: Random) -> tuple[str, ...]:
    first = draw_family(origin, rng)
    return (first, draw_family(origin, rng)) if STOCK[origin].two_surnames and rng.random() < 0.8 else (first,)


def _born(origin: str, age: int, rng: Random) -> date:
    born = _TODAY - timedelta(days=age * 365 + rng.randint(0, 364))
    return born.replace(month=1, day=1) if rng.random() < _FIRST_OF_JANUARY.get(origin, 0.0) else born


def _shifted(day: date, days: int, rng: Random) -> date:
    """That many days later; where that lies in the future, a day of the last eighteen years."""
    shifted = day + timedelta(days=days)
    return shifted if shifted < _TODAY else _TODAY - timedelta(days=rng.randint(5, 18 * 365))


def _ssn(origin: str, rng: Random) -> str:
    """Nine digits of the shape of an SSN (no area 000, 666 or 900 to 999), drawn at random; empty for some who came to
    the country."""
    if origin in _ARRIVED and rng.random() < 0.3:
        return ""
    return f"{rng.choice([*range(1, 666), *range(667, 900)]):03d}{rng.randint(1, 99):02d}{rng.randint(1, 9999):04d}"


def _phone(rng: Random) -> str:
    return f"{rng.choice(_AREA_CODES)}{rng.randint(200, 999)}{rng.randint(0, 9999):04d}"


def _email(given: str, family: tuple[str, ...], rng: Random) -> str:
    local = "".join(sign for sign in plain(given)[:1] + plain(family[0]) if sign.isalnum())
    return f"{local}{rng.randint(1, 9999)}@example.org"
