"""Who lives in the made-up county: households of people with names, birth dates, homes and means.

No two different people share normalised full name and birth date: a record that agrees exactly is the same person, by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from hub.synthetic.names import ORIGINS
from hub.synthetic.places import AREAS, FIRST_DAY, Area
from hub.synthetic.spelling import letters, name_key

__all__ = ["RACE_CODES", "Household", "Person", "make_people"]

# CDCREC codes of the groups; Hispanic people answer the race question in several ways.
RACE_CODES = {"white": "2106-3", "black": "2054-5", "asian": "2028-9", "aian": "1002-5", "nhpi": "2076-8"}
_ORIGINS_OF = {
    "white": (("english", 70), ("german", 18), ("polish", 12)),
    "black": (("african-american", 80), ("haitian", 10), ("east-african", 10)),
    "hispanic": (("latin", 100),),
    "asian": (("vietnamese", 35), ("chinese", 35), ("south-asian", 30)),
    "aian": (("native", 100),),
    "nhpi": (("pacific", 100),),
    "multiracial": (("english", 50), ("african-american", 50)),
}
_MIXES = (("white", "black"), ("white", "aian"), ("white", "asian"), ("black", "aian"))
_FOOD_RISK = {
    "white": 0.10,
    "asian": 0.11,
    "multiracial": 0.2,
    "black": 0.24,
    "hispanic": 0.24,
    "aian": 0.3,
    "nhpi": 0.25,
}
_HOMELESS_RISK = {
    "white": 0.8,
    "asian": 0.4,
    "multiracial": 1.3,
    "black": 1.9,
    "hispanic": 1.0,
    "aian": 2.2,
    "nhpi": 1.6,
}
_STREETS = (
    "Foundry Row",
    "Orchard Lane",
    "Ridge Road",
    "Sycamore Street",
    "Tanner Alley",
    "Weir Street",
    "Quarry Hill",
    "Saint Ann Street",
    "Larch Avenue",
)
_AREA_CODES = ("423", "615", "731", "865", "901", "931")


@dataclass(slots=True)
class Person:
    """One made-up resident; `index` names them in the truth."""

    index: int
    household: int
    given: str
    middle: str
    family: str
    birth_date: date
    sex: str  # F | M
    group: str  # hispanic (any race), a single race, or multiracial
    races: tuple[str, ...]  # words of RACE_CODES; for Hispanic people what they tick as race, maybe nothing
    area: Area
    city: str
    zip_code: str
    street: str
    phone: str
    email: str
    housing: str  # housed | doubled-up | sheltered | unsheltered
    lacks_food: bool

    @property
    def hispanic(self) -> bool:
        """True for people who say they are Hispanic or Latino."""
        return self.group == "hispanic"

    def age_on(self, day: date) -> int:
        """Full years of life on `day`."""
        return day.year - self.birth_date.year - ((day.month, day.day) < (self.birth_date.month, self.birth_date.day))


@dataclass(slots=True)
class Household:
    """People who live, and if they must, flee together."""

    index: int
    members: list[Person]


def make_people(count: int, rng: Random) -> list[Household]:
    """Households that hold `count` people in all. The first is one adult in a shelter: the one whose story the demo follows."""
    if count < 1:
        raise ValueError("a county needs people")
    makers = _Makers(rng)
    households = [makers.protagonist()]
    made = 1
    while made < count:
        household = makers.household(len(households), made, count - made)
        households.append(household)
        made += len(household.members)
    return households


class _Makers:
    """Draws households and remembers which names and birth dates are taken."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._taken: set[tuple[str, str, str]] = set()

    def protagonist(self) -> Household:
        area = AREAS[0]
        birth = date(1979, 5, 17)
        self._taken.add(name_key("Marisol", "Peñaloza Ríos", birth))
        person = Person(
            0,
            0,
            "Marisol",
            "",
            "Peñaloza Ríos",
            birth,
            "F",
            "hispanic",
            ("white",),
            area,
            "Alderton",
            "37991",
            "General Delivery",
            "423-555-0117",
            "marisol.0@example.org",
            "sheltered",
            True,
        )
        return Household(0, [person])

    def household(self, index: int, first: int, most: int) -> Household:
        """One household of at most `most` people, numbered from `first`."""
        rng = self._rng
        area = rng.choices(AREAS, [a.share for a in AREAS])[0]
        group = rng.choices(list(area.groups), list(area.groups.values()))[0]
        origin = rng.choices([o for o, _ in _ORIGINS_OF[group]], [w for _, w in _ORIGINS_OF[group]])[0]
        size = min(rng.choices((1, 2, 3, 4, 5, 6), (30, 30, 15, 13, 8, 4))[0], most)
        housing = self._housing(group, size)
        lacks_food = rng.random() < (0.65 if housing != "housed" else _FOOD_RISK[group])
        city, zip_code = rng.choice(area.cities)
        street = (
            f"{rng.randint(1, 980)} {rng.choice(_STREETS)}"
            if housing in ("housed", "doubled-up")
            else "General Delivery"
        )
        phone = f"{rng.choice(_AREA_CODES)}-555-01{rng.randint(0, 99):02d}"
        races = (
            rng.choice(_MIXES)
            if group == "multiracial"
            else self._hispanic_races()
            if group == "hispanic"
            else (group,)
        )
        family = self._family(origin)
        members: list[Person] = []
        for place in range(size):
            sex = rng.choice("FM")
            birth = self._birth(place, members)
            named_after = place > 1 and sex == members[0].sex and rng.random() < 0.04  # same name, another birth date
            given = members[0].given if named_after else self._given(origin, sex)
            surname = family if place != 1 or rng.random() < 0.6 else self._family(origin)
            given, birth = self._untaken(given, surname, birth, origin, sex)
            middle = self._given(origin, sex) if rng.random() < 0.2 else ""
            email = f"{letters(given)[:12]}.{first + place}@example.org"
            members.append(
                Person(
                    first + place,
                    index,
                    given,
                    middle,
                    surname,
                    birth,
                    sex,
                    group,
                    races,
                    area,
                    city,
                    zip_code,
                    street,
                    phone,
                    email,
                    housing,
                    lacks_food,
                )
            )
        return Household(index, members)

    def _housing(self, group: str, size: int) -> str:
        risk = _HOMELESS_RISK[group] * (0.8 if size > 2 else 1.0)
        draw = self._rng.random()
        for housing, share in (
            ("sheltered", 0.075 * risk),
            ("unsheltered", 0.022 * risk if size < 4 else 0.0),
            ("doubled-up", 0.045),
        ):
            if draw < share:
                return housing
            draw -= share
        return "housed"

    def _hispanic_races(self) -> tuple[str, ...]:
        return self._rng.choices((("white",), (), ("black",)), (60, 35, 5))[0]

    def _given(self, origin: str, sex: str) -> str:
        names = ORIGINS[origin]
        return self._rng.choice(names.female if sex == "F" else names.male)

    def _family(self, origin: str) -> str:
        names = ORIGINS[origin]
        if names.two_surnames:
            return " ".join(self._rng.sample(names.family, 2))
        return self._rng.choice(names.family)

    def _birth(self, place: int, members: list[Person]) -> date:
        """Adults first, then children 20 to 38 years younger than the first; now and then twins."""
        rng = self._rng
        if place == 0:
            return FIRST_DAY - timedelta(days=int(rng.triangular(19, 94, 42) * 365.25) + rng.randint(0, 364))
        if place == 1:
            shift = timedelta(days=rng.randint(-2500, 2500))
            return min(members[0].birth_date + shift, FIRST_DAY - timedelta(days=18 * 366))
        if place > 2 and rng.random() < 0.06:
            return members[-1].birth_date
        born = members[0].birth_date + timedelta(days=rng.randint(20 * 365, 38 * 365))
        return min(born, FIRST_DAY - timedelta(days=rng.randint(30, 6000)))

    def _untaken(self, given: str, family: str, birth: date, origin: str, sex: str) -> tuple[str, date]:
        key = name_key(given, family, birth)
        while key in self._taken:
            given = self._given(origin, sex)
            birth -= timedelta(days=self._rng.randint(0, 40))
            key = name_key(given, family, birth)
        self._taken.add(key)
        return given, birth
