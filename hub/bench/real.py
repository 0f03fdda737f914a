"""The hub's real fold as a benchmark: the join, fed with made-up people. Schema ids are numbered here, no registry is asked."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hub.bus.codec import Codec
from hub.bus.topics import NEED_TOPIC, PERSON_TOPIC, TALLY_TOPIC, TOPICS
from hub.domain.events import (
    Coded,
    Event,
    LabResult,
    Person,
    RaceEthnicity,
    Screening,
    ShelterStay,
    Vaccination,
)
from hub.domain.history import decode_row
from hub.domain.ids import Ids
from hub.domain.person_events import Tick, person_event
from hub.domain.projection import Projector
from hub.streams.join import CLOCK_KEY, JoinProcessor, Published, Wire
from hub.wiring_bus import isolation_rules

START = date(2021, 1, 4)
END = date(2021, 3, 31)
FACTS_PER_PERSON = 5
SECRET = b"a secret of the benchmark, nobody's"


class NumberedSchemas:
    """Ids in order of registration: the same in each process, as all register the same table."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def register(self, _subject: str, schema: dict[str, Any]) -> int:
        self._texts.append(json.dumps(schema))
        return len(self._texts)

    def text(self, schema_id: int) -> str:
        return self._texts[schema_id - 1]

    def close(self) -> None:
        return


def codec() -> Codec:
    """A codec of its own world."""
    found = Codec(NumberedSchemas(), TOPICS)
    found.open()
    return found


def processor(outputs: str) -> JoinProcessor:
    """The join; needs and tallies go to one topic."""
    wire_codec = codec()
    wire = Wire(
        decode=wire_codec.decode_dict,
        encode_need=lambda need: wire_codec.encode(NEED_TOPIC, need),
        encode_tally=lambda tally: wire_codec.encode(TALLY_TOPIC, tally),
        encode_carry=lambda carry: wire_codec.encode(PERSON_TOPIC, carry),
        needs_topic=outputs,
        tally_topic=outputs,
        person_topic=outputs,
    )
    return JoinProcessor(Projector(Ids(SECRET), isolation_rules()), wire, lambda _: Published(frozenset(), -1))


def contents(rows: Mapping[bytes, bytes]) -> dict[bytes, Any]:
    """Rows by what they say: the order in which facts came in may differ."""
    return {key: value if key == CLOCK_KEY else decode_row(value) for key, value in rows.items()}


def tick() -> bytes:
    """The clock at the end of the benchmark's time."""
    return codec().encode(PERSON_TOPIC, Tick(as_of=END))


def records(count: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """`count` person events of count / 5 people (key, value), in an order a seed shuffled within each 1,000 people."""
    dice, wire_codec = random.Random(seed), codec()
    left, number = count, 0
    while left > 0:
        block: list[tuple[bytes, bytes]] = []
        for _ in range(min(1_000, -(-left // FACTS_PER_PERSON))):
            key = f"bench-{number:08d}"
            block.extend(_life(key, dice, wire_codec))
            number += 1
        dice.shuffle(block)
        yield from block[:left]
        left -= len(block)


def _life(key: str, dice: random.Random, wire_codec: Codec) -> Iterator[tuple[bytes, bytes]]:
    day = START + timedelta(days=dice.randrange(60))
    for event in _facts(key, day, dice):
        linked = person_event(
            event, person_key=key, link_revision=1, birth_year_month="1980-05", county="47065", postal_code="37402"
        )
        yield key.encode(), wire_codec.encode(PERSON_TOPIC, linked)


def _facts(key: str, day: date, dice: random.Random) -> Iterator[Event]:
    def common(fact: str, on: date | None) -> dict[str, Any]:
        return {
            "event_id": f"{key}-{fact}-1",
            "source": "bench",
            "source_person": f"sp-{key}",
            "fact_key": f"{key}-{fact}",
            "changed_at": datetime(2021, 3, 1, tzinfo=UTC),
            "status_rank": 1,
            "content_hash": f"{dice.randrange(16**16):016x}",
            "mapping_version": 1,
            "occurred_on": on,
            "active": True,
            "agreement_id": "bench",
            "labels": ("N",),
            "purposes": ("isolation-support", "vaccine-equity"),
        }

    race = RaceEthnicity(groups=(dice.choice(["black", "white", "asian"]),), reported_by="self")
    yield Person(**common("who", None), race_ethnicity=race)
    yield LabResult(
        **common("lab", day),
        meaning=dice.choice(["positive", "negative"]),
        status="final",
        processing="production",
        method="molecular",
        loinc="94500-6",
        observation_key=f"{key}-lab",
        report_key=f"{key}-report",
        collected_on=day,
    )
    yield Vaccination(**common("dose", day), status="administered", cvx="208", covid=True, dose_number=1)
    yield ShelterStay(
        **common("night", day),
        stay="night",
        presence=True,
        site=f"site-{dice.randrange(40)}",
        site_kind="congregate",
        entered_on=day,
        left_on=day + timedelta(days=1),
    )
    yield Screening(
        **common("food", day),
        category="food-insecurity",
        indicates_need="yes",
        question=Coded(code="88122-7"),
        answer=Coded(code="LA28397-0"),
        final=True,
    )
