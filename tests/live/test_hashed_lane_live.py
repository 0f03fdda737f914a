"""A shelter that may not share names, on a running stack: its guest comes as filters, and is the one whom the laboratory names
(equity-identity.md, requirement 26). Nothing that leaves the linkage zone has filters in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from hub.bus.topics import LINK_TOPIC, NEED_TOPIC
from hub.domain.linkage.encoding import HashKey
from hub.wiring_bus import all_topics, ids_of
from tests.domain.linkage.filtered import BEFORE, KEY, sent
from tests.live.records import Made, result
from tests.live.town import LAB, Town, Unit

pytestmark = pytest.mark.live

HASHED = "shelter-roster-hashed"
SCHEMA = "name-birth-1"
AS_OF = date(2021, 2, 6)
ILL = Made(61, "Anthusa", "Karamitrou", date(1969, 10, 3))
BEFORE_THE_CHANGE = Made(62, "Ignatz", "Oberwimmer", date(1957, 4, 28))
GUEST = Made(63, "Solveig", "Thorgrimsdottir", date(1988, 12, 14))
"""Nobody's patient."""
OLD = HashKey("2024-11", KEY.secret)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    found = Town(tmp_path / "instance")
    path = found.instance / "connectors" / HASHED / "connector.yaml"
    declared = yaml.safe_load(path.read_text())
    secrets = {key.key_id: key.check(SCHEMA) for key in (KEY, BEFORE)}
    path.write_text(
        yaml.safe_dump(declared | {"enabled": True, "options": {"hashed": {"schema": SCHEMA, "secrets": secrets}}})
    )
    for key in (KEY, BEFORE):
        kept = found.instance / "secrets" / "hashed" / SCHEMA / key.key_id
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept.write_bytes(key.secret)
        kept.chmod(0o600)
    try:
        found.start()
        yield found
    finally:
        found.end()


def beds(*told: tuple[Made, HashKey]) -> Unit:
    lines = ["Shelter ID,Night Of,Bed,Guest ID,Filters,Printed At"]
    for who, key in told:
        text = sent(who.given, who.family, who.born, key)
        lines += [
            f"SH-9,{night},B-{who.number},G{who.number},{text},02/06/2021 9:00 PM"
            for night in ("02/05/2021", "02/06/2021")
        ]
    return Unit(HASHED, "beds.csv", "\n".join((*lines, "")).encode())


def test_r26_a_guest_who_came_as_filters_is_the_patient_whom_the_laboratory_names(town: Town) -> None:
    town.send([result(who, congregate="N") for who in (ILL, BEFORE_THE_CHANGE)])
    units = beds((ILL, KEY), (BEFORE_THE_CHANGE, BEFORE), (GUEST, KEY), (Made(64, "Ulf", "Ek", date(1950, 5, 5)), OLD))
    town.send([units])
    town.tick(AS_OF)
    observed, batch = town.assert_equal_to_preview(AS_OF)
    assert batch.rejected == {"old-secret": 2}

    ids = ids_of(town.settings)
    owners = {f["source_person"]: f["person_key"] for f in town.newest(LINK_TOPIC).values()}
    patients = {
        who: owners[ids.source_person(LAB, "2.16.840.1.113883.3.0", f"L{who.number}")]
        for who in (ILL, BEFORE_THE_CHANGE)
    }
    guests = {who: owners[ids.source_person(HASHED, "id", f"G{who.number}")] for who in (*patients, GUEST)}
    assert {who: guests[who] for who in patients} == patients
    assert guests[GUEST] not in patients.values()
    assert len(owners) == 5
    needs = [(need["person_key"], need["support"], need["state"]) for need in town.newest(NEED_TOPIC).values()]
    assert sorted(needs) == sorted((key, "place", "open") for key in patients.values())
    assert len(observed.needs) == 2

    filters = sent(ILL.given, ILL.family, ILL.born, KEY).encode()
    for topic in all_topics(town.settings):
        for record in town.records(topic.name):
            value = record.value or b""
            assert filters not in value, topic.name
            assert filters.split(b":")[5] not in value, topic.name
