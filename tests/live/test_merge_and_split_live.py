"""Requirement 25 (equity-identity.md) on a running stack: two people with needs and doses become one and two again, and all that
rests on them is told anew, to the recipient too; of a third person, who has both as well, nobody says anything.

Two are then united by a reviewer as well, and parted again when the decision is withdrawn. Identify works in a thread of
this process; every other role is a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import hub.demo.stack
from hub.bus.topics import DECISION_TOPIC, LINK_TOPIC, NEED_TOPIC, PERSON_TOPIC, REVIEW_TOPIC, delivery_topic
from hub.config import ROLES
from hub.domain import who
from hub.domain.identity_reviews import reviewed
from hub.domain.linkage.clusters import clusters
from hub.domain.linkage.decisions import Verdict
from hub.identity.role import run as identify
from hub.ops.ports import free_port
from hub.outlets.delivery import Subscriber
from hub.preview import PreviewResult
from hub.privacy.agreements import delivery_agreements
from hub.wiring_bus import ids_of
from tests.live.records import Made, dose, doses, export, night, result
from tests.live.town import CVRS, HMIS, LAB, Town
from tests.role_in_thread import running

pytestmark = pytest.mark.live

AS_OF = date(2021, 2, 6)
SLEPT = (date(2021, 2, 1), date(2021, 2, 2))
SUBSCRIBER = "isolation-support"
DELIVERED = delivery_topic(SUBSCRIBER)
ONES = [Made(n, given, "Zolaris", date(1980, 1, n)) for n, given in enumerate(("Anatol", "Berenike", "Caspar"), 1)]
OTHERS = [Made(n, given, "Quillon", date(1961, 9, n)) for n, given in enumerate(("Dorothea", "Emeric", "Felice"), 11)]
"""One of each becomes one person. Three of them: that none moves to another partition has a chance of 1 in 64."""
AUTHORITY = "2.16.840.1.113883.3.0"
DECIDED = datetime(2021, 2, 6, tzinfo=UTC)
THIRD = Made(21, "Gwendal", "Ormsby", date(1948, 6, 27))
EVERYBODY = [*ONES, *OTHERS, THIRD]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A stack of its own; who of its people is who is found out in this process."""
    others = tuple(role for role in ROLES if role not in ("clock", "identify"))
    monkeypatch.setattr(hub.demo.stack, "DEMO_ROLES", others)
    found = Town(tmp_path / "instance")
    try:
        found.start()
        with _identifying(found, monkeypatch):
            yield found
    finally:
        found.end()


@contextmanager
def _identifying(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever waits for the stack hears at once when the thread has ended, as of any process that gave up."""
    ports = {**town.settings.ports, "identify": free_port()}
    settings = town.settings.model_copy(update={"ports": ports})
    others = town.stack.failures
    with running(identify, settings, "identify") as failed:
        monkeypatch.setattr(
            town.stack, "failures", lambda: {**others(), "identify": why} if (why := failed()) else others()
        )
        yield


class Seen:
    """What the settled topics say, read once."""

    def __init__(self, town: Town) -> None:
        town.settle()
        self._ids = ids = ids_of(town.settings)
        self._own = {ids.source_person(HMIS, "PersonalID", each.client): each.client for each in EVERYBODY}
        self._tokens = {
            each: {
                self.laboratory(each),
                ids.source_person(HMIS, "PersonalID", each.client),
                ids.source_person(CVRS, "recip_id", f"R{each.number}"),
            }
            for each in EVERYBODY
        }
        observed, batch = town.assert_equal_to_preview(AS_OF)  # awaits measures and deliveries
        self._owners, self._needs = observed.owners, observed.needs
        self._totals = observed.totals
        self.delivered = {key.decode(): fields for key, fields in town.newest(DELIVERED).items()}
        assert self.delivered == self._to_be_delivered(town, batch)
        self._told = {
            topic: {(record.key or b"", record.value) for record in town.records(topic)}
            for topic in (PERSON_TOPIC, LINK_TOPIC, DECISION_TOPIC, NEED_TOPIC, DELIVERED)
        }

    def person(self, each: Made) -> str:
        """The one person that all records of them are."""
        (key,) = {self._owners[token] for token in self._tokens[each]}
        return key

    def laboratory(self, each: Made) -> str:
        """The source person of their result."""
        return self._ids.source_person(LAB, AUTHORITY, f"L{each.number}")

    def open_needs(self, each: Made) -> list[dict[str, Any]]:
        return [
            dict(need) for need in self._needs if need["person_key"] == self.person(each) and need["state"] == "open"
        ]

    def told_to_the_recipient(self, each: Made) -> list[dict[str, Any]]:
        return [self.delivered[need["need_id"]] for need in self.open_needs(each) if need["need_id"] in self.delivered]

    def counted(self, indicator: str) -> int:
        """How many people count for it, anywhere and in any group."""
        return sum(count for stratum, count in self._totals.items() if stratum.startswith(f"{indicator}|"))

    def told_of(self, each: Made) -> set[tuple[str, bytes, bytes | None]]:
        """What is said of them: topic, key, value. A record that is there twice, as after a restart, says nothing new."""
        mine = {self.person(each), *self._tokens[each], *(need["need_id"] for need in self.open_needs(each))}
        return {
            (topic, key, value) for topic, said in self._told.items() for key, value in said if key.decode() in mine
        }

    def _to_be_delivered(self, town: Town, batch: PreviewResult) -> dict[str, dict[str, Any]]:
        def local_ids(person_key: str, _: str) -> Sequence[str]:
            return sorted(self._own[token] for token in batch.groups[person_key] if token in self._own)

        subscriber = Subscriber(
            delivery_agreements(town.instance / "agreements")[SUBSCRIBER], local_ids, lambda _: None
        )
        shown = {need.need_id: subscriber.visible(NEED_TOPIC, need.model_dump(), AS_OF) for need in batch.needs}
        return {need_id: each.model_dump() for need_id, each in shown.items() if each is not None}


def all_say(town: Town, people: Sequence[Made], day: int, *, first: bool = False) -> None:
    """Laboratory, registry and shelter tell who these are, on this day of February."""
    reported = f"202102{day:02}080000+0000"
    town.send([result(each, status="F" if first else "C", reported=reported) for each in people])
    town.send([doses(date(2021, 2, day), map(dose, people))])
    slept = [night(each, when) for each in people for when in SLEPT] if first else []
    town.send([export(f"said-{day}", slept, clients=people, updated=f"2021-02-{day:02} 03:04:05")])


def decide(town: Town, seen: Seen, verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reviewer decides about the first two people; the batch answer knows of it too. Who waits for the stack waits for this."""
    one, other = (seen.laboratory(each) for each in (ONES[0], OTHERS[0]))
    decision = reviewed(one, other, verdict, reason="person-confirmed", actor="a-reviewer", decided_at=DECIDED)
    monkeypatch.setattr(who, "clusters", partial(clusters, decisions=[decision.numbered(1)]))
    town.put(REVIEW_TOPIC, decision.left.encode(), town.codec.encode(REVIEW_TOPIC, decision))


def test_r25_needs_alerts_deliveries_and_tallies_follow_a_merge_and_a_split_and_a_third_person_stays_as_they_were(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.tick(AS_OF)
    all_say(town, EVERYBODY, 4, first=True)
    apart = Seen(town)
    assert len({apart.person(each) for each in EVERYBODY}) == len(EVERYBODY)
    for each in EVERYBODY:
        assert [need["support"] for need in apart.open_needs(each)] == ["place"]
        assert [told["local_id"] for told in apart.told_to_the_recipient(each)] == [each.client]

    renamed = [Made(n.number, other.given, other.family, other.born) for n, other in zip(OTHERS, ONES, strict=True)]
    all_say(town, renamed, 5)
    merged = Seen(town)
    for one, other in zip(ONES, OTHERS, strict=True):
        assert merged.person(one) == merged.person(other)
        assert len(merged.open_needs(one)) == len(merged.told_to_the_recipient(one)) == 1
    assert len(merged.delivered) == len(apart.delivered) - len(OTHERS), "what was told of two people is taken back"
    for counted in ("people", "vaccinated", "positive"):
        assert merged.counted(counted) == apart.counted(counted) - len(OTHERS)

    all_say(town, OTHERS, 6)
    split = Seen(town)
    for each in EVERYBODY:
        assert [told["local_id"] for told in split.told_to_the_recipient(each)] == [each.client]
    assert len({split.person(each) for each in EVERYBODY}) == len(EVERYBODY)
    assert split.delivered == apart.delivered, "each is told of again as before"
    for counted in ("people", "vaccinated", "positive"):
        assert split.counted(counted) == apart.counted(counted)

    decide(town, split, "same", monkeypatch)
    united = Seen(town)
    assert united.person(ONES[0]) == united.person(OTHERS[0])
    assert len(united.delivered) == len(apart.delivered) - 1
    decide(town, split, "withdrawn", monkeypatch)
    parted = Seen(town)
    assert parted.delivered == apart.delivered

    for each_time in (merged, split, united, parted):
        assert each_time.person(THIRD) == apart.person(THIRD)
        assert each_time.told_of(THIRD) <= apart.told_of(THIRD), "nobody said anything of the third person"
