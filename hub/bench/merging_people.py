"""Made-up people for `hub bench identity --merge`: pairs that have needs and doses, and what their sources say of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from hub.domain.events import Event, LabResult, Person, PersonBlock, RaceEthnicity, Vaccination

__all__ = ["COUNTY", "Pair", "life", "made_pairs", "says"]

COUNTY = "47065"
_SEED = 20261300


class Pair(NamedTuple):
    """`token`: the source person that tells of the second."""

    first: PersonBlock
    second: PersonBlock
    token: str


def made_pairs(number: int) -> Iterator[Pair]:
    """So many pairs of people whose names nobody else has."""
    dice = random.Random(_SEED)
    for each in range(number):
        yield Pair(_somebody(dice), _somebody(dice), f"pair-{each}-b")


def _somebody(dice: random.Random) -> PersonBlock:
    given, family = (
        "".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(length)).capitalize()
        for length in (3, 5)
    )
    born = date(1940, 1, 1) + timedelta(days=dice.randrange(24_000))
    phone = f"615555{dice.randrange(10_000):04}"
    return PersonBlock(given_name=given, family_name=family, birth_date=born, phone=phone, county=COUNTY)


def life(pair: Pair, version: int) -> Iterator[Event]:
    """A result and a dose of each of the two, each from a source person of their own."""
    for token, block in ((pair.token.removesuffix("b") + "a", pair.first), (pair.token, pair.second)):
        yield LabResult(
            **_common(token, "lab", version, block, on=date(2021, 2, 3)),
            meaning="positive",
            status="final",
            processing="production",
            method="molecular",
            loinc="94500-6",
            observation_key=f"{token}/lab",
            report_key=f"{token}/lab",
            collected_on=date(2021, 2, 3),
            congregate="yes",
        )
        dose = _common(token, "dose", version, block, on=date(2021, 1, 20))
        yield Vaccination(**dose, status="administered", cvx="208", covid=True)


def says(token: str, version: int, block: PersonBlock) -> Person:
    """A source person says who they are."""
    return Person(**_common(token, "who", version, block))


def _common(token: str, fact: str, version: int, block: PersonBlock, on: date | None = None) -> dict[str, Any]:
    return {
        "event_id": f"{token}/{fact}/{version}",
        "source": "bench",
        "source_person": token,
        "fact_key": f"{token}/{fact}",
        "changed_at": datetime(2021, 2, 4, tzinfo=UTC) + timedelta(seconds=version),
        "status_rank": 0,
        "content_hash": f"{version:032x}",
        "mapping_version": 1,
        "occurred_on": on,
        "active": True,
        "agreement_id": "made-up",
        "labels": ("R",),
        "purposes": ("isolation-support", "vaccine-equity"),
        "race_ethnicity": RaceEthnicity(groups=("white", "not-hispanic"), reported_by="self"),
        "person": block,
    }
