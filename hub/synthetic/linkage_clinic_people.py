"""The people of the clinic set: who stands in a registry, among them twins, fathers and sons of one name, siblings and the
guests of three shelters.

Other people than those that the shipped weights are learnt from (hub.synthetic.linkage_people): family names are the made-up
county's, drawn evenly; ages, homes and numbers are drawn otherwise. Shares of groups and of what a registry lacks are chosen;
that SSNs are missing more often of Hispanic, Asian and Pacific people has Miller 2017 (PMC5398181; equity-identity.md B3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from hub.synthetic.linkage_names import STOCK, draw_given
from hub.synthetic.names import ORIGINS

__all__ = ["CONTACT", "Fields", "Known", "new_home", "new_phone", "population", "ssn", "stranger"]

Fields = dict[str, str]
"""What is told of a person, by the columns of `hub identity evaluate`; absent or empty: not told."""
CONTACT = ("phone", "email", "address_line", "city", "state", "postal_code", "county")

_GROUPS = (  # race and ethnicity, origin of the name, share
    ("white", "english", 34), ("white", "polish", 4), ("black", "african-american", 18), ("black", "haitian", 3),
    ("black", "east-african", 4), ("hispanic", "latin", 21), ("asian", "vietnamese", 4), ("asian", "chinese", 4),
    ("asian", "south-asian", 3), ("aian", "native", 3), ("nhpi", "pacific", 2),
)  # fmt: skip
_NO_SSN = {"hispanic": 0.6, "asian": 0.6, "nhpi": 0.6, "black": 0.4}
_SSN_UNTOLD = 0.35
_LACKING = {"phone": 0.15, "email": 0.55, "middle_name": 0.35, "sex": 0.02}
_ROADS = (
    "Alder Way", "Birch Street", "Canal Street", "Depot Road", "Euclid Avenue", "Ferry Lane", "Garden Court", "Harbor Drive",
    "Juniper Street", "King Street", "Lincoln Boulevard", "Market Street", "Orchard Road", "Quarry Lane", "School Street",
    "Tanner Road", "Union Avenue", "Valley View Drive", "Water Street", "York Place",
)  # fmt: skip
_PLACES = tuple((f"Town of {name}", f"371{number:02d}", f"4703{number}") for number, name in enumerate(
    ("Ashby", "Bellmore", "Carver", "Dale", "Elgin", "Fairview", "Grafton", "Holt", "Iverness")
))  # fmt: skip
_SHELTERS = tuple(
    {"address_line": line, "city": town, "state": "TN", "postal_code": code, "county": county, "phone": f"61555501{at:02d}"}
    for at, (line, (town, code, county)) in enumerate(
        zip(("11 Harbor Drive", "400 Depot Road", "7 Market Street"), _PLACES, strict=False)
    )
)  # fmt: skip
_GUESTS = 0.05  # of the people, who live at a shelter
_TWINS, _SONS, _SIBLINGS = 0.05, 0.06, 0.05  # of the people, beside whom such a relative is put


@dataclass(frozen=True, slots=True)
class Known:
    """One of the registry: `told` there, and all that is `true` of them. `beside`: how the one before is related: `twin`, `father`,
    `sibling`; empty: not at all."""

    person: str
    true: Fields
    told: Fields
    beside: str = ""


def population(people: int, rng: Random) -> list[Known]:
    """At least `people` of them; who is related to somebody stands right behind them."""
    known: list[Known] = []
    while len(known) < people:
        one = stranger(rng)
        known.append(_known(len(known), one, "", rng))
        draw = rng.random()
        if draw < _TWINS:
            known.append(_known(len(known), _relative(one, one["birth_date"], rng), "twin", rng))
        elif draw < _TWINS + _SONS and one["sex"] == "M":
            known.append(_known(len(known), _son(one, rng), "father", rng))
        elif draw < _TWINS + _SONS + _SIBLINGS:
            later = _days_after(one["birth_date"], rng.randint(320, 800))
            known.append(_known(len(known), _relative(one, later, rng), "sibling", rng))
    return known


def stranger(rng: Random, *, group: str = "", origin: str = "") -> Fields:
    """A person of nobody's family; of this group and origin, or of any."""
    if not group:
        group, origin, _ = rng.choices(_GROUPS, [share for *_, share in _GROUPS])[0]
    names = ORIGINS[origin]
    sex = rng.choice("FM")
    two = names.two_surnames and rng.random() < 0.85
    guest = rng.random() < _GUESTS
    told = {
        "given_name": _given(origin, sex, rng),
        "middle_name": _given(origin, sex, rng) if rng.random() < 0.7 else "",
        "family_name": " ".join(rng.sample(names.family, 2)) if two else rng.choice(names.family),
        "birth_date": (date(1934, 2, 2) + timedelta(days=int(rng.betavariate(1.6, 1.4) * 31_000))).isoformat(),
        "sex": sex,
        "ssn": ssn(rng),
        "email": f"{rng.choice(('me', 'mail', 'box', 'hello'))}{rng.randint(1000, 999_999)}@example.net",
        "race_ethnicity": group,
        "origin": origin,
        "housing": "unhoused" if guest else "housed",
    }
    if guest:
        return told | rng.choice(_SHELTERS)
    return told | new_home(rng) | {"phone": new_phone(rng)}


def new_home(rng: Random) -> Fields:
    town, code, county = rng.choice(_PLACES)
    line = f"{rng.randint(1, 999)} {rng.choice(_ROADS)}" + (f" Apt {rng.randint(1, 40)}" if rng.random() < 0.2 else "")
    return {"address_line": line, "city": town, "state": "TN", "postal_code": code, "county": county}


def new_phone(rng: Random) -> str:
    return f"{rng.choice(('615', '629'))}{rng.randint(200, 999)}{rng.randint(1000, 9999)}"


def ssn(rng: Random) -> str:
    """Of the shape of a Social Security number: no area 000, 666 or from 900 on."""
    return f"{rng.randint(1, 665):03d}{rng.randint(1, 99):02d}{rng.randint(1, 9999):04d}"


def _known(number: int, true: Fields, beside: str, rng: Random) -> Known:
    lacking = {column for column, share in _LACKING.items() if rng.random() < share}
    if rng.random() < _NO_SSN.get(true["race_ethnicity"], _SSN_UNTOLD):
        lacking.add("ssn")
    if rng.random() < (0.3 if true["housing"] == "unhoused" else 0.06):
        lacking |= set(CONTACT) - {"phone", "email"}
    told = {column: value for column, value in true.items() if value and column not in lacking}
    return Known(f"k{number}", true, told, beside)


def _given(origin: str, sex: str, rng: Random) -> str:
    """Of the common names of the origin, so that short names and other spellings occur; of the county's where there are none."""
    if origin in STOCK:
        return draw_given(origin, sex, rng)
    names = ORIGINS[origin]
    return rng.choice(names.female if sex == "F" else names.male)


def _relative(one: Fields, born: str, rng: Random) -> Fields:
    """Of the same family name and home: a twin or a sibling."""
    sex = rng.choice("FM")
    given = one["given_name"]
    while given == one["given_name"]:
        given = _given(one["origin"], sex, rng)
    other = stranger(rng, group=one["race_ethnicity"], origin=one["origin"])
    home = {column: one[column] for column in CONTACT if column not in {"phone", "email"}}
    return (
        other
        | home
        | {
            "given_name": given,
            "sex": sex,
            "family_name": one["family_name"],
            "birth_date": born,
            "phone": one["phone"] if rng.random() < 0.7 else other["phone"],
            "housing": one["housing"],
        }
    )


def _son(father: Fields, rng: Random) -> Fields:
    other = _relative(father, _days_after(father["birth_date"], rng.randint(7_500, 13_000)), rng)
    return other | {"given_name": father["given_name"], "sex": "M", "middle_name": father["middle_name"]}


def _days_after(day: str, days: int) -> str:
    """That many days later, and not in the future of the set (2024)."""
    later = date.fromisoformat(day) + timedelta(days=days)
    return min(later, date(2023, 12, 1) - timedelta(days=days % 300)).isoformat()
