"""Who is who changes its mind on a running stack: a need keeps its id when its person becomes another, and nobody counts twice.

The two person_keys of a story must lie on different partitions, or nothing would have to be carried. Keys are minted, so a story is
told of several people at once and checked for those whose keys fell apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pytest

from hub.bus.topics import LINK_TOPIC, NEED_TOPIC, PERSON_TOPIC
from hub.wiring_bus import ids_of
from tests.live.records import Made, dose, doses, export, night, result
from tests.live.town import CVRS, HMIS, LAB, Town

pytestmark = pytest.mark.live

AS_OF = date(2021, 2, 6)
SLEPT = (date(2021, 2, 1), date(2021, 2, 2))
TOGETHER = 8
"""People of one story: that all their keys stay on one partition has a chance of 1 in 65,536."""
GIVEN = ("Alasdair", "Beatrix", "Cormac", "Dorothea", "Ezekiel", "Florentina", "Gwendolyn", "Horatio")
MERGED = ("Quillfeather", "Brambleton", "Underhill", "Marchbanks", "Oxenford", "Tattersall", "Yarborough", "Lindqvist")
OTHERS = (
    ("Isolde", "Crabtree"), ("Jasper", "Nightingale"), ("Kunigunde", "Overstreet"), ("Leopold", "Rutherglen"),
    ("Mehitabel", "Sandoval"), ("Nathaniel", "Uppington"), ("Octavia", "Featherstone"), ("Peregrine", "Goldwater"),
)  # fmt: skip
SPLIT = ("Haverstock", "Pennyweather", "Castellan", "Drummond", "Ironmonger", "Vosskuhler", "Wexcombe", "Zabriskie")


class Seen:
    """What the settled topics say of made-up people, read once."""

    def __init__(self, town: Town) -> None:
        town.settle()
        self._ids = ids_of(town.settings)
        self._owners: dict[str, str] = {f["source_person"]: f["person_key"] for f in town.newest(LINK_TOPIC).values()}
        self._needs = list(town.newest(NEED_TOPIC).values())
        self._totals = town.totals()
        self._partitions: dict[bytes | None, set[int]] = {}
        for record in town.records(PERSON_TOPIC):
            self._partitions.setdefault(record.key, set()).add(record.partition)

    def lab(self, who: Made) -> str:
        """The person_key that the laboratory's record of them has."""
        return self._owners[self._ids.source_person(LAB, "2.16.840.1.113883.3.0", f"L{who.number}")]

    def shelter(self, who: Made) -> str:
        return self._owners[self._ids.source_person(HMIS, "PersonalID", who.client)]

    def registry(self, who: Made, number: str = "") -> str:
        return self._owners[self._ids.source_person(CVRS, "recip_id", f"R{who.number}{number}")]

    def needs(self, person_key: str) -> list[dict[str, Any]]:
        """The needs of a person, as they stand on the topic."""
        return [need for need in self._needs if need["person_key"] == person_key]

    def counted(self, indicator: str) -> int:
        """How many people count for it, anywhere and in any group."""
        return sum(count for stratum, count in self._totals.items() if stratum.startswith(f"{indicator}|"))

    def apart(self, moves: Iterable[tuple[Made, str, str]]) -> list[tuple[Made, str, str]]:
        """Those whose old and new person_key lie on different partitions."""
        found = [move for move in moves if self._partition(move[1]) != self._partition(move[2])]
        assert found, "all of them on one partition: nothing of this story was tested"
        return found

    def _partition(self, person_key: str) -> int:
        (where,) = self._partitions[person_key.encode()]
        return where


def made(first: int, families: Sequence[str], born: date) -> list[Made]:
    """Strangers: names that are alike in nothing, birth dates a year and a month apart."""
    return [
        Made(first + n, given, family, born.replace(year=born.year + n, month=1 + n))
        for n, (given, family) in enumerate(zip(GIVEN, families, strict=True))
    ]


def nights(people: Sequence[Made]) -> list[tuple[Made, date]]:
    return [night(who, day) for who in people for day in SLEPT]


def grown(now: Seen, began: Seen, *words: str) -> tuple[int, ...]:
    return tuple(now.counted(word) - began.counted(word) for word in words)


def test_a_stay_before_its_client_is_merged_when_the_client_comes_and_the_need_moves_along(town: Town) -> None:
    people, began = made(100, MERGED, date(1951, 1, 2)), Seen(town)
    town.send([export("merge-1", nights(people))])
    first = Seen(town)
    assert len({first.shelter(who) for who in people}) == TOGETHER, "a stay without a client is somebody already"

    strangers = made(
        100, SPLIT[::-1], date(1931, 1, 17)
    )  # the registry has somebody else's name under their second number
    town.send([result(who) for who in people])
    town.send([doses(date(2021, 2, 3), [*map(dose, people), *(dose(who, recipient="b") for who in strangers)])])
    town.tick(AS_OF)
    before = Seen(town)
    for who in people:
        assert before.registry(who) == before.lab(who) != before.shelter(who) == first.shelter(who)
        assert [(need["support"], need["state"]) for need in before.needs(before.lab(who))] == [("place", "open")]
    assert grown(before, began, "people", "vaccinated") == (3 * TOGETHER, 2 * TOGETHER)

    town.send([export("merge-2", nights(people), clients=people)])
    town.send([doses(date(2021, 2, 5), [dose(who, recipient="b") for who in people])])
    after = Seen(town)
    for who in people:
        records = {after.lab(who), after.registry(who), after.registry(who, "b"), after.shelter(who)}
        assert records == {before.shelter(who)}, "the older person stays"
    for _, ill, kept in after.apart((who, before.lab(who), after.lab(who)) for who in people):
        assert after.needs(ill) == []
        (old,), (new,) = before.needs(ill), after.needs(kept)
        assert (new["need_id"], new["state"], new["until"]) == (old["need_id"], "open", old["until"])
        assert len(new["evidence"]) == len(old["evidence"]) + len(SLEPT), "what the shelter knew is evidence now"
    assert grown(after, began, "people", "vaccinated", "positive") == (TOGETHER, TOGETHER, TOGETHER)
    town.assert_equal_to_preview(AS_OF)


def test_after_a_name_correction_the_need_goes_with_the_record_it_hangs_on(town: Town) -> None:
    people, began = made(200, SPLIT, date(1971, 1, 23)), Seen(town)
    town.send([result(who) for who in people])
    town.send([export("split-1", nights(people), clients=people), doses(date(2021, 2, 4), map(dose, people))])
    town.tick(AS_OF)
    before = Seen(town)
    for who in people:
        assert before.lab(who) == before.shelter(who) == before.registry(who)
        assert len(before.needs(before.lab(who))) == 1
    assert grown(before, began, "people", "vaccinated", "positive") == (TOGETHER, TOGETHER, TOGETHER)

    corrected = [Made(who.number, *other, who.born.replace(day=9)) for who, other in zip(people, OTHERS, strict=True)]
    town.send([result(who, status="C", reported="20210206080000+0000") for who in corrected])
    after = Seen(town)
    for who in people:
        assert after.lab(who) != after.shelter(who) == after.registry(who) == before.lab(who)
    for _, home, gone in after.apart((who, before.lab(who), after.lab(who)) for who in people):
        assert after.needs(home) == []
        (old,), (new,) = before.needs(home), after.needs(gone)
        assert (new["need_id"], new["state"], new["until"]) == (old["need_id"], "open", old["until"])
        assert len(new["evidence"]) == len(old["evidence"]) - len(SLEPT), "the nights were somebody else's"
    assert grown(after, began, "people", "vaccinated", "positive") == (2 * TOGETHER, TOGETHER, TOGETHER)
    town.assert_equal_to_preview(AS_OF)
