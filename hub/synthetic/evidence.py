"""What the county knows of where people live and what they lack, record by record, in a plain and a doubtful reading.

The plain reading is the rule of truth. The doubtful one adds everything that a reasonable reader might count as well.
Infections are planted only where both readings agree with room to spare, so that what must be found does not hang on a
boundary day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from hub.synthetic.facts import Ledger, SourceId
from hub.synthetic.places import CONGREGATE, LAST_DAY

__all__ = [
    "FOOD_LOOK_BACK",
    "ISOLATION",
    "PLACE_LOOK_BACK",
    "Known",
    "known_of",
    "lacks_food",
    "lacks_place",
    "moved_home",
    "unmistakable",
]

ISOLATION = timedelta(
    days=10
)  # US rule in force from 2020-07-17 to 2021-12-26: ten days after onset, else after the specimen
PLACE_LOOK_BACK = timedelta(days=14)
FOOD_LOOK_BACK = timedelta(days=365)
_MARGIN = timedelta(days=2)
_HOMELESS = (101, 116, 118)
_HOME = range(400, 500)


@dataclass(slots=True)
class Known:
    """Days on which one record says: slept in a congregate shelter or had no home (`place`); food runs out (`food`)."""

    place: set[date] = field(default_factory=set)
    doubtful_place: set[date] = field(default_factory=set)
    food: set[date] = field(default_factory=set)
    doubtful_food: set[date] = field(default_factory=set)
    home: set[date] = field(default_factory=set)  # days on which it says: has a home of their own


def known_of(ledger: Ledger) -> dict[SourceId, Known]:
    """Evidence by record, out of everything written down."""
    known: dict[SourceId, Known] = defaultdict(Known)
    for stay in ledger.stays:
        record = known[stay.sid]
        if stay.project in CONGREGATE:
            record.place.update(stay.slept(LAST_DAY - timedelta(days=1)))
        if stay.came_from in _HOMELESS:
            record.doubtful_place.add(stay.entry)
        if stay.exit is not None and stay.destination in _HOMELESS:
            record.doubtful_place.add(stay.exit)
        if stay.exit is not None and stay.destination in _HOME:
            record.home.add(stay.exit)
        if stay.came_from in _HOME:
            record.home.add(stay.entry)
    for contact in ledger.contacts:
        if contact.code in _HOMELESS:
            known[contact.sid].place.add(contact.day)
        if contact.code in _HOME:
            known[contact.sid].home.add(contact.day)
    for screening in ledger.screenings:
        if not screening.consent:
            continue
        record, day = known[screening.sid], screening.at.date()
        place, food = (
            (record.doubtful_place, record.doubtful_food) if screening.cancelled else (record.place, record.food)
        )
        if screening.steady_place is False:
            place.add(day)
        if screening.steady_place:
            record.home.add(day)
        if screening.food_need:
            food.add(day)
    return known


def lacks_place(days: Iterable[date], start: date, until: date) -> bool:
    """True when one of the days of evidence lies between 14 days before isolation began and its end."""
    return any(start - PLACE_LOOK_BACK <= day <= until for day in days)


def lacks_food(days: Iterable[date], start: date, until: date) -> bool:
    """True when one of the days of evidence lies between 12 months before isolation began and its end."""
    return any(start - FOOD_LOOK_BACK <= day <= until for day in days)


def unmistakable(record: Known, onset: date, specimen: date) -> bool:
    """True when no reading, no start (onset or specimen) and no boundary day changes what this record says of an isolation."""
    surely = (specimen + _MARGIN, onset + ISOLATION - _MARGIN)
    perhaps = (onset - _MARGIN, specimen + ISOLATION + _MARGIN)
    return lacks_place(record.place, *surely) == lacks_place(
        record.place | record.doubtful_place, *perhaps
    ) and lacks_food(record.food, *surely) == lacks_food(record.food | record.doubtful_food, *perhaps)


def moved_home(records: Iterable[Known], onset: date, specimen: date) -> bool:
    """True when the records say of about the time of an isolation both that there is no place and that there is a home.

    Which of the two stands then depends on the days between them: readers may differ.
    """
    first, last = onset - PLACE_LOOK_BACK - _MARGIN, specimen + ISOLATION + _MARGIN
    told = list(records)
    lacks = any(first <= day <= last for record in told for day in record.place | record.doubtful_place)
    return lacks and any(first <= day <= last for record in told for day in record.home)
