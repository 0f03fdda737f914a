"""The first generator of linkage sets: the residents of linkage_people as six sources of the mission wrote them down.

Weights and thresholds of the shipped link model are fitted on this one; linkage_second is another one, to report on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from hub.synthetic.linkage_names import draw_given
from hub.synthetic.linkage_people import Resident, residents
from hub.synthetic.linkage_rates import GROUP_SSN, SOURCES, SPELLED_OTHERWISE, SWAPPED_NAMES, Source
from hub.synthetic.linkage_set import LinkageSet, MadeRecord
from hub.synthetic.linkage_slips import slip_date, slip_digits, slip_letters
from hub.synthetic.linkage_variants import plain, short_name, transliterated

__all__ = ["made_records"]

_UNHOUSED_SEEN = {
    "hmis": 0.9,
    "pantry": 0.3,
    "medicaid": 0.3,
}  # of people without a home, who have a record there; chosen
_SECOND_RECORD = 0.12  # of records, that their source holds twice under another id
_SLIP = 0.02  # of names and birth dates, with a slip; twice that for names from elsewhere
_NO_NAME = ("Unk", "Unknown", "Baby Boy", "Baby Girl", "Newborn", "Twin A", "Male", "Female")
_MARRIED_BEFORE = 0.3  # of records of a woman who changed her name, under her name before
_MIDDLE_FIRST = 0.008  # of records of people with a middle name, who go by it there
_CHANGED_SEX = 0.006  # of people, who are in some records under another sex; half of them under another given name too
_LONG_FORMS = ((" St", " Street"), (" Ave", " Avenue"), (" Rd", " Road"), (" Dr", " Drive"), (" Ln", " Lane"))
_YOUNG = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class _Life:
    """What changes about a person between records: earlier contacts, another given name."""

    now: Resident
    phone: str
    email: str
    address: str
    city: str
    postal_code: str
    county: str
    given: str  # under which they live now; empty: never changed
    other_sex: str  # told by some sources; empty: never changed


def made_records(people: int, seed: int) -> LinkageSet:
    """The records of at least `people` residents, in order of arrival; the same for the same seed."""
    rng = Random(f"linkage-records-{seed}")
    everyone = residents(people, seed)
    made: list[MadeRecord] = []
    for number, resident in enumerate(everyone):
        life = _life(resident, everyone[rng.randrange(len(everyone))], rng)
        for name, source in SOURCES.items():
            for _ in range(_times(resident, name, source, rng)):
                fields = _told(life, name, source, rng)
                made.append(MadeRecord(f"{name}-{number}-{len(made)}", fields, resident.person, resident.household))
    rng.shuffle(made)
    return LinkageSet(tuple(made))


def _life(now: Resident, elsewhere: Resident, rng: Random) -> _Life:
    """Earlier contacts are those of a resident drawn at random: they moved into what was somebody else's home, or took
    over a number."""
    changed = rng.random() < _CHANGED_SEX
    other = ("M" if now.sex == "F" else "F") if changed else ""
    given = draw_given(now.origin, other, rng) if changed and rng.random() < 0.5 else ""
    email = f"{plain(now.given)[:4]}.{rng.randint(1, 99999)}@example.net".replace(" ", "")
    phone = elsewhere.phone if rng.random() < 0.05 else f"931{rng.randint(200, 999)}{rng.randint(0, 9999):04d}"
    address = f"{rng.randint(1, 2400)} {elsewhere.address.split(' ', 1)[-1] or 'Main St'}"
    near = now if rng.random() < 0.6 else elsewhere
    return _Life(now, phone, email, address, near.city, elsewhere.postal_code, near.county, given, other)


def _times(resident: Resident, name: str, source: Source, rng: Random) -> int:
    seen = source.seen if resident.housing == "housed" else _UNHOUSED_SEEN.get(name, source.seen * 0.8)
    if rng.random() >= seen:
        return 0
    return 1 + (rng.random() < _SECOND_RECORD)


def _told(life: _Life, name: str, source: Source, rng: Random) -> dict[str, str]:
    now = life.now
    fields = {"source": name, "race_ethnicity": now.race_ethnicity, "origin": now.origin, "housing": now.housing}
    changed = bool(life.other_sex) and rng.random() < 0.5
    fields["given_name"] = _given(life.given if changed and life.given else now.given, now, source, rng)
    fields["family_name"] = _family(now, name, source, rng)
    if now.previous_family and rng.random() < _MARRIED_BEFORE:
        fields["family_name"] = now.previous_family
    elif now.previous_family and rng.random() < 0.2:
        fields["previous_family_name"] = now.previous_family
    if rng.random() < SWAPPED_NAMES.get(now.origin, 0.004):
        fields["given_name"], fields["family_name"] = fields["family_name"], fields["given_name"]
    if now.middle and rng.random() < _MIDDLE_FIRST:
        fields["given_name"] = now.middle
    elif now.middle and rng.random() < source.middle:
        middle = now.middle if rng.random() < 0.97 else draw_given(now.origin, now.sex, rng)
        fields["middle_name"] = _slipped(middle, now, source, rng) if rng.random() < 0.4 else middle[0]
    if now.suffix and rng.random() < (0.6 if now.suffix == "Jr" else 0.2):
        fields["suffix"] = now.suffix
    if rng.random() < source.sex:
        fields["sex"] = ("M" if now.sex == "F" else "F") if changed or rng.random() < 0.004 else now.sex
    fields |= _birth_date(now, source, rng) | _ssn(now, source, rng) | _contacts(life, name, source, rng)
    return {column: value for column, value in fields.items() if value}


def _given(given: str, now: Resident, source: Source, rng: Random) -> str:
    if rng.random() < (0.15 if now.born >= _YOUNG else 0.003):
        return rng.choice(_NO_NAME)
    if rng.random() < source.short_name:
        given = short_name(given, rng) or given
    elif rng.random() < SPELLED_OTHERWISE.get(now.origin, 0.01):
        given = transliterated(given, rng) or given
    return _slipped(given, now, source, rng)


def _family(now: Resident, name: str, source: Source, rng: Random) -> str:
    family = [
        (transliterated(word, rng) or word) if rng.random() < SPELLED_OTHERWISE.get(now.origin, 0.005) else word
        for word in now.family
    ]
    if len(family) == 2:
        form = rng.choices(("both", "first", "hyphen", "second", "swapped"), (52, 26, 10, 7, 5))[0]
        written = {
            "both": " ".join(family),
            "first": family[0],
            "second": family[1],
            "hyphen": "-".join(family),
            "swapped": f"{family[1]} {family[0]}",
        }[form]
    else:
        written = family[0]
    if name == "pantry" and rng.random() < 0.12:
        return written[0]
    return _slipped(written, now, source, rng)


def _slipped(text: str, now: Resident, source: Source, rng: Random) -> str:
    rate = _SLIP * source.slips * (1.6 if now.origin not in ("english", "african-american") else 1.0)
    return slip_letters(text, rng) if rng.random() < rate else text


def _birth_date(now: Resident, source: Source, rng: Random) -> dict[str, str]:
    if rng.random() >= source.birth_date:
        return {}
    estimated = source.estimated * (2.0 if now.housing == "unsheltered" else 1.0)
    if rng.random() < estimated:
        about = date(now.born.year + rng.choice((-1, 0, 0, 0, 1)), 1, 1)
        return {"birth_date": about.isoformat(), "birth_date_partial": "1" if rng.random() < 0.7 else ""}
    born = slip_date(now.born, rng) if rng.random() < _SLIP * source.slips else now.born
    return {"birth_date": born.isoformat()}


def _ssn(now: Resident, source: Source, rng: Random) -> dict[str, str]:
    share = source.ssn * GROUP_SSN[now.race_ethnicity] * (0.8 if now.housing == "unsheltered" else 1.0)
    if not now.ssn:
        return {"ssn": "999999999"} if rng.random() < source.ssn * 0.2 else {}
    if rng.random() >= share:
        return {}
    ssn = slip_digits(now.ssn, rng) if rng.random() < 0.012 * source.slips else now.ssn
    return {"ssn": ssn[-4:] if rng.random() < source.last_four else ssn}


def _contacts(life: _Life, name: str, source: Source, rng: Random) -> dict[str, str]:
    """Phone, e-mail and address: today's or the earlier ones; people without a home change them more often."""
    now, found = life.now, {}
    earlier = 0.15 if now.housing == "housed" else 0.35
    if rng.random() < source.phone * (1.0 if now.housing == "housed" else 0.6):
        phone = life.phone if rng.random() < earlier else now.phone
        found["phone"] = _dialled(phone, source, rng)
    if now.email and rng.random() < source.email:
        found["email"] = life.email if rng.random() < 0.12 else now.email
    if rng.random() < source.address:
        before = rng.random() < earlier
        line = life.address if before and now.housing == "housed" else now.address
        found |= {
            "address_line": _written(line, rng),
            "city": _typed(life.city if before else now.city, source, rng),
            "state": now.state,
            "postal_code": _dialled(life.postal_code if before else now.postal_code, source, rng),
            "county": "" if name == "lab" else life.county if before else now.county,
        }
    return found


def _typed(name: str, source: Source, rng: Random) -> str:
    return slip_letters(name, rng) if rng.random() < _SLIP * source.slips / 2 else name


def _dialled(digits: str, source: Source, rng: Random) -> str:
    return slip_digits(digits, rng) if rng.random() < _SLIP * source.slips / 2 else digits


def _written(address: str, rng: Random) -> str:
    """An address line in one of the ways in which desks write it."""
    draw = rng.random()
    if draw < 0.25:
        for short, long in _LONG_FORMS:
            if address.endswith(short):
                return address[: -len(short)] + long
    if draw < 0.32:
        return f"{address} Apt {rng.randint(1, 24)}" if address[:1].isdigit() else address
    return slip_letters(address, rng) if draw < 0.35 else address.upper() if draw < 0.5 else address
