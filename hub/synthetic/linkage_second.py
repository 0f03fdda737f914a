"""The second generator of linkage sets: another way to make people and errors, to report on what the first one's figures
are worth.

Independent of linkage_people and linkage_records: names are those of the made-up county (hub.synthetic.names), drawn
evenly; there are no households but cells of an address in which a family and strangers live; a record is a copy with a
Poisson number of changes, each picked from one list (in the way of FEBRL's generator; Christen 2005, unverified: from
memory); slips are neighbouring keys and sounds written otherwise; and what is missing is decided by a record's class (rich,
usual, thin), not by its source.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from math import exp
from random import Random

from hub.synthetic.linkage_set import LinkageSet, MadeRecord
from hub.synthetic.names import ORIGINS

__all__ = ["other_records"]

_Fields = dict[str, str]
_PEOPLES = (
    ("white", "english", 0.30, 0.32), ("white", "german", 0.06, 0.34), ("white", "polish", 0.04, 0.40),
    ("black", "african-american", 0.20, 0.38), ("black", "haitian", 0.03, 0.50), ("black", "east-african", 0.03, 0.55),
    ("hispanic", "latin", 0.2, 0.50), ("asian", "vietnamese", 0.03, 0.45), ("asian", "chinese", 0.03, 0.45),
    ("asian", "south-asian", 0.03, 0.45), ("aian", "native", 0.03, 0.42), ("nhpi", "pacific", 0.02, 0.45),
)  # fmt: skip
"""(group, origin, share, mean number of changes a record): more where names come from elsewhere, as B3 reports; levels chosen."""

_THIN = {"white": 0.14, "black": 0.2, "hispanic": 0.24, "asian": 0.2, "aian": 0.24, "nhpi": 0.22}
_KEPT = {"rich": 0.95, "usual": 0.7, "thin": 0.3}  # of the optional fields of a record of the class
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
_SOUNDS = (
    ("ph", "f"), ("ck", "k"), ("c", "k"), ("ie", "y"), ("y", "i"), ("z", "s"), ("oo", "u"), ("ee", "i"), ("mm", "m"), ("nn", "n"),
    ("ll", "l"), ("tt", "t"), ("w", "v"), ("j", "g"), ("h", ""), ("e", "a"), ("ou", "u"), ("sh", "ch"),
)  # fmt: skip
_CALLED = {
    "margaret": "Peggy", "dorothy": "Dot", "kenneth": "Ken", "leonard": "Len", "nathaniel": "Nate", "theodore": "Ted",
    "josephine": "Josie", "abigail": "Abby", "winifred": "Winnie", "penelope": "Penny", "reginald": "Reg", "terrence": "Terry",
    "demetrius": "Meech", "alejandra": "Ale", "catalina": "Cata", "concepcion": "Concha", "ignacio": "Nacho", "sebastian": "Seba",
    "walter": "Wally", "albert": "Al", "arthur": "Art", "harvey": "Harv", "friedrich": "Fritz", "kazimierz": "Kazik",
}  # fmt: skip
_EDGES = (
    "Dock Street",
    "Vine Street",
    "County Road 9",
    "Prospect Place",
    "Hemlock Court",
    "Railroad Avenue",
    "Old Turnpike",
)
_TOLD = ("middle_name", "sex", "ssn", "phone", "email", "address_line", "city", "state", "postal_code", "county")


def other_records(people: int, seed: int) -> LinkageSet:
    """The records of `people` people, in order of arrival; the same for the same seed."""
    rng = Random(f"linkage-second-{seed}")
    cells = [_cell(rng) for _ in range(max(1, people * 2 // 3))]
    hostels = [_cell(rng) for _ in range(max(1, people // 400))]
    made: list[MadeRecord] = []
    known: list[tuple[_Fields, date]] = []
    for number in range(people):
        group, origin, _, changes = rng.choices(_PEOPLES, [share for _, _, share, _ in _PEOPLES])[0]
        unhoused = rng.random() < 0.18
        cell = rng.choice(hostels) if unhoused and rng.random() < 0.6 else rng.choice(cells)
        truth = _truth(group, origin, cell, known, rng)
        truth |= {"origin": origin, "housing": "unhoused" if unhoused else "housed"}
        known.append((truth, date.fromisoformat(truth["birth_date"])))
        for _ in range(min(6, 1 + _poisson(1.3, rng))):
            fields = _copy(truth, group, rng)
            for _ in range(_poisson(changes, rng)):
                rng.choice(_CHANGES)(fields, rng)
            made.append(
                MadeRecord(
                    f"r{len(made)}",
                    {c: v for c, v in fields.items() if v},
                    f"q{number}",
                    f"cell-{cell['address_line']}",
                )
            )
    rng.shuffle(made)
    return LinkageSet(tuple(made))


def _cell(rng: Random) -> _Fields:
    zip_code = f"3810{rng.randint(0, 9)}"
    return {
        "address_line": f"{rng.randint(1, 9999)} {rng.choice(_EDGES)}",
        "city": f"Town {zip_code[-1]}",
        "state": "TN",
        "postal_code": zip_code,
        "county": f"4715{int(zip_code[-1]) // 4}",
        "phone": f"615{rng.randint(2000000, 9999999)}",
    }


def _truth(group: str, origin: str, cell: _Fields, known: list[tuple[_Fields, date]], rng: Random) -> _Fields:
    """A new person; one in twelve is born beside somebody: a twin, a sibling, or a namesake of another generation."""
    names = ORIGINS[origin]
    sex = rng.choice("FM")
    given = rng.choice(names.female if sex == "F" else names.male)
    family = " ".join(rng.sample(names.family, 2)) if names.two_surnames else rng.choice(names.family)
    if rng.random() < 0.4 and not names.two_surnames:  # there are few names on these lists and many in life
        family = f"{family.split()[0]}{rng.choice(('son', 'er', 'ski', 'man', 'a', 'o', 'ly', 'ton', 'is', 'ang'))}"
    born = date(1930, 1, 1) + timedelta(days=rng.randint(0, 33_000))
    suffix, home = "", dict(cell)
    near = known[-1] if known and rng.random() < 1 / 12 else None
    if near is not None and near[0]["origin"] == origin:
        family, home = near[0]["family_name"], {field: near[0][field] for field in cell}
        kind = rng.randrange(3)
        born = near[1] + timedelta(days=(0, rng.randint(300, 900), rng.randint(7_000, 13_000))[kind])
        if kind == 2 and sex == near[0]["sex"] == "M":
            given, suffix = near[0]["given_name"], "Jr."
        elif given == near[0]["given_name"]:
            given = f"{given}{rng.choice(('Lee', 'Ann', 'Ray'))}"
    return home | {
        "given_name": given,
        "middle_name": rng.choice(names.female if sex == "F" else names.male) if rng.random() < 0.5 else "",
        "family_name": family,
        "suffix": suffix,
        "birth_date": born.isoformat(),
        "sex": sex,
        "ssn": f"{rng.randint(1, 665):03d}{rng.randint(1, 99):02d}{rng.randint(1, 9999):04d}"
        if rng.random() < 0.85
        else "",
        "phone": home["phone"] if rng.random() < 0.5 else f"615{rng.randint(2000000, 9999999)}",
        "email": f"user{rng.randint(1, 10**7)}@example.com" if rng.random() < 0.5 else "",
        "race_ethnicity": group,
    }


def _copy(truth: _Fields, group: str, rng: Random) -> _Fields:
    thin = _THIN[group]
    kind = rng.choices(("rich", "usual", "thin"), (0.35, 0.65 - thin, thin))[0]
    fields = dict(truth)
    for column in _TOLD:
        share = _KEPT[kind] * {"ssn": 0.5, "email": 0.5, "middle_name": 0.5}.get(column, 1.0)
        if rng.random() >= (0.97 if column == "sex" else share):
            fields[column] = ""
    fields["source"] = kind
    return fields


def _poisson(mean: float, rng: Random) -> int:
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def _neighbour(text: str, rng: Random) -> str:
    """One sign replaced by a key beside it."""
    places = [at for at, sign in enumerate(text) if any(sign.lower() in row for row in _KEYS)]
    if len(places) < 3:
        return text
    at = rng.choice(places[1:])
    row = next(row for row in _KEYS if text[at].lower() in row)
    key = row.index(text[at].lower())
    return text[:at] + row[key - 1 if key and rng.random() < 0.5 else min(key + 1, len(row) - 1)] + text[at + 1 :]


def _sound(text: str, rng: Random) -> str:
    fitting = [(old, new) for old, new in _SOUNDS if old in text[1:]]
    if not fitting:
        return text
    old, new = rng.choice(fitting)
    return text[0] + text[1:].replace(old, new, 1)


def _mistyped(column: str) -> Callable[[_Fields, Random], None]:
    def change(fields: _Fields, rng: Random) -> None:
        fields[column] = _neighbour(fields.get(column, ""), rng)

    return change


def _misheard(column: str) -> Callable[[_Fields, Random], None]:
    def change(fields: _Fields, rng: Random) -> None:
        fields[column] = _sound(fields[column], rng) if fields.get(column) else ""

    return change


def _birth(fields: _Fields, rng: Random) -> None:
    born = date.fromisoformat(fields["birth_date"]) if fields["birth_date"] else None
    if born is None:
        return
    kind = rng.randrange(5)
    if kind == 0 and born.day <= 12:
        fields["birth_date"] = date(born.year, born.day, born.month).isoformat()
    elif kind == 1:
        fields["birth_date"] = date(born.year, 1, 1).isoformat()
    elif kind == 2:
        fields["birth_date"] = ""
    else:
        fields["birth_date"] = (born + timedelta(days=rng.choice((-365, -1, 1, 7, 30, 365)))).isoformat()


def _surnames(fields: _Fields, rng: Random) -> None:
    words = fields["family_name"].split()
    if len(words) == 2:
        fields["family_name"] = rng.choice(
            (words[0], words[0], words[1], "-".join(words), f"{words[1]} {words[0]}", "".join(words))
        )


def _called(fields: _Fields, rng: Random) -> None:
    if rng.random() < 0.9:
        fields["given_name"] = _CALLED.get(fields["given_name"].lower(), fields["given_name"])


def _exchanged(fields: _Fields, rng: Random) -> None:
    if rng.random() < 0.3:
        fields["given_name"], fields["family_name"] = fields["family_name"], fields["given_name"]


def _moved(fields: _Fields, rng: Random) -> None:
    fields |= {column: value if fields.get(column) else "" for column, value in _cell(rng).items() if column != "phone"}


def _new_number(fields: _Fields, rng: Random) -> None:
    if fields["phone"]:
        fields["phone"] = f"615{rng.randint(2000000, 9999999)}"


def _nobody(fields: _Fields, rng: Random) -> None:
    if rng.random() < 0.1:
        fields["given_name"] = rng.choice(("UNKNOWN", "Baby", "Infant", "Client"))


def _middle_first(fields: _Fields, rng: Random) -> None:
    """Goes by the middle name."""
    if fields["middle_name"] and rng.random() < 0.3:
        fields["given_name"], fields["middle_name"] = fields["middle_name"], ""


_CHANGES: tuple[Callable[[_Fields, Random], None], ...] = (
    _mistyped("given_name"), _mistyped("family_name"), _mistyped("ssn"), _mistyped("address_line"), _misheard("given_name"),
    _misheard("family_name"), _birth, _surnames, _surnames, _called, _exchanged, _moved, _moved, _new_number, _nobody,
    _middle_first,
)  # fmt: skip
